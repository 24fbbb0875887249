//! The loop breaker: how often a browser was sent to sign in and came back as a stranger, and what it showed.
//!
//! The count travels in the address, signed, since cookies may be the very cause (RULINGS of the design, 16).

use std::borrow::Cow;

use doorward_csrf::Scheme;
use http::HeaderMap;
use http::header::{COOKIE, REFERER};

use crate::identity::Keyring;
use crate::web::cookie;
use crate::web::portal::return_to;

/// The parameter of the query.
pub const PARAMETER: &str = "dw_n";

/// After so many returns without a session, the next page names the cause.
pub const MOST: u8 = 3;

/// The count that an address of `host` carries; zero where it carries none that is ours.
#[must_use]
pub fn count(keys: &Keyring, host: &str, query: &str) -> u8 {
    let value = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == PARAMETER).map(|(_, value)| value);
    value.and_then(|value| read(keys, host, &value)).unwrap_or(0)
}

/// The value of the parameter for a count.
#[must_use]
pub fn value(keys: &Keyring, host: &str, count: u8) -> String {
    format!("{count}.{}", keys.seal(&format!("bounce {count}"), host))
}

fn read(keys: &Keyring, host: &str, value: &str) -> Option<u8> {
    let (count, _) = value.split_once('.')?;
    let count = count.parse().ok()?;
    (value == self::value(keys, host, count)).then_some(count)
}

/// A path and query without the parameter. Borrowed where it is not there.
#[must_use]
pub fn without(path_and_query: &str) -> Cow<'_, str> {
    let Some((path, query)) = path_and_query.split_once('?') else { return path_and_query.into() };
    if !query.split('&').any(is_own) {
        return path_and_query.into();
    }
    let rest: Vec<&str> = query.split('&').filter(|pair| !is_own(pair)).collect();
    if rest.is_empty() { path.to_owned().into() } else { format!("{path}?{}", rest.join("&")).into() }
}

/// The same path and query with the parameter.
#[must_use]
pub fn with(path_and_query: &str, value: &str) -> String {
    let clean = without(path_and_query);
    format!("{clean}{}{PARAMETER}={value}", if clean.contains('?') { '&' } else { '?' })
}

/// What the browser sent, for whoever sees the page of a loop.
#[must_use]
pub fn evidence(headers: &HeaderMap, host: &str, scheme: Scheme) -> String {
    let name = cookie::name(scheme.is_https());
    match (headers.contains_key(COOKIE), cookie::values(headers, scheme.is_https()).next()) {
        (false, _) => format!("The browser sent no cookie at all to {host}."),
        (_, None) => format!("The browser sent cookies, but not {name}."),
        (_, Some(_)) => format!("The browser sent {name}, and it stands for no session here."),
    }
}

/// The page from which a form was sent, where it is of this very origin.
#[must_use]
pub fn form_page(headers: &HeaderMap, origin: &str) -> Option<Box<str>> {
    let path = headers.get(REFERER)?.to_str().ok()?.strip_prefix(origin)?;
    return_to::checked(path).map(Box::from)
}

fn is_own(pair: &str) -> bool {
    pair.strip_prefix(PARAMETER).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameter_comes_and_goes_and_nothing_else_changes() {
        for (text, clean) in [
            ("/a", "/a"),
            ("/a?", "/a?"),
            ("/a?b=c&&d", "/a?b=c&&d"),
            ("/a?dw_n=1.x", "/a"),
            ("/a?b=%2f&dw_n=1.x&c", "/a?b=%2f&c"),
            ("/a?dw_nx=1", "/a?dw_nx=1"),
            ("/a?dw_n", "/a"),
        ] {
            assert_eq!(without(text), clean, "{text}");
        }
        assert_eq!(with("/a", "1.x"), "/a?dw_n=1.x");
        assert_eq!(with("/a?b&dw_n=1.x", "2.y"), "/a?b&dw_n=2.y");
    }
}
