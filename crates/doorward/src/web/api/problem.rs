//! The one shape of every refusal (RFC 9457), as the API documents it.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema};

/// A problem document.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// The page that explains the reason.
    #[serde(rename = "type")]
    pub kind: String,
    /// A short title, in the language of the client.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened and what to do, in the language of the client.
    pub detail: String,
    /// The same as `detail`.
    pub message: String,
    /// The stable code, `family.detail`.
    pub reason: &'static str,
    /// The name of the request, for `doorward explain`.
    pub request_id: String,
    /// On which side it stopped: `visitor`, `proxy` (a CDN or another proxy in front), `doorward` or `app`.
    pub side: &'static str,
    /// Whether the same request may succeed later, or with the token that is given here.
    pub retryable: bool,
    /// The page that explains the reason.
    pub docs: String,
    /// What was odd about the request; names only what the client has sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// A fresh CSRF token for the next try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub csrf_token: Option<String>,
    /// The header that carries the token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header_name: Option<String>,
    /// Where signing in is possible.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
}

/// Every refusal of every operation, for the OpenAPI document.
#[derive(Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let one = |description: &str| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
            ResponseBuilder::new().description(description).content("application/problem+json", content).build().into()
        };
        BTreeMap::from([
            ("4XX".to_owned(), one("Refused: `reason` says why, and what to do")),
            ("5XX".to_owned(), one("Unavailable or broken: `reason` says why, and whether to try again")),
        ])
    }
}
