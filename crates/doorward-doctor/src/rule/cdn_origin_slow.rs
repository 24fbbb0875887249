//! `cdn.origin_slow`: the edge is connected, and no answer comes in its time.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cdn.origin_slow", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let visit = facts.visits.iter().find(|visit| visit.via == Via::Public && visit.status == 524)?;
    // A proxy that tries a closed port again and again lets the edge wait too.
    if facts.doors(Via::App).any(|door| door.tcp == Tcp::Refused) {
        return None;
    }
    Some(
        Suspect::new("cdn.origin_read_timeout", format!("The CDN reached the origin and had no answer to {} {} in its time (524).", visit.method, visit.url))
            .saw(visit.method.clone(), "524", visit.url.clone())
            .not("firewall.dropped", "then the CDN would say 522: the connection stands")
            .fix("answer at once (202) and work in the background, or find what this request waits for (a lock, a full pool, a slow directory)"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn status_524_is_a_slow_origin() {
        assert_eq!(code(&RULE, &answered(524)), Some("cdn.origin_read_timeout"));
        assert_eq!(code(&RULE, &answered(522)), None);
    }
}
