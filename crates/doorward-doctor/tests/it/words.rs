//! What proxies, apps and databases of others write in their logs leads to its cause, and to none where all is well.

use doorward_doctor::facts::{
    Answer, Attempt, Door, Facts, Form, Handshake, Host, Line, Listener, Lookup, Target, Tcp, Variant, Via, Visit,
};
use doorward_doctor::judge;

/// A site whose way ends as the row says, on a host with these last lines in a log.
fn met(how: &str, log: &str) -> Facts {
    let mut facts = Facts { now: 1_796_000_000, ..Facts::default() };
    let path = "/login".to_owned();
    facts.target = Some(Target { scheme: "https".into(), host: "app.example.com".into(), port: 443, path });
    let address: std::net::SocketAddr = "192.0.2.10:443".parse().expect("an address");
    facts.lookups.push(Lookup { addresses: vec![address.ip()], name: "app.example.com".into(), ..Lookup::default() });
    let tls = Some(Handshake::default());
    facts.doors.push(Door { via: Via::Public, address, tcp: Tcp::Open, ms: 3, tls, purpose: "main".into() });
    let line = |text: &str| Line { source: "app.log".into(), number: 0, text: text.into() };
    facts.host = Some(Host {
        addresses: vec![address.ip()],
        listeners: vec![Listener {
            address: "0.0.0.0:443".parse().expect("an address"),
            owner: "nginx".into(),
            waiting: 0,
            busy: 0,
            backlog: 511,
        }],
        log: log.split("\\n").map(line).collect(),
        now: facts.now,
        ..Host::default()
    });
    let is_sign_in = how == "signin";
    facts.visits.push(Visit {
        status: if is_sign_in { 200 } else { how.parse().expect("a status") },
        method: "GET".into(),
        url: "https://app.example.com/login".into(),
        ..Visit::default()
    });
    if is_sign_in {
        facts.signin.form = Some(Form::default());
        let (variant, answer) = (Variant::Browser, Answer::Failure);
        facts.signin.attempts.push(Attempt { variant, answer, status: 500, ..Attempt::default() });
    }
    facts
}

#[test]
fn words_of_others_lead_to_their_cause() {
    let mut wrong = Vec::new();
    for row in include_str!("words.tsv").lines().filter(|row| !row.starts_with('#')) {
        let parts: Vec<_> = row.splitn(3, '\t').collect();
        let [wanted, how, log] = parts[..] else { panic!("not three columns: {row}") };
        let root = judge(&met(how, log), None).root_cause;
        let found = match &root {
            None => "-",
            Some(root) if root.family.starts_with("unknown.") => "unknown",
            Some(root) => root.code,
        };
        if wanted.split('|').all(|wanted| wanted != found) {
            wrong.push(format!("{found} instead of {row}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
