//! Links by which people join, prove an address, or have their second factors taken away.

use doorward_core::UnixTime;
use doorward_core::audit::Action;
use doorward_core::session::EndReason;
use doorward_core::store::{Factors as _, Facts, Link, Links as _, Purpose, Sessions as _, StoreError, Users as _};
use doorward_core::user::User;
use doorward_store::Store;

use super::race::race;
use crate::it::place::Place;
use crate::it::sample;

async fn link(store: &Store, purpose: Purpose) -> Link {
    let link = sample::link(purpose);
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    link
}

pub(super) async fn verifies_an_address(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let event = sample::event(Action::EmailVerified);
    let verify = |user: &User, email: &str| Purpose::EmailVerification { user: user.id, email: email.parse().unwrap() };
    let own = link(&store, verify(&ada, "ada@example.com")).await;
    assert_eq!(store.link(own.hash, own.created_at).await.unwrap(), Some(own.clone()));
    assert!(!store.facts(ada.id).await.unwrap().is_email_verified);
    assert_eq!(store.verify_email(own.hash, &event).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.verify_email(own.hash, &event).await.unwrap(), None);
    assert!(store.facts(ada.id).await.unwrap().is_email_verified);
    let other = link(&store, verify(&ada, "lovelace@example.com")).await;
    let after = store.verify_email(other.hash, &event).await.unwrap().unwrap();
    assert_eq!(after.email.as_str(), "lovelace@example.com");
    assert!(store.facts(ada.id).await.unwrap().is_email_verified);
    // An address that belongs to somebody else meanwhile.
    let taken = link(&store, verify(&ada, "bob@example.com")).await;
    sample::stored_user(&store, "bob@example.com", &[]).await;
    assert!(matches!(store.verify_email(taken.hash, &event).await, Err(StoreError::EmailTaken)));
}

pub(super) async fn registers_whom_it_was_sent_to(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &["guests"]);
    let event = sample::event(Action::UserCreated);
    let registration = Purpose::Registration { email: ada.email.clone(), groups: ada.groups.clone() };
    let sent = link(&store, registration).await;
    for user in [sample::user("eve@example.com", &["guests"]), sample::user("ada@example.com", &["admins"])] {
        assert!(!store.register(sent.hash, &user, &event).await.unwrap());
    }
    // CVE-2022-23555: a link of one purpose is none of another.
    assert!(!store.accept_invitation(sent.hash, &ada, &event).await.unwrap());
    assert!(!store.set_up(sent.hash, &sample::user("ada@example.com", &["admins"]), &event).await.unwrap());
    assert_eq!(store.verify_email(sent.hash, &event).await.unwrap(), None);
    assert_eq!(store.reset_factors_by_link(sent.hash, &event).await.unwrap(), None);
    assert!(store.register(sent.hash, &ada, &event).await.unwrap());
    assert!(!store.register(sent.hash, &ada, &event).await.unwrap());
    assert!(store.facts(ada.id).await.unwrap().is_email_verified);
}

pub(super) async fn sets_up_once(place: &Place) {
    let store = place.store().await;
    let printed = link(&store, Purpose::SetUp).await;
    let event = sample::event(Action::UserCreated);
    assert!(!store.set_up(printed.hash, &sample::user("a@example.com", &["staff"]), &event).await.unwrap());
    let done = race(place, 50, |store, number| async move {
        let user = sample::user(&format!("a{number}@example.com"), &["admins"]);
        store.set_up(printed.hash, &user, &sample::event(Action::UserCreated)).await.unwrap()
    });
    assert_eq!(done.await.into_iter().filter(|done| *done).count(), 1);
    let again = link(&store, Purpose::SetUp).await;
    let late = store.set_up(again.hash, &sample::user("b@example.com", &["admins"]), &event).await;
    assert!(matches!(late, Err(StoreError::AlreadySetUp)));
}

// CVE-2023-26481: a link is bound to its user, and to the address that the user had.
pub(super) async fn binds_a_link_to_the_address(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let reset = link(&store, Purpose::PasswordReset { user: ada.id }).await;
    let factors = link(&store, Purpose::FactorReset { user: ada.id }).await;
    let email = "new@example.com".parse().unwrap();
    let moved = link(&store, Purpose::EmailVerification { user: ada.id, email }).await;
    store.verify_email(moved.hash, &sample::event(Action::EmailVerified)).await.unwrap().unwrap();
    let event = sample::event(Action::PasswordReset);
    let password = sample::password("stolen mailbox");
    assert_eq!(store.link(reset.hash, reset.created_at).await.unwrap(), None);
    assert_eq!(store.open_links(reset.created_at).await.unwrap(), []);
    assert_eq!(store.reset_password(reset.hash, (&password, None), &event).await.unwrap(), None);
    assert_eq!(store.reset_factors_by_link(factors.hash, &event).await.unwrap(), None);
}

pub(super) async fn takes_factors_away_by_a_link(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    sample::enrolled(&store, &ada, sample::totp()).await;
    let session = sample::signed_in(&store, &ada).await;
    let reset = link(&store, Purpose::FactorReset { user: ada.id }).await;
    let event = sample::event(Action::FactorsReset);
    assert_eq!(store.reset_factors_by_link(reset.hash, &event).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.reset_factors_by_link(reset.hash, &event).await.unwrap(), None);
    let nothing = Facts { grace_began_at: Some(UnixTime(0)), ..Facts::default() };
    assert_eq!(store.facts(ada.id).await.unwrap(), nothing);
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.reason, EndReason::FactorsReset);
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada), "the password stays");
}
