//! Doorward beside nginx, `HAProxy` and Caddy: the same requests, one core for each proxy, everything else on another.

pub(crate) mod behind;
mod contender;
mod handshake;
mod load;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use contender::Contender;
use load::{Load, Wanted};
use rustix::thread::{CpuSet, sched_setaffinity};

use crate::flood::{self, pass, sign_in};
use crate::row;
use crate::served::{self, Served};

/// The core of the proxy under measurement, and the core of everything else.
const PROXY: usize = 0;
const REST: usize = 1;

/// Sessions that each of them knows.
const SESSIONS: usize = 100_000;

/// What stands behind Doorward while it is measured.
struct Stage {
    place: tempfile::TempDir,
    upstream: String,
}

impl Stage {
    async fn serve(self, settings: &[(&str, &str)]) -> Served {
        let own = [
            ("ENVIRONMENT", "development"),
            ("LOG_LEVEL", "warn"),
            ("DOORWARD_APP__0__UPSTREAM", &self.upstream),
            ("DOORWARD_APP__0__JWT", "false"),
            ("DOORWARD_APP__1__UPSTREAM", &self.upstream),
            ("DOORWARD_APP__1__PATH", "/signed"),
        ];
        Served::start_on(PROXY, self.place, &[&own, settings].concat()).await
    }
}

/// Prints the rows `proxy.…`, `authz.…`, `beside.…` and `tls.…`.
pub(crate) async fn measure(turn: usize) {
    let mut cores = CpuSet::new();
    cores.set(REST);
    sched_setaffinity(None, &cores).unwrap();

    let (served, _) = Served::start(tempfile::tempdir().unwrap(), &[]).await;
    let place = served.end();
    let mut cookies = served::fill(&place.path().join("data/doorward.db"), SESSIONS).await;
    let app = doorward_port::lease();
    let stage = Stage { place, upstream: format!("http://127.0.0.1:{app}") };
    let upstream = stage.upstream.clone();
    let served = stage.serve(&[]).await;
    let session = sign_in(&served, &pass(&served).await).await;
    let cookie = session.split("; ").find_map(|cookie| cookie.strip_prefix("doorward=")).unwrap().to_owned();
    cookies.push(cookie.clone());
    let sessions = served.place.path().join("sessions");
    write_sessions(&sessions, &cookies);
    let _behind = behind::Behind::start(REST, app, &sessions);
    let load = Load { core: REST, cookie: format!("doorward={cookie}") };
    proxied(&load, &served, (app, &sessions), turn).await;

    // A proxy that asks must be listed, and the addresses of a flood come through one.
    let listed = [("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let served = Arc::new(Stage { place: served.end(), upstream }.serve(&listed).await);
    questions(&load, &served, turn);
    let wanted = doorward(&served, "doorward", "/");
    flood::beside(&served, "beside", async |session| load.slowest(&wanted, session).await).await;
    handshake::measure(PROXY, REST, turn).await;
}

fn doorward(served: &Served, name: &'static str, path: &'static str) -> Wanted {
    Wanted { name, port: served.port, process: served.process(), path, is_question: false }
}

/// The same request through each of them, by turns.
async fn proxied(load: &Load, served: &Served, (app, sessions): (u16, &Path), turn: usize) {
    let place = tempfile::tempdir().unwrap();
    let rivals = contender::rivals(PROXY, place.path(), app, sessions).await;
    let mut all = vec![doorward(served, "doorward", "/"), doorward(served, "doorward_signed", "/signed")];
    all.extend(rivals.iter().map(Contender::wanted));
    let start = turn % all.len();
    all.rotate_left(start);
    for wanted in &all {
        load.measure("proxy", wanted);
    }
}

/// What another proxy is answered, and what everybody is answered.
fn questions(load: &Load, served: &Served, turn: usize) {
    let asked = Wanted { is_question: true, ..doorward(served, "asked", "/api/authz/auth-request") };
    let mut both = [asked, doorward(served, "constant", "/health/live")];
    both.rotate_left(turn % 2);
    for wanted in &both {
        load.measure("authz", wanted);
    }
}

/// One line for each session: the cookie, and whose it is. `HAProxy` reads this as its map.
fn write_sessions(file: &Path, cookies: &[String]) {
    let lines = cookies.iter().map(|cookie| format!("{cookie} admin@example.com\n")).collect::<Vec<_>>().concat();
    fs::write(file, lines).unwrap();
}

/// Prints a row of one value.
fn one(name: &str, value: f64, unit: &str) {
    row(name, vec![value], unit);
}
