//! In which header fields a proxy or a CDN in front may say who its client is: a part of the section `[server]`.

use std::net::IpAddr;

use http::HeaderName;

use super::check::Check;
use super::network::Cidr;
use super::registry::{Key, Kind};
use super::server::read_blocks;

/// The header fields in which trusted proxies speak for their clients. Only one kind counts, since a proxy that writes
/// one passes the other on as the client sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`, `X-Forwarded-Proto`, `X-Forwarded-Host`, `X-Forwarded-Port`.
    #[default]
    XForwarded,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

/// A field of a CDN that holds one address: the client's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientIp {
    /// Its name.
    pub header: HeaderName,
    /// From whom it counts.
    pub proxies: Vec<Cidr>,
}

impl ClientIp {
    /// Whether the field counts when it comes from this address.
    #[must_use]
    pub fn is_from(&self, address: IpAddr) -> bool {
        self.proxies.iter().any(|block| block.contains(address))
    }
}

/// Both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Forwarding {
    /// Where trusted proxies speak.
    pub header: ForwardedHeader,
    /// Where a CDN speaks.
    pub client_ip: Option<ClientIp>,
}

/// The keys of this part.
pub(super) const HEADER: Key = Key::new(
    "server.forwarded_header",
    Kind::Word(&["x-forwarded", "forwarded"]),
    "x-forwarded",
    "In which fields trusted proxies say who their client is: `X-Forwarded-For`, `-Proto` and `-Host`, or `Forwarded` (RFC 7239). The other kind never counts, since proxies pass it on as clients send it.",
);
pub(super) const CLIENT_IP_HEADER: Key = Key::new(
    "server.client_ip_header",
    Kind::Text,
    "",
    "A field in which a CDN names its client, such as `CF-Connecting-IP`. Counts only from `client_ip_proxies`.",
);
pub(super) const CLIENT_IP_PROXIES: Key = Key::new(
    "server.client_ip_proxies",
    Kind::List,
    "",
    "Addresses or blocks of the CDN that sets `client_ip_header` with every request. It is believed in nothing else. `doorward init --cloudflare` writes Cloudflare's.",
);

/// Cloudflare's ranges, as it publishes them at <https://www.cloudflare.com/ips/>; compared in [`CLOUDFLARE_AS_OF`].
pub const CLOUDFLARE: &[&str] = &[
    "173.245.48.0/20",
    "103.21.244.0/22",
    "103.22.200.0/22",
    "103.31.4.0/22",
    "141.101.64.0/18",
    "108.162.192.0/18",
    "190.93.240.0/20",
    "188.114.96.0/20",
    "197.234.240.0/22",
    "198.41.128.0/17",
    "162.158.0.0/15",
    "104.16.0.0/13",
    "104.24.0.0/14",
    "172.64.0.0/13",
    "131.0.72.0/22",
    "2400:cb00::/32",
    "2606:4700::/32",
    "2803:f800::/32",
    "2405:b500::/32",
    "2405:8100::/32",
    "2a06:98c0::/29",
    "2c0f:f248::/32",
];

/// When [`CLOUDFLARE`] was compared.
pub const CLOUDFLARE_AS_OF: &str = "September 2026";

/// Checks what was written.
pub(super) fn check(
    header: Option<&str>,
    client_ip: (Option<String>, Option<Vec<String>>),
    check: &mut Check<'_>,
) -> Forwarding {
    let header = if header == Some("forwarded") { ForwardedHeader::Forwarded } else { ForwardedHeader::XForwarded };
    Forwarding { header, client_ip: client_ip_of(client_ip, check) }
}

fn client_ip_of((header, proxies): (Option<String>, Option<Vec<String>>), check: &mut Check<'_>) -> Option<ClientIp> {
    let header = header.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let proxies = read_blocks(CLIENT_IP_PROXIES.path, proxies.unwrap_or_default(), check);
    let header = match header {
        Some(header) => header,
        None if proxies.is_empty() => return None,
        None => {
            let why = "It is not said in which field these proxies name their client.";
            let finding = check.error("config.value_missing", CLIENT_IP_HEADER.path, why);
            let remedy = check.line(CLIENT_IP_HEADER.path, "CF-Connecting-IP");
            check.report(finding.with_remedy(remedy));
            return None;
        }
    };
    let Some(name) = HeaderName::from_bytes(header.as_bytes()).ok().filter(|name| !is_taken(name)) else {
        let why = "It is no name of a field that holds one address.";
        let finding = check.error("config.value_invalid", CLIENT_IP_HEADER.path, why);
        let remedy = check.line(CLIENT_IP_HEADER.path, "CF-Connecting-IP");
        check.report(finding.with_remedy(remedy));
        return None;
    };
    if proxies.is_empty() && !check.is_written(CLIENT_IP_PROXIES.path) {
        let why = "It is not said from whom the field counts, and anybody can send it.";
        let finding = check.error("config.value_missing", CLIENT_IP_PROXIES.path, why);
        let remedy = check.line(CLIENT_IP_PROXIES.path, "192.0.2.0/24");
        check.report(finding.with_remedy(remedy));
        return None;
    }
    Some(ClientIp { header: name, proxies })
}

/// Fields that are lists, or mean something else, or that apps cannot tell from another one.
fn is_taken(name: &HeaderName) -> bool {
    use http::header as field;
    [field::HOST, field::COOKIE, field::AUTHORIZATION, field::CONNECTION, field::CONTENT_LENGTH, field::FORWARDED]
        .contains(name)
        || name.as_str().contains('_')
        || name.as_str().starts_with("x-forwarded")
}
