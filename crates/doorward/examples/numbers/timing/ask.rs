//! One connection, over which one question after the other is asked, each from a network of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::world::World;
use crate::flood::{Pass, pass};

static NETWORK: AtomicU32 = AtomicU32::new(1);

/// A connection that stays open.
pub(super) struct Connection {
    stream: TcpStream,
    port: u16,
    pass: Pass,
}

impl Connection {
    pub(super) async fn open(world: &World) -> Self {
        let (port, pass) = (world.served.port, pass(&world.served).await);
        let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self { stream, port, pass }
    }

    /// Asks, and gives back how long the whole answer took.
    pub(super) async fn ask(&mut self, path: &str, email: &str) -> Duration {
        let body = if path.ends_with("login") {
            format!("{{\"email\":\"{email}\",\"password\":\"a guess of somebody\"}}")
        } else if path.ends_with("request") {
            format!("{{\"email\":\"{email}\"}}")
        } else {
            String::new()
        };
        let [_, a, b, c] = NETWORK.fetch_add(1, Ordering::Relaxed).to_be_bytes();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost:{}\r\nContent-Type: application/json\r\nX-CSRF-TOKEN: {}\r\n\
             Cookie: {}\r\nX-Forwarded-For: {}.{b}.{c}.7\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            self.pass.token,
            self.pass.cookies,
            11 + a,
            body.len()
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let began = Instant::now();
        let answer = self.read().await;
        let took = began.elapsed();
        let status = answer.split(' ').nth(1).unwrap().parse::<u16>().unwrap();
        assert!([200, 202, 401, 429].contains(&status), "{answer}");
        took
    }

    async fn read(&mut self) -> String {
        let mut bytes = Vec::with_capacity(4_096);
        loop {
            assert!(self.stream.read_buf(&mut bytes).await.unwrap() > 0, "{}", String::from_utf8_lossy(&bytes));
            let text = String::from_utf8_lossy(&bytes);
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return text.into_owned();
            }
        }
    }
}
