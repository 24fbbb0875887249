//! Sessions.

use doorward_core::audit::Action;
use doorward_core::session::{EndReason, Profile, Session, Stage};
use doorward_core::signin::Method;
use doorward_core::store::{
    Audit as _, AuditQuery, NewSession, RefreshTokens as _, Rotation, Sessions as _, UserChange, Users as _, Which,
};
use doorward_core::user::Status;

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

pub(super) async fn lives_until_it_is_ended(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await;
    assert_eq!(store.session(session.id).await.unwrap(), Some(Ok(session.clone())));
    let event = sample::event_at(Action::SessionEnded, NOW + 5);
    let one = Which::One(session.id);
    assert_eq!(store.end_sessions(one, EndReason::SignedOut, &event).await.unwrap(), [session.id]);
    assert_eq!(store.end_sessions(one, EndReason::Revoked, &event).await.unwrap(), []);
    let ended = store.session(session.id).await.unwrap().unwrap().unwrap_err();
    assert_eq!((ended.reason, ended.at), (EndReason::SignedOut, NOW + 5));
    assert_eq!(store.ended_sessions(10).await.unwrap(), [ended]);
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), []);
    let records = store.records(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(records[0].session, session.id.to_string());
    assert_eq!(records[0].user, ada.id.to_string());
    assert_eq!(records[0].reason, "session.signed_out");
    assert_eq!(store.session(sample::session(&ada).id).await.unwrap(), None);
}

pub(super) async fn signs_nobody_in_whose_password_changed_meanwhile(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let event = sample::event(Action::SignedIn);
    let new = sample::new_session(&sample::session(&ada));
    let before = store.newest().await.unwrap();
    assert!(!store.create_session(&new, Some(&sample::password("stale")), &event).await.unwrap());
    let stranger = sample::user("nobody@example.com", &[]);
    let gone = sample::new_session(&sample::session(&stranger));
    assert!(!store.create_session(&gone, None, &event).await.unwrap());
    assert_eq!(store.newest().await.unwrap(), before);
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), []);
    assert!(store.create_session(&new, ada.password.as_ref(), &event).await.unwrap());
}

pub(super) async fn replaces_the_session_of_the_same_browser(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let old = sample::signed_in(&store, &ada).await;
    let session = sample::session(&bob);
    let new = NewSession { replaces: Some(old.id), ..sample::new_session(&session) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    assert_eq!(store.session(old.id).await.unwrap().unwrap().unwrap_err().reason, EndReason::Replaced);
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), [session]);
    let records = store.records(&AuditQuery { limit: 2, ..AuditQuery::default() }).await.unwrap();
    assert_eq!((records[0].action.as_str(), records[0].user.clone()), ("session.ended", ada.id.to_string()));
    assert_eq!((records[1].action.as_str(), records[1].user.clone()), ("session.signed_in", bob.id.to_string()));
}

pub(super) async fn steps_up_under_a_new_name(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let pending = Session { stage: Stage::SecondFactor, ..sample::session(&ada) };
    let refresh = sample::refresh(pending.id);
    let new = NewSession { refresh: Some(refresh.clone()), ..sample::new_session(&pending) };
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    let mut full = Session { handle: pending.handle, ..sample::session(&ada) };
    full.proven = full.proven.with(Method::OneTimeCode, NOW + 5);
    let event = sample::event(Action::SteppedUp);
    let other_login = sample::session(&ada);
    assert!(
        !store.step_up(pending.id, &sample::new_session(&other_login), &event).await.unwrap(),
        "another sign-in is no next step"
    );
    assert!(store.step_up(pending.id, &sample::new_session(&full), &event).await.unwrap());
    assert!(!store.step_up(pending.id, &sample::new_session(&sample::session(&ada)), &event).await.unwrap());
    assert_eq!(store.session(pending.id).await.unwrap().unwrap().unwrap_err().reason, EndReason::SteppedUp);
    assert_eq!(store.live_sessions(None, 10).await.unwrap(), [full.clone()]);
    let event = sample::event(Action::TokenRefreshed);
    let rotated = store.rotate(refresh.hash, &sample::refresh(full.id), &event).await.unwrap();
    assert_eq!(rotated, Rotation::Rotated(full.id), "the tokens follow their session");
}

pub(super) async fn ends_all_but_one(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let kept = sample::signed_in(&store, &ada).await;
    let mut lost = vec![sample::signed_in(&store, &ada).await.id, sample::signed_in(&store, &ada).await.id];
    let other = sample::signed_in(&store, &bob).await;
    let before = store.newest().await.unwrap();
    let which = Which::AllOf(ada.id, Some(kept.id));
    let mut ended = store.end_sessions(which, EndReason::Revoked, &sample::event(Action::SessionEnded)).await.unwrap();
    ended.sort();
    lost.sort();
    assert_eq!(ended, lost);
    assert_eq!(store.newest().await.unwrap(), before + 2);
    assert_eq!(store.sessions_of(ada.id).await.unwrap(), [kept]);
    assert_eq!(store.sessions_of(bob.id).await.unwrap(), [other]);
}

pub(super) async fn is_touched_forward_only(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let session = sample::signed_in(&store, &ada).await;
    let gone = sample::session(&ada).id;
    let before = store.newest().await.unwrap();
    store.touch_sessions(&[(session.id, NOW + 60), (gone, NOW + 60)]).await.unwrap();
    store.touch_sessions(&[(session.id, NOW + 30)]).await.unwrap();
    store.touch_sessions(&[]).await.unwrap();
    let stored = store.session(session.id).await.unwrap().unwrap().unwrap();
    assert_eq!(stored.last_seen, NOW + 60);
    assert_eq!(store.newest().await.unwrap(), before);
}

pub(super) async fn is_swept_for_the_right_reason(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let timeouts = Profile::Strict.timeouts();
    let idle = sample::signed_in(&store, &ada).await;
    let busy = sample::signed_in(&store, &ada).await;
    let pending = Session { stage: Stage::SecondFactor, ..sample::session(&ada) };
    let new = sample::new_session(&pending);
    assert!(store.create_session(&new, None, &sample::event(Action::SignedIn)).await.unwrap());
    store.touch_sessions(&[(busy.id, NOW + 800), (pending.id, NOW + 800)]).await.unwrap();
    let mut swept = store.sweep(NOW + 900, timeouts).await.unwrap();
    swept.sort_by_key(|(id, _)| *id != idle.id);
    assert_eq!(swept, [(idle.id, EndReason::IdleTimeout), (pending.id, EndReason::AbsoluteTimeout)]);
    assert_eq!(store.sweep(NOW + 900, timeouts).await.unwrap(), []);
    store.touch_sessions(&[(busy.id, NOW + 43_199)]).await.unwrap();
    assert_eq!(store.sweep(NOW + 43_200, timeouts).await.unwrap(), [(busy.id, EndReason::AbsoluteTimeout)]);
    assert_eq!(store.ended_sessions(10).await.unwrap().len(), 3);
    store.sweep(NOW + 43_200 + 30 * 86_400 + 1, timeouts).await.unwrap();
    assert_eq!(store.ended_sessions(10).await.unwrap(), [], "after a month nobody asks");
    store
        .change_user(ada.id, &UserChange::Status(Status::Disabled), &sample::event(Action::UserDisabled))
        .await
        .unwrap();
    assert!(store.verify_chain().await.unwrap().is_ok());
}

pub(super) async fn is_loaded_in_batches(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let mut ids = Vec::new();
    for _ in 0..25 {
        ids.push(sample::signed_in(&store, &ada).await.id);
    }
    ids.sort_by_key(ToString::to_string);
    let (mut loaded, mut after) = (Vec::new(), None);
    loop {
        let batch = store.live_sessions(after, 10).await.unwrap();
        let Some(last) = batch.last() else { break };
        after = Some(last.id);
        loaded.extend(batch.iter().map(|session| session.id));
    }
    assert_eq!(loaded, ids);
}
