//! What a mailbox proves, and what it proves no more.

use doorward_core::audit::Action;
use doorward_core::factor::Detail;
use doorward_core::factor::code::EmailPurpose;
use doorward_core::factor::policy::Keep;
use doorward_core::mail::{Letter, MOST_OF_STRANGERS, OF_STRANGERS};
use doorward_core::session::{EndReason, Session, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    EmailChallenge, Factors as _, Link, Links as _, Outbox as _, Proof, Proving, Purpose, Sessions as _, StoreError,
    Then, UserChange, Users as _,
};
use doorward_core::user::{PasswordHash, User};
use doorward_store::Store;

use super::device::two_factor;
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
        store.reset_password(link.hash, (&PasswordHash::new("$new"), None), &event).await.unwrap().unwrap();
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

/// Signs in with a password and a code by mail.
async fn by_mail(store: &Store, user: &User) -> Session {
    let half = sample::at_stage(store, user, Stage::SecondFactor).await;
    let sent = open_code(store, user).await;
    let new = sample::next_step(&half, Method::EmailCode);
    match store.prove(&sent, Then::StepUp { old: half.id, new: &new }, &sample::event(Action::SteppedUp)).await.unwrap()
    {
        Proving::Done(session) => *session,
        other => panic!("{other:?}"),
    }
}

/// A code that is on its way, and what proves it.
async fn open_code(store: &Store, user: &User) -> Proof {
    let (purpose, browser, hash) = (EmailPurpose::SecondFactor, sample::hash(), sample::hash());
    let (created_at, expires_at) = (NOW, NOW + 600);
    let code = EmailChallenge { user: user.id, purpose, browser, hash, created_at, expires_at };
    store.create_email_code(&code, &sample::event(Action::EmailCodeSent)).await.unwrap();
    Proof::EmailCode { purpose, browser, hash }
}

async fn reason(store: &Store, session: &Session) -> Option<EndReason> {
    store.session(session.id).await.unwrap().unwrap().err().map(|ended| ended.reason)
}

pub(super) async fn takes_codes_by_mail_along_with_the_address(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    // Nothing else is enrolled: without them the password alone would open the account.
    let codes = sample::enrolled(&store, &ada, Detail::EmailCode).await;
    let (asking, other) = (by_mail(&store, &ada).await, by_mail(&store, &ada).await);
    assert_eq!((asking.credential, other.credential), (Some(codes.id), Some(codes.id)));
    let open = open_code(&store, &ada).await;
    let verify = async |email: &str| {
        let purpose = Purpose::EmailVerification { user: ada.id, email: email.parse().unwrap() };
        let link = Link { is_mailed: true, ..sample::link(purpose) };
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        let event = sample::event(Action::EmailVerified).in_session(asking.id);
        store.verify_email(link.hash, &event).await.unwrap().unwrap();
        store.facts(ada.id).await.unwrap().credentials.pop().unwrap()
    };
    let same = verify("ada@example.com").await;
    assert_eq!((same.name, same.last_used_at), (codes.name, Some(NOW)), "the same mailbox");
    assert_eq!(reason(&store, &other).await, None);
    let moved = verify("ada@example.org").await;
    assert_eq!((moved.id, moved.name.as_str()), (codes.id, "ada@example.org"));
    assert_eq!(reason(&store, &other).await, Some(EndReason::FactorRemoved), "the former mailbox signed it in");
    assert_eq!(reason(&store, &asking).await, None);
    let new = sample::new_session(&sample::session(&ada));
    let then = Then::Begin { new: &new, password: None };
    assert_eq!(store.prove(&open, then, &sample::event(Action::SignedIn)).await.unwrap(), Proving::Void);
}

// KANIDM-PR1386: a session outlived what had signed it in.
pub(super) async fn ends_what_codes_by_mail_have_signed_in(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let app = sample::enrolled(&store, &ada, sample::totp()).await;
    let codes = sample::enrolled(&store, &ada, Detail::EmailCode).await;
    let (by_code, by_app) = (by_mail(&store, &ada).await, two_factor(&store, &ada, app.id, 101).await);
    let open = open_code(&store, &ada).await;
    let event = sample::event(Action::FactorRemoved);
    let keep = Keep::Factor { rp_id: "example.com".into(), by_mail: true };
    assert!(store.remove_credential((ada.id, by_app.id), codes.id, &keep, &event).await.unwrap());
    assert_eq!(reason(&store, &by_code).await, Some(EndReason::FactorRemoved));
    assert_eq!(reason(&store, &by_app).await, None);
    let new = sample::new_session(&sample::session(&ada));
    let then = Then::Begin { new: &new, password: None };
    assert_eq!(store.prove(&open, then, &sample::event(Action::SignedIn)).await.unwrap(), Proving::Void);
}

pub(super) async fn is_proven_by_a_reset_that_a_letter_held(place: &Place) {
    let store = place.store().await;
    for (email, is_mailed) in [("mailed@example.com", true), ("handed@example.com", false)] {
        let user = sample::stored_user(&store, email, &[]).await;
        let link = Link { is_mailed, ..sample::link(Purpose::PasswordReset { user: user.id }) };
        store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
        let chosen = (&PasswordHash::new("$new"), None);
        store.reset_password(link.hash, chosen, &sample::event(Action::PasswordReset)).await.unwrap().unwrap();
        assert_eq!(store.facts(user.id).await.unwrap().is_email_verified, is_mailed, "{email}");
    }
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
