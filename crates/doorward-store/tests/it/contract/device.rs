//! Trusted devices and app passwords.

use doorward_core::audit::Action;
use doorward_core::factor::policy::Keep;
use doorward_core::factor::{AppPassword, TrustedDevice};
use doorward_core::identifier::{CredentialId, SessionId};
use doorward_core::session::{EndReason, Session, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    Added, AppPasswords as _, Devices as _, Evidence, Factors as _, NewCredential, Proof, Proving, Sessions as _, Then,
    UserChange, Users as _,
};
use doorward_core::user::{Status, User};
use doorward_store::Store;

use crate::it::place::Place;
use crate::it::sample::{self, Counting, NOW};

pub(super) fn device(user: &User) -> TrustedDevice {
    TrustedDevice {
        id: CredentialId::random(&Counting),
        user: user.id,
        hash: sample::hash(),
        name: "Firefox at home".parse().unwrap(),
        address: "192.0.2.7".parse().unwrap(),
        created_at: NOW,
        last_used_at: NOW,
        expires_at: NOW + 1_000,
    }
}

/// A whole session that was signed in by a password and a step of this authenticator.
pub(super) async fn two_factor(store: &Store, user: &User, credential: CredentialId, step: i64) -> Session {
    let half = sample::at_stage(store, user, Stage::SecondFactor).await;
    let new = sample::next_step(&half, Method::OneTimeCode);
    let proof = Proof::TotpStep { credential, step };
    let then = Then::StepUp { old: half.id, new: &new };
    match store.prove(&proof, then, &sample::event(Action::SteppedUp)).await.unwrap() {
        Proving::Done(session) => *session,
        other => panic!("{other:?}"),
    }
}

async fn trust(store: &Store, user: &User, session: SessionId) -> Option<TrustedDevice> {
    let device = device(user);
    let event = sample::event(Action::DeviceTrusted);
    store.trust_device(&device, session, &event).await.unwrap().then_some(device)
}

/// Signs in with a password and a trusted device.
async fn stand_in(store: &Store, user: &User, device: &TrustedDevice) -> Proving {
    let session = sample::session(user);
    let session = Session { proven: session.proven.with(Method::TrustedDevice, NOW), ..session };
    let new = sample::new_session(&session);
    let address = "198.51.100.9".parse().unwrap();
    let proof = Proof::TrustedDevice { hash: device.hash, address, expires_at: NOW + 2_000 };
    let event = sample::event_at(Action::SignedIn, NOW + 10);
    store.prove(&proof, Then::Begin { new: &new, password: user.password.as_ref() }, &event).await.unwrap()
}

pub(super) async fn is_trusted_by_two_factors_only(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let strong = two_factor(&store, &ada, totp, 101).await;
    assert_eq!(trust(&store, &bob, strong.id).await, None, "another's session");
    let weak = sample::signed_in(&store, &ada).await;
    assert_eq!(trust(&store, &ada, weak.id).await, None, "one factor");
    let device = trust(&store, &ada, strong.id).await.unwrap();
    let Proving::Done(trusted) = stand_in(&store, &ada, &device).await else { panic!("it stands in") };
    assert_eq!((trusted.methods().acr(), trusted.credential), ("aal1", Some(device.id)));
    assert_eq!(trust(&store, &ada, trusted.id).await, None, "trust is not built on trust");
}

// PATTERN-DEVICE-SURVIVES: also on another user.
pub(super) async fn stands_in_until_it_is_forgotten(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let strong = two_factor(&store, &ada, totp, 101).await;
    let device = trust(&store, &ada, strong.id).await.unwrap();
    assert_eq!(store.trusted_device(device.hash, NOW).await.unwrap(), Some(device.clone()));
    assert_eq!(store.trusted_device(device.hash, device.expires_at).await.unwrap(), None);
    assert_eq!(stand_in(&store, &bob, &device).await, Proving::Void);
    let Proving::Done(session) = stand_in(&store, &ada, &device).await else { panic!("it stands in") };
    let seen = store.trusted_devices(ada.id, NOW).await.unwrap().remove(0);
    assert_eq!((seen.last_used_at, seen.expires_at), (NOW + 10, NOW + 2_000));
    assert_eq!(seen.address.to_string(), "198.51.100.9");
    let event = sample::event(Action::DeviceRemoved);
    assert_eq!(store.remove_devices(bob.id, Some(device.id), &event).await.unwrap(), 0);
    assert_eq!(store.remove_devices(ada.id, Some(device.id), &event).await.unwrap(), 1);
    assert_eq!(stand_in(&store, &ada, &device).await, Proving::Void);
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.reason, EndReason::FactorRemoved, "what it signed in ends with it");
    assert!(store.session(strong.id).await.unwrap().unwrap().is_ok());
}

// PATTERN-DEVICE-SURVIVES: trust ends with a password, a factor, and the account.
pub(super) async fn ends_with_what_it_rested_on(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let mut step = 100;
    for case in 0..4 {
        step += 1;
        let strong = two_factor(&store, &ada, totp, step).await;
        let device = trust(&store, &ada, strong.id).await.unwrap();
        let password = app_password(&ada, "files");
        let made = sample::event(Action::AppPasswordMade);
        assert_eq!(store.make_app_password(&password, strong.id, &made).await.unwrap(), Added::Done);
        let is_ended_with_it = case < 2;
        match case {
            0 => {
                let (hash, end) = (sample::password("first"), EndReason::PasswordChanged);
                let change = UserChange::Password { hash, must_change: false, end, keep: Some(strong.id) };
                store.change_user(ada.id, &change, &sample::event(Action::PasswordChanged)).await.unwrap().unwrap();
            }
            1 => {
                for (status, action) in
                    [(Status::Disabled, Action::UserDisabled), (Status::Active, Action::UserEnabled)]
                {
                    store.change_user(ada.id, &UserChange::Status(status), &sample::event(action)).await.unwrap();
                }
            }
            2 => {
                let credential = sample::credential(&ada, sample::passkey("one", true));
                let new = NewCredential { credential, session: strong.id, evidence: Evidence::Taken };
                store.add_credential(&new, &sample::event(Action::FactorAdded)).await.unwrap();
            }
            _ => {
                let event = sample::event(Action::FactorRemoved);
                let key = store.passkey("example.com", "one").await.unwrap().unwrap().id;
                assert!(store.remove_credential((ada.id, strong.id), key, &Keep::Nothing, &event).await.unwrap());
            }
        }
        assert_eq!(store.trusted_devices(ada.id, NOW).await.unwrap(), [], "case {case}");
        assert_eq!(stand_in(&store, &ada, &device).await, Proving::Void, "case {case}");
        let left = store.app_password(password.hash, "files", NOW).await.unwrap();
        assert_eq!(left.is_none(), is_ended_with_it, "case {case}");
    }
}

// PATTERN-DEVICE-SURVIVES: neither does a session that a device has signed in outlive the trust.
pub(super) async fn takes_along_what_it_signed_in(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await.id;
    for (case, name) in ["a password", "a new factor", "a removed factor", "all devices", "a device forgotten before"]
        .into_iter()
        .enumerate()
    {
        let strong = two_factor(&store, &ada, totp, 101 + i64::try_from(case).unwrap()).await;
        let device = trust(&store, &ada, strong.id).await.unwrap();
        let Proving::Done(weak) = stand_in(&store, &ada, &device).await else { panic!("{name}") };
        let mut reason = EndReason::FactorRemoved;
        match case {
            0 => {
                reason = EndReason::PasswordChanged;
                let change = UserChange::Password {
                    hash: ada.password.clone().unwrap(),
                    must_change: false,
                    end: reason,
                    keep: Some(strong.id),
                };
                store.change_user(ada.id, &change, &sample::event(Action::PasswordChanged)).await.unwrap().unwrap();
            }
            1 => {
                let credential = sample::credential(&ada, sample::passkey("one", true));
                let new = NewCredential { credential, session: strong.id, evidence: Evidence::Taken };
                store.add_credential(&new, &sample::event(Action::FactorAdded)).await.unwrap();
            }
            2 => {
                let event = sample::event(Action::FactorRemoved);
                let key = store.passkey("example.com", "one").await.unwrap().unwrap().id;
                assert!(store.remove_credential((ada.id, strong.id), key, &Keep::Nothing, &event).await.unwrap());
            }
            _ => {
                let is_there = case == 3;
                if !is_there {
                    place.alter(&["DELETE FROM trusted_device"]).await;
                }
                let removed = store.remove_devices(ada.id, None, &sample::event(Action::DeviceRemoved)).await.unwrap();
                assert_eq!(removed, u64::from(is_there));
            }
        }
        assert_eq!(store.session(weak.id).await.unwrap().unwrap().unwrap_err().reason, reason, "{name}");
        assert!(store.session(strong.id).await.unwrap().unwrap().is_ok(), "{name}");
    }
}

pub(super) async fn is_one_of_twenty(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let strong = two_factor(&store, &ada, totp, 101).await;
    let first = trust(&store, &ada, strong.id).await.unwrap();
    assert!(matches!(stand_in(&store, &ada, &first).await, Proving::Done(_)), "it is the last used");
    for _ in 0..21 {
        trust(&store, &ada, strong.id).await.unwrap();
    }
    let all = store.trusted_devices(ada.id, NOW).await.unwrap();
    assert_eq!((all.len(), all[0].id), (20, first.id));
    assert_eq!(store.remove_devices(ada.id, None, &sample::event(Action::DeviceRemoved)).await.unwrap(), 20);
}

fn app_password(user: &User, app: &str) -> AppPassword {
    AppPassword {
        id: CredentialId::random(&Counting),
        user: user.id,
        app: app.into(),
        name: "Phone".parse().unwrap(),
        hash: sample::hash(),
        created_at: NOW,
        last_used_at: None,
        expires_at: Some(NOW + 1_000),
    }
}

pub(super) async fn opens_one_app_only(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let password = app_password(&ada, "files");
    let made = sample::event(Action::AppPasswordMade);
    let half = sample::at_stage(&store, &ada, Stage::Enrolment).await.id;
    assert_eq!(store.make_app_password(&password, half, &made).await.unwrap(), Added::Void);
    let asking = sample::signed_in(&store, &ada).await.id;
    assert_eq!(store.make_app_password(&password, asking, &made).await.unwrap(), Added::Done);
    assert_eq!(store.app_passwords(ada.id).await.unwrap(), std::slice::from_ref(&password));
    for (hash, app, at, is_good) in [
        (password.hash, "files", NOW, true),
        (password.hash, "mail", NOW, false),
        (password.hash, "", NOW, false),
        (sample::hash(), "files", NOW, false),
        (password.hash, "files", NOW + 1_000, false),
    ] {
        assert_eq!(store.app_password(hash, app, at).await.unwrap().is_some(), is_good, "{app}");
    }
    store.touch_app_password(password.id, NOW + 5).await.unwrap();
    assert_eq!(store.app_passwords(ada.id).await.unwrap()[0].last_used_at, Some(NOW + 5));
    let event = sample::event(Action::AppPasswordRemoved);
    assert!(!store.remove_app_password(bob.id, password.id, &event).await.unwrap());
    assert!(store.remove_app_password(ada.id, password.id, &event).await.unwrap());
    assert_eq!(store.app_password(password.hash, "files", NOW).await.unwrap(), None);
}
