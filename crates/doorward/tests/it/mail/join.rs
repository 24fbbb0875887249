//! Joining: by invitation, by registration, and with another address.

use serde_json::json;

use super::doorward;
use crate::it::harness::{MailServer, Server};

const NEW: &str = "another long phrase of mine";

#[test]
fn an_invitation_goes_by_mail_and_its_link_is_shown_to_nobody_else() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut admin = server.signed_in();
    let answer =
        admin.call("POST", "/api/v1/admin/invitations", &json!({"email": "bob@example.com", "groups": ["ops"]}));
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.json().get("url").is_none(), "{}", answer.body);
    let letter = mail.letter(1);
    assert_eq!(letter.to, "bob@example.com");
    let mut bob = server.client();
    let (path, secret) = (format!("/.doorward/invitation?token={}", letter.secret()), letter.secret());
    let fields = [("token", &*secret), ("name", "Bob"), ("new_password", NEW)];
    assert_eq!(bob.submit(&path, "/.doorward/invitation", &fields).status, 303);
    assert_eq!(bob.sign_in("bob@example.com", NEW).status, 200);
    let page = admin.submit(
        "/.doorward/admin/users/new",
        "/.doorward/admin/users/invite",
        &[("email", "c@example.com"), ("groups", "")],
    );
    assert_eq!(page.location(), "/.doorward/admin/users?done=invitation-sent");
    // CVE-2026-94001: inviting is for administrators.
    let answer = bob.call("POST", "/api/v1/admin/invitations", &json!({"email": "eve@example.com", "groups": []}));
    assert_eq!(answer.status, 403);
}

fn registers(server: &Server, email: &str) -> (u16, String) {
    let answer = server.client().call("POST", "/api/v1/auth/registration/request", &json!({"email": email}));
    (answer.status, answer.reason())
}

#[test]
fn whoever_registers_exists_only_after_the_address_is_proven() {
    let mail = MailServer::start("starttls");
    let server = doorward(
        &mail,
        &[("DOORWARD_REGISTRATION__ENABLED", "true"), ("DOORWARD_REGISTRATION__DOMAINS", "example.com")],
    );
    assert_eq!(registers(&server, "bob@example.net"), (403, "user.domain_closed".to_owned()));
    assert_eq!(registers(&server, "bob@sub.example.com").0, 403);
    assert_eq!(registers(&server, "bob@example.com"), (202, String::new()));
    let letter = mail.letter(1);
    assert_eq!(server.json(&["user", "list"]).as_array().map(Vec::len), Some(1), "nobody is made by asking");
    // A known address gets the same answer, and a letter that says so.
    assert_eq!(registers(&server, "ada@example.com"), (202, String::new()));
    let known = mail.letter(2);
    assert!(known.to == "ada@example.com" && !known.content.contains("token="), "{}", known.content);
    let (path, secret) = (format!("/.doorward/join?token={}", letter.secret()), letter.secret());
    let mut bob = server.client();
    let fields = [("token", &*secret), ("name", "Bob"), ("new_password", NEW), ("groups", "admins")];
    assert_eq!(bob.submit(&path, "/.doorward/join", &fields).status, 303);
    assert_eq!(bob.sign_in("bob@example.com", NEW).status, 200);
    assert_eq!(bob.get("/api/v1/auth/me").json()["user"]["groups"], json!([]), "nobody brings groups along");
    // The address is proven: a change of the password is told to it.
    let changed = bob.call(
        "POST",
        "/api/v1/auth/password/change",
        &json!({"current": NEW, "new": "a third long phrase of mine"}),
    );
    assert_eq!(changed.status, 200, "{}", changed.body);
    // The browser that registered is not known yet, so its first sign-in is told as well, before or after.
    let notices = [mail.letter(3), mail.letter(4)];
    assert!(notices.iter().all(|notice| notice.to == "bob@example.com"), "{notices:?}");
    for subject in ["new device", "password was changed"] {
        assert!(notices.iter().any(|notice| notice.header("Subject").contains(subject)), "{subject}: {notices:?}");
    }
}

#[test]
fn registration_is_closed_unless_it_is_opened() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    assert_eq!(registers(&server, "bob@example.com"), (404, "user.registration_closed".to_owned()));
    assert_eq!(server.client().page("/.doorward/register").status, 404);
    assert!(!server.client().page("/.doorward/sign-in").body.contains("/.doorward/register"));
}

// CVE-2026-115770: a new address is the account's only once it is proven, and the old one is told.
#[test]
fn another_address_counts_once_it_is_proven() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (_, password) = server.administrator();
    let mut ada = server.signed_in();
    // First her own, so that notices have somewhere to go.
    let own = ada.submit("/.doorward/account/email", "/.doorward/account/email", &[("email", "ada@example.com")]);
    assert_eq!(own.location(), "/.doorward/account/email?done=letter-sent");
    let secret = mail.letter(1).secret();
    let proven = ada.submit(&format!("/.doorward/verify?token={secret}"), "/.doorward/verify", &[("token", &secret)]);
    assert_eq!(proven.location(), "/.doorward/account?done=address-proven");
    let wrong = json!({"email": "lovelace@example.com", "current": "not her password at all"});
    assert_eq!(ada.call("POST", "/api/v1/auth/email/request", &wrong).reason(), "password.wrong_current");
    let right = json!({"email": "lovelace@example.com", "current": password});
    assert_eq!(ada.call("POST", "/api/v1/auth/email/request", &right).status, 202);
    let letter = mail.letter(2);
    assert_eq!(letter.to, "lovelace@example.com");
    assert_eq!(ada.get("/api/v1/auth/me").json()["user"]["email"], "ada@example.com");
    let verified = server.client().call("POST", "/api/v1/auth/email/verify", &json!({"code": letter.secret()}));
    assert_eq!(verified.status, 200, "{}", verified.body);
    assert_eq!(ada.get("/api/v1/auth/me").json()["user"]["email"], "lovelace@example.com");
    let notice = mail.letter(3);
    assert!(notice.to == "ada@example.com" && notice.text().contains("lovelace@example.com"), "{notice:?}");
    assert_eq!(server.client().sign_in("lovelace@example.com", &password).status, 200);
}

#[test]
fn the_first_start_can_give_a_link_instead_of_a_password() {
    let server = Server::start_with(&[("DOORWARD_ADMIN__SET_UP", "link")]);
    let file = server.data().join("set-up-link.txt");
    let link = std::fs::read_to_string(&file).unwrap();
    assert!(!server.data().join("initial-admin.txt").exists());
    let secret = link.trim().split_once("token=").unwrap().1;
    let path = format!("/.doorward/set-up?token={secret}");
    let mut ada = server.client();
    let fields = |email| [("token", secret), ("email", email), ("name", "Ada"), ("new_password", NEW)];
    assert_eq!(ada.submit(&path, "/.doorward/set-up", &fields("no address")).status, 422);
    let made = ada.submit(&path, "/.doorward/set-up", &fields("ada@example.com"));
    assert_eq!(made.location(), "/.doorward/sign-in?done=account-made");
    assert!(!file.exists());
    assert_eq!(ada.page(&path).status, 410);
    assert_eq!(ada.sign_in("ada@example.com", NEW).status, 200);
    assert_eq!(ada.get("/api/v1/admin/users").status, 200);
}
