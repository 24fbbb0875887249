//! An app behind the door: its address, and the idle connections to it.

use std::sync::Arc;
use std::time::Duration;

pub(crate) mod socket;
mod url;

pub use url::{UpstreamUrl, UpstreamUrlError};

use crate::fault::Fault;
use crate::pool::{Line, Pool};

/// How connections to an app are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Idle connections that are kept at most; more are closed after their answer.
    pub idle_connections: usize,
    /// How long an idle connection is kept. Below the 65 to 75 s after which apps close theirs; an app
    /// that names a shorter time (`Keep-Alive: timeout=5`) is heeded.
    pub idle_time: Duration,
    /// The longest head of an answer, in bytes. At least 8,192.
    pub head_bytes: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { idle_connections: 256, idle_time: Duration::from_mins(1), head_bytes: 64 * 1024 }
    }
}

/// An app, with the connections to it. Cloning is cheap, and clones share the connections.
#[derive(Debug, Clone)]
pub struct Upstream(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    url: UpstreamUrl,
    settings: Settings,
    pool: Pool,
}

impl Upstream {
    /// An app at this address. Nothing is connected yet.
    #[must_use]
    pub fn new(url: UpstreamUrl, settings: Settings) -> Self {
        let pool = Pool::new(settings.idle_connections, settings.idle_time);
        Self(Arc::new(Inner { url, settings, pool }))
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &UpstreamUrl {
        &self.0.url
    }

    /// Idle connections that are kept right now.
    #[must_use]
    pub fn idle_connections(&self) -> usize {
        self.0.pool.len()
    }

    /// Closes the idle connections that were kept long enough, or that the app has closed.
    ///
    /// Requests do so in passing; an app that nobody calls needs somebody to do it now and then.
    pub fn reap(&self) {
        self.0.pool.reap();
    }

    /// An idle connection that is still well.
    pub(crate) fn reuse(&self) -> Option<Box<Line>> {
        self.0.pool.take()
    }

    /// A new connection.
    pub(crate) async fn connect(&self, limit: Duration) -> Result<Box<Line>, Fault> {
        let socket = socket::connect(self.0.url.place(), limit).await?;
        Line::open(socket, self.0.settings.head_bytes).await
    }

    /// Keeps a connection for the next request.
    pub(crate) fn keep(&self, line: Box<Line>) {
        self.0.pool.put(line);
    }
}
