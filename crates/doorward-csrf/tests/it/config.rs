//! What a configuration is refused for, all at once.

use std::time::Duration;

use doorward_csrf::{Builder, Csrf, SecretKey};

fn good() -> Builder {
    Csrf::builder().secret_keys([SecretKey::new(0, *b"0123456789abcdef0123456789abcdef")])
}

fn problems(builder: Builder) -> Vec<(&'static str, &'static str)> {
    match builder.build() {
        Ok(_) => Vec::new(),
        Err(error) => error.problems.iter().map(|problem| (problem.field, problem.code)).collect(),
    }
}

#[test]
fn the_defaults_need_only_a_key() {
    let csrf = good().build().unwrap();
    assert_eq!(
        (csrf.cookie_name(), csrf.header_text(), csrf.field_name()),
        ("csrf_token", "X-CSRF-TOKEN", "csrf_token")
    );
    assert_eq!(csrf.bind_cookie_name(doorward_csrf::Scheme::Https), "__Host-Http-csrf_bind");
    assert_eq!(csrf.bind_cookie_name(doorward_csrf::Scheme::Http), "csrf_bind");
    assert_eq!((csrf.token_path(), csrf.max_age_seconds()), ("/api/v1/auth/csrf-token", 3600));
    assert!(!csrf.is_report_only());
}

#[test]
fn everything_wrong_is_reported_at_once() {
    let builder = Csrf::builder()
        .secret_keys([SecretKey::new(1, *b"short"), SecretKey::new(1, [b'x'; 40])])
        .trusted_origins(["https://app.test/", "*", "https://fine.test"])
        .public_origins(["https://*.example.com", "ftp://example.com"])
        .allowed_hosts(["https://example.com"])
        .exempt_paths(["POST /hooks/{rest...}", "/no-method"])
        .session_paths(["login"])
        .token_path("/a/{b}")
        .header_name("X_CSRF")
        .cookie_name("csrf token")
        .cookie_domain("localhost")
        .field_name("")
        .max_age(Duration::ZERO)
        .skew(Duration::from_hours(2));
    assert_eq!(
        problems(builder),
        [
            ("secret_keys", "config_secret_short"),
            ("secret_keys", "config_secret_weak"),
            ("secret_keys", "config_kid_duplicate"),
            ("cookie_name", "config_cookie_name"),
            ("cookie_domain", "config_cookie_domain"),
            ("header_name", "config_header_name"),
            ("field_name", "config_field_name"),
            ("max_age", "config_max_age"),
            ("skew", "config_skew"),
            ("token_path", "config_invalid_path"),
            ("public_origins", "config_invalid_origin"),
            ("public_origins", "config_invalid_origin"),
            ("trusted_origins", "config_invalid_origin"),
            ("trusted_origins", "config_invalid_origin"),
            ("allowed_hosts", "config_invalid_host"),
            ("session_paths", "config_invalid_path"),
            ("exempt_paths", "config_invalid_path"),
            ("exempt_paths", "config_invalid_path"),
        ]
    );
}

#[test]
fn no_key_comes_with_the_command_that_makes_one() {
    let error = Csrf::builder().build().unwrap_err();
    assert!(error.to_string().contains("openssl rand"), "{error}");
}

#[test]
fn names_that_browsers_would_drop_are_refused() {
    for (builder, is_good) in [
        (good().cookie_name("__Host-csrf"), true),
        (good().cookie_name("__Host-csrf").require_https(false), false),
        (good().cookie_name("__Host-csrf").cookie_domain("example.com"), false),
        (good().cookie_name("__Host-Http-csrf"), false),
        (good().cookie_name("csrf_bind"), false),
        (good().bind_cookie_name("__Host-own"), true),
        (good().bind_cookie_name("a;b"), false),
        (good().cookie_domain(".example.com"), true),
        (good().cookie_domain("127.0.0.1"), false),
        (good().cookie_domain("intranet"), false),
        (good().cookie_domain("app.localhost"), false),
    ] {
        let text = format!("{builder:?}");
        assert_eq!(builder.build().is_ok(), is_good, "{text}");
    }
}

#[test]
fn a_bind_cookie_name_of_its_own_keeps_its_prefix_on_https_only() {
    let csrf = good().bind_cookie_name("__Host-own").build().unwrap();
    assert_eq!(csrf.bind_cookie_name(doorward_csrf::Scheme::Https), "__Host-own");
    assert_eq!(csrf.bind_cookie_name(doorward_csrf::Scheme::Http), "own");
}
