//! The accessible tree of a page with all its frames, as one text.

use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::tab::Tab;

/// Frames that stand in one snapshot.
const FRAMES: usize = 200;
/// Frames that a selector leads through, one in the other.
const STEPS: usize = 20;

/// What is asked of a snapshot beyond its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// Only the part below this reference.
    pub reference: Option<String>,
    /// How deep it goes; none for all.
    pub depth: Option<u64>,
    /// Whether the boxes of elements are told.
    pub has_boxes: bool,
    /// The frame in which the reference stands, where it does not say so itself.
    pub(crate) frame: Option<String>,
}

/// What the main frame shows, before the frames in it are put in.
#[derive(Debug)]
pub(crate) struct Glimpse {
    text: String,
    title: String,
    /// How often the page had moved when it was looked at.
    moves: u64,
}

impl Glimpse {
    /// What the page script told of the page; none where it told nothing.
    pub(crate) fn of(told: &Value, moves: u64) -> Option<Self> {
        let text = |name: &str| told[name].as_str().map(str::to_owned);
        Some(Self { text: text("text")?, title: text("title").unwrap_or_default(), moves })
    }
}

impl Tab {
    /// The accessible tree and the title of the page. What was glimpsed already is not asked for again.
    pub(crate) async fn look(&self, detail: &Detail, glimpse: Option<Glimpse>) -> (Result<String, Failure>, String) {
        let glimpse = glimpse.filter(|glimpse| *detail == Detail::default() && glimpse.moves == self.state().moves);
        match self.seen(detail, glimpse).await {
            Ok((text, title)) if detail.reference.is_none() => {
                title.clone_into(&mut self.state().last_title);
                (Ok(text), title)
            }
            other => (other.map(|(text, _)| text), self.title().await),
        }
    }

    /// The accessible tree as text; references in it hold until the page goes on.
    ///
    /// # Errors
    ///
    /// When the page does not answer in time.
    pub async fn snapshot(&self, detail: &Detail) -> Result<String, Failure> {
        self.seen(detail, None).await.map(|(text, _)| text)
    }

    /// The tree, and the title of the frame that it is of.
    async fn seen(&self, detail: &Detail, glimpse: Option<Glimpse>) -> Result<(String, String), Failure> {
        let (frame, reference) = match (&detail.reference, &detail.frame) {
            (Some(reference), Some(frame)) => (frame.clone(), reference.clone()),
            (Some(reference), None) => self.place(reference)?,
            (None, _) => (self.state().frames.main_id().to_owned(), String::new()),
        };
        let mut options = json!({ "boxes": detail.has_boxes });
        if let Some(depth) = detail.depth {
            options["depth"] = depth.into();
        }
        if !reference.is_empty() {
            options["ref"] = reference.as_str().into();
        }
        let number = {
            let mut state = self.state();
            if frame == state.frames.main_id() {
                0
            } else {
                state.number(&frame).ok_or_else(|| not_found(&reference))?
            }
        };
        let Glimpse { text, title, .. } = match glimpse {
            Some(glimpse) => glimpse,
            None => self.body(&frame, number, &options).await?,
        };
        let lines = self.with_frames(&frame, &text, &options, &AtomicUsize::new(0)).await;
        Ok((lines.join("\n"), title))
    }

    /// The lines of a frame with those of the frames in it.
    fn with_frames<'a>(
        &'a self,
        frame: &'a str,
        text: &'a str,
        options: &'a Value,
        shown: &'a AtomicUsize,
    ) -> Pin<Box<dyn Future<Output = Vec<String>> + Send + 'a>> {
        Box::pin(async move {
            let mut lines = Vec::new();
            for line in text.split('\n') {
                let Some(reference) = frame_reference(line) else {
                    lines.push(line.to_owned());
                    continue;
                };
                match self.child(frame, reference, options, shown).await {
                    Some(child) => {
                        let indent = &line[..line.len() - line.trim_start().len()];
                        lines.push(format!("{line}:"));
                        lines.extend(child.iter().map(|below| format!("{indent}  {below}")));
                    }
                    None => lines.push(line.to_owned()),
                }
            }
            lines
        })
    }

    /// What one frame shows; `number` is none, zero, for the main frame.
    async fn body(&self, frame: &str, number: usize, options: &Value) -> Result<Glimpse, Failure> {
        let prefix = if number == 0 { String::new() } else { format!("f{number}") };
        let given = json!({ "prefix": prefix, "options": options });
        let moves = self.state().moves;
        // A document has no body while its first bytes are under way.
        for wait in [0, 20, 100, 500, 1000, 2000] {
            if wait > 0 {
                tokio::time::sleep(std::time::Duration::from_millis(wait)).await;
            }
            if let Some(glimpse) = Glimpse::of(&self.ask(frame, "snapshot", &given).await?, moves) {
                return Ok(glimpse);
            }
        }
        // A document that never has one, such as a picture, still has a title.
        Ok(Glimpse { text: String::new(), title: self.title().await, moves })
    }

    async fn child(&self, frame: &str, reference: &str, options: &Value, shown: &AtomicUsize) -> Option<Vec<String>> {
        let child = self.content_frame(frame, reference).await?;
        if shown.fetch_add(1, Ordering::Relaxed) >= FRAMES {
            return None;
        }
        let number = self.state().number(&child)?;
        let options = json!({ "boxes": options["boxes"] });
        let seen = self.body(&child, number, &options).await.ok()?;
        Some(self.with_frames(&child, &seen.text, &options, shown).await)
    }

    /// The frame inside an element.
    async fn content_frame(&self, frame: &str, reference: &str) -> Option<String> {
        let (session, object) = self.element(frame, reference).await.ok()?;
        let limit = self.options.script_timeout;
        let node = self.call_within(&session, "DOM.describeNode", json!({ "objectId": object }), limit).await;
        self.link.post(&session, "Runtime.releaseObject", &json!({ "objectId": object }));
        let node = node.ok()?;
        let id = node["node"]["frameId"].as_str()?.to_owned();
        self.state().frames.find(&id)?;
        Some(id)
    }

    /// The numbers of the lines that a pattern of JavaScript fits.
    ///
    /// # Errors
    ///
    /// When the pattern is none.
    pub(crate) async fn matching_lines(&self, lines: &[&str], pattern: &str) -> Result<Vec<usize>, Failure> {
        let main = self.state().frames.main_id().to_owned();
        let told = self.ask(&main, "match", &json!({ "lines": lines, "pattern": pattern })).await?;
        let lines =
            told["lines"].as_array().ok_or_else(|| Failure::said(format!("{pattern} is no regular expression")))?;
        Ok(lines.iter().filter_map(Value::as_u64).filter_map(|line| usize::try_from(line).ok()).collect())
    }

    /// The frame and the rest of a reference: `f2e5` stands in the second frame of the last snapshot.
    pub(crate) fn place(&self, reference: &str) -> Result<(String, String), Failure> {
        let state = self.state();
        let number = reference
            .strip_prefix('f')
            .and_then(|rest| rest.split_once('e'))
            .and_then(|(digits, _)| digits.parse::<usize>().ok());
        let frame = match number {
            Some(number) => state.numbered.get(number.wrapping_sub(1)).cloned(),
            None => Some(state.frames.main_id().to_owned()),
        };
        let frame = frame.filter(|frame| state.frames.find(frame).is_some());
        Ok((frame.ok_or_else(|| not_found(reference))?, reference.to_owned()))
    }

    /// Checks that a reference stands in the page as it is now, and finds its frame.
    ///
    /// # Errors
    ///
    /// When it does not.
    pub(crate) async fn find(&self, reference: &str) -> Result<(String, String), Failure> {
        if !is_reference(reference) {
            return self.find_by_selector(reference).await;
        }
        self.snapshot(&Detail::default()).await?;
        let (frame, reference) = self.place(reference)?;
        if self.ask(&frame, "has", &json!({ "ref": reference })).await?["has"] == true {
            return Ok((frame, reference));
        }
        Err(not_found(&reference))
    }

    async fn find_by_selector(&self, selector: &str) -> Result<(String, String), Failure> {
        let mut frame = self.state().frames.main_id().to_owned();
        for step in 0..STEPS {
            let found = self.ask(&frame, "pick", &json!({ "selector": selector, "step": step })).await?;
            if let Some(error) = found["error"].as_str() {
                return Err(Failure::said(error));
            }
            let Some(reference) = found["ref"].as_str() else { return Err(self.not_one(selector, &found)) };
            if found["leadsOn"] != true {
                return Ok((frame, reference.to_owned()));
            }
            let inner = self.content_frame(&frame, reference).await;
            frame = inner.ok_or_else(|| Failure::said(format!("\"{selector}\" leads into a frame without a page")))?;
        }
        Err(Failure::said(format!("\"{selector}\" leads through too many frames")))
    }

    /// What is told of a selector that finds none or several.
    fn not_one(&self, selector: &str, found: &Value) -> Failure {
        let count = found["count"].as_u64().unwrap_or_default();
        if count > 0 {
            return Failure::said(format!("\"{selector}\" matches {count} elements; it must match one"));
        }
        let hint = if self.state().frames.has_inner() {
            ". Frames are not looked into: name an element there by its reference, such as f1e2, or through its frame, \
             such as frameLocator('iframe').locator('button')"
        } else {
            ""
        };
        Failure::said(format!("\"{selector}\" does not match any element{hint}"))
    }
}

fn not_found(reference: &str) -> Failure {
    Failure::said(format!("Ref {reference} not found in the current page snapshot. Try capturing new snapshot."))
}

/// Whether a text is a reference: `e12`, or `f3e12` in a frame.
pub(crate) fn is_reference(text: &str) -> bool {
    let rest = match text.strip_prefix('f') {
        Some(rest) => rest.trim_start_matches(|one: char| one.is_ascii_digit()),
        None => text,
    };
    rest.strip_prefix('e').is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit()))
}

/// The reference of a line that stands for a frame.
fn frame_reference(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("- iframe ")?;
    let rest = rest.strip_prefix("[active] ").unwrap_or(rest).strip_prefix("[ref=")?;
    rest.split_once(']').map(|(reference, _)| reference)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_and_selectors_are_told_apart() {
        for text in ["e1", "e999", "f1e2", "f12e34"] {
            assert!(is_reference(text), "{text}");
        }
        for text in ["e", "em", "f1", "#e1", "f1e", "role=button", "e1 > a"] {
            assert!(!is_reference(text), "{text}");
        }
    }

    #[test]
    fn a_line_of_a_frame_is_known_and_no_other() {
        assert_eq!(frame_reference("    - iframe [active] [ref=e3] [cursor=pointer]"), Some("e3"));
        assert_eq!(frame_reference("- iframe [ref=f1e3]"), Some("f1e3"));
        assert_eq!(frame_reference("- text: \"- iframe [ref=e3]\""), None);
    }
}
