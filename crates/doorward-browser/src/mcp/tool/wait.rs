//! Waiting for text, for its end, or for a time.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{Need, Tool, Turn, quoted};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::tab::Tab;

/// The longest time that is waited.
const LONGEST: f64 = 30.0;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_wait_for",
    title: "Wait for",
    description: "Wait until text appears or disappears, or for some seconds",
    capability: "",
    is_read_only: true,
    need: Need::Nothing,
    parameters: &[
        Parameter::new("time", Kind::Number, "Seconds to wait, at most 30"),
        Parameter::new("text", Kind::Text, "The text that has to appear"),
        Parameter::new("textGone", Kind::Text, "The text that has to disappear"),
    ],
    run: |turn| Box::pin(wait(turn)),
}];

async fn wait(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let text = |name: &str| turn.given.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let (wanted, unwanted) = (text("text"), text("textGone"));
    let time = turn.given.number("time").filter(|time| *time != 0.0);
    if wanted.is_none() && unwanted.is_none() && time.is_none() {
        return Err(Failure::said("Either time, text or textGone must be provided"));
    }
    if let Some(time) = time {
        turn.response.code(format!("await new Promise(f => setTimeout(f, {time} * 1000));"));
        tokio::time::sleep(Duration::from_secs_f64(time.clamp(0.0, LONGEST))).await;
    }
    let tab = turn.session.tab()?;
    for (text, state) in [(&unwanted, "hidden"), (&wanted, "visible")] {
        let Some(text) = text else { continue };
        turn.response.code(format!("await page.getByText({}).first().waitFor({{ state: '{state}' }});", json!(text)));
        becomes(&tab, text, state).await?;
    }
    let what = wanted.or(unwanted).or_else(|| time.map(|time| time.to_string())).unwrap_or_default();
    turn.response.result(format!("Waited for {what}"));
    turn.response.show_page();
    Ok(())
}

async fn becomes(tab: &Tab, text: &str, state: &str) -> Result<(), Failure> {
    let limit = tab.options.action_timeout;
    let deadline = Instant::now() + limit;
    let main = tab.state().frames.main_id().to_owned();
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let given = json!({ "text": text, "state": state, "milliseconds": u64::try_from(left.as_millis()).unwrap_or_default() });
        let asked = tokio::time::timeout(left + Duration::from_millis(50), tab.ask(&main, "wait", &given)).await;
        match asked {
            Ok(Ok(told)) if told["is"] == true => return Ok(()),
            Ok(Err(failure)) if !failure.is_other_document() => return Err(failure),
            _ if left.is_zero() => {
                return Err(Failure::said(format!(
                    "TimeoutError: locator.waitFor: Timeout {}ms exceeded.\nCall log:\n  - waiting for getByText({}).first() to be {state}\n",
                    limit.as_millis(),
                    quoted(text)
                )));
            }
            _ => {}
        }
    }
}
