//! What Doorward finds out when people cannot sign in.
//!
//! Probes gather [`facts`] and are the only I/O. Rules are pure functions from facts to suspects, one file for each
//! family of causes, in one slice ([`rule::RULES`]). [`judge`] takes the outermost broken link, and says so or abstains.

pub mod diff;
pub mod facts;
pub mod har;
pub mod host;
mod html;
pub mod jar;
pub mod journal;
pub mod judge;
pub mod measured;
pub mod mend;
pub mod probe;
pub mod profile;
pub mod redact;
pub mod report;
pub mod rule;
pub mod stop;
pub mod suspect;
mod told;
pub mod totp;
mod trail;

pub use facts::Facts;
pub use judge::judge;
pub use probe::{Request, examine, examine_host, examine_logs};
pub use report::{Report, Style};
