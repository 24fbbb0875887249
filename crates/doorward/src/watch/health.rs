//! Health: whether the process is up, whether it can serve, and the full picture for administrators.

use std::fmt;
use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock, Finding, UnixTime};
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// How long one dependency may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer counts, so that probes cannot hammer the database.
const FRESH: Duration = Duration::from_secs(1);

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// All well.
    Up,
    /// It serves, but not everything or not for long.
    Degraded,
    /// It cannot serve.
    Down,
}

/// What a dependency answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it is.
    pub state: State,
    /// Words for the operator, without secrets; may be empty.
    pub detail: String,
}

impl Answer {
    /// All well.
    #[must_use]
    pub fn up() -> Self {
        Self { state: State::Up, detail: String::new() }
    }

    /// It serves, but not everything.
    #[must_use]
    pub fn degraded(detail: impl Into<String>) -> Self {
        Self { state: State::Degraded, detail: detail.into() }
    }

    /// It cannot serve.
    #[must_use]
    pub fn down(detail: impl Into<String>) -> Self {
        Self { state: State::Down, detail: detail.into() }
    }
}

/// One dependency that was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// `store`, `data_directory`, `hash_workers`, `keys` …
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// Words for the operator; shown only in the full picture.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// How long the answer took, in milliseconds.
    pub duration_ms: f64,
}

/// Whether this node can serve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Readiness {
    /// The worst of all checks.
    pub status: State,
    /// Every dependency, in the order in which they were added.
    pub checks: Vec<Check>,
}

impl Readiness {
    /// 200 where it serves, 503 where it is down.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        if self.status == State::Down { 503 } else { 200 }
    }

    /// The same without details: what strangers may see.
    #[must_use]
    pub fn without_details(&self) -> Self {
        let bare = |check: &Check| Check { detail: String::new(), ..check.clone() };
        Self { status: self.status, checks: self.checks.iter().map(bare).collect() }
    }
}

/// That the process is up: the answer of `/health/live`.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Liveness {
    /// Always up: a process that is not does not answer.
    pub status: State,
}

/// The answer of `/health/live`. It asks nobody, so that a broken database restarts no process.
#[must_use]
pub fn live() -> Liveness {
    Liveness { status: State::Up }
}

/// Figures of the full picture, read when it is asked for.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Figures {
    /// The epoch of the store; absent where the store does not answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub epoch: Option<i64>,
    /// Live sessions.
    pub sessions: u64,
    /// Password hashes that wait.
    pub hash_queue_depth: u64,
    /// What `config check` would say.
    pub findings: Vec<Finding>,
}

/// The full picture: the answer of `/health`, for administrators.
#[derive(Debug, Clone, Serialize)]
pub struct Picture {
    /// The worst of all checks.
    pub status: State,
    /// The version of Doorward.
    pub version: &'static str,
    /// When the process started, in unix seconds.
    pub started_at: UnixTime,
    /// Seconds since then.
    pub uptime_seconds: i64,
    /// Every dependency with its details.
    pub checks: Vec<Check>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

type Asked = Pin<Box<dyn Future<Output = Answer> + Send>>;
type Probe = Arc<dyn Fn() -> Asked + Send + Sync>;

/// The health of this node. Clones share it.
#[derive(Clone)]
pub struct Health(Arc<Inner>);

struct Inner {
    clock: Arc<dyn Clock>,
    started_at: UnixTime,
    probes: Vec<(&'static str, Probe)>,
    last: Mutex<Option<(Instant, Arc<Readiness>)>>,
    patience: Duration,
    fresh: Duration,
}

impl fmt::Debug for Health {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.0.probes.iter().map(|(name, _)| name).collect();
        formatter.debug_struct("Health").field("probes", &names).finish_non_exhaustive()
    }
}

/// Collects the dependencies.
#[derive(Default)]
pub struct Builder {
    probes: Vec<(&'static str, Probe)>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Builder").field("probes", &self.probes.len()).finish()
    }
}

impl Builder {
    /// Adds a dependency that is asked each time.
    #[must_use]
    pub fn check<F, A>(mut self, name: &'static str, probe: F) -> Self
    where
        F: Fn() -> A + Send + Sync + 'static,
        A: Future<Output = Answer> + Send + 'static,
    {
        self.probes.push((name, Arc::new(move || Box::pin(probe()))));
        self
    }

    /// Adds the data directory: degraded where nothing can be written there, since known sessions still work.
    #[must_use]
    pub fn data_directory(self, directory: PathBuf) -> Self {
        self.check("data_directory", move || {
            let directory = directory.clone();
            async move { written(directory).await }
        })
    }

    /// All dependencies are known.
    #[must_use]
    pub fn build(self, clock: Arc<dyn Clock>) -> Health {
        let started_at = clock.now();
        let last = Mutex::new(None);
        Health(Arc::new(Inner { clock, started_at, probes: self.probes, last, patience: PATIENCE, fresh: FRESH }))
    }
}

impl Health {
    /// Begins to collect dependencies.
    #[must_use]
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Asks every dependency at once, each for at most 2 s; within a second everybody gets the same answer.
    pub async fn ready(&self) -> Arc<Readiness> {
        // The lock makes it a single flight: whoever waits finds a fresh answer behind it.
        let mut last = self.0.last.lock().await;
        if let Some((at, readiness)) = &*last
            && at.elapsed() < self.0.fresh
        {
            return Arc::clone(readiness);
        }
        let readiness = Arc::new(ask(&self.0.probes, self.0.patience).await);
        *last = Some((Instant::now(), Arc::clone(&readiness)));
        readiness
    }

    /// The full picture.
    pub async fn full(&self, figures: Figures) -> Picture {
        let readiness = self.ready().await;
        Picture {
            status: readiness.status,
            version: env!("CARGO_PKG_VERSION"),
            started_at: self.0.started_at,
            uptime_seconds: self.0.clock.now().seconds_since(self.0.started_at).max(0),
            checks: readiness.checks.clone(),
            figures,
        }
    }
}

async fn ask(probes: &[(&'static str, Probe)], patience: Duration) -> Readiness {
    let mut asked = JoinSet::new();
    for (place, (name, probe)) in probes.iter().enumerate() {
        let (name, probe) = (*name, Arc::clone(probe));
        asked.spawn(async move {
            let before = Instant::now();
            let answer = timeout(patience, probe()).await;
            let answer = answer.unwrap_or_else(|_| Answer::down(format!("no answer within {patience:?}")));
            let duration_ms = before.elapsed().as_secs_f64() * 1_000.0;
            (place, Check { name, state: answer.state, detail: answer.detail, duration_ms })
        });
    }
    // A probe that panics leaves this answer standing.
    let unanswered = |(name, _): &(&'static str, Probe)| Check {
        name,
        state: State::Down,
        detail: "the check itself failed".to_owned(),
        duration_ms: 0.0,
    };
    let mut checks: Vec<_> = probes.iter().map(unanswered).collect();
    while let Some(joined) = asked.join_next().await {
        if let Ok((place, check)) = joined {
            checks[place] = check;
        }
    }
    let status = checks.iter().map(|check| check.state).max().unwrap_or(State::Up);
    Readiness { status, checks }
}

async fn written(directory: PathBuf) -> Answer {
    let path = directory.join(".health");
    // The text is never empty: creating an empty file succeeds on a full disk.
    let result = async {
        tokio::fs::write(&path, b"doorward\n").await?;
        tokio::fs::remove_file(&path).await
    };
    match result.await {
        Ok(()) => Answer::up(),
        Err(error) => Answer::degraded(format!("nothing can be written there: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

    use super::*;

    #[derive(Debug, Default)]
    struct Hand(AtomicI64);

    impl Clock for Hand {
        fn now(&self) -> UnixTime {
            UnixTime(self.0.load(Ordering::Relaxed))
        }
    }

    fn impatient(builder: Builder, fresh: Duration) -> Health {
        let health = builder.build(Arc::new(Hand::default()));
        let inner = Arc::into_inner(health.0).unwrap();
        Health(Arc::new(Inner { patience: Duration::from_millis(50), fresh, ..inner }))
    }

    #[tokio::test]
    async fn the_worst_answer_decides_and_each_stands_in_its_place() {
        for (answers, status, http) in [
            (vec![], State::Up, 200),
            (vec![Answer::up(), Answer::up()], State::Up, 200),
            (vec![Answer::up(), Answer::degraded("full")], State::Degraded, 200),
            (vec![Answer::down("away"), Answer::degraded("full")], State::Down, 503),
        ] {
            let mut builder = Health::builder();
            for (name, answer) in ["first", "second"].into_iter().zip(answers.clone()) {
                builder = builder.check(name, move || std::future::ready(answer.clone()));
            }
            let readiness = impatient(builder, FRESH).ready().await;
            assert_eq!((readiness.status, readiness.http_status()), (status, http));
            let seen: Vec<_> = readiness.checks.iter().map(|check| check.state).collect();
            assert_eq!(seen, answers.iter().map(|answer| answer.state).collect::<Vec<_>>());
            assert!(readiness.without_details().checks.iter().all(|check| check.detail.is_empty()));
        }
    }

    #[tokio::test]
    async fn silence_and_a_panic_are_down_and_hold_nobody_up() {
        let health = Health::builder()
            .check("silent", std::future::pending)
            .check("broken", || async { panic!("on purpose") })
            .check("well", || async { Answer::up() });
        let readiness = impatient(health, FRESH).ready().await;
        let states: Vec<_> = readiness.checks.iter().map(|check| (check.name, check.state)).collect();
        assert_eq!(states, [("silent", State::Down), ("broken", State::Down), ("well", State::Up)]);
    }

    #[tokio::test]
    async fn a_crowd_of_probes_asks_the_database_once() {
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        let builder = Health::builder().check("store", move || {
            counter.fetch_add(1, Ordering::Relaxed);
            async {
                tokio::task::yield_now().await;
                Answer::up()
            }
        });
        let health = impatient(builder, Duration::from_hours(1));
        let mut crowd = JoinSet::new();
        for _ in 0..100 {
            let health = health.clone();
            crowd.spawn(async move { health.ready().await.status });
        }
        assert!(crowd.join_all().await.iter().all(|status| *status == State::Up));
        assert_eq!(asked.load(Ordering::Relaxed), 1);
        let stale = Health(Arc::new(Inner { fresh: Duration::ZERO, ..Arc::into_inner(health.0).unwrap() }));
        stale.ready().await;
        stale.ready().await;
        assert_eq!(asked.load(Ordering::Relaxed), 3, "an old answer is asked for anew");
    }

    #[tokio::test]
    async fn a_data_directory_that_takes_nothing_degrades() {
        let directory = tempfile::tempdir().unwrap();
        let well = impatient(Health::builder().data_directory(directory.path().to_owned()), FRESH);
        assert_eq!(well.ready().await.status, State::Up);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0, "nothing is left behind");
        let gone = impatient(Health::builder().data_directory(directory.path().join("gone")), FRESH);
        assert_eq!(gone.ready().await.status, State::Degraded);
    }

    #[tokio::test]
    async fn the_full_picture_says_how_long_and_what_runs() {
        let hand = Arc::new(Hand(AtomicI64::new(100)));
        let health = Health::builder().check("store", || async { Answer::down("away") }).build(hand.clone());
        hand.0.store(160, Ordering::Relaxed);
        let picture = health.full(Figures { sessions: 3, ..Figures::default() }).await;
        let value = serde_json::to_value(&picture).unwrap();
        assert_eq!(value["status"], "down");
        assert_eq!(value["uptime_seconds"], 60);
        assert_eq!(value["sessions"], 3);
        assert_eq!(value["checks"][0]["detail"], "away");
        assert_eq!(value["version"], env!("CARGO_PKG_VERSION"));
        assert_eq!(serde_json::to_value(live()).unwrap(), serde_json::json!({ "status": "up" }));
    }
}
