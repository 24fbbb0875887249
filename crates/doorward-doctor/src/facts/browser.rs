//! What a browser recorded (a HAR file, or one that was driven), and what its page holds.

use serde::{Deserialize, Serialize};

use super::{Cookie, Token, Trouble};

/// How a token that was sent stands to those that the site handed out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Echoed {
    /// No token was sent, or none like it was ever handed out in the recording.
    #[default]
    Unknown,
    /// It is the one of the cookie, or the newest one.
    Latest,
    /// It is so once one of the two is decoded.
    Decoded,
    /// Another one was handed out after it.
    Older,
    /// It came under the same name with an earlier request, and passed.
    Used,
}

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
    /// Unix milliseconds by the browser's clock; 0 where they are not known.
    pub at: i64,
    /// The beginning of the answer's body, cleaned.
    pub body: String,
    /// Cookies that the answer sets, and what browsers make of them.
    pub set: Vec<Cookie>,
    /// Names of cookies that were set before, that belong to this request by all rules, and that it lacks.
    pub lacks: Vec<String>,
    /// Names of cookies that were set before and that rightly stay away, and why.
    pub withheld: Vec<(String, Trouble)>,
    /// The header or field that carries a token against forgery; empty without one.
    pub token_name: String,
    /// How that token stands to those that were handed out.
    pub token: Echoed,
}

impl Call {
    /// A header field that was sent.
    #[must_use]
    pub fn sent(&self, name: &str) -> Option<&str> {
        self.sent.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether the page that asks has another origin than what it asks for.
    #[must_use]
    pub fn is_across(&self) -> bool {
        let own = url::Url::parse(&self.url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
        self.sent("origin").is_some_and(|origin| origin != own && origin != "null")
            || matches!(self.sent("sec-fetch-site"), Some("cross-site" | "same-site"))
                && self.sent("sec-fetch-mode") == Some("cors")
    }

    /// Whether the method changes something.
    #[must_use]
    pub fn is_change(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "")
    }

    /// Whether the answer turns the visitor away, or sends him to sign in.
    #[must_use]
    pub fn is_turned_away(&self) -> bool {
        let to = self.got("location").unwrap_or_default().to_lowercase();
        matches!(self.status, 401 | 403 | 419)
            || (300..400).contains(&self.status)
                && ["login", "signin", "sign-in", "sign_in"].iter().any(|word| to.contains(word))
    }

    /// Whether the body holds this, in any letter case.
    #[must_use]
    pub fn says(&self, phrase: &str) -> bool {
        self.body.to_lowercase().contains(phrase)
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
    /// The relying party that options for a passkey name; empty without any.
    pub rp_id: String,
    /// Tokens of an API that were handed out in the recording and refused at once.
    pub tokens: Vec<Token>,
}
