//! Entering the host of an app: a one-time code carries a session there, and a cookie of that host alone stands for it.
//!
//! The cookie holds the handle of the sign-in and a MAC over handle and host (HMAC-SHA-256, RFC 2104, cut to 192
//! bits). It opens nothing but that host: not another app, not the pages, not the API. It lives exactly as long as
//! the session, since the session is looked up by its handle at each request, and nothing is stored for it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::audit::Action;
use doorward_core::identifier::LoginHandle;
use doorward_core::session::Stage;
use doorward_core::store::{Entries as _, EntryCode};
use doorward_core::token::{self, Kind};
use doorward_core::{Random, Secret};

use super::{Author, Identity, Live, Refused, Visit};

/// Seconds for which a code is good.
pub(super) const CODE_SECONDS: i64 = 30;

/// What stands before the value of an app host's cookie.
const PREFIX: &str = "dwa_";

/// Bytes of the handle, and of the MAC after it.
const HANDLE: usize = 16;
const MAC: usize = 24;

/// A session that has entered a host.
#[derive(Debug)]
pub struct Entered {
    /// The session.
    pub live: Arc<Live>,
    /// The value of the cookie for this host.
    pub cookie: Secret,
}

impl Identity {
    /// A code by which this session enters `host`, in the browser that holds `state`.
    ///
    /// # Errors
    /// `app.entry_invalid` where the state is none of ours; `store.*`.
    pub async fn entry_code(&self, live: &Live, host: &str, state: token::TokenHash) -> Result<Secret, Refused> {
        let (secret, hash) = token::mint(Kind::EntryCode, self.random());
        let now = self.now();
        let (handle, user) = (live.handle, live.user_id());
        let expires_at = now + CODE_SECONDS;
        let code = EntryCode { hash, handle, user, host: host.into(), state, created_at: now, expires_at };
        self.inner.store.create_entry(&code).await?;
        Ok(secret)
    }

    /// Uses a code up at `host`, in the browser that holds `state`.
    ///
    /// # Errors
    /// `app.entry_invalid` where the code is used, too old, for another host or of another browser; why the session
    /// has ended; `store.*`.
    pub async fn enter(&self, visit: &Visit, host: &str, code: &str, state: &str) -> Result<Entered, Refused> {
        let invalid = || Refused::new("app.entry_invalid");
        let hash = token::parse(Kind::EntryCode, code).ok_or_else(invalid)?;
        let state = token::parse(Kind::EntryState, state).ok_or_else(invalid)?;
        let event = Author::stranger(visit).event(self.now(), Action::AppEntered).with_detail(host);
        let handle = self.inner.store.use_entry(hash, host, state, &event).await?.ok_or_else(invalid)?;
        let live = self.session_by_handle(handle).await?;
        if live.stage != Stage::Full {
            return Err(invalid());
        }
        let cookie = Secret::new(self.cookie_at(host, handle));
        Ok(Entered { live, cookie })
    }

    /// The session of an app host's cookie: no I/O, and nothing allocated.
    ///
    /// # Errors
    /// `session.unknown`, why it has ended, or `store.unavailable` where the news of other nodes is missing.
    pub fn session_at(&self, host: &str, cookie: &str) -> Result<Arc<Live>, &'static str> {
        let handle = self.read_cookie(host, cookie).ok_or("session.unknown")?;
        self.table().find_handle(handle, self.now())
    }

    /// What a browser holds while it asks for a code: the value of a cookie, and its hash.
    #[must_use]
    pub fn entry_state(random: &dyn Random) -> (Secret, token::TokenHash) {
        token::mint(Kind::EntryState, random)
    }

    async fn session_by_handle(&self, handle: LoginHandle) -> Result<Arc<Live>, Refused> {
        let found = match self.table().find_handle(handle, self.now()) {
            // Another node may have made it a moment ago.
            Err("session.unknown") if self.inner.is_shared => {
                self.follow().await?;
                self.table().find_handle(handle, self.now())
            }
            found => found,
        };
        found.map_err(Refused::new)
    }

    fn cookie_at(&self, host: &str, handle: LoginHandle) -> String {
        let mut bytes = [0; HANDLE + MAC];
        bytes[..HANDLE].copy_from_slice(handle.as_bytes());
        bytes[HANDLE..].copy_from_slice(&self.inner.keyring.door().cookie().mac(handle.as_bytes(), host)[..MAC]);
        let mut cookie = PREFIX.to_owned();
        URL_SAFE_NO_PAD.encode_string(bytes, &mut cookie);
        cookie
    }

    fn read_cookie(&self, host: &str, cookie: &str) -> Option<LoginHandle> {
        let encoded = cookie.strip_prefix(PREFIX)?;
        let mut bytes = [0; HANDLE + MAC + 2];
        if encoded.len() != 54 || URL_SAFE_NO_PAD.decode_slice(encoded, &mut bytes).ok()? != HANDLE + MAC {
            return None;
        }
        let (handle, rest) = bytes.split_first_chunk::<HANDLE>()?;
        self.inner.keyring.door().cookie().is_of(handle, host, &rest[..MAC]).then(|| LoginHandle::from_bytes(*handle))
    }
}
