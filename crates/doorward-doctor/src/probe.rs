//! The only I/O of the doctor: one examination, from the name to the sign-in.

mod answer;
pub(crate) mod client;
mod code;
mod dns;
mod doubt;
pub(crate) mod echo;
mod elsewhere;
mod flash;
mod greeting;
mod hook;
mod insider;
mod openapi;
mod page;
pub(crate) mod passkey;
mod phone;
mod provider;
mod resolve;
mod road;
pub(crate) mod session;
pub(crate) mod shown;
pub(crate) mod signin;
mod speech;
mod tls;
mod token;
mod verifier;
mod walk;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::facts::{Facts, Target, Vantage};
use crate::redact::Salt;

pub use insider::{Insider, Told};

/// What an examination is asked to do.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that was asked for or not")]
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The address that people open.
    pub target: Option<Target>,
    /// Where the doctor stands, if that was said.
    pub vantage: Option<Vantage>,
    /// The origin, behind a CDN or router.
    pub origin: Option<(String, u16)>,
    /// The app, behind the proxy.
    pub app: Option<(String, u16)>,
    /// Addresses instead of what DNS says: host, port, address.
    pub resolve: Vec<(String, u16, IpAddr)>,
    /// Servers to ask as the system's.
    pub resolvers: Vec<SocketAddr>,
    /// Validating resolvers of the public net.
    pub public_resolvers: Vec<SocketAddr>,
    /// The zone's own servers.
    pub authoritative: Vec<SocketAddr>,
    /// Addresses that the name should have.
    pub expected: Vec<IpAddr>,
    /// Files with authorities to trust too.
    pub authorities: Vec<PathBuf>,
    /// For each step.
    pub timeout: Duration,
    /// Unix seconds.
    pub now: i64,
    /// The origin of the front end, where it is another one.
    pub page: String,
    /// A path of the app that answers with what it received.
    pub echo: String,
    /// The profile that was named.
    pub chosen: Option<crate::profile::Profile>,
    /// A path of the API that the front end calls.
    pub api: Option<String>,
    /// A path where a sign-in by provider begins.
    pub provider: Option<String>,
    /// A path of a WebSocket.
    pub socket: Option<String>,
    /// A path that gives options for a passkey.
    pub passkey: Option<String>,
    /// A path that other programs call, without cookies.
    pub hook: Option<String>,
    /// What the verifier of tokens expects.
    pub verifier: Verifier,
    /// A path that needs a session.
    pub session: Option<String>,
    /// A path that signs out.
    pub sign_out: Option<String>,
    /// Ask again and again, to find one replica of several.
    pub is_thorough: bool,
    /// The site has said that it was asked too often: the host's part asks it nothing more.
    pub is_spent: bool,
    /// Examine this machine as the host of the site.
    pub host: Option<crate::host::Place>,
    /// The host facts were asked for, or the site's name leads here.
    pub is_host_named: bool,
    /// The program on whose installation the doctor stands.
    pub insider: Option<Arc<dyn Insider>>,
    /// Offer a page to a phone.
    pub phone: Option<Phone>,
    /// This machine was said to be the host of the site.
    pub is_host_here: bool,
    /// The folder of the installation was named.
    pub is_folder_named: bool,
    /// A command that runs its arguments on the host of the site.
    pub via: Vec<String>,
    /// Arguments that were named and that the host's part needs too.
    pub there: Vec<String>,
    /// The account to sign in with.
    pub login: Option<Login>,
    /// The salt of fingerprints.
    pub salt: Salt,
}

/// How a phone is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Phone {
    /// Shows somebody the address to open.
    pub show: fn(&str),
    /// How long.
    pub patience: Duration,
}

/// What whoever verifies tokens expects of them; empty where it is not known.
#[derive(Debug, Clone, Default)]
pub struct Verifier {
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// Where the keys are: an address, or a path of the site.
    pub keys: String,
}

/// The account that the doctor may use.
#[derive(Clone, Default)]
pub struct Login {
    /// Its name.
    pub user: String,
    /// Its password.
    pub password: String,
    /// What makes the codes of its second factor.
    pub totp: Option<crate::totp::Totp>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Login(****)")
    }
}

/// Why there is no examination.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// A file of authorities cannot be used. The operator's.
    #[error("cannot trust {0}")]
    Authorities(String),
}

/// Examines: gathers facts, and says on the way what it does.
///
/// # Errors
/// Where a file that was named cannot be used.
pub async fn examine(request: &Request, facts: &mut Facts, progress: &mut dyn FnMut(&str)) -> Result<(), ProbeError> {
    facts.now = request.now;
    facts.target.clone_from(&request.target);
    facts.expected.clone_from(&request.expected);
    facts.page.clone_from(&request.page);
    if facts.own.is_empty() {
        facts.own = crate::host::own_addresses();
    }
    let roots = tls::Roots::load(&request.authorities).map_err(ProbeError::Authorities)?;
    let client = client::Client::new(request.timeout, roots, request.salt.clone(), request.now);
    if request.target.is_some() {
        walk::walk(request, client, facts, progress).await;
    } else {
        progress("looking at this machine");
        elsewhere::host(request, facts).await;
    }
    Ok(())
}

/// The host's part of an examination that runs on another machine.
///
/// # Errors
/// Where a file that was named cannot be used.
pub async fn examine_host(
    request: &Request,
    stopped: Option<doorward_core::Link>,
    facts: &mut Facts,
) -> Result<(), ProbeError> {
    facts.now = request.now;
    facts.target.clone_from(&request.target);
    let roots = tls::Roots::load(&request.authorities).map_err(ProbeError::Authorities)?;
    let mut client = client::Client::new(request.timeout, roots, request.salt.clone(), request.now);
    client.is_blocked = request.is_spent;
    walk::host_part(request, client, stopped, facts).await;
    Ok(())
}

/// The host's logs alone, for an examination that runs on another machine and has seen the rest before.
pub async fn examine_logs(request: &Request, facts: &mut Facts) {
    elsewhere::logs_here(request, facts).await;
}

/// What the certificate in this file says of itself.
pub(crate) fn certificate(path: &std::path::Path) -> Option<crate::facts::Certificate> {
    tls::on_disk(path)
}

/// The resolver's servers and search domains of this machine.
pub(crate) fn resolver() -> (Vec<SocketAddr>, Vec<String>) {
    let system = resolve::system(std::path::Path::new("/"));
    (system.servers, system.search)
}
