//! Users.

use doorward_core::audit::Action;
use doorward_core::budget::BudgetKey;
use doorward_core::session::EndReason;
use doorward_core::store::{
    Audit as _, AuditQuery, Budgets as _, Links as _, Purpose, Sessions as _, StoreError, UserChange, Users as _,
};
use doorward_core::user::Status;

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

pub(super) async fn comes_back_as_it_was_stored(place: &Place) {
    let store = place.store().await;
    assert!(!store.has_users().await.unwrap());
    let ada = sample::user("ada@example.com", &["admins", "ops"]);
    store.create_user(&ada, &sample::event(Action::UserCreated)).await.unwrap();
    assert!(store.has_users().await.unwrap());
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.user_by_email(&ada.email).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.users("", 10).await.unwrap(), std::slice::from_ref(&ada));
    assert_eq!(store.users("ada@example.com", 10).await.unwrap(), []);
    assert_eq!(store.newest().await.unwrap(), 1);
    assert_eq!(store.verify_chain().await.unwrap(), Ok(1));
}

pub(super) async fn has_one_account_for_one_address(place: &Place) {
    let store = place.store().await;
    sample::stored_user(&store, "ada@example.com", &[]).await;
    let second = sample::user("ADA@example.com", &[]);
    let refused = store.create_user(&second, &sample::event(Action::UserCreated)).await;
    assert!(matches!(refused, Err(StoreError::EmailTaken)), "{refused:?}");
    assert_eq!(store.user(second.id).await.unwrap(), None);
    assert_eq!(store.newest().await.unwrap(), 1, "what was not done is not in the log");
}

pub(super) async fn is_listed_in_the_order_of_bytes(place: &Place) {
    let store = place.store().await;
    for email in ["zoe@example.com", "a_b@example.com", "ab@example.com", "a-b@example.com", "\u{e4}da@example.com"] {
        sample::stored_user(&store, email, &[]).await;
    }
    let emails = |users: Vec<doorward_core::user::User>| -> Vec<String> {
        users.iter().map(|user| user.email.to_string()).collect()
    };
    let all = emails(store.users("", 10).await.unwrap());
    let mut sorted = all.clone();
    sorted.sort();
    assert_eq!(all, sorted);
    assert_eq!(emails(store.users(&all[1], 2).await.unwrap()), all[2..4]);
}

pub(super) async fn changes_and_says_so_in_the_log(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let name = UserChange::Name("Countess".parse().unwrap());
    let event = sample::event(Action::UserChanged).with_detail("name");
    let after = store.change_user(ada.id, &name, &event).await.unwrap().unwrap();
    assert_eq!(after.name.as_str(), "Countess");
    let groups = UserChange::Groups(["ops".parse().unwrap()].into());
    let after = store.change_user(ada.id, &groups, &event).await.unwrap();
    assert_eq!(after, store.user(ada.id).await.unwrap());
    assert!(after.unwrap().groups.iter().any(|group| group.as_str() == "ops"));
    let query = AuditQuery { user: Some(ada.id), limit: 10, ..AuditQuery::default() };
    let records = store.records(&query).await.unwrap();
    let actions: Vec<_> = records.iter().map(|record| record.action.as_str()).collect();
    assert_eq!(actions, ["user.changed", "user.changed", "user.created"]);
    let nobody = sample::user("nobody@example.com", &[]);
    assert_eq!(store.change_user(nobody.id, &name, &event).await.unwrap(), None);
    assert_eq!(store.newest().await.unwrap(), 3);
}

pub(super) async fn keeps_the_last_administrator(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    sample::stored_user(&store, "bob@example.com", &["administrators"]).await;
    let event = sample::event(Action::UserDisabled);
    let before = store.newest().await.unwrap();
    for change in [UserChange::Status(Status::Disabled), UserChange::Groups(["ops".parse().unwrap()].into())] {
        let refused = store.change_user(ada.id, &change, &event).await;
        assert!(matches!(refused, Err(StoreError::LastAdministrator)), "{refused:?}");
    }
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.newest().await.unwrap(), before);
    let eve = sample::stored_user(&store, "eve@example.com", &["admins"]).await;
    let disabled = UserChange::Status(Status::Disabled);
    assert!(store.change_user(ada.id, &disabled, &event).await.unwrap().is_some());
    let refused = store.change_user(eve.id, &disabled, &event).await;
    assert!(matches!(refused, Err(StoreError::LastAdministrator)), "a disabled one is nobody in charge: {refused:?}");
}

pub(super) async fn ends_every_session_when_disabled(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await;
    let other = sample::stored_user(&store, "bob@example.com", &[]).await;
    let stays = sample::signed_in(&store, &other).await;
    let change = UserChange::Status(Status::Disabled);
    store.change_user(ada.id, &change, &sample::event(Action::UserDisabled)).await.unwrap().unwrap();
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!((ended.reason, ended.token, ended.at), (EndReason::UserDisabled, session.token, NOW));
    assert_eq!(store.session(stays.id).await.unwrap(), Some(Ok(stays)));
    let again = sample::session(&ada);
    let event = sample::event(Action::SignedIn);
    assert!(!store.create_session(&sample::new_session(&again), None, &event).await.unwrap());
}

pub(super) async fn changes_the_password_and_ends_the_other_sessions(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let (kept, lost) = (sample::signed_in(&store, &ada).await, sample::signed_in(&store, &ada).await);
    let keys = [BudgetKey::Account(ada.email.clone()), BudgetKey::KnownBrowser(ada.id, sample::hash())];
    for _ in 0..4 {
        store.pay(&keys, NOW).await.unwrap().ok();
    }
    assert!(store.pay(&keys, NOW).await.unwrap().is_err(), "the fourth wrong guess costs a wait");
    let link = sample::link(Purpose::PasswordReset { user: ada.id });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    let change = UserChange::Password {
        hash: sample::password("second"),
        must_change: true,
        end: EndReason::PasswordChanged,
        keep: Some(kept.id),
    };
    let event = sample::event_at(Action::PasswordChanged, NOW + 60);
    let after = store.change_user(ada.id, &change, &event).await.unwrap().unwrap();
    assert_eq!(after.password, Some(sample::password("second")));
    assert!(after.must_change_password);
    assert_eq!(after.password_changed_at, NOW + 60);
    assert_eq!(store.sessions_of(ada.id).await.unwrap(), [kept]);
    let ended = store.session(lost.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.reason, EndReason::PasswordChanged);
    assert_eq!(store.pay(&keys, NOW).await.unwrap(), Ok(()), "the account begins anew");
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), None, "a link for the old password is no use");
}

pub(super) async fn rehashes_only_what_it_looked_at(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await;
    let event = sample::event(Action::PasswordRehashed);
    let stale = UserChange::Rehash { old: sample::password("other"), new: sample::password("strong") };
    assert_eq!(store.change_user(ada.id, &stale, &event).await.unwrap(), None);
    let right = UserChange::Rehash { old: sample::password("first"), new: sample::password("strong") };
    let after = store.change_user(ada.id, &right, &event).await.unwrap().unwrap();
    assert_eq!(after.password, Some(sample::password("strong")));
    assert_eq!(after.password_changed_at, ada.password_changed_at);
    assert_eq!(store.sessions_of(ada.id).await.unwrap(), [session]);
}
