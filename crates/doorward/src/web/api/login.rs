//! `POST /api/v1/auth/jwt/login`: e-mail address and password.

use axum::Json;
use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use doorward_core::session::Stage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::factor::{Due, due, words};
use super::me::UserView;
use crate::identity::{Credentials, Pair, SignedIn};
use crate::web::body;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// What somebody signs in with.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// The e-mail address of the account.
    #[schema(example = "ada@example.com", max_length = 1024)]
    email: String,
    /// The password.
    #[schema(value_type = String, format = Password, max_length = 1024)]
    password: Secret,
    /// Whether to answer with tokens instead of a cookie.
    #[serde(default)]
    tokens: bool,
    /// Whether the cookie shall outlive the browser.
    #[serde(default)]
    stay: bool,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LoginAnswer {
    /// `signed_in`, or what is missing: `second_factor_required`, `recovery_mail_required`, `password_change_required`,
    /// `recovery_required`, `enrolment_required`.
    status: &'static str,
    /// Who is signed in, once nothing is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<UserView>,
    /// By when a second factor must be set up, where none is and one must be.
    #[serde(skip_serializing_if = "Option::is_none")]
    enrolment_due: Option<Due>,
    /// What can prove the missing factor: `totp`, `passkey`, `email`, `recovery_code`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    methods: Vec<&'static str>,
    /// The CSRF token of the new session.
    csrf_token: String,
    /// The tokens, for a client that asked for them.
    #[serde(flatten)]
    tokens: Option<Tokens>,
}

/// Access and refresh token (RFC 6749, section 5.1).
#[derive(Debug, Serialize, ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer`.
    access_token: String,
    /// Buys the next pair, once.
    refresh_token: String,
    /// Always `Bearer`.
    token_type: &'static str,
    /// Seconds for which the access token is good.
    expires_in: i64,
}

impl From<&Pair> for Tokens {
    fn from(pair: &Pair) -> Self {
        Self {
            access_token: pair.access.expose_secret().to_owned(),
            refresh_token: pair.refresh.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: pair.expires_in,
        }
    }
}

/// The word for a stage of a sign-in.
#[must_use]
pub fn status_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Full => "signed_in",
        Stage::SecondFactor => "second_factor_required",
        Stage::PasswordChange => "password_change_required",
        Stage::RecoveryMail => "recovery_mail_required",
        Stage::Recovery => "recovery_required",
        Stage::Enrolment => "enrolment_required",
    }
}

/// Signs in.
#[utoipa::path(
    post, path = "/api/v1/auth/jwt/login", tag = "sign-in", request_body = LoginRequest,
    responses(
        (status = 200, description = "Signed in, or on the way", body = LoginAnswer),
        super::problem::Problems,
    )
)]
pub async fn post(exchange: Exchange, body::Json(request): body::Json<LoginRequest>) -> Result<Response, Failure> {
    let wish = exchange.wish(request.tokens, request.stay);
    let credentials = Credentials { email: &request.email, password: request.password };
    let signed_in = exchange.app.identity().sign_in(&exchange.visit(), credentials, wish).await?;
    answer(&exchange, &signed_in).await
}

/// Answers after a step of a sign-in: how far it has come, with the cookies or tokens of the session.
pub(super) async fn answer(exchange: &Exchange, signed_in: &SignedIn) -> Result<Response, Failure> {
    let live = &signed_in.live;
    let overview = exchange.app.identity().overview(live).await?;
    let is_asked = matches!(live.stage, Stage::SecondFactor | Stage::RecoveryMail);
    let fresh = exchange.signed_in(signed_in);
    let answer = LoginAnswer {
        status: status_word(live.stage),
        user: (live.stage == Stage::Full).then(|| UserView::of(&live.user())),
        methods: if is_asked { words(overview.ways) } else { Vec::new() },
        enrolment_due: due(overview.demand.enrolment(), exchange),
        csrf_token: fresh.token().to_owned(),
        tokens: signed_in.tokens.as_ref().map(Tokens::from),
    };
    Ok((fresh, Json(answer)).into_response())
}
