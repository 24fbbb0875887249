//! Many hosts, one sign-in: each host has a session of its own, which opens nothing else.

use serde_json::json;

use super::{apart, at, follow, header};
use crate::it::harness::Client;

#[test]
fn one_sign_in_opens_every_host_and_each_cookie_only_its_own() {
    let (server, apps) = apart();
    let (email, _) = server.administrator();
    let mut jars = vec![server.signed_in()];
    for (host, app) in [("a.localhost", &apps[0]), ("b.localhost", &apps[1])] {
        let start = format!("http://{host}:{}/notes?x=1", server.port);
        let (answer, url) = follow(&server, &mut jars, &start);
        assert_eq!((answer.status, url.as_str()), (200, start.as_str()), "{}", answer.body);
        let seen = app.seen().pop().unwrap();
        assert_eq!(header(&seen, "remote-user"), Some(email.as_str()));
        assert_eq!(header(&seen, "cookie"), None, "nothing of ours");
    }
    let cookie = |host: &str| {
        let jar = jars.iter().find(|jar| jar.host.starts_with(host)).unwrap();
        jar.jar["doorward"].clone()
    };
    let (portal, a) = (cookie("localhost"), cookie("a.localhost"));
    let with = |host: &str, value: &str| -> Client {
        let mut client = at(&server, host);
        client.jar.insert("doorward".to_owned(), value.to_owned());
        client
    };
    assert_eq!(with("a.localhost", &a).get("/").status, 200);
    // Stolen by app A, it opens neither B nor the account nor the API; and the portal's opens no app.
    assert_eq!(with("b.localhost", &a).get("/").status, 401);
    assert_eq!(with("localhost", &a).get("/api/v1/auth/me").status, 401);
    assert_eq!(with("localhost", &a).page("/.doorward/account").status, 303);
    assert_eq!(with("a.localhost", &portal).get("/").status, 401);
    // The API is not there at all on the host of an app.
    assert_eq!(with("a.localhost", &a).get("/api/v1/auth/me").json()["target"], "/api/v1/auth/me");
    // Signing out at the portal ends them all at once.
    assert_eq!(jars[0].call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    assert_eq!(with("a.localhost", &a).get("/").status, 401);
}

#[test]
fn a_code_is_of_one_use_one_host_and_one_browser() {
    let (server, _apps) = apart();
    let mut portal = server.signed_in();
    let mut victim = at(&server, "a.localhost");
    let to_portal = victim.page("/notes");
    let enter = to_portal.location().split_once(&format!(":{}", server.port)).unwrap().1.to_owned();
    let to_app = portal.page(&enter);
    assert_eq!(to_app.status, 302, "{}", to_app.body);
    let path = to_app.location().split_once(&format!(":{}", server.port)).unwrap().1.to_owned();
    // Another browser, which holds another state, gets nothing, and the code is burnt.
    let mut thief = at(&server, "a.localhost");
    thief.page("/notes");
    assert!(!thief.page(&path).cookies().iter().any(|cookie| cookie.starts_with("doorward=")));
    assert!(!victim.page(&path).cookies().iter().any(|cookie| cookie.starts_with("doorward=")));
    // Only hosts of apps are led to.
    for host in ["evil.example", "a.localhost.evil.example", "localhost", ""] {
        let answer = portal.page(&enter.replace("host=a.localhost", &format!("host={host}")));
        assert_eq!(answer.status, 400, "{host}");
    }
}

#[test]
fn what_is_ours_on_the_host_of_an_app_is_only_below_doorward() {
    let (server, apps) = apart();
    let mut client = at(&server, "a.localhost");
    assert_eq!(client.get("/.doorward/assets/nothing.css").status, 404);
    let answer = client.page("/.doorward/account");
    assert_eq!(answer.location(), format!("http://localhost:{}/.doorward/account", server.port));
    assert_eq!(client.send("POST", "/.doorward/account/password", &[], "x").status, 404);
    for path in ["/login", "/health", "/api/v1/auth/csrf-token", "/account", "/.well-known/jwks.json", "/demo/"] {
        assert_eq!(client.get(path).status, 401, "{path} is the app's, behind the login");
    }
    assert!(apps[0].seen().is_empty());
}

#[test]
fn websockets_pass_and_end_with_the_session() {
    use std::io::{Read as _, Write as _};
    let (server, apps) = apart();
    let mut jars = vec![server.signed_in()];
    follow(&server, &mut jars, &format!("http://a.localhost:{}/", server.port));
    let jar = jars.iter().find(|jar| jar.host.starts_with("a.")).unwrap();
    let open = |origin: &str, cookie: &str| {
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
        let request = format!(
            "GET /socket HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {origin}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nCookie: doorward={cookie}\r\n\r\n",
            jar.host
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 1024];
        let count = stream.read(&mut head).unwrap();
        (String::from_utf8_lossy(&head[..count]).into_owned(), stream)
    };
    let own = format!("http://{}", jar.host);
    let cookie = jar.jar["doorward"].clone();
    assert!(open("https://evil.example", &cookie).0.starts_with("HTTP/1.1 403"), "a foreign page cannot open it");
    assert!(open(&own, "dwa_none").0.starts_with("HTTP/1.1 401"));
    let (head, mut stream) = open(&own, &cookie);
    assert!(head.starts_with("HTTP/1.1 101"), "{head}");
    stream.write_all(b"over the wire").unwrap();
    let mut echo = [0; 13];
    stream.read_exact(&mut echo).unwrap();
    assert_eq!(&echo, b"over the wire");
    assert_eq!(apps[0].seen().iter().filter(|seen| seen["target"] == "/socket").count(), 1);
    assert_eq!(jars[0].call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    let ended = stream.read(&mut [0; 16]);
    assert!(matches!(ended, Ok(0) | Err(_)), "the tunnel ends with the session: {ended:?}");
}

// WSTG-SESS-07: a page that only listens must not hear on when its session is over.
#[test]
fn a_stream_of_events_ends_with_the_session() {
    use std::io::{Read as _, Write as _};
    let (server, _apps) = apart();
    let mut jars = vec![server.signed_in()];
    follow(&server, &mut jars, &format!("http://a.localhost:{}/", server.port));
    let jar = jars.iter().find(|jar| jar.host.starts_with("a.")).unwrap();
    let mut stream = std::net::TcpStream::connect(("127.0.0.1", server.port)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(10))).unwrap();
    let (host, cookie) = (&jar.host, &jar.jar["doorward"]);
    write!(stream, "GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: doorward={cookie}\r\n\r\n").unwrap();
    let mut seen = String::new();
    while !seen.contains("data: 1") {
        let mut piece = [0; 1024];
        let count = stream.read(&mut piece).unwrap();
        assert_ne!(count, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    assert!(!seen.contains("0\r\n\r\n"), "it goes on as long as the session: {seen}");
    assert_eq!(jars[0].call("POST", "/api/v1/auth/jwt/logout", &json!({})).status, 200);
    let mut rest = [0; 16];
    let count = stream.read(&mut rest).unwrap();
    assert_eq!(&rest[..count], b"0\r\n\r\n", "the stream ends with the session");
}
