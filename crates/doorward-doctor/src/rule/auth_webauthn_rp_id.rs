//! `auth.webauthn_rp_id`: the relying party's id is not the page's.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "auth.webauthn_rp_id", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let recorded = facts.browser.as_ref().map(|browser| browser.rp_id.as_str());
    let id = recorded.into_iter().chain([facts.signin.rp_id.as_str()]).find(|id| !id.is_empty())?;
    let target = facts.target.as_ref()?;
    let told = |code, why: String| {
        Suspect::new(code, why)
            .saw("rp.id", id.to_owned(), "the options")
            .fix(format!("set the relying party's id to {}", crate::jar::site(&target.host)))
    };
    if id.parse::<IpAddr>().is_ok() {
        return Some(told(
            "auth.webauthn.rp_id_ip",
            format!("The relying party's id is the address {id}, which no browser accepts."),
        ));
    }
    // A public suffix stands above the sites of strangers, so no browser lets one of them speak for it.
    let fits = !crate::jar::is_public_suffix(id) && (target.host == id || target.host.ends_with(&format!(".{id}")));
    (!fits).then(|| {
        told(
            "auth.webauthn.rp_id_mismatch",
            format!("The relying party's id is {id}, and the page is under {}.", target.host),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn an_address_and_another_name_are_refused() {
        for (id, expected) in [
            ("192.0.2.10", Some("auth.webauthn.rp_id_ip")),
            ("other.test", Some("auth.webauthn.rp_id_mismatch")),
            ("example.com", None),
            ("", None),
        ] {
            let mut facts = healthy();
            facts.signin.rp_id = id.into();
            assert_eq!(code(&RULE, &facts), expected, "{id}");
        }
    }
}
