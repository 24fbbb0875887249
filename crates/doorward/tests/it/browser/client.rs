//! App passwords and the way back in, as a person meets them in a real Chromium without scripts.

use serde_json::json;

use super::chromium::{Chromium, Tab};
use super::{NEW, sign_in, url};
use crate::it::harness::{Server, Upstream};

fn without_scripts(browser: &mut Chromium) -> Tab {
    let tab = browser.tab();
    browser.command(&tab, "Emulation.setScriptExecutionDisabled", &json!({"value": true}));
    tab
}

#[test]
fn a_browser_without_scripts_makes_and_withdraws_an_app_password() {
    let app = Upstream::start();
    let upstream = app.url();
    let server = Server::start_with(&[
        ("DOORWARD_APP__0__UPSTREAM", upstream.as_str()),
        ("DOORWARD_APP__0__HOST", "dav.localhost"),
        ("DOORWARD_APP__0__NAME", "dav"),
        ("DOORWARD_APP__0__APP_PASSWORDS", "true"),
    ]);
    let (email, password) = server.administrator();
    let mut browser = Chromium::start(1280, "en");
    let tab = without_scripts(&mut browser);
    sign_in(&mut browser, &tab, &server, (&email, &password));
    browser.wait_for_path(&tab, "/.doorward/apps");
    let page = "/.doorward/account/app-passwords";
    browser.open(&tab, &url(&server, page));
    browser.fill(&tab, "#name", "Calendar on my phone");
    browser.submit(&tab, page);
    browser.wait(&tab, "document.querySelector('#secret') !== null");
    let secret = browser.value(&tab, "document.querySelector('#secret').value");
    let bearer = format!("Bearer {}", secret.as_str().unwrap());
    let mut phone = server.client();
    phone.host = format!("dav.localhost:{}", server.port);
    assert_eq!(phone.send("GET", "/", &[("Authorization", &bearer)], "").status, 200);
    browser.open(&tab, &url(&server, page));
    browser.wait_for_text(&tab, "Calendar on my phone");
    for (width, scheme) in [(360, "light"), (360, "dark"), (1280, "dark")] {
        let metrics = json!({"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": false});
        browser.command(&tab, "Emulation.setDeviceMetricsOverride", &metrics);
        let media = json!({"features": [{"name": "prefers-color-scheme", "value": scheme}]});
        browser.command(&tab, "Emulation.setEmulatedMedia", &media);
        let fits = "document.scrollingElement.scrollWidth <= window.innerWidth";
        assert_eq!(browser.value(&tab, fits), json!(true), "{width}");
    }
    browser.submit(&tab, "/.doorward/account/app-passwords/withdraw");
    browser.wait(&tab, "location.search === '?done=app-password-withdrawn'");
    assert_eq!(phone.send("GET", "/", &[("Authorization", &bearer)], "").status, 401);
    assert_eq!(browser.complaints(), [] as [String; 0]);
}

#[test]
fn a_browser_without_scripts_comes_back_in_by_a_link_from_the_host() {
    let server = Server::start();
    let (email, _) = server.administrator();
    let link = server.json(&["user", "recover", &email])["url"].as_str().unwrap().to_owned();
    let mut browser = Chromium::start(360, "en");
    let tab = without_scripts(&mut browser);
    let path = link.split_once("/.doorward").unwrap().1;
    browser.open(&tab, &url(&server, &format!("/.doorward{path}")));
    browser.fill(&tab, "#new_password", NEW);
    browser.submit(&tab, "/.doorward/reset");
    browser.wait_for_path(&tab, "/.doorward/sign-in");
    sign_in(&mut browser, &tab, &server, (&email, NEW));
    browser.wait_for_path(&tab, "/.doorward/finish/enrolment");
    // Good once: whoever opens it again is told so.
    browser.open(&tab, &url(&server, &format!("/.doorward{path}")));
    browser.wait_for_text(&tab, "user.link_invalid");
    assert_eq!(browser.complaints(), [] as [String; 0]);
}
