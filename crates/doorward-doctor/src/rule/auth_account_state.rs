//! `auth.account_state`: the password is right and the account may not come in. For the operator on the host only.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.account_state", judge };

/// The named account was refused, whatever the page says.
pub(super) fn is_refused(facts: &Facts) -> bool {
    facts.signin.attempts.iter().any(|attempt| {
        attempt.variant == Variant::Real
            && matches!(attempt.answer, Answer::Credentials | Answer::FormAgain | Answer::Refused | Answer::Failure)
    })
}

/// Whether a text says it in other words: whose state, and which.
fn is_state(code: &str, text: &str) -> bool {
    if code == "auth.user_disabled" && super::auth_throttled::is_for_a_while(text) {
        return false;
    }
    let whose: &[&str] = &["account", "user", "login of", "sign-in of", "member"];
    let which: &[&str] = match code {
        "auth.user_status_migration" => {
            return has_each(
                text,
                &[whose, &["status"], &["null", "unknown", "unexpected", "not a valid", "no longer"]],
            );
        }
        "auth.user_disabled" => &[
            "inactive",
            "disabled",
            "deactivated",
            "suspended",
            "blocked",
            "banned",
            "not active",
            "active=false",
            "active = false",
            "prohibited from signing in",
            "prohibited login",
            "sign-in prohibited",
            "not allowed to sign in",
            "archived",
        ],
        _ => &[
            "not verified",
            "unverified",
            "not confirmed",
            "unconfirmed",
            "not yet verified",
            "pending verification",
            "verify your",
            "confirm your",
        ],
    };
    has_each(text, &[whose, which])
}

fn judge(facts: &Facts) -> Option<Suspect> {
    if !is_refused(facts) {
        return None;
    }
    let said = facts
        .signin
        .attempts
        .iter()
        .filter(|attempt| attempt.variant == Variant::Real)
        .map(|attempt| attempt.body.to_lowercase())
        .collect::<String>();
    let rows: &[(&'static str, &[&str], &str)] = &[
        (
            "auth.user_status_migration",
            &[
                "invalid user status",
                "unknown user status",
                "status is null",
                "users.status",
                "null value in column \"status\"",
                "has no status",
                "unexpected status",
            ],
            "The account's state was lost or changed by an update.",
        ),
        (
            "auth.user_disabled",
            &[
                "inactive",
                "is_active",
                "account disabled",
                "user disabled",
                "account is disabled",
                "disabled user",
                "account_disabled",
                "enabled=false",
                "deactivated",
                "user is not active",
                "account is suspended",
                "blocked user",
            ],
            "The account is switched off; the page says the same as for a wrong password.",
        ),
        (
            "auth.user_unverified",
            &[
                "not verified",
                "unverified",
                "verification mail",
                "email not confirmed",
                "verify your email",
                "no email address",
                "empty address",
                "verification email",
                "email_verified",
                "recipient address",
            ],
            "The account's address is not verified, or has none to be verified.",
        ),
    ];
    rows.iter().find_map(|(code, words, why)| {
        // A column that is missing is the schema's fault, whatever its name says.
        // Names of events are words with underscores between: `email_not_verified`.
        let in_words = |text: &str| {
            let text = text.replace('_', " ");
            *code == "auth.user_unverified" && (words.iter().any(|word| text.contains(word)) || is_state(code, &text))
        };
        let is_it = |text: &str| words.iter().any(|word| text.contains(word)) || is_state(code, text) || in_words(text);
        let line = log_line(facts, |text| is_it(text) && !super::db_schema_drift::is_missing_column(text));
        if line.is_none() && !is_it(&said) {
            return None;
        }
        let suspect = Suspect::new(code, *why)
            .deep(4)
            .saw("sign-in with the named account", "refused", "the app")
            .not("auth.hash.unsupported_format", "the password itself is not what is refused");
        Some(match line {
            Some(line) => quoted(suspect, line),
            None => suspect,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_log_tells_the_operator_what_the_page_keeps_quiet() {
        for (text, expected) in [
            ("login refused: user ada is inactive", Some("auth.user_disabled")),
            ("could not send verification mail: empty address", Some("auth.user_unverified")),
            ("Failed authentication attempt for ada: user is prohibited login", Some("auth.user_disabled")),
            ("type=\"LOGIN_ERROR\", error=\"user_disabled\"", Some("auth.user_disabled")),
            ("type=\"LOGIN_ERROR\", error=\"user_temporarily_disabled\"", None),
            ("type=\"LOGIN_ERROR\", error=\"email_not_verified\"", Some("auth.user_unverified")),
            ("all well", None),
        ] {
            let mut facts = logged(healthy(), text);
            facts.signin.attempts = vec![Attempt {
                variant: Variant::Real,
                answer: Answer::Credentials,
                status: 401,
                ..Attempt::default()
            }];
            assert_eq!(code(&RULE, &facts), expected, "{text}");
        }
    }

    #[test]
    fn nobodys_refusal_says_nothing_of_accounts() {
        let mut facts = logged(healthy(), "user ada is inactive");
        facts.signin.attempts = vec![Attempt { answer: Answer::Credentials, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), None);
    }
}
