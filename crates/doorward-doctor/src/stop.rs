//! Where the way ends: the link at which the first request, or the sign-in after it, does not get on.

use doorward_core::Link;

use crate::facts::{Answer, Door, Facts, Fault, Knock, Outcome, Role, Tcp, Trust, Variant, Via, Visit};

/// The place where the way ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The link.
    pub link: Link,
    /// What is seen there.
    pub what: String,
    /// The one measurement that decides between the causes that fit.
    pub measurement: String,
    /// Not by itself a reason to say that something is broken.
    pub is_mild: bool,
}

impl Stop {
    /// A stop that something must explain.
    pub fn new(link: Link, what: impl Into<String>, measurement: impl Into<String>) -> Self {
        Self { link, what: what.into(), measurement: measurement.into(), is_mild: false }
    }
}

/// The first place where the way ends; none where it leads through.
#[must_use]
pub fn find(facts: &Facts) -> Option<Stop> {
    name(facts).or_else(|| connection(facts)).or_else(|| answer(facts)).or_else(|| signin(facts))
}

fn name(facts: &Facts) -> Option<Stop> {
    let target = facts.target.as_ref()?;
    let mut asked = facts.asked(Role::System).peekable();
    asked.peek()?;
    if target.address().is_some() || !facts.addresses().is_empty() {
        return None;
    }
    let outcome = facts.asked(Role::System).map(|lookup| lookup.outcome).next().unwrap_or_default();
    let what = match outcome {
        Outcome::Nxdomain => "The resolver says that the name does not exist",
        Outcome::Servfail => "The resolver fails for this name",
        Outcome::Silent => "The resolver does not answer",
        Outcome::Refused => "The resolver refuses the question",
        _ => "The name has no address",
    };
    Some(Stop::new(
        Link::Dns,
        format!("{what}: {}", target.host),
        "Ask the zone's own name servers (`dig +trace NAME`), and a public resolver with `--public-resolver`.",
    ))
}

/// The main door of the way a visitor comes: the best of all addresses, as browsers try them.
#[must_use]
pub fn entrance(facts: &Facts) -> Option<&Door> {
    let rank = |door: &&Door| match door.tcp {
        Tcp::Open => 0,
        Tcp::Refused => 1,
        Tcp::Prohibited => 2,
        Tcp::Silent => 3,
        Tcp::Noroute => 4,
    };
    facts.doors(Via::Public).filter(|door| door.purpose == "main" || door.purpose == "family").min_by_key(rank)
}

fn connection(facts: &Facts) -> Option<Stop> {
    let door = entrance(facts)?;
    let at = door.address;
    match door.tcp {
        Tcp::Refused => Some(Stop::new(
            Link::Listen,
            format!("{at} refuses the connection"),
            format!("Run `ss -ltnp` on the host, or the doctor there (`--host`): does anything listen on port {}?", at.port()),
        )),
        Tcp::Prohibited | Tcp::Noroute => Some(Stop::new(
            Link::Net,
            format!("{at} cannot be reached"),
            "Run the doctor on the host (`--host`) to see its firewall, and from another network.".to_owned(),
        )),
        Tcp::Silent => Some(Stop::new(
            Link::Net,
            format!("{at} does not answer the connection"),
            "Run the doctor on the host too (`--host`, or `--ssh HOST`), and from outside the network (a phone in mobile data): \
             does the connection arrive at the host at all?"
                .to_owned(),
        )),
        Tcp::Open => handshake(door),
    }
}

fn handshake(door: &Door) -> Option<Stop> {
    let tls = door.tls.as_ref()?;
    let measurement = "Ask the server itself: `openssl s_client -connect HOST:443 -servername NAME`, and with `--origin` past the CDN.";
    if tls.knock != Knock::Done {
        let what = match tls.knock {
            Knock::Silent => "The server does not answer the TLS greeting".to_owned(),
            Knock::Closed => "The server closes the connection at the TLS greeting".to_owned(),
            Knock::Plain => "The server does not speak TLS on this port".to_owned(),
            Knock::Version => "Server and doctor share no TLS version".to_owned(),
            _ => format!("The server refuses the TLS handshake ({})", tls.alert),
        };
        return Some(Stop::new(Link::Tls, what, measurement));
    }
    (tls.trust != Trust::Good).then(|| Stop::new(Link::Tls, "The certificate is not trusted".to_owned(), measurement))
}

fn answer(facts: &Facts) -> Option<Stop> {
    let arrival = facts.arrival()?;
    if let Some(fault) = arrival.fault {
        return Some(silence(arrival, fault));
    }
    if is_loop(facts) {
        return Some(Stop::new(
            Link::Proxy,
            "The redirects never end",
            "Ask the origin past the CDN (`--origin HOST:443`): does it redirect too?",
        ));
    }
    status(arrival)
}

fn silence(arrival: &Visit, fault: Fault) -> Stop {
    let url = &arrival.url;
    match fault {
        Fault::Name => Stop::new(
            Link::Dns,
            format!("A redirect leads to a name without an address: {url}"),
            "Ask its name servers.",
        ),
        Fault::Connect => Stop::new(
            Link::Net,
            format!("A redirect leads to an address that does not answer: {url}"),
            "Run the doctor for that address.",
        ),
        Fault::Tls => Stop::new(
            Link::Tls,
            format!("A redirect leads to an address without a handshake: {url}"),
            "Run the doctor for that address.",
        ),
        Fault::Certificate => Stop::new(
            Link::Tls,
            "The server demands a certificate of whoever connects",
            "Look into its configuration: for whom is the demand (`ssl_verify_client`, `verify required`) meant?",
        ),
        Fault::Closed => Stop::new(
            Link::Proxy,
            "The connection ends before the answer",
            "Look into the log of whoever listens there; ask the app past the proxy (`--app HOST:PORT`).",
        ),
        Fault::Silent => Stop::new(
            Link::App,
            "The connection stands and no answer comes",
            "Look at the app on its host (`--host`): its queue of connections, its workers, what they wait for.",
        ),
        Fault::Malformed => {
            Stop::new(Link::Proxy, "What comes back is not HTTP", "Ask the port by hand: `curl -v --http0.9 URL`.")
        }
    }
}

/// Whether the first request is sent round and round.
#[must_use]
pub fn is_loop(facts: &Facts) -> bool {
    let way: Vec<_> = facts.visits(crate::facts::Step::First).filter(|visit| visit.via == Via::Public).collect();
    let Some(last) = way.last() else { return false };
    (300..400).contains(&last.status)
        && last.field("location").is_some()
        && way.len() > 1
        && (way.len() > 9 || way.iter().filter(|visit| visit.url == last.url).count() > 1)
}

fn status(arrival: &Visit) -> Option<Stop> {
    let told = arrival.told();
    let host = "Run the doctor on the origin (`--host`), or give it the origin's address (`--origin HOST:PORT`).";
    Some(match arrival.status {
        521 => Stop::new(Link::Listen, "The CDN says that the origin refuses its connection (521)", host),
        522 | 523 => Stop::new(Link::Net, format!("The CDN does not reach the origin ({})", arrival.status), host),
        525 | 526 => {
            Stop::new(Link::Tls, format!("The CDN and the origin do not agree on TLS ({})", arrival.status), host)
        }
        524 => Stop::new(Link::Edge, "The CDN waited for the origin in vain (524)", host),
        520 => Stop::new(Link::Proxy, "The CDN could not read the origin's answer (520)", host),
        527 | 530 => Stop::new(Link::Edge, format!("The CDN has no way to the origin ({})", arrival.status), host),
        502..=504 => Stop::new(
            Link::Proxy,
            format!("The proxy has no answer of the app: {told}"),
            "Ask the app past the proxy (`--app HOST:PORT`), and read the proxy's error log (`--log FILE`).",
        ),
        500 | 501 | 505..=519 => {
            Stop::new(Link::App, format!("The app fails: {told}"), "Read the app's log at this time (`--log FILE`).")
        }
        400 | 421 | 431 | 413 | 414 | 426 => Stop::new(
            Link::Proxy,
            format!("The request is refused as such: {told}"),
            "Ask the app past the proxy (`--app HOST:PORT`), and read both logs (`--log FILE`).",
        ),
        404 | 410 => Stop {
            is_mild: true,
            ..Stop::new(
                Link::Proxy,
                format!("Nothing is there: {told}"),
                "Ask the app past the proxy (`--app HOST:PORT`).",
            )
        },
        429 => Stop::new(
            Link::Edge,
            "The doctor is asked to slow down (429)",
            "Wait, and run the doctor from another address.",
        ),
        403 => Stop {
            is_mild: true,
            ..Stop::new(Link::Proxy, format!("Refused: {told}"), "Ask the app past the proxy (`--app HOST:PORT`).")
        },
        _ => return None,
    })
}

fn signin(facts: &Facts) -> Option<Stop> {
    let attempt =
        facts.signin.attempts.iter().find(|attempt| matches!(attempt.variant, Variant::Browser | Variant::Real))?;
    let told = format!("{} at the sign-in", attempt.status);
    let real = facts.signin.attempts.iter().rev().find(|attempt| attempt.variant == Variant::Real);
    match attempt.answer {
        Answer::Csrf => Some(Stop::new(
            Link::Csrf,
            format!("The CSRF check refuses a browser's sign-in ({told})"),
            "Let the app say what it received: `--echo PATH`, and its log with `--log FILE`.",
        )),
        Answer::Refused => Some(Stop::new(
            Link::Csrf,
            format!("The sign-in is refused without a reason ({told})"),
            "Read the app's log (`--log FILE`), and ask it past the proxy (`--app HOST:PORT`).",
        )),
        Answer::Failure => Some(Stop::new(
            Link::Db,
            format!("The app fails at the sign-in ({told})"),
            "Read the app's log at this time (`--log FILE`), and give its database (`--database URL`).",
        )),
        Answer::Proxy | Answer::Nothing => Some(Stop::new(
            Link::Proxy,
            format!("The proxy answers the sign-in itself ({told})"),
            "Ask the app past the proxy (`--app HOST:PORT`).",
        )),
        Answer::Throttled => Some(Stop::new(
            Link::Auth,
            format!("Too many attempts ({told})"),
            "Wait, then look at which address the app counts (`--echo PATH`).",
        )),
        _ => real.and_then(|real| session(facts, real)),
    }
}

/// Whether a page behind the sign-in answers as if nobody had signed in; a page that does not exist says nothing of it.
fn is_lost(status: u16) -> bool {
    matches!(status, 0 | 401 | 403 | 419) || status >= 500
}

/// Whether the session was lost at one of these answers. One that did not come in time, beside others that did, says
/// that the app is slow.
fn has_lost(after: &[u16]) -> bool {
    let is_slow = after.iter().any(|status| *status > 0);
    after.iter().any(|status| is_lost(*status) && !(*status == 0 && is_slow))
}

fn session(facts: &Facts, real: &crate::facts::Attempt) -> Option<Stop> {
    match real.answer {
        Answer::Failure => Some(Stop::new(
            Link::Db,
            format!("The app fails at the sign-in of the named account ({})", real.status),
            "Read the app's log at this time (`--log FILE`), and give its database (`--database URL`).",
        )),
        Answer::Refused | Answer::Throttled => Some(Stop::new(
            Link::Auth,
            format!("The named account is refused ({})", real.status),
            "Read the app's log (`--log FILE`): is the account locked, switched off, or its address not verified?",
        )),
        Answer::Credentials | Answer::FormAgain => Some(Stop::new(
            Link::Auth,
            "The named account is refused",
            "Look at the account on the host: is it enabled, and does its hash verify the password?",
        )),
        Answer::Welcome if has_lost(&facts.signin.after) => Some(Stop::new(
            Link::Session,
            "The session is not known at the next request",
            "Ask each replica alone, and look at the cookies that came with the sign-in.",
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Step;

    fn visited(status: u16) -> Facts {
        let visit = Visit { step: Step::First, status, url: "https://a.test/".into(), ..Visit::default() };
        Facts { visits: vec![visit], ..Facts::default() }
    }

    #[test]
    fn an_answer_that_is_late_once_is_no_lost_session() {
        for (after, expected) in
            [(&[0, 200][..], false), (&[0, 0], true), (&[200, 401], true), (&[0, 401], true), (&[200], false)]
        {
            assert_eq!(has_lost(after), expected, "{after:?}");
        }
    }

    #[test]
    fn each_status_has_its_link() {
        for (status, link) in [
            (521, Some(Link::Listen)),
            (522, Some(Link::Net)),
            (526, Some(Link::Tls)),
            (524, Some(Link::Edge)),
            (502, Some(Link::Proxy)),
            (500, Some(Link::App)),
            (200, None),
            (401, None),
        ] {
            assert_eq!(find(&visited(status)).map(|stop| stop.link), link, "{status}");
        }
    }

    #[test]
    fn a_missing_page_alone_is_no_outage() {
        assert!(find(&visited(404)).unwrap().is_mild);
    }
}
