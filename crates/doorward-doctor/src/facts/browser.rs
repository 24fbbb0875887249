//! What a browser recorded (a HAR file, or one that was driven), and what its page holds.

use serde::{Deserialize, Serialize};

/// One request of a browser.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// The method.
    pub method: String,
    /// The address.
    pub url: String,
    /// The status; 0 where the browser sent or got nothing.
    pub status: u16,
    /// Header fields, cleaned, names in lower case.
    pub sent: Vec<(String, String)>,
    /// Header fields, cleaned, names in lower case.
    pub got: Vec<(String, String)>,
    /// Names of cookies that were sent.
    pub cookies: Vec<String>,
    /// What the browser says of a failure.
    pub error: String,
    /// Came out of a service worker.
    pub is_from_worker: bool,
    /// Unix milliseconds.
    pub at: i64,
}

impl Call {
    /// A header field that was sent.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A header field that came.
    #[must_use]
    pub fn got(&self, name: &str) -> Option<&str> {
        self.got.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A cause that a real browser told by itself, by refusing a cookie or blocking a request.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// The code.
    pub code: String,
    /// The cookie or the address that it is about.
    pub subject: String,
    /// What happened, as a sentence.
    pub what: String,
    /// What mends it, as a sentence.
    pub remedy: String,
    /// The address of the request.
    pub url: String,
    /// The browser's event, as JSON, without values of cookies.
    pub event: String,
}

/// What a browser recorded.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Browser {
    /// Requests, in order.
    pub calls: Vec<Call>,
    /// Lines of the console, cleaned.
    pub console: Vec<String>,
    /// Whether the page was a secure context, where that is known.
    pub is_secure_context: Option<bool>,
    /// Causes that it told by itself.
    pub told: Vec<Told>,
    /// Its name and version, where it was driven.
    pub version: String,
    /// Whether a person would be signed in at the end, where a sign-in was tried.
    pub is_signed_in: Option<bool>,
    /// The browser's clock against the server's, in seconds (positive: ahead).
    pub clock_ahead: Option<i64>,
}
