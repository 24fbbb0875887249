//! Codes of entry.

use doorward_core::audit::Action;
use doorward_core::identifier::LoginHandle;
use doorward_core::store::{Entries as _, EntryCode};
use doorward_core::user::User;

use super::race::race;
use crate::it::place::Place;
use crate::it::sample::{self, Counting, NOW, event_at};

fn code(user: &User) -> EntryCode {
    EntryCode {
        hash: sample::hash(),
        handle: LoginHandle::random(&Counting),
        user: user.id,
        host: "app.example.com".into(),
        state: sample::hash(),
        created_at: NOW,
        expires_at: NOW + 30,
    }
}

pub(super) async fn enters_once_at_its_host_in_its_browser(place: &Place) {
    let store = place.store().await;
    let ada = sample::user("ada@example.com", &[]);
    let event = sample::event(Action::AppEntered);
    let good = code(&ada);
    store.create_entry(&good).await.unwrap();
    let entered = store.use_entry(good.hash, "app.example.com", good.state, &event).await.unwrap();
    assert_eq!(entered, Some(good.handle));
    assert_eq!(store.use_entry(good.hash, "app.example.com", good.state, &event).await.unwrap(), None);
    // A code that was shown to another host or by another browser is burnt.
    for (host, state) in [("b.example.com", None), ("app.example.com", Some(sample::hash()))] {
        let stolen = code(&ada);
        store.create_entry(&stolen).await.unwrap();
        let state = state.unwrap_or(stolen.state);
        assert_eq!(store.use_entry(stolen.hash, host, state, &event).await.unwrap(), None);
        assert_eq!(store.use_entry(stolen.hash, "app.example.com", stolen.state, &event).await.unwrap(), None);
    }
    let late = code(&ada);
    store.create_entry(&late).await.unwrap();
    let event = event_at(Action::AppEntered, NOW + 30);
    assert_eq!(store.use_entry(late.hash, "app.example.com", late.state, &event).await.unwrap(), None);
}

pub(super) async fn lets_one_of_many_enter(place: &Place) {
    let store = place.store().await;
    let code = code(&sample::user("ada@example.com", &[]));
    store.create_entry(&code).await.unwrap();
    let entered = race(place, 100, |store, _| {
        let (hash, state) = (code.hash, code.state);
        async move {
            let event = sample::event(Action::AppEntered);
            store.use_entry(hash, "app.example.com", state, &event).await.unwrap()
        }
    });
    assert_eq!(entered.await.into_iter().flatten().count(), 1);
}
