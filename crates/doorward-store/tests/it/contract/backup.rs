//! Backup and restore, within one database and from one to the other.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;

use doorward_core::audit::Action;
use doorward_core::budget::BudgetKey;
use doorward_core::session::{EndReason, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    Audit as _, AuditQuery, Budgets as _, Devices as _, Factors as _, Links as _, NewSession, Proof, Proving, Purpose,
    RefreshTokens as _, Rotation, Sessions as _, Then, Users as _, Whole as _,
};
use doorward_store::{KeyFile, Store, restore, verify};

use super::device::{device, two_factor};
use crate::it::place::Place;
use crate::it::sample::{self, NOW};

fn keys() -> Vec<KeyFile> {
    vec![KeyFile { name: "keys/signing-1.key".to_owned(), content: vec![0, 255, 10, 13, 7] }]
}

async fn backed_up(place: &Place, store: &Store) -> PathBuf {
    let to = place.directory.path().join("backup.jsonl");
    store.backup(&to, &keys(), &sample::event(Action::BackupWritten)).await.unwrap();
    to
}

fn restoring() -> doorward_core::audit::Event {
    sample::event_at(Action::BackupRestored, NOW + 1_000)
}

/// The whole story, from `place` into `target`.
async fn moves(place: &Place, target: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    let guest = sample::user("\u{fc}mlaut@example.com", &[]);
    store
        .create_user(
            &doorward_core::user::User { password: None, ..guest.clone() },
            &sample::event(Action::UserCreated),
        )
        .await
        .unwrap();
    let session = sample::session(&ada);
    let (refresh, browser) = (sample::refresh(session.id), sample::hash());
    let new = NewSession { refresh: Some(refresh.clone()), browser: Some(browser), ..sample::new_session(&session) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    let link = sample::link(Purpose::PasswordReset { user: ada.id });
    store.create_link(&link, &sample::event(Action::LinkCreated)).await.unwrap();
    let key = [BudgetKey::Account(ada.email.clone())];
    for _ in 0..3 {
        store.pay(&key, NOW).await.unwrap().unwrap();
    }
    let file = backed_up(place, &store).await;
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(verify(&file).unwrap().files, 1);
    let written = store.newest().await.unwrap();
    store.close().await;

    let done = restore(&target.location, &file, false, &restoring()).await.unwrap();
    assert_eq!((done.files, done.epoch, done.ended_sessions), (keys(), 2, 1));
    let store = Store::open(&target.location).await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.user(guest.id).await.unwrap().unwrap().password, None);
    assert_eq!(store.epoch().await.unwrap(), 2);
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), []);
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!((ended.reason, ended.token, ended.at), (EndReason::EpochRaised, session.token, NOW + 1_000));
    let next = sample::refresh(session.id);
    let event = sample::event(Action::TokenRefreshed);
    assert_eq!(store.rotate(refresh.hash, &next, &event).await.unwrap(), Rotation::Expired);
    assert!(!store.mark_access_used(refresh.access, NOW).await.unwrap());
    assert_eq!(store.link(link.hash, NOW).await.unwrap(), None);
    assert!(store.pay(&key, NOW).await.unwrap().is_err(), "guesses stay counted");
    assert!(store.is_known_browser(ada.id, browser).await.unwrap());
    // The event of the backup came after what it holds, so its place is taken by the restore.
    assert_eq!(store.verify_chain().await.unwrap(), Ok(written));
    let records = store.records(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(records[0].action, "backup.restored");
}

pub(super) async fn moves_to_an_embedded_database(place: &Place) {
    moves(place, &Place::sqlite()).await;
}

pub(super) async fn moves_to_a_server(place: &Place) {
    moves(place, &Place::postgres().await).await;
}

pub(super) async fn replaces_only_when_told(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let file = backed_up(place, &store).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let keys = [BudgetKey::Account(ada.email.clone()), BudgetKey::Account(bob.email.clone())];
    for _ in 0..3 {
        store.pay(&keys, NOW).await.unwrap().unwrap();
    }
    place.alter(&["UPDATE epoch SET value = 7"]).await;
    let before = store.newest().await.unwrap();
    store.close().await;
    let refused = restore(&place.location, &file, false, &restoring()).await.unwrap_err();
    assert_eq!(refused[0].code, "store.not_empty");
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.newest().await.unwrap(), before, "nothing was changed");
    store.close().await;
    assert_eq!(restore(&place.location, &file, true, &restoring()).await.unwrap().epoch, 8, "no epoch comes twice");
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada));
    assert_eq!(store.user(bob.id).await.unwrap(), None);
    assert!(store.pay(&keys[..1], NOW).await.unwrap().is_err(), "a restore gives no guesses back");
    assert!(store.pay(&keys[1..], NOW).await.unwrap().is_err());
    assert!(store.verify_chain().await.unwrap().is_ok());
}

/// What was used or revoked after the backup does not come back with it.
pub(super) async fn brings_no_one_time_value_back(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let totp = sample::enrolled(&store, &ada, sample::totp()).await;
    let strong = two_factor(&store, &ada, totp.id, 101).await;
    let code = sample::hash();
    let made = sample::event(Action::RecoveryCodesMade);
    assert!(store.replace_recovery_codes((ada.id, strong.id), &[code], &made).await.unwrap());
    let trusted = device(&ada);
    assert!(store.trust_device(&trusted, strong.id, &sample::event(Action::DeviceTrusted)).await.unwrap());
    let file = backed_up(place, &store).await;
    let step = doorward_core::factor::totp::step_at(NOW + 1_000);
    two_factor(&store, &ada, totp.id, step).await;
    store.close().await;
    restore(&place.location, &file, true, &restoring()).await.unwrap();
    let store = Store::open(&place.location).await.unwrap();
    let facts = store.facts(ada.id).await.unwrap();
    assert_eq!((facts.credentials.len(), facts.recovery_codes), (1, 0));
    let half = sample::at_stage(&store, &ada, Stage::SecondFactor).await;
    let new = sample::next_step(&half, Method::OneTimeCode);
    let event = sample::event(Action::SteppedUp);
    let address = "192.0.2.7".parse().unwrap();
    for proof in [
        Proof::TotpStep { credential: totp.id, step },
        Proof::RecoveryCode { hash: code },
        Proof::TrustedDevice { hash: trusted.hash, address, expires_at: NOW + 9_000 },
    ] {
        let proving = store.prove(&proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap();
        assert_eq!(proving, Proving::Void, "{proof:?}");
    }
    let proof = Proof::TotpStep { credential: totp.id, step: step + 1 };
    let proving = store.prove(&proof, Then::StepUp { old: half.id, new: &new }, &event).await.unwrap();
    assert!(matches!(proving, Proving::Done(_)), "the authenticator itself is still good");
}

pub(super) async fn refuses_a_damaged_backup_whole(place: &Place) {
    let store = place.store().await;
    sample::stored_user(&store, "ada@example.com", &[]).await;
    let file = backed_up(place, &store).await;
    let again = store.backup(&file, &[], &sample::event(Action::BackupWritten)).await.unwrap_err();
    assert!(again.why.contains("replaces none"), "{again:?}");
    store.close().await;
    let sound = fs::read(&file).unwrap();
    let text = String::from_utf8(sound.clone()).unwrap();
    let last = text.trim_end().rfind('\n').unwrap();
    let mut cases = vec![
        Vec::new(),
        b"hello\n".to_vec(),
        sound[..sound.len() - 1].to_vec(),
        sound[..=last].to_vec(),
        [sound.clone(), b"{}\n".to_vec()].concat(),
        text.replacen("ada@", "eve@", 1).into_bytes(),
        text.replacen("\"doorward_backup\":1", "\"doorward_backup\":2", 1).into_bytes(),
        text.replacen("keys/signing", "../signing", 1).into_bytes(),
    ];
    for position in (0..sound.len()).step_by(37) {
        let mut flipped = sound.clone();
        flipped[position] ^= 0x04;
        cases.push(flipped);
    }
    let target = Place::sqlite();
    for (number, case) in cases.iter().enumerate() {
        fs::write(&file, case).unwrap();
        let refused = restore(&target.location, &file, true, &restoring()).await.expect_err("refused");
        assert!(matches!(refused[0].code, "store.backup_damaged" | "store.schema_ahead"), "{number}: {refused:?}");
    }
    assert!(!target.directory.path().join("doorward.db").exists(), "nothing was even begun");
    fs::write(&file, &sound).unwrap();
    restore(&target.location, &file, false, &restoring()).await.unwrap();
}
