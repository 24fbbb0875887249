//! The password hasher: its own threads with preallocated memory, behind a bounded fair queue.
//!
//! A sign-in first gets a place ([`Hasher::admit`]) and only then pays for its guess, so that an overload
//! costs nobody a guess. Whatever is stored for the account, and where nothing is, exactly one hash is
//! computed. Passwords pass the pepper before they enter the queue; only an imported hash, which another program made of
//! the bare password, has a worker see one.

mod even;
mod foreign;
mod imported;
mod measure;
mod parameters;
mod pepper;
mod phc;
mod queue;
mod sample;
mod worker;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use doorward_core::password::Password;
use doorward_core::random::{self, Random};
use doorward_core::user::PasswordHash;
use parking_lot::Mutex;
use subtle::ConstantTimeEq as _;
use tokio::sync::oneshot;
use tokio::time::Instant;

pub use self::foreign::ForeignError;
pub use self::measure::{Measures, Reading};
pub use self::parameters::{DEFAULT_MEMORY, LOW_MEMORY, Parameters, ParametersError};
pub use self::pepper::{Pepper, PepperId, Peppers};
pub use self::queue::{EACH, Full, Ticket};
pub use self::sample::sample;

use self::even::Even;
use self::imported::Imported;
use self::phc::Stored;
use self::queue::PlaceId;
use self::worker::{Job, Output, Plan, Shared, Work};

/// How the hasher works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What new hashes and dummy hashes cost.
    pub parameters: Parameters,
    /// The keys in front of Argon2.
    pub peppers: Peppers,
    /// Threads, each with its own memory.
    pub workers: NonZeroUsize,
    /// Places of the queue; without a number as many as the workers serve in two seconds.
    pub queue_length: Option<usize>,
    /// A place that no worker has reached after this time is given up.
    pub patience: Duration,
}

impl Settings {
    /// The settings for this machine: a worker for every two cores, at least one.
    #[must_use]
    pub fn new(parameters: Parameters, peppers: Peppers) -> Self {
        Self { parameters, peppers, workers: default_workers(), queue_length: None, patience: Duration::from_secs(5) }
    }
}

/// Half of the cores that this process may use, at least one.
#[must_use]
pub fn default_workers() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new(cores / 2).unwrap_or(NonZeroUsize::MIN)
}

/// There is no place now: answer 503 with `Retry-After`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the password workers are busy ({}), try again in {retry_after} s", full.as_str())]
pub struct Busy {
    /// Seconds, 1 to 5, by chance, so that those who were refused together do not come back together.
    pub retry_after: u8,
    /// What is full, for the log.
    pub full: Full,
}

/// What is wrong with a stored hash. The sign-in is answered as with a wrong password; the operator must know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is neither a PHC string of Argon2id in the one form that is written here, nor an imported hash.
    #[error("the stored password is not a hash that Doorward wrote")]
    Malformed,
    /// It names no pepper, so it was not made by Doorward.
    #[error("the stored password was hashed without a pepper; set a new one with `doorward user password`")]
    WithoutPepper,
    /// It asks for more memory or time than one hash may take.
    #[error("the stored password asks for more memory or time than one hash may take")]
    TooCostly,
    /// Its pepper is not among the keys: they were lost, or the database is that of another installation.
    #[error("the stored password needs the pepper {0}, which is not among the keys; restore the keys of this database")]
    PepperMissing(PepperId),
}

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether this is the password.
    pub is_right: bool,
    /// Whether it is right and should be hashed anew, since parameters or pepper have changed.
    pub needs_rehash: bool,
    /// What is wrong with the stored hash; never right then.
    pub fault: Option<Fault>,
}

/// The hash workers. Clones share them; they end with [`Hasher::shutdown`] or with the last clone.
#[derive(Debug, Clone)]
pub struct Hasher {
    crew: Arc<Crew>,
}

#[derive(Debug)]
struct Crew {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    parameters: Parameters,
    peppers: Peppers,
    /// The salt of dummy hashes.
    decoy: [u8; phc::SALT],
    even: Even,
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl Hasher {
    /// Starts the workers. Their memory is taken with the first hash.
    ///
    /// # Errors
    /// Where the system gives no thread.
    pub fn start(settings: Settings, random: Arc<dyn Random>) -> std::io::Result<Self> {
        let Settings { parameters, peppers, workers, queue_length: length, patience } = settings;
        let decoy = random::bytes(&*random);
        let plan = Plan { workers: workers.get(), parameters, patience, length };
        let shared = Arc::new(Shared::new(&plan, random));
        let crew = Crew { shared, threads: Mutex::default(), parameters, peppers, decoy, even: Even::default() };
        for number in 0..workers.get() {
            let shared = Arc::clone(&crew.shared);
            let arena = parameters.memory() as usize;
            let thread = std::thread::Builder::new().name(format!("hash-{number}"));
            // Where a later thread cannot be had, dropping the crew ends those that run.
            crew.threads.lock().push(thread.spawn(move || worker::run(&shared, arena))?);
        }
        Ok(Self { crew: Arc::new(crew) })
    }

    /// Takes a place in the queue, at once or not at all.
    ///
    /// # Errors
    /// Where there is none for this ticket.
    pub fn admit(&self, ticket: &Ticket) -> Result<Admitted, Busy> {
        self.reserve(Some(ticket))
    }

    fn reserve(&self, ticket: Option<&Ticket>) -> Result<Admitted, Busy> {
        let place = self.crew.shared.reserve(ticket).map_err(|full| self.busy(full))?;
        Ok(Admitted { hasher: self.clone(), place })
    }

    /// Takes a place and verifies: [`Self::admit`] and [`Admitted::verify`] in one.
    ///
    /// # Errors
    /// Where there is no place, or no worker came to it in time.
    pub async fn verify(
        &self,
        ticket: &Ticket,
        password: &Password,
        stored: Option<&PasswordHash>,
    ) -> Result<Verdict, Busy> {
        self.admit(ticket)?.verify(password, stored).await
    }

    /// Verifies once more a password whose guess was paid for and looked at already, in a place of the program's own.
    ///
    /// # Errors
    /// Where the places are taken, or no worker came to it in time.
    pub async fn verify_again(&self, password: &Password, stored: &PasswordHash) -> Result<Verdict, Busy> {
        self.reserve(None)?.verify(password, Some(stored)).await
    }

    /// Hashes a new password with the current parameters and pepper. It has places of its own, so that
    /// a flood of sign-ins does not keep people from changing a password.
    ///
    /// # Errors
    /// Where the places are taken, or no worker came to it in time.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash, Busy> {
        self.reserve(None)?.hash(password).await
    }

    /// Takes over a hash that another program has made. It is sealed by the pepper, verified as it is, and made anew at the
    /// first sign-in.
    ///
    /// # Errors
    /// Why it is not taken over: too weak, too costly, or unknown.
    pub fn import(&self, text: &str) -> Result<PasswordHash, ForeignError> {
        let (recipe, output) = foreign::read(text)?;
        Ok(Imported::of(recipe, &output, self.crew.peppers.current()).to_hash())
    }

    /// How many workers were started.
    #[must_use]
    pub fn workers(&self) -> usize {
        self.crew.threads.lock().len()
    }

    /// Whether every worker still runs.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        let threads = self.crew.threads.lock();
        !threads.is_empty() && threads.iter().all(|thread| !thread.is_finished())
    }

    /// What the workers did.
    #[must_use]
    pub fn measures(&self) -> &Measures {
        &self.crew.shared.measures
    }

    /// Ends the workers after the hash they are at and waits for them: at most the time of one hash.
    /// Whoever waits in the queue is [`Busy`].
    pub fn shutdown(&self) {
        self.crew.shared.close();
        let threads = std::mem::take(&mut *self.crew.threads.lock());
        for thread in threads {
            if thread.join().is_err() {
                tracing::error!("a hash worker had panicked");
            }
        }
    }

    fn busy(&self, full: Full) -> Busy {
        let [byte] = random::bytes(&*self.crew.shared.random);
        // 255 is a multiple of 5: the one value more makes one second likelier by less than half a percent.
        Busy { retry_after: byte % 5 + 1, full }
    }
}

/// A place in the queue. Dropping it, or the future of [`Admitted::verify`], gives the place back.
#[derive(Debug)]
#[must_use = "a place that nobody uses keeps others out until it is dropped"]
pub struct Admitted {
    hasher: Hasher,
    place: PlaceId,
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.hasher.crew.shared.cancel(self.place);
    }
}

impl Admitted {
    /// Verifies a password. `None` stands for every account that cannot be entered with a password
    /// (unknown, disabled, without a password): it takes one hash as well, and is never right.
    ///
    /// # Errors
    /// Where no worker came to it in time, or the workers are ending.
    pub async fn verify(self, password: &Password, stored: Option<&PasswordHash>) -> Result<Verdict, Busy> {
        let hasher = self.hasher.clone();
        let crew = &*hasher.crew;
        let found = stored.map(|hash| {
            let kept = Kept::parse(hash)?;
            let pepper = crew.peppers.find(kept.pepper()).ok_or(Fault::PepperMissing(kept.pepper()))?;
            Ok((kept, pepper))
        });
        let (is_real, fault) =
            (matches!(found, Some(Ok(_))), found.as_ref().and_then(|found| found.as_ref().err().copied()));
        let (wanted, pepper) = found.and_then(Result::ok).unwrap_or_else(|| crew.decoy());
        let output = self.compute(wanted.work(password, pepper)).await?;
        // Both sides are evaluated: the comparison itself takes no shorter for a dummy.
        let is_right = wanted.is_met(&output.bytes, pepper) & is_real;
        if matches!(wanted, Kept::Imported(_)) {
            crew.even.learn(output.took);
        }
        if !is_right {
            tokio::time::sleep(crew.even.rest(output.took)).await;
        }
        Ok(Verdict { is_right, needs_rehash: is_right && wanted.is_old(crew), fault })
    }

    /// Hashes a new password in this place, as [`Hasher::hash`] does.
    ///
    /// # Errors
    /// Where no worker came to it in time, or the workers are ending.
    pub async fn hash(self, password: &Password) -> Result<PasswordHash, Busy> {
        let hasher = self.hasher.clone();
        let Crew { parameters, peppers, shared, .. } = &*hasher.crew;
        let pepper = peppers.current();
        let salt = random::bytes::<{ phc::SALT }>(&*shared.random).to_vec();
        let wanted = Stored { parameters: *parameters, pepper: pepper.id(), salt, output: vec![0; phc::OUTPUT] };
        let output = self.compute(wanted.work(password, pepper)).await?;
        Ok(Stored { output: output.bytes.to_vec(), ..wanted }.to_hash())
    }

    async fn compute(self, work: Work) -> Result<Output, Busy> {
        let (answer, answered) = oneshot::channel();
        let job = Job { work, queued_at: Instant::now(), answer };
        self.hasher.crew.shared.fill(self.place, job);
        // `self` lives to the end: where the client goes, its place is given back.
        answered.await.map_err(|_| self.hasher.busy(Full::Queue))
    }
}

/// A stored hash, taken apart.
enum Kept {
    Own(Stored),
    Imported(Imported),
}

impl Kept {
    fn parse(hash: &PasswordHash) -> Result<Self, Fault> {
        if Imported::is_one(hash) {
            Imported::parse(hash).map(Self::Imported)
        } else {
            Stored::parse(hash).map(Self::Own)
        }
    }

    fn pepper(&self) -> PepperId {
        match self {
            Self::Own(stored) => stored.pepper,
            Self::Imported(imported) => imported.pepper,
        }
    }

    fn work(&self, password: &Password, pepper: &Pepper) -> Work {
        match self {
            Self::Own(stored) => stored.work(password, pepper),
            Self::Imported(imported) => Work::Foreign { recipe: imported.recipe.clone(), password: password.clone() },
        }
    }

    fn is_met(&self, output: &[u8], pepper: &Pepper) -> bool {
        match self {
            Self::Own(stored) => output.ct_eq(&stored.output).into(),
            Self::Imported(imported) => pepper.seal(output).ct_eq(&imported.mac[..]).into(),
        }
    }

    fn is_old(&self, crew: &Crew) -> bool {
        match self {
            Self::Own(stored) => {
                stored.parameters.is_weaker_than(crew.parameters) || stored.pepper != crew.peppers.current().id()
            }
            Self::Imported(_) => true,
        }
    }
}

impl Crew {
    /// What is verified where nothing is stored.
    fn decoy(&self) -> (Kept, &Pepper) {
        let pepper = self.peppers.current();
        let (salt, output) = (self.decoy.to_vec(), vec![0; phc::OUTPUT]);
        (Kept::Own(Stored { parameters: self.parameters, pepper: pepper.id(), salt, output }), pepper)
    }
}

#[cfg(test)]
mod tests;
