//! The audit log.

use doorward_core::audit::Action;
use doorward_core::identifier::RequestId;
use doorward_core::store::{Audit as _, AuditQuery, RefusalCount};
use doorward_core::{UnixTime, audit::Event};
use doorward_store::Store;

use crate::it::place::Place;
use crate::it::sample::{self, Counting, NOW};

async fn with_ten(place: &Place) -> Store {
    let store = place.store().await;
    for number in 0..10 {
        let event = sample::event(Action::ConfigurationReloaded).with_detail(number.to_string());
        store.append(&event).await.unwrap();
    }
    assert_eq!(store.verify_chain().await.unwrap(), Ok(10));
    store
}

pub(super) async fn answers_questions(place: &Place) {
    let store = place.store().await;
    assert_eq!(store.newest().await.unwrap(), 0);
    assert_eq!(store.verify_chain().await.unwrap(), Ok(0));
    let ada = sample::user("ada@example.com", &[]);
    let request = RequestId::random(&Counting);
    let event = sample::event(Action::SignInRefused).about(ada.id).because("signin.credentials_wrong");
    let event = Event { request: Some(request), address: Some("192.0.2.9".parse().unwrap()), ..event };
    store.append(&event).await.unwrap();
    store.append(&sample::event(Action::KeysRotated)).await.unwrap();
    store.append(&sample::event(Action::SignInRefused).about(ada.id)).await.unwrap();
    let ask = async |query: AuditQuery| -> Vec<i64> {
        store.records(&query).await.unwrap().iter().map(|record| record.seq).collect()
    };
    let all = AuditQuery { limit: 10, ..AuditQuery::default() };
    assert_eq!(ask(all.clone()).await, [3, 2, 1]);
    assert_eq!(ask(AuditQuery { limit: 2, ..all.clone() }).await, [3, 2]);
    assert_eq!(ask(AuditQuery { before: Some(3), ..all.clone() }).await, [2, 1]);
    assert_eq!(ask(AuditQuery { user: Some(ada.id), ..all.clone() }).await, [3, 1]);
    assert_eq!(ask(AuditQuery { request: Some(request), ..all.clone() }).await, [1]);
    assert_eq!(ask(AuditQuery { user: Some(ada.id), request: Some(request), ..all }).await, [1]);
    let after = store.records_after(1, 10).await.unwrap();
    assert_eq!(after.iter().map(|record| record.seq).collect::<Vec<_>>(), [2, 3]);
    let first = &store.records_after(0, 1).await.unwrap()[0];
    assert_eq!((first.address.as_str(), first.reason.as_str()), ("192.0.2.9", "signin.credentials_wrong"));
}

pub(super) async fn finds_a_changed_record(place: &Place) {
    let store = with_ten(place).await;
    place.alter(&["UPDATE audit SET detail = 'nothing' WHERE seq = 4"]).await;
    assert_eq!(store.verify_chain().await.unwrap(), Err(4));
}

pub(super) async fn finds_a_cut_end(place: &Place) {
    let store = with_ten(place).await;
    place.alter(&["DELETE FROM audit WHERE seq > 7"]).await;
    assert_eq!(store.verify_chain().await.unwrap(), Err(8));
}

pub(super) async fn finds_a_missing_or_moved_record(place: &Place) {
    let store = with_ten(place).await;
    place
        .alter(&[
            "UPDATE audit SET seq = 99 WHERE seq = 5",
            "UPDATE audit SET seq = 5 WHERE seq = 6",
            "UPDATE audit SET seq = 6 WHERE seq = 99",
        ])
        .await;
    assert_eq!(store.verify_chain().await.unwrap(), Err(5), "two records changed places");
    place.alter(&["DELETE FROM audit WHERE seq = 2"]).await;
    assert_eq!(store.verify_chain().await.unwrap(), Err(2), "one is gone");
}

pub(super) async fn takes_any_text(place: &Place) {
    let store = place.store().await;
    for detail in ["", "a\0b", "'; DROP TABLE users; --", "\u{1f511} \u{202e}", "%s $1 ?"] {
        let event = Event { device: detail.into(), ..sample::event(Action::SignInRefused).with_detail(detail) };
        store.append(&event).await.unwrap();
    }
    assert_eq!(store.verify_chain().await.unwrap(), Ok(5));
}

pub(super) async fn counts_refusals_in_bounded_rows(place: &Place) {
    let store = place.store().await;
    let hour = UnixTime(1_800_000_000);
    let count = |hour: UnixTime, number: usize| RefusalCount {
        hour,
        reason: "csrf.token_missing",
        network: format!("10.{}.{}.0/24", number / 256, number % 256),
        count: 2,
        sample: Some(RequestId::random(&Counting)),
    };
    let counts: Vec<_> = (0..1_500).map(|number| count(hour, number)).collect();
    store.count_refusals(&counts).await.unwrap();
    store.count_refusals(&counts[..1]).await.unwrap();
    let rows = store.refusals(hour, 5_000).await.unwrap();
    assert_eq!(rows.len(), 1_001);
    assert_eq!((rows[0].network.as_str(), rows[0].count), ("other", 1_000));
    assert_eq!((rows[1].network.as_str(), rows[1].count), ("10.0.0.0/24", 4));
    let later = hour + 90 * 86_400 + 3_600;
    store.count_refusals(&[count(later, 1)]).await.unwrap();
    assert_eq!(store.refusals(UnixTime(0), 5_000).await.unwrap().len(), 1, "after 90 days they go");
    assert_eq!(store.newest().await.unwrap(), 0);
    assert!(NOW >= hour);
}
