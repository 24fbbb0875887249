//! The worker threads: each has its own memory for Argon2, which it keeps, and takes jobs in turn.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Version};
use doorward_core::Random;
use doorward_core::password::Password;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::foreign::{self, Recipe, Scheme};
use super::measure::{Measures, add};
use super::parameters::Parameters;
use super::queue::{Full, PlaceId, Queue, Ticket};

/// How much lower than the rest of the program the workers stand: answers come first, hashes after them.
const NICE: i32 = 10;

/// The wait that a full queue stands for: nobody waits longer than about this.
const LONGEST_QUEUE: Duration = Duration::from_secs(2);

/// One hash to compute.
pub(super) struct Job {
    pub(super) work: Work,
    pub(super) queued_at: Instant,
    pub(super) answer: oneshot::Sender<Output>,
}

/// What there is to compute.
pub(super) enum Work {
    /// A hash of ours: Argon2id over what has passed the pepper.
    Own { input: Zeroizing<[u8; 32]>, salt: Vec<u8>, parameters: Parameters, length: usize },
    /// The hash of another program, over the password itself.
    Foreign { recipe: Recipe, password: Password },
}

/// What came out, and how long it took.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) bytes: Zeroizing<Vec<u8>>,
    pub(super) took: Duration,
}

/// What the workers and their clients share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    wake: Condvar,
    started: Instant,
    /// Held while the hash of another program takes memory that no worker has.
    beyond: Mutex<()>,
    workers: usize,
    patience: Duration,
    is_length_fixed: bool,
    pub(super) measures: Measures,
    pub(super) random: Arc<dyn Random>,
}

#[derive(Debug)]
struct State {
    queue: Queue<Job>,
    is_closed: bool,
    /// A running mean of the time of one hash.
    hash_time: Duration,
}

impl Work {
    /// Whether it takes memory beyond the `arena` blocks of 1 KiB that a worker keeps.
    fn is_beyond(&self, arena: usize) -> bool {
        match self {
            Self::Own { parameters, .. } => parameters.memory() as usize > arena,
            Self::Foreign { recipe, .. } => match recipe.scheme {
                Scheme::Argon2 { memory, .. } => memory as usize > arena,
                scheme => scheme.memory() > 0,
            },
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Job").field("queued_at", &self.queued_at).finish_non_exhaustive()
    }
}

/// What [`Shared::new`] needs to know.
pub(super) struct Plan {
    pub(super) workers: usize,
    pub(super) parameters: Parameters,
    pub(super) patience: Duration,
    pub(super) length: Option<usize>,
}

impl Shared {
    pub(super) fn new(plan: &Plan, random: Arc<dyn Random>) -> Self {
        let hash_time = plan.parameters.guess();
        let length = plan.length.unwrap_or_else(|| queue_length(plan.workers, hash_time));
        let own = 2 * plan.workers;
        Self {
            state: Mutex::new(State { queue: Queue::new(length, own), is_closed: false, hash_time }),
            wake: Condvar::new(),
            started: Instant::now(),
            beyond: Mutex::default(),
            workers: plan.workers,
            patience: plan.patience,
            is_length_fixed: plan.length.is_some(),
            measures: Measures::default(),
            random,
        }
    }

    /// Takes a place; nothing stands for the program's own work.
    pub(super) fn reserve(&self, ticket: Option<&Ticket>) -> Result<PlaceId, Full> {
        let deadline = self.started.elapsed() + self.patience;
        let mut state = self.state.lock();
        let reserved = match ticket {
            _ if state.is_closed => Err(Full::Closed),
            Some(ticket) => state.queue.reserve(ticket, deadline),
            None => state.queue.reserve_own(deadline),
        };
        self.note_places(&state);
        drop(state);
        match reserved {
            Ok(_) => add(&self.measures.admitted, 1),
            Err(full) => self.measures.refuse(full),
        }
        reserved
    }

    /// Puts a job on a place. Where the workers have ended the job is dropped, and with it its answer.
    pub(super) fn fill(&self, place: PlaceId, job: Job) {
        let is_filled = self.state.lock().queue.fill(place, job).is_ok();
        if is_filled {
            self.wake.notify_one();
        }
    }

    /// Gives a place back, unless a worker has it already.
    pub(super) fn cancel(&self, place: PlaceId) {
        let mut state = self.state.lock();
        let was_waiting = state.queue.cancel(place);
        self.note_places(&state);
        drop(state);
        if was_waiting {
            add(&self.measures.gone, 1);
        }
    }

    /// Ends the workers after the hash they are at. Whoever waits gets no hash.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.queue = Queue::new(0, 0);
        self.note_places(&state);
        drop(state);
        self.wake.notify_all();
    }

    fn note_places(&self, state: &State) {
        self.measures.places.store(state.queue.len() as u64, Ordering::Relaxed);
    }

    /// Waits for the next job; nothing once the workers are to end.
    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if state.is_closed {
                return None;
            }
            let taken = state.queue.take(self.started.elapsed());
            self.note_places(&state);
            add(&self.measures.expired, taken.expired as u64);
            match taken.job {
                Some(job) if job.answer.is_closed() => add(&self.measures.gone, 1),
                Some(job) => return Some(job),
                None => {
                    let since = Instant::now();
                    self.wake.wait(&mut state);
                    self.measures.idled(since.elapsed());
                }
            }
        }
    }

    /// Takes the measured time of one hash into account: the queue holds what two seconds can serve.
    fn learn(&self, time: Duration) {
        self.measures.hashed(time);
        if self.is_length_fixed {
            return;
        }
        let mut state = self.state.lock();
        state.hash_time = (state.hash_time * 7 + time) / 8;
        let length = queue_length(self.workers, state.hash_time);
        if !state.is_closed {
            state.queue.resize(length);
        }
    }
}

/// Workers times two seconds over the time of a hash; from 4, so that both halves have room, to 1024.
fn queue_length(workers: usize, hash_time: Duration) -> usize {
    let each = LONGEST_QUEUE.as_micros() / hash_time.as_micros().max(1);
    usize::try_from(each).unwrap_or(usize::MAX).saturating_mul(workers).clamp(4, 1024)
}

/// The life of one worker thread.
pub(super) fn run(shared: &Shared, arena: usize) {
    // On Linux the nice value belongs to the thread that asks (setpriority(2), "C library/kernel
    // differences"), so the rest of the program keeps its own. Where it is refused hashes still work.
    if let Err(error) = rustix::process::setpriority_process(None, NICE) {
        tracing::debug!(%error, "hash workers keep the priority of the program");
    }
    let mut memory = Vec::new();
    while let Some(job) = shared.next() {
        let begun = Instant::now();
        shared.measures.waited(begun.duration_since(job.queued_at));
        // One of them at a time: however many workers there are, their memory is theirs and that of one more hash.
        let beyond = job.work.is_beyond(arena).then(|| shared.beyond.lock());
        let computed = compute(&job.work, &mut memory, arena);
        drop(beyond);
        if let Some(bytes) = computed {
            let took = begun.elapsed();
            shared.learn(took);
            // A client that has gone meanwhile needs no answer.
            let _ = job.answer.send(Output { bytes, took });
        }
    }
}

/// Computes one hash; one of ours in `memory`, which keeps `arena` blocks from the first hash on and gives back what
/// a costlier stored hash needed beyond them.
///
/// Nothing where the memory cannot be had. The memory is not wiped between hashes of ours: what stands in it
/// comes from a keyed hash of the password, and is of no use without the pepper. Argon2 of another program uses the same
/// memory and wipes it.
pub(super) fn compute(work: &Work, memory: &mut Vec<Block>, arena: usize) -> Option<Zeroizing<Vec<u8>>> {
    let (input, salt, parameters, length) = match work {
        Work::Own { input, salt, parameters, length } => (input, salt, *parameters, *length),
        Work::Foreign { recipe, password } => {
            let bytes = foreign::compute(recipe, password.expose_password().as_bytes(), memory);
            trim(memory, arena);
            return bytes;
        }
    };
    let parameters = parameters.to_argon2(length)?;
    let needed = parameters.block_count().max(arena);
    grow(memory, needed)?;
    let mut output = Zeroizing::new(vec![0; length]);
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters);
    let outcome = argon2.hash_password_into_with_memory(&input[..], salt, &mut output, &mut memory[..]);
    trim(memory, arena);
    outcome.ok().map(|()| output)
}

/// Makes room for so many blocks; nothing where the memory cannot be had.
pub(super) fn grow(memory: &mut Vec<Block>, needed: usize) -> Option<()> {
    if memory.len() < needed {
        memory.try_reserve_exact(needed - memory.len()).ok()?;
        memory.resize(needed, Block::new());
    }
    Some(())
}

/// Gives back what a hash needed beyond the blocks that a worker keeps.
fn trim(memory: &mut Vec<Block>, arena: usize) {
    if memory.len() > arena {
        memory.truncate(arena);
        memory.shrink_to_fit();
    }
}
