//! What can go wrong with a browser, in words for whoever asked.

/// Why something could not be done in the browser.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// No browser could be found or started; the text says what to do.
    #[error("{0}")]
    NotStarted(String),
    /// The browser ended, or its connection was lost.
    #[error("The browser has been closed")]
    Gone,
    /// The tab was closed or its renderer crashed.
    #[error("{0}")]
    TabLost(&'static str),
    /// The browser gave no answer in time.
    #[error("Timeout {milliseconds}ms exceeded.")]
    Late {
        /// How long was waited.
        milliseconds: u128,
    },
    /// The browser refused a command.
    #[error("{0}")]
    Refused(String),
    /// The page or the request makes it impossible; the text says why.
    #[error("{0}")]
    Said(String),
}

impl Failure {
    /// A failure with a text for whoever asked.
    pub(crate) fn said(text: impl Into<String>) -> Self {
        Self::Said(text.into())
    }

    /// Whether the page went on to another document while it was asked.
    pub(crate) fn is_other_document(&self) -> bool {
        const SIGNS: &[&str] = &[
            "Cannot find context",
            "Execution context was destroyed",
            "Inspected target navigated or closed",
            "uniqueContextId not found",
            "Frame with the given id",
            "No frame for given id",
            "Cannot find execution context",
        ];
        matches!(self, Self::Refused(text) if SIGNS.iter().any(|sign| text.contains(sign)))
    }
}
