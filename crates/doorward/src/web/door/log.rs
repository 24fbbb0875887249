//! The end of a request that an app has answered: its numbers always, a line of the log where somebody reads it.

use http::StatusCode;

use super::onward::Knock;
use crate::identity::Live;
use crate::watch::entry::Entry;

/// Takes note of the app's answer.
pub(super) fn finish(knock: &Knock<'_>, status: StatusCode, live: Option<&Live>) {
    let duration = knock.sketch.elapsed();
    knock.place.meter.count(status.as_u16(), duration);
    // What went well in the app stands in the access log alone, where that is read; the memory of requests keeps
    // what somebody may ask about.
    if !knock.app.watch().is_noteworthy(status.as_u16()) {
        return;
    }
    let arrival = knock.sketch.arrival();
    knock.app.watch().note(Entry {
        id: arrival.id,
        at: arrival.at,
        method: knock.sketch.method.to_string(),
        host: knock.sketch.host.to_string(),
        path: arrival.path,
        status: status.as_u16(),
        reason: "",
        user: live.map(Live::user_id),
        session: live.map(|live| live.id),
        address: arrival.address,
        peer: arrival.peer,
        device: arrival.device.to_string(),
        route: "",
        app: Some(knock.place.app.name.clone()),
        duration,
        stages: Vec::new(),
        sign_in: None,
        csrf: None,
        cause: String::new(),
    });
}
