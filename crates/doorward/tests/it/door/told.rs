//! What the app is told, and what it is not.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{ED25519, UnparsedPublicKey};
use serde_json::Value;

use super::{header, shared};
use crate::it::harness::Server;

#[test]
fn identity_is_ours_alone_in_every_spelling() {
    let (server, app) = shared(&[("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*")]);
    let (email, _) = server.administrator();
    let mut signed_in = server.signed_in();
    let spoofed = [
        ("Remote-User", "root"),
        ("remote_user", "root"),
        ("REMOTE-GROUPS", "admins"),
        ("Remote.Name", "root"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("X-Forwarded-User", "root"),
        ("X_Forwarded_Proto", "https"),
        ("X-Doorward-Jwt", "e30.e30.x"),
        ("Connection", "remote-user, x-forwarded-host, close"),
    ];
    assert_eq!(signed_in.send("GET", "/a", &spoofed, "").status, 200);
    assert_eq!(server.client().send("GET", "/open/a", &spoofed, "").status, 200);
    let [known, stranger] = <[Value; 2]>::try_from(app.seen()).unwrap();
    assert_eq!(header(&known, "remote-user"), Some(email.as_str()));
    assert_eq!(header(&known, "remote-groups"), Some("admins"));
    for seen in [&known, &stranger] {
        let text = seen.to_string();
        assert!(!text.contains("root") && !text.contains("203.0.113.9"), "{text}");
        let names = seen["headers"].as_array().unwrap().iter().map(|pair| pair[0].as_str().unwrap());
        assert!(names.clone().all(|name| !name.contains(['_', '.'])), "{text}");
        assert_eq!(header(seen, "x-forwarded-for"), Some("127.0.0.1"));
        assert_eq!(header(seen, "x-forwarded-proto"), Some("http"));
    }
    assert_eq!(header(&known, "remote-acr"), Some("aal1"));
    assert_eq!(header(&known, "remote-amr"), Some("pwd"));
    assert!(header(&known, "remote-auth-time").is_some());
    for name in [
        "remote-user",
        "remote-groups",
        "remote-name",
        "remote-email",
        "remote-acr",
        "remote-amr",
        "remote-auth-time",
        "x-doorward-jwt",
    ] {
        assert_eq!(header(&stranger, name), None, "{name}");
    }
}

#[test]
fn no_cookie_of_ours_reaches_the_app_and_none_comes_from_it() {
    let (server, app) = shared(&[]);
    let mut client = server.signed_in();
    client.jar.insert("theirs".to_owned(), "kept".to_owned());
    client.jar.insert("csrf_token2".to_owned(), "kept".to_owned());
    let session = client.jar["doorward"].clone();
    let answer = client.get("/a");
    let seen = app.seen().pop().unwrap();
    let cookie = header(&seen, "cookie").unwrap_or_default().to_owned();
    assert!(cookie.contains("theirs=kept") && cookie.contains("csrf_token2=kept"), "{cookie}");
    assert!(
        !cookie.contains("doorward") && !cookie.contains("csrf_bind") && !cookie.contains("csrf_token="),
        "{cookie}"
    );
    assert!(!seen.to_string().contains(&session));
    assert_eq!(answer.cookies(), ["own=1; Path=/"]);
    // A cookie of the same name with a value of the app's own is the app's.
    client.jar.insert("csrf_token".to_owned(), "of-the-app".to_owned());
    client.get("/a");
    assert!(header(&app.seen().pop().unwrap(), "cookie").unwrap().contains("csrf_token=of-the-app"));
}

#[test]
fn the_signed_identity_verifies_under_the_published_keys() {
    let (server, app) = shared(&[("DOORWARD_APP__0__NAME", "notes")]);
    let (email, _) = server.administrator();
    let mut client = server.signed_in();
    client.get("/a");
    let seen = app.seen().pop().unwrap();
    let token = header(&seen, "x-doorward-jwt").unwrap();
    let keys = client.get("/.well-known/jwks.json").json();
    let (message, signature) = token.rsplit_once('.').unwrap();
    let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap();
    let (head, claims) = message.split_once('.').unwrap();
    let head: Value = serde_json::from_slice(&decode(head)).unwrap();
    let claims: Value = serde_json::from_slice(&decode(claims)).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let public = decode(key["x"].as_str().unwrap());
    UnparsedPublicKey::new(&ED25519, public).verify(message.as_bytes(), &decode(signature)).unwrap();
    assert_eq!((&claims["aud"], &claims["email"]), (&Value::from("notes"), &Value::from(email)));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 60);
    assert_eq!(head["typ"], "JWT", "no access token (RFC 9068, section 2.1)");
    // It opens nothing here.
    let answer = server.client().send("GET", "/api/v1/auth/me", &[("Authorization", &format!("Bearer {token}"))], "");
    assert_eq!(answer.status, 401);
}

#[test]
fn the_deciding_path_is_the_forwarded_one() {
    let (server, app) = shared(&[("DOORWARD_APP__0__PUBLIC_PATHS", "/open/*")]);
    for (path, forwarded) in
        [("/open/%7ea", Some("/open/~a")), ("/open//a", Some("/open/a")), ("/open/a%2e", Some("/open/a."))]
    {
        let answer = server.client().get(path);
        assert_eq!(answer.status, 200, "{path} {}", answer.body);
        assert_eq!(app.seen().pop().unwrap()["target"].as_str(), forwarded, "{path}");
    }
    let before = app.seen().len();
    for path in [
        "/open/../secret",
        "/open/%2e%2e/secret",
        "/open/..%2fsecret",
        "/open/%2fa",
        "/open/;/a",
        "/open\\a",
        "/open/%00",
        "/open/%5c",
    ] {
        assert_eq!(server.client().get(path).status, 400, "{path}");
    }
    assert_eq!(app.seen().len(), before);
}

#[test]
fn rules_hold_by_group_and_method() {
    let app = crate::it::harness::Upstream::start();
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("doorward.toml");
    let text = format!(
        "[[app]]\nname = \"notes\"\nupstream = \"{}\"\n\
         [[app.rule]]\npaths = [\"/admin/*\"]\ngroups = [\"nobody-is-in-it\"]\n\
         [[app.rule]]\npaths = [\"/closed/*\"]\naccess = \"deny\"\n\
         [[app.rule]]\npaths = [\"/feed\"]\nmethods = [\"GET\"]\naccess = \"public\"\n",
        app.url()
    );
    std::fs::write(&file, text).unwrap();
    let server = Server::start_with_file(&file);
    let mut client = server.signed_in();
    for (method, path, status, reason) in [
        ("GET", "/", 200, ""),
        ("GET", "/admin", 403, "authorization.group_required"),
        ("GET", "/Admin/x", 403, "authorization.group_required"),
        ("GET", "/closed/x", 403, "authorization.path_closed"),
        ("GET", "/feed", 200, ""),
    ] {
        let answer = client.send(method, path, &[], "");
        assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{method} {path}");
    }
    assert_eq!(server.client().get("/feed").status, 200);
    assert_eq!(server.client().send("POST", "/feed", &[], "").status, 401);
    // With rules by method, no header may name another one.
    client.send("GET", "/feed", &[("X-HTTP-Method-Override", "DELETE")], "");
    assert_eq!(header(&app.seen().pop().unwrap(), "x-http-method-override"), None);
}
