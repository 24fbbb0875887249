//! `GET /api/v1/auth/me`: who is signed in, and how strongly.

use axum::Json;
use doorward_core::user::User;
use serde::Serialize;
use utoipa::ToSchema;

use super::session::SessionView;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// A user as the user sees themselves.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserView {
    /// `usr_…`.
    id: String,
    /// Signs in with this.
    email: String,
    /// Shown to people.
    name: String,
    /// Sorted.
    groups: Vec<String>,
}

impl UserView {
    /// What is shown of a user.
    #[must_use]
    pub fn of(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: user.email.to_string(),
            name: user.name.to_string(),
            groups: user.groups.iter().map(ToString::to_string).collect(),
        }
    }
}

/// Who is signed in, how strongly, and where.
#[derive(Debug, Serialize, ToSchema)]
pub struct Me {
    /// Who.
    user: UserView,
    /// `aal1` for one factor, `aal2` for two.
    acr: &'static str,
    /// What was proven (RFC 8176).
    amr: Vec<&'static str>,
    /// When, in unix seconds.
    auth_time: i64,
    /// In which session and on which device.
    session: SessionView,
}

/// Says who is signed in.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "sign-in",
    responses(
        (status = 200, description = "Who is signed in", body = Me),
        super::problem::Problems,
    )
)]
pub async fn get(exchange: Exchange) -> Result<Json<Me>, Failure> {
    let live = exchange.live()?;
    Ok(Json(Me {
        user: UserView::of(&live.user()),
        acr: live.methods.acr(),
        amr: live.methods.amr(),
        auth_time: live.authenticated_at.0,
        session: SessionView::of(live, Some(live.id)),
    }))
}
