//! What is said where the configuration puts factors out of reach: their owners would find out one by one.

use std::time::Duration;

use doorward_core::store::Factors as _;
use doorward_core::{Finding, Severity};
use doorward_store::{Location, Store, migration};

use crate::config::Config;

/// How long a check of the configuration waits for the database. It is about the configuration, so without an answer
/// nothing is said.
const PATIENCE: Duration = Duration::from_secs(2);

/// Factors that nobody can prove under this configuration: passkeys that were made for another domain than the present
/// one, and codes by mail where there is no mail and nothing else.
pub async fn factors_out_of_reach(store: &Store, config: &Config) -> Vec<Finding> {
    let (elsewhere, by_mail) = (made_elsewhere(store, config).await, by_mail_alone(store, config).await);
    elsewhere.into_iter().chain(by_mail).collect()
}

async fn made_elsewhere(store: &Store, config: &Config) -> Option<Finding> {
    let rp_id = &config.passkeys.rp_id;
    let count = store.passkeys_elsewhere(rp_id).await.ok().filter(|count| *count > 0)?;
    let many = if count == 1 { "One passkey was".to_owned() } else { format!("{count} passkeys were") };
    let why = format!("{many} made for another domain than `{rp_id}`, and browsers offer such passkeys nowhere else.");
    let finding = Finding::error("config.passkeys_elsewhere", "passkeys.rp_id", why);
    let remedy = "rp_id = \"the former domain\"  # in [passkeys], where the pages still lie below it";
    Some(Finding { severity: Severity::Warning, ..finding.with_remedy(remedy) })
}

async fn by_mail_alone(store: &Store, config: &Config) -> Option<Finding> {
    if config.mail.is_on() {
        return None;
    }
    let count = store.people_by_mail_alone().await.ok().filter(|count| *count > 0)?;
    let many = if count == 1 { "One person has".to_owned() } else { format!("{count} people have") };
    let why =
        format!("{many} codes by mail for a second factor and nothing else, so without mail they cannot sign in.");
    let finding = Finding::error("config.mail_needed", "mail.server", why);
    let remedy = "server = \"smtp.example.com\"  # in [mail]; or on the host: doorward user recover ADDRESS";
    Some(Finding { severity: Severity::Warning, ..finding.with_remedy(remedy) })
}

/// The same for a check of the configuration: it makes no database and changes none.
pub async fn look_for_factors(config: &Config) -> Vec<Finding> {
    let location = super::location(config);
    let is_there = match &location {
        Location::Sqlite(file) => file.exists(),
        Location::Postgres(_) => true,
    };
    let look = async {
        let states = migration::status(&location).await.ok()?;
        if !states.iter().all(|state| state.is_applied) {
            return None;
        }
        Some(factors_out_of_reach(&Store::open(&location).await.ok()?, config).await)
    };
    let found = if is_there { tokio::time::timeout(PATIENCE, look).await.ok().flatten() } else { None };
    found.unwrap_or_default()
}
