//! A small door: hyper in front, then the gate and the forwarding of this crate, and nothing else.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use doorward_core::policy::{self, Access, Decision, Permit};
use doorward_edge::forward::{Forwarded, Limits, Onward, UpstreamBody, forward};
use doorward_edge::gate;
use doorward_edge::header::Managed;
use doorward_edge::path::{self, EncodedSlash};
use doorward_edge::tunnel::Ended;
use doorward_edge::upstream::{Settings, Upstream};
use http::header::{HOST, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// A body of an answer of the door.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// What a door may be told.
#[derive(Clone)]
pub(super) struct Plan {
    pub(super) limits: Limits,
    pub(super) settings: Settings,
    pub(super) identity: Vec<(HeaderName, HeaderValue)>,
    pub(super) tunnel_idle: Duration,
    pub(super) slashes: EncodedSlash,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            settings: Settings::default(),
            identity: vec![(HeaderName::from_static("remote-user"), HeaderValue::from_static("alice"))],
            tunnel_idle: Duration::from_mins(1),
            slashes: EncodedSlash::Refuse,
        }
    }
}

/// What a door has seen.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// Method and target of each request that was parsed.
    pub(super) requests: Vec<String>,
    /// Targets that were decided on.
    pub(super) decided: Vec<String>,
    /// Codes of faults, in the head or in the body.
    pub(super) faults: Vec<&'static str>,
}

/// A door that listens.
pub(super) struct Door {
    pub(super) address: SocketAddr,
    pub(super) upstream: Upstream,
    pub(super) seen: Arc<Mutex<Seen>>,
    /// Ends every tunnel.
    pub(super) sign_out: Arc<tokio::sync::Notify>,
    /// Held so that it ends with the door.
    _task: JoinSet<()>,
}

struct Shared {
    plan: Plan,
    upstream: Upstream,
    managed: Managed,
    permit: Permit,
    seen: Arc<Mutex<Seen>>,
    sign_out: Arc<tokio::sync::Notify>,
    tunnels: Mutex<JoinSet<Ended>>,
}

/// Opens a door before this upstream.
pub(super) async fn open(upstream: &str, plan: Plan) -> Door {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = Upstream::new(upstream.parse().unwrap(), plan.settings);
    let Decision::Allow(permit) = policy::decide(Access::Anyone, Err("session.missing")) else { unreachable!() };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let sign_out = Arc::new(tokio::sync::Notify::new());
    let shared = Arc::new(Shared {
        plan,
        upstream: upstream.clone(),
        managed: Managed::new([]),
        permit,
        seen: Arc::clone(&seen),
        sign_out: Arc::clone(&sign_out),
        tunnels: Mutex::default(),
    });
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut connections = JoinSet::new();
        while let Ok((stream, peer)) = listener.accept().await {
            connections.spawn(serve(stream, peer, Arc::clone(&shared)));
        }
    });
    Door { address, upstream, seen, sign_out, _task: task }
}

async fn serve(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .writev(false)
        .max_headers(100)
        .max_buf_size(32 * 1024)
        .header_read_timeout(Duration::from_secs(10));
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(128).max_header_list_size(16 * 1024);
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { Ok::<_, Infallible>(answer(request, peer, &shared).await) }
    });
    _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(request: Request<Incoming>, peer: SocketAddr, shared: &Arc<Shared>) -> Response<Body> {
    shared.seen.lock().requests.push(format!("{} {}", request.method(), request.uri()));
    let (mut parts, body) = request.into_parts();
    let authority = parts.uri.authority().and_then(|authority| HeaderValue::from_str(authority.as_str()).ok());
    let is_well = gate::check(&parts).map_err(|refused| refused.code);
    let is_well =
        is_well.and_then(|()| path::settle(&mut parts.uri, shared.plan.slashes).map_err(path::NotCanonical::code));
    if let Err(code) = is_well {
        return refusal(code);
    }
    shared.seen.lock().decided.push(parts.uri.to_string());
    let request = Request::from_parts(parts, body);
    let host = request.headers().get(HOST).cloned().or(authority);
    let Some(host) = host else { return refusal("http.host_missing") };
    let onward = Onward {
        permit: &shared.permit,
        upstream: &shared.upstream,
        managed: &shared.managed,
        identity: &shared.plan.identity,
        client: peer.ip(),
        scheme: &HeaderValue::from_static("http"),
        host: &host,
        limits: &shared.plan.limits,
        is_preflight: false,
    };
    match forward(&onward, request).await {
        Ok(forwarded) => pass(forwarded, shared),
        Err(fault) => {
            shared.seen.lock().faults.push(fault.code());
            refusal(fault.code())
        }
    }
}

fn pass(forwarded: Forwarded, shared: &Arc<Shared>) -> Response<Body> {
    if let Some(tunnel) = forwarded.tunnel {
        let shared = Arc::clone(shared);
        let run = Arc::clone(&shared);
        shared.tunnels.lock().spawn(async move { tunnel.run(run.sign_out.notified(), run.plan.tunnel_idle).await });
    }
    let seen = Arc::clone(&shared.seen);
    forwarded.response.map(|body: UpstreamBody| {
        let body = body.on_end(move |end| {
            if let Err(fault) = end {
                seen.lock().faults.push(fault.code());
            }
        });
        body.map_err(Into::into).boxed_unsync()
    })
}

fn refusal(code: &'static str) -> Response<Body> {
    let status = StatusCode::from_u16(doorward_core::reason::find(code).unwrap().status).unwrap();
    let body = Full::from(code).map_err(|never| match never {}).boxed_unsync();
    Response::builder().status(status).body(body).unwrap()
}

impl Door {
    /// Writes these bytes, which ask for the end of the connection, and reads to it.
    pub(super) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        // The door may have refused and closed before all was written.
        _ = stream.write_all(bytes).await;
        let mut answer = Vec::new();
        _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("an end");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// One GET on a connection of its own.
    pub(super) async fn get(&self, path: &str) -> String {
        self.raw(format!("GET {path} HTTP/1.1\r\nHost: app.test\r\nConnection: close\r\n\r\n").as_bytes()).await
    }
}
