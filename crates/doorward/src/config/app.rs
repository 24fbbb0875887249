//! The sections `[[app]]`: what stands behind the login, under which host and path, and who may enter.

mod read;
mod written;

use std::time::Duration;

use doorward_core::Finding;
use doorward_core::app::Rules;
use doorward_core::factor::policy::Strictness;
use doorward_edge::path::EncodedSlash;
use doorward_edge::upstream::UpstreamUrl;
use http::HeaderName;

use super::Environment;
use super::check::Check;
use super::origin::PublicUrl;
use super::portal::Portal;
use super::registry::{Key, Kind};
use read::read;
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
        "app.second_factor",
        Kind::Bool,
        "false",
        "Whether only sessions with two factors may enter. A trusted device and a code by mail do not count.",
    ),
    Key::new(
        "app.fresh_factor",
        Kind::Duration,
        "",
        "A second factor must have been proven within this time; who comes later is asked once more and led back.",
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
    Key::new(
        "app.app_passwords",
        Kind::Bool,
        "false",
        "Whether clients that show no page may enter with an app password, as HTTP Basic or Bearer. Then a client that is no browser is asked for one.",
    ),
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
    Key::new("rule.second_factor", Kind::Bool, "", "As that of the app, for these paths. By default that of the app."),
    Key::new(
        "rule.fresh_factor",
        Kind::Duration,
        "",
        "As that of the app, for these paths. By default that of the app.",
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
    /// Whether app passwords open it.
    pub takes_app_passwords: bool,
}

impl AppConfig {
    /// The demo app, which stands behind the login where no app is configured.
    ///
    /// # Panics
    /// Never: an app of which nothing is written is in order.
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
        // An app that takes `/Wiki` for `/wiki` would open by the rules of the one what those of the other keep.
        let is_told_apart =
            |other: &AppConfig| other.upstream != app.upstream && other.path.eq_ignore_ascii_case(&app.path);
        let place = |other: &&AppConfig| {
            other.host == app.host
                && other.path.eq_ignore_ascii_case(&app.path)
                && (other.path == app.path || !is_told_apart(other))
        };
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

/// Refuses app passwords under the profile `strict`: one secret that a program keeps is one factor, and that profile
/// promises two wherever they are asked for.
pub(super) fn check_app_passwords(apps: &[AppConfig], strictness: Strictness, check: &mut Check<'_>) {
    for app in apps.iter().filter(|app| app.takes_app_passwords && strictness == Strictness::Strict) {
        let why =
            "An app password is one factor, and `profile = \"strict\"` of [second_factor] allows none in place of two.";
        let finding = Finding::error("config.conflict", format!("[[app]] {} app_passwords", app.name), why);
        check
            .findings
            .push(finding.with_remedy("app_passwords = false  # or profile = \"standard\" in [second_factor]"));
    }
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
