//! `session.store_broken`: a session is made, and the next request does not find it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "session.store_broken", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let after = &facts.signin.after;
    let lost = after.iter().filter(|status| matches!(status, 401 | 403)).count();
    let known = after.iter().filter(|status| **status < 400 && **status > 0).count();
    let is_mixed = lost > 0 && known > 0;
    let named = facts.log_any(&["session store", "redis", "memcached"]);
    let named = named.or_else(|| log_line(facts, |text| has_port(text, &["6379"])));
    let down = named.filter(|line| {
        let text = line.text.to_lowercase();
        let is_over = ["reconnected", ", connected", "recovered", "is ready"].iter().any(|word| text.contains(word));
        !is_over
            && [
                "refused",
                "timeout",
                "timed out",
                "unreachable",
                "connection error",
                "econnrefused",
                "cannot connect",
                "could not connect",
                "unable to connect",
                "failed to connect",
                "connectionfailure",
                "connection failure",
                "noauth",
                "misconf",
                "oom command",
                "name or service not known",
                "clusterdown",
                "read only replica",
                "no connection is active",
                "wrongpass",
                "markeddead",
                "marked dead",
                "error",
            ]
            .iter()
            .any(|word| text.contains(word))
    });
    let unkept = log_line(facts, |text| has_each(text, &[&["session_start()", "session_write_close"], &["failed"]]));
    let down = down.or_else(|| unkept.filter(|line| !line.text.to_lowercase().contains("no space")));
    if let Some(line) =
        down.filter(|_| is_failing_inside(facts) || lost > 0 && !is_mixed || after.iter().any(|status| *status >= 500))
    {
        return Some(
            quoted(Suspect::new("session.store_down", "The app does not reach where it keeps sessions."), line)
                .at(shows_inside(facts, Link::Session))
                .deep(7)
                .not("db.unreachable", "it is the session store that is named")
                .fix("start the store, and compare host, port and password with the app's settings"),
        );
    }
    if is_mixed {
        return Some(Suspect::new("session.store_not_shared", format!("Of {} requests with one session, {lost} do not know it: the processes behind this name do not share sessions.", after.len())).deep(3)
            .saw("sign in, then the same page again and again", format!("{after:?}"), "the app").not("cookie.secure_over_http", "the cookie is sent each time").fix("use one store for all workers and replicas (database, Redis), and one secret"));
    }
    if let Some(suspect) = by_chance(facts) {
        return Some(suspect);
    }
    if let Some(line) = facts
        .log_any(&[
            "invalid oauth state",
            "missing saved state",
            "unknown state",
            "state mismatch",
            "invalid state",
            "state not found",
            "mismatching_state",
            "state not equal",
            "state parameter mismatch",
        ])
        .filter(|_| facts.signin.withheld.is_empty())
    {
        let failing = facts.visits.iter().any(|visit| visit.status >= 400) || lost > 0;
        return failing.then(|| {
            quoted(
                Suspect::new(
                    "session.oauth_state_not_shared",
                    "The state of a sign-in by provider is not known where the visitor comes back.",
                ),
                line,
            )
            .at(shows_inside(facts, Link::Session))
            .likely()
            .deep(2)
        });
    }
    let sent =
        facts.visits(Step::After).any(|visit| visit.sent.iter().any(|(name, _)| name.eq_ignore_ascii_case("cookie")));
    let refused = facts.signin.session.is_empty()
        || facts
            .visits
            .iter()
            .flat_map(|visit| &visit.cookies)
            .any(|cookie| facts.signin.session.contains(&cookie.name) && cookie.trouble.is_some());
    if lost > 0 && sent && !refused && facts.signin.tokens.is_empty() {
        let volatile = facts.log_ever(&[
            "memorystore",
            "in-memory session",
            "sessions are kept in memory",
            "generated a random secret",
            "generating a random secret",
        ]);
        let code = match volatile {
            Some(line) if line.text.to_lowercase().contains("secret") => "session.secret_rotated_on_recreate",
            Some(_) => "session.store_volatile",
            None => "session.store_not_shared",
        };
        let suspect =
            Suspect::new(code, "The cookie of the session is sent, and the app does not know the session.").deep(1);
        return Some(match volatile {
            Some(line) => quoted(suspect, line),
            None => suspect.possible().saw("sign in, then the same page", format!("{after:?}"), "the app"),
        });
    }
    None
}

/// A token that is kept in the session passes now and then: the process that made the session knows it, and others do not.
fn by_chance(facts: &Facts) -> Option<Suspect> {
    let fresh = |attempt: &&Attempt| {
        matches!(attempt.variant, Variant::Browser | Variant::Again)
            || attempt.variant == Variant::Real && attempt.answer == Answer::Csrf
    };
    let count = |taken: &[Answer]| {
        facts.signin.attempts.iter().filter(fresh).filter(|attempt| taken.contains(&attempt.answer)).count()
    };
    let (refused, passed) = (count(&[Answer::Csrf, Answer::Refused]), count(&[Answer::Credentials, Answer::Welcome]));
    if refused == 0 || passed == 0 || !super::csrf_key_changed::is_in_session(facts) {
        return None;
    }
    Some(
        Suspect::new(
            "session.store_not_shared",
            format!("Of {} honest sign-ins {refused} are refused: the token is kept in the session, and the processes behind this name do not share sessions.", refused + passed),
        )
        .at(Link::Csrf)
        .deep(4)
        .saw("fresh page, then sign-in", format!("{passed} pass, {refused} refused"), "the app")
        .not("csrf.key_not_shared", "no cookie of its own carries the token")
        .fix("use one store for all workers and replicas (database, Redis), and one secret"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn chance_decides_where_sessions_are_not_shared() {
        let mut facts = healthy();
        facts.signin.after = vec![401, 200, 401];
        assert_eq!(code(&RULE, &facts), Some("session.store_not_shared"));
        facts.signin.after = vec![200, 200, 200];
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_token_in_the_session_shows_it_before_anybody_is_in() {
        let mut facts = healthy();
        let attempt = |variant, answer| Attempt { variant, answer, ..Attempt::default() };
        facts.signin.attempts =
            vec![attempt(Variant::Browser, Answer::Credentials), attempt(Variant::Real, Answer::Csrf)];
        assert_eq!(code(&RULE, &facts), None);
        facts.visits[0].cookies = vec![Cookie { name: "JSESSIONID".into(), ..Cookie::default() }];
        assert_eq!(code(&RULE, &facts), Some("session.store_not_shared"));
    }

    #[test]
    fn a_store_that_is_down_is_named_by_the_log() {
        let mut facts = logged(healthy(), "ERROR session store: redis://127.0.0.1:6379: Connection refused");
        facts.signin.attempts =
            vec![Attempt { variant: Variant::Real, answer: Answer::Failure, status: 500, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("session.store_down"));
        facts.host.as_mut().unwrap().log[0].text = "RedisConnectionFailureException: Unable to connect to Redis".into();
        assert_eq!(code(&RULE, &facts), Some("session.store_down"));
    }

    #[test]
    fn files_of_sessions_that_may_not_be_written_are_a_store_that_is_down() {
        let text = "PHP Warning: session_start(): open(/var/lib/php/sess_x, O_RDWR) failed: ";
        for (why, expected) in [("Permission denied (13)", true), ("No space left on device (28)", false)] {
            let facts = logged(answered(500), &format!("{text}{why}"));
            assert_eq!(code(&RULE, &facts), expected.then_some("session.store_down"), "{why}");
        }
    }
}
