//! The data plane: what stands between a connection and an app.
//!
//! Nothing is forwarded without a [`Permit`], and only the decider of `doorward-core` makes one.
//!
//! [`Permit`]: doorward_core::policy::Permit

mod deadline;
pub mod fault;
pub mod forward;
pub mod header;
mod pool;
pub mod tunnel;
pub mod upstream;
