//! The dispatch: takes letters out of the outbox, has them delivered, and knows how mail is doing.
//!
//! A letter is taken under a lease, so that of several processes one sends it, and a process that dies gives it back.
//! What cannot be sent waits longer each time. Letters go one after another in a few lanes, and a round ends with the
//! first failure that concerns the server, since the others would meet the same.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::audit::{Action, Actor, Event};
use doorward_core::mail::{Failed, Taken};
use doorward_core::store::{Outbox as _, Result};
use doorward_core::{Clock, Finding, UnixTime};
use doorward_store::Store;
use parking_lot::Mutex;

use super::courier::{Courier, Parcel, Undelivered};
use super::post::Post;
use super::viewer::{Shown, Viewer};
use crate::config::{Config, Mail};
use crate::watch::Tasks;
use crate::watch::health::Answer;

/// How often the outbox is looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Letters that are on their way at one time.
const LANES: usize = 3;

/// Seconds for which a letter that was given up is told of.
const TOLD_SECONDS: i64 = 86_400;

/// Figures of mail.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Letters that wait.
    pub waiting: u64,
    /// Letters that this process has sent.
    pub sent: u64,
    /// Tries of this process that failed.
    pub failed: u64,
    /// Letters that this process has given up.
    pub given_up: u64,
}

#[derive(Debug, Default)]
struct State {
    figures: Figures,
    /// The last failure of the server, and since when it lasts; nothing after a success.
    trouble: Option<(Undelivered, UnixTime)>,
    /// The last letter that was given up.
    lost: Option<(String, UnixTime)>,
}

#[derive(Debug)]
enum Way {
    Server(Box<Courier>),
    Viewer(Viewer),
}

/// Sends what waits in the outbox.
#[derive(Debug)]
pub struct Dispatch {
    store: Store,
    post: Post,
    clock: Arc<dyn Clock>,
    way: Way,
    state: Mutex<State>,
}

impl Dispatch {
    /// The dispatch of this configuration; nothing where there is no mail.
    ///
    /// # Errors
    /// Where the file with roots of one's own cannot be read.
    pub fn open(
        config: &Config,
        store: Store,
        post: Post,
        clock: Arc<dyn Clock>,
    ) -> std::result::Result<Option<Self>, Vec<Finding>> {
        let way = match &config.mail {
            Mail::Off => return Ok(None),
            Mail::Viewer => Way::Viewer(Viewer::default()),
            Mail::Server(server) => Way::Server(Box::new(
                Courier::new(server, config.public_url().host()).map_err(|finding| vec![finding])?,
            )),
        };
        Ok(Some(Self { store, post, clock, way, state: Mutex::default() }))
    }

    /// Starts the rounds.
    pub fn tend(self: &Arc<Self>, tasks: &Tasks) {
        let dispatch = Arc::clone(self);
        tasks.every("mail", LOOK, move || {
            let dispatch = Arc::clone(&dispatch);
            async move {
                if let Err(error) = dispatch.round().await {
                    tracing::warn!(reason = error.code(), %error, "the outbox cannot be read; the next round does it");
                }
            }
        });
    }

    /// Sends what is due, until nothing is or the server fails.
    ///
    /// # Errors
    /// `store.*`.
    pub async fn round(&self) -> Result<()> {
        let waiting = self.store.waiting_mail().await?;
        self.state.lock().figures.waiting = u64::try_from(waiting).unwrap_or_default();
        if waiting == 0 {
            return Ok(());
        }
        let lanes = usize::try_from(waiting).unwrap_or(LANES).min(LANES);
        let lanes = futures_util::future::join_all((0..lanes).map(|_| self.lane())).await;
        lanes.into_iter().collect()
    }

    async fn lane(&self) -> Result<()> {
        // One at a time, so that none waits under a lease for the one before it.
        while let Some(taken) = self.store.take_mail(self.clock.now(), 1).await?.pop() {
            if !self.send(&taken).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Sends one letter. False where the server failed, and the others need not be tried now.
    async fn send(&self, taken: &Taken) -> Result<bool> {
        let letter = &taken.letter;
        let Some(draft) = self.post.read(letter) else {
            let failed = Failed { why: "it was written under keys that are gone".to_owned(), is_final: true };
            self.fail(taken, &failed).await?;
            return Ok(true);
        };
        let delivered = match &self.way {
            Way::Viewer(viewer) => {
                viewer.take(Shown { to: letter.to.to_string(), at: letter.created_at, draft });
                Ok(())
            }
            Way::Server(courier) => {
                let parcel = Parcel { id: letter.id, to: &letter.to, at: letter.created_at, draft: &draft };
                courier.deliver(parcel, &mut |_| {}).await
            }
        };
        match delivered {
            Ok(()) => {
                self.store.mail_sent(taken, self.clock.now()).await?;
                let mut state = self.state.lock();
                state.figures.sent += 1;
                if let Some((trouble, since)) = state.trouble.take() {
                    tracing::info!(step = trouble.step.as_str(), since = since.to_rfc3339(), "mail works again");
                }
                Ok(true)
            }
            Err(undelivered) => {
                let Undelivered { step, why, is_final } = &undelivered;
                tracing::warn!(
                    reason = step.code(), mail.id = %letter.id, mail.kind = &*letter.kind, step = step.as_str(), tries = taken.tries, "a letter was not sent: {why}"
                );
                let failed = Failed { why: undelivered.to_string(), is_final: *is_final };
                self.fail(taken, &failed).await?;
                let is_of_server = step.is_of_server();
                if is_of_server {
                    let now = self.clock.now();
                    let mut state = self.state.lock();
                    let since = state.trouble.as_ref().map_or(now, |(_, since)| *since);
                    state.trouble = Some((undelivered, since));
                }
                Ok(!is_of_server)
            }
        }
    }

    async fn fail(&self, taken: &Taken, failed: &Failed) -> Result<()> {
        let now = self.clock.now();
        let event = Event::new(now, Action::MailFailed, Actor::System);
        self.store.mail_failed(taken, failed, &event).await?;
        let is_lost =
            failed.is_final || doorward_core::mail::next_try(taken.tries, now, taken.letter.expires_at).is_none();
        let mut state = self.state.lock();
        state.figures.failed += 1;
        if is_lost {
            state.figures.given_up += 1;
            state.lost = Some((format!("{}: {}", taken.letter.kind, failed.why), now));
        }
        Ok(())
    }

    /// How many letters wait, were sent and failed.
    #[must_use]
    pub fn figures(&self) -> Figures {
        self.state.lock().figures
    }

    /// How mail is doing. Signing in goes on without it, so it is never down.
    #[must_use]
    pub fn health(&self) -> Answer {
        match &self.state.lock().trouble {
            Some((undelivered, _)) => Answer::degraded(undelivered.to_string()),
            None => Answer::up(),
        }
    }

    /// What is wrong with mail now.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        let now = self.clock.now();
        let state = self.state.lock();
        let mut findings = Vec::new();
        if let Some((undelivered, since)) = &state.trouble {
            let why = format!("{undelivered} (since {}; {} letters wait)", since.to_rfc3339(), state.figures.waiting);
            findings.push(
                Finding::warning(undelivered.step.code(), self.subject(), why)
                    .with_remedy("doorward mail test ADDRESS"),
            );
        }
        if let Some((what, at)) = &state.lost
            && now.seconds_since(*at) < TOLD_SECONDS
        {
            let why = format!("A letter could not be sent and was given up ({what}).");
            findings
                .push(Finding::warning("mail.given_up", self.subject(), why).with_remedy("doorward mail test ADDRESS"));
        }
        findings
    }

    fn subject(&self) -> String {
        match &self.way {
            Way::Server(courier) => courier.server(),
            Way::Viewer(_) => "mail.viewer".to_owned(),
        }
    }

    /// The letters of this process, where they are shown instead of sent.
    #[must_use]
    pub fn viewer(&self) -> Option<&Viewer> {
        match &self.way {
            Way::Viewer(viewer) => Some(viewer),
            Way::Server(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
