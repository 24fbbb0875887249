//! The section `[mail]`: the server that takes our letters, and whom they come from.

use std::net::IpAddr;
use std::path::PathBuf;

use doorward_core::Secret;
use doorward_core::user::Email;
use lettre::message::Mailbox;
use serde::Deserialize;

use super::Environment;
use super::check::Check;
use super::domain::host_name;
use super::registry::{Key, Kind};
use super::server::Server;
use super::source::read;

/// The keys of this section.
pub(super) const KEYS: &[Key] = &[
    Key::new("mail.server", Kind::Text, "", "The host of the mail server that takes our letters, such as `smtp.example.com`. Without one there is no mail: forgotten passwords, codes by mail and registration are not offered.").restart(),
    Key::new("mail.port", Kind::Integer(1, 65_535), "", "Its port: 465 by default, 587 with `tls = \"starttls\"`.").restart(),
    Key::new("mail.tls", Kind::Word(&["required", "implicit", "starttls", "off"]), "required", "How the connection is encrypted. `required`: from the first byte on port 465, by STARTTLS on any other, and never without. `off` is taken only for a server on this machine.").restart(),
    Key::new("mail.ca_file", Kind::Path, "", "A PEM file with the root of a mail server that has a certificate of your own authority.").restart(),
    Key::new("mail.user", Kind::Text, "", "The name to sign in with at the mail server. Without one nobody signs in.").restart(),
    Key::new("mail.password", Kind::Text, "", "The password of that name.").secret().restart(),
    Key::new("mail.password_file", Kind::Path, "", "A file that holds this password.").restart(),
    Key::new("mail.from", Kind::Text, "", "Whom letters come from, such as `Example <login@example.com>`.").restart(),
    Key::new("mail.reply_to", Kind::Text, "", "Where answers go; by default to the sender.").restart(),
    Key::new("mail.viewer", Kind::Bool, "false", "In development on this machine alone, and without a server: show letters on the page `/.doorward/mail` instead of sending them. Whoever can open that page can read every link.").restart(),
];

/// As written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Raw {
    server: Option<String>,
    port: Option<u16>,
    tls: Option<Encryption>,
    ca_file: Option<String>,
    user: Option<String>,
    password: Option<Secret>,
    password_file: Option<String>,
    from: Option<String>,
    reply_to: Option<String>,
    viewer: Option<bool>,
}

/// How the connection to the mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encryption {
    /// As the port says: from the first byte on 465, by STARTTLS on any other.
    #[default]
    Required,
    /// From the first byte (RFC 8314).
    Implicit,
    /// By STARTTLS, which may not be missing (RFC 3207).
    Starttls,
    /// Not at all: on this machine alone.
    Off,
}

/// What becomes of letters.
#[derive(Debug, Clone)]
pub enum Mail {
    /// There is no mail.
    Off,
    /// They are shown on a page, in development.
    Viewer,
    /// A server takes them.
    Server(Box<MailServer>),
}

/// A server that takes letters, and whom they come from.
#[derive(Debug, Clone)]
pub struct MailServer {
    /// The host.
    pub host: Box<str>,
    /// The port.
    pub port: u16,
    /// [`Encryption::Implicit`], [`Encryption::Starttls`] or [`Encryption::Off`].
    pub encryption: Encryption,
    /// Roots beside the public ones.
    pub ca_file: Option<PathBuf>,
    /// Name and password, where we sign in.
    pub credentials: Option<(Box<str>, Secret)>,
    /// Whom letters come from.
    pub from: Mailbox,
    /// Where answers go.
    pub reply_to: Option<Mailbox>,
}

impl Mail {
    /// Whether letters are written.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !matches!(self, Self::Off)
    }
}

impl Raw {
    pub(super) fn check(self, environment: Environment, server: &Server, check: &mut Check<'_>) -> Mail {
        if self.server.is_some() {
            return self.server(check).map_or(Mail::Off, |server| Mail::Server(Box::new(server)));
        }
        for path in ["mail.port", "mail.tls", "mail.ca_file", "mail.user", "mail.password", "mail.password_file"] {
            if check.is_written(path) {
                let why = "There is no `mail.server`, so this does nothing.";
                let finding = check.warning("config.not_used", path, why);
                let remedy = check.line("mail.server", "smtp.example.com");
                check.report(finding.with_remedy(remedy));
            }
        }
        if self.viewer != Some(true) {
            return Mail::Off;
        }
        if environment == Environment::Development && server.is_loopback_only() {
            return Mail::Viewer;
        }
        let why = "Whoever opens the mail viewer can take over every account, so it exists only in development on this machine.";
        let finding = check.error("config.conflict", "mail.viewer", why);
        let remedy = check.line("mail.server", "smtp.example.com");
        check.report(finding.with_remedy(remedy));
        Mail::Off
    }

    fn server(self, check: &mut Check<'_>) -> Option<MailServer> {
        let text = self.server.as_deref().unwrap_or_default().trim();
        let address: Option<IpAddr> = text.parse().ok();
        let Some(host) = address.map(|address| address.to_string()).or_else(|| host_name(text)) else {
            refuse(check, "mail.server", "It is no host name; the port stands in `mail.port`.", "smtp.example.com");
            return None;
        };
        let encryption = match (self.tls.unwrap_or_default(), self.port) {
            (Encryption::Required, None | Some(465)) => Encryption::Implicit,
            (Encryption::Required, Some(_)) => Encryption::Starttls,
            (other, _) => other,
        };
        if encryption == Encryption::Off && host != "localhost" && !address.is_some_and(|address| address.is_loopback())
        {
            let why = "Letters hold links that open accounts, and the password of the mail server goes the same way.";
            refuse(check, "mail.tls", why, "required");
        }
        let port = self.port.unwrap_or(match encryption {
            Encryption::Starttls => 587,
            Encryption::Off => 25,
            Encryption::Required | Encryption::Implicit => 465,
        });
        let from = self.from.as_deref().map(mailbox);
        let Some(Some(from)) = from else {
            let why = match from {
                None => "Mail servers take letters only from a known sender, so it must be written.",
                Some(_) => "It is no address.",
            };
            refuse(check, "mail.from", why, "Example <login@example.com>");
            return None;
        };
        let reply_to = self.reply_to.as_deref().map(mailbox);
        if reply_to == Some(None) {
            refuse(check, "mail.reply_to", "It is no address.", "Help <help@example.com>");
        }
        let ca_file = self.ca_file.as_ref().map(|file| check.file("mail.ca_file", file));
        let credentials = self.credentials(check);
        Some(MailServer {
            host: host.into(),
            port,
            encryption,
            ca_file,
            credentials,
            from,
            reply_to: reply_to.flatten(),
        })
    }

    fn credentials(self, check: &mut Check<'_>) -> Option<(Box<str>, Secret)> {
        let from_file = self.password_file.as_ref().and_then(|file| {
            let path = check.file("mail.password_file", file);
            check.findings.extend(super::permission::readable_by_others(&path, "mail.password_file"));
            match read(&path, "mail.password_file") {
                Ok(text) => Some(Secret::new(text.trim_end_matches(['\r', '\n']))),
                Err(finding) => {
                    check.report(*finding);
                    None
                }
            }
        });
        if self.password.is_some() && self.password_file.is_some() {
            refuse(
                check,
                "mail.password",
                "`mail.password_file` is written too, and it is not clear which one is meant.",
                "",
            );
        }
        match (self.user, self.password.or(from_file)) {
            (Some(user), Some(password)) => Some((user.into(), password)),
            (Some(_), None) if self.password_file.is_none() => {
                refuse(check, "mail.user", "There is no password for it.", "");
                None
            }
            (None, Some(_)) => {
                refuse(check, "mail.password", "There is no `mail.user` that it belongs to.", "");
                None
            }
            _ => None,
        }
    }
}

/// A sender as people write it. What would end a header's line is refused before anything else looks at it.
fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.trim().parse().ok().filter(|_| !text.chars().any(char::is_control))?;
    mailbox.email.to_string().parse::<Email>().ok()?;
    Some(mailbox)
}

fn refuse(check: &mut Check<'_>, path: &str, why: &str, instead: &str) {
    let finding = check.error("config.value_invalid", path, why);
    let remedy = if instead.is_empty() {
        format!("# see [mail] in doorward config reference: {path}")
    } else {
        check.line(path, instead)
    };
    check.report(finding.with_remedy(remedy));
}
