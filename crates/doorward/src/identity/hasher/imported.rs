//! The stored form of an imported hash: how the other program computed it, and a MAC of what came out.
//!
//! `$import$keyid=AQIDBAUG$bcrypt,cost=12$salt$mac`. The outcome itself is not stored: an HMAC of it under the pepper is,
//! so that a copy of the database without the keys tells no more of an imported password than of any other. A pepper
//! cannot stand *before* a foreign hash, which was made of the bare password; behind it, it can.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorward_core::user::PasswordHash;

use super::Fault;
use super::foreign::{Argon2Kind, Digest, ForeignError, Recipe, Scheme};
use super::pepper::{Pepper, PepperId};

/// What such a text begins with.
const PREFIX: &str = "$import$keyid=";

/// Bytes of the MAC.
const MAC: usize = 32;

/// An imported hash, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Imported {
    pub(super) recipe: Recipe,
    pub(super) pepper: PepperId,
    pub(super) mac: Vec<u8>,
}

impl Imported {
    /// Whether a stored text is one of these.
    pub(super) fn is_one(hash: &PasswordHash) -> bool {
        hash.expose_hash().starts_with(PREFIX)
    }

    /// Takes over what another program has computed.
    pub(super) fn of(recipe: Recipe, output: &[u8], pepper: &Pepper) -> Self {
        Self { recipe, pepper: pepper.id(), mac: pepper.seal(output).to_vec() }
    }

    /// Reads a stored text. The bounds of a foreign hash hold here as well.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, Fault> {
        let text = hash.expose_hash().strip_prefix(PREFIX).filter(|text| text.len() <= 512).ok_or(Fault::Malformed)?;
        let mut parts = text.split('$');
        let mut next = || parts.next().ok_or(Fault::Malformed);
        let (keyid, scheme, salt, mac) = (next()?, next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(Fault::Malformed);
        }
        let pepper = decode(keyid)?.try_into().map(PepperId).map_err(|_| Fault::Malformed)?;
        let (salt, mac) = (decode(salt)?, decode(mac)?);
        if mac.len() != MAC {
            return Err(Fault::Malformed);
        }
        let recipe = Recipe::new(read(scheme).ok_or(Fault::Malformed)?, salt).map_err(|error| match error {
            ForeignError::Costly => Fault::TooCostly,
            _ => Fault::Malformed,
        })?;
        Ok(Self { recipe, pepper, mac })
    }

    /// Writes the text that [`Self::parse`] reads.
    pub(super) fn to_hash(&self) -> PasswordHash {
        let [keyid, salt, mac] =
            [&self.pepper.0[..], &self.recipe.salt, &self.mac].map(|bytes| STANDARD_NO_PAD.encode(bytes));
        PasswordHash::new(format!("{PREFIX}{keyid}${}${salt}${mac}", write(self.recipe.scheme)))
    }
}

const KINDS: [(Argon2Kind, &str); 3] =
    [(Argon2Kind::D, "argon2d"), (Argon2Kind::I, "argon2i"), (Argon2Kind::Id, "argon2id")];

const DIGESTS: [(Digest, &str); 5] = [
    (Digest::Sha1, "pbkdf2-sha1"),
    (Digest::Sha224, "pbkdf2-sha224"),
    (Digest::Sha256, "pbkdf2-sha256"),
    (Digest::Sha384, "pbkdf2-sha384"),
    (Digest::Sha512, "pbkdf2-sha512"),
];

fn write(scheme: Scheme) -> String {
    match scheme {
        Scheme::Argon2 { kind, version, memory, passes, lanes, length } => {
            format!("{},{version},{memory},{passes},{lanes},{length}", name_of(&KINDS, kind))
        }
        Scheme::Bcrypt { cost, is_sha256 } => format!("{},{cost}", if is_sha256 { "bcrypt-sha256" } else { "bcrypt" }),
        Scheme::ShaCrypt { is_512, rounds } => format!("{},{rounds}", if is_512 { "sha512" } else { "sha256" }),
        Scheme::Pbkdf2 { digest, iterations, length } => {
            format!("{},{iterations},{length}", name_of(&DIGESTS, digest))
        }
        Scheme::Scrypt { log_n, r, p, length } => format!("scrypt,{log_n},{r},{p},{length}"),
    }
}

fn read(text: &str) -> Option<Scheme> {
    let (name, numbers) = text.split_once(',')?;
    let numbers: Vec<u32> = numbers.split(',').map(|number| number.parse().ok()).collect::<Option<_>>()?;
    let size = |length: u32| usize::try_from(length).ok();
    let scheme = match (name, &numbers[..]) {
        ("bcrypt", &[cost]) => Scheme::Bcrypt { cost, is_sha256: false },
        ("bcrypt-sha256", &[cost]) => Scheme::Bcrypt { cost, is_sha256: true },
        ("sha256", &[rounds]) => Scheme::ShaCrypt { is_512: false, rounds },
        ("sha512", &[rounds]) => Scheme::ShaCrypt { is_512: true, rounds },
        ("scrypt", &[log_n, r, p, length]) => {
            Scheme::Scrypt { log_n: u8::try_from(log_n).ok()?, r, p, length: size(length)? }
        }
        (name, &[version, memory, passes, lanes, length]) => {
            Scheme::Argon2 { kind: named(&KINDS, name)?, version, memory, passes, lanes, length: size(length)? }
        }
        (name, &[iterations, length]) => {
            Scheme::Pbkdf2 { digest: named(&DIGESTS, name)?, iterations, length: size(length)? }
        }
        _ => return None,
    };
    // One spelling of each.
    (write(scheme) == text).then_some(scheme)
}

fn name_of<T: Copy + PartialEq>(names: &[(T, &'static str)], value: T) -> &'static str {
    names.iter().find(|(known, _)| *known == value).map_or("", |(_, name)| name)
}

fn named<T: Copy>(names: &[(T, &'static str)], name: &str) -> Option<T> {
    names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value)
}

fn decode(text: &str) -> Result<Vec<u8>, Fault> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::super::foreign;
    use super::*;

    const FOREIGN: [&str; 6] = [
        "$argon2id$v=19$m=1024,t=2,p=4$zsfS8VZF9dPMR5zYLJTw0w$x/0krs2TkBhuUhgqTyqEhfS+8DvbuxbA4bR7bAKcPnI",
        "$2b$04$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O",
        "$bcrypt-sha256$v=2,t=2b,r=4$fSaLQqQ8m0gg7VpJZIWtF.$8AtXEO56Xje8bNAkfESfZzfa18/bq86",
        "$5$nS60.j9Vt3byLDYl$IfklUzFuHf.PbjNjP7zOsYCOMMoT0f9npwLwTq3m3L6",
        "$pbkdf2-sha384$100$T.e.96nMEGS08vANjBcbtA$akK76nCvy2qMTjVA827x.ng0gRn2m25phM2cLEyE/eUu8ELvYKR72zqLVmkq/7Es",
        "$scrypt$ln=4,r=8,p=1$g5Dy/p9TipFSytl7jzEGAA$cY0f7gfEJVO6GZ0W2gCjtmSMFbuzaFsciC/lqBbUzOM",
    ];

    #[test]
    fn comes_back_from_its_own_text_and_keeps_no_outcome() {
        let pepper = Pepper::new([7; 32]);
        for text in FOREIGN {
            let (recipe, output) = foreign::read(text).unwrap();
            let imported = Imported::of(recipe, &output, &pepper);
            let hash = imported.to_hash();
            assert_eq!(Imported::parse(&hash), Ok(imported));
            let outcome = text.rsplit('$').next().unwrap();
            assert!(!hash.expose_hash().contains(outcome.trim_end_matches(|c: char| !c.is_ascii_alphanumeric())));
        }
    }

    #[test]
    fn every_other_spelling_is_a_fault() {
        let pepper = Pepper::new([7; 32]);
        let (recipe, output) = foreign::read(FOREIGN[1]).unwrap();
        let good = Imported::of(recipe, &output, &pepper).to_hash();
        for (from, to, fault) in [
            ("bcrypt,4", "bcrypt,04", Fault::Malformed),
            ("bcrypt,4", "bcrypt,4,4", Fault::Malformed),
            ("bcrypt,4", "bcrypt", Fault::Malformed),
            ("bcrypt,4", "md5,4", Fault::Malformed),
            ("bcrypt,4", "bcrypt,3", Fault::Malformed),
            ("bcrypt,4", "bcrypt,31", Fault::TooCostly),
            ("$bcrypt", "$$bcrypt", Fault::Malformed),
            ("keyid=", "keyid=A", Fault::Malformed),
        ] {
            let text = good.expose_hash().replacen(from, to, 1);
            assert_eq!(Imported::parse(&PasswordHash::new(text.as_str())), Err(fault), "{text}");
        }
    }
}
