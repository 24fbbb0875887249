//! Where one lands.

use axum::response::Response;
use doorward_core::policy::{Decision, Visitor, admit};
use http::StatusCode;

use crate::portal::page::{AppLink, Apps};
use crate::portal::path;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Leads to the landing page.
pub async fn root() -> Response {
    super::lead_to(path::APPS)
}

/// Shows what can be reached from here: the apps whose start this person may open.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let (user, standing) = (live.user(), live.standing(exchange.arrival.at));
    let settings = &exchange.settings;
    let mut apps: Vec<AppLink> = Vec::new();
    for place in settings.door.places() {
        let visitor = Visitor { standing, groups: &user.groups };
        if let Decision::Allow(_) = admit(&place.app.rules, "GET", &place.app.path, Ok(visitor)) {
            let own = place.app.host.as_deref().and_then(|host| settings.origin_of_app(host, &exchange.arrival));
            let url = format!("{}{}", own.unwrap_or_default(), place.app.path);
            apps.push(AppLink { name: place.app.name.to_string(), url });
        }
    }
    apps.sort_by(|one, other| one.name.cmp(&other.name));
    let has_demo = settings.door.is_empty();
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Apps { chrome, apps, has_demo }))
}
