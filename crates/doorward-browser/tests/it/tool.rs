//! What a person does in a page, through the tools.

use doorward_browser::Policy;
use serde_json::json;

use crate::site::{Answer, Client, Request, Site, find, headed, options, page, to};

fn answer(site: Site, request: &Request) -> Answer {
    match request.path.as_str() {
        "/form" => page(
            "<title>Form</title><form action=/sent><label>Email <input name=email></label>\
             <select aria-label=City><option>Rome<option>Oslo</select><label><input type=checkbox> Agree</label>\
             <button>Send</button></form><textarea aria-label=Notes></textarea>\
             <button onclick='fetch(\"/slow\").then(() => document.title = \"fetched\")'>Fetch</button>\
             <button onclick='window.open(\"/sent\")'>Popup</button><input type=file aria-label=Photo>\
             <div id=menu onmouseover='this.textContent = \"hovered\"'>Menu</div>\
             <input aria-label=Keys onkeydown='document.title = event.key + event.shiftKey'>",
        ),
        "/drag" => page(
            "<div id=a draggable=true ondragstart='event.dataTransfer.setData(\"text/plain\", \"moved\")' style='width:80px;height:40px'>Source</div>\
             <div id=b ondragover='event.preventDefault()' ondrop='event.preventDefault(); this.textContent = event.dataTransfer.getData(\"text/plain\")' style='width:80px;height:40px'>Place</div>",
        ),
        "/frames" => page(&format!(
            "<h1>Outside</h1><iframe src='/inner'></iframe><iframe src={:?}></iframe>",
            site.at(false, "other.test", "/inner")
        )),
        "/inner" => page("<button onclick='this.textContent = \"pressed\"'>Inside</button>"),
        "/download" => headed(&[("Content-Disposition", "attachment; filename=\"../../a b.txt\"")], "content"),
        "/leads" => to(303, "/sent"),
        "/passkey" => page("<title>Passkey</title>"),
        "/covered" => page("<button>Below</button><div style='position:fixed;inset:0;background:#eee'>Above</div>"),
        "/login" => page(
            "<title>Login</title><form method=post action=/enter><input name=email type=email><input name=p type=password><button>Go</button></form>",
        ),
        "/enter" => {
            let Answer(status, mut headers, body) = to(303, "/home");
            headers.push(("Set-Cookie".to_owned(), "sid=secret; Domain=other.test; Path=/".to_owned()));
            Answer(status, headers, body)
        }
        "/home" if request.header("cookie").is_none_or(|cookies| !cookies.contains("sid=")) => to(303, "/login"),
        "/refusing" => {
            headed(&[("Set-Cookie", "sid=secret; Secure; Path=/"), ("Set-Cookie", "ok=secret; Path=/")], "<p>x")
        }
        _ => page("<title>Sent</title><p>Thank you</p>"),
    }
}

fn client() -> (Site, Client) {
    (Site::serve(answer), Client::new(options(Policy::Today)))
}

#[tokio::test]
async fn a_form_is_filled_sent_and_gone_back_to() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let email = find(&text, "textbox \"Email\"");
    let text = client.well("browser_type", json!({ "element": "Email", "ref": email, "text": "a@b.test" })).await;
    assert_eq!(
        text,
        "### Ran Playwright code\n```js\nawait page.getByRole('textbox', { name: 'Email' }).fill('a@b.test');\n```\n"
    );
    let city = client.reference("combobox \"City\"").await;
    let text =
        client.well("browser_select_option", json!({ "element": "City", "target": city, "values": ["Oslo"] })).await;
    assert!(text.contains("option \"Oslo\" [selected]"), "{text}");
    let agree = client.reference("checkbox").await;
    let text = client.well("browser_click", json!({ "ref": agree })).await;
    assert!(text.contains("checkbox \"Agree\" [checked]"), "{text}");
    let send = client.reference("button \"Send\"").await;
    let text = client.well("browser_click", json!({ "element": "Send", "ref": send })).await;
    assert!(text.contains("Page Title: Sent") && text.contains("Thank you"), "{text}");
    let text = client.well("browser_navigate_back", json!({})).await;
    assert!(text.contains("Page Title: Form"), "{text}");
    let text = client.well("browser_navigate_forward", json!({})).await;
    assert!(text.contains("Page Title: Sent"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn what_an_action_began_is_waited_for_and_popups_are_tabs() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let text = client.well("browser_click", json!({ "ref": find(&text, "button \"Fetch\"") })).await;
    assert!(text.contains("Page Title: fetched"), "{text}");
    let popup = client.reference("button \"Popup\"").await;
    client.well("browser_click", json!({ "ref": popup })).await;
    client.well("browser_wait_for", json!({ "time": 1 })).await;
    let text = client.well("browser_tab_list", json!({})).await;
    assert!(text.contains("- 0: (current) [fetched]") && text.contains("- 1: [Sent]"), "{text}");
    let text = client.well("browser_tab_select", json!({ "index": 1 })).await;
    assert!(text.contains("- 1: (current) [Sent]") && text.contains("Thank you"), "{text}");
    let text = client.well("browser_tab_close", json!({})).await;
    assert!(!text.contains("### Open tabs") && text.contains("Page Title: fetched"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn keys_hovering_and_dragging_reach_the_page() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let text = client.well("browser_hover", json!({ "ref": find(&text, ": Menu") })).await;
    assert!(text.contains("hovered"), "{text}");
    let keys = client.reference("textbox \"Keys\"").await;
    client.well("browser_click", json!({ "ref": keys })).await;
    for (key, title) in [("a", "afalse"), ("Shift+a", "Atrue"), ("ArrowLeft", "ArrowLeftfalse"), ("F2", "F2false")] {
        let text = client.well("browser_press_key", json!({ "key": key })).await;
        assert!(text.contains(&format!("Page Title: {title}")), "{key}: {text}");
    }
    let text = client.open(&site.url("/drag")).await;
    let (from, to) = (find(&text, "Source"), find(&text, "Place"));
    let text = client
        .well("browser_drag", json!({ "startElement": "a", "startRef": from, "endElement": "b", "endRef": to }))
        .await;
    assert!(text.contains("moved"), "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn frames_of_this_and_of_another_site_are_seen_and_clicked() {
    let (site, client) = client();
    let text = client.open(&site.at(false, "app.test", "/frames")).await;
    assert!(text.contains("button \"Inside\" [ref=f1e"), "{text}");
    for frame in ["f1e", "f2e"] {
        let reference = client.reference(&format!("[ref={frame}2]")).await;
        let text = client.well("browser_click", json!({ "element": "x", "ref": reference })).await;
        assert!(text.contains("contentFrame().getByRole('button'"), "{text}");
    }
    let text = client.well("browser_snapshot", json!({})).await;
    assert_eq!(text.matches("button \"pressed\"").count(), 2, "{text}");
    client.server.close().await;
}

#[tokio::test]
async fn files_come_and_go_only_through_the_folder() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let photo = find(&text, "Photo");
    let text = client.well("browser_click", json!({ "ref": photo })).await;
    assert!(text.contains("[File chooser]: can be handled by the \"browser_file_upload\" tool"), "{text}");
    let text = client.wrong("browser_file_upload", json!({ "paths": ["/etc/passwd"] })).await;
    assert!(text.contains("outside of"), "{text}");
    std::fs::write(client.folder.path().join("own.png"), b"x").unwrap();
    client.well("browser_file_upload", json!({ "paths": ["own.png"] })).await;
    let text = client
        .well("browser_evaluate", json!({ "function": "() => document.querySelector('[type=file]').files[0].name" }))
        .await;
    assert!(text.contains("\"own.png\""), "{text}");
    client.call("browser_navigate", json!({ "url": site.url("/download") })).await;
    let mut names = Vec::new();
    for _ in 0..100 {
        names = std::fs::read_dir(client.folder.path())
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        if names.iter().any(|name| name.ends_with("a-b.txt")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(names.iter().any(|name| name.ends_with("a-b.txt")), "{names:?}");
    client.server.close().await;
}

#[tokio::test]
async fn pictures_are_taken_and_named() {
    let (site, client) = client();
    let text = client.open(&site.url("/form")).await;
    let send = find(&text, "button \"Send\"");
    for (arguments, has_image) in [
        (json!({}), true),
        (json!({ "type": "jpeg", "element": "Send", "ref": send, "filename": "send.jpeg" }), true),
        (json!({ "fullPage": true }), false),
    ] {
        let result = client.call("browser_take_screenshot", arguments).await;
        assert_eq!(result["content"][1]["type"] == "image", has_image, "{result}");
    }
    assert!(client.folder.path().join("send.jpeg").exists());
    client.wrong("browser_take_screenshot", json!({ "fullPage": true, "element": "x", "ref": send })).await;
    client.server.close().await;
}

#[tokio::test]
async fn what_is_covered_is_told_and_no_secret_is_shown() {
    let mut given = options(Policy::Today);
    given.action_timeout = std::time::Duration::from_secs(2);
    let (site, client) = (Site::serve(answer), Client::new(given));
    let text = client.open(&site.url("/covered")).await;
    let text = client.wrong("browser_click", json!({ "ref": find(&text, "Below") })).await;
    assert!(
        text.contains("intercepts pointer events")
            && text.contains("TimeoutError: locator.click: Timeout 2000ms exceeded."),
        "{text}"
    );
    client.open(&site.at(false, "app.test", "/refusing")).await;
    let list = client.well("browser_network_requests", json!({})).await;
    assert!(list.contains("/refusing => [200] OK"), "{list}");
    let mut all = client.well("browser_network_request", json!({ "index": 1 })).await;
    assert!(all.contains("cookie.secure_over_http") && all.contains("Cookie stored: ok=****"), "{all}");
    for tool in ["browser_cookies", "browser_issues"] {
        all += &client.well(tool, json!({ "raw": true })).await;
    }
    assert!(!all.contains("secret"), "{all}");
    client.server.close().await;
}

#[tokio::test]
async fn a_passkey_is_made_and_used_without_a_hand() {
    let (site, client) = client();
    client.open(&format!("http://localhost:{}/passkey", site.plain)).await;
    let text = client.well("browser_authenticator_add", json!({})).await;
    let id = text.rsplit(' ').next().unwrap().trim().to_owned();
    let made = client.well("browser_evaluate", json!({ "function": "async () => { const made = await navigator.credentials.create({ publicKey: { \
        challenge: new Uint8Array(32), rp: { name: 'x' }, user: { id: new Uint8Array(8), name: 'ada', displayName: 'Ada' }, \
        pubKeyCredParams: [{ type: 'public-key', alg: -7 }], authenticatorSelection: { residentKey: 'required' } } }); return made.type; }" })).await;
    assert!(made.contains("\"public-key\""), "{made}");
    let text = client.well("browser_authenticator_list", json!({})).await;
    assert!(
        text.contains("1 passkeys") && text.contains("localhost for Ada") && !text.contains("privateKey"),
        "{text}"
    );
    client.well("browser_authenticator_remove", json!({ "id": id })).await;
    client.wrong("browser_authenticator_remove", json!({ "id": id })).await;
    client.server.close().await;
}

#[tokio::test]
async fn a_sign_in_that_a_wrong_cookie_domain_broke_is_explained() {
    let (site, client) = client();
    let url = site.at(false, "app.test", "/login");
    let text = client
        .well(
            "browser_diagnose_login",
            json!({ "url": url, "username": "ada@example.com", "password": "hunter2hunter2" }),
        )
        .await;
    for sign in [
        "did not go through",
        "asks for the password again",
        "cookie.domain_mismatch (sid)",
        "Domain=other.test",
        "[POST]",
    ] {
        assert!(text.contains(sign), "{sign}: {text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("secret"), "{text}");
    client.server.close().await;
}
