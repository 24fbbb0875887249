//! What later versions of the tools promise, and what no page or call may break.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use doorward_browser::Policy;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::site::{Answer, Client, Request, Site, find, headed, options, page, to};

fn answer(site: Site, request: &Request) -> Answer {
    let path = request.path.as_str();
    match path.split('?').next().unwrap_or_default() {
        "/form" => page(
            "<title>Form</title><label>Name <input id=n></label><label>Agree <input type=checkbox id=a></label>\
             <div role=switch id=x tabindex=0 aria-checked=false onclick=\"this.ariaChecked = this.ariaChecked !== 'true'\">Air</div>\
             <input type=checkbox id=k aria-label=Stuck onclick='return false'><input type=file id=f aria-label=Photo>\
             <label>Password <input type=password value=s3cret></label><button data-testid=go onclick='document.title += 1'>Go</button><button>Stay</button>",
        ),
        "/drag" => page(
            "<div id=a draggable=true ondragstart='event.dataTransfer.setData(\"text/plain\", \"moved\")' style='width:80px;height:40px'>Source</div>\
             <div id=b onclick='seen.push(\"clicked\")' ondragover='event.preventDefault()' ondrop='event.preventDefault(); this.textContent = event.dataTransfer.getData(\"text/plain\")' style='width:80px;height:40px'>Place</div>\
             <p id=n hidden>None</p><script>seen = []; for (const kind of ['mousedown', 'mouseup']) addEventListener(kind, () => seen.push(kind))</script>",
        ),
        "/frames" => page("<div id=d></div><iframe src=/inner?two></iframe>"),
        "/foreign" => page(&format!("<iframe src={:?}></iframe>", site.at(false, "other.test", "/asks"))),
        "/asks" => page("<input type=file aria-label=Framed onchange='this.title = this.files[0].name'>"),
        "/inner" => page(&format!("<button onclick='parent.document.title = {:?}'>Press</button>", request.path)),
        "/file" => headed(&[("Content-Disposition", "attachment; filename=\"kept.txt\"")], "theirs"),
        "/secrets" => headed(
            &[("Content-Type", "application/json"), ("Set-Cookie", "sid=s3cret; Path=/")],
            r#"{"access_token":"s3cret","user":{"name":"ada","password":"s3cret"}}"#,
        ),
        "/nested" => page("<iframe name=outer src=/frames></iframe>"),
        "/false" => page(
            "<script>JSON.stringify = () => 'false'; Object.keys = () => ['false']; Array.isArray = () => false; Number.isFinite = () => false;\
             Array.prototype.toJSON = String.prototype.toJSON = Date.prototype.toISOString = Error.prototype.toString = () => 'false';\
             Reflect.apply = Function.prototype.call = Object.prototype.toJSON = () => 'false'; Object.prototype.then = (done) => done('false'); window.Node = window.Window = class {};</script>",
        ),
        "/evil" => to(302, &site.at(false, "evil.test", "/")),
        _ => page("<title>Well</title><p>All is well</p><script>console.log('here')</script>"),
    }
}

fn client() -> (Site, Client) {
    (Site::serve(answer), Client::new(options(Policy::Today)))
}

#[tokio::test]
async fn addresses_of_files_are_refused_as_browsers_read_them() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    for url in [
        "\u{1}file:///etc/passwd",
        "fi\nle:///etc/passwd",
        "\tfile:/etc/passwd",
        "view-source:chrome://version",
        "about:version",
    ] {
        for (tool, arguments) in [
            ("browser_navigate", json!({ "url": url })),
            ("browser_tab_new", json!({ "url": url })),
            ("browser_tabs", json!({ "action": "new", "url": url })),
        ] {
            let text = client.wrong(tool, arguments).await;
            assert!(text.contains("refused"), "{url:?}: {text}");
        }
    }
    client.server.close().await;
}

#[tokio::test]
async fn what_is_not_allowed_is_reached_by_no_way() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let site = Site::serve(move |site, request| {
        seen.lock().unwrap().push((request.host.clone(), request.path.clone()));
        if request.path == "/worker.js" {
            let body = format!(
                "fetch('{}', {{ mode: 'no-cors' }}).catch(() => {{}})",
                site.at(false, "evil.test", "/in-worker")
            );
            return headed(&[("Content-Type", "text/javascript")], &body);
        }
        answer(site, request)
    });
    let mut given = options(Policy::Today);
    given.allowed_origins = vec![site.at(false, "localhost", "")];
    given.host_map.push(("localhost".to_owned(), "127.0.0.1".to_owned()));
    let client = Client::new(given);
    client.open(&site.at(false, "localhost", "/well")).await;
    let evil = site.at(false, "evil.test", "/by");
    let script = format!(
        "() => {{ const quiet = () => {{}}; fetch('{evil}-fetch', {{ mode: 'no-cors' }}).catch(quiet); fetch('/evil', {{ mode: 'no-cors' }}).catch(quiet); \
         navigator.sendBeacon('{evil}-beacon'); new WebSocket('{}-socket'); new Worker('/worker.js'); new SharedWorker('/worker.js'); \
         navigator.serviceWorker.register('/worker.js').catch(quiet); open('{evil}-window'); \
         const link = document.createElement('link'); link.rel = 'prefetch'; link.href = '{evil}-prefetch'; document.head.append(link); }}",
        evil.replace("http", "ws")
    );
    client.well("browser_evaluate", json!({ "function": script })).await;
    client.well("browser_wait_for", json!({ "time": 1.5 })).await;
    client.wrong("browser_navigate", json!({ "url": site.at(false, "localhost", "/evil") })).await;
    client.server.close().await;
    let asked = asked.lock().unwrap();
    assert!(asked.iter().any(|(_, path)| path == "/worker.js"), "{asked:?}");
    assert!(asked.iter().all(|(host, _)| host == "localhost"), "{asked:?}");
}

#[tokio::test]
async fn elements_are_found_by_the_selectors_of_other_tools() {
    let (site, client) = client();
    client.open(&site.url("/form")).await;
    let all = [
        "[data-testid=go]",
        "role=button[name=\"Go\"]",
        "text=Go",
        "\"Go\"",
        "//button[@data-testid='go']",
        "xpath=//button[1]",
        "button >> nth=0",
        "body >> button:has-text(\"go\")",
        "button:text-is(\"Go\"):visible",
        "data-testid=go",
        "getByRole('button', { name: 'Go', exact: true })",
        "page.getByTestId('go')",
        "getByText(/^go$/i)",
        "locator('button').first()",
        "locator('body').getByRole('button').filter({ hasText: 'Go' })",
    ];
    for target in all {
        client.well("browser_click", json!({ "target": target })).await;
    }
    let text = client.well("browser_snapshot", json!({})).await;
    assert!(text.contains(&format!("Page Title: Form{}\n", "1".repeat(all.len()))), "{text}");
    for (target, sign) in
        [("#none", "does not match"), ("button", "matches 2"), ("((", "neither"), ("getByMagic('x')", "neither")]
    {
        let text = client.wrong("browser_click", json!({ "target": target })).await;
        assert!(text.contains(sign), "{target}: {text}");
    }
    let text = client.open(&site.url("/drag")).await;
    let text = client.well("browser_drag", json!({ "startTarget": "#a", "endRef": find(&text, "Place") })).await;
    assert!(text.contains("moved"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_selector_leads_through_frames_and_says_how() {
    let (site, client) = client();
    let framed = "frameLocator('iframe').getByRole('button', { name: 'Press' })";
    for (path, target) in [
        ("/frames", framed),
        ("/frames", "await page.frameLocator('iframe').first().getByText('Press')"),
        ("/frames", "locator('iframe').contentFrame().locator('button')"),
        ("/frames", "iframe >> internal:control=enter-frame >> text=Press"),
        ("/nested", "frameLocator('[name=outer]').frameLocator('iframe').nth(0).locator('button')"),
    ] {
        client.open(&site.url(path)).await;
        client.well("browser_click", json!({ "element": "it", "target": target })).await;
        let now = "() => (frames[0].frames.length ? frames[0] : window).document.title";
        let text = client.well("browser_evaluate", json!({ "function": now })).await;
        assert!(text.contains("/inner?two"), "{target}: {text}");
    }
    client.open(&site.url("/frames")).await;
    let text = client.well("browser_snapshot", json!({ "target": framed })).await;
    assert!(text.contains("- button \"Press\" [ref=f1e"), "{text}");
    client.well("browser_click", json!({ "ref": find(&text, "Press") })).await;
    for (target, sign) in [
        ("#none", "does not match any element. Frames are not looked into"),
        ("frameLocator('div').locator('button')", "no frame"),
        ("frameLocator('iframe')", "neither a reference nor a selector"),
        ("frameLocator('iframe').locator('#none')", "does not match any element"),
    ] {
        let text = client.wrong("browser_click", json!({ "target": target })).await;
        assert!(text.contains(sign), "{target}: {text}");
    }
    client.open(&site.at(false, "app.test", "/foreign")).await;
    let name = json!({ "target": "frameLocator('iframe').locator('input')", "function": "(one) => one.type" });
    let text = client.well("browser_evaluate", name).await;
    assert!(text.contains("\"file\""), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_page_does_not_falsify_what_is_evaluated() {
    let (site, client) = client();
    client.open(&site.url("/false")).await;
    let function = "() => ({ b: [1, 'x', null, undefined], a: new Date(0), c: { d: [] }, n: document.body, w: window, e: new Error('no'), u: undefined })";
    let text = client.well("browser_evaluate", json!({ "function": function })).await;
    let wanted = "{\n  \"b\": [\n    1,\n    \"x\",\n    null,\n    null\n  ],\n  \"a\": \"1970-01-01T00:00:00.000Z\",\n  \
                  \"c\": {\n    \"d\": []\n  },\n  \"n\": \"ref: <Node>\",\n  \"w\": \"ref: <Window>\",\n  \"e\": {\n    \"name\": \"Error\"\n  }\n}";
    assert!(text.contains(wanted), "{text}");
    let text = client.well("browser_evaluate", json!({ "target": "body", "function": "(one) => [one.tagName]" })).await;
    assert!(text.contains("[\n  \"BODY\"\n]"), "{text}");
    let odd = "() => [{ a: 1, get b() { throw new Error('x') } }, { a: 1, toJSON() { return 5 } }, new (class { toJSON() { return 6 } })(), \
               typeof made + typeof answer + typeof element]";
    let text = client.well("browser_evaluate", json!({ "function": odd })).await;
    for part in ["{\n    \"a\": 1\n  },\n  {\n    \"a\": 1\n  },\n  6", "undefinedundefinedundefined"] {
        assert!(text.contains(part), "{text}");
    }
    let doubling = "() => { let all = []; for (let count = 0; count < 40; count++) all = [all, all]; return all; }";
    let text = client.wrong("browser_evaluate", json!({ "function": doubling })).await;
    assert!(text.contains("at most"), "{text}");
    let around = "() => { const all = { one: 1n, two: () => 1 }; all.one = all; return all; }";
    assert!(client.well("browser_evaluate", json!({ "function": around })).await.contains("\"one\": \"[Circular]\""));
    client.wrong("browser_evaluate", json!({ "function": "() => [1n]" })).await;
    let text = client.wrong("browser_evaluate", json!({ "function": "() => 'x'.repeat(2e7)" })).await;
    assert!(text.len() < 2000 && text.contains("at most"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_drag_that_comes_to_nothing_leaves_no_button_pressed() {
    let mut given = options(Policy::Today);
    given.action_timeout = Duration::from_secs(4);
    let (site, client) = (Site::serve(answer), Client::new(given));
    client.open(&site.url("/drag")).await;
    let text = client.wrong("browser_drag", json!({ "startTarget": "#b", "endTarget": "#n" })).await;
    assert!(text.contains("not visible"), "{text}");
    let ended = "() => new Promise((done) => { const told = () => seen.includes('mouseup') && done(seen.join()); \
                 addEventListener('mouseup', () => setTimeout(told)); told(); })";
    let text = client.well("browser_evaluate", json!({ "function": ended })).await;
    assert!(text.contains("mousedown,mouseup"), "{text}");
    // What was only held is not clicked.
    let clicked = "() => new Promise((done) => setTimeout(() => done('clicked: ' + seen.includes('clicked')), 100))";
    let text = client.well("browser_evaluate", json!({ "function": clicked })).await;
    assert!(text.contains("clicked: false"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_reference_never_means_an_element_of_another_frame() {
    let (site, client) = client();
    let old = find(&client.open(&site.url("/frames")).await, "Press");
    assert!(old.starts_with("f1e"), "{old}");
    client
        .well(
            "browser_evaluate",
            json!({ "function": "() => new Promise((done) => { const one = document.createElement('iframe'); one.src = '/inner?one'; one.onload = () => done(); d.append(one); })" }),
        )
        .await;
    let text = client.well("browser_click", json!({ "ref": old })).await;
    assert!(text.contains("Page Title: /inner?two"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_form_is_filled_whole_or_told_to_be_wrong() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let field = |sign: &str, kind: &str, value: &str| json!({ "name": sign, "type": kind, "ref": find(&text, sign), "value": value });
    let fields =
        json!([field("Name", "textbox", "Ada"), field("Agree", "checkbox", "true"), field("Air", "checkbox", "true")]);
    client.well("browser_fill_form", json!({ "fields": fields })).await;
    let now = "() => [n.value, a.checked, x.ariaChecked].join()";
    let told = client.well("browser_evaluate", json!({ "function": now })).await;
    assert!(told.contains("Ada,true,true"), "{told}");
    let told = client.wrong("browser_fill_form", json!({ "fields": [field("Stuck", "checkbox", "true")] })).await;
    assert!(told.contains("did not change its state"), "{told}");
    for fields in [
        json!([{}]),
        json!([5]),
        json!([{ "name": "x", "type": "textbox", "value": "y" }]),
        json!([{ "name": "x", "type": "wheel", "ref": "e1", "value": "y" }]),
    ] {
        client.wrong("browser_fill_form", json!({ "fields": fields })).await;
    }
    assert!(!text.contains("s3cret") && text.contains("\u{2022}"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn files_that_cannot_be_given_leave_the_question_and_none_is_replaced() {
    let (site, client) = client();
    for name in ["a.txt", "b.txt", "kept.txt"] {
        std::fs::write(client.folder.path().join(name), "mine").unwrap();
    }
    let text = client.open(&site.url("/form")).await;
    client.well("browser_click", json!({ "ref": find(&text, "Photo") })).await;
    client.wrong("browser_file_upload", json!({ "paths": ["a.txt", "b.txt"] })).await;
    client.wrong("browser_file_upload", json!({ "paths": ["none.txt"] })).await;
    client.well("browser_file_upload", json!({ "paths": ["a.txt"] })).await;
    client.open(&site.at(false, "app.test", "/foreign")).await;
    let framed = client.reference("Framed").await;
    let text = client.well("browser_click", json!({ "ref": framed })).await;
    assert!(text.contains("File chooser"), "{text}");
    client.well("browser_file_upload", json!({ "paths": ["b.txt"] })).await;
    client.call("browser_navigate", json!({ "url": site.url("/file") })).await;
    let path = client.folder.path().join("kept-1.txt");
    let begun = Instant::now();
    while !path.exists() && begun.elapsed() < Duration::from_secs(10) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), "theirs");
    assert_eq!(std::fs::read_to_string(client.folder.path().join("kept.txt")).unwrap(), "mine");
    client.server.close().await;
}

#[tokio::test]
async fn media_are_emulated_one_beside_the_other() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    let now = json!({ "function": "() => ['(prefers-color-scheme: dark)', '(prefers-reduced-motion: reduce)', 'print'].map((one) => matchMedia(one).matches).join()" });
    for (given, wanted) in [
        (json!({ "colorScheme": "dark" }), "true,false,false"),
        (json!({ "reducedMotion": "reduce", "media": "print" }), "true,true,true"),
        (json!({ "colorScheme": null, "media": null }), "false,true,false"),
    ] {
        client.well("browser_emulate_media", given).await;
        let text = client.well("browser_evaluate", now.clone()).await;
        assert!(text.contains(wanted), "{text}");
    }
    client.wrong("browser_emulate_media", json!({})).await;
    client.wrong("browser_emulate_media", json!({ "colorScheme": "plaid" })).await;
    client.server.close().await;
}

#[tokio::test]
async fn lists_have_numbers_filters_and_no_secrets() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    client.open(&site.url("/form")).await;
    let send = "() => fetch('/secrets', { method: 'POST', headers: { 'X-CSRFToken': 's3cret' }, body: JSON.stringify({ variables: { password: 's3cret', q: 'visible' } }) }).then((one) => one.text()).then(() => 1)";
    client.well("browser_evaluate", json!({ "function": send })).await;
    let text = client.well("browser_network_requests", json!({ "static": true, "filter": "/sec.*s$" })).await;
    let number: u32 =
        text.lines().find(|line| line.contains("[POST]")).unwrap().split('.').next().unwrap().parse().unwrap();
    assert!(!text.contains("/form"), "{text}");
    client.wrong("browser_network_requests", json!({ "filter": "(" })).await;
    let mut all = String::new();
    for part in [
        Value::Null,
        json!("request-headers"),
        json!("request-body"),
        json!("response-headers"),
        json!("response-body"),
    ] {
        all += &client.well("browser_network_request", json!({ "index": number, "part": part })).await;
    }
    assert!(!all.contains("s3cret") && all.contains("visible") && all.contains("\"name\":\"ada\""), "{all}");
    client.wrong("browser_network_request", json!({ "index": 1.5 })).await;
    let text = client.well("browser_console_messages", json!({ "level": "info", "all": true })).await;
    assert!(text.contains("[LOG] here"), "{text}");
    let text = client.well("browser_find", json!({ "regex": "/AGREE/i" })).await;
    assert!(text.contains("Found 1 match for /AGREE/i") || text.contains("checkbox \"Agree\""), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn a_call_that_is_taken_back_makes_way_for_the_next() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    let message = |id: &str, method: &str, params: Value| {
        json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }).to_string()
    };
    let long = message("long", "tools/call", json!({ "name": "browser_wait_for", "arguments": { "time": 25 } }));
    let cancel =
        json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": "long" } }).to_string();
    let taken_back = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(client.server.answer(cancel.as_bytes()).await.is_none());
    };
    let both = async { tokio::join!(client.server.answer(long.as_bytes()), taken_back) };
    let (answer, ()) = timeout(Duration::from_secs(15), both).await.expect("in time");
    assert!(answer.is_none(), "{answer:?}");
    client.well("browser_snapshot", json!({})).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_window_is_told_with_the_action_that_opens_it() {
    let (site, client) = client();
    client.open(&site.url("/well")).await;
    for (opens, sign) in [
        ("window.open('/form')", "/form"),
        ("window.open('/form', '', 'noopener')", "/form"),
        ("window.open()", "about:blank"),
    ] {
        let make = format!("() => {{ document.body.innerHTML = `<button onclick=\"{opens}\">Open</button>` }}");
        client.well("browser_evaluate", json!({ "function": make })).await;
        let open = client.reference("Open").await;
        let text = client.well("browser_click", json!({ "ref": open })).await;
        let line = text.lines().find(|line| line.starts_with("- 1:")).unwrap_or_else(|| panic!("{opens}: {text}"));
        assert!(line.ends_with(&format!("{sign})")), "{opens}: {text}");
        assert!(sign == "about:blank" || line.contains("[Form]"), "{opens}: {text}");
        client.well("browser_tab_close", json!({ "index": 1 })).await;
    }
    let short = format!("localhost:{}/well", site.plain);
    assert!(client.open(&short).await.contains("All is well"));
    client.server.close().await;
}
