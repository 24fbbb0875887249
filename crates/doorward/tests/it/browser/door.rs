//! The way from the host of an app to the sign-in and back, in a real browser.

use serde_json::json;

use super::chromium::Chromium;
use crate::it::harness::{Server, Upstream};

fn server(app: &Upstream) -> Server {
    Server::start_with(&[
        ("DOORWARD_APP__0__UPSTREAM", &app.url()),
        ("DOORWARD_APP__0__HOST", "notes.localhost"),
        ("DOORWARD_APP__0__NAME", "notes"),
    ])
}

#[test]
fn a_browser_goes_from_an_app_to_the_sign_in_and_back() {
    for has_scripts in [true, false] {
        let app = Upstream::start();
        let server = server(&app);
        let (email, password) = server.administrator();
        let mut browser = Chromium::start(1280, "en");
        let tab = browser.tab();
        if !has_scripts {
            browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": true}));
        }
        browser.open(&tab, &format!("http://notes.localhost:{}/page?x=1", server.port));
        browser.wait_for_path(&tab, "/.doorward/sign-in");
        browser.wait_for_text(&tab, "notes");
        browser.fill(&tab, "#email", &email);
        browser.fill(&tab, "#password", &password);
        browser.submit(&tab, "/.doorward/sign-in");
        browser.wait_for_path(&tab, "/page");
        let place = browser.value(&tab, "location.host + location.search");
        assert_eq!(place, json!(format!("notes.localhost:{}?x=1", server.port)), "our mark is gone");
        browser.wait_for_text(&tab, &email);
        // A second app page needs nothing more, and the cookie is of this host alone.
        let cookie = browser.cookie(&tab, "doorward").unwrap();
        assert_eq!((&cookie["domain"], &cookie["httpOnly"]), (&json!("notes.localhost"), &json!(true)));
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}
