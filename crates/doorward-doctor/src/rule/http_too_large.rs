//! `http.too_large`: a limit for heads or bodies lies below what people need.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "http.too_large", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    response(facts).or_else(|| body(facts)).or_else(|| head(facts))
}

/// Words of proxies that refuse a body for its length.
const BODY: &[&str] = &[
    "client intended to send too large body",
    "client intended to send too large chunked body",
    "http: request body too large",
    "request body exceeds limitrequestbody",
    "requested content-length of",
    "request body no files data length is larger",
    "413 request entity too large",
];

fn body(facts: &Facts) -> Option<Suspect> {
    let visit = facts.visits.iter().find(|visit| visit.via == Via::Public && visit.status == 413);
    let attempt = facts.signin.attempts.iter().find(|attempt| attempt.status == 413);
    let call = facts.browser.iter().flat_map(|browser| &browser.calls).find(|call| call.status == 413);
    // Where a page of another origin gets it, what people see is an error of CORS.
    if call.is_some_and(|call| super::cors_response_headers::is_masked(facts, call)) {
        return None;
    }
    let line = facts.log_any(BODY);
    if visit.is_none() && attempt.is_none() && call.is_none() && line.is_none() {
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
    if let Some(call) = call {
        suspect = suspect.saw(call.method.clone(), "413", call.url.clone());
    }
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    // Caddy finds out while it passes the body on, and answers 502.
    let is_cut = line.is_some_and(|line| line.text.contains("readfrom"))
        && facts.signin.attempts.iter().any(|attempt| attempt.status == 502);
    if visit.is_some() || attempt.is_some() || is_cut {
        return Some(if line.is_none() { suspect.likely() } else { suspect });
    }
    heard(facts, suspect)
}

fn head(facts: &Facts) -> Option<Suspect> {
    let is_too_large = |visit: &&Visit| {
        matches!(visit.status, 431 | 494)
            || visit.status == 400 && (visit.says("request header or cookie too large") || visit.says("too large"))
    };
    let visit = facts.visits.iter().filter(|visit| visit.via == Via::Public).find(is_too_large);
    // The very page that passes otherwise fails under as many cookies.
    let large = facts
        .visits(Step::LargeHead)
        .find(|visit| matches!(visit.status, 400 | 413 | 431 | 494 | 502 | 520) || visit.fault == Some(Fault::Closed));
    let line = facts.log_any(&[
        "too long header",
        "request header fields too large",
        "client sent too large header",
        "header too large",
        "hpe_header_overflow",
        "request headers too long",
        "size of a request header field exceeds server limit",
        "too large request",
    ]);
    let call = facts
        .browser
        .iter()
        .flat_map(|browser| &browser.calls)
        .find(|call| {
            matches!(call.status, 431 | 494)
                || matches!(call.status, 400 | 413)
                    && [
                        "header or cookie too large",
                        "header too large",
                        "header fields too large",
                        "header field exceeds",
                    ]
                    .iter()
                    .any(|word| call.says(word))
        })
        .filter(|_| visit.is_none() && large.is_none());
    let is_520 = facts.visits.iter().any(|visit| visit.status == 520);
    let seen = visit.or(large).or_else(|| line.and_then(|_| facts.visits.iter().find(|visit| visit.status == 520)));
    if seen.is_none() && call.is_none() && line.is_none() || seen.is_some_and(|seen| seen.status == 520 && !is_520) {
        return None;
    }
    let mut suspect = Suspect::new(
        "http.header.request_too_large",
        "The head of the request, cookies above all, is larger than the server takes.",
    )
    .at(Link::Proxy)
    .deep(if large.is_some() { 5 } else { 1 })
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
    if let Some(seen) = seen {
        suspect = suspect.saw(format!("{} {}", seen.method, seen.note), seen.told(), seen.url.clone());
    }
    if let Some(call) = call {
        suspect = suspect.saw(call.method.clone(), call.status.to_string(), call.url.clone());
    }
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    if seen.is_some() { Some(suspect) } else { heard(facts, suspect) }
}

fn response(facts: &Facts) -> Option<Suspect> {
    let line = facts.log_any(&[
        "too big header while reading response header",
        "upstream sent too big header",
        "response headers too large",
        "server response headers exceeded",
    ]);
    // HAProxy blocks an answer that it cannot hold, and says no more. Where only the right password meets that, it is
    // what comes with the session: its cookies.
    let at = |variant| facts.signin.attempts.iter().find(move |attempt| attempt.variant == variant);
    let is_right_alone = at(Variant::Real).is_some_and(|attempt| attempt.status == 502)
        && at(Variant::Browser).is_some_and(|attempt| attempt.answer == Answer::Credentials);
    let line = line.or_else(|| facts.log_with(&[" 502 ", " ph-- "]).filter(|_| is_right_alone));
    let is_failing = is_gateway_error(facts) || facts.visits.iter().any(|visit| visit.status == 520);
    let large = facts.visits.iter().find(|visit| {
        visit.via == Via::App
            && visit.cookies.iter().map(|cookie| cookie.value.length).sum::<usize>() + visit.fields.len() * 20 > 4_000
    });
    let seen = line.is_some() || large.is_some() && facts.inner(Via::App).is_some_and(Visit::is_well);
    if !seen || !is_failing && line.is_none() {
        return None;
    }
    let suspect = {
        let suspect = Suspect::new("http.header.response_too_large", "The app's answer has more header bytes (cookies above all) than the proxy's buffer holds, so the proxy answers 502.")
            .at(Link::Proxy)
            .deep(5)
            .not("proxy.upstream_refused", "the app answers")
            .fixes(mend::lines(facts, &[("nginx", "proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;"), ("haproxy", "tune.bufsize 32768"), ("apache", "ProxyIOBufferSize 65536"), ("traefik", "make the app's cookies smaller"), ("caddy", "make the app's cookies smaller")]));
        match line {
            Some(line) => quoted(suspect, line),
            None => suspect.likely(),
        }
    };
    if is_failing { Some(suspect) } else { heard(facts, suspect) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn each_limit_has_its_code() {
        assert_eq!(code(&RULE, &answered(413)), Some("http.body.too_large_proxy"));
        assert_eq!(code(&RULE, &answered(431)), Some("http.header.request_too_large"));
        let mut facts = healthy();
        let body = "400 Request Header Or Cookie Too Large".to_owned();
        facts.browser = Some(crate::facts::Browser {
            calls: vec![Call { status: 400, body, ..Call::default() }],
            ..Default::default()
        });
        assert_eq!(code(&RULE, &facts), Some("http.header.request_too_large"));
        assert_eq!(
            code(
                &RULE,
                &logged(answered(502), "upstream sent too big header while reading response header from upstream")
            ),
            Some("http.header.response_too_large")
        );
        assert_eq!(code(&RULE, &answered(502)), None);
        let blocked = "web~ app/app 0/0/0/-1/2 502 209 - - PH-- 1/1/0/0/0 0/0 \"POST /login HTTP/1.1\"";
        let mut facts = logged(healthy(), blocked);
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.attempts = vec![
            Attempt { answer: Answer::Credentials, status: 401, ..Attempt::default() },
            Attempt { variant: Variant::Real, answer: Answer::Proxy, status: 502, ..Attempt::default() },
        ];
        assert_eq!(code(&RULE, &facts), Some("http.header.response_too_large"));
        assert_eq!(code(&RULE, &healthy()), None);
    }
}
