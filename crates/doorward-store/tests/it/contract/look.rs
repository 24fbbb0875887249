//! A look into a database says how it stands, and leaves it as it was.

use std::time::Duration;

use doorward_core::store::Audit as _;
use doorward_store::{Condition, Location, Look, Store, look};

use crate::it::place::Place;
use crate::it::sample;

async fn seen(location: &Location) -> Condition {
    match look(location, Duration::from_secs(5)).await {
        Look::Seen(condition) => *condition,
        other => panic!("{other:?}"),
    }
}

pub(super) async fn finds_nothing_where_all_is_well(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    sample::signed_in(&store, &ada).await;
    let found = seen(&place.location).await;
    assert_eq!((found.refused.as_str(), found.write.as_str()), ("", ""));
    assert_eq!((found.pending.len(), found.lacking.len(), found.ahead.len()), (0, 0, 0), "{found:?}");
    assert_eq!((found.sessions, found.idle_in_transaction), (Some(1), 0));
    if let Some((used, most)) = found.used {
        assert!(used > 0 && used < most, "{used} of {most}");
    }
    // What was written for a trial is gone, and the server goes on beside it.
    sample::stored_user(&store, "bob@example.com", &[]).await;
    assert_eq!(store.verify_chain().await.unwrap(), Ok(3));
    store.close().await;
    Store::open(&place.location).await.unwrap();
}

pub(super) async fn names_what_the_schema_lacks(place: &Place) {
    place.store().await.close().await;
    place.alter(&["ALTER TABLE users DROP COLUMN status", "DROP TABLE link", "DROP INDEX audit_user"]).await;
    let found = seen(&place.location).await;
    for told in ["link", "users.status", "audit (the index audit_user is missing or altered)"] {
        assert!(found.lacking.iter().any(|known| known == told), "{told} in {:?}", found.lacking);
    }
    assert_eq!((found.refused.as_str(), found.write.as_str()), ("", ""));
}

pub(super) async fn tells_a_newer_program_and_a_lost_ledger(place: &Place) {
    place.store().await.close().await;
    place.alter(&["INSERT INTO migration (version, name, checksum) VALUES (99, 'tomorrow', 'x')"]).await;
    assert_eq!(seen(&place.location).await.ahead, ["migration 99 (tomorrow)"]);
    place.alter(&["DROP TABLE migration"]).await;
    let found = seen(&place.location).await;
    assert!(found.ahead.is_empty() && found.write.is_empty(), "{found:?}");
}

pub(super) async fn finds_no_fault_in_a_database_of_nobody(place: &Place) {
    if let Location::Sqlite(path) = &place.location {
        assert_eq!(look(&place.location, Duration::from_secs(5)).await, Look::Nothing);
        assert!(!path.exists(), "a look makes nothing");
        return;
    }
    let found = seen(&place.location).await;
    assert_eq!((found.refused, found.write, found.pending, found.lacking), Default::default());
}
