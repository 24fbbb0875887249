//! Computing the hashes of other programs.

use argon2::{Algorithm, Argon2, Block, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use pbkdf2::pbkdf2_hmac;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::super::worker::grow;
use super::{Argon2Kind, Digest, Recipe, Scheme};

/// The most bytes of a password that SHA-crypt is computed with: its time grows with each of them.
const SHA_CRYPT_BYTES: usize = 256;

/// Computes the outcome of a foreign hash, in `memory` where it is Argon2. Nothing where memory cannot be had.
///
/// The memory is wiped: unlike with a hash of ours, what stands in it comes from the password itself.
pub(in super::super) fn compute(
    recipe: &Recipe,
    password: &[u8],
    memory: &mut Vec<Block>,
) -> Option<Zeroizing<Vec<u8>>> {
    match recipe.scheme {
        Scheme::Argon2 { kind, version, memory: size, passes, lanes, length } => {
            let algorithm = match kind {
                Argon2Kind::D => Algorithm::Argon2d,
                Argon2Kind::I => Algorithm::Argon2i,
                Argon2Kind::Id => Algorithm::Argon2id,
            };
            let version = Version::try_from(version).ok()?;
            let parameters = argon2::Params::new(size, passes, lanes, Some(length)).ok()?;
            let count = parameters.block_count();
            grow(memory, count)?;
            let blocks = &mut memory[..count];
            let mut output = Zeroizing::new(vec![0; length]);
            let argon2 = Argon2::new(algorithm, version, parameters);
            let outcome = argon2.hash_password_into_with_memory(password, &recipe.salt, &mut output, &mut *blocks);
            blocks.fill(Block::new());
            outcome.ok().map(|()| output)
        }
        Scheme::Bcrypt { cost, is_sha256 } => bcrypt(cost, is_sha256, &recipe.salt, password),
        Scheme::ShaCrypt { is_512, rounds } => sha_crypt(is_512, rounds, &recipe.salt, password),
        Scheme::Pbkdf2 { digest, iterations, length } => {
            let mut output = Zeroizing::new(vec![0; length]);
            let (salt, out) = (&recipe.salt[..], &mut output[..]);
            match digest {
                Digest::Sha1 => pbkdf2_hmac::<sha1::Sha1>(password, salt, iterations, out),
                Digest::Sha224 => pbkdf2_hmac::<sha2::Sha224>(password, salt, iterations, out),
                Digest::Sha256 => pbkdf2_hmac::<Sha256>(password, salt, iterations, out),
                Digest::Sha384 => pbkdf2_hmac::<sha2::Sha384>(password, salt, iterations, out),
                Digest::Sha512 => pbkdf2_hmac::<sha2::Sha512>(password, salt, iterations, out),
            }
            Some(output)
        }
        Scheme::Scrypt { log_n, r, p, length } => {
            let mut output = Zeroizing::new(vec![0; length]);
            let parameters = scrypt::Params::new(log_n, r, p).ok()?;
            scrypt::scrypt(password, &recipe.salt, &parameters, &mut output).ok().map(|()| output)
        }
    }
}

/// bcrypt takes 72 bytes, the last of which is the zero behind a shorter password; what is longer was cut when the hash
/// was made, so it is cut here.
fn bcrypt(cost: u32, is_sha256: bool, salt: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut input = Zeroizing::new([0; 72]);
    let inner = is_sha256.then(|| inner(salt, password));
    let taken = inner.as_ref().map_or(password, |inner| inner.as_bytes());
    let length = taken.len().min(72);
    input[..length].copy_from_slice(&taken[..length]);
    let output = bcrypt::bcrypt(cost, salt.try_into().ok()?, &input[..(length + 1).min(72)]);
    Some(Zeroizing::new(output[..23].to_vec()))
}

/// What `bcrypt-sha256` gives to bcrypt: HMAC-SHA-256 under the letters of the salt, in Base64.
fn inner(salt: &[u8], password: &[u8]) -> Zeroizing<String> {
    let key = bcrypt::BASE_64.encode(salt);
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes()).expect("HMAC takes keys of every length");
    mac.update(password);
    Zeroizing::new(STANDARD.encode(mac.finalize().into_bytes()))
}

fn sha_crypt(is_512: bool, rounds: u32, salt: &[u8], password: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let parameters = sha_crypt::Params::new(rounds).ok()?;
    let is_cut = password.len() > SHA_CRYPT_BYTES;
    let taken = &password[..password.len().min(SHA_CRYPT_BYTES)];
    let mut output = Zeroizing::new(if is_512 {
        sha_crypt::sha512_crypt(taken, salt, parameters).to_vec()
    } else {
        sha_crypt::sha256_crypt(taken, salt, parameters).to_vec()
    });
    if is_cut {
        // Nobody's password: the same work, and an outcome that fits nothing.
        output.fill(0);
    }
    Some(output)
}
