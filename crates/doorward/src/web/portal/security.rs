//! What proves who somebody is: setting it up, naming and removing it, recovery codes, trusted devices.

use axum::response::{IntoResponse, Response};
use doorward_core::Secret;
use doorward_core::factor::policy::Enrolment as Due;
use doorward_core::factor::{Credential, Detail, TrustedDevice};
use doorward_core::identifier::CredentialId;
use doorward_core::session::Stage;
use doorward_core::user::Name;
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Deserialize;

use super::return_to::checked;
use crate::identity::factor::{TotpConfirmation, TotpOffer};
use crate::identity::{Live, SignedIn};
use crate::portal::page::{
    Confirm, DeviceRow, EmailSetUp, Enrolment, FactorRow, FactorWay, Question, RecoveryCodes, Security, TotpSetUp,
};
use crate::portal::{Done, Moment, Problem, path, qr};
use crate::web::body::Form;
use crate::web::cookie;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Where to go afterwards.
#[derive(Debug, Deserialize)]
pub struct Back {
    #[serde(default)]
    return_to: String,
}

/// The first code of a new app.
#[derive(Debug, Deserialize)]
pub struct TotpFields {
    challenge: String,
    code: Secret,
    name: String,
    #[serde(default)]
    return_to: String,
}

/// Another name for something.
#[derive(Debug, Deserialize)]
pub struct RenameFields {
    id: String,
    name: String,
}

/// What to end: one, or where none is named, all.
#[derive(Debug, Deserialize)]
pub struct DeviceFields {
    #[serde(default)]
    id: String,
}

fn read_id(text: &str) -> Result<CredentialId, Failure> {
    text.parse().map_err(|_| Failure::of("factor.not_found"))
}

/// Shows what there is.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let return_to = exchange.parameter("return_to").unwrap_or_default();
    overview(&exchange, StatusCode::OK, (&return_to, None)).await
}

/// Shows what can be set up, for a sign-in that waits for it.
pub async fn enrolment(exchange: Exchange) -> Result<Response, Failure> {
    let return_to = exchange.parameter("return_to").unwrap_or_default();
    overview(&exchange, StatusCode::OK, (&return_to, None)).await
}

/// Goes on after a recovery code, where nothing was lost.
pub async fn keep(exchange: Exchange, Form(fields): Form<Back>) -> Result<Response, Failure> {
    let signed_in = exchange.app.identity().keep_factors(&exchange.visit(), exchange.live()?).await?;
    let next = super::next_page(signed_in.live.stage, &fields.return_to);
    Ok((exchange.signed_in(&signed_in), super::lead_to(&next)).into_response())
}

/// Offers a key for an authenticator app.
pub async fn offer_totp(exchange: Exchange, Form(fields): Form<Back>) -> Result<Response, Failure> {
    let live = exchange.live()?;
    match exchange.app.identity().offer_totp(live).await {
        Ok(offer) => Ok(totp(&exchange, StatusCode::OK, (&offer, None, &fields.return_to), None)),
        Err(refused) => {
            let failure = Failure::from(refused);
            let (status, problem) = super::problem(&failure);
            let page = overview(&exchange, status, (&fields.return_to, Some(problem))).await?;
            Ok(failure.on_page(|_, _| page))
        }
    }
}

/// Sets the app up, or shows the same key once more.
pub async fn confirm_totp(exchange: Exchange, Form(fields): Form<TotpFields>) -> Result<Response, Failure> {
    let (live, identity) = (exchange.live()?, exchange.app.identity());
    let done = match fields.name.parse::<Name>() {
        Ok(name) => {
            let confirmation = TotpConfirmation { challenge: &fields.challenge, code: &fields.code, name };
            identity.confirm_totp(&exchange.visit(), live, confirmation).await.map_err(Failure::from)
        }
        Err(error) => Err(error.into()),
    };
    let failure = match done {
        Ok(signed_in) => return after_enrolment(&exchange, &signed_in, &fields.return_to).await,
        Err(failure) => failure,
    };
    let (status, problem) = super::problem(&failure);
    let page = match identity.offered_totp(live, &fields.challenge).await {
        Ok(offer) => totp(&exchange, status, (&offer, Some(fields.name), &fields.return_to), Some(problem)),
        Err(_) => overview(&exchange, status, (&fields.return_to, Some(problem))).await?,
    };
    Ok(failure.on_page(|_, _| page))
}

/// The first code by mail.
#[derive(Debug, Deserialize)]
pub struct EmailFields {
    code: Secret,
    #[serde(default)]
    return_to: String,
}

/// Sends a first code by mail, and shows the form for it.
pub async fn offer_email(exchange: Exchange, Form(fields): Form<Back>) -> Result<Response, Failure> {
    match exchange.app.identity().offer_email(&exchange.visit(), exchange.live()?).await {
        Ok(()) => Ok(email(&exchange, StatusCode::OK, &fields.return_to, None)),
        Err(refused) => {
            let failure = Failure::from(refused);
            let (status, problem) = super::problem(&failure);
            let page = overview(&exchange, status, (&fields.return_to, Some(problem))).await?;
            Ok(failure.on_page(|_, _| page))
        }
    }
}

/// Sets codes by mail up.
pub async fn confirm_email(exchange: Exchange, Form(fields): Form<EmailFields>) -> Result<Response, Failure> {
    let live = exchange.live()?;
    match exchange.app.identity().confirm_email(&exchange.visit(), live, &fields.code).await {
        Ok(signed_in) => after_enrolment(&exchange, &signed_in, &fields.return_to).await,
        Err(refused) => {
            let show = |status, problem| email(&exchange, status, &fields.return_to, Some(problem));
            Ok(super::refused(refused, show))
        }
    }
}

fn email(exchange: &Exchange, status: StatusCode, return_to: &str, problem: Option<Problem>) -> Response {
    let return_to = checked(return_to).unwrap_or_default().to_owned();
    super::show(exchange, status, |chrome| EmailSetUp { chrome, return_to, problem })
}

/// Where somebody goes on who has set something up: to the sheet of codes where there is none yet.
pub async fn after_enrolment(exchange: &Exchange, signed_in: &SignedIn, return_to: &str) -> Result<Response, Failure> {
    let live = &signed_in.live;
    let has_codes = exchange.app.identity().overview(live).await?.facts.recovery_codes > 0;
    let wanted = checked(return_to);
    let next = match (live.stage, wanted) {
        (Stage::Full, _) if !has_codes => path::leading_to(path::RECOVERY_CODES, wanted.unwrap_or_default()),
        (Stage::Full, None) => Done::FactorAdded.at(path::SECURITY),
        (stage, _) => super::next_page(stage, return_to),
    };
    Ok((exchange.signed_in(signed_in), super::lead_to(&next)).into_response())
}

/// Asks whether to make a sheet of codes.
pub async fn ask_codes(exchange: Exchange) -> Result<Response, Failure> {
    let return_to = exchange.parameter("return_to").unwrap_or_default();
    codes(&exchange, &return_to, Vec::new())
}

/// Makes it and shows it, this once.
pub async fn make_codes(exchange: Exchange, Form(fields): Form<Back>) -> Result<Response, Failure> {
    let made = exchange.app.identity().make_recovery_codes(&exchange.visit(), exchange.live()?).await?;
    codes(&exchange, &fields.return_to, made.iter().map(|code| code.expose_secret().to_owned()).collect())
}

fn codes(exchange: &Exchange, return_to: &str, codes: Vec<String>) -> Result<Response, Failure> {
    let wanted = checked(return_to);
    let email = exchange.live()?.user().email.to_string();
    Ok(super::show(exchange, StatusCode::OK, |chrome| RecoveryCodes {
        chrome,
        email,
        codes,
        next: wanted.unwrap_or(path::SECURITY).to_owned(),
        return_to: wanted.unwrap_or_default().to_owned(),
    }))
}

/// Gives something another name.
pub async fn rename(exchange: Exchange, Form(fields): Form<RenameFields>) -> Result<Response, Failure> {
    let (id, name) = (read_id(&fields.id)?, fields.name.parse::<Name>()?);
    exchange.app.identity().rename_factor(&exchange.visit(), exchange.live()?, id, &name).await?;
    Ok(super::lead_to(&Done::NameSaved.at(path::SECURITY)))
}

/// Asks before removing something.
pub async fn ask_remove(exchange: Exchange) -> Result<Response, Failure> {
    let id = read_id(&exchange.parameter("id").unwrap_or_default())?;
    let facts = exchange.app.identity().overview(exchange.live()?).await?.facts;
    let found = facts.credentials.into_iter().find(|credential| credential.id == id);
    let name = found.ok_or_else(|| Failure::of("factor.not_found"))?.name.to_string();
    let question = Question::RemoveFactor { id, name };
    Ok(super::show(&exchange, StatusCode::OK, |chrome| Confirm { chrome, question }))
}

/// Removes it.
pub async fn remove(exchange: Exchange) -> Result<Response, Failure> {
    let id = read_id(&exchange.parameter("id").unwrap_or_default())?;
    match exchange.app.identity().remove_factor(&exchange.visit(), exchange.live()?, id).await {
        Ok(()) => Ok(super::lead_to(&Done::FactorRemoved.at(path::SECURITY))),
        Err(refused) => {
            let failure = Failure::from(refused);
            let (status, problem) = super::problem(&failure);
            let page = overview(&exchange, status, ("", Some(problem))).await?;
            Ok(failure.on_page(|_, _| page))
        }
    }
}

/// Trusts this device.
pub async fn trust(exchange: Exchange) -> Result<Response, Failure> {
    let name = exchange.device_name();
    let value = exchange.app.identity().trust_device(&exchange.visit(), exchange.live()?, name).await?;
    let cookie = cookie::set_device(exchange.arrival.is_https, value.expose_secret());
    Ok(([(SET_COOKIE, cookie)], super::lead_to(&Done::DeviceTrusted.at(path::SECURITY))).into_response())
}

/// No longer trusts one device, or any.
pub async fn distrust(exchange: Exchange, Form(fields): Form<DeviceFields>) -> Result<Response, Failure> {
    let which = if fields.id.is_empty() { None } else { Some(read_id(&fields.id)?) };
    exchange.app.identity().remove_devices(&exchange.visit(), exchange.live()?, which).await?;
    Ok(super::lead_to(&Done::DeviceForgotten.at(path::SECURITY)))
}

/// The page of this session: the whole one, or for a sign-in that waits the one that lets it finish.
async fn overview(
    exchange: &Exchange,
    status: StatusCode,
    (return_to, problem): (&str, Option<Problem>),
) -> Result<Response, Failure> {
    let live = exchange.live()?;
    let return_to = checked(return_to).unwrap_or_default().to_owned();
    if live.stage == Stage::Full {
        return whole(exchange, live, status, (return_to, problem)).await;
    }
    let overview = exchange.app.identity().overview(live).await?;
    Ok(super::show(exchange, status, |chrome| Enrolment {
        chrome,
        email: live.user().email.to_string(),
        is_recovery: live.stage == Stage::Recovery,
        can_email: overview.allows_email_code,
        needs_key: overview.needs_hardware,
        return_to,
        problem,
    }))
}

async fn whole(
    exchange: &Exchange,
    live: &Live,
    status: StatusCode,
    (return_to, problem): (String, Option<Problem>),
) -> Result<Response, Failure> {
    let identity = exchange.app.identity();
    let (overview, devices) = (identity.overview(live).await?, identity.devices(live).await?);
    let has_email = overview.facts.credentials.iter().any(|credential| credential.detail == Detail::EmailCode);
    Ok(super::show(exchange, status, |chrome| Security {
        chrome,
        factors: overview.facts.credentials.iter().map(|credential| row(credential, identity.rp_id())).collect(),
        is_suggested: overview.demand.enrolment() == Due::Suggested,
        recovery_codes: overview.facts.recovery_codes,
        can_email: overview.allows_email_code && !has_email,
        needs_key: overview.needs_hardware,
        allows_devices: overview.allows_devices,
        can_trust: overview.allows_devices && live.methods.is_two_factor(),
        devices: devices.iter().map(device).collect(),
        return_to,
        problem,
        done: super::done(exchange),
    }))
}

fn row(credential: &Credential, rp_id: &str) -> FactorRow {
    let (way, is_elsewhere) = match &credential.detail {
        Detail::Totp { .. } => (FactorWay::Totp, false),
        Detail::EmailCode => (FactorWay::Email, false),
        Detail::Passkey(passkey) => (FactorWay::Passkey, &*passkey.rp_id != rp_id),
    };
    FactorRow {
        id: credential.id,
        way,
        name: credential.name.to_string(),
        created_at: Moment(credential.created_at),
        last_used_at: credential.last_used_at.map(Moment),
        is_elsewhere,
    }
}

fn device(device: &TrustedDevice) -> DeviceRow {
    DeviceRow {
        id: device.id,
        name: device.name.to_string(),
        address: device.address.to_string(),
        last_used_at: Moment(device.last_used_at),
    }
}

fn totp(
    exchange: &Exchange,
    status: StatusCode,
    (offer, name, return_to): (&TotpOffer, Option<String>, &str),
    problem: Option<Problem>,
) -> Response {
    let key = offer.key.expose_secret().as_bytes().chunks(4).map(String::from_utf8_lossy).collect::<Vec<_>>();
    super::show(exchange, status, |chrome| TotpSetUp {
        challenge: offer.challenge.expose_secret().to_owned(),
        key: key.join(" "),
        picture: qr::svg(&offer.uri),
        name: name.unwrap_or_else(|| TotpSetUp::usual_name(chrome.language).to_owned()),
        return_to: checked(return_to).unwrap_or_default().to_owned(),
        chrome,
        problem,
    })
}
