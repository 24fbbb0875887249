//! Options for a passkey: which relying party do they name?

use serde_json::Value;
use url::Url;

use super::client::Outgoing;
use super::walk::Walk;
use crate::facts::{Facts, Step};
use crate::profile::Profile;
use crate::redact;

/// How deep options may lie in an answer.
const DEPTH: usize = 4;

/// The relying party that these options name; `url` is where they came from.
pub(crate) fn rp_id(text: &str, url: &str) -> Option<String> {
    found(&serde_json::from_str(text).ok()?, url, 0)
}

fn found(value: &Value, url: &str, depth: usize) -> Option<String> {
    let map = value.as_object().filter(|_| depth <= DEPTH)?;
    if let Some(id) = map.get("rpId").and_then(Value::as_str) {
        return Some(redact::clean(id));
    }
    if let Some(party) = map.get("rp").and_then(Value::as_object) {
        let named = party.get("id").and_then(Value::as_str).map(redact::clean);
        // Without a name it is the host of the page.
        let own = || Url::parse(url).ok()?.host_str().map(redact::clean).filter(|_| map.contains_key("challenge"));
        if let Some(id) = named.or_else(own) {
            return Some(id);
        }
    }
    map.values().find_map(|inner| found(inner, url, depth + 1))
}

/// Asks for options where the operator, the profile or a script of the page says that they are.
pub(crate) async fn passkey(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile) {
    if let Some(id) = crate::facts::named(facts, "rpid:") {
        facts.signin.rp_id = id;
    }
    let named = walk.request.passkey.clone().or_else(|| Some(profile.passkey.clone()).filter(|path| !path.is_empty()));
    let Some(path) = named.or_else(|| crate::facts::named(facts, "passkey:")) else { return };
    let url = format!("{}{path}", walk.target.origin());
    let place = walk.place.clone();
    for method in ["GET", "POST"] {
        let mut out = Outgoing { step: Step::Passkey, method: method.into(), url: url.clone(), ..Outgoing::default() };
        out.fields.push(("Accept".into(), "application/json".into()));
        if method == "POST" {
            out.fields.push(("Origin".into(), walk.target.origin()));
            out.fields.push(("Content-Type".into(), "application/json".into()));
            out.body = b"{}".to_vec();
        }
        let (visit, incoming) = walk.client.ask(&place, &out, None).await;
        let id = rp_id(&incoming.text(), &url);
        let is_else = matches!(visit.status, 404 | 405);
        facts.visits.push(visit);
        if let Some(id) = id {
            facts.signin.rp_id = id;
        }
        if !is_else {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_relying_party_of_both_kinds_of_options() {
        let at = "https://192.0.2.1/options";
        for (text, expected) in [
            (r#"{"challenge":"A","rpId":"a.test"}"#, Some("a.test")),
            (r#"{"publicKey":{"challenge":"A","rp":{"name":"x","id":"192.0.2.1"}}}"#, Some("192.0.2.1")),
            (r#"{"publicKey":{"challenge":"A","rp":{"name":"x"}}}"#, Some("192.0.2.1")),
            (r#"{"rp":{"name":"x"}}"#, None),
            ("[]", None),
            ("no", None),
        ] {
            assert_eq!(rp_id(text, at).as_deref(), expected, "{text}");
        }
    }
}
