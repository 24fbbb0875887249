//! The session cookie: its name by scheme, how it is read, set and removed.

use doorward_core::Secret;
use http::{HeaderMap, HeaderValue};

/// The name of the session cookie. Names differ by scheme, so that a cookie that was set over https is
/// never shadowed by one that was set over http.
#[must_use]
pub fn name(is_https: bool) -> &'static str {
    if is_https { "__Host-doorward" } else { "doorward" }
}

/// The session cookies of a request: at most eight, over all cookie fields (HTTP/2 splits them).
pub fn values(headers: &HeaderMap, is_https: bool) -> impl Iterator<Item = &str> {
    doorward_csrf::cookie_values(headers, name(is_https)).filter_map(|value| str::from_utf8(value).ok())
}

/// Sets the cookie; for `max_age` seconds where it shall outlive the browser.
///
/// No `Domain`, so that no sibling host ever sees it. `Lax`, so that a link from elsewhere finds its user signed in.
///
/// # Panics
/// Never: the value of a token is base64url.
#[must_use]
pub fn set(is_https: bool, value: &Secret, max_age: Option<i64>) -> HeaderValue {
    let life = max_age.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
    let secure = if is_https { "; Secure" } else { "" };
    let text = format!("{}={}; Path=/; HttpOnly; SameSite=Lax{secure}{life}", name(is_https), value.expose_secret());
    let mut header = HeaderValue::try_from(text).expect("a token is base64url, which every header may hold");
    header.set_sensitive(true);
    header
}

/// Removes the cookie.
#[must_use]
pub fn remove(is_https: bool) -> HeaderValue {
    HeaderValue::from_static(if is_https {
        "__Host-doorward=; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=0"
    } else {
        "doorward=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0"
    })
}

/// The name of what a browser holds while it enters the host of an app.
#[must_use]
pub fn entry_name(is_https: bool) -> &'static str {
    if is_https { "__Host-doorward-entry" } else { "doorward-entry" }
}

/// What a browser holds while it enters the host of an app.
pub fn entry_values(headers: &HeaderMap, is_https: bool) -> impl Iterator<Item = &str> {
    doorward_csrf::cookie_values(headers, entry_name(is_https)).filter_map(|value| str::from_utf8(value).ok())
}

/// Sets what a browser holds while it enters the host of an app: for ten minutes, as a sign-in may take.
///
/// # Panics
/// Never: the value of a token is base64url.
#[must_use]
pub fn set_entry(is_https: bool, value: &Secret) -> HeaderValue {
    let secure = if is_https { "; Secure" } else { "" };
    let name = entry_name(is_https);
    let text = format!("{name}={}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age=600", value.expose_secret());
    let mut header = HeaderValue::try_from(text).expect("a token is base64url, which every header may hold");
    header.set_sensitive(true);
    header
}

/// The name of what a trusted device holds.
#[must_use]
pub fn device_name(is_https: bool) -> &'static str {
    if is_https { "__Host-doorward-device" } else { "doorward-device" }
}

/// What a trusted device holds.
pub fn device_values(headers: &HeaderMap, is_https: bool) -> impl Iterator<Item = &str> {
    doorward_csrf::cookie_values(headers, device_name(is_https)).filter_map(|value| str::from_utf8(value).ok())
}

/// Sets what a trusted device holds, for as long as it is trusted.
///
/// # Panics
/// Never: the value of a token is base64url.
#[must_use]
pub fn set_device(is_https: bool, value: &str) -> HeaderValue {
    let (name, secure) = (device_name(is_https), if is_https { "; Secure" } else { "" });
    let life = doorward_core::factor::DEVICE_SECONDS;
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}; Max-Age={life}");
    let mut header = HeaderValue::try_from(text).expect("a token is base64url, which every header may hold");
    header.set_sensitive(true);
    header
}

/// Whether a cookie is one that only we read and set, under either scheme. The token cookie is none: an app may have
/// one of the same name.
#[must_use]
pub fn is_own(cookie: &[u8], csrf: &doorward_csrf::Csrf) -> bool {
    let bound = doorward_csrf::Scheme::ALL.map(|scheme| csrf.bind_cookie_name(scheme));
    let own = [name(true), name(false), entry_name(true), entry_name(false), device_name(true), device_name(false)];
    own.iter().chain(&bound).any(|own| {
        // Browsers take the prefixes in any letter case.
        if own.starts_with("__") { own.as_bytes().eq_ignore_ascii_case(cookie) } else { own.as_bytes() == cookie }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_secure_exactly_over_https() {
        let value = Secret::new("dws_x");
        assert_eq!(set(false, &value, None), "doorward=dws_x; Path=/; HttpOnly; SameSite=Lax");
        assert_eq!(
            set(true, &value, Some(60)),
            "__Host-doorward=dws_x; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60"
        );
    }

    #[test]
    fn is_found_in_every_crumb() {
        let mut headers = HeaderMap::new();
        headers.append("cookie", "a=1".parse().unwrap());
        headers.append("cookie", "doorward=dws_x; doorward=dws_y".parse().unwrap());
        assert_eq!(values(&headers, false).collect::<Vec<_>>(), ["dws_x", "dws_y"]);
        assert_eq!(values(&headers, true).next(), None);
    }
}
