//! HTTPS at work: the certificates, and the rounds that keep them fresh.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::{Clock, Finding};
use doorward_edge::tls::{Certificates, Files, Pair, Slot};

use crate::config::Config;
use crate::watch::Tasks;
use crate::watch::health::Answer;

/// How often files are looked at.
const LOOK: Duration = Duration::from_secs(3);

/// Certificates and where they come from.
#[derive(Debug)]
pub struct Transport {
    certificates: Arc<Certificates>,
    files: Files,
    clock: Arc<dyn Clock>,
}

impl Transport {
    /// Reads the certificates, or gives nothing where HTTPS is not spoken here.
    ///
    /// # Errors
    /// The findings of certificates that cannot be used.
    pub fn open(config: &Config, clock: Arc<dyn Clock>) -> Result<Option<Self>, Vec<Finding>> {
        if !config.tls.is_on() {
            return Ok(None);
        }
        let pairs = &config.tls.pairs;
        let subjects = pairs.iter().map(|pair| pair.certificate.display().to_string());
        let certificates = Arc::new(Certificates::new(subjects.collect()));
        let pairs: Vec<(Slot, Pair)> = certificates.slots().zip(pairs.iter().cloned()).collect();
        let files = Files::open(Arc::clone(&certificates), pairs, clock.now())?;
        Ok(Some(Self { certificates, files, clock }))
    }

    /// Starts the rounds.
    pub(super) fn tend(self: &Arc<Self>, tasks: &Tasks) {
        let transport = Arc::clone(self);
        tasks.every("certificate files", LOOK, move || {
            let transport = Arc::clone(&transport);
            async move { transport.look(false) }
        });
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
