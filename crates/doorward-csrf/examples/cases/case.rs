//! The fields of a case, with the defaults of the case language.

use std::collections::BTreeMap;

use doorward_csrf::{Mode, Unproven};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// One line of a case file.
#[derive(Debug, Deserialize)]
pub(crate) struct Case {
    pub(crate) id: String,
    #[serde(default = "post")]
    pub(crate) method: String,
    #[serde(default = "https")]
    pub(crate) scheme: String,
    pub(crate) host: Option<String>,
    #[serde(default = "root", deserialize_with = "path")]
    pub(crate) path: String,
    pub(crate) authority: Option<String>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) headers: Map<String, Value>,
    #[serde(default, deserialize_with = "nullable")]
    cookies: Map<String, Value>,
    cookie_pairs: Option<Vec<(String, String)>>,
    pub(crate) cookie_fields: Option<String>,
    pub(crate) session: Option<String>,
    form: Option<Value>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) query: Map<String, Value>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) tokens: BTreeMap<String, Token>,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) config: Config,
    pub(crate) expect: String,
    pub(crate) reason: String,
    #[serde(default, deserialize_with = "nullable")]
    pub(crate) note: String,
}

fn post() -> String {
    "POST".to_owned()
}

fn https() -> String {
    "https".to_owned()
}

fn root() -> String {
    "/".to_owned()
}

impl Case {
    /// The cookies in the order in which the client sends them.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, String)>, String> {
        if let Some(pairs) = &self.cookie_pairs {
            return Ok(pairs.clone());
        }
        let mut pairs = Vec::new();
        for (name, value) in &self.cookies {
            pairs.extend(texts(value)?.into_iter().map(|text| (name.clone(), text.to_owned())));
        }
        Ok(pairs)
    }

    /// The token field of the form, where there is a form with such a field; any other body has none.
    pub(crate) fn form_value(&self) -> Option<&Value> {
        self.form.as_ref()?.get(&self.config.field)
    }
}

/// The fields that one header or cookie of a case stands for.
pub(crate) fn texts(value: &Value) -> Result<Vec<&str>, String> {
    match value {
        Value::String(text) => Ok(vec![text]),
        Value::Array(values) => {
            values.iter().map(|value| value.as_str().ok_or_else(|| format!("{value} is no text"))).collect()
        }
        Value::Null => Ok(Vec::new()),
        other => Err(format!("{other} is no text")),
    }
}

/// A token that the runner mints.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Token {
    pub(crate) fam: Option<String>,
    pub(crate) session: Option<String>,
    pub(crate) age: i64,
    pub(crate) key: Option<String>,
    pub(crate) tamper: Option<Tamper>,
    pub(crate) encode: Option<Encoding>,
    pub(crate) literal: Option<String>,
}

impl Default for Token {
    fn default() -> Self {
        Self { fam: None, session: None, age: 5, key: None, tamper: None, encode: None, literal: None }
    }
}

/// What was done to a token after it was signed.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Tamper {
    Sig,
    Ts,
    Nonce,
    Trunc,
    Noncanonical,
}

/// How a token is written where it is sent.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Encoding {
    Pct,
    Quoted,
}

/// The configuration of a case: what it says, over the defaults. A key that is not known is an error, because a
/// case that relies on it would otherwise pass or fail for the wrong reason.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the case language")]
pub(crate) struct Config {
    #[serde(deserialize_with = "word")]
    pub(crate) mode: Mode,
    pub(crate) trusted_origins: Vec<String>,
    pub(crate) allowed_hosts: Option<Vec<String>>,
    pub(crate) self_origin: Option<String>,
    pub(crate) trust_forwarded: bool,
    #[serde(deserialize_with = "word")]
    pub(crate) missing_provenance: Unproven,
    #[serde(deserialize_with = "word")]
    pub(crate) sfs_none: Unproven,
    pub(crate) require_sfs: bool,
    pub(crate) allow_same_site: bool,
    pub(crate) strict_origin: bool,
    pub(crate) require_https: bool,
    pub(crate) exempt: Vec<(String, String)>,
    pub(crate) session_routes: Vec<String>,
    pub(crate) token_endpoint: String,
    pub(crate) header: String,
    pub(crate) field: String,
    pub(crate) cookie: String,
    pub(crate) bind_cookie: String,
    pub(crate) max_age: u64,
    pub(crate) skew: u64,
    pub(crate) keys: Vec<String>,
    pub(crate) now: u64,
    pub(crate) add_trusted_origin: Option<String>,
    /// Which tokens an answer carries, and whether a refusal is carried out: neither changes what the rule decides.
    #[serde(rename = "rotate")]
    _rotate: Option<Value>,
    #[serde(rename = "report_only")]
    _report_only: Option<Value>,
}

impl Config {
    /// The name of the token cookie without a prefix that browsers tie to https: a prefix is nothing to the rule, and
    /// the crate refuses to start with one while it allows http, as these cases do.
    pub(crate) fn cookie_base(&self) -> &str {
        let prefixes = ["__Host-Http-", "__Http-", "__Host-", "__Secure-"];
        prefixes.iter().find_map(|prefix| self.cookie.strip_prefix(prefix)).unwrap_or(&self.cookie)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            mode: Mode::Layered,
            trusted_origins: Vec::new(),
            allowed_hosts: None,
            self_origin: None,
            trust_forwarded: false,
            missing_provenance: Unproven::Token,
            sfs_none: Unproven::Token,
            require_sfs: false,
            allow_same_site: false,
            strict_origin: false,
            require_https: false,
            exempt: Vec::new(),
            session_routes: vec!["/api/v1/auth/login".to_owned()],
            token_endpoint: "/api/v1/auth/csrf-token".to_owned(),
            header: "X-CSRF-TOKEN".to_owned(),
            field: "csrf_token".to_owned(),
            cookie: "csrf_token".to_owned(),
            bind_cookie: "__Host-csrf_bind".to_owned(),
            max_age: 3600,
            skew: 60,
            keys: vec!["k1".to_owned()],
            now: 1_767_225_600,
            add_trusted_origin: None,
            _rotate: None,
            _report_only: None,
        }
    }
}

/// Reads `null` as the default.
fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(source: D) -> Result<T, D::Error> {
    Option::deserialize(source).map(Option::unwrap_or_default)
}

/// Reads `null` as the root.
fn path<'de, D: Deserializer<'de>>(source: D) -> Result<String, D::Error> {
    Option::deserialize(source).map(|path| path.unwrap_or_else(root))
}

/// Reads one of the words of the crate's own options.
fn word<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(source: D) -> Result<T, D::Error> {
    String::deserialize(source)?.parse().map_err(serde::de::Error::custom)
}
