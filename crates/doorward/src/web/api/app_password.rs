//! `/api/v1/auth/app-passwords`: passwords for clients that show no page, each for one app.

use axum::Json;
use axum::extract::Path;
use doorward_core::factor::AppPassword;
use doorward_core::user::Name;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::session::parse;
use crate::identity::NewAppPassword;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// One app password, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppPasswordView {
    /// Its public name.
    id: String,
    /// The app that it opens.
    app: String,
    /// What its owner calls it.
    name: String,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds, to the hour; absent until it was used.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    /// Unix seconds; absent where it has no end.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<i64>,
}

impl From<&AppPassword> for AppPasswordView {
    fn from(kept: &AppPassword) -> Self {
        Self {
            id: kept.id.to_string(),
            app: kept.app.to_string(),
            name: kept.name.to_string(),
            created_at: kept.created_at.0,
            last_used_at: kept.last_used_at.map(|at| at.0),
            expires_at: kept.expires_at.map(|at| at.0),
        }
    }
}

/// The app passwords, and the apps that take them.
#[derive(Debug, Serialize, ToSchema)]
pub struct AppPasswords {
    /// Newest first.
    passwords: Vec<AppPasswordView>,
    /// Names of apps.
    apps: Vec<String>,
}

/// What to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AppPasswordRequest {
    /// The app that it is for.
    #[schema(max_length = 64)]
    app: String,
    /// What to call it.
    #[schema(max_length = 1024)]
    name: String,
    /// Days until it ends, 1 to 3650; absent for one without an end.
    days: Option<i64>,
}

/// A new app password. Its secret is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct MadeAnswer {
    /// What is kept of it.
    #[serde(flatten)]
    kept: AppPasswordView,
    /// What the client sends, with the e-mail address as name.
    password: String,
}

/// The names of apps that take app passwords, in order.
#[must_use]
pub fn apps(exchange: &Exchange) -> Vec<String> {
    let places = exchange.settings.door.places().filter(|place| place.app.takes_app_passwords);
    let mut names: Vec<_> = places.map(|place| place.app.name.to_string()).collect();
    names.sort_unstable();
    names
}

/// The app of this name, where it takes app passwords.
///
/// # Errors
/// `app.passwords_off`.
pub fn app_named(exchange: &Exchange, name: &str) -> Result<Box<str>, Failure> {
    let is_one = apps(exchange).iter().any(|app| app == name);
    if is_one { Ok(name.into()) } else { Err(Failure::of("app.passwords_off")) }
}

/// Lists one's own app passwords.
#[utoipa::path(
    get, path = "/api/v1/auth/app-passwords", tag = "app passwords",
    responses((status = 200, description = "The app passwords, without secrets", body = AppPasswords), super::problem::Problems)
)]
pub async fn list(exchange: Exchange) -> Result<Json<AppPasswords>, Failure> {
    let kept = exchange.app.identity().app_passwords(exchange.live()?.user_id()).await?;
    Ok(Json(AppPasswords { passwords: kept.iter().map(AppPasswordView::from).collect(), apps: apps(&exchange) }))
}

/// Makes an app password. The session must be confirmed.
#[utoipa::path(
    post, path = "/api/v1/auth/app-passwords", tag = "app passwords", request_body = AppPasswordRequest,
    responses((status = 200, description = "The app password, shown this once", body = MadeAnswer), super::problem::Problems)
)]
pub async fn create(
    exchange: Exchange,
    body::Json(request): body::Json<AppPasswordRequest>,
) -> Result<Json<MadeAnswer>, Failure> {
    let app = app_named(&exchange, &request.app)?;
    let name: Name = request.name.parse()?;
    let new = NewAppPassword { app, name, days: request.days };
    let made = exchange.app.identity().make_app_password(&exchange.visit(), exchange.live()?, new).await?;
    let password = made.secret.expose_secret().to_owned();
    Ok(Json(MadeAnswer { kept: AppPasswordView::from(&made.kept), password }))
}

/// Withdraws an app password.
#[utoipa::path(
    delete, path = "/api/v1/auth/app-passwords/{id}", tag = "app passwords",
    params(("id" = String, Path, description = "The public name")),
    responses((status = 204, description = "It is withdrawn"), super::problem::Problems)
)]
pub async fn delete(exchange: Exchange, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let visit = exchange.visit();
    let id = parse(&id, "app.password_not_found")?;
    let user = exchange.live()?.user_id();
    exchange.app.identity().remove_app_password(&exchange.author(&visit)?, user, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
