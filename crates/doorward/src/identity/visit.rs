//! The surroundings of a call: from where it comes, and who acts.

use std::net::IpAddr;

use doorward_core::UnixTime;
use doorward_core::audit::{Action, Actor, Event};
use doorward_core::identifier::RequestId;
use doorward_core::language::Language;
use doorward_core::token::TokenHash;

use super::live::Live;

/// The request that a call comes from.
#[derive(Debug, Clone)]
pub struct Visit {
    /// The client's address, as far as trusted proxies tell it.
    pub address: IpAddr,
    /// What the client calls itself, as [`doorward_core::session::device_label`] cuts it.
    pub device: Box<str>,
    /// The language that letters about it are written in.
    pub language: Language,
    /// The request.
    pub request: RequestId,
    /// The browser: the hash of its bind cookie, where that is one of ours.
    pub browser: Option<TokenHash>,
}

/// Who acts, and in which request.
#[derive(Debug, Clone)]
pub struct Author<'a> {
    /// Who.
    pub actor: Actor,
    /// Where, if it comes from a request.
    pub visit: Option<&'a Visit>,
}

impl<'a> Author<'a> {
    /// The user of a session.
    #[must_use]
    pub fn of(live: &Live, visit: &'a Visit) -> Self {
        Self { actor: Actor::User(live.user_id()), visit: Some(visit) }
    }

    /// Somebody who is not signed in.
    #[must_use]
    pub fn stranger(visit: &'a Visit) -> Self {
        Self { actor: Actor::Stranger, visit: Some(visit) }
    }

    /// Somebody with a shell on the host.
    #[must_use]
    pub fn command_line() -> Self {
        Self { actor: Actor::CommandLine, visit: None }
    }

    /// Doorward itself.
    #[must_use]
    pub fn system() -> Self {
        Self { actor: Actor::System, visit: None }
    }

    /// An event of this author.
    #[must_use]
    pub fn event(&self, at: UnixTime, action: Action) -> Event {
        let event = Event::new(at, action, self.actor.clone());
        let Some(visit) = self.visit else { return event };
        Event { address: Some(visit.address), device: visit.device.clone(), request: Some(visit.request), ..event }
    }
}
