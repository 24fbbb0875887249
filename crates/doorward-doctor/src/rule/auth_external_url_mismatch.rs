//! `auth.external_url_mismatch`: the app is known elsewhere by another address.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.external_url_mismatch", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let told = |code, why: String| {
        Suspect::new(code, why).fix(format!(
            "set the app's external URL to {}, and enter exactly its way back at the provider",
            target.origin()
        ))
    };
    let text = facts
        .signin
        .attempts
        .iter()
        .map(|attempt| attempt.body.to_lowercase())
        .chain(facts.visits(Step::Provider).map(|visit| visit.body.to_lowercase()))
        .collect::<Vec<_>>()
        .join(" ");
    if text.contains("audience")
        && (text.contains("mismatch") || text.contains("not match") || text.contains("invalid"))
        || facts.log_with(&["audience", "origin", "mismatch"]).is_some()
    {
        return Some(
            told(
                "auth.audience_origin_mismatch",
                "The sign-in is refused for its audience: the app is set up for another origin than people come by."
                    .into(),
            )
            .deep(3)
            .saw("sign-in", "audience mismatch", "the app"),
        );
    }
    let refused = [
        "redirect_uri_mismatch",
        "redirect_uri must match",
        "invalid redirect_uri",
        "invalid parameter: redirect_uri",
        "redirect uri mismatch",
        "redirect_uri did not match",
    ]
    .iter()
    .any(|word| text.contains(word))
        || facts
            .log_any(&[
                "redirect_uri_mismatch",
                "redirect_uri must match",
                "invalid redirect_uri",
                "redirect uri mismatch",
                "redirect_uri is not registered",
                "unregistered redirect",
                "invalid_redirect_uri",
                "pre-registered redirect",
                "redirect_uri is not allowed",
                "redirect uri is not in the list",
            ])
            .is_some();
    let back = facts
        .signin
        .authorize
        .iter()
        .filter_map(|url| super::proxy_forwarded_proto::parameter(url, "redirect_uri"))
        .next_back();
    let host = |uri: &str| url::Url::parse(uri).ok().and_then(|url| url.host_str().map(str::to_owned));
    let is_foreign = back.as_deref().and_then(host).is_some_and(|host| {
        host != target.host && host.trim_start_matches("www.") != target.host.trim_start_matches("www.")
    });
    let scheme = back.as_deref().is_some_and(|uri| uri.starts_with("http:")) && target.is_https();
    let is_decided = is_foreign || refused && !scheme;
    if !is_decided {
        return None;
    }
    let back = back.unwrap_or_default();
    Some(told("auth.oauth.redirect_uri_mismatch", format!("The app asks the provider to return to {back}, which is not the address that is registered or that people use.")).deep(3).saw("redirect_uri", back.clone(), "the sign-in").not("proxy.xfp_not_honoured", "the scheme is right"))
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
}
