//! An API without a page that describes itself (OpenAPI): where one signs in there, and whence a token comes.

use serde_json::Value;

use super::client::Outgoing;
use super::signin::is_token_name;
use super::walk::Walk;
use crate::facts::{Facts, Step};
use crate::html;
use crate::profile::Profile;

/// Reads the description, where no page and no profile says how to sign in.
pub(super) async fn described(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, text: &str) {
    let is_json = walk.page.field("content-type").is_some_and(|kind| kind.contains("json"));
    let is_known = !profile.login_path.is_empty() || crate::facts::named(facts, "login:").is_some();
    if !is_json || is_known || html::password_form(text).is_some() {
        return;
    }
    let url = format!("{}/openapi.json", walk.target.origin());
    let mut out = Outgoing { step: Step::Asset, method: "GET".into(), url, ..Outgoing::default() };
    out.fields.push(("Accept".into(), "application/json".into()));
    let place = walk.place.clone();
    let (mut visit, incoming) = walk.client.ask(&place, &out, None).await;
    if visit.status == 200 {
        let said: Value = serde_json::from_slice(&incoming.body).unwrap_or_default();
        visit.note = words(&said).join(" ");
    }
    facts.visits.push(visit);
}

/// What it says, in the words of scripts: `login:/api/login token:/api/csrf header:X-CSRF-Token user:email`.
fn words(said: &Value) -> Vec<String> {
    let is_plain = |path: &&String| {
        path.len() < 100 && path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte))
    };
    let has =
        |path: &str, words: &[&str]| path.to_ascii_lowercase().split(['/', '-', '_']).any(|part| words.contains(&part));
    let paths: Vec<_> = said["paths"].as_object().into_iter().flatten().filter(|(path, _)| is_plain(path)).collect();
    // Where it is not said what is sent, a guess would be the doctor's own fault.
    let is_told = |methods: &Value| {
        let content = &methods["post"]["requestBody"]["content"];
        ["application/json", "application/x-www-form-urlencoded"].iter().any(|kind| content[kind].is_object())
    };
    let login = paths.iter().find(|(path, methods)| {
        is_told(methods) && has(path, &["login", "signin", "sign-in", "authenticate", "sessions"])
    });
    let Some((path, methods)) = login else { return Vec::new() };
    let mut found = vec![format!("login:{path}")];
    let token = paths.iter().find(|(path, methods)| methods["get"].is_object() && is_token_name(path));
    found.extend(token.map(|(path, _)| format!("token:{path}")));
    let listed = methods["post"]["parameters"].as_array().into_iter().flatten();
    let mut headers = listed.filter(|one| one["in"] == "header").filter_map(|one| one["name"].as_str());
    let header = headers.find(|name| is_token_name(name) && !name.contains(' '));
    // What most packages expect, where nothing is said.
    found.extend(token.map(|_| format!("header:{}", header.unwrap_or("X-CSRF-Token"))));
    let content = &methods["post"]["requestBody"]["content"];
    if content["application/json"].is_object() {
        found.push("JSON.stringify".to_owned());
    }
    let kinds = content.as_object().into_iter().flatten();
    let fields = kinds.filter_map(|(_, kind)| resolved(said, &kind["schema"])["properties"].as_object()).flatten();
    let names: Vec<_> = fields.map(|(name, _)| name.as_str()).collect();
    let user = names.iter().find(|name| ["username", "email", "user", "login", "name", "identifier"].contains(*name));
    found.extend(user.map(|name| format!("user:{name}")));
    found
}

/// A schema, or the one to which it refers.
fn resolved<'a>(said: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str().and_then(|place| place.strip_prefix('#')) {
        Some(place) => said.pointer(place).unwrap_or(schema),
        None => schema,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_description_tells_how_to_sign_in() {
        let said = json!({
            "paths": {
                "/api/csrf-token": {"get": {}},
                "/api/auth/login": {"post": {"requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/In"}}}}}},
                "/api/me": {"get": {}},
            },
            "components": {"schemas": {"In": {"properties": {"email": {}, "password": {}}}}},
        });
        assert_eq!(
            words(&said),
            ["login:/api/auth/login", "token:/api/csrf-token", "header:X-CSRF-Token", "JSON.stringify", "user:email"]
        );
        assert!(words(&json!({"paths": {"/login": {"get": {}}}})).is_empty());
        assert!(words(&json!({"paths": {"/login": {"post": {}}}})).is_empty(), "what is sent there is not said");
        assert!(words(&json!([1])).is_empty());
    }
}
