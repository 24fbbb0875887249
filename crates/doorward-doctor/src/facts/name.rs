//! What DNS servers said.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Whose server was asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The resolver of the machine on which the doctor runs, `/etc/hosts` included.
    #[default]
    System,
    /// A validating resolver of the public net.
    Public,
    /// A server that is authoritative for the zone.
    Authoritative,
    /// The resolver inside the proxy or app (`--via`), for the name of the upstream.
    Inner,
}

/// The kind of record that was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// An IPv4 address.
    #[default]
    A,
    /// An IPv6 address.
    #[serde(rename = "AAAA")]
    Aaaa,
    /// Name servers.
    #[serde(rename = "NS")]
    Ns,
    /// The head of the zone.
    #[serde(rename = "SOA")]
    Soa,
}

/// How it went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Records came.
    #[default]
    Answered,
    /// The name exists, without a record of this kind.
    Nodata,
    /// No such name.
    Nxdomain,
    /// The server failed; validating resolvers say so of broken signatures.
    Servfail,
    /// The server does not answer for this name.
    Refused,
    /// No answer.
    Silent,
    /// An answer that cannot be read.
    Malformed,
}

/// One question and its answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lookup {
    /// Whose server.
    pub role: Role,
    /// The server's address, or the file.
    pub server: String,
    /// The name that was asked for.
    pub name: String,
    /// The kind of record.
    pub record: Record,
    /// How it went.
    pub outcome: Outcome,
    /// Addresses in the answer.
    pub addresses: Vec<IpAddr>,
    /// Names in the answer: aliases, name servers, the zone of an SOA.
    pub names: Vec<String>,
    /// The zone's serial, where an SOA came.
    pub serial: Option<u32>,
    /// Asked with checking disabled.
    pub is_unchecked: bool,
    /// Milliseconds.
    pub ms: u64,
}
