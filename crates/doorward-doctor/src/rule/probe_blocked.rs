//! `probe.blocked`: the site turns the doctor away, so what visitors get was not seen.

use super::basis::*;
use super::cdn_edge_policy::is_challenge;

pub(super) const RULE: Rule = Rule { family: "probe.blocked", judge };

/// Fields that a guard against programs gives to its own answers alone.
const FIELDS: &[(&str, &str)] = &[
    ("x-vercel-mitigated", "Vercel's firewall"),
    ("x-amzn-waf-action", "AWS WAF"),
    ("x-sucuri-block", "Sucuri's firewall"),
];

/// Fields that stand on the site's answers too, and words of the guard's own page.
const SIGNED: &[(&str, &str, &[&str], &str)] = &[
    ("x-datadome", "", &["captcha-delivery.com", "please enable js and disable any ad blocker"], "DataDome"),
    ("server", "ddos-guard", &["ddos-guard", "checking your browser"], "DDoS-Guard"),
    ("server", "akamaighost", &["access denied"], "Akamai"),
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
    // An app demands a password with 401 and a proxy has no answer with 503: there words alone tell.
    let is_refused = matches!(visit.status, 202 | 403 | 405 | 406);
    let by_field = || FIELDS.iter().find(|(name, _)| visit.field(name).is_some()).map(|(_, who)| *who);
    let signed = || {
        let is_signed = |(name, value, words, _): &&(&str, &str, &[&str], &str)| {
            visit.field(name).is_some_and(|known| known.to_lowercase().contains(value))
                && words.iter().any(|word| visit.says(word))
        };
        SIGNED.iter().find(is_signed).map(|(.., who)| *who)
    };
    let known = is_refused.then(|| by_field().or_else(signed)).flatten();
    let is_turned_away = is_refused || matches!(visit.status, 401 | 503);
    known.or_else(|| says(if is_turned_away { WORDS } else { &[] })).or_else(|| says(WORK))
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
            (403, "server", "AkamaiGHost", "Only staff may enter", false),
            (503, "server", "AkamaiGHost", "Access Denied", false),
            (403, "x-datadome", "protected", "<script src=https://ct.captcha-delivery.com/c.js></script>", true),
            (403, "x-datadome", "protected", "{\"error\": \"not yours\"}", false),
            (401, "x-datadome", "protected", "Authorization required", false),
            (503, "x-datadome", "protected", "503 Service Unavailable", false),
            (403, "server", "ddos-guard", "403 Forbidden", false),
            (403, "server", "ddos-guard", "<title>DDoS-Guard</title>", true),
            (401, "x-amzn-waf-action", "count", "Authorization required", false),
            (503, "server", "cloudflare", "Checking your browser before accessing app.example.com", true),
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
