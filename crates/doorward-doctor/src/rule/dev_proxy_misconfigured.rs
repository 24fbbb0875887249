//! `dev.proxy_misconfigured`: the development server, or its proxy, is set up for another name.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "dev.proxy_misconfigured", judge };

/// A development server that refuses a name.
pub(super) fn is_dev_server(visit: &Visit) -> bool {
    visit.status == 403
        && (visit.says("allowedhosts") || visit.says("blocked request. this host") || visit.says("invalid host header"))
        // The whole answer is these words, whatever the status.
        || visit.body.trim().eq_ignore_ascii_case("invalid host header")
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
        || facts.log_with(&["origin"]).is_some_and(names_place)
        // The doctor asks with other origins too, and the app may write of each: at a development server any will do.
        || has_dev_port(facts) && facts.log_lines().any(|line| has_each(&line.text, &[&["origin"]]) && names_place(line))
}

/// Whether a line names a port of this machine.
fn names_place(line: &Line) -> bool {
    line.text.contains("127.0.0.1:") || line.text.contains("localhost:")
}

/// Whether people come to a port that development servers take by themselves.
fn has_dev_port(facts: &Facts) -> bool {
    facts.target.as_ref().is_some_and(|target| matches!(target.port, 5173 | 4173 | 4200))
}

fn rewriting(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let is_dev = has_dev_port(facts)
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

/// A recorded refusal at a development server that names another port of this machine as the Host.
fn recorded(facts: &Facts) -> Option<Suspect> {
    let call = calls(facts).find(|call| {
        let url = url::Url::parse(&call.url).ok();
        let port =
            url.as_ref().and_then(url::Url::port).filter(|port| matches!(port, 5173 | 4173 | 4200 | 3000 | 8080));
        let is_here =
            url.as_ref().and_then(url::Url::host_str).is_some_and(|host| matches!(host, "localhost" | "127.0.0.1"));
        let other = ["localhost:", "127.0.0.1:"].iter().flat_map(|place| call.body.split(place).skip(1)).any(|rest| {
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<u16>().is_ok_and(|named| Some(named) != port)
        });
        is_here
            && port.is_some()
            && other
            && call.status == 403
            && call.is_change()
            && (call.says("origin") || call.says("csrf"))
    })?;
    let suspect = Suspect::new("dev.proxy_host_rewrite", "The development proxy gives the app its own address as Host, and the browser's Origin is the development server's.")
        .saw(format!("{} {}", call.method, call.url), format!("{} {}", call.status, call.body), "browser")
        .fix("vite.config.js: server: { proxy: { \"/api\": { target: …, changeOrigin: false } } }");
    heard(facts, suspect)
}

fn judge(facts: &Facts) -> Option<Suspect> {
    if let Some(suspect) = rewriting(facts).or_else(|| recorded(facts)) {
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
    let is_of_dev =
        |line: &&Line| line.text.contains("[vite]") || line.text.contains("[HPM]") || line.text.contains("proxy error");
    let is_heard = arrival.status < 500;
    if let Some(line) = line.filter(|line| !is_heard || is_of_dev(line) || says_proxy_error(facts)) {
        let port = line
            .text
            .split("ECONNREFUSED ")
            .nth(1)
            .and_then(|rest| rest.rsplit(':').next())
            .and_then(|port| port.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u16>().ok());
        let host = facts.host.as_ref()?;
        let other = port.is_some_and(|port| host.on_port(port).next().is_some());
        if other {
            let suspect = quoted(
                Suspect::new(
                    "dev.localhost_ipv6",
                    "The development proxy connects to one address of localhost, and the app listens on the other.",
                ),
                line,
            )
            .fix("target: \"http://127.0.0.1:PORT\"   # and let the app listen there");
            return if is_heard { heard(facts, suspect) } else { Some(suspect.at(Link::Proxy).deep(6)) };
        }
    }
    None
}

/// Whether a development server's proxy says that it has no answer.
fn says_proxy_error(facts: &Facts) -> bool {
    facts
        .log_any(&[
            "[vite] http proxy error",
            "[hpm] error",
            "[webpack-dev-server] error",
            "proxy error: could not proxy",
        ])
        .is_some()
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
        facts.visits[0] = saying(visit(200), "Invalid Host header");
        assert_eq!(code(&RULE, &facts), Some("dev.host_check"));
    }

    #[test]
    fn the_doctors_own_questions_do_not_hide_what_the_app_wrote_first() {
        let line = "Origin checking failed - http://localhost:5173 does not match any trusted origins.";
        let mut facts = logged(healthy(), line);
        facts = logged(facts, "Origin checking failed - http://localhost does not match any trusted origins.");
        facts.signin.attempts = vec![Attempt { answer: Answer::Csrf, status: 403, ..Attempt::default() }];
        assert_eq!(code(&RULE, &facts), None, "no development server");
        facts.target.as_mut().unwrap().port = 5173;
        assert_eq!(code(&RULE, &facts), Some("dev.proxy_host_rewrite"));
    }

    #[test]
    fn a_recorded_refusal_names_the_host_that_the_proxy_made() {
        let mut facts = healthy();
        let call = Call {
            method: "POST".into(),
            url: "http://localhost:5173/api/login".into(),
            status: 403,
            body: "origin http://localhost:5173 does not match host 127.0.0.1:3000".into(),
            ..Call::default()
        };
        facts.browser = Some(crate::facts::Browser { calls: vec![call], ..Default::default() });
        assert_eq!(code(&RULE, &facts), Some("dev.proxy_host_rewrite"));
        facts.browser.as_mut().unwrap().calls[0].body = "csrf token missing".into();
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_proxy_that_asks_the_other_localhost_is_heard() {
        let mut facts = logged(healthy(), "[vite] http proxy error: /api/login");
        facts = logged(facts, "Error: connect ECONNREFUSED ::1:8000");
        facts.host.as_mut().unwrap().listeners = host(&["127.0.0.1:8000"]).listeners;
        assert_eq!(code(&RULE, &facts), Some("dev.localhost_ipv6"));
        facts.host.as_mut().unwrap().log.remove(0);
        assert_eq!(code(&RULE, &facts), None, "whose error it is, is not known");
    }
}
