//! A refusal: one code of the one list of reasons, and when to come back.

use doorward_core::store::StoreError;

/// Why something was not done. The texts and the HTTP status stand in the list of reasons.
#[derive(Debug, thiserror::Error)]
#[error("{code}")]
pub struct Refused {
    /// The code, as in [`doorward_core::reason::find`].
    pub code: &'static str,
    /// Seconds after which it is worth trying again, where that is known.
    pub retry_after: Option<i64>,
    /// What the store said, for the log; never for the client.
    #[source]
    pub source: Option<StoreError>,
}

impl Refused {
    /// A refusal for this reason.
    #[must_use]
    pub fn new(code: &'static str) -> Self {
        Self { code, retry_after: None, source: None }
    }

    /// The same refusal with the seconds to wait.
    #[must_use]
    pub fn wait(mut self, seconds: i64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        let retry_after = matches!(error, StoreError::Unavailable(_) | StoreError::Full(_)).then_some(2);
        Self { code: error.code(), retry_after, source: Some(error) }
    }
}
