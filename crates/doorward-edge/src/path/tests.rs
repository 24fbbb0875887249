//! Paths with one reading, paths that are repaired, and paths that are refused.

use proptest::prelude::*;

use super::*;

fn refuse(raw: &str) -> Result<Cow<'_, str>, NotCanonical> {
    canonical(raw, EncodedSlash::Refuse)
}

#[test]
fn one_reading_passes_without_a_copy() {
    for path in [
        "/",
        "/a",
        "/a/",
        "/a/b.c",
        "/.doorward/sign-in",
        "/a%20b",
        "/a%C3%A4",
        "/...",
        "/a..b",
        "/..a/b",
        "/@x:y",
        "/a|b{c}[d]\"^",
        "/100%25",
        "/%25zz",
        "/%F0%9F%98%80",
    ] {
        assert!(matches!(refuse(path), Ok(Cow::Borrowed(same)) if same == path), "{path}");
    }
}

#[test]
fn what_is_harmless_is_repaired() {
    for (raw, path) in [
        ("//", "/"),
        ("//a", "/a"),
        ("/a//b///", "/a/b/"),
        ("/%61dmin", "/admin"),
        ("/%7euser", "/~user"),
        ("/a%2eb", "/a.b"),
        ("/a%c3%a4", "/a%C3%A4"),
        ("/%3a%40", "/%3A%40"),
        ("/a%20//b", "/a%20/b"),
        ("/%2e%2e%2e", "/..."),
    ] {
        assert_eq!(refuse(raw).as_deref(), Ok(path), "{raw}");
    }
}

// CVE-2026-33494, CVE-2026-3872, CVE-2020-24660, CVE-2021-39206, CVE-2022-3782: paths of two readings.
#[test]
fn a_second_reading_is_refused() {
    use NotCanonical as N;
    for (path, why) in [
        ("", N::Form),
        ("a", N::Form),
        ("*", N::Form),
        ("http://a/", N::Form),
        ("/.", N::DotSegment),
        ("/..", N::DotSegment),
        ("/a/../b", N::DotSegment),
        ("/a/./b", N::DotSegment),
        ("/a//../b", N::DotSegment),
        ("/%2e%2e/a", N::DotSegment),
        ("/%2E", N::DotSegment),
        ("/a/%2e./b", N::DotSegment),
        ("/a/.%2E", N::DotSegment),
        ("/a%2fb", N::Encoding),
        ("/..%2fb", N::Encoding),
        ("/a%5cb", N::Encoding),
        ("/a\\b", N::Character),
        ("/..\\b", N::Character),
        ("/a%00", N::Encoding),
        ("/a%0d%0a", N::Encoding),
        ("/a%7f", N::Encoding),
        ("/a;b", N::Character),
        ("/..;/a", N::Character),
        ("/a%3bb", N::Encoding),
        ("/%", N::Encoding),
        ("/%4", N::Encoding),
        ("/%zz", N::Encoding),
        ("/%u002e", N::Encoding),
        ("/%c0%ae", N::Encoding),
        ("/%c0%af", N::Encoding),
        ("/%e0%80%af", N::Encoding),
        ("/%e4", N::Encoding),
        ("/%c3/a", N::Encoding),
        ("/%c3a", N::Encoding),
        ("/%ff", N::Encoding),
        ("/%ed%a0%80", N::Encoding),
        ("/a b", N::Character),
        ("/\u{e4}", N::Character),
        ("/a#b", N::Character),
        ("/a?b", N::Character),
        ("/a\u{7f}", N::Character),
        ("/a\tb", N::Character),
        ("/%252e%252e/a", N::Encoding),
        ("/%252f", N::Encoding),
        ("/%25252f", N::Encoding),
        ("/%255c", N::Encoding),
        ("/%253b", N::Encoding),
        ("/%2500", N::Encoding),
        ("/%25%32%65", N::Encoding),
        ("/%25%35%63", N::Encoding),
    ] {
        assert_eq!(refuse(path), Err(why), "{path}");
    }
}

#[test]
fn a_kept_slash_stays_byte_for_byte_and_nothing_else_gets_through() {
    let keep = |raw| canonical(raw, EncodedSlash::Keep);
    for (raw, path) in [
        ("/@a%2fb", "/@a%2fb"),
        ("/a%2Fb//c", "/a%2Fb/c"),
        ("/job/feature%252Fx", "/job/feature%252Fx"),
        ("/%2f", "/%2f"),
    ] {
        assert_eq!(keep(raw).as_deref(), Ok(path), "{raw}");
    }
    for raw in ["/a%2f../b", "/..%2fb", "/a%5cb", "/a%2f%2e%2e%2fb", "/a%00", "/a%3bb", "/%252e%252fa"] {
        let kept = keep(raw);
        // A dot segment beside an encoded slash is none by the undecoded segments, but a program that
        // decodes first would see one.
        assert!(kept.is_err(), "{raw} {kept:?}");
    }
}

#[test]
fn rules_compare_what_an_app_decodes() {
    for (path, text) in [
        ("/a", "/a"),
        ("/%40me", "/@me"),
        ("/a%20b%C3%A4", "/a b\u{e4}"),
        ("/a%2fb", "/a%2Fb"),
        ("/100%25", "/100%25"),
        ("/%252Fx", "/%252Fx"),
    ] {
        assert_eq!(decoded(path), text, "{path}");
    }
    assert_ne!(decoded("/a%2Fb"), decoded("/a%252Fb"));
}

#[test]
fn a_target_is_settled_in_place() {
    for (uri, settled) in [
        ("/a?b=%2F..%00", Ok("/a?b=%2F..%00")),
        ("/%61//b?x=//", Ok("/a/b?x=//")),
        ("http://app.test/%61?q", Ok("/a?q")),
        ("http://app.test", Ok("/")),
        ("/a/..?b", Err(NotCanonical::DotSegment)),
        ("*", Err(NotCanonical::Form)),
    ] {
        let mut target: Uri = uri.parse().unwrap();
        let result = settle(&mut target, EncodedSlash::Refuse);
        assert_eq!(result.map(|()| target.to_string()), settled.map(str::to_owned), "{uri}");
    }
    for query in ["a#b", "a b", "a\u{0}", "a\u{7f}"] {
        assert_eq!(check_query(query), Err(NotCanonical::Query), "{query:?}");
    }
    assert_eq!(check_query("a=/../;\\%00&\u{e4}"), Ok(()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn what_is_canonical_stays_as_it_is(raw in "/([a-c./%;\\\\#]|%[0-9a-fA-F]{2}|%25|%2[eEfF5]|\\PC){0,12}", keep: bool) {
        let slashes = if keep { EncodedSlash::Keep } else { EncodedSlash::Refuse };
        if let Ok(path) = canonical(&raw, slashes) {
            let again = canonical(&path, slashes);
            prop_assert!(matches!(again, Ok(Cow::Borrowed(same)) if same == path), "{:?} {:?}", path, again);
        }
    }

    #[test]
    fn decoding_brings_up_no_structure(raw in "/([a-c./%]|%[0-9a-fA-F]{2}|%25){0,12}") {
        if let Ok(path) = refuse(&raw) {
            let mut text = path.as_bytes().to_vec();
            // However often a program decodes.
            for _ in 0..4 {
                let segments: Vec<&[u8]> = text.split(|byte| *byte == b'/').collect();
                prop_assert_eq!(segments.len(), path.split('/').count());
                prop_assert!(!segments.iter().any(|segment| matches!(*segment, b"." | b"..")));
                prop_assert!(!text.iter().any(|byte| b"\\;".contains(byte) || byte.is_ascii_control()));
                text = percent_encoding::percent_decode(&text).collect();
            }
        }
    }

    #[test]
    fn the_first_decoding_is_utf_8_and_rules_see_it(raw in "/(%[0-9a-fA-F]{2}|[a-c]){0,6}") {
        if let Ok(path) = refuse(&raw) {
            let text: Vec<u8> = percent_encoding::percent_decode_str(&path).collect();
            prop_assert!(std::str::from_utf8(&text).is_ok());
            let seen = decoded(&path);
            let same: Vec<u8> = percent_encoding::percent_decode_str(&seen).collect();
            if !text.contains(&b'%') {
                prop_assert_eq!(same, text);
            }
        }
    }
}
