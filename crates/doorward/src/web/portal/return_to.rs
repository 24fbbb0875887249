//! Where a sign-in leads back to: a path of this host, or nowhere.

use crate::portal::path;
use crate::web::target::check_path;

/// Bytes that an address to return to may have.
const LONGEST: usize = 2_048;

/// The address, where it is a path of this very host that every reader takes for one.
///
/// What begins with two slashes or a backslash, or has a scheme, would lead elsewhere (CVE-2020-11053,
/// CVE-2026-81509). The pages of signing in and out lead nowhere from here.
#[must_use]
pub fn checked(text: &str) -> Option<&str> {
    let (path, query) = text.split_once('?').map_or((text, ""), |(path, query)| (path, query));
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'#';
    let is_own = text.len() <= LONGEST && check_path(path).is_ok() && query.bytes().all(is_plain);
    let leads_in_circles = [path::SIGN_IN, path::SIGN_OUT, path::SIGNED_OUT].contains(&path);
    (is_own && !leads_in_circles).then_some(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_of_this_host_stay() {
        for text in ["/", "/a", "/a/b?c=d&e=%2f", "/.doorward/account", "/a?next=https://b.example"] {
            assert_eq!(checked(text), Some(text));
        }
    }

    // CVE-2020-11053, CVE-2021-21291, CVE-2026-41569, CVE-2026-81509, GHSA-37q6-q9w8-4pr4: open redirects after signing in.
    #[test]
    fn nothing_leads_elsewhere() {
        for text in [
            "",
            "a",
            "https://b.example",
            "//b.example",
            "///b.example",
            "/\\b.example",
            "\\\\b.example",
            "/%2fb.example",
            "/%5cb.example",
            "/\tb.example",
            "/\n/b.example",
            " /a",
            "javascript:alert(1)",
            "/a#b",
            "/a?b\\c",
            "/./a",
            "/..//b.example",
            "/.doorward/sign-in",
            "/.doorward/sign-out?x=1",
            "/a b",
            "http:/b",
            "/;@b.example",
        ] {
            assert_eq!(checked(text), None, "{text:?}");
        }
        assert_eq!(checked(&format!("/{}", "a".repeat(LONGEST))), None);
    }

    proptest! {
        #[test]
        fn whatever_stays_is_on_this_host_for_a_browser_too(text in "[/\\\\?#@:.%;a-z0-9 \t]{0,24}") {
            if let Some(text) = checked(&text) {
                let base = url::Url::parse("https://own.example/x").unwrap();
                let joined = base.join(text).unwrap();
                prop_assert_eq!(joined.origin(), base.origin());
            }
        }
    }
}
