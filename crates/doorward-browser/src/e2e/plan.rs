//! A file of flows: what was written, then what was meant.

use std::time::Duration;

use serde::Deserialize;

use super::step::{Expectation, Step};
use super::text::{Text, Values};
use crate::options::{Options, Policy};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    base: String,
    #[serde(default = "usual_timeout")]
    timeout: u64,
    signed_in: Option<String>,
    #[serde(default)]
    browser: RawBrowser,
    #[serde(default)]
    flow: Vec<RawFlow>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RawBrowser {
    strict_cookies: bool,
    ignore_https_errors: bool,
    host_map: std::collections::BTreeMap<String, String>,
    device: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFlow {
    name: String,
    steps: Vec<String>,
}

fn usual_timeout() -> u64 {
    10
}

/// What is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where: a key, or a flow and the number of its step.
    pub place: String,
    /// What, as a sentence.
    pub what: String,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}: {}", self.place, self.what)
    }
}

/// A flow.
#[derive(Debug, Clone)]
pub(super) struct Flow {
    /// Its name.
    pub(super) name: String,
    /// Its steps, each with the words in which it is written.
    pub(super) steps: Vec<(String, Step)>,
}

/// A file of flows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plan {
    /// The address that paths are below.
    pub(super) base: String,
    /// How long each step may take.
    pub(super) timeout: Duration,
    /// What tells that somebody is signed in, where the page does not.
    pub(super) signed_in: Option<Expectation>,
    /// The flows.
    pub(super) flows: Vec<Flow>,
    /// The values that the flows begin with.
    pub(super) values: Values,
    browser: Browser,
}

#[derive(Debug, Clone)]
struct Browser {
    is_strict: bool,
    ignores_certificates: bool,
    host_map: Vec<(String, String)>,
    device: Option<String>,
}

impl Plan {
    /// Reads a file; `value` knows the values that its texts name.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it at once.
    pub fn read(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<Self, Vec<Problem>> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            vec![Problem { place: "file".to_owned(), what: error.to_string().trim_end().to_owned() }]
        })?;
        let mut problems = Vec::new();
        let mut note = |place: &str, what: String| problems.push(Problem { place: place.to_owned(), what });
        let base = Text::read(&raw.base).unwrap_or_else(|what| {
            note("base", what);
            Text::empty()
        });
        let signed_in = match raw.signed_in.as_deref().map(sign) {
            None => None,
            Some(Ok(expectation)) => Some(expectation),
            Some(Err(what)) => {
                note("signed_in", what);
                None
            }
        };
        if raw.timeout == 0 || raw.timeout > 600 {
            note("timeout", "seconds from 1 to 600".to_owned());
        }
        if let Some(device) = raw.browser.device.as_deref().filter(|name| crate::device::find(name).is_none()) {
            note("browser.device", format!("\"{device}\" is not known"));
        }
        if raw.flow.is_empty() {
            note("flow", "there is none; write [[flow]] with a name and steps".to_owned());
        }
        let flows = raw.flow.iter().map(|flow| read_flow(flow, &mut note)).collect::<Vec<_>>();
        let values = values(&base, &flows, value, &mut note);
        let base = base.filled(&values);
        if !base.starts_with("http://") && !base.starts_with("https://") {
            note("base", "an address that begins with http:// or https://".to_owned());
        }
        let browser = Browser {
            is_strict: raw.browser.strict_cookies,
            ignores_certificates: raw.browser.ignore_https_errors,
            host_map: raw.browser.host_map.into_iter().collect(),
            device: raw.browser.device,
        };
        let timeout = Duration::from_secs(raw.timeout);
        let base = base.trim_end_matches('/').to_owned();
        if problems.is_empty() { Ok(Self { base, timeout, signed_in, flows, values, browser }) } else { Err(problems) }
    }

    /// The options of its browser, beside those that are given.
    #[must_use]
    pub fn options(&self, mut options: Options) -> Options {
        if self.browser.is_strict {
            options.policy = Policy::Strict;
        }
        options.ignores_certificates |= self.browser.ignores_certificates;
        options.host_map.extend(self.browser.host_map.iter().cloned());
        options.device = self.browser.device.clone().or(options.device);
        options.action_timeout = self.timeout;
        options.script_timeout = self.timeout;
        options.navigation_timeout = self.timeout;
        options
    }
}

/// What tells that somebody is signed in.
fn sign(words: &str) -> Result<Expectation, String> {
    match Step::read(&format!("expect {words}"))? {
        Step::Expect(Expectation::SignedIn | Expectation::SignedOut) => {
            Err("say what tells it, such as: text \"Welcome\"".to_owned())
        }
        Step::Expect(expectation) => Ok(expectation),
        _ => Err("this is nothing to expect".to_owned()),
    }
}

fn read_flow(raw: &RawFlow, note: &mut impl FnMut(&str, String)) -> Flow {
    let mut steps = Vec::new();
    for (index, line) in raw.steps.iter().enumerate() {
        match Step::read(line) {
            Ok(step) => steps.push((line.clone(), step)),
            Err(what) => note(&format!("flow \"{}\", step {} ({line})", raw.name, index + 1), what),
        }
    }
    if raw.steps.is_empty() {
        note(&format!("flow \"{}\"", raw.name), "there are no steps".to_owned());
    }
    Flow { name: raw.name.clone(), steps }
}

/// The values that the texts name; those that a flow keeps for itself come later.
fn values(
    base: &Text,
    flows: &[Flow],
    value: impl Fn(&str) -> Option<String>,
    note: &mut impl FnMut(&str, String),
) -> Values {
    let mut values = Values::default();
    let mut missing = std::collections::BTreeSet::new();
    let mut take = |text: &Text, kept: &[&str]| {
        for name in text.names() {
            if let Some(value) = value(name) {
                values.set(name, &value);
            }
        }
        let unknown = text.needed().filter(|name| !values.has(name) && !kept.contains(name));
        missing.extend(unknown.map(str::to_owned));
    };
    take(base, &[]);
    for flow in flows {
        let mut kept = Vec::new();
        for (_, step) in &flow.steps {
            step.texts().into_iter().for_each(|text| take(text, &kept));
            if let Step::Keep(_, name) | Step::KeepField(_, _, name) = step {
                kept.push(name.as_str());
            }
        }
    }
    for name in missing {
        note(&name, format!("the file names ${{{name}}}, and the environment has no such variable"));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_with_its_values() {
        let text = "base = \"${BASE:-http://localhost:3000/}\"\nsigned_in = 'text \"Welcome\"'\n[browser]\nstrict_cookies = true\n\
                    [[flow]]\nname = \"one\"\nsteps = ['keep \"Key\" as KEY', 'fill \"Code\" with code of \"${KEY}\"', 'open /${WHERE}']\n";
        let plan = Plan::read(text, |name| (name == "WHERE").then(|| "home".to_owned())).unwrap();
        assert_eq!((plan.base.as_str(), plan.flows[0].steps.len()), ("http://localhost:3000", 3));
        assert_eq!(plan.options(Options::default()).policy, Policy::Strict);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let text = "base = \"localhost\"\ntimeout = 0\nsigned_in = \"signed in\"\n[browser]\ndevice = \"toaster\"\n\
                    [[flow]]\nname = \"one\"\nsteps = ['jump', 'open ${NOWHERE}']\n[[flow]]\nname = \"two\"\nsteps = []\n";
        let told: Vec<String> = Plan::read(text, |_| None).unwrap_err().iter().map(ToString::to_string).collect();
        for sign in
            ["base: ", "timeout: ", "signed_in: ", "toaster", "step 1 (jump)", "${NOWHERE}", "\"two\": there are no"]
        {
            assert!(told.iter().any(|one| one.contains(sign)), "{sign}: {told:?}");
        }
        assert_eq!(told.len(), 7);
        assert!(Plan::read("base = 5", |_| None).is_err());
        assert!(Plan::read("base = \"http://a\"\nother = 1", |_| None).unwrap_err()[0].what.contains("other"));
    }
}
