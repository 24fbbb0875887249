//! Apps that write exactly what a test wants, and remember what they were sent.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// What an app remembers.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// Heads of requests, as they came.
    pub(super) heads: Mutex<Vec<String>>,
    /// Every byte that came, over all connections.
    pub(super) bytes: Mutex<Vec<u8>>,
    connections: AtomicUsize,
}

/// An app that listens.
pub(super) struct App {
    pub(super) address: SocketAddr,
    pub(super) memory: Arc<Memory>,
    /// Held so that it ends with the app.
    _task: JoinSet<()>,
}

impl App {
    /// Its address, as an operator writes it.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Connections that were taken so far.
    pub(super) fn connections(&self) -> usize {
        self.memory.connections.load(Ordering::SeqCst)
    }

    /// Heads that were read so far.
    pub(super) fn heads(&self) -> Vec<String> {
        self.memory.heads.lock().clone()
    }
}

/// One connection of an app, with its place in the order of connections, from 0.
pub(super) struct Call {
    pub(super) stream: TcpStream,
    pub(super) number: usize,
    pub(super) memory: Arc<Memory>,
    rest: Vec<u8>,
}

impl Call {
    /// Reads one head, up to its empty line. Nothing at the end of the connection.
    pub(super) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.windows(4).position(|four| four == b"\r\n\r\n") {
                let head: Vec<u8> = self.rest.drain(..at + 4).collect();
                let head = String::from_utf8_lossy(&head).into_owned();
                self.memory.heads.lock().push(head.clone());
                return Some(head);
            }
            self.more().await?;
        }
    }

    /// Reads exactly this many bytes of a body.
    pub(super) async fn body(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.rest.len() < length {
            self.more().await?;
        }
        Some(self.rest.drain(..length).collect())
    }

    /// Reads a chunked body, trailers included.
    pub(super) async fn chunks(&mut self) -> Option<()> {
        loop {
            let size = usize::from_str_radix(self.line().await?.split(';').next()?, 16).ok()?;
            if size == 0 {
                break;
            }
            self.body(size + 2).await?;
        }
        while !self.line().await?.is_empty() {}
        Some(())
    }

    async fn line(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.rest.windows(2).position(|two| two == b"\r\n") {
                let line: Vec<u8> = self.rest.drain(..at + 2).collect();
                return Some(String::from_utf8_lossy(&line[..at]).into_owned());
            }
            self.more().await?;
        }
    }

    /// Reads what comes next.
    pub(super) async fn more(&mut self) -> Option<usize> {
        let mut piece = vec![0; 64 * 1024];
        let count = self.stream.read(&mut piece).await.ok().filter(|count| *count > 0)?;
        self.memory.bytes.lock().extend_from_slice(&piece[..count]);
        self.rest.extend_from_slice(&piece[..count]);
        Some(count)
    }

    /// What was read behind a head and not looked at yet.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.rest)
    }

    /// Writes bytes; whether they went out is the door's business.
    pub(super) async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        _ = self.stream.write_all(bytes.as_ref()).await;
    }
}

/// An app that runs this for every connection.
pub(super) async fn scripted<F, R>(script: F) -> App
where
    F: Fn(Call) -> R + Send + Sync + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let memory = Arc::new(Memory::default());
    let held = Arc::clone(&memory);
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut calls = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            let number = held.connections.fetch_add(1, Ordering::SeqCst);
            calls.spawn(script(Call { stream, number, memory: Arc::clone(&held), rest: Vec::new() }));
        }
    });
    App { address, memory, _task: task }
}

/// An app that gives the same bytes for every head, and keeps its connections.
pub(super) async fn constant(answer: &'static str) -> App {
    scripted(move |mut call| async move {
        while call.head().await.is_some() {
            call.write(answer).await;
        }
    })
    .await
}

/// `200 OK` with this text.
pub(super) fn ok(text: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{text}", text.len())
}
