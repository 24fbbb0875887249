//! ACME (RFC 8555): certificates that an authority issues to whoever proves to hold a name.
//!
//! [`Acme::round`] does what is due and nothing else, so that a clock that is passed in decides when. One account and
//! every certificate are kept on disk; a restart orders nothing that is there. Each try is written down before it is
//! made, so that a program that dies and is started again and again does not ask again and again.

mod account;
mod authority;
mod client;
mod order;
mod schedule;
mod storage;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock, Finding, Random, UnixTime};
use parking_lot::Mutex;

use self::authority::Authority;
use self::order::Wish;
use self::schedule::{Attempts, Plan};
use self::storage::{Named, Storage};
use crate::tls::{Certificate, Certificates, Slot};

/// The directory of Let's Encrypt.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";

/// The directory of Let's Encrypt for trials: no browser trusts what it issues, and its limits are wide.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// How many seconds a certificate may count too early for us.
const CLOCK_SKEW: i64 = 300;

/// How long one order may take.
const ORDER_TIMEOUT: Duration = Duration::from_mins(5);

/// How a name is proved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Challenge {
    /// In a TLS handshake on port 443 (RFC 8737).
    TlsAlpn01,
    /// By a file over plain HTTP on port 80 (RFC 8555, section 8.3).
    Http01,
}

/// Whom to ask, and where to keep what comes.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL of the directory.
    pub directory: String,
    /// Where the authority may write to.
    pub email: Option<String>,
    /// The root that the directory is trusted by; the usual ones otherwise.
    pub ca: Option<PathBuf>,
    /// How names are proved.
    pub challenge: Challenge,
    /// The directory on disk for account and certificates. Made for its owner alone.
    pub place: PathBuf,
}

/// What came of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A certificate for these hosts is in force until then.
    Issued(Vec<String>, UnixTime),
    /// There is none, or the old one stays; the next try is then.
    Failed(Finding, UnixTime),
}

/// Certificates by ACME, one for each set of hosts.
#[derive(Debug)]
pub struct Acme {
    certificates: Arc<Certificates>,
    authority: Authority,
    storage: Storage,
    sets: Vec<Set>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

/// Hosts that share a certificate.
#[derive(Debug)]
struct Set {
    slot: Slot,
    hosts: Vec<String>,
    name: Named,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    attempts: Attempts,
    plan: Plan,
}

impl Acme {
    /// Puts every certificate that is on disk and still good into force. Asks nobody yet.
    ///
    /// # Errors
    /// `tls.account_unreadable` where the place cannot be used, `tls.acme_directory` where the root cannot.
    pub fn open(
        settings: &Settings,
        certificates: Arc<Certificates>,
        sets: Vec<(Slot, Vec<String>)>,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, Vec<Finding>> {
        let storage = Storage::open(&settings.place, &settings.directory).map_err(|finding| vec![finding])?;
        let authority = Authority::new(settings).map_err(|finding| vec![finding])?;
        let now = clock.now();
        let sets = sets.into_iter().map(|(slot, hosts)| {
            let name = Named::of(&hosts);
            let kept = storage.certificate(&name).filter(|kept| is_good(kept, &hosts, now));
            let state = State { attempts: storage.attempts(&name), plan: Plan::of(kept.as_ref(), &*random) };
            if let Some(kept) = kept {
                certificates.put(slot, kept);
            }
            Set { slot, hosts, name, state: Mutex::new(state) }
        });
        let sets = sets.collect();
        Ok(Self { certificates, authority, storage, sets, clock, random })
    }

    /// Orders what is due. Rounds must not overlap.
    pub async fn round(&self) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        for set in &self.sets {
            if self.is_due(set).await {
                outcomes.push(self.order(set).await);
            }
        }
        outcomes
    }

    async fn is_due(&self, set: &Set) -> bool {
        let now = self.clock.now();
        let State { attempts, plan } = *set.state.lock();
        if !attempts.allow(now) {
            return false;
        }
        let Some(current) = self.certificates.current(set.slot).filter(|current| is_good(current, &set.hosts, now))
        else {
            return true;
        };
        if plan.wants_advice(now) {
            let advice = self.authority.advice(&current).await;
            set.state.lock().plan.hear(advice, now, &*self.random);
        }
        set.state.lock().plan.is_due(now)
    }

    async fn order(&self, set: &Set) -> Outcome {
        let now = self.clock.now();
        let attempts = set.state.lock().attempts.begin(now, &*self.random);
        set.state.lock().attempts = attempts;
        // What cannot be written down is not tried: after a restart nobody would know of it.
        if let Err(finding) = self.storage.keep_attempts(&set.name, attempts) {
            return self.fail(set, finding, attempts);
        }
        let current = self.certificates.current(set.slot);
        let replaces = current.as_ref().filter(|_| set.state.lock().plan.is_advised());
        let wish = Wish { hosts: &set.hosts, certificates: &self.certificates, replaces };
        let ordered = self.authority.issue(&self.storage, wish);
        let ordered = tokio::time::timeout(ORDER_TIMEOUT, ordered).await;
        let issued = ordered.unwrap_or_else(|_| Err(order::Refused::slow())).and_then(|issued| {
            let certificate = Certificate::read(issued.chain.as_bytes(), issued.key.as_bytes());
            let certificate = certificate.map_err(|unusable| order::Refused::other(unusable.to_string()))?;
            if is_good(&certificate, &set.hosts, self.clock.now()) {
                Ok((issued, certificate))
            } else {
                Err(order::Refused::other("what was issued is not for these hosts, or not for now"))
            }
        });
        match issued {
            Ok((issued, certificate)) => self.keep(set, &issued, certificate),
            Err(refused) => {
                let attempts = attempts.at_least(refused.wait());
                let _ = self.storage.keep_attempts(&set.name, attempts);
                self.fail(set, self.finding(set, &refused), attempts)
            }
        }
    }

    fn keep(&self, set: &Set, issued: &order::Issued, certificate: Certificate) -> Outcome {
        let until = certificate.not_after();
        let kept = self.storage.keep_certificate(&set.name, issued);
        let mut state = set.state.lock();
        state.plan = Plan::of(Some(&certificate), &*self.random);
        // Kept or not, it is good, and serving it is better than not.
        self.certificates.put(set.slot, certificate);
        state.attempts = Attempts::default();
        let attempts = state.attempts;
        drop(state);
        match kept.and_then(|()| self.storage.keep_attempts(&set.name, attempts)) {
            Ok(()) => Outcome::Issued(set.hosts.clone(), until),
            Err(finding) => self.fail(set, finding, attempts),
        }
    }

    fn fail(&self, set: &Set, finding: Finding, attempts: Attempts) -> Outcome {
        set.state.lock().attempts = attempts;
        self.certificates.note(set.slot, Some(finding.clone()));
        Outcome::Failed(finding, attempts.next())
    }

    /// A warning while the old certificate has time, an error once it has not.
    fn finding(&self, set: &Set, refused: &order::Refused) -> Finding {
        let subject = set.hosts.join(", ");
        let why = format!("No new certificate could be had: {refused}");
        let now = self.clock.now();
        let has_time = self.certificates.current(set.slot).is_some_and(|current| {
            let life = current.not_after().seconds_since(current.not_before());
            current.not_after().seconds_since(now) > life / 6
        });
        let make = if has_time { Finding::warning } else { Finding::error };
        make("tls.renewal_failing", subject, why)
    }
}

/// Whether a certificate can be served for all these hosts now. The clock of an authority may run ahead a little.
fn is_good(certificate: &Certificate, hosts: &[String], now: UnixTime) -> bool {
    let is_timely = certificate.check_time(now).is_ok() || certificate.check_time(now + CLOCK_SKEW).is_ok();
    is_timely && certificate.not_after() > now && hosts.iter().all(|host| certificate.names().covers(host))
}
