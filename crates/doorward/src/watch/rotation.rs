//! A log file that rotates by size: `doorward.log`, `doorward.log.1` (the newest old one), and so on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// How a log file rotates. The files never take more than `bytes × (kept + 1)` and one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// The size in bytes after which a new file begins.
    pub bytes: u64,
    /// How many old files are kept beside the current one.
    pub kept: u32,
}

impl Default for Rotation {
    /// 16 MiB and seven old files: 128 MiB at most.
    fn default() -> Self {
        Self { bytes: 16 << 20, kept: 7 }
    }
}

/// The writer. It lives in the logging thread, so it may block.
///
/// tracing-appender rotates by time only and names the current file by its date: such a file fills a disk
/// within its day, and `tail -F doorward.log` does not find it.
#[derive(Debug)]
pub(super) struct RotatingFile {
    path: PathBuf,
    rotation: Rotation,
    file: File,
    size: u64,
}

impl RotatingFile {
    /// Opens the file (mode 0600) and goes on where it ends.
    pub(super) fn open(path: &Path, rotation: Rotation) -> io::Result<Self> {
        let file = append_to(path)?;
        let size = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), rotation, file, size })
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (1..self.rotation.kept).rev() {
            let _ = std::fs::rename(self.old(number), self.old(number + 1));
        }
        if self.rotation.kept == 0 {
            std::fs::remove_file(&self.path)?;
        } else {
            std::fs::rename(&self.path, self.old(1))?;
        }
        self.file = append_to(&self.path)?;
        self.size = self.file.metadata()?.len();
        Ok(())
    }

    fn old(&self, number: u32) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number}"));
        name.into()
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

impl Write for RotatingFile {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.size > 0 && self.size.saturating_add(line.len() as u64) > self.rotation.bytes {
            // Where it cannot rotate (the directory became read-only), lines go on in the same file.
            if self.rotate().is_err() {
                self.size = 0;
            }
        }
        // Whole lines only: a line that was cut by a full disk is one line, not the start of the next.
        self.file.write_all(line)?;
        self.size += line.len() as u64;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_newest_lines_in_a_bounded_number_of_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("doorward.log");
        let mut file = RotatingFile::open(&path, Rotation { bytes: 20, kept: 2 }).unwrap();
        for number in 0..10 {
            writeln!(file, "line {number:03}").unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(read("doorward.log"), "line 008\nline 009\n");
        assert_eq!(read("doorward.log.1"), "line 006\nline 007\n");
        assert_eq!(read("doorward.log.2"), "line 004\nline 005\n");
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
    }

    #[test]
    fn goes_on_in_the_file_of_the_last_start_and_lets_nobody_else_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("doorward.log");
        for text in ["one\n", "two\n"] {
            let mut file = RotatingFile::open(&path, Rotation { bytes: 9, kept: 1 }).unwrap();
            file.write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut file = RotatingFile::open(&path, Rotation { bytes: 9, kept: 0 }).unwrap();
        file.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n", "none kept");
    }
}
