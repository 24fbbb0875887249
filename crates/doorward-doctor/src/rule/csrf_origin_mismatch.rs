//! `csrf.origin_mismatch`: the app sees another scheme, host or port than the browser.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.origin_mismatch", judge };

fn passed(facts: &Facts, variant: Variant) -> bool {
    facts.signin.attempts.iter().any(|attempt| {
        attempt.variant == variant
            && matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain)
    })
}

/// A scheme, a host and a port out of a text, as far as they stand there.
type Place = (Option<String>, String, Option<u16>);

/// Origins and hosts that a text names, in order.
fn places(text: &str) -> Vec<Place> {
    let words = text.split(|c: char| c.is_whitespace() || "\"'`(),;[]{}<>".contains(c));
    let place = |word: &str| {
        let word = word.trim_end_matches(['.', '/', ':']);
        let (scheme, rest) = match word.split_once("://") {
            Some((scheme, rest)) if matches!(scheme, "http" | "https") => (Some(scheme.to_owned()), rest),
            Some(_) => return None,
            None => (None, word),
        };
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().ok()?)),
            None => (rest, None),
        };
        let is_host =
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        // A word alone is a host only where it looks like one.
        let is_meant =
            scheme.is_some() || port.is_some() || host.contains('.') && host.bytes().any(|b| b.is_ascii_alphabetic());
        (is_host && is_meant).then(|| (scheme, host.to_lowercase(), port))
    };
    words.filter_map(place).collect()
}

/// What differs between the two places that a refusal holds against each other.
fn compared(text: &str) -> Option<(&'static str, String)> {
    let all = places(text);
    let (at, first) = all.iter().enumerate().find(|(at, one)| all[at + 1..].iter().any(|other| other != *one))?;
    let same = all[at + 1..].iter().find(|other| other.1 == first.1 && *other != first);
    if let Some(other) = same {
        if first.0.is_some() && other.0.is_some() && first.0 != other.0 {
            return Some(("csrf.origin_scheme_mismatch", "The app takes itself for the other scheme: it compares the browser's https with its own http, or the other way.".to_owned()));
        }
        return (first.2 != other.2).then(|| {
            (
                "csrf.origin_port_mismatch",
                format!("The app holds two ports of {} against each other: the port does not arrive.", first.1),
            )
        });
    }
    None
}

/// Whether a refusal names a host twice in a row, as a list: that is one field with two values.
fn is_doubled(text: &str, host: &str) -> bool {
    let text = text.to_lowercase();
    text.match_indices(host).any(|(at, _)| {
        let rest = text[at + host.len()..].trim_start_matches(|c: char| c == ':' || c.is_ascii_digit());
        rest.strip_prefix(',').is_some_and(|next| next.trim_start().starts_with(host))
    })
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let first =
        facts.signin.attempts.iter().find(|attempt| matches!(attempt.variant, Variant::Browser | Variant::Real))?;
    // Next.js fails instead of refusing, and says why in its log alone.
    let is_blamed = first.answer == Answer::Failure
        && facts.log_any(&["does not match `origin` header", "invalid server actions request"]).is_some();
    if !matches!(first.answer, Answer::Csrf | Answer::Refused) && !is_blamed
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
        "didn't match request.base_url",
        "does not match `origin` header",
        "origin not allowed",
        "origin is not allowed",
        "does not match the origin",
        "cross-site post form submissions",
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
    let is_echoed = facts
        .echo
        .as_ref()
        .is_some_and(|echo| echo.host.len() > 1 || echo.forwarded_host.iter().any(|value| value.contains(',')));
    let is_told =
        line.is_some_and(|line| is_doubled(&line.text, &target.host)) || is_doubled(&first.body, &target.host);
    if is_echoed || is_told {
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
        // Django says the same of a wrong scheme; what the proxy does not send cannot arrive.
        let sets_scheme = host.is_none_or(|host| {
            host.proxy.is_empty()
                || host.proxy.iter().any(|line| line.text.to_lowercase().contains("x-forwarded-proto"))
        });
        if !sets_scheme && target.is_https() && matches!(facts.proxy.as_str(), "nginx" | "haproxy" | "apache") {
            return Some(
                told(
                    "csrf.origin_scheme_mismatch",
                    "The proxy does not say that people come by https, so the app takes itself for http.".into(),
                )
                .likely()
                .fixes(mend::forwarded_proto(facts)),
            );
        }
        if let Some((code, why)) = line.and_then(|line| compared(&line.text)) {
            let fixes = match code {
                "csrf.origin_scheme_mismatch" => mend::forwarded_proto(facts),
                _ => mend::host(facts),
            };
            return Some(told(code, why).likely().fixes(fixes));
        }
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
    fn the_two_places_of_a_refusal_say_what_differs() {
        for (text, expected) in [
            (
                "HTTP Origin header (https://a.test) didn't match request.base_url (http://a.test)",
                Some("csrf.origin_scheme_mismatch"),
            ),
            (
                "`x-forwarded-host` header with value `a.test` does not match `origin` header with value `a.test:8443`",
                Some("csrf.origin_port_mismatch"),
            ),
            (
                "`x-forwarded-host` header with value `localhost:23380` does not match `origin` header with value `a.test`",
                None,
            ),
            ("origin checking failed: https://a.test does not match https://a.test", None),
            ("bad origin", None),
        ] {
            assert_eq!(compared(text).map(|(code, _)| code), expected, "{text}");
        }
        let mut facts = logged(
            healthy(),
            "HTTP Origin header (https://app.example.com) didn't match request.base_url (http://app.example.com)",
        );
        facts.signin.attempts = vec![Attempt { answer: Answer::Refused, status: 422, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("csrf.origin_scheme_mismatch"));
    }

    #[test]
    fn a_host_that_is_named_twice_in_a_row_came_twice() {
        let mut facts = logged(
            healthy(),
            "origin checking failed: https://app.example.com does not match https://app.example.com, app.example.com",
        );
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, status: 403, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("csrf.host_duplicated"));
        for (text, expected) in [
            ("got app.test:8443, app.test:8443", true),
            ("app.test does not match app.test", false),
            ("app.test, other.test", false),
            ("éé app.test", false),
        ] {
            assert_eq!(is_doubled(text, "app.test"), expected, "{text}");
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
