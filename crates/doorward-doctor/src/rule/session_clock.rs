//! `session.clock`: sessions end before they begin, for clocks or zones differ.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "session.clock", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(suspect) = recorded(facts).or_else(|| zoned(facts)) {
        return Some(suspect);
    }
    let cookie = facts
        .signin
        .attempts
        .iter()
        .filter(|attempt| attempt.variant == Variant::Real)
        .flat_map(|attempt| &attempt.cookies)
        .find(|cookie| cookie.is_deletion && cookie.value.length > 8 && cookie.expires.is_some());
    let lost = facts.signin.after.iter().any(|status| *status >= 400);
    if let Some((cookie, expires)) = cookie.and_then(|cookie| Some((cookie, cookie.expires?))) {
        let off = facts.now - expires;
        let hours = (off + 900) / 3_600;
        let is_whole = hours > 0 && (off - hours * 3_600).abs() < 2_000 && hours < 15;
        let code = if is_whole || off > 1_200 { "session.timezone_mismatch" } else { "session.clock_skew_client" };
        return Some(Suspect::new(code, format!("The cookie `{}` that the sign-in sets ended {off} s ago: its end is computed in another time zone or by another clock.", cookie.name)).saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "the app").fix("write ends of sessions in UTC, and let TZ be the same for app and database (TZ=UTC)"));
    }
    let line = log_line(facts, is_of_zones)
        .or_else(|| log_line(facts, |text| has_each(text, &[&["session"], &["expired"]])).filter(|_| lost))?;
    let zones: Vec<_> =
        facts.host.iter().flat_map(|host| host.named("TZ")).map(|setting| setting.plain().to_owned()).collect();
    Some(quoted(Suspect::new("session.timezone_mismatch", "A session that was just made counts as expired: its end is written in one time zone and read in another."), line).likely().deep(2).saw("TZ", zones.join(", "), "settings").fix("TZ=UTC   # for app and database; store and compare UTC"))
}

/// Whether a line says that ends of sessions are written in one zone and read in another.
fn is_of_zones(text: &str) -> bool {
    let is_ended = has_each(text, &[&["session", "token", "cookie"], &["expire", "expiry", "too old", "ended"]]);
    let other: &[&str] = &[" local", "timezone", "time zone", "offset-naive", "tzinfo"];
    let is_mixed = has_each(text, &[&["utc", "gmt"], other])
        || has_each(text, &[&["timezone", "time zone"], &["mismatch", "differ", "wrong", "naive"]]);
    is_ended && is_mixed && !text.contains("csrf")
        || has_each(text, &[&["can't compare", "cannot compare", "can't subtract"], &["offset-naive"]])
}

/// A visitor's clock that runs ahead of the server's so far that a cookie is expired when it arrives.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let ahead = facts.browser.as_ref()?.clock_ahead.filter(|ahead| *ahead > 120)?;
    let born = calls(facts).find_map(|call| {
        let served = crate::har::date(call)?;
        let is_late = |cookie: &&Cookie| {
            cookie.is_deletion && cookie.max_age.is_none() && cookie.expires.is_some_and(|end| end > served)
        };
        call.set.iter().find(is_late)
    });
    let is_unseen = calls(facts).all(|call| call.set.is_empty()) && calls(facts).any(Call::is_turned_away);
    let suspect = Suspect::new(
        "session.clock_skew_client",
        format!("The visitor's clock is {ahead} s ahead, so the cookie is expired when it arrives."),
    )
    .saw("the browser's clock", format!("{ahead} s ahead of the server's Date"), "browser")
    .fix("on this computer: set the clock by the net; on the server: Max-Age instead of Expires, which needs no clock");
    match born {
        Some(cookie) => Some(
            suspect
                .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "the app")
                .not("browser.extension_interference", "the cookie's own end drops it"),
        ),
        None => (is_unseen && ahead > 600).then(|| suspect.likely()),
    }
}

/// A cookie with a value that ended hours before the server sent it, by the server's own clock.
fn zoned(facts: &Facts) -> Option<Suspect> {
    let (cookie, ago) = calls(facts).find_map(|call| {
        let served = crate::har::date(call)?;
        let ago = |cookie: &Cookie| {
            let ago = served - cookie.expires.filter(|_| cookie.max_age.is_none())?;
            (cookie.value.length > 8 && (60..15 * 3_600).contains(&ago)).then_some(ago)
        };
        call.set.iter().find_map(|cookie| ago(cookie).map(|ago| (cookie, ago)))
    })?;
    Some(
        Suspect::new(
            "session.timezone_mismatch",
            format!(
                "The cookie `{}` ended {ago} s before the server sent it, by the server's own clock: its end is computed in another time zone.",
                cookie.name
            ),
        )
        .likely()
        .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), "browser")
        .not("session.clock_skew_client", "the visitor's clock is not asked")
        .fix("write ends of sessions in UTC, and let TZ be the same for app and database (TZ=UTC)"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_cookie_that_ends_whole_hours_ago_is_a_time_zone() {
        let mut facts = healthy();
        let mut cookie =
            Cookie { name: "session".into(), is_deletion: true, expires: Some(facts.now - 3_600), ..Cookie::default() };
        cookie.value.length = 40;
        facts.signin.attempts = vec![Attempt {
            variant: Variant::Real,
            answer: Answer::Welcome,
            cookies: vec![cookie],
            ..Attempt::default()
        }];
        assert_eq!(code(&RULE, &facts), Some("session.timezone_mismatch"));
        facts.signin.attempts.clear();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_recorded_clock_that_runs_ahead_is_the_visitors() {
        let mut facts = healthy();
        let served = 1_800_000_000;
        let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_hours(500_000));
        let cookie = Cookie { name: "s".into(), is_deletion: true, expires: Some(served + 60), ..Cookie::default() };
        let call = Call { set: vec![cookie], got: vec![("date".into(), date)], ..Call::default() };
        facts.browser =
            Some(crate::facts::Browser { clock_ahead: Some(86_400), calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("session.clock_skew_client"));
        facts.browser.as_mut().unwrap().calls[0].set[0].max_age = Some(60);
        assert_eq!(code(&RULE, &facts), None, "Max-Age needs no clock");
    }

    #[test]
    fn a_cookie_that_was_over_when_it_was_sent_is_a_time_zone() {
        let mut facts = healthy();
        let served = 1_800_000_000;
        let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_hours(500_000));
        let mut cookie =
            Cookie { name: "s".into(), is_deletion: true, expires: Some(served - 5_400), ..Cookie::default() };
        cookie.value.length = 40;
        let call = Call { set: vec![cookie], got: vec![("date".into(), date)], ..Call::default() };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("session.timezone_mismatch"));
        facts.browser.as_mut().unwrap().calls[0].set[0].expires = Some(0);
        assert_eq!(code(&RULE, &facts), None, "a cookie that is taken away ends in 1970");
    }

    #[test]
    fn a_log_that_mixes_zones_says_so() {
        let facts = logged(healthy(), "session of ada expired: expires_at 03:30:00 local, now 05:00:00 UTC");
        assert_eq!(code(&RULE, &facts), Some("session.timezone_mismatch"));
        for line in ["session of ada expired after 30 minutes", "token expired at 10:00 UTC for bob"] {
            assert_eq!(code(&RULE, &logged(healthy(), line)), None, "{line}");
        }
    }
}
