//! `auth.jwt_rejected`: a token is refused, and its own claims or the verifier's words say why.

use super::basis::*;
use crate::facts::Token;

pub(super) const RULE: Rule = Rule { family: "auth.jwt_rejected", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let recorded = facts.browser.iter().flat_map(|browser| &browser.tokens);
    let all = facts.signin.tokens.iter().chain(recorded);
    let token = all.into_iter().find(|token| matches!(token.status, 400 | 401 | 403 | 0));
    if let Some(suspect) = token.and_then(|token| claimed(facts, token)) {
        return Some(suspect);
    }
    let is_failing = token.is_some()
        || facts.signin.after.iter().any(|status| matches!(status, 401 | 403))
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| attempt.variant == Variant::Real && attempt.answer != Answer::Welcome)
        || facts.signin.attempts.iter().any(|attempt| attempt.answer == Answer::Failure)
        || facts.visits(Step::Provider).chain(&facts.at_provider).any(|visit| visit.status >= 400);
    if !is_failing {
        return overheard(facts);
    }
    said(facts, token).or_else(|| overdue(facts, token?)).or_else(|| hinted(token?))
}

/// A token that is called expired while it lasts by the clock of the very host that says so: the verifier counts its
/// end in another unit.
fn overdue(facts: &Facts, token: &Token) -> Option<Suspect> {
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let (now, own) = (token.verifier_now? as f64, facts.now as f64);
    let is_called = has_each(&token.body, &[&["token", "jwt", "signature"], &["expired"]])
        || log_line(facts, |text| has_each(text, &[&["jwt", "token"], &["expired"]]) && !text.contains("csrf"))
            .is_some();
    let lasts = token.exp.zip(token.iat).is_some_and(|(exp, iat)| exp > now + 30.0 && (iat - now).abs() < 30.0);
    let is_one_clock = facts.host.is_some() && (now - own).abs() < 30.0;
    if !(is_called && lasts && is_one_clock) {
        return None;
    }
    // A proxy writes a Date of its own: the app's is the one that it writes past the proxy.
    let at_app = facts.visits.iter().filter(|visit| visit.via == Via::App && !visit.is_cached());
    let dates = at_app.filter_map(|visit| httpdate::parse_http_date(visit.field("date")?).ok());
    let unix = dates.filter_map(|date| Some(date.duration_since(std::time::UNIX_EPOCH).ok()?.as_secs_f64()));
    if let Some(off) = unix.map(|date| date - own).find(|off| off.abs() > 30.0) {
        let why = format!("The app's own clock is {off:.0} s off from its proxy's, so it calls new tokens expired.");
        return Some(
            told(token, "auth.jwt.clock_skew", why)
                .saw("Date, past the proxy", format!("{off:.0} s from here"), "the app")
                .not("auth.jwt.exp_unit", "the verifier's own clock explains it")
                .fix("timedatectl set-ntp true   # on issuer and verifier; allow a leeway of some seconds in the verifier"),
        );
    }
    // Of several apps behind the proxy one was asked, and another may verify.
    if facts.host.as_ref().is_some_and(|host| crate::host::upstream::all(host).len() > 1) {
        return None;
    }
    Some({
        let why = format!(
            "The token lasts another {:.0} s by the clock of the host that calls it expired: the verifier holds seconds against milliseconds.",
            token.exp.unwrap_or_default() - now
        );
        told(token, "auth.jwt.exp_unit", why)
            .likely()
            .not("auth.jwt.clock_skew", "host and doctor have one time")
            .fix("compare exp with floor(now in milliseconds / 1000)   # NumericDate is seconds (RFC 7519, section 2)")
    })
}

fn told(token: &Token, code: &'static str, why: String) -> Suspect {
    Suspect::new(code, why)
        .deep(3)
        .saw("a request with the token", format!("{} {}", token.status, token.body), "the app")
        .not("auth.jwt.signature_invalid", "its claims explain the refusal")
}

/// What the token's own claims show, held against the clock and against what the verifier expects.
fn claimed(facts: &Facts, token: &Token) -> Option<Suspect> {
    let now = token.verifier_now.unwrap_or(facts.now);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
    let now = now as f64;
    if token.exp.is_some_and(|exp| exp > 1e11)
        || token.exp.zip(token.iat).is_some_and(|(exp, iat)| exp < iat / 100.0 || exp - iat > 1e9)
    {
        let why = format!(
            "`exp` is {:.0}: milliseconds where seconds are expected, or the other way.",
            token.exp.unwrap_or_default()
        );
        return Some(told(token, "auth.jwt.exp_unit", why).fix(
            "exp = floor(now in milliseconds / 1000) + lifetime   # NumericDate is seconds (RFC 7519, section 2)",
        ));
    }
    let ntp = "timedatectl set-ntp true   # on issuer and verifier; allow a leeway of some seconds in the verifier";
    if let Some(ahead) = token.iat.into_iter().chain(token.nbf).map(|at| at - now).find(|ahead| *ahead > 0.9) {
        let why = format!("The token begins {ahead:.0} s in the verifier's future: the clocks differ.");
        return Some(told(token, "auth.jwt.clock_skew", why).fix(ntp));
    }
    // It was made a moment ago, by the clock of whoever made it.
    if let Some(behind) = token.iat.map(|at| now - at).filter(|behind| *behind > 60.0)
        && token.exp.is_some_and(|exp| exp <= now)
    {
        let why = format!("The token was made just now and is {behind:.0} s old: the issuer's clock is behind.");
        return Some(told(token, "auth.jwt.clock_skew", why).fix(ntp));
    }
    if !token.audience.is_empty() && !token.aud.contains(&token.audience) {
        let why = format!("The token is for {}, and the verifier expects {}.", token.aud.join(", "), token.audience);
        return Some(
            told(token, "auth.jwt.audience_mismatch", why)
                .fix(format!("at the issuer: add {} to the audiences of this client's tokens", token.audience)),
        );
    }
    let discovered = Some(&token.discovered).filter(|_| token.iss.starts_with("http"));
    let issuer = Some(&token.issuer).into_iter().chain(discovered).find(|issuer| !issuer.is_empty());
    if let Some(issuer) = issuer.filter(|issuer| **issuer != token.iss) {
        let why = format!("The token is from {}, and the verifier expects {issuer}.", token.iss);
        return Some(told(token, "auth.jwt.issuer_mismatch", why).fix(
            "give the issuer one address for all (its external URL), and the verifier the same one, to the last slash",
        ));
    }
    if !token.kid.is_empty() && !token.published.is_empty() && !token.published.contains(&token.kid) {
        let why = format!(
            "The token is signed with the key {}, and published are {}.",
            token.kid,
            token.published.join(", ")
        );
        return Some(told(token, "auth.jwt.unknown_kid", why).fix(
            "publish a new key before signing with it, and let the verifier fetch the keys again for an unknown kid",
        ));
    }
    let is_foreign = !token.algorithms.is_empty() && !token.algorithms.contains(&token.alg);
    (token.alg.eq_ignore_ascii_case("none") || is_foreign && token.kid.is_empty()).then(|| {
        let why =
            format!("The token is signed with {}, and the keys are for {}.", token.alg, token.algorithms.join(", "));
        told(token, "auth.jwt.alg_not_allowed", why)
            .fix("sign with the algorithm of the published keys; never let the token choose")
    })
}

/// What verifiers say of a claim that they do not take.
const NOT_TAKEN: &[&str] = &[
    "invalid",
    "mismatch",
    "not match",
    "doesn't match",
    "didn't match",
    "unexpected",
    "expected",
    "wrong",
    "untrusted",
    "unknown",
    "not allowed",
    "not accepted",
    "not valid",
    "different",
    "not in the list",
    "rejected",
    "refused",
    "validation failed",
];

/// The code for which these words speak, if one.
fn spoken(text: &str) -> Option<&'static str> {
    let text = text.to_lowercase();
    let has = |groups: &[&[&str]]| has_each(&text, groups);
    if text.contains("certificate") || text.contains("csrf") {
        return None;
    }
    let about_key: &[&str] =
        &["kid ", "kid=", "kid:", "kid\"", "kid'", "`kid`", "key id", "signing key", "jwks", "jwk "];
    let missing: &[&str] = &[
        "unknown",
        "not found",
        "no matching",
        "unable to find",
        "unable to match",
        "could not find",
        "cannot find",
        "can't find",
        "no key",
        "no applicable",
        "unrecognized",
        "unrecognised",
        "not in",
        "did not match any",
        "does not match any",
        "missing",
    ];
    let about_alg: &[&str] = &["algorithm", "alg ", "alg=", "alg:", "`alg`", "'alg'", "\"alg\"", "signing method"];
    let alg_refused: &[&str] = &[
        "not allowed",
        "invalid",
        "unexpected",
        "unsupported",
        "not supported",
        "disallowed",
        "rejected",
        "mismatch",
        "not in",
        "is not",
        "wrong",
    ];
    let early: &[&str] = &[
        "not yet valid",
        "issued in the future",
        "used before",
        "in the future",
        "immaturesignature",
        "not active",
        "clock skew",
        "before nbf",
        "issued at",
        "token is from the future",
    ];
    // Milliseconds taken for seconds lie tens of thousands of years ahead.
    let is_far = has(&[&["year "], &["out of range"]]) && has(&[&["exp", "token", "jwt", "claim", "timestamp"]]);
    match () {
        () if is_far => Some("auth.jwt.exp_unit"),
        () if has(&[&["audience", " aud ", "`aud`", "'aud'", "\"aud\"", "(aud)", "aud claim"], NOT_TAKEN]) => {
            Some("auth.jwt.audience_mismatch")
        }
        () if has(&[
            &["issuer", " iss ", "`iss`", "'iss'", "\"iss\"", "(iss)", "iss claim", "issued by"],
            NOT_TAKEN,
        ]) =>
        {
            Some("auth.jwt.issuer_mismatch")
        }
        () if has(&[about_key, missing]) => Some("auth.jwt.unknown_kid"),
        () if has(&[about_alg, alg_refused]) => Some("auth.jwt.alg_not_allowed"),
        () if has(&[early]) => Some("auth.jwt.clock_skew"),
        () if has(&[
            &["signature"],
            &[
                "fail",
                "invalid",
                "bad ",
                "mismatch",
                "not match",
                "doesn't match",
                "could not be verified",
                "wrong",
                "not valid",
            ],
        ]) && !text.contains("expired") =>
        {
            Some("auth.jwt.signature_invalid")
        }
        () => None,
    }
}

/// What the verifier says: in its answer, or in a log that speaks of tokens.
fn said(facts: &Facts, token: Option<&Token>) -> Option<Suspect> {
    let is_of_tokens = |text: &str| {
        has_each(
            text,
            &[&["token", "jwt", "jws", "jwk", "bearer", "claim", "oidc", "openid", "kid", "issuer", "signature"]],
        ) && !has_each(text, &[&["csrf", "xsrf", "webhook"]])
    };
    let by_answer = token.and_then(|token| spoken(&token.body));
    let line = log_line(facts, |text| {
        is_of_tokens(text) && spoken(text).is_some_and(|code| by_answer.is_none_or(|by| by == code))
    });
    let code = by_answer.or_else(|| spoken(&line?.text))?;
    let suspect = Suspect::new(code, "The verifier refuses the token, and says why.").deep(2).saw(
        "a request with the token",
        token.map_or_else(String::new, |token| format!("{} {}", token.status, token.body)),
        "the app",
    );
    Some(match line {
        Some(line) => quoted(suspect, line),
        None => suspect,
    })
}

/// What only the log tells, and more than once: a single line may be a stranger's token, or a key that was new.
fn overheard(facts: &Facts) -> Option<Suspect> {
    let is_well = facts.signin.tokens.iter().any(|token| (200..400).contains(&token.status))
        || facts.signin.attempts.iter().any(|attempt| attempt.variant == Variant::Real);
    let suspect = said(facts, None).filter(|suspect| !is_well && suspect.code != "auth.jwt.signature_invalid")?;
    let again = facts.log_lines().filter(|line| spoken(&line.text) == Some(suspect.code)).count();
    if again < 2 { None } else { heard(facts, suspect) }
}

/// What a refused token shows without a word of the verifier.
fn hinted(token: &Token) -> Option<Suspect> {
    let host = host_of(&token.iss);
    let is_inner = host.is_some_and(|host| {
        !host.contains('.') || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok_and(|address| is_private(&address))
    });
    if is_inner && token.is_issuer_there == Some(false) {
        let why = format!("The token names {} as its issuer, an address that is known inside alone.", token.iss);
        return Some(
            told(token, "auth.jwt.issuer_mismatch", why)
                .likely()
                .fix("set the issuer's external URL (KC_HOSTNAME, ISSUER), and expect the same at the verifier"),
        );
    }
    // Keycloak's audience for its own account page, which tokens carry until somebody adds another.
    (token.aud == ["account"]).then(|| {
        told(
            token,
            "auth.jwt.audience_mismatch",
            "The token is for `account` alone, which is Keycloak's own account page.".to_owned(),
        )
        .likely()
        .fix("in Keycloak: an audience mapper for this client, with the API's name")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn refused(token: Token) -> Facts {
        let mut facts = healthy();
        facts.signin.tokens = vec![Token { status: 401, verifier_now: Some(1_800_000_000), ..token }];
        facts
    }

    #[test]
    fn a_log_that_says_it_again_and_again_is_heard() {
        let line = "IDX10214: Audience validation failed. Audiences: 'account'. Token of web refused.";
        let facts = logged(healthy(), line);
        assert_eq!(code(&RULE, &facts), None, "one line may be a stranger's");
        let facts = logged(facts, line);
        assert_eq!(code(&RULE, &facts), Some("auth.jwt.audience_mismatch"));
        let bad = "JWT signature is invalid";
        assert_eq!(code(&RULE, &logged(logged(healthy(), bad), bad)), None, "strangers send anything");
    }

    #[test]
    fn a_token_that_lasts_and_counts_as_expired_is_counted_in_another_unit() {
        let token = Token {
            iat: Some(1_800_000_000.0),
            exp: Some(1_800_000_900.0),
            body: "jwt expired".into(),
            ..Token::default()
        };
        let mut facts = refused(token);
        facts.now = 1_800_000_000;
        facts.host = None;
        assert_eq!(code(&RULE, &facts), None, "another clock may be meant");
        facts.host = Some(host(&["127.0.0.1:8000"]));
        assert_eq!(code(&RULE, &facts), Some("auth.jwt.exp_unit"));
        let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_hours(500_002));
        facts.visits.push(by(with(visit(200), "date", &date), Via::App));
        assert_eq!(code(&RULE, &facts), Some("auth.jwt.clock_skew"), "past the proxy the app shows another clock");
        facts.visits.pop();
        facts.signin.tokens[0].exp = Some(1_799_999_990.0);
        assert_eq!(code(&RULE, &facts), None, "it is expired");
    }

    #[test]
    fn the_claims_tell() {
        let iat = Some(1_800_000_000.0);
        for (token, expected) in [
            (Token { iat, exp: Some(1_800_000_600_000.0), ..Token::default() }, Some("auth.jwt.exp_unit")),
            (
                Token { iat: Some(1_800_000_005.0), exp: Some(1_800_000_600.0), ..Token::default() },
                Some("auth.jwt.clock_skew"),
            ),
            (
                Token { iat, aud: vec!["a".into()], audience: "b".into(), ..Token::default() },
                Some("auth.jwt.audience_mismatch"),
            ),
            (
                Token { iat, iss: "https://in".into(), discovered: "https://out".into(), ..Token::default() },
                Some("auth.jwt.issuer_mismatch"),
            ),
            (
                Token { iat, body: "Signature verification failed".into(), ..Token::default() },
                Some("auth.jwt.signature_invalid"),
            ),
            (
                Token { iat, body: "Unable to find key with kid 2026-02".into(), ..Token::default() },
                Some("auth.jwt.unknown_kid"),
            ),
            (
                Token {
                    iat,
                    body: "Invalid token issuer. Expected https://a, but was http://b".into(),
                    ..Token::default()
                },
                Some("auth.jwt.issuer_mismatch"),
            ),
            (
                Token { iat, body: "The specified alg value is not allowed".into(), ..Token::default() },
                Some("auth.jwt.alg_not_allowed"),
            ),
            (
                Token { iat, kid: "b".into(), published: vec!["a".into()], ..Token::default() },
                Some("auth.jwt.unknown_kid"),
            ),
            (
                Token { iat, alg: "HS256".into(), algorithms: vec!["RS256".into()], ..Token::default() },
                Some("auth.jwt.alg_not_allowed"),
            ),
            (
                Token { iat: Some(1_799_999_000.0), exp: Some(1_799_999_300.0), ..Token::default() },
                Some("auth.jwt.clock_skew"),
            ),
            (
                Token { iat, iss: "http://keycloak:8080/r".into(), is_issuer_there: Some(false), ..Token::default() },
                Some("auth.jwt.issuer_mismatch"),
            ),
            (Token { iat, aud: vec!["account".into()], ..Token::default() }, Some("auth.jwt.audience_mismatch")),
            (Token { iat, body: "self-signed certificate: unknown issuer".into(), ..Token::default() }, None),
            (Token { iat, ..Token::default() }, None),
        ] {
            assert_eq!(code(&RULE, &refused(token.clone())), expected, "{token:?}");
        }
    }
}
