//! SQLite and PostgreSQL behind the traits of `doorward-core`.
//!
//! One [`Store`] speaks to both with one text of SQL: columns are `TEXT` or `BIGINT`, placeholders are
//! `$1`, and the few words in which the dialects differ stand in `dialect.rs`. Each method of a trait is
//! one transaction with its audit rows.
//!
//! To add a query: add the method to its trait in `doorward_core::store`, write it in the file of its
//! aggregate here, and add a case to `tests/it/contract`, which runs against both databases. To change a
//! table: append a migration to the list in `migration.rs`; a released one never changes.

mod app_password;
mod archive;
mod audit;
mod backup;
mod budget;
mod challenge;
mod connection;
mod device;
mod dialect;
mod entry;
mod factor;
mod failure;
mod link;
mod location;
mod look;
mod mail;
pub mod migration;
mod proof;
mod refresh;
mod refusal;
mod request;
mod restore;
mod row;
mod schema;
mod session;
mod store;
mod sweep;
mod user;
mod whole;
mod write;

pub use archive::{KeyFile, Summary, verify};
pub use location::{Location, Server};
pub use look::{Condition, Look, look};
pub use refusal::Refusal;
pub use request::{Entry, RequestLog, Writer};
pub use restore::{Restored, restore};
pub use store::Store;
