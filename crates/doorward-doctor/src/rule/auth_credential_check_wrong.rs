//! `auth.credential_check_wrong`: the password is right, and the check of it is not.

use super::auth_account_state::is_refused;
use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.credential_check_wrong", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if !is_refused(facts) {
        return None;
    }
    let rows: &[(&'static str, &[&str], &str)] = &[
        (
            "auth.hash.password_too_long",
            &["password cannot be longer than 72 bytes", "longer than 72", "exceeds 72 bytes", " 72 bytes"],
            "The password is longer than bcrypt reads.",
        ),
        (
            "auth.hash_of_hash",
            &["hash of a hash", "hashed twice", "double hashed", "double-hashed", "already hashed"],
            "The stored value is the hash of a hash.",
        ),
        ("auth.hash.pepper_missing", &["pepper"], "The pepper with which this account was made is missing."),
        (
            "auth.hash_invalid_value",
            &[
                "not a valid hash",
                "is not a hash",
                "plain text password",
                "plaintext password",
                "password in plain text",
                "stored in plain text",
                "does not look like",
            ],
            "Where a hash should stand, something else does.",
        ),
        (
            "auth.hash.unsupported_format",
            &[
                "hash could not be identified",
                "does not use the bcrypt algorithm",
                "unknown hash",
                "unsupported hash",
                "unknown hashing algorithm",
                "unrecognized hash",
                "invalid hash prefix",
                "unsupported algorithm",
                "not a supported hash",
                "unknown password hash",
                "no passwordencoder mapped",
                "unable to determine hashing algorithm",
                "unidentified hash",
                "unknown hash scheme",
                "unsupported password hash",
                "unsupported hash",
                "hash format",
                "hash scheme",
            ],
            "The kind of the stored hash is not known to the app.",
        ),
        (
            "auth.hash_invalid_value",
            &[
                "invalid salt",
                "malformed hash",
                "not a valid hash",
                "invalid hash",
                "invalidhash",
                "hash too short",
                "hashedsecret too short",
                "invalid encoded hash",
                "invalid bcrypt hash",
                "not enough parts",
                "hash length",
                "illegal hash",
                "hash string missing",
                "hash string invalid",
                "invalid phc",
                "phc string",
                "not a phc",
                "unable to parse hash",
                "cannot parse hash",
                "could not parse hash",
            ],
            "Where a hash should stand, something else does.",
        ),
        (
            "auth.hash.parameters_changed",
            &[
                "rounds mismatch",
                "parameters mismatch",
                "parameters differ",
                "iterations mismatch",
                "rehash",
                "cost mismatch",
                "kdf parameters",
                "different parameters",
                "rounds=",
                "rounds changed",
            ],
            "The hash is verified with other parameters than it was made with.",
        ),
        (
            "auth.backend_misconfigured",
            &[
                "no authentication backend",
                "authentication_backends",
                "backend is not configured",
                "no password backend",
                "no backend",
                "backend missing",
                "missing backend",
                "modelbackend",
            ],
            "The backend that checks passwords is not in the list.",
        ),
    ];
    rows.iter()
        .find_map(|(code, words, why)| {
            let line = facts.log_any(words)?;
            Some(quoted(
                Suspect::new(code, *why)
                    .deep(3)
                    .saw("sign-in with the named account", "refused", "the app")
                    .not("auth.user_disabled", "the account's state is not what is refused"),
                line,
            ))
        })
        .or_else(|| changed(facts))
        .or_else(|| configured(facts))
}

/// A line that says in other words that a hash was made with other parameters.
fn changed(facts: &Facts) -> Option<Suspect> {
    let line = log_line(facts, |text| {
        has_each(
            text,
            &[
                &["parameter", "rounds", "iteration", "cost", "work factor", "memory"],
                &["differ", "mismatch", "changed", "expected", "rehash"],
                &["hash", "password", "argon", "bcrypt", "pbkdf2", "scrypt"],
            ],
        )
    })?;
    let why = "The hash is verified with other parameters than it was made with.";
    Some(quoted(Suspect::new("auth.hash.parameters_changed", why).deep(3), line))
}

/// The list of backends holds others and not the one for passwords.
fn configured(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let setting = host.settings.iter().find(|setting| {
        setting.name.to_uppercase().ends_with("BACKENDS")
            && !setting.plain().is_empty()
            && !setting.plain().contains("ModelBackend")
    })?;
    Some(
        Suspect::new("auth.backend_misconfigured", "The list of sign-in backends lacks the one that checks passwords.")
            .likely()
            .deep(3)
            .saw(setting.name.clone(), setting.plain().to_owned(), "settings")
            .fix(format!("add django.contrib.auth.backends.ModelBackend to {}", setting.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_words_of_the_check_tell() {
        for (text, expected) in [
            ("hash could not be identified", Some("auth.hash.unsupported_format")),
            ("ValueError: Invalid salt", Some("auth.hash_invalid_value")),
            ("verify failed error=password hash string missing field", Some("auth.hash_invalid_value")),
            ("password cannot be longer than 72 bytes", Some("auth.hash.password_too_long")),
            ("wrong password", None),
        ] {
            let mut facts = logged(healthy(), text);
            facts.signin.attempts =
                vec![Attempt { variant: Variant::Real, answer: Answer::Credentials, ..Attempt::default() }];
            assert_eq!(code(&RULE, &facts), expected, "{text}");
        }
    }
}
