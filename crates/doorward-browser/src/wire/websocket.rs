//! A small WebSocket client (RFC 6455) for a browser that runs already and listens on this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use parking_lot::Mutex;
use sha1::{Digest as _, Sha1};

use super::{Inbox, MESSAGE_AT_MOST, Outbox};
use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(10);
/// RFC 6455, section 1.3.
const MAGIC: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const KEY: &str = "ZG9vcndhcmQtYnJvd3Nlcg==";

/// Attaches to `endpoint`: `ws://…`, or `http://host:port`, which tells its WebSocket address.
pub(crate) fn connect(endpoint: &str, inbox: Inbox, ended: impl FnOnce() + Send + 'static) -> Result<Outbox, Failure> {
    let address = if endpoint.starts_with("http://") { ask(endpoint)? } else { endpoint.to_owned() };
    let (host, path) = split(&address, "ws://")?;
    let stream = open(&host)?;
    let mut reader = BufReader::new(stream.try_clone().map_err(|error| refused(&address, &error))?);
    shake_hands(&stream, &mut reader, &host, &path).map_err(|error| refused(&address, &error))?;
    let _ = stream.set_read_timeout(None);
    let (outbox, messages) = mpsc::channel::<Vec<u8>>();
    let stream = Arc::new(Mutex::new(stream));
    let own = Arc::clone(&stream);
    thread::spawn(move || write(&own, &messages));
    thread::spawn(move || {
        let _ = read(&mut reader, inbox, |content| {
            let _ = stream.lock().write_all(&frame(0xA, content));
        });
        ended();
    });
    Ok(outbox)
}

fn refused(address: &str, error: &std::io::Error) -> Failure {
    Failure::NotStarted(format!("No browser answers at {address}: {error}"))
}

fn split(address: &str, scheme: &str) -> Result<(String, String), Failure> {
    let rest = address.strip_prefix(scheme).ok_or_else(|| {
        Failure::NotStarted(format!(
            "\"{address}\" is no address of a browser; write ws://HOST:PORT/… or http://HOST:PORT"
        ))
    })?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Ok((host.to_owned(), format!("/{path}")))
}

fn open(host: &str) -> Result<TcpStream, Failure> {
    let stream = TcpStream::connect(host).map_err(|error| refused(host, &error))?;
    let _ = stream.set_read_timeout(Some(PATIENCE));
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

fn ask(endpoint: &str) -> Result<String, Failure> {
    let (host, _) = split(endpoint, "http://")?;
    let stream = open(&host)?;
    let request = format!("GET /json/version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    (&stream).write_all(request.as_bytes()).map_err(|error| refused(endpoint, &error))?;
    let body = body(&mut BufReader::new(&stream)).map_err(|error| refused(endpoint, &error))?;
    let version: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let address = version["webSocketDebuggerUrl"].as_str();
    address
        .map(str::to_owned)
        .ok_or_else(|| Failure::NotStarted(format!("{endpoint} does not tell a browser's address")))
}

/// The body of an answer whose connection stays open.
fn body(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut length = 0;
    for _ in 0..100 {
        let mut line = String::new();
        reader.by_ref().take(8192).read_line(&mut line)?;
        if line.trim_end().is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().unwrap_or_default();
        }
    }
    let mut body = Vec::new();
    reader.take(length.min(64 * 1024)).read_to_end(&mut body)?;
    Ok(body)
}

fn shake_hands(
    mut stream: &TcpStream,
    reader: &mut BufReader<TcpStream>,
    host: &str,
    path: &str,
) -> std::io::Result<()> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(request.as_bytes())?;
    let wanted = STANDARD.encode(Sha1::digest(format!("{KEY}{MAGIC}")));
    let mut is_accepted = false;
    for count in 0..100 {
        let mut line = String::new();
        reader.by_ref().take(8192).read_line(&mut line)?;
        let line = line.trim_end();
        if count == 0 && !line.starts_with("HTTP/1.1 101") {
            return Err(std::io::Error::other(line.to_owned()));
        }
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':').unwrap_or_default();
        is_accepted |= name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == wanted;
    }
    if is_accepted { Ok(()) } else { Err(std::io::Error::other("it does not speak WebSocket")) }
}

/// Sends messages until nobody has any more, then ends the connection: a browser waits for those who are attached to it
/// before it lets a new tab run.
fn write(stream: &Mutex<TcpStream>, messages: &mpsc::Receiver<Vec<u8>>) {
    while let Ok(message) = messages.recv() {
        if stream.lock().write_all(&frame(0x1, &message)).is_err() {
            return;
        }
    }
    let mut stream = stream.lock();
    let _ = stream.write_all(&frame(0x8, &[]));
    let _ = stream.shutdown(std::net::Shutdown::Both);
}

/// One frame of a client; the mask is zero, since the way is this machine's own.
fn frame(code: u8, content: &[u8]) -> Vec<u8> {
    let mut made = vec![0x80 | code];
    match content.len() {
        length @ 0..=125 => made.push(0x80 | u8::try_from(length).unwrap_or(125)),
        length @ 126..=65_535 => {
            made.push(0x80 | 0x7e);
            made.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
        }
        length => {
            made.push(0x80 | 0x7f);
            made.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    made.extend_from_slice(&[0; 4]);
    made.extend_from_slice(content);
    made
}

/// Reads messages until the end; what a ping holds goes to `pong`.
fn read(reader: &mut impl Read, mut inbox: Inbox, mut pong: impl FnMut(&[u8])) -> std::io::Result<()> {
    let mut message = Vec::new();
    loop {
        let mut head = [0; 2];
        reader.read_exact(&mut head)?;
        let mut length = u64::from(head[1] & 0x7f);
        if length >= 126 {
            let mut wide = [0; 8];
            let start = if length == 126 { 6 } else { 0 };
            reader.read_exact(&mut wide[start..])?;
            length = u64::from_be_bytes(wide);
        }
        let size = usize::try_from(length).unwrap_or(usize::MAX);
        if size.saturating_add(message.len()) > MESSAGE_AT_MOST {
            return Err(std::io::Error::other("a message is too long"));
        }
        let code = head[0] & 0xf;
        let mut content = vec![0; size];
        reader.read_exact(&mut content)?;
        match code {
            0x8 => return Ok(()),
            0x9 => pong(&content),
            0xA => {}
            _ => {
                message.append(&mut content);
                if head[0] & 0x80 != 0 {
                    inbox(&message);
                    message.clear();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_says_its_length_in_one_of_three_ways() {
        for (length, head) in [(5, 2), (200, 4), (70_000, 10)] {
            let made = frame(1, &vec![b'x'; length]);
            assert_eq!(made.len(), head + 4 + length);
        }
    }

    #[test]
    fn pieces_become_one_message_and_a_ping_is_answered() {
        let bytes = [&[0x01, 2][..], b"ab", &[0x89, 1], b"p", &[0x80, 1], b"c", &[0x88, 0]].concat();
        let (sender, receiver) = mpsc::channel();
        let mut pongs = Vec::new();
        let inbox = Box::new(move |text: &[u8]| sender.send(text.to_vec()).unwrap());
        read(&mut &bytes[..], inbox, |content| pongs.push(content.to_vec())).unwrap();
        assert_eq!(receiver.recv().unwrap(), b"abc");
        assert_eq!(pongs, [b"p"]);
    }

    #[test]
    fn what_is_no_address_of_a_browser_is_told_so() {
        assert!(split("file:///etc/passwd", "ws://").is_err());
        assert_eq!(split("ws://h:1/a/b", "ws://").unwrap(), ("h:1".to_owned(), "/a/b".to_owned()));
    }
}
