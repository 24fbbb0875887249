//! Full handshakes of TLS 1.3 with nginx and with Doorward, both with one certificate of ECDSA P-256.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::contender::Contender;
use super::load::{Wanted, processor_time};
use super::one;
use crate::served::{Served, pinned};

/// Clients at once, and for how long.
const CLIENTS: usize = 8;
const SECONDS: &str = "3";

/// Prints the rows `tls.…`.
pub(super) async fn measure(core: usize, rest: usize, turn: usize) {
    let place = tempfile::tempdir().unwrap();
    let (certificate, key) = certificate(place.path());
    let (port, mut command) = (doorward_port::lease(), pinned(core, "nginx"));
    let conf = place.path().join("nginx.conf");
    fs::write(&conf, nginx_conf(port, place.path(), &certificate, &key)).unwrap();
    command.arg("-c").arg(conf).arg("-p").arg(place.path());
    let nginx = Contender::start("nginx", port, command).await;

    let port = doorward_port::lease();
    let listen = format!("127.0.0.1:{port}");
    let settings = [
        ("LOG_LEVEL", "warn"),
        ("DOORWARD_SERVER__PUBLIC_URL", "https://localhost"),
        ("DOORWARD_TLS__LISTEN", &listen),
        ("DOORWARD_TLS__CERTIFICATE", &certificate),
        ("DOORWARD_TLS__KEY", &key),
    ];
    let served = Served::start_on(core, tempfile::tempdir().unwrap(), &settings).await;
    let doorward = Wanted { name: "doorward", port, process: served.process(), path: "/", is_question: false };
    let mut both = [doorward, nginx.wanted()];
    both.rotate_left(turn % 2);
    for wanted in &both {
        shake(rest, wanted);
    }
}

/// Prints handshakes in a second, and the microseconds of the server's processor for each. The clients have one core
/// as the server has, and a client has more to compute: therefore the second row is the one to judge by.
fn shake(core: usize, wanted: &Wanted) {
    let before = processor_time(wanted.process);
    let clients: Vec<Child> = (0..CLIENTS)
        .map(|_| {
            let mut command = pinned(core, "openssl");
            command.args(["s_time", "-new", "-tls1_3", "-time", SECONDS, "-connect"]);
            command.arg(format!("127.0.0.1:{}", wanted.port)).stdout(Stdio::piped()).stderr(Stdio::null());
            command.spawn().unwrap()
        })
        .collect();
    let told = clients.into_iter().map(|client| client.wait_with_output().unwrap().stdout);
    let count: f64 = told.map(|told| connections(&String::from_utf8(told).unwrap())).sum();
    assert!(count > 0.0, "{}: no handshake came about", wanted.name);
    let spent = processor_time(wanted.process) - before;
    one(&format!("tls.{}", wanted.name), count / SECONDS.parse::<f64>().unwrap(), "/s");
    one(&format!("tls.{}.cpu", wanted.name), spent / count, "us");
}

/// The number in `1234 connections in 4 real seconds, …`.
fn connections(told: &str) -> f64 {
    let start = told.split(" connections in ").nth(1).map_or("", |_| told);
    let line = start.lines().find(|line| line.contains("real seconds")).unwrap_or("0");
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

fn certificate(place: &Path) -> (String, String) {
    let (certificate, key) = (place.join("certificate.pem"), place.join("key.pem"));
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "30"]);
    command.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]);
    command.arg("-keyout").arg(&key).arg("-out").arg(&certificate).stderr(Stdio::null());
    assert!(command.status().unwrap().success(), "openssl makes a certificate");
    (certificate.display().to_string(), key.display().to_string())
}

fn nginx_conf(port: u16, place: &Path, certificate: &str, key: &str) -> String {
    let place = place.display();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {place}/nginx.pid; error_log /dev/null crit;
events {{ worker_connections 4096; }}
http {{
  access_log off; client_body_temp_path {place}/body; proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi; uwsgi_temp_path {place}/uwsgi; scgi_temp_path {place}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_protocols TLSv1.3;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{ return 200; }}
  }}
}}
"
    )
}
