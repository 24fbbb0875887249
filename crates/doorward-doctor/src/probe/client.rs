//! One visitor: opens connections, sends one request at a time, and reads no more than is needed.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use url::Url;

use super::shown::shown;
use super::tls::{self, Greeting, Roots};
use crate::facts::{Door, Fault, Step, Tcp, Trust, Via, Visit};
use crate::jar::Jar;
use crate::redact::{self, Salt};

/// Bytes of a body that are read.
const BODY: usize = 512 * 1024;
/// Bytes of a body that become a fact.
const EXCERPT: usize = 4 * 1024;
/// Bytes of a head that are read.
const HEAD: usize = 128 * 1024;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) via: Via,
    pub(crate) is_tls: bool,
    pub(crate) host: String,
    pub(crate) address: SocketAddr,
}

/// What is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outgoing {
    pub(crate) step: Step,
    pub(crate) note: String,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

/// What came back, as it came: never a fact itself.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Incoming {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A field, as it came.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        self.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// One visitor.
pub(crate) struct Client {
    pub(crate) timeout: Duration,
    pub(crate) roots: Roots,
    pub(crate) salt: Salt,
    pub(crate) now: i64,
    started: Instant,
    /// Nothing more is sent after this moment.
    pub(crate) end: Instant,
    /// The site asked us to slow down: nothing more is sent.
    pub(crate) is_blocked: bool,
    /// A token of an API that the last answer gave; never a fact itself.
    pub(crate) last_token: Option<String>,
    lines: HashMap<Place, SendRequest<Full<Bytes>>>,
    tasks: JoinSet<()>,
    pub(crate) connections: usize,
    requests: usize,
}

impl Client {
    pub(crate) fn new(timeout: Duration, roots: Roots, salt: Salt, now: i64) -> Self {
        Self {
            timeout,
            roots,
            salt,
            now,
            started: Instant::now(),
            end: Instant::now() + Duration::from_millis(7_500),
            is_blocked: false,
            last_token: None,
            lines: HashMap::new(),
            tasks: JoinSet::new(),
            connections: 0,
            requests: 0,
        }
    }

    /// How many connections and requests there were.
    pub(crate) fn spent(&self) -> (usize, usize) {
        (self.connections, self.requests)
    }

    /// Unix seconds by now.
    pub(crate) fn unix(&self) -> u64 {
        self.now.unsigned_abs() + self.started.elapsed().as_secs()
    }

    /// Time that is left for one step.
    pub(crate) fn patience(&self) -> Duration {
        self.timeout.min(self.end.saturating_duration_since(Instant::now())).max(Duration::from_millis(50))
    }

    /// Connects and shakes hands, and keeps the connection for requests to this place.
    pub(crate) async fn open(&mut self, place: &Place, purpose: &str) -> Door {
        let started = Instant::now();
        let mut door = Door {
            via: place.via,
            address: place.address,
            tcp: Tcp::Silent,
            ms: 0,
            tls: None,
            purpose: purpose.to_owned(),
        };
        self.connections += 1;
        let outcome = timeout(self.patience(), TcpStream::connect(place.address)).await;
        door.ms = millis(started);
        let stream = match outcome {
            Err(_) => return door,
            Ok(Err(error)) => {
                door.tcp = refusal(&error);
                return door;
            }
            Ok(Ok(stream)) => stream,
        };
        door.tcp = Tcp::Open;
        let _ = stream.set_nodelay(true);
        if !place.is_tls {
            self.keep(place, stream).await;
            return door;
        }
        let greeting = Greeting { name: &place.host, is_nameless: purpose == "nosni", is_large: purpose == "large" };
        let shaken = timeout(self.patience(), tls::shake(&self.roots, greeting, stream)).await;
        match shaken {
            Ok((fact, stream)) => {
                door.tls = Some(fact);
                if let Some(stream) = stream {
                    self.keep(place, stream).await;
                }
            }
            Err(_) => {
                door.tls = Some(crate::facts::Handshake {
                    knock: crate::facts::Knock::Silent,
                    sni: if greeting.is_nameless { String::new() } else { place.host.clone() },
                    is_large: greeting.is_large,
                    ..crate::facts::Handshake::default()
                });
            }
        }
        door
    }

    /// Connects to several places of the visitor's way at once and lets go again.
    pub(crate) async fn knock(&mut self, places: Vec<(SocketAddr, &str)>) -> Vec<Door> {
        let patience = self.patience().min(Duration::from_millis(1_500));
        self.connections += places.len();
        let mut tasks = JoinSet::new();
        for (address, purpose) in places {
            let purpose = purpose.to_owned();
            tasks.spawn(async move {
                let started = Instant::now();
                let tcp = match timeout(patience, TcpStream::connect(address)).await {
                    Err(_) => Tcp::Silent,
                    Ok(Err(error)) => refusal(&error),
                    Ok(Ok(_)) => Tcp::Open,
                };
                Door { via: Via::Public, address, tcp, ms: millis(started), tls: None, purpose }
            });
        }
        let mut doors = tasks.join_all().await;
        doors.sort_by_key(|door| door.address);
        doors
    }

    async fn keep(&mut self, place: &Place, stream: impl Stream + 'static) {
        let shaken = http1::Builder::new()
            .max_buf_size(HEAD)
            .title_case_headers(true)
            .handshake::<_, Full<Bytes>>(TokioIo::new(Box::new(stream) as Box<dyn Stream>))
            .await;
        if let Ok((sender, connection)) = shaken {
            self.tasks.spawn(async move {
                let _ = connection.await;
            });
            self.lines.insert(place.clone(), sender);
        }
    }

    /// Whether this place was shown to be whom it claims, so that a password may be sent there.
    pub(crate) fn may_hold_secrets(door: &Door) -> bool {
        door.tls.as_ref().is_none_or(|tls| tls.trust == Trust::Good)
    }

    /// Sends one request and reads the answer's head and the beginning of its body.
    pub(crate) async fn ask(&mut self, place: &Place, out: &Outgoing, jar: Option<&mut Jar>) -> (Visit, Incoming) {
        let mut visit = Visit {
            step: out.step,
            via: place.via,
            note: out.note.clone(),
            method: out.method.clone(),
            url: redact::address(&out.url),
            sent: sent(out),
            ..Visit::default()
        };
        if self.is_blocked || Instant::now() >= self.end {
            visit.fault = Some(Fault::Silent);
            "not sent: the time or the site's patience was spent".clone_into(&mut visit.note);
            return (visit, Incoming::default());
        }
        let started = Instant::now();
        let answer = self.exchange(place, out).await;
        visit.ms = millis(started);
        match answer {
            Ok((status, incoming)) => {
                visit.status = status;
                self.keep_token(&incoming);
                self.note(&mut visit, &incoming, out, jar);
                self.is_blocked |= status == 429;
                (visit, incoming)
            }
            Err(fault) => {
                visit.fault = Some(fault);
                (visit, Incoming::default())
            }
        }
    }

    async fn exchange(&mut self, place: &Place, out: &Outgoing) -> Result<(u16, Incoming), Fault> {
        let was_kept = self.lines.contains_key(place);
        match self.once(place, out).await {
            // A connection that was kept may have ended meanwhile; the request was not read then.
            Err(Fault::Closed) if was_kept && ["GET", "HEAD", "OPTIONS"].contains(&out.method.as_str()) => {
                self.once(place, out).await
            }
            other => other,
        }
    }

    async fn once(&mut self, place: &Place, out: &Outgoing) -> Result<(u16, Incoming), Fault> {
        let mut line = self.lines.remove(place).filter(|line| !line.is_closed());
        if let Some(kept) = &mut line
            && timeout(Duration::from_millis(200), kept.ready()).await.is_ok_and(|ready| ready.is_err())
        {
            line = None;
        }
        let mut line = if let Some(line) = line {
            line
        } else {
            let door = self.open(place, "again").await;
            let fault = if door.tcp == Tcp::Open { Fault::Tls } else { Fault::Connect };
            self.lines.remove(place).ok_or(fault)?
        };
        self.requests += 1;
        let request = request(place, out).ok_or(Fault::Malformed)?;
        let patience = self.patience();
        let head = timeout(patience, line.send_request(request)).await.map_err(|_| Fault::Silent)?;
        let answer = head.map_err(|error| match () {
            () if error.is_parse() || error.is_parse_too_large() => Fault::Malformed,
            () if wants_certificate(&error) => Fault::Certificate,
            () => Fault::Closed,
        })?;
        let (parts, mut body) = answer.into_parts();
        let mut bytes = Vec::new();
        let until = Instant::now() + self.patience();
        let mut is_whole = false;
        while bytes.len() < BODY {
            match tokio::time::timeout_at(until, body.frame()).await {
                Ok(Some(Ok(frame))) => bytes.extend(frame.into_data().unwrap_or_default()),
                Ok(None) => {
                    is_whole = true;
                    break;
                }
                Ok(Some(Err(_))) | Err(_) => break,
            }
        }
        bytes.truncate(BODY);
        if is_whole && parts.status != http::StatusCode::SWITCHING_PROTOCOLS {
            self.lines.insert(place.clone(), line);
        }
        Ok((parts.status.as_u16(), Incoming { headers: parts.headers, body: bytes }))
    }

    fn keep_token(&mut self, incoming: &Incoming) {
        let said: serde_json::Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
        let token = ["access_token", "token", "jwt", "id_token"].iter().find_map(|name| said[*name].as_str());
        if let Some(token) = token.filter(|token| token.matches('.').count() == 2) {
            self.last_token = Some(token.to_owned());
        }
    }

    fn note(&self, visit: &mut Visit, incoming: &Incoming, out: &Outgoing, jar: Option<&mut Jar>) {
        for (name, value) in incoming.headers.iter().take(200) {
            let value = String::from_utf8_lossy(value.as_bytes());
            visit.fields.push((redact::clean(name.as_str()), shown(name.as_str(), &value)));
        }
        let mut own = Jar::default();
        let jar = jar.unwrap_or(&mut own);
        if let Ok(url) = Url::parse(&out.url) {
            for line in incoming.headers.get_all("set-cookie").iter().take(100) {
                visit.cookies.push(jar.take(&String::from_utf8_lossy(line.as_bytes()), &url, self.now, &self.salt));
            }
        }
        let text = String::from_utf8_lossy(&incoming.body[..incoming.body.len().min(EXCERPT)]);
        let is_page = visit.field("content-type").is_none_or(|kind| kind.contains("html"));
        visit.body = redact::clean(&if is_page { crate::html::outline(&text) } else { text.into_owned() });
        visit.body_bytes = incoming.body.len();
        visit.body_print = self.salt.print(&incoming.body);
    }
}

/// TLS 1.3 demands a client's certificate only after the handshake is done for the client. Older servers of Go say that
/// it is bad where there is none; of ours there is none that could be.
fn wants_certificate(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error).and_then(|source| source.downcast_ref::<std::io::Error>());
    let alert = source.and_then(std::io::Error::get_ref).and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(
        alert,
        Some(rustls::Error::AlertReceived(
            rustls::AlertDescription::CertificateRequired | rustls::AlertDescription::BadCertificate
        ))
    )
}

fn sent(out: &Outgoing) -> Vec<(String, String)> {
    out.fields.iter().map(|(name, value)| (name.clone(), shown(name, value))).collect()
}

fn request(place: &Place, out: &Outgoing) -> Option<http::Request<Full<Bytes>>> {
    let url = Url::parse(&out.url).ok()?;
    let path = url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut request = http::Request::builder().method(out.method.as_str()).uri(path);
    let headers = request.headers_mut()?;
    let has = |name: &str| out.fields.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    if !has("host") {
        headers.insert("host", HeaderValue::from_str(&authority(&url)).ok()?);
    }
    if !has("user-agent") {
        headers
            .insert("user-agent", HeaderValue::from_static("doorward-doctor (+examination asked for by the operator)"));
    }
    if !has("accept") {
        headers.insert(
            "accept",
            HeaderValue::from_static("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        );
    }
    for (name, value) in &out.fields {
        headers.append(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_bytes(value.as_bytes()).ok()?);
    }
    if place.via == Via::App && !has("x-forwarded-for") && has("x-forwarded-proto") {
        headers.insert("x-forwarded-for", HeaderValue::from_static("192.0.2.1"));
    }
    request.body(Full::new(Bytes::from(out.body.clone()))).ok()
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What a failed connection says.
pub(crate) fn refusal(error: &std::io::Error) -> Tcp {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Tcp::Refused,
        ErrorKind::TimedOut => Tcp::Silent,
        ErrorKind::HostUnreachable | ErrorKind::PermissionDenied => Tcp::Prohibited,
        _ => Tcp::Noroute,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}
