//! Values that are good once: codes, steps, counters, challenges, and what follows in the same transaction.

use doorward_core::audit::Action;
use doorward_core::factor::code::EmailPurpose;
use doorward_core::factor::{Ceremony, Challenge, Sealed};
use doorward_core::identifier::CredentialId;
use doorward_core::session::{Session, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    EmailChallenge, Factors as _, NewSession, Proof, Proving, RefreshTokens as _, Rotation, Sessions as _, Then,
    UserChange, Users as _,
};
use doorward_core::token::TokenHash;
use doorward_core::user::{Status, User};
use doorward_store::Store;

use super::race::race;
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

/// Presents a proof in a fresh half-finished session.
async fn prove(store: &Store, user: &User, proof: &Proof) -> Proving {
    prove_at(store, user, proof, NOW).await
}

async fn prove_at(store: &Store, user: &User, proof: &Proof, at: doorward_core::UnixTime) -> Proving {
    let half = sample::at_stage(store, user, Stage::SecondFactor).await;
    let new = sample::next_step(&half, Method::OneTimeCode);
    let event = sample::event_at(Action::SteppedUp, at);
    let proving = store.prove(proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap();
    let is_whole = store.session(new.session.id).await.unwrap().is_some();
    assert_eq!(is_whole, matches!(proving, Proving::Done(_)), "{proving:?}");
    let is_half = store.session(half.id).await.unwrap().unwrap().is_ok();
    assert_eq!(is_half, !is_whole, "what is not proven stays half");
    proving
}

fn is_done(proving: &Proving) -> bool {
    matches!(proving, Proving::Done(_))
}

// CVE-2026-82470, PATTERN-CLOCK-BACK.
pub(super) async fn a_step_is_used_once_whatever_the_clock_does(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let credential = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let step = |step| Proof::TotpStep { credential, step };
    assert_eq!(prove(&store, &ada, &step(100)).await, Proving::Void, "the step of the enrolment");
    assert_eq!(prove(&store, &bob, &step(101)).await, Proving::Void, "another's");
    assert!(is_done(&prove(&store, &ada, &step(101)).await));
    store.close().await;
    let store = Store::open(&place.location).await.unwrap();
    for (number, at) in [(101, NOW), (101, NOW - 86_400), (100, NOW - 86_400), (-1, NOW)] {
        assert_eq!(prove_at(&store, &ada, &step(number), at).await, Proving::Void, "{number}");
    }
    assert!(is_done(&prove(&store, &ada, &step(102)).await));
}

pub(super) async fn a_recovery_code_is_used_once(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await.id;
    let codes: Vec<TokenHash> = (0..10).map(|_| sample::hash()).collect();
    let made = sample::event(Action::RecoveryCodesMade);
    assert!(store.replace_recovery_codes((ada.id, session), &codes, &made).await.unwrap());
    let proof = |hash| Proof::RecoveryCode { hash };
    assert_eq!(prove(&store, &bob, &proof(codes[0])).await, Proving::Void, "another's");
    assert!(is_done(&prove(&store, &ada, &proof(codes[0])).await));
    assert_eq!(prove(&store, &ada, &proof(codes[0])).await, Proving::Void);
    assert_eq!(store.facts(ada.id).await.unwrap().recovery_codes, 9);
    // A new sheet makes the old one void.
    assert!(store.replace_recovery_codes((ada.id, session), &[sample::hash()], &made).await.unwrap());
    assert_eq!(prove(&store, &ada, &proof(codes[1])).await, Proving::Void);
    assert_eq!(store.facts(ada.id).await.unwrap().recovery_codes, 1);
}

pub(super) async fn a_passkey_counter_must_rise(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let credential = sample::enrolled(&store, &ada, sample::passkey("one", true)).await.id;
    let proof =
        |sign_count| Proof::Passkey { credential, record: "{\"cred\":2}".into(), sign_count, is_backed_up: true };
    for (count, is_good) in [(7, false), (0, false), (8, true), (8, false), (7, false), (u32::MAX, true)] {
        assert_eq!(is_done(&prove(&store, &ada, &proof(count)).await), is_good, "{count}");
    }
    let stored = store.passkey("example.com", "one").await.unwrap().unwrap();
    let doorward_core::factor::Detail::Passkey(key) = stored.detail else { panic!("it is a passkey") };
    assert_eq!((&*key.record, key.sign_count, key.is_backed_up), ("{\"cred\":2}", u32::MAX, true));
    assert_eq!(stored.last_used_at, Some(NOW));
}

fn code(user: &User, hash: TokenHash, browser: TokenHash) -> EmailChallenge {
    EmailChallenge {
        user: user.id,
        purpose: EmailPurpose::SecondFactor,
        browser,
        hash,
        created_at: NOW,
        expires_at: NOW + 600,
    }
}

pub(super) async fn a_code_by_mail_has_five_tries_in_its_browser(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let (here, there) = (sample::hash(), sample::hash());
    let sent = sample::event(Action::EmailCodeSent);
    let typed = |hash, browser, purpose| Proof::EmailCode { purpose, browser, hash };
    let (first, second) = (sample::hash(), sample::hash());
    store.create_email_code(&code(&ada, first, here), &sent).await.unwrap();
    for (browser, purpose) in [(there, EmailPurpose::SecondFactor), (here, EmailPurpose::Recovery)] {
        assert_eq!(prove(&store, &ada, &typed(first, browser, purpose)).await, Proving::Void);
    }
    let late = prove_at(&store, &ada, &typed(first, here, EmailPurpose::SecondFactor), NOW + 600).await;
    assert_eq!(late, Proving::Void);
    store.create_email_code(&code(&ada, second, here), &sent).await.unwrap();
    let mine = |hash| typed(hash, here, EmailPurpose::SecondFactor);
    assert_eq!(prove(&store, &ada, &mine(first)).await, Proving::Wrong { left: 4 }, "only the newest is good");
    assert!(is_done(&prove(&store, &ada, &mine(second)).await));
    assert_eq!(prove(&store, &ada, &mine(second)).await, Proving::Void, "once");
    store.create_email_code(&code(&ada, first, here), &sent).await.unwrap();
    for left in (0..5).rev() {
        assert_eq!(prove(&store, &ada, &mine(sample::hash())).await, Proving::Wrong { left });
    }
    assert_eq!(prove(&store, &ada, &mine(first)).await, Proving::Void, "after five tries even the right one is void");
}

// CVE-2026-28787: a challenge is of the server, of one browser and of one use.
pub(super) async fn a_challenge_is_taken_once(place: &Place) {
    let store = place.store().await;
    let challenge = || Challenge {
        hash: sample::hash(),
        ceremony: Ceremony::PasskeyProof,
        user: None,
        browser: sample::hash(),
        state: Sealed::new("state"),
        created_at: NOW,
        expires_at: NOW + 300,
    };
    let mine = challenge();
    store.create_challenge(&mine).await.unwrap();
    let (hash, browser) = (mine.hash, mine.browser);
    let look = store.challenge(hash, Ceremony::PasskeyProof, browser, NOW).await.unwrap();
    assert_eq!(look, Some(mine.clone()), "looking uses nothing");
    let taken = race(place, 100, |store, _| async move {
        store.take_challenge(hash, Ceremony::PasskeyProof, browser, NOW).await.unwrap()
    });
    assert_eq!(taken.await.into_iter().flatten().collect::<Vec<_>>(), [mine]);
    assert_eq!(store.challenge(hash, Ceremony::PasskeyProof, browser, NOW).await.unwrap(), None);
    // One that comes from another browser, for another ceremony or too late is void.
    for (ceremony, browser, at) in [
        (Ceremony::PasskeyProof, Some(sample::hash()), NOW),
        (Ceremony::PasskeyEnrolment, None, NOW),
        (Ceremony::PasskeyProof, None, NOW + 300),
    ] {
        let stolen = challenge();
        store.create_challenge(&stolen).await.unwrap();
        let browser = browser.unwrap_or(stolen.browser);
        assert_eq!(store.take_challenge(stolen.hash, ceremony, browser, at).await.unwrap(), None);
        let again = store.take_challenge(stolen.hash, Ceremony::PasskeyProof, stolen.browser, at).await.unwrap();
        assert_eq!(again, None);
    }
    // The next one of the same browser and ceremony takes the place of the one before.
    let (first, second) = (challenge(), challenge());
    let second = Challenge { browser: first.browser, ..second };
    store.create_challenge(&first).await.unwrap();
    store.create_challenge(&second).await.unwrap();
    assert_eq!(store.challenge(first.hash, Ceremony::PasskeyProof, first.browser, NOW).await.unwrap(), None);
}

pub(super) async fn a_value_stays_good_where_nothing_follows(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let credential = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let proof = Proof::TotpStep { credential, step: 101 };
    let event = sample::event(Action::SteppedUp);
    // A session that has ended, and one of another sign-in.
    let half = sample::at_stage(&store, &ada, Stage::SecondFactor).await;
    let new = sample::next_step(&sample::session(&ada), Method::OneTimeCode);
    for old in [sample::session(&ada).id, half.id] {
        let proving = store.prove(&proof, Then::StepUp { old, new: &new }, &event).await.unwrap();
        assert_eq!(proving, Proving::Gone);
    }
    // A password that was changed meanwhile, and a user who was disabled.
    let other = sample::password("other");
    let begin = Then::Begin { new: &new, password: Some(&other) };
    assert_eq!(store.prove(&proof, begin, &event).await.unwrap(), Proving::Gone);
    assert!(is_done(&prove(&store, &ada, &proof).await), "the step was not used");
    let disabled = UserChange::Status(Status::Disabled);
    store.change_user(ada.id, &disabled, &sample::event(Action::UserDisabled)).await.unwrap();
    let begin = Then::Begin { new: &new, password: None };
    let next = Proof::TotpStep { credential, step: 102 };
    assert_eq!(store.prove(&next, begin, &event).await.unwrap(), Proving::Gone);
}

pub(super) async fn a_step_up_takes_its_tokens_along(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let credential = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let half = Session { stage: Stage::SecondFactor, ..sample::session(&ada) };
    let before = sample::refresh(half.id);
    let new = NewSession { refresh: Some(before.clone()), ..sample::new_session(&half) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    let new = sample::next_step(&half, Method::OneTimeCode);
    let after = sample::refresh(new.session.id);
    let new = NewSession { refresh: Some(after.clone()), ..new };
    let proof = Proof::TotpStep { credential, step: 101 };
    let event = sample::event(Action::SteppedUp);
    assert!(is_done(&store.prove(&proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap()));
    let refreshed = sample::event(Action::TokenRefreshed);
    let next = sample::refresh(new.session.id);
    // A token of half a sign-in is none of the whole one.
    assert_eq!(store.rotate(before.hash, &next, &refreshed).await.unwrap(), Rotation::Expired);
    let rotated = store.rotate(after.hash, &next, &refreshed).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated(new.session.id));
}

/// Many callers, each with a half-finished session of its own, present one value; one of them gets in.
pub(super) async fn one_of_many_proves(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let credential: CredentialId = sample::enrolled(&store, &ada, sample::totp()).await.id;
    let asking = sample::signed_in(&store, &ada).await.id;
    let codes: Vec<TokenHash> = (0..4).map(|_| sample::hash()).collect();
    let made = sample::event(Action::RecoveryCodesMade);
    assert!(store.replace_recovery_codes((ada.id, asking), &codes, &made).await.unwrap());
    let mut halves = Vec::new();
    for _ in 0..60 {
        halves.push(sample::at_stage(&store, &ada, Stage::SecondFactor).await);
    }
    let recovery = codes.iter().map(|hash| Proof::RecoveryCode { hash: *hash });
    let proofs = (101..105).map(|step| Proof::TotpStep { credential, step }).chain(recovery);
    for proof in proofs {
        let proving = race(place, 200, |store, number| {
            let (proof, half) = (proof.clone(), halves[number % halves.len()].clone());
            async move {
                let new = sample::next_step(&half, Method::OneTimeCode);
                let event = sample::event(Action::SteppedUp);
                store.prove(&proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap()
            }
        });
        let done: Vec<_> = proving
            .await
            .into_iter()
            .filter_map(|proving| match proving {
                Proving::Done(session) => Some(session),
                _ => None,
            })
            .collect();
        assert_eq!(done.len(), 1, "{proof:?}");
        // The half that has won is whole now, and takes no part in the next race.
        halves.retain(|half| half.handle != done[0].handle);
    }
}

pub(super) async fn five_of_many_are_tried(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let here = sample::hash();
    store.create_email_code(&code(&ada, sample::hash(), here), &sample::event(Action::EmailCodeSent)).await.unwrap();
    let half = sample::at_stage(&store, &ada, Stage::SecondFactor).await;
    let tried = race(place, 100, |store, _| {
        let half = half.clone();
        async move {
            let new = sample::next_step(&half, Method::EmailCode);
            let proof = Proof::EmailCode { purpose: EmailPurpose::SecondFactor, browser: here, hash: sample::hash() };
            let event = sample::event(Action::SteppedUp);
            store.prove(&proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap()
        }
    });
    let tried = tried.await.into_iter().filter(|proving| matches!(proving, Proving::Wrong { .. })).count();
    assert_eq!(tried, 5);
}
