//! The section `[admin]`: the administrator of the first start.

use std::path::PathBuf;

use doorward_core::user::Email;
use doorward_core::{Finding, Secret};
use serde::Deserialize;

use super::check::Check;
use super::registry::{Key, Kind};
use super::source::read;

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new(
        "admin.set_up",
        Kind::Word(&["password", "link"]),
        "password",
        "What the first start gives: an administrator with a password, or a link by which the first administrator makes an account.",
    )
    .restart(),
    Key::new(
        "admin.email",
        Kind::Text,
        "admin@localhost",
        "The e-mail address of the administrator that the first start makes.",
    )
    .variable("ADMIN_EMAIL")
    .restart(),
    Key::new(
        "admin.password_file",
        Kind::Path,
        "",
        "A file with the password of that administrator. By default one is made and shown once.",
    )
    .variable("ADMIN_PASSWORD_FILE")
    .restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    set_up: Option<SetUp>,
    email: Option<String>,
    password_file: Option<String>,
}

/// What the first start gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetUp {
    /// An administrator with a password.
    #[default]
    Password,
    /// A link by which the first administrator makes an account.
    Link,
}

/// As meant. Only the first start reads it.
#[derive(Debug, Clone)]
pub struct Admin {
    /// What the first start gives.
    pub set_up: SetUp,
    /// Who is made.
    pub email: Email,
    /// Where the password is; it may be gone after the first start.
    pub password_file: Option<PathBuf>,
}

impl Admin {
    /// Reads the chosen password, without the line end at its end. Nothing where none was chosen.
    ///
    /// # Errors
    /// Why the file cannot be read.
    pub fn read_password(&self) -> Result<Option<Secret>, Box<Finding>> {
        let Some(path) = &self.password_file else { return Ok(None) };
        let text = read(path, "admin.password_file")?;
        let text = text.strip_suffix('\n').unwrap_or(&text);
        Ok(Some(Secret::new(text.strip_suffix('\r').unwrap_or(text))))
    }
}

impl Raw {
    pub(super) fn check(self, check: &mut Check<'_>) -> Admin {
        let default: Email = "admin@localhost".parse().expect("the address of the first administrator is one");
        let email = self.email.map_or(Ok(default.clone()), |text| text.parse());
        let email = email.unwrap_or_else(|error| {
            let finding = check
                .error("config.value_invalid", "admin.email", format!("Nobody can sign in with it: {error}."))
                .with_remedy(check.line("admin.email", "ada@example.com"));
            check.report(finding);
            default
        });
        let password_file = self.password_file.map(|file| check.file("admin.password_file", &file));
        if let Some(path) = &password_file {
            check.findings.extend(super::permission::readable_by_others(path, "admin.password_file"));
        }
        Admin { set_up: self.set_up.unwrap_or_default(), email, password_file }
    }
}
