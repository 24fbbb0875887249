//! The account at the authority: made once, kept, used again.

use instant_acme::{Account, NewAccount};

use super::client::Client;
use super::order::Refused;
use super::storage::Storage;

/// The account that is on disk, or a new one, which is written down before it is used.
pub(super) async fn open(
    client: &Client,
    directory: &str,
    email: Option<&str>,
    storage: &Storage,
) -> Result<Account, Refused> {
    let builder = Account::builder_with_http(Box::new(client.clone()));
    if let Some(credentials) = storage.account().map_err(|finding| Refused::kept(&finding))? {
        return Ok(builder.from_credentials(credentials).await?);
    }
    let contact = email.map(|email| format!("mailto:{email}"));
    let contact: Vec<&str> = contact.as_deref().into_iter().collect();
    let new = NewAccount { contact: &contact, terms_of_service_agreed: true, only_return_existing: false };
    let (account, credentials) = builder.create(&new, directory.to_owned(), None).await?;
    storage.keep_account(&credentials).map_err(|finding| Refused::kept(&finding))?;
    Ok(account)
}
