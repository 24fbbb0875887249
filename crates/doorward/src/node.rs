//! One node, put together: the store, the keys, the hash workers and the identity that stands on them.

mod acme;
mod admin;
mod directory;
mod factor;
mod service;
mod transport;

pub use acme::{acme_files, is_of_acme, put_back_acme};
pub use admin::{forget_initial, forget_set_up, introduce};
pub use directory::make_private;
pub use factor::{factors_out_of_reach, look_for_factors};
pub use service::Service;
pub use transport::Transport;

use std::sync::Arc;

use doorward_core::factor::policy::FactorPolicy;
use doorward_core::password::Rules;
use doorward_core::store::Users as _;
use doorward_core::{Clock, Finding, Random};
use doorward_store::{Location, Server, Store, migration};

use crate::config::{Config, Passkeys, PublicUrl, Store as Place};
use crate::identity::factor::FactorSettings;
use crate::identity::factor::passkey::RelyingParty;
use crate::identity::hasher::{Hasher, Parameters, Settings as HashSettings};
use crate::identity::{Identity, Keyring, Parts, Sealer};
use crate::mail::{Post, Site};

/// What commands and the server work with.
#[derive(Debug)]
pub struct Node {
    /// Everything is kept here.
    pub store: Store,
    /// Hashes passwords.
    pub hasher: Hasher,
    /// Sign-in, sessions, accounts.
    pub identity: Identity,
    /// The clock of this node.
    pub clock: Arc<dyn Clock>,
    /// Its source of chance.
    pub random: Arc<dyn Random>,
}

/// Where the configuration says that everything is kept.
#[must_use]
pub fn location(config: &Config) -> Location {
    match &config.store {
        Place::Sqlite(path) => Location::Sqlite(path.clone()),
        Place::Postgres(url) => Location::Postgres(Server::new(url.clone())),
    }
}

impl Node {
    /// Opens the store, brings the embedded database up to date, reads or makes the keys, and starts the hash workers.
    ///
    /// # Errors
    /// Everything that stops a start, each with what mends it.
    pub async fn open(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Self, Vec<Finding>> {
        make_private(&config.data).map_err(|finding| vec![finding])?;
        let store = open_store(&location(config)).await?;
        // Keys that are gone while accounts are there must not be made anew behind everybody's back.
        let has_users = store.has_users().await.map_err(|error| vec![unreadable(&error)])?;
        let keyring = Keyring::open(&config.data.join("keys"), has_users, clock.now(), &*random)?;
        let hasher = start_hasher(config, &keyring, &random)?;
        let sealer = keyring.sealer().clone();
        let identity = Identity::new(Parts {
            store: store.clone(),
            hasher: hasher.clone(),
            keyring,
            clock: Arc::clone(&clock),
            random: Arc::clone(&random),
            timeouts: config.session.timeouts,
            rules: rules(config),
            factors: factors(config),
            post: post(config, &sealer),
            issuer: config.public_url().origin().into(),
        });
        Ok(Self { store, hasher, identity, clock, random })
    }
}

/// Letters are written where something becomes of them, with links to the configured address.
fn post(config: &Config, sealer: &Sealer) -> Post {
    if config.mail.is_on() {
        Post::open(Site::new(config.public_url().origin()), sealer.clone())
    } else {
        Post::closed()
    }
}

/// What is asked for beside a password. Browsers and apps show the host of the pages beside passkeys and codes.
fn factors(config: &Config) -> FactorSettings {
    let service: Box<str> = config.public_url().host().into();
    let origin = config.server.public_url.as_ref().map(PublicUrl::origin);
    let Passkeys { rp_id, is_possible } = &config.passkeys;
    let party = RelyingParty::new(&service, rp_id, origin.as_deref(), *is_possible);
    let policy = FactorPolicy { has_mail: config.mail.is_on(), ..config.second_factor.policy.clone() };
    FactorSettings { policy, party: Arc::new(party), service }
}

/// What passwords must be. Our own name and that of the host are the first words that are tried here.
fn rules(config: &Config) -> Rules {
    let mut rules = Rules { minimum: config.password.minimum_length, ..Rules::default() };
    rules.context.push(config.public_url().host().to_string());
    rules.context.extend_from_slice(&config.password.context_words);
    rules
}

/// Opens the store. A PostgreSQL database in which nothing was ever made is set up at the first start; one that was
/// waits for `doorward migrate up`, since other nodes may still run on its schema.
async fn open_store(location: &Location) -> Result<Store, Vec<Finding>> {
    if matches!(location, Location::Postgres(_)) {
        let states = migration::status(location).await?;
        if states.iter().all(|state| !state.is_applied) {
            migration::up(location).await?;
        }
    }
    Store::open(location).await
}

fn unreadable(error: &doorward_core::store::StoreError) -> Finding {
    Finding::error("store.location_unreachable", "store", error.to_string())
}

fn start_hasher(config: &Config, keyring: &Keyring, random: &Arc<dyn Random>) -> Result<Hasher, Vec<Finding>> {
    let fault = |why: String| vec![Finding::error("keys.unreadable", "password", why)];
    let parameters = Parameters::chosen(config.password.hash.memory_kib(), config.password.passes)
        .map_err(|error| fault(error.to_string()))?;
    let settings =
        HashSettings { workers: config.password.workers, ..HashSettings::new(parameters, keyring.peppers()) };
    Hasher::start(settings, Arc::clone(random))
        .map_err(|error| fault(format!("the hash workers did not start: {error}")))
}
