//! Tokens of API clients: pairs, rotation, lost answers, replays and races.

use tokio::task::JoinSet;

use super::*;

const REUSE: &str = "token.reuse";

async fn bearer(house: &House, pair: &Pair) -> &'static str {
    code(house.identity.session_by_bearer(&visit(), pair.access.expose_secret()).await)
}

async fn refresh(house: &House, pair: &Pair) -> Result<Pair, Refused> {
    house.identity.refresh(&visit(), pair.refresh.expose_secret()).await.map(|(_, pair)| pair)
}

#[tokio::test]
async fn tokens_open_what_a_cookie_opens_and_are_no_cookies() {
    // CVE-2026-19349 and GO-2024-3179: a value of one kind is nothing where another is asked for.
    let house = House::with_ada().await;
    let (live, pair) = house.client().await;
    let found = house.identity.session_by_bearer(&visit(), pair.access.expose_secret()).await.unwrap();
    assert_eq!((found.id, pair.expires_in), (live.id, 300));
    for text in [pair.access.expose_secret(), pair.refresh.expose_secret()] {
        assert_eq!(house.code(text), "session.unknown");
    }
    let (_, cookie) = house.browser().await;
    assert_eq!(code(house.identity.session_by_bearer(&visit(), &cookie).await), "token.malformed");
    assert_eq!(code(house.identity.refresh(&visit(), &cookie).await), "token.malformed");
    assert_eq!(code(house.identity.refresh(&visit(), pair.access.expose_secret()).await), "token.malformed");
}

#[tokio::test]
async fn an_access_token_ends_after_five_minutes_and_with_its_session() {
    let house = House::with_ada().await;
    let (live, pair) = house.client().await;
    house.clock.forward(299);
    assert_eq!(bearer(&house, &pair).await, "ok");
    house.clock.forward(1);
    assert_eq!(bearer(&house, &pair).await, "token.expired");
    let next = refresh(&house, &pair).await.unwrap();
    assert_eq!(bearer(&house, &next).await, "ok");
    house.identity.sign_out(&visit(), &live).await.unwrap();
    assert_eq!(bearer(&house, &next).await, "session.signed_out");
    assert_ne!(code(refresh(&house, &next).await), "ok");
}

#[tokio::test]
async fn a_used_refresh_token_ends_the_session() {
    let house = House::with_ada().await;
    let (_, first) = house.client().await;
    let second = refresh(&house, &first).await.unwrap();
    assert_eq!(bearer(&house, &second).await, "ok");
    assert_eq!(code(refresh(&house, &first).await), REUSE);
    assert_eq!(bearer(&house, &second).await, REUSE);
    assert_ne!(code(refresh(&house, &second).await), "ok");
}

#[tokio::test]
async fn a_lost_answer_is_given_again() {
    let house = House::with_ada().await;
    let (_, first) = house.client().await;
    let lost = refresh(&house, &first).await.unwrap();
    let second = refresh(&house, &first).await.unwrap();
    assert_eq!(bearer(&house, &second).await, "ok");
    // Whoever holds the lost answer after all is a second party.
    assert_eq!(bearer(&house, &lost).await, REUSE);
    assert_eq!(bearer(&house, &second).await, REUSE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_exchanges_at_once_leave_one_chain() {
    // CVE-2026-1035.
    let house = House::with_ada().await;
    let (_, first) = house.client().await;
    let mut tries = JoinSet::new();
    for _ in 0..100 {
        let identity = house.identity.clone();
        let text = first.refresh.expose_secret().to_owned();
        tries.spawn(async move { identity.refresh(&visit(), &text).await.map(|(_, pair)| pair) });
    }
    let pairs: Vec<Pair> = tries.join_all().await.into_iter().filter_map(Result::ok).collect();
    assert!(!pairs.is_empty());
    // Of all pairs that were given out one is good; the first use of any other ends the session.
    let mut good = 0;
    for pair in &pairs {
        let hash = doorward_core::token::parse(doorward_core::token::Kind::Refresh, pair.refresh.expose_secret());
        assert!(hash.is_some());
    }
    for pair in pairs.iter().rev() {
        match bearer(&house, pair).await {
            "ok" => good += 1,
            other => assert_eq!(other, REUSE),
        }
    }
    assert!(good <= 1, "{good} of {}", pairs.len());
}

#[tokio::test]
async fn tokens_of_a_restarted_server_are_still_good() {
    let house = House::with_ada().await;
    let (_, pair) = house.client().await;
    let again = house.again().await;
    assert_eq!(code(again.session_by_bearer(&visit(), pair.access.expose_secret()).await), "ok");
    let (_, next) = again.refresh(&visit(), pair.refresh.expose_secret()).await.unwrap();
    assert_eq!(code(again.session_by_bearer(&visit(), next.access.expose_secret()).await), "ok");
}

#[tokio::test]
async fn a_refresh_token_ends_when_it_was_not_used_for_too_long() {
    let house = House::with_ada().await;
    let (_, pair) = house.client().await;
    house.clock.forward(Profile::Home.timeouts().idle);
    assert_eq!(code(refresh(&house, &pair).await), "token.expired");
    let unknown = "dwr_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    assert_eq!(code(house.identity.refresh(&visit(), unknown).await), "token.unknown");
}

#[tokio::test]
async fn rotation_of_keys_refuses_no_good_token() {
    let house = House::with_ada().await;
    let (_, old) = house.client().await;
    house.identity.keyring().rotate(house.identity.now(), house.identity.random()).unwrap();
    assert_eq!(bearer(&house, &old).await, "ok");
    house.clock.forward(3_600);
    let (_, new) = house.client().await;
    let header = |pair: &Pair| pair.access.expose_secret().split('.').next().unwrap().to_owned();
    assert_ne!(header(&new), header(&old));
    assert_eq!(bearer(&house, &new).await, "ok");
}
