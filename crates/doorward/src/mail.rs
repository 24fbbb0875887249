//! Mail: the letters, the post that writes them into the outbox, and how they get to a mail server.

mod courier;
mod dispatch;
pub mod letter;
mod line;
mod message;
mod notice;
mod post;
mod viewer;

pub use courier::{Courier, Parcel, Step, Undelivered};
pub use dispatch::{Dispatch, Figures};
pub use letter::{Draft, Site};
pub use notice::{Circumstances, Notice};
pub use post::{Addressee, Post};
pub use viewer::{Shown, Viewer};
