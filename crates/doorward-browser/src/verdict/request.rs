//! Why a request was blocked, or its answer kept from the page.

use serde_json::{Value, json};

use super::{Verdict, host, parts};
use crate::recorder::{Chain, Recorder};

/// The cause that a request shows, if any.
pub(super) fn judge(chain: &Chain, recorder: &Recorder) -> Option<Verdict> {
    let failure = chain.failure.as_deref()?;
    let url = chain.hops().last().map(|hop| hop.url.clone()).unwrap_or_default();
    let made = |code, what: String, remedy: &str, reasons: Vec<String>, evidence: Value| {
        Some(Verdict {
            code,
            subject: url.clone(),
            what,
            remedy: remedy.to_owned(),
            url: url.clone(),
            reasons,
            evidence,
        })
    };
    if let Some(status) = &chain.cors {
        let word = status["corsError"].as_str().unwrap_or_default();
        let (code, what, remedy) = cors(word, chain, recorder);
        let reasons = vec![word.to_owned()];
        return made(code, what, remedy, reasons, json!({ "errorText": failure, "corsErrorStatus": status }));
    }
    let evidence = json!({ "errorText": failure, "blockedReason": chain.blocked, "type": chain.kind });
    if failure == "net::ERR_TOO_MANY_REDIRECTS" {
        let (code, what) = circle(chain);
        return made(
            code,
            what,
            "Find which of the two sends back, and let it believe the other: one canonical host, and the scheme told by X-Forwarded-Proto.",
            vec![failure.to_owned()],
            evidence,
        );
    }
    match chain.blocked.as_deref() {
        Some("mixed-content") => made(
            "frontend.mixed_content",
            "An https page asks by plain http, which browsers block.".to_owned(),
            "Ask by https, or by an address without scheme.",
            vec!["mixed-content".to_owned()],
            evidence,
        ),
        _ if failure == "net::ERR_BLOCKED_BY_RESPONSE" => framing(chain, evidence),
        _ => None,
    }
}

fn framing(chain: &Chain, mut evidence: Value) -> Option<Verdict> {
    let hop = chain.hops().last()?;
    let options = hop.response_header("x-frame-options");
    let policy = hop.response_header("content-security-policy").filter(|policy| policy.contains("frame-ancestors"));
    let header = options
        .map(|value| format!("X-Frame-Options: {value}"))
        .or_else(|| policy.map(|value| format!("Content-Security-Policy: {value}")))?;
    evidence["header"] = header.clone().into();
    Some(Verdict {
        code: "frontend.framing_refused",
        subject: hop.url.clone(),
        what: format!("The answer says `{header}`, so the browser shows nothing in the frame."),
        remedy:
            "Open the sign-in in the window itself. Where a frame is meant, name the framing page in `frame-ancestors`."
                .to_owned(),
        url: hop.url.clone(),
        reasons: vec!["net::ERR_BLOCKED_BY_RESPONSE".to_owned()],
        evidence,
    })
}

/// What is said of an answer that was kept from a page of another origin.
fn cors(word: &str, chain: &Chain, recorder: &Recorder) -> (&'static str, String, &'static str) {
    let url = chain.hops().last().map(|hop| hop.url.as_str()).unwrap_or_default();
    let whose = if word.starts_with("Preflight") || word.contains("ByPreflight") {
        "The answer to the preflight"
    } else {
        "The answer"
    };
    match word.trim_start_matches("Preflight") {
        "WildcardOriginNotAllowed" => (
            "cors.wildcard_with_credentials",
            format!("{whose} allows every origin (`*`), and browsers refuse that where cookies are sent."),
            "Answer with the exact origin out of a list, with `Vary: Origin`.",
        ),
        "InvalidAllowCredentials" => (
            "cors.credentials_not_allowed",
            format!("{whose} does not say `Access-Control-Allow-Credentials: true`, and the page sends cookies."),
            "Send the header on the preflight and on the answer, for the listed origins only.",
        ),
        "MultipleAllowOriginValues" => (
            "cors.duplicate_acao",
            format!("{whose} has `Access-Control-Allow-Origin` more than once."),
            "Let either the proxy or the app add it.",
        ),
        "HeaderDisallowedByPreflightResponse" => (
            "cors.header_not_allowed",
            format!(
                "{whose} does not list the header `{}`.",
                chain
                    .cors
                    .as_ref()
                    .and_then(|status| status["failedParameter"].as_str())
                    .unwrap_or("that the page sends")
            ),
            "Add the header to `Access-Control-Allow-Headers` for this origin.",
        ),
        "MethodDisallowedByPreflightResponse" => (
            "cors.preflight_method_not_allowed",
            format!("{whose} does not list the method."),
            "Add the method to `Access-Control-Allow-Methods` for this origin.",
        ),
        "InvalidStatus" | "DisallowedRedirect" => preflight(url, recorder),
        _ => (
            "cors.origin_not_allowed",
            format!("{whose} does not allow the page's origin to read it."),
            "Add the page's exact origin (scheme, host and port) to the list.",
        ),
    }
}

/// A preflight that was not answered well, by the status that it got.
fn preflight(url: &str, recorder: &Recorder) -> (&'static str, String, &'static str) {
    let asked = recorder
        .all()
        .rev()
        .find(|chain| chain.initiator == "preflight" && chain.hops().iter().any(|hop| hop.url == url));
    let status = asked.and_then(|chain| chain.hops().last()?.status);
    let what = |who: &str| {
        format!(
            "The preflight got {}{who}.",
            status.map_or_else(|| "no good answer".to_owned(), |status| status.to_string())
        )
    };
    match status {
        Some(401 | 300..=399) => (
            "cors.preflight_blocked_by_auth",
            what(": it is asked to sign in, and browsers never send a sign-in with a preflight"),
            "Let the CORS layer stand before the sign-in check.",
        ),
        Some(403 | 419) => (
            "cors.preflight_blocked_by_csrf",
            what(": it is refused, and browsers never send a token with a preflight"),
            "Let the CORS layer stand before the CSRF check.",
        ),
        _ => (
            "cors.preflight_method_not_allowed",
            what(": no route answers OPTIONS"),
            "Put the CORS layer around the router, or add OPTIONS to the route.",
        ),
    }
}

/// What goes round in circles.
fn circle(chain: &Chain) -> (&'static str, String) {
    let last: Vec<&str> = chain.hops().iter().rev().take(4).map(|hop| hop.url.as_str()).collect();
    let differ = |part: fn(&str) -> &str| last.windows(2).any(|pair| part(pair[0]) != part(pair[1]));
    let named = last.first().copied().unwrap_or_default();
    if differ(host) {
        return ("redirect.canonical_host_loop", format!("Two hosts lead to each other without end, last at {named}."));
    }
    if differ(|url| parts(url).0) {
        return ("redirect.xfp_loop", format!("http and https lead to each other without end, last at {named}."));
    }
    ("redirect.loop", format!("The address leads to itself without end, last at {named}."))
}

/// The cause that one of the browser's own issues shows, if any.
pub(super) fn judge_issue(issue: &Value) -> Option<Verdict> {
    if issue["code"] != "ContentSecurityPolicyIssue" {
        return None;
    }
    let details = &issue["details"]["contentSecurityPolicyIssueDetails"];
    let directive = details["violatedDirective"].as_str().unwrap_or_default();
    let url = details["blockedURL"].as_str().unwrap_or("inline").to_owned();
    let is_form = directive.starts_with("form-action");
    Some(Verdict {
        code: if is_form { "csp.form_action" } else { "csp.blocked" },
        subject: directive.to_owned(),
        what: if is_form {
            format!("The page's content policy lets no form be sent to {url}, nor be led there by a redirect.")
        } else {
            format!("The page's content policy ({directive}) keeps {url} out.")
        },
        remedy: if is_form {
            "Name every host that the form is led to, the identity provider too, in `form-action`.".to_owned()
        } else {
            "Name the source in that directive, where the page needs it.".to_owned()
        },
        url,
        reasons: vec![directive.to_owned()],
        evidence: issue.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::of;

    fn failed(url: &str, failure: Value) -> Recorder {
        let mut recorder = Recorder::default();
        recorder.take(
            "Network.requestWillBeSent",
            &json!({ "requestId": "1", "request": { "url": url, "method": "GET" } }),
        );
        let mut params = failure;
        params["requestId"] = "1".into();
        recorder.take("Network.loadingFailed", &params);
        recorder
    }

    #[test]
    fn every_word_of_cors_has_its_code() {
        for (word, code) in [
            ("MissingAllowOriginHeader", "cors.origin_not_allowed"),
            ("AllowOriginMismatch", "cors.origin_not_allowed"),
            ("PreflightMissingAllowOriginHeader", "cors.origin_not_allowed"),
            ("WildcardOriginNotAllowed", "cors.wildcard_with_credentials"),
            ("InvalidAllowCredentials", "cors.credentials_not_allowed"),
            ("HeaderDisallowedByPreflightResponse", "cors.header_not_allowed"),
            ("MethodDisallowedByPreflightResponse", "cors.preflight_method_not_allowed"),
            ("MultipleAllowOriginValues", "cors.duplicate_acao"),
            ("PreflightInvalidStatus", "cors.preflight_method_not_allowed"),
            ("SomethingNew", "cors.origin_not_allowed"),
        ] {
            let recorder = failed(
                "http://api.test/",
                json!({ "errorText": "net::ERR_FAILED", "corsErrorStatus": { "corsError": word } }),
            );
            assert_eq!(of(&recorder)[0].code, code, "{word}");
        }
    }

    #[test]
    fn a_policy_that_stops_a_form_is_told_from_others() {
        for (directive, code) in [("form-action", "csp.form_action"), ("script-src-elem", "csp.blocked")] {
            let mut recorder = Recorder::default();
            recorder.take("Audits.issueAdded", &json!({ "issue": { "code": "ContentSecurityPolicyIssue", "details":
                { "contentSecurityPolicyIssueDetails": { "blockedURL": "http://idp.test/", "violatedDirective": directive } } } }));
            assert_eq!(of(&recorder)[0].code, code);
        }
    }

    #[test]
    fn a_request_that_somebody_took_back_is_no_cause() {
        assert!(of(&failed("http://a/", json!({ "errorText": "net::ERR_ABORTED", "canceled": true }))).is_empty());
    }
}
