//! Pages of another site, in a browser that could act here.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::chromium::{Chromium, Tab};
use super::{sign_in, url};
use crate::it::harness::Server;

/// Serves one page under another host name for as long as the tests run, and says where.
fn page_of_another_site(page: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://evil.localhost:{}/", listener.local_addr().unwrap().port());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{page}"
            );
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    address
}

/// Lets another site post a form with these fields to a path, and waits for what the visitor then sees.
fn forge(browser: &mut Chromium, tab: &Tab, server: &Server, (path, fields): (&str, &[(&str, &str)])) {
    let inputs = fields.iter().map(|(name, value)| format!("<input name={name} value=\"{value}\">"));
    let (target, inputs) = (url(server, path), inputs.collect::<String>());
    let page = format!("<form method=post action=\"{target}\">{inputs}<button type=submit>win</button></form>");
    browser.open(tab, &page_of_another_site(page));
    browser.submit(tab, &target);
    browser.wait_for_path(tab, path);
    let text = browser.text(tab);
    assert!(text.contains("csrf.cross_site"), "{text}");
}

// WSTG-SESS-05 and the whole point: a page of another site posts a form here, in a browser that is signed in.
#[test]
fn a_browser_on_another_site_cannot_act_here() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    for path in ["/.doorward/account/sessions/end-others", "/.doorward/sign-out"] {
        forge(&mut browser, &tab, &server, (path, &[("csrf_token", "x")]));
    }
    browser.open(&tab, &url(&server, "/.doorward/apps"));
    browser.wait_for_path(&tab, "/.doorward/apps");
}

// Login CSRF: the visitor would work in the attacker's account without noticing.
#[test]
fn a_browser_on_another_site_cannot_be_signed_in_here() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    // A token that the attacker fetched for themselves.
    let token = server.client().token();
    let fields = [("csrf_token", token.as_str()), ("email", &email), ("password", &password)];
    forge(&mut browser, &tab, &server, ("/.doorward/sign-in", &fields));
    assert_eq!(browser.cookie(&tab, "doorward"), None);
    browser.open(&tab, &url(&server, "/.doorward/account"));
    browser.wait_for_path(&tab, "/.doorward/sign-in");
}

#[test]
fn a_link_that_a_browser_follows_changes_nothing() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = browser.tab();
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    for path in ["/.doorward/sign-out", "/.doorward/account/sessions/end-others"] {
        let target = url(&server, path);
        let page = format!("<form method=get action=\"{target}\"><button type=submit>win</button></form>");
        browser.open(&tab, &page_of_another_site(page));
        browser.submit(&tab, &target);
        browser.wait_for_path(&tab, path);
    }
    browser.open(&tab, &url(&server, "/.doorward/account"));
    browser.wait_for_text(&tab, &email);
}
