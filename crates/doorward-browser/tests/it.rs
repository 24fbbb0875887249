//! The browser against real pages on real sockets.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may stop at what should not be")]

#[path = "it/bad.rs"]
mod bad;
#[path = "it/e2e.rs"]
mod e2e;
#[path = "it/http.rs"]
mod http;
#[path = "it/killed.rs"]
mod killed;
#[path = "it/option.rs"]
mod option;
#[path = "it/oracle.rs"]
mod oracle;
#[path = "it/parity.rs"]
mod parity;
#[path = "it/refused.rs"]
mod refused;
#[path = "it/site.rs"]
mod site;
#[path = "it/tool.rs"]
mod tool;
