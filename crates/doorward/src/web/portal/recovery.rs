//! What people ask for by mail: a new password, an account, another address. The answer is the same for every address.

use axum::response::Response;
use doorward_core::Secret;
use http::StatusCode;
use serde::Deserialize;

use crate::identity::{Errand, Refused};
use crate::portal::page::{AskAddress, Asked, OwnAddress, Prove};
use crate::portal::{Done, Problem, path};
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// An address.
#[derive(Debug, Deserialize)]
pub struct AddressFields {
    email: String,
}

/// The address that the account shall have.
#[derive(Debug, Deserialize)]
pub struct OwnFields {
    email: String,
    #[serde(default)]
    current_password: Option<Secret>,
}

/// The secret of a link.
#[derive(Debug, Deserialize)]
pub struct TokenFields {
    token: Secret,
}

/// Runs an errand after the answer, so that its time says nothing.
pub fn after_the_answer(exchange: &Exchange, errand: Option<Errand>) {
    if let Some(errand) = errand {
        exchange.app.tasks().spawn("letter", errand.run());
    }
}

/// Asks whose password was forgotten.
pub async fn forgotten(exchange: Exchange) -> Result<Response, Failure> {
    needs_mail(&exchange)?;
    Ok(ask(&exchange, Asked::Password, String::new(), StatusCode::OK, None))
}

/// Has a link sent.
pub async fn send_password(exchange: Exchange, Form(fields): Form<AddressFields>) -> Response {
    let errand = exchange.app.identity().ask_password(&exchange.visit(), &fields.email).await;
    answer(&exchange, Asked::Password, fields.email, errand)
}

/// Asks for the address of whoever registers.
pub async fn register(exchange: Exchange) -> Result<Response, Failure> {
    if !exchange.settings.config.registration.is_enabled {
        return Err(Failure::of("user.registration_closed"));
    }
    needs_mail(&exchange)?;
    Ok(ask(&exchange, Asked::Account, String::new(), StatusCode::OK, None))
}

/// Has a link sent.
pub async fn send_account(exchange: Exchange, Form(fields): Form<AddressFields>) -> Response {
    let registration = &exchange.settings.config.registration;
    let errand = exchange.app.identity().ask_account(&exchange.visit(), &fields.email, registration).await;
    answer(&exchange, Asked::Account, fields.email, errand)
}

fn needs_mail(exchange: &Exchange) -> Result<(), Failure> {
    if exchange.app.identity().has_mail() { Ok(()) } else { Err(Failure::of("mail.off")) }
}

fn answer(exchange: &Exchange, asked: Asked, email: String, errand: Result<Option<Errand>, Refused>) -> Response {
    match errand {
        Ok(errand) => {
            after_the_answer(exchange, errand);
            super::show(exchange, StatusCode::OK, |chrome| AskAddress {
                chrome,
                asked,
                email,
                is_sent: true,
                problem: None,
            })
        }
        Err(refused) => super::refused(refused, |status, problem| ask(exchange, asked, email, status, Some(problem))),
    }
}

fn ask(exchange: &Exchange, asked: Asked, email: String, status: StatusCode, problem: Option<Problem>) -> Response {
    super::show(exchange, status, |chrome| AskAddress { chrome, asked, email, is_sent: false, problem })
}

/// Shows the address of the account, and asks for another.
pub async fn own(exchange: Exchange) -> Result<Response, Failure> {
    needs_mail(&exchange)?;
    own_page(&exchange, None, StatusCode::OK, None).await
}

/// Has a link sent to the address that the account shall have.
pub async fn send_own(exchange: Exchange, Form(fields): Form<OwnFields>) -> Result<Response, Failure> {
    let OwnFields { email, current_password } = fields;
    let live = exchange.live()?;
    let errand = exchange.app.identity().ask_address(&exchange.visit(), live, &email, current_password).await;
    match errand {
        Ok(errand) => {
            after_the_answer(&exchange, errand);
            Ok(super::lead_to(&Done::LetterSent.at(path::ACCOUNT_EMAIL)))
        }
        Err(refused) => {
            let failure = Failure::from(refused);
            let (status, problem) = super::problem(&failure);
            let mut response = own_page(&exchange, Some(email), status, Some(problem)).await?;
            response.extensions_mut().insert(crate::web::present::Presented(failure));
            Ok(response)
        }
    }
}

async fn own_page(
    exchange: &Exchange,
    typed: Option<String>,
    status: StatusCode,
    problem: Option<Problem>,
) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let is_proven = exchange.app.identity().is_address_proven(live.user_id()).await?;
    let present = live.user().email.to_string();
    Ok(super::show(exchange, status, |chrome| OwnAddress {
        chrome,
        present,
        is_proven,
        email: typed.unwrap_or_default(),
        problem,
        done: super::done(exchange),
    }))
}

/// Asks before an address is proven: opening a link uses nothing (PATTERN-MAIL-PREFETCH).
pub async fn verify(exchange: Exchange) -> Result<Response, Failure> {
    let token = exchange.parameter("token").unwrap_or_default();
    let link = exchange.app.identity().look(&token).await?;
    let doorward_core::store::Purpose::EmailVerification { email, .. } = link.purpose else {
        return Err(Failure::of("user.link_invalid"));
    };
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Prove { chrome, token, email: email.to_string() }))
}

/// Proves the address.
pub async fn prove(exchange: Exchange, Form(fields): Form<TokenFields>) -> Result<Response, Failure> {
    let live = exchange.caller.live().map(AsRef::as_ref);
    exchange.app.identity().prove_address(&exchange.visit(), live, fields.token.expose_secret()).await?;
    let next = if exchange.caller.live().is_some() { path::ACCOUNT } else { path::SIGN_IN };
    Ok(super::lead_to(&Done::AddressProven.at(next)))
}
