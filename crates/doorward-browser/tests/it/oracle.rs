//! The same steps by these tools and by `@playwright/mcp` 0.0.34: equal texts but for a written list of differences.
//!
//! The other program is installed with npm into a folder outside of the repository. Where npm is missing the test says
//! so and ends; in CI that is a failure.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use doorward_browser::Policy;
use serde_json::{Value, json};

use crate::site::{Answer, Client, Request, Site, options, page, to};

const VERSION: &str = "@playwright/mcp@0.0.34";

/// What differs on purpose, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("files", "folder and time in the name of a picture are each program's own"),
    ("call log", "the steps of a wait that ran out are told shorter and without colour codes"),
    ("console", "a message of the browser's own icon request comes when it comes; console sections are compared apart"),
    ("passwords", "what stands in a field for a password is not read out"),
    ("stack", "frames of the function around an evaluated one are each program's own"),
];

#[expect(clippy::too_many_lines, reason = "a table of pages, one a row")]
fn answer(_: Site, request: &Request) -> Answer {
    match request.path.as_str() {
        "/form" => page(
            "<!doctype html><title>Sign in</title><link rel=icon href=data:,><h1>Sign in</h1><form action=/sent>\
             <label>Email <input name=email type=email placeholder=you@example.com></label>\
             <label for=p>Password</label><input id=p type=password name=p autocomplete=current-password>\
             <select aria-label=Tenant name=t><option value=a>Alpha<option value=b>Beta</select>\
             <label><input type=checkbox name=r> Remember me</label>\
             <fieldset><legend>Plan</legend><label><input type=radio name=g value=1>Free</label><label><input type=radio name=g value=2>Paid</label></fieldset>\
             <button type=submit>Go</button></form><a href=/other>Other page</a>\
             <button onclick='alert(\"hi\")'>Alert</button><button onclick='this.textContent = confirm(\"sure?\")'>Confirm</button>\
             <button onclick='this.nextElementSibling.textContent = \"done\"'>Set</button><div></div>\
             <button disabled>Off</button><button aria-pressed=true>Bold</button><button aria-expanded=true>More</button>",
        ),
        "/roles" => page(
            "<!doctype html><title>Roles</title><link rel=icon href=data:,><header>Top</header><nav aria-label=Main><ul><li><a href=/a>A</a><li><a href=/b>B</a></ul></nav>\
             <main><article><h2>Title</h2><p>Some <em>text</em> and <strong>more</strong>: <code>x: 1</code></p></article>\
             <table><caption>Prices</caption><thead><tr><th scope=col>Name<th scope=col>Price</tr></thead><tbody><tr><td>Tea<td>3</tr></tbody></table>\
             <dl><dt>Term</dt><dd>Meaning</dd></dl><figure><img alt=Cat src=data:,><figcaption>A cat</figcaption></figure>\
             <img alt='' src=data:,><img src=data:,><svg width=10 height=10><title>Drawn</title></svg>\
             <progress value=3 max=10></progress><meter value=2 max=4></meter><output>Out</output><hr>\
             <details open><summary>Sum</summary>Hidden no more</details><details><summary>Shut</summary>Not shown</details>\
             <div role=tablist><div role=tab aria-selected=true>One</div><div role=tab>Two</div></div>\
             <div role=switch aria-checked=true tabindex=0>Air</div><div role=checkbox aria-checked=mixed>Mixed</div>\
             <div role=slider aria-valuenow=3 aria-label=Volume>s</div><ul role=none><li>plain</ul>\
             <select size=3 aria-label=Box><option selected>x<option>y</select>\
             <input type=search aria-label=Find><input type=number value=4 aria-label=Count><input type=range aria-label=Range>\
             <input type=submit><input type=reset><input type=button value=Press><input type=image alt=Shot>\
             <section aria-label=Part>in</section><section>nothing</section><blockquote>Said</blockquote><time>noon</time></main><footer>End</footer>",
        ),
        "/names" => page(
            "<!doctype html><title>Names</title><link rel=icon href=data:,><style>.b::before{content:'> '} .a::after{content:' <'; display:block} .n{display:none}</style>\
             <span id=l1>First</span> <span id=l2>second</span><button aria-labelledby='l1 l2'>x</button><button aria-label=' Spaced  label '>x</button>\
             <button class=b>Pointed</button><button class=a>Back</button><button title=Tip></button><a href=# title=Link></a>\
             <label>Search <input value=typed></label><label>Pick <select><option>one<option selected>two</select></label>\
             <button>Text <span class=n>not</span> <span aria-hidden=true>nor</span> seen</button><a href=/x><img alt=Home src=data:,></a>\
             <input placeholder=Holder><textarea placeholder=Long>kept</textarea><p>true</p><p>12</p><p>- dash</p><p>a: b</p><p># hash</p><p>it's \"so\"</p>\
             <p style='visibility:hidden'>gone</p><p aria-hidden=true>hidden</p><div style='opacity:0'>clear</div><p><br>after break</p>\
             <div style='cursor:pointer'>Outer <span>inner</span><button style='cursor:pointer'>Deep</button></div>\
             <div id=s></div><script>document.getElementById('s').attachShadow({ mode: 'open' }).innerHTML = '<button>Shadow</button><slot></slot>'</script>",
        ),
        "/frames" => page(
            "<!doctype html><title>Frames</title><link rel=icon href=data:,><h1>Out</h1><iframe src=/inner title=Box></iframe><iframe srcdoc='<p>doc</p>'></iframe>",
        ),
        "/inner" => page(
            "<!doctype html><h2>In</h2><button onclick='this.textContent = \"pressed\"'>Inside</button><a href=/sent>Leave</a>",
        ),
        "/lists" => page(
            "<!doctype html><title>Lists</title><link rel=icon href=data:,><ul><li>One <button>Delete</button><li>Two <button>Delete</button><li>Three <button data-testid=third>Delete</button></ul>\
             <div class=card><h3>Card 1</h3><button>Open</button></div><div class=card><h3>Card 2</h3><button>Open</button></div>\
             <button id=only>Same</button><button>Same</button><span id=x1>plain text here</span><div role=button tabindex=0>Made</div>\
             <input name=q><input type=text><p>Item 12</p><p>Item 13</p><div contenteditable aria-label=Rich>rich</div>",
        ),
        "/console" => page(
            "<!doctype html><title>Console</title><link rel=icon href=data:,><script>console.log('hello', {a: 1}, [1, 2]); console.warn('careful'); console.info('told'); console.error('bad')</script>",
        ),
        "/leads" => to(302, "/other"),
        "/late" => page(
            "<!doctype html><title>Late</title><link rel=icon href=data:,><p>Soon</p><script>setTimeout(() => document.querySelector('p').textContent = 'Now here', 300)</script>",
        ),
        _ => page(
            "<!doctype html><title>Other</title><link rel=icon href=data:,><h1>Other</h1><p>Text <b>bold</b></p><a href=/form>Back to form</a>",
        ),
    }
}

/// The steps. `{name}` in a reference stands for the reference of the first line with that text.
#[expect(clippy::too_many_lines, reason = "a table of steps, one a row")]
fn steps(site: Site) -> Vec<(&'static str, Value)> {
    let go = |path: &str| ("browser_navigate", json!({ "url": site.url(path) }));
    let click = |sign: &str| ("browser_click", json!({ "element": "it", "ref": format!("{{{sign}}}") }));
    let snap = || ("browser_snapshot", json!({}));
    vec![
        ("browser_click", json!({ "element": "x", "ref": "e1" })),
        ("browser_navigate", json!({})),
        ("browser_navigate", json!({ "url": 5 })),
        ("browser_nope", json!({})),
        go("/form"),
        snap(),
        ("browser_type", json!({ "element": "Email", "ref": "{textbox \"Email\"}", "text": "it's \"a\"@b.test" })),
        (
            "browser_type",
            json!({ "element": "Password", "ref": "{textbox \"Password\"}", "text": "abc", "slowly": true }),
        ),
        ("browser_select_option", json!({ "element": "T", "ref": "{combobox \"Tenant\"}", "values": ["Beta"] })),
        click("checkbox"),
        click("radio \"Paid\""),
        ("browser_press_key", json!({ "key": "Tab" })),
        ("browser_press_key", json!({ "key": "Nope" })),
        click("button \"Set\""),
        click("button \"Alert\""),
        ("browser_press_key", json!({ "key": "a" })),
        ("browser_handle_dialog", json!({ "accept": true })),
        ("browser_handle_dialog", json!({ "accept": true })),
        click("button \"Confirm\""),
        ("browser_handle_dialog", json!({ "accept": false })),
        ("browser_hover", json!({ "element": "More", "ref": "{button \"More\"}" })),
        ("browser_click", json!({ "element": "x" })),
        ("browser_click", json!({ "element": "x", "ref": "e999" })),
        ("browser_click", json!({ "element": "x", "ref": "{heading}", "button": "right" })),
        ("browser_click", json!({ "element": "x", "ref": "{heading}", "doubleClick": true })),
        ("browser_file_upload", json!({ "paths": [] })),
        click("button \"Go\""),
        ("browser_navigate_back", json!({})),
        ("browser_navigate_forward", json!({})),
        go("/roles"),
        snap(),
        ("browser_evaluate", json!({ "function": "() => ({ b: 1, a: [1, null, undefined], c: 'x' })" })),
        ("browser_evaluate", json!({ "function": "(el) => el.tagName", "element": "h", "ref": "{heading}" })),
        ("browser_evaluate", json!({ "function": "() => undefined" })),
        ("browser_evaluate", json!({ "function": "() => NaN" })),
        ("browser_evaluate", json!({ "function": "async () => new Date(0)" })),
        click("tab \"Two\""),
        ("browser_select_option", json!({ "element": "B", "ref": "{listbox \"Box\"}", "values": ["y"] })),
        go("/names"),
        click("button \"First second\""),
        click("Shadow"),
        ("browser_type", json!({ "element": "H", "ref": "{Holder}", "text": "x" })),
        go("/frames"),
        click("Inside"),
        snap(),
        go("/lists"),
        click("button \"Delete\""),
        click("[ref=e8]"),
        click("[ref=e10]"),
        click("button \"Open\""),
        click("Same"),
        click("plain text here"),
        click("button \"Made\""),
        click("Item 13"),
        ("browser_type", json!({ "element": "R", "ref": "{Rich}", "text": "new" })),
        go("/console"),
        ("browser_console_messages", json!({})),
        ("browser_network_requests", json!({})),
        go("/leads"),
        ("browser_network_requests", json!({})),
        go("/late"),
        ("browser_wait_for", json!({ "text": "now HERE" })),
        ("browser_wait_for", json!({ "textGone": "Soon" })),
        ("browser_wait_for", json!({})),
        ("browser_tab_new", json!({ "url": site.url("/other") })),
        ("browser_tab_list", json!({})),
        ("browser_tab_select", json!({ "index": 9 })),
        ("browser_tab_select", json!({ "index": 0 })),
        ("browser_tab_close", json!({ "index": 1 })),
        ("browser_take_screenshot", json!({ "fullPage": true })),
        ("browser_navigate", json!({ "url": "nonsense" })),
        ("browser_resize", json!({ "width": 600, "height": 400 })),
        ("browser_close", json!({})),
    ]
}

struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    fn start() -> Option<Self> {
        let folder = install()?;
        let mut process = Command::new("node")
            .arg(folder.join("node_modules/@playwright/mcp/cli.js"))
            .args(["--headless", "--no-sandbox", "--isolated", "--viewport-size", "1280,720", "--executable-path"])
            .arg(doorward_browser::chromium::find(None, "/usr/bin".as_ref()).ok()?)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let (input, output) = (process.stdin.take()?, BufReader::new(process.stdout.take()?));
        let mut oracle = Self { process, input, output };
        oracle.ask("initialize", &json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } }));
        writeln!(oracle.input, r#"{{"jsonrpc":"2.0","method":"notifications/initialized"}}"#).unwrap();
        Some(oracle)
    }

    fn ask(&mut self, method: &str, params: &Value) -> Value {
        writeln!(self.input, "{}", json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params })).unwrap();
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the other program ended");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == 1 && message.get("result").is_some() {
                return message["result"].clone();
            }
        }
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The folder with the other program; npm is asked once.
#[expect(clippy::print_stdout, reason = "a skipped test says so")]
#[expect(clippy::disallowed_methods, reason = "a test looks for the cache folder of whoever runs it")]
fn install() -> Option<PathBuf> {
    let home = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = home.join(".cache/doorward/oracle34");
    if !folder.join("node_modules/@playwright/mcp/cli.js").exists() {
        std::fs::create_dir_all(&folder).ok()?;
        let npm = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix"])
            .arg(&folder)
            .arg(VERSION)
            .output();
        let is_there = npm.is_ok_and(|output| output.status.success());
        if !is_there {
            assert!(std::env::var_os("CI").is_none(), "npm is needed in CI to install {VERSION}");
            println!("skipped: {VERSION} cannot be installed, since npm is missing or cannot reach its registry");
            return None;
        }
    }
    Some(folder)
}

fn text(result: &Value) -> String {
    let text = result["content"][0]["text"].as_str().unwrap_or_default();
    format!("{}{text}", if result["isError"] == true { "(error) " } else { "" })
}

/// The text without what differs on purpose.
fn compared(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut is_left_out = false;
    for line in text.lines() {
        let line = line.replace("\u{1b}[2m", "").replace("\u{1b}[22m", "");
        if line == "### New console messages" || line.starts_with("Call log:") {
            is_left_out = true;
        } else if line.starts_with("###") {
            is_left_out = false;
        }
        let is_stack = line.starts_with("    at ");
        if !is_left_out && !is_stack && !line.is_empty() {
            lines.push(without_file(without_password(&line)));
        }
    }
    lines.join("\n")
}

fn without_password(line: &str) -> &str {
    let is_password = line.trim_start().starts_with("- textbox \"Password\"");
    line.split_once("]: ").filter(|_| is_password).map_or(line, |(start, _)| start)
}

fn without_file(line: &str) -> String {
    let words: Vec<&str> = line.split(' ').collect();
    let is_file = |word: &str| word.contains("/page-") && word.contains("Z.png");
    words.iter().map(|word| if is_file(word) { "FILE" } else { word }).collect::<Vec<_>>().join(" ")
}

/// The arguments with the reference in the place of the text that stands for it.
fn resolved(arguments: &Value, snapshot: &str) -> Value {
    let mut arguments = arguments.clone();
    if let Some(sign) =
        arguments["ref"].as_str().and_then(|text| text.strip_prefix('{')?.strip_suffix('}').map(str::to_owned))
    {
        arguments["ref"] = crate::site::find(snapshot, &sign).into();
    }
    arguments
}

#[tokio::test]
async fn the_texts_are_those_of_the_other_program() {
    let Some(mut oracle) = Oracle::start() else { return };
    let site = Site::serve(answer);
    let mut given = options(Policy::Today);
    given.host_map.clear();
    given.viewport = Some((1280, 720));
    let client = Client::new(given);
    let steps = steps(site);
    assert!(steps.len() >= 60, "{}", steps.len());
    let (mut shown, mut differences) = ((String::new(), String::new()), Vec::new());
    for (index, (tool, arguments)) in steps.iter().enumerate() {
        let own = text(&client.call(tool, resolved(arguments, &shown.0)).await);
        let other =
            text(&oracle.ask("tools/call", &json!({ "name": tool, "arguments": resolved(arguments, &shown.1) })));
        if own.contains("```yaml") && other.contains("```yaml") {
            shown = (own.clone(), other.clone());
        }
        if compared(&own) != compared(&other) {
            differences.push(format!("step {index} {tool} {arguments}\n--- own\n{own}\n--- other\n{other}"));
        }
    }
    client.server.close().await;
    println!("{} steps, {} differ; on purpose: {DIFFERENCES:?}", steps.len(), differences.len());
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
