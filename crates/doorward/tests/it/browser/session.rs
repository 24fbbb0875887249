//! Sessions, cookies and the password that is due, as a person in a real Chromium meets them.

use serde_json::json;

use super::chromium::Chromium;
use super::{NEW, sign_in, sign_out, url};
use crate::it::harness::Server;

#[test]
fn a_browser_holds_the_cookies_that_are_promised_and_no_others() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    let cookies = browser.command(&tab, "Network.getCookies", &json!({}))["cookies"].clone();
    let mut seen: Vec<_> = cookies
        .as_array()
        .unwrap()
        .iter()
        .map(|cookie| {
            assert_eq!((&cookie["domain"], &cookie["path"]), (&json!("localhost"), &json!("/")), "{cookie}");
            assert_eq!((&cookie["secure"], &cookie["sameSite"]), (&json!(false), &json!("Lax")), "{cookie}");
            (cookie["name"].as_str().unwrap(), cookie["httpOnly"].as_bool().unwrap())
        })
        .collect();
    seen.sort_unstable();
    assert_eq!(seen, [("csrf_bind", true), ("csrf_token", false), ("doorward", true)]);
}

#[test]
fn a_browser_ends_the_sessions_of_others_and_they_are_told_why() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let (here, there) = (browser.tab(), browser.tab());
    for tab in [&here, &there] {
        sign_in(&mut browser, tab, &server, (&email, &password));
        browser.wait_for_path(tab, "/.doorward/apps");
    }
    browser.open(&there, &url(&server, "/.doorward/account"));
    browser.open(&here, &url(&server, "/.doorward/account/sessions/end-others"));
    browser.submit(&here, "/.doorward/account/sessions/end-others");
    browser.wait_for_path(&here, "/.doorward/account");
    // A form that was filled in meanwhile is never sent again by itself: the page says so.
    browser.fill(&there, "#current_password", &password);
    browser.fill(&there, "#new_password", NEW);
    browser.submit(&there, "/.doorward/account/password");
    browser.wait_for_path(&there, "/.doorward/account/password");
    let text = browser.text(&there);
    assert!(text.contains("session.form_not_sent"), "{text}");
    browser.open(&there, &url(&server, "/.doorward/account"));
    browser.wait_for_path(&there, "/.doorward/sign-in");
    browser.wait_for_text(&there, "session.revoked");
    // The old password still holds, since nothing was changed.
    sign_in(&mut browser, &there, &server, (&email, &password));
    browser.wait_for_path(&there, "/.doorward/apps");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_with_a_password_that_is_due_can_only_choose_another() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let admin = browser.tab();
    sign_in(&mut browser, &admin, &server, (&email, &password));
    browser.wait_for_path(&admin, "/.doorward/apps");
    browser.open(&admin, &url(&server, "/.doorward/admin/users/new"));
    browser.fill(&admin, "form[action=\"/.doorward/admin/users/create\"] input[name=email]", "eva@example.com");
    browser.fill(&admin, "form[action=\"/.doorward/admin/users/create\"] input[name=name]", "Eva");
    browser.submit(&admin, "/.doorward/admin/users/create");
    browser.wait_for_path(&admin, "/.doorward/admin/users/create");
    let temporary = browser.value(&admin, "document.querySelector('#secret').value");
    let eva = browser.tab();
    sign_in(&mut browser, &eva, &server, ("eva@example.com", temporary.as_str().unwrap()));
    browser.wait_for_path(&eva, "/.doorward/finish/password");
    for path in ["/.doorward/account", "/.doorward/apps", "/demo/"] {
        browser.open(&eva, &url(&server, path));
        browser.wait_for_path(&eva, "/.doorward/finish/password");
    }
    browser.fill(&eva, "#new_password", "passwordpassword");
    browser.submit(&eva, "/.doorward/finish/password");
    browser.wait(&eva, "document.querySelector('#problem') !== null && document.readyState === 'complete'");
    assert_eq!(browser.value(&eva, "document.activeElement.id"), json!("new_password"));
    browser.fill(&eva, "#new_password", NEW);
    browser.submit(&eva, "/.doorward/finish/password");
    browser.wait_for_path(&eva, "/demo/");
    sign_out(&mut browser, &eva, &server);
    sign_in(&mut browser, &eva, &server, ("eva@example.com", NEW));
    browser.wait_for_path(&eva, "/.doorward/apps");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
