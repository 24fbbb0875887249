//! Certificates from files: read at the start, and anew when a file has changed.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorward_core::{Finding, UnixTime};
use parking_lot::Mutex;

use super::certificate::{Certificate, Unusable};
use super::table::{Certificates, Slot};

/// The largest file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A certificate and its key, each in a PEM file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    /// The chain, the server's own certificate first.
    pub certificate: PathBuf,
    /// The key, without a passphrase.
    pub key: PathBuf,
}

impl Pair {
    /// Reads both and looks whether they can be used now.
    ///
    /// # Errors
    /// The finding of family `tls` that says why not.
    pub fn load(&self, now: UnixTime) -> Result<Certificate, Finding> {
        let chain = read(&self.certificate, "tls.certificate_unreadable")?;
        let key = read(&self.key, "tls.key_unreadable")?;
        let certificate = Certificate::read(&chain, &key).map_err(|unusable| {
            let is_of_key = unusable.code().starts_with("tls.key");
            let subject = if is_of_key { &self.key } else { &self.certificate };
            unusable.finding(subject.display().to_string()).with_remedy(self.question(&unusable))
        })?;
        certificate.check_time(now).map_err(|unusable| {
            unusable.finding(self.certificate.display().to_string()).with_remedy(self.question(&unusable))
        })?;
        Ok(certificate)
    }

    /// The command that shows what is wrong.
    fn question(&self, unusable: &Unusable) -> String {
        let (certificate, key) = (self.certificate.display(), self.key.display());
        match unusable {
            Unusable::KeyUnreadable => format!("openssl pkey -noout -in {key}"),
            Unusable::KeyMismatch => {
                format!("openssl x509 -noout -pubkey -in {certificate}; openssl pkey -pubout -in {key}")
            }
            _ => format!("openssl x509 -noout -dates -ext subjectAltName -in {certificate}"),
        }
    }

    fn stamp(&self) -> Stamp {
        [&self.certificate, &self.key].map(|path| {
            let metadata = std::fs::metadata(path).ok()?;
            Some((metadata.ino(), metadata.size(), metadata.mtime(), metadata.mtime_nsec()))
        })
    }
}

fn read(path: &Path, code: &'static str) -> Result<Vec<u8>, Finding> {
    let unreadable = |why: String| {
        Finding::error(code, path.display().to_string(), why).with_remedy(format!("ls -l {}", path.display()))
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(format!("The file cannot be read: {error}.")))?.len();
    if size > LARGEST {
        return Err(unreadable("The file is larger than a mebibyte.".to_owned()));
    }
    std::fs::read(path).map_err(|error| unreadable(format!("The file cannot be read: {error}.")))
}

/// Inode, size and time of last change of both files; nothing where one is missing.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

/// File pairs, each with its slot.
#[derive(Debug)]
pub struct Files {
    certificates: Arc<Certificates>,
    watched: Mutex<Vec<Watched>>,
}

#[derive(Debug)]
struct Watched {
    slot: Slot,
    pair: Pair,
    seen: Stamp,
    state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// What is in force is what the files hold.
    InForce,
    /// The files hold something that cannot be used: perhaps one of the two is still being written.
    Suspected,
    /// They still do, and it was said.
    Reported,
}

impl Files {
    /// Reads every pair and puts it into force.
    ///
    /// # Errors
    /// The findings of all pairs that cannot be used.
    pub fn open(
        certificates: Arc<Certificates>,
        pairs: Vec<(Slot, Pair)>,
        now: UnixTime,
    ) -> Result<Self, Vec<Finding>> {
        let (mut watched, mut findings) = (Vec::with_capacity(pairs.len()), Vec::new());
        for (slot, pair) in pairs {
            let seen = pair.stamp();
            match pair.load(now) {
                Ok(certificate) => certificates.put(slot, certificate),
                Err(finding) => findings.push(finding),
            }
            watched.push(Watched { slot, pair, seen, state: State::InForce });
        }
        if findings.is_empty() { Ok(Self { certificates, watched: Mutex::new(watched) }) } else { Err(findings) }
    }

    /// Looks at every pair and reads what has changed; with `is_told`, reads all. What cannot be used leaves the old
    /// certificate in force. Gives back how many were put into force, and what is newly wrong.
    ///
    /// Two files cannot be replaced at once, so a pair that does not fit is looked at again before it is reported,
    /// unless somebody has said that the files are ready.
    pub fn look(&self, now: UnixTime, is_told: bool) -> (usize, Vec<Finding>) {
        let (mut renewed, mut findings) = (0, Vec::new());
        for watched in self.watched.lock().iter_mut() {
            let stamp = watched.pair.stamp();
            let is_settled = watched.state != State::Suspected && stamp == watched.seen;
            if is_settled && !is_told {
                continue;
            }
            let was_seen = stamp == watched.seen;
            watched.seen = stamp;
            match watched.pair.load(now) {
                Ok(certificate) => {
                    watched.state = State::InForce;
                    let current = self.certificates.current(watched.slot);
                    let is_new = current.is_none_or(|current| current.certified.cert != certificate.certified.cert);
                    self.certificates.put(watched.slot, certificate);
                    renewed += usize::from(is_new);
                }
                Err(finding) if is_told || (watched.state == State::Suspected && was_seen) => {
                    watched.state = State::Reported;
                    self.certificates.note(watched.slot, Some(finding.clone()));
                    findings.push(finding);
                }
                Err(_) => watched.state = State::Suspected,
            }
        }
        (renewed, findings)
    }
}
