//! How many questions strangers may ask: each writes a row, and asking for a passkey needs no name.

use std::collections::HashMap;

use doorward_core::UnixTime;
use doorward_core::address::Network;
use parking_lot::Mutex;

/// Seconds of one stretch.
const STRETCH: i64 = 60;

/// Questions of one network in one stretch. A page asks once when it is opened, and many people share a network.
const MOST: u32 = 120;

/// Networks that are counted one by one in one stretch. All beyond them share one count, so that whoever has many networks
/// gives nobody a new one: memory is bounded, and so is what strangers can ask for.
const NETWORKS: usize = 10_000;

/// Questions of all networks beyond those, in one stretch.
const MOST_OF_OTHERS: u32 = 1_200;

/// The questions of the present stretch.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Asked>);

#[derive(Debug, Default)]
struct Asked {
    stretch: i64,
    networks: HashMap<Network, u32>,
    others: u32,
}

impl Pace {
    /// Counts a question.
    ///
    /// # Errors
    /// The seconds to wait, where there were too many.
    pub(super) fn step(&self, network: Network, now: UnixTime) -> Result<(), i64> {
        let stretch = now.0.div_euclid(STRETCH);
        let mut asked = self.0.lock();
        if asked.stretch != stretch {
            *asked = Asked { stretch, ..Asked::default() };
        }
        let is_full = asked.networks.len() >= NETWORKS;
        let (count, most) = match asked.networks.get_mut(&network) {
            Some(count) => (count, MOST),
            None if is_full => (&mut asked.others, MOST_OF_OTHERS),
            None => (asked.networks.entry(network).or_default(), MOST),
        };
        *count = count.saturating_add(1);
        if *count <= most { Ok(()) } else { Err(STRETCH - now.0.rem_euclid(STRETCH)) }
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

    #[test]
    fn many_networks_give_nobody_a_new_count() {
        let (pace, now) = (Pace::default(), UnixTime(1_800_000_000));
        let network = |number: u32| {
            Network::of(std::net::IpAddr::from((u32::from_be_bytes([10, 0, 0, 0]) + (number << 8)).to_be_bytes()))
        };
        for _ in 0..MOST {
            pace.step(network(0), now).unwrap();
        }
        let asked = (1..20_000).filter(|number| pace.step(network(*number), now).is_ok()).count();
        assert_eq!(asked, NETWORKS - 1 + MOST_OF_OTHERS as usize);
        assert!(pace.step(network(0), now).is_err(), "what was counted stays counted");
        assert_eq!(pace.step(network(1), now), Ok(()));
    }
}
