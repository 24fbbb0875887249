//! `session.clock`: sessions end before they begin, for clocks or zones differ.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "session.clock", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(ahead) = facts.browser.as_ref().and_then(|browser| browser.clock_ahead).filter(|ahead| *ahead > 600) {
        return Some(
            Suspect::new(
                "session.clock_skew_client",
                format!("The visitor's clock is {ahead} s ahead, so the cookie is expired when it arrives."),
            )
            .saw("the browser's clock", format!("{ahead} s ahead"), "browser"),
        );
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
    let line =
        facts.log_with(&["session expired"]).or_else(|| facts.log_with(&["session", "expired"])).filter(|_| lost)?;
    let zones: Vec<_> =
        facts.host.iter().flat_map(|host| host.named("TZ")).map(|setting| setting.plain().to_owned()).collect();
    Some(quoted(Suspect::new("session.timezone_mismatch", "A session that was just made counts as expired: its end is written in one time zone and read in another."), line).likely().deep(2).saw("TZ", zones.join(", "), "settings").fix("TZ=UTC   # for app and database; store and compare UTC"))
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
        facts.browser = Some(crate::facts::Browser { clock_ahead: Some(86_400), ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("session.clock_skew_client"));
    }
}
