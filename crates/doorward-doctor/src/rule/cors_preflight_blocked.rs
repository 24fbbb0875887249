//! `cors.preflight_blocked`: the browser asks before a request, and gets no leave.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cors.preflight_blocked", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if facts.page.is_empty() {
        return None;
    }
    let preflight = facts.visits(Step::Preflight).next()?;
    let told = |code, why: String| {
        Suspect::new(code, why).saw(format!("OPTIONS, Origin: {}", facts.page), preflight.told(), preflight.url.clone())
    };
    if preflight.is_well() && preflight.status < 300 {
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
    if preflight.field("access-control-allow-origin").is_some() && preflight.status < 400 {
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
            (visit(405), Some("cors.preflight_method_not_allowed")),
            (short, Some("cors.header_not_allowed")),
            (whole, None),
        ] {
            assert_eq!(code(&RULE, &asked(preflight)), expected);
        }
    }
}
