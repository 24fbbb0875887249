//! `http.too_large`: a limit for heads or bodies lies below what people need.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "http.too_large", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    response(facts).or_else(|| body(facts)).or_else(|| head(facts))
}

fn body(facts: &Facts) -> Option<Suspect> {
    let visit = facts.visits.iter().find(|visit| visit.via == Via::Public && visit.status == 413);
    let line = facts.log_any(&["client intended to send too large body"]);
    let is_failing = visit.is_some() || facts.signin.attempts.iter().any(|attempt| attempt.status == 413);
    let is_logged = line.is_some() && facts.host.as_ref().is_some_and(|host| host.log.len() < 50);
    if !is_failing && !is_logged {
        return None;
    }
    let mut suspect = Suspect::new(
        "http.body.too_large_proxy",
        "The proxy refuses the body as too large before the app sees the request.",
    )
    .at(Link::Proxy)
    .not("cors.masking_proxy_error", "the status is 413, whatever the browser calls it")
    .fixes(mend::lines(
        facts,
        &[
            ("nginx", "client_max_body_size 25m;"),
            ("apache", "LimitRequestBody 26214400"),
            ("caddy", "request_body { max_size 25MB }"),
            ("traefik", "buffering: maxRequestBodyBytes: 26214400"),
            ("haproxy", "tune.bufsize 65536   # or the limit of the app"),
        ],
    ));
    if let Some(visit) = visit {
        suspect = suspect.saw(visit.method.clone(), visit.told(), visit.url.clone());
    }
    Some(match line {
        Some(line) => quoted(suspect, line),
        None => suspect.likely(),
    })
}

fn head(facts: &Facts) -> Option<Suspect> {
    let is_too_large = |visit: &&Visit| {
        visit.status == 431
            || visit.status == 400 && (visit.says("request header or cookie too large") || visit.says("too large"))
    };
    let visit = facts.visits.iter().filter(|visit| visit.via == Via::Public).find(is_too_large);
    let large = facts
        .visits(Step::LargeHead)
        .find(|visit| matches!(visit.status, 400 | 431 | 520 | 502) || visit.fault.is_some());
    let line = facts.log_any(&[
        "too long header",
        "request header fields too large",
        "client sent too large header",
        "header too large",
        "hpe_header_overflow",
        "too large request",
    ]);
    let is_520 = facts.visits.iter().any(|visit| visit.status == 520);
    let seen = visit.or(large).or_else(|| line.and_then(|_| facts.visits.iter().find(|visit| visit.status == 520)))?;
    if seen.status == 520 && !is_520 {
        return None;
    }
    let mut suspect = Suspect::new(
        "http.header.request_too_large",
        "The head of the request, cookies above all, is larger than the server takes.",
    )
    .at(Link::Proxy)
    .saw(format!("{} {}", seen.method, seen.note), seen.told(), seen.url.clone())
    .not("app.crash_loop", "the same request with fewer cookies passes")
    .fix("remove cookies that pile up (one for each upload, flow or provider), and keep that state on the server")
    .fixes(mend::lines(
        facts,
        &[
            ("nginx", "large_client_header_buffers 4 32k;"),
            ("apache", "LimitRequestFieldSize 32768"),
            ("haproxy", "tune.bufsize 65536"),
            ("traefik", "the limit is the app's: for Node.js --max-http-header-size=32768"),
            ("caddy", "servers { max_header_size 64KB }"),
        ],
    ));
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    Some(suspect)
}

fn response(facts: &Facts) -> Option<Suspect> {
    let line = facts.log_any(&[
        "too big header while reading response header",
        "upstream sent too big header",
        "response headers too large",
    ]);
    let is_failing = is_gateway_error(facts) || facts.visits.iter().any(|visit| visit.status == 520);
    let large = facts.visits.iter().find(|visit| {
        visit.via == Via::App
            && visit.cookies.iter().map(|cookie| cookie.value.length).sum::<usize>() + visit.fields.len() * 20 > 4_000
    });
    let seen = line.is_some() || large.is_some() && facts.inner(Via::App).is_some_and(Visit::is_well);
    (is_failing && seen).then(|| {
        let suspect = Suspect::new("http.header.response_too_large", "The app's answer has more header bytes (cookies above all) than the proxy's buffer holds, so the proxy answers 502.")
            .at(Link::Proxy)
            .deep(5)
            .not("proxy.upstream_refused", "the app answers")
            .fixes(mend::lines(facts, &[("nginx", "proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;"), ("haproxy", "tune.bufsize 32768"), ("apache", "ProxyIOBufferSize 65536"), ("traefik", "make the app's cookies smaller"), ("caddy", "make the app's cookies smaller")]));
        match line {
            Some(line) => quoted(suspect, line),
            None => suspect.likely(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn each_limit_has_its_code() {
        assert_eq!(code(&RULE, &answered(413)), Some("http.body.too_large_proxy"));
        assert_eq!(code(&RULE, &answered(431)), Some("http.header.request_too_large"));
        assert_eq!(
            code(
                &RULE,
                &logged(answered(502), "upstream sent too big header while reading response header from upstream")
            ),
            Some("http.header.response_too_large")
        );
        assert_eq!(code(&RULE, &answered(502)), None);
        assert_eq!(code(&RULE, &healthy()), None);
    }
}
