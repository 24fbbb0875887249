//! The jar, what is absent from it and why, and the browser's issues.

use serde_json::Value;

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::verdict;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_cookies",
        title: "Cookies",
        description: "List the cookies that the browser would send, and every cookie that was refused or not sent, with the reason and what mends it; values are left out",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[Parameter::new("url", Kind::Text, "The address to send them to; the page's own by default")],
        run: |turn| Box::pin(cookies(turn)),
    },
    Tool {
        name: "browser_issues",
        title: "Issues",
        description: "List why cookies were refused and requests blocked (Secure, SameSite, Domain, CORS, content policy, frames, redirects), each with a code, the evidence and what mends it",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[Parameter::new("raw", Kind::Flag, "Whether the browser's own events are shown as well")],
        run: |turn| Box::pin(std::future::ready(issues(turn))),
    },
];

async fn cookies(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let urls: Vec<String> = turn.given.text("url").map(str::to_owned).into_iter().collect();
    let jar = tab.cookies(&urls).await?;
    let mut lines = vec![format!("{} cookies would be sent:", jar.len())];
    lines.extend(jar.iter().map(|cookie| format!("- {}", line(cookie))));
    let refusals = tab.recorded(crate::recorder::Recorder::refusals);
    let absent: Vec<String> =
        refusals.iter().filter_map(verdict::of_cookie).map(|verdict| format!("- {verdict}")).collect();
    let mut shown: Vec<String> = Vec::new();
    for one in absent {
        if !shown.contains(&one) {
            shown.push(one);
        }
    }
    lines.push(format!("{} refused or not sent:", shown.len()));
    lines.extend(shown);
    turn.response.result(lines.join("\n"));
    Ok(())
}

fn line(cookie: &Value) -> String {
    let text = |name: &str| cookie[name].as_str().unwrap_or_default();
    let mut parts =
        vec![format!("{}=****", text("name")), format!("Domain={}", text("domain")), format!("Path={}", text("path"))];
    for (name, word) in [("secure", "Secure"), ("httpOnly", "HttpOnly")] {
        if cookie[name] == true {
            parts.push(word.to_owned());
        }
    }
    if !text("sameSite").is_empty() {
        parts.push(format!("SameSite={}", text("sameSite")));
    }
    parts.push(if cookie["session"] == true {
        "until the browser ends".to_owned()
    } else {
        format!("until {}", cookie["expires"])
    });
    parts.join("; ")
}

fn issues(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let is_raw = turn.given.flag("raw");
    let (found, raw) = tab.recorded(|recorder| (verdict::of(recorder), recorder.issues().cloned().collect::<Vec<_>>()));
    if found.is_empty() {
        turn.response.result("No cookie was refused and no request blocked");
    }
    for one in found {
        let evidence = if is_raw { format!("\n  evidence: {}", one.evidence) } else { String::new() };
        turn.response.result(format!("- {one}{evidence}"));
    }
    if is_raw {
        for issue in &raw {
            turn.response.result(format!("- issue: {issue}"));
        }
    }
    Ok(())
}
