//! What a client calls itself, made readable: "Firefox on Linux".

use doorward_core::language::Language;

use super::catalogue::place;

/// Browsers by the mark in their `User-Agent`; the first that fits wins, so imitators stand before the imitated.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Firefox/", "Firefox"),
    ("HeadlessChrome/", "Chromium"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems by their mark, in the same manner.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
    ("FreeBSD", "FreeBSD"),
];

/// A readable name for a `User-Agent`. What is not known is shown by its first word, and never as something else.
#[must_use]
pub fn describe(user_agent: &str, language: Language) -> String {
    let find = |marks: &'static [(&str, &'static str)]| {
        marks.iter().find(|(mark, _)| user_agent.contains(mark)).map(|(_, name)| *name)
    };
    match (find(BROWSERS), find(SYSTEMS)) {
        (Some(browser), Some(system)) => {
            place::DEVICE_ON.in_(language).replacen("{}", browser, 1).replacen("{}", system, 1)
        }
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => first_word(user_agent).unwrap_or_else(|| place::DEVICE_UNKNOWN.in_(language).to_owned()),
    }
}

fn first_word(user_agent: &str) -> Option<String> {
    let word = user_agent.split([' ', '/', '(']).next()?;
    let short: String = word.chars().take(40).collect();
    (!short.is_empty()).then_some(short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36 Edg/139.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Version/18.6 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 Chrome/139.0.0.0 Mobile Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.14.1", "curl"),
            ("", "Unknown device"),
            ("/", "Unknown device"),
        ] {
            assert_eq!(describe(agent, Language::English), name);
        }
        assert_eq!(describe("", Language::German), "Unbekanntes Gerät");
    }
}
