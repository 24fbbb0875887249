//! `proxy.upstream_timing`: the app is reached, and its answers or connections end at the wrong time.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.upstream_timing", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    slow(facts).or_else(|| keepalive(facts))
}

fn slow(facts: &Facts) -> Option<Suspect> {
    let page = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && visit.step != Step::Variant)
        .find(|visit| visit.status == 504);
    let attempt = facts.signin.attempts.iter().find(|attempt| attempt.status == 504);
    if page.is_none() && attempt.is_none() {
        return None;
    }
    let connecting = facts.log_with(&["timed out", "while connecting to upstream"]);
    if connecting.is_some() {
        return None;
    }
    let line = facts
        .log_with(&["timed out", "while reading response header"])
        .or_else(|| facts.log_any(&["gateway timeout", "sh-- ", "timeout awaiting response headers"]));
    let what = if attempt.is_some() && page.is_none() { "The sign-in" } else { "The page" };
    let suspect =
        Suspect::new("proxy.upstream_timeout", format!("{what} takes the app longer than the proxy waits (504)."))
            .at(if attempt.is_some() && page.is_none() { Link::Proxy } else { shows_at(facts, Link::Proxy) })
            .deep(2)
            .saw("request", "504", page.map_or_else(|| "sign-in".to_owned(), |visit| visit.url.clone()))
            .not("proxy.upstream_refused", "the connection to the app stands")
            .fix("find what the request waits for (directory, mail, lock, pool), and let it happen after the answer")
            .fixes(mend::lines(
                facts,
                &[
                    ("nginx", "proxy_read_timeout 120s;   # for this location only"),
                    ("haproxy", "timeout server 120s"),
                    ("traefik", "serversTransport.forwardingTimeouts.responseHeaderTimeout: 120s"),
                    ("apache", "ProxyTimeout 120"),
                    ("caddy", "transport http { response_header_timeout 120s }"),
                ],
            ));
    Some(match line {
        Some(line) => quoted(suspect, line),
        None => suspect.likely(),
    })
}

/// Words of proxies whose connection to the app ended before an answer came.
const ENDED: &[&str] = &[
    "upstream prematurely closed connection while reading response header",
    "recv() failed (104: connection reset by peer) while reading response header",
    "server closed idle connection",
    "error reading status line from remote server",
    "reset reason: connection termination",
    " sh-- ",
];

/// Words of an app that ends its own work, for which no connection was too short-lived.
const OTHERWISE: &[&str] = &[
    "worker timeout",
    "worker exiting",
    "was sent sigkill",
    "segmentation fault",
    "segfault",
    "out of memory",
    "oom-kill",
    "panicked at",
    "fatal error",
    "core dumped",
    "exited with code",
    "terminated by signal",
];

fn keepalive(facts: &Facts) -> Option<Suspect> {
    let line = facts.log_any(ENDED)?;
    if facts.log_any(OTHERWISE).is_some() || super::net_path_degraded::is_flow_lost(facts) {
        return None;
    }
    // An app on this machine, or next to it, has nothing in between that could forget a connection.
    let upstream = crate::host::upstream::in_line(&line.text).map(|(name, _)| name);
    let is_far = upstream.as_deref().is_some_and(|name| is_elsewhere(facts, name));
    let is_reset = line.text.to_lowercase().contains("reset by peer");
    if is_far && is_reset {
        return None;
    }
    let all: Vec<_> = facts.visits.iter().filter(|visit| visit.via == Via::Public && visit.status > 0).collect();
    let (well, broken) =
        (all.iter().filter(|visit| visit.status < 500).count(), all.iter().filter(|visit| visit.status == 502).count());
    let app_is_well = facts.inner(Via::App).is_some_and(Visit::is_well)
        || facts.host.as_ref().is_some_and(|host| {
            crate::host::upstream::configured(facts).is_some_and(|(_, port)| host.on_port(port).next().is_some())
        });
    let keeps = facts.host.as_ref().is_some_and(|host| {
        host.proxy.iter().any(|line| {
            let text = line.text.trim_start();
            text.starts_with("keepalive") || text.contains("http-reuse")
        })
    });
    let suspect = quoted(Suspect::new("proxy.keepalive_mismatch", "Single requests fail with 502 within milliseconds: the proxy reuses a connection that the app has just closed."), line)
        .at(Link::Proxy).deep(3).likely()
        .not("proxy.upstream_refused", "most requests pass")
        .fix("let the app keep idle connections longer than the proxy: server.keepAliveTimeout = 75000 (Node.js), --keep-alive 75 (gunicorn), --timeout-keep-alive 75 (uvicorn)");
    if broken == 0 {
        // One connection may end at any time; what happens again, or happened just now to a sign-in, is a pattern.
        let is_pattern = is_repeated(facts) || age::is_recent(facts, line) || is_of_sign_in(facts, &line.text);
        return heard(facts, suspect).map(|suspect| if is_pattern { suspect } else { suspect.possible() });
    }
    ((well > 0 || keeps) && app_is_well && !is_refused_for_size(facts)).then_some(suspect)
}

/// Whether a log tells of it more than once.
fn is_repeated(facts: &Facts) -> bool {
    let ended = |line: &&Line| ENDED.iter().any(|word| line.text.to_lowercase().contains(word));
    facts.log_lines().filter(ended).filter(|line| !age::is_past(facts, line)).count() > 1
}

/// Whether a line tells of a request that changes something at the address of the sign-in.
fn is_of_sign_in(facts: &Facts, text: &str) -> bool {
    let path = |address: &str| url::Url::parse(address).map(|url| url.path().to_owned()).unwrap_or_default();
    let form = facts.signin.form.as_ref();
    let own = form.into_iter().flat_map(|form| [path(&form.action), path(&form.page)]);
    let refused =
        calls(facts).filter(|call| call.is_change() && matches!(call.status, 0 | 502)).map(|call| path(&call.url));
    own.chain(refused).filter(|path| !path.is_empty()).any(|path| {
        // nginx and HAProxy write the line of the request, Caddy and Traefik its parts.
        text.contains(&format!("POST {path} ")) || text.contains("\"POST\"") && text.contains(&format!("\"{path}\""))
    })
}

/// Whether an upstream lies beyond this machine and its containers.
fn is_elsewhere(facts: &Facts, name: &str) -> bool {
    let Ok(address) = name.parse::<IpAddr>() else { return false };
    let near = facts.host.as_ref().is_some_and(|host| {
        host.addresses.contains(&address)
            || host.inner.iter().any(|inner| inner.addresses.contains(&address))
            || host.containers.iter().any(|container| container.addresses.iter().any(|(_, known)| *known == address))
    });
    !address.is_loopback() && !near
}

/// What fails is always the same request, and it is larger than those that pass.
fn is_refused_for_size(facts: &Facts) -> bool {
    facts.visits(Step::LargeHead).any(|visit| !visit.is_well())
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::suspect::Confidence;

    #[test]
    fn a_504_of_a_connected_app_is_slowness() {
        assert_eq!(code(&RULE, &answered(504)), Some("proxy.upstream_timeout"));
        assert_eq!(
            code(
                &RULE,
                &logged(answered(504), "upstream timed out (110: Connection timed out) while connecting to upstream")
            ),
            None
        );
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn single_failures_of_a_live_app_are_keepalives() {
        let mut facts =
            logged(healthy(), "upstream prematurely closed connection while reading response header from upstream");
        facts.visits.push(Visit { step: Step::Again, ..visit(502) });
        facts.visits.push(by(visit(200), Via::App));
        assert_eq!(code(&RULE, &facts), Some("proxy.keepalive_mismatch"));
    }

    #[test]
    fn one_line_of_another_request_is_no_pattern() {
        let ended = |path: &str| {
            format!(
                "2027/01/15 03:04:05 [error] upstream prematurely closed connection while reading response header from upstream, request: \"POST {path} HTTP/1.1\""
            )
        };
        let mut facts = logged(healthy(), &ended("/feed"));
        facts.signin.form =
            Some(crate::facts::Form { action: "https://app.example.com/login".into(), ..Default::default() });
        let confidence = |facts: &Facts| (RULE.judge)(facts).unwrap().confidence;
        assert_eq!(confidence(&facts), Confidence::Possible);
        assert_eq!(confidence(&logged(facts.clone(), &ended("/feed"))), Confidence::Likely, "twice");
        facts.host = None;
        let mut facts = logged(facts, &ended("/login"));
        assert_eq!(confidence(&facts), Confidence::Likely, "the sign-in's own");
        let caddy =
            r#"{"msg":"http: server closed idle connection","request":{"method":"POST","uri":"/login"},"status":502}"#;
        assert_eq!(confidence(&logged(Facts { host: None, ..facts.clone() }, caddy)), Confidence::Likely);
        facts = logged(facts, "2027/01/17 03:04:05 [notice] all well");
        assert_eq!(confidence(&facts), Confidence::Possible, "two days ago");
    }
}
