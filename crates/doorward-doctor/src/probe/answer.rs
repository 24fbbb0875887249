//! What the answer to a sign-in means.

use serde_json::Value;
use url::Url;

use super::client::Incoming;
use crate::facts::{Answer, Attempt, Variant, Visit};
use crate::{html, redact};

const CSRF: &[&str] = &[
    "csrf",
    "xsrf",
    "forgery",
    "cross-site",
    "cross site",
    "cross-origin",
    "origin checking failed",
    "bad origin",
    "bad request origin",
    "referer checking",
    "page expired",
    "origin invalid",
    "invalid origin",
    "bad headers. expected",
    "authenticity token",
    "antiforgery",
    "origin not allowed",
    "origin is not allowed",
    // The page of Rails for a token that it does not take.
    "change you wanted was rejected",
];
/// Words for a token; beside one of [`NOT_TAKEN`] in one sentence they say that it was looked at.
const TOKEN: &[&str] = &["csrf", "xsrf", "forgery", "authenticity token", "security token", "form token"];
const NOT_TAKEN: &[&str] = &[
    "invalid",
    "missing",
    "mismatch",
    "expired",
    "not valid",
    "failed",
    "does not match",
    "do not match",
    "could not be verified",
    "rejected",
    "ungültig",
];
const WRONG: &[&str] = &[
    "invalid",
    "incorrect",
    "wrong",
    "does not match",
    "do not match",
    "didn't match",
    "failed",
    "not correct",
    "please enter a correct",
    "unable to log in",
    "falsch",
    "ungültig",
    "no account",
    "not found",
    "error",
];
/// Words for what a visitor enters; beside one of [`WRONG`] they say that it was looked at.
const ENTERED: &[&str] = &[
    "password",
    "credential",
    "user name",
    "username",
    "email",
    "e-mail",
    "user not found",
    "account not found",
    "login failed",
    "passwort",
    "kennwort",
];

/// Judges by status, words and where it leads; `page` is where the form was.
pub(crate) fn judge(visit: &Visit, text: &str, page: &str) -> Answer {
    let (words, is_failure) = said(text);
    let says = |list: &[&str]| list.iter().any(|word| words.contains(word));
    let has_form = || html::password_form(text).is_some();
    match visit.status {
        0 => Answer::Nothing,
        429 => Answer::Throttled,
        502..=504 | 520..=530 => Answer::Proxy,
        500..=599 => Answer::Failure,
        419 => Answer::Csrf,
        // A form that came back with its complaint was read, whatever else its page speaks of.
        401 | 422 if has_form() && says(WRONG) && says(ENTERED) && !blames_token(text) => Answer::Credentials,
        400 | 401 | 403 | 422 if says(CSRF) => Answer::Csrf,
        401 | 422 => Answer::Credentials,
        400 | 404 | 409 if says(WRONG) && (says(ENTERED) || has_form()) => Answer::Credentials,
        301 | 302 | 303 | 307 | 308 => redirected(visit.field("location").unwrap_or_default(), page),
        200 if has_form() => {
            if blames_token(text) {
                Answer::Csrf
            } else if says(WRONG) {
                Answer::Credentials
            } else {
                Answer::FormAgain
            }
        }
        200..=299 if is_failure && says(CSRF) => Answer::Csrf,
        200..=299 if is_failure => Answer::Credentials,
        200..=299 => Answer::Welcome,
        _ => Answer::Refused,
    }
}

/// What is kept of a try and its answer.
pub(super) fn tried(
    variant: Variant,
    answer: Answer,
    visit: &Visit,
    sent: Vec<String>,
    incoming: &Incoming,
) -> Attempt {
    let said: Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
    Attempt {
        variant,
        answer,
        status: visit.status,
        body: visit.body.chars().take(600).collect(),
        location: visit.field("location").unwrap_or_default().to_owned(),
        sent,
        ms: visit.ms,
        cookies: visit.cookies.clone(),
        reason: redact::clean(said["reason"].as_str().unwrap_or_default()),
        token: None,
    }
}

/// Pieces of a page between its tags, scripts and styles left out.
fn pieces(text: &str) -> Vec<&str> {
    let mut is_hidden = false;
    let mut all = Vec::new();
    for (number, part) in text.split('<').enumerate() {
        let tag = part.get(..8.min(part.len())).unwrap_or_default().to_ascii_lowercase();
        is_hidden = match tag.strip_prefix('/') {
            Some(end) if end.starts_with("script") || end.starts_with("style") => false,
            _ => is_hidden || tag.starts_with("script") || tag.starts_with("style"),
        };
        let seen = if number == 0 { Some(part) } else { part.split_once('>').map(|(_, seen)| seen) };
        all.extend(seen.filter(|_| !is_hidden && !tag.starts_with("!--")));
    }
    all
}

/// What a page says to its reader, in one line.
pub(super) fn words(text: &str) -> String {
    pieces(text).into_iter().flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Whether a page says of itself, in one piece of its text, that the token was not taken.
pub(super) fn blames_token(text: &str) -> bool {
    if serde_json::from_str::<Value>(text).is_ok() {
        return false;
    }
    pieces(text).into_iter().map(str::to_lowercase).any(|seen| {
        let has = |list: &[&str]| list.iter().any(|word| seen.contains(word));
        seen.len() < 400 && has(TOKEN) && has(NOT_TAKEN)
    })
}

fn redirected(location: &str, page: &str) -> Answer {
    let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
    let page = Url::parse(page).map(|url| url.path().to_owned()).unwrap_or_default();
    let is_back =
        path(location) == page || path(location).ends_with(&page) && page.len() > 1 || location.contains("error");
    match is_back {
        true if location.to_lowercase().contains("csrf") => Answer::Csrf,
        true => Answer::Credentials,
        false => Answer::Welcome,
    }
}

/// What an answer says to its reader, in lower case: a page without its tags, a document without its names. And whether
/// a document says that it is a failure, whatever its status.
fn said(text: &str) -> (String, bool) {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return (words(text).to_lowercase(), false);
    };
    let mut words = String::new();
    collect(&value, &mut words, 0);
    let is = |name: &str, wanted: bool| value[name].as_bool() == Some(wanted);
    let is_said = |name: &&str| match &value[*name] {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => !list.is_empty(),
        _ => true,
    };
    let is_failure = is("success", false)
        || is("ok", false)
        || value["type"] == "failure"
        || ["error", "errors"].iter().any(is_said)
        || value["status"].as_str().is_some_and(|status| ["error", "fail", "failed", "KO"].contains(&status));
    (words.to_lowercase(), is_failure)
}

fn collect(value: &Value, words: &mut String, depth: usize) {
    if depth > 4 || words.len() > 4_000 {
        return;
    }
    match value {
        Value::String(text) => {
            words.push_str(text);
            words.push(' ');
        }
        Value::Array(list) => list.iter().for_each(|inner| collect(inner, words, depth + 1)),
        Value::Object(map) => {
            // A fresh token and the name of its header come along with any answer.
            let told = map.iter().filter(|(name, _)| !super::signin::is_token_name(name) && *name != "header_name");
            told.for_each(|(_, inner)| collect(inner, words, depth + 1));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_answer_has_its_meaning() {
        let page = "https://a.test/login";
        for (status, location, body, expected) in [
            (403, "", "CSRF token missing", Answer::Csrf),
            (403, "", "Forbidden", Answer::Refused),
            (401, "", "", Answer::Credentials),
            (303, "/account", "", Answer::Welcome),
            (302, "/login?error", "", Answer::Credentials),
            (429, "", "", Answer::Throttled),
            (500, "", "", Answer::Failure),
            (502, "", "", Answer::Proxy),
            (200, "", "<form><input type=password name=p></form>", Answer::FormAgain),
            (200, "", "wrong password <form><input type=password name=p></form>", Answer::Credentials),
            (
                401,
                "",
                "wrong <form><input type=hidden name=csrf_token><input type=password name=p></form>",
                Answer::Credentials,
            ),
            (401, "", "{\"detail\":\"no\",\"csrf_token\":\"x\",\"header_name\":\"X-CSRF-Token\"}", Answer::Credentials),
            (400, "", "{\"detail\":\"Bad headers. Expected `X-T` in headers\"}", Answer::Csrf),
            (401, "", "{\"detail\":\"The CSRF token is invalid.\"}", Answer::Csrf),
            (400, "", "{\"message\":\"Invalid email or password\"}", Answer::Credentials),
            (400, "", "That did not match. Wrong. <form><input type=password name=p></form>", Answer::Credentials),
            (200, "", "{\"success\":false,\"message\":\"nobody\"}", Answer::Credentials),
            (200, "", "{\"type\":\"failure\",\"status\":400}", Answer::Credentials),
            (200, "", "{\"error\":null,\"user\":1}", Answer::Welcome),
            (302, "/login?csrf=true", "", Answer::Csrf),
            (403, "", "<form>csrf", Answer::Csrf),
            (
                401,
                "",
                "<form><input type=password name=p></form><script>if (a<b) send({'X-XSRF-TOKEN': c})</script>",
                Answer::Credentials,
            ),
            (
                422,
                "",
                "<p>Invalid email or password</p><form><input type=password name=p></form><p>Safe from CSRF</p>",
                Answer::Credentials,
            ),
            (422, "", "<h1>The change you wanted was rejected.</h1>", Answer::Csrf),
            (403, "", "origin not allowed", Answer::Csrf),
            (200, "", "<p>Invalid CSRF token.</p><form><input type=password name=p></form>", Answer::Csrf),
            (
                200,
                "",
                "<p>Wrong password</p><small>Safe from CSRF</small><form><input type=password name=p></form>",
                Answer::Credentials,
            ),
        ] {
            let fields =
                if location.is_empty() { Vec::new() } else { vec![("location".to_owned(), location.to_owned())] };
            let visit = Visit { status, fields, body: body.into(), ..Visit::default() };
            assert_eq!(judge(&visit, body, page), expected, "{status} {location} {body}");
        }
    }
}
