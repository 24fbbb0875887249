//! Templates hold no inline script or style, so the content security policy needs no exception.

use super::tree::Tree;

/// Tags of templates that the policy of the pages would not run.
pub(super) fn check(tree: &Tree) -> Vec<String> {
    let templates = tree.files().filter(|file| file.path.starts_with("crates/") && file.has_extension("html"));
    templates
        .flat_map(|file| problems(&file.text).into_iter().map(|problem| format!("{}: {problem}", file.path)))
        .collect()
}

fn problems(text: &str) -> Vec<String> {
    let markup = without_template_code(text);
    tags(&markup).filter_map(|tag| Some(format!("{}: <{tag}>", problem(tag)?))).collect()
}

/// What is wrong with one tag, given without its angle brackets.
fn problem(tag: &str) -> Option<&'static str> {
    let lower = tag.to_ascii_lowercase();
    let mut words = lower.split_ascii_whitespace();
    let name = words.next()?;
    if name == "style" {
        return Some("inline style");
    }
    if name == "script" && !lower.contains(" src=") {
        return Some("inline script");
    }
    if lower.contains("javascript:") {
        return Some("script in an address");
    }
    words.find_map(|word| {
        let attribute = word.split('=').next().unwrap_or_default();
        let is_handler = attribute.len() > 2 && attribute.starts_with("on") && word.contains('=');
        if attribute == "style" {
            Some("inline style")
        } else if is_handler {
            Some("inline event handler")
        } else {
            None
        }
    })
}

/// The opening tags of a page, each without its angle brackets.
fn tags(markup: &str) -> impl Iterator<Item = &str> {
    let starts = markup.match_indices('<').map(|(at, _)| &markup[at + 1..]);
    starts
        .filter(|rest| rest.starts_with(|first: char| first.is_ascii_alphabetic()))
        .filter_map(|rest| rest.find('>').map(|end| &rest[..end]))
}

/// The page without `{% … %}`, `{{ … }}` and `{# … #}`, whose comparisons would look like tags.
fn without_template_code(text: &str) -> String {
    let mut markup = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((start, close)) = next_code(rest) {
        markup.push_str(&rest[..start]);
        let code = &rest[start..];
        rest = code.find(close).map_or("", |end| &code[end + close.len()..]);
    }
    markup.push_str(rest);
    markup
}

fn next_code(text: &str) -> Option<(usize, &'static str)> {
    [("{%", "%}"), ("{{", "}}"), ("{#", "#}")]
        .into_iter()
        .filter_map(|(open, close)| Some((text.find(open)?, close)))
        .min()
}

#[cfg(test)]
mod tests {
    use super::super::tree::fixture::tree;
    use super::*;

    #[test]
    fn a_plain_page_is_well() {
        let page = "{% if a < b %}<p class=\"on=x\">{{ one }}</p>{% endif %}\
            <script src=\"/.doorward/client.js\" type=\"module\"></script><link rel=\"stylesheet\" href=\"x.css\">";
        assert_eq!(problems(page), Vec::<String>::new());
    }

    #[test]
    fn each_kind_of_inline_code_is_found() {
        for page in [
            "<script>alert(1)</script>",
            "<SCRIPT nonce=\"x\">1</SCRIPT>",
            "<style>p{}</style>",
            "<p\n  style=\"color:red\">",
            "<button type=button onclick=\"go()\">",
            "<a href=\"javascript:go()\">",
            "{# a comment #}<p style='x'>",
        ] {
            assert_eq!(problems(page).len(), 1, "{page}");
        }
    }

    #[test]
    fn only_templates_of_crates_are_judged() {
        let found = check(&tree(&[("crates/a/templates/b.html", "<style>"), ("docs/c.html", "<style>")]));
        assert_eq!(found, ["crates/a/templates/b.html: inline style: <style>"]);
    }
}
