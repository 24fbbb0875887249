//! From what the browser recorded to the cause, in plain words with the line that mends it.
//!
//! Every rule is a function of recorded events, so it can be tried on a recording without a browser.

mod cookie;
mod request;

use serde::Serialize;
use serde_json::Value;

use crate::recorder::Recorder;

/// One cause, with what the browser told of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The code of the cause, `family.detail`.
    pub code: &'static str,
    /// What it is about: the cookie, or the address.
    pub subject: String,
    /// What happened, as a sentence.
    pub what: String,
    /// What mends it, as a sentence.
    pub remedy: String,
    /// The address of the request.
    pub url: String,
    /// The browser's own words for it.
    pub reasons: Vec<String>,
    /// The event that tells it, without values of cookies.
    pub evidence: Value,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reasons = self.reasons.join(", ");
        write!(
            out,
            "{} ({}): {} [{reasons}]\n  at {}\n  mend: {}",
            self.code, self.subject, self.what, self.url, self.remedy
        )
    }
}

/// Every cause that a recording shows, in the order in which it happened, each once.
#[must_use]
pub fn of(recorder: &Recorder) -> Vec<Verdict> {
    let mut found: Vec<Verdict> = Vec::new();
    for chain in recorder.all() {
        found.extend(chain.refusals().filter_map(|refusal| cookie::judge(&refusal)));
        found.extend(request::judge(chain, recorder));
    }
    found.extend(recorder.issues().filter_map(request::judge_issue));
    let mut seen = std::collections::HashSet::new();
    found.retain(|one| seen.insert((one.code, one.subject.clone(), one.url.clone())));
    found
}

pub use cookie::judge as of_cookie;

/// Scheme, host with port, and the rest of an address.
fn parts(url: &str) -> (&str, &str, &str) {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rsplit('@').next().unwrap_or_default();
    (scheme, host, &rest[end..])
}

/// The host of an address without its port.
fn host(url: &str) -> &str {
    let (_, host, _) = parts(url);
    match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    /// The texts in a source that look like codes of causes.
    fn codes(source: &str) -> impl Iterator<Item = &str> {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        source.split('"').skip(1).step_by(2).filter(|text| {
            let is_plain = text.chars().all(|one| one.is_ascii_lowercase() || one == '_' || one == '.');
            is_plain
                && ["cookie.", "cors.", "csp.", "frontend.", "redirect."].iter().any(|family| text.starts_with(family))
        })
    }

    #[test]
    fn every_code_can_be_explained() {
        let all: Vec<&str> =
            codes(include_str!("verdict/cookie.rs")).chain(codes(include_str!("verdict/request.rs"))).collect();
        assert!(all.len() >= 20, "{all:?}");
        for code in all {
            assert!(doorward_core::reason::find(code).is_some(), "{code} has no texts");
        }
    }
}
