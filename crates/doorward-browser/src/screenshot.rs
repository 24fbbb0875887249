//! Pictures of a page, of an element, or of the whole length of a page.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::act::Spot;
use crate::failure::Failure;
use crate::tab::Tab;

/// The highest picture that is taken, in CSS pixels; the browser draws no larger ones.
const HEIGHT: f64 = 16_000.0;

/// How a picture is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Format {
    /// Without loss.
    #[default]
    Png,
    /// Smaller, for photographs.
    Jpeg,
    /// Smaller still.
    Webp,
}

impl Format {
    /// The ending of a file, and the word of the protocol.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::Webp => "webp",
        }
    }

    /// The type of the content.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }
}

/// What a picture shows.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Scene<'a> {
    /// What can be seen now.
    Viewport,
    /// The page in its whole length.
    Page,
    /// One element.
    Element(&'a Spot),
}

impl Tab {
    /// Takes a picture in which a pixel is one of CSS.
    ///
    /// # Errors
    ///
    /// When the element is gone or the browser cannot draw.
    pub async fn picture(&self, scene: Scene<'_>, format: Format) -> Result<Vec<u8>, Failure> {
        let device = self.options.device.as_deref().and_then(crate::device::find);
        self.picture_at(scene, format, device.map_or(1.0, |device| 1.0 / f64::from(device.scale))).await
    }

    /// Takes a picture in which a pixel is one of the device.
    ///
    /// # Errors
    ///
    /// When the element is gone or the browser cannot draw.
    pub async fn picture_of_device(&self, scene: Scene<'_>, format: Format) -> Result<Vec<u8>, Failure> {
        self.picture_at(scene, format, 1.0).await
    }

    async fn picture_at(&self, scene: Scene<'_>, format: Format, scale: f64) -> Result<Vec<u8>, Failure> {
        let mut params = json!({ "format": format.word(), "optimizeForSpeed": false });
        if format != Format::Png {
            params["quality"] = 90.into();
        }
        match scene {
            Scene::Viewport if (scale - 1.0).abs() < f64::EPSILON => {}
            Scene::Viewport => {
                let metrics = self.call("Page.getLayoutMetrics", json!({})).await?;
                let seen = &metrics["cssVisualViewport"];
                let seen = json!({ "x": seen["pageX"], "y": seen["pageY"], "width": seen["clientWidth"], "height": seen["clientHeight"] });
                params["clip"] = clip(&seen, scale);
            }
            Scene::Page => {
                let metrics = self.call("Page.getLayoutMetrics", json!({})).await?;
                params["clip"] = clip(&metrics["cssContentSize"], scale);
                params["captureBeyondViewport"] = true.into();
            }
            Scene::Element(spot) => {
                self.ask(&spot.frame, "show", &json!({ "ref": spot.reference })).await?;
                let shown = self.ask(&spot.frame, "box", &json!({ "ref": spot.reference })).await?;
                let is_empty = shown["width"].as_f64().unwrap_or_default() < 1.0
                    || shown["height"].as_f64().unwrap_or_default() < 1.0;
                if is_empty {
                    return Err(Failure::said("The element is not drawn, so there is nothing to take a picture of"));
                }
                params["clip"] = clip(&self.in_page(spot, shown).await?, scale);
                params["captureBeyondViewport"] = true.into();
            }
        }
        let answer = self.call("Page.captureScreenshot", params).await?;
        let data = answer["data"].as_str().unwrap_or_default();
        STANDARD.decode(data).map_err(|_| Failure::said("The browser's picture cannot be read"))
    }

    /// The page as PDF.
    ///
    /// # Errors
    ///
    /// When the browser cannot print it.
    pub async fn print(&self) -> Result<Vec<u8>, Failure> {
        let answer = self.call("Page.printToPDF", json!({ "printBackground": true })).await?;
        STANDARD
            .decode(answer["data"].as_str().unwrap_or_default())
            .map_err(|_| Failure::said("The browser's PDF cannot be read"))
    }

    /// A box of a frame as a box of the page.
    async fn in_page(&self, spot: &Spot, mut shown: Value) -> Result<Value, Failure> {
        let main = self.state().frames.main_id().to_owned();
        if spot.frame == main {
            return Ok(shown);
        }
        let told = self.ask(&spot.frame, "scrolled", &json!({})).await?;
        let number = |value: &Value| value.as_f64().unwrap_or_default();
        let mut point = (number(&shown["x"]) - number(&told["x"]), number(&shown["y"]) - number(&told["y"]));
        let mut frame = spot.frame.clone();
        while let Some((parent, Some(reference))) = self.owner(&frame).await {
            let told = self.ask(&parent, "offset", &json!({ "ref": reference, "x": point.0, "y": point.1 })).await?;
            point = (number(&told["x"]), number(&told["y"]));
            frame = parent;
        }
        let told = self.ask(&main, "scrolled", &json!({})).await?;
        shown["x"] = (point.0 + number(&told["x"])).into();
        shown["y"] = (point.1 + number(&told["y"])).into();
        Ok(shown)
    }
}

fn clip(of: &Value, scale: f64) -> Value {
    let number = |name: &str| of[name].as_f64().unwrap_or_default();
    json!({ "x": number("x"), "y": number("y"), "width": number("width").max(1.0),
        "height": number("height").clamp(1.0, HEIGHT), "scale": scale })
}
