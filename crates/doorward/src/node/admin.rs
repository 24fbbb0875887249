//! The first administrator: made once, shown once.

use std::io::{IsTerminal as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use doorward_core::Finding;
use doorward_core::user::Email;

use crate::config::{Config, SetUp};
use crate::identity::{Identity, Initial};
use crate::portal::path;

/// The file that holds the set-up link until it is used.
const SET_UP: &str = "set-up-link.txt";

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
    if config.admin.set_up == SetUp::Link {
        return offer_link(identity, config).await;
    }
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

/// Gives the set-up link: on the terminal, or, where standard output is none, in `set-up-link.txt`.
async fn offer_link(identity: &Identity, config: &Config) -> Result<(), Finding> {
    let made = identity.set_up_link().await;
    let made = made.map_err(|refused| Finding::error(refused.code, "admin.set_up", refused.to_string()))?;
    let Some(secret) = made else { return Ok(()) };
    let link = format!("{}{}", config.public_url().origin(), path::set_up(secret.expose_secret()));
    let mut out = std::io::stdout();
    let told = if out.is_terminal() {
        writeln!(out, "\nMake the first account, within a day:\n\n{link}\n")
    } else {
        put(&config.data, SET_UP, &format!("{link}\n"))
            .and_then(|path| writeln!(out, "The link for the first account is in {}", path.display()))
    };
    told.map_err(|cause| Finding::error("store.data_directory", SET_UP, format!("It cannot be written: {cause}.")))
}

/// Removes the file with the set-up link once the first account is made.
pub fn forget_set_up(data: &Path) {
    let path = data.join(SET_UP);
    if path.exists()
        && let Err(error) = std::fs::remove_file(&path)
    {
        tracing::warn!(%error, "set-up-link.txt could not be removed; its link is no longer good");
    }
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
fn put(data: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    let (draft, path) = (data.join(format!("{name}.new")), data.join(name));
    let mut out = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft, &path)?;
    std::fs::File::open(data)?.sync_all()?;
    Ok(path)
}

/// Writes beside and renames, so that whoever finds the file finds it whole.
fn write(initial: &Initial, data: &Path) -> std::io::Result<()> {
    put(data, "initial-admin.txt", &lines(initial))?;
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
