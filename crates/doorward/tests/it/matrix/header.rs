//! What every answer carries, whichever route and whoever asks.

use doorward::web::route;
use http::Method;

use super::concrete;
use super::world::{State, World};

#[tokio::test]
async fn every_answer_is_hardened() {
    let world = World::new().await;
    for state in [State::Nobody, State::Administrator] {
        for route in route::ALL.iter().filter(|route| route.method != Some("DELETE")) {
            let caller = world.caller(state).await;
            let method: Method = route.method.unwrap_or("GET").parse().unwrap();
            let seen = world.send(&caller, &method, &concrete(route)).await;
            let header = |name: &str| seen.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let place = format!("{state:?} {method} {}", route.path);
            assert!(header("content-security-policy").starts_with("default-src 'none'"), "{place}");
            assert_eq!(header("x-content-type-options"), "nosniff", "{place}");
            assert_eq!(header("referrer-policy"), "same-origin", "{place}");
            assert_eq!(header("cross-origin-opener-policy"), "same-origin", "{place}");
            assert!(header("x-request-id").starts_with("req_"), "{place}");
            assert_eq!(header("strict-transport-security"), "", "{place}: only https may promise https");
            assert!(seen.status < 500, "{place}: {seen:?}");
            if !["/.well-known/jwks.json", "/.doorward/assets/{file}"].contains(&route.path) || seen.status >= 400 {
                assert!(header("cache-control").contains("no-store"), "{place}");
            } else {
                assert_eq!(header("set-cookie"), "", "{place}: what caches may keep sets no cookie");
            }
        }
    }
}
