//! Reading one row: what a column holds, or that it is damaged.

use std::str::FromStr;

use doorward_core::UnixTime;
use doorward_core::token::TokenHash;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::failure::Failure;

/// Typed access to the columns of a row.
pub(crate) trait Columns {
    /// A text.
    fn text(&self, column: &str) -> Result<String, Failure>;
    /// A text that may be absent.
    fn text_or_null(&self, column: &str) -> Result<Option<String>, Failure>;
    /// A number.
    fn number(&self, column: &str) -> Result<i64, Failure>;
    /// A number that may be absent.
    fn number_or_null(&self, column: &str) -> Result<Option<i64>, Failure>;

    /// A moment.
    fn time(&self, column: &str) -> Result<UnixTime, Failure> {
        self.number(column).map(UnixTime)
    }

    /// A yes or no, kept as 1 or 0.
    fn flag(&self, column: &str) -> Result<bool, Failure> {
        match self.number(column)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(damaged(column)),
        }
    }

    /// A text in its own type.
    fn parse<T: FromStr>(&self, column: &str) -> Result<T, Failure> {
        self.text(column)?.parse().map_err(|_| damaged(column))
    }

    /// A word of a list.
    fn word<T>(&self, column: &str, read: fn(&str) -> Option<T>) -> Result<T, Failure> {
        read(&self.text(column)?).ok_or_else(|| damaged(column))
    }

    /// The hash of a token.
    fn hash(&self, column: &str) -> Result<TokenHash, Failure> {
        self.word(column, TokenHash::from_text)
    }

    /// The hash of a token that may be absent.
    fn hash_or_null(&self, column: &str) -> Result<Option<TokenHash>, Failure> {
        let text = self.text_or_null(column)?;
        text.map(|text| TokenHash::from_text(&text).ok_or_else(|| damaged(column))).transpose()
    }
}

impl Columns for AnyRow {
    fn text(&self, column: &str) -> Result<String, Failure> {
        Ok(self.try_get(column)?)
    }

    fn text_or_null(&self, column: &str) -> Result<Option<String>, Failure> {
        Ok(self.try_get(column)?)
    }

    fn number(&self, column: &str) -> Result<i64, Failure> {
        Ok(self.try_get(column)?)
    }

    fn number_or_null(&self, column: &str) -> Result<Option<i64>, Failure> {
        Ok(self.try_get(column)?)
    }
}

/// A column that holds what it cannot hold.
pub(crate) fn damaged(column: &str) -> Failure {
    Failure::corrupt(format!("column {column} does not hold what it should"))
}
