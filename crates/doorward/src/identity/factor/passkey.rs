//! Passkeys and security keys: the ceremonies of Web Authentication, Level 3, between the browser and the store.
//!
//! A ceremony is a question and an answer. The question is a challenge whose state is sealed and kept on the server, good
//! once and in the browser that asked; the answer takes it before it is looked at, so that nothing can be tried twice. The
//! signatures are the business of `webauthn-rs-core` ([`party`]); whose key it is, which way it opens and what follows is
//! decided here and in the store.

mod confirm;
mod fault;
mod pace;
mod party;
mod prove;
mod sign_in;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::Secret;
use doorward_core::factor::{CHALLENGE_SECONDS, Ceremony, Challenge};
use doorward_core::identifier::UserId;
use doorward_core::store::Factors as _;
use doorward_core::token::{self, TokenHash};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::super::{Identity, Refused, seal};

pub use confirm::PasskeyConfirmation;
pub use party::RelyingParty;

/// The options of a question, as browsers take them (`publicKey`), and what comes back with the answer.
#[derive(Debug)]
pub struct Question {
    /// The name of the challenge.
    pub challenge: Secret,
    /// `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: serde_json::Value,
}

/// The answer of a browser: the name of the challenge, and what its authenticator has signed.
#[derive(Debug)]
pub struct Signed<'a, T> {
    /// As it was given out.
    pub challenge: &'a str,
    /// The credential, as `toJSON()` writes it.
    pub credential: T,
}

/// Which ceremony, of whom, in which browser.
#[derive(Debug, Clone, Copy)]
struct Asked {
    ceremony: Ceremony,
    user: Option<UserId>,
    browser: TokenHash,
}

impl Asked {
    fn place<'a>(&self, hash: &'a TokenHash) -> seal::Context<'a> {
        seal::Context { what: self.ceremony.as_str(), id: hash.as_bytes(), user: self.user }
    }
}

fn void() -> Refused {
    Refused::new("factor.challenge_void")
}

/// Whether an answer has one name, in both writings, and is what it says it is (Web Authentication, section 5.1): nothing
/// of it is looked at where two readers could take it for two keys.
fn check_name(id: &str, raw_id: &[u8], kind: &str) -> Result<(), Refused> {
    if kind == "public-key" && id == URL_SAFE_NO_PAD.encode(raw_id) {
        return Ok(());
    }
    tracing::warn!("an answer of an authenticator has two names, or is no public key");
    Err(Refused::new("factor.passkey_malformed"))
}

impl Identity {
    /// Where passkeys belong to.
    pub(super) fn party(&self) -> &RelyingParty {
        &self.inner.factors.party
    }

    /// Keeps the state of a ceremony until its answer, and gives back the name by which it is found.
    async fn keep(&self, asked: Asked, state: &impl Serialize) -> Result<Secret, Refused> {
        let (challenge, hash) = token::mint(token::Kind::Challenge, self.random());
        let text =
            Zeroizing::new(serde_json::to_vec(state).expect("the state of a ceremony is texts, numbers and lists"));
        let state = self.sealer().seal(asked.place(&hash), &text, self.random());
        let Asked { ceremony, user, browser } = asked;
        let (created_at, expires_at) = (self.now(), self.now() + CHALLENGE_SECONDS);
        let new = Challenge { hash, ceremony, user, browser, state, created_at, expires_at };
        self.inner.store.create_challenge(&new).await?;
        Ok(challenge)
    }

    /// Takes the state of a ceremony: of any number of callers one gets it, and nobody after.
    async fn take<T: DeserializeOwned>(&self, asked: Asked, challenge: &str) -> Result<T, Refused> {
        let hash = token::parse(token::Kind::Challenge, challenge).ok_or_else(void)?;
        let taken = self.inner.store.take_challenge(hash, asked.ceremony, asked.browser, self.now()).await?;
        let taken = taken.filter(|taken| taken.user == asked.user).ok_or_else(void)?;
        let text = self.sealer().open(asked.place(&hash), &taken.state).ok_or_else(void)?;
        serde_json::from_slice(&text).map_err(|_| void())
    }
}
