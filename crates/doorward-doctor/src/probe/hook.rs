//! A path that other programs call without cookies: does the exemption from the CSRF check match it?

use super::client::Outgoing;
use super::walk::Walk;
use crate::facts::{Facts, Step};

/// Posts nothing of worth to the path that was named; where that is refused, to what it may be mistaken for.
pub(crate) async fn hook(walk: &mut Walk<'_>, facts: &mut Facts) {
    let Some(path) = walk.request.hook.clone() else { return };
    if !matches!(post(walk, facts, &path, "hook").await, 403 | 419) {
        return;
    }
    let bare = path.trim_end_matches('/');
    let other = if bare.len() < path.len() { bare.to_owned() } else { format!("{path}/") };
    let above = bare.rsplit_once('/').map(|(above, _)| above.to_owned()).filter(|above| !above.is_empty());
    for (path, note) in [(Some(other), "hook, slash"), (above, "hook, above")] {
        if let Some(path) = path {
            post(walk, facts, &path, note).await;
        }
    }
}

async fn post(walk: &mut Walk<'_>, facts: &mut Facts, path: &str, note: &str) -> u16 {
    let out = Outgoing {
        step: Step::Hook,
        note: note.into(),
        method: "POST".into(),
        url: format!("{}{path}", walk.target.origin()),
        fields: vec![("Content-Type".into(), "application/json".into()), ("Accept".into(), "application/json".into())],
        body: b"{}".to_vec(),
    };
    let place = walk.place.clone();
    let (visit, _) = walk.client.ask(&place, &out, None).await;
    let status = visit.status;
    facts.visits.push(visit);
    status
}
