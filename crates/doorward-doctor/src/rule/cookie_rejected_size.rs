//! `cookie.rejected_size`: a cookie of more than 4096 bytes.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.rejected_size", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    dropped(facts, verdict, |_| {
        "keep the session on the server and send its id alone; ask the provider for fewer claims".to_owned()
    })
}

fn verdict(trouble: Trouble) -> Option<(&'static str, &'static str)> {
    Some(match trouble {
        Trouble::TooLarge => ("cookie.too_large", "is larger than 4096 bytes"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_large_cookie_is_named() {
        for (trouble, expected) in [(Trouble::TooLarge, Some("cookie.too_large")), (Trouble::Prefix, None)] {
            let mut facts = healthy();
            facts.visits[0].cookies =
                vec![Cookie { name: "session".into(), trouble: Some(trouble), ..Cookie::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
