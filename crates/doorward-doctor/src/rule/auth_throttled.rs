//! `auth.throttled`: too many attempts are counted, and against whom.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.throttled", judge };

/// Whether a line speaks of an account that is locked, rather than of a file, a row or a database.
fn is_lock(text: &str) -> bool {
    let is_about = ["account", "user", "login", "log-in", "sign-in", "signin", "attempt", "failed", "failure", "axes"];
    let is_other = ["database", "deadlock", "lock file", "lockfile", "row lock", "table lock", "mutex", "advisory"];
    has_each(text, &[&["locked", "lockout", "locking out", "lock out", "lock-out"], &is_about])
        && !is_other.iter().any(|word| text.contains(word))
        || has_each(text, &[&["too many failed", "too many login failures", "too many failures"]])
        || is_for_a_while(text)
}

/// Whether an account or address may not come in for some time, and may again after it: that is a lock, whatever it is
/// called.
pub(super) fn is_for_a_while(text: &str) -> bool {
    has_each(
        text,
        &[
            &["account", "user", "login", "address", "login_error"],
            &["temporarily", "until"],
            &["disabled", "banned", "blocked", "suspended"],
        ],
    ) || has_each(text, &[&["bruteforce", "brute force", "brute-force"], &["detected", "blocked", "locked"]])
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let throttled = facts.signin.attempts.iter().position(|attempt| attempt.answer == Answer::Throttled);
    let locked = log_line(facts, is_lock);
    let refused = super::auth_account_state::is_refused(facts);
    let by_page = facts.signin.attempts.iter().position(|attempt| {
        attempt.variant == Variant::Real
            && attempt.answer != Answer::Welcome
            && (attempt.status == 423 || is_lock(&attempt.body.to_lowercase()))
    });
    let at = throttled.or(by_page).or(locked.filter(|_| refused).map(|_| 0))?;
    let first = facts.signin.attempts.get(at)?;
    let lines = facts.log_lines().filter(|line| {
        let text = line.text.to_lowercase();
        ["too many", "attempts from", "rate limit", "ratelimit", "bruteforce attempt", "brute force attempt"]
            .iter()
            .any(|word| text.contains(word))
    });
    let counted = lines.last().and_then(|line| {
        line.text
            .split([' ', ',', ';', '(', ')'])
            .find_map(|word| word.trim_matches(['\'', '"', '.', '\\']).parse::<IpAddr>().ok())
            .map(|address| (address, line))
    });
    let own = |address: &IpAddr| {
        address.is_loopback()
            || facts.host.as_ref().is_some_and(|host| {
                host.addresses.contains(address)
                    || host.inner.iter().any(|inner| inner.addresses.contains(address))
                    || host
                        .containers
                        .iter()
                        .any(|container| container.addresses.iter().any(|(_, known)| known == address))
            })
            || matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 172 && (16..32).contains(&v4.octets()[1]))
    };
    let echoed = facts.echo.as_ref().and_then(|echo| echo.client.parse().ok()).filter(own);
    if let Some(address) = counted.as_ref().map(|(address, _)| *address).filter(own).or(echoed) {
        let suspect = Suspect::new(
            "auth.rate_limit_shared_ip",
            format!("The limit counts {address}, which is the proxy: all visitors share it."),
        )
        .deep(3)
        .saw("sign-in", format!("{} at attempt {}", first.status, at + 1), "the app")
        .not("auth.locked_out", "it is the address that is counted, not the account")
        .fixes(mend::lines(
            facts,
            &[
                ("nginx", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"),
                ("caddy", "trusted_proxies static PROXY-ADDRESS"),
                ("haproxy", "option forwardfor"),
                ("traefik", "forwardedHeaders.trustedIPs"),
                ("apache", "RemoteIPHeader X-Forwarded-For"),
            ],
        ))
        .fix("and let the app trust this proxy's address for it");
        return Some(match counted {
            Some((_, line)) => quoted(suspect, line),
            None => suspect,
        });
    }
    let missing = facts.log_with(&["lock", "none"]).or_else(|| facts.log_with(&["ip", "null"]));
    if let Some(at) = by_page.filter(|_| locked.or(missing).is_none()) {
        let attempt = &facts.signin.attempts[at];
        return Some(
            Suspect::new("auth.locked_out", "The app says that the account is locked after failures.").deep(2).saw(
                "sign-in with the named account",
                format!("{} {}", attempt.status, attempt.body),
                "the app",
            ),
        );
    }
    if let Some(line) = locked.or(missing) {
        return Some(
            quoted(
                Suspect::new(
                    "auth.locked_out",
                    "The account or address is locked after failures that were never cleared.",
                )
                .deep(2),
                line,
            )
            .saw("sign-in", format!("{}", first.status), "the app"),
        );
    }
    // One attempt of a name that nobody has cannot have used up a limit: it was spent before.
    (at == 0 && throttled.is_some()).then(|| {
        Suspect::new("auth.locked_out", "The very first attempt is refused as one too many.").possible().saw(
            "sign-in",
            format!("{}", first.status),
            "the app",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_limit_on_the_proxys_address_is_shared() {
        let mut facts = logged(healthy(), "too many attempts from 127.0.0.1");
        facts.signin.attempts = vec![Attempt { answer: Answer::Throttled, status: 429, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), Some("auth.rate_limit_shared_ip"));
        facts.host.as_mut().unwrap().log[0].text = "account locked: ada".into();
        assert_eq!(code(&RULE, &facts), Some("auth.locked_out"));
        facts.signin.attempts[0].answer = Answer::Credentials;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn what_ends_by_itself_is_a_lock() {
        for (text, expected) in [
            ("type=\"LOGIN_ERROR\", error=\"user_temporarily_disabled\"", true),
            ("attempt by user ada and they are banned until 7:06PM", true),
            ("Bruteforce attempt from 203.0.113.9 detected for action login", true),
            ("type=\"LOGIN_ERROR\", error=\"user_disabled\"", false),
            ("waiting until the database is there", false),
        ] {
            assert_eq!(is_lock(&text.to_lowercase()), expected, "{text}");
        }
    }
}
