//! The table of live sessions: bytes a session, and nanoseconds from cookie to identity.

use std::sync::Arc;

use doorward::identity::Table;
use doorward_core::identifier::{LoginHandle, SessionId, UserId};
use doorward_core::session::{Kind, Profile, Session, Stage};
use doorward_core::signin::{Method, Proven};
use doorward_core::token;
use doorward_core::user::{Status, User};
use doorward_core::{Random, UnixTime};
use parking_lot::Mutex;
use tokio::time::Instant;

use crate::{resident, row};

const NOW: UnixTime = UnixTime(1_800_000_000);

/// Sessions of one user.
const EACH: usize = 4;

/// Chance that is the same in every run.
#[derive(Debug)]
struct Seed(Mutex<u64>);

impl Random for Seed {
    fn fill(&self, buffer: &mut [u8]) {
        let mut state = self.0.lock();
        for chunk in buffer.chunks_mut(8) {
            *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut word = *state;
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

fn user(seed: &Seed, number: usize) -> Arc<User> {
    Arc::new(User {
        id: UserId::random(seed),
        email: format!("user{number}@example.com").parse().expect("an address"),
        name: "Somebody Else".parse().expect("a name"),
        groups: [].into(),
        status: Status::Active,
        password: None,
        password_changed_at: NOW,
        must_change_password: false,
        created_at: NOW,
    })
}

fn session(seed: &Seed, user: &User, number: usize) -> (String, Session) {
    let (cookie, token) = token::mint(token::Kind::Session, seed);
    let device = format!(
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        100 + number % 400
    );
    let session = Session {
        id: SessionId::random(seed),
        token: Some(token),
        handle: LoginHandle::random(seed),
        user: user.id,
        kind: Kind::Browser,
        stage: Stage::Full,
        proven: Proven::by(Method::Password, NOW),
        credential: None,
        is_persistent: true,
        created_at: NOW,
        authenticated_at: NOW,
        last_seen: NOW,
        address: [192, 0, 2, 1].into(),
        device: device.into(),
    };
    (cookie.expose_secret().to_owned(), session)
}

/// Live sessions in the table.
const COUNT: usize = 1_000_000;

/// Prints `session.check` and `session.bytes`.
pub(crate) fn measure() {
    let (seed, table) = (Seed(Mutex::new(1)), Table::new(Profile::Home.timeouts(), false));
    let before = resident("self");
    let mut cookies = Vec::with_capacity(20_000);
    let step = COUNT / 20_000;
    let mut owner = user(&seed, 0);
    for number in 0..COUNT {
        if number % EACH == 0 {
            owner = user(&seed, number);
        }
        let (cookie, session) = session(&seed, &owner, number);
        table.insert(&session, &owner);
        if number % step == 0 {
            cookies.push(cookie);
        }
    }
    drop(owner);
    let each = (resident("self") - before) as f64 / COUNT as f64;
    row("session.bytes", vec![each], "B");
    row("session.check", (0..9).map(|_| round(&table, &cookies)).collect(), "ns");
}

/// Nanoseconds for each of these cookies, all of them cold in the caches.
fn round(table: &Table, cookies: &[String]) -> f64 {
    let start = Instant::now();
    let found = cookies.iter().filter(|cookie| table.find(cookie, NOW).is_ok()).count();
    let taken = start.elapsed();
    assert_eq!(found, cookies.len(), "every cookie is found");
    taken.as_nanos() as f64 / cookies.len() as f64
}
