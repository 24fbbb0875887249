//! What follows the first page: is it shared, what does it name, and where does one sign in.

use url::Url;

use super::client::Outgoing;
use super::hook::hook;
use super::openapi::described;
use super::passkey::passkey;
use super::provider::provider;
use super::signin;
use super::walk::Walk;
use crate::facts::{Answer, Facts, Step, Via};
use crate::html;
use crate::jar::Jar;
use crate::profile::{self, Profile};

/// Bytes of the head of a browser that has some cookies: no server that people use may refuse as many.
const HEAD: usize = 2_048;

pub(crate) async fn page(walk: &mut Walk<'_>, facts: &mut Facts, progress: &mut dyn FnMut(&str)) {
    let Some(arrival) = facts.arrival().cloned() else { return };
    let profile = recognise(walk, &arrival);
    facts.profile.clone_from(&profile.name);
    // An endpoint that takes a POST alone is asked for by its own address now and then.
    if !arrival.is_well() && !matches!(arrival.status, 401 | 405) || crate::stop::is_loop(facts) {
        return;
    }
    if arrival.is_cached() || !arrival.cookies.is_empty() || facts.is_behind_cdn() {
        stranger(walk, facts).await;
    }
    let text = walk.page.text();
    // What the gateway's own pages load is known where the doctor is of the same installation.
    let is_own = walk.request.insider.is_some() && profile.name == "doorward";
    if !is_own && (text.contains("<script") || text.contains("serviceWorker")) {
        progress("reading the scripts of the page");
        assets(walk, facts, &text).await;
    }
    described(walk, facts, &profile, &text).await;
    provider(walk, facts, &profile, &text).await;
    signin::sign_in(walk, facts, &profile, progress).await;
    head(walk, facts).await;
    if walk.request.login.is_none() {
        members(walk, facts).await;
    }
    let page = walk.request.page.clone();
    if !page.is_empty() {
        across(walk, facts, &page, &profile).await;
    }
    echo(walk, facts, &profile).await;
    socket(walk, facts, &profile, &text).await;
    passkey(walk, facts, &profile).await;
    hook(walk, facts).await;
}

fn recognise(walk: &Walk<'_>, arrival: &crate::facts::Visit) -> Profile {
    walk.request.chosen.clone().or_else(|| profile::recognised(arrival)).unwrap_or_default()
}

/// The page once more, under a head of the size that browsers send once they have cookies.
async fn head(walk: &mut Walk<'_>, facts: &mut Facts) {
    if walk.client.is_blocked || walk.is_dear() && is_well(facts) {
        return;
    }
    let mut out = walk.navigation(Step::LargeHead, &walk.url.clone());
    let sent: usize = out.fields.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    let padding = format!("doorward_padding={}", "x".repeat(HEAD.saturating_sub(sent + out.url.len() + 200)));
    match out.fields.iter_mut().find(|(name, _)| name == "Cookie") {
        Some((_, value)) => *value = format!("{value}; {padding}"),
        None => out.fields.push(("Cookie".into(), padding)),
    }
    "as a browser's with cookies".clone_into(&mut out.note);
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// Whether every attempt to sign in was answered as it should be.
fn is_well(facts: &Facts) -> bool {
    let all = &facts.signin.attempts;
    all.iter().all(|attempt| matches!(attempt.answer, Answer::Credentials | Answer::Welcome))
}

/// The page once more, as somebody without cookies.
async fn stranger(walk: &mut Walk<'_>, facts: &mut Facts) {
    let mut out = walk.navigation(Step::Again, &walk.url.clone());
    out.fields.retain(|(name, _)| !name.eq_ignore_ascii_case("cookie"));
    "stranger".clone_into(&mut out.note);
    let place = walk.place.clone();
    let (visit, incoming) = walk.client.ask(&place, &out, Some(&mut Jar::default())).await;
    let token = |text: &str| {
        html::password_form(text)
            .and_then(|form| form.hidden.into_iter().find(|(name, _)| signin::is_token_name(name)))
            .map(|(_, value)| value)
    };
    let (first, second) = (token(&walk.page.text()), token(&incoming.text()));
    facts.signin.is_token_shared = first.is_some_and(|token| token.len() >= 8 && Some(token) == second);
    facts.visits.push(visit);
}

/// The members' page, where it was named, as somebody without cookies: is it kept where all may have it?
async fn members(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(path) = walk.request.session.clone() else { return };
    let url = format!("{}{path}", walk.target.origin());
    let note = "stranger at the members' page".to_owned();
    let out = Outgoing { step: Step::Again, method: "GET".into(), url, note, ..Outgoing::default() };
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// Scripts of the same host that the page names, the service worker among them.
async fn assets(walk: &mut Walk<'_>, facts: &mut Facts, text: &str) {
    let base = Url::parse(&walk.url).ok();
    let mut wanted = html::scripts(text);
    if text.contains("serviceWorker") {
        wanted.push("/sw.js".to_owned());
    }
    let join = |source: &String| base.as_ref()?.join(source).ok();
    let own = walk.target.host.clone();
    let urls: Vec<_> =
        wanted.iter().filter_map(join).filter(|url| url.host_str() == Some(own.as_str())).take(3).collect();
    for url in urls {
        let out = Outgoing { step: Step::Asset, method: "GET".into(), url: url.to_string(), ..Outgoing::default() };
        let place = walk.place.clone();
        let (mut visit, incoming) = walk.client.ask(&place, &out, None).await;
        visit.note = crate::facts::marks(&incoming.text());
        facts.visits.push(visit);
    }
    for visit in facts.visits.iter_mut().filter(|visit| visit.step == Step::First && visit.via == Via::Public) {
        visit.note = crate::facts::marks(text);
    }
}

/// A preflight and the request after it, as a page of another origin sends them.
async fn across(walk: &mut Walk<'_>, facts: &mut Facts, page: &str, profile: &Profile) {
    let path = if profile.login_path.is_empty() {
        walk.request.api.clone().unwrap_or_else(|| walk.target.path.clone())
    } else {
        profile.login_path.clone()
    };
    let url = format!("{}{path}", walk.target.origin());
    let header = facts.signin.form.as_ref().filter(|form| form.is_header).map_or_else(
        || if profile.token_header.is_empty() { "x-csrf-token".into() } else { profile.token_header.clone() },
        |form| form.token_name.clone(),
    );
    let fields = vec![
        ("Origin".to_owned(), page.to_owned()),
        ("Access-Control-Request-Method".into(), "POST".into()),
        ("Access-Control-Request-Headers".into(), format!("content-type,{}", header.to_lowercase())),
    ];
    let out =
        Outgoing { step: Step::Preflight, method: "OPTIONS".into(), url: url.clone(), fields, ..Outgoing::default() };
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
    let fields = vec![
        ("Origin".to_owned(), page.to_owned()),
        ("Accept".into(), "application/json".into()),
        ("Content-Type".into(), "application/json".into()),
    ];
    let body = format!("{{\"username\":\"{}\",\"password\":\"-\"}}", signin::NOBODY).into_bytes();
    let out = Outgoing { step: Step::Across, method: "POST".into(), url, fields, body, ..Outgoing::default() };
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    facts.visits.push(visit);
}

/// A path that answers with what it received: our marks in it have arrived.
async fn echo(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile) {
    let path = if walk.request.echo.is_empty() { profile.echo.clone() } else { walk.request.echo.clone() };
    // On the installation itself the gateway answers a ticket that only its keys make.
    let ticket = || walk.request.insider.as_ref()?.ticket("echo", &crate::redact::Salt::fresh().to_hex());
    let path = if path.is_empty() {
        ticket().map(|ticket| format!("/.doorward/echo?ticket={ticket}")).unwrap_or_default()
    } else {
        path
    };
    if path.is_empty() {
        return;
    }
    let url = format!("{}{path}", walk.target.origin());
    let mark = |name: &str| format!("doorward{}", walk.client.salt.print(name.as_bytes()));
    let fields = vec![
        ("X-Probe".to_owned(), mark("hyphen")),
        ("X_Probe".into(), mark("underscore")),
        ("Authorization".into(), format!("Bearer {}", mark("authorization"))),
        ("Cookie".into(), format!("doorward_probe={}", mark("cookie"))),
    ];
    let out = Outgoing { step: Step::Echo, method: "GET".into(), url, fields, ..Outgoing::default() };
    let marks: Vec<_> = ["hyphen", "underscore", "authorization", "cookie"].iter().map(|name| mark(name)).collect();
    let place = walk.place.clone();
    let (visit, incoming) = walk.client.ask(&place, &out, None).await;
    let text = incoming.text();
    if visit.status == 200 {
        facts.echo = Some(crate::probe::echo::read(&text, &marks));
    }
    facts.visits.push(visit);
}

/// An upgrade to a WebSocket, as the page would ask for it.
async fn socket(walk: &mut Walk<'_>, facts: &mut Facts, profile: &Profile, text: &str) {
    let named = (text.contains("WebSocket(") || text.contains("new WebSocket")).then(|| "/ws".to_owned());
    let Some(path) =
        walk.request.socket.clone().or(named).or_else(|| (!profile.socket.is_empty()).then(|| profile.socket.clone()))
    else {
        return;
    };
    let origin = walk.target.origin();
    for (place, note, from) in
        [(Some(walk.place.clone()), "browser", origin.clone()), (walk.inner_place(Via::App), "browser", origin)]
    {
        let Some(place) = place else { continue };
        let fields = vec![
            ("Origin".to_owned(), from),
            ("Connection".into(), "Upgrade".into()),
            ("Upgrade".into(), "websocket".into()),
            ("Sec-WebSocket-Version".into(), "13".into()),
            ("Sec-WebSocket-Key".into(), "ZG9vcndhcmQtZG9jdG9yIQ==".into()),
            ("Host".into(), walk.target.authority()),
        ];
        let out = Outgoing {
            step: Step::Socket,
            note: note.into(),
            method: "GET".into(),
            url: format!("{}{path}", walk.target.origin()),
            fields,
            ..Outgoing::default()
        };
        let (visit, _) = walk.client.ask(&place, &out, None).await;
        facts.visits.push(visit);
    }
}
