//! Mail: the letters, the post that writes them into the outbox, and how they get to a mail server.

pub mod letter;
mod notice;
mod post;

pub use letter::{Draft, Site};
pub use notice::{Circumstances, Notice};
pub use post::{Addressee, Post};
