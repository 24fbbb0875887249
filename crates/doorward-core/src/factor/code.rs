//! Codes that people read and type: recovery codes and codes by mail, and the keyed hash that is stored of them.
//!
//! A recovery code has 80 bits: 16 characters can be typed by somebody who has just lost a phone, 24 cannot. The standard
//! wants a password hash below 112 bits (NIST SP 800-63B-4, section 3.1.2.2), against a thief of the database
//! who guesses. A keyed hash denies that thief the first guess, since the key is not in the database, and ten codes cost one
//! look-up instead of ten runs of Argon2. A code by mail has 27 bits, so the key is what protects it at all.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::base32;
use crate::identifier::UserId;
use crate::random::{Random, bytes};
use crate::secret::Secret;
use crate::token::TokenHash;

/// How many recovery codes one sheet has.
pub const RECOVERY_CODES: usize = 10;

/// Seconds for which a code by mail is good (NIST SP 800-63B-4, section 3.1.3).
pub const EMAIL_SECONDS: i64 = 600;

/// How often one may type a code by mail before it is void.
pub const EMAIL_TRIES: u32 = 5;

/// The key of the hashes, which the program derives from the pepper for this purpose alone.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct CodeKey([u8; 32]);

impl fmt::Debug for CodeKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("CodeKey(****)")
    }
}

/// What a code by mail is for. A code of one purpose is no code of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EmailPurpose {
    /// The second factor of a sign-in, or of a step up.
    SecondFactor,
    /// The proof of the address after a recovery code.
    Recovery,
    /// Enrolling codes by mail.
    Enrolment,
}

impl EmailPurpose {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::Recovery => "recovery",
            Self::Enrolment => "enrolment",
        }
    }
}

impl CodeKey {
    /// The key with these bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// What is stored of a recovery code: HMAC-SHA-256 over its kind, its user and its bytes.
    #[must_use]
    pub fn hash_recovery(&self, user: UserId, code: &RecoveryCode) -> TokenHash {
        self.hash(&[b"recovery", user.as_bytes(), &code.0])
    }

    /// What is stored of a code by mail; bound to its purpose, its user and the browser that asked, so that it is
    /// no code anywhere else.
    #[must_use]
    pub fn hash_email(&self, purpose: EmailPurpose, user: UserId, browser: TokenHash, code: &EmailCode) -> TokenHash {
        let digits = code.0.to_be_bytes();
        self.hash(&[b"email", purpose.as_str().as_bytes(), user.as_bytes(), browser.as_bytes(), &digits])
    }

    /// Each part enters with its length, so that no two lists have the same bytes.
    fn hash(&self, parts: &[&[u8]]) -> TokenHash {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        TokenHash::from_bytes(mac.finalize().into_bytes().into())
    }
}

/// One recovery code: 80 bits.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct RecoveryCode([u8; 10]);

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RecoveryCode(****)")
    }
}

impl RecoveryCode {
    /// Draws a sheet of codes.
    #[must_use]
    pub fn sheet(random: &dyn Random) -> Vec<Self> {
        (0..RECOVERY_CODES).map(|_| Self(bytes(random))).collect()
    }

    /// The code as it is printed: four groups of four, `k7qm-2xvd-9hte-4wnc`.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        let text = base32::encode(base32::READABLE, &self.0);
        Secret::new(format!("{}-{}-{}-{}", &text[..4], &text[4..8], &text[8..12], &text[12..]))
    }

    /// Reads what somebody typed: in any case, with any spaces and hyphens, with `o` for `0`, `i` and `l` for `1`, `u` for `v`.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        // The length is checked first, so that a huge value costs nothing.
        if typed.len() > 64 {
            return None;
        }
        let plain: String = typed
            .chars()
            .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '\u{2010}'..='\u{2014}'))
            .map(|character| match character.to_ascii_lowercase() {
                'o' => '0',
                'i' | 'l' => '1',
                'u' => 'v',
                other => other,
            })
            .collect();
        base32::decode(base32::READABLE, &plain)?.try_into().ok().map(Self)
    }
}

/// One code by mail: eight digits.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct EmailCode(u32);

impl fmt::Debug for EmailCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("EmailCode(****)")
    }
}

impl EmailCode {
    /// Draws a code. Of 64 random bits the remainder favours no code by more than one in 10¹¹.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        let number = u64::from_be_bytes(bytes(random)) % 100_000_000;
        Self(u32::try_from(number).unwrap_or_default())
    }

    /// The code as the mail shows it: `1234 5678`.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::new(format!("{:04} {:04}", self.0 / 10_000, self.0 % 10_000))
    }

    /// Reads eight digits.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        digits(typed, 8).map(Self)
    }
}

/// The digits that somebody typed, as many as there must be: with any spaces, and hyphens between groups. A hyphen before
/// them would be a sign, and a number with a sign is no code.
pub(super) fn digits(typed: &str, count: usize) -> Option<u32> {
    // The length is checked first, so that a huge value costs nothing.
    if typed.len() > 32 {
        return None;
    }
    let groups = typed.trim();
    let is_bare = groups.starts_with(|first: char| first.is_ascii_digit())
        && groups.ends_with(|last: char| last.is_ascii_digit());
    let plain: String = groups.chars().filter(|character| !character.is_whitespace() && *character != '-').collect();
    let is_whole = is_bare && plain.len() == count && plain.bytes().all(|byte| byte.is_ascii_digit());
    is_whole.then(|| plain.parse().ok())?
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;

    #[derive(Debug, Default)]
    struct Seed(AtomicU64);

    impl Random for Seed {
        fn fill(&self, buffer: &mut [u8]) {
            let digest = Sha256::digest(self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes());
            buffer.copy_from_slice(&digest[..buffer.len()]);
        }
    }

    const ADA: UserId = UserId::from_bytes([1; 16]);
    const BOB: UserId = UserId::from_bytes([2; 16]);

    #[test]
    fn a_sheet_has_ten_codes_that_differ() {
        let sheet = RecoveryCode::sheet(&Seed::default());
        let texts: std::collections::HashSet<String> =
            sheet.iter().map(|code| code.to_text().expose_secret().to_owned()).collect();
        assert_eq!(texts.len(), RECOVERY_CODES);
        assert!(texts.iter().all(|text| text.len() == 19));
    }

    #[test]
    fn what_people_type_for_a_code_is_the_code() {
        let code = RecoveryCode::parse("01vk-2xvd-9hte-4wn0").unwrap();
        for typed in ["01VK2XVD9HTE4WN0", " oiuk 2xvd 9hte 4wnO ", "0LVK\u{2013}2XVD-9HTE-4WN0", "0lvk2xvd9hte4wno\n"] {
            assert_eq!(RecoveryCode::parse(typed).as_ref(), Some(&code), "{typed}");
        }
        for bad in ["", "01vk-2xvd-9hte-4wn", "01vk-2xvd-9hte-4wn00", "01vk-2xvd-9hte-4wn!", &"0".repeat(1_000_000)] {
            assert_eq!(RecoveryCode::parse(bad), None);
        }
    }

    #[test]
    fn a_code_by_mail_is_eight_digits() {
        let code = EmailCode::parse("0012 3456").unwrap();
        assert_eq!(code.to_text().expose_secret(), "0012 3456");
        assert_eq!(EmailCode::parse("00123456"), Some(code));
        for bad in ["", "123456", "123456789", "+1234567", "1234567a", "-00123456", "00123456-", &"1".repeat(1_000_000)]
        {
            assert_eq!(EmailCode::parse(bad), None);
        }
    }

    #[test]
    fn a_hash_is_of_one_key_kind_user_and_browser() {
        let (key, other) = (CodeKey::new([7; 32]), CodeKey::new([8; 32]));
        let recovery = RecoveryCode::parse("01vk-2xvd-9hte-4wn0").unwrap();
        let email = EmailCode::parse("00123456").unwrap();
        let (here, there) = (TokenHash::from_bytes([1; 32]), TokenHash::from_bytes([2; 32]));
        let mut hashes = vec![
            key.hash_recovery(ADA, &recovery),
            key.hash_recovery(BOB, &recovery),
            other.hash_recovery(ADA, &recovery),
            other.hash_email(EmailPurpose::Recovery, ADA, here, &email),
            key.hash_email(EmailPurpose::Recovery, BOB, here, &email),
            key.hash_email(EmailPurpose::Recovery, ADA, there, &email),
        ];
        for purpose in [EmailPurpose::SecondFactor, EmailPurpose::Recovery, EmailPurpose::Enrolment] {
            hashes.push(key.hash_email(purpose, ADA, here, &email));
        }
        let count = hashes.len();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), count);
    }

    proptest! {
        #[test]
        fn codes_come_back(seed: u64) {
            let random = Seed(AtomicU64::new(seed));
            for code in RecoveryCode::sheet(&random) {
                prop_assert_eq!(RecoveryCode::parse(code.to_text().expose_secret()), Some(code));
            }
            let code = EmailCode::random(&random);
            prop_assert_eq!(EmailCode::parse(code.to_text().expose_secret()), Some(code));
        }

        #[test]
        fn reading_never_panics(text: String) {
            let _ = RecoveryCode::parse(&text);
            let _ = EmailCode::parse(&text);
        }
    }
}
