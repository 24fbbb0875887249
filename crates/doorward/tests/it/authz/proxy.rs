//! The real proxies, started with what `doorward proxy-config` prints. Only paths are adjusted.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::it::harness::Server;

/// A running proxy. It ends with its value.
pub(super) struct Running {
    child: Child,
    place: tempfile::TempDir,
}

impl Running {
    /// Starts one for this Doorward at this port.
    pub(super) fn start(kind: &str, server: &Server, port: u16) -> Self {
        let listen = format!("127.0.0.1:{}", server.port);
        let printed = server.json(&["proxy-config", kind, "--listen", &listen]);
        let place = tempfile::tempdir().unwrap();
        let mut command = command(kind, &printed, place.path());
        let log = std::fs::File::create(place.path().join("log")).unwrap();
        command.stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn().unwrap();
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Self { child, place };
            }
            if let Some(status) = child.try_wait().unwrap() {
                let log = std::fs::read_to_string(place.path().join("log")).unwrap();
                panic!("{kind} ended with {status}:\n{log}\n{}", printed["files"][0]["content"].as_str().unwrap());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{kind} does not listen");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.place.path().join("log")).unwrap_or_default();
            eprintln!("the log of the proxy:\n{log}");
        }
    }
}

/// The command that runs a proxy in the foreground with these files.
fn command(kind: &str, printed: &Value, place: &Path) -> Command {
    let file = |at: usize| printed["files"][at]["content"].as_str().unwrap().to_owned();
    let shown = place.display();
    let main = place.join("main");
    match kind {
        "nginx" => {
            std::fs::write(place.join("doorward.conf"), file(0)).unwrap();
            std::fs::write(&main, format!("master_process off;\n{}", nginx_main(place))).unwrap();
            let mut command = Command::new("nginx");
            command.args(["-e", "stderr", "-g", "daemon off;", "-c"]).arg(&main).arg("-p").arg(place);
            command
        }
        "caddy" => {
            std::fs::write(&main, format!("{{\n\tadmin off\n}}\n{}", file(0))).unwrap();
            let mut command = Command::new("caddy");
            command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&main);
            command.env("HOME", place).env("XDG_DATA_HOME", place).env("XDG_CONFIG_HOME", place);
            command
        }
        _ => {
            std::fs::write(place.join("doorward.lua"), file(1)).unwrap();
            std::fs::write(&main, file(0).replace("/etc/haproxy/doorward.lua", &format!("{shown}/doorward.lua")))
                .unwrap();
            let mut command = Command::new("haproxy");
            command.arg("-db").arg("-f").arg(&main);
            command
        }
    }
}

/// What surrounds our file in an installation of nginx.
pub(super) fn nginx_main(place: &Path) -> String {
    let shown = place.display();
    let folders: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {shown}/{name};\n"))
        .concat();
    format!(
        "pid {shown}/pid;\nevents {{}}\nhttp {{\n    access_log off;\n{folders}    include {shown}/doorward.conf;\n}}\n"
    )
}
