//! When to ask: renewal at two thirds of a life or when the authority advises, and ever longer waits after failures.

use doorward_core::{Random, UnixTime, random};
use serde::{Deserialize, Serialize};

use crate::tls::Certificate;

/// The wait after the first failure, in seconds.
const FIRST_WAIT: i64 = 60;
/// The longest wait, in seconds.
const LONGEST_WAIT: i64 = 86_400;
/// How often the authority is asked when to renew, in seconds (RFC 9773, section 4.3.2: a day at most).
const ADVICE_EVERY: i64 = 6 * 3_600;

/// How tries have gone since the last one that went well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(super) struct Attempts {
    failures: u32,
    next: UnixTime,
}

impl Attempts {
    /// Whether a try may begin. A next time that no wait leads to comes from a clock that was wrong, and binds nobody.
    pub(super) fn allow(self, now: UnixTime) -> bool {
        now >= self.next || self.next.seconds_since(now) > 2 * LONGEST_WAIT
    }

    /// The state in which a try begins: as if it had failed already, until it is known to have gone well.
    pub(super) fn begin(self, now: UnixTime, source: &dyn Random) -> Self {
        let failures = self.failures.saturating_add(1);
        let wait = FIRST_WAIT.saturating_mul(1 << (failures - 1).min(20)).min(LONGEST_WAIT);
        // Three quarters to the whole of it, so that a thousand programs do not come back in one second.
        let wait = wait - below(wait / 4 + 1, source);
        Self { failures, next: now + wait }
    }

    /// The same with a wait that is not shorter than this many seconds more than usual begins with.
    pub(super) fn at_least(self, seconds: i64) -> Self {
        Self { next: self.next + seconds.clamp(0, LONGEST_WAIT), ..self }
    }

    /// When the next try may begin.
    pub(super) fn next(self) -> UnixTime {
        self.next
    }
}

/// When a certificate is to be renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plan {
    /// By its own life.
    own: UnixTime,
    /// Its last moment for a renewal, whatever is advised.
    latest: UnixTime,
    /// As the authority advises.
    advised: Option<UnixTime>,
    /// The window that this was drawn from.
    window: Option<(UnixTime, UnixTime)>,
    ask_again: UnixTime,
    is_heard: bool,
}

impl Plan {
    /// For a certificate that was just put into force; at once where there is none.
    pub(super) fn of(certificate: Option<&Certificate>, source: &dyn Random) -> Self {
        let (from, until) = certificate.map_or((UnixTime(0), UnixTime(0)), |it| (it.not_before(), it.not_after()));
        let life = until.seconds_since(from).max(0);
        Self {
            own: from + life / 3 * 2 + below(life / 30 + 1, source),
            latest: until - life / 10,
            advised: None,
            window: None,
            ask_again: UnixTime(0),
            is_heard: false,
        }
    }

    pub(super) fn wants_advice(self, now: UnixTime) -> bool {
        now >= self.ask_again
    }

    /// Whether the authority has ever given advice about this certificate.
    pub(super) fn is_advised(self) -> bool {
        self.is_heard
    }

    /// Takes the window that the authority advises. One moment is drawn from it and kept as long as the window stays.
    pub(super) fn hear(&mut self, window: Option<(UnixTime, UnixTime)>, now: UnixTime, source: &dyn Random) {
        self.ask_again = now + ADVICE_EVERY;
        let Some((start, end)) = window else { return };
        self.is_heard = true;
        if self.window != Some((start, end)) {
            self.window = Some((start, end));
            self.advised = Some(start + below(end.seconds_since(start).max(0) + 1, source));
        }
    }

    pub(super) fn is_due(self, now: UnixTime) -> bool {
        now >= self.advised.map_or(self.own, |advised| advised.min(self.latest))
    }
}

/// A whole number from 0 up to but not including `limit`. The tiny unevenness of the remainder matters to nobody here.
fn below(limit: i64, source: &dyn Random) -> i64 {
    let number = u64::from_be_bytes(random::bytes(source)) >> 1;
    i64::try_from(number).unwrap_or(0) % limit.max(1)
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    /// Draws the same byte for ever.
    #[derive(Debug)]
    struct Same(u8);

    impl Random for Same {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(self.0);
        }
    }

    fn ninety_days() -> Certificate {
        let mut parameters = CertificateParams::new(vec!["a.test".to_owned()]).unwrap();
        parameters.not_before = rcgen::date_time_ymd(2026, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2026, 4, 1);
        let key = KeyPair::generate().unwrap();
        let chain = parameters.self_signed(&key).unwrap().pem();
        Certificate::read(chain.as_bytes(), key.serialize_pem().as_bytes()).unwrap()
    }

    #[test]
    fn waits_double_up_to_a_day_and_differ_from_each_other() {
        let (mut attempts, mut waits) = (Attempts::default(), Vec::new());
        for _ in 0..40 {
            attempts = attempts.begin(UnixTime(1_000), &Same(0));
            waits.push(attempts.next().seconds_since(UnixTime(1_000)));
        }
        assert_eq!(waits[..5], [60, 120, 240, 480, 960]);
        assert_eq!(waits[11..].iter().max(), Some(&LONGEST_WAIT));
        let other = Attempts::default().begin(UnixTime(1_000), &Same(0x55)).next().seconds_since(UnixTime(1_000));
        assert!((45..60).contains(&other), "{other}");
    }

    #[test]
    fn a_try_waits_for_its_time_unless_the_clock_was_wrong() {
        let attempts = Attempts::default().begin(UnixTime(1_000), &Same(0));
        assert!(!attempts.allow(UnixTime(1_059)) && attempts.allow(UnixTime(1_060)));
        assert!(attempts.allow(UnixTime(1_000 - 3 * LONGEST_WAIT)), "it was written by a clock that ran ahead");
        assert!(Attempts::default().allow(UnixTime(0)));
    }

    #[test]
    fn renews_at_two_thirds_of_a_life() {
        let certificate = ninety_days();
        let two_thirds = certificate.not_before() + 60 * 86_400;
        for source in [Same(0), Same(0xff), Same(0x31)] {
            let plan = Plan::of(Some(&certificate), &source);
            assert!(!plan.is_due(two_thirds - 1));
            assert!(plan.is_due(two_thirds + 3 * 86_400 + 1), "a little later, so that not all come at once");
        }
        assert!(Plan::of(None, &Same(0)).is_due(UnixTime(1)));
    }

    #[test]
    fn follows_advice_but_never_to_the_end() {
        let certificate = ninety_days();
        let (from, until) = (certificate.not_before(), certificate.not_after());
        let mut plan = Plan::of(Some(&certificate), &Same(0));
        assert!(plan.wants_advice(from) && !plan.is_advised());
        plan.hear(Some((from + 10, from + 20)), from, &Same(0x7f));
        assert!(!plan.wants_advice(from + 1) && plan.wants_advice(from + ADVICE_EVERY));
        assert!(plan.is_advised() && !plan.is_due(from + 9) && plan.is_due(from + 20), "a revocation is coming");
        plan.hear(Some((until + 10, until + 20)), from, &Same(0));
        assert!(!plan.is_due(until - 10 * 86_400) && plan.is_due(until - 9 * 86_400));
        let before = plan;
        plan.hear(None, from, &Same(0));
        assert_eq!(plan.is_due(until - 10 * 86_400), before.is_due(until - 10 * 86_400), "silence changes nothing");
    }
}
