//! `probe.blocked`: the site turns the doctor away, so what visitors get was not seen.

use super::basis::*;
use super::cdn_edge_policy::is_challenge;

pub(super) const RULE: Rule = Rule { family: "probe.blocked", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    let is_limited = arrival.status == 429;
    let passes = facts.visits(Step::Variant).any(|visit| visit.note == "front page" && visit.is_well());
    if !is_limited && (!is_challenge(arrival) || passes) {
        return None;
    }
    let what = if is_limited {
        "asks the doctor to slow down (429)"
    } else {
        "challenges the doctor, as it does with programs"
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
}
