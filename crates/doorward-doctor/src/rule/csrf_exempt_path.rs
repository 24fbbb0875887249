//! `csrf.exempt_path`: a path that should be exempt is not, by a slash or by what follows.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.exempt_path", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let asked = facts.visits(Step::Hook).map(|visit| (visit.method.as_str(), visit.url.as_str(), visit.status));
    let asked: Vec<_> = asked.collect();
    // What other programs send carries no cookies, and says nothing of a page.
    let recorded: Vec<_> = calls(facts)
        .filter(|call| call.is_change() && call.cookies.is_empty() && call.sent("sec-fetch-mode").is_none())
        .map(|call| (call.method.as_str(), call.url.as_str(), call.status))
        .collect();
    let (refused, other) = pair(&asked).or_else(|| pair(&recorded))?;
    let path = |url: &str| url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
    Some(
        Suspect::new(
            "csrf.exempt_path_mismatch",
            format!(
                "{} is refused by the CSRF check and {} is not: the exemption does not match the path that is called.",
                path(refused.1),
                path(other.1)
            ),
        )
        .deep(5)
        .saw(format!("{} {}", refused.0, refused.1), refused.2.to_string(), "the app")
        .saw(format!("{} {}", other.0, other.1), other.2.to_string(), "the app")
        .not("csrf.referer_missing", "neither of the two says where it started, and one passes")
        .fix(format!("exempt exactly {}, or let its caller use {}", path(refused.1), path(other.1))),
    )
}

/// A method, an address, and the status of the answer.
type Sent<'a> = (&'a str, &'a str, u16);

/// A request that is refused, and its like that is not: the same path but for a slash at its end, or a path above.
fn pair<'a>(all: &[Sent<'a>]) -> Option<(Sent<'a>, Sent<'a>)> {
    let place = |url: &str| {
        let url = url::Url::parse(url).ok()?;
        Some((url.origin().ascii_serialization(), url.path().trim_end_matches('/').to_owned(), url.path().to_owned()))
    };
    all.iter().filter(|sent| matches!(sent.2, 403 | 419)).find_map(|refused| {
        let (origin, bare, path) = place(refused.1)?;
        let is_like = |sent: &&Sent<'_>| {
            let is_passed = sent.2 > 0 && !matches!(sent.2, 403 | 404 | 405 | 419) && sent.2 < 500;
            is_passed
                && sent.0 == refused.0
                && place(sent.1).is_some_and(|(its_origin, its_bare, its_path)| {
                    let is_above = its_bare.len() > 1 && bare.starts_with(&format!("{its_bare}/"));
                    origin == its_origin && its_path != path && (its_bare == bare || is_above)
                })
        };
        Some((*refused, *all.iter().find(is_like)?))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Browser;

    #[test]
    fn a_slash_that_decides_is_the_exemption() {
        let mut facts = healthy();
        let hook =
            |url: &str, status| Visit { step: Step::Hook, method: "POST".into(), url: url.into(), ..visit(status) };
        facts.visits.push(hook("https://app.example.com/hook/", 403));
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(hook("https://app.example.com/other", 401));
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(hook("https://app.example.com/hook", 401));
        assert_eq!(code(&RULE, &facts), Some("csrf.exempt_path_mismatch"));
    }

    #[test]
    fn a_path_below_an_exempt_one_is_recorded() {
        let call = |url: &str, status| Call { method: "POST".into(), url: url.into(), status, ..Call::default() };
        let mut facts = healthy();
        let calls = vec![call("https://a.test/hook", 200), call("https://a.test/hook/pay", 403)];
        facts.browser = Some(Browser { calls, ..Browser::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.exempt_path_mismatch"));
        facts.browser.as_mut().unwrap().calls[1].cookies = vec!["session".into()];
        assert_eq!(code(&RULE, &facts), None, "a browser is not exempt");
    }
}
