//! What the page wrote to its console.

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::recorder::Entry;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_console_messages",
    title: "Get console messages",
    description: "Return what the page and the browser wrote to the console since the page was opened",
    capability: "",
    is_read_only: true,
    need: Need::FreeTab,
    parameters: &[
        Parameter::new(
            "level",
            Kind::OneOf(&["error", "warning", "info", "debug"]),
            "The least that is told; all by default",
        ),
        Parameter::new("all", Kind::Flag, "Whether the messages of earlier pages are told as well"),
        Parameter::new("filename", Kind::Text, "Write the messages to this file instead"),
    ],
    run: |turn| Box::pin(std::future::ready(messages(turn))),
}];

fn messages(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let least = match turn.given.text("level") {
        Some("error") => 0,
        Some("warning") => 1,
        Some("info") => 2,
        _ => 3,
    };
    let skips_none = turn.given.flag("all");
    let lines: Vec<String> = tab.recorded(|recorder| {
        let earlier = recorder.whole_console().count() - recorder.console().count();
        let shown = recorder.whole_console().skip(if skips_none { 0 } else { earlier });
        shown.filter(|entry| entry.level() <= least).map(Entry::to_string).collect()
    });
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, lines.join("\n").as_bytes())?;
            turn.response.result(format!("Saved {} messages as {}", lines.len(), path.display()));
        }
        None => lines.into_iter().for_each(|line| turn.response.result(line)),
    }
    Ok(())
}
