//! The host of the site: here, or on another machine through a command that runs there.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

use super::Request;
use super::client::Place;
use super::walk::Walk;
use crate::facts::{Facts, Host, Line, Vantage, Via};
use crate::host::{self, upstream};

/// Bytes of facts that are taken from elsewhere.
const LARGEST: usize = 4 * 1024 * 1024;

/// Gathers the host's facts, where the doctor stands on it or was told how to get there.
pub(crate) async fn host(request: &Request, facts: &mut Facts) {
    if request.via.is_empty() {
        let Some(place) = &request.host else { return };
        let seen = host::gather(place).await;
        if request.is_host_named || request.target.is_none() || is_site(facts, &seen) {
            facts.host = Some(seen);
        } else {
            // A log that was fetched from the host says nothing of the machine on which it is read.
            facts.host = host::named(place, request.is_folder_named);
        }
        super::insider::look(request, facts).await;
        return;
    }
    match there(request, facts, "--host-facts").await {
        Some(other) => merge(facts, other),
        None => facts.skipped.push("the command for the host gave no facts: is doorward installed there?".to_owned()),
    }
    let Some(place) = &request.host else { return };
    if request.is_host_here {
        // The command leads into a part of this very host, such as a container.
        let mut own = host::gather(place).await;
        if let Some(part) = facts.host.take() {
            own.take_part(part);
        }
        facts.host = Some(own);
        super::insider::look(request, facts).await;
    } else if let Some(named) = host::named(place, request.is_folder_named) {
        facts.host.get_or_insert_default().take(named);
    }
}

/// Reads the host's logs once more, where something was sent to the sign-in since: what an app has to say of a try stands
/// there after it.
pub(crate) async fn logs(request: &Request, facts: &mut Facts) {
    if facts.signin.attempts.is_empty() || facts.host.is_none() {
        return;
    }
    let mut log = Vec::new();
    if !request.via.is_empty() {
        let mut other = there(request, facts, "--host-logs").await;
        if other.is_none() {
            // An older program there knows the whole look alone.
            other = there(request, facts, "--host-facts").await;
        }
        match other.and_then(|other| other.host) {
            Some(other) => log.extend(other.log),
            None => return,
        }
    }
    if let Some(place) = &request.host {
        let more = if request.via.is_empty() || request.is_host_here {
            host::log(place).await
        } else {
            host::named(place, false).map(|named| named.log).unwrap_or_default()
        };
        Host::add(&mut log, more);
    }
    if let Some(host) = &mut facts.host {
        host.since = since(&host.log, &log);
        host.log = log;
    }
}

/// The last lines of the host's logs and nothing else, for an examination that runs elsewhere.
pub(crate) async fn logs_here(request: &Request, facts: &mut Facts) {
    if let Some(place) = &request.host {
        facts.host = Some(Host { log: host::log(place).await, ..Host::default() });
    }
}

/// Whether this machine is the one that serves the site: its name leads here, or what listens here is set up for it.
fn is_site(facts: &Facts, host: &Host) -> bool {
    let Some(target) = &facts.target else { return true };
    let leads_here = facts
        .addresses()
        .iter()
        .chain(target.address().iter())
        .any(|address| address.is_loopback() || host.addresses.contains(address));
    let is_named = host.proxy.iter().any(|line| line.text.contains(&target.host))
        || host.certificates.iter().any(|(_, certificate)| certificate.names.contains(&target.host));
    // What is set up somewhere and does not listen here serves nobody from here: a copy, a twin, another's container.
    let is_set_up = is_named && host.on_port(target.port).next().is_some();
    leads_here || is_set_up || facts.vantage == Vantage::Origin
}

async fn there(request: &Request, facts: &Facts, wish: &str) -> Option<Facts> {
    let (program, rest) = request.via.split_first()?;
    let mut words = vec!["doorward".to_owned(), "doctor".to_owned()];
    words.extend(request.target.as_ref().map(|target| format!("{}{}", target.origin(), target.path)));
    words.extend([wish, "--salt", &request.salt.to_hex()].map(str::to_owned));
    if let Some(stop) = crate::stop::find(facts) {
        words.extend(["--stopped-at", stop.link.as_str()].map(str::to_owned));
    }
    if facts.visits.iter().any(|visit| visit.status == 429) {
        words.push("--spent".to_owned());
    }
    words.extend(request.there.iter().cloned());
    // What ssh is given is read by a shell on the other side.
    if Path::new(program).file_name().is_some_and(|name| name == "ssh") {
        words = words.iter().map(|word| quoted(word)).collect();
    }
    let mut command = Command::new(program);
    command.args(rest).args(words);
    command.stdin(std::process::Stdio::null()).stderr(std::process::Stdio::null()).kill_on_drop(true);
    let output = timeout(Duration::from_secs(8), command.output()).await.ok()?.ok()?;
    (output.stdout.len() <= LARGEST).then(|| serde_json::from_slice(&output.stdout).ok()).flatten()
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/:._-=@,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

fn merge(facts: &mut Facts, other: Facts) {
    facts.has_origin |= other.has_origin;
    facts.has_app |= other.has_app;
    facts.host = other.host;
    facts.installation = other.installation;
    facts.doors.extend(other.doors.into_iter().filter(|door| door.via != Via::Public));
    facts.visits.extend(other.visits.into_iter().filter(|visit| visit.via != Via::Public));
    facts.skipped.extend(other.skipped);
}

/// What the host's own tables say of where the origin and the app are, where nobody named them.
pub(crate) async fn inside(walk: &mut Walk<'_>, facts: &mut Facts) {
    // What the command leads into is nearer to the proxy than this host is.
    if !walk.request.via.is_empty() && (!walk.request.is_host_here || facts.has_app) {
        return;
    }
    let Some(host) = facts.host.clone() else { return };
    let port = walk.target.port;
    let own = host.on_port(port).next().map(|listener| listener.address.ip());
    if walk.request.origin.is_none()
        && facts.is_behind_cdn()
        && let Some(ip) = own
    {
        let ip = if ip.is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { ip };
        facts.has_origin = true;
        let place = Place {
            via: Via::Origin,
            is_tls: walk.target.is_https(),
            host: walk.target.host.clone(),
            address: SocketAddr::new(ip, port),
        };
        walk.look(place, facts).await;
    }
    if walk.request.app.is_none()
        && let Some(address) = upstream::reachable(&host).filter(|address| address.port() != port)
    {
        facts.has_app = true;
        let place = Place { via: Via::App, is_tls: false, host: walk.target.host.clone(), address };
        walk.look(place.clone(), facts).await;
        if let Some(dialect) = host::dialect::of(&host, address.port()) {
            super::speech::speak(walk, place, &dialect, facts).await;
        }
    }
}

/// What came since: each log is a window of last lines that moves on.
fn since(before: &[Line], after: &[Line]) -> Vec<Line> {
    let mut sources: Vec<&str> = after.iter().map(|line| line.source.as_str()).collect();
    sources.dedup();
    let mut fresh = Vec::new();
    for source in sources {
        let of = |lines: &'_ [Line]| lines.iter().filter(|line| line.source == source).cloned().collect::<Vec<_>>();
        let (old, new) = (of(before), of(after));
        let is_joint = |count: &usize| old[old.len() - count..].iter().zip(&new).all(|(old, new)| old.text == new.text);
        let kept = (0..=old.len().min(new.len())).rev().find(is_joint).unwrap_or_default();
        fresh.extend(new.into_iter().skip(kept));
    }
    fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_what_was_meant() {
        assert_eq!(quoted("https://a.test/x"), "https://a.test/x");
        assert_eq!(quoted("https://a.test/x?a=1&b=2"), "'https://a.test/x?a=1&b=2'");
        assert_eq!(quoted("it's; rm"), "'it'\\''s; rm'");
    }

    #[test]
    fn what_was_written_since_is_new() {
        let line = |text: &&str| Line { source: "a".into(), number: 0, text: (*text).to_owned() };
        for (before, after, expected) in [
            (&["1", "2"][..], &["1", "2", "3"][..], &["3"][..]),
            (&["1", "2"], &["2", "3"], &["3"]),
            (&["1", "1"], &["1", "1", "1"], &["1"]),
            (&["1"], &["7", "8"], &["7", "8"]),
            (&[], &["1"], &["1"]),
            (&["1"], &["1"], &[]),
        ] {
            let lines = |texts: &[&str]| texts.iter().map(line).collect::<Vec<_>>();
            assert_eq!(since(&lines(before), &lines(after)), lines(expected), "{before:?} {after:?}");
        }
    }
}
