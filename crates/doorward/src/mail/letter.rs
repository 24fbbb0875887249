//! The letters: what each says, in text and in HTML, small and plain, with links to the configured address alone.
//!
//! Nothing that a stranger typed stands in a letter to an address that is not proven, so that nobody can have us
//! write for them. Nothing is loaded from elsewhere, and no link is followed by anybody but the reader.

use askama::Template;
use doorward_core::language::Language;
use doorward_core::{Secret, UnixTime};
use serde::{Deserialize, Serialize};

use super::notice::{Circumstances, Notice};
use crate::portal::catalogue::letter as text;
use crate::portal::{Moment, path};

/// Seconds for which a link for a new password is good that was asked for by mail.
pub const RECOVERY_SECONDS: i64 = 1_800;

/// Seconds for which a link that proves an address is good.
pub const VERIFICATION_SECONDS: i64 = 86_400;

/// Seconds for which an invitation is good.
pub const INVITATION_SECONDS: i64 = 7 * 86_400;

/// Seconds for which a code is good.
pub const CODE_SECONDS: i64 = 600;

/// Seconds for which a notice is tried.
pub const NOTICE_SECONDS: i64 = 86_400;

/// Where links lead: the configured origin of the pages, never a Host that somebody sent.
#[derive(Debug, Clone)]
pub struct Site {
    origin: Box<str>,
}

impl Site {
    /// The site with this origin, such as `https://login.example.com`.
    #[must_use]
    pub fn new(origin: impl Into<Box<str>>) -> Self {
        Self { origin: origin.into() }
    }

    /// The host, as the letters name the service.
    #[must_use]
    pub fn host(&self) -> &str {
        self.origin.split_once("://").map_or(&*self.origin, |(_, host)| host)
    }

    /// The full address of one of our paths.
    #[must_use]
    pub fn link(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }
}

/// The words of one letter, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// The template it was made with, for lists and logs.
    pub kind: Box<str>,
    /// The subject: of our own words alone.
    pub subject: String,
    /// The letter as text.
    pub text: String,
    /// The letter as HTML.
    pub html: String,
    /// Seconds for which it is of use.
    pub seconds: i64,
}

/// One letter before it is written out.
#[derive(Debug)]
struct Words {
    kind: &'static str,
    language: Language,
    heading: String,
    lead: Vec<String>,
    code: Option<String>,
    link: Option<(String, String)>,
    facts: Vec<(String, String)>,
    closing: Vec<String>,
    seconds: i64,
}

#[derive(Template)]
#[template(path = "letter/letter.txt", escape = "none")]
struct Plain<'a> {
    heading: &'a str,
    lead: &'a [String],
    code: &'a Option<String>,
    link: &'a Option<(String, String)>,
    facts: &'a [(String, String)],
    closing: &'a [String],
    signature: &'a str,
}

#[derive(Template)]
#[template(path = "letter/letter.html")]
struct Html<'a> {
    tag: &'static str,
    heading: &'a str,
    lead: &'a [String],
    code: &'a Option<String>,
    link: &'a Option<(String, String)>,
    facts: &'a [(String, String)],
    closing: &'a [String],
    signature: &'a str,
}

impl Words {
    fn new(kind: &'static str, language: Language, heading: impl Into<String>, seconds: i64) -> Self {
        Self {
            kind,
            language,
            heading: heading.into(),
            lead: Vec::new(),
            code: None,
            link: None,
            facts: Vec::new(),
            closing: Vec::new(),
            seconds,
        }
    }

    fn lead(mut self, text: impl Into<String>) -> Self {
        self.lead.push(text.into());
        self
    }

    fn link(mut self, label: &str, address: String) -> Self {
        self.link = Some((label.to_owned(), address));
        self
    }

    fn closing(mut self, text: impl Into<String>) -> Self {
        self.closing.push(text.into());
        self
    }

    fn write(self, site: &Site) -> Draft {
        let signature = fill(text::SIGNATURE.in_(self.language), site.host());
        let Self { kind, language, heading, lead, code, link, facts, closing, seconds } = &self;
        let plain = Plain { heading, lead, code, link, facts, closing, signature: &signature };
        let html = Html { tag: language.tag(), heading, lead, code, link, facts, closing, signature: &signature };
        let wrote = "a letter fails only where a value's own Display fails, and none of ours does";
        Draft {
            kind: (*kind).into(),
            subject: format!("{heading} ({})", site.host()),
            text: plain.render().expect(wrote),
            html: html.render().expect(wrote),
            seconds: *seconds,
        }
    }
}

/// Puts a value into the one gap of a text.
fn fill(text: &str, value: &str) -> String {
    text.replacen("{}", value, 1)
}

/// A code for a second step of a sign-in.
#[must_use]
pub fn email_code(site: &Site, language: Language, code: &Secret) -> Draft {
    let words = Words::new("email_code", language, text::CODE_TITLE.in_(language), CODE_SECONDS);
    let words = Words { code: Some(code.expose_secret().to_owned()), ..words };
    let words = words.lead(text::CODE_LEAD.in_(language));
    words.closing(text::CODE_LIFE.in_(language)).closing(text::CODE_WARNING.in_(language)).write(site)
}

/// A link to choose a new password, which its owner asked for.
#[must_use]
pub fn password_reset(site: &Site, language: Language, token: &Secret) -> Draft {
    let words = Words::new("password_reset", language, text::RESET_TITLE.in_(language), RECOVERY_SECONDS);
    let words = words.lead(text::RESET_LEAD.in_(language));
    let words = words.link(text::RESET_LINK.in_(language), site.link(&path::reset(token.expose_secret())));
    words.closing(text::RESET_LIFE.in_(language)).closing(text::NOT_YOU_IGNORE.in_(language)).write(site)
}

/// A link that proves an address, which then becomes the address of the account.
#[must_use]
pub fn verify_address(site: &Site, language: Language, token: &Secret) -> Draft {
    let words = Words::new("verify_address", language, text::VERIFY_TITLE.in_(language), VERIFICATION_SECONDS);
    let words = words.lead(text::VERIFY_LEAD.in_(language));
    let words = words.link(text::VERIFY_LINK.in_(language), site.link(&path::verify(token.expose_secret())));
    words.closing(text::DAY_LIFE.in_(language)).closing(text::NOT_YOU_IGNORE.in_(language)).write(site)
}

/// An invitation to make an account.
#[must_use]
pub fn invitation(site: &Site, language: Language, token: &Secret) -> Draft {
    let words = Words::new("invitation", language, text::INVITATION_TITLE.in_(language), INVITATION_SECONDS);
    let words = words.lead(fill(text::INVITATION_LEAD.in_(language), site.host()));
    let words = words.link(text::INVITATION_LINK.in_(language), site.link(&path::invitation(token.expose_secret())));
    words.closing(text::WEEK_LIFE.in_(language)).write(site)
}

/// The link that finishes a registration, which somebody asked for with this address.
#[must_use]
pub fn registration(site: &Site, language: Language, token: &Secret) -> Draft {
    let words = Words::new("registration", language, text::REGISTER_TITLE.in_(language), VERIFICATION_SECONDS);
    let words = words.lead(fill(text::REGISTER_LEAD.in_(language), site.host()));
    let words = words.link(text::REGISTER_LINK.in_(language), site.link(&path::join(token.expose_secret())));
    words.closing(text::DAY_LIFE.in_(language)).closing(text::NOT_YOU_IGNORE.in_(language)).write(site)
}

/// What somebody gets who registers with an address that has an account: the page says the same to both.
#[must_use]
pub fn already_registered(site: &Site, language: Language) -> Draft {
    let words = Words::new("already_registered", language, text::KNOWN_TITLE.in_(language), VERIFICATION_SECONDS);
    let words = words.lead(text::KNOWN_LEAD.in_(language));
    let words = words.link(text::KNOWN_LINK.in_(language), site.link(path::SIGN_IN));
    words.closing(text::NOT_YOU_IGNORE.in_(language)).write(site)
}

/// A link by which somebody who lost every second factor takes them away, made by an administrator.
#[must_use]
pub fn factor_reset(site: &Site, language: Language, address: &str) -> Draft {
    let words = Words::new("factor_reset", language, text::FACTORS_TITLE.in_(language), RECOVERY_SECONDS);
    let words = words.lead(text::FACTORS_LEAD.in_(language));
    let words = words.link(text::FACTORS_LINK.in_(language), site.link(address));
    words.closing(text::RESET_LIFE.in_(language)).closing(text::NOT_YOU_TELL.in_(language)).write(site)
}

/// A letter that shows whether mail arrives.
#[must_use]
pub fn test(site: &Site, language: Language) -> Draft {
    let words = Words::new("test", language, text::TEST_TITLE.in_(language), NOTICE_SECONDS);
    words.lead(fill(text::TEST_LEAD.in_(language), site.host())).write(site)
}

/// A notice of something that was changed about an account.
#[must_use]
pub fn notice(site: &Site, (language, now): (Language, UnixTime), notice: &Notice, of: &Circumstances) -> Draft {
    let (kind, title, lead) = notice.words();
    let lead = match notice.thing() {
        Some(thing) => fill(lead.in_(language), &thing),
        None => lead.in_(language).to_owned(),
    };
    let words = Words::new(kind, language, title.in_(language), NOTICE_SECONDS).lead(lead);
    let mut facts = vec![(text::WHEN.in_(language).to_owned(), Moment(now).text(language))];
    if let Some(address) = of.address {
        facts.push((text::FROM_ADDRESS.in_(language).to_owned(), address.to_string()));
    }
    if !of.device.is_empty() {
        facts.push((text::DEVICE.in_(language).to_owned(), of.device.to_string()));
    }
    let words = Words { facts, ..words };
    let closing = if of.is_own { text::NOT_YOU_ACT } else { text::NOT_EXPECTED_TELL };
    let words = words.closing(closing.in_(language));
    words.link(text::ACCOUNT_LINK.in_(language), site.link(path::ACCOUNT)).write(site)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site::new("https://login.example.com")
    }

    fn all(language: Language) -> Vec<Draft> {
        let (site, token) = (site(), Secret::new("dwx_secret"));
        let name = || "<b>Key</b> & co".parse().unwrap();
        let own = Circumstances { address: Some([192, 0, 2, 7].into()), device: "<i>Browser</i>".into(), is_own: true };
        let notices = [
            Notice::PasswordChanged,
            Notice::PasswordReset,
            Notice::PasswordResetForThem,
            Notice::FactorAdded(name()),
            Notice::FactorRemoved(name()),
            Notice::FactorsReset,
            Notice::RecoveryCodeUsed,
            Notice::RecoveryCodesRenewed,
            Notice::NewDevice,
            Notice::DeviceTrusted(name()),
            Notice::AppPasswordAdded(name()),
            Notice::EmailChanged("ada@example.com".parse().unwrap()),
            Notice::EmergencyAccess,
        ];
        let notices = notices.iter().map(|one| notice(&site, (language, UnixTime(1_800_000_000)), one, &own));
        let others = [
            email_code(&site, language, &Secret::new("123456")),
            password_reset(&site, language, &token),
            verify_address(&site, language, &token),
            invitation(&site, language, &token),
            registration(&site, language, &token),
            already_registered(&site, language),
            factor_reset(&site, language, "/.doorward/recover?token=x"),
            test(&site, language),
        ];
        others.into_iter().chain(notices).collect()
    }

    #[test]
    fn every_letter_is_whole_in_both_languages_and_both_forms() {
        for language in Language::ALL {
            for draft in all(language) {
                let kind = &draft.kind;
                assert!(!format!("{}{}{}", draft.subject, draft.text, draft.html).contains("{}"), "{kind}: a gap");
                assert!(draft.subject.chars().all(|character| !character.is_control()), "{kind}");
                assert!(draft.subject.ends_with("(login.example.com)"), "{kind}");
                assert!(draft.html.contains(&format!("<html lang=\"{}\">", language.tag())), "{kind}");
                assert!(!draft.text.contains("\n\n\n"), "{kind}: {}", draft.text);
            }
        }
    }

    // No remote content, no tracking, no script: a letter is words and at most one link, to us.
    #[test]
    fn a_letter_loads_nothing_and_links_to_us_alone() {
        for draft in all(Language::English) {
            let lower = draft.html.to_lowercase();
            for bad in ["<img", "<script", "<style", "<link", "src=", "url(", "<iframe", "<form", "<b>", "<i>"] {
                assert!(!lower.contains(bad), "{}: {bad}", draft.kind);
            }
            for (at, _) in draft.html.match_indices("href=\"") {
                assert!(draft.html[at + 6..].starts_with("https://login.example.com/.doorward/"), "{}", draft.kind);
            }
            assert!(draft.html.matches("href=").count() <= 1, "{}", draft.kind);
        }
    }

    #[test]
    fn a_link_is_the_same_in_text_and_html_and_whole_on_one_line() {
        let draft = password_reset(&site(), Language::English, &Secret::new("dwp_abc"));
        let link = "https://login.example.com/.doorward/reset?token=dwp_abc";
        assert!(draft.text.lines().any(|line| line == link), "{}", draft.text);
        assert!(draft.html.contains(&format!("href=\"{link}\"")), "{}", draft.html);
        assert_eq!(draft.seconds, 1_800);
    }

    #[test]
    fn a_code_stands_alone_on_its_line() {
        let draft = email_code(&site(), Language::German, &Secret::new("482913"));
        assert!(draft.text.lines().any(|line| line.trim() == "482913"), "{}", draft.text);
        assert!(draft.html.contains("<code>482913</code>"));
        assert!(!draft.subject.contains("482913"), "a lock screen shows subjects");
    }
}
