//! A letter as it goes over the wire (RFC 5322, RFC 2045): both forms, and headers of our own words alone.

use std::time::{Duration, UNIX_EPOCH};

use doorward_core::UnixTime;
use doorward_core::identifier::MailId;
use doorward_core::user::Email;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};

use super::letter::Draft;

/// Whom a letter is from.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) from: Mailbox,
    pub(super) reply_to: Option<Mailbox>,
}

/// An address as the wire takes it; nothing where it has a form that mail does not have.
pub(super) fn address(email: &Email) -> Option<Address> {
    email.as_str().parse().ok()
}

/// Writes a letter out. The same letter always has the same Message-ID: sent twice, it is seen to be one.
///
/// # Errors
/// Why it cannot be written.
pub(super) fn compose(
    sender: &Sender,
    (id, to, at): (MailId, &Email, UnixTime),
    draft: &Draft,
) -> Result<Message, String> {
    let to = address(to).ok_or("the address of the recipient has no form that mail takes")?;
    let since = Duration::from_secs(u64::try_from(at.0).unwrap_or_default());
    // Answering machines do not answer what says that a machine wrote it (RFC 3834, section 5).
    let is_automatic = HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
    let message = Message::builder()
        .from(sender.from.clone())
        .to(Mailbox::new(None, to))
        .subject(draft.subject.clone())
        .date(UNIX_EPOCH + since)
        .message_id(Some(format!("<{id}@{}>", sender.from.email.domain())))
        .raw_header(is_automatic);
    let message = match &sender.reply_to {
        Some(reply_to) => message.reply_to(reply_to.clone()),
        None => message,
    };
    let both = MultiPart::alternative_plain_html(draft.text.clone(), draft.html.clone());
    message.multipart(both).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use doorward_core::language::Language;

    use super::super::letter::{self, Site};
    use super::*;

    fn lines(sender: &Sender, draft: &Draft) -> String {
        let to = "ada@example.com".parse().unwrap();
        let message = compose(sender, (MailId::from_bytes([7; 16]), &to, UnixTime(1_800_000_000)), draft).unwrap();
        String::from_utf8(message.formatted()).unwrap()
    }

    fn sender() -> Sender {
        Sender { from: "Zo\u{eb} & co <login@example.com>".parse().unwrap(), reply_to: None }
    }

    #[test]
    fn a_letter_has_both_forms_and_says_that_a_machine_wrote_it() {
        let site = Site::new("https://login.example.com");
        let written = lines(&sender(), &letter::test(&site, Language::German));
        for part in [
            "To: ada@example.com\r\n",
            "Auto-Submitted: auto-generated\r\n",
            "Content-Type: multipart/alternative",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Type: text/html; charset=utf-8",
            "Date: Fri, 15 Jan 2027 08:00:00 +0000\r\n",
            "@example.com>\r\n",
        ] {
            assert!(written.contains(part), "{part}: {written}");
        }
        assert!(written.is_ascii(), "no server needs to take more");
    }

    // The names of factors and devices come from people; addresses and subjects hold none of them. Should one ever
    // get there, it stays within its line.
    #[test]
    fn no_line_ending_in_any_value_makes_a_header() {
        let hostile = "x\r\nBcc: eve@example.net\r\n\r\n<script>";
        let draft = Draft {
            kind: "test".into(),
            subject: hostile.to_owned(),
            text: hostile.to_owned(),
            html: hostile.to_owned(),
            seconds: 60,
        };
        let written = lines(&sender(), &draft);
        let head = written.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "{head}");
        assert!("ada@example.com\r\nBcc: eve@example.net".parse::<Email>().is_err());
        assert!("x\r\nBcc: eve@example.net".parse::<doorward_core::user::Name>().is_err());
    }
}
