//! `doorward explain REQUEST-ID`: everything known of one request, from the request memory and the audit log.

use std::io::Write;

use doorward_core::UnixTime;
use doorward_core::audit::Record;
use doorward_core::identifier::RequestId;
use doorward_core::reason::{self, Reason};
use doorward_core::store::{Audit, AuditQuery, StoreError};
use serde_json::{Map, Value, json};

use crate::command::{FINDINGS, WELL};
use crate::watch::memory::recalled;

/// The most audit records of one request that are shown.
const RECORDS: u32 = 100;

/// Print everything known of one request. Exits with 1 if nothing is.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The id that stands on the error page, in the answer and in the logs: `req_…`.
    #[arg(value_name = "REQUEST-ID")]
    pub request: RequestId,
}

/// Prints what the request memory (`remembered`, from `RequestLog::find_in`) and the audit log know.
///
/// # Errors
/// Where the store does not answer or `out` cannot be written.
pub async fn run(
    arguments: &Arguments,
    is_json: bool,
    remembered: Option<&doorward_store::Entry>,
    audit: &impl Audit,
    out: &mut impl Write,
) -> Result<u8, ExplainError> {
    let query = AuditQuery { request: Some(arguments.request), limit: RECORDS, ..AuditQuery::default() };
    let mut records = audit.records(&query).await?;
    // Oldest first: a story is read forwards.
    records.reverse();
    let request = remembered.map(|row| Value::Object(recalled(row)));
    let reasons = reasons(request.as_ref(), &records);
    let is_known = request.is_some() || !records.is_empty();
    if is_json {
        let id = arguments.request;
        let reasons: Vec<_> = reasons.iter().map(|reason| to_json(reason)).collect();
        let report = json!({
            "request_id": id, "is_known": is_known, "request": request, "reasons": reasons, "audit": records,
        });
        writeln!(out, "{report}")?;
    } else if is_known {
        print(request.as_ref(), &reasons, &records, out)?;
    } else {
        writeln!(out, "Nothing is known of {}.", arguments.request)?;
        writeln!(out, "Requests are remembered for 7 days, and fewer under heavy load; security events longer.")?;
        writeln!(out, "hint: if several nodes serve, ask on the one that answered.")?;
    }
    Ok(if is_known { WELL } else { FINDINGS })
}

/// Why nothing could be explained.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The store does not answer. The operator's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The output cannot be written. The caller's.
    #[error(transparent)]
    Output(#[from] std::io::Error),
}

/// Every reason that stands in the request or its records, each once, in the order of their appearance.
fn reasons(request: Option<&Value>, records: &[Record]) -> Vec<&'static Reason> {
    let request = request.into_iter().flat_map(|request| [&request["reason"], &request["csrf"]["reason"]]);
    let codes = request.filter_map(Value::as_str).chain(records.iter().map(|record| record.reason.as_str()));
    let mut reasons: Vec<&'static Reason> = Vec::new();
    for reason in codes.filter_map(reason::find) {
        if !reasons.iter().any(|known| known.code == reason.code) {
            reasons.push(reason);
        }
    }
    reasons
}

fn to_json(reason: &Reason) -> Value {
    json!({
        "code": reason.code, "title": reason.title.en, "visitor": reason.visitor.en,
        "operator": reason.operator, "remedy": reason.remedy, "docs": reason.docs(),
    })
}

fn print(
    request: Option<&Value>,
    reasons: &[&Reason],
    records: &[Record],
    out: &mut impl Write,
) -> std::io::Result<()> {
    if let Some(Value::Object(request)) = request {
        print_request(request, out)?;
    } else {
        writeln!(out, "The request itself is no longer remembered; the audit log knows:")?;
    }
    for reason in reasons {
        writeln!(out, "\n{}: {}", reason.code, reason.title.en)?;
        writeln!(out, "  cause: {}", reason.operator)?;
        writeln!(out, "  hint: {}", reason.remedy)?;
        writeln!(out, "  page: {}", reason.docs())?;
    }
    if !records.is_empty() {
        writeln!(out, "\nAudit log")?;
    }
    for record in records {
        let fields = [&record.actor, &record.user, &record.session, &record.address, &record.reason, &record.detail];
        let fields: Vec<_> = fields.into_iter().filter(|field| !field.is_empty()).map(|field| shown(field)).collect();
        writeln!(out, "  {} {} {}", record.at.to_rfc3339(), record.action, fields.join(" "))?;
    }
    Ok(())
}

fn print_request(request: &Map<String, Value>, out: &mut impl Write) -> std::io::Result<()> {
    let text = |name: &str| request.get(name).map_or_else(String::new, word);
    let at = request.get("at").and_then(Value::as_i64).map_or_else(String::new, |at| UnixTime(at).to_rfc3339());
    writeln!(out, "{} {} {} {}", at, text("http.method"), text("http.path"), text("http.status"))?;
    for (name, value) in request {
        if !["at", "http.method", "http.path", "http.status"].contains(&name.as_str()) {
            print_field(name, value, out)?;
        }
    }
    Ok(())
}

fn print_field(name: &str, value: &Value, out: &mut impl Write) -> std::io::Result<()> {
    let Value::Object(members) = value else {
        return writeln!(out, "  {name:<24} {}", word(value));
    };
    for (member, value) in members {
        // The fields of a CSRF report have their whole names already.
        let is_whole = name.ends_with(".fields");
        let path = if is_whole { member.clone() } else { format!("{name}.{member}") };
        print_field(&path, value, out)?;
    }
    Ok(())
}

fn word(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), shown)
}

/// Text that once came from outside, without what could move a terminal's cursor.
fn shown(text: &str) -> String {
    text.chars().flat_map(|c| if c.is_control() { c.escape_unicode().collect() } else { vec![c] }).collect()
}

#[cfg(test)]
mod tests {
    use doorward_core::audit::{Action, Actor, Event};
    use doorward_core::store::{RefusalCount, Result as Stored};

    use super::*;

    const ID: &str = "req_BwcHBwcHBwcHBwcHBwcHBw";

    /// An audit log with these records, newest first.
    struct Book(Vec<Record>);

    impl Audit for Book {
        async fn append(&self, _: &Event) -> Stored<()> {
            Ok(())
        }
        async fn records(&self, query: &AuditQuery) -> Stored<Vec<Record>> {
            assert_eq!(query.request.unwrap().to_string(), ID);
            Ok(self.0.clone())
        }
        async fn records_after(&self, _: i64, _: u32) -> Stored<Vec<Record>> {
            Ok(Vec::new())
        }
        async fn newest(&self) -> Stored<i64> {
            Ok(0)
        }
        async fn verify_chain(&self) -> Stored<Result<i64, i64>> {
            Ok(Ok(0))
        }
        async fn count_refusals(&self, _: &[RefusalCount]) -> Stored<()> {
            Ok(())
        }
    }

    async fn explained(row: Option<&doorward_store::Entry>, records: Vec<Record>, is_json: bool) -> (u8, String) {
        let arguments = Arguments { request: ID.parse().unwrap() };
        let mut out = Vec::new();
        let code = run(&arguments, is_json, row, &Book(records), &mut out).await.unwrap();
        (code, String::from_utf8(out).unwrap())
    }

    fn remembered() -> doorward_store::Entry {
        doorward_store::Entry {
            request: ID.parse().unwrap(),
            at: UnixTime(1_767_225_600),
            method: "POST".to_owned(),
            path: "/api/v1/auth/login".to_owned(),
            status: 401,
            reason: "signin.credentials_wrong".to_owned(),
            user: String::new(),
            session: String::new(),
            address: "192.0.2.77".to_owned(),
            duration_us: 1_500,
            stages: r#"{"csrf":{"verdict":"allowed","fields":{"csrf.origin":"x"}}}"#.to_owned(),
        }
    }

    fn record(seq: i64, action: Action, reason: &'static str) -> Record {
        let event = Event::new(UnixTime(1_767_225_600), action, Actor::Stranger).because(reason);
        Record::place(&event, seq, "")
    }

    #[tokio::test]
    async fn tells_the_request_its_reason_and_its_records_in_order() {
        let records =
            vec![record(2, Action::SignInRefused, "signin.credentials_wrong"), record(1, Action::SessionEnded, "")];
        let (code, text) = explained(Some(&remembered()), records.clone(), false).await;
        assert_eq!(code, 0);
        let reason = reason::find("signin.credentials_wrong").expect("the reason has its texts");
        for part in [
            "2026-01-01T00:00:00Z POST /api/v1/auth/login 401",
            "  csrf.origin ",
            reason.operator,
            reason.remedy,
            "session.refused",
        ] {
            assert!(text.contains(part), "{part} is missing in {text}");
        }
        assert!(text.find("session.ended").unwrap() < text.find("session.refused").unwrap(), "oldest first");
        assert_eq!(text.matches(reason.operator).count(), 1, "nothing twice");
        let (_, json) = explained(Some(&remembered()), records, true).await;
        let json: Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&json["is_known"], &json["request_id"]), (&Value::Bool(true), &Value::from(ID)));
        assert_eq!(json["request"]["http.status"], 401);
        assert_eq!(json["reasons"][0]["remedy"], reason.remedy);
        assert_eq!(json["audit"].as_array().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn one_source_alone_is_enough() {
        let (code, text) = explained(None, vec![record(1, Action::SignedIn, "")], false).await;
        assert!(code == 0 && text.contains("session.signed_in"), "{text}");
        assert_eq!(explained(Some(&remembered()), Vec::new(), false).await.0, 0);
    }

    #[tokio::test]
    async fn an_unknown_request_is_a_finding() {
        for is_json in [false, true] {
            let (code, text) = explained(None, Vec::new(), is_json).await;
            assert!(code == 1 && text.contains(ID), "{text}");
        }
    }

    #[tokio::test]
    async fn what_is_remembered_cannot_move_the_cursor() {
        let hostile = doorward_store::Entry { path: "/\u{1b}[2J\n/".to_owned(), ..remembered() };
        let (_, text) = explained(Some(&hostile), Vec::new(), false).await;
        assert!(!text.contains('\u{1b}') && text.contains("\\u{1b}[2J\\u{a}"), "{text}");
    }
}
