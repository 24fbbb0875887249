//! A fresh database for one test, in either of the two products.

use doorward_core::Secret;
use doorward_store::{Location, Server, Store, migration};
use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};
use tempfile::TempDir;

use crate::it::postgres;

/// An empty database that goes with its test.
pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) directory: TempDir,
    url: String,
}

impl Place {
    /// An embedded database in a directory of its own.
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let location = Location::embedded(directory.path());
        let url = format!("sqlite://{}/doorward.db", directory.path().display());
        Self { location, directory, url }
    }

    /// A database of a PostgreSQL server.
    pub(crate) async fn postgres() -> Self {
        let url = postgres::fresh_database().await;
        let location = Location::Postgres(Server::new(Secret::new(url.clone())));
        Self { location, directory: tempfile::tempdir().unwrap(), url }
    }

    /// Opens the store, migrated.
    pub(crate) async fn store(&self) -> Store {
        migration::up(&self.location).await.unwrap();
        Store::open(&self.location).await.unwrap()
    }

    /// The database as a URL.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A connection behind the store's back.
    pub(crate) async fn hand(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        self.url.parse::<AnyConnectOptions>().unwrap().connect().await.unwrap()
    }

    /// Runs statements behind the store's back.
    pub(crate) async fn alter(&self, statements: &[&str]) {
        let mut hand = self.hand().await;
        for statement in statements {
            hand.execute(AssertSqlSafe((*statement).to_owned())).await.unwrap();
        }
        hand.close().await.unwrap();
    }
}
