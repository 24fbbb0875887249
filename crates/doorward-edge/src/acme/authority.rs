//! The authority: its account, its advice and its certificates.

use doorward_core::{Finding, UnixTime};
use instant_acme::{Account, CertificateIdentifier};
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, Der};
use tokio::sync::Mutex;

use super::account;
use super::client::Client;
use super::order::{self, Issued, Refused, Wish};
use super::storage::Storage;
use super::{Challenge, Settings};
use crate::tls::Certificate;

/// Whoever issues certificates.
pub(super) struct Authority {
    client: Client,
    directory: String,
    email: Option<String>,
    challenge: Challenge,
    /// The account once it was opened. Opening it reads the directory, so it is opened anew after a failure.
    account: Mutex<Option<Account>>,
}

impl Authority {
    pub(super) fn new(settings: &Settings) -> Result<Self, Finding> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(file) = &settings.ca {
            let unusable = || {
                let why = "It holds no root certificate that can be used.";
                Finding::error("tls.acme_directory", file.display().to_string(), why)
                    .with_remedy(format!("openssl x509 -noout -subject -in {}", file.display()))
            };
            roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_file_iter(file).map_err(|_| unusable())? {
                roots.add(certificate.map_err(|_| unusable())?).map_err(|_| unusable())?;
            }
            if roots.is_empty() {
                return Err(unusable());
            }
        }
        Ok(Self {
            client: Client::new(roots),
            directory: settings.directory.clone(),
            email: settings.email.clone(),
            challenge: settings.challenge,
            account: Mutex::new(None),
        })
    }

    /// Orders a certificate.
    pub(super) async fn issue(&self, storage: &Storage, wish: Wish<'_>) -> Result<Issued, Refused> {
        let mut place = self.account.lock().await;
        let opened = place.take();
        let account = match opened {
            Some(account) => account,
            None => account::open(&self.client, &self.directory, self.email.as_deref(), storage).await?,
        };
        let mut issued = order::make(&account, self.challenge, wish).await;
        if issued.as_ref().is_err_and(Refused::is_stale) {
            issued = order::make(&account, self.challenge, wish).await;
        }
        match &issued {
            Ok(_) => *place = Some(account),
            Err(refused) if refused.is_stranger() => storage.forget_account(),
            Err(_) => {}
        }
        issued
    }

    /// The window in which the authority would have a certificate renewed (RFC 9773, section 4.2), where it says so and
    /// an account is open. Nobody waits for it, and nothing is wrong where there is none.
    pub(super) async fn advice(&self, certificate: &Certificate) -> Option<(UnixTime, UnixTime)> {
        let account = self.account.lock().await.clone()?;
        let (information, _) = account.renewal_info(&identifier(certificate)?).await.ok()?;
        let window = information.suggested_window;
        Some((UnixTime(window.start.unix_timestamp()), UnixTime(window.end.unix_timestamp())))
    }
}

/// The name of a certificate for its authority (RFC 9773, section 4.1).
pub(super) fn identifier(certificate: &Certificate) -> Option<CertificateIdentifier<'static>> {
    let key = certificate.authority_key()?;
    Some(CertificateIdentifier::new(Der::from_slice(key), Der::from_slice(certificate.serial())))
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Authority").field("directory", &self.directory).finish_non_exhaustive()
    }
}
