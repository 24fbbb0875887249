//! Flows out of a file, played on real pages.

use std::sync::Arc;

use doorward_browser::e2e::{Plan, Report, run};
use doorward_browser::{Browser, Policy};

use crate::site::{Answer, Request, Site, StillClock, headed, options, page, to};

const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const PASSWORD: &str = "correct horse battery";

/// A site with a sign-in in two steps: a password, then a code. `/broken/enter` sets its cookie for another domain.
fn answer(_: Site, request: &Request) -> Answer {
    let is_known = request.header("cookie").is_some_and(|cookies| cookies.contains("sid=good"));
    let path = request.path.split('?').next().unwrap_or_default().to_owned();
    match path.as_str() {
        "/" if is_known => page(
            "<title>Home</title><h1>Welcome</h1><script>sessionStorage.access_token = 'x'; \
             fetch('/api/me', { headers: { Authorization: 'Bearer ' + sessionStorage.access_token } })</script>\
             <form action=/leave><button onclick='return confirm(\"Really?\")'>Log out</button></form>",
        ),
        "/" => to(303, "/login"),
        "/login" | "/broken" => page(&format!(
            "<title>Login</title><h1>Sign in</h1><a href=/help>Sign in help</a><form method=post action={}/enter>\
             <label>E-mail <input name=email></label><label>Password <input type=password name=password></label>\
             <label>City <select name=city><option>Rome<option>Oslo</select></label><button>Sign in</button></form>",
            if path == "/broken" { "/broken" } else { "" }
        )),
        "/enter" => page(
            "<title>Code</title><form method=post action=/code><label for=c>Code</label><input id=c name=code><button>Go</button></form>",
        ),
        "/code" => {
            let Answer(status, mut headers, body) = to(303, "/");
            headers.push(("Set-Cookie".to_owned(), "sid=good; Path=/; HttpOnly".to_owned()));
            Answer(status, headers, body)
        }
        "/broken/enter" => {
            let Answer(status, mut headers, body) = to(303, "/");
            headers.push(("Set-Cookie".to_owned(), "sid=good; Domain=other.test".to_owned()));
            Answer(status, headers, body)
        }
        "/leave" => {
            let Answer(status, mut headers, body) = to(303, "/login");
            headers.push(("Set-Cookie".to_owned(), "sid=; Max-Age=0; Path=/".to_owned()));
            Answer(status, headers, body)
        }
        "/api/me" => headed(&[], "{\"name\":\"ada\"}"),
        "/api/other" => Answer(403, Vec::new(), Some(b"{\"reason\":\"csrf.token_missing\"}".to_vec())),
        "/key" => {
            page(&format!("<title>Key</title><p id=key> {KEY} </p><input aria-label=Code><input aria-label=Code>"))
        }
        _ => Answer(404, Vec::new(), Some(b"none".to_vec())),
    }
}

async fn play(site: Site, flows: &str) -> Report {
    let text = format!("base = \"{}\"\ntimeout = 5\n{flows}", site.at(false, "app.test", "/"));
    let value = |name: &str| match name {
        "PASSWORD" => Some(PASSWORD.to_owned()),
        "KEY" => Some(KEY.to_owned()),
        _ => None,
    };
    let plan = Plan::read(&text, value).unwrap();
    let browser = Browser::start(plan.options(options(Policy::Today))).await.unwrap();
    let report = run(&plan, &browser, 2, Arc::new(StillClock)).await.unwrap();
    browser.close().await;
    report
}

#[tokio::test]
async fn flows_that_go_well_are_told_so_each_in_a_jar_of_its_own() {
    let report = play(
        Site::serve(answer),
        r#"
[[flow]]
name = "sign in and out"
steps = [
  'open /',
  'expect signed out',
  'fill "E-mail" with "ada@example.com"',
  'fill "Password" with "${PASSWORD}"',
  'choose "Oslo" in "City"',
  'click "Sign in"',
  'fill "Code" with code of "${KEY}"',
  'press Enter',
  'expect signed in',
  'expect text "Welcome"',
  'expect no text "Sign in"',
  'expect title "Home"',
  'expect address /',
  'expect status 200',
  'expect cookie sid',
  'expect stored access_token',
  'expect request /api/me sent header Authorization',
  'expect request /api/me sent cookie sid',
  'expect request /api/me answered 200',
  'expect request /api/me holds "ada"',
  'expect no refused cookie',
  'picture "home"',
  'sign out',
  'answer yes',
  'expect signed out',
  'expect no cookie sid',
]
[[flow]]
name = "another person"
steps = [
  'open /login',
  'expect no cookie sid',
  'expect nothing stored access_token',
  'call POST /api/other?x=1',
  'expect request /api/other answered 403',
  'expect request /api/other sent no cookie sid',
  'expect request /api/other holds "csrf.token_missing"',
  'open /key',
  'keep #key as OWN',
]
"#,
    )
    .await;
    assert!(report.is_well(), "{}", report.to_text());
    let flow = &report.flows[0];
    assert_eq!((flow.steps.len(), flow.pictures.len()), (26, 2));
    assert!(flow.pictures.iter().all(|picture| picture.data.starts_with(&[0xff, 0xd8])), "pictures are JPEG");
}

#[tokio::test]
async fn a_flow_that_fails_says_at_which_step_and_why() {
    let report = play(
        Site::serve(answer),
        r#"
[[flow]]
name = "wrong cookie domain"
steps = ['open /broken', 'fill "E-mail" with "a@example.com"', 'fill "Password" with "${PASSWORD}"', 'press Enter', 'expect signed in', 'open /']
[[flow]]
name = "refused cookie"
steps = ['open /broken', 'fill "E-mail" with "a@example.com"', 'fill "Password" with "x"', 'press Enter', 'expect no refused cookie']
[[flow]]
name = "nothing there"
steps = ['open /login', 'click "Buy ${PASSWORD}"']
[[flow]]
name = "two of them"
steps = ['open /key', 'fill "Code" with "1"']
[[flow]]
name = "nobody answers"
steps = ['open http://127.0.0.1:1/']
[[flow]]
name = "no code twice"
steps = ['open /enter', 'fill "Code" with code of "AAAA"']
"#,
    )
    .await;
    let failed: Vec<(usize, String)> = report
        .flows
        .iter()
        .map(|flow| flow.failed().map(|(number, step)| (number, step.failure.clone().unwrap())).unwrap())
        .collect();
    for ((number, failure), (wanted, sign)) in failed.iter().zip([
        (5, "asks for a password"),
        (5, "cookie.domain_mismatch"),
        (2, "nothing that is called"),
        (2, "2 things are called"),
        (1, "ERR_"),
        (2, "base32"),
    ]) {
        assert!(*number == wanted && failure.contains(sign), "{number} {failure}");
    }
    assert_eq!(report.flows[0].verdicts[0].code, "cookie.domain_mismatch");
    for text in [report.to_text(), report.to_junit(), report.to_html(), report.to_json().to_string()] {
        assert!(!text.contains("correct horse"), "{text}");
    }
}
