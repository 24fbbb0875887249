//! `cdn.origin_dns`: the CDN has no address of the origin.

use super::basis::*;
use super::cdn_config_conflict::says_code;

pub(super) const RULE: Rule = Rule { family: "cdn.origin_dns", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let arrival = facts.arrival()?;
    if says_code(arrival, 1016) {
        return Some(
            Suspect::new("cdn.origin_dns_unresolvable", "The CDN cannot resolve the origin's name (error 1016): the record is an alias of a name that does not exist.")
                .saw("GET", arrival.told(), "error 1016")
                .not("dns.nxdomain", "the public name itself resolves")
                .fix("in the CDN's DNS panel: correct the CNAME's target, or replace it by an A record with the origin's address"),
        );
    }
    says_code(arrival, 1034).then(|| {
        Suspect::new("cdn.edge_ip_restricted", "The record at the CDN holds an address that belongs to the CDN itself (error 1034).")
            .saw("GET", arrival.told(), "error 1034")
            .fix("in the CDN's DNS panel: enter the origin's real address; for a name without an origin use 192.0.2.0 or 100::")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_number_on_the_page_tells() {
        for (number, expected) in
            [(1016, Some("cdn.origin_dns_unresolvable")), (1034, Some("cdn.edge_ip_restricted")), (1033, None)]
        {
            let mut facts = answered(530);
            facts.visits[0] = saying(visit(530), &format!("error code: {number}"));
            assert_eq!(code(&RULE, &facts), expected);
        }
    }
}
