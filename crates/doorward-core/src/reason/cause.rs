//! Causes outside of Doorward that the doctor names: one table for each stretch of the way.

mod front;
mod identity;
mod inner;
mod proxy;
mod site;

use super::Reason;

/// A table of causes: code, English title, German title, how it comes about, what mends it.
macro_rules! causes {
    ($($code:literal $en:literal $de:literal $operator:literal $remedy:literal)*) => {
        pub(super) const REASONS: &[$crate::reason::Reason] = &[
            $($crate::reason::entry::cause($code, $crate::reason::entry::text($en, $de), $operator, $remedy),)*
        ];
    };
}

use causes;

/// The tables, in the order of the way from the browser to the database.
pub(super) const TABLES: [&[Reason]; 5] =
    [site::REASONS, front::REASONS, proxy::REASONS, inner::REASONS, identity::REASONS];
