//! `app.health_check_wrong`: the check is wrong and the app is well.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "app.health_check_wrong", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    contained(facts).or_else(|| balanced(facts))
}

/// How balancers write of a check that got another status than they wait for: a phrase, and what stands before the status.
const CHECKS: &[(&str, &str)] = &[
    ("layer7 wrong status, code: ", "layer7 wrong status, code: "),
    ("unexpected status code", "status_code\""),
    ("status code out of tolerances", "status_code\""),
    ("health check failed", "received error status code: "),
];

/// A balancer takes the app out, and its log says what its check got.
fn balanced(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| visit.status == 503)?;
    let (line, got) = CHECKS.iter().find_map(|(word, before)| {
        let line = facts.log_with(&[word])?;
        let text = line.text.to_lowercase();
        let rest = text.split_once(before)?.1.trim_start_matches([' ', ':', '"']);
        Some((line, rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok()?))
    })?;
    let app = facts.inner(Via::App);
    // An app that fails says so by 5xx: then the check is right.
    if !matches!(got, 301..=308 | 400..=405) || app.is_some_and(|visit| !visit.is_well()) {
        return None;
    }
    let suspect = quoted(
        Suspect::new(
            "app.health.wrong_path",
            format!("The proxy's check of the app gets {got}, so the proxy counts it as down while it serves."),
        )
        .at(Link::Proxy)
        .deep(7)
        .saw("GET", arrival.told(), arrival.url.clone()),
        line,
    )
    .not("proxy.upstream_refused", "the check gets an answer")
    .fixes(mend::lines(
        facts,
        &[
            ("haproxy", "option httpchk GET /health   # a path, and a Host (http-check send hdr Host NAME), that the app answers with 200"),
            ("caddy", "health_uri /health   # a path that the app answers with 200"),
            ("traefik", "traefik.http.services.app.loadbalancer.healthcheck.path=/health   # a path that the app answers with 200"),
        ],
    ));
    Some(match app {
        Some(visit) => suspect.saw("the app past the proxy", visit.told(), visit.url.clone()),
        None => suspect.likely(),
    })
}

fn contained(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let container = host.containers.iter().find(|container| {
        container.health == "unhealthy"
            || container.health == "starting" && container.health_exit != 0 && container.restarts > 1
    })?;
    let log = container.health_log.to_lowercase();
    // curl ends with 22 and wget with 8 where the server answered, and not with 200.
    let is_server_fault = ["500", "502", "503", "504"].iter().any(|word| log.contains(word));
    let is_answered = !is_server_fault
        && (container.health_exit == 22 && container.health_test.contains("curl")
            || container.health_exit == 8 && container.health_test.contains("wget"));
    let cannot_run = container.health_exit == 127
        || container.health_exit == 126
        || ["not found", "executable file", "no such file", "permission denied", "unrecognized option"]
            .iter()
            .any(|word| log.contains(word))
            && !log.contains("404")
            && !is_answered;
    let wrong_path = is_answered
        || ["404", "301", "302", "401", "403", "405", "not acceptable"].iter().any(|word| log.contains(word))
        || log.contains("connection refused") && facts.inner(Via::App).is_some_and(Visit::is_well);
    let (code, why) = if cannot_run {
        (
            "app.health.false_negative",
            format!("The health check of {} cannot run, so it counts as unhealthy while it serves.", container.name),
        )
    } else if wrong_path {
        (
            "app.health.wrong_path",
            format!("The health check of {} asks for something that the app does not answer with 200.", container.name),
        )
    } else {
        return None;
    };
    // A proxy that leaves unhealthy containers out answers itself.
    let is_left_out = facts.arrival().is_some_and(|visit| matches!(visit.status, 404 | 503));
    Some(
        Suspect::new(code, why)
            .at(if is_left_out { Link::Proxy } else { shows_at(facts, Link::App).min(Link::App) })
            .deep(7)
            .saw(container.health_test.clone(), format!("exit {}: {}", container.health_exit, container.health_log), container.name.clone())
            .not("app.crash_loop", "the process runs, and it is the check that fails")
            .fix(if cannot_run { "healthcheck: test: [\"CMD\", \"python\", \"-c\", \"import urllib.request as r; r.urlopen('http://127.0.0.1:PORT/health')\"]   # or what the image has" } else { "healthcheck: test: with the path that the app answers with 200, at its own port" }),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn tells_a_check_that_cannot_run_from_one_that_asks_wrong() {
        for (exit, log, expected) in [
            (1, "/bin/sh: curl: not found", Some("app.health.false_negative")),
            (22, "curl: (22) The requested URL returned error: 404", Some("app.health.wrong_path")),
            (1, "timeout", None),
        ] {
            let mut facts = answered(404);
            let container = Container {
                health: "unhealthy".into(),
                health_exit: exit,
                health_log: log.into(),
                ..Container::default()
            };
            facts.host.get_or_insert_default().containers.push(container);
            assert_eq!(code(&RULE, &facts), expected, "{log}");
        }
    }

    #[test]
    fn an_answer_that_curl_refuses_is_no_missing_program() {
        let mut facts = answered(404);
        let container = Container {
            health: "unhealthy".into(),
            health_exit: 22,
            health_test: "CMD curl -f http://localhost:8000/up".into(),
            health_log: "{\"detail\":\"Not Found\"}".into(),
            ..Container::default()
        };
        facts.host.get_or_insert_default().containers.push(container);
        assert_eq!(code(&RULE, &facts), Some("app.health.wrong_path"));
    }

    #[test]
    fn a_balancer_that_asks_wrong_is_told_by_its_log() {
        for (got, expected) in [("404", Some("app.health.wrong_path")), ("500", None)] {
            let text =
                format!("Server app/one is DOWN, reason: Layer7 wrong status, code: {got}, check duration: 1ms.");
            assert_eq!(code(&RULE, &logged(answered(503), &text)), expected, "{got}");
        }
    }

    #[test]
    fn other_balancers_tell_of_their_checks_too() {
        for text in [
            r#"{"level":"info","logger":"http.handlers.reverse_proxy.health_checker.active","msg":"unexpected status code","status_code":404,"host":"127.0.0.1:8000"}"#,
            r#"level=warning msg="Health check failed." error="HTTP request failed: received error status code: 404" targetURL=http://172.18.0.3:8000"#,
        ] {
            assert_eq!(code(&RULE, &logged(answered(503), text)), Some("app.health.wrong_path"), "{text}");
            assert_eq!(code(&RULE, &logged(answered(503), &text.replace("404", "500"))), None, "{text}");
        }
    }
}
