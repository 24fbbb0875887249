//! A server that does what a test says: the bytes it answers with, for each request head.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use doorward_doctor::facts::Target;
use doorward_doctor::probe::Login;
use doorward_doctor::redact::Salt;
use doorward_doctor::{Facts, Report, Request, examine, judge};

/// What a connection meets after the head of a request.
pub(crate) enum Deed {
    /// These bytes; the connection stays.
    Say(String),
    /// These bytes; then the connection ends.
    Last(String),
    /// Nothing, until the other side gives up.
    Hang,
    /// A head, and a body without end.
    Forever,
}

/// A server and what it counted.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) requests: Arc<AtomicUsize>,
    pub(crate) connections: Arc<AtomicUsize>,
}

/// Starts one.
pub(crate) fn serve(deed: impl Fn(&str) -> Deed + Send + Sync + 'static) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let (requests, connections) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, met, deed) = (requests.clone(), connections.clone(), Arc::new(deed));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            met.fetch_add(1, Ordering::SeqCst);
            let (counted, deed) = (counted.clone(), deed.clone());
            thread::spawn(move || talk(stream, &counted, &*deed));
        }
    });
    Server { address, requests, connections }
}

fn talk(mut stream: TcpStream, counted: &AtomicUsize, deed: &(dyn Fn(&str) -> Deed + Send + Sync)) {
    let mut kept = Vec::new();
    let mut piece = [0; 16_384];
    loop {
        let Ok(length) = stream.read(&mut piece) else { return };
        if length == 0 {
            return;
        }
        kept.extend(&piece[..length]);
        let text = String::from_utf8_lossy(&kept).into_owned();
        let Some(end) = text.find("\r\n\r\n") else { continue };
        let size = text
            .to_lowercase()
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.split("\r\n").next()?.parse().ok())
            .unwrap_or(0);
        if text.len() < end + 4 + size {
            continue;
        }
        counted.fetch_add(1, Ordering::SeqCst);
        kept.clear();
        match deed(&text) {
            Deed::Say(answer) => stream.write_all(answer.as_bytes()).unwrap_or_default(),
            Deed::Last(answer) => return stream.write_all(answer.as_bytes()).unwrap_or_default(),
            Deed::Hang => thread::park_timeout(Duration::from_secs(20)),
            Deed::Forever => {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n");
                let piece = vec![b'x'; 65_536];
                while stream.write_all(&piece).is_ok() {}
                return;
            }
        }
    }
}

/// An answer with this head and body.
pub(crate) fn answer(head: &str, body: &str) -> Deed {
    Deed::Say(format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// Examines the server; the report and the facts.
pub(crate) fn examined(server: &Server, login: Option<Login>) -> (Report, Facts) {
    examined_within(server, login, Duration::from_millis(600))
}

/// The same, with so much patience for each step.
pub(crate) fn examined_within(server: &Server, login: Option<Login>, timeout: Duration) -> (Report, Facts) {
    let target =
        Target { scheme: "http".into(), host: "127.0.0.1".into(), port: server.address.port(), path: "/login".into() };
    let request = Request {
        target: Some(target),
        timeout,
        now: 1_800_000_000,
        salt: Salt::of(b"test"),
        login,
        ..Request::default()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut facts = Facts::default();
    runtime.block_on(examine(&request, &mut facts, &mut |_| {})).expect("no file is named");
    (judge(&facts, None), facts)
}

/// A sign-in page, as an ordinary app has it.
pub(crate) const FORM: &str = "<form method=post action=/login><input type=hidden name=csrf_token value=tttttttttttt><input name=username><input type=password name=password></form>";
