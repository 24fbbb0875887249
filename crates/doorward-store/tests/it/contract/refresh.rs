//! Refresh tokens.

use doorward_core::audit::Action;
use doorward_core::session::EndReason;
use doorward_core::store::{
    Audit as _, AuditQuery, NewSession, RefreshToken, RefreshTokens as _, Rotation, Sessions as _, Which,
};
use doorward_store::Store;

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

async fn signed_in(place: &Place) -> (Store, RefreshToken) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::session(&ada);
    let first = sample::refresh(session.id);
    let new = NewSession { refresh: Some(first.clone()), ..sample::new_session(&session) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    (store, first)
}

async fn rotate(store: &Store, presented: &RefreshToken) -> (Rotation, RefreshToken) {
    let next = sample::refresh(presented.session);
    (store.rotate(presented.hash, &next, &sample::event(Action::TokenRefreshed)).await.unwrap(), next)
}

pub(super) async fn exchanges_a_token_once(place: &Place) {
    let (store, first) = signed_in(place).await;
    let (rotation, second) = rotate(&store, &first).await;
    assert_eq!(rotation, Rotation::Rotated(first.session));
    let (rotation, third) = rotate(&store, &second).await;
    assert_eq!(rotation, Rotation::Rotated(first.session));
    let records = store.records(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!((records[0].action.as_str(), &records[0].session), ("token.refreshed", &first.session.to_string()));
    let unknown = RefreshToken { hash: sample::hash(), ..third };
    assert_eq!(rotate(&store, &unknown).await.0, Rotation::Unknown);
}

pub(super) async fn reissues_when_the_answer_was_lost(place: &Place) {
    let (store, first) = signed_in(place).await;
    let (_, lost) = rotate(&store, &first).await;
    let (rotation, second) = rotate(&store, &first).await;
    assert_eq!(rotation, Rotation::Reissued(first.session));
    assert!(!store.mark_access_used(lost.access, NOW).await.unwrap(), "what was lost is withdrawn");
    assert!(store.mark_access_used(second.access, NOW).await.unwrap());
    assert_eq!(rotate(&store, &second).await.0, Rotation::Rotated(first.session));
}

pub(super) async fn notices_two_holders(place: &Place) {
    for uses_access in [true, false] {
        let (store, first) = signed_in(place).await;
        let (_, second) = rotate(&store, &first).await;
        if uses_access {
            assert!(store.mark_access_used(second.access, NOW).await.unwrap());
        } else {
            rotate(&store, &second).await;
        }
        assert_eq!(rotate(&store, &first).await.0, Rotation::Reused(first.session));
        let ended = store.session(first.session).await.unwrap().unwrap().unwrap_err();
        assert_eq!(ended.reason, EndReason::TokenReuse);
        let records = store.records(&AuditQuery { limit: 2, ..AuditQuery::default() }).await.unwrap();
        let actions: Vec<_> = records.iter().map(|record| record.action.as_str()).collect();
        assert_eq!(actions, ["session.ended", "token.reused"]);
        assert_eq!(rotate(&store, &second).await.0, Rotation::Expired);
        place.alter(&["DELETE FROM known_browser", "DELETE FROM user_session", "DELETE FROM users"]).await;
    }
}

pub(super) async fn notices_a_withdrawn_token(place: &Place) {
    let (store, first) = signed_in(place).await;
    let (_, lost) = rotate(&store, &first).await;
    rotate(&store, &first).await;
    assert_eq!(rotate(&store, &lost).await.0, Rotation::Reused(first.session));
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), []);
}

pub(super) async fn expires_with_its_time_and_its_session(place: &Place) {
    let (store, first) = signed_in(place).await;
    let next = sample::refresh(first.session);
    let late = sample::event_at(Action::TokenRefreshed, first.expires_at);
    assert_eq!(store.rotate(first.hash, &next, &late).await.unwrap(), Rotation::Expired);
    let just = sample::event_at(Action::TokenRefreshed, first.expires_at - 1);
    assert_eq!(store.rotate(first.hash, &next, &just).await.unwrap(), Rotation::Rotated(first.session));
    let event = sample::event(Action::SessionEnded);
    store.end_sessions(Which::One(first.session), EndReason::SignedOut, &event).await.unwrap();
    assert_eq!(rotate(&store, &next).await.0, Rotation::Expired);
}

pub(super) async fn knows_the_first_use_of_an_access_token(place: &Place) {
    let (store, first) = signed_in(place).await;
    assert!(store.mark_access_used(first.access, NOW).await.unwrap());
    assert!(store.mark_access_used(first.access, NOW + 1).await.unwrap(), "another node asks later");
    let unknown = sample::refresh(first.session).access;
    assert!(!store.mark_access_used(unknown, NOW).await.unwrap());
}
