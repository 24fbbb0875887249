//! What a page holds: the form that takes a password, its fields, and the scripts that it names.

/// One tag: its name and attributes.
type Tag = (String, Vec<(String, String)>);

/// Tags that are looked at in one page.
const TAGS: usize = 5_000;

/// A form with a password field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PasswordForm {
    pub(crate) action: String,
    pub(crate) is_post: bool,
    /// Names and values of hidden fields.
    pub(crate) hidden: Vec<(String, String)>,
    /// The field of the user's name.
    pub(crate) user: String,
    /// The field of the password.
    pub(crate) password: String,
}

/// The first form that takes a password.
pub(crate) fn password_form(text: &str) -> Option<PasswordForm> {
    let mut form: Option<PasswordForm> = None;
    for (name, attributes) in tags(text) {
        let value = |wanted: &str| {
            attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        match name.as_str() {
            "form" => {
                form = Some(PasswordForm {
                    action: value("action"),
                    is_post: value("method").eq_ignore_ascii_case("post"),
                    ..PasswordForm::default()
                });
            }
            "/form" => {
                if form.as_ref().is_some_and(|form| !form.password.is_empty()) {
                    return form;
                }
                form = None;
            }
            "input" => {
                let Some(form) = &mut form else { continue };
                let kind = value("type").to_ascii_lowercase();
                match kind.as_str() {
                    "password" if form.password.is_empty() => form.password = value("name"),
                    "hidden" => form.hidden.push((value("name"), value("value"))),
                    "text" | "email" | "" if form.user.is_empty() => form.user = value("name"),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    form.filter(|form| !form.password.is_empty())
}

/// The first form that takes the code of a second factor: in `password` stands the name of its field.
pub(crate) fn code_form(text: &str, named: &str) -> Option<PasswordForm> {
    let is_code = |name: &str, purpose: &str| {
        let name = name.to_ascii_lowercase();
        purpose == "one-time-code"
            || !named.is_empty() && name == named
            || ["otp", "totp", "code", "token", "mfa"].iter().any(|word| name.contains(word))
    };
    let mut form: Option<PasswordForm> = None;
    for (name, attributes) in tags(text) {
        let value = |wanted: &str| {
            attributes.iter().find(|(key, _)| key == wanted).map(|(_, value)| value.clone()).unwrap_or_default()
        };
        match name.as_str() {
            "form" => form = Some(PasswordForm { action: value("action"), ..PasswordForm::default() }),
            "/form" => {
                if form.as_ref().is_some_and(|form| !form.password.is_empty()) {
                    return form;
                }
                form = None;
            }
            "input" => {
                let Some(form) = &mut form else { continue };
                let (kind, name) = (value("type").to_ascii_lowercase(), value("name"));
                match kind.as_str() {
                    "hidden" => form.hidden.push((name, value("value"))),
                    "text" | "tel" | "number" | "" if is_code(&name, &value("autocomplete")) => form.password = name,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    form.filter(|form| !form.password.is_empty())
}

/// The page without what could be a secret: tags keep their attributes' names, and only values that name things.
pub(crate) fn outline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        out.push_str(&rest[..at]);
        let (tag, after) =
            if rest[at + 1..].starts_with("!--") { (None, &rest[at + 1..]) } else { tag(&rest[at + 1..]) };
        out.push('<');
        if let Some((name, attributes)) = tag {
            out.push_str(&name);
            for (key, value) in attributes {
                out.push(' ');
                out.push_str(&key);
                if matches!(key.as_str(), "name" | "type" | "method") {
                    out.push('=');
                    out.push_str(&value);
                }
            }
            out.push('>');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Addresses of scripts that the page names.
pub(crate) fn scripts(text: &str) -> Vec<String> {
    let sources = tags(text)
        .into_iter()
        .filter(|(name, _)| name == "script")
        .filter_map(|(_, attributes)| attributes.into_iter().find(|(key, _)| key == "src").map(|(_, value)| value));
    sources.filter(|source| !source.is_empty()).take(8).collect()
}

/// Addresses to which the page's links lead.
pub(crate) fn links(text: &str) -> Vec<String> {
    let places = tags(text)
        .into_iter()
        .filter(|(name, _)| name == "a")
        .filter_map(|(_, attributes)| attributes.into_iter().find(|(key, _)| key == "href").map(|(_, value)| value));
    places.filter(|place| !place.is_empty()).take(200).collect()
}

/// The content of a meta element of this name.
pub(crate) fn meta(text: &str, wanted: &str) -> Option<String> {
    tags(text).into_iter().filter(|(name, _)| name == "meta").find_map(|(_, attributes)| {
        let value = |key: &str| attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone());
        (value("name").is_some_and(|name| name.eq_ignore_ascii_case(wanted))).then(|| value("content")).flatten()
    })
}

/// Tokens against forgery that the page brings: hidden fields and meta elements of such names.
pub(crate) fn tokens(text: &str) -> Vec<String> {
    let of = |attributes: &[(String, String)], key: &str| {
        attributes.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let found = tags(text).into_iter().filter_map(|(name, attributes)| {
        let value = match name.as_str() {
            "input" => of(&attributes, "value"),
            "meta" => of(&attributes, "content"),
            _ => return None,
        };
        crate::probe::signin::is_token_name(&of(&attributes, "name")).then_some(value)
    });
    found.filter(|value| value.len() > 3).collect()
}

fn tags(text: &str) -> Vec<Tag> {
    let mut all = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if rest.starts_with("!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        let (tag, after) = tag(rest);
        rest = after;
        all.extend(tag);
        if all.len() >= TAGS {
            break;
        }
    }
    all
}

fn tag(text: &str) -> (Option<Tag>, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len());
    let name = text[..end].trim_end_matches('/').to_ascii_lowercase();
    if name.is_empty() || !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') {
        return (None, text);
    }
    let mut rest = &text[end..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() || rest.starts_with('>') || attributes.len() > 100 {
            return (Some((name, attributes)), rest.strip_prefix('>').unwrap_or(rest));
        }
        let end = rest.find(|c: char| c.is_whitespace() || c == '=' || c == '>').unwrap_or(rest.len()).max(1);
        let end = (end..=rest.len()).find(|at| rest.is_char_boundary(*at)).unwrap_or(rest.len());
        let key = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = String::new();
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let (raw, tail) = if let Some(quote @ ('"' | '\'')) = after.chars().next() {
                let inner = &after[1..];
                inner.find(quote).map_or((inner, ""), |end| (&inner[..end], &inner[end + 1..]))
            } else {
                let end = after.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(after.len());
                after.split_at(end)
            };
            value = unescaped(raw);
            rest = tail;
        }
        attributes.push((key, value));
    }
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&#43;", "+")
        .replace("&#x2B;", "+")
        .replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_form_that_takes_a_password() {
        let page = "<form action=/search><input name=q></form><!-- <form> --><FORM method='post' action=\"/login?a=1&amp;b=2\"><input type=hidden name=csrf value=\"a&quot;b\"><input name=username><input type=password name=pw></form>";
        let form = password_form(page).unwrap();
        assert_eq!(
            (form.action.as_str(), form.user.as_str(), form.password.as_str(), form.is_post),
            ("/login?a=1&b=2", "username", "pw", true)
        );
        assert_eq!(form.hidden, [("csrf".to_owned(), "a\"b".to_owned())]);
        assert_eq!(password_form("<form><input></form>"), None);
    }

    #[test]
    fn finds_the_form_that_takes_a_code() {
        let page = "<form action=/out><input type=hidden name=csrf_token value=t></form><form action=\"/second\"><input type=hidden name=csrf_token value=t><input name=code type=text autocomplete=one-time-code></form>";
        let form = code_form(page, "").unwrap();
        assert_eq!((form.action.as_str(), form.password.as_str(), form.hidden.len()), ("/second", "code", 1));
        assert!(code_form("<form><input name=pin></form>", "pin").is_some());
        assert_eq!(code_form("<form><input name=pin><input type=hidden name=token></form>", ""), None);
    }

    #[test]
    fn an_outline_keeps_names_and_drops_values() {
        let page = "<form action='/x?k=secret'><input type=hidden name=csrf value=\"secret\"></form> a < b";
        assert_eq!(outline(page), "<form action><input type=hidden name=csrf value></form> a < b");
    }

    #[test]
    fn finds_scripts() {
        assert_eq!(scripts("<script src=\"/a.js\"></script><script>x</script>"), ["/a.js"]);
    }

    proptest::proptest! {
        #[test]
        fn survives_any_page(text in ".{0,400}") {
            let _ = (password_form(&text), scripts(&text), outline(&text));
        }

        #[test]
        fn survives_broken_tags(text in "[<>=\"' /a-zé-]{0,200}") {
            let _ = tags(&text);
        }
    }
}
