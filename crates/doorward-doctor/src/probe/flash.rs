//! What the form says once a sign-in was sent back to it: many apps answer with a redirect, and say why on the page.

use url::Url;

use super::client::{Outgoing, Place};
use super::walk::Walk;
use crate::facts::{Answer, Facts, Step, Variant, Visit};
use crate::jar::{Jar, Start};
use crate::redact;

/// Follows a redirect back to the form, and joins what it says there to the answer.
pub(super) async fn read(
    walk: &mut Walk<'_>,
    facts: &mut Facts,
    (visit, place): (&mut Visit, &Place),
    jar: &mut Jar,
    variant: Variant,
) -> Option<Answer> {
    let is_asked = matches!(variant, Variant::Browser | Variant::Real) && (300..400).contains(&visit.status);
    let to = visit.field("location").filter(|_| is_asked)?;
    let url = Url::parse(&visit.url).ok()?.join(to).ok()?;
    if url.host_str() != Some(walk.target.host.as_str()) {
        return None;
    }
    let (cookie, _) = jar.send(&url, Start::SameSite);
    let mut out = Outgoing {
        step: Step::Variant,
        note: "back at the form".into(),
        method: "GET".into(),
        url: url.to_string(),
        ..Outgoing::default()
    };
    if !cookie.is_empty() {
        out.fields.push(("Cookie".into(), cookie));
    }
    let (back, incoming) = walk.client.ask(place, &out, Some(jar)).await;
    let text = incoming.text();
    let is_page = back.status == 200;
    if is_page {
        let said = redact::clean(&super::answer::words(&text));
        format!("{} {said}", visit.body).trim().clone_into(&mut visit.body);
    }
    facts.visits.push(back);
    (is_page && super::answer::blames_token(&text)).then_some(Answer::Csrf)
}
