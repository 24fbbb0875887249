//! Connections that leave HTTP behind: WebSocket and other upgrades.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderMap, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::{Method, Request, Response, StatusCode, Version};
use http_body::Body;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;

mod pipe;

use crate::deadline::Deadline;
use crate::fault::{Fault, Kind};
use crate::forward::Forwarded;
use crate::forward::answer::{self, Origin, UpstreamBody};
use crate::forward::outgoing::Outgoing;
use crate::header;
use crate::upstream::socket::Socket;
use pipe::{Moved, Pipe};

/// How long the other side may still speak once one side has ended.
const LINGER: Duration = Duration::from_secs(10);

/// A request to change the protocol that may be passed on.
#[derive(Debug)]
pub(crate) struct Upgrade {
    client: OnUpgrade,
    protocol: HeaderValue,
}

impl Upgrade {
    /// Takes the upgrade out of a request that truly is one: HTTP/1.1, GET, no body, `Connection:
    /// upgrade`, and one `Upgrade` field that names one protocol (RFC 9110, section 7.8).
    ///
    /// HTTP and TLS themselves are no such protocol: behind `h2c` a client would speak to the app
    /// in requests that nobody decides on.
    pub(crate) fn of<B: Body>(request: &mut Request<B>) -> Option<Self> {
        let headers = request.headers();
        let mut fields = headers.get_all(UPGRADE).iter();
        let protocol = fields.next()?;
        let is_upgrade = fields.next().is_none()
            && is_protocol(protocol.as_bytes())
            && header::has_token(headers, &CONNECTION, b"upgrade")
            && request.method() == Method::GET
            && request.version() == Version::HTTP_11
            && request.body().is_end_stream()
            && !headers.contains_key(TRANSFER_ENCODING);
        if !is_upgrade || request.extensions().get::<OnUpgrade>().is_none() {
            return None;
        }
        let protocol = protocol.clone();
        Some(Self { client: hyper::upgrade::on(request), protocol })
    }

    /// Asks the app, on a connection of its own that is never used for anything else.
    pub(crate) async fn negotiate(
        self,
        mut request: Request<Outgoing>,
        origin: Origin<'_>,
    ) -> Result<Forwarded, Fault> {
        let headers = request.headers_mut();
        headers.remove(TE);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.protocol.clone());
        let limits = *origin.limits;
        let mut line = origin.upstream.connect(limits.connect).await?;
        line.prepare_switch();
        let sent = line.send(request, limits.head, None).await;
        let answer = sent.map_err(|unanswered| unanswered.fault)?;
        if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
            let response = answer::pass_on(answer, &Method::GET, line, Origin { is_kept: false, ..origin })?;
            return Ok(Forwarded { response, tunnel: None });
        }
        let response = self.agree(answer)?;
        let (socket, early) = line.switch().await?;
        let tunnel = Tunnel { client: self.client, upstream: socket.into_strict(), early };
        Ok(Forwarded { response, tunnel: Some(tunnel) })
    }

    /// The 101 for the client, where the app took the protocol that was asked for.
    fn agree(&self, answer: Response<hyper::body::Incoming>) -> Result<Response<UpstreamBody>, Fault> {
        let (mut parts, _) = answer.into_parts();
        let headers: &mut HeaderMap = &mut parts.headers;
        let mut fields = headers.get_all(UPGRADE).iter();
        let is_same =
            fields.next().is_some_and(|protocol| protocol.as_bytes().eq_ignore_ascii_case(self.protocol.as_bytes()))
                && fields.next().is_none();
        if !is_same {
            return Err(Fault::new(Kind::AnswerMalformed).with("101 to another protocol than was asked for"));
        }
        header::strip_hop_by_hop(headers);
        headers.remove(CONTENT_LENGTH);
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, self.protocol.clone());
        parts.extensions.clear();
        parts.version = Version::HTTP_11;
        Ok(Response::from_parts(parts, UpstreamBody::empty()))
    }
}

/// One token, with or without a version, that is neither HTTP nor TLS.
fn is_protocol(field: &[u8]) -> bool {
    let is_token = |part: &[u8]| !part.is_empty() && part.iter().all(|byte| is_token_byte(*byte));
    let mut parts = field.splitn(2, |byte| *byte == b'/');
    let name = parts.next().unwrap_or_default();
    let refused: [&[u8]; 4] = [b"h2c", b"h2", b"http", b"tls"];
    is_token(name) && parts.next().is_none_or(is_token) && !refused.iter().any(|no| name.eq_ignore_ascii_case(no))
}

fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Two connections that have agreed on another protocol, waiting to be joined.
///
/// What the client sent too early waits as well: it was held back until the app agreed.
#[derive(Debug)]
pub struct Tunnel {
    client: OnUpgrade,
    upstream: Socket,
    early: Bytes,
}

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Why.
    pub why: Why,
    /// Bytes from the client to the app.
    pub to_upstream: u64,
    /// Bytes from the app to the client.
    pub to_client: u64,
}

/// Why a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Why {
    /// The client closed its side first.
    Client,
    /// The app closed its side first.
    Upstream,
    /// Nothing moved for too long.
    Idle,
    /// The future that bounds it ended: the session was signed out, or Doorward stops.
    Until,
    /// The client was gone before the tunnel began.
    NeverBegan,
}

impl Tunnel {
    /// Copies both ways until a side ends, nothing moves for `idle`, or `until` is ready.
    ///
    /// Run it in a task of its own once the 101 is on its way: it waits for the client's connection,
    /// which is handed over only then.
    pub async fn run(self, until: impl Future<Output = ()>, idle: Duration) -> Ended {
        let mut until = pin!(until);
        let mut client = pin!(self.client);
        let mut deadline = Deadline::new();
        deadline.set(idle);
        let client = poll_fn(|cx| {
            if let Poll::Ready(client) = client.as_mut().poll(cx) {
                return Poll::Ready(client.map_err(|_| Why::NeverBegan));
            }
            over(until.as_mut(), &mut deadline, cx).map(Err)
        });
        let mut join = match client.await {
            Ok(client) => Join::new(TokioIo::new(client), self.upstream, &self.early),
            Err(why) => return Ended { why, to_upstream: 0, to_client: 0 },
        };
        deadline.set(idle);
        let why = poll_fn(|cx| {
            if let Poll::Ready(why) = join.poll(cx, &mut deadline, idle) {
                return Poll::Ready(why);
            }
            over(until.as_mut(), &mut deadline, cx).map(|why| join.first_end.unwrap_or(why))
        });
        let why = why.await;
        Ended { why, to_upstream: join.upward.bytes, to_client: join.downward.bytes }
    }
}

fn over(until: Pin<&mut impl Future<Output = ()>>, deadline: &mut Deadline, cx: &mut Context<'_>) -> Poll<Why> {
    if until.poll(cx).is_ready() { Poll::Ready(Why::Until) } else { deadline.poll(cx).map(|()| Why::Idle) }
}

/// Two open connections and the bytes between them.
struct Join {
    client: TokioIo<hyper::upgrade::Upgraded>,
    upstream: Socket,
    upward: Pipe,
    downward: Pipe,
    first_end: Option<Why>,
}

impl Join {
    fn new(client: TokioIo<hyper::upgrade::Upgraded>, upstream: Socket, early: &[u8]) -> Self {
        Self { client, upstream, upward: Pipe::new(&[]), downward: Pipe::new(early), first_end: None }
    }

    /// Moves what can be moved. Ready once both directions have ended or one is broken.
    fn poll(&mut self, cx: &mut Context<'_>, deadline: &mut Deadline, idle: Duration) -> Poll<Why> {
        let up = self.upward.poll(cx, &mut self.client, &mut self.upstream);
        let down = self.downward.poll(cx, &mut self.upstream, &mut self.client);
        for (moved, why) in [(&up, Why::Client), (&down, Why::Upstream)] {
            if moved.has_ended() && self.first_end.is_none() {
                self.first_end = Some(why);
                deadline.set(idle.min(LINGER));
            }
        }
        let broken = |moved: &Moved| matches!(moved, Moved::Broken);
        if broken(&up) || broken(&down) || (up.has_ended() && down.has_ended()) {
            return Poll::Ready(self.first_end.unwrap_or(Why::Upstream));
        }
        if matches!(up, Moved::Some) || matches!(down, Moved::Some) {
            deadline.set(if self.first_end.is_some() { idle.min(LINGER) } else { idle });
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_is_no_protocol_to_upgrade_to() {
        for (field, is_one) in [
            ("websocket", true),
            ("WebSocket", true),
            ("foo/2", true),
            ("h2c", false),
            ("H2C", false),
            ("h2", false),
            ("TLS/1.0", false),
            ("HTTP/2.0", false),
            ("websocket, h2c", false),
            ("websocket/", false),
            ("a/b/c", false),
            ("", false),
            ("web socket", false),
        ] {
            assert_eq!(is_protocol(field.as_bytes()), is_one, "{field}");
        }
    }
}
