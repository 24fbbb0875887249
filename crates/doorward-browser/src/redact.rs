//! What may be shown of headers and bodies: everything but the values whose names speak of secrets.

use crate::recorder::cookie::{HIDDEN, names_only, without_value};

/// Words of a name that speak of a secret.
const WORDS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pass",
    "pwd",
    "pw",
    "secret",
    "secrets",
    "token",
    "tokens",
    "otp",
    "totp",
    "pin",
    "csrf",
    "xsrf",
    "jwt",
    "bearer",
    "authorization",
    "credential",
    "credentials",
    "assertion",
    "apikey",
    "session",
    "sessionid",
    "sid",
    "csrftoken",
    "xsrftoken",
    "csrfmiddlewaretoken",
    "accesstoken",
    "signature",
];
/// Words that do so beside one of the others.
const PAIRS: &[(&str, &[&str])] = &[
    ("key", &["api", "private", "access", "secret", "subscription", "functions", "signing", "encryption"]),
    (
        "code",
        &["auth", "authorization", "verification", "backup", "recovery", "sms", "mfa", "login", "access", "device"],
    ),
    ("id", &["session"]),
];

/// Whether a field of this name holds a secret.
pub(crate) fn is_secret(name: &str) -> bool {
    let words = words(name);
    let has = |word: &str| words.iter().any(|one| one.trim_end_matches(|end: char| end.is_ascii_digit()) == word);
    // What answers a redirect of an identity provider is named by this word alone.
    name.eq_ignore_ascii_case("code")
        || WORDS.iter().any(|word| has(word))
        || PAIRS.iter().any(|(word, beside)| has(word) && beside.iter().any(|one| has(one)))
}

/// The words of a name, however they are joined: `csrf_token`, `accessToken`, `X-Api-Key`, `user[password]`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_small = false;
    for one in name.chars().take(200) {
        if !one.is_alphanumeric() || (was_small && one.is_uppercase()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| one.is_alphanumeric()) {
            word.extend(one.to_lowercase());
        }
        was_small = one.is_lowercase() || one.is_ascii_digit();
    }
    words
}

/// The value of a header as it may be shown.
pub(crate) fn header(name: &str, value: &str) -> String {
    let lower = name.to_ascii_lowercase();
    // What says which headers may be sent names them, and holds none of their values.
    let names_others = lower.starts_with("access-control-") || lower == "www-authenticate" || lower == "vary";
    match lower.as_str() {
        "cookie" => names_only(value),
        "set-cookie" => without_value(value),
        _ if is_secret(&lower) && !names_others => {
            let scheme = value.split_once(' ').map(|(scheme, _)| format!("{scheme} ")).unwrap_or_default();
            format!("{scheme}{HIDDEN}")
        }
        _ => value.to_owned(),
    }
}

/// A body with the fields hidden whose names speak of secrets: of JSON, forms in either coding, and HTML.
pub(crate) fn body(text: &str) -> String {
    let start = text.trim_start();
    match start.chars().next() {
        Some('{' | '[') => json(text),
        Some('<') => markup(text),
        _ if start.starts_with("--") && text.contains("form-data") => parts(text),
        _ if is_form(start) => form(text),
        _ => text.to_owned(),
    }
}

/// Whether a text is the fields of a form: pairs and nothing that stands between words of a language.
fn is_form(text: &str) -> bool {
    text.contains('=') && !text.trim_end().contains([' ', '\n', '<', '{'])
}

fn form(text: &str) -> String {
    let field = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if is_secret(&name.replace("%5B", "[").replace("%5D", "]")) => format!("{name}={HIDDEN}"),
        _ => pair.to_owned(),
    };
    text.split('&').map(field).collect::<Vec<_>>().join("&")
}

/// A form of several parts (RFC 7578).
fn parts(text: &str) -> String {
    let boundary = text.trim_start().split(['\r', '\n']).next().unwrap_or_default();
    let part = |part: &str| {
        let Some((head, _)) = part.split_once("\r\n\r\n") else { return part.to_owned() };
        let name = head.split_once(" name=\"").and_then(|(_, rest)| rest.split_once('"')).map_or("", |(name, _)| name);
        if is_secret(name) { format!("{head}\r\n\r\n{HIDDEN}\r\n") } else { part.to_owned() }
    };
    text.split(boundary).map(part).collect::<Vec<_>>().join(boundary)
}

/// JSON, also where it is cut off: the text stays as it is but for what is hidden.
fn json(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    // How deep the walk is, and from which depth on everything is hidden.
    let (mut depth, mut hidden) = (0_u32, None::<u32>);
    let mut is_next_secret = false;
    while let Some(one) = rest.chars().next() {
        let is_hidden = hidden.is_some() || is_next_secret;
        let length = match one {
            '"' => {
                let length = string_length(rest);
                let behind = rest[length..].trim_start();
                if behind.starts_with(':') {
                    made.push_str(&rest[..length]);
                    is_next_secret = is_secret(rest[1..length].trim_end_matches('"'));
                } else {
                    made.push_str(if is_hidden && length > 2 { "\"****\"" } else { &rest[..length] });
                    is_next_secret = false;
                }
                length
            }
            '0'..='9' | '-' => {
                let length = rest.find([',', '}', ']', ' ', '\n', '\r', '\t']).unwrap_or(rest.len());
                made.push_str(if is_hidden { "\"****\"" } else { &rest[..length] });
                is_next_secret = false;
                length
            }
            _ => {
                match one {
                    '{' | '[' => {
                        depth += 1;
                        if is_next_secret {
                            hidden = hidden.or(Some(depth));
                        }
                        is_next_secret = false;
                    }
                    '}' | ']' => {
                        hidden = hidden.filter(|from| *from < depth);
                        depth = depth.saturating_sub(1);
                    }
                    ',' => is_next_secret = false,
                    _ => {}
                }
                made.push(one);
                one.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    made
}

/// The bytes of the string that a text begins with, its quotes too.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, one) in text.char_indices().skip(1) {
        match one {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// HTML: the values of fields that are passwords or named as secrets, and of such names in `meta`.
fn markup(text: &str) -> String {
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        let length = rest[at..].find('>').map_or(rest.len() - at, |end| end + 1);
        made.push_str(&rest[..at]);
        made.push_str(&tag(&rest[at..at + length]));
        rest = &rest[at + length..];
    }
    made + rest
}

fn tag(tag: &str) -> String {
    let lower = tag.to_ascii_lowercase();
    if !lower.starts_with("<input") && !lower.starts_with("<meta") {
        return tag.to_owned();
    }
    let attribute = |name: &str| -> Option<std::ops::Range<usize>> {
        let from = lower.match_indices(name).find(|(at, _)| {
            lower[..*at].ends_with([' ', '\n', '\t', '\r', '"', '\'', '/']) && lower[at + name.len()..].starts_with('=')
        })?;
        let start = from.0 + name.len() + 1;
        let quote = lower[start..].chars().next().filter(|one| matches!(one, '"' | '\''));
        let start = start + usize::from(quote.is_some());
        let end = match quote {
            Some(quote) => lower[start..].find(quote),
            None => lower[start..].find([' ', '\n', '\t', '\r', '>']),
        };
        Some(start..end.map_or(lower.len(), |end| start + end))
    };
    let named = attribute("name").is_some_and(|name| is_secret(&tag[name]));
    let is_password = attribute("type").is_some_and(|kind| &lower[kind] == "password");
    match attribute("value").or_else(|| attribute("content")).filter(|value| !value.is_empty()) {
        Some(value) if named || is_password => format!("{}{HIDDEN}{}", &tag[..value.start], &tag[value.end..]),
        _ => tag.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_speak_of_secrets_by_their_words() {
        for name in [
            "password",
            "csrf_token",
            "accessToken",
            "X-API-Key",
            "user[password]",
            "new-password1",
            "code",
            "OTP",
            "csrfmiddlewaretoken",
            "X-CSRFToken",
            "authorization_code",
            "session_id",
            "client_secret",
            "PIN",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "email",
            "country_code",
            "shipping",
            "keyboard",
            "name",
            "status_code",
            "id",
            "compass",
            "monkey",
            "opinion",
            "author",
            "content-type",
            "sec-websocket-key",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }

    #[test]
    fn headers_lose_their_values_and_keep_their_scheme() {
        for (name, value, shown) in [
            ("Authorization", "Bearer x", "Bearer ****"),
            ("X-Access-Token", "x", "****"),
            ("cookie", "a=1; b=2", "a=****; b=****"),
            ("Set-Cookie", "a=1; Secure", "a=****; Secure"),
            ("Access-Control-Allow-Headers", "x-csrf-token", "x-csrf-token"),
            ("Accept", "y", "y"),
        ] {
            assert_eq!(header(name, value), shown, "{name}");
        }
    }

    #[test]
    fn bodies_lose_their_secrets_and_nothing_else() {
        for (text, shown) in [
            ("email=a&password=x&csrf_token=y", "email=a&password=****&csrf_token=****"),
            ("user%5Bpassword%5D=x&b=1", "user%5Bpassword%5D=****&b=1"),
            ("plain words, password = x", "plain words, password = x"),
            (r#"{"z":1, "password":"x\"y", "a":"b"}"#, r#"{"z":1, "password":"****", "a":"b"}"#),
            (r#"{"a":{"token":"x","b":[1,"c"]},"pin":1234}"#, r#"{"a":{"token":"****","b":[1,"c"]},"pin":"****"}"#),
            (r#"[{"tokens":["x",{"y":"z"}],"k":"v"},"w"]"#, r#"[{"tokens":["****",{"y":"****"}],"k":"v"},"w"]"#),
            (r#"{"token":true,"secret":null,"n":"v"}"#, r#"{"token":true,"secret":null,"n":"v"}"#),
            (r#"{"password":"cut o"#, r#"{"password":"****""#),
            (
                "<p>x<input type=\"hidden\" name='csrf_token' value=\"x\"><meta name=csrf-token content=y><input name=q value=z>",
                "<p>x<input type=\"hidden\" name='csrf_token' value=\"****\"><meta name=csrf-token content=****><input name=q value=z>",
            ),
            ("<input value='x' type=password>", "<input value='****' type=password>"),
            (
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\nx\r\n--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\ny\r\n--b--\r\n",
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n****\r\n--b\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\ny\r\n--b--\r\n",
            ),
            ("", ""),
        ] {
            assert_eq!(body(text), shown);
        }
    }
}
