//! `net.dropped`: the connection gets no answer because a rule drops it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "net.dropped", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    bridge(facts).or_else(|| silence(facts)).or_else(|| unseen(facts))
}

/// On the host itself connections to its own address meet no rule for what comes in; others would.
fn unseen(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref().filter(|_| facts.vantage == Vantage::Origin && !facts.is_behind_cdn())?;
    let door = stop::entrance(facts).filter(|door| door.tcp == Tcp::Open)?;
    if facts.outside_works == Some(true) || !host.addresses.contains(&door.address.ip()) {
        return None;
    }
    let port = entry_port(facts);
    let (line, _) = firewall_stops(host, port)?;
    Some(
        Suspect::new(
            "firewall.dropped",
            format!(
                "From this host {} is open, and a rule of its firewall stops what comes to port {port} from outside.",
                door.address
            ),
        )
        .likely()
        .warning()
        .saw("the firewall", line, "the host")
        .fix("run the doctor from another network, or open the page on a phone in mobile data (--phone)")
        .fixes(opening(host, port)),
    )
}

fn silence(facts: &Facts) -> Option<Suspect> {
    if !is_silent(facts) {
        return None;
    }
    let host = facts.host.as_ref()?;
    let port = entry_port(facts);
    let seen = match facts.arrival() {
        Some(arrival) => ("GET through the CDN".to_owned(), arrival.told()),
        None => (format!("connect port {port}"), "silence".to_owned()),
    };
    if let Some((line, false)) = firewall_stops(host, port) {
        return Some(
            Suspect::new(
                "firewall.dropped",
                format!("Packets to port {port} are dropped by the firewall of the host, so nobody gets an answer."),
            )
            .deep(3)
            .saw(seen.0, seen.1, "outside")
            .saw("the firewall", line, "the host")
            .not("listen.refused", "a closed port would refuse at once")
            .fixes(opening(host, port)),
        );
    }
    if let Some((ip, line)) = shut_out(facts, host, port) {
        return Some(
            Suspect::new(
                "firewall.dropped",
                format!("The firewall of the host drops packets to port {port} by where they come from, and {ip} is among those that it keeps out."),
            )
            .likely()
            .deep(3)
            .saw(seen.0, seen.1, ip.to_string())
            .saw("the firewall", line, "the host")
            .not("net.tcp.syn_dropped", "a rule of the host itself fits this visitor")
            .fix("correct the list of that rule: add the networks of the visitors who should come in, or take the rule away from the public web ports"),
        );
    }
    let is_full = host.on_port(port).any(|listener| listener.backlog > 0 && listener.waiting > listener.backlog);
    if is_translated(facts, host)
        || is_full
        || listens(host, port, None) != Listens::Here
        || stop::entrance(facts).is_some_and(|door| !host.addresses.contains(&door.address.ip()))
    {
        return None;
    }
    let suspect = Suspect::new(
        "net.tcp.syn_dropped",
        format!(
            "The host listens on port {port} and has no rule against it, and connections from here get no answer: something before the host drops them."
        ),
    );
    let suspect = suspect
        .saw(seen.0, seen.1, "outside")
        .saw(format!("ss -ltn, port {port}"), "listens", "the host")
        .not("listen.refused", "it listens, and a closed port would refuse");
    // A firewall that may not be read may be the one.
    Some(if host.firewall.is_readable { suspect.not("firewall.dropped", "no rule of the host stops this port") } else { suspect.likely() }
        .fix(format!("open TCP {port} in the provider's firewall (security group, cloud firewall) for 0.0.0.0/0 and ::/0 inbound: this is a public web port")))
}

/// The rule that keeps out who comes from where the doctor stands, and no others.
fn shut_out(facts: &Facts, host: &Host, port: u16) -> Option<(IpAddr, String)> {
    let door = stop::entrance(facts).filter(|_| facts.vantage == Vantage::Outside && !facts.is_behind_cdn())?;
    let fits = |ip: &&IpAddr| ip.is_ipv4() == door.address.is_ipv4() && !is_private(ip);
    let ip = *facts.own.iter().find(fits)?;
    let firewall = crate::host::reply::own(&host.firewall, &host.addresses);
    let (line, is_rejected) =
        crate::host::firewall::stops_from(&firewall, port, crate::host::firewall::From::Visitor(ip))?;
    (!is_rejected).then_some((ip, line))
}

/// The command that opens the port, in the words of what manages the rules there.
pub(super) fn opening(host: &Host, port: u16) -> Vec<String> {
    let has = |word: &str| host.firewall.rules.iter().any(|rule| rule.contains(word));
    let is_older = host.firewall.rules.iter().any(|rule| rule.starts_with("-A") || rule.starts_with("-P"));
    let own = crate::host::reply::own(&host.firewall, &host.addresses);
    if crate::host::firewall::stops(&own, port).is_none() && crate::host::reply::stops(&own, port).is_some() {
        return vec![match crate::host::firewall::chain_at(&host.firewall, "hook output").filter(|_| !is_older) {
            Some(chain) => format!("nft insert rule {chain} ct state established,related accept"),
            None => "iptables -I OUTPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT".to_owned(),
        }];
    }
    if let Some(inner) = crate::host::firewall::led_to(&host.firewall, port) {
        return vec![format!(
            "take away the rule for forwarded packets that stops port {inner} (`nft -a list chain inet filter forward` shows its number)"
        )];
    }
    if has("ufw") {
        return vec![format!("ufw allow {port}/tcp")];
    }
    if is_older {
        return vec![format!("iptables -I INPUT -p tcp --dport {port} -j ACCEPT")];
    }
    let place = crate::host::firewall::input_chain(&host.firewall).unwrap_or_else(|| "inet filter input".to_owned());
    let ports = if port == 443 { "{ 80, 443 }".to_owned() } else { port.to_string() };
    vec![
        format!("nft insert rule {place} tcp dport {ports} accept"),
        "nft list ruleset > /etc/nftables.conf   # keeps it over a restart".to_owned(),
    ]
}

fn bridge(facts: &Facts) -> Option<Suspect> {
    // A proxy that tries again and again may be more patient than the doctor.
    let is_waiting = facts.arrival().is_some_and(|visit| visit.fault == Some(Fault::Silent));
    if !is_gateway_error(facts) && !is_waiting {
        return None;
    }
    let host = facts.host.as_ref()?;
    let (name, port, line) = crate::host::upstream::failed(facts)
        .map(|(name, port, line)| (name, port, Some(line)))
        .or_else(|| crate::host::upstream::configured(facts).map(|(name, port)| (name, port, None)))?;
    if line.is_some_and(|line| !crate::host::upstream::is_timeout(&line.text)) {
        return None;
    }
    let is_gateway = |address: IpAddr| host.addresses.contains(&address) && !address.is_loopback();
    if !name.parse().is_ok_and(is_gateway)
        && !["host.docker.internal", "host.containers.internal"].contains(&name.as_str())
    {
        return None;
    }
    // What listens there is out of a container's reach only where a rule is in its way.
    let from = host.inner.iter().flat_map(|inner| &inner.addresses).find(|address| address.is_ipv4());
    let from = from.copied().unwrap_or(IpAddr::from([172, 17, 0, 2]));
    let (rule, _) =
        crate::host::firewall::stops_from(&host.firewall, port, crate::host::firewall::From::Container(from))?;
    let suspect = Suspect::new(
        "firewall.bridge_to_host_dropped",
        format!(
            "The proxy's container connects to the host's port {port} by its bridge, and the host's firewall drops that."
        ),
    );
    let suspect = match line {
        Some(line) => quoted(suspect, line),
        None => suspect.likely(),
    };
    Some(suspect.at(Link::Proxy).deep(6).saw("the firewall", rule, "the host").fix(format!(
        "nft insert rule {} ip saddr 172.16.0.0/12 tcp dport {port} accept",
        crate::host::firewall::input_chain(&host.firewall).unwrap_or_else(|| "inet filter input".into())
    )))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Firewall;

    fn firewall(text: &str) -> Firewall {
        Firewall { is_readable: true, rules: text.lines().map(str::to_owned).collect() }
    }

    #[test]
    fn a_drop_rule_and_silence_are_the_firewall() {
        let mut facts = met(Tcp::Silent);
        facts.host.insert(host(&["0.0.0.0:443"])).firewall = firewall(
            "table inet filter {\nchain input {\ntype filter hook input priority 0; policy drop;\ntcp dport 22 accept\n}\n}",
        );
        let suspect = judge(&facts).unwrap();
        assert_eq!(suspect.code, "firewall.dropped");
        assert!(
            suspect.fix[0].contains("nft insert rule inet filter input tcp dport { 80, 443 } accept"),
            "{:?}",
            suspect.fix
        );
        assert_eq!(code(&RULE, &healthy()), None);
    }

    #[test]
    fn from_the_host_itself_a_rule_against_others_is_a_warning() {
        let rules = "table inet filter {\nchain input {\ntype filter hook input priority 0; policy drop;\ntcp dport 22 accept\n}\n}";
        let mut facts = healthy();
        facts.host.insert(host(&["0.0.0.0:443"])).firewall = firewall(rules);
        assert_eq!(code(&RULE, &facts), None);
        facts.vantage = Vantage::Origin;
        let suspect = judge(&facts).unwrap();
        assert_eq!((suspect.code, suspect.severity), ("firewall.dropped", doorward_core::Severity::Warning));
        facts.outside_works = Some(true);
        assert_eq!(code(&RULE, &facts), None);
        facts.outside_works = None;
        facts.host.as_mut().unwrap().firewall = firewall(&rules.replace("dport 22", "dport 443"));
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn answers_that_do_not_get_out_are_the_firewall_too() {
        let mut facts = met(Tcp::Silent);
        facts.host.insert(host(&["0.0.0.0:443"])).firewall = firewall(
            "table inet filter {\nchain output {\ntype filter hook output priority 0; policy drop;\noif \"lo\" accept\n}\n}",
        );
        let suspect = judge(&facts).unwrap();
        assert_eq!(suspect.code, "firewall.dropped");
        assert_eq!(suspect.fix, ["nft insert rule inet filter output ct state established,related accept"]);
    }

    #[test]
    fn the_cdns_522_is_silence_too() {
        let mut facts = answered(522);
        facts.host.insert(host(&["0.0.0.0:443"])).firewall =
            firewall("chain input {\ntype filter hook input priority 0; policy accept;\ntcp dport { 80, 443 } drop\n}");
        assert_eq!(code(&RULE, &facts), Some("firewall.dropped"));
    }

    #[test]
    fn silence_before_a_clean_host_is_dropped_on_the_way() {
        let mut facts = met(Tcp::Silent);
        facts.host.insert(host(&["0.0.0.0:443"])).firewall.is_readable = true;
        assert_eq!(code(&RULE, &facts), Some("net.tcp.syn_dropped"));
    }

    #[test]
    fn silence_alone_decides_nothing() {
        assert_eq!(code(&RULE, &met(Tcp::Silent)), None);
    }
}
