//! Uses the store where the test suite lets something go wrong: kill -9, a full disk, a read-only disk.
#![expect(clippy::print_stdout, reason = "standard output is how the test hears what was acknowledged")]

use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use doorward_core::audit::{Action, Actor, Event};
use doorward_core::identifier::{LinkId, UserId};
use doorward_core::store::{Audit as _, Link, Links as _, Purpose, StoreError, Users as _};
use doorward_core::token::{self, Kind};
use doorward_core::user::{Status, User};
use doorward_core::{Random, Secret, UnixTime};
use doorward_store::{Location, Look, Server, Store};

/// The system's random bytes: each run makes other names.
#[derive(Debug)]
struct System;

impl Random for System {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the system has random bytes");
    }
}

const NOW: UnixTime = UnixTime(1_800_000_000);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(task), Some(place)) = (arguments.next(), arguments.next()) else {
        println!("usage: fault write URL | fill DIRECTORY | look DIRECTORY | open DIRECTORY");
        return;
    };
    match task.as_str() {
        "write" => write_for_ever(&location(&place)).await,
        "fill" => fill(Path::new(&place)).await,
        "look" => match doorward_store::look(&Location::embedded(Path::new(&place)), Duration::from_secs(5)).await {
            Look::Seen(found) if found.refused.is_empty() && found.write.is_empty() => say("well"),
            Look::Seen(found) => say(&format!("{} {}", found.refused, found.write)),
            other => say(&format!("{other:?}")),
        },
        _ => match Store::open(&Location::embedded(Path::new(&place))).await {
            Ok(_) => say("opened"),
            Err(findings) => findings.iter().for_each(|finding| say(finding.code)),
        },
    }
}

fn location(place: &str) -> Location {
    match place.strip_prefix("sqlite://") {
        Some(path) => Location::Sqlite(path.into()),
        None => Location::Postgres(Server::new(Secret::new(place))),
    }
}

fn say(text: &str) {
    println!("{text}");
    std::io::stdout().flush().expect("the test listens");
}

fn event(action: Action) -> Event {
    Event::new(NOW, action, Actor::System)
}

/// Invites and accepts, and says each name only after the store has said yes.
async fn write_for_ever(location: &Location) {
    let store = Store::open(location).await.expect("the test has made the database");
    loop {
        let id = UserId::random(&System);
        let email = format!("{}@example.com", id.to_string().to_lowercase());
        let user = User {
            id,
            email: email.parse().expect("an address"),
            name: "Ada".parse().expect("a name"),
            groups: std::collections::BTreeSet::new(),
            status: Status::Active,
            password: None,
            password_changed_at: NOW,
            must_change_password: false,
            created_at: NOW,
        };
        let (_, hash) = token::mint(Kind::Invitation, &System);
        let purpose = Purpose::Invitation { email: user.email.clone(), groups: user.groups.clone() };
        let link = Link {
            id: LinkId::random(&System),
            hash,
            purpose,
            is_mailed: false,
            created_at: NOW,
            expires_at: NOW + 86_400,
        };
        store.create_link(&link, &event(Action::LinkCreated)).await.expect("a link");
        assert!(store.accept_invitation(hash, &user, &event(Action::UserCreated)).await.expect("an account"));
        say(&format!("{id} {}", hash.to_text()));
    }
}

/// Writes until the disk is full, makes room, and goes on.
async fn fill(directory: &Path) {
    let filler = directory.join("filler");
    std::fs::write(&filler, vec![0; 300_000]).expect("there is room for the filler");
    let store = Store::open(&Location::embedded(directory)).await.expect("there is room for a database");
    let large = event(Action::ConfigurationReloaded).with_detail("x".repeat(20_000));
    let mut acknowledged = 0;
    let error = loop {
        match store.append(&large).await {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    say(error.code());
    say(if matches!(error, StoreError::Full(_)) { "full" } else { "otherwise" });
    // Small writes may still find room in the write-ahead log; large ones do not, and nothing is half done.
    assert!(store.append(&large).await.is_err());
    say(if store.has_users().await.is_ok() { "reads go on" } else { "reads fail" });
    say(if store.newest().await.ok() == Some(acknowledged) { "nothing is lost" } else { "something is lost" });
    std::fs::remove_file(&filler).expect("the filler is there");
    say(if store.append(&large).await.is_ok() { "writes go on" } else { "writes fail" });
    say(if store.verify_chain().await.ok() == Some(Ok(acknowledged + 1)) {
        "the chain holds"
    } else {
        "the chain is broken"
    });
}
