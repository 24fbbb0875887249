//! The data plane: what stands between a connection and an app.
//!
//! Nothing is forwarded without a [`Permit`], and only the decider of `doorward-core` makes one.
//!
//! [`Permit`]: doorward_core::policy::Permit

pub mod acme;
pub mod tls;
