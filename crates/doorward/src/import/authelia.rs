//! Authelia's `users_database.yml`: a map of users under `users`.

use doorward_core::Finding;
use yaml_rust2::{Yaml, YamlLoader};

use super::{LeftOut, Row};

/// Reads a file.
///
/// # Errors
/// Where it is no YAML, or has no map of users.
pub fn read(text: &str) -> Result<Vec<Result<Row, LeftOut>>, Finding> {
    let fault = |why: String| Finding::error("import.file_unreadable", "users_database.yml", why);
    let documents = YamlLoader::load_from_str(text).map_err(|error| fault(format!("It is no YAML: {error}.")))?;
    let users = documents.first().map(|document| &document["users"]);
    let Some(Yaml::Hash(users)) = users else {
        return Err(fault("There is no map `users` in it.".to_owned()));
    };
    Ok(users.iter().map(|(name, user)| read_user(name, user)).collect())
}

fn read_user(name: &Yaml, user: &Yaml) -> Result<Row, LeftOut> {
    let name = scalar(name).unwrap_or_default();
    let invalid =
        |what: &str| LeftOut { line: 0, name: name.clone(), code: "import.line_invalid", what: what.to_owned() };
    if name.is_empty() || !matches!(user, Yaml::Hash(_)) {
        return Err(invalid("the entry is no map under a name"));
    }
    let text = |key: &str, what: &'static str| match &user[key] {
        Yaml::BadValue | Yaml::Null => Ok(None),
        value => scalar(value).map(Some).ok_or_else(|| invalid(what)),
    };
    // What cannot be read must not become an account that may sign in.
    let is_disabled = match &user["disabled"] {
        Yaml::BadValue | Yaml::Null => false,
        Yaml::Boolean(is_disabled) => *is_disabled,
        _ => return Err(invalid("`disabled` is neither true nor false")),
    };
    let groups = match &user["groups"] {
        Yaml::BadValue | Yaml::Null => Vec::new(),
        Yaml::Array(groups) => {
            groups.iter().map(scalar).collect::<Option<_>>().ok_or_else(|| invalid("`groups` is no list of words"))?
        }
        _ => return Err(invalid("`groups` is no list of words")),
    };
    Ok(Row {
        line: 0,
        email: text("email", "`email` is no text")?.filter(|email| !email.is_empty()),
        display_name: text("displayname", "`displayname` is no text")?,
        groups,
        is_disabled,
        password: text("password", "`password` is no text")?.ok_or_else(|| invalid("there is no `password`"))?,
        name: name.clone(),
    })
}

/// A scalar as text: YAML reads `123` as a number.
fn scalar(value: &Yaml) -> Option<String> {
    match value {
        Yaml::String(text) | Yaml::Real(text) => Some(text.clone()),
        Yaml::Integer(number) => Some(number.to_string()),
        Yaml::Boolean(word) => Some(word.to_string()),
        _ => None,
    }
}
