//! Live sessions: found, ended at once, ended by time, and remembered.

use doorward_core::session::{EndReason, Stage};
use doorward_core::user::Status;
use tokio::task::JoinSet;

use super::*;

#[tokio::test]
async fn a_cookie_from_before_is_never_adopted() {
    // WSTG-SESS-03: the token before and after a sign-in differ, and a preset one is worth nothing.
    let house = House::with_ada().await;
    let preset = "dws_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc";
    assert_eq!(house.code(preset), "session.unknown");
    let (first, cookie) = house.browser().await;
    let (second, other) = house.browser().await;
    assert!(cookie != preset && cookie != other && first.id != second.id && first.handle != second.handle);
    assert_eq!((house.code(&cookie), house.code(&other), house.code(preset)), ("ok", "ok", "session.unknown"));
    let renamed = cookie.replace("dws_", "dwr_");
    for bad in ["", "dws_", &renamed, &cookie[4..], &format!("{cookie} "), &"x".repeat(1_000_000)] {
        assert_eq!(house.code(bad), "session.unknown");
    }
}

#[tokio::test]
async fn a_new_sign_in_of_the_same_browser_replaces_the_old_session() {
    let house = House::with_ada().await;
    let (first, cookie) = house.browser().await;
    let wish = Wish { previous: Some(first.id), stay: true, tokens: false, device: None };
    let second = sign_in(&house.identity, EMAIL, PASSWORD, wish).await.unwrap();
    assert!(second.live.is_persistent && second.tokens.is_none());
    assert_eq!(house.code(&cookie), "session.replaced");
    assert_eq!(house.identity.session_count(), 1);
    let after = house.again().await;
    assert_eq!(after.session_by_cookie(&cookie).unwrap_err(), "session.replaced");
    assert!(after.session_by_cookie(second.cookie.unwrap().expose_secret()).is_ok());
}

#[tokio::test]
async fn signing_out_ends_this_session_and_no_other() {
    let house = House::with_ada().await;
    let (first, cookie) = house.browser().await;
    let (_, other) = house.browser().await;
    house.identity.sign_out(&visit(), &first).await.unwrap();
    assert_eq!((house.code(&cookie), house.code(&other)), ("session.signed_out", "ok"));
    // A second time is no error: two tabs may both sign out.
    house.identity.sign_out(&visit(), &first).await.unwrap();
}

#[tokio::test]
async fn nobody_ends_a_session_of_somebody_else() {
    // GHSA-jpx7-5hcf-w9xp.
    let house = House::with_ada().await;
    let eve = house.user("eve@example.com", &[]).await;
    let (live, cookie) = house.browser().await;
    let author = Author { actor: doorward_core::audit::Actor::User(eve.id), visit: None };
    let ended = house.identity.end_session(&author, eve.id, live.id, EndReason::Revoked).await;
    assert_eq!((code(ended), house.code(&cookie)), ("session.not_found", "ok"));
    let (kept, mine) = house.browser().await;
    let author = Author::of(&kept, &Visit { ..visit() }).actor;
    let author = Author { actor: author, visit: None };
    let owner = kept.user_id();
    assert_eq!(house.identity.end_sessions(&author, owner, Some(kept.id), EndReason::Revoked).await.unwrap(), 1);
    assert_eq!((house.code(&cookie), house.code(&mine)), ("session.revoked", "ok"));
    assert_eq!(house.identity.sessions_of(owner).len(), 1);
}

#[tokio::test]
async fn disabling_a_user_ends_every_session_at_once() {
    // CVE-2025-29928.
    let house = House::with_ada().await;
    let (live, cookie) = house.browser().await;
    let (_, pair) = house.client().await;
    let change = Change::Status(Status::Disabled);
    house.identity.change_user(&Author::command_line(), live.user_id(), change).await.unwrap();
    assert_eq!(house.code(&cookie), "session.user_disabled");
    let bearer = house.identity.session_by_bearer(&visit(), pair.access.expose_secret()).await;
    assert_eq!(code(bearer), "session.user_disabled");
    assert_ne!(code(house.identity.refresh(&visit(), pair.refresh.expose_secret()).await), "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_beside_a_disabling_leaves_no_session() {
    // CVE-2025-53942 and CVE-2025-64521: a disabled account is out, whatever was under way.
    let house = House::with_ada().await;
    let id = house.ada().await.id;
    for _ in 0..10 {
        let mut tries = JoinSet::new();
        for _ in 0..6 {
            let identity = house.identity.clone();
            tries.spawn(async move { sign_in(&identity, EMAIL, PASSWORD, Wish::default()).await.ok() });
        }
        let disable = Change::Status(Status::Disabled);
        house.identity.change_user(&Author::command_line(), id, disable).await.unwrap();
        let cookies: Vec<_> = tries.join_all().await.into_iter().flatten().filter_map(|done| done.cookie).collect();
        for cookie in cookies {
            assert_eq!(house.code(cookie.expose_secret()), "session.user_disabled");
        }
        assert_eq!(house.identity.session_count(), 0);
        let enable = Change::Status(Status::Active);
        house.identity.change_user(&Author::command_line(), id, enable).await.unwrap();
        // The guesses of the disabled moments were wrong ones, and are over by then.
        house.clock.forward(4_000);
    }
}

#[tokio::test]
async fn what_another_process_does_is_heard() {
    // PATTERN-NODE-LAG.
    let house = House::with_ada().await;
    let other = house.again().await;
    let (live, cookie) = house.browser().await;
    assert_eq!(other.session_by_cookie(&cookie).unwrap_err(), "session.unknown");
    other.follow().await.unwrap();
    assert_eq!(other.session_by_cookie(&cookie).unwrap().id, live.id);
    let groups = Change::Groups(["admins".parse().unwrap()].into());
    other.change_user(&Author::command_line(), live.user_id(), groups).await.unwrap();
    house.identity.follow().await.unwrap();
    assert!(house.identity.session_by_cookie(&cookie).unwrap().user().is_administrator());
    house.user("boss@example.com", &["admins"]).await;
    other.change_user(&Author::command_line(), live.user_id(), Change::Status(Status::Disabled)).await.unwrap();
    assert_eq!(house.code(&cookie), "ok");
    house.identity.follow().await.unwrap();
    assert_eq!(house.code(&cookie), "session.user_disabled");
    assert_eq!(house.identity.session_count(), 0);
}

#[tokio::test]
async fn a_restart_keeps_sessions_and_reasons() {
    let house = House::with_ada().await;
    let (_, kept) = house.browser().await;
    let (ended, cookie) = house.browser().await;
    house.identity.sign_out(&visit(), &ended).await.unwrap();
    let again = house.again().await;
    let live = again.session_by_cookie(&kept).unwrap();
    assert_eq!((live.user().email.as_str(), live.stage), (EMAIL, Stage::Full));
    assert_eq!(again.session_by_cookie(&cookie).unwrap_err(), "session.signed_out");
}

#[tokio::test]
async fn sessions_end_by_time_and_no_clock_revives_them() {
    // PATTERN-CLOCK-BACK.
    let house = House::with_ada().await;
    let week = Profile::Home.timeouts().idle;
    let (_, cookie) = house.browser().await;
    house.clock.forward(week - 1);
    assert_eq!(house.code(&cookie), "ok");
    house.identity.flush().await.unwrap();
    house.clock.forward(week);
    assert_eq!(house.code(&cookie), "session.idle_timeout");
    house.clock.forward(-week);
    assert_eq!(house.code(&cookie), "session.idle_timeout");
    house.identity.flush().await.unwrap();
    assert_eq!(house.again().await.session_by_cookie(&cookie).unwrap_err(), "session.idle_timeout");
}

#[tokio::test]
async fn a_busy_session_ends_by_age() {
    let house = House::with_ada().await;
    let (_, cookie) = house.browser().await;
    for _ in 0..29 {
        house.clock.forward(86_400);
        assert_eq!(house.code(&cookie), "ok");
    }
    house.clock.forward(86_399);
    assert_eq!(house.code(&cookie), "ok");
    house.clock.forward(1);
    assert_eq!(house.code(&cookie), "session.absolute_timeout");
}

#[tokio::test]
async fn time_ends_sessions_that_nobody_asks_for() {
    let house = House::with_ada().await;
    let (_, cookie) = house.browser().await;
    house.clock.forward(40 * 86_400);
    house.identity.sweep().await.unwrap();
    assert_eq!(house.identity.session_count(), 0);
    assert_eq!(house.code(&cookie), "session.absolute_timeout");
}

#[tokio::test]
async fn requests_are_written_in_batches_and_survive_a_restart() {
    let house = House::with_ada().await;
    let (live, cookie) = house.browser().await;
    house.clock.forward(3 * 86_400);
    assert_eq!(house.code(&cookie), "ok");
    house.identity.flush().await.unwrap();
    let again = house.again().await;
    assert_eq!(again.session_by_cookie(&cookie).unwrap().last_seen(), live.last_seen());
    assert_eq!(live.last_seen(), UnixTime(START + 3 * 86_400));
}

#[tokio::test]
async fn a_clock_that_jumps_neither_opens_nor_breaks_anything() {
    let house = House::with_ada().await;
    let (_, early) = house.browser().await;
    house.clock.forward(-3_600);
    assert_eq!(house.code(&early), "ok");
    let (_, late) = house.browser().await;
    house.clock.forward(3_600 + 10 * 365 * 86_400);
    assert_eq!(house.code(&early), "session.absolute_timeout");
    house.clock.forward(-10 * 365 * 86_400);
    assert_eq!(house.code(&early), "session.absolute_timeout");
    // What nobody looked at during the jump goes on, and new sign-ins work at once.
    assert_eq!(house.code(&late), "ok");
    assert_eq!(code(house.try_in(EMAIL, PASSWORD).await), "ok");
}
