//! What went wrong in a transaction, before it becomes the error that the domain knows.

use doorward_core::store::StoreError;

/// A failed attempt.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Another transaction was in the way; the same attempt may succeed now.
    Conflict(String),
    /// Trying again at once changes nothing.
    Final(StoreError),
}

impl Failure {
    /// Something that the database holds and cannot mean.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Final(StoreError::Corrupt(what.into()))
    }

    /// The error for the caller, after the last attempt.
    pub(crate) fn into_store(self) -> StoreError {
        match self {
            Self::Conflict(text) => StoreError::Unavailable(text),
            Self::Final(error) => error,
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Final(error)
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        let text = describe(&error);
        match &error {
            sqlx::Error::Database(database) => from_code(database.as_ref(), text),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => {
                Self::Final(StoreError::Corrupt(text))
            }
            _ => Self::Final(StoreError::Unavailable(text)),
        }
    }
}

/// The error in words that hold no connection string and no value of a row.
pub(crate) fn describe(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default();
            format!("{} (code {code})", database.message())
        }
        sqlx::Error::Configuration(_) => "the connection settings cannot be read".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Tls(error) => format!("TLS: {error}"),
        sqlx::Error::PoolTimedOut => "no connection within the time allowed".to_owned(),
        sqlx::Error::PoolClosed => "the store is closed".to_owned(),
        sqlx::Error::ColumnDecode { index, .. } => {
            format!("column {index} does not hold what it should")
        }
        sqlx::Error::ColumnNotFound(name) => format!("there is no column {name}"),
        sqlx::Error::Decode(_) => "a value does not hold what it should".to_owned(),
        sqlx::Error::Protocol(text) => format!("protocol: {text}"),
        sqlx::Error::WorkerCrashed => "the database worker ended".to_owned(),
        _ => "the database does not answer as expected".to_owned(),
    }
}

/// Tells the codes of both databases apart: SQLSTATE has five characters, SQLite's result codes are numbers
/// of at most four digits (<https://www.sqlite.org/rescode.html>; PostgreSQL manual, appendix A).
fn from_code(error: &dyn sqlx::error::DatabaseError, text: String) -> Failure {
    let code = error.code().unwrap_or_default();
    if let Some(number) = code.parse::<i32>().ok().filter(|_| code.len() != 5) {
        return from_sqlite(number & 0xff, error, text);
    }
    match code.as_ref() {
        "40001" | "40P01" => Failure::Conflict(text),
        "23505" if is_email(error) => StoreError::EmailTaken.into(),
        "53100" => StoreError::Full(text).into(),
        "XX001" | "XX002" | "42P01" | "42703" | "42804" => StoreError::Corrupt(text).into(),
        other if other.starts_with("22") || other.starts_with("23") => StoreError::Corrupt(text).into(),
        _ => StoreError::Unavailable(text).into(),
    }
}

fn from_sqlite(primary: i32, error: &dyn sqlx::error::DatabaseError, text: String) -> Failure {
    match primary {
        // SQLITE_FULL.
        13 => StoreError::Full(text).into(),
        // SQLITE_CONSTRAINT.
        19 if is_email(error) => StoreError::EmailTaken.into(),
        // SQLITE_ERROR (a statement that does not fit the tables), SQLITE_CORRUPT, other constraints,
        // SQLITE_MISMATCH, SQLITE_FORMAT, SQLITE_NOTADB.
        1 | 11 | 19 | 20 | 24 | 26 => StoreError::Corrupt(text).into(),
        // Busy, locked, read-only, input and output, cannot open, and whatever else passes by itself.
        _ => StoreError::Unavailable(text).into(),
    }
}

fn is_email(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.constraint() == Some("users_email") || error.message().ends_with("users.email")
}

/// Does the same attempt again, at most three times, while other transactions are in the way.
macro_rules! retry {
    ($attempt:expr) => {{
        let mut attempts = 1;
        loop {
            match $attempt.await {
                Err($crate::failure::Failure::Conflict(_)) if attempts < 4 => attempts += 1,
                other => break other.map_err($crate::failure::Failure::into_store),
            }
        }
    }};
}

pub(crate) use retry;
