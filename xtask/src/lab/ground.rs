//! What has to be there before a deployment can stand: permission, programs, packages of Python and Node.js.

use std::fs;
use std::path::{Path, PathBuf};

use super::rig::UNSHARE;
use super::scenario::Scenario;
use crate::need::Need;
use crate::{Outcome, Trouble, shell, test};

/// Programs of the system that deployments are made of, beside those of the other tests.
pub(crate) const NEEDS: &[Need] = &[
    Need {
        package: "nftables",
        why: "the lab's firewalls and routers",
        is_there: || shell::has("nft") || Path::new("/usr/sbin/nft").exists(),
    },
    Need {
        package: "iproute2",
        why: "the lab's networks",
        is_there: || shell::has("ip") || Path::new("/usr/sbin/ip").exists(),
    },
    Need { package: "redis-server", why: "the lab's session stores", is_there: || shell::has("redis-server") },
    Need { package: "python3-venv", why: "apps of other people in the lab", is_there: has_venv },
];

/// What other tests need too.
const SHARED: &[&str] = &["postgresql", "caddy", "nginx-light", "haproxy", "openssl", "curl", "nodejs", "npm"];

/// Everything that deployments are made of.
pub(super) fn needs() -> impl Iterator<Item = &'static Need> {
    test::NEEDS.iter().filter(|need| SHARED.contains(&need.package)).chain(NEEDS)
}

/// Whether this machine lets a user make namespaces.
///
/// # Errors
///
/// When it does not; the text says what to change.
pub(super) fn permitted() -> Outcome {
    let mut trial = shell::program(UNSHARE[0]);
    trial.args(&UNSHARE[1..]).args(["sh", "-c", "mount -t tmpfs lab /run && PATH=$PATH:/usr/sbin nft list ruleset"]);
    shell::output(&mut trial).map(|_| ()).map_err(|trouble| {
        let (Trouble::Failed(text) | Trouble::Usage(text)) = trouble;
        Trouble::failed(format!(
            "lab: this machine does not let a user make namespaces, so nothing was examined.\n{text}\n\
             Debian: sysctl kernel.unprivileged_userns_clone=1. Ubuntu: sysctl \
             kernel.apparmor_restrict_unprivileged_userns=0. In a container: run it on the host."
        ))
    })
}

/// Packages of other people's apps, at the versions of the lock files, kept in a cache outside of the repository.
///
/// # Errors
///
/// When they cannot be installed.
pub(super) fn prepare(cache: &Path, scenarios: &[Scenario]) -> Outcome {
    let apps = shell::root().join("lab/app");
    let starts = |kinds: &[&str]| scenarios.iter().any(|scenario| kinds.iter().any(|kind| scenario.starts(kind)));
    fs::create_dir_all(cache)?;
    if starts(&["django", "fastapi"]) {
        let (lock, place) = (apps.join("requirements.txt"), cache.join("python"));
        kept(&fs::read_to_string(&lock)?, &place, &mut || {
            shell::output(shell::program("python3").args(["-m", "venv", "--clear"]).arg(&place))?;
            let mut pip = shell::program(place.join("bin/pip"));
            shell::output(pip.args(["install", "--quiet", "--no-deps", "--requirement"]).arg(&lock)).map(|_| ())
        })?;
    }
    if starts(&["express"]) {
        let (lock, place) = (apps.join("express/package-lock.json"), cache.join("node"));
        kept(&fs::read_to_string(&lock)?, &place, &mut || {
            fs::create_dir_all(&place)?;
            for name in ["package.json", "package-lock.json"] {
                fs::copy(apps.join("express").join(name), place.join(name))?;
            }
            shell::output(shell::program("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&place)).map(|_| ())
        })?;
    }
    if starts(&["sveltekit"]) {
        built(&cache.join("sveltekit"))?;
    }
    Ok(())
}

/// The example for `SvelteKit` and the client that it names, copied out of the repository and built there.
fn built(place: &Path) -> Outcome {
    let root = shell::root();
    let mut sources = Vec::new();
    for folder in ["examples/sveltekit", "clients/js"] {
        files(&root.join(folder), &mut sources)?;
    }
    sources.sort();
    let mut wanted = String::new();
    for path in &sources {
        wanted.push_str(&fs::read_to_string(path)?);
    }
    kept(&wanted, place, &mut || {
        for path in &sources {
            let copy = place.join(path.strip_prefix(&root).unwrap_or(path));
            fs::create_dir_all(copy.parent().unwrap_or(place))?;
            fs::copy(path, copy)?;
        }
        let app = place.join("examples/sveltekit");
        shell::output(shell::program("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&app))?;
        shell::output(shell::program("npm").args(["run", "build"]).current_dir(&app)).map(|_| ())
    })
}

/// Files below a folder, without what was installed or made there.
fn files(folder: &Path, found: &mut Vec<PathBuf>) -> Outcome {
    const MADE: &[&str] = &["node_modules", "build", ".svelte-kit", "doorward-data", "test"];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_made = path.file_name().is_some_and(|name| MADE.iter().any(|made| name == *made));
        match path.is_dir() {
            true if is_made => {}
            true => files(&path, found)?,
            false => found.push(path),
        }
    }
    Ok(())
}

/// Makes a folder anew where it was not made from this.
fn kept(wanted: &str, place: &Path, make: &mut dyn FnMut() -> Outcome) -> Outcome {
    let mark = place.join("made-from");
    if fs::read_to_string(&mark).is_ok_and(|made| made == wanted) {
        return Ok(());
    }
    make()?;
    Ok(fs::write(mark, wanted)?)
}

fn has_venv() -> bool {
    shell::output(shell::program("python3").args(["-c", "import venv, ensurepip"])).is_ok()
}
