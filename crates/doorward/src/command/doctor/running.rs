//! The gateways that run here: what each was started with, which the shell of whoever asks the doctor does not know.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::command::flags_of_serving;
use crate::config::{Inputs, Variables};

/// A gateway that runs on this machine.
#[derive(Debug)]
pub(super) struct Gateway {
    /// Its process.
    pub(super) pid: u32,
    /// What its configuration is made from.
    pub(super) inputs: Inputs,
    /// Whether it stands in another network than the doctor, as in a container: its database is reached from there.
    pub(super) is_apart: bool,
}

impl Gateway {
    /// Whether it is the installation that these inputs mean, or one in this folder.
    pub(super) fn is_of(&self, inputs: &Inputs, folder: Option<&Path>) -> bool {
        let data = real(&self.inputs.data_directory());
        let Some(folder) = folder else { return data == real(&inputs.data_directory()) };
        let config = self.inputs.flags.config.as_ref().map(|file| real(&self.inputs.cwd.join(file)));
        let folder = real(folder);
        data.starts_with(&folder) || config.is_some_and(|file| file.starts_with(&folder))
    }
}

fn real(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Every gateway of this user that sees the files that the doctor sees. Another user's is left alone: what it says of
/// itself would decide what the doctor reads.
pub(super) fn gateways(system: &Path) -> Vec<Gateway> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes.flatten().filter_map(|process| gateway(&process.path(), system)).collect()
}

fn gateway(process: &Path, system: &Path) -> Option<Gateway> {
    let pid = process.file_name()?.to_str()?.parse().ok()?;
    let is_named = fs::read_to_string(process.join("comm")).is_ok_and(|name| name.trim() == "doorward");
    let is_own = || fs::metadata(process).is_ok_and(|of| of.uid() == rustix::process::geteuid().as_raw());
    if !is_named || !is_own() {
        return None;
    }
    let flags = flags_of_serving(&texts(&process.join("cmdline"))?)?;
    let pairs = texts(&process.join("environ"))?;
    let environment: Variables = pairs.iter().filter_map(|pair| pair.split_once('=')).collect();
    let cwd = fs::read_link(process.join("cwd")).ok()?;
    let inputs = Inputs { flags, environment, cwd, system: system.to_owned() };
    let network = |process: &Path| fs::read_link(process.join("ns/net")).ok();
    let is_apart = network(process) != network(Path::new("/proc/self"));
    is_seen(process, &inputs.data_directory()).then_some(Gateway { pid, inputs, is_apart })
}

/// Whether this path leads where it leads for the process: in a container it may be another folder of the same name.
fn is_seen(process: &Path, path: &Path) -> bool {
    let within = process.join("root").join(path.strip_prefix("/").unwrap_or(path));
    let place = |path: &Path| fs::metadata(path).map(|of| (of.dev(), of.ino())).ok();
    place(path).is_some_and(|here| place(&within) == Some(here))
}

/// The texts of a file of the kernel that ends each with a zero byte.
fn texts(file: &Path) -> Option<Vec<String>> {
    let text = String::from_utf8(fs::read(file).ok()?).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}
