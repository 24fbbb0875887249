//! The tool server over standard input and output: one message a line.

use std::io::{BufRead, Read as _, Write};
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::protocol::Server;

/// The longest line that is read; a longer one is answered as broken and passed by.
const LINE: u64 = 16 * 1024 * 1024;
/// Messages that are worked on at the same time.
const AT_ONCE: usize = 64;

/// Serves one client until its input ends, then ends the browser.
pub async fn serve<R, W>(server: Arc<Server>, input: R, output: W)
where
    R: BufRead + Send + 'static,
    W: Write + Send + 'static,
{
    let output = Arc::new(Mutex::new(output));
    let (sender, mut lines) = mpsc::channel(AT_ONCE);
    std::thread::spawn(move || read(input, &sender));
    let mut tasks = JoinSet::new();
    while let Some(line) = lines.recv().await {
        while tasks.len() >= AT_ONCE {
            tasks.join_next().await;
        }
        while tasks.try_join_next().is_some() {}
        let Some(line) = line else {
            let text = "Parse error: the message is too long";
            write(&output, &json!({ "jsonrpc": "2.0", "id": null, "error": { "code": -32700, "message": text } }));
            continue;
        };
        let (server, output) = (Arc::clone(&server), Arc::clone(&output));
        tasks.spawn(async move {
            if let Some(answer) = server.answer(&line).await {
                write(&output, &answer);
            }
        });
    }
    // Whoever closes the input right after a question still gets its answer.
    let patience = std::time::Duration::from_secs(5);
    let _ = tokio::time::timeout(patience, async { while tasks.join_next().await.is_some() {} }).await;
    tasks.abort_all();
    server.close().await;
}

/// Sends each line on; none for one that is too long.
fn read(mut input: impl BufRead, sender: &mpsc::Sender<Option<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        match (&mut input).take(LINE).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let is_whole = line.last() == Some(&b'\n') || (line.len() as u64) < LINE;
        if !is_whole && !skip_line(&mut input) {
            return;
        }
        let is_blank = line.iter().all(u8::is_ascii_whitespace);
        if !is_blank && sender.blocking_send(is_whole.then_some(line)).is_err() {
            return;
        }
    }
}

/// Passes by the rest of a line. False where the input ends in it.
fn skip_line(input: &mut impl BufRead) -> bool {
    loop {
        let Ok(piece) = input.fill_buf() else { return false };
        if piece.is_empty() {
            return false;
        }
        let end = piece.iter().position(|byte| *byte == b'\n');
        let used = end.map_or(piece.len(), |at| at + 1);
        input.consume(used);
        if end.is_some() {
            return true;
        }
    }
}

fn write(output: &Mutex<impl Write>, answer: &Value) {
    let mut output = output.lock();
    let mut line = answer.to_string();
    line.push('\n');
    let _ = output.write_all(line.as_bytes()).and_then(|()| output.flush());
}
