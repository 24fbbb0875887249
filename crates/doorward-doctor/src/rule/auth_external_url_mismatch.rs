//! `auth.external_url_mismatch`: the app is known elsewhere by another address.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.external_url_mismatch", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    audience(facts, target).or_else(|| way_back(facts, target))
}

fn told(target: &Target, code: &'static str, why: String) -> Suspect {
    Suspect::new(code, why).deep(3).fix(format!(
        "set the app's external URL to {}, and enter exactly its way back at the provider",
        target.origin()
    ))
}

/// What sign-ins and providers answered, in small letters.
fn answers(facts: &Facts) -> impl Iterator<Item = String> {
    let tried = facts.signin.attempts.iter().map(|attempt| attempt.body.to_lowercase());
    tried.chain(facts.visits(Step::Provider).map(|visit| visit.body.to_lowercase()))
}

/// The first recorded answer that speaks so.
fn recorded(facts: &Facts, speaks: fn(&str) -> bool) -> Option<&Call> {
    calls(facts).find(|call| call.method != "OPTIONS" && speaks(&format!("{} {}", call.url, call.body).to_lowercase()))
}

/// The app is set up for another origin than people come by.
fn audience(facts: &Facts, target: &Target) -> Option<Suspect> {
    let suspect = told(
        target,
        "auth.audience_origin_mismatch",
        "The sign-in is refused for its audience: it is set up for another origin than people come by.".into(),
    );
    let is_answered = answers(facts).any(|text| {
        is_of_origin(&text)
            || text.contains("audience") && ["mismatch", "not match", "invalid"].iter().any(|word| text.contains(word))
    });
    if is_answered {
        return Some(suspect.saw("sign-in", "audience mismatch", "the app"));
    }
    if let Some(call) = recorded(facts, is_of_origin) {
        return Some(suspect.likely().saw(format!("{} {}", call.method, call.url), call.status.to_string(), "browser"));
    }
    log_line(facts, is_of_origin).map(|line| quoted(suspect, line))
}

/// Whether a text refuses a sign-in for the origin or domain that it comes from.
fn is_of_origin(text: &str) -> bool {
    const OTHERS: &[&str] =
        &["cookie", "csrf", "certificate", "websocket", "cors", "jwt", "id token", "id_token", "passkey"];
    let refused: &[&str] = &["mismatch", "not match", "not a valid", "invalid", "not valid"];
    let phrases: &[&str] = &[
        "given origin is not allowed",
        "origin is not allowed for the given client",
        "error 400: origin_mismatch",
        "error=origin_mismatch",
        "auth/unauthorized-domain",
        "domain is not authorized",
        "not a valid audience for this response",
    ];
    has_each(text, &[phrases])
        || !has_each(text, &[OTHERS])
            && (has_each(text, &[&["audience"], &["origin", "domain", "saml", "assertion"], refused])
                || has_each(text, &[&["domain mismatch", "domain does not match"], &["expected", "audience", "verif"]]))
}

/// Whether a provider's words refuse the way back that it was given.
fn is_of_way_back(text: &str) -> bool {
    let about: &[&str] = &[
        "redirect_uri",
        "redirect uri",
        "redirect url",
        "redirecturi",
        "callback url",
        "callback uri",
        "reply url",
        "reply address",
        "pre-registered redirect",
    ];
    let refused: &[&str] = &[
        "mismatch",
        "not match",
        "n't match",
        "must match",
        "not registered",
        "n't registered",
        "unregistered",
        "pre-registered",
        "not allowed",
        "not in the list",
        "not associated",
        "not whitelisted",
        "not valid",
        "is invalid",
        "invalid parameter",
        "invalid redirect",
        "invalid_redirect_uri",
        "unknown redirect",
    ];
    has_each(text, &[about, refused]) || text.contains("aadsts50011")
}

/// The provider does not know the address to which the app asks it to return.
fn way_back(facts: &Facts, target: &Target) -> Option<Suspect> {
    let of = |url: &str| super::proxy_forwarded_proto::parameter(url, "redirect_uri");
    let call = recorded(facts, is_of_way_back);
    let line = log_line(facts, is_of_way_back);
    let is_refused = answers(facts).any(|text| is_of_way_back(&text)) || call.is_some() || line.is_some();
    let asked = || calls(facts).filter_map(|call| of(&call.url)).last();
    let back = facts.signin.authorize.iter().filter_map(|url| of(url)).next_back();
    let back = back.or_else(|| call.and_then(|_| asked()));
    let host = |uri: &str| url::Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    let bare = |host: &str| host.trim_start_matches("www.").to_owned();
    let is_foreign = back.as_deref().and_then(host).is_some_and(|host| bare(&host) != bare(&target.host));
    // Another scheme alone is a proxy's doing: the app does not know that people come by https.
    let is_scheme = back.as_deref().is_some_and(|uri| uri.starts_with("http:")) && target.is_https();
    if !(is_foreign || is_refused && !is_scheme) {
        return None;
    }
    let back = back.unwrap_or_default();
    let place = if back.is_empty() { "an address".to_owned() } else { back.clone() };
    let suspect = told(
        target,
        "auth.oauth.redirect_uri_mismatch",
        format!("The app asks the provider to return to {place}, which is not the address that is registered or that people use."),
    )
    .saw("redirect_uri", back, "the sign-in")
    .not("proxy.xfp_not_honoured", "the scheme is right");
    Some(match (call, line) {
        (Some(call), _) => suspect.saw(format!("{} {}", call.method, call.url), call.status.to_string(), "browser"),
        (None, Some(line)) => quoted(suspect, line),
        (None, None) => suspect,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_way_back_to_another_host_is_not_registered() {
        let mut facts = healthy();
        facts.signin.authorize = vec!["https://idp.test/a?redirect_uri=https://10.0.0.5/cb".into()];
        assert_eq!(code(&RULE, &facts), Some("auth.oauth.redirect_uri_mismatch"));
        facts.signin.authorize = vec!["https://idp.test/a?redirect_uri=https://app.example.com/cb".into()];
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn providers_say_it_in_many_words() {
        let uri = Some("auth.oauth.redirect_uri_mismatch");
        let origin = Some("auth.audience_origin_mismatch");
        for (text, expected) in [
            ("Error 400: redirect_uri_mismatch", uri),
            ("AADSTS50011: The reply URL specified in the request does not match", uri),
            ("Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.", uri),
            ("The redirect_uri is not associated with this application.", uri),
            ("Invalid parameter: redirect_uri", uri),
            ("OIDC callback URL https://app.example.com/cb is ready", None),
            ("The given origin is not allowed for the given client ID.", origin),
            ("https://www.app.example.com/saml is not a valid audience for this Response", origin),
            ("audience mismatch: domain mismatch", origin),
            ("cookie domain mismatch: expected app.example.com", None),
            ("JWT audience invalid, domain expected", None),
        ] {
            assert_eq!(code(&RULE, &logged(healthy(), text)), expected, "{text}");
            let mut facts = healthy();
            let call = Call { url: "https://id.test/error".into(), status: 400, body: text.into(), ..Call::default() };
            facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
            assert_eq!(code(&RULE, &facts), expected, "recorded: {text}");
        }
    }

    #[test]
    fn a_scheme_that_a_proxy_hides_is_no_way_back() {
        let mut facts = logged(healthy(), "redirect_uri_mismatch");
        facts.signin.authorize = vec!["https://idp.test/a?redirect_uri=http://app.example.com/cb".into()];
        assert_eq!(code(&RULE, &facts), None);
    }
}
