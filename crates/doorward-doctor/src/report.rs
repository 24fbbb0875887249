//! The report: the chain, the findings, the root cause, and what may hide behind it.

mod html;
mod markdown;
mod terminal;
mod wrap;

use doorward_core::{Link, Severity};
use serde::Serialize;

use crate::suspect::{Confidence, Evidence, RuledOut};

/// The number of the report's shape.
pub const SCHEMA: u32 = 1;

/// How a link is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Passed.
    Ok,
    /// Passed, with something to know.
    Warn,
    /// The way ends here.
    Broken,
    /// Not asked for, or not reached.
    #[default]
    Skipped,
    /// Looked at, and not decided.
    Unknown,
}

impl State {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Broken => "broken",
            Self::Skipped => "skipped",
            Self::Unknown => "unknown",
        }
    }
}

/// One link of the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainLink {
    /// Which.
    pub link: Link,
    /// How it is.
    pub state: State,
    /// Milliseconds spent on it.
    pub ms: u64,
    /// What was seen, in few words.
    pub evidence: Vec<String>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The stable code.
    pub code: &'static str,
    /// Its family.
    pub family: &'static str,
    /// The link where it is to be mended.
    pub link: Link,
    /// How much it matters.
    pub severity: Severity,
    /// A short title.
    pub title: &'static str,
    /// This request, these values.
    pub why: String,
    /// What was sent, what came back, where it was seen.
    pub evidence: Vec<Evidence>,
    /// Ordered lines to write or commands to run.
    pub fix: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// Look-alikes, and what excludes each.
    pub rules_out: Vec<RuledOut>,
    /// The page that explains the code.
    pub docs: String,
    /// When this was seen before at this installation, and what mended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_before: Option<String>,
}

/// The outermost broken link, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RootCause {
    /// The family, or `unknown.<link>` where the evidence does not decide.
    pub family: String,
    /// The code; `probe.inconclusive` where the evidence does not decide.
    pub code: &'static str,
    /// The link.
    pub link: Link,
    /// A short title.
    pub title: String,
    /// This request, these values.
    pub why: String,
    /// Ordered lines to write or commands to run.
    pub fix: Vec<String>,
    /// How sure.
    pub confidence: Confidence,
    /// The one measurement that would decide, where the evidence does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub measurement: Option<String>,
}

/// A suspect that cannot be proved until the root cause is mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hidden {
    /// Its code.
    pub code: &'static str,
    /// Its family.
    pub family: &'static str,
    /// Why it is suspected.
    pub why: String,
}

/// What one run says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The address that was examined, or `this installation`.
    pub target: String,
    /// From where.
    pub vantage: crate::facts::Vantage,
    /// The fifteen links.
    pub chain: Vec<ChainLink>,
    /// What is wrong, the root cause first.
    pub findings: Vec<Finding>,
    /// Why people cannot get in; none where they can.
    pub root_cause: Option<RootCause>,
    /// What may come to light once the root cause is mended.
    pub hidden_behind_it: Vec<Hidden>,
    /// The app and the proxy as they were recognised.
    pub recognised: Vec<String>,
    /// What was not looked at, and why.
    pub skipped: Vec<String>,
    /// What the gateway noted of the request that was refused, where the doctor stands on it.
    pub story: Vec<String>,
    /// What was sent.
    pub requests: crate::facts::Spent,
    /// What two runs can be compared by.
    pub measured: std::collections::BTreeMap<String, String>,
}

impl Report {
    /// 1 where there is a root cause, else 0.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        u8::from(self.root_cause.is_some())
    }

    /// Whether a page was opened and no sign-in was found on it: what lies behind was not looked at then.
    #[must_use]
    pub fn is_without_sign_in(&self) -> bool {
        let is_reached = |link| self.chain.iter().any(|one| one.link == link && one.state != State::Skipped);
        is_reached(Link::Proxy) && !is_reached(Link::Csrf) && !is_reached(Link::Auth)
    }

    /// One line of JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_else(|_| "{}".to_owned())
    }

    /// For people at a terminal.
    #[must_use]
    pub fn to_terminal(&self, style: Style) -> String {
        terminal::write(self, style)
    }

    /// For an issue or a chat.
    #[must_use]
    pub fn to_markdown(&self) -> String {
        markdown::write(self)
    }

    /// One file without outside assets.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::write(self)
    }

    /// Every finding that is not an error.
    pub fn remarks(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity != Severity::Error)
    }
}

/// What to do where no sign-in was found.
const WITHOUT_SIGN_IN: &str = "No sign-in was found there, so nothing behind it was looked at. Give the address of the \
     page on which people sign in, or say with --profile what the app is.";

/// How the terminal is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Style {
    /// With colours.
    pub is_coloured: bool,
    /// With all evidence and every remark.
    pub is_verbose: bool,
}
