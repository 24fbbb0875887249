//! What the options of the command line change, seen from the page.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorward_browser::{Options, Policy};
use serde_json::{Value, json};

use crate::site::{Answer, Client, Request, Site, options, page};

fn answer(_: Site, request: &Request) -> Answer {
    match request.path.as_str() {
        "/cookies" => {
            let cookies = request.header("cookie").unwrap_or("none");
            page(&format!(
                "<p>cookies: {cookies}</p><p id=s></p><script>s.textContent = 'stored: ' + localStorage.getItem('token')</script>"
            ))
        }
        path => page(&format!(
            "<title>Page</title><p>path: {path}</p><p>agent: {}</p>",
            request.header("user-agent").unwrap_or_default()
        )),
    }
}

fn given(change: impl FnOnce(&mut Options)) -> (Site, Client) {
    let mut given = options(Policy::Today);
    change(&mut given);
    (Site::serve(answer), Client::new(given))
}

async fn evaluated(client: &Client, function: &str) -> String {
    client.well("browser_evaluate", json!({ "function": function })).await
}

#[tokio::test]
async fn groups_of_tools_are_listed_where_they_are_asked_for() {
    let names = |client: &Client| client.server.tools().map(|tool| tool.name).collect::<Vec<_>>();
    let plain = Client::new(options(Policy::Today));
    let more = Client::with(options(Policy::Today), |settings| {
        settings.capabilities = vec!["vision".to_owned(), "pdf".to_owned()];
    });
    for name in ["browser_mouse_click_xy", "browser_pdf_save"] {
        assert!(!names(&plain).contains(&name) && names(&more).contains(&name), "{name}");
        let text = plain.wrong(name, json!({})).await;
        assert!(text.contains("not found"), "{text}");
    }
}

#[tokio::test]
async fn a_storage_state_is_there_before_the_first_page() {
    let site = Site::serve(answer);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("state.json");
    let origin = site.at(false, "app.test", "");
    let state = json!({
        "cookies": [{ "name": "sid", "value": "1", "domain": "app.test", "path": "/", "expires": -1, "httpOnly": true, "secure": false, "sameSite": "Lax" }],
        "origins": [{ "origin": origin, "localStorage": [{ "name": "token", "value": "kept" }] }],
    });
    std::fs::write(&file, state.to_string()).unwrap();
    let client = Client::with(options(Policy::Today), |settings| settings.storage_state = Some(file.clone()));
    let text = client.open(&format!("{origin}/cookies")).await;
    assert!(text.contains("cookies: sid=1") && text.contains("stored: kept"), "{text}");
    client.server.close().await;
    std::fs::write(&file, "{broken").unwrap();
    let text = client.wrong("browser_navigate", json!({ "url": origin })).await;
    assert!(text.contains("state.json"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn only_allowed_origins_are_asked() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let site = Site::serve(move |_, request| {
        seen.lock().unwrap().push(request.host.clone());
        page("<title>Here</title>")
    });
    let mut given = options(Policy::Today);
    given.allowed_origins = vec![site.at(false, "app.test", "")];
    let client = Client::new(given);
    let text = client.open(&site.at(false, "app.test", "/")).await;
    assert!(text.contains("Page Title: Here"), "{text}");
    let text = client.wrong("browser_navigate", json!({ "url": site.at(false, "other.test", "/") })).await;
    assert!(text.contains("ERR_BLOCKED_BY_CLIENT"), "{text}");
    client.open(&site.at(false, "app.test", "/")).await;
    let url = site.at(false, "other.test", "/x");
    let text = client
        .call("browser_evaluate", json!({ "function": format!("() => fetch('{url}').catch(() => 'blocked')") }))
        .await;
    assert!(text["content"][0]["text"].as_str().unwrap().contains("blocked"), "{text}");
    assert!(!asked.lock().unwrap().iter().any(|host| host == "other.test"));
    client.server.close().await;
}

#[tokio::test]
async fn size_device_and_agent_are_what_the_page_sees() {
    let (site, client) = given(|options| options.viewport = Some((801, 602)));
    client.open(&site.url("/")).await;
    let text = evaluated(&client, "() => `${innerWidth}x${innerHeight}`").await;
    assert!(text.contains("801x602"), "{text}");
    client.server.close().await;
    let (site, client) = given(|options| options.device = Some("iPhone 15".to_owned()));
    let text = client.open(&site.url("/")).await;
    assert!(text.contains("agent: Mozilla/5.0 (iPhone"), "{text}");
    let text = evaluated(&client, "() => `${screen.width} ${devicePixelRatio} ${navigator.maxTouchPoints > 0}`").await;
    assert!(text.contains("393 3 true"), "{text}");
    client.server.close().await;
    let (site, client) = given(|options| options.user_agent = Some("Tester/1".to_owned()));
    let text = client.open(&site.url("/")).await;
    assert!(text.contains("agent: Tester/1"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn requests_go_through_the_proxy() {
    let proxy = Site::serve(answer);
    let mut given = options(Policy::Today);
    given.host_map.clear();
    given.proxy_server = Some(proxy.url(""));
    let client = Client::new(given);
    let text = client.open("http://far.example.com/deep").await;
    assert!(text.contains("path: http://far.example.com/deep"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn what_takes_too_long_is_given_up_when_told() {
    let (_, client) = given(|options| options.navigation_timeout = Duration::from_millis(700));
    let silent = Site::serve(|_, _| Answer(200, Vec::new(), None));
    let text = client.wrong("browser_navigate", json!({ "url": silent.url("/") })).await;
    assert!(text.contains("Timeout 700ms exceeded"), "{text}");
    client.server.close().await;
    let (_, client) = given(|options| options.action_timeout = Duration::from_millis(300));
    client.open("data:text/html,<button disabled>No").await;
    let text = client.wrong("browser_click", json!({ "element": "x", "target": "button" })).await;
    assert!(text.contains("Timeout 300ms exceeded"), "{text}");
    client.server.close().await;
}

/// A browser that somebody else started. It ends with its value.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a browser with an open port, and gives the port.
async fn start(profile: &Path) -> (Running, String) {
    let program = doorward_browser::chromium::find(None, &options(Policy::Today).search_path).unwrap();
    let mut profile_flag = std::ffi::OsString::from("--user-data-dir=");
    profile_flag.push(profile);
    let child = Command::new(program)
        .args([
            "--headless",
            "--no-sandbox",
            "--remote-debugging-port=0",
            "--no-first-run",
            "--host-resolver-rules=MAP *.test 127.0.0.1",
        ])
        .arg(profile_flag)
        .arg("about:blank")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(child);
    let file = profile.join("DevToolsActivePort");
    for _ in 0..600 {
        if let Some(port) = std::fs::read_to_string(&file).ok().and_then(|text| text.lines().next().map(str::to_owned))
        {
            return (running, port);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the browser opened no port");
}

#[tokio::test]
async fn a_browser_that_runs_already_is_used_and_left_running() {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let site = Site::serve(|_, request| {
        COUNT.fetch_add(1, Ordering::Relaxed);
        answer(Site { plain: 0, tls: 0 }, request)
    });
    let profile = tempfile::tempdir().unwrap();
    let (mut running, port) = start(profile.path()).await;
    for _ in 0..2 {
        let mut given = options(Policy::Today);
        given.endpoint = Some(format!("http://127.0.0.1:{port}"));
        let client = Client::new(given);
        let text = client.open(&site.at(false, "app.test", "/mine")).await;
        assert!(text.contains("path: /mine"), "{text}");
        let tabs: Value = client.call("browser_tab_list", json!({})).await;
        assert!(!tabs["content"][0]["text"].as_str().unwrap().contains("- 1:"), "tabs of others are not shown: {tabs}");
        client.server.close().await;
        assert!(running.0.try_wait().unwrap().is_none(), "it goes on");
    }
    assert!(COUNT.load(Ordering::Relaxed) >= 2);
    drop(running);
}
