//! The request memory: how an entry becomes a row of `requests.db`, and how `doorward explain` reads it back.

use doorward_store::RequestLog;
use serde_json::{Map, Value, json};

use crate::watch::entry::Entry;

/// The most bytes of what stands beside the columns; the store keeps none of a longer text.
const MOST: usize = 4_096;

/// What has a column of its own, as the log names it.
const COLUMNS: [&str; 9] = [
    "request.id",
    "at",
    "http.method",
    "http.path",
    "http.status",
    "reason",
    "user.id",
    "session.id",
    "client.address",
];

/// What is left out first where an entry is too long.
const EXPENDABLE: [&str; 4] = ["/client.device", "/http.host", "/cause", "/csrf/fields"];

/// Where finished requests are kept for `doorward explain`.
pub trait Memory: Send + Sync + std::fmt::Debug {
    /// Keeps one entry, cleaned and bounded. Never blocks; drops where it is full.
    fn remember(&self, entry: Entry);
    /// How many entries were dropped since the start.
    fn dropped(&self) -> u64;
}

impl Memory for RequestLog {
    fn remember(&self, entry: Entry) {
        self.note(|| row(&entry));
    }

    fn dropped(&self) -> u64 {
        self.lost()
    }
}

fn row(entry: &Entry) -> doorward_store::Entry {
    let text = |id: Option<String>| id.unwrap_or_default();
    doorward_store::Entry {
        request: entry.id,
        at: entry.at,
        method: entry.method.clone(),
        path: entry.path.clone(),
        status: entry.status,
        reason: entry.reason.to_owned(),
        user: text(entry.user.map(|id| id.to_string())),
        session: text(entry.session.map(|id| id.to_string())),
        address: entry.address.to_string(),
        duration_us: i64::try_from(entry.duration.as_micros()).unwrap_or(i64::MAX),
        stages: circumstances(entry),
    }
}

/// All that has no column, as JSON of at most [`MOST`] bytes.
fn circumstances(entry: &Entry) -> String {
    let Ok(Value::Object(mut members)) = serde_json::to_value(entry) else { return String::new() };
    members.retain(|name, _| name != "duration_ms" && !COLUMNS.contains(&name.as_str()));
    let mut members = Value::Object(members);
    let mut text = members.to_string();
    for pointer in EXPENDABLE {
        if text.len() <= MOST {
            break;
        }
        if let Some(value) = members.pointer_mut(pointer) {
            *value = "too long".into();
        }
        text = members.to_string();
    }
    text
}

/// The entry as it was written, under the names of the log.
pub(crate) fn recalled(row: &doorward_store::Entry) -> Map<String, Value> {
    let further = serde_json::from_str(&row.stages).unwrap_or_default();
    let columns = [
        json!(row.request),
        json!(row.at),
        json!(row.method),
        json!(row.path),
        json!(row.status),
        json!(row.reason),
        json!(row.user),
        json!(row.session),
        json!(row.address),
    ];
    let mut members: Map<String, Value> = further;
    members.extend(COLUMNS.into_iter().map(str::to_owned).zip(columns).filter(|(_, value)| *value != ""));
    // Microseconds of a request are far below where an f64 rounds.
    let duration = std::time::Duration::from_micros(row.duration_us.unsigned_abs());
    members.insert("duration_ms".to_owned(), json!(super::entry::to_milliseconds(duration)));
    members
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::watch::entry::tests::refused;

    #[test]
    fn comes_back_as_it_was_written() {
        let entry = refused();
        let written = serde_json::to_value(&entry).unwrap();
        assert_eq!(Value::Object(recalled(&row(&entry))), written);
    }

    #[test]
    fn a_long_entry_keeps_what_matters() {
        let mut entry = refused();
        entry.device = "\u{1b}".repeat(1_000);
        entry.host = "\n".repeat(1_000);
        entry.csrf.as_mut().unwrap().fields = vec![("csrf.origin", "\n".repeat(1_000)); 100];
        entry.clean();
        let row = row(&entry);
        assert!(row.stages.len() <= MOST);
        let recalled = recalled(&row);
        assert_eq!(recalled["reason"], "csrf.token_missing");
        assert_eq!(recalled["csrf"]["verdict"], "refused");
        assert_eq!(recalled["http.route"], "/api/v1/auth/login");
    }

    #[tokio::test]
    async fn is_found_in_the_file_by_its_id() {
        let directory = tempfile::tempdir().unwrap();
        let (log, writer) = RequestLog::new(&directory.path().join("requests.db"));
        let entry = refused();
        let id = entry.id;
        log.remember(entry);
        assert_eq!(log.dropped(), 0);
        writer.run(std::future::ready(())).await;
        let row = log.find(id).await.unwrap().expect("the entry was written");
        assert_eq!(recalled(&row)["csrf"]["fields"]["csrf.origin"], "http://localhost:3000");
    }
}
