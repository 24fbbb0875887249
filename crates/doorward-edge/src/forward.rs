//! One request to an app and its answer back, with every header in the right order.

use std::io::Write;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use bytes::Bytes;
use doorward_core::policy::Permit;
use http::header::{AUTHORIZATION, COOKIE, EXPECT, HOST, HeaderName, HeaderValue, VIA};
use http::request::Parts;
use http::{Request, Response, Uri, Version};
use http_body::Body;

pub(crate) mod answer;
pub(crate) mod outgoing;

pub use answer::{UpstreamBody, is_event_stream};

use crate::fault::{Fault, Source};
use crate::header::{self, Managed};
use crate::pool::Unanswered;
use crate::tunnel::{self, Tunnel};
use crate::upstream::Upstream;
use answer::Origin;
use outgoing::{Bounds, Outgoing};

static X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
static X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
static X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// How long, and how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Until a connection stands, looking the name up included. 2 s.
    pub connect: Duration,
    /// Until the head of the answer comes. Begins anew with each piece of the request's body. 60 s.
    pub head: Duration,
    /// Between two pieces of a body, both ways. 30 s.
    pub idle: Duration,
    /// Between two pieces of a `text/event-stream`, which is silent by its nature. 1 h.
    pub event_idle: Duration,
    /// The longest body of a request, in bytes; a longer one is answered with 413. No limit.
    pub body_bytes: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(2),
            head: Duration::from_mins(1),
            idle: Duration::from_secs(30),
            event_idle: Duration::from_hours(1),
            body_bytes: None,
        }
    }
}

/// What [`forward`] needs beside the request: `'app` as long as it waits, `'a` only until it sets out.
#[derive(Debug, Clone, Copy)]
pub struct Onward<'app, 'a> {
    /// The proof that the decider let this request through. Nothing is forwarded without.
    pub permit: &'a Permit,
    /// The app.
    pub upstream: &'app Upstream,
    /// The fields that only we set.
    pub managed: &'a Managed,
    /// What we set: identity, request id. Set after stripping, and always instead of what was there.
    pub identity: &'a [(HeaderName, HeaderValue)],
    /// The client's address, for `X-Forwarded-For`.
    pub client: IpAddr,
    /// `http` or `https`, for `X-Forwarded-Proto`.
    pub scheme: &'a HeaderValue,
    /// The host as the client wrote it, for `Host` and `X-Forwarded-Host`.
    pub host: &'a HeaderValue,
    /// How long, and how much.
    pub limits: &'app Limits,
    /// Whether this is a preflight: it goes without cookies, `Authorization`, identity and body.
    pub is_preflight: bool,
}

/// The answer of an app.
#[derive(Debug)]
pub struct Forwarded {
    /// Head and body, hop-by-hop fields removed.
    pub response: Response<UpstreamBody>,
    /// Where the app has agreed to another protocol: to be run once `response`, a 101, is sent.
    pub tunnel: Option<Tunnel>,
}

/// Forwards a request.
///
/// The request's target is the canonical one that was decided on, in origin form. The caller has
/// removed our own cookies. Here, in this order: hop-by-hop fields go (those that `Connection` names
/// first), identity and forwarding fields go in every spelling, ours are set. So nothing that a client
/// writes can survive, and nothing that it names in `Connection` can remove what we set.
///
/// A request that a dying kept connection never began to send goes out again on a new one. Nothing
/// else is tried twice.
///
/// # Errors
/// What went wrong before the head of the answer. Later faults end the body.
pub fn forward<'app, B>(
    onward: &Onward<'app, '_>,
    request: Request<B>,
) -> impl Future<Output = Result<Forwarded, Fault>> + Send + use<'app, B>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Source>,
{
    // Everything that needs no waiting is done before the future begins, so that the future holds only what it needs
    // while it waits: it is moved about with each request.
    let departure = depart(onward, request);
    async move {
        let Departure { upgrade, request, origin } = departure?;
        match upgrade {
            // Rare and large: its state is kept out of the size of every other request.
            Some(upgrade) => Box::pin(upgrade.negotiate(request, origin)).await,
            None => exchange(request, origin).await,
        }
    }
}

/// A request that is ready to go.
struct Departure<'app> {
    upgrade: Option<tunnel::Upgrade>,
    request: Request<Outgoing>,
    origin: Origin<'app>,
}

fn depart<'app, B>(onward: &Onward<'app, '_>, mut request: Request<B>) -> Result<Departure<'app>, Fault>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Source>,
{
    let upgrade = if onward.is_preflight { None } else { tunnel::Upgrade::of(&mut request) };
    let (mut parts, body) = request.into_parts();
    prepare(&mut parts, onward);
    let bounds = Bounds { bytes: onward.limits.body_bytes, idle: onward.limits.idle, managed: onward.managed };
    let (body, upload) = if onward.is_preflight {
        outgoing::clear(&mut parts.headers);
        (Outgoing::Empty, None)
    } else {
        outgoing::frame(body, &mut parts.headers, &bounds)?
    };
    let origin = Origin { upstream: onward.upstream, limits: onward.limits, upload, is_kept: true };
    Ok(Departure { upgrade, request: Request::from_parts(parts, body), origin })
}

/// Sends a request on a kept connection or a new one.
fn exchange(
    mut request: Request<Outgoing>,
    origin: Origin<'_>,
) -> impl Future<Output = Result<Forwarded, Fault>> + Send {
    let method = request.method().clone();
    let mut kept = origin.upstream.reuse();
    async move {
        let limits = origin.limits;
        loop {
            let mut line = match kept.take() {
                Some(line) => line,
                // Connecting is rare, so its state lives on the heap.
                None => Box::pin(origin.upstream.connect(limits.connect)).await?,
            };
            match line.send(request, limits.head, origin.upload.as_deref()).await {
                Ok(answer) => {
                    let response = answer::pass_on(answer, &method, line, origin)?;
                    return Ok(Forwarded { response, tunnel: None });
                }
                Err(Unanswered { untouched: Some(whole), .. }) if line.is_reused() => request = *whole,
                Err(Unanswered { fault, .. }) => return Err(fault),
            }
        }
    }
}

/// Edits a head in place, in the order that [`forward`] promises.
fn prepare(parts: &mut Parts, onward: &Onward<'_, '_>) {
    let via = if parts.version == Version::HTTP_2 { "2.0 doorward" } else { "1.1 doorward" };
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    to_origin_form(&mut parts.uri);
    let headers = &mut parts.headers;
    header::strip_hop_by_hop(headers);
    onward.managed.strip(headers);
    // hyper answers `Expect: 100-continue` itself as soon as the body is wanted, and it is wanted at once.
    headers.remove(EXPECT);
    headers.insert(HOST, onward.host.clone());
    headers.insert(X_FORWARDED_FOR.clone(), address(onward.client));
    headers.insert(X_FORWARDED_PROTO.clone(), onward.scheme.clone());
    headers.insert(X_FORWARDED_HOST.clone(), onward.host.clone());
    headers.append(VIA, HeaderValue::from_static(via));
    if onward.is_preflight {
        headers.remove(COOKIE);
        headers.remove(AUTHORIZATION);
    } else {
        for (name, value) in onward.identity {
            headers.insert(name.clone(), value.clone());
        }
    }
}

/// HTTP/2 brings the whole URI, and an absolute form may come in HTTP/1.1; an app gets the path.
fn to_origin_form(uri: &mut Uri) {
    if uri.authority().is_some() {
        let path = std::mem::take(uri).into_parts().path_and_query;
        *uri = path.map_or_else(Uri::default, Uri::from);
    }
}

fn address(client: IpAddr) -> HeaderValue {
    // The longest address: eight groups of four digits and seven colons, with room for mapped ones.
    let mut text = [0; 45];
    let length = match client.to_canonical() {
        IpAddr::V4(client) => dotted(client, &mut text),
        IpAddr::V6(client) => {
            let mut rest = &mut text[..];
            write!(rest, "{client}").map_or(0, |()| 45 - rest.len())
        }
    };
    let value = HeaderValue::from_bytes(&text[..length]).ok().filter(|_| length > 0);
    value.unwrap_or_else(|| HeaderValue::from_static("unknown"))
}

/// Writes four numbers and three dots, and gives back their length. The formatting of the library takes ten times as
/// long, and each request passes here.
fn dotted(client: Ipv4Addr, text: &mut [u8]) -> usize {
    let mut length = 0;
    for octet in client.octets() {
        let digits = [octet / 100, octet / 10 % 10, octet % 10];
        let start = if octet >= 100 {
            0
        } else if octet >= 10 {
            1
        } else {
            2
        };
        for digit in &digits[start..] {
            text[length] = b'0' + digit;
            length += 1;
        }
        text[length] = b'.';
        length += 1;
    }
    length - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_written_as_it_is_read() {
        for (address_text, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("0.10.100.255", "0.10.100.255"),
            ("255.255.255.255", "255.255.255.255"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ] {
            assert_eq!(address(address_text.parse().unwrap()), shown);
        }
    }

    #[test]
    fn an_app_gets_the_path_alone() {
        for (uri, shown) in
            [("http://app.test/a?b=c", "/a?b=c"), ("/a?b", "/a?b"), ("http://app.test", "/"), ("/", "/")]
        {
            let mut uri = Uri::from_static(uri);
            to_origin_form(&mut uri);
            assert_eq!(uri.to_string(), shown);
        }
    }
}
