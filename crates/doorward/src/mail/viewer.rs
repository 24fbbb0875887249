//! Letters in development: kept in memory, the newest first, and shown on a page instead of being sent.

use std::collections::VecDeque;
use std::sync::Arc;

use doorward_core::UnixTime;
use parking_lot::Mutex;

use super::letter::Draft;

/// The most letters that are kept.
const MOST: usize = 50;

/// One letter, as the page shows it.
#[derive(Debug, Clone)]
pub struct Shown {
    /// To whom.
    pub to: String,
    /// When it was written.
    pub at: UnixTime,
    /// Its words.
    pub draft: Draft,
}

/// The newest letters of this process.
#[derive(Debug, Clone, Default)]
pub struct Viewer(Arc<Mutex<VecDeque<Shown>>>);

impl Viewer {
    /// Keeps one letter.
    pub fn take(&self, letter: Shown) {
        let mut letters = self.0.lock();
        letters.push_front(letter);
        letters.truncate(MOST);
    }

    /// Every letter that is kept, the newest first.
    #[must_use]
    pub fn letters(&self) -> Vec<Shown> {
        self.0.lock().iter().cloned().collect()
    }
}
