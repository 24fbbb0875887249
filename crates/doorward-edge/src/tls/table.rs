//! The certificates in force, by name, swapped as a whole; and which one answers to a handshake.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use doorward_core::{Finding, UnixTime};
use parking_lot::{Mutex, RwLock};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ProducesTickets};

use super::certificate::Certificate;
use super::challenge::{ACME_TLS, Challenges};
use super::name::{Names, canonical};

/// A file pair or a host set of ACME: whatever is the source of one certificate after another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Slot(usize);

/// Every certificate of the program. A handshake sees the table before a change or after it, never between.
pub struct Certificates {
    table: RwLock<Arc<Table>>,
    /// What each slot is called, and what was last found wrong with its source.
    sources: Vec<Source>,
    challenges: Challenges,
    tickets: Option<Arc<dyn ProducesTickets>>,
}

struct Source {
    subject: String,
    trouble: Mutex<Option<Finding>>,
}

#[derive(Default)]
struct Table {
    slots: Vec<Option<Arc<Entry>>>,
    exact: HashMap<Box<str>, Arc<Entry>>,
    wildcard: HashMap<Box<str>, Arc<Entry>>,
}

/// One certificate in force, with the settings that serve it.
pub(super) struct Entry {
    pub(super) config: Arc<ServerConfig>,
    certificate: Certificate,
}

impl Entry {
    pub(super) fn names(&self) -> &Arc<Names> {
        self.certificate.names()
    }
}

/// Who answers to a handshake.
pub(super) enum Choice {
    /// A certificate, and then HTTP.
    Serve(Arc<Entry>),
    /// The proof for an authority, and then nothing.
    Prove(Arc<ServerConfig>),
}

/// Days before the end at which a certificate that nobody renews is worth a word.
const SHORT: i64 = 7 * 86_400;

impl Certificates {
    /// No certificates yet. `subjects` names the source of each, for findings: a setting, a file or a host.
    #[must_use]
    pub fn new(subjects: Vec<String>) -> Self {
        let table = Table { slots: subjects.iter().map(|_| None).collect(), ..Table::default() };
        let source = |subject| Source { subject, trouble: Mutex::new(None) };
        Self {
            table: RwLock::new(Arc::new(table)),
            sources: subjects.into_iter().map(source).collect(),
            challenges: Challenges::default(),
            // Without tickets a handshake is a full one, which is slower and nothing else.
            tickets: rustls::crypto::ring::Ticketer::new().ok(),
        }
    }

    /// The slots in the order of their subjects.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        (0..self.sources.len()).map(Slot)
    }

    /// Puts a certificate into force in the place of the one before it. Handshakes that have begun keep theirs.
    pub fn put(&self, slot: Slot, certificate: Certificate) {
        let config = super::config::serving(&certificate, self.tickets.clone());
        let entry = Arc::new(Entry { config, certificate });
        let mut table = self.table.write();
        let mut slots = table.slots.clone();
        if let Some(place) = slots.get_mut(slot.0) {
            *place = Some(entry);
        }
        *table = Arc::new(Table::of(slots));
        drop(table);
        self.note(slot, None);
    }

    /// The certificate of a slot that is in force.
    #[must_use]
    pub fn current(&self, slot: Slot) -> Option<Certificate> {
        let table = self.table.read();
        table.slots.get(slot.0)?.as_ref().map(|entry| entry.certificate.clone())
    }

    /// Remembers what is wrong with the source of a slot, or that nothing is. The certificate stays in force.
    pub fn note(&self, slot: Slot, trouble: Option<Finding>) {
        if let Some(source) = self.sources.get(slot.0) {
            *source.trouble.lock() = trouble;
        }
    }

    /// Everything that is wrong now: troubles of sources, and certificates that are missing, over or nearly over.
    #[must_use]
    pub fn findings(&self, now: UnixTime) -> Vec<Finding> {
        let table = Arc::clone(&self.table.read());
        let mut findings = Vec::new();
        for (source, entry) in self.sources.iter().zip(&table.slots) {
            findings.extend(source.trouble.lock().clone());
            let subject = source.subject.as_str();
            let Some(entry) = entry else {
                findings.push(Finding::error(
                    "tls.certificate_missing",
                    subject,
                    "There is no certificate yet, so handshakes for it are refused.",
                ));
                continue;
            };
            let until = entry.certificate.not_after();
            if let Err(unusable) = entry.certificate.check_time(now) {
                findings.push(unusable.finding(subject));
            } else if until.seconds_since(now) < SHORT.min(life(&entry.certificate) / 6) {
                let why = format!("It expires at {}, and nothing newer is there.", until.to_rfc3339());
                findings.push(Finding::warning("tls.certificate_expiring", subject, why));
            }
        }
        findings
    }

    /// The proofs that authorities ask for.
    #[must_use]
    pub fn challenges(&self) -> &Challenges {
        &self.challenges
    }

    /// Who answers. A name that no certificate covers, or none, is answered only where there can be no doubt: one
    /// source of certificates is configured.
    pub(super) fn choose(&self, hello: &ClientHello<'_>) -> Option<Choice> {
        let mut protocols = hello.alpn().into_iter().flatten();
        if protocols.next() == Some(ACME_TLS) && protocols.next().is_none() {
            return self.challenges.proof(hello.server_name()?).map(Choice::Prove);
        }
        let table = Arc::clone(&self.table.read());
        hello
            .server_name()
            .and_then(|name| table.find(&canonical(name)))
            .or_else(|| table.only())
            .map(|entry| Choice::Serve(Arc::clone(entry)))
    }
}

fn life(certificate: &Certificate) -> i64 {
    certificate.not_after().seconds_since(certificate.not_before())
}

impl Table {
    fn of(slots: Vec<Option<Arc<Entry>>>) -> Self {
        let mut table = Self::default();
        for entry in slots.iter().flatten() {
            // Of two certificates for one name the first source counts.
            for name in entry.names().exact() {
                table.exact.entry(name.clone()).or_insert_with(|| Arc::clone(entry));
            }
            for suffix in entry.names().wildcard() {
                table.wildcard.entry(suffix.clone()).or_insert_with(|| Arc::clone(entry));
            }
        }
        table.slots = slots;
        table
    }

    fn find(&self, host: &str) -> Option<&Arc<Entry>> {
        self.exact.get(host).or_else(|| self.wildcard.get(&host[host.find('.')?..]))
    }

    fn only(&self) -> Option<&Arc<Entry>> {
        match self.slots.as_slice() {
            [Some(entry)] => Some(entry),
            _ => None,
        }
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subjects: Vec<_> = self.sources.iter().map(|source| &source.subject).collect();
        formatter.debug_struct("Certificates").field("sources", &subjects).finish_non_exhaustive()
    }
}
