//! What the program itself says of the installation on which the doctor stands.

use serde::{Deserialize, Serialize};

/// Something that is wrong with the configuration, as `doorward config check` says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Complaint {
    /// Its code in the list of reasons.
    pub code: String,
    /// The setting.
    pub subject: String,
    /// Its value, masked where it is secret.
    pub value: String,
    /// Why it is wrong.
    pub why: String,
    /// The line that mends it.
    pub remedy: String,
    /// It stops the start.
    pub is_error: bool,
}

/// The server that takes the letters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mail {
    /// Where it is.
    pub place: String,
    /// The step at which it stopped; empty where all went well.
    pub step: String,
    /// Why it stopped, in the words of the server.
    pub why: String,
}

/// What a phone showed that opened the gateway's page.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Phone {
    /// The scheme that it used, as the gateway takes it.
    pub scheme: String,
    /// The Host values that arrived.
    pub host: Vec<String>,
    /// `X-Forwarded-Proto` as it arrived.
    pub forwarded_proto: Vec<String>,
    /// `X-Forwarded-Host` as it arrived.
    pub forwarded_host: Vec<String>,
    /// Addresses in `X-Forwarded-For`.
    pub hops: usize,
    /// It came over IPv6.
    pub is_v6: bool,
    /// It came from a private network, so from no other one.
    pub is_private: bool,
    /// It kept the cookie that it was given.
    pub keeps_cookies: bool,
}

/// The installation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Installation {
    /// What is wrong with its configuration.
    pub complaints: Vec<Complaint>,
    /// Addresses and blocks of the proxies that it believes.
    pub trusted_proxies: Vec<String>,
    /// Its mail server, where it has one.
    pub mail: Option<Mail>,
    /// What the installation knows of the request that was refused, line by line.
    pub story: Vec<String>,
}
