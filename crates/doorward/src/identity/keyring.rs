//! The keys of this installation: made once, kept in files that only their owner reads, rotated by age.

mod archive;
mod door;
mod file;
mod signing;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::factor::code::CodeKey;
use doorward_core::random::bytes;
use doorward_core::{Finding, Random, Secret, UnixTime};
use parking_lot::{Mutex, RwLock};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::hasher::{Pepper, Peppers};
use super::seal::{self, Sealer};

pub use door::DoorKeys;
pub(super) use signing::{Ring, SigningKey};

/// Days after which a new signing key is made.
pub const ROTATION_DAYS: i64 = 30;

/// Seconds for which a new signing key is published before it signs: whoever keeps the key set for that
/// long has seen it by then.
pub const LEAD_SECONDS: i64 = 3_600;

/// Seconds for which a signing key is still published after its successor signs: its tokens are over by then.
pub const AFTER_SECONDS: i64 = super::access::LIFETIME + 300;

/// A shared secret with its number.
#[derive(Clone)]
struct Numbered {
    kid: u8,
    secret: Secret,
}

impl Numbered {
    fn bytes(&self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let decoded = Zeroizing::new(URL_SAFE_NO_PAD.decode(self.secret.expose_secret()).unwrap_or_default());
        bytes.copy_from_slice(decoded.get(..32).expect("the length was checked when the file was read"));
        bytes
    }

    fn code_key(&self) -> CodeKey {
        CodeKey::new(*seal::derive(&Zeroizing::new(self.bytes()), b"doorward hash of typed codes v1"))
    }
}

/// The keys of this installation. Clones share them.
#[derive(Clone)]
pub struct Keyring {
    directory: PathBuf,
    csrf: Arc<[Numbered]>,
    pepper: Arc<[Numbered]>,
    door: Arc<DoorKeys>,
    sealer: Sealer,
    codes: Arc<[CodeKey]>,
    ring: Arc<RwLock<Ring>>,
    rotation: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Keyring {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Keyring").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Keyring {
    /// Reads the keys of a directory, or makes them where there is neither a key nor a database yet.
    ///
    /// # Errors
    /// Every finding at once: `keys.missing`, `keys.permissions`, `keys.unreadable`, `keys.duplicate`.
    pub fn open(
        directory: &Path,
        has_database: bool,
        now: UnixTime,
        random: &dyn Random,
    ) -> Result<Self, Vec<Finding>> {
        if !has_database && !file::has_keys(directory) {
            make_all(directory, now, random).map_err(|finding| vec![finding])?;
        }
        let mut findings = Vec::new();
        let files = file::read_all(directory, &mut findings);
        let mut signing = Vec::new();
        let (mut csrf, mut pepper) = (Vec::new(), Vec::new());
        for found in &files {
            let was_read = match found.family.as_str() {
                "signing" => SigningKey::from_file(found).map(|key| signing.push(key)),
                family => numbered(found).map(|key| if family == "csrf" { csrf.push(key) } else { pepper.push(key) }),
            };
            if was_read.is_none() {
                findings.push(file::unreadable(&found.path, "the file does not hold the key that its name promises"));
            }
        }
        for (family, is_empty) in
            [("signing", signing.is_empty()), ("csrf", csrf.is_empty()), ("pepper", pepper.is_empty())]
        {
            if is_empty && findings.is_empty() {
                findings.push(file::missing(directory, family));
            }
        }
        duplicates(directory, &signing, &[("csrf", &csrf), ("pepper", &pepper)], &mut findings);
        if !findings.is_empty() {
            return Err(findings);
        }
        for keys in [&mut csrf, &mut pepper] {
            keys.sort_by_key(|key: &Numbered| key.kid);
        }
        Ok(Self {
            directory: directory.to_owned(),
            csrf: csrf.into(),
            // Every node has the same peppers, or no password would be right everywhere.
            door: Arc::new(DoorKeys::derive(pepper.iter().rev().map(Numbered::bytes))),
            sealer: Sealer::derive(pepper.iter().rev().map(Numbered::bytes)),
            codes: pepper.iter().rev().map(Numbered::code_key).collect(),
            pepper: pepper.into(),
            ring: Arc::new(RwLock::new(Ring::new(signing))),
            rotation: Arc::default(),
        })
    }

    /// The secrets of the CSRF protection by number, the newest last. Numbers begin at 1; 0 is the
    /// one that configuration may name.
    #[must_use]
    pub fn csrf_secrets(&self) -> Vec<(u8, Secret)> {
        self.csrf.iter().map(|key| (key.kid, key.secret.clone())).collect()
    }

    /// The keys that passwords pass before they are hashed; the one with the highest number is for new hashes.
    #[must_use]
    pub fn peppers(&self) -> Peppers {
        let (current, older) = split(&self.pepper);
        Peppers::new(current, older)
    }

    /// The keys of app hosts' cookies.
    pub(super) fn door(&self) -> &DoorKeys {
        &self.door
    }

    /// What encrypts secrets before they are stored.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The keys of the hashes of codes that people type, the newest first: it is for new codes, and codes of the
    /// others are still right.
    #[must_use]
    pub fn code_keys(&self) -> &[CodeKey] {
        &self.codes
    }

    /// A short mark of ours over two texts, 96 bits as base64url: whoever holds it had it from us.
    ///
    /// # Panics
    /// Never: a digest has 32 bytes.
    #[must_use]
    pub fn seal(&self, what: &str, host: &str) -> String {
        let digest = Sha256::digest(what);
        let (handle, _) = digest.split_first_chunk::<16>().expect("a digest has 32 bytes");
        URL_SAFE_NO_PAD.encode(&self.door.seal().mac(handle, host)[..12])
    }

    /// A short text that is equal on two nodes if and only if their keys are.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let mut parts: Vec<String> =
            self.ring.read().keys().iter().map(|key| format!("signing {}", key.kid())).collect();
        for (family, keys) in [("csrf", &self.csrf), ("pepper", &self.pepper)] {
            for key in keys.iter() {
                let digest = Sha256::digest(key.secret.expose_secret());
                parts.push(format!("{family} {} {}", key.kid, URL_SAFE_NO_PAD.encode(digest)));
            }
        }
        parts.sort();
        let digest = Sha256::digest(parts.join("\n"));
        URL_SAFE_NO_PAD.encode(&digest[..12])
    }

    /// The key set as other services read it (RFC 7517, RFC 8037).
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        let ring = self.ring.read();
        serde_json::json!({ "keys": ring.keys().iter().map(SigningKey::to_jwk).collect::<Vec<_>>() })
    }

    /// Does something with the signing keys as they are now.
    pub(super) fn with_ring<T>(&self, work: impl FnOnce(&Ring) -> T) -> T {
        work(&self.ring.read())
    }

    /// Takes over what another process has made, makes a new signing key where the newest is too old, and
    /// drops those whose tokens are over. Gives back the id of a new key. To be called every hour at least.
    ///
    /// # Errors
    /// What could not be written or removed; the keys in use stay as they were.
    pub fn tend(&self, now: UnixTime, random: &dyn Random) -> Result<Option<String>, Finding> {
        self.take_over();
        let newest = self.ring.read().keys().iter().map(SigningKey::created_at).max().unwrap_or_default();
        let made =
            if now.seconds_since(newest) >= ROTATION_DAYS * 86_400 { Some(self.rotate(now, random)?) } else { None };
        let _rotation = self.rotation.lock();
        let over: Vec<_> = self.ring.read().over(now, AFTER_SECONDS);
        for kid in over {
            file::remove(&self.directory, &format!("signing-{kid}.key"))?;
            self.ring.write().drop_key(&kid);
        }
        Ok(made)
    }

    /// Another node, or the command line, may have rotated in the same directory.
    fn take_over(&self) {
        let _rotation = self.rotation.lock();
        let files = file::read_all(&self.directory, &mut Vec::new());
        for key in files.iter().filter(|found| found.family == "signing").filter_map(SigningKey::from_file) {
            if !self.ring.read().has(key.kid()) {
                self.ring.write().add(key);
            }
        }
    }

    /// Makes a new signing key now. It is published at once and signs after [`LEAD_SECONDS`].
    ///
    /// # Errors
    /// Where its file could not be written; the keys in use stay as they were.
    pub fn rotate(&self, now: UnixTime, random: &dyn Random) -> Result<String, Finding> {
        let _rotation = self.rotation.lock();
        let key = SigningKey::make(now, now + LEAD_SECONDS, random);
        file::write(&self.directory, &format!("signing-{}.key", key.kid()), &key.to_text())?;
        let kid = key.kid().to_owned();
        self.ring.write().add(key);
        Ok(kid)
    }
}

fn split(keys: &[Numbered]) -> (Pepper, Vec<Pepper>) {
    let mut all: Vec<_> = keys.iter().map(|key| Pepper::new(key.bytes())).collect();
    (all.pop().expect("a keyring is not opened without a pepper"), all)
}

fn make_all(directory: &Path, now: UnixTime, random: &dyn Random) -> Result<(), Finding> {
    file::make_directory(directory)?;
    let key = SigningKey::make(now, now, random);
    for family in ["csrf", "pepper"] {
        let secret = URL_SAFE_NO_PAD.encode(bytes::<32>(random));
        file::write(directory, &format!("{family}-1.key"), &format!("kid: 1\nsecret: {secret}\n"))?;
    }
    // The signing key comes last: a directory without one was left by a start that did not finish.
    file::write(directory, &format!("signing-{}.key", key.kid()), &key.to_text())
}

fn numbered(found: &file::Found) -> Option<Numbered> {
    let kid = found.field("kid")?.parse().ok().filter(|kid| *kid > 0)?;
    let secret = found.field("secret")?;
    let is_whole = URL_SAFE_NO_PAD.decode(secret).is_ok_and(|bytes| bytes.len() == 32);
    is_whole.then(|| Numbered { kid, secret: Secret::new(secret) })
}

fn duplicates(
    directory: &Path,
    signing: &[SigningKey],
    shared: &[(&str, &Vec<Numbered>)],
    findings: &mut Vec<Finding>,
) {
    let mut names: Vec<String> = signing.iter().map(|key| format!("signing {}", key.kid())).collect();
    for (family, keys) in shared {
        names.extend(keys.iter().map(|key| format!("{family} {}", key.kid)));
    }
    names.sort();
    for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
        let why = format!("two files hold a key named {}: nobody can say which one is meant", pair[0]);
        findings.push(
            Finding::error("keys.duplicate", directory.display().to_string(), why)
                .with_remedy("move one of the two files out of the directory, and keep it"),
        );
    }
}
