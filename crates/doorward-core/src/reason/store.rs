//! Reasons of the family `store`.

use super::Reason;

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[];
