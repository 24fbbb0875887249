//! A node at work: its app, and the rounds that are made beside requests.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::Finding;
use doorward_core::store::{StoreError, Whole as _};
use doorward_store::RequestLog;
use parking_lot::RwLock;

use super::{Node, Transport};
use crate::config::Config;
use crate::identity::Identity;
use crate::mail::Dispatch;
use crate::system::Drawn;
use crate::watch::health::{Answer, Health};
use crate::watch::log::Control;
use crate::watch::reading::Readings;
use crate::watch::{Tasks, Watch};
use crate::web::app::{App, Inner, Settings};
use crate::web::ticket::Tickets;

/// What runs beside requests.
#[derive(Debug)]
pub struct Service {
    /// Every task of the program.
    pub tasks: Tasks,
    node: Node,
}

impl Node {
    /// Puts the app together and starts the rounds.
    ///
    /// # Errors
    /// What the CSRF rule finds wrong with the configuration.
    pub fn into_app(
        self,
        config: Config,
        findings: Vec<Finding>,
        log: Option<Control>,
    ) -> Result<(Service, App), Vec<Finding>> {
        let tasks = Tasks::default();
        let (memory, writer) = RequestLog::new(&config.data.join("requests.db"));
        let closing = tasks.clone();
        tasks.spawn("request memory", async move { writer.run(async move { closing.closing().await }).await });
        let watch = Watch::new(Arc::clone(&self.clock), Some(Arc::new(memory)));
        let transport = Transport::open(&config, Arc::clone(&self.clock), Arc::clone(&self.random))?;
        let transport = transport.map(Arc::new);
        let (post, clock) = (self.identity.post().clone(), Arc::clone(&self.clock));
        let mail = Dispatch::open(&config, self.store.clone(), post, clock)?.map(Arc::new);
        let health = self.health(&config, transport.clone(), mail.clone());
        let settings = Settings::of(config, self.identity.keyring(), None, &watch)?;
        let app = App::new(Inner {
            identity: self.identity.clone(),
            hasher: self.hasher.clone(),
            watch: watch.clone(),
            health,
            tasks: tasks.clone(),
            identifiers: Drawn::default(),
            transport: transport.clone(),
            mail: mail.clone(),
            tickets: Tickets::new(self.clock.now()),
            findings: RwLock::new(findings),
            settings: RwLock::new(Arc::new(settings)),
        });
        let door = app.clone();
        tasks.every("idle connections", Duration::from_secs(30), move || {
            let settings = door.settings();
            async move { settings.door.reap() }
        });
        self.measure(&watch, &tasks, log, mail.clone());
        self.rounds(&watch, &tasks);
        if let Some(transport) = transport {
            transport.tend(&tasks);
        }
        if let Some(mail) = mail {
            mail.tend(&tasks);
        }
        Ok((Service { tasks, node: self }, app))
    }

    fn health(&self, config: &Config, transport: Option<Arc<Transport>>, mail: Option<Arc<Dispatch>>) -> Health {
        let (store, hasher, identity) = (self.store.clone(), self.hasher.clone(), self.identity.clone());
        let mut builder = Health::builder();
        if let Some(transport) = transport {
            builder = builder.check("certificates", move || {
                let answer = transport.health();
                async move { answer }
            });
        }
        if let Some(mail) = mail {
            builder = builder.check("mail", move || {
                let answer = mail.health();
                async move { answer }
            });
        }
        builder
            .check("store", move || {
                let store = store.clone();
                async move {
                    store.ping().await.map_or_else(|error| Answer::down(error.to_string()), |()| Answer::up())
                }
            })
            .check("hash_workers", move || {
                let is_alive = hasher.is_alive();
                async move { if is_alive { Answer::up() } else { Answer::down("the hash workers have ended") } }
            })
            .check("keys", move || {
                let has_keys = identity.jwks()["keys"].as_array().is_some_and(|keys| !keys.is_empty());
                async move { if has_keys { Answer::up() } else { Answer::down("there is no key to sign with") } }
            })
            .data_directory(config.data.clone())
            .build(Arc::clone(&self.clock))
    }

    fn measure(&self, watch: &Watch, tasks: &Tasks, log: Option<Control>, mail: Option<Arc<Dispatch>>) {
        let (identity, hasher) = (self.identity.clone(), self.hasher.clone());
        let tasks = tasks.clone();
        watch.add_source(move |readings: &mut Readings| {
            readings.sessions = Some(identity.session_count() as u64);
            readings.log_lines_dropped = log.as_ref().map(Control::dropped);
            readings.task_panics = Some(tasks.panics());
            readings.mail = mail.as_ref().map(|mail| mail.figures());
            readings.hashing = Some(hasher.measures().read());
        });
    }

    /// The rounds. Each is safe to miss: the next one does what was left.
    fn rounds(&self, watch: &Watch, tasks: &Tasks) {
        self.round(watch, tasks, ("changes of others", 1), |identity| Box::pin(async move { identity.follow().await }));
        self.round(watch, tasks, ("last seen", 10), |identity| Box::pin(async move { identity.flush().await }));
        self.round(watch, tasks, ("timeouts", 60), |identity| Box::pin(async move { identity.sweep().await }));
        let (identity, counted, store) = (self.identity.clone(), watch.clone(), self.store.clone());
        tasks.every("keys", Duration::from_hours(1), move || {
            let identity = identity.clone();
            async move {
                if let Err(finding) = identity.keyring().tend(identity.now(), identity.random()) {
                    tracing::error!(code = finding.code, "{}", finding.why);
                }
            }
        });
        tasks.every("refusals", Duration::from_mins(1), move || {
            let (watch, store) = (counted.clone(), store.clone());
            async move {
                if let Err(error) = watch.flush_refusals(&store).await {
                    note(&watch, "refusals", &error);
                }
            }
        });
    }

    fn round(&self, watch: &Watch, tasks: &Tasks, (name, seconds): (&'static str, u64), step: fn(Identity) -> Step) {
        let (identity, watch) = (self.identity.clone(), watch.clone());
        tasks.every(name, Duration::from_secs(seconds), move || {
            let (step, watch) = (step(identity.clone()), watch.clone());
            async move {
                if let Err(error) = step.await {
                    note(&watch, name, &error);
                }
            }
        });
    }
}

type Step = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

fn note(watch: &Watch, round: &'static str, error: &StoreError) {
    watch.count_store_error(error.code());
    tracing::warn!(reason = error.code(), round, %error, "a round could not be finished; the next one does it");
}

impl Service {
    /// Ends: open requests finish, what is only in memory is written, the store is closed.
    pub async fn end(self, app: &App, bound: Duration) {
        for name in self.tasks.shutdown(bound).await {
            tracing::warn!(name, "a task had to be cut off");
        }
        if let Err(error) = self.node.identity.flush().await {
            note(app.watch(), "last seen", &error);
        }
        if let Err(error) = app.watch().flush_refusals(&self.node.store).await {
            note(app.watch(), "refusals", &error);
        }
        self.node.hasher.shutdown();
        self.node.store.close().await;
    }
}
