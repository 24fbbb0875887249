//! Many requests at one moment: each is written but for its last byte, and then all last bytes are.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

use super::Server;
use super::client::{Answer, Client, parse};

/// How many requests come at once.
const AT_ONCE: usize = 200;

/// Connections that stay open from one volley to the next.
#[derive(Debug)]
pub(crate) struct Volley {
    port: u16,
    streams: Vec<Option<TcpStream>>,
}

impl Volley {
    /// Connections to this server.
    pub(crate) fn at(server: &Server) -> Self {
        Self { port: server.port, streams: (0..AT_ONCE).map(|_| None).collect() }
    }

    /// Sends the requests at one moment, and gives back the answers in their order.
    pub(crate) fn fire(&mut self, request: impl Fn(usize) -> String) -> Vec<Answer> {
        let port = self.port;
        let mut last = Vec::with_capacity(AT_ONCE);
        for (number, stream) in self.streams.iter_mut().enumerate() {
            let request = request(number).into_bytes();
            let (end, start) = request.split_last().unwrap();
            let stream = stream.get_or_insert_with(|| connect(port));
            stream.write_all(start).unwrap();
            last.push(*end);
        }
        for (stream, end) in self.streams.iter_mut().zip(last) {
            stream.as_mut().unwrap().write_all(&[end]).unwrap();
        }
        let answers: Vec<Answer> = self.streams.iter_mut().map(|stream| read(stream.as_mut().unwrap())).collect();
        for (stream, answer) in self.streams.iter_mut().zip(&answers) {
            if answer.header("connection").is_some_and(|value| value.eq_ignore_ascii_case("close")) {
                *stream = None;
            }
        }
        answers
    }

    /// The same call from one browser, as often as there are connections: one may succeed, and is given back.
    pub(crate) fn race(&mut self, client: &Client, path: &str, body: impl Fn(usize) -> Value) -> Answer {
        let mut client = client.clone();
        let (token, origin) = (client.token(), client.origin());
        let headers = [("Content-Type", "application/json"), ("X-CSRF-TOKEN", &*token), ("Origin", &*origin)];
        let answers = self.fire(|number| client.written(("POST", path), &headers, &body(number).to_string()));
        only(path, answers, |answer| (200..300).contains(&answer.status))
    }
}

/// The one answer that is a success; all others must be refusals that say why and sign nobody in.
pub(crate) fn only(what: &str, answers: Vec<Answer>, is_won: impl Fn(&Answer) -> bool) -> Answer {
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(is_won);
    assert_eq!(won.len(), 1, "{what}: {won:?} and {:?}", lost.first());
    for answer in &lost {
        assert!(answer.status >= 300 && answer.status != 500, "{what}: {answer:?}");
        assert!(answer.status < 400 || !answer.reason().is_empty(), "{what}: {answer:?}");
        assert!(!answer.cookies().iter().any(|cookie| cookie.starts_with("doorward=dw")), "{what}: {answer:?}");
    }
    won.into_iter().next().unwrap()
}

fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nodelay(true).unwrap();
    stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
    stream
}

/// Reads one answer off a connection that stays open.
fn read(stream: &mut TcpStream) -> Answer {
    let (mut bytes, mut chunk) = (Vec::new(), [0; 8 * 1024]);
    loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let answer = parse(&bytes);
            let length = answer.header("content-length").map_or(0, |length| length.parse().unwrap());
            if answer.header("transfer-encoding").is_none() && bytes.len() >= at + 4 + length {
                return answer;
            }
        }
        match stream.read(&mut chunk) {
            Ok(count @ 1..) => bytes.extend_from_slice(&chunk[..count]),
            ended => panic!("an answer was not ended: {ended:?} {}", String::from_utf8_lossy(&bytes)),
        }
    }
}
