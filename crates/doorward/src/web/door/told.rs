//! The headers that tell an app who asks.

use http::{HeaderName, HeaderValue};

use crate::config::{AppConfig, IdentityNames, UserValue};
use crate::identity::{Identity, Live, Told};

/// The signed identity.
pub const PASS: HeaderName = HeaderName::from_static("x-doorward-jwt");

/// Every identity header of a session, for an app.
pub fn headers<'a>(
    identity: &Identity,
    app: &'a AppConfig,
    live: &Live,
) -> impl Iterator<Item = (HeaderName, HeaderValue)> + use<'a> {
    let pass = app.has_jwt.then(|| (PASS, identity.pass(live, &app.name)));
    plain(&app.identity, &live.told()).into_iter().chain(pass)
}

/// The headers without a signature.
fn plain(names: &IdentityNames, told: &Told) -> [(HeaderName, HeaderValue); 4] {
    let user = if names.user_value == UserValue::Id { &told.id } else { &told.email };
    [(&names.user, user), (&names.groups, &told.groups), (&names.name, &told.name), (&names.email, &told.email)]
        .map(|(name, value)| (name.clone(), value.clone()))
}
