//! The mouse: it goes to where an element is, once that stands still and nothing covers it.

use serde_json::{Value, json};

use super::{Button, Spot, hindrance};
use crate::act::key::Modifiers;
use crate::failure::Failure;
use crate::tab::Tab;

const MOUSE: &str = "Input.dispatchMouseEvent";

/// A point that no page covers.
const BESIDE: (f64, f64) = (-1.0, -1.0);

/// A click.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Click {
    /// With which button.
    pub button: Button,
    /// Whether twice.
    pub is_double: bool,
    /// The keys that are held.
    pub modifiers: Modifiers,
}

impl Click {
    /// A click with this button, once or twice, while these keys are held.
    #[must_use]
    pub fn new(button: Button, is_double: bool, modifiers: Modifiers) -> Self {
        Self { button, is_double, modifiers }
    }
}

impl Tab {
    /// Clicks an element.
    ///
    /// # Errors
    ///
    /// When it is not visible, enabled, still and uncovered in time.
    pub async fn click(&self, spot: &Spot, click: Click) -> Result<(), Failure> {
        let what = if click.is_double { "dblclick" } else { "click" };
        let point = self.aim(spot, what, &["visible", "enabled"]).await?;
        let modifiers = click.modifiers.mask();
        let mut all = vec![event("mouseMoved", point, json!({ "modifiers": modifiers }))];
        for count in 1..=if click.is_double { 2 } else { 1 } {
            let more = |buttons: u32| json!({ "button": click.button.word(), "buttons": buttons, "clickCount": count, "modifiers": modifiers });
            all.push(event("mousePressed", point, more(click.button.mask())));
            all.push(event("mouseReleased", point, more(0)));
        }
        // All at once: whoever takes the call back would else leave the button pressed.
        self.call_all(MOUSE, &all).await
    }

    /// Moves the mouse over an element.
    ///
    /// # Errors
    ///
    /// When it is not visible, still and uncovered in time.
    pub async fn hover(&self, spot: &Spot) -> Result<(), Failure> {
        let point = self.aim(spot, "hover", &["visible"]).await?;
        self.mouse("mouseMoved", point, json!({})).await
    }

    /// Drags one element onto another, also where the page uses the drag and drop of HTML.
    ///
    /// # Errors
    ///
    /// When one of them cannot be pointed at in time.
    pub async fn drag(&self, from: &Spot, to: &Spot) -> Result<(), Failure> {
        let start = self.aim(from, "dragTo", &["visible"]).await?;
        self.mouse("mouseMoved", start, json!({})).await?;
        let held = self.hold(start).await?;
        // The drag begins by a small movement; what is below the target is looked at only then.
        held.drag((start.0 + 4.0, start.1 + 4.0)).await?;
        let end = self.aim(to, "dragTo", &["visible"]).await?;
        for share in [0.5, 1.0, 1.0] {
            let between = |from: f64, to: f64| from + (to - from) * share;
            held.drag((between(start.0, end.0), between(start.1, end.1))).await?;
        }
        held.release(end).await
    }

    /// Presses at the first point, goes over the others, and releases at the last.
    ///
    /// # Errors
    ///
    /// When the tab is gone or its page does not answer.
    pub async fn stroke(&self, points: &[(f64, f64)]) -> Result<(), Failure> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else { return Ok(()) };
        self.mouse("mouseMoved", *first, json!({})).await?;
        let held = self.hold(*first).await?;
        for point in &points[1..] {
            held.drag(*point).await?;
        }
        held.release(*last).await
    }

    /// Presses the left button, which is released again however this ends.
    async fn hold(&self, point: (f64, f64)) -> Result<Held<'_>, Failure> {
        let held = Held { tab: self, is_pressed: true };
        self.mouse("mousePressed", point, json!({ "button": "left", "buttons": 1, "clickCount": 1 })).await?;
        Ok(held)
    }

    /// Moves, presses or releases the mouse at a point of the page.
    ///
    /// # Errors
    ///
    /// When the tab is gone or its page does not answer.
    pub async fn mouse(&self, kind: &str, point: (f64, f64), more: Value) -> Result<(), Failure> {
        self.call(MOUSE, event(kind, point, more)).await.map(|_| ())
    }

    /// The point of the page at which an element can be hit.
    pub(crate) async fn aim(&self, spot: &Spot, what: &'static str, states: &[&str]) -> Result<(f64, f64), Failure> {
        let mut patience = self.patience(what);
        loop {
            let given = json!({ "ref": spot.reference, "states": states, "attempt": patience.count, "isStill": false });
            let told = patience.within(self.ask(&spot.frame, "aim", &given)).await?;
            let why = if let Some(hindrance) = hindrance(&told) {
                hindrance?
            } else {
                let point = (told["x"].as_f64().unwrap_or_default(), told["y"].as_f64().unwrap_or_default());
                match patience.within(self.outward(&spot.frame, point)).await? {
                    Ok(point) => return Ok(point),
                    Err(why) => why,
                }
            };
            patience.again(why).await?;
        }
    }

    /// A point of a frame as a point of the page, or what covers the frame there.
    async fn outward(&self, frame: &str, mut point: (f64, f64)) -> Result<Result<(f64, f64), String>, Failure> {
        let mut frame = frame.to_owned();
        while let Some((parent, reference)) = self.owner(&frame).await {
            let Some(reference) = reference else { return Ok(Err("the frame is not drawn".to_owned())) };
            let told = self.ask(&parent, "offset", &json!({ "ref": reference, "x": point.0, "y": point.1 })).await?;
            if let Some(hindrance) = hindrance(&told) {
                return hindrance.map(Err);
            }
            point = (told["x"].as_f64().unwrap_or_default(), told["y"].as_f64().unwrap_or_default());
            frame = parent;
        }
        Ok(Ok(point))
    }
}

/// The left button, while it is pressed.
struct Held<'a> {
    tab: &'a Tab,
    is_pressed: bool,
}

impl Held<'_> {
    async fn drag(&self, point: (f64, f64)) -> Result<(), Failure> {
        self.tab.mouse("mouseMoved", point, json!({ "button": "left", "buttons": 1 })).await
    }

    async fn release(mut self, point: (f64, f64)) -> Result<(), Failure> {
        self.is_pressed = false;
        self.tab.mouse("mouseReleased", point, released()).await
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // Beside the page: released over what it was pressed on, it would click that.
        if self.is_pressed {
            let moved = event("mouseMoved", BESIDE, json!({ "button": "left", "buttons": 1 }));
            for one in [moved, event("mouseReleased", BESIDE, released())] {
                self.tab.link.post(&self.tab.session, MOUSE, &one);
            }
        }
    }
}

fn released() -> Value {
    json!({ "button": "left", "buttons": 0, "clickCount": 1 })
}

fn event(kind: &str, (x, y): (f64, f64), more: Value) -> Value {
    let mut params = json!({ "type": kind, "x": x, "y": y, "pointerType": "mouse" });
    if let (Some(params), Value::Object(more)) = (params.as_object_mut(), more) {
        params.extend(more);
    }
    params
}
