//! `listen.port_conflict`: the server did not start because its port is taken.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "listen.port_conflict", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    told(facts).or_else(|| occupied(facts))
}

/// A container that should publish the port was made and never started, and somebody else answers there.
fn occupied(facts: &Facts) -> Option<Suspect> {
    // Where a sign-in is found, or any page that is well, whoever listens there is whom people want.
    if facts.signin.form.is_some()
        || facts.signin.attempts.iter().any(|attempt| attempt.status < 400)
        || !is_somebody_elses(facts)
    {
        return None;
    }
    let host = facts.host.as_ref()?;
    let port = entry_port(facts);
    let publishes = |container: &&Container| container.ports.iter().any(|(_, outer, _)| *outer == port);
    if host.containers.iter().filter(publishes).any(|container| container.state == "running") {
        return None;
    }
    let container = host
        .containers
        .iter()
        .filter(publishes)
        .find(|container| container.state == "created" || container.state == "exited" && container.exit == 128)?;
    let holder = host.on_port(port).find(|listener| !listener.address.ip().is_loopback())?;
    let who = if holder.owner.is_empty() { "another program" } else { &holder.owner };
    Some(
        Suspect::new(
            "port.in_use",
            format!(
                "{} was made and could not start: {who} holds port {port}, which it should publish.",
                container.name
            ),
        )
        .likely()
        .deep(6)
        .saw("docker inspect", format!("{}, exit {}", container.state, container.exit), container.name.clone())
        .saw(format!("ss -ltnp, port {port}"), format!("{} {who}", holder.address), "the host")
        .not("listen.refused", "somebody listens there")
        .fix(format!("ss -ltnp 'sport = :{port}'   # who holds the port; stop that one (systemctl disable --now NAME)"))
        .fix(format!("docker start {}", container.name)),
    )
}

/// Whether what visitors get is nothing, an error, or what a server shows that no site was set up on.
fn is_somebody_elses(facts: &Facts) -> bool {
    let is_empty = |visit: &Visit| {
        matches!(visit.status, 404 | 410)
            || ["welcome to nginx!", "default page", "it works!"].iter().any(|words| visit.says(words))
    };
    stop::find(facts).is_some_and(|stop| !stop.is_mild) || facts.arrival().is_some_and(is_empty)
}

fn told(facts: &Facts) -> Option<Suspect> {
    let line = facts
        .log_any(&[
            "address already in use",
            "eaddrinuse",
            "port is already allocated",
            "only one usage of each socket address",
            "could not bind to address",
        ])
        .or_else(|| {
            log_line(facts, |text| has_each(text, &[&["port "], &["is already in use", "was already in use"]]))
        })?;
    let stop = stop::find(facts).filter(|stop| !stop.is_mild);
    let is_down =
        stop.as_ref().is_some_and(|stop| stop.link >= Link::Net && stop.link <= Link::App) || facts.target.is_none();
    let suspect = Suspect::new("port.in_use", "A server did not come up because somebody else holds its port.");
    let suspect = quoted(suspect, line)
        .at(stop.map_or(Link::Listen, |stop| stop.link))
        .deep(6)
        .not("listen.refused", "it was started, and ended at its port");
    is_down.then(|| {
        suspect.fix("ss -ltnp   # who holds the port; stop that one, or move one of the two").fix(mend::reload(facts))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_log_that_says_so_explains_a_refused_port() {
        let text = "nginx: [emerg] bind() to 0.0.0.0:443 failed (98: Address already in use)";
        assert_eq!(code(&RULE, &logged(met(Tcp::Refused), text)), Some("port.in_use"));
        assert_eq!(code(&RULE, &logged(healthy(), text)), None);
        let text = "Web server failed to start. Port 8080 was already in use.";
        assert_eq!(code(&RULE, &logged(answered(502), text)), Some("port.in_use"));
    }

    #[test]
    fn a_container_that_never_started_is_kept_out_by_whoever_has_its_port() {
        let mut facts = answered(404);
        let mut seen = host(&["0.0.0.0:443"]);
        let made = |state: &str| Container {
            state: state.into(),
            exit: 128,
            ports: vec![("0.0.0.0".into(), 443, 443)],
            ..Container::default()
        };
        seen.containers = vec![made("created")];
        facts.host = Some(seen);
        assert_eq!(code(&RULE, &facts), Some("port.in_use"));
        facts.host.as_mut().unwrap().containers.push(made("running"));
        assert_eq!(code(&RULE, &facts), None);
        facts.host.as_mut().unwrap().containers.pop();
        facts.signin.form = Some(crate::facts::Form::default());
        assert_eq!(code(&RULE, &facts), None);
        facts.signin.form = None;
        // A site that needs no sign-in to be well, beside what is left of an earlier one.
        for (status, body, expected) in [
            (200, "Our shop", None),
            (200, "Welcome to nginx!", Some("port.in_use")),
            (403, "", None),
            (502, "", Some("port.in_use")),
        ] {
            facts.visits = vec![saying(visit(status), body)];
            assert_eq!(code(&RULE, &facts), expected, "{status} {body}");
        }
    }
}
