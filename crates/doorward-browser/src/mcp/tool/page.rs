//! The page as a whole: its snapshot, what is found in it, its size and its end.

use super::{Need, Tool, Turn};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::snapshot::Detail;

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_close",
        title: "Close browser",
        description: "Close the page and the browser",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[],
        run: |turn| Box::pin(close(turn)),
    },
    Tool {
        name: "browser_resize",
        title: "Resize browser window",
        description: "Give the page another width and height",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::needed("width", Kind::Number, "Width in pixels"),
            Parameter::needed("height", Kind::Number, "Height in pixels"),
        ],
        run: |turn| Box::pin(resize(turn)),
    },
    Tool {
        name: "browser_snapshot",
        title: "Page snapshot",
        description: "Look at the page as its accessible tree, with a reference for each element; better than a picture for acting on it",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[
            Parameter::new("target", Kind::Text, "Only the part below this reference"),
            Parameter::new("filename", Kind::Text, "Write the snapshot to this file instead"),
            Parameter::new("depth", Kind::Number, "How deep the tree goes"),
            Parameter::new("boxes", Kind::Flag, "Whether each element's box is told"),
        ],
        run: |turn| Box::pin(snapshot(turn)),
    },
    Tool {
        name: "browser_find",
        title: "Find in page",
        description: "Find lines of the page snapshot by text or by a pattern",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new("text", Kind::Text, "The text, in any letter case"),
            Parameter::new("regex", Kind::Text, "A regular expression of JavaScript"),
            Parameter::new("filename", Kind::Text, "Write what was found to this file instead"),
        ],
        run: |turn| Box::pin(find(turn)),
    },
    Tool {
        name: "browser_install",
        title: "Find the browser",
        description: "Tell which browser is used, or which package brings one",
        capability: "",
        is_read_only: true,
        need: Need::Nothing,
        parameters: &[],
        run: |turn| Box::pin(std::future::ready(install(turn))),
    },
    Tool {
        name: "browser_emulate_media",
        title: "Emulate media",
        description: "Let the page believe in another colour scheme, contrast, kind of motion or medium",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new("colorScheme", Kind::Any, "light, dark or no-preference; null to end it"),
            Parameter::new("reducedMotion", Kind::Any, "reduce or no-preference; null to end it"),
            Parameter::new("forcedColors", Kind::Any, "active or none; null to end it"),
            Parameter::new("contrast", Kind::Any, "more or no-preference; null to end it"),
            Parameter::new("media", Kind::Any, "screen or print; null to end it"),
        ],
        run: |turn| Box::pin(emulate(turn)),
    },
];

async fn close(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.session.close().await;
    turn.response.show_tabs();
    turn.response.code("await page.close()");
    Ok(())
}

async fn resize(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let side = |name: &str| turn.given.number(name).unwrap_or_default();
    let (width, height) = (side("width"), side("height"));
    if !(1.0..=10_000.0).contains(&width) || !(1.0..=10_000.0).contains(&height) {
        return Err(Failure::said("A page is between 1 and 10000 pixels wide and high"));
    }
    turn.response.code(format!("await page.setViewportSize({{ width: {width}, height: {height} }});"));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range was checked above")]
    let (width, height) = (width as u32, height as u32);
    let worker = std::sync::Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.resize(width, height).await }).await
}

async fn snapshot(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.ensure_tab().await?;
    tab.check()?;
    let mut detail = Detail { has_boxes: turn.given.flag("boxes"), ..Detail::default() };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a depth below zero is none")]
    if let Some(depth) = turn.given.number("depth") {
        detail.depth = Some(depth.max(0.0) as u64);
    }
    if let Some(target) = turn.given.text("target").filter(|target| !target.is_empty()) {
        let spot = tab.spot(target).await?;
        detail.reference = Some(spot.reference);
    }
    match turn.given.text("filename") {
        Some(name) => {
            let text = tab.snapshot(&detail).await?;
            let path = turn.session.output.write(name, text.as_bytes())?;
            turn.response.result(format!("Saved snapshot as {}", path.display()));
        }
        None => turn.response.show_part(detail),
    }
    Ok(())
}

async fn find(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let text = tab.snapshot(&Detail::default()).await?;
    let lines: Vec<&str> = text.lines().collect();
    let found: Vec<usize> = match (turn.given.text("text"), turn.given.text("regex")) {
        (Some(wanted), _) => {
            let wanted = wanted.to_lowercase();
            (0..lines.len()).filter(|index| lines[*index].to_lowercase().contains(&wanted)).collect()
        }
        (None, Some(pattern)) => tab.matching_lines(&text, pattern).await?,
        (None, None) => return Err(Failure::said("Either text or regex must be provided")),
    };
    let shown: Vec<String> = found.iter().take(200).map(|index| lines[*index].trim_start().to_owned()).collect();
    let told = if shown.is_empty() {
        "Nothing was found".to_owned()
    } else {
        format!("Found {}:\n{}", found.len(), shown.join("\n"))
    };
    match turn.given.text("filename") {
        Some(name) => {
            let path = turn.session.output.write(name, told.as_bytes())?;
            turn.response.result(format!("Saved what was found as {}", path.display()));
        }
        None => turn.response.result(told),
    }
    Ok(())
}

fn install(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let options = &turn.session.settings.browser;
    let found = crate::chromium::find(options.executable.as_deref(), &options.search_path)?;
    turn.response.result(format!("{} is used; nothing has to be installed", found.display()));
    turn.response.show_tabs();
    Ok(())
}

async fn emulate(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let pairs = [
        ("colorScheme", "prefers-color-scheme"),
        ("reducedMotion", "prefers-reduced-motion"),
        ("forcedColors", "forced-colors"),
        ("contrast", "prefers-contrast"),
    ];
    let word = |name: &str| turn.given.text(name).unwrap_or_default();
    let features: Vec<serde_json::Value> =
        pairs.iter().map(|(name, feature)| serde_json::json!({ "name": feature, "value": word(name) })).collect();
    tab.call("Emulation.setEmulatedMedia", serde_json::json!({ "media": word("media"), "features": features })).await?;
    let told: Vec<String> = turn_words(turn, &["colorScheme", "reducedMotion", "forcedColors", "contrast", "media"]);
    turn.response.code(format!("await page.emulateMedia({{ {} }});", told.join(", ")));
    Ok(())
}

fn turn_words(turn: &Turn<'_>, names: &[&str]) -> Vec<String> {
    let said =
        |name: &&str| turn.given.value(name).map(|value| format!("{name}: {}", value.to_string().replace('"', "'")));
    names.iter().filter_map(said).collect()
}
