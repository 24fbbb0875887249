//! A fresh database for one test, in either of the two products.

use doorward_store::{Location, Store};
use tempfile::TempDir;

/// An empty database that goes with its test.
pub struct Place {
    pub location: Location,
    pub directory: TempDir,
}

impl Place {
    /// An embedded database in a directory of its own.
    pub async fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { location: Location::embedded(directory.path()), directory }
    }

    /// Opens the store, migrated.
    pub async fn store(&self) -> Store {
        doorward_store::migration::up(&self.location).await.unwrap();
        Store::open(&self.location).await.unwrap()
    }
}
