//! `cors.preflight_blocked`: the browser asks before a request, and gets no leave.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cors.preflight_blocked", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    asked(facts).or_else(|| recorded(facts))
}

/// A preflight that a browser recorded, and that gives no leave to what is sent after it.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let is_preflight = |call: &&Call| call.method == "OPTIONS" && call.sent("access-control-request-method").is_some();
    calls(facts).filter(is_preflight).find_map(|call| {
        // What came through after it had leave.
        if calls(facts).any(|other| other.url == call.url && other.method != "OPTIONS" && other.status > 0) {
            return None;
        }
        let told = |code, why: String| {
            Suspect::new(code, why).likely().saw(
                format!("OPTIONS {}, Origin: {}", call.url, call.sent("origin").unwrap_or_default()),
                call.status.to_string(),
                "browser",
            )
        };
        let (code, why) = match call.status {
            400 if call.says("disallowed cors method") => (
                "cors.preflight_method_not_allowed",
                "The answer to the preflight does not allow the method, so the browser sends nothing.",
            ),
            200..=299 | 400 if call.status != 400 || call.says("disallowed cors header") => {
                call.got("access-control-allow-origin")?;
                let allowed = call.got("access-control-allow-headers").unwrap_or_default().to_lowercase();
                let listed: Vec<_> = allowed.split(',').map(str::trim).collect();
                let wanted = call.sent("access-control-request-headers").unwrap_or_default().to_lowercase();
                let is_open = listed.contains(&"*") && call.got("access-control-allow-credentials").is_none();
                let missing = wanted
                    .split(',')
                    .map(str::trim)
                    .find(|name| !name.is_empty() && !is_open && !listed.contains(name))?;
                let why = format!(
                    "The answer to the preflight does not allow the header `{missing}`, so the browser sends nothing."
                );
                return Some(
                    told("cors.header_not_allowed", why)
                        .fix(format!("Access-Control-Allow-Headers: {allowed}, {missing}")),
                );
            }
            401 => {
                ("cors.preflight_blocked_by_auth", "The app asks the preflight to sign in, and browsers never do that.")
            }
            403 | 419 if call.says("csrf") || call.says("forgery") => (
                "cors.preflight_blocked_by_csrf",
                "The CSRF check refuses the preflight, and browsers never send a token with it.",
            ),
            404 | 405 | 501 => (
                "cors.preflight_method_not_allowed",
                "No route answers OPTIONS, so the browser never sends the request.",
            ),
            301..=308 => ("cors.preflight_blocked_by_auth", "The preflight is redirected, and browsers do not follow."),
            _ => return None,
        };
        Some(
            told(code, why.to_owned()).fix("let the CORS layer stand outermost, before sign-in, CSRF check and router"),
        )
    })
}

/// Whether a refusal says that it is the page's origin which is not on the list, as Spring and others answer.
pub(super) fn is_of_origin(answer: &Visit) -> bool {
    [
        "invalid cors request",
        "origin not allowed",
        "origin is not allowed",
        "not allowed by cors",
        "disallowed cors origin",
    ]
    .iter()
    .any(|word| answer.says(word))
}

fn asked(facts: &Facts) -> Option<Suspect> {
    if facts.page.is_empty() {
        return None;
    }
    let preflight = facts.visits(Step::Preflight).next()?;
    let told = |code, why: String| {
        Suspect::new(code, why).saw(format!("OPTIONS, Origin: {}", facts.page), preflight.told(), preflight.url.clone())
    };
    // Some refuse the whole where they miss one header, and say with it which they allow.
    let is_partly = preflight.status == 400 && preflight.says("disallowed cors header");
    if preflight.status == 400 && preflight.says("disallowed cors method") {
        let why = "The answer to the preflight does not allow POST, so the browser sends nothing.".to_owned();
        return Some(told("cors.preflight_method_not_allowed", why).fix("Access-Control-Allow-Methods: GET, POST"));
    }
    if preflight.is_well() && preflight.status < 300 || is_partly {
        let asked = preflight
            .sent
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("access-control-request-headers"))
            .map(|(_, value)| value.to_lowercase())
            .unwrap_or_default();
        let allowed = preflight.field("access-control-allow-headers").unwrap_or_default().to_lowercase();
        preflight.field("access-control-allow-origin")?;
        let listed: Vec<_> = allowed.split(',').map(str::trim).collect();
        let missing = asked.split(',').map(str::trim).find(|name| {
            let is_open = listed.contains(&"*") && preflight.field("access-control-allow-credentials").is_none();
            !name.is_empty() && !listed.contains(name) && !is_open
        })?;
        return Some(
            told(
                "cors.header_not_allowed",
                format!(
                    "The answer to the preflight does not allow the header `{missing}`, so the browser sends nothing."
                ),
            )
            .saw("Access-Control-Allow-Headers", allowed.clone(), "the app")
            .fix(format!(
                "Access-Control-Allow-Headers: {}",
                [allowed.as_str(), missing]
                    .iter()
                    .filter(|part| !part.is_empty())
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ")
            )),
        );
    }
    if preflight.field("access-control-allow-origin").is_some() && preflight.status < 400 || is_of_origin(preflight) {
        return None;
    }
    let (code, why) = match preflight.status {
        401 => ("cors.preflight_blocked_by_auth", "The app asks the preflight to sign in, and browsers never do that."),
        403 | 419 if preflight.says("csrf") || preflight.says("forgery") || preflight.says("token") => (
            "cors.preflight_blocked_by_csrf",
            "The CSRF check refuses the preflight, and browsers never send a token with it.",
        ),
        403 => ("cors.preflight_blocked_by_auth", "The app refuses the preflight, which never carries credentials."),
        404 | 405 | 501 => {
            ("cors.preflight_method_not_allowed", "No route answers OPTIONS, so the browser never sends the request.")
        }
        301..=308 => (
            "cors.preflight_blocked_by_auth",
            "The preflight is redirected to the sign-in, and browsers do not follow.",
        ),
        _ => return None,
    };
    Some(
        told(code, why.to_owned())
            .not("cors.origin_not_allowed", "the preflight itself is refused")
            .fix("let the CORS layer stand outermost, before sign-in, CSRF check and router"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn asked(preflight: Visit) -> Facts {
        let mut facts = healthy();
        facts.page = "https://spa.example.com".into();
        let sent = vec![("Access-Control-Request-Headers".to_owned(), "content-type,x-csrf-token".to_owned())];
        facts.visits.push(Visit { step: Step::Preflight, sent, ..preflight });
        facts
    }

    #[test]
    fn a_refusal_that_names_what_it_allows_is_of_headers() {
        let refused = |text: &str| {
            let visit = with(
                with(saying(visit(400), text), "access-control-allow-origin", "https://spa.example.com"),
                "access-control-allow-headers",
                "Content-Type",
            );
            asked(visit)
        };
        assert_eq!(code(&RULE, &refused("Disallowed CORS headers")), Some("cors.header_not_allowed"));
        assert_eq!(code(&RULE, &refused("Disallowed CORS method")), Some("cors.preflight_method_not_allowed"));
        assert_eq!(code(&RULE, &refused("Disallowed CORS origin")), None);
    }

    #[test]
    fn a_recorded_preflight_tells_what_it_does_not_allow() {
        let mut facts = healthy();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let call = Call {
            method: "OPTIONS".into(),
            url: "https://api.test/login".into(),
            status: 204,
            sent: vec![
                pair("access-control-request-method", "POST"),
                pair("access-control-request-headers", "content-type,x-xsrf-token"),
            ],
            got: vec![
                pair("access-control-allow-origin", "https://a.test"),
                pair("access-control-allow-headers", "Content-Type"),
            ],
            ..Call::default()
        };
        facts.browser = Some(crate::facts::Browser { calls: vec![call.clone()], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("cors.header_not_allowed"));
        facts.browser.as_mut().unwrap().calls.push(Call { method: "POST".into(), status: 401, ..call });
        assert_eq!(code(&RULE, &facts), None, "it came through");
    }

    #[test]
    fn each_refusal_has_its_code() {
        let csrf = saying(visit(403), "CSRF token missing");
        let short = with(
            with(visit(204), "access-control-allow-origin", "https://spa.example.com"),
            "access-control-allow-headers",
            "content-type",
        );
        let whole = with(
            with(visit(204), "access-control-allow-origin", "https://spa.example.com"),
            "access-control-allow-headers",
            "Content-Type, X-CSRF-Token",
        );
        for (preflight, expected) in [
            (visit(401), Some("cors.preflight_blocked_by_auth")),
            (csrf, Some("cors.preflight_blocked_by_csrf")),
            (saying(visit(403), "Invalid CORS request"), None),
            (visit(405), Some("cors.preflight_method_not_allowed")),
            (short, Some("cors.header_not_allowed")),
            (whole, None),
        ] {
            assert_eq!(code(&RULE, &asked(preflight)), expected);
        }
    }
}
