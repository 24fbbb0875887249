//! What a real browser told by itself, joined to what the rules found.

use doorward_core::{Link, cause};

use crate::facts::{Facts, Told};
use crate::rule::is_incidental;
use crate::suspect::{Confidence, Evidence, Suspect};

/// Joins what the browser told: a suspect that is there gets its event as evidence and is certain, others are added.
pub(crate) fn join(suspects: &mut Vec<Suspect>, facts: &Facts) {
    let Some(browser) = &facts.browser else { return };
    for told in browser.told.iter().filter(|told| !(told.code.starts_with("cookie.") && is_incidental(&told.subject))) {
        let Some((_, code)) = cause::find(&told.code) else { continue };
        let seen = Evidence {
            sent: told.url.clone(),
            got: told.event.clone(),
            seen_at: if browser.version.is_empty() { "a browser".to_owned() } else { browser.version.clone() },
        };
        if let Some(known) = suspects.iter_mut().find(|known| known.code == code) {
            known.evidence.push(seen);
            known.confidence = known.confidence.max(Confidence::Likely);
        } else {
            suspects.push(Suspect { evidence: vec![seen], ..suspect(code, told, browser.is_signed_in) });
        }
    }
}

/// A cookie that is thrown away shows where the next request goes without it. What breaks no sign-in is a warning.
fn suspect(code: &'static str, told: &Told, is_signed_in: Option<bool>) -> Suspect {
    let suspect = Suspect::new(code, told.what.clone()).fix(told.remedy.clone());
    let is_cookie = code.starts_with("cookie.");
    let suspect = if is_cookie { suspect.at(Link::Csrf).deep(9) } else { suspect };
    match is_signed_in {
        Some(true) => suspect.warning(),
        None if !is_cookie => suspect.warning(),
        _ => suspect,
    }
}

#[cfg(test)]
mod tests {
    use doorward_core::Severity;

    use super::*;
    use crate::facts::Browser;

    fn told(code: &str, subject: &str) -> Told {
        Told { code: code.to_owned(), subject: subject.to_owned(), event: "{}".to_owned(), ..Told::default() }
    }

    fn facts(told: Vec<Told>, is_signed_in: Option<bool>) -> Facts {
        Facts { browser: Some(Browser { told, is_signed_in, ..Browser::default() }), ..Facts::default() }
    }

    #[test]
    fn what_the_browser_told_is_added_or_joined() {
        let mut suspects = vec![Suspect::new("cookie.domain_mismatch", "by rule").possible()];
        let all = vec![
            told("cookie.domain_mismatch", "sid"),
            told("frontend.mixed_content", "http://a"),
            told("brand.new", "x"),
        ];
        join(&mut suspects, &facts(all, None));
        assert_eq!(suspects.len(), 2);
        assert_eq!((suspects[0].confidence, suspects[0].evidence.len()), (Confidence::Likely, 1));
        assert_eq!(suspects[1].severity, Severity::Warning);
    }

    #[test]
    fn a_counter_breaks_no_sign_in_and_neither_does_what_did_not_hinder_one() {
        let mut suspects = Vec::new();
        join(&mut suspects, &facts(vec![told("cookie.malformed", "_ga_1")], None));
        assert!(suspects.is_empty());
        join(&mut suspects, &facts(vec![told("cookie.malformed", "sid")], Some(true)));
        assert_eq!(suspects[0].severity, Severity::Warning);
        suspects.clear();
        join(&mut suspects, &facts(vec![told("csp.form_action", "http://a")], Some(false)));
        assert_eq!(suspects[0].severity, Severity::Error);
    }
}
