//! Doorward beside nginx, HAProxy and Caddy: the same requests, one core for each proxy, everything else on another.

pub(crate) mod behind;
mod contender;
mod load;

use std::fs;
use std::path::Path;

use contender::Contender;
use load::{Load, Wanted};

use crate::flood::{pass, sign_in};
use crate::row;
use crate::served::{self, Served};

/// The core of the proxy under measurement, and the core of everything else.
const PROXY: usize = 0;
const REST: usize = 1;

/// Sessions that each of them knows.
const SESSIONS: usize = 100_000;

/// Prints the rows `proxy.…` and `authz.…`.
pub(crate) async fn measure(turn: usize) {
    let (served, _) = Served::start(tempfile::tempdir().unwrap(), &[]).await;
    let place = served.end();
    let mut cookies = served::fill(&place.path().join("data/doorward.db"), SESSIONS).await;
    let app = served::free_port();
    let upstream = format!("http://127.0.0.1:{app}");
    let settings = [
        ("ENVIRONMENT", "development"),
        ("LOG_LEVEL", "warn"),
        // Only for the rows `authz.…`: a proxy that asks must be listed.
        ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
        ("DOORWARD_APP__0__UPSTREAM", &upstream),
        ("DOORWARD_APP__0__JWT", "false"),
        ("DOORWARD_APP__1__UPSTREAM", &upstream),
        ("DOORWARD_APP__1__PATH", "/signed"),
    ];
    let served = Served::start_on(PROXY, place, &settings).await;
    let session = sign_in(&served, &pass(&served).await).await;
    let cookie = session.split("; ").find(|cookie| cookie.starts_with("doorward=")).unwrap();
    cookies.push(cookie.trim_start_matches("doorward=").to_owned());
    let sessions = served.place.path().join("sessions");
    write_sessions(&sessions, &cookies);
    let _behind = behind::Behind::start(REST, app, &sessions);

    let place = tempfile::tempdir().unwrap();
    let rivals = contender::rivals(PROXY, place.path(), app, &sessions).await;
    let host = format!("localhost:{}", served.port);
    let doorward = |name, path: &'static str| Wanted { name, port: served.port, process: served.process(), path };
    let mut all = vec![doorward("doorward", "/"), doorward("doorward_signed", "/signed")];
    all.extend(rivals.iter().map(Contender::wanted));
    let load = Load { core: REST, host, cookie: cookie.to_owned() };
    let count = all.len();
    for place in 0..count {
        load.measure("proxy", &all[(place + turn) % count]);
    }
    let mut questions = [doorward("asked", "/api/authz/auth-request"), doorward("constant", "/health/live")];
    questions.rotate_left(turn % 2);
    for question in &questions {
        load.measure("authz", question);
    }
}

/// One line for each session: the cookie, and whose it is. `HAProxy` reads this as its map.
fn write_sessions(file: &Path, cookies: &[String]) {
    let lines: String = cookies.iter().map(|cookie| format!("{cookie} admin@example.com\n")).collect();
    fs::write(file, lines).unwrap();
}

/// Prints a row of one value.
fn one(name: &str, value: f64, unit: &str) {
    row(name, vec![value], unit);
}
