//! Migrations, and schemas that are not what they should be.

use doorward_core::Finding;
use doorward_core::store::Whole as _;
use doorward_store::{Location, Store, migration};

use crate::it::place::Place;

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
    assert_eq!(applied, 1);
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.epoch().await.unwrap(), 1);
    store.ping().await.unwrap();
}

pub(super) async fn says_which_migrations_are_applied(place: &Place) {
    let before = migration::status(&place.location).await.unwrap();
    assert_eq!((before[0].version, before[0].is_applied), (1, false));
    if matches!(place.location, Location::Postgres(_)) {
        // A server's database is not changed without being asked.
        assert_eq!(subjects(place).await, ["store.migration_pending migration 1 (initial)"]);
    }
    assert_eq!(migration::up(&place.location).await.unwrap().len(), 1);
    assert!(migration::status(&place.location).await.unwrap().iter().all(|state| state.is_applied));
    assert_eq!(migration::up(&place.location).await.unwrap(), []);
}
