//! Forward auth behind the real nginx, Caddy and `HAProxy`, with the configurations that `doorward proxy-config` prints.

mod example;
mod proxy;
mod question;
mod story;

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::it::harness::{Answer, Client, Server, Upstream};
use proxy::Running;

/// Doorward, three apps, and a proxy before them all.
struct Site {
    /// The port of the proxy.
    port: u16,
    server: Server,
    notes: Upstream,
    wiki: Upstream,
    other: Upstream,
    _proxy: Running,
}

impl Site {
    fn start(kind: &'static str) -> Self {
        let port = doorward_port::lease();
        let [notes, wiki, other] = [(); 3].map(|()| Upstream::plain());
        let text = format!(
            "[server]\nenvironment = \"development\"\npublic_url = \"http://localhost:{port}\"\ntrusted_proxies = [\"127.0.0.1\"]\n\
             [[app]]\nname = \"notes\"\nhost = \"notes.localhost\"\nupstream = \"{}\"\npublic_paths = [\"/open/*\"]\napp_passwords = true\n\
             [[app.rule]]\npaths = [\"/admin/*\"]\ngroups = [\"nobody-is-in-it\"]\n\
             [[app.rule]]\npaths = [\"/feed\"]\nmethods = [\"GET\"]\naccess = \"public\"\n\
             [[app]]\nname = \"wiki\"\nhost = \"notes.localhost\"\npath = \"/open/wiki\"\nupstream = \"{}\"\n\
             [[app]]\nname = \"other\"\nhost = \"other.localhost\"\nupstream = \"{}\"\n",
            notes.url(),
            wiki.url(),
            other.url()
        );
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("doorward.toml");
        std::fs::write(&file, text).unwrap();
        let server = Server::start_with_file(&file);
        let running = Running::start(kind, &server, port);
        Self { port, server, notes, wiki, other, _proxy: running }
    }

    /// A browser at one host, as nobody.
    fn at(&self, host: &str) -> Client {
        let mut client = Client::new(self.port);
        client.host = format!("{host}:{}", self.port);
        client
    }

    fn notes(&self) -> Client {
        self.at("notes.localhost")
    }

    /// A browser that is signed in at the portal and has entered the notes: both jars.
    fn signed_in(&self) -> [Client; 2] {
        let (email, password) = self.server.administrator();
        let mut portal = self.at("localhost");
        assert_eq!(portal.sign_in(&email, &password).status, 200);
        let mut jars = vec![portal];
        let (answer, _) = self.follow(&mut jars, &format!("http://notes.localhost:{}/start", self.port));
        assert_eq!(answer.status, 200, "{}", answer.body);
        let notes = jars.iter().position(|jar| jar.host.starts_with("notes.")).unwrap();
        let notes = jars.swap_remove(notes);
        [jars.remove(0), notes]
    }

    /// Follows redirects over several hosts, each with the jar of its own.
    fn follow(&self, jars: &mut Vec<Client>, start: &str) -> (Answer, String) {
        let mut url = start.to_owned();
        for _ in 0..20 {
            let rest = url.strip_prefix("http://").unwrap();
            let (authority, path) = rest.split_once('/').unwrap();
            if !jars.iter().any(|jar| jar.host == authority) {
                jars.push(self.at(authority.split(':').next().unwrap()));
            }
            let jar = jars.iter_mut().find(|jar| jar.host == authority).unwrap();
            let answer = jar.page(&format!("/{path}"));
            if !(300..400).contains(&answer.status) {
                return (answer, url);
            }
            let to = answer.location().to_owned();
            url = if to.starts_with('/') { format!("http://{authority}{to}") } else { to };
        }
        panic!("twenty redirects, the last to {url}");
    }

    /// Requests that any of the apps has seen.
    fn seen(&self) -> usize {
        self.notes.seen().len() + self.wiki.seen().len() + self.other.seen().len()
    }

    /// Opens a WebSocket at the notes.
    fn socket(&self, origin: &str, cookie: &str) -> (String, TcpStream) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let request = format!(
            "GET /socket HTTP/1.1\r\nHost: notes.localhost:{}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nOrigin: {origin}\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nCookie: doorward={cookie}\r\n\r\n",
            self.port
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 4096];
        let count = stream.read(&mut head).unwrap();
        (String::from_utf8_lossy(&head[..count]).into_owned(), stream)
    }
}

/// The value of a header that an app was sent.
fn header<'a>(seen: &'a serde_json::Value, name: &str) -> Option<&'a str> {
    let headers = seen["headers"].as_array().unwrap();
    headers.iter().find(|pair| pair[0] == name).and_then(|pair| pair[1].as_str())
}
