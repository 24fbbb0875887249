//! The process of Chromium with its two pipes, and the profile folder that goes when it ends.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;

use parking_lot::Mutex;

use super::{Inbox, MESSAGE_AT_MOST, Outbox};
use crate::failure::Failure;

/// Makes the profile, puts the ends of the pipes where Chromium looks for them, waits for it, and removes the profile. It is a shell of its
/// own process group: it does its work also where the server is killed, since then the pipes close and Chromium ends. Its children end a
/// little later and write until then, on a busy machine for seconds: it is removed until it stays away, for half a minute at most.
const SCRIPT: &str = r#"folder=$1
preferences=$2
shift 2
if [ -n "$folder" ]; then
  mkdir -m 700 "$folder" "$folder/Default" && printf %s "$preferences" > "$folder/Default/Preferences" || exit 1
fi
"$@" 3<&0 4>&1 </dev/null >/dev/null
code=$?
if [ -n "$folder" ]; then
  tries=0 gone=0
  while [ $tries -lt 300 ] && [ $gone -lt 2 ]; do
    rm -rf "$folder" 2>/dev/null
    if [ -e "$folder" ]; then gone=0; else gone=$((gone + 1)); fi
    tries=$((tries + 1))
    sleep 0.1
  done
fi
exit $code"#;

/// How much of what Chromium says to standard error is kept for the message of a failed start.
const REMEMBERED: usize = 4096;

/// A Chromium of ours.
#[derive(Debug)]
pub(crate) struct Process {
    child: Mutex<Child>,
    last_words: Arc<Mutex<Vec<u8>>>,
}

/// What to start.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) program: PathBuf,
    pub(crate) flags: Vec<OsString>,
    /// The folder that is made for Chromium and removed when it has ended; none where the person gave one.
    pub(crate) throwaway: Option<PathBuf>,
    /// What stands in the preferences of a profile that is made.
    pub(crate) preferences: String,
}

impl Process {
    /// Starts Chromium, and gives the way to it. `inbox` gets what it says; `ended` is called when it ends.
    pub(crate) fn start(
        launch: &Launch,
        inbox: Inbox,
        ended: impl FnOnce() + Send + 'static,
    ) -> Result<(Self, Outbox), Failure> {
        let mut command = Command::new("/bin/sh");
        command.arg("-c").arg(SCRIPT).arg("doorward-browser");
        command.arg(launch.throwaway.clone().unwrap_or_default()).arg(&launch.preferences);
        command.arg(&launch.program).args(&launch.flags);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().map_err(|error| {
            Failure::NotStarted(format!("{} could not be started: {error}", launch.program.display()))
        })?;
        let (Some(into), Some(from), Some(errors)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Failure::NotStarted("the browser was started without pipes".to_owned()));
        };
        let (outbox, messages) = mpsc::channel::<Vec<u8>>();
        thread::spawn(move || write(into, &messages));
        thread::spawn(move || {
            read(BufReader::with_capacity(64 * 1024, from), inbox, MESSAGE_AT_MOST);
            ended();
        });
        let last_words = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&last_words);
        thread::spawn(move || remember(errors, &kept));
        Ok((Self { child: Mutex::new(child), last_words }, outbox))
    }

    /// The last lines that Chromium wrote to standard error.
    pub(crate) fn last_words(&self) -> String {
        String::from_utf8_lossy(&self.last_words.lock()).trim().to_owned()
    }

    /// The process, for whoever looks what it takes.
    pub(crate) fn id(&self) -> u32 {
        self.child.lock().id()
    }

    /// Whether the process has ended and its profile is gone.
    pub(crate) fn has_ended(&self) -> bool {
        !matches!(self.child.lock().try_wait(), Ok(None))
    }

    /// Ends the process group, where Chromium does not end by itself.
    pub(crate) fn kill(&self) {
        let child = self.child.lock();
        let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) else { return };
        drop(child);
        // The shell ignores nothing, so it is spared: Chromium's own processes go, and the shell cleans up after them.
        if let Ok(children) = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", group.as_raw_nonzero())) {
            for id in children.split_whitespace().filter_map(|id| id.parse().ok()) {
                if let Some(pid) = rustix::process::Pid::from_raw(id) {
                    let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
                }
            }
        }
    }
}

fn write(mut into: impl std::io::Write, messages: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(mut message) = messages.recv() {
        message.push(0);
        if into.write_all(&message).and_then(|()| into.flush()).is_err() {
            return;
        }
    }
}

/// Gives each message on; one that is longer than `most` is passed by.
fn read(mut from: impl std::io::BufRead, mut inbox: Inbox, most: usize) {
    let mut message = Vec::new();
    loop {
        message.clear();
        if message.capacity() > 1024 * 1024 {
            message.shrink_to(64 * 1024);
        }
        let limit = u64::try_from(most).unwrap_or(u64::MAX);
        match (&mut from).take(limit).read_until(0, &mut message) {
            Ok(_) if message.last() == Some(&0) => {
                message.pop();
                inbox(&message);
            }
            Ok(count) if count == most && matches!(from.skip_until(0), Ok(1..)) => {}
            _ => return,
        }
    }
}

fn remember(mut errors: impl std::io::Read, kept: &Mutex<Vec<u8>>) {
    let mut piece = [0; 1024];
    while let Ok(count @ 1..) = errors.read(&mut piece) {
        let mut kept = kept.lock();
        kept.extend_from_slice(&piece[..count]);
        let surplus = kept.len().saturating_sub(REMEMBERED);
        kept.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_too_long_is_passed_by() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&taken);
        let inbox = Box::new(move |message: &[u8]| kept.lock().push(String::from_utf8_lossy(message).into_owned()));
        read(&b"short\0far too long for it\0the end\0cut"[..], inbox, 9);
        assert_eq!(*taken.lock(), ["short", "the end"]);
    }
}
