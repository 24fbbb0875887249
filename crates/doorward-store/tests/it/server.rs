//! What goes wrong with a database server.

use std::time::Duration;

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::store::{Audit as _, StoreError, Users as _, Whole as _};
use doorward_store::{Condition, Location, Look, Server, Store, look};

use crate::it::place::Place;
use crate::it::sample;

#[tokio::test]
async fn an_unreachable_server_is_a_finding_without_its_password() {
    let url = "postgres://ada:hunter2@127.0.0.1:1/doorward";
    let server = Server { acquire_timeout: Duration::from_secs(2), ..Server::new(Secret::new(url)) };
    let findings = Store::open(&Location::Postgres(server)).await.unwrap_err();
    assert_eq!(findings[0].code, "store.location_unreachable");
    assert!(findings[0].subject.contains("127.0.0.1:1"));
    assert!(!format!("{findings:?}").contains("hunter2"));
}

#[tokio::test]
async fn goes_on_after_its_connections_were_cut() {
    let place = Place::postgres().await;
    let store = place.store().await;
    sample::stored_user(&store, "ada@example.com", &[]).await;
    for round in 0..3 {
        place
            .alter(&["SELECT CAST(COUNT(pg_terminate_backend(pid)) AS BIGINT) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid()"])
            .await;
        sample::stored_user(&store, &format!("u{round}@example.com"), &[]).await;
        store.ping().await.unwrap();
    }
    assert_eq!(store.verify_chain().await.unwrap(), Ok(4));
}

#[tokio::test]
async fn a_read_only_replica_is_unavailable_and_not_an_empty_store() {
    let place = Place::postgres().await;
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    store.close().await;
    place.alter(&["DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$"]).await;
    let store = Store::open(&place.location).await.unwrap();
    let refused = store.append(&sample::event(Action::KeysRotated)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada));
}

#[tokio::test]
async fn a_lock_that_nobody_gives_back_is_unavailable() {
    let place = Place::postgres().await;
    place.store().await.close().await;
    let url = Secret::new(place.url());
    let server = Server { statement_timeout: Duration::from_millis(300), ..Server::new(url) };
    let store = Store::open(&Location::Postgres(server)).await.unwrap();
    let mut hand = place.hand().await;
    for statement in ["BEGIN", "SELECT seq FROM audit_head FOR UPDATE"] {
        sqlx::query(statement).execute(&mut hand).await.unwrap();
    }
    let refused = store.append(&sample::event(Action::KeysRotated)).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    sqlx::query("ROLLBACK").execute(&mut hand).await.unwrap();
    store.append(&sample::event(Action::KeysRotated)).await.unwrap();
}

async fn looked(url: &str) -> Condition {
    let location = Location::Postgres(Server::new(Secret::new(url)));
    match look(&location, Duration::from_secs(3)).await {
        Look::Seen(condition) => *condition,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_look_tells_a_dead_server_from_a_wrong_name_without_the_password() {
    let found = looked("postgres://ada:hunter2@127.0.0.1:1/doorward").await;
    assert!(found.refused.contains("refused") && !format!("{found:?}").contains("hunter2"), "{found:?}");
    let place = Place::postgres().await;
    let elsewhere = place.url().replacen("postgres:///t", "postgres:///nowhere", 1);
    let found = looked(&elsewhere).await;
    assert!(found.refused.contains("does not exist") && found.write.is_empty(), "{found:?}");
}

#[tokio::test]
async fn a_look_tells_migrations_that_wait_and_writes_that_are_refused() {
    let place = Place::postgres().await;
    place.store().await.close().await;
    place.alter(&["DELETE FROM migration WHERE version > 1", "DROP TABLE grace"]).await;
    let found = looked(place.url()).await;
    assert!(found.pending.first().is_some_and(|told| told.starts_with("migration 2 (")), "{found:?}");
    assert!(found.lacking.iter().any(|told| told == "grace"), "{found:?}");
    place.alter(&["DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$"]).await;
    let found = looked(place.url()).await;
    assert!(found.write.contains("read-only") && found.refused.is_empty(), "{found:?}");
}

#[tokio::test]
async fn a_look_counts_connections_and_those_that_hold_a_transaction() {
    let place = Place::postgres().await;
    place.store().await.close().await;
    let mut hand = place.hand().await;
    sqlx::query("BEGIN").execute(&mut hand).await.unwrap();
    place
        .alter(&["DO $$ BEGIN EXECUTE format('ALTER DATABASE %I CONNECTION LIMIT 1', current_database()); END $$"])
        .await;
    let found = looked(place.url()).await;
    assert_eq!((found.used, found.idle_in_transaction), (Some((1, 1)), 1), "{found:?}");
    // Who is no superuser is turned away.
    place.alter(&["DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'guest') THEN CREATE ROLE guest LOGIN; END IF; END $$"]).await;
    let found = looked(&place.url().replace("user=postgres", "user=guest")).await;
    assert!(found.refused.contains("too many connections"), "{found:?}");
    let found = looked(&place.url().replace("user=postgres", "user=nobody-at-all")).await;
    assert!(found.refused.contains("does not exist"), "{found:?}");
}
