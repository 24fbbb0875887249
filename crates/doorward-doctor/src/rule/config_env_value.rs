//! `config.env_value`: what was written in a file is not what the app reads.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "config.env_value", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let is_running = |source: &Source| matches!(source, Source::Process | Source::Container(_));
    let from = |wanted: fn(&Source) -> bool| host.settings.iter().filter(move |setting| wanted(&setting.source));
    let dotenv: Vec<_> = from(|source| *source == Source::Dotenv).collect();
    let compose: Vec<_> = from(|source| matches!(source, Source::Compose(_))).collect();
    let running: Vec<_> = host.settings.iter().filter(|setting| is_running(&setting.source)).collect();
    let is_failing = is_failing(facts);
    mangled(&running, &dotenv, &compose, is_failing)
        .or_else(|| mangled(&[], &dotenv, &compose, is_failing).filter(|_| running.is_empty()))
        .or_else(|| absent(host, &dotenv, &compose, &running))
        .or_else(|| environment(facts, &dotenv, &running))
        .map(|suspect| {
            // A setting is a suspect; it is the cause where something that it explains does not work.
            if is_failing {
                suspect.at(shows_at(facts, Link::Config)).deep(8)
            } else {
                suspect.likely().at(Link::Browser)
            }
        })
}

/// Whether something does not work that a setting could explain.
fn is_failing(facts: &Facts) -> bool {
    is_app_down(facts)
        || facts.signin.attempts.iter().any(|attempt| !matches!(attempt.answer, Answer::Credentials | Answer::Welcome))
        || stop::find(facts).is_some_and(|stop| stop.link >= Link::Proxy && !stop.is_mild)
        || facts.host.iter().flat_map(|host| &host.containers).any(|container| is_restless(facts, container))
}

fn mangled(running: &[&Setting], dotenv: &[&Setting], compose: &[&Setting], is_failing: bool) -> Option<Suspect> {
    for setting in if running.is_empty() { [dotenv, compose].concat() } else { running.to_vec() } {
        let written = dotenv
            .iter()
            .chain(compose)
            .find(|other| other.name == setting.name && !matches!(other.source, Source::Compose(_)));
        let said = |code, why: String| {
            Suspect::new(code, why).saw(setting.name.clone(), shown(setting), place(&setting.source))
        };
        if setting.mark.is("command") && setting.mark.length > 3 && is_ours(&setting.name, dotenv, compose) {
            return Some(
                said(
                    "config.env_command_substitution_literal",
                    format!("{} holds a command as text; nothing ran it.", setting.name),
                )
                .fix(format!("{}=OUTPUT-OF-THE-COMMAND   # run it once, write the outcome", setting.name)),
            );
        }
        // A value with quotes of its own in the compose file is meant so.
        let is_meant = compose.iter().any(|other| other.name == setting.name && other.mark.print == setting.mark.print);
        if setting.mark.is("quoted") && !running.is_empty() && !is_meant && is_ours(&setting.name, dotenv, compose) {
            return Some(
                said(
                    "config.env_quotes_literal",
                    format!("{} begins and ends with quotes that became part of the value.", setting.name),
                )
                .fix(format!("remove the quotes around the value of {}, and create the container anew", setting.name)),
            );
        }
        if let Some(written) = written.filter(|written| {
            !running.is_empty()
                && written.mark.is("dollar")
                // A doubled one is how a dollar sign is meant to be written, until something shows that it was not.
                && (is_failing || !written.mark.is("dollars-doubled"))
                && written.mark.print != setting.mark.print
                && setting.mark.length < written.mark.length
        }) {
            return Some(said("config.env_dollar_interpolated", format!("{} has {} characters in the file and {} in the app: what follows a dollar sign was taken for a variable.", setting.name, written.mark.length, setting.mark.length))
                .saw(setting.name.clone(), shown(written), place(&written.source))
                .fix(format!("in .env: {}='…' in single quotes; in the compose file: $$ for each $", setting.name)));
        }
    }
    None
}

/// The name is one that the installation's own files speak of.
fn is_ours(name: &str, dotenv: &[&Setting], compose: &[&Setting]) -> bool {
    dotenv.iter().chain(compose).any(|setting| setting.name == name)
        || ["SECRET", "KEY", "PASSWORD", "TOKEN", "URL", "DOMAIN", "ORIGIN"].iter().any(|word| name.contains(word))
}

fn absent(host: &Host, dotenv: &[&Setting], compose: &[&Setting], running: &[&Setting]) -> Option<Suspect> {
    if running.is_empty() {
        return None;
    }
    let has = |name: &str| running.iter().any(|setting| setting.name == name && !setting.is_empty());
    let is_there = |name: &str| running.iter().any(|setting| setting.name == name);
    let said = |code, why: String, name: &str| {
        Suspect::new(code, why).saw(
            name.to_owned(),
            if is_there(name) { "empty" } else { "not there" },
            "the running app",
        )
    };
    let wanted: Vec<_> = dotenv.iter().filter(|setting| !setting.is_empty()).collect();
    let blank: Vec<_> = wanted.iter().filter(|setting| is_there(&setting.name) && !has(&setting.name)).collect();
    let passed = compose.iter().filter(|setting| running.iter().any(|other| other.name == setting.name)).count();
    let empty = running
        .iter()
        .filter(|setting| setting.is_empty() && compose.iter().any(|other| other.name == setting.name))
        .count();
    if blank.len() > 1 || empty > 1 || (blank.len() == 1 && wanted.len() == 1) {
        let name = blank.first().map_or_else(
            || {
                running
                    .iter()
                    .find(|setting| setting.is_empty())
                    .map(|setting| setting.name.clone())
                    .unwrap_or_default()
            },
            |setting| setting.name.clone(),
        );
        return Some(
            said(
                "config.env_file_not_loaded",
                format!("{name} and others of the file are empty in the running app: it was started without the file."),
                &name,
            )
            .fix("docker compose --env-file .env up -d")
            .fix(format!("in the compose file: {name}: ${{{name}:?}}")),
        );
    }
    let known = |name: &str| ["PATH", "HOME", "HOSTNAME", "LANG", "PWD"].contains(&name);
    // What a service gets under another name, or as a part of an address, is passed on.
    let is_passed_on = |name: &str| {
        compose
            .iter()
            .any(|setting| setting.name != name && setting.refers.iter().any(|to| to == name) && has(&setting.name))
    };
    if let Some(missing) = wanted.iter().find(|setting| {
        let name = setting.name.as_str();
        !has(name) && !known(name) && matters(host, name) && !is_passed_on(name)
    }) {
        if let Some(other) = running
            .iter()
            .chain(compose)
            .find(|setting| is_renamed(&setting.name, &missing.name) && !setting.is_empty())
        {
            return Some(named(&missing.name, &other.name));
        }
        let is_shared = wanted.iter().any(|setting| setting.name != missing.name && has(&setting.name)) || passed > 0;
        let code = if is_shared { "config.env_not_passed_to_container" } else { "config.env_file_not_loaded" };
        let why = if is_shared {
            format!("{} stands in .env and does not reach the app.", missing.name)
        } else {
            format!("{} and the rest of .env do not reach the app: the file was not read.", missing.name)
        };
        return Some(
            said(code, why, &missing.name)
                .fix(format!("environment: {0}: ${{{0}:?}}   # under the service", missing.name))
                .fix("docker compose up -d"),
        );
    }
    let line = host.log.iter().rev().find_map(|line| required(&line.text))?;
    let other = running.iter().chain(dotenv).find(|setting| is_renamed(&setting.name, &line) && !setting.is_empty())?;
    (!has(&line)).then(|| named(&line, &other.name))
}

fn named(wanted: &str, given: &str) -> Suspect {
    Suspect::new("config.env_name_mismatch", format!("The app reads {wanted}, and {given} is what is set."))
        .saw(wanted.to_owned(), "not there", "the running app")
        .saw(given.to_owned(), "set", "the running app")
        .not("config.required_secret_missing", "the value is there, under another name")
        .fix(format!("rename {given} to {wanted}"))
}

/// A name that the app's log says it lacks.
pub(super) fn required(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let says = [
        "missing",
        "required",
        "is not set",
        "not set",
        "must be set",
        "no valid",
        "undefined",
        "not defined",
        "keyerror",
        "unset",
        "must not be empty",
        "cannot be empty",
        "needs to be",
        "not found",
        "please set",
        "please define",
        "set the",
        "resolve placeholder",
    ]
    .iter()
    .any(|word| lower.contains(word));
    let word = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').find(|word| {
        let upper = word.chars().filter(char::is_ascii_uppercase).count();
        word.len() >= 6
            && word.contains('_')
            && (upper > 3 && word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
                || ["secret_key_base", "secret_key", "jwt_secret", "session_secret"].contains(word))
    });
    word.filter(|_| says).map(str::to_uppercase)
}

/// One name is the other with something before or behind it.
fn is_renamed(one: &str, other: &str) -> bool {
    one != other
        && one.len().min(other.len()) >= 8
        && (one.ends_with(&format!("_{other}"))
            || other.ends_with(&format!("_{one}"))
            || one.starts_with(&format!("{other}_"))
            || other.starts_with(&format!("{one}_")))
}

fn matters(host: &Host, name: &str) -> bool {
    let upper = name.to_uppercase();
    ["SECRET", "KEY", "PASSWORD", "TOKEN", "DOMAIN", "ENVIRONMENT", "URL", "ORIGIN", "HOSTS", "DATABASE"]
        .iter()
        .any(|word| upper.contains(word))
        && (host.containers.len() < 2
            || host.settings.iter().any(|setting| matches!(setting.source, Source::Compose(_)) && setting.name == name)
            || upper.contains("SECRET")
            || host.log.iter().any(|line| required(&line.text).as_deref() == Some(name)))
}

fn environment(facts: &Facts, dotenv: &[&Setting], running: &[&Setting]) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let has = |name: &str| running.iter().chain(dotenv).any(|setting| setting.name == name && !setting.is_empty());
    // Who demands something refuses to work without it; that an app says where it runs means nothing.
    if facts.arrival().is_some_and(Visit::is_well) && stop::find(facts).is_none() {
        return None;
    }
    let demands: &[&str] = &["required", "must", "missing", "refus", "not set", "unset", "demand", "needs", "without"];
    let line = log_line(facts, |text| has_each(text, &[&["production environment"], demands]))
        .or_else(|| facts.log_with(&["required in production"]))
        .or_else(|| facts.log_with(&["environment", "not set"]))
        .or_else(|| facts.log_with(&["environment", "unset"]))
        .or_else(|| {
            log_line(facts, |text| {
                has_each(
                    text,
                    &[
                        &["in production"],
                        &["must be set", "is required", "not set", "missing", "refus", "not allowed"],
                    ],
                )
            })
        })?;
    (!has("ENVIRONMENT") && !has("NODE_ENV") && !has("APP_ENV") && !has("RAILS_ENV") && !has("FLASK_ENV") && !has("DJANGO_ENV") && !has("GO_ENV") && (host.has_running() || !dotenv.is_empty())).then(|| {
        quoted(Suspect::new("config.environment_unset", "The app takes itself for production, because ENVIRONMENT is not set, and demands what production needs."), line).fix("ENVIRONMENT=production   # and set what it demands; or ENVIRONMENT=development on a machine of your own")
    })
}

fn shown(setting: &Setting) -> String {
    match &setting.value {
        crate::facts::Value::Plain(text) => text.clone(),
        crate::facts::Value::Masked(mark) => format!("{} characters, print {}", mark.length, mark.print),
    }
}

fn place(source: &Source) -> String {
    match source {
        Source::Process => "the running process".into(),
        Source::Dotenv => ".env".into(),
        Source::Example => ".env.example".into(),
        Source::Compose(service) => format!("compose file, {service}"),
        Source::Container(name) => format!("container {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::redact::Salt;

    fn setting(source: Source, name: &str, value: &str) -> Setting {
        let mark = Salt::of(b"s").mark(value);
        Setting {
            source,
            name: name.into(),
            value: crate::facts::Value::Masked(mark.clone()),
            mark,
            fallback: None,
            refers: Vec::new(),
        }
    }

    fn set(settings: &[(Source, &str, &str)]) -> Facts {
        let mut facts = answered(502);
        facts.host.get_or_insert_default().settings =
            settings.iter().map(|(source, name, value)| setting(source.clone(), name, value)).collect();
        facts
    }

    #[test]
    fn each_accident_has_its_code() {
        let run = || Source::Container("app".into());
        for (settings, expected) in [
            (vec![(run(), "SECRET_KEY", "$(openssl rand -hex 32)")], Some("config.env_command_substitution_literal")),
            (vec![(run(), "SECRET_KEY", "\"abcdefghijklmnop\"")], Some("config.env_quotes_literal")),
            (
                vec![(Source::Dotenv, "DB_PASSWORD", "ab$cdefgh"), (run(), "DB_PASSWORD", "ab")],
                Some("config.env_dollar_interpolated"),
            ),
            (
                vec![
                    (Source::Dotenv, "SECRET_KEY", "x1"),
                    (Source::Dotenv, "DOMAIN", "a.test"),
                    (run(), "SECRET_KEY", ""),
                    (run(), "DOMAIN", ""),
                ],
                Some("config.env_file_not_loaded"),
            ),
            (
                vec![
                    (Source::Dotenv, "SECRET_KEY", "x1"),
                    (Source::Dotenv, "DOMAIN", "a.test"),
                    (run(), "DOMAIN", "a.test"),
                ],
                Some("config.env_not_passed_to_container"),
            ),
            (
                vec![
                    (Source::Dotenv, "SECRET_KEY_BASE", "x1"),
                    (run(), "RAILS_SECRET_KEY_BASE", "x1"),
                    (run(), "DOMAIN", "a.test"),
                ],
                Some("config.env_name_mismatch"),
            ),
            (vec![(Source::Dotenv, "SECRET_KEY", "x1"), (run(), "SECRET_KEY", "x1")], None),
        ] {
            assert_eq!(code(&RULE, &set(&settings)), expected, "{settings:?}");
        }
    }

    #[test]
    fn what_a_service_gets_under_another_name_is_passed_on() {
        let mut facts = set(&[
            (Source::Dotenv, "SHOP_SECRET", "x1"),
            (Source::Dotenv, "DOMAIN", "a.test"),
            (Source::Compose("app".into()), "TOKEN_SALT", "${SHOP_SECRET}"),
            (Source::Container("app".into()), "TOKEN_SALT", "x1"),
            (Source::Container("app".into()), "DOMAIN", "a.test"),
        ]);
        assert_eq!(code(&RULE, &facts), Some("config.env_not_passed_to_container"));
        facts.host.as_mut().unwrap().settings[2].refers = vec!["SHOP_SECRET".into()];
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn quotes_that_the_compose_file_writes_are_meant() {
        let run = (Source::Container("app".into()), "GREETING_KEY", "'hello'");
        assert_eq!(code(&RULE, &set(std::slice::from_ref(&run))), Some("config.env_quotes_literal"));
        let compose = (Source::Compose("app".into()), "GREETING_KEY", "'hello'");
        assert_eq!(code(&RULE, &set(&[run, compose])), None);
    }

    #[test]
    fn a_doubled_dollar_is_right_where_all_is_well() {
        let settings =
            [(Source::Dotenv, "DB_PASSWORD", "ab$$cd"), (Source::Container("app".into()), "DB_PASSWORD", "ab$cd")];
        let mut facts = set(&settings);
        assert_eq!(code(&RULE, &facts), Some("config.env_dollar_interpolated"));
        facts.visits = healthy().visits;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn an_unset_environment_is_named_by_the_apps_own_words() {
        let facts = logged(
            set(&[(Source::Container("app".into()), "DOMAIN", "a.test")]),
            "REDIS_PASSWORD is required in production environment",
        );
        assert_eq!(code(&RULE, &facts), Some("config.environment_unset"));
        let warned =
            "connect.session() MemoryStore is not designed for a production environment, as it will leak memory";
        let facts = logged(set(&[(Source::Container("app".into()), "DOMAIN", "a.test")]), warned);
        assert_eq!(code(&RULE, &facts), None);
    }
}
