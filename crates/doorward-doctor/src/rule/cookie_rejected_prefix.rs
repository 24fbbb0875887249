//! `cookie.rejected_prefix`: the name demands attributes that are not there.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.rejected_prefix", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    dropped(facts, verdict, |cookie| {
        format!(
            "Set-Cookie: {}=…; Path=/; Secure; HttpOnly; SameSite=Lax   # or a name without the prefix where there is no https",
            cookie.name
        )
    })
}

fn verdict(trouble: Trouble) -> Option<(&'static str, &'static str)> {
    Some(match trouble {
        Trouble::Prefix => {
            ("cookie.prefix_violation", "has a name that demands Secure (and for __Host- Path=/ without Domain)")
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_broken_prefix_is_named() {
        for (trouble, expected) in [(Trouble::Prefix, Some("cookie.prefix_violation")), (Trouble::TooLarge, None)] {
            let mut facts = healthy();
            facts.visits[0].cookies =
                vec![Cookie { name: "session".into(), trouble: Some(trouble), ..Cookie::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
