//! Takes secrets out of what was seen, before it becomes a fact.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::facts::Mark;

/// The salt of one run: fingerprints of two runs cannot be compared.
#[derive(Clone, Default)]
pub struct Salt(Vec<u8>);

impl std::fmt::Debug for Salt {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Salt(****)")
    }
}

impl Salt {
    /// A fresh one.
    #[must_use]
    pub fn fresh() -> Self {
        let mut bytes = vec![0; 16];
        if getrandom::fill(&mut bytes).is_err() {
            // Without a random source prints are left out altogether.
            bytes.clear();
        }
        Self(bytes)
    }

    /// The salt of these bytes, to compare with another run of the same examination.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The bytes in hexadecimal digits, for the part of this run on another host.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(&self.0)
    }

    /// A print of these bytes.
    #[must_use]
    pub fn print(&self, value: &[u8]) -> String {
        if self.0.is_empty() {
            return String::new();
        }
        hex(&Sha256::new().chain_update(&self.0).chain_update(value).finalize()[..4])
    }

    /// What stands for this value.
    #[must_use]
    pub fn mark(&self, value: &str) -> Mark {
        Mark { length: value.len(), print: self.print(value.as_bytes()), quirks: quirks(value) }
    }
}

/// Hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Words that example files use where a secret belongs.
const PLACEHOLDERS: &[&str] = &[
    "changeme",
    "change_me",
    "change-me",
    "changethis",
    "change-this",
    "change_this",
    "replaceme",
    "replace_me",
    "replace-me",
    "replace_with",
    "replace-with",
    "your-secret",
    "your_secret",
    "yoursecret",
    "example",
    "insecure",
    "placeholder",
    "secret_key_here",
    "todo",
    "xxxx",
    "dummy",
    "please_change",
    "please-change",
    "supersecret",
    "super-secret",
    "not-so-secret",
    "generate_me",
    "generate-me",
    "dev-secret",
    "<secret",
    "{{",
];

/// An address whose password holds a character that ends a part of it, so that programs read another host or port.
fn is_cut(value: &str) -> bool {
    let Some((scheme, rest)) = value.split_once("://") else { return false };
    if scheme.is_empty() || !scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) {
        return false;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    // What stands after the colon is a port, or else the beginning of a password.
    let is_port = authority.rsplit_once(':').is_none_or(|(_, port)| port.parse::<u16>().is_ok());
    let is_behind = behind.contains('@') && !authority.contains('@') && !is_port;
    authority.matches('@').count() > 1 || is_behind
}

fn quirks(value: &str) -> Vec<String> {
    let lower = value.to_lowercase();
    let quoted = value.len() >= 2
        && (value.starts_with('"') && value.ends_with('"') || value.starts_with('\'') && value.ends_with('\''));
    let rows = [
        ("empty", value.is_empty()),
        ("blank", !value.is_empty() && value.trim().is_empty()),
        ("quoted", quoted),
        ("command", value.contains("$(") || value.contains('`')),
        ("dollar", value.contains('$')),
        ("dollars-doubled", value.contains("$$") && !value.replace("$$", "").contains('$')),
        (
            "percent",
            value.as_bytes().windows(3).any(|w| w[0] == b'%' && w[1].is_ascii_hexdigit() && w[2].is_ascii_hexdigit()),
        ),
        ("plus", value.contains('+')),
        ("base64", value.contains('/') || value.ends_with('=')),
        (
            "placeholder",
            PLACEHOLDERS.iter().any(|word| lower.contains(word))
                || ["secret", "password", "key", "test", "none", "null"].contains(&lower.as_str()),
        ),
        ("short", !value.is_empty() && value.len() < 16),
        ("hex", value.len() >= 16 && value.chars().all(|c| c.is_ascii_hexdigit())),
        ("trailing-space", value != value.trim_end()),
        ("cut", is_cut(value)),
    ];
    rows.iter().filter(|(_, holds)| *holds).map(|(name, _)| (*name).to_owned()).collect()
}

/// The longest text that becomes a fact.
const LONGEST: usize = 4_096;

/// A text without control characters and without what could be a secret in it.
#[must_use]
pub fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(LONGEST));
    let mut word = String::new();
    let mut last = String::new();
    let mut gap = String::new();
    for c in text.chars().take(LONGEST * 4) {
        if is_word(c) {
            word.push(c);
            continue;
        }
        if !word.is_empty() {
            flush(&mut out, &mut word, &mut last, &gap);
            gap.clear();
        }
        if !c.is_whitespace() || !gap.ends_with(' ') {
            gap = if c.is_whitespace() || "=:\"'".contains(c) { format!("{gap}{c}") } else { c.to_string() };
        }
        match c {
            '\n' | '\t' => out.push(' '),
            c if c.is_control() || is_invisible(c) => out.push('\u{FFFD}'),
            c => out.push(c),
        }
        if out.len() >= LONGEST {
            break;
        }
    }
    flush(&mut out, &mut word, &mut last, &gap);
    out
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-+/.%~$!".contains(c)
}

/// Characters that change how the text around them is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

/// Names whose value is nobody's business.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    [
        "password",
        "passwd",
        "pwd",
        "secret",
        "token",
        "apikey",
        "api_key",
        "api-key",
        "authorization",
        "bearer",
        "basic",
        "cookie",
        "sessionid",
        "session_id",
        "csrf",
        "private",
        "_key",
        "-key",
    ]
    .iter()
    .any(|word| name.ends_with(word))
}

fn flush(out: &mut String, word: &mut String, last: &mut String, gap: &str) {
    if word.is_empty() {
        return;
    }
    let follows = gap.contains('=') || gap.contains(':') || gap == " ";
    let assigned = gap.contains('=') || gap.contains(':');
    let named = is_secret_name(last)
        && (assigned || follows && ["bearer", "basic"].contains(&last.to_ascii_lowercase().as_str()));
    if named && !is_spoken(word) || looks_secret(word) {
        let _ = write!(out, "‹{} characters›", word.len());
    } else {
        out.push_str(word);
    }
    *last = std::mem::take(word);
}

/// Words that follow a name in prose rather than being its value.
fn is_spoken(word: &str) -> bool {
    const SPOKEN: &[&str] = &[
        "missing",
        "mismatch",
        "invalid",
        "required",
        "authentication",
        "failed",
        "is",
        "not",
        "none",
        "null",
        "true",
        "false",
        "Origin",
        "Referer",
        "origin",
        "referer",
        "incorrect",
        "expired",
        "the",
        "must",
        "Lax",
        "Strict",
        "None",
    ];
    SPOKEN.contains(&word)
}

/// A long word with digits and letters of both kinds in it is taken for a token; paths and host names are not.
fn looks_secret(word: &str) -> bool {
    if word.starts_with("eyJ") && word.len() > 20 {
        return true;
    }
    let longest = word.split(['/', '.', '-', '_']).map(str::len).max().unwrap_or_default();
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    word.len() >= 20 && longest >= 16 && digits >= 3 && letters >= 3
}

/// Query parameters that say where something leads, and hold no secret.
const OPEN_PARAMETERS: &[&str] = &[
    "redirect_uri",
    "response_mode",
    "response_type",
    "error",
    "error_description",
    "next",
    "rd",
    "return_to",
    "rp_id",
    "client_id",
    "scope",
    "callback",
];

/// An address without user, password, fragment and the values of its query.
#[must_use]
pub fn address(text: &str) -> String {
    let (head, query) = match text.split_once('?') {
        Some((head, query)) => (head, Some(query.split('#').next().unwrap_or_default())),
        None => (text.split('#').next().unwrap_or_default(), None),
    };
    let mut out = String::new();
    match head.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            let host = authority.rsplit('@').next().unwrap_or_default();
            let user = if authority.contains('@') { "‹user›@" } else { "" };
            let _ = write!(out, "{scheme}://{user}{host}{}", clean(path));
        }
        None => out.push_str(&clean(head)),
    }
    if let Some(query) = query {
        let pairs = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| match pair.split_once('=') {
            Some((name, value)) if OPEN_PARAMETERS.contains(&name) => {
                let value = percent_encoding::percent_decode_str(value).decode_utf8_lossy().into_owned();
                let value = if value.contains('?') { address(&value) } else { clean(&value) };
                format!("{name}={value}")
            }
            Some((name, _)) => format!("{}=…", clean(name)),
            None => clean(pair),
        });
        let pairs: Vec<_> = pairs.collect();
        let _ = write!(out, "?{}", pairs.join("&"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_that_cuts_its_address_is_seen() {
        for (value, expected) in [
            ("postgres://ada:p@ss@db:5432/shop", true),
            ("postgres://ada:p#ss@db:5432/shop", true),
            ("postgresql+asyncpg://ada:p/ss@db/shop", true),
            ("postgres://ada:p%40ss@db:5432/shop", false),
            ("postgres://db:5432/shop?user=ada@x", false),
            ("https://example.com/@ada", false),
            ("ada@example.com", false),
        ] {
            assert_eq!(Salt::of(b"s").mark(value).is("cut"), expected, "{value}");
        }
    }

    #[test]
    fn takes_tokens_passwords_and_cookies_out_of_texts() {
        for (text, secret) in [
            ("Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc", "eyJhbGci"),
            ("password=hunter2 refused", "hunter2"),
            ("\"token\": \"abc123\"", "abc123"),
            ("connect to postgres with password: tr0ub4dor", "tr0ub4dor"),
            ("id 3f786850e387550fdab836ed7e6dc881de23001b seen", "3f786850"),
            ("SECRET_KEY='kkk'", "kkk"),
        ] {
            assert!(!clean(text).contains(secret), "{}", clean(text));
        }
    }

    #[test]
    fn leaves_what_people_must_read() {
        for text in [
            "connect() failed (111: Connection refused) while connecting to upstream",
            "CSRF token missing",
            "Origin checking failed - https://app.example.com does not match any trusted origins.",
            "column users.status does not exist",
            "client intended to send too large body: 1153434 bytes",
        ] {
            assert_eq!(clean(text), text);
        }
    }

    #[test]
    fn escapes_what_could_drive_a_terminal() {
        let cleaned = clean("a\u{1b}[31mred\u{7}\u{202e}x\r\n");
        assert!(!cleaned.contains(['\u{1b}', '\u{7}', '\u{202e}', '\r', '\n']), "{cleaned:?}");
    }

    #[test]
    fn addresses_lose_users_and_query_values() {
        assert_eq!(
            address("https://u:p@h.test/a?state=xyz&redirect_uri=http%3A%2F%2Fh.test%2Fcb#f"),
            "https://‹user›@h.test/a?state=…&redirect_uri=http://h.test/cb"
        );
    }

    #[test]
    fn prints_are_equal_within_a_run_and_differ_between_runs() {
        let salt = Salt::of(b"1");
        assert_eq!(salt.mark("x"), salt.mark("x"));
        assert_ne!(salt.mark("x").print, Salt::of(b"2").mark("x").print);
        assert!(salt.mark("\"a\"").is("quoted") && salt.mark("$(openssl)").is("command"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics_and_never_lets_controls_through(text in ".{0,400}") {
            let cleaned = clean(&text);
            proptest::prop_assert!(!cleaned.chars().any(char::is_control));
            let _ = address(&text);
        }
    }
}
