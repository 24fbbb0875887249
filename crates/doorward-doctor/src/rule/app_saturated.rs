//! `app.saturated`: the app lives and takes no more.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "app.saturated", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let host = facts.host.as_ref()?;
    let silent = is_silent(facts)
        || is_gateway_error(facts)
        || facts.arrival().is_some_and(|visit| visit.fault == Some(Fault::Silent))
        || facts.doors(Via::App).any(|door| door.tcp == Tcp::Silent)
        || facts.visits.iter().any(|visit| visit.via == Via::App && visit.fault == Some(Fault::Silent));
    if !silent {
        return None;
    }
    let all = || host.listeners.iter().chain(host.inner.iter().flat_map(|inner| &inner.listeners));
    let full =
        all().find(|listener| listener.waiting > 0 && listener.backlog > 0 && listener.waiting >= listener.backlog);
    // A gateway that says 502 at once was refused, or had an answer that it cannot read: nobody waited there.
    let is_at_once = facts.arrival().is_some_and(|visit| visit.status == 502) && !is_silent(facts);
    let stuck = all().filter(|listener| listener.waiting > 0 && !is_at_once).max_by_key(|listener| listener.waiting);
    let line = facts.log_any(&[
        "resource temporarily unavailable) while connecting to upstream",
        "listen queue",
        "worker timeout",
        "harakiri",
        "all workers are busy",
        "server reached pm.max_children",
        "max_clients reached",
        "server reached maxrequestworkers",
        "thread pool exhausted",
    ]);
    if let Some(listener) = full {
        let is_busy = line.is_some_and(|line| {
            let text = line.text.to_lowercase();
            text.contains("worker") || text.contains("harakiri")
        });
        let code = if is_busy { "app.workers_exhausted" } else { "app.accept_queue_full" };
        let why = format!(
            "{} connections wait at {} and its queue holds {}: new ones are dropped.",
            listener.waiting, listener.address, listener.backlog
        );
        return Some(
            said(facts, code, why)
                .saw(
                    format!("ss -ltn {}", listener.address),
                    format!("Recv-Q {} Send-Q {}", listener.waiting, listener.backlog),
                    "the host",
                )
                .not("firewall.dropped", "the connections arrive and wait"),
        );
    }
    if let Some(listener) = stuck {
        let why = format!(
            "{} connections wait at {}, and none is served: every worker is busy with an old request.",
            listener.waiting, listener.address
        );
        return Some(said(facts, "app.workers_exhausted", why).likely().saw(
            format!("ss -ltn {}", listener.address),
            format!("Recv-Q {}", listener.waiting),
            "the host",
        ));
    }
    if let Some(line) = line {
        let why = "All workers of the app are busy and take no new request.";
        return Some(quoted(said(facts, "app.workers_exhausted", why.into()).likely(), line));
    }
    let is_slow = facts.arrival().is_some_and(|visit| visit.status == 504 || visit.fault == Some(Fault::Silent));
    let own = facts.target.as_ref().map(|target| target.port);
    let port = crate::host::upstream::of(facts).map(|(_, port)| port).or(own)?;
    let busy = all().filter(|listener| listener.address.port() == port).map(|listener| listener.busy).max()?;
    (is_slow && busy > 3).then(|| {
        let why =
            format!("{busy} requests stand at port {port} and none is answered: every worker is busy with an old one.");
        said(facts, "app.workers_exhausted", why).likely().saw(
            format!("ss -tn, port {port}"),
            format!("{busy} connections"),
            "the host",
        )
    })
}

fn said(facts: &Facts, code: &'static str, why: String) -> Suspect {
    let fix = if code == "app.accept_queue_full" {
        "raise the backlog (listen … backlog=1024, --backlog 1024, net.core.somaxconn) and the number of workers"
    } else {
        "set a limit for each request (--timeout 60, harakiri = 60), add workers, and find the call that blocks"
    };
    Suspect::new(code, why)
        .at(ends_at(facts, Link::App))
        .deep(6)
        .not("proxy.upstream_refused", "the port is open")
        .fix(fix)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_queue_of_the_listener_tells() {
        let mut facts = met(Tcp::Silent);
        let host = facts.host.insert(host(&["0.0.0.0:443"]));
        host.listeners[0].backlog = 1;
        host.listeners[0].waiting = 2;
        assert_eq!(code(&RULE, &facts), Some("app.accept_queue_full"));
        facts.host.as_mut().unwrap().listeners[0].backlog = 128;
        assert_eq!(code(&RULE, &facts), Some("app.workers_exhausted"));
        facts.host.as_mut().unwrap().listeners[0].waiting = 0;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_gateway_that_was_refused_at_once_does_not_wait_for_workers() {
        let mut facts = answered(502);
        let host = facts.host.insert(host(&["127.0.0.1:8000"]));
        host.listeners[0].backlog = 128;
        host.listeners[0].waiting = 1;
        assert_eq!(code(&RULE, &facts), None);
    }
}
