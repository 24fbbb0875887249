//! A small language for the tests of the decision table: one request for each row, written in one line.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use crate::key::ANONYMOUS;
use crate::token::{Draft, seal};
use crate::{
    Builder, Csrf, Decision, FormValue, Mode, Phase, Reason, RequestView, SecretKey, SessionState, UnixSeconds,
};

const NOW: u64 = 1_767_225_600;

#[derive(Clone)]
struct TokenOf {
    family: String,
    session: Option<&'static str>,
    age: i64,
}

/// One request and, in the end, what is expected of it.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in the language of the rows")]
pub(crate) struct Row {
    name: &'static str,
    method: Method,
    path: &'static str,
    authority: Option<&'static str>,
    headers: HeaderMap,
    is_tls: bool,
    is_forwarded: bool,
    is_websocket: bool,
    is_not_text: bool,
    session: Option<&'static str>,
    form: Option<String>,
    builder: Builder,
    expected: Option<Reason>,
}

/// The server that signs the tokens of the rows, whatever the row configures.
fn issuer() -> Csrf {
    defaults(Csrf::builder()).build().unwrap()
}

fn defaults(builder: Builder) -> Builder {
    builder.secret_keys([SecretKey::new(1, *b"0123456789abcdef0123456789abcdef")]).require_https(false)
}

fn sealed(csrf: &Csrf, token: &TokenOf) -> String {
    let kid = csrf.ring.signing_kid();
    let session = token.session.map_or(ANONYMOUS, |handle| csrf.ring.tag(kid, b's', handle.as_bytes()).unwrap());
    let issued_at = UnixSeconds(NOW.saturating_add_signed(-token.age));
    let draft = Draft { issued_at, family: csrf.family(kid, token.family.as_bytes()), session, salt: [5; 15] };
    seal(&csrf.ring, &draft)
}

impl Row {
    pub(crate) fn new(method: &str, name: &'static str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("host", HeaderValue::from_static("auth.example.com"));
        Self {
            name,
            method: Method::from_bytes(method.as_bytes()).unwrap(),
            path: "/",
            authority: None,
            headers,
            is_tls: true,
            is_forwarded: false,
            is_websocket: false,
            is_not_text: false,
            session: None,
            form: None,
            builder: defaults(Csrf::builder()),
            expected: None,
        }
    }

    pub(crate) fn post(name: &'static str) -> Self {
        Self::new("POST", name)
    }

    pub(crate) fn get(name: &'static str) -> Self {
        Self::new("GET", name)
    }

    pub(crate) fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    pub(crate) fn authority(self, authority: &'static str) -> Self {
        Self { authority: Some(authority), ..self }
    }

    /// Sets a header; a cookie is added to those that are there.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        if name == "cookie" {
            return self.and(name, value);
        }
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// Adds one more field of the same name.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn no_host(mut self) -> Self {
        self.headers.remove("host");
        self
    }

    pub(crate) fn http(self) -> Self {
        Self { is_tls: false, ..self }
    }

    pub(crate) fn forwarded(self) -> Self {
        Self { is_forwarded: true, ..self }
    }

    pub(crate) fn websocket(self) -> Self {
        Self { is_websocket: true, ..self }
    }

    pub(crate) fn with(self, change: impl Fn(Builder) -> Builder) -> Self {
        Self { builder: change(self.builder), ..self }
    }

    pub(crate) fn session(self, handle: &'static str) -> Self {
        Self { session: Some(handle), ..self }
    }

    pub(crate) fn bind(self, value: &str) -> Self {
        let name = if self.is_tls { "__Host-Http-csrf_bind" } else { "csrf_bind" };
        self.and("cookie", &format!("{name}={value}"))
    }

    pub(crate) fn token(self, family: &str, session: Option<&'static str>, age: i64) -> Self {
        let token = sealed(&issuer(), &TokenOf { family: family.to_owned(), session, age });
        self.and("x-csrf-token", &token)
    }

    pub(crate) fn foreign_token(self, family: &str) -> Self {
        let other = defaults(Csrf::builder())
            .secret_keys([SecretKey::new(1, *b"ffffffffffffffffffffffffffff4321")])
            .build()
            .unwrap();
        let token = sealed(&other, &TokenOf { family: family.to_owned(), session: None, age: 5 });
        self.and("x-csrf-token", &token)
    }

    pub(crate) fn cookie_token(self, family: &str, session: Option<&'static str>, age: i64) -> Self {
        let token = sealed(&issuer(), &TokenOf { family: family.to_owned(), session, age });
        self.and("cookie", &format!("csrf_token={token}"))
    }

    pub(crate) fn form(self, value: &str) -> Self {
        Self { form: Some(value.to_owned()), ..self }
    }

    pub(crate) fn form_token(self, family: &str, session: Option<&'static str>, age: i64) -> Self {
        let token = sealed(&issuer(), &TokenOf { family: family.to_owned(), session, age });
        self.form(&token)
    }

    pub(crate) fn form_not_text(self) -> Self {
        Self { is_not_text: true, ..self }
    }

    pub(crate) fn is(self, reason: Reason) -> Self {
        Self { expected: Some(reason), ..self }
    }

    fn run<T>(&self, ask: impl FnOnce(&Csrf, &RequestView<'_>) -> T) -> T {
        let csrf = self.builder.clone().build().unwrap();
        let uri: Uri = self.path.parse().unwrap();
        let mut view = RequestView::new(&self.method, &uri, &self.headers, UnixSeconds(NOW)).tls(self.is_tls);
        if let Some(authority) = self.authority {
            view = view.received_authority(authority);
        }
        if self.is_forwarded {
            view = view.trust_forwarded();
        }
        if self.is_websocket {
            view = view.websocket();
        }
        ask(&csrf, &view)
    }

    pub(crate) fn decide(&self) -> Decision {
        let session = self.session.map_or(SessionState::Anonymous, |handle| SessionState::of_handle(handle.as_bytes()));
        let form = if self.is_not_text { FormValue::NotText } else { self.form.as_deref().into() };
        self.run(|csrf, view| csrf.check(view, &session, form))
    }

    /// What the log would say.
    pub(crate) fn report(&self) -> crate::Report {
        let session = self.session.map_or(SessionState::Anonymous, |handle| SessionState::of_handle(handle.as_bytes()));
        let decision = self.decide();
        self.run(|csrf, view| csrf.report(view, &session, self.form.as_deref(), &decision))
    }

    /// A header that was set.
    pub(crate) fn header_text(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// The reason of the first phase alone, in another mode.
    pub(crate) fn decide_in(&self, mode: Mode) -> Reason {
        self.run(|csrf, view| match csrf.provenance_in(view, mode) {
            Phase::Decided(decision) => decision.reason,
            Phase::NeedsToken(_) => panic!("{} needs a token", self.name),
        })
    }
}

/// Asserts every row and names the one that fails.
pub(crate) fn assert_rows(rows: &[Row]) {
    for row in rows {
        assert_eq!(Some(row.decide().reason), row.expected, "{}", row.name);
    }
}
