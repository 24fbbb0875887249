//! `cookie.duplicate`: one name, two cookies.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.duplicate", judge };

/// Signing out leaves a cookie standing.
fn kept(facts: &Facts) -> Option<Suspect> {
    let name = facts.signin.kept_after_sign_out.first()?;
    Some(
        Suspect::new(
            "cookie.clear_mismatch",
            format!(
                "Signing out deletes `{name}` with another Domain or Path than it was set with, so browsers keep it."
            ),
        )
        .saw("sign in, sign out", format!("{name} is still there"), "the jar")
        .fix(format!("delete {name} with the same Path and Domain as it is set with")),
    )
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let twice = |visit: &Visit| {
        let live: Vec<_> =
            visit.cookies.iter().filter(|cookie| !cookie.is_deletion && cookie.trouble.is_none()).collect();
        live.iter()
            .find(|cookie| live.iter().filter(|other| other.name == cookie.name).count() > 1)
            .map(|cookie| cookie.name.clone())
    };
    let name = facts.visits.iter().filter(|visit| visit.via == Via::Public).find_map(twice).or_else(|| {
        let attempt = facts.signin.attempts.iter().find(|attempt| {
            attempt.sent.iter().any(|name| attempt.sent.iter().filter(|other| *other == name).count() > 1)
        })?;
        attempt.sent.iter().find(|name| attempt.sent.iter().filter(|other| other == name).count() > 1).cloned()
    });
    let recorded = facts.browser.iter().flat_map(|browser| &browser.calls).find_map(|call| {
        call.cookies.iter().find(|name| call.cookies.iter().filter(|other| other == name).count() > 1).cloned()
    });
    let Some(name) = name.or(recorded) else { return kept(facts) };
    let failing = facts
        .signin
        .attempts
        .iter()
        .any(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused | Answer::FormAgain))
        || facts.signin.after.iter().any(|status| *status >= 400)
        || facts.browser.is_some()
        || !facts.signin.kept_after_sign_out.is_empty()
        || facts.signin.session.iter().filter(|known| **known == name).count() > 1;
    let suspect = Suspect::new(
        "cookie.duplicate",
        format!("Two cookies are named `{name}`, for different domains or paths, and the app may read the wrong one."),
    )
    .at(if failing { Link::Csrf } else { Link::Cookie })
    .deep(4)
    .saw(name.clone(), "twice", "the browser's jar")
    .fix(format!("give each app a name of its own, such as __Host-{name}, with Path=/ and no Domain"));
    Some(if failing { suspect } else { suspect.warning() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn one_name_for_two_paths_is_double() {
        let mut facts = healthy();
        let cookie = |path: &str| Cookie { name: "csrf".into(), path: Some(path.into()), ..Cookie::default() };
        facts.visits[0].cookies = vec![cookie("/"), cookie("/login")];
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("cookie.duplicate"));
        facts.visits[0].cookies.pop();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_cookie_that_outlives_the_sign_out_is_cleared_wrongly() {
        let mut facts = healthy();
        facts.signin.kept_after_sign_out = vec!["session".into()];
        assert_eq!(code(&RULE, &facts), Some("cookie.clear_mismatch"));
    }
}
