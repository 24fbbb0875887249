//! What an app is told of whoever asks: the values of identity headers, made once for each account.

use std::sync::Arc;

use doorward_core::UnixTime;
use doorward_core::user::User;
use http::HeaderValue;

use super::access;
use super::{Identity, Live};

/// Seconds for which a signed identity is good.
pub(super) const PASS_SECONDS: i64 = 60;

/// Seconds for which one is sent again before another is signed.
const PASS_REUSED: i64 = 20;

/// The values of identity headers. Cloning counts references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The id, `usr_…`.
    pub id: HeaderValue,
    /// The e-mail address.
    pub email: HeaderValue,
    /// The name.
    pub name: HeaderValue,
    /// The groups in the order of bytes, separated by commas.
    pub groups: HeaderValue,
}

impl Told {
    pub(super) fn of(user: &User) -> Self {
        let groups: Vec<&str> = user.groups.iter().map(doorward_core::user::Group::as_str).collect();
        Self {
            id: value(&user.id.to_string()),
            email: value(user.email.as_str()),
            name: value(user.name.as_str()),
            groups: value(&groups.join(",")),
        }
    }
}

/// Names and addresses hold no control characters, so each is a value; UTF-8 stays as it is.
fn value(text: &str) -> HeaderValue {
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static(""))
}

/// The signed identities of one session that were made a few seconds ago.
#[derive(Debug, Default)]
pub(super) struct Passes(Vec<Pass>);

/// A signed identity for one app.
#[derive(Debug)]
struct Pass {
    audience: Box<str>,
    user: Arc<User>,
    made_at: UnixTime,
    value: HeaderValue,
}

impl Pass {
    /// Whether it still says what is so: a changed user is told anew at once.
    fn holds(&self, user: &Arc<User>, now: UnixTime) -> bool {
        Arc::ptr_eq(&self.user, user) && (0..PASS_REUSED).contains(&now.seconds_since(self.made_at))
    }
}

impl Identity {
    /// The signed identity of a session for the app that is called `audience`: a JWT (RFC 7519) under the published
    /// keys, good for [`PASS_SECONDS`]. It is no access token: the audience is not ours.
    #[must_use]
    pub fn pass(&self, live: &Live, audience: &str) -> HeaderValue {
        let (now, user) = (self.now(), live.user());
        let mut kept = live.passes.lock();
        let passes = &mut kept.get_or_insert_default().0;
        if let Some(pass) = passes.iter().find(|pass| *pass.audience == *audience && pass.holds(&user, now)) {
            return pass.value.clone();
        }
        let token =
            self.inner.keyring.with_ring(|ring| access::issue_pass(ring, &self.inner.issuer, live, audience, now));
        let mut value = HeaderValue::try_from(token.expose_secret()).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        passes.retain(|pass| pass.holds(&user, now));
        passes.push(Pass { audience: audience.into(), user, made_at: now, value: value.clone() });
        value
    }
}
