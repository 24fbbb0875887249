//! `proxy.host_header`: the app refuses the Host that it gets.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.host_header", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| matches!(visit.status, 400 | 403 | 421))?;
    let target = facts.target.as_ref()?;
    let host = facts.host.as_ref();
    let twice = host.and_then(|host| crate::host::block::set_twice(&host.proxy, "Host"));
    let doubled = facts.log_any(&["duplicate host", "multiple host", "more than one host"]);
    if facts.echo.as_ref().is_some_and(|echo| echo.host.len() > 1) || twice.is_some() || doubled.is_some() {
        let mut suspect = Suspect::new(
            "proxy.header_duplicated",
            "The proxy sends Host twice, and the app's server refuses such requests.",
        )
        .deep(4)
        .saw("GET", arrival.told(), arrival.url.clone())
        .not("config.allowed_hosts", "the server refuses before the app looks at the name");
        for line in twice.into_iter().flatten() {
            suspect = suspect.saw(format!("line {}", line.number), line.text.clone(), line.source.clone());
        }
        return Some(suspect.fix("keep one line: proxy_set_header Host $http_host;"));
    }
    let line = facts.log_any(&[
        "invalid http_host",
        "disallowedhost",
        "disallowed host",
        "blocked host",
        "host not allowed",
        "not in allowed hosts",
        "untrusted host",
        "trusted domain error",
        "untrusted domain",
        "blocked hosts",
        "host is not permitted",
    ]);
    let is_named = line.is_some()
        || arrival.says("disallowedhost")
        || arrival.says("invalid http_host")
        || arrival.says("invalid host header");
    // The doctor's own questions under other names stand in the log after the one that matters.
    let invalid = facts.log_any(&["is not valid according to", "rfc 1034"]);
    if invalid.is_some() || arrival.body.contains("RFC 1034") || arrival.body.contains("is not valid according to") {
        return Some(
            Suspect::new(
                "proxy.host_invalid_name",
                "The app gets a Host that is no valid name: the proxy sends the name of its upstream.",
            )
            .deep(4)
            .saw("GET", arrival.told(), arrival.url.clone())
            .fixes(mend::host(facts)),
        );
    }
    if super::dev_proxy_misconfigured::is_dev_server(arrival) {
        return None;
    }
    // The same connection under another Host is answered: it depends on the Host alone.
    let local = facts
        .visits(Step::Variant)
        .find(|visit| visit.note == "Host: localhost" && (visit.is_well() || visit.status == 401));
    let is_trust = facts
        .visits(Step::Variant)
        .any(|visit| visit.via == Via::App && visit.note == "nothing forwarded" && visit.is_well());
    if !is_named && (local.is_none() || is_trust) {
        return None;
    }
    let mut suspect = Suspect::new(
        "config.allowed_hosts",
        format!("The app refuses every request for {}: the name is not in its list of allowed hosts.", target.host),
    )
    .deep(2)
    .saw(format!("GET, Host: {}", target.authority()), arrival.told(), "the app");
    if let Some(local) = local {
        suspect = suspect.saw("GET, Host: localhost", local.told(), "the app");
    }
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    Some(suspect.fix(if facts.profile == "django" {
        format!("ALLOWED_HOSTS = [\"{}\"]", target.host)
    } else {
        format!("add {} to the app's list of allowed hosts (ALLOWED_HOSTS={})", target.host, target.host)
    }))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_refusal_that_depends_on_the_host_is_the_list() {
        let mut facts = answered(400);
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(Visit { step: Step::Variant, note: "Host: localhost".into(), ..visit(200) });
        assert_eq!(code(&RULE, &facts), Some("config.allowed_hosts"));
        assert_eq!(
            code(
                &RULE,
                &logged(
                    answered(400),
                    "Invalid HTTP_HOST header: 'app.example.com'. You may need to add it to ALLOWED_HOSTS."
                )
            ),
            Some("config.allowed_hosts")
        );
        let nextcloud = "Trusted domain error. \"192.0.2.1\" tried to access using \"app.example.com\" as host.";
        assert_eq!(code(&RULE, &logged(answered(400), nextcloud)), Some("config.allowed_hosts"));
    }

    #[test]
    fn two_lines_that_set_host_double_it() {
        let mut facts = answered(400);
        let line = |number, text: &str| Line { number, text: text.into(), source: "nginx.conf".into() };
        facts.host.get_or_insert_default().proxy =
            vec![line(4, "proxy_set_header Host $host;"), line(5, "proxy_set_header Host $http_host;")];
        assert_eq!(code(&RULE, &facts), Some("proxy.header_duplicated"));
    }
}
