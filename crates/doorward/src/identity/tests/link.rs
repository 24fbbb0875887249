//! Links: looked at without harm, used once, for one purpose, by whoever they were made for.

use doorward_core::user::Status;

use crate::config::Registration;

use super::*;

const INVALID: &str = "user.link_invalid";

#[tokio::test]
async fn an_invitation_makes_one_account_and_signs_nobody_in() {
    // CVE-2022-46145: nothing begins without its link.
    let house = House::with_ada().await;
    let author = Author::command_line();
    let groups = std::collections::BTreeSet::from(["staff".parse().unwrap()]);
    let (link, secret) =
        house.identity.invite(&author, "new@example.com".parse().unwrap(), groups.clone()).await.unwrap();
    let text = secret.expose_secret();
    // PATTERN-MAIL-PREFETCH: looking uses nothing.
    for _ in 0..3 {
        assert_eq!(house.identity.look(text).await.unwrap().id, link.id);
    }
    let accept = async |text: &str, password: &str| {
        let name = "New Person".parse().unwrap();
        house.identity.accept_invitation(&visit(), text, (name, &Secret::new(password)), &Registration::default()).await
    };
    assert_eq!(code(accept(text, "kd72 hwq").await), "password.too_short");
    let user = accept(text, PASSWORD).await.unwrap();
    assert_eq!((user.email.as_str(), user.groups), ("new@example.com", groups));
    assert_eq!(house.identity.session_count(), 0);
    assert_eq!(code(accept(text, PASSWORD).await), INVALID);
    assert_eq!(code(house.identity.look(text).await), INVALID);
    assert_eq!(code(house.try_in("new@example.com", PASSWORD).await), "ok");
    let taken = house.identity.invite(&author, EMAIL.parse().unwrap(), [].into()).await;
    assert_eq!(code(taken), "user.email_taken");
}

#[tokio::test]
async fn a_reset_link_ends_sessions_and_signs_nobody_in() {
    let house = House::with_ada().await;
    let (live, cookie) = house.browser().await;
    let author = Author::command_line();
    let (_, first) = house.identity.reset_link(&author, live.user_id()).await.unwrap();
    let (_, second) = house.identity.reset_link(&author, live.user_id()).await.unwrap();
    let reset =
        async |text: &str, password: &str| house.identity.reset_by_link(&visit(), text, Secret::new(password)).await;
    assert_eq!(code(reset(first.expose_secret(), OTHER).await), INVALID, "the newer link withdraws the older");
    // CVE-2022-23555: a link of one kind is nothing where another kind is asked for.
    let name = "Ada".parse().unwrap();
    let crossed = house
        .identity
        .accept_invitation(&visit(), second.expose_secret(), (name, &Secret::new(OTHER)), &Registration::default())
        .await;
    assert_eq!(code(crossed), INVALID);
    reset(second.expose_secret(), OTHER).await.unwrap();
    assert_eq!(house.code(&cookie), "session.password_reset");
    assert_eq!(house.identity.session_count(), 0);
    assert_eq!(code(reset(second.expose_secret(), PASSWORD).await), INVALID);
    assert_eq!(code(house.try_in(EMAIL, OTHER).await), "ok");
}

#[tokio::test]
async fn links_end_by_time_by_withdrawal_and_with_the_account() {
    let house = House::with_ada().await;
    let ada = house.ada().await;
    let author = Author::command_line();
    let (_, old) = house.identity.reset_link(&author, ada.id).await.unwrap();
    house.clock.forward(86_400);
    assert_eq!(code(house.identity.look(old.expose_secret()).await), INVALID);
    let (link, withdrawn) = house.identity.reset_link(&author, ada.id).await.unwrap();
    assert_eq!(house.identity.open_links().await.unwrap().len(), 1);
    house.identity.revoke_link(&author, link.id).await.unwrap();
    assert_eq!(code(house.identity.revoke_link(&author, link.id).await), INVALID);
    assert_eq!(code(house.identity.look(withdrawn.expose_secret()).await), INVALID);
    let (_, useless) = house.identity.reset_link(&author, ada.id).await.unwrap();
    house.identity.change_user(&author, ada.id, Change::Status(Status::Disabled)).await.unwrap();
    let refused = house.identity.reset_by_link(&visit(), useless.expose_secret(), Secret::new(OTHER)).await;
    assert_eq!(code(refused), INVALID);
    for text in ["", "dwi_", "dwp_AAAA", &"x".repeat(100_000)] {
        assert_eq!(code(house.identity.look(text).await), INVALID);
    }
}
