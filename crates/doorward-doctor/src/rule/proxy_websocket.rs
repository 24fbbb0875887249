//! `proxy.websocket`: upgrades are lost, forced on everything, or refused for their origin.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.websocket", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    forced(facts).or_else(|| socket(facts))
}

fn forced(facts: &Facts) -> Option<Suspect> {
    let echoed = facts.echo.as_ref().filter(|echo| !echo.upgrade.is_empty());
    let at_app = |note: &str| facts.visits(Step::Variant).find(|visit| visit.via == Via::App && visit.note == note);
    let refused = facts.arrival().filter(|visit| matches!(visit.status, 400 | 426));
    let depends = at_app("Connection: upgrade")
        .zip(at_app("nothing forwarded"))
        .is_some_and(|(upgrade, plain)| !upgrade.is_well() && plain.is_well());
    let line = facts
        .host
        .as_ref()
        .and_then(|host| {
            host.proxy.iter().find(|line| {
                let text = line.text.to_lowercase();
                text.contains("proxy_set_header connection")
                    && text.contains("upgrade")
                    && !text.contains("$connection_upgrade")
                    && !text.contains("$http_connection")
            })
        })
        .filter(|_| refused.is_some());
    if !(refused.is_some() && depends) && line.is_none() && !(echoed.is_some() && refused.is_some()) {
        return None;
    }
    let mut suspect = Suspect::new(
        "proxy.upgrade_header_forced",
        "The proxy sends `Connection: upgrade` with ordinary requests, and the app refuses them.",
    )
    .at(Link::Proxy)
    .deep(4);
    if let Some(refused) = refused {
        suspect = suspect.saw("GET", refused.told(), refused.url.clone());
    }
    if let Some(line) = line {
        suspect = suspect.saw(format!("line {}", line.number), line.text.clone(), line.source.clone());
    }
    Some(
        suspect
            .not("config.allowed_hosts", "without the upgrade the app answers the same name")
            .fixes(mend::upgrade(facts)),
    )
}

fn socket(facts: &Facts) -> Option<Suspect> {
    let all: Vec<_> = facts.visits(Step::Socket).collect();
    let outer = all.iter().find(|visit| visit.via == Via::Public && visit.note == "browser")?;
    if outer.status == 101 {
        return None;
    }
    let inner = all.iter().find(|visit| visit.via == Via::App);
    let told = |suspect: Suspect| {
        let suspect = suspect.at(Link::Proxy).saw("GET, Upgrade: websocket", outer.told(), outer.url.clone());
        match inner {
            Some(inner) => suspect.saw("the same at the app", inner.told(), "app"),
            None => suspect,
        }
    };
    let line =
        facts.log_any(&["could not check origin", "origin not allowed", "origin is not allowed", "websocket origin"]);
    if outer.status == 403
        && (line.is_some()
            || all.iter().any(|visit| visit.note != "browser" && visit.status == 101)
            || inner.is_none_or(|inner| inner.status == 403))
    {
        let suspect = told(Suspect::new(
            "ws.origin_denied",
            "The app refuses the WebSocket of the page's origin: its public URL or list of origins is another.",
        ))
        .not("proxy.ws_upgrade_missing", "the upgrade arrives; a missing one would be 400, 426 or 200");
        let suspect = suspect.fix(format!(
            "set the app's public URL (or allowed origins) to {}",
            facts.target.as_ref().map(Target::origin).unwrap_or_default()
        ));
        return Some(match line {
            Some(line) => quoted(suspect, line),
            None => suspect.likely(),
        });
    }
    let is_lost = matches!(outer.status, 400 | 426 | 200 | 404 | 405 | 502)
        && (inner.is_some_and(|inner| inner.status == 101) || outer.says("upgrade") || outer.status == 426);
    is_lost.then(|| {
        told(Suspect::new(
            "proxy.ws_upgrade_missing",
            "The upgrade to a WebSocket does not reach the app through the proxy.",
        ))
        .not("ws.origin_denied", "that would be 403")
        .fixes(mend::upgrade(facts))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn upgraded(status: u16, via: Via) -> Visit {
        Visit { step: Step::Socket, note: "browser".into(), ..by(visit(status), via) }
    }

    #[test]
    fn an_upgrade_that_only_the_app_takes_is_lost_at_the_proxy() {
        let mut facts = healthy();
        facts.visits.extend([upgraded(400, Via::Public), upgraded(101, Via::App)]);
        assert_eq!(code(&RULE, &facts), Some("proxy.ws_upgrade_missing"));
        facts.visits[1].status = 101;
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn a_refused_origin_is_403() {
        let mut facts = healthy();
        facts
            .visits
            .extend([upgraded(403, Via::Public), Visit { note: "own origin".into(), ..upgraded(101, Via::Public) }]);
        assert_eq!(code(&RULE, &facts), Some("ws.origin_denied"));
    }

    #[test]
    fn an_upgrade_on_every_request_is_forced() {
        let mut facts = answered(400);
        let at_app =
            |note: &str, status| Visit { step: Step::Variant, note: note.into(), ..by(visit(status), Via::App) };
        facts.visits.extend([at_app("nothing forwarded", 200), at_app("Connection: upgrade", 400)]);
        assert_eq!(code(&RULE, &facts), Some("proxy.upgrade_header_forced"));
    }
}
