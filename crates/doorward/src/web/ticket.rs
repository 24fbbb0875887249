//! Tickets of the doctor: whoever holds the keys of this installation may ask one question, once and soon.

use std::collections::HashMap;

use doorward_core::UnixTime;
use parking_lot::Mutex;
use serde_json::Value;
use subtle::ConstantTimeEq as _;

use crate::identity::Keyring;

/// What a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which fields of a request arrive.
    Echo,
    /// The page that a phone opens.
    Look,
    /// What that phone showed.
    Told,
}

impl Purpose {
    /// The word in the signed text.
    fn word(self) -> &'static str {
        match self {
            Self::Echo => "echo",
            Self::Look => "look",
            Self::Told => "told",
        }
    }

    /// Seconds for which a ticket is good: a phone has to be found first.
    fn life(self) -> i64 {
        match self {
            Self::Echo => 60,
            Self::Look | Self::Told => 600,
        }
    }
}

/// A ticket, made by a program that reads the keys.
#[must_use]
pub fn make(keyring: &Keyring, purpose: Purpose, nonce: &str, now: UnixTime) -> String {
    let issued = now.0;
    format!("{issued}.{nonce}.{}", mark(keyring, purpose, issued, nonce))
}

fn mark(keyring: &Keyring, purpose: Purpose, issued: i64, nonce: &str) -> String {
    keyring.seal(&format!("ticket of the doctor: {} {issued} {nonce}", purpose.word()), "")
}

/// The most visits of phones that wait to be fetched.
const VISITS: usize = 64;

/// Tickets that were used, and what came of them. Kept in memory: a ticket from before the start is none.
#[derive(Debug)]
pub struct Tickets {
    since: UnixTime,
    used: Mutex<HashMap<String, i64>>,
    visits: Mutex<HashMap<String, (i64, Value)>>,
}

impl Tickets {
    /// None used yet.
    #[must_use]
    pub fn new(since: UnixTime) -> Self {
        Self { since, used: Mutex::default(), visits: Mutex::default() }
    }

    /// The nonce of a ticket that is ours, of this purpose, and good now; used or not.
    #[must_use]
    pub fn read<'a>(&self, keyring: &Keyring, purpose: Purpose, text: &'a str, now: UnixTime) -> Option<&'a str> {
        let mut parts = text.splitn(3, '.');
        let (issued, nonce, mac) = (parts.next()?.parse::<i64>().ok()?, parts.next()?, parts.next()?);
        let is_short = nonce.len() <= 64 && nonce.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let is_ours = is_short && bool::from(mark(keyring, purpose, issued, nonce).as_bytes().ct_eq(mac.as_bytes()));
        let age = now.0.checked_sub(issued)?;
        (is_ours && issued >= self.since.0 && (-5..=purpose.life()).contains(&age)).then_some(nonce)
    }

    /// The same, and uses it up: the second time there is nothing.
    #[must_use]
    pub fn take<'a>(&self, keyring: &Keyring, purpose: Purpose, text: &'a str, now: UnixTime) -> Option<&'a str> {
        let nonce = self.read(keyring, purpose, text, now)?;
        let mut used = self.used.lock();
        // Only who holds the keys adds to this list, and what is over is good for nothing.
        used.retain(|_, until| *until >= now.0);
        let key = format!("{} {nonce}", purpose.word());
        used.insert(key, now.0 + purpose.life() + 10).is_none().then_some(nonce)
    }

    /// Keeps what a phone showed until it is fetched.
    pub fn keep(&self, nonce: &str, now: UnixTime, seen: Value) {
        let mut visits = self.visits.lock();
        visits.retain(|_, (until, _)| *until >= now.0);
        if visits.len() < VISITS {
            visits.insert(nonce.to_owned(), (now.0 + Purpose::Told.life(), seen));
        }
    }

    /// What a phone showed, once.
    #[must_use]
    pub fn fetch(&self, nonce: &str) -> Option<Value> {
        self.visits.lock().remove(nonce).map(|(_, seen)| seen)
    }
}

#[cfg(test)]
mod tests {
    use doorward_core::Random;
    use serde_json::json;

    use super::*;

    #[derive(Debug)]
    struct Chance;

    impl Random for Chance {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn keyring(folder: &std::path::Path) -> Keyring {
        Keyring::open(folder, false, NOW, &Chance).unwrap()
    }

    #[test]
    fn a_ticket_is_good_once_soon_and_for_its_purpose() {
        let folder = tempfile::tempdir().unwrap();
        let keys = keyring(&folder.path().join("keys"));
        let tickets = Tickets::new(NOW);
        let ticket = make(&keys, Purpose::Echo, "abc", NOW);
        for (text, purpose, at) in [
            (ticket.as_str(), Purpose::Look, NOW),
            (&ticket, Purpose::Echo, NOW + 61),
            (&ticket, Purpose::Echo, UnixTime(NOW.0 - 6)),
            (&ticket.replace("abc", "abd"), Purpose::Echo, NOW),
            (&ticket[..ticket.len() - 1], Purpose::Echo, NOW),
            ("", Purpose::Echo, NOW),
            ("1.2", Purpose::Echo, NOW),
            ("-9223372036854775808.a.b", Purpose::Echo, NOW),
        ] {
            assert_eq!(tickets.take(&keys, purpose, text, at), None, "{text} {purpose:?}");
        }
        assert_eq!(tickets.take(&keys, Purpose::Echo, &ticket, NOW + 59), Some("abc"));
        assert_eq!(tickets.take(&keys, Purpose::Echo, &ticket, NOW + 59), None, "used");
        // After a start nothing of before is good, since nobody knows what was used.
        assert_eq!(Tickets::new(NOW + 30).take(&keys, Purpose::Echo, &ticket, NOW + 40), None);
    }

    #[test]
    fn what_a_phone_showed_is_fetched_once() {
        let tickets = Tickets::new(NOW);
        tickets.keep("n", NOW, json!({"a": 1}));
        assert_eq!(tickets.fetch("other"), None);
        assert_eq!(tickets.fetch("n"), Some(json!({"a": 1})));
        assert_eq!(tickets.fetch("n"), None);
        for number in 0..VISITS + 9 {
            tickets.keep(&number.to_string(), NOW, json!({}));
        }
        assert_eq!(tickets.visits.lock().len(), VISITS);
    }
}
