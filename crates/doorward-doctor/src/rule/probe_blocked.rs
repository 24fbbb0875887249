//! `probe.blocked`: the site turns the doctor away, so what visitors get was not seen.

use super::basis::*;
use super::cdn_edge_policy::is_challenge;

pub(super) const RULE: Rule = Rule { family: "probe.blocked", judge };

/// Fields of an answer by which guards against programs are known.
const FIELDS: &[(&str, &str, &str)] = &[
    ("x-vercel-mitigated", "", "Vercel's firewall"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-datadome", "", "DataDome"),
    ("x-sucuri-block", "", "Sucuri's firewall"),
    ("server", "ddos-guard", "DDoS-Guard"),
    ("server", "akamaighost", "Akamai"),
];

/// Words of their pages.
const WORDS: &[(&str, &str)] = &[
    ("sorry, you have been blocked", "Cloudflare's firewall"),
    ("error code: 1020", "Cloudflare's firewall"),
    ("error 1020", "Cloudflare's firewall"),
    ("error code: 1006", "Cloudflare's firewall"),
    ("error code: 1010", "Cloudflare's firewall"),
    ("incapsula incident id", "Imperva"),
    ("pardon our interruption", "Imperva"),
    ("sucuri website firewall", "Sucuri's firewall"),
    ("please enable js and disable any ad blocker", "DataDome"),
    ("checking your browser before accessing", "a guard against programs"),
    ("just a moment...", "a guard against programs"),
];

/// Pages that make a browser work before they let it in, with a status that says that all is well.
const WORK: &[(&str, &str)] =
    &[("making sure you're not a bot", "Anubis"), ("making sure you&#39;re not a bot", "Anubis")];

/// The guard against programs that made this answer instead of the site.
fn wall(visit: &Visit) -> Option<&'static str> {
    let says = |words: &[(&str, &'static str)]| words.iter().find(|(word, _)| visit.says(word)).map(|(_, who)| *who);
    let is_turned_away = matches!(visit.status, 202 | 401 | 403 | 405 | 406 | 503);
    let by_field = || {
        FIELDS
            .iter()
            .find(|(name, value, _)| visit.field(name).is_some_and(|known| known.to_lowercase().contains(value)))
    };
    if is_turned_away { by_field().map(|(.., who)| *who).or_else(|| says(WORDS)) } else { None }.or_else(|| says(WORK))
}

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    let passes = facts.visits(Step::Variant).any(|visit| visit.note == "front page" && visit.is_well());
    let what = if arrival.status == 429 {
        "asks the doctor to slow down (429)".to_owned()
    } else if is_challenge(arrival) && !passes {
        "challenges the doctor, as it does with programs".to_owned()
    } else {
        // Who stands before a sign-in that was seen has let the doctor in.
        let who = wall(arrival).filter(|_| !is_challenge(arrival) && facts.signin.form.is_none())?;
        format!("is guarded by {who}, which turns the doctor away, as it does with programs")
    };
    Some(
        Suspect::new("probe.blocked", format!("The site {what}; nothing behind it was looked at."))
            .at(Link::Edge)
            .saw("GET", arrival.told(), arrival.url.clone())
            .fix("run the doctor past the edge: doorward doctor URL --origin HOST:443, or from another address"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_doctor_that_is_turned_away_says_so() {
        assert_eq!(code(&RULE, &answered(429)), Some("probe.blocked"));
        let mut facts = answered(403);
        facts.visits[0] = with(visit(403), "cf-mitigated", "challenge");
        assert_eq!(code(&RULE, &facts), Some("probe.blocked"));
        assert_eq!(code(&RULE, &answered(403)), None);
    }

    #[test]
    fn guards_against_programs_are_known_by_their_marks() {
        for (status, name, value, body, expected) in [
            (403, "server", "AkamaiGHost", "Access Denied", true),
            (202, "x-amzn-waf-action", "challenge", "", true),
            (403, "x-datadome", "protected", "", true),
            (200, "x-datadome", "protected", "Sign in", false),
            (403, "server", "cloudflare", "Sorry, you have been blocked", true),
            (403, "server", "nginx", "403 Forbidden", false),
            (200, "server", "nginx", "Making sure you're not a bot!", true),
            (503, "server", "nginx", "503 Service Unavailable", false),
        ] {
            let mut facts = answered(status);
            facts.visits[0] = saying(with(visit(status), name, value), body);
            assert_eq!(code(&RULE, &facts), expected.then_some("probe.blocked"), "{status} {name} {body}");
        }
    }
}
