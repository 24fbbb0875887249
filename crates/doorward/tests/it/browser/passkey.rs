//! Passkeys in a real Chromium, with the virtual authenticator of its debugging protocol.

use serde_json::{Value, json};

use super::chromium::{Chromium, Tab};
use super::{sign_in, sign_out, url};
use crate::it::harness::Server;

pub(super) const BUTTON: &str = "[data-passkey] button";

/// Gives a tab an authenticator: one in the device, or a security key in a socket.
pub(super) fn authenticator(browser: &mut Chromium, tab: &Tab, transport: &str) -> Value {
    browser.command(tab, "WebAuthn.enable", &json!({}));
    let is_internal = transport == "internal";
    let options = json!({"options": {
        "protocol": "ctap2", "transport": transport, "hasResidentKey": true, "hasUserVerification": true,
        "isUserVerified": true, "automaticPresenceSimulation": true,
        "defaultBackupEligibility": is_internal, "defaultBackupState": is_internal,
    }});
    browser.command(tab, "WebAuthn.addVirtualAuthenticator", &options)["authenticatorId"].clone()
}

/// Presses the button of a passkey as a person does: browsers ask for a gesture.
pub(super) fn press(browser: &mut Chromium, tab: &Tab) {
    browser.wait(tab, &format!("document.querySelector('{BUTTON}')?.offsetParent !== null"));
    browser.value(tab, &format!("document.querySelector('{BUTTON}').focus()"));
    browser.press(tab, "Enter");
}

/// Adds a passkey to the administrator.
pub(super) fn set_up(browser: &mut Chromium, tab: &Tab, server: &Server) {
    let (email, password) = server.administrator();
    sign_in(browser, tab, server, (&email, &password));
    browser.wait_for_path(tab, "/.doorward/apps");
    browser.open(tab, &url(server, "/.doorward/account/security"));
    browser.fill(tab, "#passkey_name", "My laptop");
    press(browser, tab);
    browser.wait_for_path(tab, "/.doorward/account/security/recovery-codes");
}

fn told(browser: &mut Chromium, tab: &Tab, server: &Server) -> Value {
    browser.open(tab, &url(server, "/api/v1/auth/me"));
    browser.value(tab, "JSON.parse(document.body.innerText).amr")
}

#[test]
fn a_browser_sets_a_passkey_up_and_signs_in_with_it_alone() {
    let server = Server::start();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    authenticator(&mut browser, &tab, "internal");
    set_up(&mut browser, &tab, &server);
    browser.open(&tab, &url(&server, "/.doorward/account/security"));
    browser.wait_for_text(&tab, "My laptop");
    // The same device is not set up twice.
    press(&mut browser, &tab);
    browser.wait(&tab, "document.querySelector('[data-told]:not([hidden])')?.innerText.includes('set up already')");
    sign_out(&mut browser, &tab, &server);
    browser.open(&tab, &url(&server, "/.doorward/sign-in?return_to=%2F.doorward%2Faccount"));
    if browser.value(&tab, "location.pathname") == json!("/.doorward/sign-in") {
        press(&mut browser, &tab);
    }
    browser.wait_for_path(&tab, "/.doorward/account");
    assert_eq!(told(&mut browser, &tab, &server), json!(["swk", "mfa"]));
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_proves_a_security_key_after_the_password() {
    let server = Server::start();
    let mut browser = Chromium::start(360, "de");
    let tab = browser.tab();
    authenticator(&mut browser, &tab, "usb");
    set_up(&mut browser, &tab, &server);
    sign_out(&mut browser, &tab, &server);
    let (email, password) = server.administrator();
    browser.value(&tab, "document.querySelectorAll('[data-passkey]').forEach(one => one.remove())");
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/finish/second-factor");
    assert_eq!(browser.value(&tab, "document.scrollingElement.scrollWidth <= window.innerWidth"), json!(true));
    press(&mut browser, &tab);
    browser.wait_for_path(&tab, "/.doorward/apps");
    assert_eq!(told(&mut browser, &tab, &server), json!(["pwd", "hwk", "mfa"]));
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_says_what_became_of_a_passkey_that_was_removed() {
    let server = Server::start();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    let key = authenticator(&mut browser, &tab, "internal");
    set_up(&mut browser, &tab, &server);
    let held = browser.command(&tab, "WebAuthn.getCredentials", &json!({"authenticatorId": key}));
    let mut foreign = held["credentials"][0].clone();
    // Another key of the same domain, which the server has never seen.
    foreign["credentialId"] = json!("AAAAAAAAAAAAAAAAAAAAAA==");
    sign_out(&mut browser, &tab, &server);
    browser.command(&tab, "WebAuthn.clearCredentials", &json!({"authenticatorId": key}));
    browser.command(&tab, "WebAuthn.addCredential", &json!({"authenticatorId": key, "credential": foreign}));
    browser.open(&tab, &url(&server, "/.doorward/sign-in"));
    // The browser may offer the key by itself before the button is pressed, and forgets it once it is told of: so the
    // first words count.
    let watch = "(() => { const words = document.querySelector('[data-told] p'); window.told = [words.innerText]; \
                 new MutationObserver(() => window.told.push(words.textContent)).observe(words, {childList: true}); })()";
    browser.value(&tab, watch);
    press(&mut browser, &tab);
    browser.wait(&tab, "window.told.some(text => text.includes('not known here'))");
    assert_eq!(browser.value(&tab, "location.pathname"), json!("/.doorward/sign-in"));
}

#[test]
fn a_browser_at_another_address_of_the_portal_is_told_where_its_passkey_is_good() {
    let mut server = Server::start();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    authenticator(&mut browser, &tab, "internal");
    set_up(&mut browser, &tab, &server);
    let (email, password) = server.administrator();
    server.stop();
    let origin = format!("http://portal.localhost:{}", server.port);
    server.set("DOORWARD_SERVER__PUBLIC_URL", &origin);
    server.run();
    browser.open(&tab, &format!("{origin}/.doorward/sign-in"));
    press(&mut browser, &tab);
    browser.wait(&tab, "document.querySelector('[data-told]:not([hidden])')?.innerText.includes('knows no passkey')");
    browser.fill(&tab, "#email", &email);
    browser.fill(&tab, "#password", &password);
    browser.submit(&tab, "/.doorward/sign-in");
    browser.wait_for_path(&tab, "/.doorward/finish/second-factor");
    assert!(browser.value(&tab, &format!("document.querySelector('{BUTTON}')")).is_null());
}

#[test]
fn a_browser_without_scripts_is_offered_no_passkey() {
    let server = Server::start();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    browser.open(&tab, &url(&server, "/.doorward/sign-in"));
    assert!(!browser.text(&tab).contains("passkey"));
}
