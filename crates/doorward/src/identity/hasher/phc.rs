//! The stored form of a hash: a PHC string of Argon2id with the id of its pepper.
//!
//! `$argon2id$v=19$m=65536,t=2,p=1,keyid=AAAAAAAA$salt$hash`, Base64 without padding, as the PHC string
//! format has it. Exactly this form is read; any other spelling is malformed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use doorward_core::password::Password;
use doorward_core::user::PasswordHash;

use super::Fault;
use super::parameters::{Parameters, ParametersError};
use super::pepper::{Pepper, PepperId};
use super::worker::Work;

/// Bytes of a new salt.
pub(super) const SALT: usize = 16;

/// Bytes of a new hash.
pub(super) const OUTPUT: usize = 32;

/// No stored text is longer than this; read before anything that costs more than the length.
const LONGEST: usize = 256;

/// A stored hash, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) parameters: Parameters,
    pub(super) pepper: PepperId,
    pub(super) salt: Vec<u8>,
    pub(super) output: Vec<u8>,
}

impl Stored {
    /// Reads a stored text.
    pub(super) fn parse(hash: &PasswordHash) -> Result<Self, Fault> {
        let text = hash.expose_hash();
        if text.len() > LONGEST {
            return Err(Fault::Malformed);
        }
        let rest = text.strip_prefix("$argon2id$v=19$").ok_or(Fault::Malformed)?;
        let mut parts = rest.split('$');
        let (Some(costs), Some(salt), Some(output), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Fault::Malformed);
        };
        let (parameters, pepper) = parse_costs(costs)?;
        let (salt, output) = (decode(salt)?, decode(output)?);
        if !(8..=64).contains(&salt.len()) || !(16..=64).contains(&output.len()) {
            return Err(Fault::Malformed);
        }
        Ok(Self { parameters, pepper, salt, output })
    }

    /// What a worker computes to see whether this is the password.
    pub(super) fn work(&self, password: &Password, pepper: &Pepper) -> Work {
        Work::Own {
            input: pepper.season(password.expose_password().as_bytes()),
            salt: self.salt.clone(),
            parameters: self.parameters,
            length: self.output.len(),
        }
    }

    /// Writes the text that [`Self::parse`] reads.
    pub(super) fn to_hash(&self) -> PasswordHash {
        let (memory, passes, lanes) = (self.parameters.memory(), self.parameters.passes(), self.parameters.lanes());
        let [keyid, salt, output] = [&self.pepper.0[..], &self.salt, &self.output].map(|b| STANDARD_NO_PAD.encode(b));
        PasswordHash::new(format!("$argon2id$v=19$m={memory},t={passes},p={lanes},keyid={keyid}${salt}${output}"))
    }
}

fn parse_costs(text: &str) -> Result<(Parameters, PepperId), Fault> {
    let mut fields = text.split(',');
    let mut field = |name: &str| fields.next().and_then(|field| field.strip_prefix(name)).ok_or(Fault::Malformed);
    let (memory, passes, lanes) = (number(field("m=")?)?, number(field("t=")?)?, number(field("p=")?)?);
    let keyid = field("keyid=").map_err(|_| Fault::WithoutPepper)?;
    let pepper = decode(keyid)?.try_into().map(PepperId).map_err(|_| Fault::Malformed)?;
    if fields.next().is_some() {
        return Err(Fault::Malformed);
    }
    let parameters = Parameters::new(memory, passes, lanes).map_err(|error| match error {
        ParametersError::TooCostly => Fault::TooCostly,
        _ => Fault::Malformed,
    })?;
    Ok((parameters, pepper))
}

/// A decimal number in its one spelling.
fn number(text: &str) -> Result<u32, Fault> {
    let value: u32 = text.parse().map_err(|_| Fault::Malformed)?;
    if value.to_string() == text { Ok(value) } else { Err(Fault::Malformed) }
}

fn decode(text: &str) -> Result<Vec<u8>, Fault> {
    STANDARD_NO_PAD.decode(text).map_err(|_| Fault::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "$argon2id$v=19$m=64,t=1,p=1,keyid=AQIDBAUG$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn comes_back_from_its_own_text() {
        let stored = Stored::parse(&PasswordHash::new(GOOD)).ok().unwrap();
        assert_eq!(stored.pepper, PepperId([1, 2, 3, 4, 5, 6]));
        assert_eq!((stored.salt.len(), stored.output.len()), (SALT, OUTPUT));
        assert_eq!(stored.to_hash().expose_hash(), GOOD);
    }

    #[test]
    fn every_other_spelling_is_a_fault() {
        for (from, to, fault) in [
            ("argon2id", "argon2i", Fault::Malformed),
            ("v=19", "v=16", Fault::Malformed),
            ("m=64", "m=064", Fault::Malformed),
            ("m=64", "m=+64", Fault::Malformed),
            ("m=64", "m=7", Fault::Malformed),
            ("m=64", "m=4294967295", Fault::TooCostly),
            ("m=64", "m=4294967296", Fault::Malformed),
            ("t=1", "t=4294967295", Fault::TooCostly),
            ("p=1", "p=16", Fault::Malformed),
            (",keyid=AQIDBAUG", "", Fault::WithoutPepper),
            ("AQIDBAUG", "AQIDBA", Fault::Malformed),
            ("keyid=AQIDBAUG", "keyid=AQIDBAUG,data=AA", Fault::Malformed),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAA$", Fault::Malformed),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAAAB$", Fault::Malformed),
            ("$AAAAAAAAAAAAAAAAAAAAAA$", "$AAAAAAAAAAAAAAAAAAAAAA==$", Fault::Malformed),
            ("$argon2id", "argon2id", Fault::Malformed),
        ] {
            let text = GOOD.replacen(from, to, 1);
            assert_eq!(Stored::parse(&PasswordHash::new(text.as_str())).err(), Some(fault), "{text}");
        }
        for text in [String::new(), "$".repeat(5), format!("{GOOD}$"), format!("{GOOD}\n"), "x".repeat(1 << 20)] {
            assert_eq!(Stored::parse(&PasswordHash::new(text.as_str())).err(), Some(Fault::Malformed));
        }
    }
}
