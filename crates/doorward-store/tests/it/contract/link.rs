//! Links.

use doorward_core::audit::Action;
use doorward_core::session::EndReason;
use doorward_core::store::{
    Factors as _, Facts, Link, Links as _, Purpose, Sessions as _, StoreError, UserChange, Users as _,
};
use doorward_core::user::{Status, User};
use doorward_store::Store;

use super::race::race;
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

async fn invited(store: &Store, user: &User) -> Link {
    let link = sample::link(Purpose::Invitation { email: user.email.clone(), groups: user.groups.clone() });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    link
}

async fn resetting(store: &Store, user: &User) -> Link {
    let link = sample::link(Purpose::PasswordReset { user: user.id });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    link
}

pub(super) async fn is_used_once(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &["ops"]);
    let link = invited(&store, &ada).await;
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), Some(link.clone()), "looking uses nothing");
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), Some(link.clone()));
    assert_eq!(store.open_links(NOW).await.unwrap(), std::slice::from_ref(&link));
    let event = sample::event(Action::UserCreated);
    assert!(store.accept_invitation(link.hash, &ada, &event).await.unwrap());
    assert_eq!(store.user_by_email(&ada.email).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), None);
    let again = User { id: sample::user("x@example.com", &[]).id, ..ada };
    assert!(!store.accept_invitation(link.hash, &again, &event).await.unwrap());
}

pub(super) async fn is_withdrawn_by_the_next_one(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let bob = sample::user("bob@example.com", &[]);
    let first = invited(&store, &ada).await;
    let other = invited(&store, &bob).await;
    let second = invited(&store, &ada).await;
    assert_eq!(store.link(first.hash, NOW).await.unwrap(), None);
    let event = sample::event(Action::UserCreated);
    assert!(!store.accept_invitation(first.hash, &ada, &event).await.unwrap());
    let mut open: Vec<_> = store.open_links(NOW).await.unwrap().iter().map(|link| link.id).collect();
    open.sort();
    let mut expected = [other.id, second.id];
    expected.sort();
    assert_eq!(open, expected);
}

pub(super) async fn gives_no_more_than_was_invited(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &["ops"]);
    let link = invited(&store, &ada).await;
    let event = sample::event(Action::UserCreated);
    let mighty = sample::user("ada@example.com", &["admins", "ops"]);
    let other = sample::user("eve@example.com", &["ops"]);
    for user in [mighty, other] {
        assert!(!store.accept_invitation(link.hash, &user, &event).await.unwrap());
        assert_eq!(store.user(user.id).await.unwrap(), None);
    }
    let owner = sample::stored_user(&store, "bob@example.com", &[]).await;
    let reset = resetting(&store, &owner).await;
    assert!(!store.accept_invitation(reset.hash, &ada, &event).await.unwrap(), "a reset link invites nobody");
    let stolen = store.reset_password(link.hash, (&sample::password("x"), None), &event).await.unwrap();
    assert_eq!(stolen, None, "an invitation resets nothing");
    assert!(store.accept_invitation(link.hash, &ada, &event).await.unwrap(), "and the link is still good");
}

pub(super) async fn stays_open_where_the_address_is_taken(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let link = invited(&store, &ada).await;
    sample::stored_user(&store, "ada@example.com", &[]).await;
    let taken = store.accept_invitation(link.hash, &ada, &sample::event(Action::UserCreated)).await;
    assert!(matches!(taken, Err(StoreError::EmailTaken)), "{taken:?}");
    assert!(store.link(link.hash, NOW).await.unwrap().is_some());
}

pub(super) async fn resets_a_password(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let ada = User { must_change_password: true, ..ada };
    store.create_user(&ada, &sample::event(Action::UserCreated)).await.unwrap();
    let session = sample::signed_in(&store, &ada).await;
    let link = resetting(&store, &ada).await;
    let event = sample::event_at(Action::PasswordReset, NOW + 9);
    let new = sample::password("new");
    let after = store.reset_password(link.hash, (&new, None), &event).await.unwrap().unwrap();
    assert_eq!((after.password.clone(), after.password_changed_at), (Some(new), NOW + 9));
    assert!(!after.must_change_password);
    assert_eq!(store.user(ada.id).await.unwrap(), Some(after));
    assert_eq!(store.session(session.id).await.unwrap().unwrap().unwrap_err().reason, EndReason::PasswordReset);
    assert_eq!(store.reset_password(link.hash, (&sample::password("again"), None), &event).await.unwrap(), None);
}

pub(super) async fn recovers_an_account_once(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    sample::enrolled(&store, &ada, sample::totp()).await;
    let session = sample::signed_in(&store, &ada).await;
    let link = sample::link(Purpose::Recovery { user: ada.id });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    let event = sample::event(Action::PasswordReset);
    // CVE-2022-23555: a link of one purpose serves no other.
    assert_eq!(store.reset_password(link.hash, (&sample::password("x"), None), &event).await.unwrap(), None);
    assert_eq!(store.reset_factors_by_link(link.hash, &event).await.unwrap(), None);
    assert_eq!(store.facts(ada.id).await.unwrap().credentials.len(), 1, "nothing is changed before it is used");
    let done = race(place, 50, |store, number| async move {
        let new = sample::password(&format!("new {number}"));
        store.recover(link.hash, &new, &sample::event(Action::PasswordReset)).await.unwrap().is_some()
    });
    assert_eq!(done.await.into_iter().filter(|is_done| *is_done).count(), 1);
    let after = store.user(ada.id).await.unwrap().unwrap();
    assert!(after.password != ada.password && after.is_administrator());
    let nothing = Facts { grace_began_at: Some(doorward_core::UnixTime(0)), ..Facts::default() };
    assert_eq!(store.facts(ada.id).await.unwrap(), nothing, "and no grace");
    assert!(store.session(session.id).await.unwrap().unwrap().is_err());
    // A new password by another way withdraws it.
    let link = sample::link(Purpose::Recovery { user: ada.id });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    let reset = resetting(&store, &ada).await;
    assert!(store.reset_password(reset.hash, (&sample::password("y"), None), &event).await.unwrap().is_some());
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), None);
}

pub(super) async fn resets_nothing_for_a_disabled_user(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let link = resetting(&store, &ada).await;
    let disabled = UserChange::Status(Status::Disabled);
    store.change_user(ada.id, &disabled, &sample::event(Action::UserDisabled)).await.unwrap();
    let event = sample::event(Action::PasswordReset);
    assert_eq!(store.reset_password(link.hash, (&sample::password("new"), None), &event).await.unwrap(), None);
    assert_eq!(store.user(ada.id).await.unwrap().unwrap().password, ada.password);
}

pub(super) async fn is_revoked_and_expires(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let link = invited(&store, &ada).await;
    assert!(store.link(link.hash, link.expires_at - 1).await.unwrap().is_some());
    assert_eq!(store.link(link.hash, link.expires_at).await.unwrap(), None);
    let late = sample::event_at(Action::UserCreated, link.expires_at);
    assert!(!store.accept_invitation(link.hash, &ada, &late).await.unwrap());
    let event = sample::event(Action::LinkRevoked);
    assert!(store.revoke_link(link.id, &event).await.unwrap());
    assert!(!store.revoke_link(link.id, &event).await.unwrap());
    assert!(!store.accept_invitation(link.hash, &ada, &sample::event(Action::UserCreated)).await.unwrap());
}
