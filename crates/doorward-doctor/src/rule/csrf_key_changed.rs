//! `csrf.key_changed`: the key that signs tokens differs between processes or starts.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.key_changed", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let is_fresh = |attempt: &&Attempt| {
        matches!(attempt.variant, Variant::Browser | Variant::Again)
            || attempt.variant == Variant::Real && attempt.answer == Answer::Csrf
    };
    let fresh: Vec<_> = facts.signin.attempts.iter().filter(is_fresh).collect();
    let refused = fresh.iter().filter(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused)).count();
    let passed = fresh.iter().filter(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome)).count();
    let restarted = facts.log_ever(&[
        "generating a random secret",
        "generated a random secret",
        "using a generated key",
        "throw-away key",
        "random secret key",
        "temporary secret",
    ]);
    if refused > 0 && passed > 0 && !super::csrf_token_mismatch::is_plus(facts) && !is_in_session(facts) {
        return Some(
            Suspect::new("csrf.key_not_shared", format!("The same honest sign-in passes the CSRF check {passed} of {} times: the processes behind this name have different keys.", fresh.len()))
                .deep(4)
                .saw("fresh page, then sign-in", format!("{passed} pass, {refused} refused"), "the app")
                .not("csrf.origin_host_mismatch", "nothing differs between the attempts")
                .fix("SECRET_KEY=…   # one value for all workers and replicas, out of the configuration"),
        );
    }
    if let Some(line) =
        facts.log_any(&["was not found in the key ring", "not found in the keyring"]).filter(|_| refused > 0)
    {
        let has_several = facts.host.as_ref().is_some_and(|host| crate::host::upstream::all(host).len() > 1);
        let (code, why) = if has_several {
            ("csrf.key_not_shared", "The token was made with a key of another process: they do not share one key ring.")
        } else {
            (
                "csrf.key_rotated_on_restart",
                "The token was made with a key that is gone: the app keeps its keys in memory or in its container.",
            )
        };
        return Some(
            quoted(Suspect::new(code, why).likely().deep(3), line)
                .fix("builder.Services.AddDataProtection().PersistKeysToFileSystem(new(\"/keys\")).SetApplicationName(\"app\")   # one place for all, outside of the container"),
        );
    }
    let line = restarted?;
    (refused > 0).then(|| {
        quoted(
            Suspect::new("csrf.key_rotated_on_restart", "The app makes its CSRF key anew at each start.").likely(),
            line,
        )
        .fix("SECRET_KEY=…   # set it, and keep it over restarts")
    })
}

/// Cookies that hold the number of a session and nothing of it: what belongs to it is kept by the server.
const NUMBERS: &[&str] = &["connect.sid", "jsessionid", "phpsessid", "asp.net_sessionid"];

/// Whether the token is kept in a session of the server, and no cookie of its own carries it.
pub(super) fn is_in_session(facts: &Facts) -> bool {
    let set = || facts.visits.iter().filter(|visit| visit.via == Via::Public).flat_map(|visit| &visit.cookies);
    let is_number =
        |cookie: &Cookie| NUMBERS.contains(&cookie.name.to_lowercase().as_str()) && cookie.value.length < 200;
    set().any(is_number) && !set().any(|cookie| is_token_name(&cookie.name))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn chance_decides_where_keys_differ() {
        let mut facts = healthy();
        let attempt = |variant, answer| Attempt { variant, answer, ..Attempt::default() };
        facts.signin.attempts = vec![
            attempt(Variant::Browser, Answer::Csrf),
            attempt(Variant::Again, Answer::Csrf),
            attempt(Variant::Again, Answer::Credentials),
        ];
        assert_eq!(code(&RULE, &facts), Some("csrf.key_not_shared"));
        facts.signin.attempts.pop();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_token_that_a_session_holds_is_no_matter_of_keys() {
        let mut facts = healthy();
        let attempt = |variant, answer| Attempt { variant, answer, ..Attempt::default() };
        facts.signin.attempts =
            vec![attempt(Variant::Browser, Answer::Credentials), attempt(Variant::Real, Answer::Csrf)];
        assert_eq!(code(&RULE, &facts), Some("csrf.key_not_shared"));
        facts.visits[0].cookies = vec![Cookie { name: "connect.sid".into(), ..Cookie::default() }];
        assert_eq!(code(&RULE, &facts), None);
        facts.visits[0].cookies.push(Cookie { name: "XSRF-TOKEN".into(), ..Cookie::default() });
        assert_eq!(code(&RULE, &facts), Some("csrf.key_not_shared"));
    }

    #[test]
    fn a_key_that_is_not_in_the_ring_is_gone() {
        let mut facts = logged(
            healthy(),
            "The antiforgery token could not be decrypted. The key {c1} was not found in the key ring.",
        );
        facts.signin.attempts = vec![Attempt { answer: Answer::Refused, status: 400, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("csrf.key_rotated_on_restart"));
        let line = |text: &str| Line { text: text.into(), ..Line::default() };
        facts.host.as_mut().unwrap().proxy = vec![line("server 10.0.0.2:80;"), line("server 10.0.0.3:80;")];
        assert_eq!(code(&RULE, &facts), Some("csrf.key_not_shared"));
        facts.signin.attempts[0].answer = Answer::Credentials;
        assert_eq!(code(&RULE, &facts), None);
    }
}
