//! What only the program can look at: its own database, its configuration, its mail server, its memory of requests.

use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::facts::{Database, Host, Installation, Source, Step, Visit};

/// What will be told.
pub type Told<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The program on whose installation the doctor stands. The doctor itself knows no database.
pub trait Insider: Debug + Send + Sync {
    /// How the database stands, or why it was not looked at. Nothing is changed.
    fn database(&self, patience: Duration) -> Told<'_, Result<Database, String>>;

    /// What is wrong with the configuration, and whether the mail server takes letters.
    fn installation(&self, patience: Duration) -> Told<'_, Installation>;

    /// A ticket for one question to the gateway: `echo`, `look` or `told`. None where its keys cannot be read.
    fn ticket(&self, purpose: &str, nonce: &str) -> Option<String>;

    /// Where the gateway listens on this machine, and whether it speaks TLS there.
    fn doors(&self) -> Vec<(SocketAddr, bool)>;

    /// What the installation remembers of this request, line by line.
    fn story<'a>(&'a self, request: &'a str) -> Told<'a, Vec<String>>;
}

/// Asks what is remembered of the request that was refused last. A server writes that down a moment after its answer.
pub(crate) async fn story(request: &super::Request, facts: &mut crate::Facts) {
    let (Some(insider), Some(told)) = (&request.insider, &mut facts.installation) else { return };
    // That nobody's name is refused is as it should be.
    let is_meant = |visit: &&Visit| {
        let is_named = ["Real", "code"].contains(&visit.note.as_str());
        let is_refusal = visit.step == Step::SignIn && (is_named || !matches!(visit.status, 401 | 422 | 429));
        visit.status >= 400 && (is_refusal || visit.step == Step::After)
    };
    let named = facts.visits.iter().rfind(is_meant).and_then(|visit| visit.field("x-request-id"));
    let Some(id) = named.map(str::to_owned) else { return };
    for _ in 0..8 {
        told.story = insider.story(&id).await;
        if !told.story.is_empty() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// What the settings of an app say of its database, without a look into it.
fn cut(host: &Host) -> Option<Database> {
    let is_of_database = |name: &str| {
        let name = name.to_uppercase();
        ["DATABASE", "DB_", "POSTGRES", "MYSQL", "SQLALCHEMY", "DSN"].iter().any(|word| name.contains(word))
    };
    let mut settings = host.settings.iter().filter(|setting| setting.source != Source::Example);
    settings.find(|setting| setting.mark.is("cut") && is_of_database(&setting.name)).map(|setting| Database {
        place: setting.name.clone(),
        is_url_broken: true,
        ..Database::default()
    })
}

/// Asks the insider, where there is one.
pub(crate) async fn look(request: &super::Request, facts: &mut crate::Facts) {
    if let Some(host) = facts.host.as_mut().filter(|host| host.database.is_none()) {
        host.database = cut(host);
    }
    let Some(insider) = &request.insider else { return };
    let started = tokio::time::Instant::now();
    match insider.database(request.timeout).await {
        Ok(mut database) => {
            database.ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            if let Some(host) = &mut facts.host {
                host.database = Some(database);
            }
        }
        Err(why) => facts.skipped.push(why),
    }
    facts.installation = Some(insider.installation(request.timeout).await);
}
