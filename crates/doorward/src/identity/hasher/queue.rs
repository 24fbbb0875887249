//! The bounded fair queue in front of the hash workers: a pure data structure, without clock or threads.
//!
//! Strangers wait in one lane for each network, known browsers in one for each account, and the
//! program's own work in a third class. A worker takes from the classes in turn, and in a class from
//! the lanes in turn. Nobody has more than [`EACH`] places, and strangers never have more than half of all.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use doorward_core::address::Network;
use doorward_core::user::Email;

/// Places that one network, one account's strangers, or one account's known browsers may have.
pub const EACH: usize = 2;

/// Who asks for a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ticket {
    /// The account that is tried, whether it exists or not.
    pub account: Email,
    /// Where the request came from.
    pub network: Network,
    /// Whether the browser has signed in to this account before. It is bound by the account only, so a
    /// flood from its network or against its account from elsewhere does not keep it out.
    pub is_known: bool,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Full {
    /// Every place is taken.
    Queue,
    /// Only places that are kept for known browsers are free.
    Strangers,
    /// This network has its places.
    Network,
    /// This account has its places.
    Account,
    /// The program's own work has its places.
    Own,
    /// The workers are ending.
    Closed,
}

impl Full {
    /// All of them, in the order of their discriminants.
    pub const ALL: [Self; 6] = [Self::Queue, Self::Strangers, Self::Network, Self::Account, Self::Own, Self::Closed];

    /// The label in the metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queue => "queue",
            Self::Strangers => "strangers",
            Self::Network => "network",
            Self::Account => "account",
            Self::Own => "own",
            Self::Closed => "closed",
        }
    }
}

/// Names one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PlaceId(u64);

/// What is counted for [`EACH`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Network(Network),
    Account(Email),
    Known(Email),
}

/// A class of work; the workers serve them in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Known,
    Stranger,
    Own,
}

const CLASSES: usize = 3;

#[derive(Debug)]
struct Place<J> {
    class: Class,
    /// The first key names the lane.
    keys: Vec<Key>,
    deadline: Duration,
    job: Option<J>,
}

/// The lanes of one class that have jobs, in the order in which they are served.
type Lanes = VecDeque<(Option<Key>, VecDeque<PlaceId>)>;

/// What a worker gets.
#[derive(Debug)]
pub(super) struct Taken<J> {
    /// The job to do; its place is free again.
    pub(super) job: Option<J>,
    /// Jobs whose deadline had passed.
    pub(super) expired: usize,
}

/// The queue. `J` is the job; times are durations since any fixed moment.
#[derive(Debug)]
pub(super) struct Queue<J> {
    capacity: usize,
    own: usize,
    next: u64,
    places: BTreeMap<PlaceId, Place<J>>,
    counts: HashMap<Key, usize>,
    taken: [usize; CLASSES],
    lanes: [Lanes; CLASSES],
    turn: usize,
}

impl<J> Queue<J> {
    /// A queue with `capacity` places for sign-ins and `own` places for the program's own work.
    pub(super) fn new(capacity: usize, own: usize) -> Self {
        Self {
            capacity,
            own,
            next: 0,
            places: BTreeMap::new(),
            counts: HashMap::new(),
            taken: [0; CLASSES],
            lanes: Default::default(),
            turn: 0,
        }
    }

    /// Changes the number of places; those that are taken stay.
    pub(super) fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
    }

    /// Places that are taken.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Takes a place for somebody. It counts from now on, and is served once it is filled.
    pub(super) fn reserve(&mut self, ticket: &Ticket, deadline: Duration) -> Result<PlaceId, Full> {
        let strangers = self.taken[Class::Stranger as usize];
        if strangers + self.taken[Class::Known as usize] >= self.capacity {
            return Err(Full::Queue);
        }
        if ticket.is_known {
            let keys = vec![Key::Known(ticket.account.clone())];
            return self.place(Class::Known, keys, deadline);
        }
        // Rounded up, so that even a queue of one place lets a first sign-in through.
        if strangers >= self.capacity.div_ceil(2) {
            return Err(Full::Strangers);
        }
        let keys = vec![Key::Network(ticket.network), Key::Account(ticket.account.clone())];
        self.place(Class::Stranger, keys, deadline)
    }

    /// Takes a place for the program's own work.
    pub(super) fn reserve_own(&mut self, deadline: Duration) -> Result<PlaceId, Full> {
        if self.taken[Class::Own as usize] >= self.own {
            return Err(Full::Own);
        }
        self.place(Class::Own, Vec::new(), deadline)
    }

    fn place(&mut self, class: Class, keys: Vec<Key>, deadline: Duration) -> Result<PlaceId, Full> {
        if let Some(key) = keys.iter().find(|key| self.counts.get(*key).is_some_and(|count| *count >= EACH)) {
            return Err(if matches!(key, Key::Network(_)) { Full::Network } else { Full::Account });
        }
        for key in &keys {
            *self.counts.entry(key.clone()).or_default() += 1;
        }
        self.taken[class as usize] += 1;
        let id = PlaceId(self.next);
        self.next += 1;
        self.places.insert(id, Place { class, keys, deadline, job: None });
        Ok(id)
    }

    /// Puts the job on its place; gives it back where the place is gone or has one already.
    pub(super) fn fill(&mut self, id: PlaceId, job: J) -> Result<(), J> {
        let Some(place) = self.places.get_mut(&id).filter(|place| place.job.is_none()) else { return Err(job) };
        place.job = Some(job);
        let (lane, lanes) = (place.keys.first().cloned(), &mut self.lanes[place.class as usize]);
        match lanes.iter_mut().find(|(key, _)| *key == lane) {
            Some((_, waiting)) => waiting.push_back(id),
            None => lanes.push_back((lane, VecDeque::from([id]))),
        }
        Ok(())
    }

    /// Gives a place back. False where a worker has it already.
    pub(super) fn cancel(&mut self, id: PlaceId) -> bool {
        let Some(place) = self.free(id) else { return false };
        let lanes = &mut self.lanes[place.class as usize];
        for (_, waiting) in lanes.iter_mut() {
            waiting.retain(|other| *other != id);
        }
        lanes.retain(|(_, waiting)| !waiting.is_empty());
        true
    }

    /// The next job whose deadline has not passed.
    pub(super) fn take(&mut self, now: Duration) -> Taken<J> {
        let mut expired = 0;
        while let Some(id) = self.next_place() {
            let Some(place) = self.free(id) else { continue };
            if now < place.deadline {
                return Taken { job: place.job, expired };
            }
            expired += 1;
        }
        Taken { job: None, expired }
    }

    /// The place whose turn it is, taken out of its lane.
    fn next_place(&mut self) -> Option<PlaceId> {
        let class =
            (0..CLASSES).map(|step| (self.turn + step) % CLASSES).find(|class| !self.lanes[*class].is_empty())?;
        self.turn = (class + 1) % CLASSES;
        let (key, mut waiting) = self.lanes[class].pop_front()?;
        let id = waiting.pop_front();
        if !waiting.is_empty() {
            self.lanes[class].push_back((key, waiting));
        }
        id
    }

    fn free(&mut self, id: PlaceId) -> Option<Place<J>> {
        let place = self.places.remove(&id)?;
        self.taken[place.class as usize] -= 1;
        for key in &place.keys {
            if let Some(count) = self.counts.get_mut(key) {
                *count -= 1;
                if *count == 0 {
                    self.counts.remove(key);
                }
            }
        }
        Some(place)
    }
}

#[cfg(test)]
mod tests;
