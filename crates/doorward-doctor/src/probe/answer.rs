//! What the answer to a sign-in means.

use url::Url;

use crate::facts::{Answer, Visit};
use crate::html;

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

/// Judges by status, words and where it leads; `page` is where the form was.
pub(crate) fn judge(visit: &Visit, text: &str, page: &str) -> Answer {
    let says = |words: &[&str]| words.iter().any(|word| visit.says(word));
    match visit.status {
        0 => Answer::Nothing,
        429 => Answer::Throttled,
        502..=504 | 520..=530 => Answer::Proxy,
        500..=599 => Answer::Failure,
        419 => Answer::Csrf,
        400 | 403 if says(CSRF) => Answer::Csrf,
        401 | 422 => Answer::Credentials,
        301 | 302 | 303 | 307 | 308 => {
            let location = visit.field("location").unwrap_or_default();
            let path = |url: &str| url.split(['?', '#']).next().unwrap_or_default().to_owned();
            let page = Url::parse(page).map(|url| url.path().to_owned()).unwrap_or_default();
            let back = path(location) == page
                || path(location).ends_with(&page) && page.len() > 1
                || location.contains("error");
            if back { Answer::Credentials } else { Answer::Welcome }
        }
        200 if html::password_form(text).is_some() => {
            if says(WRONG) {
                Answer::Credentials
            } else {
                Answer::FormAgain
            }
        }
        200..=299 => Answer::Welcome,
        _ => Answer::Refused,
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
        ] {
            let fields =
                if location.is_empty() { Vec::new() } else { vec![("location".to_owned(), location.to_owned())] };
            let visit = Visit { status, fields, body: body.into(), ..Visit::default() };
            assert_eq!(judge(&visit, body, page), expected, "{status} {location} {body}");
        }
    }
}
