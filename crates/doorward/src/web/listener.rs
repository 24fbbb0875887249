//! Accepting connections: limits on time, size and number, and an orderly end.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use doorward_core::address::Network;
use doorward_edge::tls::{self, Accepted, Certificates, Secured};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::app::App;
use super::door;
use crate::config::Cidr;

/// Limits of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time for the whole header of a request, and for the silence before one.
    pub header_time: Duration,
    /// Bytes of a request's header that are read before it is refused.
    pub header_bytes: usize,
    /// Connections at once in all.
    pub connections: usize,
    /// Connections at once from one /24 or /64.
    pub connections_of_network: usize,
    /// Time for open requests when the program ends.
    pub drain: Duration,
}

impl Limits {
    /// The limits of the configuration. What is refused with an answer is read a little further than the limit.
    #[must_use]
    pub fn of(configured: &crate::config::Limits) -> Self {
        Self {
            header_time: configured.header_timeout,
            header_bytes: (configured.header_bytes * 2).max(16 * 1024),
            connections: configured.connections,
            connections_of_network: configured.connections_per_network,
            drain: configured.shutdown_timeout,
        }
    }
}

/// The address at the other end of the connection, as an extension of each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What holds for the connections of one listener.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Its limits.
    pub limits: Limits,
    /// Networks that have no share of their own: proxies, which bring everybody's connections.
    pub proxies: Vec<Cidr>,
    /// The certificates of a listener that speaks TLS.
    pub certificates: Option<Arc<Certificates>>,
}

/// How many connections there are, in all and from each network.
#[derive(Debug, Default)]
struct Open {
    counts: Mutex<(usize, HashMap<Network, usize>)>,
    proxies: Vec<Cidr>,
}

/// A counted connection, to be held by whatever goes on when the connection itself has been handed over. In the
/// extensions of each request that asks for another protocol.
#[derive(Debug, Clone)]
pub struct Held(#[expect(dead_code, reason = "holding it is its use")] Arc<Place>);

/// One counted connection; dropping it gives the place back.
#[derive(Debug)]
struct Place {
    open: Arc<Open>,
    network: Network,
}

impl Open {
    /// Takes a place, or nothing where a limit is reached.
    fn take(self: &Arc<Self>, address: IpAddr, limits: Limits) -> Option<Place> {
        let network = Network::of(address);
        let mut guard = self.counts.lock();
        let (total, counts) = &mut *guard;
        let own = counts.get(&network).copied().unwrap_or_default();
        // A proxy in front brings everybody's connections: only the total binds it.
        let address = address.to_canonical();
        let is_proxy = address.is_loopback() || self.proxies.iter().any(|block| block.contains(address));
        if *total >= limits.connections || (!is_proxy && own >= limits.connections_of_network) {
            return None;
        }
        counts.insert(network, own + 1);
        *total += 1;
        Some(Place { open: Arc::clone(self), network })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut guard = self.open.counts.lock();
        let (total, counts) = &mut *guard;
        *total -= 1;
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

/// What answers the requests of a listener.
#[derive(Debug, Clone)]
pub enum Service {
    /// A router alone.
    Router(Router),
    /// The apps, and the router for everything that is ours.
    Front(App, Router),
}

impl Service {
    async fn answer(&self, request: Request<Incoming>) -> Response {
        match self {
            Self::Front(app, router) => door::front(app, router, request).await,
            Self::Router(router) => {
                // Rare, and larger than the way of every other request.
                let answering = router.clone().oneshot(request.map(Body::new));
                Box::pin(answering).await.unwrap_or_else(|never| match never {})
            }
        }
    }
}

/// Serves `service` on a bound listener until `stop` turns true, then lets open requests end.
pub async fn serve(listener: TcpListener, service: Service, terms: Terms, mut stop: watch::Receiver<bool>) {
    let limits = terms.limits;
    let open = Arc::new(Open { proxies: terms.proxies, ..Open::default() });
    let graceful = GracefulShutdown::new();
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|is_stopping| *is_stopping) => break,
            Some(_) = connections.join_next() => continue,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Out of file descriptors, or the client left at once: neither ends the server.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        // A connection beyond the limit is closed without a word: an answer would cost what is short.
        let Some(place) = open.take(peer.ip(), limits) else { continue };
        let held = Held(Arc::new(place));
        let connection = Connection { peer, limits, watcher: graceful.watcher(), secured: None, held };
        let (service, certificates, stop) = (service.clone(), terms.certificates.clone(), stop.clone());
        connections.spawn(async move {
            let _ = stream.set_nodelay(true);
            match certificates {
                None => connection.serve(stream, service).await,
                Some(certificates) => connection.serve_tls(stream, service, &certificates, stop).await,
            }
        });
    }
    drop(listener);
    let drained = tokio::time::timeout(limits.drain, graceful.shutdown()).await;
    if drained.is_err() {
        tracing::warn!("some requests were still open when the time to end was over");
    }
}

/// One connection and what its requests are told of it.
struct Connection {
    peer: SocketAddr,
    limits: Limits,
    watcher: Watcher,
    secured: Option<Secured>,
    held: Held,
}

impl Connection {
    /// Makes the handshake first. It has its own time, and holds up nobody else.
    async fn serve_tls(
        self,
        stream: TcpStream,
        service: Service,
        certificates: &Certificates,
        mut stop: watch::Receiver<bool>,
    ) {
        let peer = self.peer;
        let accepted = tokio::select! {
            accepted = tls::accept(stream, certificates, tls::HANDSHAKE_TIMEOUT) => accepted,
            _ = stop.wait_for(|is_stopping| *is_stopping) => return,
        };
        match accepted {
            Ok(Accepted::Http(stream, secured)) => Self { secured: Some(secured), ..self }.serve(stream, service).await,
            Ok(Accepted::Proved) => tracing::info!(%peer, "an authority has seen the proof for a host"),
            Err(error) => tracing::debug!(%error, %peer, "a handshake came to nothing"),
        }
    }

    async fn serve<S>(self, stream: S, service: Service)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { peer, limits, watcher, secured, held } = self;
        let has_asked = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&has_asked);
        let answering = service_fn(move |mut request: Request<Incoming>| {
            asked.store(true, Ordering::Relaxed);
            request.extensions_mut().insert(Peer(peer));
            if request.headers().contains_key(http::header::UPGRADE) {
                request.extensions_mut().insert(held.clone());
            }
            secured.clone().map(|secured| request.extensions_mut().insert(secured));
            let service = service.clone();
            async move { Ok::<_, Infallible>(service.answer(request).await) }
        });
        let served = builder(limits).serve_connection_with_upgrades(TokioIo::new(stream), answering).into_owned();
        let mut ending = pin!(watcher.watch(served));
        // The time for headers runs only once HTTP/1 is recognised: whoever says nothing, or the beginning of
        // the words that open HTTP/2, would keep a place for ever.
        let ended = match tokio::time::timeout(limits.header_time, &mut ending).await {
            Ok(ended) => ended,
            Err(_) if has_asked.load(Ordering::Relaxed) => ending.await,
            Err(_) => return tracing::debug!(%peer, "a connection asked for nothing"),
        };
        if let Err(error) = ended {
            tracing::debug!(%error, %peer, "a connection ended early");
        }
    }
}

fn builder(limits: Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_time)
        .max_buf_size(limits.header_bytes)
        .max_headers(256)
        // Heads and small bodies leave in one write; gathering writes cost more than the copy.
        .writev(false)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .max_concurrent_streams(100)
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(100);
    builder
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[test]
    fn a_network_has_its_share_and_gets_it_back() {
        let open = Arc::new(Open { proxies: vec!["203.0.113.7".parse().unwrap()], ..Open::default() });
        let time = Duration::from_secs(1);
        let limits =
            Limits { header_time: time, header_bytes: 1, connections: 5, connections_of_network: 1, drain: time };
        let first = open.take([192, 0, 2, 1].into(), limits);
        assert!(first.is_some());
        assert!(open.take([192, 0, 2, 2].into(), limits).is_none());
        let local: Vec<_> = (0..2).filter_map(|_| open.take([127, 0, 0, 1].into(), limits)).collect();
        assert_eq!(local.len(), 2);
        let proxied: Vec<_> = (0..2).filter_map(|_| open.take([203, 0, 113, 7].into(), limits)).collect();
        assert_eq!(proxied.len(), 2, "a trusted proxy brings the connections of many");
        assert!(open.take([198, 51, 100, 1].into(), limits).is_none(), "the total binds everybody");
        drop((first, local, proxied));
        assert_eq!(*open.counts.lock(), (0, HashMap::new()));
    }

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a test may begin a task of its own")]
    async fn whoever_asks_for_nothing_is_sent_away() {
        let time = Duration::from_millis(100);
        let limits = Limits {
            header_time: time,
            header_bytes: 16 * 1024,
            connections: 9,
            connections_of_network: 9,
            drain: time,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stop, stopping) = watch::channel(false);
        let terms = Terms { limits, proxies: Vec::new(), certificates: None };
        tokio::spawn(serve(listener, Service::Router(Router::new()), terms, stopping));
        // Nothing, the beginning of either version, and a whole HTTP/2 opening without a request.
        for said in [&b""[..], b"PRI * HT", b"GET / HT", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(said).await.unwrap();
            let end = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut Vec::new())).await;
            assert!(end.is_ok(), "still open after {:?}", String::from_utf8_lossy(said));
        }
    }
}
