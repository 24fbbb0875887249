//! After a right sign-in: is the session known at the next request, each time, and does signing out end it?

use base64::Engine as _;
use serde_json::Value;
use url::Url;

use super::client::Outgoing;
use super::signin;
use super::walk::Walk;
use crate::facts::{Answer, Facts, Fault, Step, Token, Variant};
use crate::jar::{Jar, Start};
use crate::profile::Profile;
use crate::redact;

/// How often the page behind the sign-in is asked: one of four replicas that does not know the session shows.
const ROUNDS: usize = 3;

pub(crate) async fn real(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile) {
    let Some((mut jar, visit, place)) = signin::real(walk, facts, profile).await else { return };
    let Some(attempt) = facts.signin.attempts.iter().rev().find(|attempt| attempt.variant == Variant::Real).cloned()
    else {
        return;
    };
    if attempt.answer != Answer::Welcome {
        return;
    }
    let after_code = super::code::enter(walk, facts, profile, &mut jar, &visit).await;
    let code = facts.signin.attempts.last().filter(|attempt| attempt.variant == Variant::Code).cloned();
    if code.as_ref().is_some_and(|code| code.answer != Answer::Welcome) {
        return;
    }
    let visit = after_code.unwrap_or(visit);
    facts.signin.session = attempt
        .cookies
        .iter()
        .chain(code.iter().flat_map(|code| &code.cookies))
        .filter(|cookie| !signin::is_token_name(&cookie.name) && !cookie.is_deletion)
        .map(|cookie| cookie.name.clone())
        .collect();
    let bearer = walk.client.last_token.take();
    let named = walk
        .request
        .session
        .clone()
        .or_else(|| (!profile.session_path.is_empty()).then(|| profile.session_path.clone()));
    let onward = visit.field("location").map(str::to_owned);
    // Without a word of where it goes on, only a token says that there is something to ask for.
    let next = named.or(onward).or_else(|| bearer.as_ref().map(|_| "/api/me".to_owned()));
    let base = Url::parse(&visit.url).ok();
    let Some(url) = base.zip(next).and_then(|(base, next)| base.join(&next).ok()) else { return };
    if url.host_str() != Some(walk.target.host.as_str()) {
        facts.signin.authorize.push(redact::address(url.as_str()));
        return;
    }
    facts.signin.withheld.extend(
        jar.left_behind(&url, Start::SameSite)
            .into_iter()
            .filter(|(name, _)| facts.signin.session.contains(name))
            .collect::<Vec<_>>(),
    );
    let behind = Behind { url, place: place.clone(), bearer };
    rounds(walk, facts, &mut jar, &behind).await;
    stranger(walk, facts, &behind).await;
    super::verifier::compare(walk, facts).await;
    sign_out(walk, facts, &mut jar, &place).await;
}

/// The page behind the sign-in, and what is sent there beside cookies.
struct Behind {
    url: Url,
    place: super::client::Place,
    bearer: Option<String>,
}

/// Asks for the page behind the sign-in, more than once where chance may decide.
async fn rounds(walk: &mut Walk<'_>, facts: &mut Facts, jar: &mut Jar, behind: &Behind) {
    for round in 0..ROUNDS {
        let (cookie, _) = jar.send(&behind.url, Start::SameSite);
        let mut out = Outgoing {
            step: Step::After,
            method: "GET".into(),
            url: behind.url.to_string(),
            note: format!("round {}", round + 1),
            ..Outgoing::default()
        };
        if !cookie.is_empty() {
            out.fields.push(("Cookie".into(), cookie));
        }
        if let Some(token) = &behind.bearer {
            out.fields.push(("Authorization".into(), format!("Bearer {token}")));
        }
        let (visit, incoming) = walk.client.ask(&behind.place, &out, Some(jar)).await;
        let status = if is_sign_in(&visit, &incoming.text()) { 401 } else { visit.status };
        facts.signin.after.push(status);
        if let (Some(token), 0) = (&behind.bearer, round) {
            facts.signin.tokens.push(token_fact(token, &visit));
        }
        let is_large = out.fields.iter().any(|(name, value)| name == "Cookie" && value.len() > 1_000);
        let is_cut = matches!(visit.status, 400 | 413 | 431 | 494 | 502 | 520) || visit.fault == Some(Fault::Closed);
        facts.visits.push(visit);
        if is_large && is_cut {
            return padded(walk, facts, out.fields).await;
        }
        // Well the first time is well enough where nothing points to more than one process.
        // Where none came in time, the next one tells a slow app from a lost session.
        if (1..400).contains(&status)
            && round == 0
            && facts.signin.attempts.iter().all(|attempt| attempt.answer != Answer::Csrf)
            && !walk.request.is_thorough
        {
            break;
        }
    }
}

/// Whether a cache shows the members' page to somebody without cookies.
async fn stranger(walk: &mut Walk<'_>, facts: &mut Facts, behind: &Behind) {
    let is_kept = facts.visits(Step::After).any(crate::facts::Visit::is_cached);
    if !is_kept && !facts.is_behind_cdn() {
        return;
    }
    let out = Outgoing {
        step: Step::Again,
        method: "GET".into(),
        url: behind.url.to_string(),
        note: "stranger at the members' page".into(),
        ..Outgoing::default()
    };
    let (mut visit, incoming) = walk.client.ask(&behind.place, &out, None).await;
    let user = walk.request.login.as_ref().map(|login| login.user.clone()).unwrap_or_default();
    if user.len() > 2 && incoming.text().contains(&user) {
        visit.note.push_str(", which names the account");
    }
    facts.visits.push(visit);
}

/// The first page, which passes, once more under a head of the same size: is it the size that is refused?
async fn padded(walk: &mut Walk<'_>, facts: &mut Facts, mut fields: Vec<(String, String)>) {
    for (name, value) in &mut fields {
        if name == "Cookie" {
            *value = format!("doorward_padding={}", "x".repeat(value.len()));
        }
    }
    let url = walk.url.clone();
    let note = "as many cookies".to_owned();
    let out = Outgoing { step: Step::LargeHead, method: "GET".into(), url, note, fields, ..Outgoing::default() };
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// The page behind the sign-in sends to the sign-in, or is it.
fn is_sign_in(visit: &crate::facts::Visit, text: &str) -> bool {
    let to = visit.field("location").unwrap_or_default();
    (300..400).contains(&visit.status)
        && ["login", "signin", "sign-in", "sign_in", "auth"].iter().any(|word| to.to_lowercase().contains(word))
        || visit.status == 200 && crate::html::password_form(text).is_some()
}

async fn sign_out(walk: &mut Walk<'_>, facts: &mut Facts, jar: &mut Jar, place: &super::client::Place) {
    let names = facts.signin.session.clone();
    let Some(path) = walk.request.sign_out.clone().or_else(|| {
        facts
            .visits
            .iter()
            .rev()
            .find(|visit| visit.step == Step::After)
            .filter(|visit| visit.body.contains("/logout"))
            .map(|_| "/logout".to_owned())
    }) else {
        return;
    };
    let url = format!("{}{path}", walk.target.origin());
    let Ok(parsed) = Url::parse(&url) else { return };
    let (cookie, _) = jar.send(&parsed, Start::SameSite);
    let mut out =
        Outgoing { step: Step::After, method: "GET".into(), url, note: "sign out".into(), ..Outgoing::default() };
    out.fields.push(("Cookie".into(), cookie));
    let (visit, _) = walk.client.ask(place, &out, Some(jar)).await;
    let deleted: Vec<_> =
        visit.cookies.iter().filter(|cookie| cookie.is_deletion).map(|cookie| cookie.name.clone()).collect();
    facts.signin.kept_after_sign_out =
        names.into_iter().filter(|name| deleted.contains(name) && jar.survives(name)).collect();
    facts.visits.push(visit);
}

/// What a token says of itself; nothing of it is verified here.
pub(crate) fn token_fact(token: &str, visit: &crate::facts::Visit) -> Token {
    let date = visit
        .field("date")
        .and_then(|date| httpdate::parse_http_date(date).ok())
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    // Some verifiers say why in the field alone (RFC 6750, section 3).
    let why = visit.field("www-authenticate").filter(|_| visit.status == 401).unwrap_or_default();
    Token {
        status: visit.status,
        body: format!("{} {why}", visit.body.chars().take(400).collect::<String>()).trim().to_owned(),
        verifier_now: date.and_then(|since| i64::try_from(since.as_secs()).ok()),
        ..claims(token)
    }
}

/// What stands in a token.
pub(crate) fn claims(token: &str) -> Token {
    let part = |at: usize| -> Value {
        let bytes = token
            .split('.')
            .nth(at)
            .and_then(|part| base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok());
        bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    };
    let (head, claims) = (part(0), part(1));
    let text = |value: &Value| redact::clean(value.as_str().unwrap_or_default());
    let aud = match &claims["aud"] {
        Value::Array(list) => list.iter().map(text).collect(),
        Value::String(one) => vec![redact::clean(one)],
        _ => Vec::new(),
    };
    Token {
        alg: text(&head["alg"]),
        kid: text(&head["kid"]),
        iss: text(&claims["iss"]),
        aud,
        iat: claims["iat"].as_f64(),
        nbf: claims["nbf"].as_f64(),
        exp: claims["exp"].as_f64(),
        ..Token::default()
    }
}
