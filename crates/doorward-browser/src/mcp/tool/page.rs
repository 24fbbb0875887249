//! The page as a whole: its snapshot, what is found in it, its size and its end.

use serde_json::{Value, json};

use super::{Need, Tool, Turn, snippet};
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
        description: "Find lines of the page snapshot by text or by a pattern, each with its neighbours and what it stands in; shorter than the whole snapshot",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new("text", Kind::Text, "The text, in any letter case"),
            Parameter::new("regex", Kind::Text, "A regular expression of JavaScript; /…/i for any letter case"),
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
        description: "Let the page believe in another colour scheme, contrast, kind of motion or medium; what is left out stays as it was",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new(
                "colorScheme",
                Kind::OneOfOrNull(&["light", "dark", "no-preference"]),
                "The colour scheme; null ends it",
            ),
            Parameter::new(
                "reducedMotion",
                Kind::OneOfOrNull(&["reduce", "no-preference"]),
                "The kind of motion; null ends it",
            ),
            Parameter::new("forcedColors", Kind::OneOfOrNull(&["active", "none"]), "Forced colours; null ends it"),
            Parameter::new("contrast", Kind::OneOfOrNull(&["more", "no-preference"]), "The contrast; null ends it"),
            Parameter::new("media", Kind::OneOfOrNull(&["screen", "print"]), "The medium; null ends it"),
        ],
        run: |turn| Box::pin(emulate(turn)),
    },
];

/// What can be emulated, and the feature of CSS that it is; the medium itself is none.
const MEDIA: &[(&str, &str)] = &[
    ("colorScheme", "prefers-color-scheme"),
    ("reducedMotion", "prefers-reduced-motion"),
    ("forcedColors", "forced-colors"),
    ("contrast", "prefers-contrast"),
    ("media", ""),
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
        (detail.frame, detail.reference) = (Some(spot.frame), Some(spot.reference));
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
    let text = |name: &str| turn.given.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let (wanted, pattern) = (text("text"), text("regex"));
    let snapshot = tab.snapshot(&Detail::default()).await?;
    let lines: Vec<&str> = snapshot.lines().collect();
    let (found, query) = match (wanted, pattern) {
        (Some(wanted), None) => {
            let small = wanted.to_lowercase();
            let found = (0..lines.len()).filter(|index| lines[*index].to_lowercase().contains(&small)).collect();
            (found, format!("\"{wanted}\""))
        }
        (None, Some(pattern)) => {
            (tab.matching_lines(&lines, &pattern).await?, format!("/{}/", pattern.trim_matches('/')))
        }
        (None, None) => return Err(Failure::said("Provide either \"text\" or \"regex\" to search for.")),
        _ => return Err(Failure::said("Provide only one of \"text\" or \"regex\", not both.")),
    };
    let told = snippet::told(&lines, &found, &query);
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
    let given: Vec<(&str, Value)> =
        MEDIA.iter().filter_map(|(name, _)| Some((*name, turn.given.value(name)?.clone()))).collect();
    if given.is_empty() {
        return Err(Failure::said("Specify at least one media feature to emulate."));
    }
    let told: Vec<String> =
        given.iter().map(|(name, value)| format!("{name}: {}", value.to_string().replace('"', "'"))).collect();
    let media = {
        let mut state = tab.state();
        for (name, value) in given {
            match value {
                Value::String(word) => state.media.insert(name, word),
                _ => state.media.remove(name),
            };
        }
        state.media.clone()
    };
    let word = |name: &str| media.get(name).cloned().unwrap_or_default();
    let is_feature = |(_, feature): &&(&str, &str)| !feature.is_empty();
    let features: Vec<Value> = MEDIA
        .iter()
        .filter(is_feature)
        .map(|(name, feature)| json!({ "name": feature, "value": word(name) }))
        .collect();
    tab.call("Emulation.setEmulatedMedia", json!({ "media": word("media"), "features": features })).await?;
    turn.response.code(format!("await page.emulateMedia({{ {} }});", told.join(", ")));
    Ok(())
}
