//! `csrf.exempt_path`: a path that should be exempt is not, by a slash or by what follows.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.exempt_path", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let sent: Vec<_> = facts.visits(Step::SignIn).filter(|visit| visit.note.starts_with("hook")).collect();
    let refused = sent.iter().find(|visit| visit.note == "hook" && matches!(visit.status, 403 | 419))?;
    let other = sent
        .iter()
        .find(|visit| visit.note != "hook" && visit.status > 0 && !matches!(visit.status, 403 | 419 | 404))?;
    Some(
        Suspect::new(
            "csrf.exempt_path_mismatch",
            format!(
                "{} is refused by the CSRF check and {} is not: the exemption does not match the path that is called.",
                refused.url, other.url
            ),
        )
        .saw(format!("POST {}", refused.url), refused.told(), "the app")
        .saw(format!("POST {}", other.url), other.told(), "the app")
        .fix(format!(
            "exempt exactly {}",
            url::Url::parse(&refused.url).map(|url| url.path().to_owned()).unwrap_or_default()
        )),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_slash_that_decides_is_the_exemption() {
        let mut facts = healthy();
        let hook = |note: &str, status| Visit { step: Step::SignIn, note: note.into(), ..visit(status) };
        facts.visits.push(hook("hook", 403));
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(hook("hook, other slash", 401));
        assert_eq!(code(&RULE, &facts), Some("csrf.exempt_path_mismatch"));
    }
}
