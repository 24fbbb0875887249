//! The name: as the machine resolves it, and where that fails, as its zone's own servers say.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use super::Request;
use super::dns::{self, Question};
use crate::facts::{Facts, Lookup, Outcome, Record, Role};

/// The most questions in one run, whatever is broken.
const MOST: usize = 20;

/// What `/etc/resolv.conf` says.
pub(crate) struct System {
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) search: Vec<String>,
}

/// Reads the resolver's configuration below this root.
pub(crate) fn system(root: &Path) -> System {
    let text = std::fs::read_to_string(root.join("etc/resolv.conf")).unwrap_or_default();
    let mut system = System { servers: Vec::new(), search: Vec::new() };
    for line in text.lines().map(str::trim) {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => {
                let address =
                    words.next().and_then(|word| word.split('%').next()).and_then(|word| word.parse::<IpAddr>().ok());
                system.servers.extend(address.map(|address| SocketAddr::new(address, 53)));
            }
            Some("search" | "domain") => system.search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    system
}

fn hosts(root: &Path, name: &str) -> Vec<IpAddr> {
    let text = std::fs::read_to_string(root.join("etc/hosts")).unwrap_or_default();
    text.lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .filter(|line| line.split_whitespace().skip(1).any(|known| known.eq_ignore_ascii_case(name)))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect()
}

/// What needs no question: a name that is an address, and those that the operator gave.
fn given(request: &Request, name: &str) -> Vec<IpAddr> {
    let fixed = request.resolve.iter().filter(|(host, _, _)| host.eq_ignore_ascii_case(name));
    name.parse().ok().into_iter().chain(fixed.map(|(_, _, address)| *address)).collect()
}

/// Addresses of a name that is not the one examined, and how many questions they cost: no more than are needed, and
/// each waited for as long as any step.
pub(super) async fn plain(request: &Request, name: &str) -> (Vec<IpAddr>, usize) {
    let known = [given(request, name), local(name)].concat();
    if !known.is_empty() {
        return (known, 0);
    }
    let servers = if request.resolvers.is_empty() { system(Path::new("/")).servers } else { request.resolvers.clone() };
    for (asked, record) in [(1, Record::A), (2, Record::Aaaa)] {
        let lookup = first(&servers, Role::System, name, record, request.timeout).await;
        if !lookup.addresses.is_empty() || lookup.outcome == Outcome::Silent {
            return (lookup.addresses, asked);
        }
    }
    (Vec::new(), 2)
}

/// Addresses of the name, with every question that was asked noted in the facts.
pub(crate) async fn resolve(request: &Request, name: &str, facts: &mut Facts) -> Vec<IpAddr> {
    let given = given(request, name);
    if !given.is_empty() {
        return given;
    }
    let known = local(name);
    if !known.is_empty() {
        facts.lookups.push(Lookup {
            server: "/etc/hosts".into(),
            name: name.into(),
            addresses: known.clone(),
            ..Lookup::default()
        });
        return known;
    }
    let root = Path::new("/");
    let mut servers = request.resolvers.clone();
    if servers.is_empty() {
        servers = system(root).servers;
    }
    let mut addresses = Vec::new();
    for record in [Record::A, Record::Aaaa] {
        let lookup = first(&servers, Role::System, name, record, request.timeout).await;
        addresses.extend(&lookup.addresses);
        let is_lost = matches!(lookup.outcome, Outcome::Nxdomain | Outcome::Servfail | Outcome::Silent);
        facts.lookups.push(lookup);
        // The second question would get the same answer.
        if is_lost {
            break;
        }
    }
    doubt(request, name, &servers, &addresses, facts).await;
    addresses
}

fn local(name: &str) -> Vec<IpAddr> {
    let listed = hosts(Path::new("/"), name);
    if !listed.is_empty() {
        return listed;
    }
    if name == "localhost" || name.ends_with(".localhost") {
        return vec![IpAddr::from([127, 0, 0, 1])];
    }
    Vec::new()
}

async fn first(servers: &[SocketAddr], role: Role, name: &str, record: Record, patience: Duration) -> Lookup {
    let mut last = Lookup { role, name: name.to_owned(), record, outcome: Outcome::Silent, ..Lookup::default() };
    for server in servers.iter().take(2) {
        let question = Question { role, server: *server, name, record, is_unchecked: false };
        last = dns::ask(&question, patience.min(Duration::from_secs(2))).await;
        if last.outcome != Outcome::Silent {
            break;
        }
    }
    last
}

/// Asks others too: always those that were named, and the zone's own servers where there is a name to look for.
async fn doubt(request: &Request, name: &str, servers: &[SocketAddr], addresses: &[IpAddr], facts: &mut Facts) {
    let patience = request.timeout.min(Duration::from_secs(2));
    for server in &request.public_resolvers {
        let lookup = first(std::slice::from_ref(server), Role::Public, name, Record::A, patience).await;
        let is_failed = lookup.outcome == Outcome::Servfail;
        facts.lookups.push(lookup);
        if is_failed {
            unchecked(Role::Public, *server, name, patience, facts).await;
        }
    }
    if facts.asked(Role::System).any(|lookup| lookup.outcome == Outcome::Servfail)
        && let Some(server) = servers.first()
    {
        unchecked(Role::System, *server, name, patience, facts).await;
    }
    let mut own = request.authoritative.clone();
    if own.is_empty() && has_public_zone(name) {
        own = zone_servers(servers, name, patience, !addresses.is_empty(), facts).await;
    }
    ask_zone(&own, name, patience, facts).await;
    if is_contradicted(facts) {
        others(request, name, facts).await;
    }
}

/// Asks servers of the zone that were not asked yet.
async fn ask_zone(own: &[SocketAddr], name: &str, patience: Duration, facts: &mut Facts) {
    for server in own {
        let is_asked = facts.asked(Role::Authoritative).any(|lookup| lookup.server == server.to_string());
        if is_asked || facts.lookups.len() >= MOST {
            continue;
        }
        let question =
            Question { role: Role::Authoritative, server: *server, name, record: Record::A, is_unchecked: false };
        let lookup = dns::ask(&question, patience).await;
        facts.lookups.push(lookup);
    }
}

/// Whether a server of the zone says something else than the resolver did. Where a name has many addresses, each answer
/// holds some of them.
fn is_contradicted(facts: &Facts) -> bool {
    let fits = |said: &[IpAddr], known: &[IpAddr]| {
        said.is_empty() && known.is_empty() || said.iter().any(|address| known.contains(address))
    };
    let Some(known) = facts.asked(Role::System).find(|lookup| lookup.record == Record::A) else { return false };
    let is_said = |lookup: &&Lookup| matches!(lookup.outcome, Outcome::Answered | Outcome::Nodata | Outcome::Nxdomain);
    facts.asked(Role::Authoritative).filter(is_said).any(|lookup| !fits(&lookup.addresses, &known.addresses))
}

/// Asks the zone's other servers too, where the first one was doubted or the address leads nowhere.
pub(crate) async fn others(request: &Request, name: &str, facts: &mut Facts) {
    if !request.authoritative.is_empty() || !has_public_zone(name) || facts.asked(Role::Authoritative).next().is_none()
    {
        return;
    }
    let patience = request.timeout.min(Duration::from_secs(2));
    let servers = if request.resolvers.is_empty() { system(Path::new("/")).servers } else { request.resolvers.clone() };
    let is_known = |lookup: &Lookup, name: &str| lookup.record == Record::A && lookup.name == name;
    let mut names: Vec<_> = facts
        .asked(Role::Inner)
        .filter(|lookup| lookup.record == Record::Ns)
        .flat_map(|lookup| lookup.names.clone())
        .collect();
    names.retain(|server| !facts.asked(Role::Inner).any(|lookup| is_known(lookup, server)));
    names.sort();
    names.dedup();
    let mut found = Vec::new();
    for server in names.iter().take(2) {
        let lookup = first(&servers, Role::System, server, Record::A, patience).await;
        found.extend(lookup.addresses.iter().map(|address| SocketAddr::new(*address, 53)));
        facts.lookups.push(Lookup { role: Role::Inner, ..lookup });
    }
    ask_zone(&found, name, patience, facts).await;
}

/// Whether the name may lie in a zone of the public net.
fn has_public_zone(name: &str) -> bool {
    psl::domain_str(name).is_some() && !is_reserved(name)
}

/// Names that no public zone holds, so that nobody else is asked about them.
fn is_reserved(name: &str) -> bool {
    ["localhost", "local", "internal", "lan", "home", "invalid", "home.arpa"]
        .iter()
        .any(|end| name == *end || name.ends_with(&format!(".{end}")))
}

async fn unchecked(role: Role, server: SocketAddr, name: &str, patience: Duration, facts: &mut Facts) {
    let question = Question { role, server, name, record: Record::A, is_unchecked: true };
    facts.lookups.push(dns::ask(&question, patience).await);
}

/// The servers of the zone, at most two where the name resolves.
async fn zone_servers(
    servers: &[SocketAddr],
    name: &str,
    patience: Duration,
    is_well: bool,
    facts: &mut Facts,
) -> Vec<SocketAddr> {
    let Some(zone) = psl::domain_str(name) else { return Vec::new() };
    let lookup = first(servers, Role::System, zone, Record::Ns, patience).await;
    let (names, glue) = (lookup.names.clone(), lookup.addresses.clone());
    facts.lookups.push(Lookup { role: Role::Inner, addresses: Vec::new(), ..lookup });
    let mut found: Vec<_> = glue.into_iter().map(|address| SocketAddr::new(address, 53)).collect();
    if found.is_empty() {
        // One question is all that a well chain may cost here. Where servers are numbered, the last one copies from the
        // first, so it is the likelier to lag.
        let mut names = names;
        names.sort();
        names.reverse();
        for server in names.iter().take(if is_well { 1 } else { 3 }) {
            let lookup = first(servers, Role::System, server, Record::A, patience).await;
            found.extend(lookup.addresses.iter().map(|address| SocketAddr::new(*address, 53)));
            facts.lookups.push(Lookup { role: Role::Inner, ..lookup });
        }
    }
    found.sort();
    found.dedup();
    found.truncate(if is_well { 2 } else { 4 });
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_hold_some_of_many_addresses_agree() {
        let said = |role, last: &[u8]| Lookup {
            role,
            outcome: Outcome::Answered,
            addresses: last.iter().map(|last| IpAddr::from([192, 0, 2, *last])).collect(),
            ..Lookup::default()
        };
        for (known, zone, expected) in [
            (&[1, 2][..], &[2, 3][..], false),
            (&[1], &[1], false),
            (&[1], &[2], true),
            (&[1], &[], true),
            (&[], &[1], true),
            (&[], &[], false),
        ] {
            let lookups = vec![said(Role::System, known), said(Role::Authoritative, zone)];
            assert_eq!(is_contradicted(&Facts { lookups, ..Facts::default() }), expected, "{known:?} {zone:?}");
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_answers_for_is_not_waited_for_without_end() {
        let deaf = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let resolvers = vec![deaf.local_addr().unwrap()];
        let request = Request { resolvers, timeout: Duration::from_millis(20), ..Request::default() };
        assert_eq!(plain(&request, "app.test").await, (Vec::new(), 1));
        assert_eq!(plain(&request, "192.0.2.7").await, (vec![IpAddr::from([192, 0, 2, 7])], 0));
    }

    #[test]
    fn reads_the_resolver_of_the_machine() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("etc")).unwrap();
        std::fs::write(
            folder.path().join("etc/resolv.conf"),
            "# x\nsearch corp.test\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n",
        )
        .unwrap();
        std::fs::write(folder.path().join("etc/hosts"), "192.0.2.7 App.test other # no\n").unwrap();
        let system = system(folder.path());
        assert_eq!(system.servers.len(), 2);
        assert_eq!(system.search, ["corp.test"]);
        assert_eq!(hosts(folder.path(), "app.test"), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
        assert!(hosts(folder.path(), "no").is_empty());
    }
}
