//! The rig as a child process: in its own namespaces, bounded in time, gone with whoever started it.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Outcome, Trouble, shell};

/// Seconds that a doctor may take before it counts as hanging.
const DOCTOR: u32 = 25;
/// Seconds that a whole deployment may take, from its first namespace to its end.
const DEPLOYMENT: &str = "60";

/// What every deployment needs.
#[derive(Debug)]
pub(super) struct Rig {
    pub(super) program: PathBuf,
    pub(super) cache: PathBuf,
}

/// What came of one deployment.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Examined {
    /// Why it does not stand, if so.
    pub(super) trouble: Option<String>,
    pub(super) doctor: Option<Doctor>,
    pub(super) mended: Option<Mended>,
    pub(super) logs: Value,
}

/// What the doctor did.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Doctor {
    pub(super) exit: Option<i32>,
    pub(super) seconds: f64,
    pub(super) report: Option<Value>,
    pub(super) said: String,
    pub(super) words: Vec<String>,
    pub(super) requests: u64,
}

/// What happened when the fix was applied as it was printed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Mended {
    pub(super) applied: Vec<(String, i32, String)>,
    pub(super) status: String,
    pub(super) wanted: String,
}

impl Rig {
    /// Builds a deployment and lets the doctor examine it.
    pub(super) fn examine(&self, plan: &Value) -> Examined {
        let order = json!({"plan": plan, "program": self.program, "cache": self.cache, "wait": DOCTOR, "logs": true});
        follow(&order).unwrap_or_else(|trouble| Examined { trouble: Some(trouble), ..Examined::default() })
    }

    /// Builds a deployment and runs a command of its author in it.
    pub(super) fn enter(&self, plan: &Value, wish: &str) -> Outcome {
        let order = json!({"plan": plan, "program": self.program, "cache": self.cache, "wait": DOCTOR, "enter": wish});
        let mut child = command().stdin(Stdio::piped()).spawn()?;
        if let Some(mut input) = child.stdin.take() {
            input.write_all(order.to_string().as_bytes())?;
        }
        let status = child.wait()?;
        if status.success() { Ok(()) } else { Err(Trouble::failed(format!("the command ended with {status}"))) }
    }
}

/// Starts a rig, gives it its order and reads its answer.
fn follow(order: &Value) -> Result<Examined, String> {
    let mut child = command()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("the rig did not start: {error}"))?;
    let mut input = child.stdin.take().ok_or("the rig has no input")?;
    // A rig that ended early is told of by its output below.
    let _ = input.write_all(order.to_string().as_bytes());
    drop(input);
    let output = child.wait_with_output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let answer = text.lines().last().unwrap_or_default();
    serde_json::from_str(answer).map_err(|_| {
        format!("the rig ended with {}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim())
    })
}

/// Each link of this chain ends when the one before it does, and with the last one goes the namespace of processes and
/// everything in it: nothing is left behind, whoever is killed.
fn command() -> Command {
    let mut command = shell::program("setpriv");
    command.args(["--pdeathsig", "KILL", "timeout", "--kill-after", "1", DEPLOYMENT]);
    command.args(["setpriv", "--pdeathsig", "KILL"]).args(UNSHARE);
    command.args(["sh", "-c", GROUND, "sh"]).arg(shell::root().join("lab/rig"));
    command
}

/// A user that is root of nothing but its own networks, mounts, processes and shared memory.
pub(super) const UNSHARE: &[&str] = &[
    "unshare",
    "--user",
    "--map-root-user",
    "--net",
    "--mount",
    "--ipc",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Everything that is written is written to this memory.
const GROUND: &str = "PATH=$PATH:/usr/sbin:/sbin; export PATH; mount -t tmpfs -o mode=755 lab /run && mkdir /run/lab && \
                      exec python3 -B \"$1\"";
