//! The tabs.

use std::sync::Arc;

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::tab::Tab;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_tab_list",
        title: "List tabs",
        description: "List the open tabs",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[],
        run: |turn| Box::pin(list(turn)),
    },
    Tool {
        name: "browser_tab_new",
        title: "Open a new tab",
        description: "Open a tab, with an address or empty",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[Parameter::new("url", Kind::Text, "The address; without one the tab is empty")],
        run: |turn| Box::pin(open(turn)),
    },
    Tool {
        name: "browser_tab_select",
        title: "Select a tab",
        description: "Look at another tab",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[Parameter::needed("index", Kind::Number, "Its number in the list")],
        run: |turn| Box::pin(select(turn)),
    },
    Tool {
        name: "browser_tab_close",
        title: "Close a tab",
        description: "Close a tab",
        capability: "",
        is_read_only: false,
        need: Need::Nothing,
        parameters: &[Parameter::new("index", Kind::Number, "Its number in the list; without one the current tab")],
        run: |turn| Box::pin(close(turn)),
    },
    Tool {
        name: "browser_tabs",
        title: "Manage tabs",
        description: "List, open, close or select tabs",
        capability: "",
        is_read_only: false,
        need: Need::Nothing,
        parameters: &[
            Parameter::needed("action", Kind::OneOf(&["list", "new", "close", "select"]), "What to do"),
            Parameter::new("index", Kind::Number, "The number of the tab to close or select"),
            Parameter::new("url", Kind::Text, "The address of a new tab"),
        ],
        run: |turn| Box::pin(manage(turn)),
    },
];

async fn list(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.session.ensure_tab().await?;
    turn.response.show_tabs();
    Ok(())
}

async fn open(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let url = turn.given.text("url").filter(|url| !url.is_empty()).map(str::to_owned);
    if let Some((refusal, url)) = url.as_deref().and_then(|url| Some((crate::origin::refusal(url)?, url))) {
        return Err(Failure::said(format!("{refusal}: {url}")));
    }
    let tab = turn.session.new_tab().await?;
    if let Some(url) = url {
        turn.open(&tab, &url).await?;
    }
    turn.response.show_page();
    Ok(())
}

async fn select(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = named(turn)?.ok_or_else(|| Failure::said("Tab undefined not found"))?;
    tab.bring_to_front().await?;
    turn.session.look_at(&tab);
    turn.response.show_page();
    Ok(())
}

async fn close(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = match named(turn)? {
        Some(tab) => tab,
        None => turn.session.current().ok_or_else(|| Failure::said("Tab undefined not found"))?,
    };
    turn.session.close_tab(&tab).await;
    turn.response.show_page();
    Ok(())
}

async fn manage(turn: &mut Turn<'_>) -> Result<(), Failure> {
    match turn.given.text("action") {
        Some("new") => open(turn).await?,
        Some("close") => close(turn).await?,
        Some("select") => select(turn).await?,
        _ => return list(turn).await,
    }
    turn.response.show_tabs();
    Ok(())
}

/// The tab of the number that was given.
fn named(turn: &Turn<'_>) -> Result<Option<Arc<Tab>>, Failure> {
    let Some(number) = turn.given.number("index") else { return Ok(None) };
    let missing = || Failure::said(format!("Tab {number} not found"));
    if number < 0.0 || number.fract() != 0.0 || number > 10_000.0 {
        return Err(missing());
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked above")]
    let index = number as usize;
    turn.session.tabs().get(index).cloned().map(Some).ok_or_else(missing)
}
