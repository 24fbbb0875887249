//! Second factors: enrolling, removing, and what follows.

use doorward_core::audit::Action;
use doorward_core::factor::policy::Keep;
use doorward_core::factor::{Ceremony, Challenge, Detail, Sealed};
use doorward_core::session::{EndReason, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    Added, Budgets as _, Devices as _, Evidence, Factors as _, Facts, NewCredential, Proof, Sessions as _, StoreError,
    Then,
};
use doorward_core::{UnixTime, budget::BudgetKey};

use super::device::{device, two_factor};
use super::race::race;
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

pub(super) async fn is_enrolled_and_comes_back(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    assert_eq!(store.facts(ada.id).await.unwrap(), Facts::default());
    let mut all = Vec::new();
    for detail in [sample::totp(), sample::passkey("one", true), sample::passkey("two", false), Detail::EmailCode] {
        all.push(sample::enrolled(&store, &ada, detail).await);
    }
    let mut found = store.facts(ada.id).await.unwrap().credentials;
    found.sort_by_key(|credential| all.iter().position(|other| other.id == credential.id));
    assert_eq!(found, all);
    assert_eq!(store.passkey("example.com", "one").await.unwrap(), Some(all[1].clone()));
    assert_eq!(store.passkey("example.org", "one").await.unwrap(), None, "a key is of one domain");
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let asking = sample::signed_in(&store, &bob).await.id;
    let again = sample::credential(&bob, sample::passkey("one", true));
    let new = NewCredential { credential: again, session: asking, evidence: Evidence::Taken };
    let event = sample::event(Action::FactorAdded);
    assert_eq!(store.add_credential(&new, &event).await.unwrap(), Added::Taken, "and of one user");
    let name = "Old phone".parse().unwrap();
    let renamed = sample::event(Action::FactorRenamed);
    assert!(!store.rename_credential(bob.id, all[0].id, &name, &renamed).await.unwrap());
    assert!(store.rename_credential(ada.id, all[0].id, &name, &renamed).await.unwrap());
    let facts = store.facts(ada.id).await.unwrap();
    assert!(facts.credentials.iter().any(|credential| credential.name == name));
}

// CVE-2026-111949: half a sign-in could enrol a key of its own.
pub(super) async fn is_enrolled_only_by_a_session_that_may(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let event = sample::event(Action::FactorAdded);
    for stage in Stage::ALL {
        let session = sample::at_stage(&store, &ada, *stage).await.id;
        let credential = sample::credential(&ada, sample::totp());
        let new = NewCredential { credential, session, evidence: Evidence::Taken };
        let expected = if stage.may_enrol() { Added::Done } else { Added::Void };
        assert_eq!(store.add_credential(&new, &event).await.unwrap(), expected, "{stage:?}");
        let codes = [sample::hash()];
        let made = sample::event(Action::RecoveryCodesMade);
        assert_eq!(store.replace_recovery_codes((ada.id, session), &codes, &made).await.unwrap(), stage.may_enrol());
        let another = NewCredential { credential: sample::credential(&bob, sample::totp()), ..new };
        assert_eq!(store.add_credential(&another, &event).await.unwrap(), Added::Void, "for somebody else");
    }
    assert_eq!(store.facts(ada.id).await.unwrap().credentials.len(), 3);
    assert_eq!(store.facts(bob.id).await.unwrap(), Facts::default());
}

pub(super) async fn rests_on_its_evidence(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await.id;
    let event = sample::event(Action::FactorAdded);
    let challenge = |user| Challenge {
        hash: sample::hash(),
        ceremony: Ceremony::TotpEnrolment,
        user: Some(user),
        browser: sample::hash(),
        state: Sealed::new("key"),
        created_at: NOW,
        expires_at: NOW + 300,
    };
    let (mine, others) = (challenge(ada.id), challenge(bob.id));
    for challenge in [&mine, &others] {
        store.create_challenge(challenge).await.unwrap();
    }
    let add = async |challenge: &Challenge| {
        let evidence =
            Evidence::Challenge { hash: challenge.hash, ceremony: Ceremony::TotpEnrolment, browser: challenge.browser };
        let credential = sample::credential(&ada, sample::totp());
        store.add_credential(&NewCredential { credential, session, evidence }, &event).await.unwrap()
    };
    assert_eq!(add(&others).await, Added::Void);
    assert_eq!(add(&mine).await, Added::Done);
    assert_eq!(add(&mine).await, Added::Void, "a challenge enrols once");
    let late = Challenge { expires_at: NOW, ..challenge(ada.id) };
    store.create_challenge(&late).await.unwrap();
    assert_eq!(add(&late).await, Added::Void);
}

pub(super) async fn keeps_the_last_one(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let all = [
        sample::enrolled(&store, &ada, sample::totp()).await,
        sample::enrolled(&store, &ada, sample::passkey("one", true)).await,
        sample::enrolled(&store, &ada, Detail::EmailCode).await,
    ];
    let event = sample::event(Action::FactorRemoved);
    let asking = (ada.id, sample::signed_in(&store, &ada).await.id);
    let half = (ada.id, sample::at_stage(&store, &ada, Stage::Enrolment).await.id);
    assert!(!store.remove_credential(half, all[0].id, &Keep::Nothing, &event).await.unwrap());
    let hard =
        store.remove_credential(asking, all[1].id, &Keep::HardwareKey { rp_id: "example.com".into() }, &event).await;
    assert!(matches!(hard, Err(StoreError::LastFactor)));
    // Two at once, of which one may go: the code by mail does not count.
    let removed = race(place, 2, |store, number| {
        let id = all[number].id;
        async move {
            let event = sample::event(Action::FactorRemoved);
            store
                .remove_credential(asking, id, &Keep::Factor { rp_id: "example.com".into(), by_mail: false }, &event)
                .await
        }
    });
    let removed = removed.await;
    assert_eq!(removed.iter().filter(|done| matches!(done, Ok(true))).count(), 1);
    assert!(removed.iter().any(|done| matches!(done, Err(StoreError::LastFactor))));
    assert_eq!(store.facts(ada.id).await.unwrap().credentials.len(), 2);
    for credential in store.facts(ada.id).await.unwrap().credentials {
        assert!(store.remove_credential(asking, credential.id, &Keep::Nothing, &event).await.unwrap());
    }
}

// KANIDM-PR1386: a session outlived what had signed it in.
pub(super) async fn ends_the_sessions_that_it_signed_in(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let lost = sample::enrolled(&store, &ada, sample::totp()).await;
    let kept = sample::enrolled(&store, &ada, sample::passkey("one", true)).await;
    let by_lost = two_factor(&store, &ada, lost.id, 101).await;
    assert_eq!(by_lost.credential, Some(lost.id));
    // A further step without a factor of its own stays bound.
    let further = sample::next_step(&by_lost, Method::Password).session;
    let further = doorward_core::session::Session { credential: None, ..further };
    assert!(
        store.step_up(by_lost.id, &sample::new_session(&further), &sample::event(Action::SteppedUp)).await.unwrap()
    );
    let asking = sample::signed_in(&store, &ada).await;
    let proof = Proof::Passkey { credential: kept.id, record: "{}".into(), sign_count: 8, is_backed_up: true };
    let new = sample::new_session(&sample::session(&ada));
    store.prove(&proof, Then::Begin { new: &new, password: None }, &sample::event(Action::SignedIn)).await.unwrap();
    let event = sample::event(Action::FactorRemoved);
    let by = (ada.id, asking.id);
    let keep = Keep::Factor { rp_id: "example.com".into(), by_mail: false };
    assert!(store.remove_credential(by, lost.id, &keep, &event).await.unwrap());
    let ended = store.session(further.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.reason, EndReason::FactorRemoved);
    for id in [asking.id, new.session.id] {
        assert!(store.session(id).await.unwrap().unwrap().is_ok());
    }
}

pub(super) async fn begins_its_grace_once(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let at = |at: UnixTime| sample::event_at(Action::GraceBegun, at);
    assert_eq!(store.begin_grace(ada.id, &at(NOW)).await.unwrap(), NOW);
    assert_eq!(store.begin_grace(ada.id, &at(NOW + 900)).await.unwrap(), NOW);
    assert_eq!(store.facts(ada.id).await.unwrap().grace_began_at, Some(NOW));
}

pub(super) async fn is_taken_away_whole(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await;
    let session = two_factor(&store, &ada, totp.id, 101).await;
    let made = sample::event(Action::RecoveryCodesMade);
    assert!(store.replace_recovery_codes((ada.id, session.id), &[sample::hash()], &made).await.unwrap());
    let trusted = device(&ada);
    assert!(store.trust_device(&trusted, session.id, &sample::event(Action::DeviceTrusted)).await.unwrap());
    let keys = [
        BudgetKey::Factor(ada.id, Method::OneTimeCode),
        BudgetKey::KnownFactor(ada.id, sample::hash(), Method::OneTimeCode),
    ];
    while store.pay(&keys, NOW).await.unwrap().is_ok() {}
    let reset = sample::event_at(Action::FactorsReset, NOW + 1);
    assert!(store.reset_factors(ada.id, &reset).await.unwrap());
    let nothing = Facts { grace_began_at: Some(UnixTime(0)), ..Facts::default() };
    assert_eq!(store.facts(ada.id).await.unwrap(), nothing, "and no grace");
    assert_eq!(store.trusted_devices(ada.id, NOW).await.unwrap(), []);
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!(ended.reason, EndReason::FactorsReset);
    assert!(store.pay(&keys, NOW + 1).await.unwrap().is_ok(), "guesses at what is gone are forgotten");
    assert_eq!(store.begin_grace(ada.id, &sample::event(Action::GraceBegun)).await.unwrap(), UnixTime(0));
    let nobody = sample::user("x@example.com", &[]).id;
    assert!(!store.reset_factors(nobody, &reset).await.unwrap());
}
