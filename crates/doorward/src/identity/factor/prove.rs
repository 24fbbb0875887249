//! Proving a second factor: one guess paid, one value used up, one session on its next step.

use doorward_core::address::Network;
use doorward_core::audit::{Action, Actor};
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::factor::code::{EmailCode, EmailPurpose, RecoveryCode};
use doorward_core::identifier::UserId;
use doorward_core::mail::Letter;
use doorward_core::policy::pending_code;
use doorward_core::session::{EndReason, Kind, Session, Stage};
use doorward_core::signin::{Demand, Method, SignIn};
use doorward_core::store::{
    Audit as _, Budgets as _, Factors as _, Facts, NewSession, Outbox as _, Proof, Proving, Sessions as _, StoreError,
    Then,
};
use doorward_core::token::TokenHash;
use doorward_core::user::{Name, User};
use doorward_core::{Secret, UnixTime};

use super::super::{Author, Identity, Live, Refused, SignedIn, Visit, follow};
use crate::mail::Notice;

/// How many sessions that have ended a sign-in is compared with, to tell whether its network is new.
const COMPARED: u32 = 100;

/// What somebody typed to prove a second factor.
#[derive(Debug)]
pub enum Typed {
    /// A code of an authenticator app.
    Totp(Secret),
    /// A code of the printed sheet.
    RecoveryCode(Secret),
    /// A code that came by mail.
    EmailCode(Secret),
}

impl Typed {
    fn way(&self) -> Method {
        match self {
            Self::Totp(_) => Method::OneTimeCode,
            Self::RecoveryCode(_) => Method::RecoveryCode,
            Self::EmailCode(_) => Method::EmailCode,
        }
    }
}

/// What somebody typed, and whether this browser shall be trusted from now on.
#[derive(Debug)]
pub struct Answer {
    /// What was typed.
    pub typed: Typed,
    /// What this browser is called, where it shall be trusted and that is allowed.
    pub trust: Option<Name>,
}

/// A checked value and the moment that it leads to.
pub(in crate::identity) struct Step<'a> {
    pub(in crate::identity) user: &'a User,
    pub(in crate::identity) moment: &'a SignIn,
    pub(in crate::identity) proof: Proof,
    /// The budget that a right guess clears.
    pub(in crate::identity) paid: Option<BudgetKey>,
}

/// What was typed, as far as it can be judged without the store.
enum Judged {
    /// One of these is right, if any: the store uses it up.
    Perhaps(Vec<Proof>),
    /// It is not right, or was used before.
    Refused(&'static str),
}

/// The moment that a session comes to when this way is proven.
///
/// # Errors
/// `factor.way_closed`, `factor.no_way_left`, or what the session waits for instead.
pub(in crate::identity) fn after(live: &Live, demand: Demand, way: Method, at: UnixTime) -> Result<SignIn, Refused> {
    let asked = match SignIn::resume(live.stage, live.proven, demand) {
        SignIn::SecondFactor(moment) => moment,
        SignIn::RecoveryMail(moment) if way == Method::EmailCode => return Ok(moment.proven(at)),
        SignIn::RecoveryMail(_) => return Err(Refused::new("factor.way_closed")),
        SignIn::Complete(complete) => complete.step_up().map_err(|_| Refused::new("factor.no_way_left"))?,
        other => return Err(Refused::new(pending_code(other.stage()))),
    };
    if asked.ways().is_empty() {
        return Err(Refused::new("factor.no_way_left"));
    }
    asked.choose(way).map(|choice| choice.proven(at)).map_err(|_| Refused::new("factor.way_closed"))
}

impl Identity {
    /// Proves a second factor: finishes a sign-in, or makes a finished one fresh.
    ///
    /// # Errors
    /// `factor.code_wrong`, `factor.code_used`, `factor.code_void`, `factor.way_closed`, `factor.no_way_left`,
    /// `factor.wait`, `factor.stopped`, why the session ended, `store.*`.
    pub async fn prove(&self, visit: &Visit, live: &Live, answer: Answer) -> Result<SignedIn, Refused> {
        let user = self.user(live.user_id()).await?;
        let facts = self.inner.store.facts(user.id).await?;
        let (way, demand) = (answer.typed.way(), self.demand_by(&user, &facts, false));
        let moment = after(live, demand, way, self.now())?;
        let paid = self.pay_for_code(visit, &user, way).await?;
        let proofs = match self.judge(live, &facts, &answer.typed) {
            Judged::Perhaps(proofs) => proofs,
            Judged::Refused(code) => return Err(self.note_refusal(visit, live, code).await?),
        };
        for proof in proofs {
            let step = Step { user: &user, moment: &moment, proof, paid: Some(paid.clone()) };
            if let Some(signed_in) = self.advance(visit, live, step).await? {
                return self.trust_if(answer.trust, visit, &user, signed_in).await;
            }
        }
        let code = match way {
            Method::OneTimeCode => "factor.code_used",
            Method::EmailCode => "factor.code_void",
            _ => "factor.code_wrong",
        };
        Err(self.note_refusal(visit, live, code).await?)
    }

    /// Uses a value up and gives the session its next step, in one transaction. Nothing where the value is used, void or
    /// another's.
    pub(in crate::identity) async fn advance(
        &self,
        visit: &Visit,
        live: &Live,
        step: Step<'_>,
    ) -> Result<Option<SignedIn>, Refused> {
        let Step { user, moment, proof, paid } = step;
        let now = self.now();
        let (cookie, drawn) = self.draw(visit, user, (live.kind, moment), now);
        let session = Session {
            handle: live.handle,
            credential: live.credential,
            is_persistent: live.is_persistent,
            created_at: live.created_at,
            authenticated_at: auth_time(live, &proof, now),
            ..drawn
        };
        let pair = (live.kind == Kind::Api).then(|| self.draw_pair(session.id, now));
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        let event = author.event(now, Action::SteppedUp).about(user.id).in_session(session.id);
        let event = event.with_detail(follow::replaces(live.id));
        let new = NewSession {
            session,
            refresh: pair.as_ref().map(|(_, refresh)| refresh.clone()),
            replaces: None,
            browser: visit.browser,
            clear: paid.into_iter().collect(),
            refund: Vec::new(),
        };
        let mut letters = self.news_of_sign_in(visit, user, &new.session).await?;
        if matches!(proof, Proof::RecoveryCode { .. }) {
            letters.extend(self.notices(user, &author, &Notice::RecoveryCodeUsed).await?);
        }
        match self.inner.store.mailing(letters).prove(&proof, Then::StepUp { old: live.id, new: &new }, &event).await? {
            Proving::Void => Ok(None),
            Proving::Wrong { .. } => Err(Refused::new("factor.code_wrong")),
            Proving::Gone => Err(self.gone(live)),
            Proving::Done(session) => {
                self.table().end(live.id, EndReason::SteppedUp);
                let live = self.show(&session, user).await?;
                let tokens = pair.map(|(secret, refresh)| self.pair(&live, secret, &refresh, now));
                Ok(Some(SignedIn { live, cookie, tokens, device: None }))
            }
        }
    }

    /// The notice of a sign-in that finishes in a browser or a network which the account does not know. A step up of a
    /// session that is whole already is no news.
    pub(in crate::identity) async fn news_of_sign_in(
        &self,
        visit: &Visit,
        user: &User,
        new: &Session,
    ) -> Result<Vec<Letter>, Refused> {
        let others = self.sessions_of(user.id);
        let is_again = others.iter().any(|live| live.handle == new.handle && live.stage == Stage::Full);
        if new.stage != Stage::Full || is_again || !self.has_mail() {
            return Ok(Vec::new());
        }
        let is_known_browser = self.known_browser_of(visit, user.id).await?.is_some();
        let past = self.inner.store.past_sessions(user.id, COMPARED).await?;
        let live = others.iter().filter(|live| live.stage == Stage::Full).map(|live| live.address);
        let seen: Vec<_> = live.chain(past.iter().map(|past| past.address)).map(Network::of).collect();
        // Where nothing was signed in for a month there is nothing to compare with.
        let is_known_network = seen.is_empty() || seen.contains(&Network::of(visit.address));
        if is_known_browser && is_known_network {
            return Ok(Vec::new());
        }
        let author = Author { actor: Actor::User(user.id), visit: Some(visit) };
        Ok(self.notices(user, &author, &Notice::NewDevice).await?)
    }

    /// Why a session is not there any more.
    pub(in crate::identity) fn gone(&self, live: &Live) -> Refused {
        Refused::new(self.table().find_id(live.id, self.now()).err().unwrap_or("session.unknown"))
    }

    /// The browser, where a sign-in of this user was finished in it.
    pub(super) async fn known_browser_of(&self, visit: &Visit, user: UserId) -> Result<Option<TokenHash>, StoreError> {
        let Some(browser) = visit.browser else { return Ok(None) };
        Ok(self.inner.store.is_known_browser(user, browser).await?.then_some(browser))
    }

    /// Pays for one guess at a code of this way: wrong codes by mail use up nobody's tries at an app. Browsers in which a
    /// sign-in was finished are counted apart, so that somebody who has the password keeps nobody out.
    async fn pay_for_code(&self, visit: &Visit, user: &User, way: Method) -> Result<BudgetKey, Refused> {
        let key = match self.known_browser_of(visit, user.id).await? {
            Some(browser) => BudgetKey::KnownFactor(user.id, browser, way),
            None => BudgetKey::Factor(user.id, way),
        };
        match self.inner.store.pay(std::slice::from_ref(&key), self.now()).await? {
            Ok(()) => Ok(key),
            Err((_, Spent::Wait(seconds))) => Err(Refused::new("factor.wait").wait(seconds)),
            Err((_, Spent::Stopped)) => Err(Refused::new("factor.stopped")),
        }
    }

    fn judge(&self, live: &Live, facts: &Facts, typed: &Typed) -> Judged {
        let user = live.user_id();
        match typed {
            Typed::Totp(code) => match self.judge_totp(facts, code) {
                Ok(proof) => Judged::Perhaps(vec![proof]),
                Err(code) => Judged::Refused(code),
            },
            Typed::RecoveryCode(text) => match RecoveryCode::parse(text.expose_secret()) {
                None => Judged::Refused("factor.code_wrong"),
                Some(code) => {
                    let keys = self.inner.keyring.code_keys().iter();
                    Judged::Perhaps(
                        keys.map(|key| Proof::RecoveryCode { hash: key.hash_recovery(user, &code) }).collect(),
                    )
                }
            },
            Typed::EmailCode(text) => match EmailCode::parse(text.expose_secret()) {
                None => Judged::Refused("factor.code_wrong"),
                Some(code) => {
                    let (purpose, browser) = (purpose_of(live.stage), live.bound());
                    let hash = self.newest_code_key().hash_email(purpose, user, browser, &code);
                    Judged::Perhaps(vec![Proof::EmailCode { purpose, browser, hash }])
                }
            },
        }
    }

    /// Writes down that a code was refused, and gives the refusal back.
    pub(super) async fn note_refusal(
        &self,
        visit: &Visit,
        live: &Live,
        code: &'static str,
    ) -> Result<Refused, Refused> {
        let event = Author::of(live, visit).event(self.now(), Action::FactorRefused);
        let event = event.about(live.user_id()).in_session(live.id).because(code);
        self.inner.store.append(&event).await?;
        Ok(Refused::new(code))
    }
}

/// When the session was last proven as strongly as it says: a whole one is made no fresher by a weaker proof.
fn auth_time(live: &Live, proof: &Proof, now: UnixTime) -> UnixTime {
    let way = match proof {
        Proof::TotpStep { .. } => Method::OneTimeCode,
        Proof::Passkey { .. } => Method::Passkey,
        Proof::RecoveryCode { .. } => Method::RecoveryCode,
        Proof::EmailCode { .. } => Method::EmailCode,
        Proof::TrustedDevice { .. } => Method::TrustedDevice,
    };
    let is_renewed = live.stage != Stage::Full || live.methods.is_renewed_by(way);
    if is_renewed { now } else { live.authenticated_at }
}

/// What a code by mail is for in a session of this stage.
pub(super) fn purpose_of(stage: Stage) -> EmailPurpose {
    if stage == Stage::RecoveryMail { EmailPurpose::Recovery } else { EmailPurpose::SecondFactor }
}
