//! Every page in every language, held against what pages must be: well-formed, labelled, escaped, without inline code.

mod markup;
mod sample;

use std::collections::BTreeSet;
use std::path::Path;

use doorward::portal::page::{Failure, Way};
use doorward::portal::{Chrome, Page as _, Problem};
use doorward_core::language::Language;
use doorward_core::reason;
use markup::{Tag, tags};
use sample::{Words, pages};

const HOSTILE: &str = "\"><script>alert(1)</script>'<img src=x onerror=alert(1)>&amp;{{chrome}}";

/// Every sample, plain and hostile, with its name and language.
fn all() -> Vec<(String, String)> {
    let mut found = Vec::new();
    for language in Language::ALL {
        for name in ["Ada Lovelace", HOSTILE] {
            let named = |(page, html)| (format!("{page}.{}", language.tag()), html);
            found.extend(pages(language, Words { name }).into_iter().map(named));
        }
    }
    found
}

#[test]
fn every_page_is_well_formed() {
    for (name, html) in all() {
        if let Err(problem) = markup::balance(&html) {
            panic!("{name}: {problem}");
        }
        let ids: Vec<_> = tags(&html).into_iter().filter_map(|tag| tag.value("id")).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice in {ids:?}");
        assert_eq!(tags(&html).iter().filter(|tag| tag.name == "h1").count(), 1, "{name}: one heading of the page");
        assert_eq!(tags(&html).iter().filter(|tag| tag.name == "main").count(), 1, "{name}");
    }
}

#[test]
fn every_page_says_its_language() {
    for language in Language::ALL {
        for (name, html) in pages(language, Words { name: "Ada" }) {
            assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())), "{name}");
            let title = html.split("<title>").nth(1).and_then(|rest| rest.split("</title>").next()).unwrap();
            assert!(title.len() > " · Doorward".len() + 2, "{name}: {title}");
        }
    }
}

#[test]
fn nothing_runs_inline_and_nothing_comes_from_elsewhere() {
    for (name, html) in all() {
        for tag in tags(&html) {
            assert_ne!(tag.name, "style", "{name}");
            assert!(tag.name != "script" || tag.value("src").is_some(), "{name}: an inline script");
            for (attribute, value) in &tag.attributes {
                assert!(attribute != "style" && !attribute.starts_with("on"), "{name}: {attribute}={value}");
                if ["src", "action"].contains(&attribute.as_str()) || (tag.name == "link" && attribute == "href") {
                    assert!(value.starts_with('/') && !value.starts_with("//"), "{name}: {value}");
                }
            }
        }
    }
}

#[test]
fn hostile_names_stay_text() {
    for (name, html) in all() {
        assert!(!html.contains("<script>alert"), "{name}");
        assert!(!html.contains("<img src=x"), "{name}");
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    let mut forms = 0;
    for (name, html) in all() {
        for form in html.split("<form ").skip(1) {
            let form = form.split("</form>").next().unwrap();
            if form.contains("method=\"get\"") {
                assert!(!form.contains("csrf_token"), "{name}: a token would stand in the address");
                continue;
            }
            forms += 1;
            assert!(form.contains("method=\"post\""), "{name}");
            assert_eq!(form.matches("name=\"csrf_token\" value=\"1754631055:").count(), 1, "{name}: {form}");
            let action = form.split("action=\"").nth(1).unwrap();
            assert!(action.starts_with("/.doorward/") || action.starts_with("/demo/"), "{name}");
        }
    }
    assert!(forms > 100);
}

#[test]
fn every_input_has_a_label_and_every_reference_leads_somewhere() {
    for (name, html) in all() {
        let found = tags(&html);
        let ids: BTreeSet<_> = found.iter().filter_map(|tag| tag.value("id")).collect();
        let labels: BTreeSet<_> =
            found.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.value("for")).collect();
        for label in &labels {
            assert!(ids.contains(label), "{name}: a label for {label}, which is nowhere");
        }
        for tag in &found {
            for attribute in ["aria-describedby", "aria-labelledby", "data-show", "data-copy"] {
                for target in tag.value(attribute).unwrap_or_default().split_ascii_whitespace() {
                    assert!(ids.contains(target), "{name}: {attribute}={target} leads nowhere");
                }
            }
            let is_shown = tag.value("type") != Some("hidden") && tag.value("aria-hidden").is_none();
            if tag.name == "input" && is_shown {
                let id = tag.value("id").unwrap_or_else(|| panic!("{name}: an input without an id"));
                assert!(labels.contains(id), "{name}: {id} has no label");
            }
        }
        assert!(found.iter().filter(|tag| tag.has("autofocus")).count() <= 1, "{name}: one thing has the focus");
    }
}

#[test]
fn password_managers_are_told_what_is_what_and_pasting_is_allowed() {
    for (name, html) in all() {
        let found = tags(&html);
        let passwords: Vec<&Tag> = found.iter().filter(|tag| tag.value("type") == Some("password")).collect();
        for tag in &passwords {
            let kind = tag.value("autocomplete");
            assert!(matches!(kind, Some("current-password" | "new-password")), "{name}: {kind:?}");
            assert!(tag.value("value").is_none(), "{name}: a password comes back in the page");
        }
        if !passwords.is_empty() {
            let is_name =
                |tag: &Tag| tag.value("autocomplete").is_some_and(|kind| kind.split(' ').next() == Some("username"));
            assert!(found.iter().any(is_name), "{name}");
        }
    }
}

#[test]
fn every_reason_has_its_error_page_and_its_place_in_the_reference() {
    for language in Language::ALL {
        let chrome = || Chrome { language, request_id: "req_BwcHBwcHBwcHBwcHBwcHBw".into(), ..Chrome::default() };
        let reference =
            pages(language, Words { name: "Ada" }).into_iter().find(|(name, _)| *name == "reasons").unwrap().1;
        for reason in reason::all() {
            let html = Failure { chrome: chrome(), problem: Problem::of(reason.code), way: Way::Start }.html();
            assert!(html.contains(&format!("doorward explain {}", chrome().request_id)), "{}", reason.code);
            assert!(html.contains(reason.code));
            assert!(reference.contains(&format!("id=\"{}\"", reason.code)), "{}", reason.code);
        }
    }
}

#[test]
fn a_refused_sign_in_marks_its_field_and_says_why() {
    let found = pages(Language::English, Words { name: "Ada" });
    let html = &found.iter().find(|(name, _)| *name == "sign-in-refused").unwrap().1;
    let field = tags(html).into_iter().find(|tag| tag.value("name") == Some("password")).unwrap();
    assert_eq!(field.value("aria-invalid"), Some("true"));
    assert_eq!(field.value("aria-describedby"), Some("problem"));
    assert!(field.has("autofocus"));
}

#[test]
fn templates_hold_no_words() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates");
    let mut seen = 0;
    for folder in [folder.clone(), folder.join("part")] {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            seen += 1;
            let text = markup::without_code(&std::fs::read_to_string(entry.path()).unwrap());
            if !text.contains('<') {
                continue; // Only attributes of the tag that includes this part.
            }
            let words: Vec<_> =
                markup::prose(&text).into_iter().filter(|word| !NAMES.contains(&word.as_str())).collect();
            assert!(words.is_empty(), "{:?} holds {words:?}", entry.path());
        }
    }
    assert!(seen > 20);
}

/// What is the same in every language: the name of the program and of its commands, and the widths of pages.
const NAMES: &[&str] = &["Doorward", "doorward", "explain", "narrow", "middle", "wide"];

#[test]
fn no_page_speaks_of_a_reason_that_is_not_in_the_list() {
    for (name, html) in all() {
        let is_meant = name.starts_with("failure.") || name.starts_with("reasons.");
        assert!(is_meant || !html.contains("http.internal"), "{name}");
    }
}
