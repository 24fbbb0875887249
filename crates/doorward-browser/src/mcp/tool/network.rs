//! The requests of the page.

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::recorder::{Chain, Hop, Recorder};

pub(super) const TOOLS: &[Tool] = &[Tool {
    name: "browser_network_requests",
    title: "List network requests",
    description: "List the requests since the page was opened, with status; browser_network_request tells more of one",
    capability: "",
    is_read_only: true,
    need: Need::FreeTab,
    parameters: &[
        Parameter::new("static", Kind::Flag, "False leaves pictures, scripts and styles out that were loaded well"),
        Parameter::new("filter", Kind::Text, "Only addresses that this regular expression fits"),
        Parameter::new("filename", Kind::Text, "Write the list to this file instead"),
    ],
    run: |turn| Box::pin(requests(turn)),
}];

/// One line of the list.
struct Row {
    /// The number by which `browser_network_request` tells more of it.
    number: usize,
    url: String,
    text: String,
    /// Why nothing came, where that is known.
    failure: Option<String>,
    is_left_out: bool,
}

async fn requests(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let has_static = turn.given.value("static").and_then(serde_json::Value::as_bool);
    let filter = turn.given.text("filter").filter(|filter| !filter.is_empty()).map(str::to_owned);
    let mut rows = tab.recorded(|recorder| rows(recorder, has_static == Some(false)));
    let hidden = rows.iter().filter(|row| row.is_left_out).count();
    rows.retain(|row| !row.is_left_out);
    if let Some(pattern) = &filter {
        let urls: Vec<&str> = rows.iter().map(|row| row.url.as_str()).collect();
        let fitting = tab.matching_lines(&urls, pattern).await?;
        rows = rows.into_iter().enumerate().filter(|(index, _)| fitting.contains(index)).map(|(_, row)| row).collect();
    }
    // Clients that speak of these parameters know the list with its numbers.
    let is_numbered = has_static.is_some() || filter.is_some();
    let line = |row: &Row| match &row.failure {
        _ if !is_numbered => row.text.clone(),
        Some(failure) => format!("{}. {} => [FAILED] {failure}", row.number, row.text),
        None => format!("{}. {}", row.number, row.text),
    };
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    if hidden > 0 {
        lines.push(format!("Note: {hidden} static requests are not shown; \"static\" shows them."));
    }
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, lines.join("\n").as_bytes())?;
            turn.response.result(format!("Saved {} requests as {}", rows.len(), path.display()));
        }
        None => lines.into_iter().for_each(|line| turn.response.result(line)),
    }
    Ok(())
}

fn rows(recorder: &Recorder, leaves_static: bool) -> Vec<Row> {
    let went_well = |chain: &Chain| {
        chain.failure.is_none() && chain.hops().iter().all(|hop| hop.status.is_none_or(|status| status < 400))
    };
    let listed = recorder.recent().filter(|chain| chain.is_listed());
    let hops = listed.flat_map(|chain| chain.hops().iter().map(move |hop| (chain, hop)));
    let row = |(index, (chain, hop)): (usize, (&Chain, &Hop))| Row {
        number: index + 1,
        url: hop.url.clone(),
        text: match hop.status {
            Some(status) => format!("[{}] {} => [{status}] {}", hop.method, hop.url, hop.status_text),
            None => format!("[{}] {}", hop.method, hop.url),
        },
        failure: chain.failure.clone().filter(|_| hop.status.is_none()),
        is_left_out: leaves_static && chain.is_static() && went_well(chain),
    };
    hops.enumerate().map(row).collect()
}
