//! `auth.totp_clock`: codes fail because a clock is off.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.totp_clock", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let date = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && !visit.is_cached())
        .find_map(|visit| httpdate::parse_http_date(visit.field("date")?).ok());
    let served = date
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    let off = served.map(|served| served - facts.now);
    let fails = facts.log_any(&["totp", "one-time code", "otp"]).filter(|line| {
        let text = line.text.to_lowercase();
        ["invalid", "wrong", "skew", "drift", "mismatch", "out of window", "rejected"]
            .iter()
            .any(|word| text.contains(word))
    });
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
    let line = fails?;
    let text = line.text.to_lowercase();
    (text.contains("skew") || text.contains("drift") || text.contains("step")).then(|| {
        quoted(
            Suspect::new(
                "auth.totp.client_clock_skew",
                "The server's clock is right, and the codes of this device belong to another time.",
            ),
            line,
        )
        .deep(2)
    })
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
}
