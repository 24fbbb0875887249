//! Where host names lead in a browser of ours: to another machine, or nowhere.
//!
//! Requests are judged by their address where the browser lets them be (`Fetch`). Sockets, and what workers and the
//! browser itself ask for, go past that; so a list of origins also decides which names and ports can be reached at all.

use crate::options::Options;
use crate::origin::{Place, is_below};

/// Chromium's word for a name that leads nowhere.
const NOWHERE: &str = "~NOTFOUND";

/// The rules for `--host-resolver-rules`, of which the first that fits counts. A proxy resolves names by itself, so
/// with one there are those of the map alone.
pub(crate) fn rules(options: &Options) -> Vec<String> {
    let mapped = || options.host_map.iter().map(|(host, to)| format!("MAP {host} {to}"));
    if options.proxy_server.is_some() {
        return mapped().collect();
    }
    let blocked = options.blocked_origins.iter().map(|origin| Place::read(origin));
    let mut rules: Vec<String> =
        blocked.flat_map(|place| patterns(&place)).map(|pattern| format!("MAP {pattern} {NOWHERE}")).collect();
    let open: Vec<Place> = options.allowed_origins.iter().map(|origin| Place::read(origin)).collect();
    match open.iter().map(|place| reachable(place, &options.host_map)).collect::<Option<Vec<_>>>() {
        Some(open) if !open.is_empty() => {
            rules.extend(open.into_iter().flatten());
            rules.push(format!("MAP * {NOWHERE}"));
        }
        _ => rules.extend(mapped()),
    }
    rules
}

/// The host of a place with each of its ports, as patterns.
fn patterns(place: &Place) -> Vec<String> {
    let host = if place.is_below { format!("*.{}", place.host) } else { place.host.clone() };
    match place.ports() {
        ports if ports.is_empty() => vec![host],
        ports => ports.iter().map(|port| format!("{host}:{port}")).collect(),
    }
}

/// The rules that let a place be reached, through the map where that speaks of it. None where the map speaks of some
/// names of the place alone, which no rules can say.
fn reachable(place: &Place, map: &[(String, String)]) -> Option<Vec<String>> {
    let covers = |from: &str| match from.strip_prefix("*.") {
        _ if from == "*" => true,
        Some(above) if place.is_below => place.host == above || is_below(&place.host, above),
        Some(above) => is_below(&place.host, above),
        None => !place.is_below && place.host == from,
    };
    if let Some((_, to)) = map.iter().find(|(from, _)| covers(&from.to_ascii_lowercase())) {
        return Some(patterns(place).into_iter().map(|pattern| format!("MAP {pattern} {to}")).collect());
    }
    if !place.is_below {
        return Some(patterns(place).into_iter().map(|pattern| format!("MAP {pattern} {pattern}")).collect());
    }
    let speaks_of_some = map.iter().any(|(from, _)| is_below(&from.to_ascii_lowercase(), &place.host));
    (!speaks_of_some).then(|| vec![format!("EXCLUDE *.{}", place.host)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(allowed: &[&str], blocked: &[&str], map: &[(&str, &str)]) -> String {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        let options = Options {
            allowed_origins: owned(allowed),
            blocked_origins: owned(blocked),
            host_map: map.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect(),
            ..Options::default()
        };
        rules(&options).join(", ")
    }

    #[test]
    fn without_lists_there_is_the_map_alone() {
        assert_eq!(made(&[], &[], &[]), "");
        assert_eq!(made(&[], &[], &[("*.test", "127.0.0.1")]), "MAP *.test 127.0.0.1");
    }

    #[test]
    fn what_is_not_allowed_leads_nowhere() {
        assert_eq!(
            made(&["http://127.0.0.1:3000", "api.test", "*.cdn.test"], &[], &[]),
            "MAP 127.0.0.1:3000 127.0.0.1:3000, MAP api.test:80 api.test:80, MAP api.test:443 api.test:443, \
             EXCLUDE *.cdn.test, MAP * ~NOTFOUND"
        );
        assert_eq!(
            made(&["http://app.test", "*.app.test"], &["bad.app.test:8443"], &[("*.test", "127.0.0.1")]),
            "MAP bad.app.test:8443 ~NOTFOUND, MAP app.test:80 127.0.0.1, MAP *.app.test 127.0.0.1, MAP * ~NOTFOUND"
        );
    }

    #[test]
    fn what_rules_cannot_say_is_left_to_the_judgement_of_requests() {
        assert_eq!(made(&["*.app.test"], &[], &[("a.app.test", "127.0.0.1")]), "MAP a.app.test 127.0.0.1");
    }
}
