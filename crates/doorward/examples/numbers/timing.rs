//! Whether the time of an answer tells what kind of account an address has: five states, many samples of each.
//!
//! Every sample has an account, an address and a network of its own, so that no budget is met twice, and the states come
//! in another order each time. One connection stays open; time is counted from the last byte sent to the last one read.

mod ask;
mod rank;
mod world;

use std::time::Duration;

use ask::Connection;
use rank::{median, p_of};
use world::World;

/// Samples of each state that one server is asked.
const PART: usize = 500;

/// What the median of two states may differ by.
const MOST: Duration = Duration::from_millis(1);

/// A question that is asked of somebody in every state.
pub(super) struct Route {
    pub(super) name: &'static str,
    path: &'static str,
    pub(super) states: &'static [&'static str],
    /// Whether something is done after the answer, so that the answer to the next question is looked at too.
    has_errand: bool,
}

const FIVE: &[&str] = &["unknown", "known", "disabled", "locked", "passkey-only"];
const LOGIN: &str = "/api/v1/auth/jwt/login";
const RECOVERY: &str = "/api/v1/auth/recovery/request";

/// A locked account answers at once, so the two kinds of locked ones are compared with each other.
const ROUTES: &[Route] = &[
    Route {
        name: "sign-in",
        path: LOGIN,
        states: &["unknown", "known", "disabled", "passkey-only"],
        has_errand: false,
    },
    Route { name: "sign-in, locked", path: LOGIN, states: &["locked-unknown", "locked"], has_errand: false },
    Route { name: "recovery", path: RECOVERY, states: FIVE, has_errand: true },
    Route { name: "registration", path: "/api/v1/auth/registration/request", states: FIVE, has_errand: true },
    // It takes no name, so that this one shows what the measurement itself scatters by.
    Route { name: "passkey begin", path: "/api/v1/auth/passkey/begin", states: FIVE, has_errand: false },
];

const IMPORTED: Route = Route {
    name: "sign-in, imported",
    path: LOGIN,
    states: &["unknown", "known", "disabled", "bcrypt", "sha512", "pbkdf2", "scrypt"],
    has_errand: false,
};

/// Prints a row for each state and each route, and gives back whether no two states are further apart than allowed.
pub(crate) async fn measure(samples: usize) -> bool {
    println!("| route | state | median µs |\n| --- | --- | ---: |");
    let mut verdicts = Vec::new();
    for route in ROUTES.iter().chain([&IMPORTED]) {
        verdicts.extend(compare(route, samples).await);
    }
    println!("\n| route | samples of each state | gap µs | p | |\n| --- | ---: | ---: | ---: | --- |");
    let mut is_well = true;
    for (name, gap, p) in verdicts {
        let is_near = gap < MOST;
        is_well &= is_near;
        let verdict = if is_near { "reached" } else { "not reached" };
        println!("| {name} | {samples} | {} | {p:.3} | {verdict} |", gap.as_micros());
    }
    is_well
}

/// The samples of each state, in turn.
type Samples = Vec<Vec<Duration>>;

async fn compare(route: &Route, samples: usize) -> Vec<(String, Duration, f64)> {
    let (mut own, mut next) = (vec![Vec::with_capacity(samples); route.states.len()], Vec::new());
    next.clone_from(&own);
    // Each part has a server of its own, so that the letters of one part do not slow the next.
    for start in (0..samples).step_by(PART) {
        let part = PART.min(samples - start);
        let world = World::new(part, route).await;
        let (of_part, after_it) = sample(&world, route, part).await;
        for (all, more) in [(&mut own, of_part), (&mut next, after_it)] {
            for (all, more) in all.iter_mut().zip(more) {
                all.extend(more);
            }
        }
    }
    let mut told = vec![judge(route.name.to_owned(), route.states, &own)];
    if route.has_errand {
        told.push(judge(format!("the question after {}", route.name), route.states, &next));
    }
    told
}

fn judge(name: String, states: &[&str], samples: &Samples) -> (String, Duration, f64) {
    let medians: Vec<Duration> = samples.iter().map(|of| median(of)).collect();
    for (state, median) in states.iter().zip(&medians) {
        println!("| {name} | {state} | {} |", median.as_micros());
    }
    let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
    (name, most.saturating_sub(*least), p_of(samples))
}

async fn sample(world: &World, route: &Route, samples: usize) -> (Samples, Samples) {
    let mut connection = Connection::open(world).await;
    let mut own = vec![Vec::with_capacity(samples); route.states.len()];
    let mut next = own.clone();
    let mut order: Vec<usize> = (0..route.states.len()).collect();
    for number in 0..samples {
        shuffle(&mut order);
        for &state in &order {
            let email = world::email(route.states[state], route.name, number);
            own[state].push(connection.ask(route.path, &email).await);
            if route.has_errand {
                let nobody = world::email("unknown", "after", number * route.states.len() + state);
                next[state].push(connection.ask(RECOVERY, &nobody).await);
                // What is done after the answers is over then, and meets no other sample.
                tokio::time::sleep(Duration::from_millis(4)).await;
            }
        }
    }
    (own, next)
}

/// Another order, each as likely as the other.
fn shuffle(order: &mut [usize]) {
    for end in (1..order.len()).rev() {
        let mut byte = [0];
        getrandom::fill(&mut byte).unwrap();
        order.swap(end, usize::from(byte[0]) % (end + 1));
    }
}
