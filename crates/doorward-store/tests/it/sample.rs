//! Values for tests: each call makes another one.

use std::sync::atomic::{AtomicU64, Ordering};

use doorward_core::audit::{Action, Actor, Event};
use doorward_core::factor::{Credential, Detail, Passkey, Sealed};
use doorward_core::identifier::{AccessTokenId, CredentialId, LinkId, LoginHandle, SessionId, UserId};
use doorward_core::session::{Kind, Session, Stage};
use doorward_core::signin::{Method, Proven};
use doorward_core::store::{
    Added, Evidence, Factors as _, Link, NewCredential, NewSession, Purpose, RefreshToken, Sessions as _, Users as _,
};
use doorward_core::token::{self, TokenHash};
use doorward_core::user::{PasswordHash, Status, User};
use doorward_core::{Random, UnixTime};
use doorward_store::Store;

/// The moment at which most tests begin.
pub(crate) const NOW: UnixTime = UnixTime(1_800_000_000);

/// Bytes that are different at each call, within one test binary and run.
#[derive(Debug)]
pub(crate) struct Counting;

static COUNT: AtomicU64 = AtomicU64::new(1);

impl Random for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        let number = COUNT.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        for (index, byte) in buffer.iter_mut().enumerate() {
            *byte = number.to_be_bytes()[index % 8] ^ u8::try_from(index).unwrap();
        }
    }
}

pub(crate) fn event(action: Action) -> Event {
    event_at(action, NOW)
}

pub(crate) fn event_at(action: Action, at: UnixTime) -> Event {
    Event::new(at, action, Actor::System)
}

pub(crate) fn hash() -> TokenHash {
    token::mint(token::Kind::Session, &Counting).1
}

pub(crate) fn password(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$v=19$m=64,t=1,p=1${text}"))
}

pub(crate) fn user(email: &str, groups: &[&str]) -> User {
    User {
        id: UserId::random(&Counting),
        email: email.parse().unwrap(),
        name: "Ada Lovelace".parse().unwrap(),
        groups: groups.iter().map(|group| group.parse().unwrap()).collect(),
        status: Status::Active,
        password: Some(password("first")),
        password_changed_at: NOW,
        must_change_password: false,
        created_at: NOW,
    }
}

pub(crate) fn session(user: &User) -> Session {
    Session {
        id: SessionId::random(&Counting),
        token: Some(hash()),
        handle: LoginHandle::random(&Counting),
        user: user.id,
        kind: Kind::Browser,
        stage: Stage::Full,
        proven: Proven::by(Method::Password, NOW),
        credential: None,
        is_persistent: true,
        created_at: NOW,
        authenticated_at: NOW,
        last_seen: NOW,
        address: "2001:db8::7".parse().unwrap(),
        device: "Firefox on Debian".into(),
    }
}

pub(crate) fn new_session(session: &Session) -> NewSession {
    NewSession {
        session: session.clone(),
        refresh: None,
        replaces: None,
        browser: None,
        clear: Vec::new(),
        refund: Vec::new(),
    }
}

pub(crate) fn refresh(session: SessionId) -> RefreshToken {
    RefreshToken {
        hash: hash(),
        session,
        access: AccessTokenId::random(&Counting),
        created_at: NOW,
        expires_at: NOW + 86_400,
    }
}

pub(crate) fn link(purpose: Purpose) -> Link {
    Link {
        id: LinkId::random(&Counting),
        hash: hash(),
        purpose,
        is_mailed: false,
        created_at: NOW,
        expires_at: NOW + 86_400,
    }
}

/// A user who is in the store.
pub(crate) async fn stored_user(store: &Store, email: &str, groups: &[&str]) -> User {
    let user = user(email, groups);
    store.create_user(&user, &event(Action::UserCreated)).await.unwrap();
    user
}

/// A session that is in the store.
pub(crate) async fn signed_in(store: &Store, user: &User) -> Session {
    let session = session(user);
    assert!(store.create_session(&new_session(&session), None, &event(Action::SignedIn)).await.unwrap());
    session
}

/// A session of this stage that is in the store.
pub(crate) async fn at_stage(store: &Store, user: &User, stage: Stage) -> Session {
    let session = Session { stage, ..session(user) };
    assert!(store.create_session(&new_session(&session), None, &event(Action::SignedIn)).await.unwrap());
    session
}

/// The next step of a session, whole and with one more proof.
pub(crate) fn next_step(old: &Session, method: Method) -> NewSession {
    new_session(&Session {
        id: SessionId::random(&Counting),
        token: Some(hash()),
        stage: Stage::Full,
        proven: old.proven.with(method, NOW),
        ..old.clone()
    })
}

pub(crate) fn credential(user: &User, detail: Detail) -> Credential {
    Credential {
        id: CredentialId::random(&Counting),
        user: user.id,
        name: "My phone".parse().unwrap(),
        detail,
        created_at: NOW,
        last_used_at: None,
    }
}

pub(crate) fn totp() -> Detail {
    Detail::Totp { secret: Sealed::new("sealed"), last_step: 100 }
}

pub(crate) fn passkey(key_id: &str, is_device_bound: bool) -> Detail {
    Detail::Passkey(Passkey {
        key_id: key_id.into(),
        rp_id: "example.com".into(),
        record: "{\"cred\":1}".into(),
        sign_count: 7,
        is_discoverable: true,
        is_device_bound,
        is_backed_up: false,
        transports: "usb,nfc".into(),
    })
}

/// Something that is enrolled, by a whole session of its own.
pub(crate) async fn enrolled(store: &Store, user: &User, detail: Detail) -> Credential {
    let credential = credential(user, detail);
    let session = signed_in(store, user).await.id;
    let new = NewCredential { credential: credential.clone(), session, evidence: Evidence::Taken };
    assert_eq!(store.add_credential(&new, &event(Action::FactorAdded)).await.unwrap(), Added::Done);
    credential
}
