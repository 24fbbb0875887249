//! Facts for the tests of rules.

use super::basis::*;

/// Facts about `https://app.example.com`, found at 192.0.2.10, where the door is open and the handshake good.
pub(super) fn healthy() -> Facts {
    let mut facts = Facts { now: 1_800_000_000, ..Facts::default() };
    facts.target = Some(Target { scheme: "https".into(), host: "app.example.com".into(), port: 443, path: "/".into() });
    facts.lookups.push(crate::facts::Lookup {
        addresses: vec!["192.0.2.10".parse().unwrap()],
        name: "app.example.com".into(),
        ..Default::default()
    });
    facts.doors.push(door(Tcp::Open));
    facts.doors[0].tls = Some(Handshake::default());
    facts.visits.push(visit(200));
    facts
}

/// The main door, in this state.
pub(super) fn door(tcp: Tcp) -> Door {
    Door { via: Via::Public, address: "192.0.2.10:443".parse().unwrap(), tcp, ms: 3, tls: None, purpose: "main".into() }
}

/// The first request with this answer.
pub(super) fn visit(status: u16) -> Visit {
    Visit { status, method: "GET".into(), url: "https://app.example.com/".into(), ..Visit::default() }
}

/// Facts whose first connection meets this.
pub(super) fn met(tcp: Tcp) -> Facts {
    let mut facts = healthy();
    facts.doors = vec![door(tcp)];
    facts.visits.clear();
    facts
}

/// Facts whose first request is answered so.
pub(super) fn answered(status: u16) -> Facts {
    let mut facts = healthy();
    facts.visits = vec![visit(status)];
    facts
}

/// A field added to an answer.
pub(super) fn with(mut visit: Visit, name: &str, value: &str) -> Visit {
    visit.fields.push((name.to_owned(), value.to_owned()));
    visit
}

/// A body of an answer.
pub(super) fn saying(mut visit: Visit, body: &str) -> Visit {
    body.clone_into(&mut visit.body);
    visit
}

/// The same by another way.
pub(super) fn by(mut visit: Visit, via: Via) -> Visit {
    visit.via = via;
    visit
}

/// A host with these listeners, whose address is 192.0.2.10.
pub(super) fn host(listeners: &[&str]) -> Host {
    let listeners = listeners.iter().map(|at| Listener {
        address: at.parse().unwrap(),
        owner: String::new(),
        waiting: 0,
        busy: 0,
        backlog: 128,
    });
    Host {
        listeners: listeners.collect(),
        addresses: vec!["192.0.2.10".parse().unwrap()],
        now: 1_800_000_000,
        ..Host::default()
    }
}

/// The host's log with one line.
pub(super) fn logged(mut facts: Facts, text: &str) -> Facts {
    let line = Line { source: "error.log".into(), number: 1, text: text.into() };
    facts.host.get_or_insert_default().log.push(line);
    facts
}

/// The code of what the rule says.
pub(super) fn code(rule: &Rule, facts: &Facts) -> Option<&'static str> {
    (rule.judge)(facts).map(|suspect| suspect.code)
}
