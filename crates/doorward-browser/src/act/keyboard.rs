//! The keyboard, and the fields of forms.

use serde_json::{Value, json};

use super::{Spot, hindrance};
use crate::act::key::{self, Key, Modifiers};
use crate::failure::Failure;
use crate::tab::Tab;

impl Tab {
    /// Sets the text of a field as a person does who selects what stands there and types over it.
    ///
    /// # Errors
    ///
    /// When it is no field, or not editable in time.
    pub async fn fill(&self, spot: &Spot, text: &str) -> Result<(), Failure> {
        let mut patience = self.patience("fill");
        let has_to_type = loop {
            let given = json!({ "ref": spot.reference, "text": text });
            let told = patience.within(self.ask(&spot.frame, "fill", &given)).await?;
            match hindrance(&told) {
                Some(hindrance) => patience.again(hindrance.map_err(|failure| prefixed("fill", &failure))?).await?,
                None => break told["type"] == true,
            }
        };
        if !has_to_type {
            return Ok(());
        }
        if text.is_empty() {
            return self.press("Delete").await;
        }
        self.call("Input.insertText", json!({ "text": text })).await.map(|_| ())
    }

    /// Types text key by key into an element.
    ///
    /// # Errors
    ///
    /// When the element is gone.
    pub async fn type_slowly(&self, spot: &Spot, text: &str) -> Result<(), Failure> {
        self.focus(spot, true).await?;
        for one in text.chars() {
            match Key::of_character(one) {
                Some(key) => self.call_all("Input.dispatchKeyEvent", &stroke(&key, Modifiers::default())).await?,
                None => self.call("Input.insertText", json!({ "text": one.to_string() })).await.map(|_| ())?,
            }
        }
        Ok(())
    }

    /// Presses a key while an element has the focus.
    ///
    /// # Errors
    ///
    /// When the element is gone or there is no such key.
    pub async fn press_on(&self, spot: &Spot, name: &str) -> Result<(), Failure> {
        self.focus(spot, false).await?;
        self.press(name).await
    }

    async fn focus(&self, spot: &Spot, resets: bool) -> Result<(), Failure> {
        let told = self.ask(&spot.frame, "focus", &json!({ "ref": spot.reference, "resets": resets })).await?;
        hindrance(&told).map_or(Ok(()), |hindrance| hindrance.map(|_| ()))
    }

    /// Presses a key, or several held together: `a`, `Enter`, `Control+Shift+k`.
    ///
    /// # Errors
    ///
    /// When there is no such key.
    pub async fn press(&self, name: &str) -> Result<(), Failure> {
        let (held, key) = key::combination(name)?;
        let mut modifiers = Modifiers::default();
        let mut all = Vec::new();
        for one in &held {
            modifiers = modifiers.with(one.name);
            all.push(event("rawKeyDown", one, modifiers, ""));
        }
        all.extend(stroke(&key, modifiers));
        for one in held.iter().rev() {
            modifiers = modifiers.without(one.name);
            all.push(event("keyUp", one, modifiers, ""));
        }
        // The browser takes them in the order in which they are sent; each answer comes only with a frame of the page.
        self.call_all("Input.dispatchKeyEvent", &all).await
    }

    /// Chooses options of a list by value or label, and gives the values that are chosen then.
    ///
    /// # Errors
    ///
    /// When it is no list, or has no such option in time.
    pub async fn choose(&self, spot: &Spot, values: &[String]) -> Result<Vec<String>, Failure> {
        let mut patience = self.patience("selectOption");
        loop {
            let given = json!({ "ref": spot.reference, "values": values });
            let told = patience.within(self.ask(&spot.frame, "choose", &given)).await?;
            if let Some(hindrance) = hindrance(&told) {
                patience.again(hindrance.map_err(|failure| prefixed("selectOption", &failure))?).await?;
                continue;
            }
            let chosen = told["done"].as_array().into_iter().flatten();
            return Ok(chosen.filter_map(Value::as_str).map(str::to_owned).collect());
        }
    }

    /// Gives files to the field that asked for them.
    ///
    /// # Errors
    ///
    /// When the field is gone.
    pub async fn give_files(&self, session: &str, node: i64, paths: &[String]) -> Result<(), Failure> {
        let params = json!({ "files": paths, "backendNodeId": node });
        self.call_within(session, "DOM.setFileInputFiles", params, self.options.script_timeout).await.map(|_| ())
    }
}

/// A key that goes down and up again.
fn stroke(key: &Key, modifiers: Modifiers) -> [Value; 2] {
    // With Control, Alt or Meta a key is a command and writes nothing; Shift alone writes.
    let key = key.shifted(modifiers);
    let text = if modifiers.is_command() { "" } else { key.text.as_str() };
    let kind = if text.is_empty() { "rawKeyDown" } else { "keyDown" };
    let own = Modifiers::default().with(key.name);
    [event(kind, &key, modifiers.and(own), text), event("keyUp", &key, modifiers, "")]
}

fn event(kind: &str, key: &Key, modifiers: Modifiers, text: &str) -> Value {
    json!({ "type": kind, "modifiers": modifiers.mask(), "windowsVirtualKeyCode": key.code, "code": key.place,
        "key": key.value(), "text": text, "unmodifiedText": text, "location": key.location, "isKeypad": key.location == 3,
        "commands": commands(kind, key, modifiers) })
}

fn prefixed(what: &str, failure: &Failure) -> Failure {
    Failure::said(failure.to_string().replacen("Error: ", &format!("Error: locator.{what}: Error: "), 1))
}

/// What a key does in a text, which the browser leaves to its window system otherwise.
fn commands(kind: &str, key: &Key, modifiers: Modifiers) -> Vec<&'static str> {
    if kind == "keyUp" || !modifiers.is_only("Control") {
        return Vec::new();
    }
    match key.place {
        "KeyA" => vec!["selectAll"],
        _ => Vec::new(),
    }
}
