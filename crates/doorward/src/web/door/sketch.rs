//! What is kept of a request while an app answers it: enough to write a page or a line of the log, borrowed or
//! counted where that is possible, so that a request that goes well costs nothing for it.

use std::net::IpAddr;
use std::time::Duration;

use doorward_core::UnixTime;
use doorward_core::identifier::RequestId;
use doorward_csrf::{Destination, Scheme};
use http::header::{ACCEPT, ACCEPT_LANGUAGE, USER_AGENT};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use tokio::time::Instant;

use crate::identity::Visit;
use crate::web::arrival::{self, Arrival};

const MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// One request to the host of an app.
#[derive(Debug, Clone)]
pub struct Sketch {
    /// Its name.
    pub id: RequestId,
    /// When it came.
    pub at: UnixTime,
    /// Who holds the other end of the connection.
    pub peer: IpAddr,
    /// The client, as trusted proxies tell it.
    pub address: IpAddr,
    /// The scheme that the client uses.
    pub scheme: Scheme,
    /// The host in lower case, without port.
    pub host: Box<str>,
    /// The port, where one was written.
    pub port: Option<u16>,
    /// The method.
    pub method: Method,
    /// The target as it came.
    pub uri: Uri,
    started: Instant,
    seen: [Option<HeaderValue>; 4],
}

impl Sketch {
    /// Takes what is needed later.
    #[must_use]
    pub fn of(
        parts: &Parts,
        id: RequestId,
        at: UnixTime,
        (peer, address): (IpAddr, IpAddr),
        to: Destination<'_>,
    ) -> Self {
        let host = to.host.unwrap_or_default();
        let host = host.strip_suffix('.').unwrap_or(host);
        Self {
            id,
            at,
            peer,
            address,
            scheme: to.scheme,
            host: if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
                host.to_ascii_lowercase().into()
            } else {
                host.into()
            },
            port: to.port,
            method: parts.method.clone(),
            uri: parts.uri.clone(),
            started: Instant::now(),
            seen: [MODE, ACCEPT, ACCEPT_LANGUAGE, USER_AGENT].map(|name| parts.headers.get(name).cloned()),
        }
    }

    /// The same as everybody else knows a request.
    #[must_use]
    pub fn arrival(&self) -> Arrival {
        let mut headers = HeaderMap::with_capacity(4);
        for (name, value) in [MODE, ACCEPT, ACCEPT_LANGUAGE, USER_AGENT].into_iter().zip(&self.seen) {
            if let Some(value) = value {
                headers.insert(name, value.clone());
            }
        }
        Arrival {
            id: self.id,
            at: self.at,
            peer: self.peer,
            address: self.address,
            is_https: self.scheme.is_https(),
            origin: self.origin(&self.host),
            path: self.uri.path().to_owned(),
            has_token: arrival::has_token(self.uri.query()),
            language: arrival::language(&headers),
            is_page: arrival::is_page(&headers),
            reader: arrival::reader(&headers),
            device: arrival::device(&headers),
        }
    }

    /// The circumstances of a call, for identity.
    #[must_use]
    pub fn visit(&self) -> Visit {
        let Arrival { id: request, address, device, language, .. } = self.arrival();
        Visit { address, device, language, request, browser: None }
    }

    /// Time since it came.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Whether a person looks at the answer.
    #[must_use]
    pub fn is_page(&self) -> bool {
        let [mode, accept, ..] = &self.seen;
        arrival::asks_for_page(mode.as_ref(), accept.as_ref())
    }

    /// Host and port, as far as one was written.
    #[must_use]
    pub fn authority(&self) -> String {
        match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.to_string(),
        }
    }

    /// An origin with the scheme and the port of this request.
    #[must_use]
    pub fn origin(&self, host: &str) -> String {
        let scheme = self.scheme.as_str();
        match self.port {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }
    }
}
