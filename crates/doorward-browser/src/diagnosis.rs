//! A sign-in that is tried as a person would, and what the browser says of it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::act::{Click, Spot};
use crate::failure::Failure;
use crate::settle::Mark;
use crate::tab::Tab;
use crate::verdict::{self, Verdict};

/// Who signs in where. The password is never written anywhere.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Login {
    /// The page with the form.
    pub url: String,
    /// The name or e-mail.
    pub user: String,
    /// The password.
    pub password: String,
    /// Selectors of the two fields and of the button, where they are not found by themselves.
    pub selectors: [Option<String>; 3],
}

impl std::fmt::Debug for Login {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("Login").field("url", &self.url).finish_non_exhaustive()
    }
}

/// What came of a sign-in.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome {
    /// Whether the form is gone and nothing was refused on the way.
    pub is_signed_in: bool,
    /// Whether the page shows a field for a password again.
    pub asks_again: bool,
    /// The address where it ended.
    pub url: String,
    /// The requests of the sign-in: method, address, status.
    pub steps: Vec<(String, String, Option<u64>)>,
    /// Every cause that the browser told.
    pub verdicts: Vec<Verdict>,
}

impl Tab {
    /// Tries to sign in by a form, in one step or in two.
    ///
    /// # Errors
    ///
    /// When the page cannot be opened or has no such form.
    pub async fn sign_in(&self, login: &Login) -> Result<Outcome, Failure> {
        self.navigate(&login.url).await?;
        let from = self.mark();
        let fields = self.fields(login).await?;
        let user = fields
            .0
            .ok_or_else(|| Failure::said("There is no field for a name or an e-mail; name it by usernameSelector"))?;
        self.fill(&user, &login.user).await?;
        if fields.1.is_none() {
            // The password is asked for on a second page.
            self.send(&user, fields.2.as_ref()).await?;
        }
        let (_, password, submit) = self.fields(login).await?;
        let password =
            password.ok_or_else(|| Failure::said("There is no field for a password; name it by passwordSelector"))?;
        self.fill(&password, &login.password).await?;
        self.send(&password, submit.as_ref()).await?;
        tokio::time::sleep(Duration::from_millis(300)).await;
        let asks_again = self.fields(login).await.is_ok_and(|(_, password, _)| password.is_some());
        Ok(self.outcome(from, asks_again))
    }

    fn outcome(&self, from: Mark, asks_again: bool) -> Outcome {
        let (verdicts, steps) = self.recorded(|recorder| {
            let chains = recorder.all().filter(|chain| chain.number >= from.requests() && !chain.is_static());
            let hops = chains.flat_map(|chain| chain.hops().iter());
            let steps = hops.map(|hop| (hop.method.clone(), hop.url.clone(), hop.status)).collect::<Vec<_>>();
            (verdict::of(recorder), steps)
        });
        let is_refused =
            steps.iter().any(|(method, _, status)| method == "POST" && status.is_some_and(|status| status >= 400));
        Outcome { is_signed_in: !asks_again && !is_refused, asks_again, url: self.url(), steps, verdicts }
    }

    async fn send(&self, field: &Spot, submit: Option<&Spot>) -> Result<(), Failure> {
        let mark = self.mark();
        match submit {
            Some(submit) => self.click(submit, Click::default()).await?,
            None => self.press_on(field, "Enter").await?,
        }
        self.settle(mark, 2, false).await;
        Ok(())
    }

    /// The fields for name and password and the button, by selectors or as they are found.
    async fn fields(&self, login: &Login) -> Result<(Option<Spot>, Option<Spot>, Option<Spot>), Failure> {
        let frame = self.state().frames.main_id().to_owned();
        let found = self.ask(&frame, "signIn", &json!({})).await?;
        let mut spots = Vec::new();
        for (selector, name) in login.selectors.iter().zip(["user", "password", "submit"]) {
            spots.push(match selector {
                Some(selector) => self.spot(selector).await.ok(),
                None => {
                    found[name].as_str().map(|reference| Spot { frame: frame.clone(), reference: reference.to_owned() })
                }
            });
        }
        let mut spots = spots.into_iter();
        Ok((spots.next().flatten(), spots.next().flatten(), spots.next().flatten()))
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            out,
            "{}",
            if self.is_signed_in { "The sign-in went through." } else { "The sign-in did not go through." }
        )?;
        if self.asks_again {
            writeln!(out, "The page asks for the password again, at {}.", self.url)?;
        } else {
            writeln!(out, "It ended at {}.", self.url)?;
        }
        for (method, url, status) in &self.steps {
            writeln!(
                out,
                "- [{method}] {url} => {}",
                status.map_or_else(|| "no answer".to_owned(), |status| status.to_string())
            )?;
        }
        if self.verdicts.is_empty() {
            return write!(out, "No cookie was refused and no request blocked.");
        }
        let lines: Vec<String> = self.verdicts.iter().map(|verdict| format!("- {verdict}")).collect();
        write!(out, "Causes:\n{}", lines.join("\n"))
    }
}

/// The outcome as JSON.
impl From<&Outcome> for Value {
    fn from(outcome: &Outcome) -> Self {
        json!({ "signed_in": outcome.is_signed_in, "asks_again": outcome.asks_again, "url": outcome.url,
            "steps": outcome.steps, "verdicts": outcome.verdicts })
    }
}
