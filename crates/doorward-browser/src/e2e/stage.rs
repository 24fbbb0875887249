//! A flow on its stage: one context, one tab, one step after the other.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use doorward_core::Clock;
use doorward_core::factor::base32;
use doorward_core::factor::totp::{DIGITS, TotpKey, step_at};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::expect::{Scene, is_final};
use super::find::{self, Kind};
use super::plan::{Flow, Plan};
use super::report::{FlowReport, Picture, Report, StepReport};
use super::step::{Content, Expectation, Step, Thing};
use super::text::Values;
use crate::act::Click;
use crate::authenticator;
use crate::browser::Browser;
use crate::failure::Failure;
use crate::screenshot::{Format, Scene as Shot};
use crate::tab::Tab;
use crate::verdict;

/// Pictures that one flow takes.
const PICTURES: usize = 20;
/// How long the code of an authenticator app is good.
const CODE: Duration = Duration::from_secs(30);
/// How long a page is asked whether it has a question before it signs out.
const SOON: Duration = Duration::from_secs(2);

/// Runs every flow of a plan in a context of its own, so many at one time.
///
/// # Errors
///
/// When there is no browser.
pub async fn run(
    plan: &Plan,
    browser: &Arc<Browser>,
    at_once: usize,
    clock: Arc<dyn Clock>,
) -> Result<Report, Failure> {
    let (started, begun) = (clock.now(), Instant::now());
    let places = Arc::new(Semaphore::new(at_once.max(1)));
    let plan = Arc::new(plan.clone());
    let mut running = JoinSet::new();
    for index in 0..plan.flows.len() {
        let (plan, browser, clock, places) =
            (Arc::clone(&plan), Arc::clone(browser), Arc::clone(&clock), Arc::clone(&places));
        running.spawn(async move {
            let _place = places.acquire_owned().await;
            (index, flow(&plan, &plan.flows[index], &browser, clock).await)
        });
    }
    let mut flows = Vec::new();
    while let Some(done) = running.join_next().await {
        flows.push(done.map_err(|error| Failure::said(error.to_string()))?);
    }
    flows.sort_by_key(|(index, _)| *index);
    if browser.is_gone() {
        return Err(Failure::Gone);
    }
    let flows = flows.into_iter().map(|(_, report)| report).collect();
    Ok(Report { name: String::new(), started, took: begun.elapsed(), flows })
}

async fn flow(plan: &Plan, flow: &Flow, browser: &Arc<Browser>, clock: Arc<dyn Clock>) -> FlowReport {
    let begun = Instant::now();
    let mut report = FlowReport {
        name: flow.name.clone(),
        took: Duration::ZERO,
        steps: Vec::new(),
        verdicts: Vec::new(),
        pictures: Vec::new(),
    };
    let made = async {
        let context = browser.new_context().await?;
        Ok::<_, Failure>((browser.new_tab(Some(&context)).await?, context))
    };
    match made.await {
        Ok((tab, context)) => {
            let mut stage =
                Stage { plan, tab, clock, values: plan.values.clone(), used: HashMap::new(), pictures: Vec::new() };
            stage.play(flow, &mut report).await;
            browser.drop_context(&context).await;
        }
        Err(failure) => report.steps.push(StepReport {
            words: "open a tab".to_owned(),
            took: begun.elapsed(),
            failure: Some(failure.to_string()),
        }),
    }
    report.took = begun.elapsed();
    report
}

struct Stage<'a> {
    plan: &'a Plan,
    tab: Arc<Tab>,
    clock: Arc<dyn Clock>,
    values: Values,
    /// The last step of time whose code was used, by key.
    used: HashMap<String, i64>,
    pictures: Vec<Picture>,
}

impl Stage<'_> {
    async fn play(&mut self, flow: &Flow, report: &mut FlowReport) {
        for (words, step) in &flow.steps {
            let begun = Instant::now();
            let failure = self.step(step).await.err().map(|why| self.values.hide(&why));
            let is_over = failure.is_some();
            report.steps.push(StepReport { words: words.clone(), took: begun.elapsed(), failure });
            if is_over {
                break;
            }
        }
        let end = if report.failed().is_some() { "where it failed" } else { "the end" };
        let _ = self.picture(end).await;
        report.verdicts = self.tab.recorded(verdict::of);
        report.pictures = std::mem::take(&mut self.pictures);
    }

    async fn step(&mut self, step: &Step) -> Result<(), String> {
        let deadline = Instant::now() + self.plan.timeout;
        let held = self.tab.state().modals.first().map(crate::tab::modal::Modal::description);
        if let Some(held) = held.filter(|_| !matches!(step, Step::Answer(_) | Step::Picture(_))) {
            return Err(format!("a {held} stands in the way; `answer yes` or `answer no` before"));
        }
        match step {
            Step::Open(address) => {
                let address = self.scene().absolute(address);
                if !address.starts_with("http://") && !address.starts_with("https://") {
                    return Err(format!("{address} is no address of a web page"));
                }
                self.tab.navigate(&address).await.map_err(|failure| said(&failure))
            }
            Step::Fill(field, content) => self.fill(field, content, deadline).await,
            Step::Choose(option, field) => {
                let spot = self.spot(field, Kind::Field, deadline).await?;
                let (tab, option) = (Arc::clone(&self.tab), option.filled(&self.values));
                self.act(async move { tab.choose(&spot, &[option]).await.map(|_| ()) }).await
            }
            Step::Click(thing) => {
                let spot = self.spot(thing, Kind::Control, deadline).await?;
                let tab = Arc::clone(&self.tab);
                self.act(async move { tab.click(&spot, Click::default()).await }).await
            }
            Step::Press(key) => {
                let (tab, key) = (Arc::clone(&self.tab), key.clone());
                self.act(async move { tab.press(&key).await }).await
            }
            Step::Keep(thing, name) => {
                let spot = self.spot(thing, Kind::Field, deadline).await?;
                let value = find::value(&self.tab, &spot).await?;
                self.values.set(name, value.trim());
                Ok(())
            }
            other => self.rest(other, deadline).await,
        }
    }

    async fn rest(&mut self, step: &Step, deadline: Instant) -> Result<(), String> {
        match step {
            Step::Answer(is_yes) => {
                let session = self.tab.take_dialog().map_err(|failure| said(&failure))?;
                let (tab, is_yes) = (Arc::clone(&self.tab), *is_yes);
                self.act(async move { tab.answer_dialog(&session, is_yes, None).await }).await
            }
            Step::Passkey => self
                .tab
                .add_authenticator(authenticator::Kind::default())
                .await
                .map(|_| ())
                .map_err(|failure| said(&failure)),
            Step::KeepField(field, path, name) => {
                let value = find::until(deadline, || async { self.scene().field(path, field).await }).await?;
                self.values.set(name, &value);
                Ok(())
            }
            Step::Call(method, address, header) => {
                let header = header.as_ref().map(|header| header.filled(&self.values)).unwrap_or_default();
                self.call(method, &self.scene().absolute(address), &header).await
            }
            Step::Expect(expectation) => self.expect(expectation, deadline).await,
            Step::SignOut => self.sign_out(deadline).await,
            Step::Picture(name) => self.picture(name).await,
            _ => Ok(()),
        }
    }

    fn scene(&self) -> Scene<'_> {
        let signed_in = self.plan.signed_in.as_ref();
        Scene { tab: &self.tab, base: &self.plan.base, values: &self.values, signed_in }
    }

    async fn expect(&self, expectation: &Expectation, deadline: Instant) -> Result<(), String> {
        let scene = self.scene();
        if is_final(expectation) {
            return scene.check(expectation).await;
        }
        find::until(deadline, || scene.check(expectation)).await
    }

    async fn spot(&self, thing: &Thing, kind: Kind, deadline: Instant) -> Result<crate::act::Spot, String> {
        find::until(deadline, || find::thing(&self.tab, thing, kind, &self.values)).await
    }

    async fn act(&self, action: impl Future<Output = Result<(), Failure>> + Send + 'static) -> Result<(), String> {
        self.tab.complete(2, action).await.map_err(|failure| said(&failure))
    }

    async fn fill(&mut self, field: &Thing, content: &Content, deadline: Instant) -> Result<(), String> {
        let spot = self.spot(field, Kind::Field, deadline).await?;
        let text = match content {
            Content::Written(text) => text.filled(&self.values),
            Content::CodeOf(key) => self.code(&key.filled(&self.values)).await?,
        };
        let tab = Arc::clone(&self.tab);
        self.act(async move { tab.fill(&spot, &text).await }).await
    }

    /// The present code of an authenticator app. A code is good once, so a second one waits for its time.
    async fn code(&mut self, written: &str) -> Result<String, String> {
        let key = key(written)?;
        let mut step = step_at(self.clock.now());
        let deadline = Instant::now() + CODE + Duration::from_secs(2);
        while self.used.get(written).is_some_and(|used| *used >= step) {
            if Instant::now() >= deadline {
                return Err("the clock stands still, so there is no new code".to_owned());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            step = step_at(self.clock.now());
        }
        self.used.insert(written.to_owned(), step);
        let code = key.code(u64::try_from(step).unwrap_or_default());
        Ok(format!("{code:0DIGITS$}"))
    }

    /// Asks an address from within the page.
    async fn call(&self, method: &str, address: &str, header: &str) -> Result<(), String> {
        let headers = match header.split_once(':') {
            Some((name, value)) => json!({ name.trim(): value.trim() }),
            None if header.is_empty() => json!({}),
            None => return Err("a header is written \"NAME: VALUE\"".to_owned()),
        };
        let init = json!({ "method": method, "credentials": "include", "headers": headers });
        let source = format!("() => fetch({}, {init}).then((answer) => answer.text())", json!(address));
        let frame = self.tab.state().frames.main_id().to_owned();
        self.tab.evaluate(&frame, &source, None).await.map(|_| ()).map_err(|failure| said(&failure))
    }

    /// Signs out by what the page offers for it, and by the question that some pages ask first.
    async fn sign_out(&self, deadline: Instant) -> Result<(), String> {
        let control = || async {
            let standing = find::standing(&self.tab).await?;
            let none = || format!("nothing on the page signs out, at {}; write `click \"NAME\"`", self.tab.url());
            find::spot(&self.tab, &standing["out"]).ok_or_else(none)
        };
        let spot = find::until(deadline, control).await?;
        let before = self.tab.url();
        let tab = Arc::clone(&self.tab);
        self.act(async move { tab.click(&spot, Click::default()).await }).await?;
        if self.tab.is_held() {
            return Ok(());
        }
        let soon = deadline.min(Instant::now() + SOON);
        let Ok(Ok(again)) = tokio::time::timeout_at(soon, control()).await else { return Ok(()) };
        if self.tab.url() == before {
            // A page that answers in place: it may need a moment to change.
            return find::until(deadline, || async {
                if control().await.is_ok() { Err("the page still offers to sign out".to_owned()) } else { Ok(()) }
            })
            .await;
        }
        let tab = Arc::clone(&self.tab);
        self.act(async move { tab.click(&again, Click::default()).await }).await
    }

    async fn picture(&mut self, name: &str) -> Result<(), String> {
        if self.pictures.len() >= PICTURES {
            return Err(format!("a flow takes at most {PICTURES} pictures"));
        }
        let taken = self.tab.picture(Shot::Viewport, Format::Jpeg);
        let data =
            tokio::time::timeout(self.plan.timeout, taken).await.map_err(|_| "no picture came in time".to_owned())?;
        self.pictures.push(Picture { name: name.to_owned(), data: data.map_err(|failure| said(&failure))? });
        Ok(())
    }
}

fn said(failure: &Failure) -> String {
    failure.to_string()
}

/// The key of an authenticator app, as sites show it or as the address that a QR code holds.
fn key(written: &str) -> Result<TotpKey, String> {
    let wrong =
        || "the key of an authenticator app is 32 characters of base32, or an otpauth: address with one".to_owned();
    let text = match written.split_once("secret=") {
        Some((_, rest)) if written.starts_with("otpauth:") => rest.split('&').next().unwrap_or_default(),
        _ => written,
    };
    let text: String = text.chars().filter(|one| !one.is_whitespace() && *one != '-' && *one != '=').collect();
    let bytes = base32::decode(base32::STANDARD, &text.to_ascii_uppercase()).ok_or_else(wrong)?;
    Ok(TotpKey::from_bytes(bytes.try_into().map_err(|_| wrong())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_sites_show_it() {
        let bytes = *key("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ").unwrap().expose_bytes();
        assert_eq!(&bytes, b"12345678901234567890");
        for written in [
            "gezd gnbv gy3t qojq gezd gnbv gy3t qojq",
            "otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=A",
        ] {
            assert_eq!(key(written).unwrap().expose_bytes(), &bytes, "{written}");
        }
        assert!(key("ABC").is_err() && key("").is_err() && key("0189").is_err());
    }
}
