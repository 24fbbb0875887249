//! Users.

use doorward_core::audit::Action;
use doorward_core::store::{Audit as _, Users as _};

use crate::it::place::Place;
use crate::it::sample;

pub async fn comes_back_as_it_was_stored(place: &Place) {
    let store = place.store().await;
    assert!(!store.has_users().await.unwrap());
    let ada = sample::user("ada@example.com", &["admins", "ops"]);
    store.create_user(&ada, &sample::event(Action::UserCreated)).await.unwrap();
    assert!(store.has_users().await.unwrap());
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.user_by_email(&ada.email).await.unwrap(), Some(ada.clone()));
    assert_eq!(store.users("", 10).await.unwrap(), [ada.clone()]);
    assert_eq!(store.users("ada@example.com", 10).await.unwrap(), []);
    assert_eq!(store.newest().await.unwrap(), 1);
    assert_eq!(store.verify_chain().await.unwrap(), Ok(1));
}
