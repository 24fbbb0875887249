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
    let line = facts.log_any(TLS_TO_PLAIN).filter(|_| is_gateway_error(facts))?;
    let suspect = Suspect::new(
        "proxy.upstream_scheme_mismatch",
        "The proxy speaks TLS to a port of the app that speaks plain HTTP.",
    )
    .at(Link::Proxy)
    .deep(5);
    Some(quoted(suspect, line).saw("GET", arrival.told(), arrival.url.clone()).fixes(fix("http")))
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
}
