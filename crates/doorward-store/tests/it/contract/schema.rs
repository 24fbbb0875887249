//! Migrations, and schemas that are not what they should be.

use doorward_core::Finding;
use doorward_core::audit::Action;
use doorward_core::store::{Audit as _, Links as _, Purpose, Sessions as _, Users as _, Whole as _};
use doorward_store::{Location, Store, migration};

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

async fn refusals(place: &Place) -> Vec<Finding> {
    let findings = Store::open(&place.location).await.expect_err("the start is refused");
    for finding in &findings {
        assert!(doorward_core::reason::find(finding.code).is_some(), "{finding:?}");
        assert!(!finding.remedy.is_empty(), "{finding:?}");
    }
    findings
}

async fn subjects(place: &Place) -> Vec<String> {
    refusals(place).await.iter().map(|finding| format!("{} {}", finding.code, finding.subject)).collect()
}

pub(super) async fn names_a_missing_column(place: &Place) {
    place.store().await.close().await;
    place.alter(&["ALTER TABLE users DROP COLUMN status"]).await;
    assert_eq!(subjects(place).await, ["store.schema_altered users.status"]);
}

pub(super) async fn names_a_missing_table_an_extra_column_and_a_lost_index(place: &Place) {
    place.store().await.close().await;
    place.alter(&["DROP TABLE link", "ALTER TABLE users ADD COLUMN nickname TEXT", "DROP INDEX users_email"]).await;
    let mut found = subjects(place).await;
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        ["store.schema_altered link", "store.schema_altered users", "store.schema_altered users.nickname"]
    );
    place
        .alter(&["ALTER TABLE budget DROP COLUMN consecutive", "ALTER TABLE budget ADD COLUMN consecutive TEXT"])
        .await;
    let findings = refusals(place).await;
    let budget = findings.iter().find(|finding| finding.subject == "budget.consecutive").unwrap();
    assert!(budget.why.contains("TEXT instead of BIGINT"), "{}", budget.why);
}

pub(super) async fn refuses_a_schema_that_is_ahead(place: &Place) {
    place.store().await.close().await;
    place.alter(&["INSERT INTO migration (version, name, checksum) VALUES (99, 'tomorrow', 'x')"]).await;
    assert_eq!(subjects(place).await, ["store.schema_ahead migration 99 (tomorrow)"]);
    assert_eq!(migration::status(&place.location).await.unwrap_err()[0].code, "store.schema_ahead");
    assert_eq!(migration::up(&place.location).await.unwrap_err()[0].code, "store.schema_ahead");
}

pub(super) async fn refuses_a_changed_migration(place: &Place) {
    place.store().await.close().await;
    place.alter(&["UPDATE migration SET checksum = 'x' WHERE version = 1"]).await;
    assert_eq!(subjects(place).await, ["store.migration_changed migration 1 (initial)"]);
}

pub(super) async fn migrates_once_under_two_openers(place: &Place) {
    let (one, two, three) =
        tokio::join!(migration::up(&place.location), migration::up(&place.location), migration::up(&place.location),);
    let applied: usize = [one.unwrap(), two.unwrap(), three.unwrap()].iter().map(Vec::len).sum();
    assert_eq!(applied, migration::status(&place.location).await.unwrap().len());
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), 1);
    store.ping().await.unwrap();
}

pub(super) async fn says_which_migrations_are_applied(place: &Place) {
    let before = migration::status(&place.location).await.unwrap();
    assert_eq!((before[0].version, before[0].is_applied), (1, false));
    if matches!(place.location, Location::Postgres(_)) {
        // A server's database is not changed without being asked.
        let pending =
            |state: &migration::State| format!("store.migration_pending migration {} ({})", state.version, state.name);
        assert_eq!(subjects(place).await, before.iter().map(pending).collect::<Vec<_>>());
    }
    assert_eq!(migration::up(&place.location).await.unwrap().len(), before.len());
    assert!(migration::status(&place.location).await.unwrap().iter().all(|state| state.is_applied));
    assert_eq!(migration::up(&place.location).await.unwrap(), []);
}

/// What the second migration made is taken away again, so that the tables are those of the first release.
const TO_VERSION_1: &[&str] = &[
    "ALTER TABLE link DROP COLUMN author",
    "ALTER TABLE link DROP COLUMN is_mailed",
    "DROP TABLE reset_by_link",
    "DROP INDEX ended_session_user",
    "ALTER TABLE ended_session DROP COLUMN user_id",
    "ALTER TABLE ended_session DROP COLUMN created_at",
    "ALTER TABLE ended_session DROP COLUMN address",
    "ALTER TABLE ended_session DROP COLUMN device",
    "DROP INDEX user_session_credential",
    "ALTER TABLE user_session DROP COLUMN credential",
    "ALTER TABLE user_session DROP COLUMN proven",
    "ALTER TABLE link DROP COLUMN address",
    "DROP TABLE credential",
    "DROP TABLE recovery_code",
    "DROP TABLE grace",
    "DROP TABLE verified_address",
    "DROP TABLE challenge",
    "DROP TABLE email_code",
    "DROP TABLE trusted_device",
    "DROP TABLE app_password",
    "DROP TABLE mail",
    "DELETE FROM migration WHERE version >= 2",
];

pub(super) async fn brings_the_first_release_along(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    let session = sample::signed_in(&store, &ada).await;
    let [reset, invitation] = [
        Purpose::PasswordReset { user: ada.id },
        Purpose::Invitation { email: "bob@example.com".parse().unwrap(), groups: ada.groups.clone() },
    ]
    .map(sample::link);
    for link in [&reset, &invitation] {
        store.create_link(link, &sample::event(Action::LinkCreated)).await.unwrap();
    }
    store.close().await;
    place.alter(TO_VERSION_1).await;
    assert_eq!(migration::status(&place.location).await.unwrap().iter().filter(|state| state.is_applied).count(), 1);
    let store = place.store().await;
    assert_eq!(store.session(session.id).await.unwrap(), Some(Ok(session)));
    for link in [reset, invitation] {
        assert_eq!(store.link(link.hash, NOW).await.unwrap(), Some(link));
    }
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada));
    assert!(store.verify_chain().await.unwrap().is_ok());
}
