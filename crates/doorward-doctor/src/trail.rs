//! What was seen at each link, in few words, for the drawn chain.

use doorward_core::Link;

use crate::facts::{Facts, Outcome, Role, Step, Tcp, Trust, Via};

/// Whether the link was looked at, the milliseconds that took, and what was seen.
pub(crate) fn seen(facts: &Facts, link: Link) -> (bool, u64, Vec<String>) {
    match link {
        Link::Config => config(facts),
        Link::Dns => dns(facts),
        Link::Edge => edge(facts),
        Link::Net | Link::Listen => net(facts, link),
        Link::Tls => tls(facts),
        Link::Proxy | Link::App => first(facts, link),
        Link::Cors => step(facts, &[Step::Preflight, Step::Across]),
        Link::Csrf => step(facts, &[Step::Bootstrap, Step::SignIn]),
        Link::Cookie => cookies(facts),
        Link::Auth => auth(facts),
        Link::Db => database(facts),
        Link::Session => session(facts),
        Link::Browser => {
            let calls = facts.browser.as_ref().map_or(0, |browser| browser.calls.len());
            let mut told = if calls > 0 { vec![format!("{calls} requests recorded")] } else { Vec::new() };
            told.extend(facts.phone.as_ref().map(phone));
            (facts.browser.is_some() || facts.phone.is_some(), 0, told)
        }
    }
}

fn phone(phone: &crate::facts::Phone) -> String {
    let place = if phone.is_private { "in a private network" } else { "outside" };
    let family = if phone.is_v6 { "IPv6" } else { "IPv4" };
    let cookies = if phone.keeps_cookies { "keeps cookies" } else { "keeps no cookie" };
    format!("a phone {place}: {family}, {}, Host {}, {cookies}", phone.scheme, phone.host.join(", "))
}

fn config(facts: &Facts) -> (bool, u64, Vec<String>) {
    let Some(host) = &facts.host else { return (false, 0, Vec::new()) };
    (!host.settings.is_empty(), 0, vec![format!("{} settings read", host.settings.len())])
}

fn dns(facts: &Facts) -> (bool, u64, Vec<String>) {
    let told: Vec<_> = facts
        .asked(Role::System)
        .map(|lookup| {
            let addresses: Vec<_> = lookup.addresses.iter().map(ToString::to_string).collect();
            let outcome = if lookup.outcome == Outcome::Answered {
                addresses.join(", ")
            } else {
                format!("{:?}", lookup.outcome).to_lowercase()
            };
            format!("{:?} {outcome}", lookup.record)
                .to_uppercase()
                .replace("NODATA", "none")
                .replace("NXDOMAIN", "no such name")
        })
        .collect();
    let ms = facts.lookups.iter().map(|lookup| lookup.ms).sum();
    (!told.is_empty(), ms, told)
}

fn edge(facts: &Facts) -> (bool, u64, Vec<String>) {
    match facts.arrival() {
        Some(arrival) if arrival.is_from_cdn() => (true, arrival.ms, vec![format!("CDN answers {}", arrival.status)]),
        Some(arrival) if arrival.status > 0 => (true, 0, vec!["no CDN in front".to_owned()]),
        _ => (false, 0, Vec::new()),
    }
}

fn net(facts: &Facts, link: Link) -> (bool, u64, Vec<String>) {
    let doors: Vec<_> =
        facts.doors(Via::Public).filter(|door| door.purpose == "main" || door.purpose == "family").collect();
    let told: Vec<_> = doors
        .iter()
        .filter(|door| link == Link::Net || door.tcp != Tcp::Silent)
        .map(|door| format!("{} {}", door.address, format!("{:?}", door.tcp).to_lowercase()))
        .collect();
    let ms = if link == Link::Net { doors.iter().map(|door| door.ms).sum() } else { 0 };
    (!told.is_empty(), ms, told)
}

fn tls(facts: &Facts) -> (bool, u64, Vec<String>) {
    let shakes = facts.doors(Via::Public).filter_map(|door| door.tls.as_ref());
    let told: Vec<_> = shakes
        .map(|tls| match &tls.certificate {
            Some(certificate) if tls.trust == Trust::Good => {
                let days = (certificate.not_after - facts.now) / 86_400;
                format!("TLS {}, {} days left", tls.version, days)
            }
            Some(certificate) => format!("{} ({:?})", certificate.subject, tls.trust),
            None => format!("{:?} {}", tls.knock, tls.alert),
        })
        .take(1)
        .collect();
    (!told.is_empty(), 0, told)
}

fn first(facts: &Facts, link: Link) -> (bool, u64, Vec<String>) {
    let Some(arrival) = facts.arrival().filter(|arrival| arrival.status > 0) else { return (false, 0, Vec::new()) };
    let way = facts.visits(Step::First).filter(|visit| visit.via == Via::Public).count();
    let mut told = vec![arrival.told()];
    if way > 1 && link == Link::Proxy {
        told.push(format!("{} redirects", way - 1));
    }
    if link == Link::App && !facts.profile.is_empty() {
        told.push(facts.profile.clone());
    }
    (true, if link == Link::App { arrival.ms } else { 0 }, told)
}

fn step(facts: &Facts, steps: &[Step]) -> (bool, u64, Vec<String>) {
    let visits: Vec<_> = facts.visits.iter().filter(|visit| steps.contains(&visit.step)).collect();
    let told = visits.iter().map(|visit| format!("{} {}", visit.method, visit.told())).take(3).collect();
    (!visits.is_empty(), visits.iter().map(|visit| visit.ms).sum(), told)
}

fn cookies(facts: &Facts) -> (bool, u64, Vec<String>) {
    let all: Vec<_> = facts.visits.iter().flat_map(|visit| &visit.cookies).collect();
    let refused = all.iter().filter(|cookie| cookie.trouble.is_some()).count();
    let told =
        if all.is_empty() { Vec::new() } else { vec![format!("{} set, {refused} refused by browsers", all.len())] };
    (!all.is_empty(), 0, told)
}

fn auth(facts: &Facts) -> (bool, u64, Vec<String>) {
    let told: Vec<_> = facts
        .signin
        .attempts
        .iter()
        .map(|attempt| format!("{:?}: {}", attempt.answer, attempt.status).to_lowercase())
        .take(2)
        .collect();
    (!told.is_empty(), facts.signin.attempts.iter().map(|attempt| attempt.ms).sum(), told)
}

fn database(facts: &Facts) -> (bool, u64, Vec<String>) {
    match facts.host.as_ref().and_then(|host| host.database.as_ref()) {
        Some(database) if database.is_tried => {
            let word = if database.refused.is_empty() { "answers" } else { "takes no connection" };
            let mut told = vec![format!("{} {word}", database.place)];
            if let Some((used, most)) = database.used {
                told.push(format!("{used} of {most} connections in use"));
            }
            if database.refused.is_empty() && database.write.is_empty() {
                told.push("a write was taken back".to_owned());
            }
            (true, database.ms, told)
        }
        _ => (false, 0, Vec::new()),
    }
}

fn session(facts: &Facts) -> (bool, u64, Vec<String>) {
    let after = &facts.signin.after;
    let kept = facts.host.as_ref().and_then(|host| host.database.as_ref()).and_then(|database| database.sessions);
    let kept = kept.map(|sessions| format!("{sessions} sessions in the database"));
    let told = after.iter().map(|status| format!("next request {status}")).take(2).chain(kept).collect::<Vec<_>>();
    (!told.is_empty(), 0, told)
}

/// What the app and the proxy were recognised as.
pub(crate) fn recognised(facts: &Facts) -> Vec<String> {
    [("app", &facts.profile), ("proxy", &facts.proxy)]
        .into_iter()
        .filter(|(_, name)| !name.is_empty())
        .map(|(what, name)| format!("{what}: {name}"))
        .collect()
}
