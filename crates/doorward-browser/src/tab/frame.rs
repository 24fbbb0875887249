//! The frames of a tab, in one tree although some of them live in processes of their own.

use std::collections::HashMap;

use serde_json::Value;

/// The name of the isolated world in which the page script lives.
pub(crate) const WORLD: &str = "doorward";
/// Frames that are kept of one tab.
const FRAMES: usize = 1_000;

/// One frame.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frame {
    pub(crate) parent: Option<String>,
    /// The session through which it is spoken to.
    pub(crate) session: String,
    pub(crate) url: String,
    /// The execution context of the page script.
    pub(crate) world: Option<i64>,
    /// The execution context of the page.
    pub(crate) page: Option<i64>,
}

/// Every frame by its id.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    main: String,
    all: HashMap<String, Frame>,
}

impl Frames {
    pub(crate) fn main_id(&self) -> &str {
        &self.main
    }

    pub(crate) fn main(&self) -> Option<&Frame> {
        self.all.get(&self.main)
    }

    /// Whether there are frames in the main one.
    pub(crate) fn has_inner(&self) -> bool {
        self.all.values().any(|frame| frame.parent.is_some())
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Frame> {
        self.all.get(id)
    }

    pub(crate) fn find_mut(&mut self, id: &str) -> Option<&mut Frame> {
        self.all.get_mut(id)
    }

    /// Takes the tree of `Page.getFrameTree`. What was told of a frame's address meanwhile is newer than the tree.
    pub(crate) fn take_tree(&mut self, session: &str, tree: &Value) {
        let id = tree["frame"]["id"].as_str().unwrap_or_default();
        let told = self.all.get(id).map(|frame| frame.url.clone()).filter(|url| !url.is_empty());
        self.navigated(session, &tree["frame"]);
        if let (Some(frame), Some(url)) = (self.all.get_mut(id), told) {
            frame.url = url;
        }
        for child in tree["childFrames"].as_array().into_iter().flatten() {
            self.take_tree(session, child);
        }
    }

    pub(crate) fn attached(&mut self, session: &str, params: &Value) {
        let (Some(id), Some(parent)) = (params["frameId"].as_str(), params["parentFrameId"].as_str()) else { return };
        // A frame that moves into a process of its own is attached again by its parent's process.
        if self.all.contains_key(id) || self.all.len() >= FRAMES {
            return;
        }
        let frame = Frame { parent: Some(parent.to_owned()), session: session.to_owned(), ..Frame::default() };
        self.all.insert(id.to_owned(), frame);
    }

    /// Takes a frame's new document. True where it is the main frame.
    pub(crate) fn navigated(&mut self, session: &str, frame: &Value) -> bool {
        let Some(id) = frame["id"].as_str() else { return false };
        let parent = frame["parentId"].as_str();
        let known = self.all.get(id).cloned().unwrap_or_default();
        let is_main = parent.is_none() && (known.parent.is_none());
        if is_main {
            id.clone_into(&mut self.main);
        }
        if self.all.len() >= FRAMES && !self.all.contains_key(id) {
            return false;
        }
        let url = format!(
            "{}{}",
            frame["url"].as_str().unwrap_or_default(),
            frame["urlFragment"].as_str().unwrap_or_default()
        );
        let keeps = known.session == session;
        self.all.insert(
            id.to_owned(),
            Frame {
                parent: parent.map(str::to_owned).or(known.parent),
                session: session.to_owned(),
                url,
                world: known.world.filter(|_| keeps),
                page: known.page.filter(|_| keeps),
            },
        );
        is_main
    }

    /// A frame has a process, and so a session, of its own.
    pub(crate) fn moved(&mut self, id: &str, session: &str) {
        let frame = self.all.entry(id.to_owned()).or_default();
        session.clone_into(&mut frame.session);
        (frame.world, frame.page) = (None, None);
    }

    pub(crate) fn detached(&mut self, id: &str) {
        let mut lost = vec![id.to_owned()];
        while let Some(id) = lost.pop() {
            lost.extend(
                self.all.iter().filter(|(_, frame)| frame.parent.as_deref() == Some(&id)).map(|(id, _)| id.clone()),
            );
            self.all.remove(&id);
        }
    }

    /// Takes a new execution context of the page or of the page script.
    pub(crate) fn context(&mut self, session: &str, context: &Value) {
        let Some(frame) = context["auxData"]["frameId"].as_str().and_then(|id| self.all.get_mut(id)) else { return };
        if frame.session != session {
            return;
        }
        if context["name"] == WORLD {
            frame.world = context["id"].as_i64();
        } else if context["auxData"]["isDefault"] == true {
            frame.page = context["id"].as_i64();
        }
    }

    pub(crate) fn context_lost(&mut self, session: &str, id: Option<i64>) {
        for frame in self.all.values_mut().filter(|frame| frame.session == session) {
            if id.is_none() || frame.world == id {
                frame.world = None;
            }
            if id.is_none() || frame.page == id {
                frame.page = None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_that_is_detached_takes_its_children_along() {
        let mut frames = Frames::default();
        frames.take_tree(
            "s",
            &json!({ "frame": { "id": "m", "url": "http://a/" }, "childFrames":
            [{ "frame": { "id": "c", "parentId": "m", "url": "http://b/" }, "childFrames":
                [{ "frame": { "id": "g", "parentId": "c", "url": "" } }] }] }),
        );
        assert_eq!(frames.main_id(), "m");
        frames.detached("c");
        assert!(frames.find("g").is_none() && frames.find("m").is_some());
    }

    #[test]
    fn an_address_that_was_told_is_newer_than_the_tree() {
        let mut frames = Frames::default();
        frames.navigated("s", &json!({ "id": "m", "url": "" }));
        frames.navigated("s", &json!({ "id": "m", "url": "http://a/" }));
        frames.take_tree("s", &json!({ "frame": { "id": "m", "url": "" } }));
        assert_eq!(frames.main().unwrap().url, "http://a/");
    }

    #[test]
    fn a_context_of_another_session_is_not_taken() {
        let mut frames = Frames::default();
        frames.navigated("s", &json!({ "id": "m", "url": "http://a/" }));
        frames.context("other", &json!({ "id": 7, "name": WORLD, "auxData": { "frameId": "m" } }));
        assert_eq!(frames.main().unwrap().world, None);
        frames.context("s", &json!({ "id": 8, "name": WORLD, "auxData": { "frameId": "m" } }));
        assert_eq!(frames.main().unwrap().world, Some(8));
        frames.context_lost("s", Some(8));
        assert_eq!(frames.main().unwrap().world, None);
    }
}
