//! How many guesses somebody has: pure counting, kept by the store over restarts and nodes.
//!
//! A guess is paid before the password is looked at, and given back when it was right. So a guess that
//! runs beside another, or ends in a crash, is never free.

use crate::address::Network;
use crate::clock::UnixTime;
use crate::factor::code::EmailPurpose;
use crate::identifier::{LinkId, UserId};
use crate::signin::Method;
use crate::token::TokenHash;
use crate::user::Email;

/// Whose guesses are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum BudgetKey {
    /// All strangers who try this account, whether it exists or not.
    Account(Email),
    /// A browser that has signed in to this account before.
    KnownBrowser(UserId, TokenHash),
    /// Everybody in this network.
    Network(Network),
    /// Codes of one way of proving a second factor, from browsers in which no sign-in was finished. Only a right password
    /// opens it.
    Factor(UserId, Method),
    /// Codes of one way from a browser in which a sign-in was finished, so that somebody else who has the password cannot
    /// keep the owner out.
    KnownFactor(UserId, TokenHash, Method),
    /// Mail that somebody has sent to this mailbox, such as a link, whatever spelling of its address is used.
    MailTo(Email),
    /// Mail that somebody in this network has sent to anybody. Counted apart from sign-ins, so that whoever has forgotten a
    /// password keeps nobody from signing in.
    MailNetwork(Network),
    /// Choosing a password by this link: each try is a hash, and whoever has a link has it once.
    Link(LinkId),
    /// Codes by mail for one purpose, asked for from browsers in which no sign-in was finished. Only a right password opens
    /// it, so strangers keep nobody from a code; and what comes after a recovery code is counted apart, so that somebody
    /// who has the password keeps nobody from that.
    CodeTo(UserId, EmailPurpose),
    /// Codes by mail that were asked for from a browser in which a sign-in was finished.
    KnownCodeTo(UserId, TokenHash),
    /// Mail that sessions of this user have sent, whoever it goes to. Counted apart from what strangers have sent.
    MailBy(UserId),
    /// Mail that sessions of whomever have sent to a mailbox that is not that of their account.
    MailOfSessions(Email),
    /// Links for a forgotten password that were asked for from a browser in which a sign-in was finished.
    KnownMail(UserId, TokenHash),
    /// App passwords from this network. Counted apart from sign-ins, so that a client whose password was withdrawn, and
    /// that tries all day, keeps nobody from signing in.
    AppPassword(Network),
}

impl BudgetKey {
    /// The key as the store keeps it.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Account(email) => format!("account:{email}"),
            Self::KnownBrowser(user, browser) => format!("browser:{user}:{}", browser.to_text()),
            Self::Network(network) => format!("network:{network}"),
            Self::Factor(user, way) => format!("factor:{user}:{}", way.as_str()),
            Self::KnownFactor(user, browser, way) => format!("factor:{user}:{}:{}", way.as_str(), browser.to_text()),
            Self::MailTo(email) => format!("mail:{}", email.mailbox()),
            Self::MailNetwork(network) => format!("post:{network}"),
            Self::Link(link) => format!("link:{link}"),
            Self::CodeTo(user, purpose) => format!("code:{user}:{}", purpose.as_str()),
            Self::KnownCodeTo(user, browser) => format!("code:{user}:browser:{}", browser.to_text()),
            Self::MailBy(user) => format!("letter:{user}"),
            Self::MailOfSessions(email) => format!("letter:to:{}", email.mailbox()),
            Self::KnownMail(user, browser) => format!("letter:{user}:browser:{}", browser.to_text()),
            Self::AppPassword(network) => format!("app:{network}"),
        }
    }

    /// The limits of this kind of key.
    #[must_use]
    pub fn limits(&self) -> Limits {
        match self {
            Self::Account(_) | Self::KnownBrowser(..) => {
                Limits { windows: &[Window { seconds: WINDOW_SECONDS, guesses: 10 }], free: 3, consecutive: 100 }
            }
            // Many honest people can sit behind one address, so a network has more guesses and no final stop.
            Self::Network(_) | Self::AppPassword(_) => {
                Limits { windows: &[Window { seconds: WINDOW_SECONDS, guesses: 60 }], free: 20, consecutive: u32::MAX }
            }
            // With two accepted steps of a million, 20 guesses a day win once in 25,000 days.
            Self::Factor(..) | Self::KnownFactor(..) => Limits {
                windows: &[Window { seconds: 900, guesses: 5 }, Window { seconds: DAY_SECONDS, guesses: 20 }],
                free: 5,
                consecutive: 100,
            },
            Self::MailNetwork(_) => Limits {
                windows: &[Window { seconds: WINDOW_SECONDS, guesses: 60 }],
                free: u32::MAX,
                consecutive: u32::MAX,
            },
            Self::Link(_) => {
                Limits { windows: &[Window { seconds: WINDOW_SECONDS, guesses: 20 }], free: u32::MAX, consecutive: 100 }
            }
            Self::MailTo(_)
            | Self::CodeTo(..)
            | Self::KnownCodeTo(..)
            | Self::MailBy(_)
            | Self::MailOfSessions(_)
            | Self::KnownMail(..) => Limits {
                windows: &[Window { seconds: 900, guesses: 5 }, Window { seconds: DAY_SECONDS, guesses: 20 }],
                free: u32::MAX,
                consecutive: u32::MAX,
            },
        }
    }
}

/// The window in which passwords are counted, in seconds.
pub const WINDOW_SECONDS: i64 = 3_600;

/// The longest window of any key, in seconds.
pub const DAY_SECONDS: i64 = 86_400;

/// The longest wait between two guesses, in seconds.
pub const LONGEST_WAIT: i64 = 900;

/// A span of time and the guesses that fit into any such span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its length.
    pub seconds: i64,
    /// Wrong guesses.
    pub guesses: usize,
}

/// How many wrong guesses a key has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// All of these hold; the longest stands last.
    pub windows: &'static [Window],
    /// Wrong guesses in a row that cost no wait; each further one doubles it: 1, 2, 4 … 900 s.
    pub free: u32,
    /// Wrong guesses in a row after which there is no further one (NIST SP 800-63B-4, section 3.2.2: at most 100).
    pub consecutive: u32,
}

/// The guesses of one key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counter {
    /// When the guesses of the longest window were made, oldest first; at most as many as fit into it.
    pub recent: Vec<UnixTime>,
    /// Wrong guesses since the last right one.
    pub consecutive: u32,
    /// No guess before this moment.
    pub blocked_until: UnixTime,
}

/// Why there is no guess now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// Try again after this many seconds, at least 1.
    Wait(i64),
    /// Never again until the password is reset.
    Stopped,
}

impl Counter {
    /// Pays for one guess.
    ///
    /// # Errors
    /// Why there is none left; the counter is unchanged then.
    pub fn pay(&mut self, now: UnixTime, limits: Limits) -> Result<(), Spent> {
        if self.consecutive >= limits.consecutive {
            return Err(Spent::Stopped);
        }
        if now < self.blocked_until {
            return Err(Spent::Wait(self.blocked_until.seconds_since(now).min(LONGEST_WAIT)));
        }
        // A clock that went back leaves moments in the future: they still count, so that a step of the
        // clock gives no guess away.
        let longest = limits.windows.last().map_or(0, |window| window.seconds);
        self.recent.retain(|at| now.seconds_since(*at) < longest);
        if let Some(wait) = limits.windows.iter().filter_map(|window| self.wait_for(*window, now)).max() {
            return Err(Spent::Wait(wait));
        }
        self.recent.push(now);
        self.consecutive = self.consecutive.saturating_add(1);
        // Without a wait nothing is blocked, not even where the clock goes back: or whoever shares this key would wait until
        // it has come as far as it was.
        self.blocked_until = match wait_after(self.consecutive, limits.free) {
            0 => UnixTime::default(),
            wait => now + wait,
        };
        Ok(())
    }

    /// Seconds until a further guess fits into this window; nothing where it fits now.
    fn wait_for(&self, window: Window, now: UnixTime) -> Option<i64> {
        let mut inside = self.recent.iter().filter(|at| now.seconds_since(**at) < window.seconds);
        let surplus = inside.clone().count().checked_sub(window.guesses)?;
        let leaving = inside.nth(surplus).copied().unwrap_or(now);
        Some((window.seconds - now.seconds_since(leaving)).clamp(1, window.seconds))
    }

    /// Gives back one guess that was right, for a key that others share.
    pub fn refund(&mut self) {
        self.recent.pop();
        self.consecutive = self.consecutive.saturating_sub(1);
        self.blocked_until = UnixTime::default();
    }

    /// Whether nothing is remembered any more at `now`.
    #[must_use]
    pub fn is_forgotten(&self, now: UnixTime) -> bool {
        self.consecutive == 0 && self.recent.iter().all(|at| now.seconds_since(*at) >= DAY_SECONDS)
    }
}

fn wait_after(consecutive: u32, free: u32) -> i64 {
    match consecutive.checked_sub(free) {
        None => 0,
        Some(exponent) => 1_i64.checked_shl(exponent.min(10)).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ACCOUNT: Limits =
        Limits { windows: &[Window { seconds: WINDOW_SECONDS, guesses: 10 }], free: 3, consecutive: 100 };

    fn factor() -> Limits {
        BudgetKey::Factor(UserId::from_bytes([7; 16]), Method::OneTimeCode).limits()
    }

    // CVE-2018-14657, CVE-2025-64102: codes have a budget of their own, over all sessions of the account.
    #[test]
    fn codes_have_five_guesses_in_fifteen_minutes_and_twenty_a_day() {
        let (mut counter, mut now, mut paid) = (Counter::default(), UnixTime(1_000_000), 0);
        for _ in 0..5 {
            counter.pay(now, factor()).unwrap();
        }
        assert_eq!(counter.pay(now + 1, factor()), Err(Spent::Wait(899)));
        let mut counter = Counter::default();
        let end = now + DAY_SECONDS;
        while now < end {
            paid += usize::from(counter.pay(now, factor()).is_ok());
            now = now + 7;
        }
        assert_eq!(paid, 20);
        let mut stopped = Counter { consecutive: 100, ..Counter::default() };
        assert_eq!(stopped.pay(now, factor()), Err(Spent::Stopped));
    }

    #[test]
    fn each_way_and_each_mailbox_has_one_count() {
        let user = UserId::from_bytes([7; 16]);
        let of = |way| BudgetKey::Factor(user, way).to_text();
        assert_ne!(of(Method::OneTimeCode), of(Method::EmailCode));
        let to = |text: &str| BudgetKey::MailTo(text.parse().unwrap()).to_text();
        for same in
            ["a.d.a@example.com", "ada+shop@example.com", "A.da+x+y@EXAMPLE.com", "\u{ff41}da@ex\u{ff41}mple.com"]
        {
            assert_eq!(to(same), to("ada@example.com"), "{same}");
        }
        assert_eq!(to("ada@b\u{fc}cher.example"), to("ada@xn--bcher-kva.example"));
        assert_ne!(to("bob@example.com"), to("ada@example.com"));
        assert_eq!(to("+x@example.com"), to("+y@example.com"), "what is all suffix is one mailbox too");
    }

    #[test]
    fn waits_grow_from_the_third_wrong_guess() {
        let mut counter = Counter::default();
        let mut waits = Vec::new();
        let mut now = UnixTime(0);
        for _ in 0..10 {
            counter.pay(now, ACCOUNT).unwrap();
            waits.push(counter.blocked_until.seconds_since(now));
            now = counter.blocked_until;
        }
        assert_eq!(waits, [0, 0, 1, 2, 4, 8, 16, 32, 64, 128]);
        assert!(matches!(counter.pay(now, ACCOUNT), Err(Spent::Wait(1..=3_600))));
    }

    // PATTERN-CLOCK-BACK: what was paid still counts, and nobody waits for a clock that has nothing to wait for.
    #[test]
    fn a_clock_that_goes_back_keeps_out_only_whoever_has_to_wait() {
        let (mut counter, then) = (Counter::default(), UnixTime(1_000_000));
        for _ in 0..2 {
            counter.pay(then, ACCOUNT).unwrap();
        }
        counter.pay(then + -3_600, ACCOUNT).unwrap();
        assert!(matches!(counter.pay(then + -3_600, ACCOUNT), Err(Spent::Wait(1))), "the third guess was a wrong one");
        for second in 1..8 {
            let _ = counter.pay(then + (-3_600 + second * 300), ACCOUNT);
        }
        assert!(
            matches!(counter.pay(then + -1, ACCOUNT), Err(Spent::Wait(_))),
            "no step of a clock gives a guess away"
        );
    }

    #[test]
    fn stops_for_good_after_a_hundred_in_a_row() {
        let mut counter = Counter { consecutive: 99, ..Counter::default() };
        counter.pay(UnixTime(0), ACCOUNT).unwrap();
        assert_eq!(counter.pay(UnixTime(1_000_000), ACCOUNT), Err(Spent::Stopped));
    }

    #[test]
    fn a_right_guess_is_given_back() {
        let mut counter = Counter::default();
        for second in 0..500 {
            counter.pay(UnixTime(second), ACCOUNT).unwrap();
            counter.refund();
        }
        assert!(counter.is_forgotten(UnixTime(500)));
    }

    proptest! {
        #[test]
        fn never_more_codes_than_fit_into_any_window(steps in prop::collection::vec(-900_i64..3_000, 1..400)) {
            let (mut counter, mut now, mut paid) = (Counter::default(), UnixTime(1_000_000), Vec::new());
            for step in steps {
                now = UnixTime((now.0 + step).max(0));
                if counter.pay(now, factor()).is_ok() {
                    paid.push(now);
                }
            }
            for window in factor().windows {
                for some in paid.windows(window.guesses + 1) {
                    let span = some.iter().max().unwrap().seconds_since(*some.iter().min().unwrap());
                    prop_assert!(span >= window.seconds, "{some:?}");
                }
            }
        }

        #[test]
        fn never_more_than_ten_in_any_hour(steps in prop::collection::vec(-500_i64..2_000, 1..200)) {
            let (mut counter, mut now, mut paid) = (Counter::default(), UnixTime(10_000), Vec::new());
            for step in steps {
                now = UnixTime((now.0 + step).max(0));
                if counter.pay(now, ACCOUNT).is_ok() {
                    paid.push(now);
                }
            }
            // With a clock that only goes forward this is the sliding window itself; with one that steps
            // back it may only be stricter, so windows are counted over the order of payment.
            for window in paid.windows(11) {
                let span = window.iter().max().unwrap().seconds_since(*window.iter().min().unwrap());
                prop_assert!(span >= WINDOW_SECONDS, "{window:?}");
            }
        }
    }
}
