//! The web side: listeners, layers, routes and handlers.

pub mod api;
pub mod app;
pub mod arrival;
mod arrive;
pub mod authz;
pub mod body;
pub mod caller;
pub mod cookie;
pub mod demo;
mod departure;
pub mod door;
pub mod echo;
pub mod exchange;
pub mod failure;
pub mod forwarded;
mod guard;
mod header;
pub mod health;
pub mod listener;
mod plain;
pub mod portal;
mod present;
pub mod private;
mod refusal;
pub mod route;
pub mod target;
pub mod ticket;

use axum::{Router, middleware};

use self::app::App;
use self::failure::Failure;
use self::route::Route;

/// Every route behind its guard, and the layers in the order in which a request meets them.
pub fn router(app: &App) -> Router {
    let mut router = Router::new();
    for route in route::ALL {
        let guarded = guard::guard;
        let layer = middleware::from_fn_with_state((app.clone(), route), guarded);
        router = router.route(route.path, (route.handler)().layer(layer));
    }
    router
        // Unknown paths and methods are answered without looking at cookies: there is nothing behind them.
        .fallback(async || Failure::of("http.not_found"))
        .method_not_allowed_fallback(async || Failure::of("http.method_not_allowed"))
        // The outermost: it names the request, and whatever happens further in, its answer passes here.
        .layer(middleware::from_fn_with_state(app.clone(), arrive::arrive))
        .with_state(app.clone())
}

/// The routes that a request to `path` with `method` could meet.
#[must_use]
pub fn routes_of(path: &str) -> Vec<&'static Route> {
    route::ALL.iter().filter(|route| route.path == path).collect()
}
