//! Passwords and users: changing, finishing, resetting, the first administrator.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use doorward_core::session::Stage;
use doorward_core::user::Status;

use super::*;

fn change(current: Option<&str>, new: &str) -> PasswordChange {
    PasswordChange { current: current.map(Secret::new), new: Secret::new(new) }
}

#[tokio::test]
async fn changing_a_password_renews_this_session_and_ends_the_others() {
    let house = House::with_ada().await;
    let (live, old) = house.browser().await;
    let (_, elsewhere) = house.browser().await;
    let done = house.identity.change_password(&visit(), &live, change(Some(PASSWORD), OTHER)).await.unwrap();
    let new = done.cookie.unwrap();
    assert!(done.live.id != live.id && done.live.handle == live.handle && done.live.created_at == live.created_at);
    assert_eq!(house.code(new.expose_secret()), "ok");
    assert_eq!(house.code(&old), "session.stepped_up");
    assert_eq!(house.code(&elsewhere), "session.password_changed");
    assert_eq!(code(house.try_in(EMAIL, PASSWORD).await), "signin.credentials_wrong");
    assert_eq!(code(house.try_in(EMAIL, OTHER).await), "ok");
    // Another node hears the same story.
    let again = house.again().await;
    assert_eq!(again.session_by_cookie(&old).unwrap_err(), "session.stepped_up");
}

#[tokio::test]
async fn another_node_hears_of_a_renewed_session() {
    let house = House::with_ada().await;
    let (live, old) = house.browser().await;
    let other = house.again().await;
    assert!(other.session_by_cookie(&old).is_ok());
    let done = house.identity.change_password(&visit(), &live, change(Some(PASSWORD), OTHER)).await.unwrap();
    other.follow().await.unwrap();
    assert_eq!(other.session_by_cookie(&old).unwrap_err(), "session.stepped_up");
    assert!(other.session_by_cookie(done.cookie.unwrap().expose_secret()).is_ok());
}

#[tokio::test]
async fn a_change_needs_the_present_password_and_a_good_new_one() {
    let house = House::with_ada().await;
    let (live, cookie) = house.browser().await;
    for (current, new, expected) in [
        (None, OTHER, "password.wrong_current"),
        (Some(OTHER), "another long one with words", "password.wrong_current"),
        (Some(PASSWORD), PASSWORD, "password.unchanged"),
        (Some(PASSWORD), "kd72 hwq", "password.too_short"),
        (Some(PASSWORD), "ada@example.com", "password.context"),
    ] {
        let refused = house.identity.change_password(&visit(), &live, change(current, new)).await;
        assert_eq!(code(refused), expected, "{new}");
    }
    // A stolen session guesses no better than a stranger: these guesses are counted as well.
    let mut codes = Vec::new();
    for _ in 0..3 {
        codes.push(code(
            house.identity.change_password(&visit(), &live, change(Some(OTHER), "something else, long")).await,
        ));
    }
    assert_eq!(codes, ["password.wrong_current", "password.wrong_current", "signin.account_wait"]);
    assert_eq!(house.code(&cookie), "ok");
}

#[tokio::test]
async fn a_right_password_is_no_wrong_guess() {
    let house = House::with_ada().await;
    let (mut live, _) = house.browser().await;
    let (mut old, mut new) = (PASSWORD, OTHER);
    // More often than a network has guesses before it must wait.
    for round in 0..24 {
        let done = house.identity.change_password(&visit(), &live, change(Some(old), new)).await;
        live = done.unwrap_or_else(|refused| panic!("{} in round {round}", refused.code)).live;
        std::mem::swap(&mut old, &mut new);
    }
    assert_eq!(code(house.try_in(EMAIL, old).await), "ok");
}

#[tokio::test]
async fn a_reset_password_lets_nobody_do_more_than_choose_another() {
    let house = House::with_ada().await;
    let (_, old) = house.browser().await;
    let ada = house.ada().await;
    let (_, random) = house.identity.reset_password(&Author::command_line(), ada.id).await.unwrap();
    assert_eq!(house.code(&old), "session.password_reset");
    let text = random.expose_secret();
    assert!(text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_lowercase() || (b'2'..=b'9').contains(&byte)));
    let half = house.try_in(EMAIL, text).await.unwrap();
    assert_eq!(half.live.stage, Stage::PasswordChange);
    let refused = house.identity.change_password(&visit(), &half.live, change(None, text)).await;
    assert_eq!(code(refused), "password.unchanged");
    let done = house.identity.change_password(&visit(), &half.live, change(None, OTHER)).await.unwrap();
    assert_eq!((done.live.stage, done.live.handle), (Stage::Full, half.live.handle));
    assert_eq!(house.code(half.cookie.unwrap().expose_secret()), "session.stepped_up");
    assert!(!house.ada().await.must_change_password);
}

fn audience(pair: &Pair) -> String {
    let payload = URL_SAFE_NO_PAD.decode(pair.access.expose_secret().split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    claims["aud"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn half_a_sign_in_with_tokens_is_finished_with_new_tokens() {
    // CVE-2026-94218: nothing that was given out before a step is good after it.
    let house = House::with_ada().await;
    let ada = house.ada().await;
    let (_, random) = house.identity.reset_password(&Author::command_line(), ada.id).await.unwrap();
    let wish = Wish { tokens: true, ..Wish::default() };
    let half = sign_in(&house.identity, EMAIL, random.expose_secret(), wish).await.unwrap();
    let old = half.tokens.unwrap();
    let live = house.identity.session_by_bearer(&visit(), old.access.expose_secret()).await.unwrap();
    assert_eq!(live.stage, Stage::PasswordChange);
    // Services that only verify the signature must not take half a sign-in for a whole one.
    let issuer = "https://auth.example.com";
    assert_eq!(audience(&old), format!("{issuer}#pending"));
    let done = house.identity.change_password(&visit(), &live, change(None, OTHER)).await.unwrap();
    let new = done.tokens.unwrap();
    let full = house.identity.session_by_bearer(&visit(), new.access.expose_secret()).await.unwrap();
    assert_eq!((full.stage, full.handle), (Stage::Full, live.handle));
    assert_eq!(audience(&new), issuer);
    let stale = house.identity.session_by_bearer(&visit(), old.access.expose_secret()).await;
    assert_eq!(code(stale), "session.stepped_up");
    assert_ne!(code(house.identity.refresh(&visit(), old.refresh.expose_secret()).await), "ok");
}

#[tokio::test]
async fn a_session_that_has_ended_changes_nothing() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    house.identity.sign_out(&visit(), &live).await.unwrap();
    let refused = house.identity.change_password(&visit(), &live, change(Some(PASSWORD), OTHER)).await;
    assert_eq!(code(refused), "session.signed_out");
    assert_eq!(code(house.try_in(EMAIL, PASSWORD).await), "ok");
}

#[tokio::test]
async fn somebody_stays_in_charge() {
    let house = House::with_ada().await;
    let boss = house.user("boss@example.com", &["admins"]).await;
    for change in [Change::Status(Status::Disabled), Change::Groups([].into())] {
        let refused = house.identity.change_user(&Author::command_line(), boss.id, change).await;
        assert_eq!(code(refused), "user.last_administrator");
    }
    let taken = NewUser {
        email: " ADA@example.com".parse().unwrap(),
        name: "Ada".parse().unwrap(),
        groups: [].into(),
        password: None,
        must_change: false,
    };
    assert_eq!(code(house.identity.create_user(&Author::command_line(), taken).await), "user.email_taken");
}

#[tokio::test]
async fn the_first_administrator_is_made_once() {
    let house = House::new().await;
    // CVE-2025-30205 and WSTG-ATHN-02: no default password, and none that everybody knows.
    for weak in ["admin123", "password", "administrator"] {
        let refused = house.identity.ensure_administrator("admin@localhost", Some(Secret::new(weak))).await;
        assert!(code(refused).starts_with("password."), "{weak}");
    }
    let initial = house.identity.ensure_administrator("admin@localhost", None).await.unwrap().unwrap();
    let signed_in = house.try_in(&initial.email, initial.password.expose_secret()).await.unwrap();
    assert!(signed_in.live.user().is_administrator() && signed_in.live.stage == Stage::Full);
    assert!(house.identity.ensure_administrator("other@localhost", None).await.unwrap().is_none());
    assert_eq!(format!("{initial:?}"), r#"Initial { email: "admin@localhost", password: **** }"#);
}

#[tokio::test]
async fn a_sign_in_renews_a_stored_form_that_is_too_cheap() {
    let house = House::with_ada().await;
    let before = house.ada().await.password;
    let (_, cookie) = house.browser().await;
    assert_eq!(house.ada().await.password, before);
    let dearer = Parameters::new(128, 2, 1).unwrap();
    let later = open_with(house.directory.path(), &house.clock, (5, dearer)).await;
    sign_in(&later, EMAIL, PASSWORD, Wish::default()).await.unwrap();
    assert_ne!(house.ada().await.password, before);
    assert!(later.session_by_cookie(&cookie).is_ok());
    sign_in(&later, EMAIL, PASSWORD, Wish::default()).await.unwrap();
}

#[test]
fn random_passwords_use_every_character_alike() {
    let random = Seed::new(5);
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..2_000 {
        for byte in random_password(&random).expose_secret().bytes() {
            *counts.entry(byte).or_insert(0_u32) += 1;
        }
    }
    // 48,000 characters over 34: about 1,412 each, with a standard deviation of 37.
    assert_eq!(counts.len(), 34);
    assert!(counts.values().all(|count| (1_190..1_630).contains(count)), "{counts:?}");
}
