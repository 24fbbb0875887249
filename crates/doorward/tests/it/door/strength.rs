//! An app that asks for two factors, or for a fresh one: at its door and by forward auth, and how whoever comes gets there.

use serde_json::json;

use super::{at, follow, header};
use crate::it::harness::{Answer, Client, Server, Upstream};
use crate::it::story::factor::{Phone, enrol, now, post};

const PAGE: [(&str, &str); 3] = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate"), ("Sec-Fetch-Site", "none")];

/// An app on a host of its own that demands `what`, a proxy on this machine that may ask, and a clock.
fn house(what: (&str, &str)) -> (Server, Upstream) {
    let app = Upstream::plain();
    let url = app.url();
    let server = Server::start_with_clock(&[
        ("ENVIRONMENT", "development"),
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("DOORWARD_APP__0__NAME", "vault"),
        ("DOORWARD_APP__0__HOST", "vault.localhost"),
        ("DOORWARD_APP__0__UPSTREAM", &url),
        what,
    ]);
    (server, app)
}

/// What a proxy is told about a page or a script of the app, for whoever holds the cookies of this client.
fn asked(client: &mut Client, is_page: bool) -> Answer {
    let host = client.host.clone();
    let told = [
        ("X-Forwarded-Method", "GET"),
        ("X-Forwarded-Proto", "http"),
        ("X-Forwarded-Host", host.as_str()),
        ("X-Forwarded-Uri", "/secret"),
    ];
    let page: &[(&str, &str)] = if is_page { &PAGE } else { &[] };
    client.send("GET", "/api/authz/forward-auth", &[&told[..], page].concat(), "")
}

/// The jars of the portal and of the app, once the portal's has led the app's to where it ends.
fn lead(server: &Server, portal: Client) -> ([Client; 2], Answer, String) {
    let mut jars = vec![portal];
    let start = format!("http://vault.localhost:{}/secret", server.port);
    let (answer, url) = follow(server, &mut jars, &start);
    let vault = jars.iter().position(|jar| jar.host.starts_with("vault.")).unwrap();
    let vault = jars.swap_remove(vault);
    ([jars.remove(0), vault], answer, url)
}

/// Types a code into the page that asks once more, and goes where it leads.
fn confirm(portal: &mut Client, url: &str, phone: &Phone, at: i64) -> Answer {
    let page = url.split_once(&portal.host).unwrap().1;
    let return_to = form_urlencoded::parse(page.split_once('?').unwrap().1.as_bytes())
        .find(|(name, _)| name == "return_to")
        .unwrap()
        .1
        .into_owned();
    let code = phone.at(at);
    portal.submit(page, "/.doorward/confirm", &[("way", "totp"), ("code", &code), ("return_to", &return_to)])
}

#[test]
fn an_app_that_asks_for_two_factors_is_entered_with_two() {
    let (server, app) = house(("DOORWARD_APP__0__SECOND_FACTOR", "true"));
    // Somebody who has none yet is told so, and led to where one is set up.
    let ([mut portal, mut vault], answer, url) = lead(&server, server.signed_in());
    assert!(url.contains("/.doorward/confirm?"), "{url}");
    assert!(answer.body.contains("only with a second sign-in step"), "{}", answer.body);
    assert!(answer.body.contains("/.doorward/account/security?return_to="), "it leads on: {}", answer.body);
    assert!(app.seen().is_empty());
    let told = asked(&mut vault, true);
    assert!(told.status == 302 && header_of(&told, "remote-user").is_empty(), "{told:?}");
    let phone = enrol(&mut portal);
    let ([portal, mut vault], answer, _) = lead(&server, portal);
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(header(&app.seen().pop().unwrap(), "remote-acr"), Some("aal2"));
    let told = asked(&mut vault, true);
    assert_eq!((told.status, header_of(&told, "remote-acr")), (200, "aal2"), "{told:?}");

    // A trusted device is no second factor here: the app asks once more, and leads back.
    let (email, password) = server.administrator();
    let mut trusting = portal;
    assert_eq!(trusting.call("POST", "/api/v1/auth/devices", &json!({"name": "Mine"})).status, 204);
    trusting.jar.remove("doorward");
    assert_eq!(trusting.sign_in(&email, &password).json()["status"], "signed_in");
    let seen = app.seen().len();
    let ([mut trusting, mut vault], answer, url) = lead(&server, trusting);
    assert!(url.contains("/.doorward/confirm?") && answer.body.contains("Is it you?"), "{url} {}", answer.body);
    assert_eq!(app.seen().len(), seen, "the app hears of nobody");
    let script = vault.send("GET", "/secret", &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")], "");
    assert!([401, 403].contains(&script.status), "a script is not led to a page: {script:?}");
    assert_eq!(asked(&mut vault, false).reason().as_str(), script.reason().as_str());
    server.set_clock(30);
    let proven = confirm(&mut trusting, &url, &phone, now() + 30);
    assert!(proven.location().contains("/.doorward/enter?"), "{proven:?}");
    let (_, answer, url) = lead(&server, trusting);
    assert_eq!(answer.status, 200, "{url}: {}", answer.body);
}

fn header_of<'a>(answer: &'a Answer, name: &str) -> &'a str {
    answer.header(name).unwrap_or_default()
}

#[test]
fn an_app_that_asks_for_a_fresh_factor_asks_again_after_its_time() {
    let (server, app) = house(("DOORWARD_APP__0__FRESH_FACTOR", "10m"));
    let mut owner = server.signed_in();
    let phone = enrol(&mut owner);
    let ([portal, mut vault], answer, _) = lead(&server, owner);
    assert_eq!(answer.status, 200, "{}", answer.body);
    // Seconds before the end, since the clock of the machine goes on.
    server.set_clock(590);
    assert_eq!(vault.page("/secret").status, 200);
    assert_eq!(asked(&mut vault, true).status, 200);
    server.set_clock(602);
    let seen = app.seen().len();
    for answer in [vault.page("/secret"), asked(&mut vault, true)] {
        assert_eq!(answer.status, 302, "{answer:?}");
        assert!(answer.location().contains("/.doorward/confirm?"), "{answer:?}");
    }
    let script = vault.send("GET", "/secret", &[("Sec-Fetch-Mode", "cors"), ("Sec-Fetch-Site", "same-origin")], "");
    assert_eq!(script.reason(), "authorization.second_factor_required", "{script:?}");
    assert_eq!(app.seen().len(), seen);
    // Nothing else is asked for again: the portal knows who it is.
    let ([mut portal, _], page, url) = lead(&server, portal);
    assert!(page.body.contains("Is it you?"), "{}", page.body);
    assert_eq!(portal.page("/.doorward/apps").status, 200);
    let wrong = confirm(&mut portal, &url, &phone, now() - 600);
    assert!((400..500).contains(&wrong.status), "{wrong:?}");
    let proven = confirm(&mut portal, &url, &phone, now() + 602);
    assert!(proven.location().contains("/.doorward/enter?"), "{proven:?}");
    let ([_, mut vault], answer, url) = lead(&server, portal);
    assert_eq!((answer.status, url.ends_with("/secret")), (200, true), "{url}: {}", answer.body);
    assert_eq!(asked(&mut vault, true).status, 200);
}

#[test]
fn a_code_by_mail_and_a_right_password_are_no_second_factor_of_an_app() {
    let (server, app) = house(("DOORWARD_APP__0__SECOND_FACTOR", "true"));
    let mut owner = server.signed_in();
    let (_, password) = server.administrator();
    let confirmed = owner.call("POST", "/api/v1/auth/password/confirm", &json!({"password": password}));
    assert!(confirmed.status < 300, "{}", confirmed.body);
    let (_, _, url) = lead(&server, owner.clone());
    assert!(url.contains("/.doorward/confirm?"), "{url}");
    // Half a sign-in is nobody.
    enrol(&mut owner);
    let (email, mut half) = (server.administrator().0, server.client());
    assert_eq!(half.sign_in(&email, &password).json()["status"], "second_factor_required");
    let (_, answer, url) = lead(&server, half.clone());
    assert!(url.contains("/.doorward/finish/second-factor?"), "{url} {}", answer.body);
    let mut at_vault = at(&server, "vault.localhost");
    at_vault.jar.insert("doorward".to_owned(), half.jar["doorward"].clone());
    assert_ne!(asked(&mut at_vault, true).status, 200);
    assert_eq!(post(&mut half, "totp/begin", &json!(null)).reason(), "signin.second_factor_pending");
    assert!(app.seen().is_empty());
}
