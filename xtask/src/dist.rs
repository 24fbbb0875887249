//! `cargo xtask dist`: the release files, in `target/dist`.

mod debian;

use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use crate::{Outcome, Trouble, served, shell};

/// Arguments of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A program that is built already, for example on an older system so that it runs there too
    #[arg(long)]
    program: Option<PathBuf>,
    /// Leave out the Debian package, for a machine without dpkg-deb
    #[arg(long)]
    without_debian: bool,
}

/// What the program writes about itself for a system: the arguments, and the file in the release.
const WRITTEN: &[(&[&str], &str)] = &[
    (&["man"], "doorward.1"),
    (&["completions", "bash"], "doorward.bash"),
    (&["completions", "zsh"], "_doorward"),
    (&["completions", "fish"], "doorward.fish"),
];

/// Files of the repository that a release carries.
const CARRIED: &[&str] = &[
    "README.md",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "packaging/doorward.service",
    "packaging/doorward.toml",
    "packaging/environment",
    "packaging/debian/copyright",
];

/// Builds, gathers, packs and sums.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let program = match &arguments.program {
        Some(built) => built.canonicalize()?,
        None => served::release()?,
    };
    let folder = shell::target()?.join("dist");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    let version = version(&shell::root())?;
    let name = format!("doorward-{version}-{}-linux", std::env::consts::ARCH);
    let release = folder.join(&name);
    gather(&program, &release)?;
    let mut files = vec![archive(&folder, &name)?];
    if !arguments.without_debian {
        files.push(debian::package(&release, &folder, &version)?);
    }
    fs::copy(release.join("doorward"), folder.join("doorward"))?;
    files.push("doorward".to_owned());
    fs::remove_dir_all(&release)?;
    sum(&folder, &files)?;
    for file in &files {
        let size = fs::metadata(folder.join(file))?.len();
        println!("{:>9} KiB  {}", size / 1024, folder.join(file).display());
    }
    Ok(())
}

/// Puts the stripped program, its pages and the carried files into one folder.
fn gather(program: &Path, release: &Path) -> Outcome {
    fs::create_dir_all(release)?;
    let stripped = release.join("doorward");
    fs::copy(program, &stripped)?;
    shell::run(shell::program("strip").arg("--strip-all").arg(&stripped))?;
    for (arguments, file) in WRITTEN {
        let text = shell::output(shell::program(&stripped).args(*arguments))?;
        fs::write(release.join(file), text)?;
    }
    for path in CARRIED {
        let path = Path::new(path);
        fs::copy(shell::root().join(path), release.join(path.file_name().unwrap_or(path.as_os_str())))?;
    }
    Ok(())
}

/// Packs the folder `name`, the same bytes for the same files.
fn archive(folder: &Path, name: &str) -> Outcome<String> {
    let file = format!("{name}.tar.gz");
    let mut tar = shell::program("tar");
    tar.current_dir(folder).args(["--create", "--gzip", "--sort=name", "--owner=0", "--group=0"]);
    tar.args(["--numeric-owner", "--mtime=@0", "--file", &file, name]);
    shell::run(&mut tar)?;
    Ok(file)
}

fn sum(folder: &Path, files: &[String]) -> Outcome {
    let sums = shell::output(shell::program("sha256sum").current_dir(folder).args(files))?;
    Ok(fs::write(folder.join("SHA256SUMS"), sums)?)
}

/// The version of the workspace.
fn version(root: &Path) -> Outcome<String> {
    let text = fs::read_to_string(root.join("Cargo.toml"))?;
    let table: Table = text.parse().map_err(|error| Trouble::failed(format!("Cargo.toml: {error}")))?;
    let package = table.get("workspace").and_then(|workspace| workspace.get("package"));
    let version = package.and_then(|package| package.get("version")).and_then(Value::as_str);
    version.map(str::to_owned).ok_or_else(|| Trouble::failed("Cargo.toml: [workspace.package] has no version"))
}

/// A file or folder below the root of the repository.
fn here(path: &str) -> PathBuf {
    shell::root().join(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_carried_is_here() {
        for path in CARRIED {
            assert!(here(path).is_file(), "{path}");
        }
    }

    #[test]
    fn the_sums_can_be_checked_by_who_downloads() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("a"), "one").expect("a file");
        sum(folder.path(), &["a".to_owned()]).expect("sums");
        let check = || {
            let mut sums = shell::program("sha256sum");
            shell::output(sums.current_dir(folder.path()).args(["--check", "--strict", "SHA256SUMS"]))
        };
        assert!(check().is_ok());
        fs::write(folder.path().join("a"), "two").expect("a file");
        assert!(check().is_err());
    }
}
