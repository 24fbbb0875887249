//! The real router over a real store, and callers in every state that a sign-in can be in.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use doorward::config::{Config, Flags, Inputs};
use doorward::identity::{Author, NewUser};
use doorward::node::{Node, Service};
use doorward::system::{SystemClock, SystemRandom};
use doorward::web::app::App;
use doorward::web::router;
use doorward_core::audit::{Action, Actor, Event};
use doorward_core::identifier::{LoginHandle, SessionId, UserId};
use doorward_core::session::{EndReason, Kind, Session, Stage};
use doorward_core::signin::{Method as Proof, Proven};
use doorward_core::store::{NewSession, Sessions as _, Which};
use doorward_core::token;
use doorward_core::{Clock as _, UnixTime};
use http::{Method, Request};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

/// Every state that somebody can come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Nobody,
    Garbage,
    Expired,
    Ended,
    SecondFactor,
    PasswordChange,
    User,
    Administrator,
    HalfAdministrator,
    AdministratorWithoutPassword,
    RecoveryMail,
    Recovery,
    Enrolment,
    Stale,
}

impl State {
    pub(crate) const ALL: [Self; 14] = [
        Self::Nobody,
        Self::Garbage,
        Self::Expired,
        Self::Ended,
        Self::SecondFactor,
        Self::PasswordChange,
        Self::User,
        Self::Administrator,
        Self::HalfAdministrator,
        Self::AdministratorWithoutPassword,
        Self::RecoveryMail,
        Self::Recovery,
        Self::Enrolment,
        Self::Stale,
    ];

    /// The stage of the session, where it is live.
    pub(crate) fn stage(self) -> Option<Stage> {
        match self {
            Self::Nobody | Self::Garbage | Self::Expired | Self::Ended => None,
            Self::SecondFactor | Self::HalfAdministrator => Some(Stage::SecondFactor),
            Self::PasswordChange | Self::AdministratorWithoutPassword => Some(Stage::PasswordChange),
            Self::RecoveryMail => Some(Stage::RecoveryMail),
            Self::Recovery => Some(Stage::Recovery),
            Self::Enrolment => Some(Stage::Enrolment),
            Self::User | Self::Administrator | Self::Stale => Some(Stage::Full),
        }
    }

    fn is_administrator(self) -> bool {
        // The stages that came with second factors are those of an administrator: there is the most to lose.
        !matches!(self, Self::SecondFactor | Self::PasswordChange | Self::User | Self::Expired | Self::Ended)
    }
}

/// Somebody with cookies and a token that goes with them.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    session: Option<String>,
    jar: Vec<String>,
    token: Option<String>,
}

impl Caller {
    pub(crate) fn without_token(&self) -> Self {
        Self { token: None, ..self.clone() }
    }
}

/// One answer, as far as the table looks.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: http::HeaderMap,
    pub(crate) token: Option<String>,
}

impl Seen {
    /// Whether the guard has turned this request away for who sent it.
    pub(crate) fn is_turned_away(&self) -> bool {
        let family = self.reason.split('.').next().unwrap_or_default();
        match self.status {
            // An answer to HEAD has no body that could name its reason.
            401 => ["session", "token", ""].contains(&family),
            403 => ["authorization", "signin", ""].contains(&family),
            409 => ["signin", ""].contains(&family),
            _ => false,
        }
    }
}

/// The program without its listeners.
pub(crate) struct World {
    app: App,
    router: Router,
    user: UserId,
    administrator: UserId,
    _service: Service,
    _place: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let inputs = Inputs {
            flags: Flags { data: Some("data".into()), ..Flags::default() },
            environment: [("DOORWARD_PASSWORD__HASH", "low-memory")].into_iter().collect(),
            cwd: place.path().to_owned(),
            system: place.path().join("etc"),
        };
        let config = Config::load(&inputs).unwrap().config;
        let node = Node::open(&config, Arc::new(SystemClock), Arc::new(SystemRandom)).await.unwrap();
        node.identity.load().await.unwrap();
        let (mut ids, author) = (Vec::new(), Author::command_line());
        for (email, groups) in [("user@example.com", vec![]), ("admin@example.com", vec!["admins".parse().unwrap()])] {
            let new = NewUser {
                email: email.parse().unwrap(),
                name: "Somebody".parse().unwrap(),
                groups: groups.into_iter().collect(),
                password: None,
                must_change: false,
            };
            ids.push(node.identity.create_user(&author, new).await.unwrap().id);
        }
        let (service, app) = node.into_app(config, Vec::new(), None).unwrap();
        Self { router: router(&app), app, user: ids[0], administrator: ids[1], _service: service, _place: place }
    }

    /// A caller in this state, with a new session of its own.
    pub(crate) async fn caller(&self, state: State) -> Caller {
        let session = match state {
            State::Nobody => None,
            State::Garbage => Some(format!("dws_{}", "A".repeat(43))),
            _ => Some(self.session(state).await),
        };
        let mut caller = Caller { session, jar: Vec::new(), token: None };
        let seen = self.send(&caller, &Method::GET, "/api/v1/auth/csrf-token").await;
        assert_eq!(seen.status, 200);
        let cookies = seen.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        caller.jar = cookies.map(|cookie| cookie.split(';').next().unwrap().to_owned()).collect();
        caller.token = seen.token;
        caller
    }

    /// A session as the store would hold it in this state.
    async fn session(&self, state: State) -> String {
        let (identity, random) = (self.app.identity(), SystemRandom);
        let now = SystemClock.now();
        let old = UnixTime(now.0 - 40 * 86_400);
        let began = if state == State::Expired { old } else { now };
        let (cookie, hash) = token::mint(token::Kind::Session, &random);
        let session = Session {
            id: SessionId::random(&random),
            token: Some(hash),
            handle: LoginHandle::random(&random),
            user: if state.is_administrator() { self.administrator } else { self.user },
            kind: Kind::Browser,
            stage: state.stage().unwrap_or(Stage::Full),
            proven: Proven::by(Proof::Password, if state == State::Stale { UnixTime(now.0 - 1_000) } else { began }),
            credential: None,
            is_persistent: false,
            created_at: began,
            authenticated_at: began,
            last_seen: began,
            address: [127, 0, 0, 1].into(),
            device: "test".into(),
        };
        let id = session.id;
        let new = NewSession { session, refresh: None, replaces: None, browser: None, clear: vec![], refund: vec![] };
        let event = Event::new(now, Action::SignedIn, Actor::System);
        assert!(identity.store().create_session(&new, None, &event).await.unwrap());
        if state == State::Ended {
            let event = Event::new(now, Action::SessionEnded, Actor::System);
            identity.store().end_sessions(Which::One(id), EndReason::Revoked, &event).await.unwrap();
        }
        identity.follow().await.unwrap();
        cookie.expose_secret().to_owned()
    }

    /// Whether the session of this caller still stands.
    pub(crate) fn is_alive(&self, caller: &Caller) -> bool {
        caller.session.as_ref().is_some_and(|cookie| self.app.identity().session_by_cookie(cookie).is_ok())
    }

    /// Sends a request of this very origin, with a token that goes with the session.
    pub(crate) async fn send(&self, caller: &Caller, method: &Method, path: &str) -> Seen {
        self.send_with(caller, method, path, &[("sec-fetch-site", "same-origin"), ("origin", "http://localhost:8000")])
            .await
    }

    /// Sends a request with these header fields.
    pub(crate) async fn send_with(
        &self,
        caller: &Caller,
        method: &Method,
        path: &str,
        headers: &[(&str, &str)],
    ) -> Seen {
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:8000");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let session = caller.session.iter().map(|cookie| format!("doorward={cookie}"));
        for cookie in session.chain(caller.jar.iter().cloned()) {
            request = request.header("cookie", cookie);
        }
        if let Some(token) = &caller.token {
            request = request.header("x-csrf-token", token);
        }
        let request = request.header("content-type", "application/json").body(Body::from("{}")).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let body: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let text = |name: &str| body[name].as_str().map(str::to_owned);
        Seen { status, headers, reason: text("reason").unwrap_or_default(), token: text("csrf_token") }
    }
}
