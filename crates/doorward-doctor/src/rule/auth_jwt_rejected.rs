//! `auth.jwt_rejected`: a token is refused, and its own claims or the verifier's words say why.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.jwt_rejected", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let token = facts.signin.tokens.iter().find(|token| matches!(token.status, 400 | 401 | 403 | 0));
    let text = token.map(|token| token.body.to_lowercase()).unwrap_or_default();
    if let Some(token) = token {
        let now = token.verifier_now.unwrap_or(facts.now);
        #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 are far below 2^52")]
        let now = now as f64;
        let told = |code, why: String| {
            Suspect::new(code, why)
                .deep(3)
                .saw("a request with the token", format!("{}", token.status), "the app")
                .not("auth.jwt.signature_invalid", "its claims explain the refusal")
        };
        if token.exp.is_some_and(|exp| exp > 1e11)
            || token.exp.zip(token.iat).is_some_and(|(exp, iat)| exp < iat / 100.0 || exp - iat > 1e9)
        {
            return Some(told(
                "auth.jwt.exp_unit",
                format!(
                    "`exp` is {:.0}: milliseconds where seconds are expected, or the other way.",
                    token.exp.unwrap_or_default()
                ),
            ));
        }
        if let Some(ahead) = token.iat.into_iter().chain(token.nbf).map(|at| at - now).find(|ahead| *ahead > 0.9) {
            return Some(told(
                "auth.jwt.clock_skew",
                format!("The token begins {ahead:.0} s in the verifier's future: the clocks differ."),
            ));
        }
        if !token.audience.is_empty() && !token.aud.contains(&token.audience) {
            return Some(told(
                "auth.jwt.audience_mismatch",
                format!("The token is for {}, and the verifier expects {}.", token.aud.join(", "), token.audience),
            ));
        }
        let issuer = [&token.issuer, &token.discovered].into_iter().find(|issuer| !issuer.is_empty());
        if let Some(issuer) = issuer.filter(|issuer| **issuer != token.iss) {
            return Some(told(
                "auth.jwt.issuer_mismatch",
                format!("The token is from {}, and the verifier expects {issuer}.", token.iss),
            ));
        }
    }
    let rows: &[(&'static str, &[&str])] = &[
        (
            "auth.jwt.audience_mismatch",
            &[
                "invalid audience",
                "audience mismatch",
                "audience doesn't match",
                "jwt audience invalid",
                "unexpected audience",
                "aud claim",
                "wrong audience",
            ],
        ),
        (
            "auth.jwt.issuer_mismatch",
            &[
                "invalid issuer",
                "issuer mismatch",
                "jwt issuer invalid",
                "unexpected issuer",
                "iss claim",
                "issuer did not match",
                "issued by a different provider",
            ],
        ),
        (
            "auth.jwt.unknown_kid",
            &[
                "unknown kid",
                "no matching key",
                "unable to find a signing key",
                "kid not found",
                "no applicable key found",
                "signing key not found",
                "unable to find a key",
                "key id",
            ],
        ),
        (
            "auth.jwt.alg_not_allowed",
            &[
                "algorithm is not allowed",
                "invalid algorithm",
                "alg not allowed",
                "specified alg value is not allowed",
                "unexpected signing method",
                "algorithm not supported",
                "alg value is not allowed",
            ],
        ),
        (
            "auth.jwt.clock_skew",
            &[
                "not yet valid",
                "issued in the future",
                "used before issued",
                "iat in the future",
                "immaturesignature",
                "jwt not active",
                "clock skew",
            ],
        ),
        (
            "auth.jwt.signature_invalid",
            &[
                "signature verification failed",
                "invalid signature",
                "signature has failed",
                "signature is invalid",
                "bad signature",
                "signature mismatch",
            ],
        ),
    ];
    let failing = token.is_some()
        || facts.signin.after.iter().any(|status| matches!(status, 401 | 403))
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| attempt.variant == Variant::Real && attempt.answer != Answer::Welcome)
        || facts.visits.iter().any(|visit| visit.step == Step::Provider && visit.status >= 400);
    if !failing {
        return None;
    }
    rows.iter().find_map(|(code, words)| {
        let line = facts.log_any(words);
        let by_answer = words.iter().any(|word| text.contains(word));
        if line.is_none() && !by_answer {
            return None;
        }
        let suspect = Suspect::new(code, "The verifier refuses the token, and says why.").deep(2).saw(
            "a request with the token",
            token.map_or_else(String::new, |token| format!("{} {}", token.status, token.body)),
            "the app",
        );
        Some(match line {
            Some(line) => quoted(suspect, line),
            None => suspect,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Token;

    fn refused(token: Token) -> Facts {
        let mut facts = healthy();
        facts.signin.tokens = vec![Token { status: 401, verifier_now: Some(1_800_000_000), ..token }];
        facts
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
            (Token { iat, ..Token::default() }, None),
        ] {
            assert_eq!(code(&RULE, &refused(token.clone())), expected, "{token:?}");
        }
    }
}
