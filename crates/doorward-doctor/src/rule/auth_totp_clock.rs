//! `auth.totp_clock`: codes fail because a clock is off.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.totp_clock", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    measured(facts).or_else(|| recorded(facts))
}

/// A code that a recorded visitor entered in vain, and how far his clock and the server's are apart.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let is_of_code =
        |call: &&Call| call.is_change() && (is_place_of_codes(&call.url) || is_of_codes(&call.body.to_lowercase()));
    let is_refused = |call: &&Call| {
        let text = call.body.to_lowercase();
        let is_of_forgery = is_forgery_refusal(call) && has_each(&text, &[&["csrf", "xsrf", "forgery"]]);
        let says = has_each(&text, &[&["code", "otp", "token"]]) && (has_each(&text, &[REFUSED]) || is_of_time(&text));
        !is_of_forgery
            && (matches!(call.status, 400 | 401 | 403 | 422) && (text.is_empty() || says) || call.status == 200 && says)
    };
    let all = || calls(facts).filter(is_of_code);
    let refused = all().filter(is_refused).last()?;
    // Who gets in afterwards had mistyped.
    if all().skip_while(|call| !std::ptr::eq(*call, refused)).skip(1).any(|call| call.status < 400) {
        return None;
    }
    let text = refused.body.to_lowercase();
    let seen = |suspect: Suspect| {
        suspect
            .saw(format!("{} {}", refused.method, refused.url), refused.status.to_string(), "browser")
            .likely()
            .deep(3)
    };
    // Verifiers take the codes of the neighbouring half minutes, and a code is mistyped more often than a clock is off.
    let ahead = facts.browser.as_ref()?.clock_ahead.unwrap_or_default();
    let least = if is_of_time(&text) { 25 } else { 90 };
    let is_seen_again = all().filter(is_refused).count() > 1 || is_of_time(&text);
    match Some(ahead).filter(|ahead| ahead.abs() > least) {
        Some(ahead) => {
            let (by, way) = (ahead.abs(), if ahead > 0 { "behind" } else { "ahead of" });
            let why = format!("Codes are refused, and the server's clock is {by} s {way} the visitor's.");
            let suspect = seen(Suspect::new("auth.totp.clock_skew", why))
                .fix("timedatectl set-ntp true   # on the server; if its clock is right, on the visitor's device");
            Some(if is_seen_again { suspect } else { suspect.warning() })
        }
        None if is_of_time(&text) => {
            let why = "The clocks of browser and server agree, and the code belongs to another time: the clock of the device that makes the codes is off.";
            Some(seen(Suspect::new("auth.totp.client_clock_skew", why)).fix("on the device: let the clock be set automatically (date and time, in its settings), then try the next code"))
        }
        None => None,
    }
}

/// Whether a part of an address's path is called after codes of a second factor.
fn is_place_of_codes(url: &str) -> bool {
    const WORDS: &[&str] = &["2fa", "mfa", "otp", "totp", "twofactor"];
    const PAIRS: &[&str] = &["two-factor", "two_factor", "second-factor", "second_factor", "two-step", "2-step"];
    let Ok(url) = url::Url::parse(url) else { return false };
    let path = url.path().to_lowercase();
    path.split('/').any(|part| {
        PAIRS.iter().any(|pair| part.starts_with(pair)) || part.split(['-', '_', '.']).any(|word| WORDS.contains(&word))
    })
}

fn measured(facts: &Facts) -> Option<Suspect> {
    let date = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && !visit.is_cached())
        .find_map(|visit| httpdate::parse_http_date(visit.field("date")?).ok());
    let served = date
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    let off = served.map(|served| served - facts.now);
    let fails = log_line(facts, |text| is_of_codes(text) && REFUSED.iter().any(|word| text.contains(word)));
    let is_own_clock = facts.vantage == Vantage::Origin && off.is_some();
    let is_adrift = facts.host.as_ref().is_some_and(|host| host.is_clock_synchronised == Some(false));
    if let Some(off) = off.filter(|off| off.abs() > 25 && fails.is_some()) {
        return Some(
            Suspect::new(
                "auth.totp.clock_skew",
                format!("The server's clock is {off} s off, so codes of all devices fail."),
            )
            .deep(3)
            .saw("Date", format!("{off} s from here"), "the server")
            .fix("timedatectl set-ntp true"),
        );
    }
    let refused =
        facts.signin.attempts.iter().find(|one| one.variant == Variant::Code && one.answer == Answer::Credentials);
    if let Some(refused) = refused {
        let suspect = match off.filter(|off| off.abs() > 25) {
            Some(off) => Suspect::new(
                "auth.totp.clock_skew",
                format!("The code of the named account is refused, and the server's clock is {off} s off from here."),
            )
            .deep(3)
            .saw("Date", format!("{off} s from here"), "the server"),
            // The secret may be another one, or the code of this half minute used already.
            None => Suspect::new(
                "auth.totp.client_clock_skew",
                "The code of the named account is refused, though the clocks agree: the secret is another one, or this code was used already.",
            )
            .possible(),
        };
        return Some(
            suspect
                .saw("the code", format!("{} {}", refused.status, refused.reason), "the app")
                .fix("timedatectl set-ntp true"),
        );
    }
    // A clock that the app itself calls wrong explains codes that it refuses.
    let drifts = log_line(facts, |text| {
        has_each(text, &[&["clock", "system time"], &["not synchroni", "offset", "drift", "skew"]])
            && !is_of_codes(text)
    });
    if let Some((drift, refused)) = drifts.zip(fails) {
        let why = "The app says that its host's clock is off, and codes are refused.";
        return Some(
            quoted(quoted(Suspect::new("auth.totp.clock_skew", why), drift), refused)
                .deep(3)
                .likely()
                .fix("timedatectl set-ntp true"),
        );
    }
    let line = fails.filter(|line| is_of_time(&line.text.to_lowercase()))?;
    let text = line.text.to_lowercase();
    if has_each(
        &text,
        &[&["server's clock", "server clock", "system clock", "host clock", "ntp", "clock of the server"]],
    ) {
        return Some(
            quoted(
                Suspect::new("auth.totp.clock_skew", "The server's clock is off, so codes of all devices fail."),
                line,
            )
            .deep(3)
            .fix("timedatectl set-ntp true"),
        );
    }
    let suspect = quoted(
        Suspect::new(
            "auth.totp.client_clock_skew",
            "The server's clock is right, and the codes of this device belong to another time.",
        ),
        line,
    )
    .deep(2)
    .not("auth.totp.clock_skew", "the server's Date is right")
    .fix("on the device: let the clock be set automatically (date and time, in its settings), then try the next code");
    // On the host itself the server's clock was held against nothing but itself.
    let names_device = has_each(&text, &[&["device", "phone", "client", "authenticator"]]);
    Some(if is_own_clock && is_adrift && !names_device { suspect.possible() } else { suspect })
}

/// Words of refusal.
const REFUSED: &[&str] = &[
    "invalid",
    "wrong",
    "skew",
    "drift",
    "mismatch",
    "window",
    "rejected",
    "refused",
    "denied",
    "failed",
    "unsuccessful",
    "not accepted",
    "out of sync",
    "behind",
    "ahead",
    "incorrect",
    "expired",
    "too old",
    "too late",
    "too early",
];

/// Whether a line is about codes of a second factor, and not one that says they passed.
fn is_of_codes(text: &str) -> bool {
    let about = [
        "totp",
        "one-time code",
        "one-time password",
        "otp ",
        "otp:",
        "2fa",
        "mfa",
        "second factor",
        "authenticator",
        "verification code",
        "two-factor",
        "two factor",
        "2-step",
        "two-step",
        "authentication code",
        "security code",
    ];
    about.iter().any(|word| text.contains(word))
        && !["accepted", "succeeded", "success", "passed"]
            .iter()
            .any(|word| text.contains(word) && !text.contains("not accepted") && !text.contains("unsuccess"))
}

/// Whether a line says that the code belongs to another time.
fn is_of_time(text: &str) -> bool {
    [
        "skew",
        "drift",
        "clock",
        " step",
        "window",
        "behind",
        "ahead",
        "in the past",
        "in the future",
        "out of sync",
        "offset",
        "synchroni",
        "another time",
        "out_of_sync",
        " s late",
        " s early",
        "time difference",
    ]
    .iter()
    .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_date_of_the_answer_shows_the_servers_clock() {
        let mut facts = logged(healthy(), "TOTP code invalid for ada");
        facts.visits[0] = with(
            visit(200),
            "date",
            &httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000 - 90)),
        );
        assert_eq!(code(&RULE, &facts), Some("auth.totp.clock_skew"));
        facts.now -= 90;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_clock_that_the_app_calls_wrong_explains_codes_that_it_refuses() {
        let clock = "the system clock is not synchronized accurately enough with the configured NTP server";
        let code_line = "Unsuccessful TOTP authentication attempt by user ada";
        assert_eq!(code(&RULE, &logged(logged(healthy(), clock), code_line)), Some("auth.totp.clock_skew"));
        assert_eq!(code(&RULE, &logged(healthy(), clock)), None);
        assert_eq!(code(&RULE, &logged(healthy(), code_line)), None);
    }

    #[test]
    fn a_recorded_code_is_held_against_both_clocks() {
        let call = |status, body: &str| Call {
            method: "POST".into(),
            url: "https://app.example.com/login/2fa".into(),
            status,
            body: body.into(),
            ..Call::default()
        };
        let facts = |ahead, calls: Vec<Call>| {
            let mut facts = healthy();
            facts.browser = Some(crate::facts::Browser { calls, clock_ahead: Some(ahead), ..Default::default() });
            facts
        };
        let wrong = || call(401, "Invalid two-factor code");
        assert_eq!(code(&RULE, &facts(394, vec![wrong()])), Some("auth.totp.clock_skew"));
        assert_eq!(code(&RULE, &facts(1, vec![wrong()])), None, "a code may just be mistyped");
        assert_eq!(code(&RULE, &facts(394, vec![wrong(), call(302, "")])), None);
        assert_eq!(code(&RULE, &facts(394, vec![call(403, "CSRF token invalid")])), None);
        assert_eq!(code(&RULE, &facts(40, vec![wrong(), wrong()])), None, "verifiers bear as much");
        let severity = |facts: &Facts| (RULE.judge)(facts).map(|suspect| suspect.severity);
        assert_eq!(severity(&facts(394, vec![wrong()])), Some(doorward_core::Severity::Warning));
        assert_eq!(severity(&facts(394, vec![wrong(), wrong()])), Some(doorward_core::Severity::Error));
        let at = |url: &str, body: &str| Call { url: url.into(), ..call(400, body) };
        for (url, body, expected) in [
            ("https://app.example.com/verify-email", "The code is invalid", None),
            ("https://app.example.com/code-of-conduct", "", None),
            ("https://app.example.com/photos/pilot", "", None),
            ("https://app.example.com/login?next=/otp", "", None),
            ("https://app.example.com/verify", "Invalid verification code", Some("auth.totp.clock_skew")),
            ("https://app.example.com/auth/otp", "", Some("auth.totp.clock_skew")),
            ("https://app.example.com/auth/verify-otp", "", Some("auth.totp.clock_skew")),
        ] {
            let refused = at(url, body);
            assert_eq!(code(&RULE, &facts(394, vec![refused.clone(), refused])), expected, "{url}");
        }
        let late = call(400, "totp_out_of_sync: the code belongs to another time");
        assert_eq!(code(&RULE, &facts(0, vec![late])), Some("auth.totp.client_clock_skew"));
    }
}
