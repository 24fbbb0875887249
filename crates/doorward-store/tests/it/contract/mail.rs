//! The spool of mail.

use std::collections::HashSet;

use doorward_core::UnixTime;
use doorward_core::audit::Action;
use doorward_core::factor::Sealed;
use doorward_core::identifier::MailId;
use doorward_core::mail::{Failed, LEASE_SECONDS, Letter, MOST_FOR_ONE};
use doorward_core::session::Profile;
use doorward_core::store::{Audit as _, AuditQuery, Outbox as _, Sessions as _, StoreError, UserChange, Users as _};
use doorward_core::user::{Status, User};
use doorward_store::Store;

use super::race::race;
use crate::it::place::Place;
use crate::it::sample::{self, Counting, NOW};

pub(super) fn letter(user: &User) -> Letter {
    Letter {
        id: MailId::random(&Counting),
        to: user.email.clone(),
        user: Some(user.id),
        kind: "password_changed".into(),
        body: Sealed::new("sealed letter"),
        created_at: NOW,
        expires_at: NOW + 86_400,
    }
}

async fn spooled(store: &Store, user: &User, letters: Vec<Letter>) {
    let name = UserChange::Name("Another".parse().unwrap());
    let event = sample::event(Action::UserChanged);
    store.mailing(letters).change_user(user.id, &name, &event).await.unwrap().unwrap();
}

pub(super) async fn is_written_with_its_change_or_not_at_all(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    let disabled = UserChange::Status(Status::Disabled);
    let event = sample::event(Action::UserDisabled);
    let mailing = store.mailing(vec![letter(&ada)]);
    let refused = mailing.change_user(ada.id, &disabled, &event).await;
    assert!(matches!(refused, Err(StoreError::LastAdministrator)));
    let nobody = sample::user("x@example.com", &[]).id;
    assert_eq!(mailing.change_user(nobody, &disabled, &event).await.unwrap(), None);
    assert_eq!(store.waiting_mail().await.unwrap(), 0, "a change that did not happen writes no letter");
    let mine = letter(&ada);
    spooled(&store, &ada, vec![mine.clone()]).await;
    spooled(&store, &ada, vec![mine.clone()]).await;
    assert_eq!(store.waiting_mail().await.unwrap(), 1, "a letter is written once");
    store.close().await;
    let store = Store::open(&place.location).await.unwrap();
    let taken = store.take_mail(NOW, 10).await.unwrap();
    assert_eq!(taken.iter().map(|taken| &taken.letter).collect::<Vec<_>>(), [&mine]);
}

pub(super) async fn is_taken_by_one_and_tried_again(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let letters: Vec<Letter> = (0..20).map(|_| letter(&ada)).collect();
    spooled(&store, &ada, letters.clone()).await;
    let taken = race(place, 20, |store, _| async move { store.take_mail(NOW, 3).await.unwrap() });
    let mut taken: Vec<_> = taken.await.into_iter().flatten().collect();
    // Whoever was too late for a letter goes away empty, and comes again.
    loop {
        let more = store.take_mail(NOW, 3).await.unwrap();
        if more.is_empty() {
            break;
        }
        taken.extend(more);
    }
    let ids: HashSet<MailId> = taken.iter().map(|taken| taken.letter.id).collect();
    assert_eq!((taken.len(), ids.len()), (20, 20), "each letter is one sender's");
    assert_eq!(store.take_mail(NOW, 100).await.unwrap(), []);
    // The first is sent, the second fails; whoever had the others has died.
    assert!(store.mail_sent(&taken[0], NOW + 1).await.unwrap());
    assert!(!store.mail_sent(&taken[0], NOW + 1).await.unwrap());
    let event = sample::event_at(Action::MailFailed, NOW + 1);
    assert!(store.mail_failed(&taken[1], &Failed::for_now("451 later\r\n"), &event).await.unwrap());
    assert_eq!(store.take_mail(NOW + 15, 100).await.unwrap(), []);
    let again = store.take_mail(NOW + 16, 100).await.unwrap();
    assert_eq!((again.len(), again[0].letter.id, again[0].tries), (1, taken[1].letter.id, 2));
    let later = NOW + LEASE_SECONDS;
    assert_eq!(store.take_mail(later, 100).await.unwrap().len(), 18);
    assert!(!store.mail_sent(&taken[2], later).await.unwrap(), "whoever comes too late changes nothing");
    assert!(!store.mail_failed(&taken[2], &Failed::for_now("x"), &event).await.unwrap());
    let mut hand = place.hand().await;
    let bodies = "SELECT COUNT(*) FROM mail WHERE body <> '' AND sent_at IS NOT NULL";
    let left: i64 = sqlx::query_scalar(bodies).fetch_one(&mut hand).await.unwrap();
    assert_eq!(left, 0, "what was sent is not kept");
}

pub(super) async fn goes_before_what_strangers_have_caused(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let kinds = ["registration", "password_reset", "already_registered", "password_changed", "email_code"];
    // Strangers were first, and there are many of them.
    for (number, kind) in kinds.iter().enumerate() {
        let at = NOW + i64::try_from(number).unwrap();
        let many = (0..3).map(|_| Letter { kind: (*kind).into(), created_at: at, ..letter(&ada) }).collect();
        spooled(&store, &ada, many).await;
    }
    let mut order = Vec::new();
    while let Some(taken) = store.take_mail(NOW + 60, 1).await.unwrap().pop() {
        order.push(taken.letter.kind.to_string());
    }
    order.dedup();
    let wanted = ["password_changed", "email_code", "registration", "password_reset", "already_registered"];
    assert_eq!(order, wanted);
}

pub(super) async fn is_given_up_in_time(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let short = Letter { expires_at: NOW + 600, ..letter(&ada) };
    spooled(&store, &ada, vec![short, letter(&ada)]).await;
    let (mut now, mut tries) = (NOW, 0);
    while store.waiting_mail().await.unwrap() > 0 {
        assert!(tries < 40);
        for taken in store.take_mail(now, 10).await.unwrap() {
            tries += 1;
            let event = sample::event_at(Action::MailFailed, now);
            assert!(store.mail_failed(&taken, &Failed::for_now("refused"), &event).await.unwrap());
        }
        now = now + 900;
        store.sweep(now, Profile::Home.timeouts()).await.unwrap();
    }
    assert!((15..=20).contains(&tries), "{tries}");
    let records = store.records(&AuditQuery { user: Some(ada.id), limit: 100, ..AuditQuery::default() }).await.unwrap();
    assert!(records.iter().any(|record| record.action == "mail.failed" && record.detail.contains("refused")));
    let mut hand = place.hand().await;
    let bodies: i64 =
        sqlx::query_scalar("SELECT COUNT(*) FROM mail WHERE body <> ''").fetch_one(&mut hand).await.unwrap();
    assert_eq!(bodies, 0);
    store.sweep(UnixTime(NOW.0 + 40 * 86_400), Profile::Home.timeouts()).await.unwrap();
    let rows: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM mail").fetch_one(&mut hand).await.unwrap();
    assert_eq!(rows, 0);
}

pub(super) async fn finds_no_room_beyond_its_bounds(place: &Place) {
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let many = (0..=MOST_FOR_ONE).map(|_| letter(&ada)).collect();
    spooled(&store, &ada, many).await;
    assert_eq!(store.waiting_mail().await.unwrap(), MOST_FOR_ONE);
    let records = store.records(&AuditQuery { limit: 1, ..AuditQuery::default() }).await.unwrap();
    assert_eq!(records[0].action, "mail.failed", "the change happens all the same, and the log says what was dropped");
    spooled(&store, &bob, vec![letter(&bob)]).await;
    assert_eq!(store.waiting_mail().await.unwrap(), MOST_FOR_ONE + 1, "others have room");
    assert!(store.verify_chain().await.unwrap().is_ok());
}
