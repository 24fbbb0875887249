//! The host of the site: read, never changed.

pub mod block;
pub mod dialect;
pub mod firewall;
pub mod reply;
pub mod ruleset;
pub mod upstream;

pub(crate) mod docker;
mod environment;
mod gather;
mod kernel;
mod program;

pub use gather::{Place, gather};
pub(crate) use gather::{log, named};
pub use kernel::own_addresses;

/// Bytes of a file that are read.
const FILE: u64 = 512 * 1024;

/// The text of a file, as far as it is read at all.
pub(crate) fn text(path: &std::path::Path) -> Option<String> {
    use std::io::Read as _;
    let mut bytes = Vec::new();
    std::fs::File::open(path).ok()?.take(FILE).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The last lines of a file.
pub(crate) fn tail(path: &std::path::Path, lines: usize) -> Vec<String> {
    use std::io::{Read as _, Seek as _, SeekFrom};
    let read = || -> std::io::Result<String> {
        let mut file = std::fs::File::open(path)?;
        if !file.metadata()?.is_file() {
            return Ok(String::new());
        }
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(64 * 1024)))?;
        let mut bytes = Vec::new();
        file.take(64 * 1024).read_to_end(&mut bytes)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read().unwrap_or_default();
    let all: Vec<_> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].iter().map(|line| (*line).to_owned()).collect()
}
