//! The API of `/api/v1`, one file for each thing, and its OpenAPI document.
#![expect(clippy::missing_errors_doc, reason = "a handler's errors are the refusals that its answers document")]

pub mod app_password;
pub mod audit;
pub mod configuration;
pub mod csrf_token;
pub mod debug;
pub mod device;
pub mod email;
pub mod factor;
pub mod invitation;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod me;
pub mod openapi;
pub mod passkey;
pub mod password;
pub mod pending;
pub mod problem;
pub mod recovery;
pub mod recovery_code;
pub mod refresh;
pub mod session;
pub mod totp;
pub mod user;
