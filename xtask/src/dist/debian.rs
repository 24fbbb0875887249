//! The Debian package: the program as a service with a user of its own.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::here;
use crate::{Outcome, Trouble, shell};

/// A file of the release or of `packaging/`, its place in the system, and its mode.
const FILES: &[(&str, &str, u32)] = &[
    ("doorward", "usr/bin/doorward", 0o755),
    ("doorward.service", "lib/systemd/system/doorward.service", 0o644),
    ("doorward.toml", "etc/doorward/doorward.toml", 0o644),
    ("environment", "etc/doorward/environment", 0o644),
    ("doorward.bash", "usr/share/bash-completion/completions/doorward", 0o644),
    ("_doorward", "usr/share/zsh/vendor-completions/_doorward", 0o644),
    ("doorward.fish", "usr/share/fish/vendor_completions.d/doorward.fish", 0o644),
    ("doorward.1", "usr/share/man/man1/doorward.1", 0o644),
    ("CHANGELOG.md", "usr/share/doc/doorward/CHANGELOG.md", 0o644),
    ("LICENSE-APACHE", "usr/share/doc/doorward/LICENSE-APACHE", 0o644),
    ("LICENSE-MIT", "usr/share/doc/doorward/LICENSE-MIT", 0o644),
    ("copyright", "usr/share/doc/doorward/copyright", 0o644),
];

/// What dpkg runs and reads, with its mode.
const SCRIPTS: &[(&str, u32)] = &[("conffiles", 0o644), ("postinst", 0o755), ("prerm", 0o755), ("postrm", 0o755)];

/// Builds the package from a gathered release and gives its file name.
///
/// # Errors
///
/// When a file is missing or dpkg-deb refuses.
pub(super) fn package(release: &Path, folder: &Path, version: &str) -> Outcome<String> {
    let staging = tempfile::tempdir()?;
    let root = staging.path().join("doorward");
    for (file, place, mode) in FILES {
        put(&release.join(file), &root.join(place), *mode)?;
    }
    shell::output(
        shell::program("gzip").args(["--best", "--no-name"]).arg(root.join("usr/share/man/man1/doorward.1")),
    )?;
    for (script, mode) in SCRIPTS {
        put(&here("packaging/debian").join(script), &root.join("DEBIAN").join(script), *mode)?;
    }
    let architecture = shell::output(shell::program("dpkg").arg("--print-architecture"))?;
    let architecture = architecture.trim();
    let control = fs::read_to_string(here("packaging/debian/control"))?
        .replace("@VERSION@", version)
        .replace("@ARCHITECTURE@", architecture)
        .replace("@LIBC@", &libc(&release.join("doorward"))?)
        .replace("@SIZE@", &kibibytes(&root)?.to_string());
    fs::write(root.join("DEBIAN/control"), control)?;
    let name = format!("doorward_{version}_{architecture}.deb");
    let mut build = shell::program("dpkg-deb");
    build.args(["--root-owner-group", "-Zxz", "--build"]).arg(&root).arg(folder.join(&name));
    shell::output(&mut build)?;
    Ok(name)
}

fn put(from: &Path, to: &Path, mode: u32) -> Outcome {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::copy(from, to).map_err(|error| Trouble::failed(format!("{}: {error}", from.display())))?;
    Ok(fs::set_permissions(to, Permissions::from_mode(mode))?)
}

fn kibibytes(folder: &Path) -> Outcome<u64> {
    let text =
        shell::output(shell::program("du").args(["--summarize", "--apparent-size", "--block-size=1K"]).arg(folder))?;
    let first = text.split_whitespace().next().and_then(|word| word.parse().ok());
    first.ok_or_else(|| Trouble::failed(format!("du answered {text}")))
}

/// The oldest C library that has every symbol the program asks for.
fn libc(program: &Path) -> Outcome<String> {
    let symbols = shell::output(shell::program("objdump").arg("--dynamic-syms").arg(program))?;
    let newest = newest_libc(&symbols);
    newest.ok_or_else(|| Trouble::failed("the program names no version of the C library"))
}

fn newest_libc(symbols: &str) -> Option<String> {
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let numbers: Option<Vec<u32>> = rest[..end].split('.').map(|part| part.parse().ok()).collect();
        numbers
    });
    let newest = versions.max()?;
    Some(newest.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_symbol_decides_by_number() {
        let symbols = "x (GLIBC_2.9) a\ny (GLIBC_2.34) b\nz (GLIBC_2.2.5) c\n";
        assert_eq!(newest_libc(symbols).as_deref(), Some("2.34"));
        assert_eq!(newest_libc("none"), None);
    }

    /// A release whose program is a stand-in; everything else is real.
    fn packed() -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let release = folder.path().join("release");
        fs::create_dir(&release).expect("a folder");
        for (file, _, _) in FILES {
            let real = [here(file), here("packaging").join(file), here("packaging/debian").join(file)]
                .into_iter()
                .find(|path| path.is_file());
            let real = real.unwrap_or_else(|| here("LICENSE-MIT"));
            fs::copy(real, release.join(file)).expect("a copy");
        }
        fs::copy("/bin/ls", release.join("doorward")).expect("a program");
        let name = package(&release, folder.path(), "1.2.3").map_err(|_| ()).expect("a package");
        (folder, name)
    }

    fn ask(folder: &tempfile::TempDir, name: &str, question: &str) -> String {
        let mut command = shell::program("dpkg-deb");
        shell::output(command.arg(question).arg(folder.path().join(name))).map_err(|_| ()).expect("an answer")
    }

    #[test]
    fn the_package_holds_everything_in_its_place() {
        let (folder, name) = packed();
        let contents = ask(&folder, &name, "--contents");
        for (_, place, mode) in FILES {
            let place = place.replace("doorward.1", "doorward.1.gz");
            let line = contents.lines().find(|line| line.ends_with(&format!("./{place}")));
            let line = line.unwrap_or_else(|| panic!("{place} is not in\n{contents}"));
            assert!(line.contains("root/root"), "{line}");
            assert_eq!(line.starts_with("-rwxr-xr-x"), *mode == 0o755, "{line}");
        }
        let about = ask(&folder, &name, "--info");
        assert!(about.contains("Version: 1.2.3") && about.contains("libc6 (>= 2."), "{about}");
        for blank in ["@VERSION@", "@ARCHITECTURE@", "@LIBC@", "@SIZE@"] {
            assert!(!about.contains(blank), "{about}");
        }
    }

    #[test]
    fn each_script_is_a_shell_script_without_errors() {
        for script in ["postinst", "prerm", "postrm"] {
            let mut shell = shell::program("sh");
            let checked = shell::output(shell.arg("-n").arg(here("packaging/debian").join(script)));
            assert!(checked.is_ok(), "{script}");
        }
    }

    #[test]
    fn settings_survive_an_upgrade() {
        let text = fs::read_to_string(here("packaging/debian/conffiles")).expect("conffiles");
        for line in text.lines() {
            let place = line.trim_start_matches('/');
            assert!(FILES.iter().any(|(_, known, _)| *known == place), "{line}");
        }
        let settings = FILES.iter().filter(|(_, place, _)| place.starts_with("etc/"));
        assert_eq!(settings.count(), text.lines().count());
    }

    #[test]
    fn the_service_runs_what_the_package_installs() {
        let unit = fs::read_to_string(here("packaging/doorward.service")).expect("the unit");
        let start = unit.lines().find_map(|line| line.strip_prefix("ExecStart=/")).expect("a start");
        let program = start.split(' ').next().expect("a program");
        assert!(FILES.iter().any(|(_, place, _)| *place == program), "{program}");
        assert!(unit.contains("User=doorward\n") && unit.contains("StateDirectoryMode=0700\n"));
    }
}
