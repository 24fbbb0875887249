//! The tool server over HTTP: one address, a token, and a session with a browser of its own for each client.

mod door;
mod exchange;
mod shelf;

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

pub use door::Door;
use exchange::Exchange;
pub use shelf::Shelf;

/// The path of the one address.
pub const PATH: &str = exchange::PATH;

/// Connections at one time.
const CONNECTIONS: usize = 128;
/// How long the head of a request may take to come.
const HEAD: Duration = Duration::from_secs(10);
/// How often clients are looked for that are gone.
const SWEEP: Duration = Duration::from_mins(1);

/// Serves until `stop` is ready, then ends every browser.
pub async fn serve(listener: TcpListener, door: Door, shelf: Arc<Shelf>, stop: impl Future<Output = ()>) {
    let exchange = Arc::new(Exchange { door, shelf: Arc::clone(&shelf), runtime: Handle::current() });
    let mut connections = JoinSet::new();
    let mut sweep = tokio::time::interval(SWEEP);
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = &mut stop => break,
            Some(_) = connections.join_next() => {}
            _ = sweep.tick() => {
                for client in shelf.sweep(false) {
                    exchange.runtime.spawn(async move { client.server.close().await });
                }
            }
            accepted = listener.accept(), if connections.len() < CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&exchange)));
                }
                // Out of file handles, most likely: a moment later there are some.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
        }
    }
    connections.shutdown().await;
    let mut ends: JoinSet<()> =
        shelf.sweep(true).into_iter().map(|client| async move { client.server.close().await }).collect();
    while ends.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, exchange: Arc<Exchange>) {
    let service = service_fn(move |request| {
        let exchange = Arc::clone(&exchange);
        async move { Ok::<_, Infallible>(exchange.answer(request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(64 * 1024);
    let _ = builder.serve_connection(TokioIo::new(stream), service).await;
}
