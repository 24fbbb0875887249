//! What a person does in a real Chromium, with and without scripts.

mod chromium;
mod client;
mod doctor;
mod door;
mod e2e;
mod factor;
mod forged;
mod mail;
mod passkey;
mod request;
mod session;
mod story;
mod tools;

use serde_json::json;

use crate::it::harness::Server;
use chromium::{Chromium, Tab};

const NEW: &str = "another long phrase of mine";

fn url(server: &Server, path: &str) -> String {
    format!("http://localhost:{}{path}", server.port)
}

fn sign_in(browser: &mut Chromium, tab: &Tab, server: &Server, (email, password): (&str, &str)) {
    browser.open(tab, &url(server, "/.doorward/sign-in"));
    browser.fill(tab, "#email", email);
    browser.fill(tab, "#password", password);
    browser.submit(tab, "/.doorward/sign-in");
}

fn sign_out(browser: &mut Chromium, tab: &Tab, server: &Server) {
    browser.open(tab, &url(server, "/.doorward/sign-out"));
    browser.submit(tab, "/.doorward/sign-out");
    browser.wait_for_path(tab, "/.doorward/signed-out");
}

#[test]
fn a_browser_signs_in_and_out() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    sign_in(&mut browser, &tab, &server, (&email, "this is a wrong one"));
    browser.wait(
        &tab,
        "document.querySelector('[role=alert]:not([hidden])') !== null && document.readyState === 'complete'",
    );
    assert_eq!(browser.value(&tab, "document.querySelector('#email').value"), json!(email), "what was typed stays");
    assert_eq!(browser.value(&tab, "document.querySelector('#password').value"), json!(""));
    assert_eq!(browser.value(&tab, "document.activeElement.id"), json!("password"), "one can type again at once");
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    let session = browser.cookie(&tab, "doorward").unwrap();
    assert_eq!((&session["httpOnly"], &session["sameSite"]), (&json!(true), &json!("Lax")));
    assert_eq!((&session["session"], &session["path"]), (&json!(true), &json!("/")));
    assert_eq!(browser.value(&tab, "document.cookie.includes('doorward=')"), json!(false));
    sign_out(&mut browser, &tab, &server);
    assert_eq!(browser.cookie(&tab, "doorward"), None);
    // "Back" after signing out shows nothing that was private.
    browser.value(&tab, "history.go(-2)");
    browser.wait_for_path(&tab, "/.doorward/sign-in");
    assert!(!browser.text(&tab).contains(&email));
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_without_scripts_signs_in_and_out() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    browser.open(&tab, &url(&server, "/.doorward/account"));
    assert!(browser.text(&tab).contains(&email));
    sign_out(&mut browser, &tab, &server);
}

#[test]
fn a_browser_needs_only_its_keyboard() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    browser.open(&tab, &url(&server, "/.doorward/sign-in"));
    assert_eq!(browser.value(&tab, "document.activeElement.id"), json!("email"), "one can type at once");
    browser.command(&tab, "Input.insertText", &json!({"text": email}));
    browser.press(&tab, "Tab");
    assert_eq!(browser.value(&tab, "document.activeElement.id"), json!("password"));
    browser.command(&tab, "Input.insertText", &json!({"text": password}));
    browser.press(&tab, "Enter");
    browser.wait_for_path(&tab, "/.doorward/apps");
}

#[test]
fn a_browser_with_two_tabs_meets_no_dead_end() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let first = browser.tab();
    let second = browser.tab_beside(&first);
    for tab in [&first, &second] {
        browser.open(tab, &url(&server, "/.doorward/sign-in"));
    }
    for tab in [&first, &second] {
        browser.fill(tab, "#email", &email);
        browser.fill(tab, "#password", &password);
        browser.submit(tab, "/.doorward/sign-in");
        browser.wait_for_path(tab, "/.doorward/apps");
    }
}

#[test]
fn a_browser_invites_somebody_who_chooses_a_password_and_changes_it() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let admin = browser.tab();
    sign_in(&mut browser, &admin, &server, (&email, &password));
    browser.wait_for_path(&admin, "/.doorward/apps");
    browser.open(&admin, &url(&server, "/.doorward/admin/users/new"));
    browser.fill(&admin, "form[action=\"/.doorward/admin/users/invite\"] input[name=email]", "bob@example.com");
    browser.submit(&admin, "/.doorward/admin/users/invite");
    browser.wait_for_path(&admin, "/.doorward/admin/users/invite");
    let link = browser.value(&admin, "document.body.innerHTML.match(/http:[^\"<]*invitation[^\"<]*/)[0]");
    let bob = browser.tab();
    browser.open(&bob, link.as_str().unwrap());
    browser.fill(&bob, "#name", "Bob");
    browser.fill(&bob, "#new_password", NEW);
    browser.submit(&bob, "/.doorward/invitation");
    browser.wait_for_path(&bob, "/.doorward/sign-in");
    sign_in(&mut browser, &bob, &server, ("bob@example.com", NEW));
    browser.wait_for_path(&bob, "/.doorward/apps");
    browser.open(&bob, &url(&server, "/.doorward/account"));
    browser.fill(&bob, "#current_password", NEW);
    browser.fill(&bob, "#new_password", "a third long phrase of mine");
    browser.submit(&bob, "/.doorward/account/password");
    browser.wait(&bob, "location.search === '?done=password-changed'");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_is_addressed_in_its_language_and_every_page_fits_a_small_screen() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(360, "de");
    let tab = browser.tab();
    browser.command(&tab, "Network.setExtraHTTPHeaders", &json!({"headers": {"Accept-Language": "de-DE,de;q=0.9"}}));
    let fits = "document.scrollingElement.scrollWidth <= window.innerWidth";
    let look = |browser: &mut Chromium, path: &str| {
        for (width, scheme) in [
            (360, "light"),
            (360, "dark"), // A window of 1280 pixels at 200 %.
            (640, "light"),
            (1280, "dark"),
        ] {
            let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
            browser.command(&tab, "Emulation.setDeviceMetricsOverride", &metrics);
            let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
            browser.command(&tab, "Emulation.setEmulatedMedia", &media);
            browser.open(&tab, &url(&server, path));
            assert_eq!(browser.value(&tab, fits), json!(true), "{path} is wider than {width}");
        }
        assert_eq!(browser.value(&tab, "document.documentElement.lang"), json!("de"), "{path}");
    };
    for path in
        ["/.doorward/sign-in", "/.doorward/signed-out", "/.doorward/reasons", "/.doorward/error?reason=http.not_found"]
    {
        look(&mut browser, path);
    }
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    for path in [
        "/.doorward/apps",
        "/.doorward/account",
        "/.doorward/admin/users",
        "/.doorward/admin/users/new",
        "/demo/",
        "/.doorward/sign-out",
    ] {
        look(&mut browser, path);
    }
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
