//! Whether it is as a step expects.

use std::sync::Arc;

use serde_json::json;

use super::find;
use super::step::{Expectation, Trait};
use super::text::{Text, Values};
use crate::recorder::{Chain, Hop};
use crate::tab::Tab;
use crate::verdict;

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) tab: &'a Arc<Tab>,
    pub(super) base: &'a str,
    pub(super) values: &'a Values,
    /// What tells that somebody is signed in, where the file says so.
    pub(super) signed_in: Option<&'a Expectation>,
}

type Checked = Result<(), String>;

fn hold(is_so: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if is_so { Ok(()) } else { Err(otherwise()) }
}

/// Whether waiting cannot mend what is not so.
pub(super) fn is_final(expectation: &Expectation) -> bool {
    matches!(expectation, Expectation::NoRefusedCookie | Expectation::NoConsoleError)
}

impl Scene<'_> {
    /// Checks once.
    ///
    /// # Errors
    ///
    /// What is so instead.
    pub(super) async fn check(&self, expectation: &Expectation) -> Checked {
        match expectation {
            Expectation::SignedIn => self.signed_in().await,
            Expectation::SignedOut => match self.signed_in().await {
                Ok(()) => Err(format!("somebody is signed in, at {}", self.tab.url())),
                Err(_) => Ok(()),
            },
            other => self.check_page(other).await,
        }
    }

    async fn check_page(&self, expectation: &Expectation) -> Checked {
        let url = self.tab.url();
        match expectation {
            Expectation::Shown(text) => {
                let text = text.filled(self.values);
                hold(self.shows(&text).await?, || format!("the page does not show \"{text}\", at {url}"))
            }
            Expectation::NotShown(text) => {
                let text = text.filled(self.values);
                hold(!self.shows(&text).await?, || format!("the page shows \"{text}\", at {url}"))
            }
            Expectation::Address(address) => {
                hold(fits(&url, &self.absolute(address)), || format!("the page stands at {url}"))
            }
            Expectation::Title(title) => {
                let now = self.tab.title().await;
                hold(now == title.filled(self.values), || format!("the title is \"{now}\""))
            }
            Expectation::Cookie(name, is_wanted) => {
                let jar = self.tab.cookies(&[]).await.map_err(|failure| failure.to_string())?;
                let name = name.filled(self.values);
                let has = jar.iter().any(|cookie| cookie["name"] == name.as_str());
                hold(has == *is_wanted, || {
                    let names: Vec<&str> = jar.iter().filter_map(|cookie| cookie["name"].as_str()).collect();
                    format!("the jar holds {}", if names.is_empty() { "nothing".to_owned() } else { names.join(", ") })
                })
            }
            Expectation::Stored(name, is_wanted) => {
                let name = name.filled(self.values);
                let has = self
                    .is_stored(&format!(
                        "[localStorage, sessionStorage].some((one) => one.getItem({}) !== null)",
                        json!(name)
                    ))
                    .await?;
                hold(has == *is_wanted, || {
                    format!("{} is stored under {name}", if has { "something" } else { "nothing" })
                })
            }
            Expectation::Request(path, had) => self.check_request(path, had).await,
            _ => self.check_record(expectation),
        }
    }

    fn check_record(&self, expectation: &Expectation) -> Checked {
        match expectation {
            Expectation::Status(wanted) => {
                let status = self.status();
                hold(status == Some(*wanted), || match status {
                    Some(status) => format!("the page came with status {status}"),
                    None => "the page came without a status".to_owned(),
                })
            }
            Expectation::NoRefusedCookie => {
                let all = self.tab.recorded(verdict::of);
                let refused: Vec<String> =
                    all.iter().filter(|one| one.code.starts_with("cookie.")).map(ToString::to_string).collect();
                hold(refused.is_empty(), || refused.join("\n"))
            }
            Expectation::NoConsoleError => {
                let errors: Vec<String> = self.tab.recorded(|recorder| {
                    recorder.console().filter(|entry| entry.is_error()).map(ToString::to_string).collect()
                });
                hold(errors.is_empty(), || errors.join("\n"))
            }
            _ => Err("this cannot be checked here".to_owned()),
        }
    }

    async fn shows(&self, text: &str) -> Result<bool, String> {
        let frame = self.tab.state().frames.main_id().to_owned();
        let given = json!({ "text": text, "state": "visible", "milliseconds": 0 });
        let told = self.tab.ask(&frame, "wait", &given).await.map_err(|failure| failure.to_string())?;
        Ok(told["is"] == true)
    }

    /// Whether a condition on the page's storage holds.
    async fn is_stored(&self, condition: &str) -> Result<bool, String> {
        let frame = self.tab.state().frames.main_id().to_owned();
        let told = self.tab.evaluate(&frame, &format!("() => {condition}"), None).await;
        Ok(told.map_err(|failure| failure.to_string())? == "true")
    }

    /// The status of the document that is shown.
    fn status(&self) -> Option<u64> {
        let main = self.tab.state().frames.main_id().to_owned();
        self.tab.recorded(|recorder| {
            let own = recorder.all().rev().find(|chain| chain.kind == "Document" && chain.frame == main);
            own.and_then(|chain| chain.hops().last().and_then(|hop| hop.status))
        })
    }

    /// Whether somebody is signed in: by the file's own sign, or by what pages of a signed-in person have in common.
    async fn signed_in(&self) -> Checked {
        if let Some(sign) = self.signed_in {
            return Box::pin(self.check_page(sign)).await;
        }
        let url = self.tab.url();
        let standing = find::standing(self.tab).await?;
        if let Some(status) = self.status().filter(|status| *status >= 400) {
            return Err(format!("the page came with status {status}, at {url}"));
        }
        if !standing["out"].is_null() {
            return Ok(());
        }
        if standing["password"] == true {
            return Err(format!("the page asks for a password, at {url}"));
        }
        if let Some(control) = standing["into"].as_str() {
            return Err(format!("the page offers \"{control}\", at {url}"));
        }
        let jar = self.tab.cookies(&[]).await.map_err(|failure| failure.to_string())?;
        let has_token = "Object.keys(localStorage).concat(Object.keys(sessionStorage)).some((one) => /token|session|auth/i.test(one))";
        let is_kept = jar.iter().any(|cookie| cookie["httpOnly"] == true) || self.is_stored(has_token).await?;
        hold(is_kept, || {
            format!(
                "nothing on the page, in the jar or in the storage tells of a session, at {url}; `signed_in` in the file can say what does"
            )
        })
    }

    async fn check_request(&self, path: &Text, had: &Trait) -> Checked {
        let wanted = self.absolute(path);
        let (id, hop) = self.latest(&wanted)?;
        match had {
            Trait::Answered(status) => hold(hop.status == Some(*status), || match hop.status {
                Some(status) => format!("{wanted} was answered {status}"),
                None => format!("{wanted} was not answered"),
            }),
            Trait::SentHeader(name, is_wanted) => {
                let name = name.filled(self.values);
                let has = hop.request_headers().iter().any(|(one, _)| one.eq_ignore_ascii_case(&name));
                hold(has == *is_wanted, || format!("the request went {} {name}", if has { "with" } else { "without" }))
            }
            Trait::SentCookie(name, is_wanted) => {
                let sent = hop.sent_cookies();
                hold(sent.contains(&name.filled(self.values)) == *is_wanted, || {
                    format!("cookies sent: {}", if sent.is_empty() { "none".to_owned() } else { sent.join(", ") })
                })
            }
            Trait::Holds(text) => {
                let body = self.tab.response_body(&id).await.map_err(|failure| failure.to_string())?;
                let text = text.filled(self.values);
                let begin: String = body.chars().take(200).collect();
                hold(body.contains(&text), || format!("the answer is: {begin}"))
            }
        }
    }

    /// The latest request to an address.
    fn latest(&self, wanted: &str) -> Result<(String, Hop), String> {
        let found = self.tab.recorded(|recorder| {
            let chain = recorder.all().rev().find(|chain| hop(chain, wanted).is_some())?;
            Some((chain.id.clone(), hop(chain, wanted)?.clone()))
        });
        found.ok_or_else(|| format!("nothing asked {wanted}"))
    }

    /// A field of the JSON that an address answered.
    pub(super) async fn field(&self, path: &Text, field: &str) -> Result<String, String> {
        let (id, _) = self.latest(&self.absolute(path))?;
        let body = self.tab.response_body(&id).await.map_err(|failure| failure.to_string())?;
        let answer: serde_json::Value = serde_json::from_str(&body).map_err(|_| "the answer is no JSON".to_owned())?;
        answer[field].as_str().map(str::to_owned).ok_or_else(|| format!("the answer has no text under \"{field}\""))
    }

    /// The whole address of a path.
    pub(super) fn absolute(&self, address: &Text) -> String {
        let address = address.filled(self.values);
        if address.contains("://") || address.starts_with("about:") || address.starts_with("data:") {
            return address;
        }
        format!("{}/{}", self.base, address.trim_start_matches('/'))
    }
}

fn hop<'a>(chain: &'a Chain, wanted: &str) -> Option<&'a Hop> {
    chain.hops().iter().rev().find(|hop| fits(&hop.url, wanted))
}

/// Whether an address is the wanted one; query and fragment count only where they are wanted.
fn fits(url: &str, wanted: &str) -> bool {
    let bare =
        |text: &str, marks: &[char]| text.split(marks).next().unwrap_or_default().trim_end_matches('/').to_owned();
    if wanted.contains('?') {
        bare(url, &['#']) == bare(wanted, &['#'])
    } else {
        bare(url, &['?', '#']) == bare(wanted, &['?', '#'])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_counts_where_it_is_wanted() {
        for (url, wanted, is_fit) in [
            ("http://a/b?x=1#y", "http://a/b", true),
            ("http://a/b/", "http://a/b", true),
            ("http://a/b?x=1", "http://a/b?x=1", true),
            ("http://a/b?x=2", "http://a/b?x=1", false),
            ("http://a/bc", "http://a/b", false),
        ] {
            assert_eq!(fits(url, wanted), is_fit, "{url} {wanted}");
        }
    }
}
