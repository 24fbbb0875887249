//! `csrf.origin_mismatch`: the app sees another scheme, host or port than the browser.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.origin_mismatch", judge };

fn passed(facts: &Facts, variant: Variant) -> bool {
    facts.signin.attempts.iter().any(|attempt| {
        attempt.variant == variant
            && matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain)
    })
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let first =
        facts.signin.attempts.iter().find(|attempt| matches!(attempt.variant, Variant::Browser | Variant::Real))?;
    if !matches!(first.answer, Answer::Csrf | Answer::Refused)
        || facts.signin.form.as_ref().is_some_and(|form| form.referrer_policy.contains("no-referrer"))
    {
        return None;
    }
    let target = facts.target.as_ref()?;
    let host = facts.host.as_ref();
    let own = target.origin();
    let words: &[&str] = &[
        "origin checking failed",
        "origin invalid",
        "does not match any trusted origins",
        "bad origin",
        "invalid origin",
        "cross-origin request refused",
        "csrf.origin",
    ];
    // The doctor asked with other origins too, and the app may write of each.
    let line = log_line(facts, |text| has_each(text, &[words]) && text.contains(&own))
        .or_else(|| log_line(facts, |text| has_each(text, &[words])));
    let told = |code, why: String| {
        let suspect = Suspect::new(code, why)
            .deep(3)
            .saw(format!("POST, Origin: {own}"), format!("{}", first.status), "the app")
            .not("csrf.token_missing", "the same token passes with another Origin");
        match line {
            Some(line) => quoted(suspect, line),
            None => suspect,
        }
    };
    let formless = host.and_then(|host| {
        host.settings.iter().find(|setting| {
            setting.name.to_uppercase().contains("TRUSTED_ORIGIN")
                && !setting.plain().is_empty()
                && !setting.plain().contains("://")
        })
    });
    if formless.is_some() || facts.log_any(&["4_0.e001", "must start with a scheme"]).is_some() {
        let value = formless.map(|setting| setting.plain().to_owned()).unwrap_or_default();
        return Some(
            told(
                "csrf.trusted_origin_format",
                format!("The list of trusted origins holds `{value}`, without a scheme, so nothing ever matches it."),
            )
            .deep(6)
            .fix(format!("CSRF_TRUSTED_ORIGINS={own}")),
        );
    }
    if facts
        .echo
        .as_ref()
        .is_some_and(|echo| echo.host.len() > 1 || echo.forwarded_host.iter().any(|value| value.contains(',')))
    {
        return Some(
            told("csrf.host_duplicated", "Host or X-Forwarded-Host reaches the app with two values.".into())
                .fixes(mend::host(facts)),
        );
    }
    if passed(facts, Variant::OtherScheme) {
        return Some(
            told(
                "csrf.origin_scheme_mismatch",
                format!(
                    "The app takes itself for {}: the same sign-in with that Origin passes.",
                    own.replacen(&target.scheme, if target.is_https() { "http" } else { "https" }, 1)
                ),
            )
            .not("csrf.origin_host_mismatch", "the host is right")
            .fixes(mend::forwarded_proto(facts))
            .fix("and let the app derive its scheme from it, or set its base URL to https"),
        );
    }
    if passed(facts, Variant::NoPort) {
        return Some(
            told(
                "csrf.origin_port_mismatch",
                format!("The app does not see the port {}: without it the same sign-in passes.", target.port),
            )
            .not("csrf.origin_scheme_mismatch", "scheme and host are right")
            .fixes(mend::host(facts)),
        );
    }
    let by_name = first.body.to_lowercase();
    let is_named = line.is_some()
        || ["origin", "cross-site", "cross site"].iter().any(|word| by_name.contains(word))
        || first.reason.starts_with("csrf.origin")
        || first.reason.starts_with("csrf.same_site")
        || first.reason == "csrf.cross_site";
    let changed = host.is_some_and(crate::host::upstream::changes_host);
    if passed(facts, Variant::NoOrigin) || is_named {
        let text = line.map(|line| line.text.to_lowercase()).unwrap_or_default();
        // What the app takes itself for stands behind what it was sent.
        let held = text.split_once(" match").or_else(|| text.split_once("expected")).map_or("", |(_, held)| held);
        let scheme = held.contains(&format!("http://{}", target.host)) && target.is_https();
        if scheme {
            return Some(
                told("csrf.origin_scheme_mismatch", "The app takes itself for http.".into())
                    .fixes(mend::forwarded_proto(facts)),
            );
        }
        let has_no_port = !target.is_default_port()
            && text.contains(&format!("match {}://{}", target.scheme, target.host))
            && !text.contains(&format!("match {own}"));
        if has_no_port {
            return Some(
                told("csrf.origin_port_mismatch", format!("The app does not see the port {}.", target.port))
                    .fixes(mend::host(facts)),
            );
        }
        let list = host.and_then(|host| {
            host.settings.iter().find(|setting| {
                setting.name.to_uppercase().contains("TRUSTED_ORIGIN") && setting.plain().contains("://")
            })
        });
        let is_dev = matches!(target.port, 5173 | 4173)
            || facts.host.as_ref().is_some_and(|host| {
                host.listeners
                    .iter()
                    .any(|listener| listener.owner.contains("node") && listener.address.port() == target.port)
            });
        if is_dev && super::dev_proxy_misconfigured::is_rewriting(facts) {
            return None;
        }
        let suspect = told("csrf.origin_host_mismatch", "The app compares the browser's Origin with another host than the browser's: the Host does not arrive as it was sent, or the list of origins lacks it.".into());
        let suspect = match list {
            Some(setting) => suspect
                .saw(setting.name.clone(), setting.plain().to_owned(), "settings")
                .fix(format!("add {own} to {}", setting.name)),
            None => suspect,
        };
        let suspect = suspect
            .fixes(mend::host(facts))
            .fixes((facts.profile == "django").then(|| format!("CSRF_TRUSTED_ORIGINS = [\"{own}\"]")));
        return Some(if changed || passed(facts, Variant::NoOrigin) { suspect } else { suspect.likely() });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn tried(variant: Variant) -> Facts {
        let mut facts = healthy();
        facts.signin.attempts = vec![
            Attempt { answer: Answer::Csrf, status: 403, ..Attempt::default() },
            Attempt { variant, answer: Answer::Credentials, status: 401, ..Attempt::default() },
        ];
        facts
    }

    #[test]
    fn what_makes_it_pass_is_what_differs() {
        for (variant, expected) in [
            (Variant::OtherScheme, Some("csrf.origin_scheme_mismatch")),
            (Variant::NoPort, Some("csrf.origin_port_mismatch")),
            (Variant::NoOrigin, Some("csrf.origin_host_mismatch")),
            (Variant::AllCookies, None),
        ] {
            assert_eq!(code(&RULE, &tried(variant)), expected);
        }
    }

    #[test]
    fn an_entry_without_a_scheme_never_matches() {
        let mut facts = tried(Variant::NoOrigin);
        let value = crate::facts::Value::Plain("app.example.com".into());
        facts.host.get_or_insert_default().settings.push(Setting {
            name: "CSRF_TRUSTED_ORIGINS".into(),
            value,
            ..Setting::default()
        });
        assert_eq!(code(&RULE, &facts), Some("csrf.trusted_origin_format"));
    }
}
