//! Tests of identity against a real embedded database, with a clock that stands still and seeded chance.

mod account;
mod budget;
mod import;
mod key;
mod link;
mod live;
mod mutation;
mod second;
mod strength;
mod token;

use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use doorward_core::factor::policy::FactorPolicy;
use doorward_core::identifier::RequestId;
use doorward_core::password::Rules;
use doorward_core::session::Profile;
use doorward_core::user::{Email, User};
use doorward_core::{Clock, Language, Random, Secret, UnixTime};
use doorward_store::{Location, Store};
use parking_lot::Mutex;
use tempfile::TempDir;

use super::hasher::{Parameters, Settings};
use super::*;

/// A clock that only a test moves.
#[derive(Debug)]
pub(super) struct Hand(AtomicI64);

impl Hand {
    pub(super) fn forward(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for Hand {
    fn now(&self) -> UnixTime {
        UnixTime(self.0.load(Ordering::SeqCst))
    }
}

/// How far the times of each column are from those of the last one, which is nobody's account: the lower quartile of the
/// gaps within each round. What is told by the time is told in every round, and a busy machine delays some of them. One
/// hash that is delayed also raises the time of everybody from then on (`Even::learn`), so that only what was measured side
/// by side can be compared.
pub(super) fn gaps<const COLUMNS: usize>(rounds: &[[Duration; COLUMNS]]) -> [Duration; COLUMNS] {
    std::array::from_fn(|column| {
        let mut gaps: Vec<_> = rounds.iter().map(|round| round[column].abs_diff(round[COLUMNS - 1])).collect();
        gaps.sort_unstable();
        gaps[gaps.len() / 4]
    })
}

/// Chance that is the same in every run (`SplitMix64`).
#[derive(Debug)]
pub(super) struct Seed(Mutex<u64>);

impl Seed {
    pub(super) fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

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

pub(super) const EMAIL: &str = "ada@example.com";
pub(super) const PASSWORD: &str = "a heron waits in cold water";
pub(super) const OTHER: &str = "nine lanterns over the quay";
pub(super) const START: i64 = 1_800_000_000;

/// One installation in a directory of its own.
pub(super) struct House {
    pub(super) identity: Identity,
    pub(super) clock: Arc<Hand>,
    pub(super) directory: TempDir,
}

impl House {
    pub(super) async fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let clock = Arc::new(Hand(AtomicI64::new(START)));
        let identity = open(directory.path(), &clock, 1).await;
        Self { identity, clock, directory }
    }

    /// A house with the user [`EMAIL`] whose password is [`PASSWORD`].
    pub(super) async fn with_ada() -> Self {
        let house = Self::new().await;
        house.user(EMAIL, &[]).await;
        house
    }

    pub(super) async fn user(&self, email: &str, groups: &[&str]) -> User {
        let new = NewUser {
            email: email.parse().unwrap(),
            name: "Somebody".parse().unwrap(),
            groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
            password: Some(Secret::new(PASSWORD)),
            must_change: false,
        };
        self.identity.create_user(&Author::command_line(), new).await.unwrap()
    }

    pub(super) async fn ada(&self) -> User {
        self.identity.user_by_email(&EMAIL.parse::<Email>().unwrap()).await.unwrap()
    }

    /// The same installation seen by another process, or after a restart.
    pub(super) async fn again(&self) -> Identity {
        open(self.directory.path(), &self.clock, 99).await
    }

    pub(super) async fn try_in(&self, email: &str, password: &str) -> Result<SignedIn, Refused> {
        sign_in(&self.identity, email, password, Wish::default()).await
    }

    pub(super) async fn browser(&self) -> (Arc<Live>, String) {
        let signed_in = self.try_in(EMAIL, PASSWORD).await.unwrap();
        (signed_in.live, signed_in.cookie.unwrap().expose_secret().to_owned())
    }

    pub(super) async fn client(&self) -> (Arc<Live>, Pair) {
        let signed_in =
            sign_in(&self.identity, EMAIL, PASSWORD, Wish { tokens: true, ..Wish::default() }).await.unwrap();
        assert!(signed_in.cookie.is_none());
        (signed_in.live, signed_in.tokens.unwrap())
    }

    pub(super) fn code(&self, cookie: &str) -> &'static str {
        self.identity.session_by_cookie(cookie).err().unwrap_or("ok")
    }
}

pub(super) async fn open(directory: &Path, clock: &Arc<Hand>, seed: u64) -> Identity {
    open_with(directory, clock, (seed, Parameters::new(64, 1, 1).unwrap())).await
}

pub(super) async fn open_with(directory: &Path, clock: &Arc<Hand>, (seed, cost): (u64, Parameters)) -> Identity {
    let random: Arc<dyn Random> = Arc::new(Seed::new(seed));
    let location = Location::embedded(directory);
    let has_database = directory.join("doorward.db").exists();
    let keyring = Keyring::open(&directory.join("keys"), has_database, clock.now(), &*random).unwrap();
    let mut settings = Settings::new(cost, keyring.peppers());
    settings.queue_length = Some(64);
    let identity = Identity::new(Parts {
        store: Store::open(&location).await.unwrap(),
        hasher: Hasher::start(settings, Arc::clone(&random)).unwrap(),
        keyring,
        clock: Arc::clone(clock) as Arc<dyn Clock>,
        random,
        timeouts: Profile::Home.timeouts(),
        rules: Rules::default(),
        factors: factors(),
        post: Post::closed(),
        issuer: "https://auth.example.com".into(),
    });
    identity.load().await.unwrap();
    identity
}

/// The usual policy, for the host of the issuer.
pub(super) fn factors() -> factor::FactorSettings {
    let host: Box<str> = "auth.example.com".into();
    let party = factor::passkey::RelyingParty::new(&host, &host, Some("https://auth.example.com"), true);
    factor::FactorSettings { policy: FactorPolicy::default(), party: Arc::new(party), service: host }
}

pub(super) fn visit() -> Visit {
    visit_from([192, 0, 2, 7].into())
}

pub(super) fn visit_from(address: IpAddr) -> Visit {
    let request: RequestId = "req_BwcHBwcHBwcHBwcHBwcHBw".parse().unwrap();
    Visit { address, device: "Test/1".into(), language: Language::English, request, browser: None }
}

pub(super) async fn sign_in(identity: &Identity, email: &str, password: &str, wish: Wish) -> Result<SignedIn, Refused> {
    identity.sign_in(&visit(), Credentials { email, password: Secret::new(password) }, wish).await
}

pub(super) fn code<T>(result: Result<T, Refused>) -> &'static str {
    result.err().map_or("ok", |refused| refused.code)
}
