//! `listen.port_conflict`: the server did not start because its port is taken.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "listen.port_conflict", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
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
}
