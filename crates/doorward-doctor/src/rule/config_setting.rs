//! `config.setting`: the program refuses its own configuration.

use doorward_core::{cause, reason};

use super::basis::*;
use crate::facts::Complaint;

pub(super) const RULE: Rule = Rule { family: "config.setting", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let all = &facts.installation.as_ref()?.complaints;
    let worst = all.iter().find(|complaint| complaint.is_error).or_else(|| all.first())?;
    let code = reason::find(&worst.code).map_or("config.value_invalid", |reason| reason.code);
    let code = cause::find(code)
        .filter(|(family, _)| family.name == RULE.family)
        .map_or("config.value_invalid", |(_, code)| code);
    let mut suspect = Suspect::new(code, format!("{}: {}", worst.subject, worst.why)).deep(9);
    for complaint in all.iter().filter(|complaint| complaint.is_error == worst.is_error) {
        suspect = suspect.saw(complaint.subject.clone(), told(complaint), "doorward config check");
        if !complaint.remedy.is_empty() {
            suspect = suspect.fix(complaint.remedy.clone());
        }
    }
    // A server that runs has another environment than this shell, and has started with it.
    let runs = |host: &Host| {
        let inner = host.inner.iter().flat_map(|inner| &inner.listeners);
        host.listeners.iter().chain(inner).any(|one| one.owner.contains("doorward"))
    };
    let answers = facts.arrival().is_some_and(|arrival| arrival.status > 0) && !is_gateway_error(facts);
    let is_served = answers || facts.host.as_ref().is_some_and(runs);
    Some(if worst.is_error && !is_served { suspect } else { suspect.warning() })
}

fn told(complaint: &Complaint) -> String {
    let value = if complaint.value.is_empty() { String::new() } else { format!("{}: ", complaint.value) };
    format!("{value}{} ({})", complaint.why, complaint.code)
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::Installation;

    fn with(code: &str, is_error: bool) -> Facts {
        let complaint = Complaint {
            code: code.into(),
            subject: "server.listen".into(),
            value: "nowhere".into(),
            why: "It is no address.".into(),
            remedy: "listen = [\"127.0.0.1:8000\"]".into(),
            is_error,
        };
        Facts {
            installation: Some(Installation { complaints: vec![complaint], ..Installation::default() }),
            ..Facts::default()
        }
    }

    #[test]
    fn what_stops_the_start_is_named_with_its_line() {
        let mut facts = with("config.value_invalid", true);
        let suspect = (RULE.judge)(&facts).unwrap();
        assert_eq!(suspect.severity, doorward_core::Severity::Error);
        assert!(suspect.why.contains("server.listen") && suspect.fix[0].contains("127.0.0.1:8000"));
        // A server that runs nevertheless has its settings from somewhere else.
        facts.host = Some(Host::default());
        let address = "127.0.0.1:8000".parse().unwrap();
        let listener = Listener { address, owner: "doorward".into(), waiting: 0, busy: 0, backlog: 0 };
        facts.host.as_mut().unwrap().listeners.push(listener);
        assert_eq!((RULE.judge)(&facts).unwrap().severity, doorward_core::Severity::Warning);
    }

    #[test]
    fn a_code_of_another_family_keeps_its_words() {
        let facts = with("keys.missing", false);
        assert_eq!(code(&RULE, &facts), Some("config.value_invalid"));
        assert!((RULE.judge)(&facts).unwrap().evidence[0].got.contains("keys.missing"));
    }
}
