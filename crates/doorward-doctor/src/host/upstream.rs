//! Where the proxy looks for the app, by its own log and configuration.

use std::net::{IpAddr, SocketAddr};

use crate::facts::{Facts, Host, Line};

/// Words of a proxy that got no connection.
const FAILED: &[&str] = &[
    "connect() failed",
    "connection refused",
    "connect: no route to host",
    "while connecting to upstream",
    "i/o timeout",
    "no live upstreams",
    "layer4 connection problem",
    "layer4 timeout",
    "econnrefused",
    "host unreachable",
    "failed to make connection to backend",
    "attempt to connect to",
];

/// Address and port of the upstream that a line of a log names.
#[must_use]
pub fn in_line(text: &str) -> Option<(String, u16)> {
    let at = |after: &str| text.find(after).map(|at| &text[at + after.len()..]);
    let rest = at("upstream: \"http://")
        .or_else(|| at("upstream: \"https://"))
        .or_else(|| at("upstream: \"fastcgi://"))
        .or_else(|| at("upstream: \"uwsgi://"))
        .or_else(|| at("dial tcp "))
        .or_else(|| at("connect ECONNREFUSED "))
        .or_else(|| at("connect ETIMEDOUT "))
        .or_else(|| at("connect EHOSTUNREACH "))
        .or_else(|| at("attempt to connect to "))
        .or_else(|| at("Connection refused ("))
        .or_else(|| at("upstream: \"grpc://"))?;
    split(rest.split(['/', '"', ' ', ',', ')']).next().unwrap_or_default().trim_end_matches(':'))
}

fn split(text: &str) -> Option<(String, u16)> {
    let (host, port) = text.rsplit_once(':')?;
    Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
}

/// The file of a socket that a line of a log names as the upstream.
#[must_use]
pub fn socket_in(text: &str) -> Option<&str> {
    let (_, rest) = ["unix:", "dial unix ", "Unix domain socket "].iter().find_map(|word| text.split_once(word))?;
    let path = rest.trim_start_matches("//").split([':', '"', ' ', ',', ')']).next()?;
    path.starts_with('/').then_some(path)
}

/// Whether a line says that there was no answer at all to the connection.
#[must_use]
pub fn is_timeout(text: &str) -> bool {
    let text = text.to_lowercase();
    ["timed out", "i/o timeout", "layer4 timeout", "no route to host", "unreachable", "etimedout", "ehostunreach"]
        .iter()
        .any(|word| text.contains(word))
}

/// The newest line of a log that says that no connection was made.
#[must_use]
pub fn failed(facts: &Facts) -> Option<(String, u16, &Line)> {
    facts
        .log_lines()
        .filter(|line| {
            let text = line.text.to_lowercase();
            FAILED.iter().any(|word| text.contains(word))
        })
        .filter_map(|line| {
            let text = line.text.to_lowercase();
            // HAProxy names its servers, not their addresses.
            let named = || if text.contains("layer4") { configured(facts) } else { None };
            in_line(&line.text).or_else(named).map(|(host, port)| (host, port, line))
        })
        .last()
}

/// The upstream of the newest failure, else of the configuration.
#[must_use]
pub fn of(facts: &Facts) -> Option<(String, u16)> {
    failed(facts).map(|(host, port, _)| (host, port)).or_else(|| configured(facts))
}

/// The upstream in the proxy's configuration, where there is one.
#[must_use]
pub fn configured(facts: &Facts) -> Option<(String, u16)> {
    all(facts.host.as_ref()?).into_iter().next()
}

/// Every upstream in the proxy's configuration.
#[must_use]
pub fn all(host: &Host) -> Vec<(String, u16)> {
    let mut found = Vec::new();
    for line in &host.proxy {
        for piece in line.text.split(['{', ';']) {
            found.extend(target(piece).filter(|known| !found.contains(known)));
        }
    }
    found
}

/// Host and port to which a line of a configuration forwards.
#[must_use]
pub fn target(text: &str) -> Option<(String, u16)> {
    let words: Vec<_> = text.trim().trim_end_matches([';', '{']).split_whitespace().collect();
    let word = match words.first() {
        Some(&("proxy_pass" | "fastcgi_pass" | "uwsgi_pass" | "grpc_pass" | "reverse_proxy" | "ProxyPass" | "to")) => {
            let mut places = words.iter().skip(1).filter(|word| !word.starts_with(['@', '*']) && word.len() > 1);
            places.rfind(|word| !word.starts_with('/')).copied()
        }
        Some(&"server") if words.len() > 2 && words[2].contains(':') => words.get(2).copied(),
        Some(&"server") if words.len() > 1 && words[1].contains(':') => words.get(1).copied(),
        _ => None,
    }?;
    let is_tls = word.starts_with("https");
    let place = word.trim_start_matches("http://").trim_start_matches("https://").trim_start_matches("h2c://");
    let place = place.split(['/', '$']).next().unwrap_or_default();
    split(place).or_else(|| {
        (place.parse::<IpAddr>().is_ok() || place == "localhost")
            .then(|| (place.to_owned(), if is_tls { 443 } else { 80 }))
    })
}

/// The name of a host that a line of nginx keeps in a variable.
#[must_use]
pub fn variable(text: &str) -> Option<String> {
    let words: Vec<_> = text.trim().trim_end_matches(';').split_whitespace().collect();
    let [word, name, value] = words.as_slice() else { return None };
    let is_upstream =
        ["target", "upstream", "backend", "app", "host", "api", "service"].iter().any(|part| name.contains(part));
    if *word != "set" || !name.starts_with('$') || !is_upstream {
        return None;
    }
    let value = value.trim_matches('"').trim_start_matches("http://").trim_start_matches("https://");
    let value = value.split([':', '/']).next().unwrap_or_default();
    let is_name = value.len() > 1 && value.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    is_name.then(|| value.to_owned())
}

/// Where a development server's proxy leads, and whether it puts the target's name into Host.
#[must_use]
pub fn development(host: &Host) -> Option<(String, bool)> {
    let at = |line: &Line| {
        let rest = &line.text[line.text.find("target")? + 6..];
        let rest = rest.trim_start_matches(['"', '\'', ':', ' ']);
        let place = rest.trim_start_matches("http://").trim_start_matches("https://");
        let name: String = place.chars().take_while(|c| c.is_ascii_alphanumeric() || "-._:".contains(*c)).collect();
        (!name.is_empty() && place.len() < rest.len()).then_some(name)
    };
    let is_development = |line: &&Line| line.source.contains("vite.config") || line.source.contains("proxy.conf");
    let name = host.proxy.iter().filter(is_development).find_map(at)?;
    let changes = |line: &Line| line.text.replace([' ', '"'], "").contains("changeOrigin:true");
    Some((name, host.proxy.iter().filter(is_development).any(changes)))
}

/// The port of a line that says where the proxy listens.
#[must_use]
pub fn listen_port(text: &str) -> Option<u16> {
    text.split(['{', ';']).find_map(|piece| {
        let mut words = piece.split_whitespace();
        words.next().filter(|word| *word == "listen" || *word == "bind" || *word == "Listen")?;
        let place = words.next()?;
        place.parse().ok().or_else(|| place.rsplit(':').next()?.parse().ok())
    })
}

/// Whether the proxy has a network of its own, in which loopback is itself.
#[must_use]
pub fn is_proxy_apart(facts: &Facts) -> bool {
    let Some(host) = &facts.host else { return false };
    let port = facts.target.as_ref().map_or(443, |target| target.port);
    let proxies = ["nginx", "caddy", "traefik", "haproxy", "httpd", "proxy", "web"];
    let is_container = |container: &crate::facts::Container| {
        proxies.iter().any(|word| container.name.contains(word) || container.service.contains(word))
            && container.state == "running"
    };
    let in_inner =
        host.inner.iter().any(|inner| inner.listeners.iter().any(|listener| listener.address.port() == port))
            && host.on_port(port).next().is_none();
    in_inner || host.containers.iter().any(is_container)
}

/// Whether the proxy's requests may be meant for this container: nothing says that they go elsewhere.
#[must_use]
pub fn is_meant(facts: &Facts, container: &crate::facts::Container) -> bool {
    let Some((name, port)) = of(facts) else { return true };
    let Ok(address) = name.parse::<IpAddr>() else {
        let is_named = container.service == name || container.name.contains(&name);
        let is_other = facts.host.iter().flat_map(|host| &host.containers).any(|other| other.service == name);
        return is_named || !is_other;
    };
    let is_own = address.is_loopback() || facts.host.as_ref().is_some_and(|host| host.addresses.contains(&address));
    if is_own {
        // By the host's own address only a published port leads into a container.
        return container.ports.iter().any(|(_, outer, _)| *outer == port) || address.is_loopback();
    }
    let others = facts.host.iter().flat_map(|host| &host.containers);
    is_at(facts, container, address)
        || !others.into_iter().any(|other| other.addresses.iter().any(|(_, known)| *known == address))
}

/// Whether a container has this address; one that has ended has given it up to another that runs there now.
#[must_use]
pub fn is_at(facts: &Facts, container: &crate::facts::Container, address: IpAddr) -> bool {
    let has = |one: &crate::facts::Container| one.addresses.iter().any(|(_, known)| *known == address);
    let mut others = facts.host.iter().flat_map(|host| &host.containers);
    let is_taken = container.state != "running"
        && others.any(|other| other.name != container.name && other.state == "running" && has(other));
    has(container) && !is_taken
}

/// A service that is not the proxy.
#[must_use]
pub fn service(facts: &Facts) -> Option<String> {
    let host = facts.host.as_ref()?;
    let is_proxy =
        |name: &str| ["nginx", "caddy", "traefik", "haproxy", "proxy", "web"].iter().any(|word| name.contains(word));
    host.containers
        .iter()
        .map(|container| &container.service)
        .find(|service| !service.is_empty() && !is_proxy(service) && !service.contains("db"))
        .cloned()
}

/// Where a container of this name is now, if the proxy goes on asking for its old address.
#[must_use]
pub fn moved(host: &Host, name: &str, address: Option<IpAddr>) -> Option<(String, IpAddr)> {
    let address = address?;
    let named: Vec<_> = all(host)
        .into_iter()
        .map(|(known, _)| known)
        .filter(|known| known.parse::<IpAddr>().is_err() && known != "localhost")
        .collect();
    for known in named.iter().map(String::as_str).chain([name]) {
        if let Some((_, now)) = host
            .upstreams
            .iter()
            .find(|(upstream, now)| upstream == known && !now.is_empty() && !now.contains(&address))
        {
            return Some((known.to_owned(), now[0]));
        }
        let container = host.containers.iter().find(|container| {
            container.service == known || container.name.contains(&format!("-{known}-")) || container.name == known
        });
        if let Some(container) = container.filter(|container| {
            !container.addresses.is_empty() && container.addresses.iter().all(|(_, now)| *now != address)
        }) {
            return Some((container.name.clone(), container.addresses[0].1));
        }
    }
    None
}

/// Ports on which somebody listens at this address (at loopback where there is none).
#[must_use]
pub fn ports(host: &Host, address: Option<IpAddr>) -> Vec<u16> {
    let address = address.unwrap_or(IpAddr::from([127, 0, 0, 1]));
    // Who listens on loopback of the other family alone is not met at this one.
    let is_met = |ip: IpAddr| !ip.is_loopback() || !address.is_loopback() || ip.is_ipv4() == address.is_ipv4();
    let mut ports: Vec<_> = host
        .inner_listeners(address)
        .filter(|listener| listener.owner != "sshd" && is_met(listener.address.ip()))
        .map(|listener| listener.address.port())
        .collect();
    ports.sort_unstable();
    ports.dedup();
    ports
}

/// Whether the proxy passes another Host on than it got.
#[must_use]
pub fn changes_host(host: &Host) -> bool {
    let text = |line: &Line| line.text.to_lowercase();
    let is_nginx = host.proxy.iter().any(|line| text(line).contains("proxy_pass "));
    let sets: Vec<_> = host.proxy.iter().map(text).filter(|line| line.contains("proxy_set_header host ")).collect();
    let keeps = |line: &String| {
        ["$host", "$http_host", "$server_name", "$x_forwarded_host", "$http_x_forwarded_host"]
            .iter()
            .any(|word| line.contains(word))
    };
    is_nginx && !sets.iter().any(keeps)
        || host.proxy.iter().any(|line| {
            let text = text(line);
            text.contains("header_up host ") && !text.contains("{host}") && !text.contains("hostport}")
                || text.contains("set-header host ")
        })
}

/// The address of an upstream that can be reached from this host.
#[must_use]
pub fn reachable(host: &Host) -> Option<SocketAddr> {
    all(host).into_iter().find_map(|(name, port)| {
        let address: IpAddr = if name == "localhost" {
            IpAddr::from([127, 0, 0, 1])
        } else {
            name.parse().ok().or_else(|| {
                host.upstreams.iter().find(|(known, _)| *known == name).and_then(|(_, now)| now.first().copied())
            })?
        };
        Some(SocketAddr::new(address, port))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_upstreams_out_of_logs() {
        for (text, expected) in [
            ("upstream: \"http://127.0.0.1:8080/x\", host", Some(("127.0.0.1", 8080))),
            ("dial tcp 172.18.0.3:8000: connect: connection refused", Some(("172.18.0.3", 8000))),
            ("upstream: \"fastcgi://127.0.0.1:9000\"", Some(("127.0.0.1", 9000))),
            ("HttpRequestException: Connection refused (localhost:5000)", Some(("localhost", 5000))),
            ("all is well", None),
            ("connect() to unix:/run/app.sock failed (2: No such file or directory)", None),
        ] {
            assert_eq!(in_line(text), expected.map(|(host, port): (&str, u16)| (host.to_owned(), port)), "{text}");
        }
    }

    #[test]
    fn reads_the_files_of_sockets_out_of_logs() {
        for (text, expected) in [
            ("connect() to unix:/run/app.sock failed (2: No such file or directory)", Some("/run/app.sock")),
            ("upstream: \"http://unix:/run/app.sock:/login\", host", Some("/run/app.sock")),
            ("dial unix /run/app.sock: connect: permission denied", Some("/run/app.sock")),
            ("FCGI: attempt to connect to Unix domain socket /run/php.sock (*:80) failed", Some("/run/php.sock")),
            ("upstream: \"http://127.0.0.1:8080/\"", None),
        ] {
            assert_eq!(socket_in(text), expected, "{text}");
        }
    }

    #[test]
    fn a_listener_of_the_other_family_is_not_met() {
        let listener = |at: &str| crate::facts::Listener {
            address: at.parse().unwrap(),
            owner: String::new(),
            waiting: 0,
            busy: 0,
            backlog: 0,
        };
        let host = Host { listeners: vec![listener("[::1]:8000"), listener("[::]:9000")], ..Host::default() };
        assert_eq!(ports(&host, None), [9000]);
        assert_eq!(ports(&host, Some("::1".parse().unwrap())), [8000, 9000]);
    }

    #[test]
    fn reads_upstreams_and_ports_out_of_configurations() {
        let line = |text: &str| Line { text: text.into(), ..Line::default() };
        let host = Host {
            proxy: vec![
                line("listen 443 ssl; server_name a;"),
                line("location / { proxy_pass http://127.0.0.1:8000; proxy_http_version 1.1; }"),
                line("reverse_proxy app:3000"),
                line("server app1 10.0.0.1:80 check"),
            ],
            ..Host::default()
        };
        assert_eq!(all(&host), [("127.0.0.1".to_owned(), 8000), ("app".to_owned(), 3000), ("10.0.0.1".to_owned(), 80)]);
        assert_eq!(listen_port("listen [::]:443 ssl;"), Some(443));
        assert!(changes_host(&host));
        assert_eq!(variable("set $target api;").as_deref(), Some("api"));
        assert_eq!(variable("set $target http://app:8000;").as_deref(), Some("app"));
        assert_eq!(variable("set $no_cache 1;"), None);
        let vite = |text: &str| Host {
            proxy: vec![Line { source: "./vite.config.js".into(), text: text.into(), ..Line::default() }],
            ..Host::default()
        };
        let text = "target: 'http://api.test:8080', changeOrigin: true }";
        assert_eq!(development(&vite(text)), Some(("api.test:8080".to_owned(), true)));
        assert_eq!(development(&vite(&text.replace("true", "false"))), Some(("api.test:8080".to_owned(), false)));
    }
}
