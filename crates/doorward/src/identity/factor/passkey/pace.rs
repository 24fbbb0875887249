//! How many questions strangers may ask: each writes a row, and asking for a passkey needs no name.

use std::collections::HashMap;

use doorward_core::UnixTime;
use doorward_core::address::Network;
use parking_lot::Mutex;

/// Seconds of one stretch.
const STRETCH: i64 = 60;

/// Questions of one network in one stretch. A page asks once when it is opened, and many people share a network.
const MOST: u32 = 120;

/// Networks that are counted at once. Beyond them the counting begins anew: memory is bounded, and the rows end by
/// themselves after five minutes.
const NETWORKS: usize = 10_000;

/// The questions of the present stretch, by network.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<(i64, HashMap<Network, u32>)>);

impl Pace {
    /// Counts a question.
    ///
    /// # Errors
    /// The seconds to wait, where there were too many.
    pub(super) fn step(&self, network: Network, now: UnixTime) -> Result<(), i64> {
        let stretch = now.0.div_euclid(STRETCH);
        let mut held = self.0.lock();
        if held.0 != stretch || held.1.len() >= NETWORKS {
            *held = (stretch, HashMap::new());
        }
        let count = held.1.entry(network).or_default();
        *count = count.saturating_add(1);
        if *count <= MOST { Ok(()) } else { Err(STRETCH - now.0.rem_euclid(STRETCH)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_network_keeps_no_other_from_asking() {
        let (pace, now) = (Pace::default(), UnixTime(1_800_000_000));
        let [one, other] = [[192, 0, 2, 1], [198, 51, 100, 1]].map(|four| Network::of(four.into()));
        for _ in 0..MOST {
            assert_eq!(pace.step(one, now), Ok(()));
        }
        assert_eq!(pace.step(one, now + 20), Err(40));
        assert_eq!(pace.step(other, now), Ok(()));
        assert_eq!(pace.step(one, now + STRETCH), Ok(()));
    }
}
