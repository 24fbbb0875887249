//! Second factors, recovery codes, trusted devices and sessions in a real Chromium, with and without scripts.

use serde_json::json;

use super::chromium::{Chromium, Tab};
use super::{sign_in, sign_out, url};
use crate::it::harness::{MailServer, Server};
use crate::it::story::factor::{Phone, before, now};

const SECURITY: &str = "/.doorward/account/security";
const TOTP: &str = "/.doorward/account/security/totp";
const CONFIRM: &str = "/.doorward/account/security/totp/confirm";
const CODES: &str = "/.doorward/account/security/recovery-codes";
const CHALLENGE: &str = "/.doorward/finish/second-factor";

/// A tab with or without scripts.
pub(super) fn tab(browser: &mut Chromium, has_scripts: bool) -> Tab {
    let tab = browser.tab();
    browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": !has_scripts}));
    tab
}

/// Fails unless the page says all of this.
pub(super) fn says(browser: &mut Chromium, tab: &Tab, words: &[&str]) {
    let text = browser.text(tab);
    for word in words {
        assert!(text.contains(word), "the page does not say {word:?}:\n{text}");
    }
}

/// Opens where a link with these words leads.
pub(super) fn follow(browser: &mut Chromium, tab: &Tab, words: &str) {
    let find =
        format!("[...document.querySelectorAll('a')].find(link => link.innerText.trim() === '{words}')?.href ?? ''");
    let href = browser.value(tab, &find);
    assert_ne!(href, json!(""), "no link {words:?} on\n{}", browser.text(tab));
    browser.open(tab, href.as_str().unwrap());
}

/// Sets an app up from a page that offers it, and gives back the phone.
pub(super) fn set_app_up(browser: &mut Chromium, tab: &Tab) -> Phone {
    browser.submit(tab, TOTP);
    browser.wait_for_path(tab, TOTP);
    says(browser, tab, &["Set up an authenticator app", "scan this picture"]);
    let width = browser.value(tab, "document.querySelector('.qr svg').getBoundingClientRect().width");
    assert!(width.as_f64() > Some(100.0), "the picture can be scanned: {width}");
    let key = browser.value(tab, "document.querySelector('#key').value").as_str().unwrap().to_owned();
    browser.fill(tab, "#code", "12345");
    browser.submit(tab, CONFIRM);
    browser.wait(tab, "document.querySelector('#problem') !== null && document.readyState === 'complete'");
    assert_eq!(browser.value(tab, "document.querySelector('#key').value"), json!(key), "the same key once more");
    assert_eq!(browser.value(tab, "document.activeElement.id"), json!("code"), "one can type again at once");
    let phone = Phone::of(&key.replace(' ', ""));
    browser.fill(tab, "#code", &phone.at(before()));
    browser.submit(tab, CONFIRM);
    phone
}

/// Makes the sheet of the page that one is on, and gives it back.
pub(super) fn make_codes(browser: &mut Chromium, tab: &Tab) -> Vec<String> {
    browser.wait_for_path(tab, CODES);
    says(browser, tab, &["Recovery codes", "Print the sheet"]);
    browser.submit(tab, CODES);
    browser.wait(tab, "document.querySelectorAll('ol.codes li').length === 10");
    says(browser, tab, &["They are shown this once. Each works once.", "I have kept them"]);
    let codes = browser.value(tab, "[...document.querySelectorAll('ol.codes code')].map(code => code.innerText)");
    codes.as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect()
}

/// Types a code into the challenge.
pub(super) fn prove(browser: &mut Chromium, tab: &Tab, code: &str) {
    browser.fill(tab, "#code", code);
    browser.submit(tab, CHALLENGE);
}

#[test]
fn a_browser_sets_an_app_up_keeps_its_codes_and_tries_another_way() {
    for has_scripts in [true, false] {
        let server = Server::start();
        let (email, password) = server.administrator();
        let mut browser = Chromium::start(1280, "en");
        let tab = tab(&mut browser, has_scripts);
        sign_in(&mut browser, &tab, &server, (&email, &password));
        browser.wait_for_path(&tab, "/.doorward/apps");
        says(&mut browser, &tab, &["Days left to set it up: 7", "Set one up"]);
        follow(&mut browser, &tab, "Set one up");
        says(&mut browser, &tab, &["Nothing is set up yet: your password alone opens this account."]);
        let phone = set_app_up(&mut browser, &tab);
        let codes = make_codes(&mut browser, &tab);
        // On paper stands what is on the screen.
        browser.command(&tab, "Emulation.setEmulatedMedia", &json!({"media": "print"}));
        says(&mut browser, &tab, &[&codes[0], &codes[9], &email]);
        let printed = browser.command(&tab, "Page.printToPDF", &json!({}))["data"].as_str().unwrap().len();
        assert!(printed > 5_000, "{printed}");
        browser.command(&tab, "Emulation.setEmulatedMedia", &json!({"media": ""}));
        browser.open(&tab, &url(&server, CODES));
        assert!(!browser.text(&tab).contains(&codes[0]), "shown once");
        browser.open(&tab, &url(&server, SECURITY));
        says(&mut browser, &tab, &["Authenticator app", "Unused codes: 10", "You trust no device."]);
        browser.value(&tab, "document.querySelector('details.rename').open = true");
        browser.fill(&tab, "#name_1", "My telephone");
        browser.submit(&tab, "/.doorward/account/security/rename");
        browser.wait(&tab, "location.search.includes('done=') && document.readyState === 'complete'");
        says(&mut browser, &tab, &["The name is saved.", "My telephone"]);
        sign_out(&mut browser, &tab, &server);

        sign_in(&mut browser, &tab, &server, (&email, &password));
        browser.wait_for_path(&tab, CHALLENGE);
        says(&mut browser, &tab, &["One more step", "Your password was right.", "Try another way"]);
        // Another way drops nothing: without a code there is no way on, and back is where one was.
        follow(&mut browser, &tab, "Recovery code");
        says(&mut browser, &tab, &["One of the ten codes of your printed sheet.", "Try another way"]);
        browser.open(&tab, &url(&server, "/.doorward/apps"));
        browser.wait_for_path(&tab, CHALLENGE);
        prove(&mut browser, &tab, "123456");
        browser.wait(&tab, "document.querySelector('#problem') !== null && document.readyState === 'complete'");
        browser.value(&tab, "document.querySelector('#trust').focus()");
        browser.command(&tab, "Input.insertText", &json!({"text": ""}));
        browser.value(&tab, "document.querySelector('#trust').click()");
        prove(&mut browser, &tab, &phone.at(now()));
        browser.wait_for_path(&tab, "/.doorward/apps");
        devices(&mut browser, &tab, &server, (&email, &password));
        recovers(&mut browser, &tab, &server, &codes[1]);
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}

/// The device was trusted: the password is enough, until the trust is taken back.
fn devices(browser: &mut Chromium, tab: &Tab, server: &Server, account: (&str, &str)) {
    sign_out(browser, tab, server);
    sign_in(browser, tab, server, account);
    browser.wait_for_path(tab, "/.doorward/apps");
    browser.open(tab, &url(server, "/.doorward/account"));
    says(browser, tab, &["trusted device"]);
    browser.open(tab, &url(server, SECURITY));
    says(browser, tab, &["Trusted devices", "No longer trust", "127.0.0.1"]);
    browser.submit(tab, "/.doorward/account/security/devices/remove");
    // The session that rested on the trust has ended with it.
    browser.wait_for_path(tab, "/.doorward/sign-in");
    says(browser, tab, &["Sign in"]);
    sign_in(browser, tab, server, account);
    browser.wait_for_path(tab, CHALLENGE);
}

/// A code of the sheet leads in by way of the page on which what was lost is replaced.
fn recovers(browser: &mut Chromium, tab: &Tab, server: &Server, code: &str) {
    follow(browser, tab, "Recovery code");
    prove(browser, tab, code);
    browser.wait_for_path(tab, "/.doorward/finish/recovery");
    says(browser, tab, &["Replace what you have lost", "set up a new one now", "Nothing is lost, go on"]);
    browser.open(tab, &url(server, "/.doorward/account"));
    browser.wait_for_path(tab, "/.doorward/finish/recovery");
    browser.submit(tab, "/.doorward/finish/recovery");
    browser.wait_for_path(tab, "/.doorward/account");
    browser.open(tab, &url(server, SECURITY));
    says(browser, tab, &["Unused codes: 9"]);
}

#[test]
fn a_browser_ends_one_session_and_the_other_is_told_why() {
    for has_scripts in [true, false] {
        let server = Server::start();
        let (email, password) = server.administrator();
        let mut browser = Chromium::start(1280, "en");
        let tabs = [(); 3].map(|()| tab(&mut browser, has_scripts));
        for tab in &tabs {
            sign_in(&mut browser, tab, &server, (&email, &password));
            browser.wait_for_path(tab, "/.doorward/apps");
        }
        let [here, there, third] = &tabs;
        browser.open(here, &url(&server, "/.doorward/account"));
        says(&mut browser, here, &["Where you are signed in", "this device", "password", "End all others"]);
        browser.submit(here, "/.doorward/account/sessions/end");
        browser.wait(here, "location.search === '?done=session-ended' && document.readyState === 'complete'");
        says(&mut browser, here, &["The session has ended."]);
        let mut ended = 0;
        for tab in [there, third] {
            browser.open(tab, &url(&server, "/.doorward/account"));
            if browser.value(tab, "location.pathname") == json!("/.doorward/sign-in") {
                says(&mut browser, tab, &["session.revoked", "Sign in"]);
                ended += 1;
            }
        }
        assert_eq!(ended, 1, "one was ended, and no other");
        browser.open(here, &url(&server, "/.doorward/account"));
        follow(&mut browser, here, "End all others");
        browser.submit(here, "/.doorward/account/sessions/end-others");
        browser.wait_for_path(here, "/.doorward/account");
        says(&mut browser, here, &["You are signed in nowhere else."]);
        for tab in [there, third] {
            browser.open(tab, &url(&server, "/.doorward/account"));
            browser.wait_for_path(tab, "/.doorward/sign-in");
            says(&mut browser, tab, &["session.revoked"]);
        }
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}

pub(super) fn letter_code(letter: &str) -> String {
    let is_code = |line: &&str| line.len() == 9 && line.chars().all(|one| one.is_ascii_digit() || one == ' ');
    letter.lines().map(str::trim).find(is_code).unwrap_or_else(|| panic!("no code: {letter}")).to_owned()
}

#[test]
fn a_browser_proves_its_address_and_signs_in_with_codes_by_mail() {
    for has_scripts in [true, false] {
        let mail = MailServer::start("starttls");
        let settings = mail.settings();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
        let server = Server::start_with(&settings);
        let (email, password) = server.administrator();
        let mut browser = Chromium::start(390, "en");
        let tab = tab(&mut browser, has_scripts);
        sign_in(&mut browser, &tab, &server, (&email, &password));
        browser.wait_for_path(&tab, "/.doorward/apps");
        browser.open(&tab, &url(&server, "/.doorward/account/email"));
        says(&mut browser, &tab, &["It is not confirmed yet"]);
        browser.submit(&tab, "/.doorward/account/email");
        browser.wait(&tab, "location.search.includes('letter-sent') && document.readyState === 'complete'");
        says(&mut browser, &tab, &["A letter is on its way."]);
        let secret = mail.letter(1).secret();
        browser.open(&tab, &url(&server, &format!("/.doorward/verify?token={secret}")));
        says(&mut browser, &tab, &["Confirm your address", "ada@example.com"]);
        browser.submit(&tab, "/.doorward/verify");
        browser.wait(&tab, "location.search.includes('address-proven') && document.readyState === 'complete'");
        browser.open(&tab, &url(&server, SECURITY));
        browser.submit(&tab, "/.doorward/account/security/email");
        browser.wait_for_path(&tab, "/.doorward/account/security/email");
        says(&mut browser, &tab, &["We have sent a code.", "Send another code"]);
        browser.fill(&tab, "#code", &letter_code(&mail.letter(2).text()));
        browser.submit(&tab, "/.doorward/account/security/email/confirm");
        browser.wait_for_path(&tab, CODES);
        sign_out(&mut browser, &tab, &server);

        let before = mail.letters().len().max(3);
        mail.letter(3);
        sign_in(&mut browser, &tab, &server, (&email, &password));
        browser.wait_for_path(&tab, CHALLENGE);
        says(&mut browser, &tab, &["Code by e-mail", "We send eight digits", "Send a code"]);
        browser.submit(&tab, "/.doorward/finish/send-code");
        browser.wait(&tab, "location.search.includes('sent=1') && document.readyState === 'complete'");
        says(&mut browser, &tab, &["We have sent a code.", "Send another code"]);
        prove(&mut browser, &tab, &letter_code(&mail.letter(before + 1).text()));
        browser.wait_for_path(&tab, "/.doorward/apps");
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}

#[test]
fn a_browser_takes_lost_factors_away_by_a_letter_and_sets_new_ones_up() {
    for has_scripts in [true, false] {
        let mail = MailServer::start("starttls");
        let settings = mail.settings();
        let settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
        let server = Server::start_with(&settings);
        let mut admin = server.signed_in();
        let invited = json!({"email": "bob@example.com", "groups": []});
        assert_eq!(admin.call("POST", "/api/v1/admin/invitations", &invited).status, 200);
        let body = json!({"code": mail.letter(1).secret(), "name": "Bob", "password": super::NEW});
        let mut bob = server.client();
        assert_eq!(bob.call("POST", "/api/v1/auth/invitations/accept", &body).status, 200);
        assert_eq!(bob.sign_in("bob@example.com", super::NEW).status, 200);
        crate::it::story::factor::enrol(&mut bob);
        let users = admin.get("/api/v1/admin/users").json();
        let user = users["users"].as_array().unwrap().iter().find(|user| user["email"] == "bob@example.com").unwrap();
        let path = format!("/api/v1/admin/users/{}/reset-factors", user["id"].as_str().unwrap());
        assert_eq!(admin.call("POST", &path, &json!({})).status, 200);
        let mut link = String::new();
        server.wait_until("the letter", || {
            let letters = mail.letters();
            let found = letters.iter().find(|letter| letter.content.contains("dwf_"));
            link = found.map(crate::it::harness::Delivered::link).unwrap_or_default();
            !link.is_empty()
        });
        let mut browser = Chromium::start(390, "en");
        let tab = tab(&mut browser, has_scripts);
        let path = link.split_once("/.doorward/").unwrap().1.trim();
        browser.open(&tab, &url(&server, &format!("/.doorward/{path}")));
        says(&mut browser, &tab, &["Have you lost your second factor?", "bob@example.com", "set up new ones"]);
        browser.submit(&tab, "/.doorward/reset-factors");
        browser.wait_for_path(&tab, "/.doorward/sign-in");
        says(&mut browser, &tab, &["Your lost second factors are taken away", "Please sign in and set up new ones."]);
        sign_in(&mut browser, &tab, &server, ("bob@example.com", super::NEW));
        browser.wait_for_path(&tab, "/.doorward/finish/enrolment");
        says(&mut browser, &tab, &["Set up a second step", "Choose one; it takes two minutes."]);
        set_app_up(&mut browser, &tab);
        make_codes(&mut browser, &tab);
        follow(&mut browser, &tab, "I have kept them");
        browser.wait_for_path(&tab, SECURITY);
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}
