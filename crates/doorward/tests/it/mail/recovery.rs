//! A forgotten password, mended by mail.

use serde_json::json;

use super::doorward;
use crate::it::harness::{Client, MailServer, Server};

const NEW: &str = "another long phrase of mine";

fn ask(client: &mut Client, email: &str) -> (u16, String) {
    let answer = client.call("POST", "/api/v1/auth/recovery/request", &json!({"email": email}));
    (answer.status, answer.body)
}

fn reset(server: &Server, code: &str, password: &str) -> (u16, String) {
    let answer = server.client().call("POST", "/api/v1/auth/password/reset", &json!({"code": code, "new": password}));
    (answer.status, answer.reason())
}

#[test]
fn a_forgotten_password_is_mended_without_scripts() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut old = server.signed_in();
    let mut client = server.client();
    assert!(client.page("/.doorward/sign-in").body.contains("/.doorward/forgotten"));
    let sent = client.submit("/.doorward/forgotten", "/.doorward/forgotten", &[("email", "Ada@Example.com ")]);
    assert_eq!(sent.status, 200);
    let letter = mail.letter(1);
    assert_eq!(letter.to, "ada@example.com");
    // PATTERN-MAIL-PREFETCH: opening the link uses nothing.
    let path = format!("/.doorward/reset?token={}", letter.secret());
    for _ in 0..3 {
        assert_eq!(client.page(&path).status, 200);
    }
    let secret = letter.secret();
    let done = client.submit(&path, "/.doorward/reset", &[("token", &secret), ("new_password", NEW)]);
    assert_eq!((done.status, done.location()), (303, "/.doorward/sign-in?done=password-chosen"));
    assert_eq!(old.get("/api/v1/auth/me").reason(), "session.password_reset", "every session has ended");
    assert_eq!(client.get("/api/v1/auth/me").status, 401, "a link signs nobody in");
    assert_eq!(server.client().sign_in("ada@example.com", NEW).status, 200);
    // CVE-2026-115770: what was used is void.
    assert_eq!(reset(&server, &secret, "a third long phrase of mine"), (410, "user.link_invalid".to_owned()));
}

// CVE-2023-39522: known and unknown addresses get the same answer, and only the known one a letter.
#[test]
fn nobody_learns_which_addresses_have_accounts() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut client = server.client();
    let known = ask(&mut client, "ada@example.com");
    assert_eq!(known, ask(&mut client, "eve@example.com"));
    assert_eq!(known, (202, String::new()));
    let pages: Vec<String> = ["ada@example.com", "eve@example.com"]
        .map(|email| {
            let page = client.submit("/.doorward/forgotten", "/.doorward/forgotten", &[("email", email)]);
            assert_eq!(page.status, 200);
            page.body.split("<main").nth(1).unwrap().split("</main>").next().unwrap().to_owned()
        })
        .to_vec();
    assert_eq!(pages[0], pages[1]);
    // The sixth letter within 15 minutes is not written, and the answer is still the same.
    for _ in 0..6 {
        assert_eq!(ask(&mut client, "ada@example.com"), known);
    }
    server.json(&["user", "add", "bob@example.com"]);
    server.json(&["user", "disable", "bob@example.com"]);
    assert_eq!(ask(&mut client, "bob@example.com"), known, "disabled");
    assert!(mail.letters().iter().all(|letter| letter.to == "ada@example.com"));
}

// CVE-2017-12161, GHSA-2wmj-46rj-qm2w: links are made with the configured address alone.
#[test]
fn no_header_chooses_where_a_link_leads() {
    let mail = MailServer::start("starttls");
    let port = doorward_port::lease();
    let url = format!("http://localhost:{port}");
    let settings = mail.settings();
    let mut settings: Vec<(&str, &str)> = settings.iter().map(|(name, value)| (&**name, &**value)).collect();
    settings.push(("DOORWARD_SERVER__PUBLIC_URL", &url));
    let server = Server::start_at(port, &settings);
    let mut client = server.client();
    for name in ["X-Forwarded-Host", "X-Host", "Forwarded", "X-Original-Host"] {
        client.always = vec![(name.to_owned(), "evil.example.net".to_owned())];
        ask(&mut client, "ada@example.com");
    }
    let letter = mail.letter(1);
    assert!(letter.link().starts_with(&format!("{url}/.doorward/reset?token=dwp_")), "{}", letter.link());
    for letter in mail.letters() {
        assert!(!letter.content.contains("evil"), "{}", letter.content);
    }
}

// CVE-2023-26481: a later link voids the one before, and of many uses at one time one succeeds.
#[test]
fn one_link_works_and_it_works_once() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let mut client = server.client();
    ask(&mut client, "ada@example.com");
    let first = mail.letter(1).secret();
    ask(&mut client, "ada@example.com");
    let second = mail.letter(2).secret();
    assert_eq!(reset(&server, &first, NEW).1, "user.link_invalid");
    // A link of one purpose opens nothing else.
    let verify = server.client().call("POST", "/api/v1/auth/email/verify", &json!({"code": second}));
    assert_eq!(verify.reason(), "user.link_invalid");
    let server = &server;
    let outcomes: Vec<u16> = std::thread::scope(|scope| {
        let uses: Vec<_> = (0..12)
            .map(|number| {
                let second = &second;
                scope.spawn(move || reset(server, second, &format!("the long phrase number {number}")).0)
            })
            .collect();
        uses.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|status| **status == 204).count(), 1, "{outcomes:?}");
}

// Letters of a network have a count of their own: whoever has forgotten a password keeps nobody from signing in.
#[test]
fn whoever_asks_for_letters_all_day_keeps_nobody_from_signing_in() {
    let mail = MailServer::start("starttls");
    let server = doorward(&mail, &[]);
    let (email, password) = server.administrator();
    let mut client = server.client();
    for number in 0..60 {
        assert_eq!(ask(&mut client, &format!("nobody{number}@example.com")), (202, String::new()), "{number}");
    }
    let body = json!({"email": "one-more@example.com"});
    let refused = client.call("POST", "/api/v1/auth/recovery/request", &body);
    assert_eq!((refused.status, refused.reason().as_str()), (429, "mail.wait"));
    assert!(refused.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{refused:?}");
    let page = client.submit("/.doorward/forgotten", "/.doorward/forgotten", &[("email", "a@example.com")]);
    assert_eq!(page.status, 429);
    assert!(page.body.contains("mail.wait"), "{}", page.body);
    assert_eq!(server.client().sign_in(&email, &password).status, 200);
}
