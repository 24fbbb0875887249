//! `csrf.key_changed`: the key that signs tokens differs between processes or starts.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.key_changed", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let is_fresh = |attempt: &&Attempt| matches!(attempt.variant, Variant::Browser | Variant::Again);
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
    if refused > 0 && passed > 0 && !super::csrf_token_mismatch::is_plus(facts) {
        return Some(
            Suspect::new("csrf.key_not_shared", format!("The same honest sign-in passes the CSRF check {passed} of {} times: the processes behind this name have different keys.", fresh.len()))
                .deep(4)
                .saw("fresh page, then sign-in", format!("{passed} pass, {refused} refused"), "the app")
                .not("csrf.origin_host_mismatch", "nothing differs between the attempts")
                .fix("SECRET_KEY=…   # one value for all workers and replicas, out of the configuration"),
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
}
