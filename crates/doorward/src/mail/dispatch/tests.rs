//! The dispatch with a clock that only a test moves, and a mail server that behaves as the test says.

use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

use doorward_core::Random;
use doorward_core::language::Language;
use doorward_core::store::{Audit as _, AuditQuery};
use doorward_store::Location;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;

use super::*;
use crate::config::{Encryption, MailServer};
use crate::identity::Keyring;
use crate::mail::{Addressee, Site, letter};

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}

#[derive(Debug)]
struct Chance;

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).unwrap();
    }
}

/// A mail server that answers each `RCPT` with `answer`, and the letters that it took.
struct Fake {
    port: u16,
    taken: Arc<AtomicUsize>,
    ids: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (taken, ids) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (count, seen) = (Arc::clone(&taken), Arc::clone(&ids));
        #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (count, seen) = (Arc::clone(&count), Arc::clone(&seen));
                #[expect(clippy::disallowed_methods, reason = "the server ends with the test's runtime")]
                tokio::spawn(async move {
                    let (reader, mut writer) = stream.into_split();
                    let mut lines = BufReader::new(reader).lines();
                    writer.write_all(b"220 fake\r\n").await.unwrap();
                    let mut is_letter = false;
                    while let Ok(Some(line)) = lines.next_line().await {
                        if is_letter {
                            if let Some(id) = line.strip_prefix("Message-ID: ") {
                                seen.lock().push(id.to_owned());
                            }
                            if line == "." {
                                is_letter = false;
                                count.fetch_add(1, Ordering::SeqCst);
                                writer.write_all(b"250 taken\r\n").await.unwrap();
                            }
                            continue;
                        }
                        let said = match line.get(..4).unwrap_or_default() {
                            "RCPT" => answer,
                            "DATA" => {
                                is_letter = true;
                                "354 go on"
                            }
                            "QUIT" => return,
                            _ => "250 fake",
                        };
                        writer.write_all(format!("{said}\r\n").as_bytes()).await.unwrap();
                    }
                });
            }
        });
        Self { port, taken, ids }
    }
}

struct House {
    place: TempDir,
    clock: Arc<Hand>,
    post: Post,
    store: Store,
}

impl House {
    async fn new() -> Self {
        let place = tempfile::tempdir().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(1_800_000_000)));
        let keyring = Keyring::open(&place.path().join("keys"), false, clock.now(), &Chance).unwrap();
        let post = Post::open(Site::new("https://login.example.com"), keyring.sealer().clone());
        let store = Store::open(&Location::embedded(place.path())).await.unwrap();
        Self { place, clock, post, store }
    }

    fn dispatch(&self, store: &Store, port: u16) -> Dispatch {
        let server = MailServer {
            host: "127.0.0.1".into(),
            port,
            encryption: Encryption::Off,
            ca_file: None,
            credentials: None,
            from: "login@example.com".parse().unwrap(),
            reply_to: None,
        };
        let courier = Courier::new(&server, "login.example.com:8443").unwrap();
        let clock = Arc::clone(&self.clock) as Arc<dyn Clock>;
        let (letters, kept) = (self.post.clone(), store.clone());
        Dispatch { store: kept, post: letters, clock, way: Way::Server(Box::new(courier)), state: Mutex::default() }
    }

    async fn spool(&self, count: usize) {
        for _ in 0..count {
            let to = "ada@example.com".parse().unwrap();
            let letters = self.post.write(Addressee { to: &to, user: None }, (self.clock.now(), &Chance), |site| {
                letter::test(site, Language::English)
            });
            let event = Event::new(self.clock.now(), Action::LinkCreated, Actor::System);
            self.store.mailing(letters).append(&event).await.unwrap();
        }
    }

    fn forward(&self, seconds: i64) {
        self.clock.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[tokio::test]
async fn what_failed_is_tried_again_later_also_after_a_restart_and_is_sent_once() {
    let house = House::new().await;
    house.spool(1).await;
    let broken = Fake::start("451 later").await;
    let dispatch = house.dispatch(&house.store, broken.port);
    dispatch.round().await.unwrap();
    dispatch.round().await.unwrap();
    assert_eq!((dispatch.figures().failed, broken.taken.load(Ordering::SeqCst)), (1, 0), "not tried again at once");
    drop(dispatch);
    let store = Store::open(&Location::embedded(house.place.path())).await.unwrap();
    let well = Fake::start("250 yes").await;
    let dispatch = house.dispatch(&store, well.port);
    house.forward(14);
    dispatch.round().await.unwrap();
    assert_eq!(well.taken.load(Ordering::SeqCst), 0);
    house.forward(1);
    for _ in 0..3 {
        dispatch.round().await.unwrap();
    }
    assert_eq!(well.taken.load(Ordering::SeqCst), 1);
    assert_eq!(store.waiting_mail().await.unwrap(), 0);
    assert!(dispatch.findings().is_empty());
}

#[tokio::test]
async fn of_several_processes_one_sends_each_letter() {
    let house = House::new().await;
    house.spool(12).await;
    let server = Fake::start("250 yes").await;
    let mut nodes = Vec::new();
    for _ in 0..3 {
        let store = Store::open(&Location::embedded(house.place.path())).await.unwrap();
        nodes.push(house.dispatch(&store, server.port));
    }
    let rounds = nodes.iter().map(Dispatch::round);
    for done in futures_util::future::join_all(rounds).await {
        done.unwrap();
    }
    let mut ids = server.ids.lock().clone();
    assert_eq!(ids.len(), 12);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 12, "no letter twice");
}

#[tokio::test]
async fn what_the_server_refuses_for_good_is_given_up_at_once_and_told() {
    let house = House::new().await;
    house.spool(1).await;
    let server = Fake::start("550 nobody has this name").await;
    let dispatch = house.dispatch(&house.store, server.port);
    dispatch.round().await.unwrap();
    assert_eq!(house.store.waiting_mail().await.unwrap(), 0);
    let codes: Vec<_> = dispatch.findings().iter().map(|finding| finding.code).collect();
    assert_eq!(codes, ["mail.given_up"], "the server itself is well");
    let records = house.store.records(&AuditQuery { limit: 10, ..AuditQuery::default() }).await.unwrap();
    assert!(records.iter().any(|record| record.action == "mail.failed" && record.detail.contains("550")));
    house.forward(TOLD_SECONDS);
    assert!(dispatch.findings().is_empty());
}

#[tokio::test]
async fn a_server_that_is_down_is_named_and_letters_are_given_up_after_a_day() {
    let house = House::new().await;
    house.spool(5).await;
    let dispatch = house.dispatch(&house.store, doorward_port::lease());
    dispatch.round().await.unwrap();
    assert!(dispatch.figures().failed <= 3, "a round ends where the server fails");
    assert_eq!(dispatch.findings()[0].code, "mail.unreachable");
    assert_eq!(dispatch.health().state, crate::watch::health::State::Degraded);
    for _ in 0..150 {
        house.forward(600);
        dispatch.round().await.unwrap();
    }
    // A letter that nobody can take any more is cleared by the round that clears everything.
    assert!(dispatch.findings().iter().any(|finding| finding.code == "mail.given_up"));
    assert!(dispatch.figures().failed <= 5 * 16, "{:?}", dispatch.figures());
}

#[tokio::test]
async fn a_letter_of_other_keys_is_given_up_and_not_sent_as_nonsense() {
    let house = House::new().await;
    house.spool(1).await;
    let other = House::new().await;
    let server = Fake::start("250 yes").await;
    let mut dispatch = house.dispatch(&house.store, server.port);
    dispatch.post = other.post.clone();
    dispatch.round().await.unwrap();
    assert_eq!((server.taken.load(Ordering::SeqCst), dispatch.figures().given_up), (0, 1));
}

// CVE-2011-0411: words before the handshake are no answers of the server, and no offer means no letter.
#[tokio::test]
async fn starttls_may_be_neither_dropped_nor_preceded() {
    for (offer, answer, why) in [
        ("250-fake\r\n250 HELP\r\n", "", "does not offer STARTTLS"),
        ("250-fake\r\n250 STARTTLS\r\n", "220 go\r\n250 injected\r\n", "in front of the handshake"),
        ("250-fake\r\n250 STARTTLS\r\n", "454 not now\r\n", "454 not now"),
        ("550 go away\r\n", "", "550 go away"),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = async {
            let (stream, _) = listener.accept().await.unwrap();
            let (reader, mut writer) = stream.into_split();
            let mut lines = BufReader::new(reader).lines();
            writer.write_all(b"220 fake\r\n").await.unwrap();
            let mut said = Vec::new();
            for reply in [offer, answer] {
                let Ok(Some(line)) = lines.next_line().await else { break };
                said.push(line);
                writer.write_all(reply.as_bytes()).await.unwrap();
            }
            while let Ok(Some(line)) = lines.next_line().await {
                said.push(line);
            }
            said
        };
        let house = House::new().await;
        house.spool(1).await;
        let mut dispatch = house.dispatch(&house.store, port);
        let Way::Server(courier) = &dispatch.way else { panic!("there is a server") };
        dispatch.way = Way::Server(Box::new(courier.with_encryption(Encryption::Starttls)));
        let (said, done) = tokio::join!(server, dispatch.round());
        done.unwrap();
        assert!(said.iter().all(|line| line.starts_with("EHLO") || line == "STARTTLS"), "{said:?}");
        let finding = &dispatch.findings()[0];
        assert!(finding.code == "mail.tls_failed" && finding.why.contains(why), "{why}: {finding:?}");
    }
}
