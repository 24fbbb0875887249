//! What a stolen password, a mailbox or an old link must not do: findings of the reviews of second factors.

use doorward_core::audit::{Action, Actor};
use doorward_core::session::EndReason;
use doorward_core::store::{Audit as _, AuditQuery, Budgets as _, Links as _, Purpose};
use doorward_core::token;

use super::factor::{Answer, Typed};
use super::second::{App, typed};
use super::*;

fn at(browser: u8) -> Visit {
    Visit { browser: Some(token::hash_value(token::Kind::Session, &browser.to_string())), ..visit() }
}

async fn enter(house: &House, visit: &Visit, wish: Wish) -> SignedIn {
    let credentials = Credentials { email: EMAIL, password: Secret::new(PASSWORD) };
    house.identity.sign_in(visit, credentials, wish).await.unwrap()
}

async fn is_known(house: &House, browser: u8) -> bool {
    let browser = at(browser).browser.unwrap();
    house.identity.store().is_known_browser(house.ada().await.id, browser).await.unwrap()
}

#[tokio::test]
async fn a_browser_is_known_by_the_password_and_the_factor_of_now() {
    let house = House::with_ada().await;
    let mine = enter(&house, &at(1), Wish::default()).await.live;
    enter(&house, &at(2), Wish::default()).await;
    assert!(is_known(&house, 1).await && is_known(&house, 2).await);
    // The first factor: what was known by the password alone is known no more, but for the browser that enrols.
    let (_, mine) = App::enrol_at(&house, &at(1), &mine).await;
    assert!(is_known(&house, 1).await && !is_known(&house, 2).await);
    let change = PasswordChange { current: Some(Secret::new(PASSWORD)), new: Secret::new(OTHER) };
    house.identity.change_password(&at(3), &mine, change).await.unwrap();
    assert!(!is_known(&house, 1).await && is_known(&house, 3).await);
    let (_, link) = house.identity.reset_link(&Author::command_line(), house.ada().await.id).await.unwrap();
    house.identity.reset_by_link(&at(4), link.expose_secret(), Secret::new(PASSWORD)).await.unwrap();
    assert!(!is_known(&house, 3).await && !is_known(&house, 4).await);
}

// Somebody with the password spends the tries of all strangers; whoever was in there before is not kept out by that,
// not even after a new password, and a mailbox alone wins no try.
#[tokio::test]
async fn what_was_guessed_with_the_password_before_keeps_no_owner_out() {
    let house = House::with_ada().await;
    let mine = enter(&house, &at(1), Wish::default()).await.live;
    let (app, _) = App::enrol_at(&house, &at(1), &mine).await;
    house.clock.forward(60);
    let half = enter(&house, &at(9), Wish::default()).await.live;
    for expected in ["factor.code_wrong"; 5].into_iter().chain(["factor.wait"]) {
        assert_eq!(code(house.identity.prove(&at(9), &half, typed(Secret::new("000000"))).await), expected);
    }
    for (browser, expected) in [(1, "ok"), (5, "factor.wait")] {
        let (_, link) = house.identity.reset_link(&Author::command_line(), house.ada().await.id).await.unwrap();
        house.identity.reset_by_link(&at(browser), link.expose_secret(), Secret::new(PASSWORD)).await.unwrap();
        let half = enter(&house, &at(browser), Wish::default()).await.live;
        let code = app.code(house.identity.now());
        assert_eq!(super::code(house.identity.prove(&at(browser), &half, typed(code)).await), expected, "{browser}");
        house.clock.forward(30);
    }
    // Whoever looks after the machine vouches for the owner.
    let (_, random) = house.identity.reset_password(&Author::command_line(), house.ada().await.id).await.unwrap();
    let credentials = Credentials { email: EMAIL, password: random };
    let half = house.identity.sign_in(&at(5), credentials, Wish::default()).await.unwrap().live;
    let code = app.code(house.identity.now());
    assert_eq!(super::code(house.identity.prove(&at(5), &half, typed(code)).await), "ok");
}

// PATTERN-DEVICE-SURVIVES: a session that a trusted device has signed in ends at once with the trust.
#[tokio::test]
async fn a_session_of_a_device_ends_with_its_trust() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    let (_, whole) = App::enrol(&house, &live).await;
    let secret = house.identity.trust_device(&visit(), &whole, "Desk".parse().unwrap()).await.unwrap();
    let device = token::parse(token::Kind::TrustedDevice, secret.expose_secret());
    let weak = enter(&house, &visit(), Wish { device, ..Wish::default() }).await;
    let cookie = weak.cookie.unwrap();
    assert_eq!((house.code(cookie.expose_secret()), weak.live.methods.acr()), ("ok", "aal1"));
    let (_, whole) = App::enrol(&house, &whole).await;
    assert_eq!(house.code(cookie.expose_secret()), "session.factor_removed");
    assert!(
        house.identity.sessions_of(whole.user_id()).iter().any(|live| live.id == whole.id),
        "but not the one that asks"
    );
}

#[tokio::test]
async fn wrong_codes_of_one_way_use_up_no_tries_of_another() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    let (app, live) = App::enrol(&house, &live).await;
    house.identity.make_recovery_codes(&visit(), &live).await.unwrap();
    house.clock.forward(60);
    let half = house.browser().await.0;
    let wrong = || Answer { typed: Typed::RecoveryCode(Secret::new("0000-0000-0000-0000")), trust: None };
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(code(house.identity.prove(&visit(), &half, wrong()).await));
    }
    assert_eq!(codes.split_off(5), ["factor.wait"]);
    assert!(codes.iter().all(|code| *code == "factor.code_wrong"), "{codes:?}");
    let now = house.identity.now();
    assert_eq!(code(house.identity.prove(&visit(), &half, typed(app.code(now))).await), "ok");
}

#[tokio::test]
async fn trust_in_a_device_has_an_end_that_no_use_moves() {
    let house = House::with_ada().await;
    let (live, _) = house.browser().await;
    let (app, whole) = App::enrol(&house, &live).await;
    let secret = house.identity.trust_device(&visit(), &whole, "Desk".parse().unwrap()).await.unwrap();
    let device = token::parse(token::Kind::TrustedDevice, secret.expose_secret());
    for day in [29, 58, 87, 89] {
        house.clock.forward(START + day * 86_400 - house.identity.now().0);
        let live = enter(&house, &visit(), Wish { device, ..Wish::default() }).await.live;
        assert_eq!((live.stage.as_str(), live.methods.acr()), ("full", "aal1"), "day {day}");
    }
    house.clock.forward(86_400);
    let half = enter(&house, &visit(), Wish { device, ..Wish::default() }).await.live;
    assert_eq!(half.stage.as_str(), "second_factor");
    let now = house.identity.now();
    assert_eq!(code(house.identity.prove(&visit(), &half, typed(app.code(now))).await), "ok");
}

#[tokio::test]
async fn tokens_take_their_next_step_at_once_or_not_at_all() {
    let house = House::with_ada().await;
    let (live, pair) = house.client().await;
    let raised = house.identity.confirm_password(&visit(), &live, &Secret::new(PASSWORD)).await.unwrap();
    assert_eq!(raised.live.handle, live.handle);
    let refresh = async |pair: &Pair| code(house.identity.refresh(&visit(), pair.refresh.expose_secret()).await);
    assert_eq!(refresh(&pair).await, "token.expired");
    assert_eq!(refresh(&raised.tokens.unwrap()).await, "ok");
    let query = AuditQuery { user: Some(live.user_id()), limit: 20, ..AuditQuery::default() };
    let actions = house.identity.store().records(&query).await.unwrap().into_iter().map(|record| record.action);
    let actions: Vec<String> = actions.filter(|action| action.starts_with("session.")).collect();
    assert_eq!(actions, ["session.stepped_up", "session.signed_in"], "one record, so one transaction");
}

#[tokio::test]
async fn a_link_has_no_more_hashes_than_a_person_needs() {
    let house = House::new().await;
    let author = Author::command_line();
    let (_, secret) = house.identity.invite(&author, EMAIL.parse().unwrap(), [].into()).await.unwrap();
    house.user(EMAIL, &[]).await;
    // The address is taken meanwhile, so the link stays and each try costs a hash.
    let mut codes = Vec::new();
    for _ in 0..21 {
        let (name, closed) = ("Ada".parse().unwrap(), crate::config::Registration::default());
        let chosen = (name, &Secret::new(OTHER));
        codes.push(code(house.identity.accept_invitation(&visit(), secret.expose_secret(), chosen, &closed).await));
    }
    assert_eq!(codes.split_off(20), ["user.link_wait"]);
    assert!(codes.iter().all(|code| *code == "user.email_taken"), "{codes:?}");
    house.clock.forward(3_600);
    let chosen = ("Ada".parse().unwrap(), &Secret::new(OTHER));
    let again = house
        .identity
        .accept_invitation(&visit(), secret.expose_secret(), chosen, &crate::config::Registration::default())
        .await;
    assert_eq!(code(again), "user.email_taken");
}

#[tokio::test]
async fn a_link_is_withdrawn_by_nobody_who_only_asks_and_goes_with_its_author() {
    let house = House::with_ada().await;
    let boss = house.user("boss@example.com", &["admins"]).await;
    house.user("other@example.com", &["admins"]).await;
    let ada = house.ada().await.id;
    let author = Author { actor: Actor::User(boss.id), visit: None };
    let (_, made) = house.identity.reset_link(&author, ada).await.unwrap();
    let (_, invited) = house.identity.invite(&author, "new@example.com".parse().unwrap(), [].into()).await.unwrap();
    let ask = async || {
        let purpose = Purpose::PasswordReset { user: ada };
        let (link, secret) = house.identity.draw_link(token::Kind::PasswordReset, purpose, 1_800);
        let event = Author::stranger(&visit()).event(house.identity.now(), Action::LinkCreated);
        house.identity.store().create_link(&link, &event).await.unwrap();
        secret
    };
    let look = async |secret: &Secret| code(house.identity.look(secret.expose_secret()).await);
    let (first, second) = (ask().await, ask().await);
    assert_eq!([look(&made).await, look(&first).await, look(&second).await], ["ok", "user.link_invalid", "ok"]);
    let staff = Change::Groups(["staff".parse().unwrap()].into());
    house.identity.change_user(&Author::command_line(), boss.id, staff).await.unwrap();
    assert_eq!([look(&made).await, look(&invited).await], ["user.link_invalid"; 2]);
    assert_eq!(look(&second).await, "ok", "its owner asked for it");
    // Power that comes back brings no link back.
    let admins = Change::Groups(["admins".parse().unwrap()].into());
    house.identity.change_user(&Author::command_line(), boss.id, admins).await.unwrap();
    assert_eq!(look(&invited).await, "user.link_invalid");
}

#[tokio::test]
async fn a_registration_that_was_closed_makes_no_account() {
    let house = House::new().await;
    let purpose = Purpose::Registration { email: EMAIL.parse().unwrap(), groups: [].into() };
    let (link, secret) = house.identity.draw_link(token::Kind::Registration, purpose, 86_400);
    let event = Author::stranger(&visit()).event(house.identity.now(), Action::LinkCreated);
    house.identity.store().create_link(&link, &event).await.unwrap();
    let mut registration = crate::config::Registration::default();
    let accept = async |registration: &crate::config::Registration| {
        let chosen = ("Ada".parse().unwrap(), &Secret::new(PASSWORD));
        code(house.identity.accept_invitation(&visit(), secret.expose_secret(), chosen, registration).await)
    };
    assert_eq!(accept(&registration).await, "user.registration_closed");
    registration.is_enabled = true;
    registration.domains = vec!["example.org".into()];
    assert_eq!(accept(&registration).await, "user.domain_closed");
    registration.domains.clear();
    assert_eq!(accept(&registration).await, "ok");
}

#[tokio::test]
async fn earlier_sessions_say_why_they_ended() {
    let house = House::with_ada().await;
    let (first, _) = house.browser().await;
    house.identity.sign_out(&visit(), &first).await.unwrap();
    let (second, _) = house.browser().await;
    house.clock.forward(5);
    let author = Author::command_line();
    let (ada, reason) = (second.user_id(), EndReason::RevokedByAdministrator);
    house.identity.end_session(&author, ada, second.id, reason).await.unwrap();
    let past = house.identity.past_sessions(ada, 10).await.unwrap();
    let told: Vec<_> = past.iter().map(|past| (past.id, past.reason, &*past.device)).collect();
    assert_eq!(told, [(second.id, reason, "Test/1"), (first.id, EndReason::SignedOut, "Test/1")]);
    assert_eq!((past[0].created_at, past[0].ended_at), (second.created_at, house.identity.now()));
}
