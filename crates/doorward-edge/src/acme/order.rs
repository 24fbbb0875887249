//! One order: proofs are shown, the authority looks, and a chain comes back (RFC 8555, section 7.4).

use std::fmt;
use std::time::Duration;

use doorward_core::Finding;
use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, ChallengeHandle, ChallengeType, Error, Identifier, NewOrder,
    Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, CustomExtension, KeyPair};

use super::Challenge;
use super::authority::identifier;
use crate::tls::{Certificate, Certificates, Shown};

/// How the state of an order is asked for: after a second, two, four …, for two minutes.
const POLLING: RetryPolicy =
    RetryPolicy::new().initial_delay(Duration::from_millis(500)).backoff(1.5).timeout(Duration::from_mins(2));

/// The wait where the authority has had enough of us, in seconds.
const RATE_LIMITED: i64 = 3_600;

/// What is ordered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish<'a> {
    /// For these hosts.
    pub(super) hosts: &'a [String],
    /// Where proofs are shown.
    pub(super) certificates: &'a Certificates,
    /// In the place of this one, where the authority wants to know (RFC 9773, section 5).
    pub(super) replaces: Option<&'a Certificate>,
}

/// A key and the chain that was issued for it, in PEM.
pub(super) struct Issued {
    pub(super) chain: String,
    pub(super) key: String,
}

/// Why there is no certificate.
#[derive(Debug)]
pub(super) struct Refused {
    why: String,
    kind: String,
}

impl Refused {
    pub(super) fn other(why: impl Into<String>) -> Self {
        Self { why: why.into(), kind: String::new() }
    }

    pub(super) fn slow() -> Self {
        Self::other("the authority was not done within five minutes")
    }

    pub(super) fn kept(finding: &Finding) -> Self {
        Self::other(format!("{} {}", finding.subject, finding.why))
    }

    /// Whether the authority does not know the account.
    pub(super) fn is_stranger(&self) -> bool {
        self.kind.ends_with(":accountDoesNotExist")
    }

    /// Whether a request came too late for its nonce, more often than the client tries by itself. Nothing is wrong.
    pub(super) fn is_stale(&self) -> bool {
        self.kind.ends_with(":badNonce")
    }

    /// Seconds to wait beyond the usual.
    pub(super) fn wait(&self) -> i64 {
        if self.kind.ends_with(":rateLimited") { RATE_LIMITED } else { 0 }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let end = if self.why.ends_with(['.', '!', '?']) { "" } else { "." };
        write!(formatter, "{}{end}", self.why)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::Api(problem) => problem.r#type.clone().unwrap_or_default(),
            _ => String::new(),
        };
        Self { why: error.to_string(), kind }
    }
}

/// Makes an order and sees it through.
pub(super) async fn make(account: &Account, challenge: Challenge, wish: Wish<'_>) -> Result<Issued, Refused> {
    let hosts: Vec<Identifier> = wish.hosts.iter().map(|host| Identifier::Dns(host.clone())).collect();
    let mut order = begin(account, &hosts, wish.replaces).await?;
    // Proofs are shown until the authority has decided, and no longer.
    let mut shown = Vec::with_capacity(hosts.len());
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let authorization = authorization?;
        match authorization.status {
            AuthorizationStatus::Valid => {}
            AuthorizationStatus::Pending => shown.push(prove(authorization, challenge, wish.certificates).await?),
            status => {
                return Err(Refused::other(format!("the authority calls a proof {status:?} before it was asked")));
            }
        }
    }
    let ready = order.poll_ready(&POLLING).await;
    drop(shown);
    match ready {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(explain(&mut order, Refused::other("the authority calls the order invalid")).await),
        Err(error) => return Err(explain(&mut order, error.into()).await),
    }
    let key = order.finalize().await?;
    let chain = order.poll_certificate(&POLLING).await?;
    Ok(Issued { chain, key })
}

/// An authority that does not want to hear what is replaced gets the same order without.
async fn begin(account: &Account, hosts: &[Identifier], replaces: Option<&Certificate>) -> Result<Order, Error> {
    if let Some(replaced) = replaces.and_then(identifier)
        && let Ok(order) = account.new_order(&NewOrder::new(hosts).replaces(replaced)).await
    {
        return Ok(order);
    }
    account.new_order(&NewOrder::new(hosts)).await
}

async fn prove(
    mut authorization: AuthorizationHandle<'_>,
    challenge: Challenge,
    certificates: &Certificates,
) -> Result<Shown, Refused> {
    let (kind, name) = match challenge {
        Challenge::TlsAlpn01 => (ChallengeType::TlsAlpn01, "tls-alpn-01"),
        Challenge::Http01 => (ChallengeType::Http01, "http-01"),
    };
    let none = || Refused::other(format!("the authority does not offer {name} for this host"));
    let mut handle = authorization.challenge(kind).ok_or_else(none)?;
    let shown = show(&handle, challenge, certificates)?;
    handle.set_ready().await?;
    Ok(shown)
}

fn show(handle: &ChallengeHandle<'_>, challenge: Challenge, certificates: &Certificates) -> Result<Shown, Refused> {
    let authorization = handle.key_authorization();
    if challenge == Challenge::Http01 {
        return Ok(certificates.challenges().show_token(&handle.token, authorization.as_str()));
    }
    let host = handle.identifier().to_string();
    let made = || {
        let mut parameters = CertificateParams::new(vec![host.clone()])?;
        parameters.custom_extensions = vec![CustomExtension::new_acme_identifier(authorization.digest().as_ref())];
        let key = KeyPair::generate()?;
        Ok::<_, rcgen::Error>((parameters.self_signed(&key)?.pem(), key.serialize_pem()))
    };
    let (certificate, key) = made().map_err(|error| Refused::other(error.to_string()))?;
    certificates
        .challenges()
        .show_proof(&host, &certificate, &key)
        .map_err(|unusable| Refused::other(unusable.to_string()))
}

/// Asks what was wrong with the proofs: the order itself often says no more than that it is invalid.
async fn explain(order: &mut Order, refused: Refused) -> Refused {
    let mut whys = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else { continue };
        let host = state.identifier().to_string();
        let problems = state.challenges.iter().filter_map(|challenge| challenge.error.as_ref());
        whys.extend(problems.map(|problem| format!("{host}: {}", problem.detail.as_deref().unwrap_or("no detail"))));
    }
    if whys.is_empty() { refused } else { Refused { why: whys.join("; "), ..refused } }
}
