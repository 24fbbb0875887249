//! `cookie.withheld_cross_site`: the cookie is kept, and does not come with a request from another site.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cookie.withheld_cross_site", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    local(facts).or_else(|| callback(facts)).or_else(|| across(facts)).or_else(|| recorded(facts))
}

fn is_loopback(url: &str) -> Option<String> {
    let host = host_of(url)?;
    (host == "localhost" || host == "127.0.0.1" || host == "[::1]").then_some(host)
}

/// The page is under localhost and what it calls under 127.0.0.1, or the other way.
fn local(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref().filter(|target| target.is_loopback())?;
    let page = if facts.page.is_empty() { None } else { is_loopback(&facts.page) };
    let form = facts.signin.form.as_ref().and_then(|form| is_loopback(&form.action));
    let named = facts.visits.iter().filter(|visit| matches!(visit.step, Step::First | Step::Asset)).find_map(|visit| {
        ["http://localhost:", "http://127.0.0.1:"]
            .into_iter()
            .find(|place| visit.note.contains(place) && !place.contains(&target.host))
            .and_then(is_loopback_of)
    });
    let other = page.or(form).or(named).filter(|host| *host != target.host)?;
    Some(
        Suspect::new("cookie.site_mismatch_localhost_127", format!("The page is under {} and the API under {other}: browsers treat them as two sites, and the cookie belongs to one.", target.host))
            .at(Link::Cookie).deep(4)
            .saw(target.origin(), other.clone(), "the page")
            .fix(format!("write {} in every address", target.host)),
    )
}

fn is_loopback_of(place: &str) -> Option<String> {
    is_loopback(&format!("{place}1/"))
}

/// Whether a cookie is one by which the app knows a visitor or his honest request.
fn is_needed(facts: &Facts, cookie: &Cookie) -> bool {
    let name = cookie.name.to_lowercase();
    facts.signin.session.contains(&cookie.name)
        || is_token_name(&name)
        || ["sess", "sid", "auth", "jwt", "remember"].iter().any(|word| name.contains(word))
}

/// The front end is another site than the API, and a cookie that its calls need goes to the API's own site alone.
fn across(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let page = url::Url::parse(&facts.page).ok()?;
    // Sites differ by scheme, too (RFC 6265bis, section 5.2).
    let is_same =
        crate::jar::site(page.host_str()?) == crate::jar::site(&target.host) && page.scheme() == target.scheme;
    if is_same {
        return None;
    }
    let visits = facts.visits.iter().filter(|visit| visit.via == Via::Public && visit.step != Step::Provider);
    let kept = visits.flat_map(|visit| &visit.cookies).filter(|cookie| {
        !cookie.is_deletion
            && cookie.trouble.is_none()
            && cookie.same_site.as_deref() != Some("none")
            && !is_incidental(&cookie.name)
            && is_needed(facts, cookie)
    });
    // What the sign-in set weighs more than what any page sets.
    let cookie = kept.max_by_key(|cookie| facts.signin.session.contains(&cookie.name))?;
    let is_strict = cookie.same_site.as_deref() == Some("strict");
    let (code, word) = if is_strict {
        ("cookie.samesite_strict_cross_site", "is SameSite=Strict")
    } else {
        ("cookie.samesite_lax_cross_post", "is SameSite=Lax, or says nothing,")
    };
    let suspect =
        Suspect::new(
            code,
            format!(
                "The front end {} is another site than {}, and the cookie `{}` {word} so browsers keep it from the calls of scripts there.",
                facts.page, target.host, cookie.name
            ),
        )
        .at(Link::Cookie)
        .deep(3)
        .likely()
        .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "the app")
        .saw("the front end", facts.page.clone(), "--page")
        .not("cors.credentials_not_allowed", "with every leave, the cookie stays away")
        .fix("bring both under one site (app.example.com and api.example.com), or the API under the front end's own name")
        .fix(format!("where that cannot be: Set-Cookie: {}=…; SameSite=None; Secure, and a check of Origin", cookie.name));
    // Of a cookie that the sign-in did not set it was not seen that the front end's calls need it.
    Some(if facts.signin.session.contains(&cookie.name) { suspect } else { suspect.warning() })
}

/// The way back from a provider.
fn callback(facts: &Facts) -> Option<Suspect> {
    // Of the cookies that stay behind, only those that the way to the provider set are needed on the way back.
    let set = |name: &String| {
        facts.visits(Step::Provider).flat_map(|visit| &visit.cookies).find(|cookie| cookie.name == *name)
    };
    let mut kept_back = facts.signin.withheld.iter().filter(|(_, trouble)| *trouble == Trouble::SameSite);
    let (name, cookie) = kept_back.find_map(|(name, _)| Some((name, set(name)?)))?;
    let authorize = facts.signin.authorize.last().cloned().unwrap_or_default();
    let is_post = authorize.contains("response_mode=form_post");
    let is_strict = cookie.same_site.as_deref() == Some("strict");
    let (code, why, fix) = if is_post && !is_strict {
        (
            "cookie.samesite_lax_cross_post",
            format!(
                "The provider returns with a POST from its own site, and `{name}` (SameSite=Lax, or none) stays away from those."
            ),
            "ask for response_mode=query, or give this short-lived cookie alone SameSite=None; Secure",
        )
    } else {
        (
            "cookie.samesite_strict_cross_site",
            format!(
                "The way back from the provider starts at its site, and `{name}` is SameSite=Strict: it stays away."
            ),
            "give the state's cookie SameSite=Lax; the session's cookie may stay Strict",
        )
    };
    Some(
        Suspect::new(code, why)
            .at(Link::Cookie)
            .deep(3)
            .saw(format!("Set-Cookie {name}"), attributes(cookie), "the app")
            .saw("the way to the provider", authorize, "the app")
            .not("session.oauth_state_not_shared", "the cookie does not come at all")
            .fix(fix),
    )
}

/// A page under localhost calls 127.0.0.1, or the other way, and is turned away for want of a cookie; or somebody who
/// got his cookie under one of the names is sent on, or back by a provider, to the other.
fn two_names(facts: &Facts) -> Option<Suspect> {
    let all: Vec<_> = calls(facts).collect();
    let (call, own, other) = all.iter().enumerate().find_map(|(at, call)| {
        let own = is_loopback(&call.url)?;
        let is_refused = call.is_turned_away() || matches!(call.status, 400 | 422);
        if !is_refused || !call.cookies.is_empty() {
            return None;
        }
        let page = call.sent("origin").and_then(is_loopback).filter(|page| *page != own && call.is_turned_away());
        let is_known = all.iter().any(|any| is_loopback(&any.url).as_ref() == Some(&own) && !any.cookies.is_empty());
        let sets =
            |earlier: &&Call| earlier.set.iter().any(|cookie| !cookie.is_deletion && !is_incidental(&cookie.name));
        let began = || {
            let mut earlier = all[..at].iter().copied().filter(sets).filter_map(|earlier| is_loopback(&earlier.url));
            earlier.find(|name| *name != own).filter(|_| !is_known)
        };
        Some((*call, own.clone(), page.or_else(began)?))
    })?;
    Some(
        Suspect::new("cookie.site_mismatch_localhost_127", format!("The page is under {other} and the call goes to {own}: browsers treat them as two sites, and the cookie belongs to one."))
            .at(Link::Cookie)
            .deep(4)
            .likely()
            .saw(format!("{} {}", call.method, call.url), format!("{}, without cookies; begun under {other}", call.status), "browser")
            .fix(format!("write {own} in every address, the way back that a provider knows among them")),
    )
}

/// Whether a call goes to another site than the page is of.
fn is_to_another_site(call: &Call) -> bool {
    match call.sent("sec-fetch-site") {
        Some(word) => word == "cross-site",
        None => call.sent("origin").and_then(site_of).is_some_and(|page| Some(page) != site_of(&call.url)),
    }
}

/// Why this browser keeps every cookie of another site from a call, where it does.
pub(super) fn keeps_away(facts: &Facts, call: &Call) -> Option<&'static str> {
    if !is_to_another_site(call) {
        return None;
    }
    if call.sent("sec-fetch-storage-access") == Some("none") {
        return Some("the browser says so: Sec-Fetch-Storage-Access: none");
    }
    let agent = call.sent("user-agent").unwrap_or_default().to_lowercase();
    let is_webkit = agent.contains("iphone")
        || agent.contains("ipad")
        || agent.contains("version/") && agent.contains("safari/") && !agent.contains("android");
    if is_webkit {
        return Some("Safari keeps cookies of other sites from every call");
    }
    // Firefox has a jar for each site that a page is of: what was set on the own page is not in the one for another.
    let of_own_page = |earlier: &Call| {
        !is_to_another_site(earlier)
            && call.lacks.iter().all(|name| earlier.set.iter().any(|cookie| cookie.name == *name))
    };
    (agent.contains("firefox/") && calls(facts).any(of_own_page))
        .then_some("Firefox keeps the cookies of each site's pages apart")
}

/// Whether a call goes to the site that is examined, or to one whose cookie the page's own sign-in got there: what
/// counts visitors for others is turned away every day.
fn is_to_own(facts: &Facts, call: &Call, name: &str) -> bool {
    let to = site_of(&call.url);
    let is_target = |target: &Target| to.as_deref() == Some(crate::jar::site(&target.host));
    let got = |earlier: &Call| {
        earlier.is_change() && site_of(&earlier.url) == to && earlier.set.iter().any(|cookie| cookie.name == name)
    };
    facts.target.as_ref().is_none_or(is_target) || calls(facts).any(got)
}

/// Whether the answer turns the visitor away, or is a page that asks him to sign in.
fn is_asked_in(call: &Call) -> bool {
    call.is_turned_away() || has_each(&call.body, &[&["password", "log in", "login", "sign in", "signin"]])
}

/// A call of a page of another site, which this browser sends without cookies whatever they allow, and which is turned
/// away for it.
fn third_party(facts: &Facts) -> Option<Suspect> {
    let mut turned =
        calls(facts).filter(|call| call.cookies.is_empty() && call.is_turned_away() && call.method != "OPTIONS");
    let (call, name, why) = turned.find_map(|call| {
        let name = call.lacks.iter().find(|name| !is_incidental(name) && is_to_own(facts, call, name))?;
        Some((call, name, keeps_away(facts, call)?))
    })?;
    Some(
        Suspect::new("cookie.third_party_blocked", format!("The page is of another site, and its call comes without `{name}`: {why}."))
            .at(Link::Cookie)
            .deep(3)
            .likely()
            .saw(format!("{} {}", call.method, call.url), format!("{}, without cookies", call.status), "browser")
            .not("frontend.credentials_omitted", "with credentials this browser keeps them away as well")
            .fix("bring both under one site (app.example.com and api.example.com), or the API under the front end's own name; a bearer token does without cookies"),
    )
}

/// A cookie with `Partitioned` that was set within another site's page, and is missed outside of it; or the other way.
fn partitioned(facts: &Facts) -> Option<Suspect> {
    let is_framed = |call: &Call| match call.sent("sec-fetch-dest") {
        Some("iframe") => Some(true),
        Some("document") => Some(false),
        _ => None,
    };
    let all: Vec<_> = calls(facts).collect();
    let (call, name) = all.iter().enumerate().find_map(|(at, call)| {
        let place = is_framed(call)?;
        let is_elsewhere = |name: &&String| {
            let set =
                |earlier: &&&Call| earlier.set.iter().any(|cookie| cookie.name == **name && cookie.is_partitioned);
            all[..at].iter().rfind(set).and_then(|earlier| is_framed(earlier)).is_some_and(|other| other != place)
        };
        let is_missed = call.is_turned_away() || place && is_asked_in(call);
        let mut lacks = call.lacks.iter().filter(|name| !is_incidental(name));
        Some((*call, lacks.find(is_elsewhere).filter(|_| is_missed)?))
    })?;
    Some(
        Suspect::new("cookie.partitioned_context", format!("`{name}` is Partitioned: browsers keep it for the one page that the app was framed in, or for the app's own, and not for both."))
            .at(Link::Cookie)
            .deep(4)
            .likely()
            .saw(format!("{} {}", call.method, call.url), format!("{}, without {name}", call.status), "browser")
            .not("browser.extension_interference", "where it was set, it does come back")
            .fix("sign in anew where the app is opened by itself; or hand the visitor over with a one-time code in the address"),
    )
}

/// A request from another site that is turned away, and a cookie that `SameSite` keeps from it.
fn strict(facts: &Facts) -> Option<Suspect> {
    let away = |call: &Call| {
        call.withheld.iter().find(|(_, trouble)| *trouble == Trouble::SameSite).map(|(name, _)| name.clone())
    };
    let turned = calls(facts).filter(|call| call.is_turned_away() || matches!(call.status, 400 | 422));
    let (call, name) = turned.filter(|call| call.cookies.is_empty()).find_map(|call| Some((call, away(call)?)))?;
    let cookie = calls(facts).flat_map(|call| &call.set).filter(|cookie| cookie.name == name).last()?;
    let is_strict = cookie.same_site.as_deref() == Some("strict");
    let (code, why) = if is_strict {
        ("cookie.samesite_strict_cross_site", "is SameSite=Strict, so it stays away from what starts at another site")
    } else {
        (
            "cookie.samesite_lax_cross_post",
            "is SameSite=Lax, or says nothing, so it stays away from what another site sends",
        )
    };
    Some(
        Suspect::new(code, format!("The cookie `{name}` {why}."))
            .at(Link::Cookie)
            .deep(3)
            .likely()
            .saw(format!("Set-Cookie {name}"), attributes(cookie), "the app")
            .saw(format!("{} {}", call.method, call.url), format!("{}, from another site, without it", call.status), "browser")
            .fix("where the front end is another site on purpose: SameSite=None; Secure for this cookie; better, bring both under one site"),
    )
}

fn recorded(facts: &Facts) -> Option<Suspect> {
    let browser = facts.browser.as_ref()?;
    let told = two_names(facts).or_else(|| partitioned(facts)).or_else(|| strict(facts)).or_else(|| third_party(facts));
    if told.is_some() {
        return told;
    }
    let origin = |url: &str| url::Url::parse(url).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    // A first visit has no cookies yet.
    let (_, call) = browser.calls.iter().enumerate().find(|(at, call)| {
        let is_later = browser.calls[..*at].iter().any(|earlier| origin(&earlier.url) == origin(&call.url));
        let in_frame = |call: &Call| call.sent("sec-fetch-dest") == Some("iframe");
        // What is sent from within the frame starts at the app's own page there.
        let is_embedded = |call: &Call| in_frame(call) && call.sent("sec-fetch-site") == Some("cross-site");
        let began = browser.calls[..*at]
            .iter()
            .any(|earlier| is_embedded(earlier) && origin(&earlier.url) == origin(&call.url));
        in_frame(call)
            && call.cookies.is_empty()
            && (is_embedded(call) || began)
            && (call.lacks.iter().any(|name| !is_incidental(name)) && is_asked_in(call)
                || is_later && call.is_turned_away())
    })?;
    let is_partitioned = facts.visits.iter().flat_map(|visit| &visit.cookies).any(|cookie| cookie.is_partitioned);
    let code = if is_partitioned { "cookie.partitioned_context" } else { "cookie.third_party_blocked" };
    Some(Suspect::new(code, "The app is used inside another site's page, and the browser keeps its cookies away.").saw(
        format!("GET {}", call.url),
        "in a frame, without cookies",
        "browser",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn returned(same_site: &str, authorize: &str) -> Facts {
        let mut facts = healthy();
        facts.visits[0].step = Step::Provider;
        facts.visits[0].cookies =
            vec![Cookie { name: "state".into(), same_site: Some(same_site.into()), ..Cookie::default() }];
        facts.signin.withheld = vec![("state".into(), Trouble::SameSite)];
        facts.signin.authorize = vec![authorize.into()];
        facts
    }

    #[test]
    fn a_post_and_a_redirect_are_told_apart() {
        assert_eq!(
            code(&RULE, &returned("lax", "https://idp.test/a?response_mode=form_post")),
            Some("cookie.samesite_lax_cross_post")
        );
        assert_eq!(code(&RULE, &returned("strict", "https://idp.test/a")), Some("cookie.samesite_strict_cross_site"));
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn a_front_end_of_another_site_gets_no_lax_cookie() {
        let mut facts = healthy();
        let cookie = |name: &str, same_site: Option<&str>| Cookie {
            name: name.into(),
            same_site: same_site.map(str::to_owned),
            ..Cookie::default()
        };
        for (page, name, same_site, expected) in [
            ("https://shop.test", "connect.sid", Some("lax"), Some("cookie.samesite_lax_cross_post")),
            ("https://shop.test", "XSRF-TOKEN", None, Some("cookie.samesite_lax_cross_post")),
            ("https://shop.test", "session", Some("strict"), Some("cookie.samesite_strict_cross_site")),
            ("https://shop.test", "session", Some("none"), None),
            ("https://shop.test", "lang", Some("lax"), None),
            ("https://shop.example.com", "session", Some("strict"), None),
            ("http://app.example.com", "session", Some("lax"), Some("cookie.samesite_lax_cross_post")),
            ("", "session", Some("strict"), None),
        ] {
            facts.page = page.into();
            facts.visits[0].cookies = vec![cookie(name, same_site)];
            assert_eq!(code(&RULE, &facts), expected, "{page} {name} {same_site:?}");
        }
        facts.page = "https://shop.test".into();
        let severity = |facts: &Facts| (RULE.judge)(facts).unwrap().severity;
        assert_eq!(severity(&facts), doorward_core::Severity::Warning, "whether it is needed was not seen");
        facts.signin.session = vec!["session".into()];
        assert_eq!(severity(&facts), doorward_core::Severity::Error);
    }

    #[test]
    fn a_recorded_page_of_localhost_calls_its_address() {
        let mut facts = healthy();
        let sent = vec![("origin".to_owned(), "http://localhost:8080".to_owned())];
        let call = Call { url: "http://127.0.0.1:9000/me".into(), status: 401, sent, ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("cookie.site_mismatch_localhost_127"));
        facts.browser.as_mut().unwrap().calls[0].url = "http://localhost:9000/me".into();
        assert_eq!(code(&RULE, &facts), None);
    }

    fn recorded(calls: Vec<Call>) -> Facts {
        let mut facts = healthy();
        facts.browser = Some(crate::facts::Browser { calls, ..Default::default() });
        facts
    }

    fn call(url: &str, status: u16, sent: &[(&str, &str)]) -> Call {
        let sent = sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Call { method: "GET".into(), url: url.into(), status, sent, ..Call::default() }
    }

    #[test]
    fn a_provider_that_returns_to_the_other_name_loses_the_state() {
        let mut began = call("http://localhost:3000/login", 302, &[]);
        began.set = vec![Cookie { name: "state".into(), ..Cookie::default() }];
        let back = || call("http://127.0.0.1:3000/callback", 400, &[]);
        assert_eq!(code(&RULE, &recorded(vec![began.clone(), back()])), Some("cookie.site_mismatch_localhost_127"));
        assert_eq!(code(&RULE, &recorded(vec![back()])), None);
        let known = Call { cookies: vec!["sid".into()], ..call("http://127.0.0.1:3000/", 200, &[]) };
        assert_eq!(code(&RULE, &recorded(vec![began, back(), known])), None);
    }

    #[test]
    fn browsers_that_keep_sites_apart_are_told_from_calls_without_credentials() {
        let safari = ("user-agent", "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.3 Safari/605.1.15");
        let chrome = ("user-agent", "Mozilla/5.0 AppleWebKit/537.36 Chrome/149.0.0.0 Safari/537.36");
        let firefox = ("user-agent", "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0");
        let cross = ("sec-fetch-site", "cross-site");
        let me = |agent, more| Call {
            lacks: vec!["sid".into()],
            ..call("https://app.example.com/me", 401, &[("origin", "https://shop.test"), agent, more])
        };
        let set = |site| Call {
            set: vec![Cookie { name: "sid".into(), ..Cookie::default() }],
            ..call("https://app.example.com/login", 303, &[("sec-fetch-site", site)])
        };
        let blocked = Some("cookie.third_party_blocked");
        for (first, later, expected) in [
            (set("cross-site"), me(safari, cross), blocked),
            (set("cross-site"), me(chrome, cross), None),
            (set("cross-site"), me(chrome, ("sec-fetch-storage-access", "none")), blocked),
            (set("same-origin"), me(firefox, cross), blocked),
            (set("cross-site"), me(firefox, cross), None),
            (set("same-site"), me(safari, ("sec-fetch-site", "same-site")), None),
        ] {
            assert_eq!(code(&RULE, &recorded(vec![first, later.clone()])), expected, "{:?}", later.sent);
        }
    }

    #[test]
    fn what_is_not_missed_or_is_somebody_elses_breaks_nothing() {
        let safari = ("user-agent", "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/18.3 Safari/605.1.15");
        let headers = [("origin", "https://app.example.com"), safari, ("sec-fetch-site", "cross-site")];
        let without = |name: &str, url: &str, status| Call { lacks: vec![name.into()], ..call(url, status, &headers) };
        let set = Call {
            method: "POST".into(),
            set: vec![Cookie { name: "sid".into(), ..Cookie::default() }],
            ..call("https://api.other.test/login", 200, &headers)
        };
        let own = "https://app.example.com/me";
        let other = "https://api.other.test/me";
        for (calls, expected) in [
            (vec![without("sid", own, 200)], None),
            (vec![without("_ga", own, 403)], None),
            (vec![without("uid", "https://count.test/collect", 403)], None),
            (vec![set.clone(), without("sid", other, 200)], None),
            (vec![set, without("sid", other, 401)], Some("cookie.third_party_blocked")),
            (vec![without("sid", own, 401)], Some("cookie.third_party_blocked")),
        ] {
            assert_eq!(code(&RULE, &recorded(calls.clone())), expected, "{calls:?}");
        }
        let framed = [("sec-fetch-dest", "iframe"), ("sec-fetch-site", "cross-site")];
        let frame = |name: &str, body: &str| Call {
            lacks: vec![name.into()],
            body: body.into(),
            ..call("https://app.example.com/widget", 200, &framed)
        };
        let set = |name: &str| Call {
            set: vec![Cookie { name: name.into(), is_partitioned: true, ..Cookie::default() }],
            ..call("https://app.example.com/", 200, &[("sec-fetch-dest", "document")])
        };
        for (name, body, expected) in [
            ("cf_clearance", "<form><input type=password></form>", None),
            ("sid", "<p>Opening hours</p>", None),
            ("sid", "<form><input type=password></form>", Some("cookie.partitioned_context")),
        ] {
            assert_eq!(code(&RULE, &recorded(vec![set(name), frame(name, body)])), expected, "{name} {body}");
        }
    }

    #[test]
    fn a_partitioned_cookie_stays_in_its_frame() {
        let partitioned = Cookie { name: "sid".into(), is_partitioned: true, ..Cookie::default() };
        let frame = Call {
            set: vec![partitioned],
            ..call("https://app.example.com/embed/login", 303, &[("sec-fetch-dest", "iframe")])
        };
        let outside = |dest| Call {
            lacks: vec!["sid".into()],
            ..call("https://app.example.com/account", 401, &[("sec-fetch-dest", dest)])
        };
        assert_eq!(
            code(&RULE, &recorded(vec![frame.clone(), outside("document")])),
            Some("cookie.partitioned_context")
        );
        assert_eq!(code(&RULE, &recorded(vec![frame, outside("empty")])), None);
    }

    #[test]
    fn localhost_and_its_address_are_two_sites() {
        let mut facts = healthy();
        facts.target.as_mut().unwrap().host = "127.0.0.1".into();
        facts.page = "http://localhost:3000".into();
        assert_eq!(code(&RULE, &facts), Some("cookie.site_mismatch_localhost_127"));
    }
}
