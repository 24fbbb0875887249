//! The page script: it lives in a world of its own, so that no script of the page can see or break it.

use std::sync::OnceLock;

const PARTS: &[&str] = &[
    include_str!("page/dom.js"),
    include_str!("page/role.js"),
    include_str!("page/name.js"),
    include_str!("page/snapshot.js"),
    include_str!("page/locator.js"),
    include_str!("page/selector.js"),
    include_str!("page/called.js"),
    include_str!("page/act.js"),
];

/// The script that puts the page script in place, once in each document.
pub(crate) fn install() -> &'static str {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        format!(
            "if (!globalThis.doorward) globalThis.doorward = (() => {{\n\"use strict\";\n{}\nreturn {{ handle, found, name }};\n}})();",
            PARTS.join("\n")
        )
    })
}

/// The function through which it is asked.
pub(crate) const ASK: &str = "function (name, given) { return doorward.handle(name, given); }";

/// The function that gives an element itself.
pub(crate) const ELEMENT: &str = "function (ref) { return doorward.found(ref); }";

/// What turns answers of the page's own world into text.
const KEEP: &str = include_str!("page/keep.js");
/// Its name in that world, where it can be neither replaced nor removed.
const KEPT: &str = "__doorward_text";

/// The script that puts it in place, before any script of the page runs.
pub(crate) fn keep() -> String {
    format!("if (!(\"{KEPT}\" in globalThis)) Object.defineProperty(globalThis, \"{KEPT}\", {{ value:\n{KEEP} }});")
}

/// The function that calls what somebody wrote, in the page's own world. A page that was there before its script was
/// kept makes the text by what it has.
pub(crate) fn evaluation(source: &str) -> String {
    static TEMPLATE: OnceLock<String> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let text = include_str!("page/evaluate.js");
        let start = text.find("async function").unwrap_or_default();
        text[start..].replacen("\"KEEP\"", &format!("(\n{KEEP})"), 1).replace("KEPT", KEPT)
    });
    let source = source.trim().trim_end_matches(';');
    template.replacen("\"SOURCE\"", &format!("(\n{source}\n)"), 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stands_in_the_function() {
        let made = evaluation("() => 1 // one");
        assert!(made.contains("(\n() => 1 // one\n)") && made.starts_with("async function"), "{made}");
        for part in ["\"KEEP\"", "\"SOURCE\"", "KEPT"] {
            assert!(!made.contains(part), "{made}");
        }
    }
}
