//! The memory of ended sessions: bounded, so that an old cookie is answered with why it ended.

use std::collections::{HashMap, VecDeque};

use doorward_core::identifier::SessionId;
use doorward_core::session::EndReason;
use doorward_core::token::TokenHash;

/// How many ended sessions are remembered, in memory and from the store at the start.
pub(in crate::identity) const REMEMBERED: usize = 10_000;

/// The newest ended sessions.
#[derive(Debug, Default)]
pub(super) struct Ended {
    order: VecDeque<(SessionId, Option<TokenHash>)>,
    ids: HashMap<SessionId, EndReason>,
    tokens: HashMap<TokenHash, EndReason>,
}

impl Ended {
    pub(super) fn by_token(&self, token: TokenHash) -> Option<EndReason> {
        self.tokens.get(&token).copied()
    }

    pub(super) fn by_id(&self, id: SessionId) -> Option<EndReason> {
        self.ids.get(&id).copied()
    }

    pub(super) fn remember(&mut self, id: SessionId, token: Option<TokenHash>, reason: EndReason) {
        // The first reason stays: what ends a session a second time does not explain why it is gone.
        if self.ids.contains_key(&id) {
            return;
        }
        self.ids.insert(id, reason);
        self.order.push_back((id, token));
        if let Some(token) = token {
            self.tokens.insert(token, reason);
        }
        if self.order.len() > REMEMBERED
            && let Some((id, token)) = self.order.pop_front()
        {
            self.ids.remove(&id);
            token.map(|token| self.tokens.remove(&token));
        }
    }
}
