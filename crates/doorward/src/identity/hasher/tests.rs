//! What the hasher promises: one hash whatever is stored, places at once or not at all, clean ends.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::identity::tests::gaps;

/// A counter in place of chance.
#[derive(Debug, Default)]
struct Counting(AtomicU64);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            *byte = u8::try_from(self.0.fetch_add(1, Ordering::Relaxed) % 251).unwrap();
        }
    }
}

fn parameters(memory: u32, passes: u32) -> Parameters {
    Parameters::new(memory, passes, 1).unwrap()
}

fn settings(parameters: Parameters) -> Settings {
    let workers = NonZeroUsize::new(1).unwrap();
    Settings { workers, ..Settings::new(parameters, Peppers::new(Pepper::new([7; 32]), Vec::new())) }
}

fn start(settings: Settings) -> Hasher {
    Hasher::start(settings, Arc::new(Counting::default())).unwrap()
}

fn small() -> Hasher {
    start(settings(parameters(64, 1)))
}

fn ticket(number: u8, is_known: bool) -> Ticket {
    let network = doorward_core::address::Network::of([10, 0, number, 1].into());
    Ticket { account: format!("{number}@example.com").parse().unwrap(), network, is_known }
}

fn password(text: &str) -> Password {
    Password::new(text).unwrap()
}

#[tokio::test]
async fn a_password_is_right_and_every_other_is_wrong() {
    let hasher = small();
    let stored = hasher.hash(&password("correct horse battery")).await.unwrap();
    assert!(stored.expose_hash().starts_with("$argon2id$v=19$m=64,t=1,p=1,keyid="));
    for (text, is_right) in [("correct horse battery", true), ("correct horse batterx", false), ("x", false)] {
        let verdict = hasher.verify(&ticket(1, false), &password(text), Some(&stored)).await.unwrap();
        assert_eq!(verdict, Verdict { is_right, needs_rehash: false, fault: None });
    }
}

#[tokio::test]
async fn whatever_is_stored_takes_exactly_one_hash() {
    let hasher = small();
    let stored = hasher.hash(&password("correct horse battery")).await.unwrap();
    let other =
        start(Settings { peppers: Peppers::new(Pepper::new([8; 32]), Vec::new()), ..settings(parameters(64, 1)) });
    let foreign = other.hash(&password("correct horse battery")).await.unwrap();
    let costly = PasswordHash::new(stored.expose_hash().replace("m=64", "m=4194304"));
    let bare = PasswordHash::new(
        "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    );
    let malformed = PasswordHash::new("");
    for (case, fault) in [
        (Some(&stored), None),
        (None, None),
        (Some(&malformed), Some(Fault::Malformed)),
        (Some(&costly), Some(Fault::TooCostly)),
        (Some(&bare), Some(Fault::WithoutPepper)),
        (Some(&foreign), Some(Fault::PepperMissing(Pepper::new([8; 32]).id()))),
    ] {
        let before = hasher.measures().read().hashes;
        let verdict = hasher.verify(&ticket(1, false), &password("wrong"), case).await.unwrap();
        assert_eq!(verdict, Verdict { is_right: false, needs_rehash: false, fault });
        assert_eq!(hasher.measures().read().hashes - before, 1, "{fault:?}");
    }
    // Even the right password is not right where the pepper is missing.
    let verdict = hasher.verify(&ticket(1, false), &password("correct horse battery"), Some(&foreign)).await.unwrap();
    assert!(!verdict.is_right && verdict.fault.is_some_and(|fault| fault.to_string().contains("restore the keys")));
}

#[tokio::test]
async fn a_hash_is_made_anew_when_parameters_rise_or_the_pepper_changes() {
    let (old, new) = (Pepper::new([7; 32]), Pepper::new([8; 32]));
    let stored = small().hash(&password("correct horse battery")).await.unwrap();
    for (parameters, peppers, needs_rehash) in [
        (parameters(64, 1), Peppers::new(old.clone(), vec![new.clone()]), false),
        (parameters(128, 1), Peppers::new(old.clone(), Vec::new()), true),
        (parameters(64, 2), Peppers::new(old.clone(), Vec::new()), true),
        (parameters(32, 1), Peppers::new(old.clone(), Vec::new()), false),
        (parameters(64, 1), Peppers::new(new, vec![old]), true),
    ] {
        let hasher = start(Settings { peppers, ..settings(parameters) });
        for (text, is_right) in [("correct horse battery", true), ("wrong", false)] {
            let verdict = hasher.verify(&ticket(1, false), &password(text), Some(&stored)).await.unwrap();
            assert_eq!(verdict, Verdict { is_right, needs_rehash: needs_rehash && is_right, fault: None });
        }
        let anew = hasher.hash(&password("correct horse battery")).await.unwrap();
        let verdict = hasher.verify(&ticket(1, false), &password("correct horse battery"), Some(&anew)).await.unwrap();
        assert!(verdict.is_right && !verdict.needs_rehash);
    }
}

#[tokio::test]
async fn the_same_password_has_another_hash_each_time() {
    let hasher = small();
    let [one, two] = [hasher.hash(&password("a")).await.unwrap(), hasher.hash(&password("a")).await.unwrap()];
    assert_ne!(one, two);
}

#[test]
fn computes_what_argon2id_is_defined_to_be() {
    // Made with the reference implementation, by argon2-cffi's `hash_secret_raw`.
    const REFERENCE: [u8; 32] = [
        0xaf, 0xa0, 0xb2, 0x65, 0x10, 0x73, 0xd8, 0x01, 0x38, 0x03, 0xca, 0xa5, 0x45, 0x8d, 0x63, 0x5f, 0x87, 0xcb,
        0xb3, 0x4a, 0xc0, 0x7f, 0x43, 0x82, 0x98, 0x2f, 0xa5, 0x6e, 0x70, 0xd2, 0xf8, 0x49,
    ];
    let (input, salt) = (zeroize::Zeroizing::new([1; 32]), vec![2; 16]);
    let work = Work::Own { input, salt, parameters: parameters(64, 3), length: 32 };
    let mut memory = Vec::new();
    let output = worker::compute(&work, &mut memory, 32).unwrap();
    assert_eq!(output[..], REFERENCE);
    assert_eq!(memory.len(), 32, "what a costlier hash needed is given back");
    assert_eq!(worker::compute(&work, &mut memory, 128).unwrap(), output, "a larger arena changes nothing");
}

/// A hasher whose one worker is kept busy for a good while by the future that comes along.
fn occupied(queue_length: usize) -> (Hasher, impl Future<Output = Result<PasswordHash, Busy>>) {
    let hasher = start(Settings { queue_length: Some(queue_length), ..settings(parameters(64 * 1024, 4)) });
    let busy = hasher.clone();
    (hasher, async move { busy.hash(&password("a")).await })
}

/// Runs a future until it waits.
async fn begin<T>(future: &mut std::pin::Pin<Box<impl Future<Output = T>>>) {
    std::future::poll_fn(|context| {
        assert!(future.as_mut().poll(context).is_pending(), "it was to wait");
        std::task::Poll::Ready(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_goes_frees_its_place_and_costs_no_hash() {
    let (hasher, busy) = occupied(4);
    let mut busy = Box::pin(busy);
    begin(&mut busy).await;
    let mut gone = Box::pin(async { hasher.verify(&ticket(1, false), &password("a"), None).await });
    begin(&mut gone).await;
    let unused = hasher.admit(&ticket(2, false)).unwrap();
    assert!(hasher.admit(&ticket(3, false)).is_err(), "both places of strangers are taken");
    drop((gone, unused));
    let admitted = [3, 4].map(|number| hasher.admit(&ticket(number, false)).unwrap());
    drop(admitted);
    busy.await.unwrap();
    hasher.shutdown();
    let reading = hasher.measures().read();
    assert_eq!((reading.hashes, reading.gone, reading.places), (1, 4, 0));
}

#[tokio::test]
async fn a_place_whose_deadline_passed_is_busy_and_costs_no_hash() {
    let hasher = start(Settings { patience: Duration::ZERO, ..settings(parameters(64, 1)) });
    let busy = hasher.verify(&ticket(1, false), &password("a"), None).await.unwrap_err();
    assert!((1..=5).contains(&busy.retry_after));
    let reading = hasher.measures().read();
    assert_eq!((reading.hashes, reading.expired), (0, 1));
}

#[tokio::test]
async fn the_end_answers_everybody_and_lets_nobody_in() {
    let (hasher, busy) = occupied(4);
    let (mut busy, other) = (Box::pin(busy), hasher.clone());
    begin(&mut busy).await;
    let mut waiting = Box::pin(async { other.verify(&ticket(1, false), &password("a"), None).await });
    begin(&mut waiting).await;
    hasher.shutdown();
    assert!(waiting.await.is_err());
    assert_eq!(hasher.admit(&ticket(2, true)).unwrap_err().full, Full::Closed);
    assert!(hasher.hash(&password("a")).await.is_err());
}

#[tokio::test]
async fn the_queue_holds_what_the_workers_serve_in_two_seconds() {
    let hasher = start(settings(Parameters::DEFAULT));
    let admitted: Vec<_> = (0..200).map_while(|number| hasher.admit(&ticket(number, false)).ok()).collect();
    // 64 ms are guessed before one is measured: two seconds are 31 hashes, of which strangers get half.
    assert_eq!(admitted.len(), 16);
}

/// How many sign-ins the flood offers.
const OFFERED: usize = 800;

/// Ten times as many sign-ins as the workers can serve, for a while; how many were served and refused.
async fn flood(hasher: &Hasher, each: Duration, known_every: usize) -> (usize, usize, usize, usize) {
    let mut tasks = tokio::task::JoinSet::new();
    let gap = each / 10;
    let begun = Instant::now();
    for number in 0..OFFERED {
        let due = begun + gap * u32::try_from(number).unwrap();
        tokio::time::sleep_until(due).await;
        let is_known = number % known_every == 0;
        let [low, high, ..] = number.to_le_bytes();
        let network = doorward_core::address::Network::of([10, high, low, 1].into());
        let ticket = Ticket { account: format!("{number}@example.com").parse().unwrap(), network, is_known };
        let hasher = hasher.clone();
        tasks.spawn(async move {
            let begun = Instant::now();
            let is_served = hasher.verify(&ticket, &password("a"), None).await.is_ok();
            (is_served, is_known, begun.elapsed())
        });
    }
    let outcomes = tasks.join_all().await;
    let mut refused: Vec<_> = outcomes.iter().filter(|(is_served, ..)| !is_served).map(|(_, _, time)| *time).collect();
    refused.sort_unstable();
    // The scheduler of a busy test machine may hold a few of them.
    let slow = refused[refused.len() * 95 / 100];
    assert!(slow < Duration::from_millis(50), "refused after {slow:?}");
    let count = |served, known| outcomes.iter().filter(|(s, k, _)| (*s, *k) == (served, known)).count();
    (count(true, true), count(false, true), count(true, false), count(false, false))
}

#[tokio::test]
async fn under_ten_times_the_load_workers_stay_busy_and_known_browsers_get_in() {
    let hasher = start(Settings { queue_length: Some(16), ..settings(parameters(2048, 8)) });
    for _ in 0..20 {
        hasher.hash(&password("warm")).await.unwrap();
    }
    let before = hasher.measures().read();
    let each = before.hash_time / u32::try_from(before.hashes).unwrap();
    let begun = Instant::now();
    let (known, known_refused, strangers, strangers_refused) = flood(&hasher, each, 40).await;
    let span = begun.elapsed();
    let reading = hasher.measures().read();
    // How fast a worker hashes is the machine's affair; that it never waits under load is the queue's.
    let idle = (reading.idle_time.saturating_sub(before.idle_time)).as_secs_f64() / span.as_secs_f64();
    println!("idle {idle:.3} of the time; known {known}/{known_refused}, strangers {strangers}/{strangers_refused}");
    assert!(idle <= 0.1, "the worker was idle: {idle:.3}");
    assert_eq!(known_refused, 0, "known browsers get in");
    assert_eq!(known, OFFERED / 40);
    assert!(strangers_refused > strangers);
    assert_eq!(reading.hashes - before.hashes, (known + strangers) as u64);
}

/// One password under two schemes, as passlib wrote it.
const IMPORTED: [&str; 2] = [
    "$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O",
    "$argon2id$v=19$m=1024,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
];

#[tokio::test]
async fn an_imported_hash_is_verified_and_to_be_made_anew() {
    let hasher = small();
    for text in IMPORTED {
        let stored = hasher.import(text).unwrap();
        for (typed, is_right) in
            [("correct horse b\u{e4}ttery", true), ("correct horse ba\u{308}ttery", true), ("x", false)]
        {
            let before = hasher.measures().read().hashes;
            let verdict = hasher.verify(&ticket(1, false), &password(typed), Some(&stored)).await.unwrap();
            assert_eq!(verdict, Verdict { is_right, needs_rehash: is_right, fault: None });
            assert_eq!(hasher.measures().read().hashes - before, 1);
        }
        // A copy of the database says nothing without the keys.
        let peppers = Peppers::new(Pepper::new([8; 32]), Vec::new());
        let other = start(Settings { peppers, ..settings(parameters(64, 1)) });
        let verdict = other.verify(&ticket(1, false), &password("correct horse b\u{e4}ttery"), Some(&stored)).await;
        assert_eq!(verdict.unwrap().fault, Some(Fault::PepperMissing(Pepper::new([7; 32]).id())));
    }
}

// CVE-2026-58272: an account with an imported hash is answered no later than one that is not there.
#[tokio::test]
async fn every_wrong_answer_takes_as_long_as_the_slowest_imported_hash() {
    let hasher = small();
    let own = hasher.hash(&password("correct horse battery")).await.unwrap();
    // 2^9 rounds of bcrypt take some 30 ms, a hash of ours here well under one.
    let slow = hasher.import(&IMPORTED[0].replace("$04$", "$09$")).unwrap();
    let fast = hasher.import(IMPORTED[0]).unwrap();
    hasher.learn([&own, &slow, &fast].into_iter()).await;
    let mut rounds = Vec::new();
    for _ in 0..15 {
        let mut round = [Duration::ZERO; 4];
        for (stored, time) in [Some(&own), Some(&slow), Some(&fast), None].into_iter().zip(&mut round) {
            let begun = Instant::now();
            assert!(!hasher.verify(&ticket(1, false), &password("wrong"), stored).await.unwrap().is_right);
            *time = begun.elapsed();
        }
        rounds.push(round);
    }
    let gaps = gaps(&rounds);
    // Without the wait they are as far apart as the two hashes; the timer of the runtime counts whole milliseconds.
    assert!(gaps.iter().all(|gap| *gap < Duration::from_millis(4)), "{gaps:?} {rounds:?}");
}
