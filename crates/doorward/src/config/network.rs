//! Blocks of addresses, and which addresses are private.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

/// A block of addresses in CIDR form (RFC 4632, section 3.1); a single address is a block of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Cidr {
    base: IpAddr,
    length: u8,
}

/// Why a text is no block of addresses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CidrError {
    /// It cannot be read.
    #[error("it is no address and no block of addresses such as 10.0.0.0/8")]
    Malformed,
    /// It has bits behind the prefix; holds the block that is meant.
    #[error("the address has bits behind the prefix; the block is {0}")]
    HostBits(Cidr),
    /// It holds every address there is.
    #[error("it holds every address, so anybody could claim to be a proxy")]
    Everything,
}

fn bits(address: IpAddr) -> (u128, u8) {
    match address {
        IpAddr::V4(four) => (u128::from(four.to_bits()) << 96, 32),
        IpAddr::V6(six) => (six.to_bits(), 128),
    }
}

fn keep(value: u128, length: u8) -> u128 {
    if length == 0 { 0 } else { value & (u128::MAX << (128 - u32::from(length))) }
}

impl Cidr {
    /// Whether the address lies in the block; an IPv4-mapped IPv6 address counts as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let ((value, width), (base, own_width)) = (bits(address.to_canonical()), bits(self.base));
        width == own_width && keep(value, self.length) == base
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, length) = text.split_once('/').map_or((text, None), |(a, l)| (a, Some(l)));
        let address: IpAddr = address.parse().map_err(|_| CidrError::Malformed)?;
        let (value, width) = bits(address);
        let length = match length {
            None => width,
            Some(digits) if digits.len() <= 3 => {
                digits.parse().ok().filter(|length| *length <= width).ok_or(CidrError::Malformed)?
            }
            Some(_) => return Err(CidrError::Malformed),
        };
        if length == 0 {
            return Err(CidrError::Everything);
        }
        let kept = keep(value, length);
        let base = match address {
            IpAddr::V4(_) => IpAddr::V4(u32::try_from(kept >> 96).map_err(|_| CidrError::Malformed)?.into()),
            IpAddr::V6(_) => IpAddr::V6(kept.into()),
        };
        let block = Self { base, length };
        if kept == value { Ok(block) } else { Err(CidrError::HostBits(block)) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.base, self.length)
    }
}

/// Whether an address belongs to this machine, a local network (RFC 1918, RFC 4193, RFC 3927) or the shared space of
/// RFC 6598, which overlay networks use.
#[must_use]
pub fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(four) => {
            let [a, b, ..] = four.octets();
            four.is_loopback() || four.is_private() || four.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(six) => six.is_loopback() || six.is_unique_local() || six.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_blocks_and_says_what_is_wrong() {
        for (text, expected) in [
            ("10.0.0.0/8", Ok("10.0.0.0/8")),
            ("192.0.2.7", Ok("192.0.2.7/32")),
            ("2001:db8::/32", Ok("2001:db8::/32")),
            ("::1", Ok("::1/128")),
            ("10.1.2.3/8", Err(CidrError::HostBits("10.0.0.0/8".parse().unwrap()))),
            ("0.0.0.0/0", Err(CidrError::Everything)),
            ("::/0", Err(CidrError::Everything)),
            ("10.0.0.0/33", Err(CidrError::Malformed)),
            ("10.0.0.0/", Err(CidrError::Malformed)),
            ("10.0.0/8", Err(CidrError::Malformed)),
            ("proxy", Err(CidrError::Malformed)),
        ] {
            assert_eq!(text.parse::<Cidr>().map(|block| block.to_string()), expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn holds_its_addresses_only() {
        for (block, address, is_inside) in [
            ("172.16.0.0/12", "172.31.255.255", true),
            ("172.16.0.0/12", "172.32.0.0", false),
            ("172.16.0.0/12", "::ffff:172.16.0.1", true),
            ("fd00::/8", "fdff::1", true),
            ("fd00::/8", "10.0.0.1", false),
        ] {
            let block: Cidr = block.parse().unwrap();
            assert_eq!(block.contains(address.parse().unwrap()), is_inside, "{block} {address}");
        }
    }

    #[test]
    fn knows_private_addresses() {
        for (address, expected) in [
            ("127.0.0.1", true),
            ("192.168.1.5", true),
            ("100.64.0.1", true),
            ("100.128.0.1", false),
            ("fd00::1", true),
            ("fe80::1", true),
            ("192.0.2.1", false),
            ("2001:db8::1", false),
            ("0.0.0.0", false),
        ] {
            assert_eq!(is_private(address.parse().unwrap()), expected, "{address}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[0-9a-f.:/]{0,45}") {
            if let Ok(block) = text.parse::<Cidr>() {
                prop_assert_eq!(block.to_string().parse(), Ok(block));
            }
        }
    }
}
