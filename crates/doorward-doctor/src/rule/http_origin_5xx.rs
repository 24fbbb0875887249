//! `http.origin_5xx`: the app is reached and fails, and nothing that was seen says more.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "http.origin_5xx", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival().filter(|visit| visit.status == 500)?;
    Some(Suspect::new("http.origin_5xx", "The app is reached and fails at its own page.").possible().deep(0).saw(
        "GET",
        arrival.told(),
        arrival.url.clone(),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn an_error_of_the_app_is_a_doubt_only() {
        assert_eq!(code(&RULE, &answered(500)), Some("http.origin_5xx"));
        assert_eq!(code(&RULE, &answered(502)), None);
    }
}
