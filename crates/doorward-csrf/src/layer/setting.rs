//! What a layer was given, and what it tells.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::request::Parts;

use crate::environment::{Environment, System};
use crate::origin::Scheme;
use crate::report::Report;
use crate::request::RequestView;
use crate::{Csrf, Reason};

/// How many different mismatches are logged before the layer falls silent about new ones.
const MAX_MISMATCHES: usize = 64;

/// What an outer layer knows about the connection, put into the extensions of the request. Without it a request
/// counts as plain http from a peer whose forwarded headers mean nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// Whether the peer is connected over TLS.
    pub is_tls: bool,
    /// Whether the peer is a proxy from the configuration, whose `X-Forwarded-Proto`, `-Host` and `-Port` count.
    pub is_proxy_trusted: bool,
    /// The scheme that the visitor uses, where the outer layer knows it better.
    pub scheme: Option<Scheme>,
    /// The `host[:port]` that the visitor uses, where the outer layer knows it better.
    pub authority: Option<String>,
}

/// Protects the service behind it. See the crate's front page for an example.
#[derive(Debug, Clone)]
pub struct CsrfLayer {
    pub(super) setting: Arc<Setting>,
}

type Listener = Arc<dyn Fn(&Report) + Send + Sync>;

#[derive(Clone)]
pub(super) struct Setting {
    pub(super) csrf: Arc<Csrf>,
    pub(super) environment: Arc<dyn Environment>,
    pub(super) docs: String,
    pub(super) is_debug: bool,
    listener: Listener,
    mismatches: Arc<Mutex<HashSet<(String, String)>>>,
}

impl fmt::Debug for Setting {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Setting").field("csrf", &self.csrf).field("is_debug", &self.is_debug).finish_non_exhaustive()
    }
}

impl CsrfLayer {
    /// A layer over a checked configuration.
    #[must_use]
    pub fn new(csrf: impl Into<Arc<Csrf>>) -> Self {
        let setting = Setting {
            csrf: csrf.into(),
            environment: Arc::new(System),
            docs: "/docs/reasons".to_owned(),
            is_debug: false,
            listener: Arc::new(log),
            mismatches: Arc::default(),
        };
        Self { setting: Arc::new(setting) }
    }

    fn change(self, change: impl FnOnce(&mut Setting)) -> Self {
        let mut setting = Arc::unwrap_or_clone(self.setting);
        change(&mut setting);
        Self { setting: Arc::new(setting) }
    }

    /// Takes time and randomness from elsewhere than the operating system.
    #[must_use]
    pub fn environment(self, environment: impl Into<Arc<dyn Environment>>) -> Self {
        let environment = environment.into();
        self.change(|setting| setting.environment = environment)
    }

    /// The page on which every reason has an anchor, for `type` and `docs` of a refusal. Default `/docs/reasons`.
    #[must_use]
    pub fn docs(self, page: impl Into<String>) -> Self {
        let page = page.into();
        self.change(|setting| setting.docs = page)
    }

    /// Hears of every refusal, also of those that are only reported. Default: one warning through `tracing`.
    #[must_use]
    pub fn on_refusal(self, listener: impl Fn(&Report) + Send + Sync + 'static) -> Self {
        self.change(|setting| setting.listener = Arc::new(listener))
    }

    /// Puts everything that the log knows into the refusals too, expected values included. Only for development.
    #[must_use]
    pub fn dangerous_debug(self, is_on: bool) -> Self {
        self.change(|setting| setting.is_debug = is_on)
    }
}

impl Setting {
    /// A request as the rule sees it, with what the outer layer knows about its connection.
    pub(super) fn view<'a>(&self, parts: &'a Parts) -> RequestView<'a> {
        let mut view =
            RequestView::new(&parts.method, &parts.uri, &parts.headers, self.environment.now()).version(parts.version);
        let Some(connection) = parts.extensions.get::<Connection>() else { return view };
        view = view.tls(connection.is_tls);
        if connection.is_proxy_trusted {
            view = view.trust_forwarded();
        }
        if let Some(scheme) = connection.scheme {
            view = view.scheme(scheme);
        }
        match &connection.authority {
            Some(authority) => view.target_authority(authority),
            None => view,
        }
    }

    pub(super) fn tell(&self, report: &Report) {
        (self.listener)(report);
    }

    /// Logs once for each pair that the browser and this server disagree about the origin of this server.
    pub(super) fn warn_of_mismatch(&self, report: &Report) {
        let (Some(origin), Some(own)) = (&report.origin, &report.self_origin) else { return };
        let mut seen = self.mismatches.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() < MAX_MISMATCHES && seen.insert((origin.clone(), own.clone())) {
            tracing::warn!(reason = Reason::OriginConfigMismatch.code(), origin, own, "{}", report.remedy);
        }
    }
}

fn log(report: &Report) {
    tracing::warn!(reason = report.reason.code(), "{report}");
}
