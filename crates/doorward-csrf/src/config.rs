//! The builder: what was written, checked as a whole, becomes a [`Csrf`].

use std::time::Duration;

use http::HeaderName;

use crate::cookie::CookieNames;
use crate::csrf::{Csrf, Policy, Rules};
use crate::key::{KeyRing, SecretKey};
use crate::option::{Mode, Rotate, Unproven};
use crate::pattern::{Exemption, HostPattern, OriginPattern, PathPattern};
use crate::problem::{ConfigError, Problem, Problems};

/// Everything that can be configured, under the names that the `[csrf]` section of Doorward uses too.
#[derive(Debug, Clone)]
pub struct Builder {
    secret_keys: Vec<SecretKey>,
    cookie_name: String,
    bind_cookie_name: String,
    cookie_domain: Option<String>,
    header_name: String,
    field_name: String,
    token_path: String,
    session_paths: Vec<String>,
    exempt_paths: Vec<String>,
    trusted_origins: Vec<String>,
    public_origins: Vec<String>,
    allowed_hosts: Vec<String>,
    require_https: bool,
    max_age: Duration,
    skew: Duration,
    report_only: bool,
    policy: Policy,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            secret_keys: Vec::new(),
            cookie_name: "csrf_token".to_owned(),
            bind_cookie_name: "csrf_bind".to_owned(),
            cookie_domain: None,
            header_name: "X-CSRF-TOKEN".to_owned(),
            field_name: "csrf_token".to_owned(),
            token_path: "/api/v1/auth/csrf-token".to_owned(),
            session_paths: Vec::new(),
            exempt_paths: Vec::new(),
            trusted_origins: Vec::new(),
            public_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            require_https: true,
            max_age: Duration::from_hours(1),
            skew: Duration::from_mins(1),
            report_only: false,
            policy: Policy::default(),
        }
    }
}

fn owned(texts: impl IntoIterator<Item = impl Into<String>>) -> Vec<String> {
    texts.into_iter().map(Into::into).collect()
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident($value:ident: $type:ty) { $($path:ident).+ = $set:expr })*) => {
        $($(#[$doc])*
        #[must_use]
        pub fn $name(mut self, $value: $type) -> Self {
            self.$($path).+ = $set;
            self
        })*
    };
}

impl Builder {
    setters! {
        /// The keys: the first signs, all verify. At least one; see [`KeyRing`] for how to change keys.
        secret_keys(keys: impl IntoIterator<Item = SecretKey>) { secret_keys = keys.into_iter().collect() }
        /// The cookie that carries a token to scripts. Default `csrf_token`.
        cookie_name(name: impl Into<String>) { cookie_name = name.into() }
        /// The cookie that identifies a browser. Default `csrf_bind`. On https `__Host-Http-` stands before it, unless
        /// the name brings a prefix of its own, which is then left out on http.
        bind_cookie_name(name: impl Into<String>) { bind_cookie_name = name.into() }
        /// The Domain of the token cookie, for front ends on sibling hosts. Default none. Whether it is a public suffix,
        /// which browsers refuse, is for the caller to check: this crate carries no list of them.
        cookie_domain(domain: impl Into<String>) { cookie_domain = Some(domain.into()) }
        /// The header in which clients send the token. Default `X-CSRF-TOKEN`.
        header_name(name: impl Into<String>) { header_name = name.into() }
        /// The field in which forms without scripts send it. Default `csrf_token`.
        field_name(name: impl Into<String>) { field_name = name.into() }
        /// The path of the token endpoint. Default `/api/v1/auth/csrf-token`.
        token_path(path: impl Into<String>) { token_path = path.into() }
        /// The paths that create or raise a session, `{name}` standing for one segment. A bearer token does not
        /// excuse them.
        session_paths(paths: impl IntoIterator<Item = impl Into<String>>) { session_paths = owned(paths) }
        /// Exemptions, each a method (or `*`) and an exact path: `"POST /hooks/{name}"`.
        exempt_paths(paths: impl IntoIterator<Item = impl Into<String>>) { exempt_paths = owned(paths) }
        /// Origins whose pages may call this server: `https://app.example.com`, `https://*.example.com` (one label),
        /// `https://**.example.com` (any depth).
        trusted_origins(origins: impl IntoIterator<Item = impl Into<String>>) { trusted_origins = owned(origins) }
        /// The origins under which visitors reach this server, where it cannot see them itself. One alone stands for every
        /// request; of several, the one on the host of the request. They also decide the scheme, unless the caller of
        /// the rule gives it.
        public_origins(origins: impl IntoIterator<Item = impl Into<String>>) { public_origins = owned(origins) }
        /// The hosts this server answers to; any host where the list is empty. Stops DNS rebinding.
        allowed_hosts(hosts: impl IntoIterator<Item = impl Into<String>>) { allowed_hosts = owned(hosts) }
        /// Refuse unsafe requests over plain http. Default true.
        require_https(is_required: bool) { require_https = is_required }
        /// How long a token lives. Default one hour.
        max_age(age: Duration) { max_age = age }
        /// How far ahead the clock of another node may be. Default one minute.
        skew(skew: Duration) { skew = skew }
        /// Which layers a request must pass. Default [`Mode::Layered`].
        mode(mode: Mode) { policy.mode = mode }
        /// When answers carry a new token. Default [`Rotate::Aging`].
        rotate(rotate: Rotate) { policy.rotate = rotate }
        /// Report what would be refused and let it through. For a roll-out. Default false.
        report_only(is_report_only: bool) { report_only = is_report_only }
        /// What to do when no header says where a request comes from. Default [`Unproven::Token`].
        missing_provenance(choice: Unproven) { policy.missing_provenance = choice }
        /// What to do when the browser says that no page sent the request. Default [`Unproven::Token`].
        sfs_none(choice: Unproven) { policy.sfs_none = choice }
        /// Over https, refuse requests with neither Sec-Fetch-Site nor Origin. Default false.
        require_sfs(is_required: bool) { policy.require_sfs = is_required }
        /// Trust every sibling host and every port of this host. Default false.
        allow_same_site(is_allowed: bool) { policy.allow_same_site = is_allowed }
        /// Refuse a foreign-looking Origin even where Sec-Fetch-Site says same-origin. Default false.
        strict_origin(is_strict: bool) { policy.strict_origin = is_strict }
    }

    /// Checks everything and derives the keys.
    ///
    /// # Errors
    /// All problems at once; each is the operator's to mend.
    pub fn build(self) -> Result<Csrf, ConfigError> {
        let mut problems = Problems::default();
        self.check_keys(&mut problems);
        let names = self.cookie_names(&mut problems);
        let header = HeaderName::from_bytes(self.header_name.as_bytes());
        if header.is_err() {
            problems.add("config_header_name", "header_name", &self.header_name, "is not the name of a header field");
        } else if self.header_name.contains('_') {
            problems.add(
                "config_header_name",
                "header_name",
                &self.header_name,
                "holds an underscore, which nginx and Apache drop",
            );
        }
        if self.field_name.is_empty() {
            problems.add("config_field_name", "field_name", "", "is empty");
        }
        let whole = |duration: Duration| duration.as_secs();
        if whole(self.max_age) == 0 || whole(self.max_age) > 400 * 86_400 {
            problems.add(
                "config_max_age",
                "max_age",
                &format!("{:?}", self.max_age),
                "is not between one second and 400 days",
            );
        }
        if whole(self.skew) > 3600 {
            problems.add("config_skew", "skew", &format!("{:?}", self.skew), "is more than one hour");
        }
        let rules = self.rules(&mut problems);
        let ring = KeyRing::derive(&self.secret_keys);
        match (problems.into_vec(), header, ring) {
            (problems, Ok(header), Some(ring)) if problems.is_empty() => Ok(Csrf {
                ring,
                names,
                rules,
                policy: self.policy,
                header_text: self.header_name,
                header,
                field_name: self.field_name,
                token_path: self.token_path,
                require_https: self.require_https,
                report_only: self.report_only,
                max_age: whole(self.max_age),
                skew: whole(self.skew),
            }),
            (problems, ..) => Err(ConfigError { problems }),
        }
    }

    fn check_keys(&self, problems: &mut Problems) {
        if self.secret_keys.is_empty() {
            problems.push(
                Problem::new("config_secret_missing", "secret_keys", "", "there is no key")
                    .hint("make one with `openssl rand -base64 48` and give the same to every node"),
            );
        }
        for (at, key) in self.secret_keys.iter().enumerate() {
            let value = format!("kid {}", key.kid());
            if key.is_short() {
                problems.add("config_secret_short", "secret_keys", &value, "is shorter than 32 bytes");
            } else if key.is_uniform() {
                problems.add("config_secret_weak", "secret_keys", &value, "is one character repeated");
            }
            if self.secret_keys[..at].iter().any(|other| other.kid() == key.kid()) {
                problems.add("config_kid_duplicate", "secret_keys", &value, "is given to two keys");
            }
        }
    }

    fn rules(&self, problems: &mut Problems) -> Rules {
        if PathPattern::parse(&self.token_path).is_err() || self.token_path.contains('{') {
            problems.add("config_invalid_path", "token_path", &self.token_path, "is not an exact path");
        }
        let public_origins: Vec<OriginPattern> =
            problems.read("config_invalid_origin", "public_origins", &self.public_origins, OriginPattern::parse);
        for (pattern, text) in public_origins.iter().zip(&self.public_origins) {
            let is_web = pattern.as_exact().is_some_and(|origin| matches!(origin.scheme, "http" | "https"));
            if !is_web {
                problems.add("config_invalid_origin", "public_origins", text, "is not one http or https origin");
            }
        }
        Rules {
            public_origins,
            trusted_origins: problems.read(
                "config_invalid_origin",
                "trusted_origins",
                &self.trusted_origins,
                OriginPattern::parse,
            ),
            allowed_hosts: problems.read(
                "config_invalid_host",
                "allowed_hosts",
                &self.allowed_hosts,
                HostPattern::parse,
            ),
            session_paths: problems.read(
                "config_invalid_path",
                "session_paths",
                &self.session_paths,
                PathPattern::parse,
            ),
            exempt_paths: problems.read("config_invalid_path", "exempt_paths", &self.exempt_paths, Exemption::parse),
        }
    }

    fn cookie_names(&self, problems: &mut Problems) -> CookieNames {
        let base = ["__Host-Http-", "__Http-", "__Host-", "__Secure-"]
            .iter()
            .find_map(|prefix| self.bind_cookie_name.strip_prefix(prefix));
        let (bind_https, bind_http) = match base {
            Some(base) => (self.bind_cookie_name.clone(), base.to_owned()),
            None => (format!("__Host-Http-{}", self.bind_cookie_name), self.bind_cookie_name.clone()),
        };
        for (field, name) in [("cookie_name", self.cookie_name.as_str()), ("bind_cookie_name", &bind_http)] {
            if HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.add("config_cookie_name", field, name, "is not the name of a cookie");
            }
        }
        if [bind_https.as_str(), &bind_http].contains(&self.cookie_name.as_str()) {
            problems.add("config_cookie_name", "cookie_name", &self.cookie_name, "is the name of the bind cookie too");
        }
        let lower = self.cookie_name.to_ascii_lowercase();
        if lower.starts_with("__host-http-") || lower.starts_with("__http-") {
            problems.add(
                "config_cookie_name",
                "cookie_name",
                &self.cookie_name,
                "has a prefix that hides it from scripts",
            );
        } else if (lower.starts_with("__host-") || lower.starts_with("__secure-")) && !self.require_https {
            problems.add(
                "config_cookie_name",
                "cookie_name",
                &self.cookie_name,
                "has a prefix that needs Secure, and require_https is false",
            );
        }
        if lower.starts_with("__host-") && self.cookie_domain.is_some() {
            problems.add("config_cookie_name", "cookie_name", &self.cookie_name, "has a prefix that forbids a Domain");
        }
        CookieNames { token: self.cookie_name.clone(), bind_https, bind_http, domain: self.checked_domain(problems) }
    }

    fn checked_domain(&self, problems: &mut Problems) -> Option<String> {
        let text = self.cookie_domain.as_deref()?;
        let domain = text.strip_prefix('.').unwrap_or(text);
        let host = crate::origin::HostRef::parse(domain);
        if !host.is_some_and(crate::cookie::may_have_domain) {
            problems.add(
                "config_cookie_domain",
                "cookie_domain",
                text,
                "is localhost, an address, a single label or no domain, which browsers refuse",
            );
        }
        Some(domain.to_ascii_lowercase())
    }
}
