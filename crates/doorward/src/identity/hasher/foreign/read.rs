//! Reading the texts in which other programs keep hashes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use super::{Argon2Kind, Digest, ForeignError, Recipe, Scheme};

/// No hash is written longer.
const LONGEST: usize = 512;

/// A hash taken apart: how it is computed, and what must come out.
type Foreign = (Recipe, Vec<u8>);

/// Reads a hash of another program.
///
/// # Errors
/// Why it is not taken over.
pub(in super::super) fn read(text: &str) -> Result<Foreign, ForeignError> {
    if text.len() > LONGEST {
        return Err(ForeignError::Unknown);
    }
    // Authelia wrote crypt(5) in front of it once, and still reads that.
    let text = text.strip_prefix("{CRYPT}").unwrap_or(text);
    if let Some(weak) = weak(text) {
        return Err(ForeignError::Weak(weak));
    }
    let (id, rest) = text.strip_prefix('$').and_then(|text| text.split_once('$')).ok_or(ForeignError::Unknown)?;
    let parts: Vec<&str> = rest.split('$').collect();
    match id {
        "argon2id" => argon2(Argon2Kind::Id, &parts),
        "argon2i" => argon2(Argon2Kind::I, &parts),
        "argon2d" => argon2(Argon2Kind::D, &parts),
        "2a" | "2b" | "2y" => bcrypt(&parts),
        "bcrypt-sha256" => bcrypt_sha256(&parts),
        "5" => sha_crypt(false, &parts),
        "6" => sha_crypt(true, &parts),
        "pbkdf2" | "pbkdf2-sha1" => pbkdf2(Digest::Sha1, &parts),
        "pbkdf2-sha224" => pbkdf2(Digest::Sha224, &parts),
        "pbkdf2-sha256" => pbkdf2(Digest::Sha256, &parts),
        "pbkdf2-sha384" => pbkdf2(Digest::Sha384, &parts),
        "pbkdf2-sha512" => pbkdf2(Digest::Sha512, &parts),
        "scrypt" => scrypt(&parts),
        _ => Err(ForeignError::Unknown),
    }
}

/// What is too weak to be kept. A text that names no scheme is a password in the clear, or DES, which cannot be told
/// apart and need not be.
fn weak(text: &str) -> Option<&'static str> {
    let begins = |prefix: &str| text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix));
    if begins("$apr1$") || begins("$1$") || begins("$md5$") {
        Some("MD5")
    } else if begins("{SHA}") || begins("{SSHA}") || begins("$sha1$") {
        Some("SHA-1")
    } else if begins("$2x$") {
        Some("a faulty bcrypt")
    } else if begins("$plaintext$") || !text.starts_with('$') {
        Some("DES or plain text")
    } else {
        None
    }
}

fn argon2(kind: Argon2Kind, parts: &[&str]) -> Result<Foreign, ForeignError> {
    let (version, costs, salt, output) = match parts {
        [version, costs, salt, output] => {
            (version.strip_prefix("v=").and_then(number).ok_or(ForeignError::Unknown)?, costs, salt, output)
        }
        // Before there was a second version, none was written.
        [costs, salt, output] => (16, costs, salt, output),
        _ => return Err(ForeignError::Unknown),
    };
    let [memory, passes, lanes] = fields(costs, ["m", "t", "p"])?;
    let (salt, output) = (standard(salt)?, standard(output)?);
    let scheme = Scheme::Argon2 { kind, version, memory, passes, lanes, length: output.len() };
    Ok((Recipe::new(scheme, salt)?, output))
}

fn bcrypt(parts: &[&str]) -> Result<Foreign, ForeignError> {
    let [cost, rest] = parts else { return Err(ForeignError::Unknown) };
    let (salt, output) = rest.split_at_checked(22).ok_or(ForeignError::Unknown)?;
    let cost = cost.parse().ok().filter(|_| cost.len() == 2).ok_or(ForeignError::Unknown)?;
    finish_bcrypt(Scheme::Bcrypt { cost, is_sha256: false }, salt, output)
}

fn bcrypt_sha256(parts: &[&str]) -> Result<Foreign, ForeignError> {
    let [costs, salt, output] = parts else { return Err(ForeignError::Unknown) };
    let cost = costs.strip_prefix("v=2,t=2b,r=").and_then(number).ok_or(ForeignError::Unknown)?;
    finish_bcrypt(Scheme::Bcrypt { cost, is_sha256: true }, salt, output)
}

/// Salt and outcome in bcrypt's own alphabet. The last letter of each holds bits that nobody reads, and not every
/// program writes them as zero.
fn finish_bcrypt(scheme: Scheme, salt: &str, output: &str) -> Result<Foreign, ForeignError> {
    let (salt, output) = (letters(salt, BCRYPT)?, letters(output, BCRYPT)?);
    let (salt, output) = (packed(&salt), packed(&output));
    if output.len() != 23 {
        return Err(ForeignError::Unknown);
    }
    Ok((Recipe::new(scheme, salt)?, output))
}

fn sha_crypt(is_512: bool, parts: &[&str]) -> Result<Foreign, ForeignError> {
    let (rounds, salt, output) = match parts {
        [rounds, salt, output] => {
            let rounds = rounds.strip_prefix("rounds=").and_then(number::<u32>).ok_or(ForeignError::Unknown)?;
            // What is out of range is moved into it (crypt(5)), at the upper end only far beyond ours.
            (rounds.max(1_000), salt, output)
        }
        [salt, output] => (5_000, salt, output),
        _ => return Err(ForeignError::Unknown),
    };
    if !salt.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':') {
        return Err(ForeignError::Unknown);
    }
    // Only the first 16 letters count.
    let salt = salt.as_bytes().iter().copied().take(16).collect();
    let output = unfold(&letters(output, CRYPT)?, is_512)?;
    Ok((Recipe::new(Scheme::ShaCrypt { is_512, rounds }, salt)?, output))
}

/// The bytes of a SHA-crypt outcome in their own order. Each group of four letters holds three bytes, the low one first;
/// which three goes round by one with each group.
fn unfold(letters: &[u8], is_512: bool) -> Result<Vec<u8>, ForeignError> {
    let (length, third) = if is_512 { (64, 21) } else { (32, 10) };
    if letters.len() != if is_512 { 86 } else { 43 } {
        return Err(ForeignError::Unknown);
    }
    let mut digest = vec![0; length];
    for (group, four) in letters.chunks(4).enumerate() {
        let bits = four.iter().rev().fold(0_u32, |bits, letter| bits << 6 | u32::from(*letter));
        let [low, middle, high, _] = bits.to_le_bytes();
        let (k, last) = (group, 3 * third);
        let places: [usize; 3] = match (group == third, is_512, group % 3) {
            (true, true, _) => [last, length, length],
            (true, false, _) => [last, last + 1, length],
            (_, _, 0) => [k + 2 * third, k + third, k],
            (_, true, 1) | (_, false, 2) => [k, k + 2 * third, k + third],
            _ => [k + third, k, k + 2 * third],
        };
        for (place, byte) in places.into_iter().zip([low, middle, high]) {
            match digest.get_mut(place) {
                Some(slot) => *slot = byte,
                // Bits beyond the last byte are zero in the one spelling.
                None if byte != 0 => return Err(ForeignError::Unknown),
                None => {}
            }
        }
    }
    Ok(digest)
}

fn pbkdf2(digest: Digest, parts: &[&str]) -> Result<Foreign, ForeignError> {
    let [iterations, salt, output] = parts else { return Err(ForeignError::Unknown) };
    let iterations = iterations.strip_prefix("i=").unwrap_or(iterations);
    let iterations = number(iterations).ok_or(ForeignError::Unknown)?;
    let (salt, output) = (adapted(salt)?, adapted(output)?);
    Ok((Recipe::new(Scheme::Pbkdf2 { digest, iterations, length: output.len() }, salt)?, output))
}

fn scrypt(parts: &[&str]) -> Result<Foreign, ForeignError> {
    let [costs, salt, output] = parts else { return Err(ForeignError::Unknown) };
    let [log_n, r, p] = fields(costs, ["ln", "r", "p"])?;
    let log_n = u8::try_from(log_n).map_err(|_| ForeignError::Unknown)?;
    let (salt, output) = (standard(salt)?, standard(output)?);
    Ok((Recipe::new(Scheme::Scrypt { log_n, r, p, length: output.len() }, salt)?, output))
}

/// `m=65536,t=3,p=4`: these numbers in this order, and nothing else.
fn fields(text: &str, names: [&str; 3]) -> Result<[u32; 3], ForeignError> {
    let mut fields = text.split(',');
    let mut numbers = [0; 3];
    for (slot, name) in numbers.iter_mut().zip(names) {
        let value = fields.next().and_then(|field| field.strip_prefix(name)?.strip_prefix('='));
        *slot = value.and_then(number).ok_or(ForeignError::Unknown)?;
    }
    if fields.next().is_some() { Err(ForeignError::Unknown) } else { Ok(numbers) }
}

/// A number without a sign; one that fits no `u32` is too much of whatever it counts, and no number here.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn standard(text: &str) -> Result<Vec<u8>, ForeignError> {
    STANDARD_NO_PAD.decode(text.trim_end_matches('=')).map_err(|_| ForeignError::Unknown)
}

/// Base64 with `.` for `+`, as passlib and Authelia write it.
fn adapted(text: &str) -> Result<Vec<u8>, ForeignError> {
    standard(&text.replace('.', "+"))
}

const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The values of letters, 0 to 63.
fn letters(text: &str, alphabet: &[u8; 64]) -> Result<Vec<u8>, ForeignError> {
    let value = |byte| alphabet.iter().position(|letter| *letter == byte).and_then(|place| u8::try_from(place).ok());
    text.bytes().map(value).collect::<Option<_>>().ok_or(ForeignError::Unknown)
}

/// The whole bytes that the letters hold, the first bits first.
fn packed(letters: &[u8]) -> Vec<u8> {
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::with_capacity(letters.len() * 6 / 8));
    for letter in letters {
        bits = bits << 6 | u32::from(*letter);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count).to_le_bytes()[0]);
        }
    }
    bytes
}
