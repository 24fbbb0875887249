//! The examples are accepted by the proxies that they are for.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::proxy::nginx_main;

fn example(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples").join(name);
    std::fs::read_to_string(file).unwrap()
}

/// A certificate for nobody, and its key: in two files, or in one.
fn certificate(place: &Path) -> [PathBuf; 3] {
    let files = ["c.pem", "c.key", "certs/both.pem"].map(|name| place.join(name));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
            "/CN=example.com",
        ])
        .arg("-out")
        .arg(&files[0])
        .arg("-keyout")
        .arg(&files[1])
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::create_dir(place.join("certs")).unwrap();
    let both = [&files[0], &files[1]].map(|file| std::fs::read_to_string(file).unwrap()).concat();
    std::fs::write(&files[2], both).unwrap();
    files
}

fn accepts(command: &mut Command) {
    let output = command.output().unwrap();
    let told = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
    assert!(output.status.success() && !told.contains("[warn]") && !told.contains("[WARNING]"), "{told}");
}

#[test]
fn nginx_accepts_its_example() {
    let place = tempfile::tempdir().unwrap();
    let [pem, key, _] = certificate(place.path());
    let text: String = example("nginx/doorward.conf")
        .lines()
        .map(|line| match line.trim().split_once(' ') {
            Some(("ssl_certificate", _)) => format!("ssl_certificate {};\n", pem.display()),
            Some(("ssl_certificate_key", _)) => format!("ssl_certificate_key {};\n", key.display()),
            _ => format!("{line}\n"),
        })
        .collect();
    std::fs::write(place.path().join("doorward.conf"), text).unwrap();
    std::fs::write(place.path().join("main"), nginx_main(place.path())).unwrap();
    accepts(Command::new("nginx").args(["-t", "-e", "stderr", "-c"]).arg(place.path().join("main")));
}

#[test]
fn caddy_accepts_its_example() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("Caddyfile");
    std::fs::write(&file, example("caddy/Caddyfile")).unwrap();
    let mut command = Command::new("caddy");
    command.env("HOME", place.path()).env("XDG_DATA_HOME", place.path());
    accepts(command.args(["validate", "--adapter", "caddyfile", "--config"]).arg(&file));
}

#[test]
fn haproxy_accepts_its_example() {
    let place = tempfile::tempdir().unwrap();
    let [_, _, both] = certificate(place.path());
    let lua = place.path().join("doorward.lua");
    std::fs::write(&lua, example("haproxy/doorward.lua")).unwrap();
    let text = example("haproxy/haproxy.cfg")
        .replace("/etc/haproxy/doorward.lua", &lua.display().to_string())
        .replace("/etc/haproxy/certs/", &format!("{}/", both.parent().unwrap().display()));
    std::fs::write(place.path().join("haproxy.cfg"), text).unwrap();
    accepts(Command::new("haproxy").args(["-c", "-f"]).arg(place.path().join("haproxy.cfg")));
}
