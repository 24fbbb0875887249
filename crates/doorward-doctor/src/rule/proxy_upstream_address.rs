//! `proxy.upstream_address`: the proxy looks for the app where it is not.

use super::basis::*;
use crate::host::upstream;

pub(super) const RULE: Rule = Rule { family: "proxy.upstream_address", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    circle(facts).or_else(|| told(facts)).or_else(|| socket(facts)).or_else(|| wrong(facts))
}

/// A gateway in front that says itself why it has no answer.
fn told(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| matches!(visit.status, 502..=504))?;
    let (code, why) = if arrival.says("upstream.connect_refused") {
        (
            "proxy.upstream_refused",
            "The gateway says that the app refuses its connection: it is down, or listens elsewhere.",
        )
    } else if arrival.says("upstream.connect_timeout") {
        ("proxy.upstream_unroutable", "The gateway says that nobody answers at the app's address.")
    } else {
        return None;
    };
    Some(
        Suspect::new(code, why)
            .at(shows_at(facts, Link::Proxy).max(Link::Proxy))
            .deep(5)
            .saw("GET", arrival.told(), arrival.url.clone())
            .fix("start the app, then compare its address with the gateway's upstream"),
    )
}

fn circle(facts: &Facts) -> Option<Suspect> {
    let growing = facts.log_lines().map(|line| &line.text).find(|text| {
        text.matches("127.0.0.1, 127.0.0.1").count() > 1 || text.contains("worker_connections are not enough")
    });
    let failing =
        facts.arrival().is_some_and(|visit| visit.status >= 400 || visit.fault.is_some()) || stop::is_loop(facts);
    let text = growing.cloned().or_else(|| crate::host::block::circle(facts.host.as_ref()?))?;
    failing.then(|| {
        Suspect::new(
            "proxy.upstream_is_self",
            "The proxy forwards to its own listener: each request comes back to it until it gives up.",
        )
        .at(shows_at(facts, Link::Proxy))
        .deep(6)
        .saw("the proxy", text, "the host")
        .fix("set the proxy's upstream (BACKEND) to the app's address and port")
    })
}

/// The proxy asks a socket in the file system, and gets no connection there.
fn socket(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|_| is_gateway_error(facts))?;
    let is_failed = |text: &str| text.contains("connect") && text.contains("unix");
    let line = log_line(facts, |text| is_failed(text) && SOCKETS.iter().any(|(word, _)| text.contains(word)))?;
    let path = upstream::socket_in(&line.text)?;
    let text = line.text.to_lowercase();
    let (_, what) = SOCKETS.iter().find(|(word, _)| text.contains(word))?;
    Some(
        quoted(
            Suspect::new(
                "proxy.upstream_refused",
                format!("The proxy looks for the app at the socket {path}: {what}."),
            ),
            line,
        )
        .at(shows_at(facts, Link::Proxy).max(Link::Proxy))
        .deep(4)
        .saw("GET", arrival.told(), arrival.url.clone())
        .not("proxy.upstream_wrong_port", "it is a file, not a port")
        .fix(format!("ls -l {path}; ss -xlp | grep sock   # where the app listens, and who may open it"))
        .fix("let proxy and app name the same file, in a folder that the proxy's user may enter, and start the app")
        .fix(mend::reload(facts)),
    )
}

/// How a socket in the file system is missed.
const SOCKETS: &[(&str, &str)] = &[
    ("no such file", "there is no such file, so the app does not run, or listens at another one"),
    ("permission denied", "the proxy's user may not open it"),
    ("connection refused", "the file is there and nobody listens at it"),
];

fn wrong(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    let is_silent = arrival.fault == Some(Fault::Silent) || arrival.status == 524;
    if !is_gateway_error(facts) && !is_silent && !is_stranger(facts, arrival) {
        return None;
    }
    let said = upstream::failed(facts);
    let named =
        said.as_ref().map(|(address, port, _)| (address.clone(), *port)).or_else(|| upstream::configured(facts));
    let app = facts.doors(Via::App).next();
    let base = |code, why: String| {
        let mut suspect = Suspect::new(code, why)
            .at(if arrival.status == 524 { Link::Edge } else { shows_at(facts, Link::Proxy).max(Link::Proxy) })
            .deep(4)
            .saw("GET", arrival.told(), arrival.url.clone())
            .not("http.header.response_too_large", "no connection was made at all");
        if let Some((_, _, line)) = &said {
            suspect = quoted(suspect, line);
        }
        suspect
    };
    let is_timeout = match &said {
        Some((_, _, line)) => upstream::is_timeout(&line.text),
        None => app.is_some_and(|door| matches!(door.tcp, Tcp::Silent | Tcp::Prohibited | Tcp::Noroute)),
    };
    let Some((name, port)) = named else {
        // HAProxy names its servers, not their addresses, which may stand where they cannot be read.
        let line = facts.log_with(&["layer4 connection problem", "connection refused"]);
        let refused = line.is_some() || app.is_some_and(|door| door.tcp == Tcp::Refused);
        return refused.then(|| {
            let suspect = base(
                "proxy.upstream_refused",
                "The app refuses connections at the address that was given: it is down, or listens elsewhere.".into(),
            );
            line.map_or(suspect.clone(), |line| quoted(suspect, line))
                .likely()
                .deep(2)
                .fix("start the app, then compare its address with the proxy's upstream")
        });
    };
    let is_waiting = is_silent && app.is_some_and(|door| door.tcp != Tcp::Open);
    let is_gateway = is_gateway_error(facts) || is_waiting;
    if arrival.status == 504 && !is_timeout && said.is_none() {
        return None;
    }
    let host = facts.host.as_ref();
    let address: Option<IpAddr> = name.parse().ok();
    let is_loopback = name == "localhost" || address.is_some_and(|address| address.is_loopback());
    if is_gateway && is_loopback && upstream::is_proxy_apart(facts) {
        return Some(
            base(
                "proxy.upstream_is_self",
                format!(
                    "The proxy runs in a container and forwards to {name}:{port}, which is the proxy itself there."
                ),
            )
            .fix(format!(
                "set the upstream to the app's service and its port, for example {}:{port}",
                upstream::service(facts).unwrap_or_else(|| "app".into())
            )),
        );
    }
    if is_gateway && is_timeout {
        return Some(base("proxy.upstream_unroutable", format!("{name}:{port} does not answer the proxy: it lies in a network that the proxy has no part in, or is gone.")).fix("put proxy and app on one network, and name it where the proxy chooses (traefik.docker.network=NAME)"));
    }
    if let Some((container, now)) = host.and_then(|host| upstream::moved(host, &name, address)) {
        return Some(
            base(
                "proxy.upstream_dns_cached",
                format!("The proxy connects to {name}, and `{container}` is at {now} now."),
            )
            .fix(mend::reload(facts))
            .fixes(mend::lines(
                facts,
                &[
                    ("nginx", "resolver 127.0.0.11 valid=10s; set $app http://NAME:PORT; proxy_pass $app;"),
                    ("haproxy", "server app NAME:PORT resolvers docker init-addr none check"),
                ],
            )),
        );
    }
    if !is_gateway {
        return None;
    }
    let others = host.map(|host| upstream::ports(host, address)).unwrap_or_default();
    let is_listening = others.contains(&port);
    let known = app
        .filter(|door| door.tcp == Tcp::Open)
        .map(|door| door.address.port())
        .or_else(|| others.iter().copied().find(|other| *other != port && !matches!(other, 80 | 443 | 22 | 53)));
    if !is_listening && let Some(right) = known.filter(|right| *right != port) {
        return Some(
            base(
                "proxy.upstream_wrong_port",
                format!("The proxy connects to port {port}, and the app listens on {right}."),
            )
            .not("app.crash_loop", "the app listens")
            .fix(format!("set the proxy's upstream to {name}:{right}"))
            .fix(mend::reload(facts)),
        );
    }
    if is_listening && said.is_none() {
        return None;
    }
    // What lies in a network that cannot be looked into, or answers the doctor, is not shown to be missing.
    let is_seen = is_loopback && host.is_some()
        || host.zip(address).is_some_and(|(host, address)| {
            host.addresses.contains(&address) || host.inner.iter().any(|inner| inner.addresses.contains(&address))
        });
    let answers = app.is_some_and(|door| door.tcp == Tcp::Open && door.address.port() == port);
    if said.is_none() && (answers || !is_seen && app.is_none_or(|door| door.tcp == Tcp::Open)) {
        return None;
    }
    let suspect =
        base("proxy.upstream_refused", format!("Nothing listens at {name}:{port}, where the proxy looks for the app."))
            .deep(2);
    Some(
        if host.is_some() || said.is_some() { suspect } else { suspect.likely() }
            .fix(format!("start the app; it must listen on {name}:{port}"))
            .fix(format!("curl -v http://{name}:{port}/   # from where the proxy runs")),
    )
}

/// An answer that is not the app's, though it comes by the proxy: another service took the app's old address.
fn is_stranger(facts: &Facts, arrival: &Visit) -> bool {
    facts.inner(Via::App).is_some_and(|app| {
        app.is_well() && arrival.status > 0 && app.field("server") != arrival.field("server") && arrival.status >= 400
    }) || facts.host.as_ref().is_some_and(|host| !host.upstreams.is_empty() && arrival.status >= 400)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    const REFUSED: &str = "connect() failed (111: Connection refused) while connecting to upstream, client: 1.2.3.4, server: _, request: \"GET / HTTP/1.1\", upstream: \"http://127.0.0.1:8080/\", host: \"app.example.com\"";

    #[test]
    fn a_refused_upstream_is_the_app_that_is_down() {
        assert_eq!(code(&RULE, &logged(answered(502), REFUSED)), Some("proxy.upstream_refused"));
        assert_eq!(code(&RULE, &logged(healthy(), REFUSED)), None);
        assert_eq!(code(&RULE, &answered(502)), None);
    }

    #[test]
    fn an_edge_that_waits_for_a_proxy_that_is_refused_waits_for_the_app() {
        let mut facts = answered(524);
        facts.host = Some(host(&["0.0.0.0:443"]));
        facts.host.as_mut().unwrap().proxy =
            vec![Line { text: "server app1 127.0.0.1:8000".into(), ..Line::default() }];
        assert_eq!(code(&RULE, &facts), None);
        facts.doors.push(Door { via: Via::App, address: "127.0.0.1:8000".parse().unwrap(), ..door(Tcp::Refused) });
        assert_eq!(code(&RULE, &facts), Some("proxy.upstream_refused"));
    }

    #[test]
    fn an_app_on_another_port_shows_a_wrong_port() {
        let mut facts = logged(answered(502), REFUSED);
        facts.host.as_mut().unwrap().listeners = host(&["127.0.0.1:8000", "0.0.0.0:443"]).listeners;
        assert_eq!(code(&RULE, &facts), Some("proxy.upstream_wrong_port"));
    }

    #[test]
    fn a_socket_that_is_not_there_is_an_app_that_is_not_there() {
        for (text, expected) in [
            (
                "connect() to unix:/run/app.sock failed (2: No such file or directory) while connecting to upstream",
                true,
            ),
            ("connect() to unix:/run/app.sock failed (13: Permission denied) while connecting to upstream", true),
            ("\"msg\":\"dial unix /run/app.sock: connect: connection refused\"", true),
            ("listening at unix:/run/app.sock", false),
        ] {
            let expected = expected.then_some("proxy.upstream_refused");
            assert_eq!(code(&RULE, &logged(answered(502), text)), expected, "{text}");
            assert_eq!(code(&RULE, &logged(healthy(), text)), None, "{text}");
        }
    }

    #[test]
    fn an_upstream_that_times_out_is_unroutable() {
        let text = REFUSED
            .replace("connect() failed (111: Connection refused)", "upstream timed out (110: Connection timed out)")
            .replace("127.0.0.1", "172.29.0.5");
        assert_eq!(code(&RULE, &logged(answered(504), &text)), Some("proxy.upstream_unroutable"));
    }
}
