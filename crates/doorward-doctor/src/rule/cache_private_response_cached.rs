//! `cache.private_response_cached`: a shared cache keeps what belongs to one visitor, or loses it.

use super::basis::*;

pub(super) const RULE: Rule = Rule { family: "cache.private_response_cached", judge };

fn judge(facts: &Facts) -> Option<Suspect> {
    stripped(facts).or_else(|| shared(facts)).or_else(|| worker(facts))
}

fn mended(suspect: Suspect) -> Suspect {
    suspect
        .fix("at the edge: bypass the cache for the sign-in, API and token paths, and for every answer with Set-Cookie")
        .fix("at the app: Cache-Control: no-store, private")
        .fix("then purge the cache")
}

fn stripped(facts: &Facts) -> Option<Suspect> {
    let inner = facts.inner(Via::Origin).or_else(|| facts.inner(Via::App)).filter(|visit| !visit.cookies.is_empty())?;
    let is_public = |visit: &&Visit| {
        visit.via == Via::Public
            && visit.status == 200
            && matches!(visit.step, Step::First | Step::Again)
            && !visit.note.starts_with("stranger at")
    };
    let lost = facts.visits.iter().filter(is_public).find(|visit| {
        visit.cookies.is_empty() && visit.sent.iter().all(|(name, _)| !name.eq_ignore_ascii_case("cookie"))
    });
    let is_cached = facts.visits.iter().filter(is_public).any(Visit::is_cached);
    let outer = lost.filter(|visit| is_cached || visit.is_from_cdn() && inner.via == Via::Origin)?;
    if !outer.cookies.is_empty() || inner.cookies.is_empty() {
        return None;
    }
    let name = &inner.cookies[0].name;
    Some(mended(
        Suspect::new(
            "cache.set_cookie_stripped",
            format!("The page comes out of a cache without the cookie `{name}` that the origin sends with it."),
        )
        .saw("GET, first visit", format!("{} without Set-Cookie, age {}", outer.status, outer.age()), outer.url.clone())
        .saw("the same past the cache", format!("{} with Set-Cookie {name}", inner.status), "origin")
        .not("proxy.set_cookie_stripped", "the answer says that it comes out of a cache"),
    ))
}

fn shared(facts: &Facts) -> Option<Suspect> {
    let strangers: Vec<_> = facts
        .visits
        .iter()
        .filter(|visit| {
            visit.via == Via::Public
                && matches!(visit.step, Step::First | Step::Again | Step::Bootstrap)
                && visit.status == 200
        })
        .collect();
    let cached = strangers.iter().find(|visit| visit.is_cached());
    for (at, first) in strangers.iter().enumerate() {
        for second in &strangers[at + 1..] {
            let same = first.cookies.iter().find(|cookie| {
                cookie.value.length >= 8
                    && !cookie.is_deletion
                    && second.cookies.iter().any(|other| other.name == cookie.name && other.value == cookie.value)
            });
            let Some(cookie) =
                same.filter(|_| first.url == second.url && second.step != Step::First && second.note == "stranger")
            else {
                continue;
            };
            // Another cookie of this name that differs says that both answers were made anew.
            let is_fresh = first.cookies.iter().any(|own| {
                own.name == cookie.name
                    && second.cookies.iter().all(|other| (&other.name, &other.value) != (&own.name, &own.value))
            });
            if is_fresh {
                continue;
            }
            // Choices such as a language are the same for all; what names a visitor is not.
            let is_session =
                ["sess", "sid", "auth", "token"].iter().any(|word| cookie.name.to_lowercase().contains(word))
                    && cookie.value.length >= 16;
            if !(is_token_name(&cookie.name) || is_session || second.is_cached()) {
                continue;
            }
            let is_token = is_token_name(&cookie.name);
            let code = if is_token { "cache.csrf_token_shared" } else { "cache.session_leak" };
            return Some(mended(
                Suspect::new(
                    code,
                    format!(
                        "Two strangers get the same value of the cookie `{}`: the answer is shared by a cache.",
                        cookie.name
                    ),
                )
                .saw("GET as one stranger", format!("{} {}", cookie.name, cookie.value.print), first.url.clone())
                .saw(
                    "GET as another",
                    format!("{} {}, age {}", cookie.name, cookie.value.print, second.age()),
                    second.url.clone(),
                ),
            ));
        }
    }
    if facts.signin.is_token_shared {
        let how = cached.map_or_else(|| "out of a cache".to_owned(), |visit| format!("age {}", visit.age()));
        return Some(mended(Suspect::new("cache.csrf_token_shared", "Two strangers get the same CSRF token.").saw(
            "GET twice without cookies",
            "the same token",
            how,
        )));
    }
    let named = strangers.iter().find(|visit| visit.note.starts_with("stranger at") && visit.note.contains("names"));
    if let Some(visit) = named {
        return Some(mended(
            Suspect::new(
                "cache.session_leak",
                "Somebody without cookies is shown the page of a member: a shared cache keeps it.",
            )
            .saw("GET without cookies", visit.told(), format!("age {}", visit.age())),
        ));
    }
    let leaked = strangers.iter().find(|visit| {
        // Some caches count from 0: at the members' page the field alone tells.
        let is_kept = visit.note.starts_with("stranger at") && visit.field("age").is_some();
        visit.is_cached() && visit.cookies.iter().any(|cookie| !cookie.is_deletion)
            || (visit.is_cached() || is_kept) && is_personal(visit)
    })?;
    let code = if leaked.cookies.iter().any(|cookie| is_token_name(&cookie.name)) && !is_personal(leaked) {
        "cache.csrf_token_shared"
    } else {
        "cache.session_leak"
    };
    Some(mended(
        Suspect::new(
            code,
            "A stranger's first visit is answered out of a shared cache with what belongs to one visitor.",
        )
        .saw("GET without cookies", leaked.told(), format!("age {}", leaked.age())),
    ))
}

fn is_token_name(name: &str) -> bool {
    let name = name.to_lowercase();
    name.contains("csrf") || name.contains("xsrf")
}

/// The page speaks to somebody.
fn is_personal(visit: &Visit) -> bool {
    [
        "sign out",
        "log out",
        "logout",
        "signed in as",
        "logged in as",
        "abmelden",
        "my account of",
        "account of",
        "welcome back",
    ]
    .iter()
    .any(|word| visit.says(word))
}

fn worker(facts: &Facts) -> Option<Suspect> {
    let script = facts
        .visits(Step::Asset)
        .find(|visit| (visit.url.ends_with("sw.js") || visit.url.contains("service-worker")) && visit.is_cached())?;
    let inner = facts
        .visits(Step::Asset)
        .find(|visit| visit.via != Via::Public && visit.url == script.url && visit.body_print != script.body_print);
    let suspect = Suspect::new(
        "cache.service_worker_cached",
        "The service worker's script comes out of a cache, so browsers keep an old one.",
    )
    .saw(format!("GET {}", script.url), script.told(), format!("age {}", script.age()));
    Some(if inner.is_some() { suspect } else { suspect.warning() })
}

#[cfg(test)]
mod tests {
    use super::super::sample::*;
    use super::*;

    fn cookie(name: &str, print: &str) -> Cookie {
        Cookie {
            name: name.into(),
            value: Mark { length: 20, print: print.into(), quirks: Vec::new() },
            ..Cookie::default()
        }
    }

    #[test]
    fn a_cookie_that_the_cache_lost_is_named() {
        let mut facts = healthy();
        facts.visits[0] = with(visit(200), "cf-cache-status", "HIT");
        let mut inner = by(visit(200), Via::Origin);
        inner.cookies.push(cookie("csrftoken", "1"));
        facts.visits.push(inner);
        assert_eq!(code(&RULE, &facts), Some("cache.set_cookie_stripped"));
        facts.visits[0] = visit(200);
        assert_eq!(code(&RULE, &facts), None);
    }

    #[test]
    fn two_strangers_with_one_cookie_share_a_cache() {
        let mut facts = healthy();
        facts.visits[0].cookies.push(cookie("session", "1"));
        let mut again = Visit { step: Step::Again, note: "stranger".into(), ..visit(200) };
        again.cookies.push(cookie("session", "2"));
        facts.visits.push(again);
        assert_eq!(code(&RULE, &facts), None);
        facts.visits[1].cookies[0].value.print = "1".into();
        assert_eq!(code(&RULE, &facts), Some("cache.session_leak"));
        facts.visits[0].cookies.push(cookie("session", "3"));
        facts.visits[1].cookies.push(cookie("session", "4"));
        assert_eq!(code(&RULE, &facts), None, "one name, and a value that is each visitor's own");
    }
}
