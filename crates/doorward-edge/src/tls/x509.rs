//! The few facts of a certificate that are needed here, read from its DER (RFC 5280, section 4.1).

use std::net::IpAddr;

use doorward_core::UnixTime;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;

/// `id-ce-subjectAltName` and `id-ce-authorityKeyIdentifier` in DER.
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];

/// What is known of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Facts {
    /// Names of the subject alternative name, in lower case.
    pub(super) names: Vec<String>,
    /// Addresses of the subject alternative name.
    pub(super) addresses: Vec<IpAddr>,
    /// From when on it counts.
    pub(super) not_before: UnixTime,
    /// Until when it counts.
    pub(super) not_after: UnixTime,
    /// The serial number as it is encoded.
    pub(super) serial: Vec<u8>,
    /// Which key has signed it, where it says so.
    pub(super) authority_key: Option<Vec<u8>>,
}

/// Reads the facts, or nothing where the bytes are no certificate.
pub(super) fn read(der: &[u8]) -> Option<Facts> {
    let mut whole = Reader(der);
    let mut certificate = whole.inside(SEQUENCE)?;
    let mut body = certificate.inside(SEQUENCE)?;
    if body.next_is(0xa0) {
        body.take(0xa0)?;
    }
    let serial = body.take(INTEGER)?.to_vec();
    body.take(SEQUENCE)?; // the algorithm of the signature
    body.take(SEQUENCE)?; // the issuer
    let mut validity = body.inside(SEQUENCE)?;
    let (not_before, not_after) = (validity.time()?, validity.time()?);
    body.take(SEQUENCE)?; // the subject
    body.take(SEQUENCE)?; // its public key
    let mut facts =
        Facts { names: Vec::new(), addresses: Vec::new(), not_before, not_after, serial, authority_key: None };
    while let Some((tag, content)) = body.element() {
        if tag == 0xa3 {
            extensions(content, &mut facts)?;
        }
    }
    Some(facts)
}

fn extensions(der: &[u8], facts: &mut Facts) -> Option<()> {
    let mut list = Reader(der).inside(SEQUENCE)?;
    while !list.0.is_empty() {
        let mut extension = list.inside(SEQUENCE)?;
        let id = extension.take(OBJECT_IDENTIFIER)?;
        if extension.next_is(BOOLEAN) {
            extension.take(BOOLEAN)?;
        }
        let value = extension.take(OCTET_STRING)?;
        if id == SUBJECT_ALT_NAME {
            let mut names = Reader(value).inside(SEQUENCE)?;
            while let Some((tag, content)) = names.element() {
                match tag {
                    0x82 => facts.names.push(str::from_utf8(content).ok()?.to_ascii_lowercase()),
                    0x87 => facts.addresses.extend(address(content)),
                    _ => {}
                }
            }
        } else if id == AUTHORITY_KEY {
            facts.authority_key = Reader(value).inside(SEQUENCE)?.take(0x80).map(<[u8]>::to_vec);
        }
    }
    Some(())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

/// What is left of a piece of DER.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn next_is(&self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    /// The next element: its tag and its content.
    fn element(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = if first < 0x80 {
            (usize::from(first), rest)
        } else {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f)).filter(|_| first <= 0x84)?;
            (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }

    fn take(&mut self, expected: u8) -> Option<&'a [u8]> {
        self.element().filter(|(tag, _)| *tag == expected).map(|(_, content)| content)
    }

    fn inside(&mut self, expected: u8) -> Option<Self> {
        self.take(expected).map(Self)
    }

    /// `YYMMDDHHMMSSZ` until 2049, `YYYYMMDDHHMMSSZ` after it (RFC 5280, section 4.1.2.5).
    fn time(&mut self) -> Option<UnixTime> {
        let (tag, text) = self.element()?;
        let digits = text.strip_suffix(b"Z")?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = |from: usize, to: usize| {
            digits.get(from..to).map(|part| part.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0')))
        };
        let (year, rest) = match (tag, digits.len()) {
            (UTC_TIME, 12) => (number(0, 2).map(|year| if year < 50 { 2_000 + year } else { 1_900 + year })?, 2),
            (GENERALIZED_TIME, 14) => (number(0, 4)?, 4),
            _ => return None,
        };
        let (month, day) = (number(rest, rest + 2)?, number(rest + 2, rest + 4)?);
        let (hour, minute) = (number(rest + 4, rest + 6)?, number(rest + 6, rest + 8)?);
        let second = number(rest + 8, rest + 10)?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return None;
        }
        Some(UnixTime(days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second))
    }
}

/// Days from 1970-01-01 to a date, by the era method of Howard Hinnant's "chrono-compatible low-level date algorithms".
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, SanType};

    use super::*;

    fn sample() -> (Vec<u8>, i64, i64) {
        let mut parameters = CertificateParams::new(vec!["A.example.com".to_owned(), "*.b.test".to_owned()]).unwrap();
        parameters.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 1].into()));
        parameters.not_before = rcgen::date_time_ymd(2024, 2, 29);
        parameters.not_after = rcgen::date_time_ymd(2051, 12, 31);
        let times = (parameters.not_before.unix_timestamp(), parameters.not_after.unix_timestamp());
        let certificate = parameters.self_signed(&KeyPair::generate().unwrap()).unwrap();
        (certificate.der().to_vec(), times.0, times.1)
    }

    #[test]
    fn reads_names_addresses_and_times_of_both_forms() {
        let (der, from, until) = sample();
        let facts = read(&der).unwrap();
        assert_eq!(facts.names, ["a.example.com", "*.b.test"]);
        assert_eq!(facts.addresses, [IpAddr::from([192, 0, 2, 1])]);
        assert_eq!((facts.not_before, facts.not_after), (UnixTime(from), UnixTime(until)));
        assert!(!facts.serial.is_empty());
    }

    #[test]
    fn no_beginning_of_a_certificate_and_no_flipped_byte_makes_it_panic() {
        let (der, ..) = sample();
        for end in 0..der.len() {
            assert_eq!(read(&der[..end]), None, "{end}");
        }
        for at in 0..der.len() {
            for bit in 0..8 {
                let mut changed = der.clone();
                changed[at] ^= 1 << bit;
                let _ = read(&changed);
            }
        }
    }
}
