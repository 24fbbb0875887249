//! Access tokens that somebody has altered or made (WSTG-SESS-10).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::*;
use crate::identity::access;
use crate::identity::keyring::Ring;

const MALFORMED: &str = "token.malformed";

struct Bench {
    house: House,
    token: String,
    header: String,
    claims: Value,
}

impl Bench {
    async fn new() -> Self {
        let house = House::with_ada().await;
        let (_, pair) = house.client().await;
        let token = pair.access.expose_secret().to_owned();
        let parts: Vec<&str> = token.split('.').collect();
        let claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
        let header = parts[0].to_owned();
        Self { house, token, header, claims }
    }

    /// Signs anything with the right key: what remains are the rules about its content.
    fn sign(&self, header: &str, payload: &[u8]) -> String {
        let message = format!("{header}.{}", URL_SAFE_NO_PAD.encode(payload));
        let ring = |ring: &Ring| sign_with(ring, message.as_bytes());
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(self.house.identity.keyring().with_ring(ring)))
    }

    fn with(&self, name: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[name] = value;
        self.sign(&self.header, claims.to_string().as_bytes())
    }

    async fn read(&self, token: &str) -> &'static str {
        code(self.house.identity.session_by_bearer(&visit(), token).await)
    }
}

fn sign_with(ring: &Ring, message: &[u8]) -> [u8; 64] {
    ring.active(UnixTime(START)).sign(message)
}

#[tokio::test]
async fn the_header_is_the_one_header_or_nothing() {
    // PATTERN-KID, PATTERN-JWKS-FLOOD and CVE-2021-44878.
    let bench = Bench::new().await;
    let payload = bench.claims.to_string();
    assert_eq!(bench.read(&bench.sign(&bench.header, payload.as_bytes())).await, "ok");
    let decoded = URL_SAFE_NO_PAD.decode(&bench.header).unwrap();
    let header: Value = serde_json::from_slice(&decoded).unwrap();
    let mut others = vec![json!({}), json!({ "alg": "none" }), json!([]), json!(null)];
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("ES256")),
        ("alg", json!("eddsa")),
        ("typ", json!("JWT")),
        ("typ", json!("application/at+jwt")),
        ("kid", json!("other")),
        ("kid", json!("../../../dev/null")),
        ("kid", json!("' OR 1=1 --")),
        ("jku", json!("https://attacker.test/keys")),
        ("jwk", json!({ "kty": "OKP", "crv": "Ed25519", "x": "AAAA" })),
        ("x5u", json!("https://attacker.test/cert")),
        ("crit", json!(["b64"])),
        ("b64", json!(false)),
    ] {
        let mut other = header.clone();
        other[name] = value;
        others.push(other);
    }
    for other in others {
        let token = bench.sign(&URL_SAFE_NO_PAD.encode(other.to_string()), payload.as_bytes());
        assert_eq!(bench.read(&token).await, MALFORMED, "{other}");
    }
    // The same words with other spaces are another text, and so another header.
    let spaced = String::from_utf8(decoded).unwrap().replace(',', ", ");
    assert_eq!(bench.read(&bench.sign(&URL_SAFE_NO_PAD.encode(spaced), payload.as_bytes())).await, MALFORMED);
}

#[tokio::test]
async fn a_signature_of_anything_else_is_none() {
    // CVE-2026-18569.
    let bench = Bench::new().await;
    let (message, signature) = bench.token.rsplit_once('.').unwrap();
    let (header, payload) = message.split_once('.').unwrap();
    let public = bench.house.identity.jwks()["keys"][0]["x"].as_str().unwrap().to_owned();
    // Key confusion: an HMAC with the public key as its secret.
    let hmac = {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(&URL_SAFE_NO_PAD.decode(public).unwrap()).unwrap();
        mac.update(message.as_bytes());
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    };
    let other = Seed::new(77);
    let directory = TempDir::new().unwrap();
    let ring = Keyring::open(&directory.path().join("keys"), false, UnixTime(START), &other).unwrap();
    let foreign = URL_SAFE_NO_PAD.encode(ring.with_ring(|ring| sign_with(ring, message.as_bytes())));
    let flipped = format!("{}{}", if signature.starts_with('A') { 'B' } else { 'A' }, &signature[1..]);
    for bad in [
        format!("{message}."),
        message.to_owned(),
        format!("{message}.{hmac}"),
        format!("{message}.{foreign}"),
        format!("{message}.{flipped}"),
        format!("{message}.{signature}=="),
        format!("{message}.{signature}."),
        format!("{header}.{payload}.{payload}.{signature}"),
        format!(" {}", bench.token),
        format!("{}\n", bench.token),
        format!("{header}..{signature}"),
        format!(".{payload}.{signature}"),
        "..".to_owned(),
        String::new(),
        "\u{fffd}\u{1f600}".to_owned(),
        format!("{}{}", bench.token, "A".repeat(access::LONGEST)),
        "a.".repeat(1_000_000),
    ] {
        assert_eq!(bench.read(&bad).await, MALFORMED, "{}", bad.get(..80).unwrap_or(&bad));
    }
}

#[tokio::test]
async fn every_byte_counts() {
    let bench = Bench::new().await;
    for index in 0..bench.token.len() {
        let mut bytes = bench.token.clone().into_bytes();
        bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert_eq!(bench.read(&altered).await, MALFORMED, "byte {index}");
    }
}

#[tokio::test]
async fn claims_have_one_type_and_no_other() {
    // CVE-2026-25537: a time as text must not count as absent.
    let bench = Bench::new().await;
    for (name, value) in [
        ("exp", json!((START + 300).to_string())),
        ("exp", json!(1.5e9)),
        ("exp", json!(null)),
        ("iat", json!(START.to_string())),
        ("iat", json!([START])),
        ("auth_time", json!("0")),
        ("aud", json!(["https://auth.example.com"])),
        ("aud", json!("https://other.example.com")),
        ("iss", json!("https://auth.example.com/")),
        ("iss", json!(null)),
        ("sub", json!(7)),
        ("sub", json!("usr_")),
        ("sid", json!("usr_BwcHBwcHBwcHBwcHBwcHBw")),
        ("jti", json!("")),
        ("acr", json!(null)),
        ("amr", json!("pwd")),
        ("nbf", json!(0)),
        ("admin", json!(true)),
        ("exp", json!(START + 301)),
        ("exp", json!(START)),
        ("exp", json!(i64::MAX)),
        ("iat", json!(i64::MIN)),
        ("iat", json!(START + 3_600)),
        ("auth_time", json!(START + 3_600)),
    ] {
        assert_eq!(bench.read(&bench.with(name, value.clone())).await, MALFORMED, "{name} {value}");
    }
    for name in ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "auth_time", "acr", "amr"] {
        let mut claims = bench.claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        assert_eq!(bench.read(&bench.sign(&bench.header, claims.to_string().as_bytes())).await, MALFORMED, "{name}");
    }
}

#[tokio::test]
async fn claims_name_one_session_of_one_user() {
    // CVE-2022-3916 and CVE-2020-14389.
    let bench = Bench::new().await;
    let eve = bench.house.user("eve@example.com", &[]).await;
    assert_eq!(bench.read(&bench.with("sub", json!(eve.id.to_string()))).await, MALFORMED);
    let (browser, _) = bench.house.browser().await;
    assert_eq!(bench.read(&bench.with("sid", json!(browser.id.to_string()))).await, MALFORMED);
    let nobody = "ses_BwcHBwcHBwcHBwcHBwcHBw";
    assert_eq!(bench.read(&bench.with("sid", json!(nobody))).await, "session.unknown");
    // A token that was signed, but never given out with a refresh token, is a sign of a second party.
    assert_eq!(bench.read(&bench.with("jti", json!("jti_BwcHBwcHBwcHBwcHBwcHBw"))).await, "token.reuse");
}

#[tokio::test]
async fn a_body_that_says_two_things_says_nothing() {
    let bench = Bench::new().await;
    let text = bench.claims.to_string();
    let doubled = text.replacen('{', r#"{"sub":"usr_BwcHBwcHBwcHBwcHBwcHBw","#, 1);
    let nested = bench.token.clone();
    let deep = "[".repeat(1_000);
    for body in [
        doubled.as_str(),
        &format!("{text}{text}"),
        &format!("{text} x"),
        &nested,
        &deep,
        "",
        "null",
        "[]",
        "\u{feff}{}",
    ] {
        assert_eq!(bench.read(&bench.sign(&bench.header, body.as_bytes())).await, MALFORMED, "{body}");
    }
    assert_eq!(bench.read(&bench.sign(&bench.header, &[0xff, 0xfe, 0x7b])).await, MALFORMED);
    let padded = format!("{text}=");
    let message = format!("{}.{}", bench.header, URL_SAFE_NO_PAD.encode(&padded));
    assert_eq!(bench.read(&message).await, MALFORMED);
}
