//! The data plane: what stands between a connection and an app.
//!
//! Nothing is forwarded without a [`Permit`], and only the decider of `doorward-core` makes one.
//!
//! [`Permit`]: doorward_core::policy::Permit

pub mod acme;
mod deadline;
pub mod fault;
pub mod forward;
pub mod gate;
pub mod header;
pub mod path;
mod pool;
pub mod tls;
pub mod tunnel;
pub mod upstream;
