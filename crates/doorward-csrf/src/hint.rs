//! Two sentences about a refusal: one for the client that names only what it sent, one for the operator that also
//! names what was expected.

use http::HeaderName;

use crate::Reason;
use crate::csrf::Csrf;
use crate::report::Report;
use crate::request::RequestView;

/// Header names under which clients of other frameworks send their token.
const LOOK_ALIKES: [HeaderName; 7] = [
    HeaderName::from_static("x-csrf-token"),
    HeaderName::from_static("x-csrftoken"),
    HeaderName::from_static("x-xsrf-token"),
    HeaderName::from_static("xsrf-token"),
    HeaderName::from_static("csrf-token"),
    HeaderName::from_static("x_csrf_token"),
    HeaderName::from_static("csrf_token"),
];

/// What the client sent that explains the refusal; empty where nothing more can be said than the reason.
pub(crate) fn for_client(csrf: &Csrf, view: &RequestView<'_>, report: &Report) -> String {
    let origin = report.origin.as_deref().unwrap_or_default();
    match report.reason {
        Reason::AuthorityMismatch | Reason::HostMalformed | Reason::HostNotAllowed => {
            "Call this server by its public address.".to_owned()
        }
        Reason::HttpsRequired => "The request came over http. Use https.".to_owned(),
        Reason::CrossSite | Reason::SameSiteUntrusted | Reason::TokenEndpointCrossSite | Reason::OriginUntrusted => {
            from_elsewhere(origin)
        }
        Reason::OriginSchemeMismatch => format!("The request comes from {origin}: this host, with another scheme."),
        Reason::OriginPortMismatch => format!("The request comes from {origin}: this host, at another port."),
        Reason::OriginNull => {
            "Origin was null. A Referrer-Policy of no-referrer, a sandboxed frame or a redirect from elsewhere does that.".to_owned()
        }
        Reason::OriginMalformed => "Origin was not an origin.".to_owned(),
        Reason::SfsOriginConflict | Reason::SfsConflict | Reason::SfsUnknown => {
            "Sec-Fetch-Site and Origin are written by browsers. Something on the way changed them.".to_owned()
        }
        Reason::RefererMalformed | Reason::RefererInsecure | Reason::RefererUntrusted => {
            "Referer was not a page of this server.".to_owned()
        }
        Reason::TokenMissing => missing_token(csrf, view),
        Reason::TokenAmbiguous => "Several different tokens arrived. Send one.".to_owned(),
        Reason::TokenMalformed => "What arrived is not a token. Send it exactly as it was received.".to_owned(),
        Reason::TokenBadSignature => "The token was signed by another instance. Use the fresh one.".to_owned(),
        Reason::TokenExpired => "The token is too old. Use the fresh one.".to_owned(),
        Reason::CookieMissing => missing_cookie(csrf, view, report),
        Reason::CookieInvalid => format!("The {} cookie that arrived is not from here.", csrf.cookie_name()),
        Reason::TokenOtherSession => "Somebody else has signed in meanwhile. Reload the page.".to_owned(),
        Reason::TokenStaleSession => "You have signed in or out since the token was issued. Use the fresh one.".to_owned(),
        Reason::TokenBindingMismatch => "The token belongs to another browser. Use the fresh one.".to_owned(),
        _ => String::new(),
    }
}

fn from_elsewhere(origin: &str) -> String {
    match origin {
        "" | "null" => "A page of another site sent the request.".to_owned(),
        origin => format!("The request comes from {origin}, which is another origin."),
    }
}

fn missing_token(csrf: &Csrf, view: &RequestView<'_>) -> String {
    let is_other = |name: &&HeaderName| **name != csrf.header && view.headers.contains_key(*name);
    match LOOK_ALIKES.iter().find(is_other) {
        Some(name) => format!("A header {name} arrived. The token belongs into {}.", csrf.header_text()),
        None => format!("No {} header and no form field {} arrived.", csrf.header_text(), csrf.field_name()),
    }
}

fn missing_cookie(csrf: &Csrf, view: &RequestView<'_>, report: &Report) -> String {
    let what = format!("No {} cookie arrived.", csrf.cookie_name());
    let is_http = csrf.scheme(view).is_some_and(|scheme| !scheme.is_https());
    let is_foreign = report.origin.is_some() && report.origin != report.self_origin;
    if is_foreign {
        format!("{what} From another origin, send the request with credentials: 'include'.")
    } else if is_http && report.cookie_fields == 0 {
        format!("{what} A cookie that was set with Secure is not sent over http.")
    } else {
        format!("{what} Fetch the token with cookies enabled, then try again.")
    }
}

/// What the operator can do, with the values that a stranger must not learn.
pub(crate) fn for_operator(csrf: &Csrf, report: &Report) -> String {
    let origin = report.origin.as_deref().unwrap_or("(absent)");
    let own = report.self_origin.as_deref().unwrap_or("(unknown)");
    let line = |field: &str| format!("{field} = [\"{origin}\"]");
    if report.warning == Some(Reason::OriginConfigMismatch) {
        let line = line("public_origins");
        return format!("the browser calls {origin} same-origin, this server takes itself for {own}: {line}");
    }
    match report.reason {
        Reason::CrossSite | Reason::SameSiteUntrusted | Reason::TokenEndpointCrossSite | Reason::OriginUntrusted
            if report.origin.as_deref().is_some_and(|origin| origin != "null") =>
        {
            format!("this server is {own}; if {origin} is a front end of yours: {}", line("trusted_origins"))
        }
        Reason::OriginSchemeMismatch | Reason::OriginPortMismatch => format!(
            "the browser was at {origin}, this server takes itself for {own}; if {origin} is its public address: {}, \
             or let the proxy in front pass the scheme and the port and list it as trusted; if it is a front end: {}",
            line("public_origins"),
            line("trusted_origins")
        ),
        Reason::OriginNull => "no page of this server may be served with Referrer-Policy: no-referrer".to_owned(),
        Reason::HostNotAllowed => format!("{own} is not in allowed_hosts; if it is an address of this server, add it"),
        Reason::HttpsRequired => {
            format!("{own} was called over http; a proxy that ends TLS must pass X-Forwarded-Proto and be trusted")
        }
        Reason::TokenBadSignature => format!(
            "signed with key {}, this node signs with {}; give every node the same secret_keys",
            report.kid.map_or_else(|| "of unknown number".to_owned(), |kid| kid.to_string()),
            report.key_fingerprint
        ),
        Reason::TokenFromFuture => "the clocks of the nodes differ; check NTP".to_owned(),
        Reason::CookieMissing if report.cookie_fields > 0 => {
            format!("other cookies arrived; a browser drops {} if its Domain does not fit the host", csrf.cookie_name())
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use crate::Reason;
    use crate::table::Row;

    #[test]
    fn a_stranger_learns_only_what_it_sent() {
        let strangers = [
            Row::post("port").header("origin", "https://auth.example.com:8443"),
            Row::post("untrusted").header("origin", "https://evil.test"),
            Row::post("host")
                .header("host", "rebind.test")
                .with(|builder| builder.allowed_hosts(["secret.example.com"])),
            Row::post("public")
                .header("origin", "https://evil.test")
                .with(|builder| builder.public_origins(["https://secret.example.com"])),
        ];
        for row in strangers {
            let report = row.report();
            assert!(!report.hint.is_empty() && !report.hint.contains("secret.example.com"), "{}", report.hint);
        }
    }

    #[test]
    fn the_operator_gets_the_line_to_write() {
        let report = Row::post("front end")
            .header("sec-fetch-site", "same-site")
            .header("origin", "http://localhost:3000")
            .report();
        assert_eq!(report.reason, Reason::SameSiteUntrusted);
        assert!(report.remedy.contains("trusted_origins = [\"http://localhost:3000\"]"), "{}", report.remedy);
        let port = Row::post("port").header("origin", "https://auth.example.com:8443").report();
        assert!(port.remedy.contains("public_origins = [\"https://auth.example.com:8443\"]"), "{}", port.remedy);
        assert!(port.remedy.contains("takes itself for https://auth.example.com"), "{}", port.remedy);
    }

    #[test]
    fn a_rewritten_host_costs_a_warning_with_the_line_that_mends_it() {
        let row = Row::post("proxy").header("sec-fetch-site", "same-origin").header("origin", "https://public.test");
        let report = row.bind("b1").token("b1", None, 5).report();
        assert_eq!((report.reason, report.warning), (Reason::TokenOk, Some(Reason::OriginConfigMismatch)));
        assert!(report.remedy.ends_with("public_origins = [\"https://public.test\"]"), "{}", report.remedy);
    }

    #[test]
    fn hints_follow_the_request() {
        let hint = |row: Row| row.report().hint;
        let same = |name| Row::post(name).header("sec-fetch-site", "same-origin");
        assert!(hint(same("wrong header").header("x-csrftoken", "x")).contains("x-csrftoken"));
        assert!(hint(same("nothing")).contains("X-CSRF-TOKEN"));
        assert!(hint(same("http").http().token("b", None, 5)).contains("Secure"));
        assert!(hint(same("proxy").header("origin", "https://app.test").token("b", None, 5)).contains("credentials"));
        assert!(hint(Row::post("null").header("origin", "null")).contains("Referrer-Policy"));
    }
}
