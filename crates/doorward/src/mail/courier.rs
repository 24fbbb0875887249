//! The courier: brings one letter to the mail server, step by step, and says at which step it failed.

use std::sync::Arc;
use std::time::Duration;

use doorward_core::user::Email;
use doorward_core::{Finding, UnixTime, identifier::MailId};
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use tokio::net::{TcpStream, lookup_host};
use tokio::time::timeout;

use super::letter::Draft;
use super::line::Line;
use super::message::{self, Sender};
use crate::config::{Encryption, MailServer};

/// How long one step may take. All together stay below the lease of a letter.
const PATIENCE: Duration = Duration::from_secs(12);

/// A step of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The name of the server becomes an address.
    Resolve,
    /// Something answers at its port.
    Connect,
    /// The connection is encrypted, to the right server.
    Tls,
    /// The server greets.
    Greeting,
    /// It lets us in.
    SignIn,
    /// It takes our sender.
    Sender,
    /// It takes the recipient.
    Recipient,
    /// It takes the letter.
    Letter,
}

impl Step {
    /// The word of the step.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::SignIn => "sign-in",
            Self::Sender => "sender",
            Self::Recipient => "recipient",
            Self::Letter => "letter",
        }
    }

    /// The cause, of the one list of reasons, where this step fails.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Resolve | Self::Connect | Self::Greeting => "mail.unreachable",
            Self::Tls => "mail.tls_failed",
            Self::SignIn => "mail.sign_in_refused",
            Self::Sender | Self::Recipient | Self::Letter => "mail.refused",
        }
    }

    /// Whether a failure here concerns the server and not this one letter.
    #[must_use]
    pub fn is_of_server(self) -> bool {
        !matches!(self, Self::Recipient | Self::Letter)
    }
}

/// Why a letter was not delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {why}", step.as_str())]
pub struct Undelivered {
    /// Where it stopped.
    pub step: Step,
    /// In words, with what the server said; never a secret.
    pub why: String,
    /// Whether the server refused this letter for good.
    pub is_final: bool,
}

/// What is delivered.
#[derive(Debug, Clone, Copy)]
pub struct Parcel<'a> {
    /// The letter's name.
    pub id: MailId,
    /// To whom.
    pub to: &'a Email,
    /// When it was written.
    pub at: UnixTime,
    /// Its words.
    pub draft: &'a Draft,
}

/// Brings letters to one server.
#[derive(Debug, Clone)]
pub struct Courier {
    server: MailServer,
    sender: Sender,
    own: Box<str>,
    tls: Arc<rustls::ClientConfig>,
}

impl Courier {
    /// A courier to this server, who greets as the host `own`.
    ///
    /// # Errors
    /// Where the file with roots of one's own cannot be read.
    ///
    /// # Panics
    /// Never: the provider speaks every version that is asked of it.
    pub fn new(server: &MailServer, own: &str) -> Result<Self, Finding> {
        let mut roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(path) = &server.ca_file {
            let fault = |why: String| {
                Finding::error("mail.tls_failed", "mail.ca_file", why).with_value(path.display().to_string())
            };
            let certificates =
                CertificateDer::pem_file_iter(path).map_err(|error| fault(format!("It cannot be read: {error}.")))?;
            for certificate in certificates {
                let certificate = certificate
                    .map_err(|error| fault(format!("It holds something else than certificates: {error}.")))?;
                roots.add(certificate).map_err(|error| fault(format!("A certificate cannot be used: {error}.")))?;
            }
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let tls = tls.expect("ring speaks TLS 1.2 and 1.3").with_root_certificates(roots).with_no_client_auth();
        let sender = Sender { from: server.from.clone(), reply_to: server.reply_to.clone() };
        let own = own.split(':').next().unwrap_or(own).into();
        Ok(Self { server: server.clone(), sender, own, tls: Arc::new(tls) })
    }

    /// The same courier with another encryption.
    #[cfg(test)]
    pub(super) fn with_encryption(&self, encryption: Encryption) -> Self {
        let mut courier = self.clone();
        courier.server.encryption = encryption;
        courier
    }

    /// The server, for people.
    #[must_use]
    pub fn server(&self) -> String {
        format!("{}:{}", self.server.host, self.server.port)
    }

    /// Delivers one letter; `passed` hears of each step that went well.
    ///
    /// # Errors
    /// At which step it stopped, and why.
    pub async fn deliver(&self, parcel: Parcel<'_>, passed: &mut (dyn FnMut(Step) + Send)) -> Result<(), Undelivered> {
        let broken = |why: String| Undelivered { step: Step::Letter, why, is_final: true };
        let letter = message::compose(&self.sender, (parcel.id, parcel.to, parcel.at), parcel.draft).map_err(broken)?;
        let address = message::address(parcel.to).ok_or_else(|| broken("the address is none".to_owned()))?;
        let mut connection = self.connect(passed).await?;
        let sent = self.hand_over(&mut connection, (address, letter.formatted()), passed).await;
        // What the server says to the farewell changes nothing.
        let _ = timeout(Duration::from_secs(2), connection.abort()).await;
        sent
    }

    /// Goes as far as the sender and hands over nothing.
    ///
    /// # Errors
    /// At which step it stopped, and why.
    pub async fn knock(&self) -> Result<(), Undelivered> {
        let mut connection = self.connect(&mut |_| ()).await?;
        let from = Some(self.sender.from.email.clone());
        let taken = spoken(Step::Sender, connection.command(Mail::new(from, Vec::new()))).await;
        let _ = timeout(Duration::from_secs(2), connection.abort()).await;
        taken.map(|_| ())
    }

    async fn connect(&self, passed: &mut (dyn FnMut(Step) + Send)) -> Result<AsyncSmtpConnection, Undelivered> {
        let (host, port) = (&*self.server.host, self.server.port);
        let found = within(Step::Resolve, lookup_host((host, port))).await?;
        let addresses: Vec<_> = found.collect();
        if addresses.is_empty() {
            return Err(failed(Step::Resolve, "the name has no address"));
        }
        passed(Step::Resolve);
        let stream = within(Step::Connect, TcpStream::connect(&addresses[..])).await?;
        passed(Step::Connect);
        let tls = Arc::clone(&self.tls);
        let line = match self.server.encryption {
            Encryption::Off => within(Step::Connect, async { Line::plain(stream) }).await?,
            Encryption::Starttls => within(Step::Tls, Line::upgrade(stream, tls, (host, &self.own))).await?,
            Encryption::Implicit | Encryption::Required => within(Step::Tls, Line::secure(stream, tls, host)).await?,
        };
        if self.server.encryption != Encryption::Off {
            passed(Step::Tls);
        }
        let own = ClientId::Domain(self.own.to_string());
        let connection = AsyncSmtpConnection::connect_with_transport(Box::new(line), &own);
        let mut connection = spoken(Step::Greeting, connection).await?;
        passed(Step::Greeting);
        if let Some((user, password)) = &self.server.credentials {
            let credentials = Credentials::new(user.to_string(), password.expose_secret().to_owned());
            spoken(Step::SignIn, connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials)).await?;
            passed(Step::SignIn);
        }
        Ok(connection)
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        (to, letter): (lettre::Address, Vec<u8>),
        passed: &mut (dyn FnMut(Step) + Send),
    ) -> Result<(), Undelivered> {
        let from = Some(self.sender.from.email.clone());
        spoken(Step::Sender, connection.command(Mail::new(from, Vec::new()))).await?;
        passed(Step::Sender);
        spoken(Step::Recipient, connection.command(Rcpt::new(to, Vec::new()))).await?;
        passed(Step::Recipient);
        spoken(Step::Letter, connection.command(Data)).await?;
        spoken(Step::Letter, connection.message(&letter)).await?;
        passed(Step::Letter);
        Ok(())
    }
}

fn failed(step: Step, why: impl Into<String>) -> Undelivered {
    Undelivered { step, why: why.into(), is_final: false }
}

fn late(step: Step) -> Undelivered {
    failed(step, format!("no answer within {} s", PATIENCE.as_secs()))
}

async fn within<T>(step: Step, work: impl Future<Output = std::io::Result<T>>) -> Result<T, Undelivered> {
    match timeout(PATIENCE, work).await {
        Ok(done) => done.map_err(|error| failed(step, error.to_string())),
        Err(_) => Err(late(step)),
    }
}

async fn spoken<T>(
    step: Step,
    work: impl Future<Output = Result<T, lettre::transport::smtp::Error>>,
) -> Result<T, Undelivered> {
    match timeout(PATIENCE, work).await {
        Ok(done) => done.map_err(|error| {
            let is_final = error.is_permanent() && !step.is_of_server();
            let why = match std::error::Error::source(&error) {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            };
            // An answer of the server may be of any length and hold anything.
            let why = why.chars().map(|character| if character.is_control() { ' ' } else { character }).take(300);
            Undelivered { step, why: why.collect(), is_final }
        }),
        Err(_) => Err(late(step)),
    }
}
