//! `mail.server`: letters do not leave, so codes and links never arrive.

use doorward_core::reason;

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "mail.server", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let mail = facts.installation.as_ref()?.mail.as_ref().filter(|mail| !mail.step.is_empty())?;
    let code = match mail.step.as_str() {
        "tls" => "mail.tls_failed",
        "sign-in" => "mail.sign_in_refused",
        "sender" | "recipient" | "letter" => "mail.refused",
        _ => "mail.unreachable",
    };
    let why = format!(
        "The mail server {} stops at the step `{}`: nobody gets a code or a link by mail.",
        mail.place, mail.step
    );
    let remedy = reason::find(code).map_or("", |reason| reason.remedy);
    Some(Suspect::new(code, why).warning().saw(mail.step.clone(), mail.why.clone(), mail.place.clone()).fix(remedy))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;
    use crate::facts::{Installation, Mail};

    #[test]
    fn each_step_has_its_cause() {
        for (step, expected) in [
            ("connect", Some("mail.unreachable")),
            ("tls", Some("mail.tls_failed")),
            ("sign-in", Some("mail.sign_in_refused")),
            ("", None),
        ] {
            let mail = Mail { place: "mail.test:587".into(), step: step.into(), why: "no".into() };
            let facts =
                Facts { installation: Some(Installation { mail: Some(mail), ..Installation::default() }), ..healthy() };
            assert_eq!(code(&RULE, &facts), expected, "{step}");
        }
    }
}
