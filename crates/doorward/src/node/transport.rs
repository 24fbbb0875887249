//! HTTPS at work: the certificates, and the rounds that keep them fresh.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock, Finding, Random};
use doorward_edge::acme::{self, Acme, Outcome};
use doorward_edge::tls::{Certificates, Files, Pair, Slot};

use crate::config::Config;
use crate::watch::Tasks;
use crate::watch::health::Answer;

/// Everything below the data directory, where only its owner may look.
fn settings(acme: &crate::config::Acme, config: &Config) -> acme::Settings {
    acme::Settings {
        directory: acme.directory.clone(),
        email: acme.email.clone(),
        ca: acme.ca.clone(),
        challenge: acme.challenge,
        place: config.data.join("acme"),
    }
}

/// How often files are looked at, and whether an order is due.
const LOOK: Duration = Duration::from_secs(3);

/// Certificates and where they come from.
#[derive(Debug)]
pub struct Transport {
    certificates: Arc<Certificates>,
    files: Files,
    acme: Option<Acme>,
    clock: Arc<dyn Clock>,
}

impl Transport {
    /// Reads the certificates, or gives nothing where HTTPS is not spoken here.
    ///
    /// # Errors
    /// The findings of certificates that cannot be used, and of a place for others that cannot be.
    pub fn open(config: &Config, clock: Arc<dyn Clock>, random: Arc<dyn Random>) -> Result<Option<Self>, Vec<Finding>> {
        if !config.tls.is_on() {
            return Ok(None);
        }
        let pairs = &config.tls.pairs;
        let hosts = config.tls.acme.as_ref().map(|acme| acme.hosts.as_slice()).unwrap_or_default();
        let subjects = pairs.iter().map(|pair| pair.certificate.display().to_string()).chain(hosts.iter().cloned());
        let certificates = Arc::new(Certificates::new(subjects.collect()));
        let slots: Vec<Slot> = certificates.slots().collect();
        let (of_files, of_hosts) = slots.split_at(pairs.len());
        let pairs: Vec<(Slot, Pair)> = of_files.iter().copied().zip(pairs.iter().cloned()).collect();
        let files = Files::open(Arc::clone(&certificates), pairs, clock.now())?;
        let sets = of_hosts.iter().zip(hosts).map(|(slot, host)| (*slot, vec![host.clone()])).collect();
        let settings = config.tls.acme.as_ref().map(|acme| settings(acme, config));
        let open = |settings| Acme::open(&settings, Arc::clone(&certificates), sets, Arc::clone(&clock), random);
        let acme = settings.map(open).transpose()?;
        Ok(Some(Self { certificates, files, acme, clock }))
    }

    /// Starts the rounds.
    pub(super) fn tend(self: &Arc<Self>, tasks: &Tasks) {
        let transport = Arc::clone(self);
        tasks.every("certificate files", LOOK, move || {
            let transport = Arc::clone(&transport);
            async move { transport.look(false) }
        });
        let (transport, closing) = (Arc::clone(self), tasks.clone());
        tasks.spawn("certificate orders", async move {
            loop {
                // An order that is under way at the end is given up; that it was begun is written down.
                tokio::select! {
                    () = closing.closing() => return,
                    () = transport.order() => {}
                }
                tokio::select! {
                    () = closing.closing() => return,
                    () = tokio::time::sleep(LOOK) => {}
                }
            }
        });
    }

    /// Orders what is due, and says in the log what came of it.
    async fn order(&self) {
        let Some(acme) = &self.acme else { return };
        for outcome in acme.round().await {
            match outcome {
                Outcome::Issued(hosts, until) => {
                    tracing::info!(hosts = hosts.join(","), until = until.to_rfc3339(), "a certificate was issued");
                }
                Outcome::Failed(finding, next) => tracing::error!(
                    code = finding.code,
                    subject = finding.subject,
                    next_try = next.to_rfc3339(),
                    "{}",
                    finding.why
                ),
            }
        }
    }

    /// The certificates in force.
    #[must_use]
    pub fn certificates(&self) -> &Arc<Certificates> {
        &self.certificates
    }

    /// What is wrong with certificates now.
    #[must_use]
    pub fn findings(&self) -> Vec<Finding> {
        self.certificates.findings(self.clock.now())
    }

    /// Reads files that have changed; with `is_told`, all. Says in the log what came of it.
    pub fn look(&self, is_told: bool) {
        let (renewed, findings) = self.files.look(self.clock.now(), is_told);
        if renewed > 0 {
            tracing::info!(certificates = renewed, "new certificates are in force");
        }
        for finding in findings {
            tracing::error!(
                code = finding.code,
                subject = finding.subject,
                "{} The old one stays in force.",
                finding.why
            );
        }
    }

    /// Degraded where something is wrong: other hosts are served all the same.
    #[must_use]
    pub fn health(&self) -> Answer {
        match self.findings().first() {
            None => Answer::up(),
            Some(finding) => Answer::degraded(format!("{}: {} {}", finding.code, finding.subject, finding.why)),
        }
    }
}
