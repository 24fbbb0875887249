//! Just enough of HTML to judge pages that we write ourselves: tags, their balance, and the words between them.

/// One opening tag.
#[derive(Debug)]
pub(crate) struct Tag<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// Names and values, in order.
    pub(crate) attributes: Vec<(String, &'a str)>,
}

impl<'a> Tag<'a> {
    /// The value of an attribute.
    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        self.attributes.iter().find(|(attribute, _)| attribute == name).map(|(_, value)| *value)
    }

    /// Whether the attribute is there at all.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.value(name).is_some()
    }
}

const VOID: &[&str] = &["meta", "link", "input", "img", "br", "hr"];

/// Every tag as it stands between its angle brackets; a bracket inside quotes ends nothing.
fn raw(html: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let mut is_quoted = false;
        let end = rest.find(|character| {
            is_quoted ^= character == '"';
            character == '>' && !is_quoted
        });
        let Some(end) = end else { break };
        found.push(&rest[..end]);
        rest = &rest[end + 1..];
    }
    found
}

/// Every opening tag, in order.
pub(crate) fn tags(html: &str) -> Vec<Tag<'_>> {
    raw(html).into_iter().filter(|tag| tag.starts_with(|first: char| first.is_ascii_alphabetic())).map(read).collect()
}

fn read(tag: &str) -> Tag<'_> {
    let (name, mut rest) = tag.split_once(|character: char| character.is_whitespace()).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        let end = rest.find(|character: char| character == '=' || character.is_whitespace()).unwrap_or(rest.len());
        if end == 0 {
            return Tag { name, attributes };
        }
        let (attribute, after) = rest.split_at(end);
        let (value, after) = match after.strip_prefix("=\"") {
            Some(quoted) => quoted.split_once('"').expect("a quoted value ends"),
            None => ("", after),
        };
        attributes.push((attribute.to_owned(), value));
        rest = after;
    }
}

/// Whether every element is closed by its own end tag.
pub(crate) fn balance(html: &str) -> Result<(), String> {
    let mut open = Vec::new();
    for tag in raw(html) {
        if let Some(name) = tag.strip_prefix('/') {
            let last = open.pop();
            if last != Some(name) {
                return Err(format!("</{name}> closes {last:?}"));
            }
        } else if !tag.starts_with('!') {
            let name = tag.split_ascii_whitespace().next().unwrap_or_default();
            if !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) || name.is_empty() {
                return Err(format!("<{tag}> is no tag"));
            }
            if !VOID.contains(&name) {
                open.push(name);
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("{open:?} stay open")) }
}

/// A template without `{% … %}`, `{{ … }}` and `{# … #}`.
pub(crate) fn without_code(template: &str) -> String {
    let mut text = template.to_owned();
    for (open, close) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
        while let Some(start) = text.find(open) {
            let end = text[start..].find(close).map_or(text.len(), |end| start + end + close.len());
            text.replace_range(start..end, "");
        }
    }
    text
}

/// The words that a visitor would read: between the tags, and in attributes that are read out or shown.
pub(crate) fn prose(markup: &str) -> Vec<String> {
    let mut words = String::new();
    let mut is_tag = false;
    for character in markup.chars() {
        match character {
            '<' => is_tag = true,
            '>' => is_tag = false,
            _ if !is_tag => words.push(character),
            _ => {}
        }
        if is_tag {
            words.push(' ');
        }
    }
    for tag in tags(markup) {
        for name in ["title", "alt", "placeholder", "aria-label", "data-on", "data-off", "data-done", "data-busy"] {
            words.push(' ');
            words.push_str(tag.value(name).unwrap_or_default());
        }
    }
    let is_letter = |character: char| !character.is_alphabetic();
    words.split(is_letter).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

#[test]
fn the_checks_find_what_they_look_for() {
    assert!(balance("<p><b>x</b></p><input name=\"a>b\">").is_ok());
    for html in ["<p>", "<p></b>", "<b><p></b></p>", "</p>", "<x&y>"] {
        assert!(balance(html).is_err(), "{html}");
    }
    assert_eq!(prose("<p class=\"x\">Hello <b title=\"you\">"), ["Hello", "you"]);
    assert_eq!(without_code("a{{ b }}c{% if d %}e{# f #}"), "ace");
    let html = "<a href=\"x>y\" hidden id=\"z\">";
    assert_eq!(tags(html)[0].value("href"), Some("x>y"));
    assert!(tags(html)[0].has("hidden"));
}
