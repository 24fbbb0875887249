//! Where a page has its token against forgery from: an address that its scripts fetch, or a cookie that they read.

use serde_json::Value;
use url::Url;

use super::client::Outgoing;
use super::signin::is_token_name;
use super::walk::Walk;
use crate::facts::{Facts, Step};
use crate::jar::{Jar, Start};
use crate::profile::Profile;

/// A profile with what the page's scripts name: where they fetch a token, and the header that carries it.
pub(super) fn of_scripts(facts: &Facts, profile: &Profile) -> Profile {
    let mut own = profile.clone();
    let named = |known: &String, mark: &str| {
        Some(known.clone()).filter(|known| !known.is_empty()).or_else(|| crate::facts::named(facts, mark))
    };
    own.token_path = named(&own.token_path, "token:").unwrap_or_default();
    own.token_header = named(&own.token_header, "header:").unwrap_or_default();
    own
}

/// The token that a script finds in the cookies: those that carry `HttpOnly` are hidden from it.
pub(super) fn readable(jar: &Jar) -> String {
    let mut names = jar.names().into_iter().filter(|name| is_token_name(name) && !jar.is_http_only(name));
    names.find_map(|name| jar.value(&name).map(str::to_owned)).unwrap_or_default()
}

/// Fetches a token as a script does.
pub(super) async fn bootstrap(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, jar: &mut Jar) -> String {
    let url = format!("{}{}", walk.target.origin(), profile.token_path);
    let mut out = Outgoing { step: Step::Bootstrap, method: "GET".into(), url: url.clone(), ..Outgoing::default() };
    out.fields.push(("Accept".into(), "application/json".into()));
    if let Ok(url) = Url::parse(&url) {
        let (cookie, _) = jar.send(&url, Start::SameSite);
        if !cookie.is_empty() {
            out.fields.push(("Cookie".into(), cookie));
        }
    }
    let place = walk.place.clone();
    let (visit, incoming) = walk.client.ask(&place, &out, Some(jar)).await;
    facts.visits.push(visit);
    let said: Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
    let member = if profile.token_member.is_empty() { "csrf_token" } else { &profile.token_member };
    let mut all = said.as_object().into_iter().flatten();
    let other = all.find(|(name, _)| is_token_name(name) || *name == "token").map(|(_, value)| value);
    said.get(member).or(other).and_then(Value::as_str).unwrap_or_default().to_owned()
}
