//! The most valuable test of all: every route, with every state of a sign-in, by every method.
//!
//! What may pass is said a second time here, by [`may_pass`], so that a slip in the policy or in the guard
//! shows as a cell of this table.
//!
//! It holds at once GHSA-3q28-qjrv-qr39, MISP-10807, CVE-2026-34727, CVE-2026-111949 and CVE-2026-109313 (half a sign-in acts, on
//! whichever path), CVE-2024-42490, GHSA-4r87-w2cx-fr3f, CVE-2026-94000 and CVE-2026-94001 (a user administrates), and
//! CVE-2026-119128 (a cookie that somebody made up).

mod header;
mod world;

use doorward::web::route::{self, Route, Shield};
use doorward_core::policy::Access;
use doorward_core::session::Stage;
use http::Method;

use world::{Seen, State, World};

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "INVENTED"];

/// What a route asks, and what the state has, in words of their own.
fn may_pass(access: Access, state: State) -> bool {
    match access {
        Access::Anyone => true,
        Access::AnySession => state.stage().is_some(),
        Access::Finishing(wanted) => wanted != Stage::Full && state.stage() == Some(wanted),
        Access::Proving => {
            matches!(state.stage(), Some(Stage::SecondFactor | Stage::RecoveryMail | Stage::Full))
        }
        Access::Enrolling if state == State::Stale => false,
        Access::Enrolling => matches!(state.stage(), Some(Stage::Recovery | Stage::Enrolment | Stage::Full)),
        // For a confirmed factor: nobody here has enrolled anything, so the password that comes along is all there is.
        Access::SignedIn | Access::ConfirmedFactor => state.stage() == Some(Stage::Full),
        // A session in which nobody has proven lately who they are is led to the confirmation.
        Access::Confirmed => state.stage() == Some(Stage::Full) && state != State::Stale,
        Access::Administrator => matches!(state, State::Administrator | State::Stale),
        Access::AdministratorConfirmed => state == State::Administrator,
        // Nobody can prove a second factor yet.
        Access::AdministratorFresh => false,
    }
}

/// Whether the answer is the one to a peer that is no listed proxy. An answer to HEAD has no body that names a reason.
fn is_untrusted(answer: &Seen, method: &Method) -> bool {
    answer.status == 403 && (answer.reason == "proxy.peer_untrusted" || *method == Method::HEAD)
}

fn concrete(route: &Route) -> String {
    route.path.replace("{id}", "ses_AAAAAAAAAAAAAAAAAAAAAA").replace("{file}", "door.svg")
}

#[tokio::test]
async fn nothing_but_finishing_is_possible_for_half_a_sign_in() {
    let world = World::new().await;
    let (mut cells, mut wrong) = (0, Vec::new());
    for state in State::ALL {
        let mut caller = world.caller(state).await;
        for route in route::ALL {
            for method in METHODS {
                cells += 1;
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let path = concrete(route);
                let answer = world.send(&caller, &method, &path).await;
                let siblings = route::ALL.iter().filter(|other| other.path == route.path);
                let met = siblings.clone().find(|other| other.takes(&method));
                let expected = met.is_some_and(|met| may_pass(met.access, state));
                let fits = match met {
                    // Only listed proxies may ask, whoever their client is; nobody is listed here.
                    Some(met) if met.shield == Shield::Handler => is_untrusted(&answer, &method),
                    // A method that no handler of the path takes reaches nothing, whoever asks.
                    None => answer.status == 405,
                    Some(_) if expected => !answer.is_turned_away(),
                    Some(_) => answer.is_turned_away(),
                };
                if !fits {
                    wrong.push(format!("{state:?} {method} {path}: {} {}", answer.status, answer.reason));
                }
                let changes_something = expected && !["GET", "HEAD"].contains(&method.as_str());
                if changes_something {
                    // It may have been the way out: the next cell begins with a new session.
                    caller = world.caller(state).await;
                } else if state.stage().is_some() {
                    assert!(world.is_alive(&caller), "{state:?} {method} {path} was refused and had an effect");
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {cells} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(cells > 5_000, "the table has shrunk to {cells} cells");
}

#[tokio::test]
async fn no_route_takes_a_forged_request() {
    let world = World::new().await;
    for state in [State::Nobody, State::PasswordChange, State::User, State::Administrator] {
        let caller = world.caller(state).await;
        for route in route::ALL.iter().filter(|route| route.method != Some("GET")) {
            if route.shield == Shield::Handler {
                let answer =
                    world.send_with(&caller, &Method::POST, route.path, &[("sec-fetch-site", "cross-site")]).await;
                assert!(is_untrusted(&answer, &Method::POST), "{state:?} {}: {answer:?}", route.path);
                continue;
            }
            let method = route.method.unwrap_or("POST");
            let path = concrete(route);
            for (forgery, headers) in [
                ("another site", vec![("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")]),
                ("a sibling host", vec![("sec-fetch-site", "same-site"), ("origin", "http://app.localhost")]),
                ("a sandbox", vec![("sec-fetch-site", "cross-site"), ("origin", "null")]),
                ("an old browser on another site", vec![("origin", "https://evil.example")]),
            ] {
                let answer = world.send_with(&caller, &method.parse().unwrap(), &path, &headers).await;
                assert!(answer.reason.starts_with("csrf."), "{forgery}: {state:?} {method} {path}: {answer:?}");
            }
            if path.starts_with("/demo/") {
                continue;
            }
            let bare = caller.without_token();
            let answer =
                world.send_with(&bare, &method.parse().unwrap(), &path, &[("sec-fetch-site", "same-origin")]).await;
            assert_eq!(answer.reason, "csrf.token_missing", "{state:?} {method} {path}");
        }
        if state.stage().is_some() {
            assert!(world.is_alive(&caller));
        }
    }
}
