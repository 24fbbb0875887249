//! Questions to DNS servers of our choice, one at a time, and answers read with suspicion.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

use crate::facts::{Lookup, Outcome, Record, Role};
use crate::redact;

const A: u16 = 1;
const NS: u16 = 2;
const CNAME: u16 = 5;
const SOA: u16 = 6;
const AAAA: u16 = 28;

/// Pointers that are followed within one name; a name has at most 127 labels.
const JUMPS: usize = 128;
/// Records that are looked at in one answer.
const RECORDS: usize = 256;

/// One question.
#[derive(Debug, Clone)]
pub(crate) struct Question<'a> {
    pub(crate) role: Role,
    pub(crate) server: SocketAddr,
    pub(crate) name: &'a str,
    pub(crate) record: Record,
    pub(crate) is_unchecked: bool,
}

/// Asks once over UDP, and over TCP where the answer was cut.
pub(crate) async fn ask(question: &Question<'_>, patience: Duration) -> Lookup {
    let started = Instant::now();
    let mut lookup = Lookup {
        role: question.role,
        server: question.server.to_string(),
        name: question.name.to_owned(),
        record: question.record,
        is_unchecked: question.is_unchecked,
        outcome: Outcome::Silent,
        ..Lookup::default()
    };
    let mut id = [0; 2];
    let _ = getrandom::fill(&mut id);
    if let Some(packet) = encode(u16::from_be_bytes(id), question) {
        let answer = timeout(patience, exchange(question.server, &packet)).await;
        // A closed port is no answer of a DNS server, and neither is a network without a way there.
        if let Ok(Ok(bytes)) = answer {
            read(&bytes, &packet, &mut lookup);
        }
    } else {
        lookup.outcome = Outcome::Malformed;
    }
    lookup.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    lookup
}

async fn exchange(server: SocketAddr, packet: &[u8]) -> std::io::Result<Vec<u8>> {
    let here: SocketAddr =
        if server.is_ipv4() { (Ipv4Addr::UNSPECIFIED, 0).into() } else { (Ipv6Addr::UNSPECIFIED, 0).into() };
    let socket = UdpSocket::bind(here).await?;
    socket.connect(server).await?;
    socket.send(packet).await?;
    let mut buffer = vec![0; 4_096];
    loop {
        let length = socket.recv(&mut buffer).await?;
        let bytes = &buffer[..length];
        // A stray answer to somebody else's question is not ours.
        if length < 12 || bytes[..2] != packet[..2] {
            continue;
        }
        if bytes[2] & 2 == 0 {
            return Ok(bytes.to_vec());
        }
        break;
    }
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
    stream.write_all(&[&length.to_be_bytes()[..], packet].concat()).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn encode(id: u16, question: &Question<'_>) -> Option<Vec<u8>> {
    let kind = match question.record {
        Record::A => A,
        Record::Aaaa => AAAA,
        Record::Ns => NS,
        Record::Soa => SOA,
    };
    let recursion = u8::from(question.role != Role::Authoritative);
    let checking = if question.is_unchecked { 0x10 } else { 0 };
    let mut packet = Vec::with_capacity(64);
    packet.extend(id.to_be_bytes());
    packet.extend([recursion, checking, 0, 1, 0, 0, 0, 0, 0, 1]);
    for label in question.name.trim_end_matches('.').split('.') {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
        packet.push(length);
        packet.extend(label.as_bytes());
    }
    packet.extend([0]);
    packet.extend(kind.to_be_bytes());
    packet.extend([0, 1]);
    // EDNS: answers of 1,232 bytes pass without being cut into fragments.
    packet.extend([0, 0, 41, 0x04, 0xD0, 0, 0, 0, 0, 0, 0]);
    Some(packet)
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u16(&mut self) -> Option<u16> {
        let value = u16::from_be_bytes(self.bytes.get(self.at..self.at + 2)?.try_into().ok()?);
        self.at += 2;
        Some(value)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from(self.u16()?) << 16 | u32::from(self.u16()?))
    }

    fn name(&mut self) -> Option<String> {
        let mut at = self.at;
        let mut name = String::new();
        let mut end = None;
        for _ in 0..JUMPS {
            let length = *self.bytes.get(at)?;
            match length {
                0 => {
                    self.at = end.unwrap_or(at + 1);
                    return Some(name);
                }
                64.. if length & 0xC0 == 0xC0 => {
                    end = end.or(Some(at + 2));
                    at = usize::from(u16::from_be_bytes([length & 0x3F, *self.bytes.get(at + 1)?]));
                }
                64.. => return None,
                _ => {
                    let label = self.bytes.get(at + 1..at + 1 + usize::from(length))?;
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(&redact::clean(&String::from_utf8_lossy(label)).to_lowercase());
                    at += 1 + usize::from(length);
                }
            }
        }
        None
    }
}

fn read(bytes: &[u8], asked: &[u8], lookup: &mut Lookup) {
    lookup.outcome = Outcome::Malformed;
    if bytes.len() < 12 || bytes[..2] != asked[..2] || bytes[2] & 0x80 == 0 {
        return;
    }
    let code = bytes[3] & 0x0F;
    let records = sections(bytes, lookup);
    lookup.outcome = match (code, records) {
        (3, _) => Outcome::Nxdomain,
        (5, _) => Outcome::Refused,
        (0, None) => Outcome::Malformed,
        (0, Some(true)) => Outcome::Answered,
        (0, Some(false)) => Outcome::Nodata,
        _ => Outcome::Servfail,
    };
}

/// Reads answer, authority and additional records; whether one of the kind that was asked for came.
fn sections(bytes: &[u8], lookup: &mut Lookup) -> Option<bool> {
    let mut reader = Reader { bytes, at: 4 };
    let questions = reader.u16()?;
    let counts = [reader.u16()?, reader.u16()?, reader.u16()?];
    for _ in 0..questions {
        reader.name()?;
        reader.at += 4;
    }
    let mut has_answer = false;
    for (section, count) in counts.into_iter().enumerate() {
        for _ in 0..usize::from(count).min(RECORDS) {
            // Whatever is broken behind the answers does not take them back.
            let Some(found) = record(&mut reader, lookup, section) else {
                return (section > 0 || has_answer).then_some(has_answer);
            };
            has_answer |= found && section == 0;
        }
    }
    Some(has_answer)
}

fn record(reader: &mut Reader<'_>, lookup: &mut Lookup, section: usize) -> Option<bool> {
    let owner = reader.name()?;
    let kind = reader.u16()?;
    reader.u16()?;
    reader.u32()?;
    let length = usize::from(reader.u16()?);
    let end = reader.at + length;
    let data = reader.bytes.get(reader.at..end)?;
    let mut found = false;
    match (kind, lookup.record) {
        (A, Record::A | Record::Ns) if data.len() == 4 && (section == 0 || lookup.record == Record::Ns) => {
            lookup.addresses.push(IpAddr::from(<[u8; 4]>::try_from(data).ok()?));
            found = true;
        }
        (AAAA, Record::Aaaa) if data.len() == 16 && section == 0 => {
            lookup.addresses.push(IpAddr::from(<[u8; 16]>::try_from(data).ok()?));
            found = true;
        }
        (NS, Record::Ns) => {
            lookup.names.push(reader.name()?);
            found = true;
        }
        (CNAME, Record::A | Record::Aaaa) if section == 0 => lookup.names.push(reader.name()?),
        (SOA, _) => {
            lookup.names.push(owner);
            reader.name()?;
            reader.name()?;
            lookup.serial = reader.u32();
            found = lookup.record == Record::Soa;
        }
        _ => {}
    }
    reader.at = end;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn question(record: Record) -> Question<'static> {
        Question {
            role: Role::System,
            server: ([127, 0, 0, 1], 53).into(),
            name: "a.test",
            record,
            is_unchecked: false,
        }
    }

    fn answered(records: &[u8], count: u16, code: u8) -> Lookup {
        let asked = encode(7, &question(Record::A)).unwrap();
        let mut bytes = asked[..asked.len() - 11].to_vec();
        bytes[2] = 0x81;
        bytes[3] = code;
        bytes[6..8].copy_from_slice(&count.to_be_bytes());
        bytes[10..12].copy_from_slice(&[0, 0]);
        bytes.extend(records);
        let mut lookup = Lookup::default();
        read(&bytes, &asked, &mut lookup);
        lookup
    }

    #[test]
    fn reads_an_address_behind_a_pointer() {
        let lookup = answered(&[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0, 2, 1], 1, 0);
        assert_eq!((lookup.outcome, lookup.addresses), (Outcome::Answered, vec!["192.0.2.1".parse().unwrap()]));
    }

    #[test]
    fn tells_no_such_name_from_no_such_record() {
        assert_eq!(answered(&[], 0, 3).outcome, Outcome::Nxdomain);
        assert_eq!(answered(&[], 0, 0).outcome, Outcome::Nodata);
        assert_eq!(answered(&[], 0, 5).outcome, Outcome::Refused);
    }

    #[test]
    fn a_name_that_points_to_itself_is_malformed() {
        assert_eq!(answered(&[0xC0, 24, 0, 1], 1, 0).outcome, Outcome::Malformed);
    }

    proptest::proptest! {
        #[test]
        fn survives_any_bytes(mut bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
            let asked = encode(7, &question(Record::A)).unwrap();
            for (at, byte) in [(0, 0), (1, 7), (2, 0x81)] {
                if let Some(place) = bytes.get_mut(at) { *place = byte; }
            }
            read(&bytes, &asked, &mut Lookup::default());
        }
    }
}
