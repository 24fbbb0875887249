//! A server that is killed leaves no browser and no profile behind.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The tool server as a program of its own.
fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let path = own.ancestors().nth(2).unwrap().join("examples/mcp");
    assert!(path.exists(), "{} is built with the tests of this crate", path.display());
    path
}

/// Processes that were started with this folder.
fn with_folder(folder: &Path) -> usize {
    let sign = folder.to_str().unwrap();
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok());
    lines.filter(|line| String::from_utf8_lossy(line).contains(sign)).count()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a real process takes real time")]
fn fifty_times_nothing_is_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..50 {
        let mut server = Command::new(program())
            .env("TMPDIR", folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = server.stdin.take().unwrap();
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"browser_navigate","arguments":{"url":"data:text/html,x"}}}"#;
        writeln!(input, "{call}").unwrap();
        if round % 2 == 0 {
            let mut line = String::new();
            BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
            assert!(line.contains("Page state"), "{line}");
        } else {
            // In the middle of the browser's start.
            std::thread::sleep(Duration::from_millis(20 * round));
        }
        server.kill().unwrap();
        server.wait().unwrap();
        let begun = Instant::now();
        let has_profile = || {
            let entries = std::fs::read_dir(folder.path()).unwrap().flatten();
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("doorward-browser-")).count()
        };
        while with_folder(folder.path()) > 0 || has_profile() > 0 {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "round {round}: {} processes, {} profiles",
                with_folder(folder.path()),
                has_profile()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
