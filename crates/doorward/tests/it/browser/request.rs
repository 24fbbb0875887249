//! How many requests a sign-in takes after its page, in a real Chromium with everything that the pages' scripts ask for.

use serde_json::json;

use super::chromium::{Chromium, Tab};
use super::factor::{prove, tab};
use super::passkey::{BUTTON, authenticator, press, set_up};
use super::{sign_out, url};
use crate::it::harness::Server;
use crate::it::story::factor::{enrol, now};

const PAGE: &str = "/.doorward/sign-in";
const BEGIN: &str = "POST /api/v1/auth/passkey/begin";
const FINISH: &str = "POST /api/v1/auth/passkey/finish";
const WANTED: &str = "GET /.doorward/apps";

/// Somebody who does not choose what the browser offers by itself.
const PASSES_BY: &str = "const get = navigator.credentials.get.bind(navigator.credentials); \
    navigator.credentials.get = (wish) => wish.mediation !== 'conditional' ? get(wish) : new Promise((_, stop) => \
        wish.signal.addEventListener('abort', () => stop(wish.signal.reason)));";

/// A browser that offers nothing by itself.
const OFFERS_NOTHING: &str = "delete PublicKeyCredential.isConditionalMediationAvailable";

fn first(browser: &mut Chromium, tab: &Tab, script: &str) {
    browser.command(tab, "Page.addScriptToEvaluateOnNewDocument", &json!({"source": script}));
}

#[test]
fn a_browser_signs_in_by_a_passkey_with_two_requests() {
    for script in ["", PASSES_BY, OFFERS_NOTHING] {
        let server = Server::start();
        let mut browser = Chromium::start(1280, "en");
        let tab = browser.tab();
        authenticator(&mut browser, &tab, "internal");
        set_up(&mut browser, &tab, &server);
        sign_out(&mut browser, &tab, &server);
        first(&mut browser, &tab, script);
        browser.requests();
        browser.open(&tab, &url(&server, PAGE));
        if script != OFFERS_NOTHING {
            // Asked when the page opens, for what the browser may offer, and not once more by the button.
            browser.wait(&tab, "performance.getEntriesByType('resource').some(one => one.name.endsWith('/begin')) || location.pathname !== '/.doorward/sign-in'");
        }
        if browser.value(&tab, &format!("document.querySelector('{BUTTON}') !== null")) == json!(true) {
            press(&mut browser, &tab);
        }
        browser.wait_for_path(&tab, "/.doorward/apps");
        assert_eq!(browser.requests(), [&format!("GET {PAGE}"), BEGIN, FINISH, WANTED], "{script}");
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}

#[test]
fn a_browser_signs_in_by_password_and_app_with_three_requests() {
    for has_scripts in [true, false] {
        let server = Server::start();
        let (email, password) = server.administrator();
        let phone = enrol(&mut server.signed_in());
        let mut browser = Chromium::start(1280, "en");
        let tab = tab(&mut browser, has_scripts);
        first(&mut browser, &tab, OFFERS_NOTHING);
        browser.open(&tab, &url(&server, PAGE));
        browser.requests();
        browser.fill(&tab, "#email", &email);
        browser.fill(&tab, "#password", &password);
        browser.submit(&tab, PAGE);
        browser.wait_for_path(&tab, "/.doorward/finish/second-factor");
        prove(&mut browser, &tab, &phone.at(now()));
        browser.wait_for_path(&tab, "/.doorward/apps");
        let challenge = "/.doorward/finish/second-factor";
        let expected =
            [format!("POST {PAGE}"), format!("GET {challenge}"), format!("POST {challenge}"), WANTED.to_owned()];
        assert_eq!(browser.requests(), expected, "scripts: {has_scripts}");
    }
}
