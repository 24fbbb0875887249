//! `cookie.rejected_size`: a cookie of more than 4096 bytes.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.rejected_size", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let fix = |_: &Cookie| {
        "keep the session on the server and send its id alone; ask the provider for fewer claims".to_owned()
    };
    dropped(facts, verdict, fix).or_else(|| said(facts).map(|suspect| suspect.fix(fix(&Cookie::default()))))
}

/// The sign-in fails, and the app says that its cookie does not hold the session.
fn said(facts: &Facts) -> Option<Suspect> {
    let failed = facts.signin.attempts.iter().find(|attempt| attempt.answer == Answer::Failure)?;
    let line = facts.log_any(&[
        "cookieoverflow",
        "cookie overflowed",
        "cookie is too large",
        "cookie too large",
        "cookie size exceeds",
    ])?;
    let suspect = Suspect::new("cookie.too_large", "The app has more to keep than a cookie holds, and fails.")
        .at(Link::Csrf)
        .deep(4)
        .likely()
        .saw("sign-in", failed.status.to_string(), "the app");
    Some(quoted(suspect, line))
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
    fn an_app_that_cannot_write_its_cookie_says_so() {
        let mut facts = logged(
            healthy(),
            "ActionDispatch::Cookies::CookieOverflow: _shop_session cookie overflowed with size 4212 bytes",
        );
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.attempts = vec![Attempt { answer: Answer::Failure, status: 500, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("cookie.too_large"));
    }

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
