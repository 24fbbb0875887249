//! A server whose clock the test moves: `libfaketime` stands between the program and the time of the day.

use std::path::{Path, PathBuf};

use super::Server;

/// What stands in the file is added to the time; timers go on as they are.
fn settings(file: &Path) -> [(&'static str, String); 4] {
    [
        ("LD_PRELOAD", library().display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_NO_CACHE", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
    ]
}

/// Debian keeps the library in a folder of its own for each kind of machine.
fn library() -> PathBuf {
    let machines = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let mut files = machines.map(|machine| machine.path().join("faketime/libfaketime.so.1"));
    files.find(|file| file.exists()).expect("libfaketime is there: apt-get install libfaketime")
}

impl Server {
    /// Starts with a clock that can be moved.
    pub(crate) fn start_with_clock(more: &[(&str, &str)]) -> Self {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("clock");
        std::fs::write(&file, "+0").unwrap();
        let own = settings(&file);
        let own = own.iter().map(|(name, value)| (*name, value.as_str()));
        Self::start_in(place, doorward_port::lease(), &own.chain(more.iter().copied()).collect::<Vec<_>>())
    }

    /// Sets the clock to this many seconds before or after the true time. The file is replaced in one step.
    pub(crate) fn set_clock(&self, seconds: i64) {
        let draft = self.directory().join("clock.draft");
        std::fs::write(&draft, format!("{seconds:+}")).unwrap();
        std::fs::rename(draft, self.directory().join("clock")).unwrap();
    }
}
