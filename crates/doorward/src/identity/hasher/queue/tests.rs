//! What the queue promises: bounds, fairness and no lost place.

use proptest::prelude::*;

use super::*;

const NEVER: Duration = Duration::MAX;
const NOW: Duration = Duration::ZERO;
const LATE: Duration = Duration::from_secs(10);

fn ticket(account: u8, network: u8, is_known: bool) -> Ticket {
    let network = Network::of([10, 0, network, 1].into());
    Ticket { account: format!("{account}@example.com").parse().unwrap(), network, is_known }
}

/// A place that is filled at once, with its own name as the job.
fn put(queue: &mut Queue<PlaceId>, ticket: &Ticket) -> Result<PlaceId, Full> {
    let id = queue.reserve(ticket, NEVER)?;
    queue.fill(id, id).expect("the place is new");
    Ok(id)
}

#[test]
fn strangers_get_half_and_known_browsers_the_rest() {
    let mut queue = Queue::new(8, 2);
    let strangers: Vec<_> = (0..6).map(|n| put(&mut queue, &ticket(n, n, false))).collect();
    assert!(strangers[..4].iter().all(Result::is_ok));
    assert_eq!(strangers[4..], [Err(Full::Strangers), Err(Full::Strangers)]);
    let known: Vec<_> = (0..5).map(|n| put(&mut queue, &ticket(n, 99, true))).collect();
    assert!(known[..4].iter().all(Result::is_ok), "one network may hold many known browsers");
    assert_eq!(known[4], Err(Full::Queue));
}

#[test]
fn nobody_has_more_than_two_places() {
    let mut queue = Queue::new(100, 2);
    for (tickets, full) in [
        ([ticket(1, 1, false), ticket(2, 1, false), ticket(3, 1, false)], Full::Network),
        ([ticket(9, 10, false), ticket(9, 11, false), ticket(9, 12, false)], Full::Account),
        ([ticket(9, 10, true), ticket(9, 11, true), ticket(9, 12, true)], Full::Account),
    ] {
        let [first, second, third] = tickets.map(|ticket| put(&mut queue, &ticket));
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(third, Err(full));
    }
}

#[test]
fn a_flood_against_an_account_does_not_keep_its_owner_out() {
    let mut queue = Queue::new(16, 2);
    let strangers = (0..50).take_while(|network| put(&mut queue, &ticket(1, *network, false)).is_ok());
    assert_eq!(strangers.count(), EACH);
    assert!(put(&mut queue, &ticket(1, 0, true)).is_ok());
}

#[test]
fn classes_and_lanes_are_served_in_turn() {
    let mut queue = Queue::new(100, 2);
    let strangers = [(1, 1), (2, 1), (3, 2), (4, 2)].map(|(a, n)| put(&mut queue, &ticket(a, n, false)).unwrap());
    let known = [1, 2].map(|account| put(&mut queue, &ticket(account, 1, true)).unwrap());
    let own = queue.reserve_own(NEVER).unwrap();
    queue.fill(own, own).unwrap();
    let order: Vec<_> = std::iter::from_fn(|| queue.take(NOW).job).collect();
    let [one, two, three, four] = strangers;
    assert_eq!(order, [known[0], one, own, known[1], three, two, four]);
}

#[test]
fn what_is_too_late_is_dropped_before_it_starts() {
    let mut queue = Queue::new(10, 2);
    for (number, deadline) in [(1, 5), (2, 10), (3, 5)] {
        let id = queue.reserve(&ticket(number, number, false), Duration::from_secs(deadline)).unwrap();
        queue.fill(id, number).unwrap();
    }
    let taken = queue.take(Duration::from_secs(5));
    assert_eq!((taken.job, taken.expired), (Some(2), 1));
    let taken = queue.take(Duration::from_secs(5));
    assert_eq!((taken.job, taken.expired, queue.len()), (None, 1, 0));
}

#[test]
fn a_place_is_filled_once_and_not_after_it_was_given_back() {
    let mut queue = Queue::new(10, 2);
    let id = queue.reserve(&ticket(1, 1, false), NEVER).unwrap();
    assert!(queue.take(NOW).job.is_none(), "an empty place is not served");
    assert_eq!(queue.fill(id, 1), Ok(()));
    assert_eq!(queue.fill(id, 2), Err(2));
    assert!(queue.cancel(id));
    assert!(!queue.cancel(id));
    assert_eq!(queue.fill(id, 3), Err(3));
    assert!(queue.take(NOW).job.is_none());
}

#[derive(Debug, Clone)]
enum Step {
    Reserve(u8, u8, bool),
    Own,
    Fill(usize),
    Cancel(usize),
    Take,
    Late,
    Resize(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..6_u8, 0..6_u8, any::<bool>()).prop_map(|(a, n, k)| Step::Reserve(a, n, k)),
        1 => Just(Step::Own),
        4 => any::<usize>().prop_map(Step::Fill),
        1 => any::<usize>().prop_map(Step::Cancel),
        3 => Just(Step::Take),
        1 => Just(Step::Late),
        1 => (1..12_usize).prop_map(Step::Resize),
    ]
}

/// What stands on which place, kept the slow way.
#[derive(Debug, Default)]
struct Model {
    /// Empty places and filled ones, with their tickets; own work has none.
    open: Vec<(PlaceId, Option<Ticket>)>,
    waiting: Vec<(PlaceId, Option<Ticket>)>,
}

impl Model {
    fn count(&self, is_one: impl Fn(&Ticket) -> bool) -> usize {
        self.open.iter().chain(&self.waiting).filter(|(_, ticket)| ticket.as_ref().is_some_and(&is_one)).count()
    }
}

proptest! {
    #[test]
    fn no_order_of_events_breaks_a_bound_or_loses_a_place(steps in prop::collection::vec(step(), 1..200)) {
        let (mut queue, mut model, mut capacity) = (Queue::new(8, 2), Model::default(), 8);
        for step in steps {
            match step {
                Step::Reserve(account, network, is_known) => {
                    let ticket = ticket(account, network, is_known);
                    let strangers = model.count(|other| !other.is_known);
                    let is_free = model.count(|_| true) < capacity
                        && (is_known || strangers < capacity.div_ceil(2))
                        && model.count(|other| other.is_known == is_known && other.account == ticket.account) < EACH
                        && (is_known || model.count(|other| !other.is_known && other.network == ticket.network) < EACH);
                    let reserved = queue.reserve(&ticket, LATE);
                    prop_assert_eq!(reserved.is_ok(), is_free);
                    model.open.extend(reserved.ok().map(|id| (id, Some(ticket))));
                }
                Step::Own => model.open.extend(queue.reserve_own(NEVER).ok().map(|id| (id, None))),
                Step::Fill(index) if !model.open.is_empty() => {
                    let place = model.open.remove(index % model.open.len());
                    prop_assert!(queue.fill(place.0, place.0).is_ok());
                    model.waiting.push(place);
                }
                Step::Cancel(index) if !model.waiting.is_empty() => {
                    let (id, _) = model.waiting.remove(index % model.waiting.len());
                    prop_assert!(queue.cancel(id));
                }
                Step::Take => {
                    let taken = queue.take(NOW);
                    prop_assert_eq!((taken.job.is_some(), taken.expired), (!model.waiting.is_empty(), 0));
                    model.waiting.retain(|(id, _)| Some(*id) != taken.job);
                }
                Step::Late => {
                    while queue.take(LATE).job.is_some() {}
                    model.waiting.clear();
                }
                Step::Resize(to) => {
                    queue.resize(to);
                    capacity = to;
                }
                Step::Fill(_) | Step::Cancel(_) => {}
            }
            prop_assert_eq!(queue.len(), model.open.len() + model.waiting.len());
        }
        for (id, _) in model.open.into_iter().chain(model.waiting) {
            prop_assert!(queue.cancel(id));
        }
        prop_assert!(queue.counts.is_empty() && queue.lanes.iter().all(VecDeque::is_empty));
        prop_assert_eq!(queue.taken, [0; CLASSES]);
    }
}
