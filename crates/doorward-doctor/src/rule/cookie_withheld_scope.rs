//! `cookie.withheld_scope`: the cookie belongs to another host or path than where it is needed.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.withheld_scope", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    tried(facts).or_else(|| recorded(facts)).or_else(|| crossed(facts))
}

/// A recorded visitor who got a cookie with or without `www` and is turned away at the other of the two.
fn crossed(facts: &Facts) -> Option<Suspect> {
    let bare = |host: &str| host.trim_start_matches("www.").to_owned();
    let all: Vec<_> = calls(facts).collect();
    let (call, cookie, first) = all.iter().enumerate().find_map(|(at, call)| {
        let own = host_of(&call.url)?;
        let is_twin = |other: &String| *other != own && bare(other) == bare(&own);
        let is_known = all.iter().any(|any| host_of(&any.url).as_ref() == Some(&own) && !any.cookies.is_empty());
        if !call.is_turned_away() || !call.cookies.is_empty() || is_known {
            return None;
        }
        // It was set by what somebody sent, as a sign-in is, or on the way to a provider.
        let mut earlier = all[..at].iter().filter(|earlier| earlier.is_change() || is_to_provider(earlier));
        earlier.find_map(|earlier| {
            let first = host_of(&earlier.url).filter(is_twin)?;
            let is_left = |cookie: &&Cookie| {
                cookie.domain.is_none()
                    && !cookie.is_deletion
                    && cookie.trouble.is_none()
                    && !is_incidental(&cookie.name)
            };
            Some((*call, earlier.set.iter().find(is_left)?, first))
        })
    })?;
    Some(
        Suspect::new(
            "cookie.host_mismatch_www",
            format!(
                "`{}` was set at {first} and belongs to that name alone; the visitor goes on under the other.",
                cookie.name
            ),
        )
        .at(Link::Cookie)
        .deep(3)
        .likely()
        .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "the app")
        .saw(format!("{} {}", call.method, call.url), format!("{}, without it", call.status), "browser")
        .fix(format!("redirect {first} to one of the two before the sign-in, and set the app's external URL to it")),
    )
}

/// Whether an answer sends the visitor to another site, as one to a provider does.
fn is_to_provider(call: &Call) -> bool {
    let site = |url: url::Url| url.host_str().map(|host| crate::jar::site(host).to_owned());
    let own = url::Url::parse(&call.url).ok();
    let to = call.got("location").zip(own.as_ref()).and_then(|(to, own)| own.join(to).ok());
    (300..400).contains(&call.status) && to.zip(own).is_some_and(|(to, own)| site(to) != site(own))
}

/// A recorded request that is turned away, and a cookie of its host that belongs to another path.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let all: Vec<_> = calls(facts).collect();
    let mut turned = all.iter().enumerate().filter(|(_, call)| call.is_turned_away() && call.lacks.is_empty());
    let (call, cookie) = turned.find_map(|(at, call)| {
        let (name, _) =
            call.withheld.iter().find(|(name, why)| *why == Trouble::Path && !call.cookies.contains(name))?;
        let mut set = all[..at]
            .iter()
            .filter(|earlier| host_of(&earlier.url) == host_of(&call.url))
            .flat_map(|earlier| &earlier.set);
        let cookie = set.rfind(|cookie| cookie.name == *name && cookie.path.is_some())?;
        let word = name.to_lowercase();
        let is_needed = is_token_name(name)
            || ["sess", "sid", "auth", "refresh", "token", "jwt"].iter().any(|part| word.contains(part));
        is_needed.then_some((call, cookie))
    })?;
    Some(
        Suspect::new(
            "cookie.path_mismatch",
            format!(
                "The cookie `{}` has Path={}, and the address at which it is needed does not lie below.",
                cookie.name,
                cookie.path.as_deref().unwrap_or_default()
            ),
        )
        .at(Link::Cookie)
        .deep(4)
        .likely()
        .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "the app")
        .saw(format!("{} {}", call.method, call.url), format!("{}, without it", call.status), "browser")
        .fix(format!("send {} with Path=/, or with the path that browsers see", cookie.name)),
    )
}

/// The same sign-in passes with the cookies that a browser keeps back.
fn is_missed(facts: &Facts) -> bool {
    let is_passed =
        |attempt: &&Attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain);
    facts.signin.attempts.iter().filter(is_passed).any(|attempt| attempt.variant == Variant::AllCookies)
}

fn tried(facts: &Facts) -> Option<Suspect> {
    let bare = |host: &str| host.trim_start_matches("www.").to_owned();
    let target = facts.target.as_ref()?;
    // Where the sign-in starts: a visitor who was sent to the right host before it is there already.
    let page = facts.signin.form.as_ref().and_then(|form| host_of(&form.page));
    let start =
        page.or_else(|| facts.arrival().and_then(|visit| host_of(&visit.url))).unwrap_or_else(|| target.host.clone());
    let back = facts
        .signin
        .authorize
        .iter()
        .filter_map(|url| super::proxy_forwarded_proto::parameter(url, "redirect_uri"))
        .filter_map(|uri| host_of(&uri))
        .find(|host| *host != start && bare(host) == bare(&start));
    let moved = facts
        .signin
        .form
        .as_ref()
        .and_then(|form| host_of(&form.action))
        .filter(|host| *host != start && bare(host) == bare(&start));
    let onward = facts
        .signin
        .attempts
        .iter()
        .filter_map(|attempt| host_of(&attempt.location))
        .find(|host| *host != start && bare(host) == bare(&start));
    let is_host_only = facts
        .visits
        .iter()
        .flat_map(|visit| &visit.cookies)
        .any(|cookie| cookie.domain.is_none() && !cookie.is_deletion);
    if let Some(other) = back.or(moved).or(onward).filter(|_| is_host_only) {
        return Some(
            Suspect::new(
                "cookie.host_mismatch_www",
                format!("The sign-in starts at {start} and goes on at {other}; the cookie belongs to the first alone."),
            )
            .at(Link::Cookie)
            .deep(3)
            .saw("the way of the sign-in", format!("{start} → {other}"), "the app")
            .not("cookie.samesite_strict_cross_site", "both are one site; the host differs")
            .fix(format!(
                "redirect {start} to one of the two before the sign-in, and set the app's external URL to it"
            )),
        );
    }
    let (name, _) =
        facts.signin.withheld.iter().find(|(name, trouble)| *trouble == Trouble::Path && !name.is_empty())?;
    let is_needed = facts.signin.session.contains(name) && facts.signin.after.iter().any(|status| *status >= 400)
        || facts.signin.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused))
            && is_token_name(name)
        || is_missed(facts)
        || name.to_lowercase().contains("refresh");
    let cookie = facts.visits.iter().flat_map(|visit| &visit.cookies).rev().find(|cookie| cookie.name == *name)?;
    is_needed.then(|| {
        let path = cookie.path.clone().unwrap_or_default();
        Suspect::new(
            "cookie.path_mismatch",
            format!("The cookie `{name}` has Path={path}, and the address at which it is needed does not lie below."),
        )
        .at(if facts.signin.after.is_empty() { Link::Csrf } else { Link::Cookie })
        .deep(5)
        .saw(format!("Set-Cookie {name}"), attributes(cookie), "the app")
        .not("session.store_not_shared", "the cookie does not come at all")
        .fix(format!("send {name} with Path=/, or with the path that browsers see"))
        .fixes(mend::lines(
            facts,
            &[
                ("nginx", "proxy_cookie_path /INNER /OUTER;"),
                ("apache", "ProxyPassReverseCookiePath /INNER /OUTER"),
                ("caddy", "let the app know its base path"),
                ("haproxy", "let the app know its base path"),
                ("traefik", "let the app know its base path"),
            ],
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_recorded_sign_in_at_www_is_not_known_at_the_apex() {
        let call = |method: &str, url: &str, status| Call {
            method: method.into(),
            url: url.into(),
            status,
            ..Call::default()
        };
        let mut signed = call("POST", "https://www.app.example.com/login", 302);
        signed.set = vec![Cookie { name: "sid".into(), ..Cookie::default() }];
        let away = call("GET", "https://app.example.com/home", 401);
        let recorded = |calls: Vec<Call>| {
            let mut facts = healthy();
            facts.browser = Some(crate::facts::Browser { calls, ..Default::default() });
            facts
        };
        assert_eq!(code(&RULE, &recorded(vec![signed.clone(), away.clone()])), Some("cookie.host_mismatch_www"));
        assert_eq!(code(&RULE, &recorded(vec![away.clone()])), None);
        let way = |to: &str, name: &str| Call {
            got: vec![("location".into(), to.into())],
            set: vec![Cookie { name: name.into(), ..Cookie::default() }],
            ..call("GET", "https://www.app.example.com/", 302)
        };
        let provider = "https://id.test/authorize?client_id=shop";
        for (way, expected) in [
            (way("https://app.example.com/", "visit"), None),
            (way(provider, "locale"), None),
            (way(provider, "AWSALB"), None),
            (way(provider, "state"), Some("cookie.host_mismatch_www")),
        ] {
            assert_eq!(code(&RULE, &recorded(vec![way.clone(), away.clone()])), expected, "{way:?}");
        }
        signed.set[0].domain = Some("app.example.com".into());
        assert_eq!(code(&RULE, &recorded(vec![signed, away])), None, "it belongs to both");
    }

    #[test]
    fn a_session_that_is_kept_for_another_path_is_named() {
        let mut facts = healthy();
        facts.visits[0].cookies =
            vec![Cookie { name: "session".into(), path: Some("/api".into()), ..Cookie::default() }];
        facts.signin.session = vec!["session".into()];
        facts.signin.withheld = vec![("session".into(), Trouble::Path)];
        facts.signin.after = vec![401];
        assert_eq!(code(&RULE, &facts), Some("cookie.path_mismatch"));
        facts.signin.after = vec![200];
        assert_eq!(code(&RULE, &facts), None);
        let attempt = |variant, answer| Attempt { variant, answer, ..Attempt::default() };
        facts.signin.attempts =
            vec![attempt(Variant::Browser, Answer::Csrf), attempt(Variant::AllCookies, Answer::Credentials)];
        assert_eq!(code(&RULE, &facts), Some("cookie.path_mismatch"));
    }

    #[test]
    fn a_recorded_refresh_outside_of_its_cookies_path_is_named() {
        let mut facts = healthy();
        let cookie = Cookie { name: "refresh_token".into(), path: Some("/auth".into()), ..Cookie::default() };
        let there = Call { url: "https://a.test/v1/auth/login".into(), set: vec![cookie], ..Call::default() };
        let withheld = vec![("refresh_token".to_owned(), Trouble::Path)];
        let back = Call { url: "https://a.test/v1/auth/refresh".into(), status: 401, withheld, ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![there, back], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("cookie.path_mismatch"));
        facts.browser.as_mut().unwrap().calls[1].status = 200;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn www_and_the_bare_name_are_two_hosts() {
        let mut facts = healthy();
        facts.visits[0].cookies = vec![Cookie { name: "state".into(), ..Cookie::default() }];
        facts.signin.authorize = vec!["https://idp.test/a?redirect_uri=https://www.app.example.com/cb".into()];
        assert_eq!(code(&RULE, &facts), Some("cookie.host_mismatch_www"));
        facts.signin.form =
            Some(crate::facts::Form { page: "https://www.app.example.com/login".into(), ..Default::default() });
        assert_eq!(code(&RULE, &facts), None, "the visitor was sent there before");
    }
}
