//! Clients that show no page: the app password that a request brings, and how it is asked for.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use doorward_core::Secret;
use http::header::{AUTHORIZATION, ORIGIN, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};

use crate::config::AppConfig;
use crate::identity::{Identity, Live, Refused, Visit, WRONG_PASSWORD};

/// What every app password begins with.
const PREFIX: &str = "dwk_";

/// The longest field that is read.
const LONGEST: usize = 2_048;

const SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// An app password as it was sent.
struct Presented {
    name: Option<String>,
    secret: Secret,
}

/// The app password of one field, as HTTP Basic (RFC 7617) or Bearer (RFC 6750); any other value is the app's own affair.
fn read(value: &HeaderValue) -> Option<Presented> {
    let text = value.to_str().ok().filter(|text| text.len() <= LONGEST)?;
    let (scheme, rest) = text.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    if scheme.eq_ignore_ascii_case("bearer") {
        let is_one = rest.starts_with(PREFIX);
        return is_one.then(|| Presented { name: None, secret: Secret::new(rest) });
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(rest).ok()?).ok()?;
    let (name, secret) = pair.split_once(':')?;
    let is_one = secret.starts_with(PREFIX);
    is_one.then(|| Presented { name: Some(name.to_owned()), secret: Secret::new(secret) })
}

/// Whether a request brings an app password to an app that takes them.
#[must_use]
pub fn has_password(app: &AppConfig, headers: &HeaderMap) -> bool {
    app.takes_app_passwords && headers.get_all(AUTHORIZATION).iter().any(|value| read(value).is_some())
}

/// Whoever brings an app password; nothing where none comes or the app takes none. Two fields are no password.
pub async fn client(
    identity: &Identity,
    app: &AppConfig,
    headers: &HeaderMap,
    visit: impl FnOnce() -> Visit,
) -> Option<Result<Arc<Live>, Refused>> {
    if !app.takes_app_passwords {
        return None;
    }
    let fields = headers.get_all(AUTHORIZATION);
    let presented = fields.iter().find_map(read)?;
    if fields.iter().nth(1).is_some() {
        return Some(Err(Refused::new(WRONG_PASSWORD)));
    }
    let (name, secret) = (presented.name.as_deref(), presented.secret.expose_secret());
    // Kept out of the size of every other request.
    Some(Box::pin(identity.session_by_app_password(&visit(), &app.name, name, secret)).await)
}

/// Removes what holds an app password, whatever app it was sent to: no app hears of one.
pub fn strip(headers: &mut HeaderMap) {
    if headers.get_all(AUTHORIZATION).iter().any(|value| read(value).is_some()) {
        headers.remove(AUTHORIZATION);
    }
}

/// Whether a browser sends this. Browsers keep the name and password of HTTP Basic and send them along with whatever a
/// stranger's page asks for, so the rule against forged requests is for them; and none is shown a box to type one in.
#[must_use]
pub fn is_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(SITE) || headers.contains_key(ORIGIN)
}

/// Asks a client for an app password.
pub fn challenge(app: &AppConfig, headers: &HeaderMap, answer: &mut HeaderMap) {
    if !app.takes_app_passwords || is_browser(headers) {
        return;
    }
    // A name of an app is letters, digits, `-`, `_` and `.`: nothing to be quoted.
    let text = format!("Basic realm=\"{}\", charset=\"UTF-8\"", app.name);
    if let Ok(value) = HeaderValue::try_from(text) {
        answer.insert(WWW_AUTHENTICATE, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> HeaderValue {
        HeaderValue::from_str(text).unwrap()
    }

    #[test]
    fn only_what_holds_an_app_password_is_ours() {
        let basic = |pair: &str| format!("Basic {}", STANDARD.encode(pair));
        let seen = |text: &str| read(&value(text)).map(|p| (p.name, p.secret.expose_secret().to_owned()));
        assert_eq!(seen("Bearer dwk_abc"), Some((None, "dwk_abc".to_owned())));
        assert_eq!(seen("bEARER  dwk_abc"), Some((None, "dwk_abc".to_owned())));
        assert_eq!(seen(&basic("ada:dwk_a:b")), Some((Some("ada".to_owned()), "dwk_a:b".to_owned())));
        for other in ["Bearer eyJh", "Basic !!!", "dwk_abc", "Digest dwk_abc", "Bearer", ""] {
            assert_eq!(seen(other), None, "{other}");
        }
        for pair in ["ada:hunter2", "dwk_abc", "dwk_abc:x"] {
            assert_eq!(seen(&basic(pair)), None, "{pair}");
        }
        assert_eq!(seen(&basic(&format!("ada:dwk_{}", "a".repeat(LONGEST)))), None);
    }

    #[test]
    fn no_app_hears_of_one() {
        let mut headers = HeaderMap::new();
        headers.append(AUTHORIZATION, value("Bearer eyJh"));
        headers.append(AUTHORIZATION, value("Bearer dwk_abc"));
        strip(&mut headers);
        assert!(headers.is_empty());
        headers.insert(AUTHORIZATION, value("Basic YTpi"));
        strip(&mut headers);
        assert_eq!(headers.len(), 1, "what is the app's own stays");
    }
}
