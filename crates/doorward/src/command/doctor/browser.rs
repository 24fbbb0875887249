//! `doorward doctor --browser`: the last link, and every cookie, as a real Chromium sees them.

use std::sync::Arc;
use std::time::Duration;

use doorward_browser::diagnosis::Login;
use doorward_browser::screenshot::{Format, Scene};
use doorward_browser::{Browser, Failure, Options, Tab, verdict};
use doorward_doctor::Facts;
use doorward_doctor::facts::{Browser as Seen, Told, Trust, Via};
use doorward_doctor::probe::Login as Account;

use super::Arguments;
use crate::command::Context;

/// How long the page may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Characters of an event that stand as evidence.
const EVENT: usize = 2_000;

/// Lets a browser walk the way, adds what it saw to the facts, and gives a picture of where it ended. What hinders the
/// browser is noted, and the rest of the report stands.
pub(super) async fn look(
    context: &Context,
    arguments: &Arguments,
    account: Option<&Account>,
    facts: &mut Facts,
) -> Option<Vec<u8>> {
    let Some(target) = &facts.target else {
        facts.skipped.push("the browser: no address is given".to_owned());
        return None;
    };
    let address = format!("{}{}", target.origin(), target.path);
    let browser = match Browser::start(options(context, arguments, facts)).await {
        Ok(browser) => browser,
        Err(failure) => {
            facts.skipped.push(format!("the browser: {failure}"));
            return None;
        }
    };
    let walked = walk(&browser, &address, account).await;
    let version = browser.version().await.unwrap_or_default();
    browser.close().await;
    match walked {
        Ok(Walk { mut seen, picture, trouble }) => {
            seen.version = version;
            facts.skipped.extend(trouble.map(|why| format!("the browser: {why}")));
            join(facts, seen);
            picture
        }
        Err(failure) => {
            facts.skipped.push(format!("the browser: {failure}"));
            None
        }
    }
}

/// What came of the walk.
struct Walk {
    seen: Seen,
    picture: Option<Vec<u8>>,
    trouble: Option<String>,
}

async fn walk(browser: &Arc<Browser>, address: &str, account: Option<&Account>) -> Result<Walk, Failure> {
    let tab = browser.first_tab().await.ok_or(Failure::Gone)?;
    let mut trouble = None;
    let mut is_signed_in = None;
    if let Some(account) = account {
        let mut login = Login::default();
        address.clone_into(&mut login.url);
        login.user.clone_from(&account.user);
        login.password.clone_from(&account.password);
        match tab.sign_in(&login).await {
            Ok(outcome) => is_signed_in = Some(outcome.is_signed_in),
            Err(failure) => trouble = Some(failure.to_string()),
        }
    } else if let Err(failure) = tab.navigate(address).await {
        trouble = Some(failure.to_string().lines().next().unwrap_or_default().to_owned());
    }
    let picture = tokio::time::timeout(PATIENCE, tab.picture(Scene::Viewport, Format::Jpeg)).await;
    let seen = Seen { is_signed_in, ..seen(&tab).await? };
    Ok(Walk { seen, picture: picture.ok().and_then(Result::ok), trouble })
}

async fn seen(tab: &Arc<Tab>) -> Result<Seen, Failure> {
    let verdicts = tab.recorded(verdict::of);
    // Rules hold tokens and cookies against each other; what is read of the archive keeps how they compare, and no value.
    let archive = tab.dangerous_archive().await;
    let mut seen = doorward_doctor::har::read(&archive.to_string()).unwrap_or_default();
    seen.is_secure_context = tab.is_secure_context().await;
    seen.told = verdicts
        .into_iter()
        .map(|one| Told {
            code: one.code.to_owned(),
            subject: one.subject,
            what: one.what,
            remedy: one.remedy,
            url: one.url,
            event: one.evidence.to_string().chars().take(EVENT).collect(),
        })
        .collect();
    Ok(seen)
}

/// Adds what was seen to what a file holds already.
fn join(facts: &mut Facts, seen: Seen) {
    let Some(known) = &mut facts.browser else {
        facts.browser = Some(seen);
        return;
    };
    known.calls.extend(seen.calls);
    known.console.extend(seen.console);
    known.told.extend(seen.told);
    known.is_secure_context = seen.is_secure_context.or(known.is_secure_context);
    (known.version, known.is_signed_in) = (seen.version, seen.is_signed_in);
}

/// The browser meets the addresses that the probes meet. Authorities of one's own are unknown to it, so with those it
/// believes certificates unseen where the probes have trusted them; nowhere else is a password typed over them.
fn options(context: &Context, arguments: &Arguments, facts: &Facts) -> Options {
    let mut options = Options::default();
    options.search_path = context.inputs.environment.value("PATH").unwrap_or_default().into();
    options.executable.clone_from(&arguments.browser_program);
    let mappings = arguments.resolve.iter().filter_map(|text| {
        let mut parts = text.splitn(3, ':');
        let (host, _, address) = (parts.next()?, parts.next()?, parts.next()?);
        Some((host.to_owned(), address.to_owned()))
    });
    options.host_map = mappings.collect();
    let has_own_authorities = !arguments.ca.is_empty() || context.inputs.authorities_file().is_some();
    let handshakes: Vec<_> = facts.doors(Via::Public).filter_map(|door| door.tls.as_ref()).collect();
    let is_trusted = !handshakes.is_empty() && handshakes.iter().all(|tls| tls.trust == Trust::Good);
    options.ignores_certificates = has_own_authorities && is_trusted;
    options.navigation_timeout = PATIENCE;
    options
}
