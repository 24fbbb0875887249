//! `proxy.forwarded_proto`: the app takes https for http and builds addresses accordingly.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.forwarded_proto", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref().filter(|target| target.is_https())?;
    let insecure = format!("http://{}", target.host);
    let returns: Vec<_> = facts
        .signin
        .authorize
        .iter()
        .filter_map(|url| parameter(url, "redirect_uri"))
        .filter(|url| url.contains(&format!("//{}", target.host)))
        .collect();
    if returns.iter().any(|url| url.starts_with("http:")) && returns.iter().any(|url| url.starts_with("https:"))
        || is_split(facts)
    {
        return Some(
            said(
                "proxy.xfp_partially_honoured",
                "Within one sign-in the app builds its own address with http and with https.",
                facts,
            )
            .saw("redirect_uri", returns.join(" and "), "the sign-in"),
        );
    }
    if let Some(url) = returns.iter().find(|url| url.starts_with("http:")) {
        return Some(
            said(
                "proxy.xfp_not_honoured",
                "The app names an http address for the way back, although people come by https.",
                facts,
            )
            .saw("redirect_uri", url.clone(), "the sign-in"),
        );
    }
    if stop::is_loop(facts) {
        return None;
    }
    let downgraded = facts
        .visits
        .iter()
        .filter(|visit| visit.via == Via::Public && visit.url.starts_with("https:"))
        .find(|visit| visit.field("location").is_some_and(|to| to.starts_with(&insecure)));
    if let Some(visit) = downgraded {
        return Some(
            said("proxy.xfp_not_honoured", "The app redirects people from https to http.", facts)
                .saw(format!("{} {}", visit.method, visit.url), visit.told(), "the app")
                .likely(),
        );
    }
    let echo = facts.echo.as_ref().filter(|echo| echo.scheme == "http")?;
    let arrives = echo.forwarded_proto.iter().any(|value| value.contains("https"));
    let what =
        if arrives { "X-Forwarded-Proto arrives and is not trusted" } else { "X-Forwarded-Proto does not arrive" };
    Some(said("proxy.xfp_not_honoured", &format!("The app takes the request for http: {what}."), facts).saw(
        "the app's echo",
        format!("scheme http, X-Forwarded-Proto {:?}", echo.forwarded_proto),
        "the app",
    ))
}

/// The app's answers to the authorize step and to the exchange name different schemes.
fn is_split(facts: &Facts) -> bool {
    facts.log_with(&["redirect_uri", "mismatch", "http://", "https://"]).is_some()
}

/// A parameter of an address, as it was cleaned.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}="))).map(str::to_owned)
}

fn said(code: &'static str, why: &str, facts: &Facts) -> Suspect {
    Suspect::new(code, why)
        .at(Link::Proxy)
        .not("auth.oauth.redirect_uri_mismatch", "host and path are right, the scheme is not")
        .fixes(mend::forwarded_proto(facts))
        .fixes(match facts.profile.as_str() {
            "django" => vec!["SECURE_PROXY_SSL_HEADER = (\"HTTP_X_FORWARDED_PROTO\", \"https\")".to_owned()],
            "fastapi-csrf-protect" | "starlette-csrf" => {
                vec!["uvicorn --proxy-headers --forwarded-allow-ips PROXY-ADDRESS".to_owned()]
            }
            "csrf-csrf" => vec!["app.set(\"trust proxy\", \"loopback\")".to_owned()],
            "sveltekit" => vec![
                "ORIGIN=https://NAME, or PROTOCOL_HEADER=x-forwarded-proto HOST_HEADER=x-forwarded-host".to_owned(),
            ],
            _ => {
                vec!["in the app: trust X-Forwarded-Proto of this proxy's address, or set its external URL".to_owned()]
            }
        })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn an_http_way_back_tells() {
        let mut facts = healthy();
        facts.signin.authorize = vec!["https://idp.test/authorize?redirect_uri=http://app.example.com/cb".into()];
        assert_eq!(code(&RULE, &facts), Some("proxy.xfp_not_honoured"));
        facts.signin.authorize.push("https://idp.test/authorize?redirect_uri=https://app.example.com/cb".into());
        assert_eq!(code(&RULE, &facts), Some("proxy.xfp_partially_honoured"));
    }

    #[test]
    fn so_does_a_redirect_to_http() {
        let mut facts = healthy();
        facts.visits.insert(0, with(visit(302), "location", "http://app.example.com/login"));
        assert_eq!(code(&RULE, &facts), Some("proxy.xfp_not_honoured"));
        assert_eq!(code(&RULE, &healthy()), None);
    }
}
