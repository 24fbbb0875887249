//! The section `[csrf]`: the fields of the builder of `doorward-csrf`, under the same names.

use std::path::PathBuf;
use std::time::Duration;

use doorward_core::Secret;
use doorward_csrf::{Builder, Mode, Rotate, SecretKey, Unproven};
use serde::Deserialize;

use super::Environment;
use super::check::{Check, holds_placeholder};
use super::domain;
use super::origin::{check_trusted, host_of_authority};
use super::registry::{Key, Kind};
use super::server::Server;
use super::source::read;

const UNPROVEN: Kind = Kind::Word(&["token", "deny", "allow"]);

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("csrf.secret_key", Kind::Text, "", "One secret of at least 32 bytes for the tokens; its number is 0, and it signs. By default one is made and kept in the data directory.").variable("CSRF_SECRET_KEY").secret(),
    Key::new("csrf.secret_keys", Kind::Keys, "", "Numbered key files. The first signs, unless `secret_key` is there; all verify."),
    Key::new("csrf.debug", Kind::Bool, "false", "Log what was derived for each request. In development on a loopback listener it opens the debug endpoint too.").variable("CSRF_DEBUG"),
    Key::new("csrf.cookie_name", Kind::Text, "csrf_token", "The cookie that carries a token to scripts.").restart(),
    Key::new("csrf.bind_cookie_name", Kind::Text, "csrf_bind", "The cookie that identifies a browser; `__Host-Http-` stands before it on https.").restart(),
    Key::new("csrf.header_name", Kind::Text, "X-CSRF-TOKEN", "The header in which clients send the token.").restart(),
    Key::new("csrf.field_name", Kind::Text, "csrf_token", "The field in which forms send the token.").restart(),
    Key::new("csrf.exempt_paths", Kind::List, "", "Exemptions, each a method and an exact path: `POST /hooks/{name}`."),
    Key::new("csrf.trusted_origins", Kind::List, "", "Origins whose pages may call Doorward with cookies, for CSRF and CORS alike: `https://app.example.com`, `https://*.example.com`.").variable("CORS_ALLOWED_ORIGINS"),
    Key::new("csrf.public_origins", Kind::List, "", "The origins under which visitors reach Doorward. By default `server.public_url`, where no trusted proxy says it."),
    Key::new("csrf.allowed_hosts", Kind::List, "", "The hosts that Doorward answers to. By default those of `public_url`, `domain`, `portal.host`, the apps and the listeners."),
    Key::new("csrf.require_https", Kind::Bool, "", "Refuse unsafe requests over plain http. By default true in production."),
    Key::new("csrf.max_age", Kind::Duration, "1h", "How long a token lives."),
    Key::new("csrf.skew", Kind::Duration, "1m", "How far ahead the clock of another node may be."),
    Key::new("csrf.mode", Kind::Word(&["layered", "headers_or_token", "headers_only"]), "layered", "Which layers a request must pass."),
    Key::new("csrf.rotate", Kind::Word(&["always", "aging", "never"]), "aging", "When answers carry a new token."),
    Key::new("csrf.report_only", Kind::Bool, "false", "Report what would be refused, and let it through. Only for a roll-out."),
    Key::new("csrf.missing_provenance", UNPROVEN, "token", "What decides when no header says where a request comes from."),
    Key::new("csrf.sfs_none", UNPROVEN, "token", "What decides when the browser says that no page sent the request."),
    Key::new("csrf.require_sfs", Kind::Bool, "false", "Over https, refuse requests with neither Sec-Fetch-Site nor Origin."),
    Key::new("csrf.allow_same_site", Kind::Bool, "false", "Trust every sibling host and every port of this host."),
    Key::new("csrf.strict_origin", Kind::Bool, "false", "Refuse a foreign-looking Origin even where Sec-Fetch-Site says same-origin."),
];

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawKey {
    kid: u8,
    file: String,
}

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    secret_key: Option<Secret>,
    secret_keys: Option<Vec<RawKey>>,
    debug: Option<bool>,
    cookie_name: Option<String>,
    bind_cookie_name: Option<String>,
    header_name: Option<String>,
    field_name: Option<String>,
    exempt_paths: Option<Vec<String>>,
    trusted_origins: Option<Vec<String>>,
    public_origins: Option<Vec<String>>,
    allowed_hosts: Option<Vec<String>>,
    require_https: Option<bool>,
    max_age: Option<u32>,
    skew: Option<u32>,
    mode: Option<String>,
    rotate: Option<String>,
    report_only: Option<bool>,
    missing_provenance: Option<String>,
    sfs_none: Option<String>,
    require_sfs: Option<bool>,
    allow_same_site: Option<bool>,
    strict_origin: Option<bool>,
}

/// As meant.
#[derive(Debug, Clone)]
pub struct Csrf {
    /// Whether details are logged, and the debug endpoint opened where that is safe.
    pub debug: bool,
    /// Origins whose pages may call Doorward with cookies. CORS answers from the same list.
    pub trusted_origins: Vec<String>,
    /// The hosts that Doorward answers to.
    pub allowed_hosts: Vec<String>,
    /// Whether unsafe requests over plain http are refused.
    pub require_https: bool,
    /// Whether the operator gave keys; otherwise the program's own are passed to [`Csrf::builder`].
    pub has_own_keys: bool,
    /// The header that carries tokens.
    pub header_name: String,
    builder: Builder,
}

impl Csrf {
    /// A builder with everything of this section. The caller adds `session_paths` and `token_path` from its routes,
    /// and `secret_keys` where [`Self::has_own_keys`] is false.
    #[must_use]
    pub fn builder(&self) -> Builder {
        self.builder.clone()
    }
}

impl Raw {
    pub(super) fn check(
        self,
        environment: Environment,
        server: &Server,
        others: &[String],
        check: &mut Check<'_>,
    ) -> Csrf {
        let keys = self.read_keys(check);
        let trusted_origins = read_origins("csrf.trusted_origins", self.trusted_origins.as_deref(), check);
        if environment == Environment::Production {
            warn_of_loopback(&trusted_origins, check);
        }
        // An empty list, as an unset variable of a compose file makes it, must not mean every host: links are
        // written with the host of the request where there is no public URL.
        let written_hosts = trimmed(self.allowed_hosts.as_deref()).filter(|hosts| !hosts.is_empty());
        let allowed_hosts = written_hosts.unwrap_or_else(|| {
            let mut hosts = server.hosts();
            for host in others {
                if !hosts.contains(host) {
                    hosts.push(host.clone());
                }
            }
            hosts
        });
        let public_origins = self.public_origins.as_deref().map_or_else(
            || default_public_origins(server, others),
            |written| read_origins("csrf.public_origins", Some(written), check),
        );
        let is_required = environment == Environment::Production && !server.insecure_allow_http;
        let require_https = self.require_https.unwrap_or(is_required);
        if is_required && !require_https {
            let path = "csrf.require_https";
            let why = "Production requires HTTPS; without it a password can be read on the way.";
            let finding = check.error("config.insecure_public", path, why).with_remedy(check.line(path, "true"));
            check.report(finding);
        }
        self.weakening(check);
        let builder = self
            .builder()
            .trusted_origins(&trusted_origins)
            .public_origins(public_origins)
            .allowed_hosts(&allowed_hosts)
            .require_https(require_https);
        let has_own_keys = !keys.is_empty();
        try_building(builder.clone(), &keys, check);
        Csrf {
            debug: self.debug.unwrap_or(false),
            trusted_origins,
            allowed_hosts,
            require_https,
            has_own_keys,
            header_name: self.header_name.unwrap_or_else(|| "X-CSRF-TOKEN".to_owned()),
            builder: if has_own_keys { builder.secret_keys(keys) } else { builder },
        }
    }

    /// Everything that the section hands on as it is written.
    fn builder(&self) -> Builder {
        fn word<T: std::str::FromStr + Default>(written: Option<&String>) -> T {
            // The registry lets only the right words through; a test compares both lists.
            written.and_then(|word| word.parse().ok()).unwrap_or_default()
        }
        let mut builder = Builder::default()
            .exempt_paths(trimmed(self.exempt_paths.as_deref()).unwrap_or_default())
            .max_age(Duration::from_secs(u64::from(self.max_age.unwrap_or(3_600))))
            .skew(Duration::from_secs(u64::from(self.skew.unwrap_or(60))))
            .mode(word::<Mode>(self.mode.as_ref()))
            .rotate(word::<Rotate>(self.rotate.as_ref()))
            .missing_provenance(word::<Unproven>(self.missing_provenance.as_ref()))
            .sfs_none(word::<Unproven>(self.sfs_none.as_ref()))
            .report_only(self.report_only.unwrap_or(false))
            .require_sfs(self.require_sfs.unwrap_or(false))
            .allow_same_site(self.allow_same_site.unwrap_or(false))
            .strict_origin(self.strict_origin.unwrap_or(false));
        if let Some(name) = &self.cookie_name {
            builder = builder.cookie_name(name);
        }
        if let Some(name) = &self.bind_cookie_name {
            builder = builder.bind_cookie_name(name);
        }
        if let Some(name) = &self.header_name {
            builder = builder.header_name(name);
        }
        if let Some(name) = &self.field_name {
            builder = builder.field_name(name);
        }
        builder
    }

    fn read_keys(&self, check: &mut Check<'_>) -> Vec<SecretKey> {
        let mut keys = Vec::new();
        if let Some(secret) = &self.secret_key {
            keys.extend(read_key(0, secret.expose_secret(), "csrf.secret_key", check));
        }
        for key in self.secret_keys.iter().flatten() {
            let path: PathBuf = check.file("csrf.secret_keys", &key.file);
            match read(&path, "csrf.secret_keys") {
                Ok(text) => {
                    check.findings.extend(super::permission::readable_by_others(&path, "csrf.secret_keys"));
                    keys.extend(read_key(key.kid, text.trim_end(), "csrf.secret_keys", check));
                }
                Err(finding) => check.report(*finding),
            }
        }
        keys
    }

    /// What is written on purpose and weakens the protection is said once more.
    fn weakening(&self, check: &mut Check<'_>) {
        let mut warn = |is_on: bool, path: &str, why: &str| {
            if is_on {
                let finding = check.warning("config.csrf_weakened", path, why).with_remedy(check.line(path, "false"));
                check.report(finding);
            }
        };
        warn(self.report_only == Some(true), "csrf.report_only", "Forged requests are let through and only reported.");
        warn(
            self.allow_same_site == Some(true),
            "csrf.allow_same_site",
            "Every sibling host and every port of this host can act for a signed-in user.",
        );
    }
}

fn trimmed(texts: Option<&[String]>) -> Option<Vec<String>> {
    Some(texts?.iter().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).collect())
}

/// Where no trusted proxy says under which scheme people came, the public URL does, for itself and for the apps.
fn default_public_origins(server: &Server, others: &[String]) -> Vec<String> {
    // Where TLS is spoken here, each connection shows it.
    let is_silent = server.trusted_proxies.is_empty() && !server.speaks_tls();
    let url = server.public_url.as_ref().filter(|url| url.is_https() && is_silent);
    let Some(url) = url else { return Vec::new() };
    let beside = others.iter().filter(|host| *host != url.host()).filter_map(|host| url.with_host(host));
    std::iter::once(url.origin()).chain(beside.map(|url| url.origin())).collect()
}

fn read_key(kid: u8, secret: &str, path: &str, check: &mut Check<'_>) -> Option<SecretKey> {
    // A key of its own form reaches no further check, so that one mistake is one finding.
    let (code, why) = if holds_placeholder(secret) {
        ("config.secret_placeholder", "It is a placeholder that somebody was meant to replace.")
    } else if secret.len() < doorward_csrf::MIN_SECRET_BYTES {
        ("config.secret_short", "It is shorter than 32 bytes and could be guessed.")
    } else {
        return Some(SecretKey::new(kid, secret));
    };
    let value = format!("kid {kid}, {} bytes", secret.len());
    let remedy =
        if path == "csrf.secret_key" { make_secret(path, check) } else { "openssl rand -base64 48 > FILE".to_owned() };
    let finding = check.error(code, path, why).with_value(value).with_remedy(remedy);
    check.report(finding);
    None
}

/// Neither `.env` nor the file runs a command, so the command and the line stand apart.
pub(super) fn make_secret(path: &str, check: &Check<'_>) -> String {
    format!("openssl rand -base64 48  # and put its output here: {}", check.line(path, "…"))
}

fn read_origins(path: &str, written: Option<&[String]>, check: &mut Check<'_>) -> Vec<String> {
    let written = trimmed(written).unwrap_or_default();
    let mut origins = Vec::with_capacity(written.len());
    // The line to write holds the whole list, with every entry that can be mended mended.
    let mended: Vec<String> = written
        .iter()
        .filter_map(|text| check_trusted(text).map_or_else(|problem| problem.instead, |_| Some(text.clone())))
        .collect();
    for text in written {
        match check_trusted(&text) {
            Ok(_) => origins.push(text.clone()),
            Err(problem) => {
                let line = if mended.is_empty() { "https://app.example.com".to_owned() } else { mended.join(",") };
                let finding =
                    check.error(problem.code, path, problem.why).with_value(&text).with_remedy(check.line(path, &line));
                check.report(finding);
            }
        }
    }
    origins
}

/// A page on a visitor's own machine is no front end of a production server.
fn warn_of_loopback(origins: &[String], check: &mut Check<'_>) {
    let path = "csrf.trusted_origins";
    let is_near = |origin: &&String| {
        let authority = origin.split_once("://").map_or(origin.as_str(), |(_, rest)| rest);
        domain::is_loopback(host_of_authority(authority))
    };
    let (near, far): (Vec<&String>, Vec<&String>) = origins.iter().partition(is_near);
    if near.is_empty() {
        return;
    }
    let join = |list: &[&String]| list.iter().map(|origin| origin.as_str()).collect::<Vec<_>>().join(",");
    let why = "Any program on a visitor's own machine could serve a page there and act for the visitor; in production nobody's front end is on localhost.";
    let finding = check
        .warning("config.origin_loopback", path, why)
        .with_value(join(&near))
        .with_remedy(check.line(path, &join(&far)));
    check.report(finding);
}

/// The library has the last word about what it will be built from.
fn try_building(builder: Builder, keys: &[SecretKey], check: &mut Check<'_>) {
    // Any key of full length stands in for the one that the program makes itself.
    let stand_in = [SecretKey::new(0, *b"only for checking all the others")];
    let Err(error) = builder.secret_keys(if keys.is_empty() { &stand_in[..] } else { keys }.iter().cloned()).build()
    else {
        return;
    };
    for problem in error.problems {
        let Some(key) = KEYS.iter().find(|key| key.parts().1 == problem.field) else { continue };
        let subject = check.subject(key.path);
        let is_known =
            check.findings.iter().any(|finding| finding.subject == subject && finding.value == problem.value);
        if !is_known {
            let why = format!("It {}.", problem.why);
            let remedy = if key.default.is_empty() {
                "doorward config reference".to_owned()
            } else {
                check.line(key.path, key.default)
            };
            let finding =
                check.error(code_of(problem.code), key.path, why).with_value(problem.value).with_remedy(remedy);
            check.report(finding);
        }
    }
}

fn code_of(code: &str) -> &'static str {
    match code {
        "config_secret_short" => "config.secret_short",
        "config_secret_weak" => "config.secret_placeholder",
        "config_kid_duplicate" => "config.csrf_kid_duplicate",
        "config_invalid_origin" => "config.origin_invalid",
        "config_invalid_host" => "config.csrf_host",
        "config_invalid_path" => "config.csrf_path",
        "config_cookie_name" => "config.csrf_cookie_name",
        "config_header_name" => "config.csrf_header_name",
        "config_field_name" => "config.csrf_field_name",
        _ => "config.value_invalid",
    }
}
