//! `/api/v1/auth/2fa/…`: what somebody has, and naming and removing it.

use axum::Json;
use axum::extract::Path;
use doorward_core::factor::policy::Enrolment;
use doorward_core::factor::{Credential, Detail};
use doorward_core::identifier::CredentialId;
use doorward_core::signin::{Method, Methods};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::login::status_word;
use super::session::parse;
use crate::identity::factor::{days_left, due_by};
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// By when a second factor must be set up.
#[derive(Debug, Serialize, ToSchema)]
pub struct Due {
    /// In unix seconds. After that a sign-in leads to the set-up and nowhere else.
    by: i64,
    /// Whole days until then, rounded up.
    days: i64,
}

/// Something that proves a second factor.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorView {
    /// `crd_…`.
    id: String,
    /// `totp`, `passkey` or `email`.
    kind: &'static str,
    /// What its owner calls it.
    name: String,
    /// When it was set up, in unix seconds.
    created_at: i64,
    /// When it last proved somebody, in unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<i64>,
    /// Whether it works at the present address: a passkey of another domain does not.
    works_here: bool,
}

/// What somebody has, and what is asked of them.
#[derive(Debug, Serialize, ToSchema)]
pub struct FactorStatus {
    /// As the answer of the sign-in.
    status: &'static str,
    /// What can prove a factor in this session, now: `totp`, `passkey`, `email`, `recovery_code`.
    methods: Vec<&'static str>,
    /// `none`, `suggested`, `due` or `now`.
    enrolment: &'static str,
    /// By when something must be set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment_due: Option<Due>,
    /// What is set up. Only in a session that may change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    factors: Option<Vec<FactorView>>,
    /// How many recovery codes are unused. Only in a session that may change them.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_codes: Option<usize>,
}

/// Another name.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NameRequest {
    /// The name.
    #[schema(max_length = 1024)]
    pub name: String,
}

/// The names of ways in this API, each once. A trusted device proves nothing by itself and is not among them.
#[must_use]
pub fn words(ways: Methods) -> Vec<&'static str> {
    let mut words = Vec::new();
    for way in ways.iter() {
        let word = match way {
            Method::OneTimeCode => "totp",
            Method::Passkey | Method::HardwareKey => "passkey",
            Method::EmailCode => "email",
            Method::RecoveryCode => "recovery_code",
            Method::Password | Method::TrustedDevice => continue,
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// By when something must be set up, where that is so.
#[must_use]
pub fn due(enrolment: Enrolment, exchange: &Exchange) -> Option<Due> {
    due_by(enrolment).map(|by| Due { by: by.0, days: days_left(by, exchange.app.identity().now()) })
}

fn view(credential: &Credential, rp_id: &str) -> FactorView {
    FactorView {
        id: credential.id.to_string(),
        kind: credential.detail.as_str(),
        name: credential.name.to_string(),
        created_at: credential.created_at.0,
        last_used_at: credential.last_used_at.map(|at| at.0),
        works_here: !matches!(&credential.detail, Detail::Passkey(passkey) if &*passkey.rp_id != rp_id),
    }
}

/// Says what somebody has and what is asked of them. Half a sign-in learns only how to finish.
#[utoipa::path(
    get, path = "/api/v1/auth/2fa/status", tag = "second factor",
    responses((status = 200, description = "What there is", body = FactorStatus), super::problem::Problems)
)]
pub async fn status(exchange: Exchange) -> Result<Json<FactorStatus>, Failure> {
    let (live, identity) = (exchange.live()?, exchange.app.identity());
    let overview = identity.overview(live).await?;
    let may_see = live.stage.may_enrol();
    let views = || overview.facts.credentials.iter().map(|credential| view(credential, identity.rp_id())).collect();
    Ok(Json(FactorStatus {
        status: status_word(live.stage),
        methods: words(overview.ways),
        enrolment: match overview.demand.enrolment() {
            Enrolment::NotDue => "none",
            Enrolment::Suggested => "suggested",
            Enrolment::DueBy(_) => "due",
            Enrolment::Now => "now",
        },
        enrolment_due: due(overview.demand.enrolment(), &exchange),
        factors: may_see.then(views),
        recovery_codes: may_see.then_some(overview.facts.recovery_codes),
    }))
}

/// Gives something another name.
#[utoipa::path(
    patch, path = "/api/v1/auth/2fa/factors/{id}", tag = "second factor", request_body = NameRequest,
    params(("id" = String, Path, description = "`crd_…`")),
    responses((status = 204, description = "Renamed"), super::problem::Problems)
)]
pub async fn rename(
    exchange: Exchange,
    Path(id): Path<String>,
    body::Json(request): body::Json<NameRequest>,
) -> Result<StatusCode, Failure> {
    give_name(&exchange, &id, &request).await
}

/// Gives a factor or a device another name: any whole session of its owner may, since a name lets nobody in.
pub(super) async fn give_name(exchange: &Exchange, id: &str, request: &NameRequest) -> Result<StatusCode, Failure> {
    let (id, name): (CredentialId, _) = (parse(id, "factor.not_found")?, request.name.parse()?);
    exchange.app.identity().rename_factor(&exchange.visit(), exchange.live()?, id, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes something. Trusted devices end, and so do the other sessions that it signed in.
#[utoipa::path(
    delete, path = "/api/v1/auth/2fa/factors/{id}", tag = "second factor",
    params(("id" = String, Path, description = "`crd_…`")),
    responses((status = 204, description = "Removed"), super::problem::Problems)
)]
pub async fn remove(exchange: Exchange, Path(id): Path<String>) -> Result<StatusCode, Failure> {
    let id: CredentialId = parse(&id, "factor.not_found")?;
    exchange.app.identity().remove_factor(&exchange.visit(), exchange.live()?, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
