//! `cors.response_headers`: the answer does not let the page read it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cors.response_headers", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if facts.page.is_empty() {
        return recorded(facts);
    }
    let answers: Vec<_> = facts
        .visits
        .iter()
        .filter(|visit| matches!(visit.step, Step::Preflight | Step::Across) && visit.status > 0)
        .collect();
    for visit in &answers {
        let allowed = visit.field("access-control-allow-origin");
        let told = |code, why: String| {
            Suspect::new(code, why).saw(
                format!("{}, Origin: {}", visit.method, facts.page),
                format!("{}, Access-Control-Allow-Origin: {}", visit.status, allowed.unwrap_or("none")),
                visit.url.clone(),
            )
        };
        let line = format!("Access-Control-Allow-Origin: {}   # out of a list, with Vary: Origin", facts.page);
        if visit.count("access-control-allow-origin") > 1 || allowed.is_some_and(|value| value.contains(',')) {
            return Some(
                told(
                    "cors.duplicate_acao",
                    "Access-Control-Allow-Origin stands twice, and browsers refuse that.".into(),
                )
                .fixes(mend::lines(
                    facts,
                    &[
                        ("nginx", "remove add_header Access-Control-Allow-Origin from the proxy; the app sends it"),
                        ("caddy", "remove header Access-Control-Allow-Origin from the proxy; the app sends it"),
                        ("apache", "remove Header add Access-Control-Allow-Origin; the app sends it"),
                        ("haproxy", "remove the line that adds it; the app sends it"),
                        ("traefik", "remove the headers middleware; the app sends it"),
                    ],
                )),
            );
        }
        // Some answer so instead of leaving a field out.
        if super::cors_preflight_blocked::is_of_origin(visit) && allowed.is_none() {
            return Some(
                told(
                    "cors.origin_not_allowed",
                    format!("The answer refuses requests of {} as of an origin that it does not know.", facts.page),
                )
                .fix(format!(
                    "add {} to the app's list of allowed origins: scheme, host and port, no slash at its end",
                    facts.page
                )),
            );
        }
        let is_refused = visit.step == Step::Preflight && visit.status >= 300;
        if is_refused {
            return None;
        }
        match allowed {
            Some("*") => {
                return Some(
                    told(
                        "cors.wildcard_with_credentials",
                        "The answer allows every origin, which browsers refuse where cookies are sent.".into(),
                    )
                    .fix(line)
                    .fix("Access-Control-Allow-Credentials: true"),
                );
            }
            Some(value) if value.eq_ignore_ascii_case(&facts.page) => {
                if visit.field("access-control-allow-credentials") != Some("true") {
                    return Some(told("cors.credentials_not_allowed", format!("Access-Control-Allow-Credentials is missing on the {}, so cookies are neither sent nor stored.", if visit.step == Step::Preflight { "preflight" } else { "answer itself" })).fix("Access-Control-Allow-Credentials: true   # on preflight and answer, for listed origins"));
                }
            }
            Some(other) => {
                return Some(
                    told(
                        "cors.origin_not_allowed",
                        format!("The answer allows {other}, and the page is {}.", facts.page),
                    )
                    .fix(line),
                );
            }
            None if visit.step == Step::Across && (matches!(visit.status, 413 | 502..=504) || visit.status >= 520) => {
                return Some(
                    told(
                        "cors.masking_proxy_error",
                        format!(
                            "The proxy answers {} without CORS headers; the browser calls that a CORS error.",
                            visit.status
                        ),
                    )
                    .fix("mend the error behind it first")
                    .fixes(mend::lines(
                        facts,
                        &[
                            ("nginx", "add_header Access-Control-Allow-Origin $allowed_origin always;"),
                            ("apache", "Header always set Access-Control-Allow-Origin …"),
                            ("caddy", "handle_errors { header Access-Control-Allow-Origin … }"),
                            ("haproxy", "http-after-response set-header Access-Control-Allow-Origin …"),
                            ("traefik", "accessControlAllowOriginList on the router"),
                        ],
                    )),
                );
            }
            None => {
                return Some(
                    told(
                        "cors.origin_not_allowed",
                        format!("The answer names no origin for requests of {}.", facts.page),
                    )
                    .fix(line),
                );
            }
        }
    }
    recorded(facts)
}

/// Whether a script of another origin got an error that a proxy made, without a word that lets it read so.
pub(super) fn is_masked(facts: &Facts, call: &Call) -> bool {
    let own = call.url.split('/').take(3).collect::<Vec<_>>().join("/");
    let from = call.sent("origin").unwrap_or_default();
    let is_across = !from.is_empty() && from != "null" && !from.eq_ignore_ascii_case(&own);
    is_across
        && facts.target.as_ref().is_none_or(|target| call.url.contains(&target.host))
        && (matches!(call.status, 413 | 429 | 431 | 502..=504) || call.status >= 520)
        && call.got("access-control-allow-origin").is_none()
}

/// What a browser recorded of such an error.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let calls = facts.browser.iter().flat_map(|browser| &browser.calls);
    let call = calls.into_iter().find(|call| is_masked(facts, call))?;
    let suspect = Suspect::new(
        "cors.masking_proxy_error",
        format!(
            "{} is answered {} without CORS headers, which the browser calls a CORS error: the status is what is wrong.",
            call.url, call.status
        ),
    )
    .saw(
        format!("{} from {}", call.method, call.sent("origin").unwrap_or_default()),
        format!("{}, no Access-Control-Allow-Origin", call.status),
        "browser",
    )
    .fix("mend the error behind it first");
    heard(facts, suspect)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn across(visit: Visit) -> Facts {
        let mut facts = healthy();
        facts.page = "https://spa.example.com".into();
        facts.visits.push(Visit { step: Step::Across, ..visit });
        facts
    }

    #[test]
    fn each_header_has_its_code() {
        let origin = "access-control-allow-origin";
        for (visit, expected) in [
            (with(visit(401), origin, "*"), Some("cors.wildcard_with_credentials")),
            (with(visit(401), origin, "https://spa.example.com"), Some("cors.credentials_not_allowed")),
            (with(visit(401), origin, "https://other.example.com"), Some("cors.origin_not_allowed")),
            (visit(401), Some("cors.origin_not_allowed")),
            (visit(413), Some("cors.masking_proxy_error")),
            (saying(visit(403), "Invalid CORS request"), Some("cors.origin_not_allowed")),
            (
                with(with(visit(401), origin, "https://spa.example.com"), origin, "https://spa.example.com"),
                Some("cors.duplicate_acao"),
            ),
            (
                with(with(visit(401), origin, "https://spa.example.com"), "access-control-allow-credentials", "true"),
                None,
            ),
        ] {
            assert_eq!(code(&RULE, &across(visit)), expected);
        }
    }
}
