//! Ten times more sign-ins than the hash workers can serve, from everywhere, while an honest client goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval};

use crate::row;
use crate::served::Served;

/// How long each part is measured.
const SPAN: Duration = Duration::from_secs(5);

/// Requests of the honest client in a second.
const HONEST: u64 = 200;

/// A client that is nobody: a token and the cookies that go with it.
#[derive(Debug, Clone)]
pub(crate) struct Pass {
    pub(crate) token: String,
    pub(crate) cookies: String,
}

/// What became of the sign-ins that were offered.
#[derive(Debug, Default)]
struct Tally {
    served: usize,
    /// Milliseconds until each refusal.
    refused: Vec<f64>,
}

/// Prints the rows `flood.…`: the honest client asks who it is.
pub(crate) async fn measure() {
    // The addresses of the flood come through a trusted proxy, as they would from a network of machines.
    let settings = [("ENVIRONMENT", "development"), ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1")];
    let (served, _) = Served::start(tempfile::tempdir().unwrap(), &settings).await;
    let served = Arc::new(served);
    let asks = async |session: &str| percentile(honest(&served, session, SPAN).await, 0.99);
    beside(&served, "flood", asks).await;
}

/// Prints the rows of a flood: what `honest` gives back for a session, microseconds that 99 of 100 requests take at
/// most, without the flood and in the middle of it. The program trusts this machine as a proxy.
pub(crate) async fn beside(served: &Arc<Served>, group: &str, honest: impl AsyncFn(&str) -> f64) {
    let pass = pass(served).await;
    let session = sign_in(served, &pass).await;
    let number = Arc::new(AtomicU32::new(1));

    let idle = honest(&session).await;
    let capacity = closed_loop(served, &pass, &number).await;
    let offered = Duration::from_secs_f64(1.0 / (capacity * 10.0));
    let (tally, flooded) = tokio::join!(open_loop(served, &pass, &number, offered), honest(&session));

    row(&format!("{group}.p99_idle"), vec![idle], "us");
    row(&format!("{group}.p99"), vec![flooded], "us");
    row(&format!("{group}.capacity"), vec![capacity], "");
    row(&format!("{group}.served"), vec![tally.served as f64 / SPAN.as_secs_f64()], "");
    row(&format!("{group}.refused"), vec![percentile(tally.refused, 0.99)], "ms");
}

fn percentile(mut values: Vec<f64>, part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a list")]
    let place = (values.len() as f64 * part) as usize;
    values.get(place.min(values.len().saturating_sub(1))).copied().unwrap_or(f64::NAN)
}

pub(crate) async fn pass(served: &Served) -> Pass {
    let answer = served.answer("GET /api/v1/auth/csrf-token HTTP/1.1\r\nConnection: close\r\n", "").await.unwrap();
    let token = answer.split("\"csrf_token\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    Pass { token, cookies: cookies(&answer) }
}

fn cookies(answer: &str) -> String {
    let lines = answer.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    lines.map(|line| line.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

async fn post(served: &Served, pass: &Pass, address: &str, body: &str) -> Option<String> {
    let head = format!(
        "POST /api/v1/auth/jwt/login HTTP/1.1\r\nConnection: close\r\nContent-Type: application/json\r\n\
         X-CSRF-TOKEN: {}\r\nCookie: {}\r\nX-Forwarded-For: {address}\r\nContent-Length: {}\r\n",
        pass.token,
        pass.cookies,
        body.len()
    );
    served.answer(&head, body).await
}

pub(crate) async fn sign_in(served: &Served, pass: &Pass) -> String {
    let (email, password) = served.administrator();
    let body = format!("{{\"email\":\"{email}\",\"password\":\"{password}\"}}");
    let answer = post(served, pass, "127.0.0.1", &body).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    cookies(&answer)
}

/// One guess: another account from another network each time. True where a password was looked at.
async fn guess(served: &Served, pass: &Pass, number: &AtomicU32) -> Option<bool> {
    let number = number.fetch_add(1, Ordering::Relaxed);
    let [_, a, b, c] = number.to_be_bytes();
    let body = format!("{{\"email\":\"user{number}@example.com\",\"password\":\"a guess of somebody {number}\"}}");
    let answer = post(served, pass, &format!("{}.{b}.{c}.7", 11 + a), &body).await?;
    match answer.split(' ').nth(1) {
        Some("401") => Some(true),
        Some("503") => Some(false),
        other => panic!("neither served nor turned away: {other:?}"),
    }
}

/// Sign-ins that are served in a second when there is always one waiting and never one too many.
async fn closed_loop(served: &Arc<Served>, pass: &Pass, number: &Arc<AtomicU32>) -> f64 {
    let mut clients = JoinSet::new();
    let end = Instant::now() + SPAN;
    for _ in 0..4 {
        let (served, pass, number) = (Arc::clone(served), pass.clone(), Arc::clone(number));
        clients.spawn(async move {
            let mut count = 0_usize;
            while Instant::now() < end {
                count += usize::from(guess(&served, &pass, &number).await == Some(true));
            }
            count
        });
    }
    clients.join_all().await.into_iter().sum::<usize>() as f64 / SPAN.as_secs_f64()
}

/// Offers a sign-in each `period`, whatever becomes of those before.
async fn open_loop(served: &Arc<Served>, pass: &Pass, number: &Arc<AtomicU32>, period: Duration) -> Tally {
    let (mut ticks, mut offered) = (interval(period), JoinSet::new());
    let end = Instant::now() + SPAN;
    while Instant::now() < end {
        ticks.tick().await;
        let (served, pass, number) = (Arc::clone(served), pass.clone(), Arc::clone(number));
        offered.spawn(async move {
            let began = Instant::now();
            let is_served = guess(&served, &pass, &number).await;
            (is_served, began.elapsed(), Instant::now() <= end)
        });
    }
    let mut tally = Tally::default();
    for (is_served, taken, is_in_time) in offered.join_all().await {
        match is_served {
            Some(true) => tally.served += usize::from(is_in_time),
            Some(false) => tally.refused.push(taken.as_secs_f64() * 1_000.0),
            None => tally.refused.push(f64::INFINITY),
        }
    }
    tally
}

/// Microseconds of each session check of a client that keeps its connection.
async fn honest(served: &Served, session: &str, span: Duration) -> Vec<f64> {
    let mut stream = TcpStream::connect(("127.0.0.1", served.port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request =
        format!("GET /api/v1/auth/me HTTP/1.1\r\nHost: localhost:{}\r\nCookie: {session}\r\n\r\n", served.port);
    let (mut ticks, mut times) = (interval(Duration::from_micros(1_000_000 / HONEST)), Vec::new());
    let end = Instant::now() + span;
    let mut buffer = vec![0; 16 * 1024];
    while Instant::now() < end {
        ticks.tick().await;
        let began = Instant::now();
        stream.write_all(request.as_bytes()).await.unwrap();
        let count = stream.read(&mut buffer).await.unwrap();
        times.push(began.elapsed().as_secs_f64() * 1_000_000.0);
        assert!(buffer[..count].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&buffer[..count]));
    }
    times
}
