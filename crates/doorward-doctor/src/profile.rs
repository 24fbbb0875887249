//! What is known of apps: their endpoints, names of cookies and fields. Written as TOML, ours as those of others.

use serde::Deserialize;

use crate::facts::Visit;

/// One app or framework.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Names of cookies by which it is known.
    pub cookies: Vec<String>,
    /// Words in its pages by which it is known.
    pub words: Vec<String>,
    /// `Server` or `X-Powered-By` by which it is known, beside a cookie.
    pub server: String,
    /// Where scripts fetch a token; empty where the page carries it.
    pub token_path: String,
    /// The member of the answer that holds the token.
    pub token_member: String,
    /// The header that carries the token.
    pub token_header: String,
    /// Where the sign-in is sent.
    pub login_path: String,
    /// The sign-in is JSON.
    pub is_json: bool,
    /// The member or field of the user's name.
    pub user: String,
    /// The member or field of the password.
    pub password: String,
    /// Where the code of an authenticator app is sent as JSON.
    pub code_path: String,
    /// The member or field of that code.
    pub code: String,
    /// A page that needs a session.
    pub session_path: String,
    /// A path that answers with what it received.
    pub echo: String,
    /// A WebSocket.
    pub socket: String,
    /// Where a sign-in by provider begins.
    pub provider: String,
    /// Where options for a passkey are.
    pub passkey: String,
}

/// The profiles that are built in.
const BUILT_IN: &[&str] = &[
    include_str!("profile/doorward.toml"),
    include_str!("profile/authelia.toml"),
    include_str!("profile/oauth2-proxy.toml"),
    include_str!("profile/sveltekit.toml"),
    include_str!("profile/csrf-csrf.toml"),
    include_str!("profile/fastapi-csrf-protect.toml"),
    include_str!("profile/starlette-csrf.toml"),
    include_str!("profile/django.toml"),
];

/// Why a profile cannot be used. The operator's.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// No profile of this name is built in.
    #[error("no profile `{0}`; built in are {1}, and a TOML file may be named")]
    Unknown(String, String),
    /// The file is no profile.
    #[error("not a profile: {0}")]
    Malformed(#[from] toml::de::Error),
}

/// All profiles that are built in.
#[must_use]
pub fn built_in() -> Vec<Profile> {
    BUILT_IN.iter().filter_map(|text| toml::from_str(text).ok()).collect()
}

/// A profile by its name, or from the text of a file.
///
/// # Errors
/// Where there is none of that name, or the text is none.
pub fn named(name: &str, text: Option<&str>) -> Result<Profile, ProfileError> {
    if let Some(text) = text {
        return Ok(toml::from_str(text)?);
    }
    let all = built_in();
    let names: Vec<_> = all.iter().map(|profile| profile.name.clone()).collect();
    all.into_iter()
        .find(|profile| profile.name == name)
        .ok_or_else(|| ProfileError::Unknown(name.to_owned(), names.join(", ")))
}

/// The profile that an answer shows.
#[must_use]
pub fn recognised(visit: &Visit) -> Option<Profile> {
    let served =
        format!("{} {}", visit.field("server").unwrap_or_default(), visit.field("x-powered-by").unwrap_or_default())
            .to_lowercase();
    built_in().into_iter().find(|profile| {
        let by_cookie = visit.cookies.iter().any(|cookie| {
            profile.cookies.iter().any(|name| {
                cookie.name == *name || name.ends_with('*') && cookie.name.starts_with(name.trim_end_matches('*'))
            })
        });
        let by_word = profile.words.iter().any(|word| visit.says(word));
        (by_cookie || by_word) && (profile.server.is_empty() || served.contains(&profile.server))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Cookie;

    #[test]
    fn all_that_are_built_in_can_be_read() {
        assert_eq!(built_in().len(), BUILT_IN.len());
        assert!(named("django", None).is_ok() && named("nothing", None).is_err());
        assert!(
            named("x", Some("name = \"mine\"\nlogin_path = \"/in\"")).is_ok_and(|profile| profile.login_path == "/in")
        );
    }

    #[test]
    fn apps_are_known_by_their_cookies_and_words() {
        let mut visit =
            Visit { cookies: vec![Cookie { name: "csrftoken".into(), ..Cookie::default() }], ..Visit::default() };
        assert_eq!(recognised(&visit).unwrap().name, "django");
        visit.fields.push(("server".into(), "uvicorn".into()));
        assert_eq!(recognised(&visit).unwrap().name, "starlette-csrf");
        assert_eq!(recognised(&Visit::default()), None);
    }
}
