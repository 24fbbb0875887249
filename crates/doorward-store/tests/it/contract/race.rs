//! Many callers at once: one-time values are used once, budgets hold, and the chain has no gap.

use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::task::Poll;

use doorward_core::audit::Action;
use doorward_core::budget::BudgetKey;
use doorward_core::identifier::UserId;
use doorward_core::store::{
    Audit as _, Budgets as _, Links as _, NewSession, Purpose, RefreshTokens as _, Rotation, Sessions as _, StoreError,
    UserChange, Users as _,
};
use doorward_core::token::TokenHash;
use doorward_core::user::{Status, User};
use doorward_store::Store;
use tokio::task::JoinSet;

use crate::it::fault;
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

/// Two stores on one database, as two nodes would have them; calls go to both in turn.
pub(super) async fn race<T, F>(place: &Place, count: usize, call: impl Fn(Store, usize) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let nodes = [Store::open(&place.location).await.unwrap(), Store::open(&place.location).await.unwrap()];
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(call(nodes[number % 2].clone(), number));
    }
    tasks.join_all().await
}

pub(super) async fn lets_one_of_many_use_a_link(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let invitation = sample::link(Purpose::Invitation { email: ada.email.clone(), groups: ada.groups.clone() });
    store.create_link(&invitation, &sample::event(Action::LinkCreated)).await.unwrap();
    let accepted = race(place, 100, |store, _| {
        let user = User { id: sample::user("x@example.com", &[]).id, ..ada.clone() };
        let hash = invitation.hash;
        async move { store.accept_invitation(hash, &user, &sample::event(Action::UserCreated)).await.unwrap() }
    });
    assert_eq!(accepted.await.iter().filter(|accepted| **accepted).count(), 1);
    let ada = store.user_by_email(&ada.email).await.unwrap().unwrap();
    let reset = sample::link(Purpose::PasswordReset { user: ada.id });
    store.create_link(&reset, &sample::event(Action::LinkCreated)).await.unwrap();
    let used = race(place, 100, |store, number| async move {
        let password = sample::password(&number.to_string());
        store.reset_password(reset.hash, (&password, None), &sample::event(Action::PasswordReset)).await.unwrap()
    });
    let winners: Vec<User> = used.await.into_iter().flatten().collect();
    assert_eq!(winners.len(), 1);
    assert_eq!(store.user(ada.id).await.unwrap(), winners.first().cloned());
}

pub(super) async fn lets_one_of_many_exchange_a_token(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::session(&ada);
    let first = sample::refresh(session.id);
    let new = NewSession { refresh: Some(first.clone()), ..sample::new_session(&session) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    let given: Vec<_> = (0..100).map(|_| sample::refresh(session.id)).collect();
    let rotations = race(place, 100, |store, number| {
        let (presented, successor) = (first.hash, given[number].clone());
        async move { store.rotate(presented, &successor, &sample::event(Action::TokenRefreshed)).await.unwrap() }
    });
    let rotations = rotations.await;
    let rotated = rotations.iter().filter(|rotation| matches!(rotation, Rotation::Rotated(_))).count();
    let reissued = rotations.iter().filter(|rotation| matches!(rotation, Rotation::Reissued(_))).count();
    assert_eq!((rotated, reissued), (1, 99));
    let mut good = 0;
    for token in &given {
        good += usize::from(store.mark_access_used(token.access, NOW).await.unwrap());
    }
    assert_eq!(good, 1, "of all that were given out one is good");
}

pub(super) async fn never_pays_more_than_the_budget(place: &Place) {
    let store = place.store().await;
    let keys = vec![
        BudgetKey::KnownBrowser(sample::user("a@b.test", &[]).id, sample::hash()),
        BudgetKey::Account("ada@example.com".parse().unwrap()),
    ];
    let paid = race(place, 100, |store, number| {
        let mut keys = keys.clone();
        if number % 3 == 0 {
            keys.reverse();
        }
        async move { store.pay(&keys, NOW).await.unwrap() }
    });
    assert_eq!(paid.await.iter().filter(|paid| paid.is_ok()).count(), 3);
    assert!(store.pay(&keys, NOW).await.unwrap().is_err());
}

pub(super) async fn keeps_one_administrator(place: &Place) {
    let store = place.store().await;
    let mut ids = Vec::new();
    for number in 0..10 {
        ids.push(sample::stored_user(&store, &format!("a{number}@example.com"), &["admins"]).await.id);
    }
    let disabled = race(place, 10, |store, number| {
        let id = ids[number];
        async move {
            let change = UserChange::Status(Status::Disabled);
            store.change_user(id, &change, &sample::event(Action::UserDisabled)).await
        }
    });
    let disabled = disabled.await;
    assert_eq!(disabled.iter().filter(|done| done.is_ok()).count(), 9);
    assert!(disabled.iter().any(|done| matches!(done, Err(StoreError::LastAdministrator))));
}

/// A process writes and says what was acknowledged; it is killed in the middle, again and again.
pub(super) async fn survives_being_killed(place: &Place) {
    place.store().await.close().await;
    let mut acknowledged: Vec<(UserId, TokenHash)> = Vec::new();
    for round in 0..8 {
        let mut child = fault::program().args(["write", place.url()]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..(3 + round * 2) {
            acknowledged.push(fault::acknowledged(&lines.next().unwrap().unwrap()));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // What it said before the end of its life counts too; a line without an end was not said.
        acknowledged
            .extend(lines.map_while(Result::ok).filter(|line| line.len() == 70).map(|line| fault::acknowledged(&line)));
        let store = Store::open(&place.location).await.unwrap();
        for (user, link) in &acknowledged {
            assert!(store.user(*user).await.unwrap().is_some(), "round {round}: {user} is lost");
            assert_eq!(store.link(*link, NOW).await.unwrap(), None, "round {round}: a used link is open again");
        }
        assert!(store.verify_chain().await.unwrap().is_ok());
        store.close().await;
    }
    assert!(acknowledged.len() >= 80);
}

/// A client that hangs up drops its request in the middle of a transaction.
pub(super) async fn survives_calls_that_are_given_up(place: &Place) {
    let store = place.store().await;
    let mut done = 0;
    for steps in 0..60 {
        let user = sample::user(&format!("u{steps}@example.com"), &[]);
        let event = sample::event(Action::UserCreated);
        let mut call = std::pin::pin!(store.create_user(&user, &event));
        let mut polls = 0;
        let call = std::future::poll_fn(|context| {
            polls += 1;
            match call.as_mut().poll(context) {
                Poll::Pending if polls > steps => Poll::Ready(None),
                other => other.map(Some),
            }
        });
        if let Some(result) = call.await {
            result.unwrap();
            done += 1;
            assert_eq!(store.user(user.id).await.unwrap().as_ref(), Some(&user));
        }
    }
    assert!((1..60).contains(&done), "{done}: some were given up and some were not");
    sample::stored_user(&store, "last@example.com", &[]).await;
    let kept = store.users("", 100).await.unwrap().len();
    assert_eq!(store.verify_chain().await.unwrap(), Ok(i64::try_from(kept).unwrap()), "each user has its record");
}

pub(super) async fn leaves_no_gap_in_the_chain(place: &Place) {
    let store = place.store().await;
    let done = race(place, 100, |store, number| async move {
        if number % 2 == 0 {
            store.append(&sample::event(Action::KeysRotated)).await.unwrap();
        } else {
            sample::stored_user(&store, &format!("u{number}@example.com"), &[]).await;
        }
    });
    assert_eq!(done.await.len(), 100);
    assert_eq!(store.verify_chain().await.unwrap(), Ok(100));
}
