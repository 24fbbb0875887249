//! `csrf.token_mismatch`: a token comes and is not the one that is expected.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "csrf.token_mismatch", judge };

/// What a browser recorded: a refused request whose token is another one than the newest, or is written otherwise.
fn recorded(facts: &Facts) -> Option<Suspect> {
    calls(facts).filter(|call| is_forgery_refusal(call)).find_map(|call| {
        let told = |code, why: &str| {
            Suspect::new(code, why)
                .likely()
                .deep(4)
                .saw(format!("{} {}", call.method, call.url), format!("{}, {}", call.status, call.token_name), "browser")
                .not("csrf.token_not_sent", "a token is sent")
        };
        match call.token {
            Echoed::Older => Some(
                told(
                    "csrf.token_rotated",
                    "The request carries a token that the site handed out before, and another one was handed out since.",
                )
                .fix("on the client: read the token again right before the request, and once more after a 403")
                .fix("on the server: keep the token of the cookie while it is valid, instead of a new one for each answer"),
            ),
            Echoed::Used if call.status == 419 || ["csrf", "xsrf", "forgery"].iter().any(|word| call.says(word)) => Some(
                told(
                    "csrf.token_rotated",
                    "The request carries a token that passed before and passes no more: it was for one use, or belongs to the visitor before a sign-in or sign-out.",
                )
                .fix("on the client: read the token again after each sign-in, sign-out and refusal")
                .fix("on the server: let a token pass as long as the session lasts, and give the new one with the answer that changes the session"),
            ),
            Echoed::Decoded => Some(
                told("csrf.token_encoding", "Token and cookie are equal only once one of them is decoded.")
                    .fix("make tokens of base64url or hex, which nothing encodes; decode once on the client (decodeURIComponent)"),
            ),
            _ => None,
        }
    })
}

fn judge(facts: &Facts) -> Option<Suspect> {
    tried(facts).or_else(|| recorded(facts)).or_else(|| said(facts))
}

/// Words of frameworks for a token that was made for somebody else: before a sign-in, or in another tab.
const OTHERS: &[&str] = &[
    "meant for a different claims-based user",
    "meant for a different user",
    "token was issued for another session",
    "csrf token does not belong to this session",
    "csrf session token is stale",
];

/// The sign-in is refused, and the log says that the token was another visitor's.
fn said(facts: &Facts) -> Option<Suspect> {
    let refused =
        facts.signin.attempts.iter().find(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused))?;
    let line = facts.log_any(OTHERS)?;
    let suspect = Suspect::new(
        "csrf.token_rotated",
        "The token was made for another user or session than the one that sends it: before a sign-in, or in another tab.",
    )
    .deep(2)
    .likely()
    .saw("sign-in", refused.status.to_string(), "the app")
    .fix("on the client: load the form again after a sign-in or sign-out, and once more after a 400 or 403");
    Some(quoted(suspect, line))
}

/// Whether the log speaks of refused tokens of others: what was written since the doctor began is about his own.
fn is_told(facts: &Facts) -> bool {
    let of_others = |host: &&Host| {
        let mut lines = host.log.iter().filter(|line| !host.since.contains(line));
        lines.any(|line| has_each(&line.text, &[&["csrf", "xsrf"], &["match", "invalid", "rotated", "refused"]]))
    };
    facts.host.as_ref().is_some_and(|host| of_others(&host))
}

/// Whether only tokens that hold a plus are refused: forms write a plus for a space.
pub(super) fn is_plus(facts: &Facts) -> bool {
    let all =
        || facts.signin.attempts.iter().filter(|attempt| matches!(attempt.variant, Variant::Browser | Variant::Again));
    let is_refused = |attempt: &Attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused);
    let has_plus = |attempt: &Attempt| attempt.token.as_ref().is_some_and(|token| token.is("plus"));
    let passes = |attempt: &Attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome);
    all().any(is_refused)
        && all().filter(|attempt| is_refused(attempt)).all(has_plus)
        && all().any(|attempt| passes(attempt) && !has_plus(attempt))
        && !all().any(|attempt| passes(attempt) && has_plus(attempt))
}

fn tried(facts: &Facts) -> Option<Suspect> {
    let form = facts.signin.form.as_ref()?;
    let attempt = |variant| facts.signin.attempts.iter().find(|attempt| attempt.variant == variant);
    let passed = |variant| {
        attempt(variant)
            .is_some_and(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome | Answer::FormAgain))
    };
    let first = attempt(Variant::Browser)?;
    let is_refused = |attempt: &&Attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused);
    // A sign-in in order that is refused as well says that it is not the order which decides.
    let is_chance = facts.signin.attempts.iter().filter(is_refused).any(|attempt| attempt.variant == Variant::Again);
    if let Some(raced) = attempt(Variant::Raced).filter(is_refused).filter(|_| !is_chance) {
        let suspect = Suspect::new("csrf.token_rotated", "Each page brings a new token and voids the last one: where two are fetched at once (two tabs, a strict-mode double fetch), the token of one meets the cookie of the other, and the sign-in answers 403.")
                .deep(3)
                .saw("page, then sign-in", format!("{}", first.status), form.action.clone())
                .saw("page, page again, then sign-in with the first token", format!("{}", raced.status), form.action.clone())
                .not("csrf.key_not_shared", "in order, the same token passes")
                .fix("on the server: accept every fresh token of the same browser, and keep the token of the cookie while it is valid, instead of a new one for each page")
                .fix("on the client: one token fetch at a time, and read the token again right before the request");
        // An app that hands tokens to scripts may well count on one fetch at a time; that it goes wrong must be seen.
        let is_seen = !form.is_header || calls(facts).any(is_forgery_refusal) || is_told(facts);
        return Some(if is_seen { suspect } else { suspect.warning() });
    }
    if !matches!(first.answer, Answer::Csrf | Answer::Refused)
        || !facts.signin.withheld.is_empty() && first.sent.is_empty()
    {
        return None;
    }
    let token = form.token.as_ref()?;
    let cookie = facts.visits.iter().flat_map(|visit| &visit.cookies).find(|cookie| cookie.name == form.token_cookie);
    let odd = |mark: &Mark| {
        mark.is("quoted") || mark.is("percent") || mark.is("plus") || mark.is("base64") || mark.is("dollar")
    };
    let is_odd = odd(token) || cookie.is_some_and(|cookie| odd(&cookie.value));
    let is_origin = ["origin", "referer", "cross-site"].iter().any(|word| first.body.to_lowercase().contains(word));
    let others = [Variant::OtherScheme, Variant::NoPort, Variant::NoOrigin, Variant::AllCookies, Variant::Again]
        .iter()
        .any(|variant| passed(*variant));
    if let Some(suspect) = outlived(facts, first).filter(|_| !others && !is_origin && !passed(Variant::Recoded)) {
        return Some(suspect);
    }
    if passed(Variant::Recoded) || is_plus(facts) || is_odd && !is_origin && !others {
        let quirks: Vec<_> = token
            .quirks
            .iter()
            .chain(cookie.iter().flat_map(|cookie| &cookie.value.quirks))
            .filter(|quirk| ["quoted", "percent", "plus", "base64", "dollar"].contains(&quirk.as_str()))
            .cloned()
            .collect();
        return Some(
            Suspect::new("csrf.token_encoding", format!("The token holds characters that one side encodes and the other does not decode ({}).", quirks.join(", ")))
                .deep(2)
                .likely()
                .saw("the token", format!("{} characters, {}", token.length, token.quirks.join(", ")), form.page.clone())
                .saw("its cookie", cookie.map(|cookie| format!("{} characters, {}", cookie.value.length, cookie.value.quirks.join(", "))).unwrap_or_default(), form.token_cookie.clone())
                .fix("make tokens of base64url or hex, which nothing encodes; decode once on the client (decodeURIComponent)"),
        );
    }
    let line = facts
        .log_any(&["expired", "token is too old", "signature has expired"])
        .filter(|line| line.text.to_lowercase().contains("csrf") || line.text.to_lowercase().contains("token"));
    line.filter(|_| !others && !is_origin).map(|line| quoted(too_old(), line))
}

fn too_old() -> Suspect {
    Suspect::new("csrf.token_expired", "A fresh token counts as expired: its life is too short, or clocks differ.")
        .deep(2)
        .likely()
}

/// The app says that the token's time is over, and nothing else: that comes before how the token is written.
fn outlived(facts: &Facts, first: &Attempt) -> Option<Suspect> {
    let says = |text: &str| {
        let is_choice = has_each(text, &[&["or expired", "expired or", "or has expired", "or is expired"]]);
        has_each(text, &[&["csrf", "xsrf", "forgery"], &["token"], &["expired", "too old"]]) && !is_choice
    };
    if let Some(line) = log_line(facts, says) {
        return Some(quoted(too_old(), line));
    }
    says(&first.body).then(|| too_old().saw("sign-in", format!("{} {}", first.status, first.body), "the app"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn tried(answer: Answer, quirk: &str) -> Facts {
        let mut facts = healthy();
        facts.signin.form = Some(crate::facts::Form {
            token: Some(Mark { length: 40, print: "1".into(), quirks: vec![quirk.into()] }),
            ..Default::default()
        });
        facts.signin.attempts = vec![Attempt { answer, status: 403, sent: vec!["a".into()], ..Attempt::default() }];
        facts
    }

    #[test]
    fn a_race_that_fails_where_order_passes_is_rotation() {
        let mut facts = tried(Answer::Credentials, "");
        facts.signin.attempts.push(Attempt {
            variant: Variant::Raced,
            answer: Answer::Csrf,
            status: 403,
            ..Attempt::default()
        });
        assert_eq!(code(&RULE, &facts), Some("csrf.token_rotated"));
        facts.signin.attempts[1].answer = Answer::Credentials;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn odd_characters_that_fail_are_an_encoding() {
        assert_eq!(code(&RULE, &tried(Answer::Csrf, "plus")), Some("csrf.token_encoding"));
        assert_eq!(code(&RULE, &tried(Answer::Csrf, "hex")), None);
    }

    #[test]
    fn an_app_that_says_expired_comes_before_odd_characters() {
        for (text, expected) in [
            ("The CSRF token has expired.", "csrf.token_expired"),
            ("CSRF token invalid or expired", "csrf.token_encoding"),
        ] {
            let mut facts = tried(Answer::Csrf, "plus");
            facts.signin.attempts[0].body = text.into();
            assert_eq!(code(&RULE, &facts), Some(expected), "{text}");
            assert_eq!(code(&RULE, &logged(tried(Answer::Csrf, "plus"), text)), Some(expected), "{text}");
        }
    }
}
