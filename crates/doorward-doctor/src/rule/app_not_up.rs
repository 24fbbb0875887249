//! `app.not_up`: the process does not stay up, or is not ready yet.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "app.not_up", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    if !is_app_down(facts) {
        return None;
    }
    let place = shows_at(facts, Link::App);
    let containers = facts.host.iter().flat_map(|host| &host.containers);
    let is_app = |container: &&Container| container.is_oom || !super::db_connect_failed::is_database(container);
    for container in containers.filter(is_app).filter(|container| crate::host::upstream::is_meant(facts, container)) {
        let state = format!(
            "{}, exit {}, {} restarts, out of memory: {}",
            container.state, container.exit, container.restarts, container.is_oom
        );
        let said = |code, why: String| {
            Suspect::new(code, why).at(place).deep(5).saw("docker inspect", state.clone(), container.name.clone())
        };
        let is_ended = matches!(container.state.as_str(), "exited" | "dead" | "restarting");
        if is_ended && is_done(facts, container) {
            continue;
        }
        if container.is_oom && (is_ended || container.restarts > 0) {
            return Some(
                said("app.oom_killed", format!("{} was ended by the kernel for lack of memory.", container.name))
                    .not("app.killed_external", "the out-of-memory flag is set")
                    .fix("mem_limit: 1g   # in the compose file, under the service; or fewer workers"),
            );
        }
        if is_unhealthy_restart(facts, container) {
            let line = last_word(facts, container);
            let suspect = said("app.crash_loop", format!("{} starts and ends again and again.", container.name))
                .not("app.oom_killed", "the out-of-memory flag is not set");
            return Some(with_line(suspect, line));
        }
        if is_ended && matches!(container.exit, 137 | 143 | 130 | 0) {
            return Some(
                said(
                    "app.killed_external",
                    format!(
                        "{} was stopped from outside (exit {}), not for lack of memory.",
                        container.name, container.exit
                    ),
                )
                .not("app.oom_killed", "the out-of-memory flag is not set")
                .fix(format!("docker start {}   # then see who stopped it: docker events --since 1h", container.name)),
            );
        }
        if is_ended {
            return Some(with_line(
                said("app.crash_loop", format!("{} has ended with exit {}.", container.name, container.exit)).deep(4),
                last_word(facts, container),
            ));
        }
        if container.health == "starting" || container.state == "created" {
            return Some(
                said("app.starting", format!("{} runs and is not ready yet.", container.name))
                    .deep(4)
                    .fix("healthcheck: start_period: 120s"),
            );
        }
    }
    told(facts, place)
}

/// A container that ended well and never served, such as one that migrates the database before the app starts.
fn is_done(facts: &Facts, container: &Container) -> bool {
    let is_target = crate::host::upstream::of(facts).is_some_and(|(name, _)| {
        let address = name.parse().ok();
        container.service == name
            || address.is_some_and(|address| crate::host::upstream::is_at(facts, container, address))
    });
    let helpers =
        ["db", "postgres", "mysql", "mariadb", "redis", "cache", "proxy", "nginx", "caddy", "traefik", "web", "mail"];
    let is_app = |other: &Container| {
        other.name != container.name
            && other.state == "running"
            && !helpers
                .iter()
                .any(|word| other.service.contains(word) || other.service.is_empty() && other.name.contains(word))
    };
    container.state == "exited"
        && container.exit == 0
        && container.restarts == 0
        && container.ports.is_empty()
        && !is_target
        && facts.host.iter().flat_map(|host| &host.containers).any(is_app)
}

/// Whether it goes up and down; one that was started anew long ago and has run since is well.
fn is_unhealthy_restart(facts: &Facts, container: &Container) -> bool {
    let is_young = container.started > 0 && facts.now - container.started < 120;
    container.state == "restarting"
        || container.restarts >= 3 && (container.exit != 0 || container.state != "running" || is_young)
}

fn last_word<'a>(facts: &'a Facts, container: &Container) -> Option<&'a Line> {
    facts.log_lines().filter(|line| line.source == container.name).last()
}

fn with_line(suspect: Suspect, line: Option<&Line>) -> Suspect {
    match line {
        Some(line) => {
            quoted(suspect, line).fix(format!("mend what its last words name: docker logs --tail 50 {}", line.source))
        }
        None => suspect.fix("docker logs --tail 50 CONTAINER   # its last words name it"),
    }
}

fn told(facts: &Facts, place: Link) -> Option<Suspect> {
    if let Some(line) = facts.log_any(&[
        "out of memory: killed process",
        "oom-kill",
        "oom_kill",
        "oomkilled",
        "by the oom killer",
        "memory cgroup out of memory",
        "javascript heap out of memory",
        "java.lang.outofmemoryerror",
    ]) {
        return Some(
            quoted(Suspect::new("app.oom_killed", "The app was ended for lack of memory."), line).at(place).deep(5),
        );
    }
    if let Some(line) = facts.log_any(&[
        "migrating",
        "running migrations",
        "migrating schema",
        "applying migration",
        "waiting for application startup",
        "warming up",
        "starting up, please wait",
    ]) && facts.log_lines().last().is_some_and(|last| last == line)
    {
        return Some(quoted(Suspect::new("app.starting", "The app is still starting."), line).at(place).deep(3));
    }
    let stopped = log_line(facts, |text| {
        let is_signal = has_each(text, &[&["code=killed"], &["status=9", "status=15"]])
            || has_each(text, &[&["exited with code 137", "exited with code 143"]]);
        is_signal && !text.contains("oom")
    });
    if let Some(line) = stopped {
        let why = "The app was ended by a signal from outside, not by an error of its own.";
        return Some(
            quoted(Suspect::new("app.killed_external", why), line)
                .at(place)
                .deep(4)
                .not("app.oom_killed", "nothing speaks of memory")
                .fix("systemctl start SERVICE   # then see who stopped it: journalctl -n 200"),
        );
    }
    let line = facts.log_any(&[
        "main process exited",
        "crashloopbackoff",
        "too many unstable restarts",
        "entered fatal state",
        "not expected)",
        "segmentation fault",
        "thread 'main' panicked",
        "core dumped",
        "exited with code 1",
        "restart counter is at",
        "worker failed to boot",
        "back-off restarting failed container",
        "start request repeated too quickly",
    ])?;
    Some(
        quoted(Suspect::new("app.crash_loop", "The app ends soon after its start."), line)
            .at(place)
            .deep(4)
            .fix("journalctl -u SERVICE -n 50   # its last words name it"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_helper_that_ended_gave_its_address_up() {
        let line = "dial tcp 172.18.0.3:8000: connect: connection refused";
        let mut facts = logged(answered(502), line);
        let at = |name: &str, state: &str| Container {
            name: name.into(),
            service: name.into(),
            state: state.into(),
            addresses: vec![("net".into(), "172.18.0.3".parse().unwrap())],
            ..Container::default()
        };
        let containers = &mut facts.host.as_mut().unwrap().containers;
        containers.extend([at("redis", "exited"), at("app", "running")]);
        assert_eq!(code(&RULE, &facts), None);
        facts.host.as_mut().unwrap().containers.pop();
        assert_eq!(code(&RULE, &facts), Some("app.killed_external"));
    }

    #[test]
    fn a_unit_that_was_stopped_did_not_crash() {
        for (text, expected) in [
            ("shop.service: Main process exited, code=killed, status=9/KILL", "app.killed_external"),
            ("shop.service: Main process exited, code=exited, status=1/FAILURE", "app.crash_loop"),
            ("WARN exited: shop (exit status 1; not expected)", "app.crash_loop"),
            ("shop.service: A process of this unit has been killed by the OOM killer.", "app.oom_killed"),
        ] {
            assert_eq!(code(&RULE, &logged(answered(502), text)), Some(expected), "{text}");
        }
    }

    fn contained(container: Container) -> Facts {
        let mut facts = answered(502);
        facts.host.get_or_insert_default().containers.push(Container { name: "app".into(), ..container });
        facts
    }

    #[test]
    fn each_end_has_its_code() {
        let state = |state: &str, exit, restarts, is_oom| Container {
            state: state.into(),
            exit,
            restarts,
            is_oom,
            ..Container::default()
        };
        assert_eq!(code(&RULE, &contained(state("running", 137, 4, true))), Some("app.oom_killed"));
        assert_eq!(code(&RULE, &contained(state("restarting", 1, 9, false))), Some("app.crash_loop"));
        assert_eq!(code(&RULE, &contained(state("exited", 137, 0, false))), Some("app.killed_external"));
        assert_eq!(
            code(&RULE, &contained(Container { health: "starting".into(), ..state("running", 0, 0, false) })),
            Some("app.starting")
        );
        assert_eq!(code(&RULE, &contained(state("running", 0, 0, false))), None);
        let since = |seconds| {
            let mut facts = contained(state("running", 0, 6, false));
            let now = facts.now;
            facts.host.as_mut().unwrap().containers[0].started = now - seconds;
            facts
        };
        assert_eq!(code(&RULE, &since(5)), Some("app.crash_loop"));
        assert_eq!(code(&RULE, &since(90_000)), None, "it was restarted long ago");
    }
}
