//! Guess budgets and known browsers.

use doorward_core::address::Network;
use doorward_core::audit::Action;
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::factor::policy::Keep;
use doorward_core::session::Profile;
use doorward_core::signin::Method;
use doorward_core::store::{Budgets as _, Factors as _, Links as _, NewSession, Purpose, Sessions as _};
use doorward_store::Store;

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

fn account(email: &str) -> BudgetKey {
    BudgetKey::Account(email.parse().unwrap())
}

fn network(address: &str) -> BudgetKey {
    BudgetKey::Network(Network::of(address.parse().unwrap()))
}

pub(super) async fn pays_from_all_or_from_none(place: &Place) {
    let store = place.store().await;
    let (ada, bob, shared) = (account("ada@example.com"), account("bob@example.com"), network("192.0.2.1"));
    for _ in 0..3 {
        assert_eq!(store.pay(&[shared.clone(), ada.clone()], NOW).await.unwrap(), Ok(()));
    }
    let spent = store.pay(&[shared.clone(), ada.clone()], NOW).await.unwrap();
    assert_eq!(spent, Err((ada.clone(), Spent::Wait(1))));
    for _ in 0..3 {
        assert_eq!(store.pay(std::slice::from_ref(&bob), NOW).await.unwrap(), Ok(()));
    }
    // The network has paid three times and not four: the refused guess took nothing from it.
    for _ in 3..20 {
        assert_eq!(store.pay(std::slice::from_ref(&shared), NOW).await.unwrap(), Ok(()));
    }
    assert!(store.pay(&[shared], NOW).await.unwrap().is_err());
    assert_eq!(store.pay(&[], NOW).await.unwrap(), Ok(()));
}

pub(super) async fn survives_a_restart(place: &Place) {
    let store = place.store().await;
    let key = [account("ada@example.com")];
    for _ in 0..3 {
        assert_eq!(store.pay(&key, NOW).await.unwrap(), Ok(()));
    }
    store.close().await;
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.pay(&key, NOW).await.unwrap(), Err((key[0].clone(), Spent::Wait(1))));
    assert!(store.pay(&key, NOW - 3_600).await.unwrap().is_err(), "a clock that went back gives nothing");
}

pub(super) async fn is_given_back_and_cleared_by_a_sign_in(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let (mine, shared) = (BudgetKey::Account(ada.email.clone()), network("2001:db8::1"));
    for _ in 0..3 {
        store.pay(std::slice::from_ref(&mine), NOW).await.unwrap().unwrap();
    }
    for _ in 0..20 {
        store.pay(std::slice::from_ref(&shared), NOW).await.unwrap().unwrap();
    }
    assert!(store.pay(std::slice::from_ref(&mine), NOW).await.unwrap().is_err());
    assert!(store.pay(std::slice::from_ref(&shared), NOW).await.unwrap().is_err());
    let new = NewSession {
        clear: vec![mine.clone()],
        refund: vec![shared.clone()],
        ..sample::new_session(&sample::session(&ada))
    };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    assert_eq!(store.pay(std::slice::from_ref(&shared), NOW).await.unwrap(), Ok(()), "one guess came back");
    assert!(store.pay(std::slice::from_ref(&shared), NOW).await.unwrap().is_err(), "and only one");
    for _ in 0..3 {
        assert_eq!(store.pay(std::slice::from_ref(&mine), NOW).await.unwrap(), Ok(()));
    }
    assert!(store.pay(std::slice::from_ref(&mine), NOW).await.unwrap().is_err());
    store.refund(&[mine.clone(), account("nobody@example.com")]).await.unwrap();
    assert_eq!(store.pay(&[mine], NOW).await.unwrap(), Ok(()));
}

pub(super) async fn knows_twenty_browsers(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let browsers: Vec<_> = (0..22).map(|_| sample::hash()).collect();
    for (index, browser) in browsers.iter().enumerate() {
        let new = NewSession { browser: Some(*browser), ..sample::new_session(&sample::session(&ada)) };
        let at = NOW + i64::try_from(index).unwrap();
        assert!(store.create_session(&new, None, &sample::event_at(Action::SignedIn, at)).await.unwrap());
        // The first one comes back again and again, so it is never the oldest.
        let new = NewSession { browser: Some(browsers[0]), ..sample::new_session(&sample::session(&ada)) };
        assert!(store.create_session(&new, None, &sample::event_at(Action::SignedIn, at)).await.unwrap());
    }
    let mut known = Vec::new();
    for browser in &browsers {
        known.push(store.is_known_browser(ada.id, *browser).await.unwrap());
        assert!(!store.is_known_browser(bob.id, *browser).await.unwrap());
    }
    assert_eq!(known.iter().filter(|known| **known).count(), 20);
    assert!(known[0] && known[21] && !known[1] && !known[2]);
}

// What somebody guessed with the password before keeps nobody out who was in there before, and wins a mailbox no try.
pub(super) async fn lets_one_browser_stay_known_after_a_reset(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let (hers, another, stranger) = (sample::hash(), sample::hash(), sample::hash());
    for browser in [hers, another] {
        let new = NewSession { browser: Some(browser), ..sample::new_session(&sample::session(&ada)) };
        assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    }
    let way = Method::OneTimeCode;
    let of = |browser| [BudgetKey::KnownFactor(ada.id, browser, way)];
    let shared = [BudgetKey::Factor(ada.id, way)];
    store.pay(&of(hers), NOW).await.unwrap().unwrap();
    while store.pay(&shared, NOW).await.unwrap().is_ok() {}
    for (browser, is_known) in [(hers, true), (stranger, false)] {
        let link = sample::link(Purpose::PasswordReset { user: ada.id });
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        let chosen = (&sample::password("new"), Some(browser));
        store.reset_password(link.hash, chosen, &sample::event(Action::PasswordReset)).await.unwrap().unwrap();
        assert_eq!(store.is_known_browser(ada.id, hers).await.unwrap(), is_known);
        assert!(!store.is_known_browser(ada.id, another).await.unwrap());
        assert!(!store.is_known_browser(ada.id, stranger).await.unwrap());
        assert!(store.pay(&shared, NOW).await.unwrap().is_err());
        if is_known {
            let mut tries = 0;
            while store.pay(&of(hers), NOW).await.unwrap().is_ok() {
                tries += 1;
            }
            assert_eq!(tries, 4, "one of five was paid before");
        }
    }
}

// NIST SP 800-63B-4, section 3.2.2: a hundred in a row are those of one authenticator.
pub(super) async fn begins_anew_with_what_is_enrolled_anew(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let apps =
        [sample::enrolled(&store, &ada, sample::totp()).await, sample::enrolled(&store, &ada, sample::totp()).await];
    let asking = (ada.id, sample::signed_in(&store, &ada).await.id);
    let spend = async |way| {
        let keys = [BudgetKey::Factor(ada.id, way), BudgetKey::KnownFactor(ada.id, sample::hash(), way)];
        while store.pay(&keys, NOW).await.unwrap().is_ok() {}
        keys
    };
    let (codes, sheet) = (spend(Method::OneTimeCode).await, spend(Method::RecoveryCode).await);
    let event = sample::event(Action::FactorRemoved);
    for (app, is_last) in apps.iter().zip([false, true]) {
        assert!(store.remove_credential(asking, app.id, &Keep::Nothing, &event).await.unwrap());
        for key in &codes {
            assert_eq!(store.pay(std::slice::from_ref(key), NOW).await.unwrap().is_ok(), is_last, "{key:?}");
        }
    }
    assert!(store.pay(&sheet, NOW).await.unwrap().is_err());
    let made = sample::event(Action::RecoveryCodesMade);
    assert!(store.replace_recovery_codes(asking, &[sample::hash()], &made).await.unwrap());
    assert!(store.pay(&sheet, NOW).await.unwrap().is_ok());
}

pub(super) async fn forgets_in_time(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let (known, unknown) = (BudgetKey::Account(ada.email.clone()), account("nobody@example.com"));
    let shared = network("192.0.2.1");
    for key in [&known, &unknown, &shared] {
        for second in 0..5 {
            store.pay(std::slice::from_ref(key), NOW + 10 * second).await.unwrap().unwrap();
        }
    }
    let timeouts = Profile::Home.timeouts();
    let rows = async || -> i64 {
        let mut hand = place.hand().await;
        let query = sqlx::query_scalar("SELECT COUNT(*) FROM budget");
        query.fetch_one(&mut hand).await.unwrap()
    };
    store.sweep(NOW + 3_600, timeouts).await.unwrap();
    assert_eq!(rows().await, 3);
    store.sweep(NOW + 5_000, timeouts).await.unwrap();
    assert_eq!(rows().await, 2, "the network is forgotten");
    store.sweep(NOW + 89 * 86_400, timeouts).await.unwrap();
    assert_eq!(rows().await, 2, "both addresses are still remembered, so that nobody can tell them apart");
    store.sweep(NOW + 91 * 86_400, timeouts).await.unwrap();
    assert_eq!(rows().await, 1);
    let later = NOW + 91 * 86_400;
    store.pay(std::slice::from_ref(&known), later).await.unwrap().unwrap();
    assert_eq!(
        store.pay(std::slice::from_ref(&known), later).await.unwrap(),
        Err((known, Spent::Wait(8))),
        "guesses in a row last"
    );
}

pub(super) async fn keeps_strangers_within_bounds(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let known = [BudgetKey::Account(ada.email.clone())];
    store.pay(&known, NOW).await.unwrap().unwrap();
    place
        .alter(&["INSERT INTO budget (budget_key, recent, consecutive, blocked_until, touched_at) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100500) \
             SELECT 'account:' || i || '@example.com', '', 1, 0, 1800000000 + i FROM n"])
        .await;
    store.sweep(NOW + 100_600, Profile::Home.timeouts()).await.unwrap();
    let mut hand = place.hand().await;
    let (rows, oldest): (i64, i64) =
        sqlx::query_as("SELECT COUNT(*), MIN(touched_at) FROM budget WHERE budget_key <> 'account:ada@example.com'")
            .fetch_one(&mut hand)
            .await
            .unwrap();
    assert_eq!((rows, oldest), (100_000, NOW.0 + 501));
    for _ in 0..2 {
        store.pay(&known, NOW).await.unwrap().unwrap();
    }
    assert!(store.pay(&known, NOW).await.unwrap().is_err(), "the known account is not touched");
}

pub(super) async fn forgets_no_full_mailbox_for_many_others(place: &Place) {
    let store = place.store().await;
    let full = [BudgetKey::MailTo("ada@example.com".parse().unwrap())];
    for _ in 0..5 {
        store.pay(&full, NOW).await.unwrap().unwrap();
    }
    place
        .alter(&["INSERT INTO budget (budget_key, recent, consecutive, blocked_until, touched_at) \
             WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100500) \
             SELECT 'mail:' || i || '@example.com', '', 1, 0, 1800000060 FROM n"])
        .await;
    store.sweep(NOW + 120, Profile::Home.timeouts()).await.unwrap();
    assert!(
        store.pay(&full, NOW + 120).await.unwrap().is_err(),
        "whoever floods pushes out only those with fewer letters"
    );
}
