//! The pages that ask for a second factor: in a sign-in, after a recovery code, and before what needs a fresh proof.

use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use doorward_core::session::Stage;
use doorward_core::signin::{Method, Methods};
use http::StatusCode;
use serde::Deserialize;

use super::return_to::checked;
use crate::identity::factor::{Answer, Typed};
use crate::identity::{Refused, SignedIn};
use crate::portal::page::{Asking, FactorChallenge, FactorWay};
use crate::portal::{Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// What somebody typed, by which way, and where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Fields {
    #[serde(default)]
    way: String,
    #[serde(default = "nothing")]
    code: Secret,
    #[serde(default = "nothing")]
    password: Secret,
    #[serde(default)]
    trust: String,
    #[serde(default)]
    return_to: String,
}

fn nothing() -> Secret {
    Secret::new("")
}

/// What a page of these shows beside what there is.
#[derive(Debug, Default)]
struct Shown {
    way: String,
    return_to: String,
    is_sent: bool,
    problem: Option<Problem>,
}

impl Shown {
    /// As the address of the page says.
    fn of(exchange: &Exchange) -> Self {
        Self {
            way: exchange.parameter("way").unwrap_or_default(),
            return_to: exchange.parameter("return_to").unwrap_or_default(),
            is_sent: exchange.parameter("sent").is_some(),
            problem: None,
        }
    }
}

/// The ways of a set, in the order in which they are offered.
#[must_use]
pub fn ways_of(ways: Methods) -> Vec<FactorWay> {
    let is_open = |way: &FactorWay| match way {
        FactorWay::Passkey => ways.has(Method::Passkey) || ways.has(Method::HardwareKey),
        FactorWay::Totp => ways.has(Method::OneTimeCode),
        FactorWay::Email => ways.has(Method::EmailCode),
        FactorWay::RecoveryCode => ways.has(Method::RecoveryCode),
    };
    FactorWay::ALL.into_iter().filter(is_open).collect()
}

/// Asks for the second factor of a sign-in.
pub async fn second_factor(exchange: Exchange) -> Result<Response, Failure> {
    page(&exchange, Asking::SignIn, StatusCode::OK, Shown::of(&exchange)).await
}

/// Proves it.
pub async fn prove(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    answer(&exchange, Asking::SignIn, fields).await
}

/// Asks for the code that was sent to the address.
pub async fn recovery_mail(exchange: Exchange) -> Result<Response, Failure> {
    page(&exchange, Asking::RecoveryMail, StatusCode::OK, Shown::of(&exchange)).await
}

/// Proves the address.
pub async fn prove_mail(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    answer(&exchange, Asking::RecoveryMail, fields).await
}

/// Sends a code by mail, and leads back to the page that asks for it.
pub async fn send(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let asking = match live.stage {
        Stage::RecoveryMail => Asking::RecoveryMail,
        Stage::Full => Asking::Again,
        _ => Asking::SignIn,
    };
    let back = checked(&fields.return_to).unwrap_or_default();
    match exchange.app.identity().send_email_code(&exchange.visit(), live).await {
        Ok(()) => {
            let page = path::by_way(asking.path(), FactorWay::Email.as_str(), back);
            Ok(super::lead_to(&format!("{page}&sent=1")))
        }
        Err(refused) => {
            let fields = Fields { way: FactorWay::Email.as_str().to_owned(), ..fields };
            again(&exchange, asking, fields, refused).await
        }
    }
}

/// Asks somebody who is signed in to prove once more who they are.
pub async fn confirm(exchange: Exchange) -> Result<Response, Failure> {
    page(&exchange, Asking::Again, StatusCode::OK, Shown::of(&exchange)).await
}

/// Proves it.
pub async fn confirmed(exchange: Exchange, Form(fields): Form<Fields>) -> Result<Response, Failure> {
    answer(&exchange, Asking::Again, fields).await
}

async fn answer(exchange: &Exchange, asking: Asking, fields: Fields) -> Result<Response, Failure> {
    match step(exchange, asking, &fields).await {
        Ok(signed_in) => {
            let next = super::next_page(signed_in.live.stage, &fields.return_to);
            Ok((exchange.signed_in(&signed_in), super::lead_to(&next)).into_response())
        }
        Err(refused) => again(exchange, asking, fields, refused).await,
    }
}

/// The same page once more, with the reason.
async fn again(exchange: &Exchange, asking: Asking, fields: Fields, refused: Refused) -> Result<Response, Failure> {
    let failure = Failure::from(refused);
    let (status, problem) = super::problem(&failure);
    let Fields { way, return_to, .. } = fields;
    let shown = Shown { way, return_to, is_sent: false, problem: Some(problem) };
    let response = page(exchange, asking, status, shown).await?;
    Ok(failure.on_page(|_, _| response))
}

async fn step(exchange: &Exchange, asking: Asking, fields: &Fields) -> Result<SignedIn, Refused> {
    let (identity, visit) = (exchange.app.identity(), exchange.visit());
    let live = exchange.caller.live().ok_or_else(|| Refused::new(exchange.caller.code()))?;
    if asking == Asking::Again && fields.way.is_empty() {
        return identity.confirm_password(&visit, live, &fields.password).await;
    }
    let code = fields.code.clone();
    let typed = match FactorWay::from_text(&fields.way) {
        Some(FactorWay::Totp) => Typed::Totp(code),
        Some(FactorWay::RecoveryCode) => Typed::RecoveryCode(code),
        Some(FactorWay::Email) => Typed::EmailCode(code),
        Some(FactorWay::Passkey) | None => return Err(Refused::new("factor.way_closed")),
    };
    let trust = (fields.trust == "on").then(|| exchange.device_name());
    identity.prove(&visit, live, Answer { typed, trust }).await
}

async fn page(exchange: &Exchange, asking: Asking, status: StatusCode, shown: Shown) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let overview = exchange.app.identity().overview(live).await?;
    let open = ways_of(overview.ways);
    let asked = FactorWay::from_text(&shown.way).filter(|way| open.contains(way));
    let way = asked.or_else(|| open.first().copied());
    let return_to = checked(&shown.return_to).unwrap_or_default().to_owned();
    let is_bare = asking == Asking::Again && overview.facts.credentials.is_empty();
    let is_strong = open.iter().any(|way| matches!(way, FactorWay::Totp | FactorWay::Passkey));
    let email = live.user().email.to_string();
    Ok(super::show(exchange, status, |chrome| FactorChallenge {
        chrome,
        asking,
        email,
        way,
        others: open.into_iter().filter(|other| Some(*other) != way).collect(),
        by_password: is_bare,
        needs_factor: asking == Asking::Again && !is_strong && leads_to_app(&return_to),
        can_trust: can_trust(asking, way, overview.allows_devices)
            .then_some(exchange.app.identity().factor_policy().device_days),
        is_sent: shown.is_sent,
        return_to,
        problem: shown.problem,
    }))
}

/// Whether a sign-in by this way can trust its device: only one of two factors can, and a code by mail is none of full
/// strength.
fn can_trust(asking: Asking, way: Option<FactorWay>, is_allowed: bool) -> bool {
    is_allowed && asking == Asking::SignIn && matches!(way, Some(FactorWay::Totp | FactorWay::Passkey))
}

/// Whether an app has asked for the proof: it takes no password in place of a factor.
fn leads_to_app(return_to: &str) -> bool {
    let is_ours = return_to.is_empty() || return_to.starts_with("/.doorward/");
    !is_ours || return_to.split('?').next() == Some(path::ENTER)
}
