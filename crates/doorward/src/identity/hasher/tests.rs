//! What the hasher promises: one hash whatever is stored, places at once or not at all, clean ends.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

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
