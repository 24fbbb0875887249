//! `proxy.no_route_for_host`: the proxy knows nothing of this name.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.no_route_for_host", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let arrival = facts.arrival()?;
    let is_own = arrival.status == 404
        && (arrival.body.trim() == "404 page not found"
            || arrival.says("<center>nginx")
            || arrival.says("default backend - 404"))
        || arrival.status == 421
        || arrival.status == 200 && arrival.body_bytes == 0 && mend::proxy_of(arrival) == "caddy"
        || arrival.says("welcome to nginx!")
        || arrival.says("apache2 debian default page")
        || arrival.says("apache2 ubuntu default page")
        || is_unrouted(facts, arrival)
        || is_hung_up(facts, arrival);
    if !is_own {
        return None;
    }
    let app = facts.inner(Via::App).filter(|visit| visit.is_well() || visit.status == 401);
    let elsewhere =
        facts.host.as_ref().is_some_and(|host| host.containers.iter().any(|container| container.health == "unhealthy"));
    if elsewhere {
        return None;
    }
    let line = facts.log_any(&[
        "error while parsing rule",
        "error parsing rule",
        "parsing rule",
        "invalid rule",
        "rule syntax",
    ]);
    let known = facts.host.as_ref().is_some_and(|host| {
        let has_other = host.proxy.iter().any(|line| line.text.contains("server_name _"));
        !has_other && is_unnamed(host, &target.host)
    });
    let is_certain = app.is_some() || line.is_some() || known || is_hung_up(facts, arrival);
    let is_common = is_unrouted(facts, arrival)
        || arrival.body.trim() == "404 page not found"
        || arrival.status == 421
        || arrival.says("welcome to nginx!")
        || arrival.says("default page")
        || arrival.status == 200;
    if !is_certain && !is_common {
        return None;
    }
    let mut suspect = Suspect::new(
        "proxy.no_route_for_host",
        format!("The proxy answers {} with a page of its own: no route of it is for this name.", target.host),
    )
    .at(Link::Proxy)
    .deep(2)
    .saw(format!("GET, Host: {}", target.authority()), arrival.told(), "the proxy")
    .fixes(
        mend::lines(
            facts,
            &[
                ("nginx", "server_name NAME;"),
                ("caddy", "NAME { reverse_proxy APP:PORT }"),
                ("traefik", "traefik.http.routers.app.rule: Host(`NAME`)"),
                ("haproxy", "use_backend app if { hdr(host) -i NAME }"),
                ("apache", "ServerName NAME"),
            ],
        )
        .into_iter()
        .map(|line| line.replace("NAME", &target.host)),
    );
    if let Some(app) = app {
        suspect = suspect.saw("the same at the app", app.told(), "app").not("app.crash_loop", "the app answers");
    }
    if let Some(line) = line {
        suspect = quoted(suspect, line);
    }
    Some(if is_certain { suspect } else { suspect.likely() })
}

/// Whether no `server_name` of nginx may be this name. A bare `_` is no name at all.
fn is_unnamed(host: &Host, name: &str) -> bool {
    let pieces = host.proxy.iter().flat_map(|line| line.text.split([';', '{', '}']));
    let names: Vec<_> = pieces
        .filter_map(|piece| piece.trim().strip_prefix("server_name "))
        .flat_map(str::split_whitespace)
        .filter(|known| *known != "_")
        .collect();
    let fits = |known: &&str| {
        let is_below = known.trim_start_matches("*.").trim_start_matches('.');
        known.contains(['~', '$']) || *known == name || is_below != *known && name.ends_with(is_below)
    };
    !names.is_empty() && !names.iter().any(fits)
}

/// nginx ends the connection without a word (444) where its server for all other names is told to.
fn is_hung_up(facts: &Facts, arrival: &Visit) -> bool {
    let (Some(host), Some(target)) = (&facts.host, &facts.target) else { return false };
    let is_told = host.proxy.iter().any(|line| line.text.contains("return 444"));
    arrival.fault == Some(Fault::Closed) && is_told && is_unnamed(host, &target.host)
}

/// `HAProxy` answers 503 where none of its rules chose servers: its log names the front twice, and its configuration tells
/// which names have a rule.
fn is_unrouted(facts: &Facts, arrival: &Visit) -> bool {
    if arrival.status != 503 || mend::proxy_of(arrival) != "haproxy" {
        return false;
    }
    let is_logged = facts.log_lines().any(|line| {
        line.text.contains(" 503 ")
            && line.text.split_whitespace().any(|word| {
                word.strip_suffix("/<NOSRV>").is_some_and(|backend| {
                    line.text.split_whitespace().any(|front| front.trim_end_matches('~') == backend && front != word)
                })
            })
    });
    let Some(host) = &facts.host else { return is_logged };
    let lines = || host.proxy.iter().map(|line| line.text.as_str());
    let has_default = lines().any(|text| text.starts_with("default_backend"));
    let has_rules = lines().any(|text| text.starts_with("use_backend"));
    let name = facts.target.as_ref().map(|target| target.host.clone()).unwrap_or_default();
    let is_listed = lines().any(|text| text.contains(&name) || text.contains("map"));
    is_logged || has_rules && !has_default && !is_listed
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_page_of_the_proxy_itself_is_no_route() {
        let mut facts = answered(404);
        assert_eq!(code(&RULE, &facts), None);
        facts.visits[0].body = "404 page not found".into();
        assert_eq!(code(&RULE, &facts), Some("proxy.no_route_for_host"));
    }

    #[test]
    fn nginx_404_needs_an_app_that_answers() {
        let mut facts = answered(404);
        facts.visits[0].body = "<center>nginx</center>".into();
        assert_eq!(code(&RULE, &facts), None);
        facts.visits.push(by(visit(200), Via::App));
        assert_eq!(code(&RULE, &facts), Some("proxy.no_route_for_host"));
    }

    #[test]
    fn a_server_for_all_other_names_may_hang_up() {
        let mut facts = answered(0);
        facts.visits[0].fault = Some(Fault::Closed);
        let lines = |names: &str| {
            [format!("server_name {names};"), "server_name _; return 444;".to_owned()]
                .map(|text| Line { text, ..Line::default() })
                .to_vec()
        };
        for (names, expected) in [
            ("app.exampel.com", Some("proxy.no_route_for_host")),
            ("app.example.com", None),
            ("*.example.com", None),
            ("~^app", None),
        ] {
            facts.host.insert(host(&["0.0.0.0:443"])).proxy = lines(names);
            assert_eq!(code(&RULE, &facts), expected, "{names}");
        }
    }
}
