//! Refresh tokens, and the codes that carry a session to the host of an app.

use serde_json::json;

use super::{house, visitor};
use crate::it::harness::volley::only;
use crate::it::harness::{Answer, Upstream, Volley};

pub(super) const REFRESHES: usize = 40;
pub(super) const ENTRIES: usize = 30;

/// An answer may be lost and be asked for again, so every racer is given a pair; but of all pairs at most one is good, and
/// where another was shown before it, two parties hold the token and the session has ended.
#[test]
fn of_two_hundred_exchanges_at_most_one_pair_is_good() {
    let server = house(&[]);
    let (email, password) = server.administrator();
    let mut volley = Volley::at(&server);
    for _ in 0..REFRESHES {
        let mut client = visitor(&server);
        let body = json!({"email": email, "password": password, "tokens": true});
        let first = client.call("POST", "/api/v1/auth/jwt/login", &body);
        assert_eq!(first.status, 200, "{}", first.body);
        let (token, origin) = (client.token(), client.origin());
        let headers = [("Content-Type", "application/json"), ("X-CSRF-TOKEN", &*token), ("Origin", &*origin)];
        let body = json!({"refresh_token": first.json()["refresh_token"]}).to_string();
        let pairs = volley.fire(|_| client.written(("POST", "/api/v1/auth/jwt/refresh"), &headers, &body));
        let bearer = |pair: &Answer| format!("Bearer {}", pair.json()["access_token"].as_str().unwrap());
        let bearers: Vec<String> = pairs.iter().map(bearer).collect();
        let uses = volley
            .fire(|number| client.written(("GET", "/api/v1/auth/me"), &[("Authorization", &bearers[number])], ""));
        let good = uses.iter().filter(|answer| answer.status == 200).count();
        assert!(good <= 1, "{good} of the pairs were good");
        let lost = uses.iter().filter(|answer| answer.status != 200);
        let is_told = |answer: &Answer| ["token.reuse", "session.token_reuse"].contains(&&*answer.reason());
        assert!(lost.clone().any(is_told), "{:?}", lost.map(Answer::reason).collect::<Vec<_>>());
        let later = volley
            .fire(|number| client.written(("GET", "/api/v1/auth/me"), &[("Authorization", &bearers[number])], ""));
        assert!(later.iter().all(|answer| answer.status == 401), "the session has ended");
    }
}

#[test]
fn one_of_two_hundred_uses_of_a_code_enters_an_app() {
    let app = Upstream::start();
    let url = app.url();
    let server = house(&[("DOORWARD_APP__0__UPSTREAM", &url), ("DOORWARD_APP__0__HOST", "a.localhost")]);
    let (email, password) = server.administrator();
    let mut portal = visitor(&server);
    assert_eq!(portal.sign_in(&email, &password).status, 200);
    let mut volley = Volley::at(&server);
    let end = format!(":{}", server.port);
    for _ in 0..ENTRIES {
        let mut browser = visitor(&server);
        browser.host = format!("a.localhost{end}");
        let asked = browser.page("/notes");
        let code = portal.page(asked.location().split_once(&end).unwrap().1);
        let path = code.location().split_once(&end).unwrap().1.to_owned();
        assert!(path.contains("code=dw"), "{path}");
        let answers = volley.fire(|_| browser.written(("GET", &path), &[("Accept", "text/html")], ""));
        let won = only("an exchange code", answers, |answer| {
            answer.cookies().iter().any(|cookie| cookie.starts_with("doorward=dwa_"))
        });
        browser.keep(&won);
        assert_eq!(browser.get("/notes").status, 200);
    }
}
