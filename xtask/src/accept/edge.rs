//! The first outage: a proxy's error where the sign-in page should be.

use std::fs;

use super::Seen;
use crate::served::{self, Running, Served};
use crate::{Outcome, Trouble, shell};

const PAGE: &str = "/.doorward/sign-in";

/// The page itself, asked for directly.
pub(super) fn page(served: &Served) -> Outcome<Seen> {
    let url = format!("{}{PAGE}", served.origin());
    sign_in_page(&url)?;
    Ok(Seen::Well(format!("200 {url}")))
}

/// The page through Caddy, beside an upstream that is down and shows what the visitor saw before.
pub(super) fn proxied(served: &Served) -> Outcome<Seen> {
    if !shell::has("caddy") {
        return Ok(Seen::Skipped("caddy is not installed".to_owned()));
    }
    let dead = format!("http://localhost:{}", doorward_port::lease());
    let alive = format!("http://localhost:{}", doorward_port::lease());
    let _caddy = caddy(served, &alive, &dead)?;
    let without = served::status(&dead).unwrap_or_default();
    if without != "502" {
        return Err(Trouble::failed(format!("an upstream that is down gave {without}, not 502")));
    }
    sign_in_page(&format!("{alive}{PAGE}"))?;
    Ok(Seen::Well("200 with Doorward behind it, 502 with nobody behind it".to_owned()))
}

fn caddy(served: &Served, alive: &str, dead: &str) -> Outcome<Running> {
    let file = served.folder().join("Caddyfile");
    let (behind, nobody) = (served.port(), doorward_port::lease());
    let text = format!(
        "{{\n\tadmin off\n\tauto_https off\n}}\n\
         {alive} {{\n\tbind 127.0.0.1\n\treverse_proxy 127.0.0.1:{behind}\n}}\n\
         {dead} {{\n\tbind 127.0.0.1\n\treverse_proxy 127.0.0.1:{nobody}\n}}\n"
    );
    fs::write(&file, text)?;
    let mut command = shell::program("caddy");
    command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file);
    command.env("XDG_DATA_HOME", served.folder()).env("XDG_CONFIG_HOME", served.folder());
    let log = served.folder().join("caddy.log");
    served::start(&mut command, served.folder(), &log, &format!("{alive}/health/live"))
}

/// Whether this address answers 200 with a page that has a password field.
fn sign_in_page(url: &str) -> Outcome {
    let mut curl = shell::program("curl");
    curl.args(["--silent", "--show-error", "--include", "--max-time", "10", url]);
    let answer = shell::output(&mut curl)?;
    let head = answer.lines().next().unwrap_or_default();
    let lower = answer.to_ascii_lowercase();
    if !head.contains(" 200") {
        return Err(Trouble::failed(format!("{url} answered {head}")));
    }
    if !lower.contains("content-type: text/html") || !lower.contains("type=\"password\"") {
        return Err(Trouble::failed(format!("{url} is no page with a password field")));
    }
    Ok(())
}
