//! `tls.hsts_pinned`: the browser insists on https where there is none.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "tls.hsts_pinned", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let browser = facts.browser.as_ref()?;
    let call = browser.calls.iter().find(|call| {
        call.status == 307 && call.got("non-authoritative-reason").is_some_and(|why| why.contains("HSTS"))
    });
    let line = browser.console.iter().find(|line| line.contains("HSTS"));
    let is_closed = !has_good_tls(facts);
    (is_closed && (call.is_some() || line.is_some())).then(|| {
        Suspect::new(
            "tls.hsts_pinned",
            "The browser remembers that this site is https only, and https does not work now.",
        )
        .at(ends_at(facts, Link::Tls))
        .deep(3)
        .saw("the browser's own redirect", "307 Internal Redirect (HSTS)", "browser")
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn the_browsers_own_redirect_tells() {
        let mut facts = met(Tcp::Refused);
        let got = vec![("non-authoritative-reason".to_owned(), "HSTS".to_owned())];
        facts.browser = Some(crate::facts::Browser {
            calls: vec![Call { status: 307, got, ..Default::default() }],
            ..Default::default()
        });
        assert_eq!(code(&RULE, &facts), Some("tls.hsts_pinned"));
        facts.browser = None;
        assert_eq!(code(&RULE, &facts), None);
    }
}
