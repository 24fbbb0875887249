//! From what was written of an app to what was meant.

use std::time::Duration;

use doorward_core::Finding;
use doorward_core::app::{Entry, Pattern, Rule, Rules, Strength};
use doorward_core::user::Group;
use doorward_edge::path::EncodedSlash;
use doorward_edge::upstream::UpstreamUrl;
use http::HeaderName;

use super::written::Part;
use super::{AppConfig, AppCsrf, IdentityNames, UserValue};
use crate::config::domain::host_name;

/// What was written of one app, as it was meant; nothing where something of it cannot be.
pub(super) fn read(part: &Part<'_>, findings: &mut Vec<Finding>) -> Option<AppConfig> {
    let before = findings.len();
    let host = part.text("app.host").and_then(|text| read_host(part, &text, findings));
    let path = read_path(part, findings);
    let upstream = part.text("app.upstream").and_then(|text| {
        text.parse::<UpstreamUrl>()
            .map_err(|error| {
                findings.push(part.error(
                    "config.upstream_invalid",
                    "app.upstream",
                    &format!("{error}."),
                    "http://127.0.0.1:3000",
                ));
            })
            .ok()
    });
    let name = read_name(part, host.as_deref(), &path, findings);
    let rules = read_rules(part, findings);
    let identity = read_identity(part, findings);
    let seconds = |key, default| Duration::from_secs(part.integer(key).unwrap_or(default));
    let app = AppConfig {
        name,
        host,
        path,
        upstream,
        rules,
        csrf: match part.text("app.csrf").as_deref() {
            Some("off") => AppCsrf::Off,
            Some("token") => AppCsrf::Token,
            _ => AppCsrf::Provenance,
        },
        encoded_slash: if part.text("app.encoded_slash").as_deref() == Some("keep") {
            EncodedSlash::Keep
        } else {
            EncodedSlash::Refuse
        },
        timeout: seconds("app.timeout", 60),
        idle_timeout: seconds("app.idle_timeout", 30),
        body_bytes: part.integer("app.body_limit"),
        identity,
        has_jwt: part.flag("app.jwt").unwrap_or(true),
        takes_app_passwords: part.flag("app.app_passwords").unwrap_or(false),
    };
    (!findings[before..].iter().any(Finding::is_error)).then_some(app)
}

type Findings = Vec<Finding>;

fn read_host(part: &Part<'_>, text: &str, findings: &mut Findings) -> Option<Box<str>> {
    let host = host_name(text.trim()).filter(|host| !host.starts_with('*'));
    if host.is_none() {
        let why = "It is no host name; a scheme and a port do not belong here.";
        findings.push(part.error("config.value_invalid", "app.host", why, "app.example.com"));
    }
    host.map(Into::into)
}

fn read_path(part: &Part<'_>, findings: &mut Findings) -> Box<str> {
    let text = part.text("app.path").unwrap_or_else(|| "/".to_owned());
    let path = text.trim_end_matches('/');
    let is_pattern = path.parse::<Pattern>().is_ok_and(|_| !path.ends_with('*'));
    if !path.is_empty() && (!is_pattern || path.starts_with("/.doorward")) {
        let why = "It is no plain path below which an app can be; `/.doorward` is ours.";
        findings.push(part.error("config.value_invalid", "app.path", why, "/wiki"));
    }
    if path.is_empty() { "/".into() } else { path.into() }
}

fn read_name(part: &Part<'_>, host: Option<&str>, path: &str, findings: &mut Findings) -> Box<str> {
    let is_plain = |name: &str| {
        (1..=64).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match part.text("app.name") {
        Some(name) if is_plain(&name) => name.into(),
        Some(_) => {
            let why = "A name has 1 to 64 letters, digits, `-`, `_` and `.`.";
            findings.push(part.error("config.value_invalid", "app.name", why, "wiki"));
            "app".into()
        }
        None => {
            let made = format!("{}{}", host.unwrap_or("app"), if path == "/" { "" } else { path });
            made.chars()
                .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
                .take(64)
                .collect::<String>()
                .into()
        }
    }
}

fn read_rules(part: &Part<'_>, findings: &mut Findings) -> Rules {
    let mut rules: Vec<Rule> = part.rules().map(|rule| read_rule(&rule, findings)).collect();
    let public = read_patterns(part, "app.public_paths", findings);
    if !public.is_empty() {
        rules.push(Rule { paths: public, methods: Vec::new(), entry: Entry::Public, strength: None });
    }
    let groups = read_groups(part, "app.groups", findings);
    let otherwise = if groups.is_empty() { Entry::SignedIn } else { Entry::Groups(groups) };
    let strength = read_strength(part, ("app.second_factor", "app.fresh_factor")).unwrap_or_default();
    Rules { rules, otherwise, strength }
}

fn read_rule(part: &Part<'_>, findings: &mut Findings) -> Rule {
    let groups = read_groups(part, "rule.groups", findings);
    let access = part.text("rule.access");
    let entry = match (access.as_deref(), groups.is_empty()) {
        (None | Some("groups"), false) => Entry::Groups(groups),
        (Some("public"), true) => Entry::Public,
        (Some("signed_in"), true) => Entry::SignedIn,
        (Some("deny"), true) => Entry::Nobody,
        (Some("groups") | None, true) => {
            let why = "The rule does not say who may enter.";
            findings.push(part.error("config.value_missing", "rule.groups", why, "admins"));
            Entry::Nobody
        }
        (Some(_), _) => {
            let why = "Groups and another `access` contradict each other.";
            findings.push(part.error("config.conflict", "rule.access", why, "groups"));
            Entry::Nobody
        }
    };
    let mut methods: Vec<Box<str>> = Vec::new();
    for method in part.list("rule.methods") {
        if !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
            methods.push(method.into());
        } else {
            let why = format!("`{method}` is no method; methods are written in capital letters.");
            findings.push(part.error("config.value_invalid", "rule.methods", &why, &method.to_ascii_uppercase()));
        }
    }
    let strength = read_strength(part, ("rule.second_factor", "rule.fresh_factor"));
    Rule { paths: read_patterns(part, "rule.paths", findings), methods, entry, strength }
}

/// A fresh factor is a second one, whatever else is written.
fn read_strength(part: &Part<'_>, (second, fresh): (&'static str, &'static str)) -> Option<Strength> {
    let fresh = part.integer(fresh).map(|seconds: u64| Strength::Fresh(i64::try_from(seconds).unwrap_or(i64::MAX)));
    let named = |is_asked| if is_asked { Strength::TwoFactors } else { Strength::Any };
    fresh.or_else(|| part.flag(second).map(named))
}

fn read_patterns(part: &Part<'_>, key: &'static str, findings: &mut Findings) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for text in part.list(key) {
        match text.parse() {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => {
                findings.push(part.error("config.value_invalid", key, &format!("`{text}`: {error}."), "/static/*"));
            }
        }
    }
    patterns
}

fn read_groups(part: &Part<'_>, key: &'static str, findings: &mut Findings) -> Box<[Group]> {
    let mut groups = Vec::new();
    for text in part.list(key) {
        match text.parse() {
            Ok(group) => groups.push(group),
            Err(error) => {
                findings.push(part.error("config.value_invalid", key, &format!("`{text}`: {error}."), "staff"));
            }
        }
    }
    groups.into()
}

fn read_identity(part: &Part<'_>, findings: &mut Findings) -> IdentityNames {
    let mut read = |key: &'static str, default: HeaderName| {
        let Some(text) = part.text(key) else { return default };
        let name = HeaderName::from_bytes(text.as_bytes()).ok().filter(|name| !is_taken(name));
        name.unwrap_or_else(|| {
            let why = "It is no header name that can tell an app who asks.";
            findings.push(part.error("config.value_invalid", key, why, default.as_str()));
            default
        })
    };
    let names = IdentityNames {
        user: read("app.user_header", HeaderName::from_static("remote-user")),
        groups: read("app.groups_header", HeaderName::from_static("remote-groups")),
        name: read("app.name_header", HeaderName::from_static("remote-name")),
        email: read("app.email_header", HeaderName::from_static("remote-email")),
        user_value: if part.text("app.user_value").as_deref() == Some("id") { UserValue::Id } else { UserValue::Email },
    };
    let all = [
        ("app.user_header", &names.user),
        ("app.groups_header", &names.groups),
        ("app.name_header", &names.name),
        ("app.email_header", &names.email),
    ];
    // Some apps read `.` as `-`, so the two are one name here.
    let spelled = |name: &HeaderName| name.as_str().replace('.', "-");
    for (at, (key, name)) in all.iter().enumerate() {
        if all[..at].iter().any(|(_, other)| spelled(other) == spelled(name)) {
            let why = format!("`{name}` stands for two things, and one of them would overwrite the other.");
            let usual = key.trim_start_matches("app.").trim_end_matches("_header");
            findings.push(part.error("config.conflict", key, &why, &format!("remote-{usual}")));
        }
    }
    names
}

/// Headers that mean something else already, and names with `_`, which many apps cannot tell from `-`.
fn is_taken(name: &HeaderName) -> bool {
    use http::header as field;
    let fixed = [
        field::HOST,
        field::COOKIE,
        field::CONTENT_LENGTH,
        field::TRANSFER_ENCODING,
        field::CONNECTION,
        field::UPGRADE,
        field::TE,
        field::TRAILER,
        field::CONTENT_TYPE,
        field::EXPECT,
    ];
    fixed.contains(name)
        || name.as_str().contains('_')
        || ["remote-acr", "remote-amr", "remote-auth-time"].contains(&name.as_str())
        || ["x-doorward-", "x-forwarded-"].iter().any(|own| name.as_str().starts_with(own))
}
