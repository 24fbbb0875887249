//! What a verifier of tokens would expect: issuer and audience that the operator names, and what the issuer publishes.

use serde_json::Value;
use url::Url;

use super::client::Outgoing;
use super::walk::Walk;
use crate::facts::{Facts, Step, Token};
use crate::redact;

/// Completes what is known about the last token: always where the operator named something, otherwise where the app
/// refused it.
pub(crate) async fn compare(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(mut token) = facts.signin.tokens.pop() else { return };
    let named = walk.request.verifier.clone();
    token.issuer = redact::address(&named.issuer);
    token.audience = redact::clean(&named.audience);
    let is_named = !(named.issuer.is_empty() && named.audience.is_empty() && named.keys.is_empty());
    if is_named || matches!(token.status, 400 | 401 | 403) {
        published(walk, facts, &mut token, &named.keys).await;
    }
    facts.signin.tokens.push(token);
}

async fn published(walk: &mut Walk<'_>, facts: &mut Facts, token: &mut Token, keys: &str) {
    let origin = walk.target.origin();
    let mut keys = Some(keys.to_owned()).filter(|keys| !keys.is_empty());
    // The site's own document, then the one of whoever the token says it is from.
    let mut bases = vec![origin.clone()];
    bases.extend(Some(token.iss.clone()).filter(|iss| iss.starts_with("http") && *iss != origin));
    for base in bases {
        let url = format!("{}/.well-known/openid-configuration", base.trim_end_matches('/'));
        let said = ask(walk, facts, &url).await;
        if base == token.iss {
            token.is_issuer_there = Some(said.is_some());
        }
        if let Some(issuer) = said.as_ref().and_then(|said| said["issuer"].as_str()) {
            token.discovered = redact::address(issuer);
            keys = keys.or_else(|| said.as_ref()?["jwks_uri"].as_str().map(str::to_owned));
            break;
        }
    }
    let keys = keys.unwrap_or_else(|| "/.well-known/jwks.json".to_owned());
    let Some(url) = Url::parse(&origin).ok().and_then(|base| base.join(&keys).ok()) else { return };
    let Some(said) = ask(walk, facts, url.as_str()).await else { return };
    for key in said["keys"].as_array().into_iter().flatten().take(50) {
        let text = |name: &str| redact::clean(key[name].as_str().unwrap_or_default());
        token.published.extend(Some(text("kid")).filter(|kid| !kid.is_empty()));
        let alg = match (text("alg"), text("kty").as_str()) {
            (alg, _) if !alg.is_empty() => alg,
            (_, "RSA") => "RS256".to_owned(),
            (_, "EC") => "ES256".to_owned(),
            (_, "OKP") => "EdDSA".to_owned(),
            _ => continue,
        };
        token.algorithms.push(alg);
    }
}

/// A document in JSON; none where there is no such thing.
async fn ask(walk: &mut Walk<'_>, facts: &mut Facts, url: &str) -> Option<Value> {
    let place = walk.place_of(url, facts).await?;
    let mut out = Outgoing { step: Step::Keys, method: "GET".into(), url: url.to_owned(), ..Outgoing::default() };
    out.fields.push(("Accept".into(), "application/json".into()));
    let (visit, incoming) = walk.client.ask(&place, &out, None).await;
    let is_there = visit.status == 200;
    facts.visits.push(visit);
    serde_json::from_slice::<Value>(&incoming.body).ok().filter(|said| is_there && said.is_object())
}
