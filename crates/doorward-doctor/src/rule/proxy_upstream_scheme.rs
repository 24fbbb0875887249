//! `proxy.upstream_scheme`: one side speaks TLS and the other does not.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.upstream_scheme", judge };

const PLAIN_TO_TLS: &[&str] = &[
    "the plain http request was sent to https port",
    "client sent an http request to an https server",
    "this combination of host and port requires tls",
    "speaking plain http to an ssl-enabled server port",
];
const TLS_TO_PLAIN: &[&str] = &[
    "wrong version number",
    "http: server gave http response to https client",
    "first record does not look like a tls handshake",
    "ssl_do_handshake() failed (ssl: error:0a00010b",
    "packet length too long",
    "unknown protocol",
];

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    let target = facts.target.as_ref()?;
    let plain = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && visit.step != Step::Variant)
        .find(|visit| visit.status >= 400 && PLAIN_TO_TLS.iter().any(|words| visit.says(words)));
    let fix = |scheme: &str| {
        vec![
            format!("nginx: proxy_pass {scheme}://APP:PORT;"),
            format!("caddy: reverse_proxy {scheme}://APP:PORT"),
            format!("traefik: loadbalancer.server.scheme={scheme}"),
        ]
    };
    if let Some(visit) = plain.filter(|_| target.is_https()) {
        return Some(
            Suspect::new(
                "proxy.upstream_scheme_mismatch",
                "The proxy speaks plain HTTP to a port of the app that expects TLS.",
            )
            .at(Link::Proxy)
            .deep(5)
            .saw("GET", visit.told(), visit.url.clone())
            .not("tls.origin.untrusted", "TLS in front is well")
            .fixes(fix("https")),
        );
    }
    if let Some(suspect) = configured(facts, arrival) {
        return Some(suspect.fixes(fix("http")));
    }
    if let Some(suspect) = secured(facts, arrival) {
        return Some(suspect.fixes(fix("https")).fix("haproxy: server app APP:PORT ssl verify required ca-file FILE"));
    }
    if let Some(suspect) = spoken(facts, arrival).or_else(|| unannounced(facts, arrival)) {
        return Some(suspect);
    }
    let line = facts.log_any(TLS_TO_PLAIN).filter(|_| is_gateway_error(facts))?;
    let suspect = Suspect::new(
        "proxy.upstream_scheme_mismatch",
        "The proxy speaks TLS to a port of the app that speaks plain HTTP.",
    )
    .at(Link::Proxy)
    .deep(5);
    Some(quoted(suspect, line).saw("GET", arrival.told(), arrival.url.clone()).fixes(fix("http")))
}

/// The proxy is set up for TLS, and the app answers plain HTTP at that very port.
fn configured(facts: &Facts, arrival: &Visit) -> Option<Suspect> {
    let is_failing = is_gateway_error(facts) || matches!(arrival.fault, Some(Fault::Silent | Fault::Closed));
    let host = facts.host.as_ref().filter(|_| is_failing)?;
    let app = facts.inner(Via::App).filter(|visit| visit.is_well() || visit.status == 401)?;
    let door = facts.doors(Via::App).find(|door| door.tcp == Tcp::Open && door.tls.is_none())?;
    let port = door.address.port();
    let line = host.proxy.iter().find(|line| {
        let is_tls = line.text.contains("https://")
            || line.text.trim_start().starts_with("server ") && line.text.split_whitespace().any(|word| word == "ssl");
        is_tls && crate::host::upstream::target(&line.text).is_some_and(|(_, known)| known == port)
    })?;
    Some(
        Suspect::new(
            "proxy.upstream_scheme_mismatch",
            format!("The proxy speaks TLS to port {port}, and the app speaks plain HTTP there."),
        )
        .at(shows_at(facts, Link::Proxy))
        .deep(7)
        .saw(format!("line {}", line.number), line.text.clone(), line.source.clone())
        .saw(format!("GET http://{}", door.address), app.told(), "app")
        .saw("GET", arrival.told(), arrival.url.clone()),
    )
}

/// The proxy is set up for another version of HTTP than the app has, or says who asks before the app expects it.
fn spoken(facts: &Facts, arrival: &Visit) -> Option<Suspect> {
    let is_ended = matches!(arrival.fault, Some(Fault::Silent | Fault::Closed | Fault::Malformed));
    let host = facts.host.as_ref()?;
    let app = facts.inner(Via::App).filter(|visit| visit.is_well() || visit.status == 401)?;
    let door = facts.doors(Via::App).find(|door| door.tcp == Tcp::Open && door.tls.is_none())?;
    let dialect = crate::host::dialect::of(host, door.address.port())?;
    let is_deaf = |to: &str| {
        let mut tried = facts.visits.iter().filter(|visit| visit.via == Via::App && visit.note == to);
        tried.any(|visit| visit.fault == Some(Fault::Malformed))
    };
    let (why, fix) = if dialect.is_two && is_deaf("HTTP/2") && (is_gateway_error(facts) || is_ended) {
        (
            "HTTP/2 without TLS, and the app speaks HTTP/1.1",
            "take away `proto h2` (HAProxy), `h2c://` or `versions h2c` (Caddy), or let the app speak HTTP/2",
        )
    } else if dialect.is_announced && is_deaf("PROXY") && (is_gateway_error(facts) || is_ended || arrival.status == 400)
    {
        (
            "the PROXY protocol first, and the app takes its line for a broken request",
            "take away `send-proxy` (HAProxy) or `proxy_protocol` (Caddy, nginx), or let the app expect it; X-Forwarded-For tells an app the same",
        )
    } else {
        return None;
    };
    Some(
        Suspect::new(
            "proxy.upstream_scheme_mismatch",
            format!("The proxy speaks to port {}: {why} there.", door.address.port()),
        )
        .at(shows_at(facts, Link::Proxy))
        .deep(7)
        .saw(format!("line {}", dialect.line.number), dialect.line.text.clone(), dialect.line.source.clone())
        .saw(format!("GET http://{}", door.address), app.told(), "app")
        .saw("GET", arrival.told(), arrival.url.clone())
        .not("proxy.upstream_refused", "the app listens there and answers plain HTTP/1.1")
        .fix(fix)
        .fix(mend::reload(facts)),
    )
}

/// Whoever listens expects the PROXY protocol, and what comes has none.
fn unannounced(facts: &Facts, arrival: &Visit) -> Option<Suspect> {
    let is_ended = stop::entrance(facts).and_then(|door| door.tls.as_ref()).is_some_and(|tls| tls.knock != Knock::Done);
    if !is_gateway_error(facts) && !is_ended && !matches!(arrival.fault, Some(Fault::Closed)) {
        return None;
    }
    let line = log_line(facts, |text| {
        text.contains("broken header: \"")
            || has_each(text, &[&["proxy protocol"], &["broken", "invalid header", "bad header", "not a valid"]])
    })?;
    if is_past_listener(facts, arrival) {
        return None;
    }
    let why = "A listener expects the PROXY protocol, and what comes to it begins with the request.";
    let suspect = quoted(Suspect::new("proxy.upstream_scheme_mismatch", why), line);
    // Checks and strangers leave such lines every day; one that came with the doctor's own request is about it.
    let is_own = facts.host.as_ref().is_some_and(|host| host.since.contains(line));
    let suspect = if is_own { suspect.deep(5) } else { suspect.likely().deep(3) };
    Some(
        suspect
            .at(shows_at(facts, Link::Proxy))
            .fix("let whoever is in front send it (HAProxy: send-proxy; nginx stream: proxy_protocol on;), or take `proxy_protocol` away from the listener")
            .fix(mend::reload(facts)),
    )
}

/// Whether the request got through the listener and ended behind it: nobody was met there, or the nginx that listens
/// answers, and not because an upstream hung up on it.
fn is_past_listener(facts: &Facts, arrival: &Visit) -> bool {
    let is_cut = || facts.log_any(&["prematurely closed connection", "reset by peer"]).is_some();
    let is_nginx = arrival.field("server").is_some_and(|server| server.to_lowercase().starts_with("nginx"));
    let is_unmet = crate::host::upstream::failed(facts).is_some();
    is_unmet || arrival.status >= 500 && is_nginx && !is_cut()
}

/// The proxy is set up for plain HTTP, and the app shakes hands for TLS at that very port.
fn secured(facts: &Facts, arrival: &Visit) -> Option<Suspect> {
    if !is_gateway_error(facts) && !matches!(arrival.fault, Some(Fault::Closed | Fault::Malformed)) {
        return None;
    }
    let door = facts.doors(Via::App).find(|door| {
        door.purpose == "secure" && door.tls.as_ref().is_some_and(|tls| matches!(tls.knock, Knock::Done | Knock::Alert))
    })?;
    let port = door.address.port();
    let host = facts.host.as_ref()?;
    let leads = |line: &&Line| crate::host::upstream::target(&line.text).is_some_and(|(_, known)| known == port);
    let line = host.proxy.iter().find(leads)?;
    // The words of TLS may stand on another line of the same place.
    let is_secure = host.proxy.iter().any(|line| {
        let is_word =
            |word: &str| matches!(word, "ssl" | "tls") || word.starts_with("tls_") || word.starts_with("proxy_ssl_");
        line.text.contains("https://")
            || line.text.split_whitespace().any(is_word)
                && !line.text.trim_start().starts_with("bind ")
                && !line.text.trim_start().starts_with("listen ")
                && !line.text.trim_start().starts_with("tls ")
    });
    (!is_secure).then(|| {
        Suspect::new(
            "proxy.upstream_scheme_mismatch",
            format!("The proxy speaks plain HTTP to port {port}, and the app expects TLS there."),
        )
        .at(shows_at(facts, Link::Proxy))
        .deep(7)
        .saw(format!("line {}", line.number), line.text.clone(), line.source.clone())
        .saw(format!("a TLS greeting to {}", door.address), "answered", "app")
        .saw("GET", arrival.told(), arrival.url.clone())
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_words_of_the_upstream_tell() {
        let mut facts = answered(400);
        facts.visits[0].body = "The plain HTTP request was sent to HTTPS port".into();
        assert_eq!(code(&RULE, &facts), Some("proxy.upstream_scheme_mismatch"));
        assert_eq!(
            code(
                &RULE,
                &logged(
                    answered(502),
                    "SSL_do_handshake() failed (SSL: error:0A00010B:SSL routines::wrong version number)"
                )
            ),
            Some("proxy.upstream_scheme_mismatch")
        );
        assert_eq!(code(&RULE, &answered(400)), None);
    }

    #[test]
    fn an_app_that_shakes_hands_wants_tls() {
        let mut facts = answered(502);
        let line = |text: &str| Line { text: text.into(), ..Line::default() };
        facts.host.insert(host(&["0.0.0.0:443", "127.0.0.1:8000"])).proxy =
            vec![line("bind :::443 v4v6 ssl crt site.pem"), line("server app1 127.0.0.1:8000 check")];
        assert_eq!(code(&RULE, &facts), None);
        let address = "127.0.0.1:8000".parse().unwrap();
        let door = |tls| Door { via: Via::App, address, tls, purpose: "secure".into(), ..door(Tcp::Open) };
        facts.doors.push(door(Some(Handshake { knock: Knock::Closed, ..Handshake::default() })));
        assert_eq!(code(&RULE, &facts), None);
        facts.doors.push(door(Some(Handshake { knock: Knock::Done, ..Handshake::default() })));
        assert_eq!(code(&RULE, &facts), Some("proxy.upstream_scheme_mismatch"));
        facts.host.as_mut().unwrap().proxy[1].text.push_str(" ssl verify none");
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn another_version_or_a_line_before_the_request_keeps_them_apart() {
        let told = |status: u16, text: &str| {
            let mut facts = answered(status);
            facts.host.insert(host(&["0.0.0.0:443", "127.0.0.1:8000"])).proxy =
                vec![Line { text: text.into(), ..Line::default() }];
            let address = "127.0.0.1:8000".parse().unwrap();
            facts.doors.push(Door { via: Via::App, address, ..door(Tcp::Open) });
            facts.visits.push(by(visit(200), Via::App));
            facts
        };
        let two = Visit { via: Via::App, step: Step::Variant, note: "HTTP/2".into(), ..Visit::default() };
        let mut facts = told(502, "server app1 127.0.0.1:8000 proto h2");
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(Visit { fault: Some(Fault::Malformed), ..two.clone() });
        assert_eq!(code(&RULE, &facts), Some("proxy.upstream_scheme_mismatch"));
        let met = |status, text, fault| {
            let mut facts = told(status, text);
            facts.visits.push(Visit { note: "PROXY".into(), fault, ..two.clone() });
            facts
        };
        let announced = "server app1 127.0.0.1:8000 send-proxy check";
        let deaf = Some(Fault::Malformed);
        assert_eq!(code(&RULE, &met(400, announced, deaf)), Some("proxy.upstream_scheme_mismatch"));
        assert_eq!(code(&RULE, &met(200, announced, deaf)), None);
        assert_eq!(code(&RULE, &met(400, "server app1 127.0.0.1:8000", deaf)), None);
        // An app that expects the line fails for another reason.
        assert_eq!(code(&RULE, &met(502, announced, None)), None);
        assert_eq!(code(&RULE, &told(502, announced)), None);
    }

    #[test]
    fn a_listener_that_expects_to_be_told_who_asks_says_so() {
        let text = "12#12: *3 broken header: \"GET /login HTTP/1.1\" while reading PROXY protocol, client: 127.0.0.1";
        assert_eq!(code(&RULE, &logged(answered(502), text)), Some("proxy.upstream_scheme_mismatch"));
        assert_eq!(code(&RULE, &logged(healthy(), text)), None);
    }

    #[test]
    fn checks_without_the_announcement_do_not_explain_an_app_that_is_down() {
        let noise = "12#12: *3 broken header: \"GET / HTTP/1.0\" while reading PROXY protocol, client: 10.0.0.4";
        let down = "12#12: *9 connect() failed (111: Connection refused) while connecting to upstream, upstream: \"http://127.0.0.1:8000/\"";
        assert_eq!(code(&RULE, &logged(logged(answered(502), noise), down)), None);
        let mut facts = logged(answered(502), noise);
        facts.visits[0] = with(visit(502), "server", "nginx/1.27");
        assert_eq!(code(&RULE, &facts), None);
        let cut = "7#7: *2 upstream prematurely closed connection while reading response header from upstream";
        let facts = logged(facts, cut);
        let depth = |facts: &Facts| (RULE.judge)(facts).map(|suspect| suspect.depth);
        assert_eq!(depth(&facts), Some(3));
        let mut own = facts.clone();
        own.host.as_mut().unwrap().since = facts.host.as_ref().unwrap().log.clone();
        assert_eq!(depth(&own), Some(5));
    }
}
