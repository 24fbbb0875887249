//! Mail against a real server: what people ask for by mail, and what becomes of letters when the server is not well.

mod join;
mod recovery;
mod server;

use crate::it::harness::{MailServer, Server};

/// Doorward with this mail server and these further settings.
fn doorward(mail: &MailServer, more: &[(&str, &str)]) -> Server {
    let settings = mail.settings();
    let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    settings.extend_from_slice(more);
    Server::start_with(&settings)
}
