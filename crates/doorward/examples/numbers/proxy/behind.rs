//! What stands behind the proxies: an app that answers 1 KiB, and a server that knows every session. Both are as small
//! and fast as they can be, so that the proxies are measured and not these.

use std::collections::HashMap;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::served::pinned;

const NOBODY: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// Whose each session is.
type Sessions = HashMap<Vec<u8>, String>;

/// The running servers. They end with their value.
pub(super) struct Behind(Child);

impl Behind {
    /// Starts them as a process on one core: the app on `port`, and the server that is asked on the one after it.
    pub(super) fn start(core: usize, port: u16, sessions: &Path) -> Self {
        let program = std::env::current_exe().unwrap();
        let mut command = pinned(core, program.to_str().unwrap());
        command.args(["behind", &port.to_string()]).arg(sessions);
        Self(command.spawn().unwrap())
    }
}

impl Drop for Behind {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Serves both for ever.
#[expect(clippy::disallowed_methods, reason = "these servers are a process of their own")]
pub(crate) async fn serve(port: u16, sessions: &str) {
    let text = std::fs::read_to_string(sessions).unwrap();
    let pairs = text.lines().filter_map(|line| line.split_once(' '));
    let sessions: Arc<Sessions> = Arc::new(pairs.map(|(cookie, user)| (cookie.into(), user.to_owned())).collect());
    let page =
        format!("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 1024\r\n\r\n{}", "x".repeat(1024));
    let (page, app) = (Arc::new(page), TcpListener::bind(("127.0.0.1", port)).await.unwrap());
    tokio::spawn(async move {
        loop {
            let (stream, _) = app.accept().await.unwrap();
            let page = Arc::clone(&page);
            tokio::spawn(answer(stream, move |_| page.as_bytes().to_vec()));
        }
    });
    let asked = TcpListener::bind(("127.0.0.1", port + 1)).await.unwrap();
    loop {
        let (stream, _) = asked.accept().await.unwrap();
        let sessions = Arc::clone(&sessions);
        tokio::spawn(answer(stream, move |head| about(&sessions, head)));
    }
}

async fn answer(mut stream: TcpStream, answer: impl Fn(&[u8]) -> Vec<u8> + Send) {
    let _ = stream.set_nodelay(true);
    let (mut buffer, mut length) = (vec![0; 16 * 1024], 0);
    while let Ok(count @ 1..) = stream.read(&mut buffer[length..]).await {
        length += count;
        if buffer[..length].ends_with(b"\r\n\r\n") {
            if stream.write_all(&answer(&buffer[..length])).await.is_err() {
                return;
            }
            length = 0;
        }
    }
}

/// Says whose session it is that a request shows.
fn about(sessions: &Sessions, head: &[u8]) -> Vec<u8> {
    const COOKIE: &[u8] = b"doorward=";
    let start = head.windows(COOKIE.len()).position(|bytes| bytes == COOKIE).map(|at| at + COOKIE.len());
    let value = start.and_then(|start| head[start..].split(|byte| b"; \r".contains(byte)).next());
    match value.and_then(|value| sessions.get(value)) {
        Some(user) => format!(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nRemote-User: {user}\r\nRemote-Groups: administrators\r\n\
             Remote-Name: Administrator\r\nRemote-Email: {user}\r\n\r\n"
        )
        .into_bytes(),
        None => NOBODY.to_vec(),
    }
}
