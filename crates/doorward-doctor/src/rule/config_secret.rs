//! `config.secret`: a secret is missing, a placeholder, the published default, or of the wrong form.

use super::basis::*;
use super::config_env_value::required;

pub(super) const RULE: Rule = Rule { family: "config.secret", judge };

fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    ["SECRET", "_KEY", "PASSWORD", "TOKEN", "CRYPT", "SALT", "PEPPER"].iter().any(|word| name.contains(word))
        && !name.contains("PUBLIC")
        && !name.ends_with("_FILE")
        && !name.ends_with("_ID")
        && !name.contains("EXPIR")
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let in_force: Vec<_> = if host.has_running() {
        host.running().collect()
    } else {
        host.settings.iter().filter(|setting| setting.source == Source::Dotenv).collect()
    };
    let is_failing = is_app_down(facts)
        || facts.host.iter().flat_map(|host| &host.containers).any(|container| is_restless(facts, container));
    // Another part that signs with the real secret is not believed, and says so.
    let is_unbelieved =
        facts.signin.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Failure | Answer::Refused))
            && facts
                .log_any(&["invalid signature", "bad signature", "signature verification failed", "signature mismatch"])
                .or_else(|| facts.log_with(&["token", "invalid"]))
                .is_some();
    let placed = |suspect: Suspect| {
        if is_unbelieved {
            suspect
                .at(shows_at(facts, Link::Config).min(Link::Auth))
                .deep(8)
                .not("auth.jwt.signature_invalid", "the secret in force is the published one")
        } else if is_failing {
            suspect.at(shows_at(facts, Link::Config)).deep(7)
        } else {
            suspect.at(Link::Browser)
        }
    };
    // A password of a part inside opens nothing from outside; a secret that signs does.
    let weighed = |suspect: Suspect, name: &str| {
        let is_mild = name.to_uppercase().contains("PASSWORD") && !is_failing && !is_unbelieved;
        if is_mild { suspect.warning() } else { suspect }
    };
    let make = |name: &str| {
        format!(
            "{name}=$(openssl rand -hex 32)   # run this in a shell and write the outcome into .env, then: docker compose up -d"
        )
    };
    let line = host.log.iter().rposition(|line| is_demand(&line.text)).or_else(|| field(&host.log));
    if let Some(at) = line.filter(|_| is_failing) {
        let line = &host.log[at];
        let text = line.text.to_lowercase();
        let before = at.checked_sub(1).map(|before| &host.log[before]).filter(|_| is_field(&text));
        let name = required(&line.text)
            .or_else(|| secret_word(&line.text))
            .or_else(|| before.and_then(|before| secret_word(&before.text)));
        let setting = name.as_ref().and_then(|name| in_force.iter().find(|setting| &setting.name == name));
        let is_wrong = [
            "length",
            "32 bytes",
            "bytes long",
            "too short",
            "at least",
            "characters",
            "invalid",
            "malformed",
            "must be",
            "incorrect",
            "unsupported",
            "decod",
            "too weak",
            "wrong size",
        ]
        .iter()
        .any(|word| text.contains(word))
            && ![
                "missing",
                "required",
                "not set",
                "unset",
                "no valid",
                "must be set",
                "must be provided",
                "must be defined",
                "undefined",
            ]
            .iter()
            .any(|word| text.contains(word));
        // What a framework calls a placeholder is the name of a setting that it looks for.
        let is_unfilled = text.contains("could not resolve placeholder") || text.contains("define a default");
        let is_placeholder = [
            "placeholder",
            "default value",
            "change me",
            "changeme",
            "changethis",
            "example value",
            "insecure default",
        ]
        .iter()
        .any(|word| text.contains(word))
            || setting.is_some_and(|setting| setting.mark.is("placeholder"));
        let code = if is_placeholder && !is_unfilled {
            "config.placeholder_secret"
        } else if is_wrong && setting.is_none_or(|setting| !setting.is_empty()) {
            "config.secret_invalid"
        } else {
            "config.required_secret_missing"
        };
        let name = name.unwrap_or_else(|| "SECRET_KEY".into());
        let suspect = quoted(Suspect::new(code, format!("The app does not start, and says why: {name}.")), line);
        return Some(placed(suspect.not("app.crash_loop", "its last words name the setting").fix(make(&name))));
    }
    let examples: Vec<_> =
        host.settings.iter().filter(|setting| setting.source == Source::Example && !setting.is_empty()).collect();
    let secrets = || in_force.iter().filter(|setting| is_secret(&setting.name));
    // What signs comes before passwords of parts inside.
    let is_inner = |name: &str| name.to_uppercase().contains("PASSWORD");
    let signing = secrets().filter(|setting| !is_inner(&setting.name));
    for setting in signing.chain(secrets().filter(|setting| is_inner(&setting.name))) {
        let said = |code, why: String| {
            Suspect::new(code, why).saw(
                setting.name.clone(),
                format!("{} characters, print {}", setting.mark.length, setting.mark.print),
                "in force",
            )
        };
        let fallback = host.settings.iter().find(|other| {
            other.name == setting.name
                && other.fallback.as_ref().is_some_and(|mark| {
                    // A value that stands in the file as it is was written there by whoever runs it.
                    mark.print == setting.mark.print && mark.length > 0 && other.mark.print != mark.print
                })
        });
        if fallback.is_some() && host.has_running() {
            return Some(weighed(placed(said("config.default_secret", format!("{} is the fallback of the compose file, which everybody can read and which changes with its version.", setting.name)).fix(make(&setting.name))), &setting.name));
        }
        let copied = examples.iter().any(|example| {
            example.name == setting.name && example.mark.print == setting.mark.print && !setting.is_empty()
        });
        if copied || setting.mark.is("placeholder") && setting.mark.length > 3 {
            let suspect = said(
                "config.placeholder_secret",
                format!("{} is still the placeholder of the example file.", setting.name),
            );
            return Some(weighed(placed(suspect.fix(make(&setting.name))), &setting.name));
        }
    }
    let empty = secrets().find(|setting| {
        setting.is_empty()
            && (examples.iter().any(|example| example.name == setting.name) || setting.name.contains("SECRET"))
    })?;
    is_failing.then(|| {
        placed(
            Suspect::new("config.required_secret_missing", format!("{} is empty.", empty.name))
                .likely()
                .saw(empty.name.clone(), "empty", "in force")
                .fix(make(&empty.name)),
        )
    })
}

fn is_demand(text: &str) -> bool {
    let lower = text.to_lowercase();
    // A name of a setting is written large; in small letters `_key` ends names of functions too.
    let about = [
        "secret",
        "api_key",
        "crypt_key",
        "signing_key",
        "crypt",
        "encryption key",
        "placeholder",
        "fernet key",
        "key length",
        "app key",
        "jwt key",
        "aes key",
    ]
    .iter()
    .any(|word| lower.contains(word))
        || text.contains("_KEY")
        || text.contains("PASSWORD");
    let says = [
        "missing",
        "required",
        "not set",
        "must be",
        "no valid",
        "placeholder",
        "too short",
        "invalid",
        "insecure",
        "at least",
        "changeme",
        "changethis",
        "unset",
        "empty",
        "default",
        "incorrect",
        "unsupported",
        "not found",
        "undefined",
        "keyerror",
        "please define",
        "please set",
        "please provide",
        "set the",
        "has been specified",
        "cannot be blank",
        "too weak",
        "resolve placeholder",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let not = [
        "password authentication",
        "invalid username",
        "invalid password",
        "csrf",
        "token missing",
        "origin",
        "too many",
        "wrong password",
        "invalid credentials",
        "incorrect password",
        "incorrect username",
        "incorrect email",
        "access denied",
        "default password hasher",
        "get /",
        "post /",
    ]
    .iter()
    .any(|word| lower.contains(word));
    about && says && !not
}

/// Whether a line says of the one before it that it names what is missing, as pydantic writes.
fn is_field(text: &str) -> bool {
    let text = text.trim_start().to_lowercase();
    text.starts_with("field required") || text.starts_with("input should be") || text.starts_with("value error")
}

/// The place of the newest such line whose predecessor names a secret and nothing else.
fn field(log: &[Line]) -> Option<usize> {
    (1..log.len()).rev().find(|at| {
        let name = log[at - 1].text.trim();
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.');
        is_field(&log[*at].text) && is_name && is_secret(name)
    })
}

fn secret_word(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .find(|word| word.contains('_') && is_secret(word))
        .map(str::to_uppercase)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::redact::Salt;

    fn setting(source: Source, value: &str, fallback: Option<&str>) -> Setting {
        let salt = Salt::of(b"s");
        let mark = salt.mark(value);
        Setting {
            source,
            name: "SECRET_KEY".into(),
            value: crate::facts::Value::Masked(mark.clone()),
            mark,
            fallback: fallback.map(|value| salt.mark(value)),
            refers: Vec::new(),
        }
    }

    fn set(settings: Vec<Setting>) -> Facts {
        let mut facts = answered(502);
        facts.host.get_or_insert_default().settings = settings;
        facts
    }

    #[test]
    fn each_form_has_its_code() {
        let run = || Source::Container("app".into());
        assert_eq!(code(&RULE, &set(vec![setting(run(), "changeme-please", None)])), Some("config.placeholder_secret"));
        assert_eq!(
            code(
                &RULE,
                &set(vec![
                    setting(run(), "k3plerorbit77k3plerorbit77", None),
                    setting(Source::Compose("app".into()), "", Some("k3plerorbit77k3plerorbit77"))
                ])
            ),
            Some("config.default_secret")
        );
        assert_eq!(code(&RULE, &set(vec![setting(run(), "", None)])), Some("config.required_secret_missing"));
        assert_eq!(code(&RULE, &set(vec![setting(run(), "c81d0d4b6bb34b2e9d1f1a6a2f0c5e77", None)])), None);
    }

    #[test]
    fn a_secret_that_signs_comes_before_a_password_inside() {
        let named = |name: &str, setting: Setting| Setting { name: name.into(), ..setting };
        let run = || Source::Container("app".into());
        let all = |name: &str, value: &str| {
            let compose = setting(Source::Compose("app".into()), "", Some(value));
            [named(name, setting(run(), value, None)), named(name, compose)]
        };
        let mut facts = healthy();
        let settings = &mut facts.host.get_or_insert_default().settings;
        settings.extend(all("DB_PASSWORD", "shop"));
        assert_eq!((RULE.judge)(&facts).unwrap().severity, doorward_core::Severity::Warning);
        facts.host.as_mut().unwrap().settings.extend(all("SECRET_KEY", "k3plerorbit77k3plerorbit77"));
        let suspect = (RULE.judge)(&facts).unwrap();
        assert!(
            suspect.severity == doorward_core::Severity::Error && suspect.why.contains("SECRET_KEY"),
            "{suspect:?}"
        );
    }

    #[test]
    fn what_others_say_of_passwords_is_no_setting() {
        for text in
            ["sshd[9]: Failed password for invalid user admin from 192.0.2.9 port 5022", "incorrect password for ada"]
        {
            let run = setting(Source::Container("app".into()), "c81d0d4b6bb34b2e9d1f1a6a2f0c5e77", None);
            assert_eq!(code(&RULE, &logged(set(vec![run]), text)), None, "{text}");
        }
    }

    #[test]
    fn a_published_secret_goes_before_the_signatures_that_it_breaks() {
        let mut facts = logged(healthy(), "WARNING 401: token signature invalid");
        facts.host.get_or_insert_default().settings = vec![
            setting(Source::Container("app".into()), "k3plerorbit77k3plerorbit77", None),
            setting(Source::Compose("app".into()), "", Some("k3plerorbit77k3plerorbit77")),
        ];
        facts.signin.attempts = vec![Attempt { answer: Answer::Failure, status: 500, ..Attempt::default() }];
        let suspect = (RULE.judge)(&facts).unwrap();
        assert_eq!(suspect.code, "config.default_secret");
        assert!(suspect.shows_at <= Link::Auth && suspect.depth > 3, "{suspect:?}");
    }

    #[test]
    fn the_apps_own_words_name_the_setting() {
        for (text, expected) in [
            ("Error: SECRET_ENCRYPTION_KEY is required", "config.required_secret_missing"),
            ("No valid CRYPT_KEY set", "config.required_secret_missing"),
            ("SECRET_KEY must be 32 bytes long", "config.secret_invalid"),
            ("refusing to start: SECRET_KEY is a placeholder", "config.placeholder_secret"),
            ("Invalid environment variables: { SESSION_SECRET: [ 'Required' ] }", "config.required_secret_missing"),
            ("JWT_SECRET_KEY\nField required [type=missing, input_value={}]", "config.required_secret_missing"),
            ("Could not resolve placeholder 'JWT_SECRET' in value \"${JWT_SECRET}\"", "config.required_secret_missing"),
            (
                "decouple.UndefinedValueError: APP_SECRET not found. Declare it as envvar or define a default value.",
                "config.required_secret_missing",
            ),
            ("REDIS_PASSWORD is required", "config.required_secret_missing"),
            ("KeyError: 'SESSION_SECRET'", "config.required_secret_missing"),
            ("MissingSecret: Please define a `secret`", "config.required_secret_missing"),
            ("No application encryption key has been specified.", "config.required_secret_missing"),
            ("Unsupported cipher or incorrect key length. Supported ciphers are: aes-128-cbc", "config.secret_invalid"),
            ("ValueError: Fernet key must be 32 url-safe base64-encoded bytes.", "config.secret_invalid"),
            (
                "cookie_secret must be 16, 24, or 32 bytes to create an AES cipher, but is 44 bytes",
                "config.secret_invalid",
            ),
        ] {
            let facts = set(vec![setting(Source::Container("app".into()), "c81d0d4b6bb34b2e9d1f1a6a2f0c5e77", None)]);
            let facts = text.lines().fold(facts, logged);
            assert_eq!(code(&RULE, &facts), Some(expected), "{text}");
        }
    }
}
