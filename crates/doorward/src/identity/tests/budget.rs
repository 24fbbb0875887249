//! Guesses: paid before they are looked at, counted over restarts, spellings and addresses.

use std::net::IpAddr;

use doorward_core::token::{Kind, hash_value};
use doorward_core::user::Status;
use tokio::task::JoinSet;

use super::*;

const WRONG: &str = "signin.credentials_wrong";

#[tokio::test]
async fn no_more_than_ten_wrong_guesses_are_looked_at_in_an_hour() {
    let house = House::with_ada().await;
    for email in [EMAIL, "nobody@example.com"] {
        let mut looked_at = Vec::new();
        for second in 0..3_600 {
            match code(house.try_in(email, "not the password at all").await) {
                WRONG => looked_at.push(second),
                "signin.account_wait" => {}
                other => panic!("{other}"),
            }
            house.clock.forward(1);
        }
        // An account that does not exist has the same waits to the second.
        assert_eq!(looked_at, [0, 1, 2, 3, 5, 9, 17, 33, 65, 129]);
        house.clock.forward(3_600);
    }
}

#[tokio::test]
async fn every_account_that_cannot_be_entered_gets_the_same_answer_and_the_same_work() {
    // CVE-2023-39522 and CVE-2026-58272: the same answer and the same work, on every branch.
    let house = House::with_ada().await;
    let gone = house.user("gone@example.com", &[]).await;
    let disabled = Change::Status(Status::Disabled);
    house.identity.change_user(&Author::command_line(), gone.id, disabled).await.unwrap();
    for (email, password) in
        [(EMAIL, OTHER), ("gone@example.com", PASSWORD), ("gone@example.com", OTHER), ("nobody@example.com", PASSWORD)]
    {
        let before = house.identity.hasher().measures().read().hashes;
        let refused = house.try_in(email, password).await.unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (WRONG, None), "{email}");
        assert_eq!(house.identity.hasher().measures().read().hashes, before + 1, "{email}");
    }
}

#[tokio::test]
async fn what_cannot_be_right_costs_no_hash_and_no_guess() {
    let house = House::with_ada().await;
    let before = house.identity.hasher().measures().read().hashes;
    // PATTERN-LONG-PASSWORD: a long password is refused before it is hashed.
    for (email, password) in [(EMAIL, "x".repeat(100_000)), (EMAIL, String::new()), ("no address", PASSWORD.to_owned())]
    {
        assert_eq!(code(house.try_in(email, &password).await), WRONG);
    }
    assert_eq!(house.identity.hasher().measures().read().hashes, before);
    assert_eq!(code(house.try_in(EMAIL, PASSWORD).await), "ok");
}

#[tokio::test]
async fn a_restart_gives_no_guess_away() {
    // CVE-2026-78655: the count is kept by the store, where no client can set it back.
    let house = House::with_ada().await;
    for _ in 0..3 {
        assert_eq!(code(house.try_in(EMAIL, OTHER).await), WRONG);
    }
    let again = house.again().await;
    let refused = sign_in(&again, EMAIL, PASSWORD, Wish::default()).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), ("signin.account_wait", Some(1)));
}

#[tokio::test]
async fn another_spelling_address_or_device_is_the_same_account() {
    // CVE-2025-24806 and PATTERN-XFF-RATE.
    let house = House::with_ada().await;
    let spellings = ["Ada@Example.com", " ada@example.com", "ADA@EXAMPLE.COM", "ada@example.com"];
    let mut codes = Vec::new();
    for (number, email) in spellings.into_iter().enumerate() {
        let mut visit = visit_from([198, 51, u8::try_from(number).unwrap(), 1].into());
        visit.device = format!("Device/{number}").into();
        visit.browser = Some(hash_value(Kind::Browser, &number.to_string()));
        let credentials = Credentials { email, password: Secret::new(OTHER) };
        codes.push(code(house.identity.sign_in(&visit, credentials, Wish::default()).await));
    }
    assert_eq!(codes, [WRONG, WRONG, WRONG, "signin.account_wait"]);
}

#[tokio::test]
async fn many_accounts_from_one_network_are_counted_together() {
    let house = House::with_ada().await;
    let mut wrong = 0;
    for number in 0..30_u8 {
        let visit = visit_from([203, 0, 113, number].into());
        let email = format!("user{number}@example.com");
        let credentials = Credentials { email: &email, password: Secret::new(OTHER) };
        match code(house.identity.sign_in(&visit, credentials, Wish::default()).await) {
            WRONG => wrong += 1,
            other => assert_eq!(other, "signin.network_wait"),
        }
    }
    assert_eq!(wrong, 20);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_side_by_side_are_no_cheaper() {
    let house = House::with_ada().await;
    let mut tries = JoinSet::new();
    for number in 0..60_u8 {
        let identity = house.identity.clone();
        let address: IpAddr = [198, 51, number, 1].into();
        tries.spawn(async move {
            loop {
                let credentials = Credentials { email: EMAIL, password: Secret::new(OTHER) };
                match code(identity.sign_in(&visit_from(address), credentials, Wish::default()).await) {
                    "signin.busy" => tokio::task::yield_now().await,
                    other => return other,
                }
            }
        });
    }
    let codes = tries.join_all().await;
    assert_eq!(codes.iter().filter(|code| **code == WRONG).count(), 3);
    assert!(codes.iter().all(|code| [WRONG, "signin.account_wait"].contains(code)));
}

#[tokio::test]
async fn a_client_that_goes_away_has_paid() {
    let house = House::with_ada().await;
    for _ in 0..3 {
        let visit = visit();
        let credentials = Credentials { email: EMAIL, password: Secret::new(OTHER) };
        let attempt = house.identity.sign_in(&visit, credentials, Wish::default());
        let mut attempt = std::pin::pin!(attempt);
        let before = house.identity.hasher().measures().read().hashes;
        // Polled until its password is being looked at, then dropped.
        while house.identity.hasher().measures().read().hashes == before {
            let nap = Duration::from_micros(50);
            if tokio::time::timeout(nap, &mut attempt).await.is_ok() {
                break;
            }
        }
    }
    assert_eq!(code(house.try_in(EMAIL, PASSWORD).await), "signin.account_wait");
}

#[tokio::test]
async fn a_known_browser_gets_in_while_strangers_guess() {
    let house = House::with_ada().await;
    let known = Visit { browser: Some(hash_value(Kind::Browser, "hers")), ..visit() };
    let sign_in = async |visit: &Visit, password| {
        let credentials = Credentials { email: EMAIL, password: Secret::new(password) };
        code(house.identity.sign_in(visit, credentials, Wish::default()).await)
    };
    assert_eq!(sign_in(&known, PASSWORD).await, "ok");
    let stranger = visit_from([198, 51, 100, 1].into());
    for expected in [WRONG, WRONG, WRONG, "signin.account_wait"] {
        assert_eq!(sign_in(&stranger, OTHER).await, expected);
    }
    assert_eq!(sign_in(&known, PASSWORD).await, "ok");
    // Her success gives the strangers nothing back.
    assert_eq!(sign_in(&stranger, OTHER).await, "signin.account_wait");
}

#[tokio::test]
async fn a_hundred_wrong_ones_in_a_row_need_a_new_password() {
    let house = House::with_ada().await;
    for _ in 0..100 {
        house.clock.forward(3_700);
        assert_eq!(code(house.try_in(EMAIL, OTHER).await), WRONG);
    }
    house.clock.forward(1_000_000);
    let refused = house.try_in(EMAIL, PASSWORD).await.unwrap_err();
    assert_eq!((refused.code, refused.retry_after), ("signin.account_stopped", None));
    let (_, password) = house.identity.reset_password(&Author::command_line(), house.ada().await.id).await.unwrap();
    assert_eq!(code(house.try_in(EMAIL, password.expose_secret()).await), "ok");
}

#[tokio::test]
async fn a_clock_that_goes_back_gives_no_guess_away() {
    let house = House::with_ada().await;
    for _ in 0..3 {
        assert_eq!(code(house.try_in(EMAIL, OTHER).await), WRONG);
    }
    for step in [-3_600, 1_800, -86_400] {
        house.clock.forward(step);
        assert_eq!(code(house.try_in(EMAIL, OTHER).await), "signin.account_wait");
    }
}
