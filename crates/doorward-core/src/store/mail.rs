//! What the domain asks of a store about mail that waits to be sent.

use std::future::Future;

use super::Result;
use crate::audit::Event;
use crate::clock::UnixTime;
use crate::mail::{Failed, Letter, Taken};

/// The spool.
pub trait Outbox: Sized {
    /// The same store, whose next change also writes these letters, in its transaction: both happen or neither.
    ///
    /// Meant for one call, `store.mailing(letters).change_user(…)`. A call that changes nothing writes no letter, and a
    /// letter is written once however often the handle is used. Beyond [`crate::mail::MOST_WAITING`] in all, or
    /// [`crate::mail::MOST_FOR_ONE`] for one address, a letter is dropped and the log says so: no change waits for room.
    #[must_use]
    fn mailing(&self, letters: Vec<Letter>) -> Self;
    /// Takes at most `limit` letters that are due, the oldest first. They are the caller's for
    /// [`crate::mail::LEASE_SECONDS`]; whoever dies meanwhile loses them to the next.
    fn take_mail(&self, now: UnixTime, limit: u32) -> impl Future<Output = Result<Vec<Taken>>> + Send;
    /// Notes that a letter was sent, and removes its body. False where the lease is over and it is another's.
    fn mail_sent(&self, taken: &Taken, now: UnixTime) -> impl Future<Output = Result<bool>> + Send;
    /// Notes that a letter could not be sent: it is tried again later, or given up, its body removed, and `event`
    /// appended. False where the lease is over.
    fn mail_failed(&self, taken: &Taken, failed: &Failed, event: &Event) -> impl Future<Output = Result<bool>> + Send;
    /// How many letters wait.
    fn waiting_mail(&self) -> impl Future<Output = Result<i64>> + Send;
}
