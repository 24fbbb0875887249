//! `proxy.path_prefix`: proxy and app disagree about where the app begins.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "proxy.path_prefix", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    let target = facts.target.as_ref()?;
    let prefix =
        target.path.split('/').nth(1).filter(|segment| !segment.is_empty()).map(|segment| format!("/{segment}"))?;
    let way: Vec<_> = facts.visits(Step::First).filter(|visit| visit.via == Via::Public).collect();
    let last = way.last()?;
    let path = |url: &str| url::Url::parse(url).map(|url| url.path().to_owned()).unwrap_or_default();
    let doubled = way.iter().find(|visit| path(&visit.url).starts_with(&format!("{prefix}{prefix}")));
    let left = way
        .iter()
        .zip(way.iter().skip(1))
        .find(|(from, to)| path(&from.url).starts_with(&prefix) && !path(&to.url).starts_with(&prefix));
    let form = facts.signin.form.as_ref().filter(|form| {
        !form.is_header && path(&form.page).starts_with(&prefix) && !path(&form.action).starts_with(&prefix)
    });
    let is_lost = facts.signin.attempts.iter().any(|attempt| matches!(attempt.status, 404 | 405));
    let inner = facts.inner(Via::App);
    let (why, seen) = if let Some(visit) = doubled.filter(|_| last.status >= 400) {
        (format!("The prefix {prefix} is added twice."), visit.told())
    } else if let Some((from, to)) = left.filter(|_| last.status >= 400) {
        (
            format!(
                "The app redirects from {} to {}: the proxy takes {prefix} away, and the app does not know of it.",
                path(&from.url),
                path(&to.url)
            ),
            last.told(),
        )
    } else if let Some(form) = form.filter(|_| is_lost) {
        (
            format!("The form is sent to {}, without {prefix}: the app does not know where it is.", path(&form.action)),
            "404".to_owned(),
        )
    } else if last.status == 404 && inner.is_some_and(Visit::is_well) && target.path.trim_end_matches('/') != prefix {
        (format!("The app answers {} directly and not through the proxy.", target.path), last.told())
    } else {
        return None;
    };
    Some(
        Suspect::new("proxy.path_prefix", why)
            .at(Link::Proxy)
            .likely()
            .saw(format!("GET {}", target.path), seen, "the proxy")
            .not("proxy.no_route_for_host", "other paths of this name are answered")
            .fixes(mend::lines(facts, &[("nginx", "location /PREFIX/ { proxy_pass http://APP; }   # no path after the address: it is passed unchanged"), ("caddy", "handle /PREFIX/* { … }   # instead of handle_path"), ("traefik", "remove stripPrefix, or send X-Forwarded-Prefix"), ("apache", "ProxyPass /PREFIX http://APP/PREFIX"), ("haproxy", "remove the line that replaces the path")]).into_iter().map(|line| line.replace("/PREFIX", &prefix)))
            .fix(format!("and set the app's base path to {prefix}")),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    #[test]
    fn a_redirect_out_of_the_prefix_is_lost() {
        let mut facts = answered(404);
        facts.target.as_mut().unwrap().path = "/app/".into();
        facts.visits = vec![
            Visit { url: "https://app.example.com/app/".into(), ..visit(302) },
            Visit { url: "https://app.example.com/login".into(), ..visit(404) },
        ];
        assert_eq!(code(&RULE, &facts), Some("proxy.path_prefix"));
        facts.visits[1].status = 200;
        assert_eq!(code(&RULE, &facts), None);
    }
}
