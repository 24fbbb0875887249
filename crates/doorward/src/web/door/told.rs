//! The headers that tell an app who asks.

use http::{HeaderName, HeaderValue};

use crate::config::{AppConfig, IdentityNames, UserValue};
use crate::identity::{Identity, Live, Told};

/// The signed identity.
pub const PASS: HeaderName = HeaderName::from_static("x-doorward-jwt");

/// How strongly.
pub const ACR: HeaderName = HeaderName::from_static("remote-acr");

/// By what.
pub const AMR: HeaderName = HeaderName::from_static("remote-amr");

/// When.
pub const AUTH_TIME: HeaderName = HeaderName::from_static("remote-auth-time");

/// Every identity header of a session, for an app.
pub fn headers<'a>(
    identity: &Identity,
    app: &'a AppConfig,
    live: &Live,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<'a> {
    let pass = app.has_jwt.then(|| (PASS, identity.pass(live, &app.name)));
    plain(&app.identity, &live.told()).into_iter().chain(strength(live)).chain(pass)
}

/// How strongly the session was proven (`aal1` or `aal2`), by what (RFC 8176, separated by commas; `app_password` for a
/// client that sends one), and when, in unix seconds.
pub fn strength(live: &Live) -> [(HeaderName, HeaderValue); 3] {
    let amr = HeaderValue::try_from(live.amr().join(",")).unwrap_or(HeaderValue::from_static(""));
    [
        (ACR, HeaderValue::from_static(live.methods.acr())),
        (AMR, amr),
        (AUTH_TIME, HeaderValue::from(live.authenticated_at.0)),
    ]
}

/// The headers without a signature.
fn plain(names: &IdentityNames, told: &Told) -> [(HeaderName, HeaderValue); 4] {
    let user = if names.user_value == UserValue::Id { &told.id } else { &told.email };
    [(&names.user, user), (&names.groups, &told.groups), (&names.name, &told.name), (&names.email, &told.email)]
        .map(|(name, value)| (name.clone(), value.clone()))
}
