//! Everybody, open links, and adding somebody.

use axum::response::Response;
use doorward_core::Secret;
use doorward_core::store::{Link, Purpose};
use doorward_core::user::{Email, Name, User};
use http::StatusCode;
use serde::Deserialize;

use crate::identity::{NewUser, random_password};
use crate::portal::page::{Handover, LinkKind, LinkRow, People, PersonNew, PersonRow, Thing};
use crate::portal::{Done, Moment, Problem, path};
use crate::web::api::invitation::link_url;
use crate::web::api::user::parse_groups;
use crate::web::body::Form;
use crate::web::exchange::Exchange;
use crate::web::failure::Failure;

/// Accounts on one page.
const PAGE: usize = 50;

/// Whom to invite.
#[derive(Debug, Deserialize)]
pub struct InviteFields {
    email: String,
    #[serde(default)]
    groups: String,
}

/// Whom to make an account for.
#[derive(Debug, Deserialize)]
pub struct CreateFields {
    email: String,
    name: String,
    #[serde(default)]
    groups: String,
}

/// The link to withdraw.
#[derive(Debug, Deserialize)]
pub struct LinkFields {
    link: String,
}

/// Leads to the list.
pub async fn home() -> Response {
    super::lead_to(path::PEOPLE)
}

/// Shows the list.
pub async fn get(exchange: Exchange) -> Result<Response, Failure> {
    let search = exchange.parameter("q").unwrap_or_default().trim().to_lowercase();
    let after = exchange.parameter("after").unwrap_or_default();
    let (users, next) = page_of(&exchange, &search, &after).await?;
    let links = open_links(&exchange).await?;
    let own = exchange.live()?.user_id();
    Ok(super::show(&exchange, StatusCode::OK, |chrome| People {
        chrome,
        search,
        people: users.iter().map(|user| row(user, user.id == own)).collect(),
        is_later: !after.is_empty(),
        next,
        links,
        problem: None,
        done: super::done(&exchange),
    }))
}

/// One page of accounts that match, and where the next begins.
async fn page_of(exchange: &Exchange, search: &str, after: &str) -> Result<(Vec<User>, Option<String>), Failure> {
    const BATCH: u32 = 200;
    let (mut found, mut after) = (Vec::new(), after.to_owned());
    loop {
        let users = exchange.app.identity().users(&after, BATCH).await?;
        let Some(last) = users.last() else { return Ok((found, None)) };
        after = last.email.to_string();
        for user in users {
            if found.len() == PAGE {
                let next = found.last().map(|user: &User| user.email.to_string());
                return Ok((found, next));
            }
            let is_match = user.email.as_str().contains(search) || user.name.as_str().to_lowercase().contains(search);
            if is_match {
                found.push(user);
            }
        }
    }
}

async fn open_links(exchange: &Exchange) -> Result<Vec<LinkRow>, Failure> {
    let identity = exchange.app.identity();
    let mut rows = Vec::new();
    for link in identity.open_links().await? {
        let (email, kind) = match link.purpose {
            Purpose::Invitation { email, .. } => (email, LinkKind::Invitation),
            Purpose::Registration { email, .. } => (email, LinkKind::Registration),
            Purpose::EmailVerification { email, .. } => (email, LinkKind::Address),
            Purpose::FactorReset { user } => (identity.user(user).await?.email, LinkKind::FactorReset),
            Purpose::PasswordReset { user } => (identity.user(user).await?.email, LinkKind::Reset),
            Purpose::Recovery { user } => (identity.user(user).await?.email, LinkKind::EmergencyAccess),
            Purpose::SetUp => continue,
        };
        rows.push(LinkRow { id: link.id, email: email.to_string(), kind, expires_at: Moment(link.expires_at) });
    }
    Ok(rows)
}

pub(super) fn row(user: &User, is_self: bool) -> PersonRow {
    PersonRow {
        id: user.id,
        name: user.name.to_string(),
        email: user.email.to_string(),
        groups: user.groups.iter().map(ToString::to_string).collect(),
        is_active: user.is_active(),
        is_self,
    }
}

/// Groups as the field holds them: parted by spaces or commas.
pub(super) fn read_groups(text: &str) -> Result<std::collections::BTreeSet<doorward_core::user::Group>, Failure> {
    parse_groups(text.split([' ', ',']).filter(|word| !word.is_empty()))
}

/// Shows the forms for adding somebody.
pub async fn new(exchange: Exchange) -> Response {
    let empty = CreateFields { email: String::new(), name: String::new(), groups: String::new() };
    new_page(&exchange, empty, false, StatusCode::OK, None)
}

fn new_page(
    exchange: &Exchange,
    fields: CreateFields,
    is_by_password: bool,
    status: StatusCode,
    problem: Option<Problem>,
) -> Response {
    let CreateFields { email, name, groups } = fields;
    super::show(exchange, status, |chrome| PersonNew { chrome, is_by_password, email, name, groups, problem })
}

/// Makes an invitation: sent by mail where there is mail, else its link is shown once.
pub async fn invite(exchange: Exchange, Form(fields): Form<InviteFields>) -> Response {
    match try_invite(&exchange, &fields).await {
        Ok(None) => super::lead_to(&Done::InvitationSent.at(path::PEOPLE)),
        Ok(Some((link, secret, email))) => {
            hand_over(&exchange, Thing::Invitation, &email, link_url(&exchange, &link, &secret), Some(&link))
        }
        Err(failure) => failure.on_page(|status, problem| {
            let typed = CreateFields { email: fields.email, name: String::new(), groups: fields.groups };
            new_page(&exchange, typed, false, status, Some(problem))
        }),
    }
}

async fn try_invite(exchange: &Exchange, fields: &InviteFields) -> Result<Option<(Link, Secret, Email)>, Failure> {
    let visit = exchange.visit();
    let email: Email = fields.email.parse()?;
    let groups = read_groups(&fields.groups)?;
    let (identity, author) = (exchange.app.identity(), exchange.author(&visit)?);
    if identity.has_mail() {
        identity.invite_by_mail(&author, email, groups).await?;
        return Ok(None);
    }
    let (link, secret) = identity.invite(&author, email.clone(), groups).await?;
    Ok(Some((link, secret, email)))
}

/// Makes an account with a random password, and shows it once; it must be changed at the first sign-in.
pub async fn create(exchange: Exchange, Form(fields): Form<CreateFields>) -> Response {
    match try_create(&exchange, &fields).await {
        Ok((user, password)) => {
            let password = password.expose_secret().to_owned();
            hand_over(&exchange, Thing::TemporaryPassword, &user.email, password, None)
        }
        Err(failure) => failure.on_page(|status, problem| new_page(&exchange, fields, true, status, Some(problem))),
    }
}

async fn try_create(exchange: &Exchange, fields: &CreateFields) -> Result<(User, Secret), Failure> {
    let visit = exchange.visit();
    let identity = exchange.app.identity();
    let (email, name): (Email, Name) = (fields.email.parse()?, fields.name.parse()?);
    let (groups, password) = (read_groups(&fields.groups)?, random_password(identity.random()));
    let new = NewUser { email, name, groups, password: Some(password.clone()), must_change: true };
    Ok((identity.create_user(&exchange.author(&visit)?, new).await?, password))
}

/// Shows something secret once.
pub(super) fn hand_over(
    exchange: &Exchange,
    thing: Thing,
    email: &Email,
    secret: String,
    link: Option<&Link>,
) -> Response {
    let expires_at = link.map(|link| Moment(link.expires_at));
    super::show(exchange, StatusCode::OK, |chrome| Handover {
        chrome,
        thing,
        email: email.to_string(),
        secret,
        expires_at,
    })
}

/// Withdraws a link.
pub async fn withdraw(exchange: Exchange, Form(fields): Form<LinkFields>) -> Result<Response, Failure> {
    let visit = exchange.visit();
    let id = fields.link.parse().map_err(|_| Failure::of("user.link_invalid"))?;
    exchange.app.identity().revoke_link(&exchange.author(&visit)?, id).await?;
    Ok(super::lead_to(&Done::LinkWithdrawn.at(path::PEOPLE)))
}
