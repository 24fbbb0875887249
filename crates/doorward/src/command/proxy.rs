//! `doorward proxy-config`: the complete configuration of the proxy in front, filled in from our own.

mod caddy;
mod haproxy;
mod nginx;
mod plan;
mod traefik;

use std::io::{self, Write};

use doorward_core::Finding;

use super::{CONFIGURATION, WELL, report};
use crate::config::{Config, Inputs};
use plan::Plan;

/// The arguments of `doorward proxy-config`.
#[derive(Debug, Clone, clap::Args)]
pub struct ProxyArgs {
    /// For which proxy
    pub proxy: Proxy,
}

/// A proxy that asks by forward auth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Proxy {
    /// nginx 1.20 or newer, with `auth_request`
    Nginx,
    /// Caddy 2.6 or newer
    Caddy,
    /// Traefik 3, as a file of its dynamic configuration
    Traefik,
    /// `HAProxy` 2.6 or newer with Lua; needs `haproxy-lua` beside it
    Haproxy,
    /// The Lua script that `haproxy` loads
    HaproxyLua,
}

/// One file that a proxy reads.
#[derive(Debug, serde::Serialize)]
struct File {
    /// Where it usually is.
    place: &'static str,
    content: String,
}

impl Proxy {
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Haproxy | Self::HaproxyLua => "haproxy",
        }
    }

    /// What it needs, the file that was asked for first.
    fn files(self, plan: &Plan) -> Vec<File> {
        let file = |place, content| File { place, content };
        let lua = || file("/etc/haproxy/doorward.lua", haproxy::lua(plan));
        match self {
            Self::Nginx => vec![file("/etc/nginx/conf.d/doorward.conf", nginx::print(plan))],
            Self::Caddy => vec![file("/etc/caddy/Caddyfile", caddy::print(plan))],
            Self::Traefik => vec![file("/etc/traefik/dynamic/doorward.yml", traefik::print(plan))],
            Self::Haproxy => vec![file("/etc/haproxy/haproxy.cfg", haproxy::print(plan)), lua()],
            Self::HaproxyLua => vec![lua()],
        }
    }
}

/// Prints it and returns the exit code: 0 well, 2 where the configuration has errors or names no public URL. What is
/// still to be done goes to `remarks`, so that the output is the file.
///
/// # Errors
/// Those of the writers.
pub fn run(
    args: &ProxyArgs,
    inputs: &Inputs,
    json: bool,
    out: &mut dyn Write,
    remarks: &mut dyn Write,
) -> io::Result<u8> {
    let plan = match Config::load(inputs).and_then(|loaded| Plan::of(&loaded.config).map_err(|finding| vec![finding])) {
        Ok(plan) => plan,
        Err(findings) => {
            show(&findings, json, out)?;
            return Ok(CONFIGURATION);
        }
    };
    let (files, notes) = (args.proxy.files(&plan), plan.notes(args.proxy));
    if json {
        let report = serde_json::json!({ "proxy": args.proxy.name(), "files": files, "remarks": notes });
        serde_json::to_writer_pretty(&mut *out, &report)?;
        writeln!(out)?;
        return Ok(WELL);
    }
    for file in files.iter().take(1) {
        out.write_all(file.content.as_bytes())?;
    }
    for note in notes {
        writeln!(remarks, "doorward: {note}")?;
    }
    Ok(WELL)
}

fn show(findings: &[Finding], json: bool, out: &mut dyn Write) -> io::Result<()> {
    if json { report::json(findings, out) } else { report::text(findings, out) }
}

#[cfg(test)]
mod tests;
