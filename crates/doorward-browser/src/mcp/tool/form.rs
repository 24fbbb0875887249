//! Typing, pressing keys, choosing, and filling whole forms.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{ELEMENT, Need, REF, TARGET, Tool, Turn, quoted};
use crate::act::{Click, Spot};
use crate::failure::Failure;
use crate::mcp::schema::{Kind, Parameter};
use crate::tab::Tab;

const FIELD: &[Parameter] = &[
    Parameter::asked("name", Kind::Text, "What the field is, in words"),
    Parameter::needed(
        "type",
        Kind::OneOf(&["textbox", "checkbox", "radio", "combobox", "slider"]),
        "The kind of field",
    ),
    Parameter::new("ref", Kind::Text, "Reference of the field in the page snapshot"),
    Parameter::new("target", Kind::Text, "The same as ref, or a selector that fits it alone"),
    Parameter::needed("value", Kind::Text, "The text; true or false for a checkbox; the option of a list"),
];

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_press_key",
        title: "Press a key",
        description: "Press a key, or several together, such as ArrowLeft, a or Control+a",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[Parameter::needed("key", Kind::Text, "Name of the key, or the character that it writes")],
        run: |turn| Box::pin(press(turn)),
    },
    Tool {
        name: "browser_type",
        title: "Type text",
        description: "Type text into a field; what stood there is replaced",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[
            ELEMENT,
            REF,
            TARGET,
            Parameter::needed("text", Kind::Text, "The text"),
            Parameter::new("submit", Kind::Flag, "Whether Enter is pressed afterwards"),
            Parameter::new("slowly", Kind::Flag, "Whether it is typed key by key, for pages that listen to keys"),
        ],
        run: |turn| Box::pin(write(turn)),
    },
    Tool {
        name: "browser_select_option",
        title: "Select option",
        description: "Choose one or more options of a list, by value or by label",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[ELEMENT, REF, TARGET, Parameter::needed("values", Kind::Texts, "The values or labels")],
        run: |turn| Box::pin(choose(turn)),
    },
    Tool {
        name: "browser_fill_form",
        title: "Fill form",
        description: "Fill several fields of a form at once",
        capability: "",
        is_read_only: false,
        need: Need::FreeTab,
        parameters: &[Parameter::needed("fields", Kind::Objects(FIELD), "The fields")],
        run: |turn| Box::pin(fill_form(turn)),
    },
];

/// Fields that are filled by one call.
const FIELDS: usize = 200;
/// Whether a box is checked, native or made.
const CHECKED: &str = "(one) => (one.control || one).checked === true || one.getAttribute('aria-checked') === 'true'";

async fn press(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let key = turn.given.text("key").unwrap_or_default().to_owned();
    turn.response.code(format!("// Press {key}"));
    turn.response.code(format!("await page.keyboard.press('{key}');"));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, frames(&key), async move { worker.press(&key).await }).await
}

/// The frames that are waited for after a key. One that writes a character has done so when it is answered; what it sets
/// going is told by then. Others move the focus, scroll, send forms.
fn frames(key: &str) -> u32 {
    u32::from(key.chars().count() != 1 || key == " ")
}

async fn write(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let spot = turn.spot(&tab).await?;
    let text = turn.given.text("text").unwrap_or_default().to_owned();
    let (submits, is_slow) = (turn.given.flag("submit"), turn.given.flag("slowly"));
    let code = tab.code(&spot).await?;
    let call = if is_slow { "pressSequentially" } else { "fill" };
    turn.response.code(format!("await page.{code}.{call}({});", quoted(&text)));
    if submits {
        turn.response.code(format!("await page.{code}.press('Enter');"));
    }
    if submits || is_slow {
        turn.response.show_page();
    }
    let worker = Arc::clone(&tab);
    turn.complete(&tab, u32::from(submits || is_slow), async move {
        if is_slow {
            worker.type_slowly(&spot, &text).await?;
        } else {
            worker.fill(&spot, &text).await?;
        }
        if submits { worker.press_on(&spot, "Enter").await } else { Ok(()) }
    })
    .await
}

async fn choose(turn: &mut Turn<'_>) -> Result<(), Failure> {
    turn.response.show_page();
    let tab = turn.session.tab()?;
    let spot = turn.spot(&tab).await?;
    let values = turn.given.texts("values");
    let listed: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    turn.response.code(format!("await page.{}.selectOption([{}]);", tab.code(&spot).await?, listed.join(", ")));
    let worker = Arc::clone(&tab);
    turn.complete(&tab, 1, async move { worker.choose(&spot, &values).await.map(|_| ()) }).await
}

async fn fill_form(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let fields = turn.given.value("fields").and_then(|fields| fields.as_array().cloned()).unwrap_or_default();
    let named = |field: &Value| {
        let names = ["ref", "target"].iter().filter_map(|name| field[*name].as_str());
        names.map(str::to_owned).find(|name| !name.is_empty())
    };
    if fields.iter().any(|field| named(field).is_none()) {
        return Err(Failure::said("Each field needs its ref or target"));
    }
    for field in fields.iter().take(FIELDS) {
        let text = |name: &str| field[name].as_str().unwrap_or_default().to_owned();
        let spot = tab.spot(&named(field).unwrap_or_default()).await?;
        let code = tab.code(&spot).await?;
        let (kind, value) = (text("type"), text("value"));
        let call = match kind.as_str() {
            "checkbox" | "radio" => format!("setChecked({})", value == "true"),
            "combobox" => format!("selectOption({})", quoted(&value)),
            _ => format!("fill({})", quoted(&value)),
        };
        turn.response.code(format!("await page.{code}.{call};"));
        let worker = Arc::clone(&tab);
        turn.complete(&tab, 1, async move { fill_one(&worker, &spot, &kind, &value).await }).await?;
    }
    turn.response.show_page();
    Ok(())
}

async fn fill_one(tab: &Tab, spot: &Spot, kind: &str, value: &str) -> Result<(), Failure> {
    match kind {
        "checkbox" | "radio" => {
            let wanted = if value == "true" { "true" } else { "false" };
            if tab.evaluate(&spot.frame, CHECKED, Some(&spot.reference)).await? == wanted {
                return Ok(());
            }
            tab.click(spot, Click::default()).await?;
            // A page may leave as soon as the box is clicked, and one that keeps the state itself sets it a moment later.
            for pause in [0, 20, 50, 100, 200, 400] {
                tokio::time::sleep(Duration::from_millis(pause)).await;
                match tab.evaluate(&spot.frame, CHECKED, Some(&spot.reference)).await {
                    Ok(now) if now != wanted => {}
                    _ => return Ok(()),
                }
            }
            Err(Failure::said("Clicking the checkbox did not change its state"))
        }
        "combobox" => tab.choose(spot, &[value.to_owned()]).await.map(|_| ()),
        _ => tab.fill(spot, value).await,
    }
}
