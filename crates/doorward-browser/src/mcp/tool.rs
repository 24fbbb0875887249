//! The tools, one list for everybody who reads them.

mod authenticator;
mod console;
mod cookie;
mod diagnose;
mod dialog;
mod evaluate;
mod file;
mod form;
mod navigate;
mod network;
mod page;
mod picture;
mod pointer;
mod request;
mod snippet;
mod tabs;
mod wait;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::{Value, json};

use super::argument::Arguments;
use super::response::Response;
use super::schema::{Kind, Parameter, object};
use super::session::Session;
use crate::act::Spot;
use crate::failure::Failure;
use crate::tab::{Tab, modal};

/// One call of a tool.
#[derive(Debug)]
pub struct Turn<'a> {
    pub(crate) session: &'a Session,
    pub(crate) given: Arguments,
    pub(crate) response: Response,
}

/// What a handler gives back.
pub type Answered<'t> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 't>>;

/// A tool.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Tool {
    /// The name by which it is called.
    pub name: &'static str,
    /// A title for people.
    pub title: &'static str,
    /// What it does, for whoever chooses among tools.
    pub description: &'static str,
    /// The group that has to be asked for by `--caps`; empty for those that are always there.
    pub capability: &'static str,
    /// Whether it only looks.
    pub is_read_only: bool,
    /// What stands before it.
    pub need: Need,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// What it does.
    pub run: for<'t> fn(&'t mut Turn<'_>) -> Answered<'t>,
}

/// What has to be there before a tool runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Need {
    /// Nothing.
    Nothing,
    /// A tab with nothing in its way.
    FreeTab,
    /// A tab with a dialog.
    Dialog,
    /// A tab that asked for files.
    FileChooser,
}

/// The groups of tools, in the order in which they are listed.
const GROUPS: &[&[Tool]] = &[
    page::TOOLS,
    console::TOOLS,
    dialog::TOOLS,
    evaluate::TOOLS,
    file::TOOLS,
    form::TOOLS,
    navigate::TOOLS,
    network::TOOLS,
    picture::TOOLS,
    pointer::TOOLS,
    tabs::TOOLS,
    wait::TOOLS,
    request::TOOLS,
    cookie::TOOLS,
    authenticator::TOOLS,
    diagnose::TOOLS,
];

/// Every tool there is.
pub fn all() -> impl Iterator<Item = &'static Tool> {
    GROUPS.iter().copied().flatten()
}

impl Tool {
    /// The tool as the protocol lists it.
    #[must_use]
    pub fn listed(&self) -> Value {
        json!({
            "name": self.name,
            "description": self.description,
            "inputSchema": object(self.parameters),
            "annotations": { "title": self.title, "readOnlyHint": self.is_read_only,
                "destructiveHint": !self.is_read_only, "openWorldHint": true },
        })
    }

    /// Runs the tool.
    pub(crate) async fn call(&self, session: &Session, given: &Value) -> Value {
        let given = match Arguments::check(given, self.parameters) {
            Ok(given) => given,
            Err(problems) => return super::response::refused(&problems),
        };
        let mut turn = Turn { session, given, response: Response::default() };
        if let Err(failure) = self.attempt(&mut turn).await {
            turn.response.error(said(&failure));
        }
        let tabs = session.tabs();
        turn.response.finish(session.browser().as_ref(), &tabs, session.current().as_ref()).await
    }

    async fn attempt(&self, turn: &mut Turn<'_>) -> Result<(), Failure> {
        if self.need != Need::Nothing {
            let tab = turn.session.tab()?;
            let modals = tab.state().modals.clone();
            let is_there = match self.need {
                Need::Dialog => modals.iter().any(modal::Modal::is_dialog),
                Need::FileChooser => modals.iter().any(|modal| !modal.is_dialog()),
                _ => modals.is_empty(),
            };
            if self.need == Need::FreeTab {
                tab.check()?;
            }
            if !is_there {
                let lines = modal::lines(&modals).join("\n");
                let text = match self.need {
                    Need::FreeTab => format!("Error: Tool \"{}\" does not handle the modal state.\n{lines}", self.name),
                    _ => format!(
                        "Error: The tool \"{}\" can only be used when there is related modal state present.\n{lines}",
                        self.name
                    ),
                };
                return Err(Failure::said(text));
            }
        }
        (self.run)(turn).await
    }
}

/// A failure as clients of these tools know it.
fn said(failure: &Failure) -> String {
    let text = failure.to_string();
    // A list of wrong arguments stands for itself.
    let has_name = ["Error:", "TimeoutError:", "TypeError:", "[\n"].iter().any(|name| text.starts_with(name));
    if has_name { text } else { format!("Error: {text}") }
}

impl Turn<'_> {
    /// The element that the call names by `ref` or `target`.
    pub(crate) async fn spot(&self, tab: &Tab) -> Result<Spot, Failure> {
        let reference = self.given.reference("ref", "target").unwrap_or_default().to_owned();
        tab.spot(&reference).await
    }

    /// Does something in a page and waits until it has come to rest, or until a dialog stands in its way; then it goes
    /// on behind the dialog. A window that it opens is waited for as well.
    pub(crate) async fn complete<F>(&mut self, tab: &Arc<Tab>, frames: u32, action: F) -> Result<(), Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let (tabs, windows) = (self.session.tabs().len(), tab.state().windows);
        if self.response.shows_page() {
            let glimpse = tab.complete_and_look(frames, action).await?;
            self.response.glimpsed(tab, glimpse);
        } else {
            tab.complete(frames, action).await?;
        }
        if tab.state().windows > windows {
            self.session.await_window(tabs).await;
            self.response.glimpsed(tab, None);
        }
        Ok(())
    }
}

/// The text in quotes of JavaScript.
pub(crate) fn quoted(text: &str) -> String {
    let escaped = serde_json::to_string(text).unwrap_or_default();
    let inner = escaped.get(1..escaped.len() - 1).unwrap_or_default().replace("\\\"", "\"");
    format!("'{}'", inner.replace('\'', "\\'"))
}

/// The parameters that name an element.
pub(crate) const ELEMENT: Parameter =
    Parameter::asked("element", Kind::Text, "What the element is, in words, for whoever allows the action");
pub(crate) const REF: Parameter =
    Parameter::needed("ref", Kind::Text, "Reference of the element in the page snapshot, such as e12").or("target");
pub(crate) const TARGET: Parameter = Parameter::new(
    "target",
    Kind::Text,
    "The same as ref, or a selector that fits one element alone, such as #id, text=Send or, in a frame, frameLocator('iframe').getByRole('button')",
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tool_has_one_name_and_says_what_it_does() {
        let mut names: Vec<&str> = all().map(|tool| tool.name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
        for tool in all() {
            assert!(tool.description.len() > 10, "{}", tool.name);
            for parameter in tool.parameters {
                assert!(!parameter.description.is_empty(), "{}: {}", tool.name, parameter.name);
            }
        }
    }

    #[test]
    fn the_classic_tools_are_listed() {
        for name in [
            "navigate",
            "navigate_back",
            "navigate_forward",
            "snapshot",
            "take_screenshot",
            "click",
            "type",
            "press_key",
            "select_option",
            "console_messages",
            "network_requests",
            "evaluate",
            "wait_for",
            "tab_new",
            "tab_close",
            "tab_select",
            "tab_list",
        ] {
            let name = format!("browser_{name}");
            assert!(all().any(|tool| tool.name == name && tool.capability.is_empty()), "{name}");
        }
        assert!(all().all(|tool| tool.name != "browser_run_code_unsafe"));
    }

    #[test]
    fn quotes_are_those_of_javascript() {
        assert_eq!(quoted("a'b\"c\n"), "'a\\'b\"c\\n'");
    }
}
