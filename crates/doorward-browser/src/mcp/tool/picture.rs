//! Pictures of the page.

use super::{Need, Tool, Turn, quoted};
use crate::failure::Failure;
use crate::mcp::argument::custom;
use crate::mcp::schema::{Kind, Parameter};
use crate::screenshot::{Format, Scene};

pub(super) const TOOLS: &[Tool] = &[
    Tool {
        name: "browser_take_screenshot",
        title: "Take a screenshot",
        description: "Take a picture of the page; to act on the page use browser_snapshot, which names its elements",
        capability: "",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[
            Parameter::new("type", Kind::OneOf(&["png", "jpeg", "webp"]), "Format of the picture, png by default"),
            Parameter::new("filename", Kind::Text, "Name of the file, by default page-{time}.{type}"),
            Parameter::new("element", Kind::Text, "What the element is, in words; ref names it"),
            Parameter::new("ref", Kind::Text, "Reference of the element; without it the viewport is taken"),
            Parameter::new("target", Kind::Text, "The same as ref, or a selector that fits one element alone"),
            Parameter::new("fullPage", Kind::Flag, "Whether the page is taken in its whole length"),
            Parameter::new(
                "scale",
                Kind::OneOf(&["css", "device"]),
                "Whether a pixel is one of CSS or one of the device",
            ),
        ],
        run: |turn| Box::pin(take(turn)),
    },
    Tool {
        name: "browser_pdf_save",
        title: "Save as PDF",
        description: "Save the page as PDF",
        capability: "pdf",
        is_read_only: true,
        need: Need::FreeTab,
        parameters: &[Parameter::new("filename", Kind::Text, "Name of the file, by default page-{time}.pdf")],
        run: |turn| Box::pin(print(turn)),
    },
];

async fn take(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let reference = turn.given.reference("ref", "target").map(str::to_owned);
    let element = turn.given.text("element").filter(|text| !text.is_empty()).map(str::to_owned);
    let is_full = turn.given.value("fullPage").and_then(serde_json::Value::as_bool);
    if reference.is_none() && element.is_some() {
        return Err(Failure::said(custom("Both element and ref must be provided or neither.", &["ref", "element"])));
    }
    if is_full == Some(true) && reference.is_some() {
        return Err(Failure::said(custom("fullPage cannot be used with element screenshots.", &["fullPage"])));
    }
    let format = match turn.given.text("type") {
        Some("jpeg") => Format::Jpeg,
        Some("webp") => Format::Webp,
        _ => Format::Png,
    };
    let tab = turn.session.tab()?;
    let name = turn.given.text("filename").map_or_else(|| turn.session.file_name(format.word()), str::to_owned);
    let path = turn.session.output.file(&name)?;
    let what = match (&reference, is_full) {
        (Some(reference), _) => element.unwrap_or_else(|| reference.clone()),
        (None, Some(true)) => "full page".to_owned(),
        _ => "viewport".to_owned(),
    };
    let shown = path.display().to_string();
    turn.response.code(format!("// Screenshot {what} and save it as {shown}"));
    let spot = match &reference {
        Some(reference) => Some(tab.spot(reference).await?),
        None => None,
    };
    let mut fields = Vec::new();
    fields.extend(is_full.map(|is_full| format!("fullPage: {is_full}")));
    fields.push(format!("path: {}", quoted(&shown)));
    if format != Format::Png {
        fields.push("quality: 90".to_owned());
    }
    fields.extend(["scale: 'css'".to_owned(), format!("type: '{}'", format.word())]);
    let options = format!("{{\n  {}\n}}", fields.join(",\n  "));
    let code = match &spot {
        Some(spot) => format!("await page.{}.screenshot({options});", tab.code(spot).await?),
        None => format!("await page.screenshot({options});"),
    };
    turn.response.code(code);
    let scene = match (&spot, is_full) {
        (Some(spot), _) => Scene::Element(spot),
        (None, Some(true)) => Scene::Page,
        _ => Scene::Viewport,
    };
    let data = match turn.given.text("scale") {
        Some("device") => tab.picture_of_device(scene, format).await?,
        _ => tab.picture(scene, format).await?,
    };
    turn.session.output.write(&name, &data)?;
    turn.response.result(format!("Took the {what} screenshot and saved it as {shown}"));
    if is_full != Some(true) && !turn.session.settings.omits_images {
        turn.response.image(data, format.media_type());
    }
    Ok(())
}

async fn print(turn: &mut Turn<'_>) -> Result<(), Failure> {
    let tab = turn.session.tab()?;
    let name = turn.given.text("filename").map_or_else(|| turn.session.file_name("pdf"), str::to_owned);
    let data = tab.print().await?;
    let path = turn.session.output.write(&name, &data)?;
    let shown = path.display().to_string();
    turn.response.code(format!("await page.pdf({{\n  path: {}\n}});", quoted(&shown)));
    turn.response.result(format!("Saved page as {shown}"));
    Ok(())
}
