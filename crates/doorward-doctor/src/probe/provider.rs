//! A sign-in by a provider of identities: where it leads, what the provider says to it, and which cookies come back.

use std::time::Duration;

use url::Url;

use super::client::Outgoing;
use super::walk::{Walk, redirect};
use crate::facts::{Facts, Step};
use crate::html;
use crate::jar::{Jar, Start};
use crate::profile::Profile;

/// Pages of the provider that are opened.
const PAGES: usize = 3;
/// How long each step is waited for: a provider that is not reached from here is no fault of the site.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long all of them together may take.
const ALTOGETHER: Duration = Duration::from_secs(5);

/// Words of a path that leads to a sign-in by provider.
const WORDS: &[&str] =
    &["oauth", "oauth2", "oidc", "sso", "saml", "saml2", "openid", "openid-connect", "openid_connect"];
/// Providers after whom such paths are called.
const NAMES: &[&str] = &[
    "google",
    "github",
    "gitlab",
    "microsoft",
    "azure",
    "entra",
    "keycloak",
    "okta",
    "auth0",
    "apple",
    "facebook",
    "discord",
];

/// Where a sign-in by provider leads.
pub(super) async fn provider(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, text: &str) {
    let named = Some(profile.provider.clone()).filter(|path| !path.is_empty());
    let Some(path) = walk.request.provider.clone().or_else(|| link(walk, text)).or(named) else { return };
    let url = format!("{}{path}", walk.target.origin());
    let out = walk.navigation(Step::Provider, &url);
    let place = walk.place.clone();
    let (visit, incoming) = walk.client.ask(&place, &out, Some(&mut walk.jar)).await;
    let location = incoming.field("location").and_then(|to| Url::parse(&url).ok()?.join(&to).ok());
    facts.visits.push(visit);
    if let Some(to) = location {
        facts.signin.authorize.push(crate::redact::address(to.as_str()));
        callback(walk, facts, &to);
        at_provider(walk, facts, &to).await;
    }
}

/// A link of the page that leads to a provider.
fn link(walk: &Walk<'_>, text: &str) -> Option<String> {
    let quoted = ["/sso", "/auth/login", "/oauth2/start", "/login/oidc", "/oauth/login", "/accounts/oidc"]
        .iter()
        .find(|path| text.contains(&format!("\"{path}")))
        .map(|path| (*path).to_owned());
    quoted.or_else(|| {
        let base = Url::parse(&walk.url).ok()?;
        let own = |url: &Url| url.origin() == base.origin() && is_to_provider(url.path());
        let found = html::links(text).into_iter().filter_map(|to| base.join(&to).ok()).find(own)?;
        Some(found[url::Position::BeforePath..].to_owned())
    })
}

/// Whether a path is called after a way of signing in by provider.
fn is_to_provider(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let parts: Vec<_> = lower.split('/').filter(|part| !part.is_empty()).collect();
    let is_other = ["logout", "callback", "docs", "help", "static", "assets", "metadata"];
    let is_named = parts.len() > 1 && parts.iter().any(|part| NAMES.contains(part));
    (is_named || parts.iter().any(|part| WORDS.contains(part)))
        && !parts.iter().any(|part| is_other.contains(part) || part.contains('.'))
}

/// What the provider says to what the app asks of it: a way back that it does not know is refused at once.
pub(super) async fn at_provider(walk: &mut Walk<'_>, facts: &mut Facts, to: &Url) {
    let (patience, was_blocked) = (walk.client.timeout, walk.client.is_blocked);
    walk.client.timeout = patience.min(PATIENCE);
    // What was seen by then stays.
    let _ = tokio::time::timeout(ALTOGETHER, pages(walk, facts, to)).await;
    // That a provider wants to be asked less is no word of the site.
    (walk.client.timeout, walk.client.is_blocked) = (patience, was_blocked);
}

/// Its pages, one after the other; more than the first one only while that is cheap.
async fn pages(walk: &mut Walk<'_>, facts: &mut Facts, to: &Url) {
    let mut jar = Jar::default();
    let mut url = to.to_string();
    for at in 0..PAGES {
        if at > 0 && walk.is_dear() {
            break;
        }
        let Some(place) = walk.place_of(&url, facts).await else { break };
        let (cookie, _) = Url::parse(&url).map(|url| jar.send(&url, Start::SameSite)).unwrap_or_default();
        let mut fields = Vec::new();
        if !cookie.is_empty() {
            fields.push(("Cookie".to_owned(), cookie));
        }
        let out = Outgoing {
            step: Step::Provider,
            note: "at the provider".into(),
            method: "GET".into(),
            url: url.clone(),
            fields,
            body: Vec::new(),
        };
        let (visit, incoming) = walk.client.ask(&place, &out, Some(&mut jar)).await;
        let next = redirect(&visit, &incoming, &url);
        facts.at_provider.push(visit);
        // What leads back to the site would bring no code, and somewhere else nobody was asked to go.
        let host = |url: &str| Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
        let Some(next) = next.filter(|next| host(next) == host(&url)) else { break };
        url = next;
    }
}

/// Which cookies would come back with the provider's answer.
fn callback(walk: &Walk<'_>, facts: &mut Facts, authorize: &Url) {
    let value = |name: &str| authorize.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let Some(back) = value("redirect_uri").and_then(|uri| Url::parse(&uri).ok()) else { return };
    let start = if value("response_mode").as_deref() == Some("form_post") {
        Start::CrossSitePost
    } else {
        Start::CrossSiteNavigation
    };
    let site = |url: &Url| crate::jar::site(url.host_str().unwrap_or_default()).to_owned();
    let start = if site(&back) == site(authorize) { Start::SameSite } else { start };
    let states: Vec<_> = walk.jar.left_behind(&back, start);
    facts.signin.withheld.extend(states);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_to_a_provider_is_told_by_its_path() {
        for (path, expected) in [
            ("/oauth/start", true),
            ("/auth/google", true),
            ("/users/auth/openid_connect", true),
            ("/login/sso", true),
            ("/google", false),
            ("/oauth/callback", false),
            ("/static/sso/button.svg", false),
            ("/login", false),
            ("/sso/logout", false),
        ] {
            assert_eq!(is_to_provider(path), expected, "{path}");
        }
    }
}
