//! A log file that rotates by day or size: `doorward.log`, `doorward.log.1` (the newest old one), and so on.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward_core::Clock;

/// The length of a day in seconds.
const DAY: i64 = 86_400;

/// When a new log file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// At midnight UTC, and before that at [`LARGEST_DAY`] bytes, so that a flood cannot fill the disk.
    Daily,
    /// When the file would get more than this many bytes.
    Size(u64),
}

/// The most bytes of a file that rotates daily: 256 MiB.
pub const LARGEST_DAY: u64 = 256 << 20;

/// How a log file rotates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// When a new file begins.
    pub when: When,
    /// How many old files are kept beside the current one.
    pub kept: usize,
}

impl Default for Rotation {
    fn default() -> Self {
        Self { when: When::Daily, kept: 14 }
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
    clock: Arc<dyn Clock>,
    file: File,
    size: u64,
    /// The day of the newest line, in days since 1970.
    day: i64,
}

impl RotatingFile {
    /// Opens the file (mode 0600) and goes on where it ends.
    pub(super) fn open(path: &Path, rotation: Rotation, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let file = append_to(path)?;
        let meta = file.metadata()?;
        let day = if meta.len() == 0 { clock.now().0 } else { meta.mtime() }.div_euclid(DAY);
        Ok(Self { path: path.to_owned(), rotation, clock, file, size: meta.len(), day })
    }

    fn is_due(&self, more: usize, today: i64) -> bool {
        let (limit, is_new_day) = match self.rotation.when {
            When::Daily => (LARGEST_DAY, today > self.day),
            When::Size(bytes) => (bytes, false),
        };
        self.size > 0 && (is_new_day || self.size.saturating_add(more as u64) > limit)
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

    fn old(&self, number: usize) -> PathBuf {
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
        let today = self.clock.now().0.div_euclid(DAY);
        if self.is_due(line.len(), today) && self.rotate().is_err() {
            // Where it cannot rotate (the directory became read-only), lines go on in the same file.
            self.size = 0;
        }
        self.day = today;
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
    use std::sync::atomic::{AtomicI64, Ordering};

    use doorward_core::UnixTime;

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> UnixTime {
            UnixTime(self.0.load(Ordering::Relaxed))
        }
    }

    fn open(path: &Path, when: When, kept: usize) -> RotatingFile {
        RotatingFile::open(path, Rotation { when, kept }, Arc::new(Hand::default())).unwrap()
    }

    #[test]
    fn begins_a_file_with_each_day_that_has_a_line() {
        let directory = tempfile::tempdir().unwrap();
        let (path, clock) = (directory.path().join("doorward.log"), Arc::new(Hand::default()));
        let rotation = Rotation { when: When::Daily, kept: 2 };
        let mut file = RotatingFile::open(&path, rotation, clock.clone()).unwrap();
        for (seconds, line) in
            [(0, "a"), (DAY - 1, "b"), (DAY, "c"), (3 * DAY, "d"), (3 * DAY + 9, "e"), (2 * DAY, "f")]
        {
            clock.0.store(seconds, Ordering::Relaxed);
            file.write_all(format!("{line}\n").as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!((read("doorward.log.2"), read("doorward.log.1")), ("a\nb\n".to_owned(), "c\n".to_owned()));
        assert_eq!(read("doorward.log"), "d\ne\nf\n", "a clock that goes back begins no file");
    }

    #[test]
    fn keeps_the_newest_lines_in_a_bounded_number_of_files() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("doorward.log");
        let mut file = open(&path, When::Size(20), 2);
        for number in 0..10 {
            file.write_all(format!("line {number:03}\n").as_bytes()).unwrap();
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
            let mut file = open(&path, When::Size(9), 1);
            file.write_all(text.as_bytes()).unwrap();
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let mut file = open(&path, When::Size(9), 0);
        file.write_all(b"three\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "three\n", "none kept");
    }
}
