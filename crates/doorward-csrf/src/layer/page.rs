//! What follows a request that went through: a token for its forms, and a new one on its answer where due.

use std::sync::{Arc, OnceLock};

use http::header::{CACHE_CONTROL, CONTENT_TYPE, SET_COOKIE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response};

use super::answer::set_cookies;
use super::setting::Setting;
use crate::csrf::{Minted, Visitor};
use crate::decision::Decision;
use crate::session::Session;

struct Shared {
    setting: Arc<Setting>,
    visitor: Visitor,
    session: Session,
    minted: OnceLock<Minted>,
}

/// Put into the extensions of each request that goes through: the token for the hidden field of a form. A page that
/// uses it is answered with the cookies that belong to it, and with `Cache-Control: no-store`.
#[derive(Clone)]
pub struct FormToken(Arc<Shared>);

impl std::fmt::Debug for FormToken {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("FormToken(****)")
    }
}

impl FormToken {
    /// The token. It is made when it is asked for, and is the same for the whole page.
    #[must_use]
    pub fn token(&self) -> &str {
        let Shared { setting, visitor, session, minted } = &*self.0;
        minted.get_or_init(|| setting.csrf.issue(visitor, &session.state(), &*setting.environment)).token()
    }

    /// The name of the field.
    #[must_use]
    pub fn field_name(&self) -> &str {
        self.0.setting.csrf.field_name()
    }
}

/// What is left to do when the service behind has answered.
pub(super) struct FollowUp {
    shared: Arc<Shared>,
    decision: Decision,
}

impl FollowUp {
    pub(super) fn new(setting: &Arc<Setting>, parts: &Parts, session: Session, decision: Decision) -> Self {
        let visitor = setting.csrf.visitor(&setting.view(parts));
        Self {
            shared: Arc::new(Shared { setting: Arc::clone(setting), visitor, session, minted: OnceLock::new() }),
            decision,
        }
    }

    pub(super) fn form_token(&self) -> FormToken {
        FormToken(Arc::clone(&self.shared))
    }

    /// Adds what is due to an answer. A token in the answer that the handler set itself stays.
    pub(super) fn finish<A>(self, response: &mut Response<A>) {
        let Shared { setting, visitor, session, minted } = &*self.shared;
        let csrf = &setting.csrf;
        let changed = response.extensions().get::<Session>().cloned();
        let headers = response.headers_mut();
        if let Some(minted) = minted.get() {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            set_cookies(headers, csrf, visitor, minted);
        } else if changed.is_some() || csrf.should_rotate(&self.decision) {
            if !headers.contains_key(csrf.header_name()) {
                let session = changed.as_ref().unwrap_or(session);
                let minted = csrf.issue(visitor, &session.state(), &*setting.environment);
                let value = HeaderValue::from_str(minted.token()).expect("a token is plain ASCII");
                headers.insert(csrf.header_name(), value);
                set_cookies(headers, csrf, visitor, &minted);
            }
        } else if !visitor.has_bind_cookie() && is_private_page(headers) {
            headers.extend(csrf.set_bind_cookie(visitor, &*setting.environment).map(|cookie| (SET_COOKIE, cookie)));
        }
    }
}

/// Whether this is a page that no shared cache keeps. One cached bind cookie would make many browsers look like one.
fn is_private_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok()).unwrap_or_default();
    let is_private = text(CACHE_CONTROL).split(',').any(|word| matches!(word.trim(), "no-store" | "private"));
    is_private && text(CONTENT_TYPE).starts_with("text/html")
}
