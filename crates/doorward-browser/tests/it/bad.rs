//! Pages and clients that mean no good: each costs bounded time and memory, and the next call works.

use std::time::Duration;

use doorward_browser::Policy;
use serde_json::json;
use tokio::time::{Instant, timeout};

use crate::site::{Answer, Client, Request, Site, find, headed, options, page};

fn answer(_: Site, request: &Request) -> Answer {
    match request.path.as_str() {
        "/dialogs" => page("<button onclick='while (true) alert(1)'>Ask</button>"),
        "/tabs" => page("<button onclick='for (let i = 0; i < 1000; i++) window.open(\"about:blank\")'>Open</button>"),
        "/endless" => Answer(200, vec![("Content-Type".to_owned(), "text/html".to_owned())], None),
        "/busy" => page("<button onclick='while (true);'>Busy</button>"),
        "/leaving" => {
            page("<button id=b disabled>Wait</button><script>setTimeout(() => location = '/well', 1200)</script>")
        }
        "/million" => page(
            "<body><script>const all = document.createDocumentFragment(); for (let i = 0; i < 1000000; i++) \
            all.append(document.createElement('p')); for (let i = 0; i < 100; i++) all.append('x'.repeat(1000)); document.body.append(all)</script>",
        ),
        "/deep" => page(
            "<body><script>let at = document.body; for (let i = 0; i < 20000; i++) { const d = document.createElement('div'); \
            at.append(d); at = d; } at.textContent = 'bottom'</script>",
        ),
        "/renaming" => page(
            "<button>0</button><script>const b = document.querySelector('button'); let i = 0; \
            setInterval(() => b.textContent = String(++i), 5); b.onclick = () => { document.title = 'clicked' }</script>",
        ),
        "/lying" => page(
            "<div role='button checkbox nonsense' aria-labelledby='a b a' id=a aria-checked=maybe>x</div>\
            <p role=heading aria-level=-9 aria-owns='a a z'>y</p><table role=none><tr><td>z</table><p id=b aria-labelledby=a>q</p>",
        ),
        "/named" => page(
            "<title>true title</title><img name=body><img name=title><form name=activeElement><input name=parentElement><input name=id><input name=labels></form>\
            <progress>key<i></i>{brace}</progress><button>Press</button>",
        ),
        "/huge" => page(
            "<button>Small</button><script>const all = 'x'.repeat(1e7); document.title = all; console.log(all); history.replaceState('', '', '#' + 'y'.repeat(1e5))</script>",
        ),
        "/hostile" => headed(
            &[("X-Odd", "a\u{1}b\u{ff}\u{7f}"), ("Set-Cookie", "\u{ff}\u{fe}=\u{1}; Domain=\u{e9}")],
            "<title>odd</title><script>console.log('\\ud800 half', '\\u0000'); console.error(new Error('\\udc00'))</script>",
        ),
        _ => page("<title>well</title><p>All is well</p>"),
    }
}

fn client() -> (Site, Client) {
    let mut given = options(Policy::Today);
    given.action_timeout = Duration::from_secs(2);
    given.navigation_timeout = Duration::from_secs(3);
    given.script_timeout = Duration::from_secs(4);
    (Site::serve(answer), Client::new(given))
}

/// The next call works.
async fn well(site: Site, client: &Client) {
    let opened = timeout(Duration::from_secs(20), client.open(&site.url("/well"))).await.expect("in time");
    assert!(opened.contains("All is well"), "{opened}");
}

#[tokio::test]
async fn a_page_that_asks_without_end_can_be_left() {
    let (site, client) = client();
    let button = find(&client.open(&site.url("/dialogs")).await, "Ask");
    let text = client.well("browser_click", json!({ "element": "x", "ref": button })).await;
    assert!(
        text.contains("[\"alert\" dialog with message \"1\"]: can be handled by the \"browser_handle_dialog\" tool"),
        "{text}"
    );
    let refused = client.wrong("browser_snapshot_nope", json!({})).await;
    assert!(refused.contains("not found"), "{refused}");
    let refused = client.wrong("browser_press_key", json!({ "key": "a" })).await;
    assert!(refused.contains("does not handle the modal state"), "{refused}");
    for _ in 0..3 {
        let text = client.well("browser_handle_dialog", json!({ "accept": true })).await;
        assert!(text.contains("### Modal state"), "{text}");
    }
    client.well("browser_close", json!({})).await;
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_thousand_tabs_are_not_opened() {
    let (site, client) = client();
    let button = find(&client.open(&site.url("/tabs")).await, "Open");
    client.call("browser_click", json!({ "element": "x", "ref": button })).await;
    let text = timeout(Duration::from_secs(30), client.well("browser_tab_list", json!({}))).await.expect("in time");
    assert!(text.matches("\n- ").count() <= 50, "{text}");
    client.well("browser_tab_select", json!({ "index": 0 })).await;
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_page_that_never_ends_is_given_up_in_time() {
    let (site, client) = client();
    let begun = Instant::now();
    let text = client.wrong("browser_navigate", json!({ "url": site.url("/endless") })).await;
    assert!(text.contains("TimeoutError: page.goto: Timeout 3000ms exceeded."), "{text}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_script_without_end_is_stopped() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    let text = client.wrong("browser_evaluate", json!({ "function": "() => { while (true); }" })).await;
    assert!(text.contains("Timeout"), "{text}");
    well(site, &client).await;
    let button = find(&client.open(&site.url("/busy")).await, "Busy");
    let _ = timeout(Duration::from_secs(40), client.call("browser_click", json!({ "element": "x", "ref": button })))
        .await
        .expect("in time");
    well(site, &client).await;
    client.server.close().await;
}

/// Kills every renderer that descends from this process, as a crash does.
fn crash_renderers() -> usize {
    let status = |id: u32, field: &str| -> Option<String> {
        let text = std::fs::read_to_string(format!("/proc/{id}/status")).ok()?;
        text.lines().find_map(|line| line.strip_prefix(field)).map(|value| value.trim().to_owned())
    };
    let is_ours = |id: u32| {
        let mut at = id;
        while let Some(parent) = status(at, "PPid:").and_then(|text| text.parse::<u32>().ok()).filter(|id| *id > 1) {
            if parent == std::process::id() {
                return true;
            }
            at = parent;
        }
        false
    };
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let ids = all.filter_map(|entry| entry.file_name().to_string_lossy().parse::<u32>().ok());
    let is_renderer = |id: &u32| {
        std::fs::read(format!("/proc/{id}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains("--type=renderer"))
    };
    let renderers: Vec<u32> = ids.filter(is_renderer).filter(|id| is_ours(*id)).collect();
    for id in &renderers {
        let id = rustix::process::Pid::from_raw(i32::try_from(*id).unwrap()).unwrap();
        let _ = rustix::process::kill_process(id, rustix::process::Signal::KILL);
    }
    renderers.len()
}

#[tokio::test]
async fn a_renderer_that_crashes_is_an_error_and_the_tab_comes_back() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    // In the middle of a call, and between two.
    let endless = client.wrong("browser_evaluate", json!({ "function": "() => new Promise(() => {})" }));
    let crashed = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(crash_renderers() > 0, "there was a renderer to crash");
    };
    let begun = Instant::now();
    let (text, ()) = tokio::join!(endless, crashed);
    assert!(text.contains("crashed") && begun.elapsed() < Duration::from_secs(3), "{text}");
    for tool in ["browser_snapshot", "browser_console_messages", "browser_take_screenshot"] {
        let text = client.wrong(tool, json!({})).await;
        assert!(text.contains("Page crashed"), "{tool}: {text}");
    }
    client.well("browser_tab_list", json!({})).await;
    well(site, &client).await;
    client.open(&site.url("/well")).await;
    let text = client.wrong("browser_navigate", json!({ "url": "chrome://crash" })).await;
    assert!(text.contains("refused"), "{text}");
    let text = client.wrong("browser_navigate", json!({ "url": "file:///etc/passwd" })).await;
    assert!(text.contains("refused"), "{text}");
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_page_that_leaves_while_an_action_waits_is_an_error_in_time() {
    let (site, client) = client();
    let button = find(&client.open(&site.url("/leaving")).await, "Wait");
    let result =
        timeout(Duration::from_secs(20), client.call("browser_click", json!({ "element": "x", "ref": button }))).await;
    assert_eq!(result.expect("in time")["isError"], true);
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_million_nodes_are_cut_and_a_deep_page_is_read_to_its_ground() {
    let mut given = options(Policy::Today);
    given.navigation_timeout = Duration::from_secs(30);
    let (site, client) = (Site::serve(answer), Client::new(given));
    let text = timeout(Duration::from_mins(1), client.open(&site.url("/million"))).await.expect("in time");
    assert!(
        text.len() < 8_000_000 && text.contains("larger than a snapshot may be"),
        "{} bytes: {}",
        text.len(),
        &text[..text.len().min(900)]
    );
    let text =
        timeout(Duration::from_mins(1), client.call("browser_navigate", json!({ "url": site.url("/deep") }))).await;
    assert!(text.expect("in time")["content"][0]["text"].is_string());
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn elements_that_change_their_name_and_lie_about_their_role_can_be_used() {
    let (site, client) = client();
    client.open(&site.url("/renaming")).await;
    let text = client.well("browser_click", json!({ "element": "x", "target": "button" })).await;
    assert!(text.contains("Page Title: clicked"), "{text}");
    let text = client.wrong("browser_click", json!({ "element": "x", "ref": "e999999" })).await;
    assert!(text.contains("Ref e999999 not found in the current page snapshot"), "{text}");
    let text = client.open(&site.url("/lying")).await;
    assert!(text.contains("button"), "{text}");
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn names_that_hide_the_document_and_texts_without_end_hide_nothing() {
    let (site, client) = client();
    let text = client.open(&site.url("/named")).await;
    assert!(text.contains("Page Title: true title"), "{text}");
    // What has no place in the tree that is drawn makes no space around itself.
    assert!(text.contains("\"key{brace}\""), "{text}");
    client.well("browser_click", json!({ "element": "x", "ref": find(&text, "Press") })).await;
    let stale = client.wrong("browser_click", json!({ "element": "x", "ref": "f7e1" })).await;
    assert!(stale.contains("Ref f7e1 not found"), "{stale}");
    let text = client.open(&site.url("/huge")).await;
    assert!(text.contains("button \"Small\"") && text.len() < 300_000, "{} bytes", text.len());
    let text = client.well("browser_console_messages", json!({})).await;
    assert!(text.len() < 1_000_000, "{} bytes", text.len());
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn hostile_bytes_in_headers_and_console_are_shown_or_dropped() {
    let (site, client) = client();
    let text = client.open(&site.url("/hostile")).await;
    assert!(text.contains("Page Title: odd"), "{text}");
    client.well("browser_console_messages", json!({})).await;
    client.well("browser_network_request", json!({ "index": 1 })).await;
    client.well("browser_cookies", json!({})).await;
    client.well("browser_issues", json!({ "raw": true })).await;
    well(site, &client).await;
    client.server.close().await;
}

#[tokio::test]
async fn broken_messages_are_answered_and_the_next_one_works() {
    let (_, client) = client();
    for (message, code) in [
        ("{", -32700),
        ("\"text\"", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"ping\"}", -32600),
        ("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no/such\"}", -32601),
        ("[]", -32600),
    ] {
        let answer = client.server.answer(message.as_bytes()).await.unwrap();
        assert_eq!(answer["error"]["code"], code, "{message}");
    }
    let text = client.wrong("browser_navigate", json!({ "url": 5 })).await;
    assert!(text.contains("Expected string, received number"), "{text}");
    for params in [json!(null), json!([]), json!({ "name": 5 }), json!({ "name": "browser_click", "arguments": "x" })] {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params });
        let answer = client.server.answer(message.to_string().as_bytes()).await.unwrap();
        assert_eq!(answer["result"]["isError"], true, "{message}");
    }
    let pong = client.server.answer(br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#).await.unwrap();
    assert_eq!(pong, json!({ "jsonrpc": "2.0", "id": "a", "result": {} }));
    assert!(client.server.answer(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).await.is_none());
}
