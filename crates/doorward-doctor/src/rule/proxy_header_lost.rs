//! `proxy.header_lost`: something that one side sends does not arrive at the other.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.header_lost", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    onward(facts).or_else(|| back(facts)).or_else(|| configured(facts)).or_else(|| dropped(facts))
}

/// nginx says that it dropped a header with an underscore, and what lacks it is refused.
fn dropped(facts: &Facts) -> Option<Suspect> {
    let refused = facts.signin.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused))
        || calls(facts).any(|call| matches!(call.status, 400 | 401 | 403));
    // It stands there once for each request that was cut, whoever sent it.
    let mut lines = facts.host.iter().flat_map(|host| host.log.iter().chain(&host.since));
    let names_it = |line: &&Line| {
        let text = line.text.to_lowercase();
        let name = text.split_once("client sent invalid header line: \"").map_or("", |(_, rest)| rest);
        name.split(':').next().is_some_and(|name| name.contains('_') && !name.contains(' '))
    };
    let line = lines.rfind(names_it)?;
    refused.then(|| {
        quoted(
            Suspect::new("proxy.header_dropped_underscore", "The proxy drops a header for the underscore in its name.")
                .likely()
                .deep(3),
            line,
        )
        .not("csrf.header_not_sent", "the header comes as far as the proxy")
        .fix("underscores_in_headers on;   # or better: rename the header with hyphens")
    })
}

fn onward(facts: &Facts) -> Option<Suspect> {
    let echo = facts.echo.as_ref()?;
    let lost = |code, what: &str| {
        Suspect::new(code, format!("{what} is sent and does not arrive at the app.")).saw(
            format!("{what} with a mark"),
            "the mark is missing",
            "the app's echo",
        )
    };
    if !echo.has_hyphen {
        return None;
    }
    if !echo.has_cookie {
        return Some(
            lost("proxy.cookie_stripped", "Cookie").fix("let the rule that removes cookies apply to static files only"),
        );
    }
    if !echo.has_authorization {
        return Some(lost("proxy.authorization_stripped", "Authorization").fixes(mend::lines(
            facts,
            &[
                ("nginx", "proxy_set_header Authorization $http_authorization;"),
                ("apache", "CGIPassAuth On"),
                ("caddy", "remove header_up -Authorization"),
                ("haproxy", "remove http-request del-header Authorization"),
                ("traefik", "remove the middleware that empties Authorization"),
            ],
        )));
    }
    let needs_underscore =
        facts.log_with(&["header", "missing"]).is_some_and(|line| line.text.contains('_'))
            || facts.signin.form.as_ref().is_some_and(|form| form.is_header && form.token_name.contains('_'))
            || facts.browser.iter().flat_map(|browser| &browser.calls).any(|call| {
                matches!(call.status, 400 | 401 | 403) && call.sent.iter().any(|(name, _)| name.contains('_'))
            });
    (!echo.has_underscore && needs_underscore).then(|| {
        lost("proxy.header_dropped_underscore", "A header with an underscore").fixes(mend::lines(
            facts,
            &[
                ("nginx", "underscores_in_headers on;   # or better: rename the header with hyphens"),
                ("apache", "rename the header with hyphens"),
                ("caddy", "rename the header with hyphens"),
                ("haproxy", "rename the header with hyphens"),
                ("traefik", "rename the header with hyphens"),
            ],
        ))
    })
}

/// The same page at the app and at the edge, cookie by cookie.
fn back(facts: &Facts) -> Option<Suspect> {
    for inner in facts.visits.iter().filter(|visit| visit.via == Via::App && visit.status > 0) {
        let same = |visit: &&Visit| {
            visit.via == Via::Public
                && visit.step == inner.step
                && visit.note == inner.note
                && visit.status == inner.status
        };
        let Some(outer) = facts.visits.iter().find(same) else { continue };
        // What the origin still sends, and the edge does not, was lost at the edge.
        let is_lost_later =
            facts.is_behind_cdn() && facts.inner(Via::Origin).is_some_and(|visit| !visit.cookies.is_empty());
        if outer.is_cached() || is_lost_later {
            continue;
        }
        for cookie in &inner.cookies {
            // One name may be set for two paths; each is held against its own.
            let mut same_name = outer.cookies.iter().filter(|other| other.name == cookie.name).peekable();
            let first = same_name.peek().copied();
            let Some(arrived) = same_name.find(|other| !is_rewritten(cookie, other)).or(first) else {
                return Some(
                    Suspect::new(
                        "proxy.set_cookie_stripped",
                        format!("The app sets the cookie `{}`, and after the proxy it is gone.", cookie.name),
                    )
                    .saw("the same request at the app", format!("Set-Cookie {}", cookie.name), "app")
                    .saw("through the proxy", "no such cookie", outer.url.clone())
                    .not("cookie.secure_over_http", "the browser never gets to see it")
                    .fixes(mend::lines(
                        facts,
                        &[
                            ("nginx", "remove: proxy_hide_header Set-Cookie;"),
                            ("apache", "remove: Header unset Set-Cookie"),
                            ("haproxy", "remove: http-response del-header Set-Cookie"),
                            ("caddy", "remove: header_down -Set-Cookie"),
                            ("traefik", "remove the middleware that empties Set-Cookie"),
                        ],
                    )),
                );
            };
            if is_rewritten(cookie, arrived) {
                return Some(
                    Suspect::new(
                        "proxy.cookie_rewritten",
                        format!("The cookie `{}` arrives with other attributes than the app gave it.", cookie.name),
                    )
                    .saw("at the app", attributes(cookie), "app")
                    .saw("through the proxy", attributes(arrived), outer.url.clone())
                    .fixes(mend::lines(
                        facts,
                        &[
                            ("nginx", "remove: proxy_cookie_flags, proxy_cookie_path, proxy_cookie_domain"),
                            ("apache", "remove: Header edit Set-Cookie, ProxyPassReverseCookiePath"),
                            ("haproxy", "remove: http-response replace-header Set-Cookie"),
                            ("caddy", "remove: header_down Set-Cookie …"),
                            ("traefik", "remove the middleware that rewrites cookies"),
                        ],
                    )),
                );
            }
        }
    }
    None
}

fn is_rewritten(inner: &Cookie, outer: &Cookie) -> bool {
    inner.is_secure != outer.is_secure && !outer.is_secure
        || inner.same_site != outer.same_site
        || inner.path != outer.path
        || inner.domain != outer.domain
        || inner.is_http_only != outer.is_http_only
}

fn attributes(cookie: &Cookie) -> String {
    let mut parts = vec![format!("Path={}", cookie.path.as_deref().unwrap_or("-"))];
    parts.extend(cookie.domain.as_ref().map(|domain| format!("Domain={domain}")));
    parts.extend(cookie.same_site.as_ref().map(|same_site| format!("SameSite={same_site}")));
    parts.extend(cookie.is_secure.then(|| "Secure".to_owned()));
    parts.extend(cookie.is_http_only.then(|| "HttpOnly".to_owned()));
    parts.join("; ")
}

/// What the proxy's configuration says, where the sign-in shows that something is lost.
fn configured(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let is_failing =
        facts.signin.attempts.iter().any(|attempt| !matches!(attempt.answer, Answer::Credentials | Answer::Welcome))
            || facts.signin.after.iter().any(|status| *status >= 400 || (300..400).contains(status));
    if !is_failing {
        return None;
    }
    let rows: &[(&'static str, &[&str], &[&str])] = &[
        ("proxy.set_cookie_stripped", &["proxy_hide_header", "set-cookie"], &[]),
        ("proxy.set_cookie_stripped", &["del-header", "set-cookie"], &[]),
        ("proxy.set_cookie_stripped", &["header_down", "-set-cookie"], &[]),
        ("proxy.cookie_stripped", &["proxy_set_header", "cookie", "\"\""], &["set-cookie"]),
        ("proxy.cookie_stripped", &["del-header", "cookie"], &["set-cookie", "del-header set-"]),
        ("proxy.cookie_stripped", &["header_up", "-cookie"], &[]),
        ("proxy.authorization_stripped", &["proxy_set_header", "authorization", "\"\""], &[]),
        ("proxy.authorization_stripped", &["del-header", "authorization"], &[]),
        ("proxy.authorization_stripped", &["header_up", "-authorization"], &[]),
        ("proxy.cookie_rewritten", &["proxy_cookie_flags"], &[]),
        ("proxy.cookie_rewritten", &["replace-header", "set-cookie"], &[]),
    ];
    rows.iter().find_map(|(code, words, not)| {
        let line = host.proxy.iter().find(|line| {
            let text = line.text.to_lowercase();
            words.iter().all(|word| text.contains(word)) && !not.iter().any(|word| text.contains(word))
        })?;
        Some(
            Suspect::new(code, "A line of the proxy's configuration takes away what the sign-in needs.")
                .likely()
                .saw(format!("line {}", line.number), line.text.clone(), line.source.clone())
                .fix(format!("remove or narrow: {}", line.text)),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_cookie_that_the_proxy_loses_or_changes_is_named() {
        let mut facts = healthy();
        let mut inner = by(visit(200), Via::App);
        inner.cookies.push(Cookie {
            name: "session".into(),
            same_site: Some("none".into()),
            is_secure: true,
            ..Cookie::default()
        });
        facts.visits.push(inner);
        assert_eq!(code(&RULE, &facts), Some("proxy.set_cookie_stripped"));
        facts.visits[0].cookies.push(Cookie {
            name: "session".into(),
            same_site: Some("lax".into()),
            ..Cookie::default()
        });
        assert_eq!(code(&RULE, &facts), Some("proxy.cookie_rewritten"));
        facts.visits[0].cookies = facts.visits[1].cookies.clone();
        assert_eq!(code(&RULE, &facts), None);
        for visit in &mut facts.visits {
            let other = Cookie { path: Some("/login".into()), ..visit.cookies[0].clone() };
            visit.cookies.push(other);
        }
        assert_eq!(code(&RULE, &facts), None, "one name for two paths");
    }

    #[test]
    fn nginx_tells_which_header_it_dropped() {
        let mut facts = logged(
            healthy(),
            "[info] 2#2: *7 client sent invalid header line: \"csrf_token: 9f\" while reading client request headers",
        );
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, status: 403, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("proxy.header_dropped_underscore"));
    }

    #[test]
    fn the_echo_tells_what_does_not_arrive() {
        let whole = crate::facts::Echo {
            has_hyphen: true,
            has_underscore: true,
            has_authorization: true,
            has_cookie: true,
            ..Default::default()
        };
        let mut facts = healthy();
        facts.echo = Some(whole.clone());
        assert_eq!(code(&RULE, &facts), None);
        facts.echo = Some(crate::facts::Echo { has_authorization: false, ..whole.clone() });
        assert_eq!(code(&RULE, &facts), Some("proxy.authorization_stripped"));
        facts.echo = Some(crate::facts::Echo { has_cookie: false, ..whole });
        assert_eq!(code(&RULE, &facts), Some("proxy.cookie_stripped"));
    }
}
