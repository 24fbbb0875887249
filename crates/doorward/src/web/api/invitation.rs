//! `/api/v1/…/invitations`: letting somebody make an account.

use axum::Json;
use axum::extract::Path;
use doorward_core::Secret;
use doorward_core::store::{Link, Purpose};
use doorward_core::user::{Email, Name};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::me::UserView;
use super::session::parse;
use super::user::parse_groups;
use crate::portal::path;
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Whom to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationRequest {
    /// The address of the account that will be made.
    #[schema(max_length = 1024)]
    email: String,
    /// Its groups.
    #[serde(default)]
    #[schema(max_items = 100)]
    groups: Vec<String>,
}

/// A link that was just made. Its address is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkAnswer {
    /// `lnk_…`.
    id: String,
    /// The whole address to hand over; nothing where it went out by mail.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    /// Unix seconds.
    expires_at: i64,
}

/// An invitation that can still be used.
#[derive(Debug, Serialize, ToSchema)]
pub struct Invitation {
    /// `lnk_…`.
    id: String,
    /// For whom.
    email: String,
    /// With which groups.
    groups: Vec<String>,
    /// Unix seconds.
    created_at: i64,
    /// Unix seconds.
    expires_at: i64,
}

/// What the invited person chooses.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AcceptRequest {
    /// The code of the link.
    #[schema(value_type = String, max_length = 1024)]
    code: Secret,
    /// The display name.
    #[schema(max_length = 1024)]
    name: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Secret,
}

/// The address of a link, on the configured public origin, or else the one that the request was sent to.
/// Never on one that a client could choose (CVE-2017-12161).
#[must_use]
pub fn link_url(exchange: &Exchange, link: &Link, secret: &Secret) -> String {
    let path = match link.purpose {
        Purpose::Invitation { .. } => path::invitation(secret.expose_secret()),
        Purpose::PasswordReset { .. } | Purpose::Recovery { .. } => path::reset(secret.expose_secret()),
        Purpose::FactorReset { .. } => path::reset_factors(secret.expose_secret()),
        Purpose::Registration { .. } => path::join(secret.expose_secret()),
        Purpose::EmailVerification { .. } => path::verify(secret.expose_secret()),
        Purpose::SetUp => path::set_up(secret.expose_secret()),
    };
    format!("{}{path}", exchange.settings.link_origin(&exchange.arrival))
}

/// A link with its address.
pub(super) fn link_answer(exchange: &Exchange, link: &Link, secret: &Secret) -> LinkAnswer {
    LinkAnswer { id: link.id.to_string(), url: Some(link_url(exchange, link, secret)), expires_at: link.expires_at.0 }
}

/// Makes an invitation: sent by mail where there is mail, else a link to hand over.
#[utoipa::path(
    post, path = "/api/v1/admin/invitations", tag = "administration", request_body = InvitationRequest,
    responses((status = 200, description = "The link, shown this once", body = LinkAnswer), super::problem::Problems)
)]
pub async fn create(
    exchange: Exchange,
    body::Json(request): body::Json<InvitationRequest>,
) -> Result<Json<LinkAnswer>, Failure> {
    let visit = exchange.visit();
    let email: Email = request.email.parse()?;
    let groups = parse_groups(request.groups.iter().map(String::as_str))?;
    let identity = exchange.app.identity();
    let author = exchange.author(&visit)?;
    if identity.has_mail() {
        let link = identity.invite_by_mail(&author, email, groups).await?;
        return Ok(Json(LinkAnswer { id: link.id.to_string(), url: None, expires_at: link.expires_at.0 }));
    }
    let (link, secret) = identity.invite(&author, email, groups).await?;
    Ok(Json(link_answer(&exchange, &link, &secret)))
}

/// Lists the invitations that can still be used.
#[utoipa::path(
    get, path = "/api/v1/admin/invitations", tag = "administration",
    responses((status = 200, description = "The invitations", body = Vec<Invitation>), super::problem::Problems)
)]
pub async fn list(exchange: Exchange) -> Result<Json<Vec<Invitation>>, Failure> {
    let links = exchange.app.identity().open_links().await?;
    let invitations = links.into_iter().filter_map(|link| match link.purpose {
        Purpose::Invitation { email, groups } => Some(Invitation {
            id: link.id.to_string(),
            email: email.to_string(),
            groups: groups.iter().map(ToString::to_string).collect(),
            created_at: link.created_at.0,
            expires_at: link.expires_at.0,
        }),
        _ => None,
    });
    Ok(Json(invitations.collect()))
}

/// Withdraws a link.
#[utoipa::path(
    delete, path = "/api/v1/admin/invitations/{id}", tag = "administration",
    params(("id" = String, Path, description = "`lnk_…`")),
    responses((status = 204, description = "It is withdrawn"), super::problem::Problems)
)]
pub async fn revoke(exchange: Exchange, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let visit = exchange.visit();
    exchange.app.identity().revoke_link(&exchange.author(&visit)?, parse(&id, "user.link_invalid")?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Uses an invitation up. Signs nobody in.
#[utoipa::path(
    post, path = "/api/v1/auth/invitations/accept", tag = "sign-in", request_body = AcceptRequest,
    responses((status = 200, description = "The account that was made", body = UserView), super::problem::Problems)
)]
pub async fn accept(
    exchange: Exchange,
    body::Json(request): body::Json<AcceptRequest>,
) -> Result<Json<UserView>, Failure> {
    let name: Name = request.name.parse()?;
    let (visit, code) = (exchange.visit(), request.code.expose_secret());
    let (chosen, registration) = ((name, &request.password), &exchange.settings.config.registration);
    let user = exchange.app.identity().accept_invitation(&visit, code, chosen, registration).await?;
    Ok(Json(UserView::of(&user)))
}
