//! `cookie.rejected_secure`: a `Secure` cookie on plain http, or `SameSite=None` without it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.rejected_secure", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    dropped(facts, verdict, |_| {
        "open the site over https: a proxy with a certificate in front (Caddy: `NAME { reverse_proxy APP:PORT }`); on a machine of your own, localhost is let through".to_owned()
    })
}

fn verdict(trouble: Trouble) -> Option<(&'static str, &'static str)> {
    Some(match trouble {
        Trouble::SecureOverHttp => ("cookie.secure_over_http", "is Secure, and the page is plain http"),
        Trouble::NoneInsecure => ("cookie.samesite_none_insecure", "says SameSite=None and is not Secure"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn tells_the_two_apart() {
        for (trouble, expected) in [
            (Trouble::SecureOverHttp, Some("cookie.secure_over_http")),
            (Trouble::NoneInsecure, Some("cookie.samesite_none_insecure")),
            (Trouble::Path, None),
        ] {
            let mut facts = healthy();
            facts.visits[0].cookies =
                vec![Cookie { name: "session".into(), trouble: Some(trouble), ..Cookie::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
