//! The case file that the example program runs, through the same translation.

#[path = "../../examples/cases/runner.rs"]
mod runner;

#[test]
fn every_case_is_decided_as_its_line_says() {
    let summary = runner::run(include_str!("csrf.jsonl"));
    assert_eq!(summary.failures, Vec::<String>::new());
    assert_eq!(summary.total, 195);
}

#[test]
fn a_wrong_expectation_is_reported_with_what_was_decided_instead() {
    let line = r#"{"id": "X", "method": "GET", "scheme": "https", "host": "a.test", "expect": "deny", "reason": "cross_site"}"#;
    let summary = runner::run(line);
    assert_eq!(summary.failures.len(), 1);
    assert!(
        summary.failures[0].contains("X: expected deny cross_site, got allow safe_method"),
        "{}",
        summary.failures[0]
    );
}

#[test]
fn the_path_of_the_token_endpoint_belongs_to_the_language() {
    let line = |path: &str, expected: &str| {
        let (expect, reason) = expected.split_once(' ').unwrap();
        format!(
            r#"{{"id": "X", "method": "GET", "scheme": "https", "host": "a.test", "path": "{path}", "headers": {{"Sec-Fetch-Site": "cross-site"}}, "config": {{"token_endpoint": "/t"}}, "expect": "{expect}", "reason": "{reason}"}}"#
        )
    };
    for line in [line("/t", "deny token_endpoint_cross_site"), line("/api/v1/auth/csrf-token", "allow safe_method")] {
        assert_eq!(runner::run(&line).failures, Vec::<String>::new());
    }
}

#[test]
fn the_language_is_understood_beyond_what_the_file_uses() {
    let run = |extra: &str, expected: &str| {
        let (expect, reason) = expected.split_once(' ').unwrap();
        let line = format!(
            r#"{{"id": "X", "method": "POST", "scheme": "https", "host": "a.test", "expect": "{expect}", "reason": "{reason}", {extra}}}"#
        );
        let summary = runner::run(&line);
        assert_eq!(summary.failures, Vec::<String>::new());
    };
    let same = r#""Origin": "https://a.test""#;
    let with = |token: &str| {
        format!(
            r#""headers": {{{same}, "X-CSRF-TOKEN": "${{A}}"}}, "cookies": {{"__Host-csrf_bind": "b1"}}, "tokens": {{"A": {token}}}"#
        )
    };
    run(&with(r#"{"encode": "pct"}"#), "allow token_ok");
    run(&with(r#"{"encode": "quoted"}"#), "deny token_malformed");
    run(&with(r#"{"literal": "abc"}"#), "deny token_malformed");
    run(&with(r#"{"tamper": "nonce"}"#), "deny token_bad_signature");
    run(&with(r#"{"key": "unknown"}"#), "deny token_bad_signature");
    run(&with(r#"{"age": 3601}"#), "deny token_expired");
    run(&with(r#"{"fam": "other"}"#), "deny token_binding_mismatch");
    run(&format!(r#"{}, "session": "s1""#, with(r#"{"session": "s1"}"#)), "allow token_ok");
    run(&format!(r#"{}, "config": {{"max_age": 4}}"#, with("{}")), "deny token_expired");
    run(&format!(r#"{}, "config": {{"skew": 10, "now": 1000}}"#, with(r#"{"age": -11}"#)), "deny token_from_future");
    run(&format!(r#"{}, "config": {{"bind_cookie": "other"}}"#, with("{}")), "deny cookie_missing");
    run(&format!(r#"{}, "config": {{"keys": ["k2", "k1"]}}"#, with(r#"{"key": "k1"}"#)), "allow token_ok");
    run(
        &format!(
            r#""headers": {{{same}}}, "cookies": {{"t": "${{A}}"}}, "form": {{"f": "${{A}}"}}, "tokens": {{"A": {{}}}}, "config": {{"cookie": "t", "field": "f"}}"#
        ),
        "allow token_ok",
    );
    run(&format!(r#""headers": {{{same}}}, "form": {{"csrf_token": 5}}"#), "deny token_malformed");
    run(&format!(r#""headers": {{{same}}}, "form": {{"csrf_token": null}}"#), "deny token_malformed");
    run(&format!(r#""headers": {{{same}}}, "form": null"#), "deny token_missing");
    run(&format!(r#""headers": {{{same}}}, "form": "unreadable""#), "deny token_missing");
    run(
        &with("{}")
            .replace("__Host-csrf_bind", "__Host-x")
            .replace("b1", "${A}")
            .replace("}}", r#"}}, "config": {"cookie": "__Host-x"}"#),
        "allow token_ok",
    );
    run(r#""authority": "b.test""#, "deny authority_mismatch");
    run(r#""headers": {"Sec-Fetch-Site": "none"}, "config": {"sfs_none": "deny"}"#, "deny user_initiated_denied");
    run(
        r#""headers": {"Authorization": "Bearer x"}, "path": "/in", "config": {"session_routes": ["/in"]}"#,
        "deny token_missing",
    );
    run(r#""config": {"add_trusted_origin": "https://**.a.test"}"#, "allow config_ok");
}

#[test]
fn a_case_may_leave_out_what_does_not_matter_to_it() {
    for line in [
        r#"{"id": "X", "kind": "config", "config": {"add_trusted_origin": "https://a.test"}, "expect": "allow", "reason": "config_ok"}"#,
        r#"{"id": "X", "host": "a.test", "path": null, "headers": null, "cookies": null, "cookie_pairs": null, "cookie_fields": null, "form": null, "query": null, "tokens": null, "authority": null, "config": null, "note": null, "expect": "deny", "reason": "token_missing"}"#,
        r#"{"id": "X", "host": "a.test", "config": {"rotate": "always", "report_only": false}, "expect": "deny", "reason": "token_missing"}"#,
        r#"{"id": "X", "host": "a.test", "path": "/hooks/7", "headers": {"Sec-Fetch-Site": "cross-site"}, "config": {"exempt": [["POST", "/hooks/{hook-id}"]]}, "expect": "allow", "reason": "exempt_path"}"#,
    ] {
        assert_eq!(runner::run(line).failures, Vec::<String>::new(), "{line}");
    }
}
