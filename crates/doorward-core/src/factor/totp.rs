//! One-time codes of authenticator apps: HOTP (RFC 4226) over time steps (RFC 6238).
//!
//! SHA-1, six digits, 30 seconds: the one set that every app reads. SHA-1 is sound inside HMAC, and the code is cut to
//! 20 bits anyway. These are forty lines on crates that the program has already; a library would bring its own base32,
//! clock and error types, and none answers with the step, without which a code cannot be refused the second time.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::{ConditionallySelectable as _, ConstantTimeEq as _};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::base32;
use super::code::digits;
use crate::clock::UnixTime;
use crate::random::{Random, bytes};
use crate::secret::Secret;

/// Seconds of one step.
pub const STEP_SECONDS: i64 = 30;

/// Digits of a code.
pub const DIGITS: usize = 6;

/// Which steps are accepted beside the present one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The step before too: a code that was read in its last second is typed in the next (RFC 6238, section 5.2).
    Previous,
    /// None: a code lives 30 seconds (ASVS 6.5.5).
    Current,
}

/// The key that an app shares with us: 160 bits (RFC 4226, section 4, R6).
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct TotpKey([u8; 20]);

impl fmt::Debug for TotpKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("TotpKey(****)")
    }
}

impl TotpKey {
    /// Draws a new key.
    #[must_use]
    pub fn random(random: &dyn Random) -> Self {
        Self(bytes(random))
    }

    /// The key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The bytes, for whoever encrypts them. The name is long on purpose.
    #[must_use]
    pub fn expose_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    /// The key as people type it where no camera is at hand: 32 characters of base32.
    #[must_use]
    pub fn to_text(&self) -> Secret {
        Secret::new(base32::encode(base32::STANDARD, &self.0))
    }

    /// The address that the QR code holds, as all authenticator apps read it: `otpauth://totp/ISSUER:ACCOUNT?…`.
    #[must_use]
    pub fn to_uri(&self, issuer: &str, account: &str) -> Secret {
        let (issuer, account) = (escaped(issuer), escaped(account));
        let secret = self.to_text();
        Secret::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits={DIGITS}&period={STEP_SECONDS}",
            secret.expose_secret()
        ))
    }

    /// The step that this code proves at `now`; nothing where it is wrong, early, late, or not higher than `last_step`.
    ///
    /// A clock that steps back makes no old code good: steps that were used stay used. Every accepted step is
    /// compared, in constant time.
    #[must_use]
    pub fn verify(&self, code: &str, now: UnixTime, last_step: i64, window: Window) -> Option<i64> {
        let code = digits(code, DIGITS)?;
        let current = step_at(now);
        let oldest = if window == Window::Previous { current - 1 } else { current };
        let mut found = -1_i64;
        for step in oldest..=current {
            let Ok(counter) = u64::try_from(step) else { continue };
            let is_good = self.code(counter).ct_eq(&code);
            found.conditional_assign(&step, is_good);
        }
        (found >= 0 && found > last_step).then_some(found)
    }

    /// The six digits of a counter (RFC 4226, section 5.3).
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "HMAC takes keys of any length")]
    pub fn code(&self, counter: u64) -> u32 {
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(&counter.to_be_bytes());
        let digest: [u8; 20] = mac.finalize().into_bytes().into();
        let offset = usize::from(digest[19] & 15);
        let cut = [digest[offset] & 0x7f, digest[offset + 1], digest[offset + 2], digest[offset + 3]];
        u32::from_be_bytes(cut) % 1_000_000
    }
}

/// The step that a moment falls into.
#[must_use]
pub fn step_at(now: UnixTime) -> i64 {
    now.0.div_euclid(STEP_SECONDS)
}

/// Percent-encodes everything but the unreserved characters (RFC 3986, section 2.3).
fn escaped(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for half in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789ABCDEF"[usize::from(half)]));
            }
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key() -> TotpKey {
        TotpKey::from_bytes(*b"12345678901234567890")
    }

    fn text(step: i64) -> String {
        format!("{:06}", key().code(u64::try_from(step).unwrap()))
    }

    #[test]
    fn makes_the_codes_of_the_standards() {
        // RFC 4226, appendix D.
        let codes = [755_224, 287_082, 359_152, 969_429, 338_314, 254_676, 287_922, 162_583, 399_871, 520_489];
        for (counter, code) in codes.into_iter().enumerate() {
            assert_eq!(key().code(counter as u64), code);
        }
        // RFC 6238, appendix B, cut to six digits.
        for (now, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            let step = step_at(UnixTime(now));
            assert_eq!(key().verify(code, UnixTime(now), -1, Window::Current), Some(step), "{now}");
        }
    }

    #[test]
    fn accepts_the_step_before_only_where_told() {
        let now = UnixTime(3_000_000);
        let step = step_at(now);
        for (offset, previous, current) in
            [(-2, None, None), (-1, Some(step - 1), None), (0, Some(step), Some(step)), (1, None, None)]
        {
            let code = text(step + offset);
            assert_eq!(key().verify(&code, now, -1, Window::Previous), previous, "{offset}");
            assert_eq!(key().verify(&code, now, -1, Window::Current), current, "{offset}");
        }
    }

    // CVE-2026-82470: a code that was accepted is refused the second time; PATTERN-CLOCK-BACK: whatever the clock does.
    #[test]
    fn accepts_a_step_once_whatever_the_clock_does() {
        let now = UnixTime(3_000_000);
        let step = key().verify(&text(step_at(now)), now, -1, Window::Previous).unwrap();
        assert_eq!(key().verify(&text(step), now, step, Window::Previous), None);
        assert_eq!(key().verify(&text(step), now + 30, step, Window::Previous), None);
        assert_eq!(key().verify(&text(step - 1), now, step, Window::Previous), None, "nor one before it");
        for back in [30, 3_600, 86_400 * 30] {
            let then = now - back;
            assert_eq!(key().verify(&text(step_at(then)), then, step, Window::Previous), None);
        }
        assert_eq!(key().verify(&text(step + 1), now + 30, step, Window::Previous), Some(step + 1));
        assert_eq!(key().verify("287082", UnixTime(-1), -1, Window::Previous), None);
    }

    // GHSA-rmmc-8cqj-hfp3: a short code is no code.
    #[test]
    fn reads_six_digits_and_nothing_else() {
        let now = UnixTime(59);
        for good in ["287082", "287 082", " 287082 ", "287-082", "287\u{a0}082\n"] {
            assert!(key().verify(good, now, -1, Window::Current).is_some(), "{good}");
        }
        let foreign = "\u{662}\u{668}\u{667}\u{660}\u{668}\u{662}";
        for bad in ["", "      ", "28708", " 28708", "2870822", "+87082", "28708a", "\u{662}87082", foreign] {
            assert_eq!(key().verify(bad, now, -1, Window::Current), None, "{bad:?}");
        }
        for bad in ["-287082", "+287082", "287082-", "- 287082", "287082\0", "0x287082", &"2".repeat(1_000_000)] {
            assert_eq!(key().verify(bad, now, -1, Window::Current), None);
        }
    }

    #[test]
    fn writes_what_apps_read() {
        let uri = key().to_uri("Doorward & Co", "ada@example.com");
        assert_eq!(
            uri.expose_secret(),
            "otpauth://totp/Doorward%20%26%20Co:ada%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\
             &issuer=Doorward%20%26%20Co&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(format!("{:?} {uri}", key()), "TotpKey(****) ****");
    }

    proptest! {
        #[test]
        fn a_step_that_is_accepted_is_new_and_near(now in 0_i64..4_000_000_000, last in -1_i64..140_000_000, code in "[0-9]{6}") {
            if let Some(step) = key().verify(&code, UnixTime(now), last, Window::Previous) {
                prop_assert!(step > last && (0..=1).contains(&(step_at(UnixTime(now)) - step)));
            }
        }
    }
}
