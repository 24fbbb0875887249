//! What a mailbox proves, and what it proves no more.

use doorward_core::audit::Action;
use doorward_core::factor::Detail;
use doorward_core::factor::policy::Keep;
use doorward_core::mail::{Letter, MOST_OF_STRANGERS, OF_STRANGERS};
use doorward_core::session::EndReason;
use doorward_core::store::{
    Factors as _, Link, Links as _, Outbox as _, Proof, Purpose, StoreError, Then, UserChange, Users as _,
};
use doorward_core::user::PasswordHash;

use super::mail::letter;
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

pub(super) async fn remembers_a_password_that_came_by_a_link(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let app = sample::enrolled(&store, &ada, sample::totp()).await;
    let is_marked = async || store.facts(ada.id).await.unwrap().is_reset_by_link;
    let reset = async || {
        let link = sample::link(Purpose::PasswordReset { user: ada.id });
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        let event = sample::event(Action::PasswordReset);
        store.reset_password(link.hash, &PasswordHash::new("$new"), &event).await.unwrap().unwrap();
    };
    assert!(!is_marked().await);
    reset().await;
    assert!(is_marked().await);
    // Something stronger than the mailbox was proven.
    let new = sample::new_session(&sample::session(&ada));
    let proof = Proof::TotpStep { credential: app.id, step: 101 };
    let event = sample::event(Action::SignedIn);
    store.prove(&proof, Then::Begin { new: &new, password: None }, &event).await.unwrap();
    assert!(!is_marked().await);
    // And so it is where somebody in a session of their own, or an administrator, sets another password.
    reset().await;
    let (hash, end) = (PasswordHash::new("$third"), EndReason::PasswordReset);
    let change = UserChange::Password { hash, must_change: true, end, keep: None };
    store.change_user(ada.id, &change, &sample::event(Action::PasswordReset)).await.unwrap().unwrap();
    assert!(!is_marked().await);
}

pub(super) async fn proves_the_address_that_an_invitation_was_mailed_to(place: &Place) {
    let store = place.store().await;
    for (email, is_mailed) in [("mailed@example.com", true), ("handed@example.com", false)] {
        let user = sample::user(email, &[]);
        let purpose = Purpose::Invitation { email: user.email.clone(), groups: user.groups.clone() };
        let link = Link { is_mailed, ..sample::link(purpose) };
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        assert_eq!(store.link(link.hash, NOW).await.unwrap().as_ref(), Some(&link));
        assert!(store.accept_invitation(link.hash, &user, &sample::event(Action::UserCreated)).await.unwrap());
        assert_eq!(store.facts(user.id).await.unwrap().is_email_verified, is_mailed, "{email}");
    }
}

pub(super) async fn takes_codes_by_mail_along_with_the_address(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    sample::enrolled(&store, &ada, sample::totp()).await;
    sample::enrolled(&store, &ada, Detail::EmailCode).await;
    let verify = async |email: &str| {
        let purpose = Purpose::EmailVerification { user: ada.id, email: email.parse().unwrap() };
        let link = Link { is_mailed: true, ..sample::link(purpose) };
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        store.verify_email(link.hash, &sample::event(Action::EmailVerified)).await.unwrap().unwrap();
        store.facts(ada.id).await.unwrap().credentials.len()
    };
    assert_eq!(verify("ada@example.com").await, 2, "the same mailbox");
    assert_eq!(verify("ada@example.org").await, 1);
}

pub(super) async fn knows_who_has_nothing_but_mail(place: &Place) {
    let store = place.store().await;
    let people = async || store.people_by_mail_alone().await.unwrap();
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    sample::stored_user(&store, "eve@example.com", &[]).await;
    sample::enrolled(&store, &bob, sample::totp()).await;
    sample::enrolled(&store, &bob, Detail::EmailCode).await;
    assert_eq!(people().await, 0);
    sample::enrolled(&store, &ada, Detail::EmailCode).await;
    assert_eq!(people().await, 1);
    let asking = (ada.id, sample::signed_in(&store, &ada).await.id);
    let event = sample::event(Action::RecoveryCodesMade);
    store.replace_recovery_codes(asking, &[sample::hash()], &event).await.unwrap();
    assert_eq!(people().await, 0);
}

pub(super) async fn keeps_only_what_can_be_used_here(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let app = sample::enrolled(&store, &ada, sample::totp()).await;
    sample::enrolled(&store, &ada, sample::passkey("one", true)).await;
    sample::enrolled(&store, &ada, Detail::EmailCode).await;
    let asking = (ada.id, sample::signed_in(&store, &ada).await.id);
    let remove = async |rp_id: &str| {
        let keep = Keep::Factor { rp_id: rp_id.into(), by_mail: true };
        store.remove_credential(asking, app.id, &keep, &sample::event(Action::FactorRemoved)).await
    };
    // The passkey is another domain's, and no code can be sent to an address that was not proven.
    assert!(matches!(remove("new.example.com").await, Err(StoreError::LastFactor)));
    assert!(remove("example.com").await.unwrap());
}

pub(super) async fn leaves_room_for_those_who_are_signed_in(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let fill = format!(
        "INSERT INTO mail (id, recipient, kind, body, created_at, expires_at, due_at, leased_until, tries, why, \
         is_strangers) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) \
         SELECT 'm' || i, 'p' || i || '@example.com', 'registration', 'x', 1, 9000000000, 1, 0, 0, '', 1 FROM n",
        MOST_OF_STRANGERS - 1
    );
    place.alter(&[&fill]).await;
    let spool = async |kind: &str| {
        let letters = vec![Letter { kind: kind.into(), ..letter(&ada) }];
        let change = UserChange::Name("Ada".parse().unwrap());
        store.mailing(letters).change_user(ada.id, &change, &sample::event(Action::UserChanged)).await.unwrap();
        store.waiting_mail().await.unwrap()
    };
    for kind in OF_STRANGERS {
        assert_eq!(spool(kind).await, MOST_OF_STRANGERS, "one more, and then none");
    }
    assert_eq!(spool("notice").await, MOST_OF_STRANGERS + 1);
    assert_eq!(spool("invitation").await, MOST_OF_STRANGERS + 2);
}
