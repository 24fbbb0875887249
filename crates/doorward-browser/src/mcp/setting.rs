//! What the tool server is started with.

use std::path::PathBuf;
use std::sync::Arc;

use doorward_core::Clock;

use crate::options::Options;

/// What the tool server is started with.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Settings {
    /// The browser's options.
    pub browser: Options,
    /// The folder that tools write to and read from.
    pub output: PathBuf,
    /// Further groups of tools: `vision`, `pdf`.
    pub capabilities: Vec<String>,
    /// Whether each client gets a jar of its own in the browser.
    pub is_isolated: bool,
    /// A file with cookies and local storage to begin with.
    pub storage_state: Option<PathBuf>,
    /// Whether pictures are left out of answers.
    pub omits_images: bool,
    /// Where the time comes from, for the names of files.
    pub clock: Arc<dyn Clock>,
    /// The doctor, where there is one.
    pub doctor: Option<Arc<dyn Doctor>>,
}

impl Settings {
    /// Settings with this browser and folder, and nothing else.
    #[must_use]
    pub fn new(browser: Options, output: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self {
            browser,
            output,
            capabilities: Vec::new(),
            is_isolated: false,
            storage_state: None,
            omits_images: false,
            clock,
            doctor: None,
        }
    }
}

/// The doctor, as the tools ask it. Whoever has one puts it in.
pub trait Doctor: Send + Sync + std::fmt::Debug {
    /// Examines a deployment and gives the report as text.
    ///
    /// # Errors
    ///
    /// When it cannot be examined, with the reason as a sentence.
    fn run(&self, url: Option<&str>) -> Result<String, String>;

    /// Explains a code, or a refusal by its request id.
    ///
    /// # Errors
    ///
    /// When there is no such code or request.
    fn explain(&self, what: &str) -> Result<String, String>;
}
