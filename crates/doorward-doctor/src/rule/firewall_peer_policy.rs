//! `firewall.peer_policy`: the origin lets the wrong peers in: lists of CDN ranges, bans, rates.

use super::basis::*;
use super::tls_wrong_cert_served::is_cdn;

pub(super) const RULE: Rule = Rule { family: "firewall.peer_policy", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    misapplied(facts).or_else(|| compared(facts)).or_else(|| rules(facts))
}

fn misapplied(facts: &Facts) -> Option<Suspect> {
    let line = facts.log_with(&["access forbidden by rule"])?;
    let arrival = facts.arrival().filter(|visit| visit.status == 403)?;
    let host = facts.host.as_ref()?;
    let has = |word: &str| host.proxy.iter().any(|line| line.text.trim_start().starts_with(word));
    let is_rewritten = has("real_ip_header") || has("set_real_ip_from");
    if !is_rewritten && !host.proxy.is_empty() {
        return None;
    }
    let suspect = Suspect::new(
        "firewall.cdn_allowlist_misapplied",
        "The proxy at the origin refuses visitors by a list of CDN ranges: it compares the visitor's address, which it put in place of the CDN's.",
    );
    Some(
        quoted(suspect, line)
            .at(Link::Net)
            .saw("GET", arrival.told(), arrival.url.clone())
            .not("csrf.cross_site", "the proxy refuses before any app")
            .fix(
                "nginx: geo $realip_remote_addr $is_cdn { default 0; CDN-RANGE 1; }   if ($is_cdn = 0) { return 403; }",
            ),
    )
}

/// A list of the CDN's ranges in the proxy's configuration, held against an address that was rewritten before.
fn compared(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| visit.status == 403 && visit.is_from_cdn())?;
    let host = facts.host.as_ref()?;
    let app = facts.inner(Via::App);
    // What the app refuses itself, no list in front of it refused.
    if app.is_some_and(|visit| visit.status == 403) {
        return None;
    }
    let has = |word: &str| host.proxy.iter().any(|line| line.text.trim_start().starts_with(word));
    let (is_caddy, is_haproxy, is_apache) =
        (has("trusted_proxies"), has("http-request set-src"), has("RemoteIPHeader"));
    let line = host.proxy.iter().find(|line| {
        let words: Vec<_> = line.text.split_whitespace().collect();
        let is_list = is_caddy && words.contains(&"client_ip")
            || words.contains(&"remote_ip") && words.contains(&"forwarded")
            || is_haproxy && words.contains(&"src") && !line.text.contains("tcp-request connection")
            || is_apache && words.starts_with(&["Require", "ip"]);
        is_list && addresses(&line.text).iter().any(is_cdn)
    })?;
    let suspect = Suspect::new(
        "firewall.cdn_allowlist_misapplied",
        "The proxy at the origin lets only ranges of the CDN in, and compares them with the visitor's address, which it put in place of the CDN's.",
    )
    .at(Link::Net)
    .saw(format!("line {}", line.number), line.text.clone(), line.source.clone())
    .saw("GET", arrival.told(), arrival.url.clone())
    .not("csrf.cross_site", "the proxy refuses before any app")
    .fixes(mend::lines(
        facts,
        &[
            ("caddy", "@stranger not remote_ip CDN-RANGES   # the connection's address, not client_ip"),
            ("haproxy", "tcp-request connection reject unless { src -f /etc/haproxy/cdn.lst }   # before set-src"),
            ("apache", "Require expr \"%{CONN_REMOTE_ADDR} -ipmatch 'CDN-RANGE'\""),
        ],
    ));
    Some(if app.is_some_and(Visit::is_well) { suspect } else { suspect.likely() })
}

fn rules(facts: &Facts) -> Option<Suspect> {
    if !is_silent(facts) && !is_refused(facts) && facts.arrival().is_none_or(|visit| visit.status != 523) {
        return None;
    }
    let host = facts.host.as_ref()?;
    let port = entry_port(facts);
    // A ban of the edge stops the doctor's own way through it as well: then it is known by its address alone.
    let is_behind_cdn = facts.is_behind_cdn() || facts.addresses().iter().any(is_cdn);
    let plain = crate::host::ruleset::plain(&host.firewall.rules);
    let (code, line, why, fix) = if let Some(line) = banned(&plain).filter(|_| is_behind_cdn) {
        let fix = "lift it (fail2ban-client unban ADDRESS), and put the CDN's ranges into ignoreip";
        ("firewall.cdn_edge_banned", line, "A ban list of the origin holds addresses of the CDN.", fix)
    } else if let Some(line) = limit(&host.firewall.rules, port) {
        (
            "firewall.rate_limited",
            line,
            "A rule of the origin drops new connections above a rate.",
            "raise the rate for 80 and 443, or count each visitor alone (meter)",
        )
    } else if let Some(line) =
        host.firewall.rules.iter().find(|rule| is_listed(rule, port)).cloned().filter(|_| is_behind_cdn)
    {
        let fix = "take over the CDN's published ranges, and refresh them by a timer";
        (
            "firewall.cdn_allowlist_stale",
            line,
            "The origin lets only listed ranges in, and the CDN comes from another.",
            fix,
        )
    } else {
        return None;
    };
    Some(
        Suspect::new(code, why)
            .at(Link::Net)
            .deep(5)
            .saw("the firewall", line, "the host")
            .fix(fix)
            .not("firewall.dropped", "the rule names peers, not the port alone"),
    )
}

/// A rule that stops addresses of the CDN; or one of a list of bans whose addresses cannot be read.
fn banned(rules: &[String]) -> Option<String> {
    let is_stop = |rule: &str| {
        rule.split_whitespace().any(|word| matches!(word, "drop" | "reject" | "DROP" | "REJECT" | "jump"))
            && !rule.contains("!=")
            && !rule.contains(" ! ")
    };
    let is_about_peers = |rule: &str| rule.contains("saddr") || rule.contains("-s ") || rule.contains("--match-set");
    let stopping = || rules.iter().filter(|rule| is_stop(rule) && is_about_peers(rule));
    let named = |rule: &&String| {
        let text = rule.to_lowercase();
        ["f2b", "fail2ban", "crowdsec", "@banned", "@blocklist", "@ban"].iter().any(|word| text.contains(word))
            && addresses(rule).is_empty()
    };
    let known = stopping().find(|rule| addresses(rule).iter().any(is_cdn));
    known.or_else(|| stopping().find(named)).map(|rule| rule.chars().take(240).collect())
}

/// Addresses and the starts of ranges that a line names.
fn addresses(text: &str) -> Vec<IpAddr> {
    let words = text.split(|c: char| c.is_whitespace() || "{},".contains(c));
    words.filter_map(|word| word.split('/').next()?.parse().ok()).collect()
}

fn limit(rules: &[String], port: u16) -> Option<String> {
    let about = |rule: &&String| {
        crate::host::firewall::names_port(rule, port)
            && (rule.contains("limit rate")
                || rule.contains("--limit")
                || rule.contains("ct count")
                || rule.contains("connlimit")
                || rule.contains("hashlimit"))
    };
    rules.iter().find(about).cloned()
}

fn is_listed(rule: &str, port: u16) -> bool {
    let is_negative = rule.contains("saddr !=") || rule.contains("! -s ") || rule.contains("! --match-set");
    let is_letting_in = rule.contains("accept") || rule.contains("-j ACCEPT");
    let is_stopping = ["drop", "reject", "DROP", "REJECT"].iter().any(|word| rule.contains(word));
    (is_letting_in && !is_negative || is_stopping && is_negative)
        && crate::host::firewall::names_port(rule, port)
        && (rule.contains("saddr") || rule.contains(" -s ") || rule.contains("--match-set"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_refusal_by_rule_behind_a_rewritten_address_is_misapplied() {
        let mut facts = logged(answered(403), "access forbidden by rule, client: 198.51.100.9");
        facts
            .host
            .as_mut()
            .unwrap()
            .proxy
            .push(Line { text: "real_ip_header CF-Connecting-IP;".into(), ..Line::default() });
        assert_eq!(code(&RULE, &facts), Some("firewall.cdn_allowlist_misapplied"));
        assert_eq!(code(&RULE, &logged(healthy(), "access forbidden by rule")), None);
    }

    #[test]
    fn a_list_that_is_held_against_the_visitor_is_misapplied() {
        for (lines, expected) in [
            (["trusted_proxies static 104.16.0.0/13", "@stranger not client_ip 104.16.0.0/13"], true),
            (["trusted_proxies static 104.16.0.0/13", "@stranger not remote_ip 104.16.0.0/13"], false),
            (["trusted_proxies static 104.16.0.0/13", "@office not client_ip 198.51.100.0/24"], false),
            (["client_ip_headers X-Real-IP", "@stranger not client_ip 104.16.0.0/13"], false),
            (["admin off", "@stranger not remote_ip forwarded 104.16.0.0/13"], true),
            (["http-request set-src hdr(CF-Connecting-IP)", "http-request deny unless { src 104.16.0.0/13 }"], true),
            (
                [
                    "http-request set-src hdr(CF-Connecting-IP)",
                    "tcp-request connection reject unless { src 104.16.0.0/13 }",
                ],
                false,
            ),
            (["RemoteIPHeader CF-Connecting-IP", "Require ip 104.16.0.0/13 104.24.0.0/14"], true),
        ] {
            let mut facts = answered(403);
            facts.visits[0] = with(facts.visits[0].clone(), "cf-ray", "1");
            facts.host.insert(host(&["0.0.0.0:443"])).proxy =
                lines.map(|text| Line { text: text.into(), ..Line::default() }).to_vec();
            assert_eq!(code(&RULE, &facts), expected.then_some("firewall.cdn_allowlist_misapplied"), "{lines:?}");
            facts.visits.push(by(visit(403), Via::App));
            assert_eq!(code(&RULE, &facts), None, "{lines:?}");
        }
    }

    #[test]
    fn bans_rates_and_lists_are_told_apart() {
        for (rule, expected) in [
            ("ip saddr @f2b-nginx drop", Some("firewall.cdn_edge_banned")),
            ("tcp dport 443 ct state new limit rate over 5/second drop", Some("firewall.rate_limited")),
            ("ip saddr { 173.245.48.0/20 } tcp dport { 80, 443 } accept", Some("firewall.cdn_allowlist_stale")),
            ("ip saddr != { 173.245.48.0/20 } tcp dport { 80, 443 } drop", Some("firewall.cdn_allowlist_stale")),
            ("ip saddr { 104.16.0.0/13, 192.0.2.7 } drop", Some("firewall.cdn_edge_banned")),
            // Bans of others say nothing of the CDN.
            ("ip saddr { 192.0.2.7, 192.0.2.8 } reject # f2b-sshd", None),
            ("tcp dport 22 accept", None),
        ] {
            let mut facts = answered(522);
            facts.host.insert(host(&["0.0.0.0:443"])).firewall.rules = vec![rule.into()];
            assert_eq!(code(&RULE, &facts), expected, "{rule}");
        }
    }
}
