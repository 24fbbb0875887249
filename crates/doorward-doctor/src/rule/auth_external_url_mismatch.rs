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

/// What refused sign-ins and providers answered, in small letters.
fn answers(facts: &Facts) -> impl Iterator<Item = String> {
    let tried = facts.signin.attempts.iter().filter(|attempt| attempt.answer != Answer::Welcome);
    let tried = tried.map(|attempt| refusal(attempt.status, "", &attempt.body));
    let visits = facts.visits(Step::Provider).chain(&facts.at_provider);
    tried.chain(visits.map(|visit| refusal(visit.status, &visit.url, &visit.body)))
}

/// The first recorded answer that speaks so.
fn recorded(facts: &Facts, speaks: fn(&str) -> bool) -> Option<&Call> {
    calls(facts).find(|call| call.method != "OPTIONS" && speaks(&refusal(call.status, &call.url, &call.body)))
}

/// What an answer says of a refusal, in small letters: its body where its status refuses or where it gives the number
/// of an error, and the error that its address hands on.
fn refusal(status: u16, url: &str, body: &str) -> String {
    let body = body.to_lowercase();
    let said = if status >= 400 || body.contains("aadsts") { body } else { String::new() };
    let url = url::Url::parse(url).ok();
    let handed = url.iter().flat_map(url::Url::query_pairs).filter(|(name, _)| name.starts_with("error"));
    let handed = handed.map(|(name, value)| format!("{name}={}", value.to_lowercase()));
    std::iter::once(said).chain(handed).collect::<Vec<_>>().join("\n")
}

/// The newest line of a log that speaks so, and whether it is of the site's own sign-ins: one that is comes first.
fn spoken<'a>(facts: &'a Facts, target: &Target, speaks: fn(&str) -> bool) -> Option<(&'a Line, bool)> {
    let all = || facts.log_lines().filter(|line| speaks(&line.text.to_lowercase()));
    let own = all().filter(|line| is_of_own(facts, target, line)).last().map(|line| (line, true));
    own.or_else(|| all().last().map(|line| (line, false)))
}

/// Whether one of the site's own sign-ins left a line, by what it says: it names addresses of this site alone, or tells
/// of a code that was exchanged, or was written while the doctor signed in. Anybody can make a provider refuse a
/// stranger's address.
fn is_of_own(facts: &Facts, target: &Target, line: &Line) -> bool {
    let text = line.text.to_lowercase().replace("%3a", ":").replace("%2f", "/");
    let is_exchange = has_each(&text, &[&["invalid_grant", "exchanging", "exchange the code", "exchange code"]]);
    let is_new = facts.host.iter().any(|host| host.since.iter().any(|new| new.text == line.text));
    let mut named = hosts(&text).peekable();
    let own = crate::jar::site(&target.host);
    is_exchange || is_new || named.peek().is_some() && named.all(|host| crate::jar::site(host) == own)
}

/// The hosts that a line names: in addresses, and after words that are followed by one.
fn hosts(text: &str) -> impl Iterator<Item = &str> {
    const BEFORE: &[&str] = &["expected", "received", "got", "domain", "origin"];
    let is_host =
        |word: &&str| word.contains('.') && word.bytes().all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b));
    let words: Vec<_> =
        text.split(|c: char| c.is_whitespace() || "\"'(),;=<>`".contains(c)).filter(|w| !w.is_empty()).collect();
    let found = (0..words.len()).filter_map(move |at| {
        let word = words[at];
        if let Some((_, rest)) = word.split_once("://") {
            return rest.split(['/', ':', '?', '#']).next();
        }
        let before = at.checked_sub(1).map(|at| words[at].trim_end_matches(':'));
        before.filter(|before| BEFORE.contains(before)).map(|_| word.trim_end_matches(['.', ':']))
    });
    found.filter(is_host)
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
    let (line, is_own) = spoken(facts, target, is_of_origin)?;
    let suspect = quoted(suspect, line);
    Some(if is_own { suspect } else { suspect.likely().warning() })
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
    sentences(text).iter().any(|sentence| has_each(sentence, &[about, refused])) || text.contains("aadsts50011")
}

/// The sentences of a text: what stands in different ones, elements of a page or members of an object was not said of
/// each other.
fn sentences(text: &str) -> Vec<String> {
    const WITHIN: &[&str] = &["a", "b", "code", "em", "i", "span", "strong", "tt"];
    let mut plain = String::new();
    for (at, piece) in text.split('<').enumerate() {
        let Some((tag, rest)) = piece.split_once('>').filter(|_| at > 0) else {
            plain.push_str(piece);
            continue;
        };
        let name = tag.trim_start_matches('/').split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        plain.push_str(if WITHIN.contains(&name) { "" } else { "\n" });
        plain.push_str(rest);
    }
    let ends = [". ", "! ", "\","];
    ends.iter().fold(plain, |text, end| text.replace(end, "\n")).lines().map(str::to_owned).collect()
}

/// The provider does not know the address to which the app asks it to return.
fn way_back(facts: &Facts, target: &Target) -> Option<Suspect> {
    let of = |url: &str| super::proxy_forwarded_proto::parameter(url, "redirect_uri");
    let call = recorded(facts, is_of_way_back);
    let line = spoken(facts, target, is_of_way_back);
    let is_met = answers(facts).any(|text| is_of_way_back(&text)) || call.is_some();
    let is_refused = is_met || line.is_some();
    let asked = || calls(facts).filter_map(|call| of(&call.url)).last();
    let back = facts.signin.authorize.iter().filter_map(|url| of(url)).next_back();
    let back = back.or_else(|| call.and_then(|_| asked()));
    let bare = |host: &str| host.trim_start_matches("www.").to_owned();
    let is_foreign = back.as_deref().and_then(host_of).is_some_and(|host| bare(&host) != bare(&target.host));
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
    let is_sure = is_foreign || is_met || line.is_some_and(|(_, is_own)| is_own);
    let suspect = if is_sure { suspect } else { suspect.likely().warning() };
    Some(match (call, line) {
        (Some(call), _) => suspect.saw(format!("{} {}", call.method, call.url), call.status.to_string(), "browser"),
        (None, Some((line, _))) => quoted(suspect, line),
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
    fn a_wrong_password_beside_a_way_back_is_no_mismatch() {
        let call = |url: &str, status, body: &str| Call {
            method: "POST".into(),
            url: url.into(),
            status,
            body: body.into(),
            ..Call::default()
        };
        let login = "https://app.example.com/login?redirect_uri=%2F";
        let page = "<input type=hidden name=redirect_uri value=/><p>Password is invalid</p>";
        for (call, expected) in [
            (call(login, 401, "Password is invalid"), None),
            (call(login, 401, page), None),
            (call(login, 401, r#"{"error":"Password is invalid","redirect_uri":"/"}"#), None),
            (call("https://app.example.com/i18n.js", 200, "redirect_uri_mismatch: the redirect_uri is invalid"), None),
            (
                call(
                    "https://app.example.com/cb?error=invalid_request&error_description=redirect_uri+is+invalid",
                    200,
                    "",
                ),
                Some("auth.oauth.redirect_uri_mismatch"),
            ),
            (
                call("https://id.test/a", 400, "<p>The <code>redirect_uri</code> is not registered</p>"),
                Some("auth.oauth.redirect_uri_mismatch"),
            ),
        ] {
            let mut facts = healthy();
            facts.browser = Some(crate::facts::Browser { calls: vec![call.clone()], ..Default::default() });
            assert_eq!(code(&RULE, &facts), expected, "{} {}", call.url, call.body);
        }
        let mut facts = healthy();
        facts.at_provider = vec![saying(visit(200), "Which redirect_uri is not registered? Read the guide.")];
        assert_eq!(code(&RULE, &facts), None);
        facts.at_provider[0].status = 400;
        assert_eq!(code(&RULE, &facts), Some("auth.oauth.redirect_uri_mismatch"));
    }

    #[test]
    fn a_strangers_address_that_a_provider_refused_breaks_nothing() {
        use doorward_core::Severity::{Error, Warning};
        for (text, expected) in [
            (r#"type="LOGIN_ERROR", error="invalid_redirect_uri", redirect_uri="https://evil.test/cb""#, Warning),
            (r#"type="LOGIN_ERROR", error="invalid_redirect_uri", ipAddress="198.51.100.9""#, Warning),
            (r#"type="LOGIN_ERROR", error="invalid_redirect_uri", redirect_uri="http://app.example.com/cb""#, Error),
            ("error=invalid_redirect_uri redirect_uri=https%3A%2F%2Fapp.example.com%2Fcb", Error),
            ("invalid_grant: the redirect URI does not match the one used in the authorization request", Error),
            (
                "SiweError: Domain does not match provided domain for verification. expected: app.example.com, received: evil.test",
                Warning,
            ),
            (
                "SiweError: Domain does not match provided domain for verification. expected: app.example.com, received: www.example.com",
                Error,
            ),
        ] {
            let severity = (RULE.judge)(&logged(healthy(), text)).map(|suspect| suspect.severity);
            assert_eq!(severity, Some(expected), "{text}");
        }
    }

    #[test]
    fn a_scheme_that_a_proxy_hides_is_no_way_back() {
        let mut facts = logged(healthy(), "redirect_uri_mismatch");
        facts.signin.authorize = vec!["https://idp.test/a?redirect_uri=http://app.example.com/cb".into()];
        assert_eq!(code(&RULE, &facts), None);
    }
}
