//! Values that are good once, each written so that it can be presented again by whoever reads it.

use doorward_core::audit::{Action, Actor, Event};
use doorward_core::factor::code::EmailPurpose;
use doorward_core::factor::{Ceremony, Challenge, Credential, Detail, Sealed};
use doorward_core::identifier::{AccessTokenId, CredentialId, LinkId, LoginHandle, SessionId, UserId};
use doorward_core::session::{Kind, Session, Stage};
use doorward_core::signin::{Method, Proven};
use doorward_core::store::{
    Added, EmailChallenge, Entries as _, EntryCode, Evidence, Factors as _, Link, Links as _, NewCredential,
    NewSession, Proof, Proving, Purpose, RefreshToken, RefreshTokens as _, Rotation, Sessions as _, Then, Users as _,
};
use doorward_core::token::{self, TokenHash};
use doorward_core::user::{PasswordHash, Status, User};
use doorward_core::{Random, UnixTime};
use doorward_store::Store;

const NOW: UnixTime = UnixTime(1_800_000_000);
const HOST: &str = "app.example.com";

/// The system's random bytes: each life makes other names.
#[derive(Debug)]
struct System;

impl Random for System {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).unwrap();
    }
}

fn event(action: Action) -> Event {
    Event::new(NOW, action, Actor::System)
}

fn hash() -> TokenHash {
    token::mint(token::Kind::Session, &System).1
}

/// A value: its kind, and what is presented.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    kind: &'static str,
    /// The hash of the value itself, or the credential that it belongs to.
    what: String,
    /// Where it was asked for, whose it is, or its number.
    more: String,
}

const KINDS: [&str; 9] = [
    "challenge",
    "entry-code",
    "address-link",
    "password-link",
    "factor-link",
    "recovery-code",
    "app-code",
    "email-code",
    "refresh-token",
];

/// The people of one life. Links end sessions, so that who has links has nothing else.
#[derive(Debug)]
pub(crate) struct House {
    linked: User,
    owner: User,
    app: CredentialId,
}

impl House {
    pub(crate) async fn new(store: &Store) -> Self {
        let (linked, owner) = (stored_user(store).await, stored_user(store).await);
        let session = session(&owner);
        assert!(store.create_session(&new_session(&session), None, &event(Action::SignedIn)).await.unwrap());
        let app = CredentialId::random(&System);
        let credential = Credential {
            id: app,
            user: owner.id,
            name: "My phone".parse().unwrap(),
            detail: Detail::Totp { secret: Sealed::new("sealed"), last_step: 0 },
            created_at: NOW,
            last_used_at: None,
        };
        let new = NewCredential { credential, session: session.id, evidence: Evidence::Taken };
        assert_eq!(store.add_credential(&new, &event(Action::FactorAdded)).await.unwrap(), Added::Done);
        Self { linked, owner, app }
    }

    /// The `number`th value of this life, stored and never presented.
    pub(crate) async fn value(&self, store: &Store, number: usize) -> Value {
        let kind = KINDS[number % KINDS.len()];
        let (what, more) = (hash(), hash());
        let value = |more: String| Value { kind, what: what.to_text(), more };
        match kind {
            "challenge" => {
                let (ceremony, state) = (Ceremony::PasskeyProof, Sealed::new("state"));
                let (created_at, expires_at) = (NOW, NOW + 300);
                let new = Challenge { hash: what, ceremony, user: None, browser: more, state, created_at, expires_at };
                store.create_challenge(&new).await.unwrap();
                value(more.to_text())
            }
            "entry-code" => {
                let (handle, user) = (LoginHandle::random(&System), self.owner.id);
                let (created_at, expires_at) = (NOW, NOW + 30);
                let code =
                    EntryCode { hash: what, handle, user, host: HOST.into(), state: more, created_at, expires_at };
                store.create_entry(&code).await.unwrap();
                value(more.to_text())
            }
            "address-link" | "password-link" | "factor-link" => {
                let (user, email) = (self.linked.id, self.linked.email.clone());
                let purpose = match kind {
                    "address-link" => Purpose::EmailVerification { user, email },
                    "password-link" => Purpose::PasswordReset { user },
                    _ => Purpose::FactorReset { user },
                };
                let (id, created_at, expires_at) = (LinkId::random(&System), NOW, NOW + 1_800);
                let link = Link { id, hash: what, purpose, is_mailed: false, created_at, expires_at };
                store.create_link(&link, &event(Action::LinkCreated)).await.unwrap();
                value(String::new())
            }
            "recovery-code" => {
                let session = session(&self.owner);
                assert!(store.create_session(&new_session(&session), None, &event(Action::SignedIn)).await.unwrap());
                let made = event(Action::RecoveryCodesMade);
                assert!(store.replace_recovery_codes((self.owner.id, session.id), &[what], &made).await.unwrap());
                value(self.owner.id.to_string())
            }
            "app-code" => Value { kind, what: self.app.to_string(), more: format!("{} {}", number + 1, self.owner.id) },
            "email-code" => {
                let (user, purpose) = (self.owner.id, EmailPurpose::SecondFactor);
                let (created_at, expires_at) = (NOW, NOW + 600);
                let code = EmailChallenge { user, purpose, browser: more, hash: what, created_at, expires_at };
                store.create_email_code(&code, &event(Action::EmailCodeSent)).await.unwrap();
                value(format!("{} {}", more.to_text(), self.owner.id))
            }
            _ => {
                let session = Session { kind: Kind::Api, token: None, ..session(&self.owner) };
                let refresh = RefreshToken { hash: what, ..refresh(session.id) };
                let new = NewSession { refresh: Some(refresh), ..new_session(&session) };
                assert!(store.create_session(&new, None, &event(Action::SignedIn)).await.unwrap());
                value(String::new())
            }
        }
    }
}

impl Value {
    pub(crate) fn to_text(&self) -> String {
        format!("{} {} {}", self.kind, self.what, self.more)
    }

    pub(crate) fn from_text(text: &str) -> Self {
        let mut words = text.splitn(3, ' ');
        let (kind, what, more) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let kind = KINDS.into_iter().find(|known| *known == kind).unwrap();
        Self { kind, what: what.to_owned(), more: more.to_owned() }
    }

    fn hash(&self) -> TokenHash {
        TokenHash::from_text(&self.what).unwrap()
    }

    /// Presents it. True where the store says that it was good.
    pub(crate) async fn present(&self, store: &Store) -> bool {
        let of = |text: &str| TokenHash::from_text(text).unwrap();
        match self.kind {
            "challenge" => {
                let taken = store.take_challenge(self.hash(), Ceremony::PasskeyProof, of(&self.more), NOW);
                taken.await.unwrap().is_some()
            }
            "entry-code" => {
                let entered = event(Action::AppEntered);
                store.use_entry(self.hash(), HOST, of(&self.more), &entered).await.unwrap().is_some()
            }
            "address-link" => store.verify_email(self.hash(), &event(Action::EmailVerified)).await.unwrap().is_some(),
            "password-link" => {
                let password = PasswordHash::new("$argon2id$v=19$m=64,t=1,p=1$second");
                let reset = event(Action::PasswordReset);
                store.reset_password(self.hash(), (&password, None), &reset).await.unwrap().is_some()
            }
            "factor-link" => {
                let reset = event(Action::FactorsReset);
                store.reset_factors_by_link(self.hash(), &reset).await.unwrap().is_some()
            }
            "refresh-token" => {
                let (next, refreshed) = (refresh(SessionId::random(&System)), event(Action::TokenRefreshed));
                matches!(store.rotate(self.hash(), &next, &refreshed).await.unwrap(), Rotation::Rotated(_))
            }
            _ => self.prove(store).await,
        }
    }

    /// Begins a sign-in with the value as its proof.
    async fn prove(&self, store: &Store) -> bool {
        let (more, user) = self.more.rsplit_once(' ').unwrap_or(("", &self.more));
        let proof = match self.kind {
            "recovery-code" => Proof::RecoveryCode { hash: self.hash() },
            "app-code" => Proof::TotpStep { credential: self.what.parse().unwrap(), step: more.parse().unwrap() },
            _ => {
                let (purpose, browser) = (EmailPurpose::SecondFactor, TokenHash::from_text(more).unwrap());
                Proof::EmailCode { purpose, browser, hash: self.hash() }
            }
        };
        let user: UserId = user.parse().unwrap();
        let user = store.user(user).await.unwrap().unwrap();
        let new = new_session(&session(&user));
        let then = Then::Begin { new: &new, password: None };
        matches!(store.prove(&proof, then, &event(Action::SignedIn)).await.unwrap(), Proving::Done(_))
    }
}

async fn stored_user(store: &Store) -> User {
    let id = UserId::random(&System);
    let user = User {
        id,
        email: format!("{}@example.com", id.to_string().to_lowercase()).parse().unwrap(),
        name: "Ada".parse().unwrap(),
        groups: std::collections::BTreeSet::new(),
        status: Status::Active,
        password: Some(PasswordHash::new("$argon2id$v=19$m=64,t=1,p=1$first")),
        password_changed_at: NOW,
        must_change_password: false,
        created_at: NOW,
    };
    store.create_user(&user, &event(Action::UserCreated)).await.unwrap();
    user
}

fn session(user: &User) -> Session {
    Session {
        id: SessionId::random(&System),
        token: Some(hash()),
        handle: LoginHandle::random(&System),
        user: user.id,
        kind: Kind::Browser,
        stage: Stage::Full,
        proven: Proven::by(Method::Password, NOW),
        credential: None,
        is_persistent: false,
        created_at: NOW,
        authenticated_at: NOW,
        last_seen: NOW,
        address: "2001:db8::7".parse().unwrap(),
        device: "Firefox on Debian".into(),
    }
}

fn new_session(session: &Session) -> NewSession {
    let (refresh, replaces, browser) = (None, None, None);
    NewSession { session: session.clone(), refresh, replaces, browser, clear: Vec::new(), refund: Vec::new() }
}

fn refresh(session: SessionId) -> RefreshToken {
    let access = AccessTokenId::random(&System);
    RefreshToken { hash: hash(), session, access, created_at: NOW, expires_at: NOW + 86_400 }
}
