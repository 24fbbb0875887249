//! What rules are written with: the shape of a rule, and questions that many of them ask.

pub(super) use std::net::IpAddr;

pub(super) use doorward_core::Link;

pub(super) use super::Rule;
#[cfg(test)]
pub(super) use crate::facts::Door;
pub(super) use crate::facts::age;
pub(super) use crate::facts::{
    Answer, Attempt, Call, Container, Cookie, Echoed, Facts, Fault, Handshake, Host, Knock, Line, Listener, Mark,
    Outcome, Role, Setting, Source, Step, Target, Tcp, Trouble, Trust, Vantage, Variant, Via, Visit,
};
pub(super) use crate::mend;
pub(super) use crate::stop;
pub(super) use crate::suspect::Suspect;

/// Addresses that no public record should hold.
pub(super) fn is_private(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local() || is_shared(address),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}

/// Addresses that a provider shares among customers (RFC 6598).
pub(super) fn is_shared(address: &IpAddr) -> bool {
    matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 100 && (64..128).contains(&v4.octets()[1]))
}

/// Where people come in: the address and port of the site at its host.
pub(super) fn entry_port(facts: &Facts) -> u16 {
    facts.target.as_ref().map_or(443, |target| target.port)
}

/// How a port of the host listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Listens {
    /// Nobody does.
    Nobody,
    /// On every address, or on this one.
    Here,
    /// For the host itself only.
    LoopbackOnly,
    /// On other addresses.
    Elsewhere(Vec<IpAddr>),
}

/// Whether somebody listens on this port for this address.
pub(super) fn listens(host: &Host, port: u16, address: Option<IpAddr>) -> Listens {
    let on: Vec<_> = host.on_port(port).map(|listener| listener.address.ip()).collect();
    if on.is_empty() {
        return Listens::Nobody;
    }
    let fits = |ip: &IpAddr| {
        ip.is_unspecified() && (ip.is_ipv6() || address.is_none_or(|address| address.is_ipv4())) || Some(*ip) == address
    };
    // An address that is not the host's own arrives there translated, at any of its outer addresses.
    let is_translated = address.is_some_and(|address| !host.addresses.contains(&address));
    if on.iter().any(|ip| {
        fits(ip)
            || (is_translated || address.is_none())
                && !ip.is_loopback()
                && (ip.is_unspecified() || host.addresses.contains(ip))
    }) {
        return Listens::Here;
    }
    if on.iter().all(IpAddr::is_loopback) { Listens::LoopbackOnly } else { Listens::Elsewhere(on) }
}

/// The address at which people come in, if it is one of the host's own.
pub(super) fn is_translated(facts: &Facts, host: &Host) -> bool {
    stop::entrance(facts).is_some_and(|door| !host.addresses.is_empty() && !host.addresses.contains(&door.address.ip()))
        && !facts.is_behind_cdn()
}

/// The rule of the host's firewall that stops connections to this port: the line, and whether it rejects.
pub(super) fn firewall_stops(host: &Host, port: u16) -> Option<(String, bool)> {
    let firewall = crate::host::reply::own(&host.firewall, &host.addresses);
    let incoming = match crate::host::firewall::led_to(&firewall, port) {
        Some(inner) => return crate::host::firewall::stops_forward(&firewall, inner),
        None => crate::host::firewall::stops(&firewall, port),
    };
    incoming.or_else(|| crate::host::reply::stops(&firewall, port).map(|line| (line, false)))
}

/// No connection, or the CDN says that it got none.
pub(super) fn is_silent(facts: &Facts) -> bool {
    stop::entrance(facts).is_some_and(|door| door.tcp == Tcp::Silent)
        || facts.arrival().is_some_and(|visit| visit.status == 522)
}

/// The connection was refused, or the CDN says so.
pub(super) fn is_refused(facts: &Facts) -> bool {
    stop::entrance(facts).is_some_and(|door| door.tcp == Tcp::Refused)
        || facts.arrival().is_some_and(|visit| visit.status == 521)
}

/// The proxy in front answers that it has no answer of the app.
pub(super) fn is_gateway_error(facts: &Facts) -> bool {
    facts.arrival().is_some_and(|visit| matches!(visit.status, 502..=504))
        || facts.signin.attempts.iter().any(|attempt| matches!(attempt.status, 502..=504))
}

/// The app does not serve: no answer, or the proxy has none of it, or it fails.
pub(super) fn is_app_down(facts: &Facts) -> bool {
    is_gateway_error(facts)
        || facts.inner(Via::App).is_some_and(|visit| visit.status == 0)
        || facts.doors(Via::App).any(|door| door.tcp != Tcp::Open)
        || facts.arrival().is_some_and(|visit| {
            matches!(visit.status, 500 | 520 | 521 | 522) || matches!(visit.fault, Some(Fault::Closed | Fault::Silent))
        })
        || is_refused(facts)
        || facts.target.is_none()
}

/// Where a cause of the app's not serving shows: at the link where the way ends, unless no app can end it there.
pub(super) fn shows_at(facts: &Facts, otherwise: Link) -> Link {
    let Some(stop) = stop::find(facts).filter(|stop| !stop.is_mild) else { return otherwise };
    if is_before_app(facts, stop.link) { otherwise.max(Link::App) } else { stop.link }
}

/// The link where the way ends, for causes that may end it anywhere.
pub(super) fn ends_at(facts: &Facts, otherwise: Link) -> Link {
    stop::find(facts).filter(|stop| !stop.is_mild).map_or(otherwise, |stop| stop.link)
}

/// Whether the way ends where nothing behind the door has a part in it: at the name, in silence, at a certificate, or
/// at a port of the proxy.
fn is_before_app(facts: &Facts, link: Link) -> bool {
    match link {
        Link::Dns | Link::Net => true,
        Link::Tls => {
            let door = stop::entrance(facts).and_then(|door| door.tls.as_ref());
            door.is_some_and(|tls| tls.knock == Knock::Done && tls.trust != Trust::Good)
                || facts.arrival().is_some_and(|visit| matches!(visit.status, 525 | 526))
        }
        Link::Listen => facts.host.as_ref().is_some_and(|host| !host.proxy.is_empty()),
        _ => false,
    }
}

/// A cause of which only a log or a browser tells, while every way of the doctor's leads through. What was measured
/// comes before it; where a way ends, it is no reason for that end.
pub(super) fn heard(facts: &Facts, suspect: Suspect) -> Option<Suspect> {
    let leads_through = stop::find(facts).is_none_or(|stop| stop.is_mild);
    let is_past = is_of_the_past(facts, &suspect);
    leads_through.then(|| if is_past { suspect.possible() } else { suspect.likely() }.at(Link::Browser))
}

/// Whether what a log says for it was said on another day, and the log went on well since.
fn is_of_the_past(facts: &Facts, suspect: &Suspect) -> bool {
    let said = |line: &&Line| {
        suspect
            .evidence
            .iter()
            .any(|seen| seen.sent == THE_LOG && seen.seen_at == line.source && line.text.starts_with(seen.got.as_str()))
    };
    let mut lines = facts.host.iter().flat_map(|host| &host.log).filter(said).peekable();
    lines.peek().is_some() && lines.all(|line| age::is_past(facts, line))
}

/// What evidence out of a log is read from.
const THE_LOG: &str = "the log";

/// A line of a log as evidence: its text and place.
pub(super) fn quoted(suspect: Suspect, line: &Line) -> Suspect {
    let text: String = line.text.chars().take(240).collect();
    suspect.saw(THE_LOG, text, line.source.clone())
}

/// Whether a text holds one word of each group, in any letter case.
pub(super) fn has_each(text: &str, groups: &[&[&str]]) -> bool {
    let text = text.to_lowercase();
    groups.iter().all(|group| group.iter().any(|word| text.contains(word)))
}

/// The host that an address names.
pub(super) fn host_of(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// The site of that host, as browsers tell sites apart.
pub(super) fn site_of(url: &str) -> Option<String> {
    host_of(url).map(|host| crate::jar::site(&host).to_owned())
}

/// Whether a line names one of these ports; a part of a time or of a longer number is none.
pub(super) fn has_port(text: &str, ports: &[&str]) -> bool {
    let is_part = |one: char| one.is_ascii_alphanumeric() || one == '.' || one == '_';
    ports.iter().any(|port| {
        text.match_indices(port).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + port.len()..]);
            !before.ends_with(is_part) && !after.starts_with(|one: char| is_part(one) && one != '.')
        })
    })
}

/// The newest line of a log that fits.
pub(super) fn log_line(facts: &Facts, fits: impl Fn(&str) -> bool) -> Option<&Line> {
    facts.log_lines().filter(|line| fits(&line.text.to_lowercase())).last()
}

/// Whether a container does not stay up: one that ended well, or has run for long since its last start, does.
pub(super) fn is_restless(facts: &Facts, container: &Container) -> bool {
    let is_young = container.started == 0 || facts.now - container.started < 600;
    match container.state.as_str() {
        "restarting" => true,
        "exited" | "dead" => container.exit != 0,
        _ => container.restarts > 1 && is_young,
    }
}

/// Whether a later line of the same log says that what one complained of is over.
pub(super) fn is_over(facts: &Facts, line: &Line, over: &[&str]) -> bool {
    let own = facts.log_lines().filter(|other| other.source == line.source);
    own.skip_while(|other| !std::ptr::eq(*other, line)).skip(1).any(|other| has_each(&other.text, &[over]))
}

/// Requests that a browser recorded, in order.
pub(super) fn calls(facts: &Facts) -> impl Iterator<Item = &Call> {
    facts.browser.iter().flat_map(|browser| &browser.calls)
}

/// A recorded request that changes something and that a CSRF check seems to refuse.
pub(super) fn is_forgery_refusal(call: &Call) -> bool {
    let says = || {
        ["csrf", "xsrf", "forgery", "bad headers", "referer", "cross-site", "origin"].iter().any(|word| call.says(word))
    };
    call.is_change() && (matches!(call.status, 403 | 419) || matches!(call.status, 400 | 401 | 422) && says())
}

/// Whether a browser sent it, rather than another program: only browsers have cookies and Fetch Metadata.
pub(super) fn is_of_browser(call: &Call) -> bool {
    !call.cookies.is_empty()
        || ["sec-fetch-site", "sec-fetch-mode", "origin", "referer"].iter().any(|name| call.sent(name).is_some())
}

/// Whether a name is one of a token against forgery.
pub(super) fn is_token_name(name: &str) -> bool {
    crate::probe::signin::is_token_name(name)
}

/// Whether the main handshake was done and trusted.
pub(super) fn has_good_tls(facts: &Facts) -> bool {
    stop::entrance(facts)
        .and_then(|door| door.tls.as_ref())
        .is_some_and(|tls| tls.knock == Knock::Done && tls.trust == Trust::Good)
}

/// What the origin's own handshake showed, past the CDN where there is one.
pub(super) fn origin_handshake(facts: &Facts) -> Option<&Handshake> {
    let of = |via| {
        facts
            .doors(via)
            .filter(|door| door.purpose == "main" || door.purpose == "family")
            .find_map(|door| door.tls.as_ref())
    };
    if facts.is_behind_cdn() || facts.arrival().is_some_and(Visit::is_from_cdn) {
        of(Via::Origin)
    } else {
        of(Via::Public).or_else(|| of(Via::Origin))
    }
}

/// The code of a trouble with a cookie and what the cookie does, for the troubles of one family.
pub(super) type Verdict = fn(Trouble) -> Option<(&'static str, &'static str)>;

/// A cookie that browsers drop for a reason that has a verdict. One that only deletes matters to nobody.
pub(super) fn dropped(facts: &Facts, verdict: Verdict, fix: fn(&Cookie) -> String) -> Option<Suspect> {
    let public = facts.visits.iter().filter(|visit| visit.via == Via::Public && visit.step != Step::Provider);
    let all = public.flat_map(|visit| visit.cookies.iter().map(move |cookie| (cookie, &visit.url)));
    // The attempt with all cookies and the like is no browser's, and sets what a browser's would.
    let is_dropped = |cookie: &Cookie| {
        !cookie.is_deletion && !is_incidental(&cookie.name) && cookie.trouble.and_then(verdict).is_some()
    };
    let seen = all.filter(|(cookie, _)| is_dropped(cookie)).map(|(cookie, place)| (cookie, place.clone())).next();
    let (cookie, place) = seen.or_else(|| dropped_in_browser(facts, &is_dropped))?;
    let (code, why) = verdict(cookie.trouble?)?;
    Some(
        Suspect::new(code, format!("The cookie `{}` {why}; browsers drop it without a word.", cookie.name))
            .at(Link::Csrf)
            .deep(9)
            .saw(format!("Set-Cookie {}", cookie.name), attributes(cookie), place)
            .not("csrf.token_missing", "the browser never keeps the cookie")
            .fix(fix(cookie)),
    )
}

/// The same in a recording, where the same host turns the visitor away afterwards.
fn dropped_in_browser<'a>(facts: &'a Facts, is_dropped: &dyn Fn(&Cookie) -> bool) -> Option<(&'a Cookie, String)> {
    let host = |call: &Call| host_of(&call.url);
    let all: Vec<_> = calls(facts).collect();
    all.iter().enumerate().find_map(|(at, call)| {
        let cookie = call.set.iter().find(|cookie| is_dropped(cookie))?;
        let is_missed = all[at + 1..].iter().any(|later| {
            host(later) == host(call)
                && !later.cookies.contains(&cookie.name)
                && (later.is_turned_away() || is_forgery_refusal(later))
        });
        is_missed.then(|| (cookie, call.url.clone()))
    })
}

/// Cookies that no sign-in needs: counters and choices.
pub(crate) fn is_incidental(name: &str) -> bool {
    let name = name.to_lowercase();
    name.starts_with("_ga")
        || name.starts_with("__cf")
        || name.starts_with("cf_")
        || name.starts_with("awsalb")
        || ["_fbp", "_gid", "lang", "language", "locale", "next_locale", "django_language", "i18next", "theme"]
            .contains(&name.as_str())
        || name.starts_with("_pk_")
}

/// The attributes of a cookie, as they came.
pub(super) fn attributes(cookie: &Cookie) -> String {
    let mut parts = vec![format!("{} bytes", cookie.name.len() + cookie.value.length)];
    parts.extend(cookie.domain.as_ref().map(|domain| format!("Domain={domain}")));
    parts.extend(cookie.path.as_ref().map(|path| format!("Path={path}")));
    parts.extend(cookie.same_site.as_ref().map(|same_site| format!("SameSite={same_site}")));
    parts.extend(cookie.is_secure.then(|| "Secure".to_owned()));
    parts.extend(cookie.is_http_only.then(|| "HttpOnly".to_owned()));
    parts.join("; ")
}

/// Whether the app fails where it needs its database or its store: at the start, or at the sign-in.
pub(super) fn is_failing_inside(facts: &Facts) -> bool {
    is_app_down(facts)
        || facts.arrival().is_some_and(|visit| visit.status >= 500)
        || facts
            .signin
            .attempts
            .iter()
            .any(|attempt| matches!(attempt.answer, Answer::Failure | Answer::Proxy | Answer::Nothing))
        || facts.signin.after.iter().any(|status| *status >= 500)
        || database(facts).is_some_and(is_unfit)
}

/// Whether the program cannot work with its database as it was found: who has no session yet may not see it.
fn is_unfit(database: &crate::facts::Database) -> bool {
    let is_sound = [&database.missing, &database.lacking, &database.ahead].iter().all(|list| list.is_empty());
    database.is_tried && !(is_sound && database.refused.is_empty() && database.write.is_empty())
}

/// Where a fault of the database or the store shows: where the app fails.
pub(super) fn shows_inside(facts: &Facts, otherwise: Link) -> Link {
    shows_at(facts, otherwise).min(otherwise)
}

/// The database, where it was tried.
pub(super) fn database(facts: &Facts) -> Option<&crate::facts::Database> {
    facts.host.as_ref()?.database.as_ref()
}
