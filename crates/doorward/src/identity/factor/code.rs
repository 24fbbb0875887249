//! Codes by mail: drawn for one purpose and one sign-in, and stored together with the letter that holds them.

use doorward_core::Secret;
use doorward_core::audit::Action;
use doorward_core::budget::{BudgetKey, Spent};
use doorward_core::factor::code::{EMAIL_SECONDS, EmailCode, EmailPurpose};
use doorward_core::factor::{Credential, Detail};
use doorward_core::identifier::CredentialId;
use doorward_core::signin::Method;
use doorward_core::store::{Budgets as _, EmailChallenge, Evidence, Factors as _, NewCredential, Outbox as _};
use doorward_core::user::{Name, User};

use super::super::{Author, Identity, Live, Refused, SignedIn, Visit};
use super::prove::{after, purpose_of};
use crate::mail::letter;

impl Identity {
    /// Sends a code by which this session can prove its address: to finish, or to prove once more who it is.
    ///
    /// # Errors
    /// `factor.way_closed`, `factor.no_way_left`, `factor.mail_wait`, what the session waits for instead, `store.*`.
    pub async fn send_email_code(&self, visit: &Visit, live: &Live) -> Result<(), Refused> {
        let user = self.user(live.user_id()).await?;
        let _finished = after(live, self.demand(&user).await?, Method::EmailCode, self.now())?;
        self.post_code(visit, live, &user, purpose_of(live.stage)).await
    }

    /// Sends a code by which codes by mail are set up.
    ///
    /// # Errors
    /// `factor.way_closed` where there is no mail, the policy allows no codes by mail, or the address was not proven;
    /// `factor.taken`, `factor.mail_wait`, what the session waits for instead, `store.*`.
    pub async fn offer_email(&self, visit: &Visit, live: &Live) -> Result<(), Refused> {
        self.check_room(live).await?;
        let (user, overview) = (self.user(live.user_id()).await?, self.overview(live).await?);
        if !overview.allows_email_code {
            return Err(Refused::new("factor.way_closed"));
        }
        if overview.facts.credentials.iter().any(|credential| credential.detail == Detail::EmailCode) {
            return Err(Refused::new("factor.taken"));
        }
        self.post_code(visit, live, &user, EmailPurpose::Enrolment).await
    }

    /// Sets codes by mail up, by the first of them.
    ///
    /// # Errors
    /// `factor.code_wrong`, `factor.code_void`, `factor.taken`, why the session ended, `store.*`.
    pub async fn confirm_email(&self, visit: &Visit, live: &Live, code: &Secret) -> Result<SignedIn, Refused> {
        let code = EmailCode::parse(code.expose_secret()).ok_or_else(|| Refused::new("factor.code_wrong"))?;
        let (user, browser, now) = (live.user(), live.bound(), self.now());
        let hash = self.newest_code_key().hash_email(EmailPurpose::Enrolment, user.id, browser, &code);
        // What it is called is where it goes.
        let name = user.email.as_str().chars().take(100).collect::<String>().parse::<Name>();
        let name = name.map_err(|error| Refused::new(error.code()))?;
        let credential = Credential {
            id: CredentialId::random(self.random()),
            user: user.id,
            name,
            detail: Detail::EmailCode,
            created_at: now,
            last_used_at: Some(now),
        };
        let new = NewCredential { credential, session: live.id, evidence: Evidence::EmailCode { hash, browser } };
        self.enrol(visit, live, &new, Method::EmailCode).await
    }

    async fn post_code(&self, visit: &Visit, live: &Live, user: &User, purpose: EmailPurpose) -> Result<(), Refused> {
        let now = self.now();
        let key = match self.known_browser_of(visit, user.id).await? {
            Some(browser) => BudgetKey::KnownCodeTo(user.id, browser),
            None => BudgetKey::CodeTo(user.id, purpose),
        };
        if let Err((_, spent)) = self.inner.store.pay(&[key], now).await? {
            let refused = Refused::new("factor.mail_wait");
            return Err(if let Spent::Wait(seconds) = spent { refused.wait(seconds) } else { refused });
        }
        let (code, browser) = (EmailCode::random(self.random()), live.bound());
        let letters = self.letter_to(user, |site| letter::email_code(site, visit.language, &code.to_text()));
        if letters.is_empty() {
            return Err(Refused::new("factor.way_closed"));
        }
        let challenge = EmailChallenge {
            user: user.id,
            purpose,
            browser,
            hash: self.newest_code_key().hash_email(purpose, user.id, browser, &code),
            created_at: now,
            expires_at: now + EMAIL_SECONDS,
        };
        let event = Author::of(live, visit).event(now, Action::EmailCodeSent).about(user.id).in_session(live.id);
        Ok(self
            .inner
            .store
            .mailing(letters)
            .create_email_code(&challenge, &event.with_detail(purpose.as_str()))
            .await?)
    }
}
