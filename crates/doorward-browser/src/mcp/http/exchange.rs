//! One request to the tool server and its answer, by the rules of streamable HTTP (MCP 2025-06-18, "Transports").

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE,
};
use http::request::Parts;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Incoming};
use serde_json::Value;
use tokio::runtime::Handle;

use super::door::{Door, single};
use super::shelf::{Client, Shelf};
use crate::mcp::protocol::{NO_REQUEST, VERSIONS, failed, read};

/// The one address.
pub(super) const PATH: &str = "/mcp";
/// The largest message.
const BODY: usize = 4 * 1024 * 1024;
/// How long a message may take to come.
const PATIENCE: Duration = Duration::from_secs(30);
/// The first version of the protocol that knows no lists of messages.
const WITHOUT_LISTS: &str = "2025-06-18";
/// A general error of a server (JSON-RPC leaves these numbers to it).
const REFUSED: i64 = -32000;

const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

type Answer = Response<Full<Bytes>>;
/// A status and the message that says why.
type Refused = (StatusCode, Value);

/// What every request meets.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) door: Door,
    pub(super) shelf: Arc<Shelf>,
    pub(super) runtime: Handle,
}

impl Exchange {
    pub(super) async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Answer {
        let (parts, body) = request.into_parts();
        let answer = match self.door.refusal(&parts) {
            Some((status, why)) => Err(refusal(status, why)),
            None if parts.uri.path() != PATH => Err(refusal(StatusCode::NOT_FOUND, "Not found: the address is /mcp")),
            None => match parts.method {
                Method::POST => self.post(&parts, body).await,
                Method::DELETE => self.delete(&parts.headers),
                // This server asks its clients nothing, so there is no stream to listen to.
                _ => Err(refusal(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed: POST and DELETE are")),
            },
        };
        let mut answer = answer.unwrap_or_else(|(status, told)| refused(status, &told));
        answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        answer
    }

    async fn post(&self, parts: &Parts, body: Incoming) -> Result<Answer, Refused> {
        check_types(&parts.headers)?;
        let version = version(&parts.headers)?;
        let message = read(&whole(body).await?).map_err(|told| (StatusCode::BAD_REQUEST, told))?;
        if message["method"] == "initialize" {
            return self.begin(message, &parts.headers).await;
        }
        let client = self.client(&parts.headers)?;
        client.touch();
        if message.is_array() && version.unwrap_or(&client.version) >= WITHOUT_LISTS {
            let why = "Invalid request: this version of the protocol has no lists of messages";
            return Err((StatusCode::BAD_REQUEST, failed(&Value::Null, NO_REQUEST, why)));
        }
        let is_begun_again = |one: &Value| one["method"] == "initialize";
        if message.as_array().is_some_and(|all| all.iter().any(is_begun_again)) {
            return Err(refusal(StatusCode::BAD_REQUEST, "Bad request: a session begins with a message of its own"));
        }
        // Whoever hangs up has not taken the call back, and a page must not be left in the middle of an action.
        let work = {
            let client = Arc::clone(&client);
            self.runtime.spawn(async move {
                let told = client.server.answer_value(message).await;
                client.touch();
                told
            })
        };
        match work.await {
            Ok(Some(told)) if told["error"]["code"] == NO_REQUEST && told["id"].is_null() => {
                Err((StatusCode::BAD_REQUEST, told))
            }
            Ok(Some(told)) => Ok(json(StatusCode::OK, &told)),
            Ok(None) => Ok(plain(StatusCode::ACCEPTED)),
            Err(_) => Err(refusal(StatusCode::INTERNAL_SERVER_ERROR, "The call broke off")),
        }
    }

    /// Begins a session.
    async fn begin(&self, message: Value, headers: &HeaderMap) -> Result<Answer, Refused> {
        if headers.contains_key(SESSION) {
            return Err(refusal(StatusCode::BAD_REQUEST, "Bad request: this session has begun already"));
        }
        let server = self.shelf.server();
        let Some(told) = server.answer_value(message).await else {
            return Err(refusal(StatusCode::BAD_REQUEST, "Bad request: a session begins with a question"));
        };
        let version = told["result"]["protocolVersion"].as_str();
        let Some(version) = version else { return Err((StatusCode::BAD_REQUEST, told)) };
        let Some((id, left)) = self.shelf.put(server, version) else {
            return Err(refusal(StatusCode::SERVICE_UNAVAILABLE, "Too many clients at one time; end a session first"));
        };
        if let Some(left) = left {
            self.runtime.spawn(async move { left.server.close().await });
        }
        let mut answer = json(StatusCode::OK, &told);
        if let Ok(id) = HeaderValue::from_str(&id) {
            answer.headers_mut().insert(SESSION, id);
        }
        Ok(answer)
    }

    fn client(&self, headers: &HeaderMap) -> Result<Arc<Client>, Refused> {
        let Some(id) = single(headers, &SESSION) else {
            return Err(refusal(StatusCode::BAD_REQUEST, "Bad request: one Mcp-Session-Id header is required"));
        };
        self.shelf.find(id).ok_or_else(|| refusal(StatusCode::NOT_FOUND, "Session not found"))
    }

    /// Ends a session and its browser.
    fn delete(&self, headers: &HeaderMap) -> Result<Answer, Refused> {
        let id = single(headers, &SESSION).unwrap_or_default();
        self.client(headers)?;
        if let Some(client) = self.shelf.take(id) {
            self.runtime.spawn(async move { client.server.close().await });
        }
        Ok(plain(StatusCode::NO_CONTENT))
    }
}

/// What a POST says of its content and of the answer that it takes.
fn check_types(headers: &HeaderMap) -> Result<(), Refused> {
    let media = single(headers, &CONTENT_TYPE).and_then(|told| told.split(';').next()).unwrap_or_default();
    if !media.trim().eq_ignore_ascii_case("application/json") || headers.contains_key(CONTENT_ENCODING) {
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Unsupported media type: send application/json"));
    }
    let accepted: Vec<String> =
        headers.get_all(ACCEPT).iter().filter_map(|told| told.to_str().ok()).map(str::to_ascii_lowercase).collect();
    let takes = |media: &str| accepted.iter().any(|told| told.contains(media) || told.contains("*/*"));
    if !takes("application/json") || !takes("text/event-stream") {
        let why = "Not acceptable: a client accepts both application/json and text/event-stream";
        return Err(refusal(StatusCode::NOT_ACCEPTABLE, why));
    }
    Ok(())
}

/// The version that the request names, if any.
fn version(headers: &HeaderMap) -> Result<Option<&'static str>, Refused> {
    if !headers.contains_key(VERSION) {
        return Ok(None);
    }
    let told = single(headers, &VERSION).unwrap_or_default();
    let known = VERSIONS.iter().copied().find(|known| *known == told);
    known.map(Some).ok_or_else(|| {
        refusal(StatusCode::BAD_REQUEST, "Bad request: this version in MCP-Protocol-Version is not spoken here")
    })
}

/// The whole body, bounded in size and time.
async fn whole(body: Incoming) -> Result<Bytes, Refused> {
    let too_large = || refusal(StatusCode::PAYLOAD_TOO_LARGE, "The message is larger than 4 MiB");
    if body.size_hint().lower() > BODY as u64 {
        return Err(too_large());
    }
    match tokio::time::timeout(PATIENCE, Limited::new(body, BODY).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(refusal(StatusCode::BAD_REQUEST, "Bad request: the message broke off")),
        Err(_) => Err(refusal(StatusCode::REQUEST_TIMEOUT, "The message did not come in time")),
    }
}

fn refusal(status: StatusCode, why: &str) -> Refused {
    (status, failed(&Value::Null, REFUSED, why))
}

fn refused(status: StatusCode, told: &Value) -> Answer {
    let mut answer = json(status, told);
    let more = match status {
        StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer")),
        StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "POST, DELETE")),
        _ => None,
    };
    if let Some((name, value)) = more {
        answer.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    answer
}

fn json(status: StatusCode, value: &Value) -> Answer {
    let mut answer = plain(status);
    *answer.body_mut() = Full::new(value.to_string().into());
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

fn plain(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = status;
    answer
}
