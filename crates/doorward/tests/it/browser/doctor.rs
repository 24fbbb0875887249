//! `doorward doctor --browser`: a sign-in that a wrong cookie broke, seen by a real Chromium.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use crate::it::harness::program;

/// A site that gives these answers.
fn serve(answer: fn(TcpStream)) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(stream));
        }
    });
    port
}

/// The first line and the fields of a request, in small letters; its body is read as well.
fn request(stream: &TcpStream) -> (String, Vec<String>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    let _ = reader.read_line(&mut line);
    let (mut length, mut fields) = (0, Vec::new());
    loop {
        let mut field = String::new();
        if reader.read_line(&mut field).is_err() || field.trim().is_empty() {
            break;
        }
        let field = field.trim().to_ascii_lowercase();
        length = field.strip_prefix("content-length:").and_then(|text| text.trim().parse().ok()).unwrap_or(length);
        fields.push(field);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    (line, fields)
}

/// A site whose sign-in sets its cookie for another domain.
fn wrong_domain(mut stream: TcpStream) {
    let (line, fields) = request(&stream);
    let has_session = fields.iter().any(|field| field.starts_with("cookie:") && field.contains("sid="));
    let form = "<title>Login</title><form method=post action=/enter><input name=email type=email><input name=password type=password><button>Go</button></form>";
    let answer = if line.starts_with("POST /enter") {
        "HTTP/1.1 303 See Other\r\nLocation: /\r\nSet-Cookie: sid=secret-value; Domain=other.test; Path=/; HttpOnly\r\n\
         Content-Length: 0\r\nConnection: close\r\n\r\n"
            .to_owned()
    } else {
        let page = if has_session { "<p>Welcome</p>" } else { form };
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
            page.len()
        )
    };
    let _ = stream.write_all(answer.as_bytes());
}

/// Each visitor gets a token of its own.
static VISITORS: AtomicU64 = AtomicU64::new(1);

/// A site whose script sends the token as the cookie spells it, while the server expects it decoded. Forms of other
/// programs run no script, and are told that the password is wrong.
fn encoded_token(mut stream: TcpStream) {
    let (line, fields) = request(&stream);
    let form = "<title>Login</title><form method=post action=/plain><input name=email type=email><input name=password type=password><button>Go</button></form>\
        <script>document.forms[0].onsubmit = (event) => { event.preventDefault(); const token = /csrf_token=([^;]*)/.exec(document.cookie)[1]; \
        fetch('/enter', { method: 'POST', headers: { 'X-CSRF-Token': token }, body: '{}' }).then((one) => one.text()) }</script>";
    let has_token = fields.iter().any(|field| field.starts_with("x-csrf-token:"));
    let is_known = fields.iter().any(|field| field.starts_with("cookie:") && field.contains("csrf_token="));
    let number = VISITORS.fetch_add(1, Ordering::Relaxed);
    let cookie =
        if is_known { String::new() } else { format!("Set-Cookie: csrf_token={number}-secret-value%3D; Path=/\r\n") };
    let (status, page) = match () {
        () if line.starts_with("POST /enter") && has_token => ("403 Forbidden", "CSRF token mismatch"),
        () if line.starts_with("GET / ") || line.starts_with("POST /plain") => ("200 OK", form),
        () => ("404 Not Found", "Nothing here"),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html\r\n{cookie}Cache-Control: no-store\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let _ = stream.write_all(answer.as_bytes());
}

fn examine(port: u16, more: &[&str], path: &str) -> (Option<i32>, Value) {
    let place = tempfile::tempdir().unwrap();
    let password = place.path().join("password");
    std::fs::write(&password, "hunter2hunter2\n").unwrap();
    let mut command = program();
    command.args(["--json", "doctor", "--browser", "--login", "ada@example.com", "--password-file"]).arg(password);
    command.args(["--resolve", &format!("app.test:{port}:127.0.0.1")]).args(more);
    let output =
        command.arg(format!("http://app.test:{port}/")).env("PATH", path).current_dir(place.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("hunter2") && !text.contains("secret-value"), "{text}");
    (output.status.code(), serde_json::from_str(&text).unwrap())
}

#[test]
fn a_browser_shows_the_doctor_which_cookie_it_refused() {
    let place = tempfile::tempdir().unwrap();
    let html = place.path().join("report.html");
    let (code, report) =
        examine(serve(wrong_domain), &["--html", html.to_str().unwrap()], "/usr/local/bin:/usr/bin:/bin");
    assert_eq!(code, Some(1), "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["code"] == "cookie.domain_mismatch");
    let evidence = found.unwrap_or_else(|| panic!("{report:#}"))["evidence"].to_string();
    assert!(evidence.contains("InvalidDomain") && evidence.contains("Chrome/"), "{evidence}");
    let page = std::fs::read_to_string(html).unwrap();
    assert!(page.contains("<img src=\"data:image/jpeg;base64,") && page.contains("img-src data:"));
    assert!(page.ends_with("</body></html>\n"), "the picture stands inside");
}

#[test]
fn a_token_that_only_the_browser_sends_is_held_against_its_cookie() {
    let (_, report) = examine(serve(encoded_token), &[], "/usr/local/bin:/usr/bin:/bin");
    let findings = report["findings"].as_array().unwrap();
    assert!(findings.iter().any(|finding| finding["code"] == "csrf.token_encoding"), "{report:#}");
}

#[test]
fn without_a_browser_the_doctor_says_which_package_brings_one() {
    let (_, report) = examine(serve(wrong_domain), &[], "/nonexistent");
    assert!(report["skipped"].to_string().contains("apt-get install chromium"), "{report:#}");
    assert!(report["chain"].is_array(), "the rest of the report stands");
}
