//! What the rules promise, by example.

use proptest::prelude::*;

use super::*;

fn check(text: &str) -> Result<(), &'static str> {
    let (email, name) = ("ada.lovelace@mail.example.org".parse().unwrap(), "Ada King Lovelace".parse().unwrap());
    let current = Password::new("lavender tractor orbit").unwrap();
    let rules = Rules { context: vec!["doorward".into(), "portal.contoso.test".into()], ..Rules::default() };
    let context = Context { email: Some(&email), name: Some(&name), current: Some(&current) };
    rules.check(&Password::new(text).map_err(PasswordError::code)?, &context).map_err(PasswordError::code)
}

#[test]
fn good_passwords_pass_whatever_they_are_made_of() {
    for text in [
        "correct horse battery staple",
        "lavender tractor orbits",
        "  leading and trailing  ",
        "onlylowercaseletterswithoutanydigit",
        "83920174658301927",
        "Q7#vx!Lm2@rT9$kz",
        "pw mit Überraschung und Äpfeln",
        "密码很长但是没有人能够猜到它呀对吧",
        "🦀🐙🦉🐝🦔🐿🦩🦚🐢🦋🐞🐌🦎🐍🦖",
        "my doorward has nine hinges",
        "ada lovelace wrote notes on the engine",
        "summer rain on a tin roof",
        "qwertyuiop is not what I typed",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

const BAD: &[(&str, &[&str])] = &[
    (
        "password.common",
        &[
            "admin123",
            "ADMIN123",
            "password",
            "Passw0rd!",
            "P@ssw0rd2024",
            "p4$$w0rd",
            "changeme",
            "letmein1",
            "iloveyou",
            "123456789",
            "qwertyuiop",
            "password1234567890",
            "Sunshine2026!!",
            "!!dragon!!",
            "geschwindigkeit2024",
            "Administrator1",
            "12345678901234567890",
            "qwertyuiop1234567890",
        ],
    ),
    (
        "password.context",
        &[
            "Ada-Lovelace-1815",
            "adalovelace12345",
            "ada.lovelace@mail.example.org",
            "4d4l0v3l4c3 2024!",
            "Doorward-Contoso-2026",
            "doorwardpassword",
            "lovelacelovelace",
            "adakinglovelaceada",
            "Ada",
        ],
    ),
    (
        "password.repetitive",
        &[
            "zzzzzzzzzzzzzzzzzzzz",
            "abcabcabcabcabcabc",
            "x9kx9kx9kx9kx9kx9k",
            "abcdefghijklmnopqrst",
            "zyxwvutsrqponmlkji",
            "qwertzuiopasdfghjkl",
            "poiuytrewqlkjhgfdsa",
            "1qaz2wsx3edc4rfv5tgb",
            "aaabbbcccdddeeefff",
            "xyxyyxxyxyyyxxyxyx",
            "aaaaaaaaaaaaaaaab",
        ],
    ),
    ("password.unchanged", &["lavender tractor orbit"]),
    ("password.too_short", &["Q7#vx!Lm2@rT9$", "kx9", "lavender otter", "é"]),
];

#[test]
fn bad_passwords_hear_why() {
    for (code, texts) in BAD {
        for text in *texts {
            assert_eq!(check(text), Err(*code), "{text}");
        }
    }
}

#[test]
fn length_is_counted_in_code_points_after_normalisation() {
    // Fifteen letters with combining marks are fifteen characters, however they are sent.
    let decomposed = "oe\u{308}ke\u{308}ya\u{308}zu\u{308}wi\u{308}po\u{308}";
    assert_eq!(Password::new(decomposed).unwrap().characters(), 13 - 1);
    assert_eq!(Password::new("e\u{308}").unwrap(), Password::new("\u{eb}").unwrap());
    assert_eq!(check("ökëyäzüwïpötlmk"), Ok(()));
    assert_eq!(check("ökëyäzüwïpötlm"), Err("password.too_short"));
}

#[test]
fn nothing_is_trimmed_or_cut() {
    assert_ne!(Password::new(" a "), Password::new("a"));
    let (long, longer) = ("ab".repeat(128), format!("{}c", "ab".repeat(127)));
    assert_eq!(Password::new(&long).unwrap().expose_password(), long);
    assert_ne!(Password::new(&long), Password::new(&longer));
    assert_ne!(Password::new(&"x".repeat(73)), Password::new(&format!("{}y", "x".repeat(72))));
}

#[test]
fn bounds_hold_before_and_after_normalisation() {
    for text in ["x".repeat(257), "é".repeat(257), "🦀".repeat(257), "x".repeat(1 << 20)] {
        assert_eq!(Password::new(&text), Err(PasswordError::TooLong));
    }
    assert!(Password::new(&"🦀".repeat(256)).is_ok());
    // U+1D160 has four bytes and becomes twelve in NFC.
    assert_eq!(Password::new(&"\u{1d160}".repeat(250)), Err(PasswordError::TooLong));
    for text in ["", "a\0b", "tab\there", "line\nbreak", "\u{7f}", "\u{85}"] {
        assert_eq!(Password::new(text), Err(PasswordError::Invalid), "{text:?}");
    }
}

#[test]
fn a_password_is_never_shown() {
    assert_eq!(format!("{:?}", Password::new("secret").unwrap()), "Password(****)");
}

#[test]
fn the_list_is_sorted_and_long() {
    let (entries, rest) = include_bytes!("blocklist.bin").as_chunks::<FINGERPRINT>();
    assert!(rest.is_empty() && entries.is_sorted_by(|a, b| a < b));
    assert!(entries.len() > 200_000, "{}", entries.len());
    for text in ["password", "admin123", "müller", "straße", "trustno1", "schmetterling"] {
        assert!(is_common(text), "{text}");
    }
}

#[test]
fn a_random_password_is_not_taken_for_a_common_one() {
    let taken = (0..200_000_u32).filter(|number| is_common(&format!("{number:x} no such password"))).count();
    assert_eq!(taken, 0);
}

#[test]
fn every_error_has_a_reason() {
    use PasswordError::{Common, Context, Invalid, Repetitive, TooLong, TooShort, Unchanged, WrongCurrent};
    let short = TooShort { characters: 1, minimum: 15 };
    for error in [short, TooLong, Common, Context, Repetitive, Unchanged, WrongCurrent, Invalid] {
        assert!(crate::reason::find(error.code()).is_some(), "{}", error.code());
    }
}

proptest! {
    #[test]
    fn no_text_makes_the_rules_panic(text in "\\PC{0,300}", word in "\\PC{0,20}") {
        if let Ok(password) = Password::new(&text) {
            let rules = Rules { context: vec![word], ..Rules::default() };
            let outcome = rules.check(&password, &Context::default());
            prop_assert!(outcome.is_err() || password.characters() >= LEAST_CHARACTERS);
        }
    }

    #[test]
    fn random_letters_pass(text in "[a-z0-9A-Z]{20,40}") {
        prop_assert_eq!(check(&text), Ok(()));
    }
}
