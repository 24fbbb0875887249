//! Hosts that hang, answer for ever, redirect for ever, or speak no HTTP.

use std::time::Instant;

use doorward_doctor::Style;

use super::server::{Deed, FORM, answer, examined, serve};

#[expect(clippy::disallowed_methods, reason = "the test measures how long the doctor takes, by the real clock")]
fn now() -> Instant {
    Instant::now()
}

fn root(deed: impl Fn(&str) -> Deed + Send + Sync + 'static) -> (Option<String>, f64) {
    let server = serve(deed);
    let since = now();
    let (report, _) = examined(&server, None);
    (report.root_cause.map(|root| root.family), since.elapsed().as_secs_f64())
}

#[test]
fn a_host_that_hangs_is_left_in_time() {
    let (family, seconds) = root(|_| Deed::Hang);
    assert_eq!(family.as_deref(), Some("unknown.app"));
    assert!(seconds < 10.0, "{seconds}");
}

#[test]
fn a_body_without_end_is_read_to_a_bound_only() {
    let (family, seconds) = root(|_| Deed::Forever);
    assert_eq!(family, None);
    assert!(seconds < 10.0, "{seconds}");
}

#[test]
fn a_head_without_end_is_no_answer() {
    let head = format!("HTTP/1.1 200 OK\r\n{}", "X-More: and more\r\n".repeat(60_000));
    let (family, _) = root(move |_| Deed::Last(head.clone()));
    assert!(family.is_some_and(|family| family.starts_with("unknown.")));
}

#[test]
fn redirects_without_end_are_followed_a_few_times() {
    let server = serve(|head| {
        let number: u32 = head.split("n=").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok()).unwrap_or(0);
        answer(&format!("302 Found\r\nLocation: /login?n={}", number + 1), "")
    });
    let (report, facts) = examined(&server, None);
    assert!(report.root_cause.is_some());
    assert!(facts.visits.len() < 16, "{}", facts.visits.len());
}

#[test]
fn what_is_not_http_is_said_to_be_none() {
    for text in [
        "SSH-2.0-OpenSSH_9.6\r\n",
        "\u{0}\u{1}\u{2}garbage\r\n\r\n",
        "HTTP/1.1 999999 \r\n\r\n",
        "HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
    ] {
        let (family, _) = root(move |_| Deed::Last(text.to_owned()));
        assert!(family.is_some_and(|family| family.starts_with("unknown.")), "{text:?}");
    }
}

#[test]
fn a_page_without_a_sign_in_is_called_well_only_so_far() {
    for status in ["404 Not Found", "200 OK"] {
        let server = serve(move |_| answer(&format!("{status}\r\nContent-Type: text/html"), "<h1>hello</h1>"));
        let (report, _) = examined(&server, None);
        assert_eq!(report.root_cause, None);
        for text in [report.to_terminal(Style::default()), report.to_markdown(), report.to_html()] {
            assert!(text.to_lowercase().contains("well so far") && text.contains("--profile"), "{text}");
        }
    }
    let (well, _) = examined(&serve(|_| answer("200 OK\r\nContent-Type: text/html", FORM)), None);
    assert!(!well.to_terminal(Style::default()).contains("so far"));
}

#[test]
fn hostile_bytes_are_escaped_in_every_form_of_the_report() {
    let evil = "</script><img src=x onerror=alert(1)>`**\u{1b}[31m\u{202e}";
    let server = serve(move |_| {
        answer(&format!("500 Oops\r\nServer: {evil}\r\nSet-Cookie: <b>\u{1b}[2J=1; Domain=<i>\r\nX-Evil: {evil}"), evil)
    });
    let (report, _) = examined(&server, None);
    let style = Style { is_coloured: false, is_verbose: true };
    let (html, markdown) = (report.to_html(), report.to_markdown());
    for text in [report.to_terminal(style), html.clone(), markdown.clone(), report.to_json()] {
        assert!(!text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
    }
    assert!(!html.contains("<img") && !html.contains("</script>") && !markdown.contains("<img"));
}

#[test]
fn the_first_429_is_the_last_request() {
    let server = serve(|head| {
        if head.starts_with("POST") {
            answer("429 Too Many Requests", "")
        } else {
            answer("200 OK\r\nContent-Type: text/html\r\nSet-Cookie: csrf_token=tttttttttttt; Path=/", FORM)
        }
    });
    let (_, facts) = examined(&server, None);
    let posts = facts.visits.iter().filter(|visit| visit.method == "POST" && visit.status == 429).count();
    assert_eq!(posts, 1);
    assert_eq!(facts.visits.last().map(|visit| visit.status), Some(429));
}
