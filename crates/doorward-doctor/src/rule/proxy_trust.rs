//! `proxy.trust`: the app does not believe its proxy, or only sometimes.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.trust", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    refused(facts).or_else(|| partial(facts)).or_else(|| unknown(facts))
}

/// What the proxy says arrives and is not believed, while the gateway's own list names others.
fn unknown(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref().filter(|target| target.is_https())?;
    let installed = facts.installation.as_ref().filter(|installed| !installed.trusted_proxies.is_empty())?;
    let echo = facts.echo.as_ref().filter(|echo| echo.scheme == "http")?;
    if !echo.forwarded_proto.iter().any(|value| value.contains("https")) {
        return None;
    }
    let list = installed.trusted_proxies.join(", ");
    let peer = if echo.client.is_empty() { "the proxy in front".to_owned() } else { echo.client.clone() };
    Some(
        Suspect::new(
            "proxy.trusted_proxy_stale",
            format!("The gateway believes {list}, and {peer}, by which {} is reached, is not among them.", target.host),
        )
        .at(Link::Proxy)
        .deep(5)
        .saw("the gateway's echo", format!("scheme http, X-Forwarded-Proto {:?}", echo.forwarded_proto), "the gateway")
        .saw("trusted_proxies", list, "the installation")
        .not("proxy.xfp_not_honoured", "the field arrives, and others would be believed")
        .fix(format!(
            "trusted_proxies = [\"{}\"]   # the address from which the proxy comes, and nothing wider",
            if echo.client.is_empty() { "PROXY-ADDRESS" } else { &echo.client }
        )),
    )
}

fn refused(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| matches!(visit.status, 400 | 403))?;
    let at_app = |note: &str| facts.visits(Step::Variant).find(|visit| visit.via == Via::App && visit.note == note);
    let (plain, forwarded) = (at_app("nothing forwarded"), at_app("X-Forwarded-Proto: https"));
    let depends = plain.is_some_and(|visit| visit.is_well() || visit.status == 401)
        && forwarded.is_some_and(|visit| visit.status == arrival.status);
    let line = facts.log_any(&[
        "not set-up for reverse proxies",
        "not set up for reverse proxies",
        "untrusted proxy",
        "list of trusted proxies",
        "not a trusted proxy",
        "from a reverse proxy was received",
        "proxy is not trusted",
        "trusted_proxies",
    ]);
    if !depends && line.is_none() {
        return None;
    }
    let lists: Vec<_> = facts
        .host
        .iter()
        .flat_map(|host| &host.settings)
        .filter(|setting| setting.name.to_uppercase().contains("TRUSTED_PROX") && !setting.is_empty())
        .collect();
    let is_stale = !lists.is_empty()
        || line.is_some_and(|line| {
            let text = line.text.to_lowercase();
            text.contains("not in the list")
                || text.contains("not in trusted")
                || text.contains("is not trusted")
                || text.contains("untrusted proxy")
        });
    let code = if is_stale { "proxy.trusted_proxy_stale" } else { "proxy.trusted_proxy_unset" };
    let why = if is_stale {
        "The app refuses forwarded requests from the proxy's present address: its list of trusted proxies holds another."
    } else {
        "The app refuses every request that carries forwarded headers, since it trusts no proxy."
    };
    let mut suspect = Suspect::new(code, why)
        .at(Link::Proxy)
        .deep(3)
        .saw("GET through the proxy", arrival.told(), arrival.url.clone())
        .not("config.allowed_hosts", "it depends on the forwarded headers, not on the name");
    if let (Some(plain), Some(forwarded)) = (plain, forwarded) {
        suspect = suspect.saw("at the app, nothing forwarded", plain.told(), "app").saw(
            "at the app, with X-Forwarded-For",
            forwarded.told(),
            "app",
        );
    }
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    let address = line.and_then(|line| {
        line.text.split([' ', ',', ';']).find_map(|word| word.trim_matches(['\'', '"']).parse::<IpAddr>().ok())
    });
    Some(suspect.fix(format!(
        "add the proxy's address{} to the app's trusted proxies, and nothing wider",
        address.map(|address| format!(" {address}")).unwrap_or_default()
    )))
}

/// Words of proxies and apps before the ranges whose forwarded addresses they believe.
const LISTS: &[&str] = &[
    "set_real_ip_from",
    "remoteiptrustedproxy",
    "remoteipinternalproxy",
    "trusted_proxies",
    "trustedips",
    "trusted_proxy",
];

/// Ranges of the lists in the proxy's configuration, and the first line of them.
fn believed(host: &Host) -> (Vec<(IpAddr, u32)>, Option<&Line>) {
    let is_list = |line: &&Line| {
        let text = line.text.trim_start().to_lowercase();
        LISTS.iter().any(|word| text.starts_with(word)) || text.starts_with("acl ") && text.contains(" src ")
    };
    let lines: Vec<_> = host.proxy.iter().filter(is_list).collect();
    let ranges =
        lines.iter().flat_map(|line| line.text.split([' ', ';', ',', '"', '[', ']', '=', '\''])).filter_map(|word| {
            let (net, bits) = word.split_once('/').unwrap_or((word, ""));
            let net: IpAddr = net.parse().ok()?;
            Some((net, bits.parse().unwrap_or(if net.is_ipv4() { 32 } else { 128 })))
        });
    (ranges.collect(), lines.first().copied())
}

fn covers(range: &(IpAddr, u32), address: &IpAddr) -> bool {
    let bits = |address: &IpAddr| match address {
        IpAddr::V4(v4) => (u128::from(u32::from(*v4)) << 96, 32),
        IpAddr::V6(v6) => (u128::from(*v6), 128),
    };
    let ((net, width), (address, other)) = (bits(&range.0), bits(address));
    let shift = 128 - range.1.min(128);
    width == other && (shift >= 128 || net >> shift == address >> shift)
}

/// Some of the CDN's ranges are believed, and the one by which people come here is not among them.
fn partial(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref().filter(|_| facts.is_behind_cdn())?;
    let (ranges, line) = believed(host);
    let is_cdn = super::tls_wrong_cert_served::is_cdn;
    if !ranges.iter().any(|(net, _)| is_cdn(net)) {
        return None;
    }
    // What the origin itself wrote down of the doctor's requests comes before what the lists would lead to.
    let seen = host.seen.iter().find(|address| is_cdn(address)).copied();
    let edge = facts
        .addresses()
        .into_iter()
        .find(|address| is_cdn(address) && !ranges.iter().any(|range| covers(range, address)));
    if seen.is_none() && (edge.is_none() || !host.seen.is_empty()) {
        return None;
    }
    let missing = seen.or(edge)?;
    let suspect = Suspect::new(
        "proxy.real_ip_partial",
        format!(
            "The proxy restores the visitor's address for {} ranges only, and {missing} of the CDN is in none of them: whoever comes that way counts as the CDN.",
            ranges.len()
        ),
    )
    .likely()
    .saw("the believed ranges", line.map(|line| line.text.clone()).unwrap_or_default(), line.map(|line| line.source.clone()).unwrap_or_default())
    .fix("write a set_real_ip_from line for each range that the CDN publishes, and refresh them by a timer");
    let suspect = match seen {
        Some(address) => {
            suspect.saw("the doctor's request in the access log", format!("comes from {address}"), "the origin")
        }
        None => suspect,
    };
    let is_harmed = facts.signin.attempts.iter().any(|attempt| attempt.answer == Answer::Throttled)
        || facts.arrival().is_some_and(|visit| matches!(visit.status, 403 | 429));
    if is_harmed { Some(suspect.at(shows_at(facts, Link::Proxy)).deep(3)) } else { heard(facts, suspect) }
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_list_that_names_other_proxies_is_stale() {
        let mut facts = healthy();
        facts.echo = Some(crate::facts::Echo {
            scheme: "http".into(),
            forwarded_proto: vec!["https".into()],
            client: "127.0.0.1".into(),
            ..Default::default()
        });
        assert_eq!(code(&RULE, &facts), None);
        let trusted_proxies = vec!["172.18.0.0/16".into()];
        facts.installation = Some(crate::facts::Installation { trusted_proxies, ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("proxy.trusted_proxy_stale"));
        facts.echo.as_mut().unwrap().scheme = "https".into();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_refusal_that_depends_on_forwarded_headers_is_about_trust() {
        let mut facts = answered(400);
        let at_app =
            |note: &str, status| Visit { step: Step::Variant, note: note.into(), ..by(visit(status), Via::App) };
        facts.visits.push(at_app("nothing forwarded", 200));
        facts.visits.push(at_app("X-Forwarded-Proto: https", 400));
        assert_eq!(code(&RULE, &facts), Some("proxy.trusted_proxy_unset"));
        facts.host.get_or_insert_default().settings.push(Setting {
            name: "TRUSTED_PROXIES".into(),
            mark: Mark { length: 9, ..Mark::default() },
            ..Setting::default()
        });
        assert_eq!(code(&RULE, &facts), Some("proxy.trusted_proxy_stale"));
        assert_eq!(code(&RULE, &answered(400)), None);
    }

    #[test]
    fn the_apps_log_tells_too() {
        assert_eq!(
            code(
                &RULE,
                &logged(
                    answered(400),
                    "A request from a reverse proxy was received from 172.17.0.1, but your HTTP integration is not set-up for reverse proxies"
                )
            ),
            Some("proxy.trusted_proxy_unset")
        );
    }
}
