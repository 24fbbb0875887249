//! The sections `[[app]]`: what stands behind the login, under which host and path, and who may enter.

mod written;

use std::time::Duration;

use doorward_core::Finding;
use doorward_core::app::{Entry, Pattern, Rule, Rules};
use doorward_core::user::Group;
use doorward_edge::path::EncodedSlash;
use doorward_edge::upstream::UpstreamUrl;
use http::HeaderName;

use super::Environment;
use super::check::Check;
use super::domain::host_name;
use super::origin::PublicUrl;
use super::portal::Portal;
use super::registry::{Key, Kind};
pub(super) use written::{Part, WrittenApp, from_file, from_variables, is_variable};

/// The keys of one app.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "app.name",
        Kind::Text,
        "",
        "What it is called: on pages, in logs, and as the audience of `X-Doorward-Jwt`. Letters, digits, `-` and `_`. By default made of host and path.",
    ),
    Key::new(
        "app.host",
        Kind::Text,
        "",
        "The host under which browsers reach it, without scheme and port. By default the host of the pages.",
    ),
    Key::new("app.path", Kind::Text, "/", "The path below which it is. The app gets the whole path."),
    Key::new(
        "app.upstream",
        Kind::Text,
        "",
        "Where the app itself listens: `http://127.0.0.1:3000` or `unix:/run/app.sock`. Without it the app is reached through another proxy, which asks by forward auth.",
    ),
    Key::new("app.public_paths", Kind::List, "", "Paths that everybody may see: `/robots.txt`, `/static/*`."),
    Key::new(
        "app.groups",
        Kind::List,
        "",
        "Only members of one of these groups may enter. By default everybody who is signed in.",
    ),
    Key::new(
        "app.csrf",
        Kind::Word(&["provenance", "off", "token"]),
        "provenance",
        "What keeps forged requests from the app: the headers that browsers send (`provenance`), the same and a token of ours (`token`), or only the app itself (`off`).",
    ),
    Key::new(
        "app.encoded_slash",
        Kind::Word(&["refuse", "keep"]),
        "refuse",
        "What becomes of `%2F` in a path: refused, or forwarded byte for byte.",
    ),
    Key::new("app.timeout", Kind::Duration, "60s", "How long the app may take until its answer begins."),
    Key::new("app.idle_timeout", Kind::Duration, "30s", "How long either side may be silent in the middle of a body."),
    Key::new(
        "app.body_limit",
        Kind::Size,
        "",
        "The largest body that is forwarded. By default there is no limit: nothing is kept in memory.",
    ),
    Key::new(
        "app.user_header",
        Kind::Text,
        "Remote-User",
        "The header that tells the app who it is: the e-mail address, or the id with `user_value`.",
    ),
    Key::new("app.user_value", Kind::Word(&["email", "id"]), "email", "What `user_header` holds."),
    Key::new("app.groups_header", Kind::Text, "Remote-Groups", "The header with the groups, separated by commas."),
    Key::new("app.name_header", Kind::Text, "Remote-Name", "The header with the name."),
    Key::new("app.email_header", Kind::Text, "Remote-Email", "The header with the e-mail address."),
    Key::new("app.jwt", Kind::Bool, "true", "Whether `X-Doorward-Jwt` is sent: the same, signed."),
];

/// The keys of one rule of an app.
pub(super) const RULE_KEYS: &[Key] = &[
    Key::new("rule.paths", Kind::List, "", "What it is for: `/admin/*`. By default every path."),
    Key::new(
        "rule.methods",
        Kind::List,
        "",
        "The methods that it is for. `GET` is for `HEAD` too. By default every method.",
    ),
    Key::new(
        "rule.access",
        Kind::Word(&["groups", "signed_in", "public", "deny"]),
        "",
        "Who may enter: members of `groups`, whoever is signed in, everybody, nobody.",
    ),
    Key::new("rule.groups", Kind::List, "", "The groups of `access = \"groups\"`, which then need not be written."),
];

/// What keeps forged requests from an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AppCsrf {
    /// Where a request comes from, as the browser says it.
    Provenance,
    /// The app itself.
    Off,
    /// Provenance and a token of ours.
    Token,
}

/// What `Remote-User` holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserValue {
    /// The e-mail address.
    Email,
    /// The id of the account, which never changes.
    Id,
}

/// The names of the headers that tell an app who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityNames {
    /// Who: see [`UserValue`].
    pub user: HeaderName,
    /// The groups.
    pub groups: HeaderName,
    /// The name.
    pub name: HeaderName,
    /// The address.
    pub email: HeaderName,
    /// What the first holds.
    pub user_value: UserValue,
}

/// One app, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConfig {
    /// Its name; unique.
    pub name: Box<str>,
    /// Its host, lower case, without port; nothing for the host of the pages.
    pub host: Option<Box<str>>,
    /// The path below which it is: `/`, or without a slash at the end.
    pub path: Box<str>,
    /// Where it listens; nothing where only forward auth asks about it.
    pub upstream: Option<UpstreamUrl>,
    /// Who may enter where.
    pub rules: Rules,
    /// What keeps forged requests out.
    pub csrf: AppCsrf,
    /// What becomes of `%2F`.
    pub encoded_slash: EncodedSlash,
    /// Until the answer begins.
    pub timeout: Duration,
    /// Between two pieces of a body.
    pub idle_timeout: Duration,
    /// Bytes of the largest body.
    pub body_bytes: Option<u64>,
    /// Who asks, in which headers.
    pub identity: IdentityNames,
    /// Whether the signed identity is sent.
    pub has_jwt: bool,
}

impl AppConfig {
    /// The demo app, which stands behind the login where no app is configured.
    #[must_use]
    pub fn demo() -> Self {
        let nothing = WrittenApp::default();
        let part = Part::of_app(&nothing, 0);
        let demo = read(&part, &mut Vec::new()).expect("an app of which nothing is written is in order");
        Self { name: "demo".into(), path: "/demo".into(), ..demo }
    }
}

/// Checks every app, and that no two are in the same place.
pub(super) fn check(check: &mut Check<'_>) -> Vec<AppConfig> {
    let written = &check.written.apps;
    let mut apps: Vec<AppConfig> = Vec::with_capacity(written.len());
    for (index, app) in written.iter().enumerate() {
        let findings = &mut check.findings;
        let read = read(&Part::of_app(app, index), findings);
        if let Some(app) = read {
            apps.push(app);
        }
    }
    for (at, app) in apps.iter().enumerate() {
        let place = |other: &&AppConfig| other.host == app.host && other.path == app.path;
        if let Some(other) = apps[..at].iter().find(place) {
            let why = format!("`{}` and `{}` are in the same place.", other.name, app.name);
            check.findings.push(
                Finding::error("config.app_overlap", format!("[[app]] {}", app.name), why)
                    .with_remedy("path = \"/other\"  # in one of them"),
            );
        }
        if apps[..at].iter().any(|other| other.name == app.name) {
            check.findings.push(
                Finding::error("config.conflict", format!("[[app]] {}", app.name), "Two apps have this name.")
                    .with_remedy(format!("name = \"{}-2\"  # in one of them", app.name)),
            );
        }
    }
    apps
}

/// Says which apps share the host of the pages, and what that means.
pub(super) fn warn_of_neighbours(
    apps: &[AppConfig],
    environment: Environment,
    portal: &Portal,
    public: Option<&PublicUrl>,
    check: &mut Check<'_>,
) {
    let is_shared =
        |app: &&AppConfig| app.host.as_deref().is_none_or(|host| public.is_some_and(|url| url.host() == host));
    for app in apps.iter().filter(is_shared) {
        let subject = format!("[[app]] {}", app.name);
        if *app.path == *"/" && portal.prefix.is_none() {
            let why = "On the host that it shares with the pages, `/api/v1`, `/api/authz`, `/health` and `/.well-known/jwks.json` are Doorward's and never reach this app.";
            let finding = Finding::warning("config.app_overlap", subject.clone(), why);
            check.report(finding.with_remedy("prefix = \"/.doorward\"  # in [portal]"));
        }
        if environment == Environment::Production {
            let why =
                "Its scripts run under the origin of the account pages, and can act there for whoever is signed in.";
            let finding = Finding::warning("config.app_shared_origin", subject, why);
            check.report(finding.with_remedy("host = \"app.example.com\"  # in this [[app]]"));
        }
    }
}

fn read(part: &Part<'_>, findings: &mut Vec<Finding>) -> Option<AppConfig> {
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
        rules.push(Rule { paths: public, methods: Vec::new(), entry: Entry::Public });
    }
    let groups = read_groups(part, "app.groups", findings);
    let otherwise = if groups.is_empty() { Entry::SignedIn } else { Entry::Groups(groups) };
    Rules { rules, otherwise }
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
    Rule { paths: read_patterns(part, "rule.paths", findings), methods, entry }
}

fn read_patterns(part: &Part<'_>, key: &'static str, findings: &mut Findings) -> Vec<Pattern> {
    let mut patterns = Vec::new();
    for text in part.list(key) {
        match text.parse() {
            Ok(pattern) => patterns.push(pattern),
            Err(error) => {
                findings.push(part.error("config.value_invalid", key, &format!("`{text}`: {error}."), "/static/*"))
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
                findings.push(part.error("config.value_invalid", key, &format!("`{text}`: {error}."), "staff"))
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
    IdentityNames {
        user: read("app.user_header", HeaderName::from_static("remote-user")),
        groups: read("app.groups_header", HeaderName::from_static("remote-groups")),
        name: read("app.name_header", HeaderName::from_static("remote-name")),
        email: read("app.email_header", HeaderName::from_static("remote-email")),
        user_value: if part.text("app.user_value").as_deref() == Some("id") { UserValue::Id } else { UserValue::Email },
    }
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
        || ["x-doorward-", "x-forwarded-"].iter().any(|own| name.as_str().starts_with(own))
}
