//! `dev.proxy_misconfigured`: the development server, or its proxy, is set up for another name.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dev.proxy_misconfigured", judge };

/// A development server that refuses a name.
pub(super) fn is_dev_server(visit: &Visit) -> bool {
    visit.status == 403
        && (visit.says("allowedhosts") || visit.says("blocked request. this host") || visit.says("invalid host header"))
        || visit.says("invalid host header")
            && visit.field("x-powered-by").is_some_and(|by| by.eq_ignore_ascii_case("express"))
}

/// The development proxy gives the app its own address as Host, while the browser's Origin is the proxy's.
pub(super) fn is_rewriting(facts: &Facts) -> bool {
    facts.echo.as_ref().is_some_and(|echo| {
        echo.host.iter().any(|host| facts.target.as_ref().is_some_and(|target| *host != target.authority()))
    }) || facts
        .host
        .as_ref()
        .is_some_and(|host| host.proxy.iter().any(|line| line.text.replace(' ', "").contains("changeOrigin:true")))
        || facts
            .log_with(&["origin"])
            .is_some_and(|line| line.text.contains("127.0.0.1:") || line.text.contains("localhost:"))
}

fn rewriting(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let is_dev = matches!(target.port, 5173 | 4173 | 4200)
        || facts.host.as_ref().is_some_and(|host| {
            host.listeners
                .iter()
                .any(|listener| listener.address.port() == target.port && listener.owner.contains("node"))
        });
    let refused = facts.signin.attempts.iter().any(|attempt| matches!(attempt.answer, Answer::Csrf | Answer::Refused))
        || facts.visits(Step::Socket).any(|visit| visit.status == 403);
    (is_dev && refused && is_rewriting(facts)).then(|| {
        Suspect::new("dev.proxy_host_rewrite", "The development proxy gives the app its own address as Host, and the browser's Origin is the development server's.").at(Link::Csrf).deep(6).likely()
            .saw("POST", "403", target.origin())
            .fix("vite.config.js: server: { proxy: { \"/api\": { target: …, changeOrigin: false } } }")
    })
}

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(suspect) = rewriting(facts) {
        return Some(suspect);
    }
    let arrival = facts.arrival()?;
    let target = facts.target.as_ref()?;
    let named = facts
        .visits(Step::Variant)
        .find(|visit| visit.note == "Host: target" && (visit.is_well() || visit.status == 401));
    if let Some(named) = named.filter(|_| arrival.status >= 400) {
        return Some(
            Suspect::new("dev.proxy_host_not_rewritten", "The development proxy passes the browser's own Host on, and the server that it leads to knows only its own name.")
                .at(Link::Proxy)
                .deep(8)
                .saw(format!("GET, Host: {}", target.authority()), arrival.told(), "the development server")
                .saw("the same, Host of the target", named.told(), "the development server")
                .not("proxy.no_route_for_host", "the same way under the target's name is answered")
                .fix("vite.config.js: server: { proxy: { \"/api\": { target: …, changeOrigin: true } } }"),
        );
    }
    let depends = facts
        .visits(Step::Variant)
        .any(|visit| visit.via == Via::Public && visit.note == "Host: localhost" && visit.is_well());
    if is_dev_server(arrival) || arrival.status == 403 && depends && is_dev_port(facts) {
        return Some(
            Suspect::new("dev.host_check", format!("The development server refuses the name {}.", target.host))
                .at(Link::Proxy)
                .deep(3)
                .saw(format!("GET, Host: {}", target.authority()), arrival.told(), arrival.url.clone())
                .not("csrf.origin_untrusted", "static pages are refused too")
                .fix(format!("vite.config.js: server: {{ allowedHosts: [\"{}\"] }}", target.host)),
        );
    }
    let line = facts.log_any(&["econnrefused ::1", "connect econnrefused ::1", "econnrefused 127.0.0.1"]);
    if let Some(line) = line.filter(|_| arrival.status >= 500) {
        let port = line
            .text
            .split("ECONNREFUSED ")
            .nth(1)
            .and_then(|rest| rest.rsplit(':').next())
            .and_then(|port| port.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok());
        let host = facts.host.as_ref()?;
        let other = port.is_some_and(|port| host.on_port(port).next().is_some());
        if other {
            return Some(
                quoted(
                    Suspect::new(
                        "dev.localhost_ipv6",
                        "The development proxy connects to one address of localhost, and the app listens on the other.",
                    ),
                    line,
                )
                .at(Link::Proxy)
                .deep(6)
                .fix("target: \"http://127.0.0.1:PORT\"   # and let the app listen there"),
            );
        }
    }
    None
}

fn is_dev_port(facts: &Facts) -> bool {
    facts.target.as_ref().is_some_and(|target| matches!(target.port, 5173 | 4173 | 3000 | 8080 | 4200))
        && facts.arrival().is_some_and(|visit| visit.says("host"))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_development_server_names_its_list() {
        let mut facts = answered(403);
        assert_eq!(code(&RULE, &facts), None);
        facts.visits[0].body = "Blocked request. This host (\"app.example.com\") is not allowed. To allow this host, add it to `server.allowedHosts`".into();
        assert_eq!(code(&RULE, &facts), Some("dev.host_check"));
    }
}
