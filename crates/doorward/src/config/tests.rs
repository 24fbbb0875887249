//! Tests of the configuration as a whole: every finding, precedence, and the registry against the sections.

use std::collections::BTreeSet;
use std::path::Path;

use doorward_core::{Severity, reason};
use serde::Deserialize;
use serde::de::{self, Visitor};

use super::*;

mod passkeys;
mod tls;

/// A working directory with files, and an environment.
struct Case {
    directory: tempfile::TempDir,
    environment: Vec<(String, String)>,
    flags: Flags,
}

impl Case {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), environment: Vec::new(), flags: Flags::default() }
    }

    fn file(self, name: &str, text: &str) -> Self {
        std::fs::write(self.path().join(name), text).unwrap();
        self
    }

    fn toml(self, text: &str) -> Self {
        self.file("doorward.toml", text)
    }

    fn env(mut self, text: &str) -> Self {
        for line in text.lines() {
            let (name, value) = line.trim().split_once('=').unwrap();
            self.environment.push((name.to_owned(), value.to_owned()));
        }
        self
    }

    fn listen(mut self, address: &str) -> Self {
        self.flags.listen.push(address.to_owned());
        self
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn inputs(&self) -> Inputs {
        Inputs {
            flags: Flags { data: Some("data".into()), ..self.flags.clone() },
            environment: self.environment.clone().into_iter().collect(),
            cwd: self.path().to_owned(),
            system: self.path().join("etc"),
        }
    }

    fn load(&self) -> Result<Loaded, Vec<Finding>> {
        Config::load(&self.inputs())
    }

    fn config(&self) -> Config {
        self.load().map_or_else(|findings| panic!("{findings:#?}"), |loaded| loaded.config)
    }

    fn findings(&self) -> Vec<Finding> {
        self.load().map_or_else(|findings| findings, |loaded| loaded.findings)
    }

    /// Code, severity and subject of each finding.
    fn found(&self) -> Vec<(&'static str, Severity, String)> {
        self.findings().into_iter().map(|finding| (finding.code, finding.severity, finding.subject)).collect()
    }
}

const LONG: &str = "0123456789abcdef0123456789abcdefXY";

#[test]
fn nothing_written_is_local_development() {
    let case = Case::new();
    let loaded = case.load().unwrap();
    assert_eq!(loaded.findings, []);
    let config = loaded.config;
    assert_eq!(config.environment, Environment::Development);
    assert_eq!(config.public_url().origin(), "http://localhost:8000");
    assert!(!config.requires_https() && !config.csrf.has_own_keys);
    let listen: Vec<_> = config.server.listen.iter().map(|one| (one.address.to_string(), one.is_optional)).collect();
    assert_eq!(listen, [("127.0.0.1:8000".to_owned(), false), ("[::1]:8000".to_owned(), true)]);
    assert_eq!(config.csrf.allowed_hosts, ["localhost", "127.0.0.1", "[::1]"]);
    assert_eq!(config.store, Store::Sqlite(case.path().join("data/doorward.db")));
}

#[test]
fn the_dotenv_of_the_outage_needs_one_line() {
    let dotenv = "DOMAIN=login.example.com\nPOSTGRES_USER=app # the owner of the tables\n\
                  CORS_ALLOWED_ORIGINS=https://login.example.com,https://localhost,https://www.example.com\n";
    let case = Case::new().file(".env", dotenv);
    let findings = case.load().unwrap_err();
    let summary: Vec<_> =
        findings.iter().map(|finding| (finding.code, finding.severity, finding.remedy.as_str())).collect();
    assert_eq!(
        summary,
        [
            ("config.environment_unset", Severity::Error, "ENVIRONMENT=production"),
            (
                "config.origin_loopback",
                Severity::Warning,
                "CORS_ALLOWED_ORIGINS=https://login.example.com,https://www.example.com"
            ),
        ]
    );
    assert_eq!(findings[1].value, "https://localhost");
    let mended = Case::new().file(".env", &format!("{dotenv}ENVIRONMENT=production\n")).config();
    assert!(mended.requires_https());
    assert_eq!(mended.public_url().origin(), "https://login.example.com");
    let Store::Postgres(url) = mended.store else { panic!("PostgreSQL was asked for") };
    assert_eq!(url.expose_secret(), "postgres://localhost/?host=localhost&port=5432&user=app&dbname=app");
}

#[test]
fn what_can_be_reached_must_say_what_it_is() {
    for (name, case, is_reachable) in [
        ("a listener on every address", Case::new().listen("0.0.0.0:8000"), true),
        ("a listener on every IPv6 address", Case::new().listen("[::]:8000"), true),
        ("a second listener", Case::new().listen("127.0.0.1:8000").listen("192.0.2.1:8000"), true),
        ("a domain", Case::new().env("DOMAIN=example.com"), true),
        ("a domain that is refused", Case::new().env("DOMAIN=example.com:8000"), true),
        ("a public URL", Case::new().toml("[server]\npublic_url = \"https://login.example.com\""), true),
        ("a trusted proxy", Case::new().toml("[server]\ntrusted_proxies = [\"127.0.0.1\"]"), true),
        ("a portal host", Case::new().toml("[portal]\nhost = \"login.example.com\""), true),
        ("a public URL of this machine", Case::new().toml("[server]\npublic_url = \"http://localhost:8000\""), false),
        ("loopback listeners", Case::new().listen("127.0.0.2:8000").listen("[::1]:9000"), false),
        ("a trusted origin", Case::new().env("CORS_ALLOWED_ORIGINS=http://localhost:3000"), false),
    ] {
        let is_found = case.found().iter().any(|(code, ..)| *code == "config.environment_unset");
        assert_eq!(is_found, is_reachable, "{name}");
    }
}

/// One row: a name, what is written, and the finding that must be there.
struct Row {
    name: &'static str,
    toml: &'static str,
    env: &'static str,
    code: &'static str,
    severity: Severity,
    subject: &'static str,
    remedy: &'static str,
}

const fn row(name: &'static str, code: &'static str, subject: &'static str, remedy: &'static str) -> Row {
    Row { name, toml: "", env: "", code, severity: Severity::Error, subject, remedy }
}

impl Row {
    const fn toml(self, toml: &'static str) -> Self {
        Self { toml, ..self }
    }
    const fn env(self, env: &'static str) -> Self {
        Self { env, ..self }
    }
    const fn warns(self) -> Self {
        Self { severity: Severity::Warning, ..self }
    }
}

/// A production server that is well but for what a row adds.
const WELL: &str = "ENVIRONMENT=production\nDOORWARD_SERVER__PUBLIC_URL=https://login.example.com\nDOORWARD_SERVER__TRUSTED_PROXIES=127.0.0.1\n";

const ROWS: &[Row] = &[
    row("a misspelt key", "config.unknown_key", "server.lisen", "server.listen  # the nearest name that there is")
        .toml("[server]\nlisen = []"),
    row("a misspelt section", "config.unknown_key", "sever", "[server]  # the nearest name that there is")
        .toml("[sever]\nlisten = []"),
    row(
        "a key without its section",
        "config.unknown_key",
        "public_url",
        "server.public_url  # the nearest name that there is",
    )
    .toml("public_url = \"\""),
    row(
        "a key in the wrong section",
        "config.unknown_key",
        "session.public_url",
        "server.public_url  # the nearest name that there is",
    )
    .toml("[session]\npublic_url = \"\""),
    row("a key like nothing", "config.unknown_key", "server.xyzzyxyzzy", "doorward config reference")
        .toml("[server]\nxyzzyxyzzy = 1"),
    row("a misspelt variable", "config.unknown_variable", "DOORWARD_SERVER__LISEN", "DOORWARD_SERVER__LISTEN=…")
        .env("DOORWARD_SERVER__LISEN=x"),
    row("a variable with one underscore", "config.unknown_variable", "DOORWARD_PORTAL_HOST", "DOORWARD_PORTAL__HOST=…")
        .env("DOORWARD_PORTAL_HOST=x"),
    row("a password in a variable", "config.unknown_variable", "ADMIN_PASSWORD", "ADMIN_PASSWORD_FILE=/path/to/file")
        .env("ADMIN_PASSWORD=hunter2"),
    row("a word of the wrong kind", "config.value_invalid", "LOG_LEVEL", "LOG_LEVEL=info").env("LOG_LEVEL=loud"),
    row("a number for a text", "config.value_invalid", "server.domain", "domain = \"…\"  # in [server]")
        .toml("[server]\ndomain = 7"),
    row("a duration without sense", "config.value_invalid", "session.idle", "idle = \"1h\"  # in [session]")
        .toml("[session]\nidle = \"soon\""),
    row(
        "a size without sense",
        "config.value_invalid",
        "DOORWARD_SERVER__BODY_LIMIT",
        "DOORWARD_SERVER__BODY_LIMIT=64KiB",
    )
    .env("DOORWARD_SERVER__BODY_LIMIT=much"),
    row("a size beyond its type", "config.value_invalid", "[server]", "doorward config reference")
        .toml("[server]\nbody_limit = \"4000GiB\""),
    row(
        "a port without an address",
        "config.value_invalid",
        "server.listen",
        "listen = [\"127.0.0.1:8000\"]  # in [server]",
    )
    .toml("[server]\nlisten = [\"8000\"]"),
    row("a listener twice", "config.conflict", "server.listen", "listen = [\"127.0.0.1:1\"]  # in [server]")
        .toml("[server]\nlisten = [\"127.0.0.1:1\", \"127.0.0.1:1\"]"),
    row(
        "a proxy that is everybody",
        "config.value_invalid",
        "DOORWARD_SERVER__TRUSTED_PROXIES",
        "DOORWARD_SERVER__TRUSTED_PROXIES=192.0.2.10/32",
    )
    .env("DOORWARD_SERVER__TRUSTED_PROXIES=0.0.0.0/0"),
    row(
        "a block with bits behind it",
        "config.value_invalid",
        "DOORWARD_SERVER__TRUSTED_PROXIES",
        "DOORWARD_SERVER__TRUSTED_PROXIES=10.0.0.0/8",
    )
    .env("DOORWARD_SERVER__TRUSTED_PROXIES=10.1.2.3/8"),
    row(
        "metrics for everybody",
        "config.private_listen_open",
        "server.private_listen",
        "private_listen = \"127.0.0.1:9180\"  # in [server]",
    )
    .toml("[server]\nprivate_listen = \"0.0.0.0:9180\"")
    .warns(),
    row("a domain with a port", "config.domain_port", "DOMAIN", "DOMAIN=example.com").env("DOMAIN=example.com:8443"),
    row(
        "a domain that is an address",
        "config.domain_ip",
        "DOMAIN",
        "DOORWARD_SERVER__PUBLIC_URL=http://192.0.2.1:8000",
    )
    .env("DOMAIN=192.0.2.1"),
    row("a domain of one label", "config.domain_single_label", "DOMAIN", "DOMAIN=login.example.com")
        .env("DOMAIN=intranet"),
    row("localhost in production", "config.domain_single_label", "DOMAIN", "DOMAIN=login.example.com")
        .env("DOMAIN=localhost"),
    row("localhost in development", "config.domain_single_label", "DOMAIN", "# remove the line DOMAIN=localhost")
        .env("DOMAIN=localhost\nENVIRONMENT=development")
        .warns(),
    row("a public suffix", "config.cookie_domain_public_suffix", "DOMAIN", "DOMAIN=login.example.com")
        .env("DOMAIN=github.io"),
    row("a domain with a scheme", "config.value_invalid", "DOMAIN", "DOMAIN=example.com")
        .env("DOMAIN=https://example.com/"),
    row(
        "a shared cookie on a public suffix",
        "config.cookie_domain_public_suffix",
        "session.sso_domain",
        "sso_domain = \"example.com\"  # in [session]",
    )
    .toml("[session]\nsso_domain = \"co.uk\""),
    row(
        "a shared cookie on localhost",
        "config.domain_single_label",
        "session.sso_domain",
        "sso_domain = \"example.com\"  # in [session]",
    )
    .toml("[session]\nsso_domain = \"localhost\""),
    row(
        "a shared cookie with a port",
        "config.domain_port",
        "session.sso_domain",
        "sso_domain = \"example.com\"  # in [session]",
    )
    .toml("[session]\nsso_domain = \"example.com:443\""),
    row(
        "a shared cookie on an address",
        "config.domain_ip",
        "session.sso_domain",
        "sso_domain = \"example.com\"  # in [session]",
    )
    .toml("[session]\nsso_domain = \"10.0.0.1\""),
    row(
        "a public URL with a path",
        "config.origin_path",
        "DOORWARD_SERVER__PUBLIC_URL",
        "DOORWARD_SERVER__PUBLIC_URL=https://a.example.com",
    )
    .env("DOORWARD_SERVER__PUBLIC_URL=https://a.example.com/b"),
    row(
        "a public URL in clear",
        "config.https_required",
        "DOORWARD_SERVER__PUBLIC_URL",
        "DOORWARD_SERVER__PUBLIC_URL=https://a.example.com",
    )
    .env("DOORWARD_SERVER__PUBLIC_URL=http://a.example.com"),
    row(
        "a trusted origin with a path",
        "config.origin_path",
        "CORS_ALLOWED_ORIGINS",
        "CORS_ALLOWED_ORIGINS=https://a.example.com,https://b.example.com",
    )
    .env("CORS_ALLOWED_ORIGINS=https://a.example.com/,https://b.example.com"),
    row(
        "every origin",
        "config.origin_invalid",
        "CORS_ALLOWED_ORIGINS",
        "CORS_ALLOWED_ORIGINS=https://app.example.com",
    )
    .env("CORS_ALLOWED_ORIGINS=*"),
    row(
        "an origin without a scheme",
        "config.origin_invalid",
        "csrf.trusted_origins",
        "trusted_origins = [\"https://a.example.com\"]  # in [csrf]",
    )
    .toml("[csrf]\ntrusted_origins = [\"a.example.com\"]"),
    row(
        "an origin that only the library refuses",
        "config.origin_invalid",
        "CORS_ALLOWED_ORIGINS",
        "doorward config reference",
    )
    .env("CORS_ALLOWED_ORIGINS=https://a.example.com:99999"),
    row("an origin on localhost", "config.origin_loopback", "CORS_ALLOWED_ORIGINS", "CORS_ALLOWED_ORIGINS=")
        .env("CORS_ALLOWED_ORIGINS=http://[::1]:3000")
        .warns(),
    row(
        "a short secret",
        "config.secret_short",
        "CSRF_SECRET_KEY",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("CSRF_SECRET_KEY=ahd7ieKu"),
    row(
        "a placeholder secret",
        "config.secret_placeholder",
        "CSRF_SECRET_KEY",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("CSRF_SECRET_KEY=changeme"),
    row(
        "a long placeholder secret",
        "config.secret_placeholder",
        "CSRF_SECRET_KEY",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("CSRF_SECRET_KEY=your-secret-key-change-me-in-production"),
    row(
        "a command that nothing ran",
        "config.secret_placeholder",
        "CSRF_SECRET_KEY",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("CSRF_SECRET_KEY=$(openssl rand -base64 48 | tr -d x)"),
    row(
        "one letter many times",
        "config.secret_placeholder",
        "CSRF_SECRET_KEY",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("CSRF_SECRET_KEY=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
    row(
        "a placeholder for the database",
        "config.secret_placeholder",
        "POSTGRES_PASSWORD",
        "openssl rand -hex 24  # change it in PostgreSQL, and put its output here: POSTGRES_PASSWORD=…",
    )
    .env("POSTGRES_PASSWORD=changeme"),
    row(
        "nodes without a shared secret",
        "config.secret_missing",
        "csrf.secret_key",
        "openssl rand -base64 48  # and put its output here: CSRF_SECRET_KEY=…",
    )
    .env("POSTGRES_USER=app")
    .warns(),
    row("a key file that is not there", "config.file_unreadable", "csrf.secret_keys", "")
        .toml("[csrf]\nsecret_keys = [{ kid = 1, file = \"missing\" }]"),
    row("a file of a variable that is not there", "config.file_unreadable", "CSRF_SECRET_KEY_FILE", "")
        .env("CSRF_SECRET_KEY_FILE=missing"),
    row("a variable and its file", "config.conflict", "LOG_LEVEL", "unset LOG_LEVEL_FILE")
        .env("LOG_LEVEL=info\nLOG_LEVEL_FILE=level"),
    row("two names of one setting", "config.conflict", "LOG_LEVEL", "unset DOORWARD_LOG__LEVEL")
        .env("LOG_LEVEL=info\nDOORWARD_LOG__LEVEL=debug"),
    row(
        "two databases",
        "config.conflict",
        "DATABASE_URL",
        "# keep DATABASE_URL or the POSTGRES_ settings, and remove the other",
    )
    .env("DATABASE_URL=postgres://a:bcdefgh@db/c\nPOSTGRES_DB=d"),
    row(
        "a driver of another program",
        "config.value_invalid",
        "DATABASE_URL",
        "DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
    )
    .env("DATABASE_URL=postgresql+asyncpg://a:b@db/c"),
    row(
        "another kind of database",
        "config.value_invalid",
        "DATABASE_URL",
        "DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
    )
    .env("DATABASE_URL=mysql://a:b@db/c"),
    row(
        "an unescaped password",
        "config.value_invalid",
        "DATABASE_URL",
        "DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/NAME",
    )
    .env("DATABASE_URL=postgres://a:p/w#x@db:port/c"),
    row(
        "a database in memory",
        "config.value_invalid",
        "DATABASE_URL",
        "DATABASE_URL=sqlite:/var/lib/doorward/doorward.db",
    )
    .env("DATABASE_URL=sqlite::memory:"),
    row("Redis", "config.not_used", "REDIS_URL", "# remove REDIS_URL").env("REDIS_URL=redis://localhost").warns(),
    row("an app beside the pages", "config.app_overlap", "[[app]] a", "prefix = \"/.doorward\"  # in [portal]")
        .toml("[[app]]\nname = \"a\"")
        .env("ENVIRONMENT=development")
        .warns(),
    row(
        "an app on the origin of the pages",
        "config.app_shared_origin",
        "[[app]] a",
        "host = \"app.example.com\"  # in this [[app]]",
    )
    .toml("[portal]\nprefix = \"/.doorward\"\n[[app]]\nname = \"a\"")
    .env("ENVIRONMENT=production\nDOMAIN=example.com\nDOORWARD_SERVER__TRUSTED_PROXIES=10.0.0.7")
    .warns(),
    row("two headers of one name", "config.conflict", "[[app]] a email_header", "email_header = \"remote-email\"  # in [[app]] a")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\nuser_header = \"X-Mail\"\nemail_header = \"x.mail\"")
        .env("ENVIRONMENT=development"),
    row("a header that says how strongly", "config.value_invalid", "[[app]] a user_header", "user_header = \"remote-user\"  # in [[app]] a")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\nuser_header = \"Remote-Acr\"")
        .env("ENVIRONMENT=development"),
    row("two apps told apart by letter case", "config.app_overlap", "[[app]] b", "path = \"/other\"  # in one of them")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\npath = \"/Wiki\"\nupstream = \"http://127.0.0.1:3000\"\n[[app]]\nname = \"b\"\nhost = \"a.example.com\"\npath = \"/wiki\"\nupstream = \"http://127.0.0.1:3000\"")
        .env("ENVIRONMENT=development"),
    row("two apps in one place", "config.app_overlap", "[[app]] b", "path = \"/other\"  # in one of them")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\n[[app]]\nname = \"b\"\nhost = \"a.example.com\""),
    row("two apps of one name", "config.conflict", "[[app]] a", "name = \"a-2\"  # in one of them")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\n[[app]]\nname = \"a\"\nhost = \"b.example.com\""),
    row(
        "an app by TLS",
        "config.upstream_invalid",
        "[[app]] a upstream",
        "upstream = \"http://127.0.0.1:3000\"  # in [[app]] a",
    )
    .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\nupstream = \"https://127.0.0.1\""),
    row(
        "an app by a variable",
        "config.upstream_invalid",
        "DOORWARD_APP__0__UPSTREAM",
        "DOORWARD_APP__0__UPSTREAM=http://127.0.0.1:3000",
    )
    .env("DOORWARD_APP__0__HOST=a.example.com\nDOORWARD_APP__0__UPSTREAM=127.0.0.1"),
    row("a mistyped variable of an app", "config.unknown_variable", "DOORWARD_APP__0__UPSTRAEM", "")
        .env("DOORWARD_APP__0__UPSTRAEM=http://127.0.0.1"),
    row("a mistyped key of an app", "config.unknown_key", "app.upstraem", "upstream  # the nearest name that there is")
        .toml("[[app]]\nupstraem = \"http://127.0.0.1\""),
    row("an app in single brackets", "config.value_invalid", "[[app]]", "[[app]]").toml("[app]\nname = \"a\""),
    row("an app with a port", "config.value_invalid", "[[app]] a host", "host = \"app.example.com\"  # in [[app]] a")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com:443\""),
    row("an app in our place", "config.value_invalid", "[[app]] a path", "path = \"/wiki\"  # in [[app]] a")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\npath = \"/.doorward/x\""),
    row(
        "a header that means something else",
        "config.value_invalid",
        "[[app]] a user_header",
        "user_header = \"remote-user\"  # in [[app]] a",
    )
    .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\nuser_header = \"Cookie\""),
    row(
        "a rule for nobody in particular",
        "config.value_missing",
        "[[app.rule]] a groups",
        "groups = [\"admins\"]  # in [[app.rule]] a",
    )
    .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\n[[app.rule]]\npaths = [\"/x\"]"),
    row("a rule of two minds", "config.conflict", "[[app.rule]] a access", "access = \"groups\"  # in [[app.rule]] a")
        .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\n[[app.rule]]\naccess = \"public\"\ngroups = [\"a\"]"),
    row(
        "a pattern that cannot be",
        "config.value_invalid",
        "[[app]] a public_paths",
        "public_paths = [\"/static/*\"]  # in [[app]] a",
    )
    .toml("[[app]]\nname = \"a\"\nhost = \"a.example.com\"\npublic_paths = [\"/a*\"]"),
    row("a prefix that is none", "config.value_invalid", "portal.prefix", "prefix = \"/.doorward\"  # in [portal]")
        .toml("[portal]\nprefix = \"auth\""),
    row("a portal elsewhere", "config.conflict", "portal.host", "host = \"login.example.com\"  # in [portal]")
        .toml("[portal]\nhost = \"other.example.com\""),
    row(
        "a portal that is no host",
        "config.value_invalid",
        "portal.host",
        "host = \"login.example.com\"  # in [portal]",
    )
    .toml("[portal]\nhost = \"https://a.example.com\""),
    row("an idle time that is never reached", "config.conflict", "session.idle", "idle = \"1h\"  # in [session]")
        .toml("[session]\nidle = \"2h\"\nabsolute = \"1h\""),
    row("a session of a second", "config.value_invalid", "session.idle", "idle = \"12h\"  # in [session]")
        .toml("[session]\nidle = \"1s\""),
    row("short passwords", "config.password_length", "password.minimum_length", "minimum_length = 15  # in [password]")
        .toml("[password]\nminimum_length = 8")
        .warns(),
    row("too few passes for little memory", "config.value_invalid", "password.passes", "passes = 2  # in [password]")
        .toml("[password]\nhash = \"low-memory\"\npasses = 1"),
    row("a rotation without sense", "config.value_invalid", "log.rotation", "rotation = \"64MiB\"  # in [log]")
        .toml("[log]\nrotation = \"hourly\""),
    row("an administrator without an address", "config.value_invalid", "ADMIN_EMAIL", "ADMIN_EMAIL=ada@example.com")
        .env("ADMIN_EMAIL=admin"),
    row("a host that cannot be read", "config.csrf_host", "csrf.allowed_hosts", "doorward config reference")
        .toml("[csrf]\nallowed_hosts = [\"https://a.example.com\"]"),
    row(
        "everybody below a suffix",
        "config.origin_invalid",
        "csrf.trusted_origins",
        "trusted_origins = [\"https://app.example.com\"]  # in [csrf]",
    )
    .toml("[csrf]\ntrusted_origins = [\"https://*.co.uk\"]"),
    row("an exemption that is not exact", "config.csrf_path", "csrf.exempt_paths", "doorward config reference")
        .toml("[csrf]\nexempt_paths = [\"POST /hooks/*\"]"),
    row(
        "a header that proxies drop",
        "config.csrf_header_name",
        "csrf.header_name",
        "header_name = \"X-CSRF-TOKEN\"  # in [csrf]",
    )
    .toml("[csrf]\nheader_name = \"X_CSRF\""),
    row(
        "a field without a name",
        "config.csrf_field_name",
        "csrf.field_name",
        "field_name = \"csrf_token\"  # in [csrf]",
    )
    .toml("[csrf]\nfield_name = \"\""),
    row(
        "one name for two cookies",
        "config.csrf_cookie_name",
        "csrf.cookie_name",
        "cookie_name = \"csrf_token\"  # in [csrf]",
    )
    .toml("[csrf]\ncookie_name = \"csrf_bind\""),
    row("a token of no age", "config.value_invalid", "csrf.max_age", "max_age = \"1h\"  # in [csrf]")
        .toml("[csrf]\nmax_age = \"0s\""),
    row("reports only", "config.csrf_weakened", "csrf.report_only", "report_only = false  # in [csrf]")
        .toml("[csrf]\nreport_only = true")
        .warns(),
    row("siblings", "config.csrf_weakened", "csrf.allow_same_site", "allow_same_site = false  # in [csrf]")
        .toml("[csrf]\nallow_same_site = true")
        .warns(),
    row("no HTTPS in production", "config.insecure_public", "csrf.require_https", "require_https = true  # in [csrf]")
        .toml("[csrf]\nrequire_https = false"),
    row(
        "plain http on a public name",
        "config.insecure_public",
        "server.insecure_allow_http",
        "insecure_allow_http = false  # in [server]",
    )
    .toml("[server]\ninsecure_allow_http = true"),
    row(
        "plain http in a private network",
        "config.insecure_http",
        "DOORWARD_SERVER__INSECURE_ALLOW_HTTP",
        "DOORWARD_SERVER__INSECURE_ALLOW_HTTP=false",
    )
    .env("DOORWARD_SERVER__INSECURE_ALLOW_HTTP=1\nDOORWARD_SERVER__PUBLIC_URL=http://nas.local:8000")
    .warns(),
    row(
        "app passwords where two factors are promised",
        "config.conflict",
        "[[app]] dav app_passwords",
        "app_passwords = false  # or profile = \"standard\" in [second_factor]",
    )
    .toml("[second_factor]\nprofile = \"strict\"\n[[app]]\nname = \"dav\"\nhost = \"dav.example.com\"\napp_passwords = true"),
    row("broken TOML", "config.syntax", "doorward.toml:2", "").toml("[server]\nlisten = [\n"),
];

#[test]
fn every_mistake_has_its_finding_and_its_line() {
    let mut wrong = Vec::new();
    for row in ROWS {
        let mut case = Case::new().env(WELL.trim());
        for line in row.env.lines() {
            let name = line.split('=').next().unwrap();
            case.environment.retain(|(there, _)| there != name);
            case = case.env(line);
        }
        if !row.toml.is_empty() {
            case = case.toml(row.toml);
        }
        let findings = case.findings();
        let found: Vec<&Finding> = findings
            .iter()
            .filter(|finding| finding.code == row.code && finding.subject.ends_with(row.subject))
            .collect();
        let is_right = |found: &&Finding| {
            found.severity == row.severity
                && (row.remedy.is_empty() || found.remedy == row.remedy)
                && !found.why.is_empty()
                && !found.remedy.is_empty()
        };
        // Each mistake is one finding, not several, and an error stops the start.
        let count = findings.iter().filter(|other| other.subject.ends_with(row.subject)).count();
        let stops = case.load().is_err() == findings.iter().any(Finding::is_error);
        if found.len() != 1 || !found.iter().all(is_right) || count != 1 || !stops {
            wrong.push(format!("{}: {findings:#?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn findings_that_depend_on_who_can_reach_the_listener() {
    let production = || Case::new().env("ENVIRONMENT=production");
    for (name, case, code) in [
        (
            "plain http for everybody",
            production().env("DOMAIN=example.com").listen("0.0.0.0:8000"),
            "config.listen_public_http",
        ),
        ("no proxy", production().env("DOMAIN=example.com"), "config.proxy_missing"),
        ("no public address", production(), "config.public_url_missing"),
        (
            "development for everybody",
            Case::new().env("ENVIRONMENT=development").listen("0.0.0.0:8000"),
            "config.development_public",
        ),
        (
            "plain http at no known address",
            Case::new()
                .env("ENVIRONMENT=development\nDOORWARD_SERVER__INSECURE_ALLOW_HTTP=true")
                .listen("0.0.0.0:8000"),
            "config.public_url_missing",
        ),
        (
            "plain http on a public address",
            production().env("DOORWARD_SERVER__INSECURE_ALLOW_HTTP=true").listen("203.0.113.9:80"),
            "config.insecure_public",
        ),
    ] {
        let found = case.found();
        assert!(found.iter().any(|(found, ..)| *found == code), "{name}: {found:?}");
    }
    let behind =
        production().env("DOMAIN=example.com\nDOORWARD_SERVER__TRUSTED_PROXIES=10.0.0.7").listen("0.0.0.0:8000");
    assert_eq!(behind.findings(), []);
    // Its own address is one that people can type.
    let at_home = production().env("DOORWARD_SERVER__INSECURE_ALLOW_HTTP=true").listen("192.168.1.5:8000").found();
    assert!(at_home.iter().all(|(code, ..)| *code == "config.insecure_http"), "{at_home:?}");
}

#[test]
fn every_code_is_in_the_list_of_reasons_and_every_reason_is_found() {
    let sources = [
        include_str!("../config.rs"),
        include_str!("admin.rs"),
        include_str!("app.rs"),
        include_str!("app/read.rs"),
        include_str!("csrf.rs"),
        include_str!("domain.rs"),
        include_str!("exposure.rs"),
        include_str!("factor.rs"),
        include_str!("merge.rs"),
        include_str!("origin.rs"),
        include_str!("passkey.rs"),
        include_str!("password.rs"),
        include_str!("permission.rs"),
        include_str!("portal.rs"),
        include_str!("../node/factor.rs"),
        include_str!("server.rs"),
        include_str!("session.rs"),
        include_str!("source.rs"),
        include_str!("store.rs"),
        include_str!("log.rs"),
    ];
    let used: BTreeSet<&str> = sources
        .iter()
        .flat_map(|source| source.split('"'))
        .filter(|text| {
            text.strip_prefix("config.").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        })
        .collect();
    let listed: BTreeSet<&str> = reason::ALL
        .iter()
        .flat_map(|family| family.iter())
        .filter(|reason| reason.family() == "config")
        .map(|reason| reason.code)
        .collect();
    assert_eq!(used, listed);
}

#[test]
fn a_bad_line_of_dotenv_stops_the_start() {
    let case = Case::new().file(".env", "LOG_LEVEL=info\nnonsense\nLOG_LEVEL=debug\nENVIROMENT=production\n");
    let found = case.found();
    let codes: Vec<_> = found.iter().map(|(code, severity, _)| (*code, *severity)).collect();
    assert!(codes.contains(&("config.syntax", Severity::Error)), "{found:?}");
    assert!(codes.contains(&("config.conflict", Severity::Error)), "{found:?}");
    assert!(codes.contains(&("config.unknown_variable", Severity::Warning)), "{found:?}");
}

#[test]
fn a_refused_environment_is_not_asked_for_again() {
    for text in ["prod", "staging", "Development!"] {
        let case = Case::new().env(&format!("DOMAIN=example.com\nENVIRONMENT={text}"));
        let found = case.found();
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0, "config.value_invalid");
    }
    assert_eq!(Case::new().env("ENVIRONMENT=Development").config().environment, Environment::Development);
}

#[test]
fn a_file_that_is_named_must_be_there() {
    let mut case = Case::new();
    case.flags.config = Some("other.toml".into());
    case.flags.env_file = Some("other.env".into());
    let subjects: Vec<_> = case.found().into_iter().map(|(code, _, subject)| (code, subject)).collect();
    assert_eq!(
        subjects,
        [("config.file_unreadable", "doorward.toml".to_owned()), ("config.file_unreadable", ".env".to_owned())]
    );
}

#[test]
fn says_which_file_is_not_read() {
    let case = Case::new().toml("");
    std::fs::create_dir(case.path().join("data")).unwrap();
    let case = case.file("data/doorward.toml", "[log]\nlevel = \"debug\"");
    assert_eq!(case.found().len(), 1);
    assert_eq!(case.findings()[0].code, "config.file_shadowed");
    std::fs::remove_file(case.path().join("doorward.toml")).unwrap();
    assert_eq!(case.config().log.level, Level::Debug);
}

#[test]
fn permissions_are_looked_at() {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = |case: &Case, name: &str, mode| {
        std::fs::set_permissions(case.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let case = Case::new().file("key", LONG).env("CSRF_SECRET_KEY_FILE=key");
    mode(&case, "key", 0o600);
    assert_eq!(case.findings(), []);
    mode(&case, "key", 0o644);
    assert_eq!(case.found(), [("config.file_permissions", Severity::Warning, "CSRF_SECRET_KEY_FILE".to_owned())]);
    let case = Case::new().toml("[log]\nlevel = \"info\"");
    mode(&case, "doorward.toml", 0o644);
    assert_eq!(case.findings(), []);
    mode(&case, "doorward.toml", 0o666);
    assert_eq!(case.found(), [("config.file_permissions", Severity::Error, "doorward.toml".to_owned())]);
    assert_eq!(permission::writable_by_others("/dev/null".as_ref(), ".env"), None);
    let case = Case::new().toml(&format!("[csrf]\nsecret_key = \"{LONG}\""));
    mode(&case, "doorward.toml", 0o644);
    assert_eq!(case.found(), [("config.file_permissions", Severity::Warning, "doorward.toml".to_owned())]);
}

#[test]
fn flags_beat_environment_beats_dotenv_beats_file_beats_default() {
    let level = |toml: bool, dotenv: bool, environment: bool| {
        let mut case = Case::new();
        if toml {
            case = case.toml("[log]\nlevel = \"error\"");
        }
        if dotenv {
            case = case.file(".env", "LOG_LEVEL=WARNING # loud enough");
        }
        if environment {
            case = case.env("DOORWARD_LOG__LEVEL=debug");
        }
        let config = case.config();
        (config.log.level, config.source("log.level"))
    };
    assert_eq!(level(false, false, false), (Level::Info, Source::Default));
    assert_eq!(level(true, false, false).0, Level::Error);
    assert_eq!(level(true, true, false), (Level::Warn, Source::EnvFile("LOG_LEVEL".to_owned())));
    assert_eq!(level(true, true, true), (Level::Debug, Source::Environment("DOORWARD_LOG__LEVEL".to_owned())));
    let case = Case::new().env("DOORWARD_SERVER__LISTEN=127.0.0.1:1,127.0.0.1:2").listen("127.0.0.1:3");
    assert_eq!(case.config().server.listen.len(), 1);
    assert_eq!(case.config().source("server.listen"), Source::Flag("--listen"));
}

#[test]
fn values_come_from_files_lists_and_empty_variables() {
    let config = Case::new()
        .file("level", "debug\r\n")
        .file("one", LONG)
        .env("LOG_LEVEL_FILE=level\nCSRF_DEBUG=\nDOORWARD_CSRF__SECRET_KEYS=7:one\nCORS_ALLOWED_ORIGINS=[\"http://localhost:3000\", \"http://localhost:5173\"]")
        .config();
    assert_eq!(config.log.level, Level::Debug);
    assert!(!config.csrf.debug && config.csrf.has_own_keys);
    assert_eq!(config.csrf.trusted_origins, ["http://localhost:3000", "http://localhost:5173"]);
    assert_eq!(config.csrf.builder().build().unwrap().key_ring().signing_kid(), 7);
}

#[test]
fn paths_are_relative_to_what_names_them() {
    let mut case = Case::new();
    std::fs::create_dir(case.path().join("conf")).unwrap();
    case = case.file("conf/d.toml", "[log]\nfile = \"d.log\"\n[store]\ndatabase_url = \"sqlite:d.db\"");
    case.flags.config = Some("conf/d.toml".into());
    let config = case.config();
    assert_eq!(config.log.file, Some(case.path().join("conf/d.log")));
    assert_eq!(config.store, Store::Sqlite(case.path().join("conf/d.db")));
    assert_eq!(Case::new().env("DOORWARD_LOG__FILE=/var/log/d.log").config().log.file, Some("/var/log/d.log".into()));
}

#[test]
fn the_data_directory_is_where_it_was_asked_for_or_beside_cargo() {
    let case = Case::new().env("CARGO=/usr/bin/cargo");
    assert_eq!(case.inputs().data_directory(), case.path().join("data"));
    let bare = Inputs { flags: Flags::default(), ..case.inputs() };
    assert_eq!(bare.data_directory(), case.path().join("doorward-data"));
    let installed = Inputs { environment: [("HOME", "/srv/ada")].into_iter().collect(), ..bare };
    assert_ne!(installed.data_directory(), case.path().join("doorward-data"));
}

#[test]
fn the_file_of_the_package_is_accepted_with_and_without_its_comments() {
    let text = include_str!("../../../../packaging/doorward.toml");
    assert_eq!(Case::new().toml(text).findings(), []);
    let is_setting = |line: &&str| line.starts_with('[') || line.contains(" = ");
    let set: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting).collect();
    assert!(set.len() > 1, "{set:?}");
    let case = Case::new().toml(&set.join("\n")).env("ENVIRONMENT=production");
    assert_eq!(case.findings(), []);
}

#[test]
fn sqlite_is_named_by_its_file() {
    for (url, file) in [("sqlite:a.db", "a.db"), ("sqlite://a.db", "a.db"), ("sqlite:///srv/a.db", "/srv/a.db")] {
        let case = Case::new().env(&format!("DATABASE_URL={url}"));
        assert_eq!(case.config().store, Store::Sqlite(case.path().join(file)));
    }
}

#[test]
fn one_database_may_be_written_twice() {
    let case = Case::new().env("DATABASE_URL=postgres://app:p%40ss-word@db/app\nPOSTGRES_USER=app\nPOSTGRES_PASSWORD=p@ss-word\nPOSTGRES_HOST=db\nPOSTGRES_PORT=5432\nPOSTGRES_DB=app");
    assert_eq!(case.findings(), []);
    let case = Case::new().env("POSTGRES_HOST=/run/postgresql\nPOSTGRES_PASSWORD=a&b=c d");
    let Store::Postgres(url) = case.config().store else { panic!("PostgreSQL was asked for") };
    assert_eq!(
        url.expose_secret(),
        "postgres://localhost/?host=%2Frun%2Fpostgresql&port=5432&user=postgres&dbname=postgres&password=a%26b%3Dc+d"
    );
}

#[test]
fn variables_of_an_orchestrator_are_not_ours() {
    let case = Case::new().env("DOORWARD_SERVICE_HOST=10.0.0.1\nDOORWARD_PORT=tcp://10.0.0.1:8000\nDOORWARD_PORT_8000_TCP_ADDR=10.0.0.1\nDOORWARD_SERVICE_PORT_HTTP=8000");
    assert_eq!(case.findings(), []);
}

#[test]
fn private_addresses_may_be_served_plainly_and_no_others() {
    let config = Case::new().env("ENVIRONMENT=production\nDOORWARD_SERVER__INSECURE_ALLOW_HTTP=yes\nDOORWARD_SERVER__PUBLIC_URL=http://192.168.1.5:8000").listen("0.0.0.0:8000").config();
    assert!(!config.requires_https());
    assert!(config.server.may_be_served_plainly("192.168.1.9".parse().unwrap()));
    assert!(!config.server.may_be_served_plainly("203.0.113.9".parse().unwrap()));
    assert!(config.csrf.allowed_hosts.contains(&"192.168.1.5".to_owned()));
}

#[test]
fn a_reload_says_what_needs_a_restart() {
    let old = Case::new().config();
    let new =
        Case::new().env("LOG_LEVEL=debug\nDOORWARD_SERVER__LISTEN=127.0.0.1:9000\nPOSTGRES_PASSWORD=one-two").config();
    let differences = reload_differences(&old, &new);
    assert_eq!(
        differences.into_iter().filter(|key| *key != "--data").collect::<Vec<_>>(),
        ["server.public_url", "server.listen", "store.postgres_password"]
    );
    assert_eq!(reload_differences(&old, &old), Vec::<&str>::new());
}

#[test]
fn no_secret_is_ever_printed() {
    let case = Case::new().env("CSRF_SECRET_KEY=k3y-k3y-k3y-k3y-k3y-k3y-k3y-k3y-\nDATABASE_URL=postgres://a:s3cr3t-s3cr3t@db/c\nREDIS_URL=redis://:r3dis-r3dis@db");
    let loaded = case.load().unwrap();
    let everything = format!("{loaded:?} {:?} {:?}", loaded.config.describe(), case.inputs());
    for secret in ["k3y-k3y", "s3cr3t", "r3dis"] {
        assert!(!everything.contains(secret), "{secret}");
    }
}

/// Records the names of the fields that a type reads, and reads nothing.
struct Fields<'a>(&'a mut Vec<&'static str>);

impl<'de> de::Deserializer<'de> for Fields<'_> {
    type Error = de::value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Self::Error> {
        Err(de::Error::custom("only the names of fields are asked for"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.extend(fields);
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn fields<T: for<'de> Deserialize<'de>>() -> BTreeSet<&'static str> {
    let mut names = Vec::new();
    assert!(T::deserialize(Fields(&mut names)).is_err());
    names.into_iter().collect()
}

#[test]
fn the_registry_and_the_sections_know_the_same_keys() {
    let sections = [
        ("server", fields::<server::Raw>()),
        ("portal", fields::<portal::Raw>()),
        ("session", fields::<session::Raw>()),
        ("password", fields::<password::Raw>()),
        ("passkeys", fields::<passkey::Raw>()),
        ("csrf", fields::<csrf::Raw>()),
        ("store", fields::<store::Raw>()),
        ("log", fields::<log::Raw>()),
        ("admin", fields::<admin::Raw>()),
    ];
    assert_eq!(fields::<Raw>(), registry::SECTIONS.iter().map(|(name, _)| *name).collect());
    for (section, fields) in sections {
        let listed = registry::all().filter(|key| key.parts().0 == section).map(|key| key.parts().1).collect();
        assert_eq!(fields, listed, "{section}");
    }
}

#[test]
fn no_variable_has_two_meanings_and_every_key_says_what_it_is_for() {
    let mut seen = BTreeSet::new();
    for variable in merge::known_variables() {
        assert!(seen.insert(variable.clone()), "{variable}");
    }
    for key in registry::all() {
        assert!(key.doc.ends_with('.') && !key.doc.contains('|'), "{}", key.path);
        assert!(key.path.split('.').count() == 2, "{}", key.path);
    }
}

#[test]
fn the_defaults_of_the_registry_are_the_defaults() {
    // Writing each default changes nothing.
    let mut written = String::new();
    for key in registry::all().filter(|key| !key.default.is_empty()) {
        written.extend([key.own_variable(), "=".to_owned(), key.default.to_owned(), "\n".to_owned()]);
    }
    let (bare, explicit) = (Case::new().config(), Case::new().env(written.trim()).config());
    let shown = |config: &Config| -> Vec<(&str, String)> {
        config.describe().into_iter().map(|setting| (setting.key, setting.value)).collect()
    };
    assert_eq!(shown(&bare), shown(&explicit));
    let whole = |config: &Config| {
        format!(
            "{:?} {:?} {:?} {:?} {:?}",
            config.server.limits, config.session, config.password, config.log, config.admin
        )
    };
    assert_eq!(whole(&bare), whole(&explicit));
    assert_eq!(bare.server.private_listen, explicit.server.private_listen);
    assert_eq!(format!("{:?}", bare.csrf), format!("{:?}", explicit.csrf));
}

#[test]
fn the_words_of_the_registry_are_the_words_of_the_library() {
    for key in registry::all().filter(|key| key.path.starts_with("csrf.")) {
        let registry::Kind::Word(words) = key.kind else { continue };
        for word in words {
            let is_known = match key.path {
                "csrf.mode" => word.parse::<doorward_csrf::Mode>().is_ok(),
                "csrf.rotate" => word.parse::<doorward_csrf::Rotate>().is_ok(),
                _ => word.parse::<doorward_csrf::Unproven>().is_ok(),
            };
            assert!(is_known, "{} {word}", key.path);
        }
    }
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_variable_panics(toml in "\\PC{0,60}", value in "\\PC{0,40}", at in 0..200_usize) {
        let key = registry::all().nth(at % registry::all().count()).unwrap();
        let _ = (key.kind.read_text(&value), toml::from_str::<toml::Table>(&toml));
        let value = value.replace('\0', "");
        let case = Case { directory: tempfile::tempdir().unwrap(), environment: vec![(key.own_variable(), value)], flags: Flags::default() };
        let _ = case.toml(&toml).load();
    }
}

#[test]
fn an_empty_list_of_hosts_is_no_leave_for_every_host() {
    let ours = ["localhost", "127.0.0.1", "[::1]"];
    for written in ["allowed_hosts = []", "allowed_hosts = [\" \"]"] {
        let config = Case::new().toml(&format!("[csrf]\n{written}")).config();
        assert_eq!(config.csrf.allowed_hosts, ours, "{written}");
    }
    assert_eq!(Case::new().env("DOORWARD_CSRF__ALLOWED_HOSTS=,").config().csrf.allowed_hosts, ours);
}
