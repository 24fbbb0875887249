//! `doorward health`: asks the running server whether it can serve, for Docker, compose and people.

use std::io::Write;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::command::{CONFIGURATION, FINDINGS, WELL};

/// How long the whole question may take: a little more than the server gives its own dependencies.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const LONGEST: u64 = 64 * 1024;

/// Ask the running server whether it can serve. Exits with 0 if it can, with 1 if not.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Where the server listens.
    #[arg(long, value_name = "URL", default_value = "http://localhost:8000")]
    pub url: Url,
}

/// Asks, prints the answer to `out` and gives back the exit code.
///
/// # Errors
/// Where `out` cannot be written.
pub async fn run(arguments: &Arguments, is_json: bool, out: &mut (impl Write + Send)) -> std::io::Result<u8> {
    let answer = match timeout(PATIENCE, ask(&arguments.url)).await {
        Ok(answer) => answer,
        Err(_) => Err(Failure::Silent(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    let (code, report) = match answer {
        Ok((200, report)) => (WELL, report),
        Ok((status, report)) => {
            (FINDINGS, if report.is_object() { report } else { failed(&format!("status {status}")) })
        }
        Err(Failure::Usage(why)) => (CONFIGURATION, failed(&why)),
        Err(Failure::Silent(why)) => (FINDINGS, failed(&why)),
    };
    if is_json {
        writeln!(out, "{report}")?;
    } else {
        print(&arguments.url, &report, out)?;
    }
    Ok(code)
}

/// Why there is no answer.
enum Failure {
    Usage(String),
    Silent(String),
}

fn failed(why: &str) -> Value {
    json!({ "status": "down", "detail": why })
}

async fn ask(url: &Url) -> Result<(u16, Value), Failure> {
    if url.scheme() != "http" {
        // The plain listener of the same machine is asked, so that no certificate can break the question.
        return Err(Failure::Usage("name the plain http listener, for example http://localhost:8000".to_owned()));
    }
    let silent = |error: std::io::Error| Failure::Silent(error.to_string());
    let host = url.host_str().ok_or_else(|| Failure::Usage("the URL names no host".to_owned()))?;
    let port = url.port_or_known_default().unwrap_or(80);
    // Brackets belong to the URL of an IPv6 address, not to the address.
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await.map_err(silent)?;
    let authority = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let request = format!(
        "GET /health/ready HTTP/1.1\r\nHost: {authority}\r\nAccept: application/json\r\nUser-Agent: doorward-health\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(silent)?;
    let mut answer = Vec::new();
    stream.take(LONGEST).read_to_end(&mut answer).await.map_err(silent)?;
    read(&answer).ok_or_else(|| Failure::Silent("what answers there does not speak HTTP".to_owned()))
}

/// Status and body of an HTTP/1.1 answer; null where the body is no JSON.
fn read(answer: &[u8]) -> Option<(u16, Value)> {
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..end]).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let is_chunked = head.lines().any(|line| line.eq_ignore_ascii_case("transfer-encoding: chunked"));
    let body = &answer[end + 4..];
    let body = if is_chunked { joined(body)? } else { body.to_vec() };
    Some((status, serde_json::from_slice(&body).unwrap_or_default()))
}

/// The chunks of a body in one piece (RFC 9112, section 7.1).
fn joined(mut body: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    loop {
        let end = body.windows(2).position(|bytes| bytes == b"\r\n")?;
        let size = std::str::from_utf8(&body[..end]).ok()?.split(';').next()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        body = &body[end + 2..];
        if size == 0 {
            return Some(whole);
        }
        whole.extend_from_slice(body.get(..size)?);
        body = body.get(size.checked_add(2)?..)?;
    }
}

fn print(url: &Url, report: &Value, out: &mut impl Write) -> std::io::Result<()> {
    let text = |value: &Value| value.as_str().map_or_else(String::new, |text| text.escape_debug().to_string());
    writeln!(out, "{}: {} {}", url.as_str().trim_end_matches('/'), text(&report["status"]), text(&report["detail"]))?;
    for check in report["checks"].as_array().into_iter().flatten() {
        writeln!(out, "  {:<16} {} {}", text(&check["name"]), text(&check["state"]), text(&check["detail"]))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Asks a server that answers every connection with these bytes.
    async fn asked(answer: &'static [u8], is_json: bool) -> (u8, String, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        let server = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = vec![0; 4_096];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
            drop(stream);
            String::from_utf8(request[..length].to_vec()).unwrap()
        };
        let mut out = Vec::new();
        let arguments = Arguments { url };
        let (request, code) = tokio::join!(server, run(&arguments, is_json, &mut out));
        (code.unwrap(), String::from_utf8(out).unwrap(), request)
    }

    #[tokio::test]
    async fn a_server_that_is_ready_is_well() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 68\r\n\r\n{\"status\":\"up\",\"checks\":[{\"name\":\"store\",\"state\":\"up\"}]}";
        let (code, out, request) = asked(answer, false).await;
        assert_eq!(code, 0);
        assert!(out.contains(": up") && out.contains("store"), "{out}");
        assert!(request.starts_with("GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1:"), "{request}");
    }

    #[tokio::test]
    async fn a_server_that_is_down_is_a_finding_and_says_why() {
        let answer = b"HTTP/1.1 503 Service Unavailable\r\ntransfer-encoding: chunked\r\n\r\n9\r\n{\"status\"\r\n8\r\n:\"down\"}\r\n0\r\n\r\n";
        let (code, out, _) = asked(answer, true).await;
        assert_eq!((code, out.as_str()), (1, "{\"status\":\"down\"}\n"));
    }

    #[tokio::test]
    async fn what_does_not_answer_or_answers_nonsense_is_a_finding() {
        for answer in [b"".as_slice(), b"SSH-2.0-x\r\n\r\n", b"HTTP/1.1 x\r\n\r\n", b"HTTP/1.1 404 Not Found\r\n\r\nno"]
        {
            let (code, out, _) = asked(answer, true).await;
            assert_eq!(code, 1);
            assert_eq!(serde_json::from_str::<Value>(&out).unwrap()["status"], "down");
        }
        let url: Url = format!("http://127.0.0.1:{}", doorward_port::lease()).parse().unwrap();
        assert_eq!(run(&Arguments { url }, true, &mut Vec::new()).await.unwrap(), 1);
    }

    #[tokio::test]
    async fn only_plain_http_is_asked() {
        let url: Url = "https://login.example.com".parse().unwrap();
        assert_eq!(run(&Arguments { url }, true, &mut Vec::new()).await.unwrap(), 2);
    }

    #[test]
    fn broken_chunks_are_no_body() {
        for body in ["", "x\r\n", "ffffffffffffffff\r\nab", "5\r\nab\r\n"] {
            assert_eq!(joined(body.as_bytes()), None, "{body}");
        }
    }
}
