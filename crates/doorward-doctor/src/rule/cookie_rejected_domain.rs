//! `cookie.rejected_domain`: a Domain that browsers refuse.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.rejected_domain", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    dropped(facts, verdict, |cookie| {
        format!("send {} without Domain: it is then kept for this host alone", cookie.name)
    })
}

fn verdict(trouble: Trouble) -> Option<(&'static str, &'static str)> {
    Some(match trouble {
        Trouble::DomainInvalid => ("cookie.domain_invalid", "has a Domain that is no host name"),
        Trouble::DomainMismatch => ("cookie.domain_mismatch", "has a Domain that is not above this host"),
        Trouble::DomainPublicSuffix => ("cookie.domain_public_suffix", "has a public suffix as its Domain"),
        Trouble::DomainSingleLabel => ("cookie.domain_single_label", "has a Domain of a single label"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_recorded_cookie_matters_where_the_visitor_is_turned_away() {
        let mut facts = healthy();
        let cookie = Cookie { name: "s".into(), trouble: Some(Trouble::DomainMismatch), ..Cookie::default() };
        let url = || "https://app.example.com/".to_owned();
        let there = Call { url: url(), set: vec![cookie], ..Call::default() };
        let back = Call { url: url(), status: 401, ..Call::default() };
        let calls = vec![there, back];
        facts.browser = Some(crate::facts::Browser { calls, ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("cookie.domain_mismatch"));
        facts.browser.as_mut().unwrap().calls[1].status = 200;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn each_wrong_domain_has_its_code() {
        for (trouble, expected) in [
            (Trouble::DomainInvalid, Some("cookie.domain_invalid")),
            (Trouble::DomainMismatch, Some("cookie.domain_mismatch")),
            (Trouble::DomainPublicSuffix, Some("cookie.domain_public_suffix")),
            (Trouble::DomainSingleLabel, Some("cookie.domain_single_label")),
            (Trouble::Prefix, None),
        ] {
            let mut facts = healthy();
            facts.visits[0].cookies =
                vec![Cookie { name: "session".into(), trouble: Some(trouble), ..Cookie::default() }];
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
