//! Programs of the system that a command starts: which are missing, and whether they may be installed.

use crate::{Outcome, Trouble, shell};

/// Whether missing packages may be installed.
#[derive(Debug, clap::Args)]
pub(crate) struct Provision {
    /// Install missing system packages, with sudo where this is not root
    #[arg(long)]
    install: bool,
    /// Set by continuous integration: `true` installs without asking
    #[arg(long, env = "CI", default_value = "", hide = true)]
    ci: String,
}

/// A Debian package of which a program is started.
#[derive(Debug)]
pub(crate) struct Need {
    pub(crate) package: &'static str,
    pub(crate) why: &'static str,
    pub(crate) is_there: fn() -> bool,
}

/// Who runs this, and what that person allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Permission {
    is_root: bool,
    is_asked: bool,
    has_apt: bool,
}

/// What to do about the missing packages.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Nothing,
    Install(Vec<String>),
    Tell(String),
}

/// Installs what is missing, or says how; `who` needs it.
pub(crate) fn provide<'a>(needs: impl Iterator<Item = &'a Need>, who: &str, provision: &Provision) -> Outcome {
    let missing: Vec<&Need> = needs.filter(|need| !(need.is_there)()).collect();
    for need in &missing {
        println!("missing: {} ({})", need.package, need.why);
    }
    let packages: Vec<&str> = missing.iter().map(|need| need.package).collect();
    match decide(who, &packages, permission(provision)) {
        Decision::Nothing => Ok(()),
        Decision::Install(prefix) => install(&prefix, &packages),
        Decision::Tell(text) => Err(Trouble::Usage(text)),
    }
}

fn permission(provision: &Provision) -> Permission {
    let user = shell::output(shell::program("id").arg("-u"));
    Permission {
        is_root: user.is_ok_and(|id| id.trim() == "0"),
        is_asked: provision.install || ["true", "1"].contains(&provision.ci.as_str()),
        has_apt: shell::has("apt-get"),
    }
}

/// Root and CI install without asking; anybody else is shown the command first.
fn decide(who: &str, packages: &[&str], permission: Permission) -> Decision {
    if packages.is_empty() {
        return Decision::Nothing;
    }
    let names = packages.join(" ");
    if !permission.has_apt {
        return Decision::Tell(format!(
            "the {who} need what Debian calls: {names}. Install it the way this system does, then run this again."
        ));
    }
    if permission.is_root {
        return Decision::Install(Vec::new());
    }
    if permission.is_asked {
        return Decision::Install(vec!["sudo".to_owned()]);
    }
    Decision::Tell(format!(
        "the {who} need packages that are not here. Install them with\n\n    \
         sudo apt-get install --no-install-recommends {names}\n\n\
         or let this command do it, with --install"
    ))
}

fn install(prefix: &[String], packages: &[&str]) -> Outcome {
    let apt = |arguments: &[&str]| {
        let words: Vec<&str> = prefix.iter().map(String::as_str).chain(["apt-get"]).collect();
        let mut command = shell::program(words[0]);
        command.args(&words[1..]).args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
        shell::run(&mut command)
    };
    apt(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STRANGER: Permission = Permission { is_root: false, is_asked: false, has_apt: true };

    #[test]
    fn a_complete_system_is_left_alone() {
        assert_eq!(decide("tests", &[], STRANGER), Decision::Nothing);
    }

    #[test]
    fn root_installs_without_being_asked() {
        let root = Permission { is_root: true, ..STRANGER };
        assert_eq!(decide("tests", &["caddy"], root), Decision::Install(Vec::new()));
    }

    #[test]
    fn another_user_installs_only_when_asked_to_and_with_sudo() {
        let asked = Permission { is_asked: true, ..STRANGER };
        assert_eq!(decide("tests", &["caddy"], asked), Decision::Install(vec!["sudo".to_owned()]));
        let Decision::Tell(text) = decide("tests", &["caddy", "curl"], STRANGER) else {
            panic!("a stranger's system was changed without a word");
        };
        assert!(text.contains("sudo apt-get install --no-install-recommends caddy curl"), "{text}");
        assert!(text.contains("--install"), "{text}");
    }

    #[test]
    fn another_distribution_is_told_what_is_missing() {
        let elsewhere = Permission { has_apt: false, is_root: true, is_asked: true };
        assert!(matches!(decide("tests", &["caddy"], elsewhere), Decision::Tell(text) if text.contains("caddy")));
    }
}
