//! What comes by mail, opened in a real Chromium, with and without scripts.

use serde_json::json;

use super::chromium::{Chromium, Tab};
use super::{NEW, sign_in, url};
use crate::it::harness::{MailServer, Server};

fn doorward(mail: &MailServer) -> Server {
    let settings = mail.settings();
    let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    settings.push(("DOORWARD_REGISTRATION__ENABLED", "true"));
    Server::start_with(&settings)
}

fn mend(browser: &mut Chromium, tab: &Tab, server: &Server, mail: &MailServer, password: &str) {
    let before = mail.letters().len();
    browser.open(tab, &url(server, "/.doorward/sign-in"));
    browser.open(tab, &url(server, "/.doorward/forgotten"));
    browser.fill(tab, "#email", "ada@example.com");
    browser.submit(tab, "/.doorward/forgotten");
    let letter = mail.letter_with(before, "/.doorward/reset?token=");
    browser.wait_for_text(tab, "a letter is on its way");
    browser.open(tab, &url(server, &format!("/.doorward/reset?token={}", letter.secret())));
    browser.fill(tab, "#new_password", password);
    browser.submit(tab, "/.doorward/reset");
    browser.wait_for_path(tab, "/.doorward/sign-in");
    sign_in(browser, tab, server, ("ada@example.com", password));
    browser.wait_for_path(tab, "/.doorward/apps");
}

#[test]
fn a_browser_mends_a_forgotten_password_with_and_without_scripts() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail);
    for (is_disabled, password) in [(false, NEW), (true, "a third long phrase of mine")] {
        let mut browser = Chromium::start(390, "en");
        let tab = browser.tab();
        browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": is_disabled}));
        mend(&mut browser, &tab, &server, &mail, password);
        assert_eq!(browser.complaints(), [] as [String; 0]);
    }
}

#[test]
fn a_browser_without_scripts_registers_and_accepts_an_invitation() {
    let mail = MailServer::start("implicit");
    let server = doorward(&mail);
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    browser.open(&tab, &url(&server, "/.doorward/register"));
    browser.fill(&tab, "#email", "bob@example.com");
    browser.submit(&tab, "/.doorward/register");
    let mut admin = server.signed_in();
    mail.letter(1);
    let invited = json!({"email": "cy@example.com", "groups": []});
    assert_eq!(admin.call("POST", "/api/v1/admin/invitations", &invited).status, 200);
    mail.letter(2);
    for (letter, email) in mail.letters().iter().zip(["bob@example.com", "cy@example.com"]) {
        let link = letter.link();
        let path = link.split_once("/.doorward/").unwrap().1;
        browser.open(&tab, &url(&server, &format!("/.doorward/{path}")));
        browser.fill(&tab, "#name", "Somebody");
        browser.fill(&tab, "#new_password", NEW);
        browser.submit(&tab, "/.doorward/invitation");
        browser.wait_for_path(&tab, "/.doorward/sign-in");
        sign_in(&mut browser, &tab, &server, (email, NEW));
        browser.wait_for_path(&tab, "/.doorward/apps");
        browser.command(&tab, "Network.clearBrowserCookies", &json!({}));
    }
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
