//! A whole story, as somebody lives it who is new here: everything is set up, the phone is lost, the password is forgotten,
//! and each page says what to do next.

use serde_json::json;

use super::chromium::{Chromium, Tab};
use super::factor::{follow, letter_code, make_codes, prove, says, set_app_up};
use super::passkey::{BUTTON, authenticator, press};
use super::{sign_in, sign_out, url};
use crate::it::harness::{Delivered, MailServer, Server};
use crate::it::story::factor::now;

const FIRST: &str = "four herons at the weir";
const SECOND: &str = "nine swifts over the mill";
const SECURITY: &str = "/.doorward/account/security";

/// The newest letter of this subject, once `count` of them have come.
fn letter(server: &Server, mail: &MailServer, subject: &str, count: usize) -> Delivered {
    let mut found = Vec::new();
    server.wait_until(subject, || {
        found = mail.letters();
        found.retain(|letter| letter.header("Subject").contains(subject));
        found.len() >= count
    });
    found.pop().unwrap()
}

/// Opens the link of a letter.
fn open(browser: &mut Chromium, tab: &Tab, server: &Server, link: &str) {
    let path = link.split_once("/.doorward/").unwrap().1.trim();
    browser.open(tab, &url(server, &format!("/.doorward/{path}")));
}

#[test]
fn a_browser_lives_through_losing_the_phone_and_the_password() {
    let mail = MailServer::start("starttls");
    let settings = mail.settings();
    let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    let server = Server::start_with(&settings);
    let mut browser = Chromium::start(1280, "en");
    let home = browser.tab();
    authenticator(&mut browser, &home, "internal");
    joins(&mut browser, &home, (&server, &mail));
    let codes = sets_everything_up(&mut browser, &home, (&server, &mail));
    signs_in_from_elsewhere(&mut browser, &home, &server);
    let away = browser.tab();
    forgets_the_password(&mut browser, &away, (&server, &mail));
    loses_the_phone(&mut browser, &away, (&server, &mail), &codes[0]);
    ends_a_session(&mut browser, (&home, &away), &server);
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

/// An invitation comes by mail; the account is made and signed in to.
fn joins(browser: &mut Chromium, tab: &Tab, (server, mail): (&Server, &MailServer)) {
    let mut admin = server.signed_in();
    let invited = json!({"email": "bob@example.com", "groups": []});
    assert_eq!(admin.call("POST", "/api/v1/admin/invitations", &invited).status, 200);
    let invitation = letter(server, mail, "You are invited", 1);
    assert!(invitation.text().contains("works once, for seven days"), "{}", invitation.text());
    open(browser, tab, server, &invitation.link());
    says(browser, tab, &["Make your account", "then you can sign in"]);
    browser.fill(tab, "#name", "Bob");
    browser.fill(tab, "#new_password", FIRST);
    browser.submit(tab, "/.doorward/invitation");
    browser.wait_for_path(tab, "/.doorward/sign-in");
    says(browser, tab, &["Your account is ready. Please sign in."]);
    sign_in(browser, tab, server, ("bob@example.com", FIRST));
    browser.wait_for_path(tab, "/.doorward/apps");
    says(browser, tab, &["Hello, Bob", "Where would you like to go?", "Days left to set it up", "Set one up"]);
}

/// An app, the sheet, a passkey and codes by mail.
fn sets_everything_up(browser: &mut Chromium, tab: &Tab, (server, mail): (&Server, &MailServer)) -> Vec<String> {
    follow(browser, tab, "Set one up");
    set_app_up(browser, tab);
    let codes = make_codes(browser, tab);
    follow(browser, tab, "I have kept them");
    browser.wait_for_path(tab, SECURITY);
    says(browser, tab, &["Authenticator app", "Unused codes: 10"]);
    browser.fill(tab, "#passkey_name", "My laptop");
    press(browser, tab);
    browser.wait(tab, "document.body.innerText.includes('My laptop') && document.readyState === 'complete'");
    proves_the_address(browser, tab, (server, mail));
    browser.open(tab, &url(server, SECURITY));
    browser.submit(tab, "/.doorward/account/security/email");
    browser.wait_for_path(tab, "/.doorward/account/security/email");
    let code = letter_code(&letter(server, mail, "Your code", 1).text());
    browser.fill(tab, "#code", &code);
    browser.submit(tab, "/.doorward/account/security/email/confirm");
    browser.wait_for_path(tab, SECURITY);
    says(browser, tab, &["It is set up. From now on it is asked for when you sign in.", "bob@example.com"]);
    letter(server, mail, "A second factor was added", 1);
    codes
}

/// Codes by mail, and notices, go to an address that is proven.
fn proves_the_address(browser: &mut Chromium, tab: &Tab, (server, mail): (&Server, &MailServer)) {
    browser.open(tab, &url(server, "/.doorward/account"));
    follow(browser, tab, "Confirm or change the address");
    if browser.text(tab).contains("It is confirmed: notices about your account go there.") {
        return;
    }
    says(browser, tab, &["It is not confirmed yet, so no notices about your account go there."]);
    browser.submit(tab, "/.doorward/account/email");
    browser.wait(tab, "location.search.includes('letter-sent') && document.readyState === 'complete'");
    open(browser, tab, server, &letter(server, mail, "Confirm your address", 1).link());
    browser.submit(tab, "/.doorward/verify");
    browser.wait(tab, "location.search.includes('address-proven') && document.readyState === 'complete'");
    says(browser, tab, &["The address is confirmed. You sign in with it."]);
}

/// The passkey alone is enough on the own device.
fn signs_in_from_elsewhere(browser: &mut Chromium, tab: &Tab, server: &Server) {
    sign_out(browser, tab, server);
    says(browser, tab, &["signed out"]);
    browser.open(tab, &url(server, "/.doorward/sign-in"));
    if browser.value(tab, "location.pathname") == json!("/.doorward/sign-in") {
        browser.value(tab, &format!("document.querySelector('{BUTTON}')?.click()"));
    }
    browser.wait_for_path(tab, "/.doorward/apps");
    says(browser, tab, &["Hello, Bob"]);
}

/// In a second browser, without the first: the password is forgotten, and a letter mends it.
fn forgets_the_password(browser: &mut Chromium, tab: &Tab, (server, mail): (&Server, &MailServer)) {
    sign_in(browser, tab, server, ("bob@example.com", "was it this one?"));
    browser.wait(tab, "document.querySelector('#problem') !== null && document.readyState === 'complete'");
    says(browser, tab, &["Forgotten your password?"]);
    follow(browser, tab, "Forgotten your password?");
    says(browser, tab, &["We send a link there by which you choose a new password."]);
    browser.fill(tab, "#email", "bob@example.com");
    browser.submit(tab, "/.doorward/forgotten");
    browser.wait(tab, "document.body.innerText.includes('a letter is on its way')");
    says(browser, tab, &["Its link works once, for 30 minutes.", "Nothing came after a few minutes?"]);
    let mended = letter(server, mail, "Choose a new password", 1);
    open(browser, tab, server, &mended.link());
    says(browser, tab, &["Choose a new password", "can sign in with the new password"]);
    browser.fill(tab, "#new_password", SECOND);
    browser.submit(tab, "/.doorward/reset");
    browser.wait_for_path(tab, "/.doorward/sign-in");
    says(browser, tab, &["Your new password is saved. Please sign in with it."]);
    let notice = letter(server, mail, "Your password was changed", 1);
    assert!(notice.text().contains("If not, choose a new password at once"), "{}", notice.text());
}

/// The phone is lost: the sheet and a letter lead in, and another phone takes its place.
fn loses_the_phone(browser: &mut Chromium, tab: &Tab, (server, mail): (&Server, &MailServer), code: &str) {
    sign_in(browser, tab, server, ("bob@example.com", SECOND));
    browser.wait_for_path(tab, "/.doorward/finish/second-factor");
    says(browser, tab, &["One more step", "Try another way", "Authenticator app", "Recovery code"]);
    // The password came by mail: a code by mail would be the same channel again.
    assert_eq!(browser.value(tab, "document.body.innerText.includes('Code by e-mail')"), false);
    follow(browser, tab, "Recovery code");
    prove(browser, tab, code);
    browser.wait_for_path(tab, "/.doorward/finish/recovery-mail");
    says(browser, tab, &["Confirm your e-mail address", "Your recovery code was right.", "Send a code"]);
    browser.submit(tab, "/.doorward/finish/send-code");
    browser.wait(tab, "location.search.includes('sent=1') && document.readyState === 'complete'");
    let sent = letter_code(&letter(server, mail, "Your code", 2).text());
    browser.fill(tab, "#code", &sent);
    browser.submit(tab, "/.doorward/finish/recovery-mail");
    browser.wait_for_path(tab, "/.doorward/finish/recovery");
    says(browser, tab, &["Replace what you have lost", "remove the old one afterwards"]);
    let phone = set_app_up(browser, tab);
    browser.wait(tab, "!location.pathname.includes('/totp') && document.readyState === 'complete'");
    browser.open(tab, &url(server, SECURITY));
    says(browser, tab, &["Authenticator app", "Unused codes: 9", "Remove"]);
    // The lost one is removed, which asks first.
    let rows = "[...document.querySelectorAll('#factors ~ table tbody tr')]";
    let old = format!("{rows}.find(row => row.innerText.includes('Authenticator app')).querySelector('a.button').href");
    let old = browser.value(tab, &old);
    browser.open(tab, old.as_str().unwrap());
    says(browser, tab, &["Remove this from your account?", "It can no longer be used to sign in."]);
    let action = browser.value(tab, "document.querySelector('main form').getAttribute('action')");
    browser.submit(tab, action.as_str().unwrap());
    browser.wait_for_path(tab, SECURITY);
    says(browser, tab, &["It is removed."]);
    sign_out(browser, tab, server);
    sign_in(browser, tab, server, ("bob@example.com", SECOND));
    browser.wait_for_path(tab, "/.doorward/finish/second-factor");
    follow(browser, tab, "Authenticator app");
    prove(browser, tab, &phone.at(now()));
    browser.wait_for_path(tab, "/.doorward/apps");
}

/// Back at the first browser, which was signed out by the new password, and says so.
fn ends_a_session(browser: &mut Chromium, (home, away): (&Tab, &Tab), server: &Server) {
    browser.open(home, &url(server, "/.doorward/account"));
    browser.wait(home, "document.readyState === 'complete'");
    if browser.value(home, "location.pathname") == json!("/.doorward/sign-in") {
        browser.value(home, &format!("document.querySelector('{BUTTON}')?.click()"));
    }
    browser.wait_for_path(home, "/.doorward/account");
    says(browser, home, &["Where you are signed in", "If you do not recognise one of these", "this device"]);
    browser.submit(home, "/.doorward/account/sessions/end");
    browser.wait(home, "location.search === '?done=session-ended' && document.readyState === 'complete'");
    says(browser, home, &["The session has ended.", "You are signed in nowhere else."]);
    browser.open(away, &url(server, "/.doorward/account"));
    browser.wait_for_path(away, "/.doorward/sign-in");
    says(browser, away, &["session.revoked", "Sign in"]);
}
