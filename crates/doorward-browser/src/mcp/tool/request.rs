//! One request with all its hops, and what became of each cookie on each of them.

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::recorder::cookie::without_value;
use crate::recorder::{Chain, Hop, Way};
use crate::redact;
use crate::verdict;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_network_request",
    title: "Show a network request",
    description: "Show one request with every redirect hop: headers as sent and received, the verdict on each cookie, CORS, failure and timing; values of cookies and tokens are left out",
    capability: "",
    is_read_only: true,
    need: Need::FreeTab,
    parameters: &[
        Parameter::needed("index", Kind::Number, "Its number in the list of browser_network_requests, from 1"),
        Parameter::new(
            "part",
            Kind::OneOf(&["request-headers", "request-body", "response-headers", "response-body"]),
            "Only this part",
        ),
        Parameter::new("filename", Kind::Text, "Write it to this file instead"),
    ],
    run: |turn| Box::pin(show(turn)),
}];

async fn show(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let number = turn.given.number("index").unwrap_or_default();
    let part = turn.given.text("part").unwrap_or_default().to_owned();
    let missing = || Failure::said(format!("There is no request {number}; browser_network_requests lists them from 1"));
    let (id, text) = tab
        .recorded(|recorder| {
            // Each hop has its line in the list, so each number of a hop leads to its request.
            let listed = recorder.recent().filter(|chain| chain.is_listed());
            let mut lines = listed.flat_map(|chain| std::iter::repeat_n(chain, chain.hops().len()));
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a number below one is none")]
            let chain = (number >= 1.0 && number.fract() == 0.0).then(|| lines.nth(number as usize - 1)).flatten()?;
            Some((chain.id.clone(), written(chain, &part)))
        })
        .ok_or_else(missing)?;
    let text = match text {
        Some(text) => text,
        None => redact::body(&tab.response_body(&id).await?),
    };
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, text.as_bytes())?;
            turn.response.result(format!("Saved as {}", path.display()));
        }
        None => turn.response.result(text),
    }
    Ok(())
}

/// The part that is asked for; none for the body of the answer, which the browser has to be asked for.
fn written(chain: &Chain, part: &str) -> Option<String> {
    let last = chain.hops().last();
    match part {
        "request-headers" => Some(last.map(|hop| headers(&hop.request_headers())).unwrap_or_default()),
        "response-headers" => Some(last.map(|hop| headers(&hop.response_headers())).unwrap_or_default()),
        "request-body" => Some(chain.body().map_or_else(|| "There is no body".to_owned(), redact::body)),
        "response-body" => None,
        _ => Some(whole(chain)),
    }
}

fn whole(chain: &Chain) -> String {
    let mut lines = Vec::new();
    for (index, hop) in chain.hops().iter().enumerate() {
        lines.push(format!("#### Hop {}: {} {}", index + 1, hop.method, hop.url));
        match hop.status {
            Some(status) => lines.push(format!("- Status: {status} {} ({})", hop.status_text, hop.protocol)),
            None => lines.push("- Status: none".to_owned()),
        }
        lines.extend(verdicts(hop));
        lines.push(format!("- Request headers:\n{}", headers(&hop.request_headers())));
        if hop.status.is_some() {
            lines.push(format!("- Response headers:\n{}", headers(&hop.response_headers())));
        }
    }
    lines.push(format!(
        "- Kind: {}, begun by {}{}",
        chain.kind,
        chain.initiator,
        if chain.is_cached { ", out of the cache" } else { "" }
    ));
    if let Some(failure) = &chain.failure {
        let blocked = chain.blocked.as_ref().map(|word| format!(", blocked: {word}")).unwrap_or_default();
        lines.push(format!("- Failed: {failure}{blocked}"));
    }
    if let Some(cors) = &chain.cors {
        lines.push(format!("- CORS: {cors}"));
    }
    if let (Some(ended), Some(first)) = (chain.ended, chain.hops().first()) {
        lines.push(format!("- Time: {:.0} ms", (ended - first.started) * 1000.0));
    }
    lines.join("\n")
}

/// What became of each cookie on one hop.
fn verdicts(hop: &Hop) -> Vec<String> {
    let mut lines = Vec::new();
    let sent = hop.sent_cookies();
    lines.push(format!("- Cookies sent: {}", if sent.is_empty() { "none".to_owned() } else { sent.join(", ") }));
    let refusals = hop.refusals();
    for refusal in &refusals {
        let what = if refusal.way == Way::Set { "refused" } else { "not sent" };
        match verdict::of_cookie(refusal) {
            Some(verdict) => lines.push(format!("- Cookie {what}: {} - {verdict}", refusal.name)),
            None => lines.push(format!("- Cookie {what}: {} [{}]", refusal.name, refusal.reasons.join(", "))),
        }
    }
    let stored = hop.response_headers().into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    for (_, line) in stored {
        let name = line.split('=').next().unwrap_or_default().trim().to_owned();
        let is_refused = refusals.iter().any(|refusal| refusal.way == Way::Set && refusal.name == name);
        if !is_refused {
            lines.push(format!("- Cookie stored: {}", without_value(&line)));
        }
    }
    lines
}

fn headers(pairs: &[(String, String)]) -> String {
    let line = |(name, value): &(String, String)| format!("  {name}: {}", redact::header(name, value));
    pairs.iter().map(line).collect::<Vec<_>>().join("\n")
}
