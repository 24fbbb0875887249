//! The requests of the page.

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::recorder::Chain;

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_network_requests",
    title: "List network requests",
    description: "List the requests since the page was opened, with status; browser_network_request tells more of one",
    capability: "",
    is_read_only: true,
    need: Need::FreeTab,
    parameters: &[
        Parameter::new("static", Kind::Flag, "False leaves pictures, scripts and styles out that were loaded well"),
        Parameter::new("filter", Kind::Text, "Only addresses that hold this text"),
        Parameter::new("filename", Kind::Text, "Write the list to this file instead"),
    ],
    run: |turn| Box::pin(std::future::ready(requests(turn))),
}];

fn requests(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let leaves_static = turn.given.value("static").and_then(serde_json::Value::as_bool) == Some(false);
    let filter = turn.given.text("filter").unwrap_or_default().to_owned();
    let lines: Vec<String> = tab.recorded(|recorder| {
        let shown = recorder.recent().filter(|chain| chain.is_listed()).filter(|chain| {
            let went_well =
                chain.failure.is_none() && chain.hops().iter().all(|hop| hop.status.is_none_or(|status| status < 400));
            !(leaves_static && chain.is_static() && went_well)
        });
        shown.flat_map(lines).filter(|line| line.contains(&filter)).collect()
    });
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, lines.join("\n").as_bytes())?;
            turn.response.result(format!("Saved {} requests as {}", lines.len(), path.display()));
        }
        None => lines.into_iter().for_each(|line| turn.response.result(line)),
    }
    Ok(())
}

/// One line for each hop.
fn lines(chain: &Chain) -> Vec<String> {
    let line = |hop: &crate::recorder::Hop| match hop.status {
        Some(status) => format!("[{}] {} => [{status}] {}", hop.method, hop.url, hop.status_text),
        None => format!("[{}] {}", hop.method, hop.url),
    };
    chain.hops().iter().map(line).collect()
}
