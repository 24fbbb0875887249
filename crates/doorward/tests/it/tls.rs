//! HTTPS of the real program: files that change, an issuer, plain listeners, and what a browser is told.

#[path = "../../../doorward-edge/tests/it/pebble.rs"]
#[expect(
    dead_code,
    clippy::disallowed_methods,
    reason = "the clock and the chance of the other crate's tests are of no use to a real program"
)]
mod pebble;

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use rcgen::{CertificateParams, KeyPair};

use crate::it::harness::{Answer, Server, Upstream};
use pebble::Pebble;

const HOST: &str = "login.example.test";

/// A program that speaks HTTPS on a port of its own beside the plain one.
struct Secure {
    server: Server,
    port: u16,
    place: tempfile::TempDir,
}

fn certificate(names: &[&str]) -> (String, String) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let key = KeyPair::generate().unwrap();
    (CertificateParams::new(names).unwrap().self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn write(place: &Path, (chain, key): &(String, String)) {
    use std::os::unix::fs::OpenOptionsExt as _;
    for (name, text) in [("tls.pem", chain), ("tls.key", key)] {
        let beside = place.join("new");
        let mut file = std::fs::File::options().write(true).create_new(true).mode(0o600).open(&beside).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        std::fs::rename(&beside, place.join(name)).unwrap();
    }
}

impl Secure {
    /// With a certificate from files, and these variables beside.
    fn start(more: &[(&str, &str)]) -> Self {
        let (place, port) = (tempfile::tempdir().unwrap(), doorward_port::lease());
        write(place.path(), &certificate(&[HOST, "*.apps.example.test"]));
        let (listen, url) = (format!("127.0.0.1:{port}"), format!("https://{HOST}:{port}"));
        let file = |name| place.path().join(name).to_str().unwrap().to_owned();
        let (chain, key) = (file("tls.pem"), file("tls.key"));
        let settings = [
            ("ENVIRONMENT", "production"),
            ("DOORWARD_SERVER__PUBLIC_URL", &url),
            ("DOORWARD_TLS__LISTEN", &listen),
            ("DOORWARD_TLS__CERTIFICATE", &chain),
            ("DOORWARD_TLS__KEY", &key),
        ];
        let server = Server::start_with(&[&settings, more].concat());
        Self { server, port, place }
    }

    /// Asks by curl, which trusts nobody but the certificate that lies on the disk now.
    fn ask(&self, host: &str, path: &str, arguments: &[&str]) -> Answer {
        curl(
            self.port,
            host,
            path,
            &[&["--cacert", self.place.path().join("tls.pem").to_str().unwrap()], arguments].concat(),
        )
    }

    /// Asks the plain listener.
    fn plain(&self, request: &str) -> Answer {
        let request =
            request.replacen("\r\n", &format!("\r\nHost: {HOST}:{}\r\nConnection: close\r\n", self.server.port), 1);
        crate::it::harness::raw(self.server.port, request.as_bytes())
    }
}

/// One answer by curl; status 0 where there is no connection.
fn curl(port: u16, host: &str, path: &str, arguments: &[&str]) -> Answer {
    let resolve = format!("{host}:{port}:127.0.0.1");
    let output = Command::new("curl")
        .args(["-sSi", "--noproxy", "*", "-H", "Accept: application/json", "--resolve", &resolve])
        .args(arguments)
        .arg(format!("https://{host}:{port}{path}"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).unwrap_or(0);
    let headers = lines.filter_map(|line| line.split_once(':'));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    let body = if status == 0 { String::from_utf8_lossy(&output.stderr).into_owned() } else { body.to_owned() };
    Answer { status, headers, body }
}

#[test]
fn both_versions_of_http_are_spoken_and_cookies_are_those_of_https() {
    let secure = Secure::start(&[]);
    for version in ["--http1.1", "--http2"] {
        for tls in ["--tlsv1.3", "--tls-max=1.2"] {
            let tls: Vec<&str> = tls.split('=').collect();
            let answer = secure.ask(HOST, "/.doorward/sign-in", &[&[version], &tls[..]].concat());
            assert_eq!(answer.status, 200, "{answer:?}");
            let cookies = answer.cookies();
            assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-Http-csrf_bind=")), "{cookies:?}");
            assert!(cookies.iter().all(|cookie| cookie.contains("; Secure")), "{cookies:?}");
        }
    }
}

#[test]
fn a_whole_sign_in_works_over_https() {
    let secure = Secure::start(&[]);
    let (email, password) = secure.server.administrator();
    let jar = secure.place.path().join("jar");
    let jar = ["-b", jar.to_str().unwrap(), "-c", jar.to_str().unwrap()];
    let token = secure.ask(HOST, "/api/v1/auth/csrf-token", &jar).json()["csrf_token"].as_str().unwrap().to_owned();
    let body = serde_json::json!({"email": email, "password": password}).to_string();
    let origin = format!("Origin: https://{HOST}:{}", secure.port);
    let token = format!("X-CSRF-TOKEN: {token}");
    let sent = ["-H", &origin, "-H", &token, "-H", "Content-Type: application/json", "-d", &body];
    let answer = secure.ask(HOST, "/api/v1/auth/jwt/login", &[&jar, &sent[..]].concat());
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(secure.ask(HOST, "/api/v1/auth/me", &jar).json()["user"]["email"], email);
}

#[test]
fn browsers_are_bound_to_https_in_production_as_it_is_written() {
    let security = |secure: &Secure| {
        let answer = secure.ask(HOST, "/.doorward/sign-in", &[]);
        answer.header("strict-transport-security").map(str::to_owned)
    };
    let secure = Secure::start(&[]);
    assert_eq!(security(&secure).as_deref(), Some("max-age=31536000"));
    let plain = secure.plain("GET /.doorward/sign-in HTTP/1.1\r\n\r\n");
    assert_eq!(plain.header("strict-transport-security"), None, "RFC 6797, section 7.2");
    let day = [("DOORWARD_TLS__HSTS", "1d"), ("DOORWARD_TLS__HSTS_SUBDOMAINS", "true")];
    assert_eq!(security(&Secure::start(&day)).as_deref(), Some("max-age=86400; includeSubDomains"));
    assert_eq!(security(&Secure::start(&[("DOORWARD_TLS__HSTS", "0")])), None);
    assert_eq!(security(&Secure::start(&[("ENVIRONMENT", "development")])), None);
}

#[test]
fn a_plain_listener_leads_to_https_and_does_nothing_else() {
    let secure = Secure::start(&[]);
    for method in ["GET", "HEAD"] {
        let answer = secure.plain(&format!("{method} /a/b?c=d&e HTTP/1.1\r\n\r\n"));
        assert_eq!(
            (answer.status, answer.location()),
            (308, format!("https://{HOST}:{}/a/b?c=d&e", secure.port).as_str())
        );
        assert_eq!(answer.cookies(), [""; 0]);
    }
    let (email, password) = secure.server.administrator();
    let body = serde_json::json!({"email": email, "password": password}).to_string();
    for request in [
        format!("POST /api/v1/auth/jwt/login HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        "DELETE /api/v1/auth/sessions HTTP/1.1\r\n\r\n".to_owned(),
        "OPTIONS /api/v1/auth/jwt/login HTTP/1.1\r\nOrigin: https://a.test\r\nAccess-Control-Request-Method: POST\r\n\r\n".to_owned(),
        "GET /api/v1/auth/me HTTP/1.1\r\nAuthorization: Bearer dw_secret\r\n\r\n".to_owned(),
        // Nobody is trusted to say that it was https.
        "POST /.doorward/sign-in HTTP/1.1\r\nX-Forwarded-Proto: https\r\nForwarded: proto=https\r\nContent-Length: 0\r\n\r\n".to_owned(),
    ] {
        let answer = secure.plain(&request);
        assert_eq!((answer.status, answer.reason().as_str()), (403, "http.https_required"), "{request}: {answer:?}");
        assert_eq!(answer.cookies(), [""; 0]);
    }
    let stranger =
        crate::it::harness::raw(secure.server.port, b"GET / HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
    assert_eq!((stranger.status, stranger.location()), (421, ""), "no redirect to hosts that are not ours");
    assert_eq!(secure.plain("GET /health/ready HTTP/1.1\r\n\r\n").status, 200);
    assert_eq!(secure.plain("GET /.well-known/acme-challenge/abc HTTP/1.1\r\n\r\n").status, 308);
}

#[test]
fn a_connection_for_one_host_carries_no_request_for_another() {
    let secure = Secure::start(&[]);
    let port = secure.port;
    for (host, status, reason) in [
        (format!("Host: {HOST}:{port}"), 200, ""),
        (format!("Host: other.test:{port}"), 421, "http.misdirected"),
        ("Host: 127.0.0.1".to_owned(), 421, "http.misdirected"),
        // The certificate covers it, and then it is only a host that nobody serves.
        (format!("Host: one.apps.example.test:{port}"), 421, "csrf.host_not_allowed"),
    ] {
        for version in ["--http1.1", "--http2"] {
            let answer = secure.ask(HOST, "/health/ready", &[version, "-H", &host]);
            assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{host}");
        }
    }
}

#[test]
fn an_app_is_reached_over_https_alone() {
    let app = Upstream::start();
    let (url, host) = (app.url(), "one.apps.example.test");
    let secure = Secure::start(&[
        ("DOORWARD_APP__0__UPSTREAM", &url),
        ("DOORWARD_APP__0__HOST", host),
        ("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*"),
    ]);
    let plain = |method: &str, host: &str| {
        let request =
            format!("{method} /open/a?b HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        crate::it::harness::raw(secure.server.port, request.as_bytes())
    };
    assert_eq!(plain("POST", host).reason(), "http.https_required");
    let led = plain("GET", host);
    assert_eq!((led.status, led.location()), (308, format!("https://{host}:{}/open/a?b", secure.port).as_str()));
    assert_eq!(plain("GET", "two.apps.example.test").status, 421);
    let misdirected = secure.ask(host, "/open/a", &["-H", "Host: other.test"]);
    assert_eq!(misdirected.reason(), "http.misdirected");
    assert_eq!(app.seen(), [serde_json::Value::Null; 0], "none of this reached the app");

    // The certificate covers both hosts, so one connection may carry both.
    for asked in [host, HOST] {
        let answer = secure.ask(asked, "/open/a", &["-H", &format!("Host: {host}:{}", secure.port)]);
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"));
    }
    let told = app.seen()[0].to_string().to_ascii_lowercase();
    assert!(told.contains("[\"x-forwarded-proto\",\"https\"]"), "{told}");
    let stranger = secure.ask(host, "/closed", &["-H", "Sec-Fetch-Mode: navigate"]);
    let portal = format!("https://{HOST}:{}/", secure.port);
    assert!(stranger.status == 302 && stranger.location().starts_with(&portal), "{stranger:?}");
}

#[test]
fn files_that_change_are_served_without_a_restart_and_bad_ones_are_a_finding() {
    let secure = Secure::start(&[]);
    let health = || {
        let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        crate::it::harness::raw(secure.server.port, request.as_bytes()).json()
    };
    assert_eq!(health()["findings"], serde_json::json!([]));
    // curl trusts the file on the disk alone, so this succeeds only once the program serves that one.
    write(secure.place.path(), &certificate(&[HOST]));
    secure.server.wait_until("the new certificate", || secure.ask(HOST, "/health/live", &[]).status == 200);
    let good = std::fs::read(secure.place.path().join("tls.pem")).unwrap();
    std::fs::write(secure.place.path().join("tls.pem"), certificate(&[HOST]).0).unwrap();
    secure.server.signal(rustix::process::Signal::HUP);
    secure.server.wait_until("the finding", || health()["findings"][0]["code"] == "tls.key_mismatch");
    secure.server.wait_until("the picture to follow", || health()["status"] == "degraded");
    secure.server.logs("tls.key_mismatch");
    std::fs::write(secure.place.path().join("tls.pem"), good).unwrap();
    assert_eq!(secure.ask(HOST, "/health/live", &[]).status, 200, "the old one was never gone");
    secure.server.wait_until("the end of the finding", || health()["findings"] == serde_json::json!([]));
}

/// A program whose only certificate comes from this authority.
fn ordering(pebble: &Pebble, challenge: &str) -> (Server, String) {
    let (listen, port) = (format!("127.0.0.1:{}", pebble.tls_port), pebble.tls_port);
    let (url, root) = (format!("https://{HOST}:{port}"), pebble.root());
    let server = Server::start_at(
        pebble.http_port,
        &[
            ("ENVIRONMENT", "production"),
            ("DOORWARD_SERVER__PUBLIC_URL", &url),
            ("DOORWARD_TLS__LISTEN", &listen),
            ("DOORWARD_TLS__ACME", &pebble.directory()),
            ("DOORWARD_TLS__ACME_CA", root.to_str().unwrap()),
            ("DOORWARD_TLS__ACME_EMAIL", "ada@example.com"),
            ("DOORWARD_TLS__ACME_CHALLENGE", challenge),
        ],
    );
    (server, url)
}

#[tokio::test]
async fn the_first_start_fetches_a_certificate_and_the_second_keeps_it() {
    for challenge in ["tls-alpn-01", "http-01"] {
        let pebble = Pebble::start().await;
        let (mut server, url) = ordering(&pebble, challenge);
        let port = pebble.tls_port;
        let live = || curl(port, HOST, "/health/live", &["-k"]).status == 200;
        let early = crate::it::harness::raw(
            server.port,
            format!("GET /a HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes(),
        );
        assert_eq!((early.status, early.location()), (308, format!("{url}/a").as_str()));
        server.wait_until("a certificate", live);
        server.logs("a certificate was issued");
        assert_eq!(server.stop(), Some(0));
        server.run();
        assert!(live(), "at once");
        assert_eq!(server.log().matches("a certificate was issued").count(), 1);
    }
}

#[tokio::test]
async fn a_backup_holds_the_account_and_the_certificates_of_the_authority() {
    let pebble = Pebble::start().await;
    let (mut server, _) = ordering(&pebble, "tls-alpn-01");
    let port = pebble.tls_port;
    let live = || curl(port, HOST, "/health/live", &["-k"]).status == 200;
    server.wait_until("a certificate", live);
    let file = server.directory().join("all.backup");
    let path = file.to_str().unwrap();
    let done = |output: std::process::Output| {
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    };
    done(server.command_line(&["backup", path]));
    assert_eq!(server.stop(), Some(0));
    let kept = server.data().join("acme");
    let files = || {
        let folders = std::fs::read_dir(&kept).unwrap().flatten();
        let files = folders.flat_map(|folder| std::fs::read_dir(folder.path()).unwrap().flatten());
        let mut all: Vec<_> = files.map(|file| (file.file_name(), std::fs::read(file.path()).unwrap())).collect();
        // How tries have gone is of this machine and this day.
        all.retain(|(name, _)| name == "account.json" || name.to_string_lossy().ends_with(".pem"));
        all.sort();
        all
    };
    let before = files();
    assert_eq!(before.len(), 2, "the account and the certificate");
    std::fs::remove_dir_all(&kept).unwrap();
    done(server.command_line(&["restore", "--force", path]));
    assert_eq!(files(), before);
    server.run();
    assert!(live(), "at once");
    assert_eq!(server.log().matches("a certificate was issued").count(), 1, "nobody was asked for a new one");
}

#[tokio::test]
async fn an_authority_that_is_away_is_a_finding_and_handshakes_are_refused() {
    let mut pebble = Pebble::start().await;
    pebble.stop();
    let (server, _) = ordering(&pebble, "tls-alpn-01");
    server.logs("tls.renewal_failing");
    let refused = curl(pebble.tls_port, HOST, "/", &["-k"]);
    assert!(refused.status == 0 && refused.body.contains("unrecognized name"), "{refused:?}");
    let request = "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let health = crate::it::harness::raw(server.port, request.as_bytes()).json();
    let codes: Vec<_> = health["findings"].as_array().unwrap().iter().map(|finding| &finding["code"]).collect();
    assert_eq!(codes, ["tls.renewal_failing", "tls.certificate_missing"]);
}

#[test]
fn a_certificate_that_cannot_be_used_stops_the_start() {
    let place = tempfile::tempdir().unwrap();
    let (chain, _) = certificate(&[HOST]);
    let (_, key) = certificate(&[HOST]);
    write(place.path(), &(chain, key));
    let mut command = crate::it::harness::program();
    command.current_dir(place.path()).env("DOORWARD_TLS__LISTEN", format!("127.0.0.1:{}", doorward_port::lease()));
    command.env("DOORWARD_TLS__CERTIFICATE", "tls.pem").env("DOORWARD_TLS__KEY", "tls.key");
    let output = command.args(["serve", "--data", "data"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("tls.key_mismatch") && !text.contains("PRIVATE"), "{text}");
}
