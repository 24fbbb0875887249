//! Which host and path belongs to whom: the apps by host and path, and what stays ours.

use std::collections::HashMap;
use std::sync::Arc;

use doorward_edge::forward::Limits;
use doorward_edge::header::Managed;
use doorward_edge::upstream::{Settings as Keeping, Upstream};
use http::HeaderName;

use crate::config::{AppConfig, Config};
use crate::watch::AppMeter;
use crate::web::route;

/// The paths below which everything is ours on a host that we share with an app.
pub const PAGES: &str = "/.doorward";

/// What is ours beside the pages, where `portal.prefix` does not move it.
pub const OPEN: &[&str] = &["/api/v1", "/api/authz", "/api/openapi.json", "/health", "/.well-known/jwks.json"];

/// One app in its place.
#[derive(Debug)]
pub struct Place {
    /// How it is configured.
    pub app: AppConfig,
    /// The connections to it; nothing where another proxy reaches it.
    pub upstream: Option<Upstream>,
    /// The headers that only we may set.
    pub managed: Managed,
    /// How long it may take, and how much it may be sent.
    pub limits: Limits,
    /// Its numbers.
    pub meter: AppMeter,
}

/// Every app by host and path.
#[derive(Debug, Default)]
pub struct Table {
    hosts: HashMap<Box<str>, Vec<Arc<Place>>>,
    /// The apps on the host of the pages, the longest path first.
    shared: Vec<Arc<Place>>,
    prefix: Option<Box<str>>,
}

/// To whom a request belongs.
#[derive(Debug)]
pub enum Spot<'a> {
    /// Ours, at the path as it came.
    Ours,
    /// Ours, below the prefix of the portal.
    Moved,
    /// Ours, on the host of an app.
    Threshold,
    /// An app's.
    App(&'a Arc<Place>),
    /// Nobody's.
    Nowhere,
}

impl Table {
    /// The table of a configuration. Connections to apps whose address stays are taken over from `before`.
    #[must_use]
    pub fn of(config: &Config, before: Option<&Self>, meter: impl Fn(&str) -> AppMeter) -> Self {
        let portal = config.public_url();
        let mut table = Self { prefix: config.portal.prefix.clone(), ..Self::default() };
        for app in &config.apps {
            let upstream = app.upstream.as_ref().map(|url| {
                let known = before.and_then(|before| {
                    before.places().find_map(|place| place.upstream.as_ref().filter(|known| known.url() == url))
                });
                known.cloned().unwrap_or_else(|| Upstream::new(url.clone(), Keeping::default()))
            });
            let names = &app.identity;
            let place = Arc::new(Place {
                upstream,
                managed: Managed::new([&names.user, &names.groups, &names.name, &names.email].map(HeaderName::as_str)),
                limits: limits(app),
                meter: meter(&app.name),
                app: app.clone(),
            });
            match app.host.as_deref().filter(|host| *host != portal.host()) {
                Some(host) => table.hosts.entry(host.into()).or_default().push(place),
                None => table.shared.push(place),
            }
        }
        for places in table.hosts.values_mut().chain([&mut table.shared]) {
            places.sort_by_key(|place| std::cmp::Reverse(place.app.path.len()));
        }
        table
    }

    /// Every app.
    pub fn places(&self) -> impl Iterator<Item = &Arc<Place>> {
        self.hosts.values().flatten().chain(&self.shared)
    }

    /// Closes the connections to apps that were idle for long enough.
    pub fn reap(&self) {
        self.places().filter_map(|place| place.upstream.as_ref()).for_each(Upstream::reap);
    }

    /// Whether there is no app at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty() && self.shared.is_empty()
    }

    /// Whether a host is one of an app alone.
    #[must_use]
    pub fn has_host(&self, host: &str) -> bool {
        self.hosts.contains_key(host)
    }

    /// To whom a request belongs. `host` is in lower case and without a port, `path` canonical.
    #[must_use]
    pub fn find<'a>(&'a self, host: &str, path: &str) -> Spot<'a> {
        match self.hosts.get(host) {
            Some(_) if is_below(path, PAGES) => Spot::Threshold,
            Some(places) => at(places, path).map_or(Spot::Nowhere, Spot::App),
            None => self.find_shared(path),
        }
    }

    /// The app that another proxy asks about, whatever is ours. A host that is no app's is that of the pages.
    #[must_use]
    pub fn find_app(&self, host: &str, path: &str) -> Option<&Arc<Place>> {
        at(self.hosts.get(host).unwrap_or(&self.shared), path)
    }

    /// A path without the prefix of the portal; nothing where it does not begin with that.
    #[must_use]
    pub fn unmoved<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.prefix.as_deref().unwrap_or_default()).filter(|rest| rest.starts_with('/'))
    }

    /// Whether a path is one at which other proxies ask.
    #[must_use]
    pub fn is_question(&self, path: &str) -> bool {
        let prefix = self.prefix.as_deref().unwrap_or_default();
        path.strip_prefix(prefix).is_some_and(|rest| [route::FORWARD_AUTH, route::AUTH_REQUEST].contains(&rest))
    }

    /// Whether everything on this host is reached through another proxy.
    #[must_use]
    pub fn is_behind_another(&self, host: &str) -> bool {
        self.hosts.get(host).is_some_and(|places| places.iter().all(|place| place.upstream.is_none()))
    }

    /// To whom a request of a listed proxy belongs: to the host of the pages, whatever host it names.
    #[must_use]
    pub fn find_own(&self, path: &str) -> Spot<'_> {
        self.find_shared(path)
    }

    fn find_shared(&self, path: &str) -> Spot<'_> {
        if let Some(prefix) = &self.prefix {
            if path.strip_prefix(&**prefix).is_some_and(|rest| OPEN.iter().any(|own| is_below(rest, own))) {
                return Spot::Moved;
            }
            if is_below(path, PAGES) {
                return Spot::Ours;
            }
        } else if is_below(path, PAGES) || OPEN.iter().any(|own| is_below(path, own)) {
            return Spot::Ours;
        }
        match at(&self.shared, path) {
            Some(place) => Spot::App(place),
            // The demo app, and the start page, stand only where there is no app.
            None if self.is_empty() || path == "/" => Spot::Ours,
            None => Spot::Nowhere,
        }
    }
}

fn limits(app: &AppConfig) -> Limits {
    Limits { head: app.timeout, idle: app.idle_timeout, body_bytes: app.body_bytes, ..Limits::default() }
}

/// The app at a path. Some apps take `/Admin` for `/admin`: where the letter case alone keeps a path from another app of
/// the same upstream, it is nobody's, or the rules of the one would be asked about a page of the other.
fn at<'a>(places: &'a [Arc<Place>], path: &str) -> Option<&'a Arc<Place>> {
    let found = places.iter().find(|place| is_below_place(path, &place.app.path))?;
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if places.len() == 1 || (is_plain(path) && places.iter().all(|place| is_plain(&place.app.path))) {
        return Some(found);
    }
    let lower = path.to_lowercase();
    let other = places.iter().find(|place| is_below_place(&lower, &place.app.path.to_lowercase()))?;
    let is_one = Arc::ptr_eq(found, other) || found.app.upstream != other.app.upstream;
    is_one.then_some(found)
}

fn is_below_place(path: &str, base: &str) -> bool {
    base == "/" || is_below(path, base)
}

/// Whether a path is `base` or below it.
#[must_use]
pub fn is_below(path: &str, base: &str) -> bool {
    path.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
