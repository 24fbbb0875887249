//! The code of an authenticator app (RFC 6238), for the account that the doctor signs in with.

use doorward_core::factor::base32;
use hmac::{Hmac, KeyInit};
use url::Url;

/// What makes codes. It prints nothing of its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Totp {
    secret: Vec<u8>,
    digits: u32,
    period: u64,
    algorithm: Algorithm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl std::fmt::Debug for Totp {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Totp(****)")
    }
}

/// Why a text makes no codes. The operator's; it never holds the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TotpError {
    /// It is neither base32 nor an `otpauth` address.
    #[error("it holds neither a secret in base32 nor an otpauth:// address")]
    Malformed,
    /// The address asks for what no authenticator does.
    #[error("its otpauth:// address asks for codes that nobody makes (6 to 8 digits, SHA1, SHA256 or SHA512)")]
    Unknown,
}

impl std::str::FromStr for Totp {
    type Err = TotpError;

    /// Reads a secret in base32, or an `otpauth://totp/…` address.
    fn from_str(text: &str) -> Result<Self, TotpError> {
        let text = text.trim();
        let plain = Self { secret: Vec::new(), digits: 6, period: 30, algorithm: Algorithm::Sha1 };
        if !text.to_ascii_lowercase().starts_with("otpauth:") {
            return Ok(Self { secret: secret(text).ok_or(TotpError::Malformed)?, ..plain });
        }
        let url = Url::parse(text).map_err(|_| TotpError::Malformed)?;
        let mut made = plain;
        for (name, value) in url.query_pairs() {
            match name.as_ref() {
                "secret" => made.secret = secret(&value).ok_or(TotpError::Malformed)?,
                "digits" => made.digits = value.parse().map_err(|_| TotpError::Unknown)?,
                "period" => made.period = value.parse().map_err(|_| TotpError::Unknown)?,
                "algorithm" => {
                    made.algorithm = match value.to_ascii_uppercase().as_str() {
                        "SHA1" => Algorithm::Sha1,
                        "SHA256" => Algorithm::Sha256,
                        "SHA512" => Algorithm::Sha512,
                        _ => return Err(TotpError::Unknown),
                    }
                }
                _ => {}
            }
        }
        if made.secret.is_empty() || url.host_str() != Some("totp") {
            return Err(TotpError::Malformed);
        }
        if !(6..=8).contains(&made.digits) || !(15..=120).contains(&made.period) {
            return Err(TotpError::Unknown);
        }
        Ok(made)
    }
}

impl Totp {
    /// The code at this moment.
    #[must_use]
    pub fn code(&self, at: u64) -> String {
        let step = (at / self.period).to_be_bytes();
        let mac = match self.algorithm {
            Algorithm::Sha1 => mac::<Hmac<sha1::Sha1>>(&self.secret, &step),
            Algorithm::Sha256 => mac::<Hmac<sha2::Sha256>>(&self.secret, &step),
            Algorithm::Sha512 => mac::<Hmac<sha2::Sha512>>(&self.secret, &step),
        };
        let at = usize::from(mac.last().copied().unwrap_or_default() & 0xf);
        let word =
            mac.get(at..at + 4).map_or(0, |four| four.iter().fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte)));
        let code = (word & 0x7fff_ffff) % 10_u32.pow(self.digits);
        format!("{code:0width$}", width = self.digits as usize)
    }
}

fn mac<M: hmac::Mac + KeyInit>(secret: &[u8], step: &[u8]) -> Vec<u8> {
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) else { return Vec::new() };
    mac.update(step);
    mac.finalize().into_bytes().to_vec()
}

/// In any letter case, with spaces and hyphens as apps show them, with or without padding.
fn secret(text: &str) -> Option<Vec<u8>> {
    let plain: String = text.trim_end_matches('=').chars().filter(|letter| !matches!(letter, ' ' | '-')).collect();
    let bytes = base32::decode(base32::STANDARD, &plain.to_ascii_uppercase())?;
    (bytes.len() >= 5).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn makes_the_codes_of_the_standard() {
        // RFC 6238, appendix B.
        let address = |secret: &str, algorithm: &str| {
            format!("otpauth://totp/a:b?secret={secret}&digits=8&algorithm={algorithm}")
        };
        let short = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let longer = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA";
        let longest =
            "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNA";
        for (secret, algorithm, at, code) in [
            (short, "SHA1", 59, "94287082"),
            (short, "SHA1", 1_111_111_109, "07081804"),
            (longer, "SHA256", 59, "46119246"),
            (longest, "SHA512", 59, "90693936"),
            (longest, "SHA512", 20_000_000_000, "47863826"),
        ] {
            let totp: Totp = address(secret, algorithm).parse().unwrap();
            assert_eq!(totp.code(at), code, "{algorithm} at {at}");
        }
        let plain: Totp = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq\n".parse().unwrap();
        assert_eq!(plain.code(59), "287082");
    }

    #[test]
    fn refuses_what_makes_no_codes_and_tells_nothing_of_it() {
        for text in [
            "",
            "a",
            "GEZDGNBV0",
            "otpauth://totp/a",
            "otpauth://hotp/a?secret=GEZDGNBVGY3TQOJQ",
            "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&digits=20",
            "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&algorithm=MD5",
            "otpauth://totp/a?secret=GEZDGNBVGY3TQOJQ&period=0",
        ] {
            let error = text.parse::<Totp>().unwrap_err();
            assert!(!error.to_string().contains("GEZD"), "{text}");
        }
        let totp: Totp = "GEZDGNBVGY3TQOJQ".parse().unwrap();
        assert_eq!(format!("{totp:?}"), "Totp(****)");
    }
}
