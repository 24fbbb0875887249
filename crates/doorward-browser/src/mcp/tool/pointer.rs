//! The mouse.

use std::sync::Arc;

use serde_json::json;

use super::{ELEMENT, Need, REF, TARGET, Tool, Turn};
use crate::act::key::Modifiers;
use crate::act::{Button, Click};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};

const X: Parameter = Parameter::needed("x", Kind::Number, "Pixels from the left edge of the page");
const Y: Parameter = Parameter::needed("y", Kind::Number, "Pixels from the upper edge of the page");

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_click",
        title: "Click",
        description: "Click an element, once it is visible, enabled, still and uncovered",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            ELEMENT,
            REF,
            TARGET,
            Parameter::new("doubleClick", Kind::Flag, "Whether it is clicked twice"),
            Parameter::new("button", Kind::OneOf(&["left", "right", "middle"]), "The button, left by default"),
            Parameter::new(
                "modifiers",
                Kind::SomeOf(&["Alt", "Control", "ControlOrMeta", "Meta", "Shift"]),
                "Keys that are held meanwhile",
            ),
        ],
        run: |turn| Box::pin(click(turn)),
    },
    Tool {
        name: "browser_drag",
        title: "Drag mouse",
        description: "Drag one element onto another",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            Parameter::asked("startElement", Kind::Text, "What is dragged, in words"),
            Parameter::needed("startRef", Kind::Text, "Reference of what is dragged").or("startTarget"),
            Parameter::new("startTarget", Kind::Text, "The same as startRef, or a selector"),
            Parameter::asked("endElement", Kind::Text, "Where it goes, in words"),
            Parameter::needed("endRef", Kind::Text, "Reference of where it goes").or("endTarget"),
            Parameter::new("endTarget", Kind::Text, "The same as endRef, or a selector"),
        ],
        run: |turn| Box::pin(drag(turn)),
    },
    Tool {
        name: "browser_hover",
        title: "Hover mouse",
        description: "Move the mouse over an element",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[ELEMENT, REF, TARGET],
        run: |turn| Box::pin(hover(turn)),
    },
    Tool {
        name: "browser_mouse_move_xy",
        title: "Move mouse",
        description: "Move the mouse to a point",
        capability: "vision",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[Parameter { is_required: false, ..ELEMENT }, X, Y],
        run: |turn| Box::pin(move_to(turn)),
    },
    Tool {
        name: "browser_mouse_click_xy",
        title: "Click",
        description: "Click at a point",
        capability: "vision",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[Parameter { is_required: false, ..ELEMENT }, X, Y],
        run: |turn| Box::pin(click_at(turn)),
    },
    Tool {
        name: "browser_mouse_drag_xy",
        title: "Drag mouse",
        description: "Drag with the left button from one point to another",
        capability: "vision",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            Parameter { is_required: false, ..ELEMENT },
            Parameter::needed("startX", Kind::Number, "Where it begins, from the left"),
            Parameter::needed("startY", Kind::Number, "Where it begins, from above"),
            Parameter::needed("endX", Kind::Number, "Where it ends, from the left"),
            Parameter::needed("endY", Kind::Number, "Where it ends, from above"),
        ],
        run: |turn| Box::pin(drag_at(turn)),
    },
];

async fn click(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let spot = turn.spot(&tab).await?;
    let word = turn.given.text("button");
    let button = match word {
        Some("right") => Button::Right,
        Some("middle") => Button::Middle,
        _ => Button::Left,
    };
    let held = turn.given.texts("modifiers");
    let modifiers = held.iter().fold(Modifiers::default(), |all, one| all.with(one));
    let is_double = turn.given.flag("doubleClick");
    let mut fields: Vec<String> = word.map(|word| format!("button: '{word}'")).into_iter().collect();
    if !held.is_empty() {
        let listed: Vec<String> = held.iter().map(|one| format!("'{one}'")).collect();
        fields.push(format!("modifiers: [{}]", listed.join(", ")));
    }
    let options = if fields.is_empty() { String::new() } else { format!("{{ {} }}", fields.join(", ")) };
    let call = if is_double { "dblclick" } else { "click" };
    turn.response.code(format!("await page.{}.{call}({options});", tab.code(&spot).await?));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.click(&spot, Click::new(button, is_double, modifiers)).await }).await
}

async fn drag(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let from = tab.spot(turn.given.reference("startRef", "startTarget").unwrap_or_default()).await?;
    let to = tab.spot(turn.given.reference("endRef", "endTarget").unwrap_or_default()).await?;
    let code = (tab.code(&from).await?, tab.code(&to).await?);
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.drag(&from, &to).await }).await?;
    turn.response.code(format!("await page.{}.dragTo(page.{});", code.0, code.1));
    Ok(())
}

async fn hover(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let spot = turn.spot(&tab).await?;
    turn.response.code(format!("await page.{}.hover();", tab.code(&spot).await?));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.hover(&spot).await }).await
}

fn point(turn: &Turn<'_>, x: &str, y: &str) -> (f64, f64) {
    (turn.given.number(x).unwrap_or_default(), turn.given.number(y).unwrap_or_default())
}

async fn move_to(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let (x, y) = point(turn, "x", "y");
    turn.response.code(format!("// Move mouse to ({x}, {y})"));
    turn.response.code(format!("await page.mouse.move({x}, {y});"));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.mouse("mouseMoved", (x, y), json!({})).await }).await
}

async fn click_at(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let (x, y) = point(turn, "x", "y");
    turn.response.code(format!("// Click mouse at coordinates ({x}, {y})"));
    turn.response.code(format!("await page.mouse.move({x}, {y});"));
    turn.response.code("await page.mouse.down();");
    turn.response.code("await page.mouse.up();");
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.stroke(&[(x, y)]).await }).await
}

async fn drag_at(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let (from, to) = (point(turn, "startX", "startY"), point(turn, "endX", "endY"));
    turn.response.code(format!("// Drag mouse from ({}, {}) to ({}, {})", from.0, from.1, to.0, to.1));
    turn.response.code(format!("await page.mouse.move({}, {});", from.0, from.1));
    turn.response.code("await page.mouse.down();");
    turn.response.code(format!("await page.mouse.move({}, {});", to.0, to.1));
    turn.response.code("await page.mouse.up();");
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 2, async move { worker.stroke(&[from, to]).await }).await
}
