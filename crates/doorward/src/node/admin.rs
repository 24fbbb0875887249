//! The first administrator: made once, shown once.

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use doorward_core::Finding;
use doorward_core::user::Email;

use crate::config::Config;
use crate::identity::{Identity, Initial};

/// The file that holds the first sign-in until its password is changed.
fn file(data: &Path) -> PathBuf {
    data.join("initial-admin.txt")
}

/// Makes the administrator where there is no user yet, and says how to sign in: on the terminal, or, where
/// standard output is none, in a file that is complete before anything listens.
///
/// # Errors
/// Why there can be none: a weak password was chosen, or the file cannot be written.
pub async fn introduce(identity: &Identity, config: &Config) -> Result<(), Finding> {
    let chosen = config.admin.read_password().map_err(|finding| *finding)?;
    let is_chosen = chosen.is_some();
    let made = identity.ensure_administrator(config.admin.email.as_str(), chosen).await;
    let made = made.map_err(|refused| {
        let reason = doorward_core::reason::find(refused.code);
        let why = reason.map_or_else(|| refused.to_string(), |reason| reason.visitor.en.to_owned());
        let remedy = "ADMIN_PASSWORD_FILE=/a/file/with/a/longer/password";
        Finding::error(refused.code, "admin.password_file", why).with_remedy(remedy)
    })?;
    let Some(initial) = made else { return Ok(()) };
    if is_chosen {
        // Its owner knows it already: it is written nowhere.
        return Ok(());
    }
    if std::io::stdout().is_terminal() { print(&initial, config) } else { write(&initial, &config.data) }.map_err(
        |cause| {
            Finding::error("store.data_directory", "initial-admin.txt", format!("It cannot be written: {cause}."))
                .with_remedy(format!("doorward user reset-password {}", initial.email))
        },
    )
}

fn lines(initial: &Initial) -> String {
    format!("email: {}\npassword: {}\n", initial.email, initial.password.expose_secret())
}

fn print(initial: &Initial, config: &Config) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\nThe administrator, shown this once:\n\n{}", lines(initial))?;
    writeln!(out, "Sign in at {}/.doorward/sign-in and choose another password.\n", config.public_url())
}

/// Writes beside and renames, so that whoever finds the file finds it whole.
fn write(initial: &Initial, data: &Path) -> std::io::Result<()> {
    let draft = data.join("initial-admin.txt.new");
    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    out.write_all(lines(initial).as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, file(data))?;
    std::fs::File::open(data)?.sync_all()?;
    // Standard output ends in a log here, so it names the file and not the password.
    writeln!(std::io::stdout(), "The administrator's sign-in is in {}", file(data).display())
}

/// Removes the file once the password of its user was changed.
pub fn forget_initial(data: &Path, changed: &Email) {
    let path = file(data);
    let Ok(text) = std::fs::read_to_string(&path) else { return };
    if text.lines().next() == Some(&format!("email: {changed}"))
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::warn!(%error, "initial-admin.txt could not be removed; its password is no longer good");
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use doorward_core::Secret;

    use super::*;

    #[test]
    fn the_file_goes_with_the_password_that_it_holds() {
        let data = tempfile::tempdir().unwrap();
        let initial = Initial { email: "admin@localhost".to_owned(), password: Secret::new("abc") };
        write(&initial, data.path()).unwrap();
        let path = file(data.path());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "email: admin@localhost\npassword: abc\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        forget_initial(data.path(), &"ada@example.com".parse().unwrap());
        assert!(path.exists());
        forget_initial(data.path(), &"admin@localhost".parse().unwrap());
        assert!(!path.exists());
    }
}
