//! Reasons of the family `user`.

use super::Reason;

/// The family, in the order of the reference page.
pub(super) const REASONS: &[Reason] = &[];
