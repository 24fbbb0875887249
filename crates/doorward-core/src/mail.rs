//! Mail that waits to be sent: written with the change that causes it, tried until it is sent or no longer of use.

use crate::clock::UnixTime;
use crate::factor::Sealed;
use crate::identifier::{MailId, UserId};
use crate::user::Email;

/// The most letters that wait at one time, of all people together.
pub const MOST_WAITING: i64 = 10_000;

/// The most of them that people have caused who were not signed in ([`OF_STRANGERS`]): the rest is kept for codes, notices
/// and invitations, however many ask for accounts or new passwords.
pub const MOST_OF_STRANGERS: i64 = MOST_WAITING / 2;

/// The templates of letters that anybody can cause without signing in.
pub const OF_STRANGERS: [&str; 3] = ["registration", "already_registered", "password_reset"];

/// The most letters that wait for one address at one time.
pub const MOST_FOR_ONE: i64 = 50;

/// Seconds for which whoever sends a letter has it alone. Longer than the time limits of one delivery together.
pub const LEASE_SECONDS: i64 = 120;

/// How often a letter is tried.
pub const MOST_TRIES: i64 = 16;

/// Seconds from the first failure to the next try; each further one doubles it.
const FIRST_WAIT: i64 = 15;

/// The longest wait between two tries, in seconds.
const LONGEST_WAIT: i64 = 3_600;

/// One letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its public name, and the local part of its Message-ID: a letter that is sent twice is seen to be one.
    pub id: MailId,
    /// To whom.
    pub to: Email,
    /// Whom it is about, where it is about a user.
    pub user: Option<UserId>,
    /// The template it was made with, for lists and logs.
    pub kind: Box<str>,
    /// The whole letter, encrypted: it may hold a link or a code. Removed as soon as it is sent or given up.
    pub body: Sealed,
    /// When it was written.
    pub created_at: UnixTime,
    /// When it is of no more use: with the code or the link that it holds.
    pub expires_at: UnixTime,
}

/// A letter that somebody has taken to send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// The letter.
    pub letter: Letter,
    /// How often it was taken, this time included.
    pub tries: i64,
    /// Until when it is theirs. Also the proof of it: whoever comes back later changes nothing.
    pub leased_until: UnixTime,
}

/// Why a letter could not be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// In words, for whoever runs the server.
    pub why: String,
    /// Whether no further try can help: the server refuses this very letter for good (RFC 5321, section 4.2.1, 5yz).
    pub is_final: bool,
}

impl Failed {
    /// A failure that may pass.
    #[must_use]
    pub fn for_now(why: impl Into<String>) -> Self {
        Self { why: why.into(), is_final: false }
    }
}

/// When a letter is tried again that has failed `tries` times; nothing where it is given up.
#[must_use]
pub fn next_try(tries: i64, now: UnixTime, expires_at: UnixTime) -> Option<UnixTime> {
    let doublings = u32::try_from(tries.clamp(1, 20) - 1).unwrap_or(0);
    let next = now + (FIRST_WAIT << doublings).min(LONGEST_WAIT);
    (tries < MOST_TRIES && next < expires_at).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_longer_each_time_and_gives_up() {
        let end = UnixTime(10_000_000);
        let waits: Vec<i64> = (1..MOST_TRIES).map(|tries| next_try(tries, UnixTime(0), end).unwrap().0).collect();
        assert_eq!(waits[..9], [15, 30, 60, 120, 240, 480, 960, 1_920, 3_600]);
        assert_eq!(waits.last(), Some(&3_600));
        assert_eq!(next_try(MOST_TRIES, UnixTime(0), end), None);
        assert_eq!(next_try(1, UnixTime(0), UnixTime(15)), None, "a code that is void by then is not sent");
        assert_eq!(next_try(i64::MAX, UnixTime(0), end), None);
    }
}
