//! The release program as a process: how soon it answers, and what memory it takes.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use sqlx::{Connection as _, SqliteConnection};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use doorward::system::{SystemClock, SystemRandom};
use doorward_core::Clock as _;
use doorward_core::identifier::{LoginHandle, SessionId, UserId};
use doorward_core::token;

use crate::{resident, row};

/// A running program on its own data. It ends with its value.
pub(crate) struct Served {
    child: Child,
    pub(crate) port: u16,
    pub(crate) place: tempfile::TempDir,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    /// Starts the program with these variables, and gives back how long its first answer took.
    pub(crate) async fn start(place: tempfile::TempDir, settings: &[(&str, &str)]) -> (Self, Duration) {
        Self::start_as(Command::new(program()), place, settings).await
    }

    /// The same on one core.
    pub(crate) async fn start_on(core: usize, place: tempfile::TempDir, settings: &[(&str, &str)]) -> Self {
        let mut command = pinned(core, "env");
        command.arg(program());
        Self::start_as(command, place, settings).await.0
    }

    async fn start_as(mut command: Command, place: tempfile::TempDir, settings: &[(&str, &str)]) -> (Self, Duration) {
        let port = doorward_port::lease();
        command.env_clear().env("DOORWARD_SERVER__PRIVATE_LISTEN", "off").current_dir(place.path());
        command.envs(settings.iter().copied()).stdout(Stdio::null()).stderr(Stdio::null());
        command.args(["serve", "--listen", &format!("127.0.0.1:{port}"), "--data"]).arg(place.path().join("data"));
        let began = Instant::now();
        let child = command.spawn().unwrap();
        let mut served = Self { child, port, place };
        while served.answer("GET /health/live HTTP/1.1\r\nConnection: close\r\n", "").await.is_none() {
            assert_eq!(served.child.try_wait().unwrap(), None, "the program ended: {command:?}");
            sleep(Duration::from_millis(1)).await;
        }
        (served, began.elapsed())
    }

    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Ends the program and keeps its data.
    pub(crate) fn end(mut self) -> tempfile::TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        std::mem::replace(&mut self.place, tempfile::tempdir().unwrap())
    }

    /// Sends one request on a connection of its own; the head lacks only its host.
    pub(crate) async fn answer(&self, head: &str, body: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.ok()?;
        let port = self.port;
        stream.write_all(format!("{head}Host: localhost:{port}\r\n\r\n{body}").as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        (!answer.is_empty()).then_some(answer)
    }

    pub(crate) fn administrator(&self) -> (String, String) {
        let text = std::fs::read_to_string(self.place.path().join("data/initial-admin.txt")).unwrap();
        let value = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        (value("email: "), value("password: "))
    }
}

/// The release program.
pub(crate) fn program() -> std::path::PathBuf {
    std::env::current_exe().unwrap().with_file_name("../doorward")
}

/// A program that runs on one core alone.
pub(crate) fn pinned(core: usize, program: &str) -> Command {
    let mut command = Command::new("taskset");
    command.args(["--cpu-list", &core.to_string(), program]);
    command
}

/// Prints `start.first`, `start.second`, `memory.idle` and `memory.sessions`.
pub(crate) async fn measure() {
    let milliseconds = |time: Duration| time.as_secs_f64() * 1_000.0;
    let (served, first) = Served::start(tempfile::tempdir().unwrap(), &[]).await;
    row("start.first", vec![milliseconds(first)], "ms");
    let (mut place, mut seconds, mut idle) = (served.end(), Vec::new(), Vec::new());
    for _ in 0..5 {
        let (served, second) = Served::start(place, &[]).await;
        seconds.push(milliseconds(second));
        idle.push(resident(&served.child.id().to_string()) as f64 / 1_048_576.0);
        place = served.end();
    }
    row("start.second", seconds, "ms");
    row("memory.idle", idle, "MiB");
    fill(&place.path().join("data/doorward.db"), 100_000).await;
    let (served, _) = Served::start(place, &[]).await;
    row("memory.sessions", vec![resident(&served.child.id().to_string()) as f64 / 1_048_576.0], "MiB");
}

/// People whose sessions these are: one person with all of them would be read whole after each of its own events.
const PEOPLE: usize = 1_000;

/// Adds people as the administrator is one, without a password; gives back who they are.
async fn people(transaction: &mut SqliteConnection) -> Vec<String> {
    let mut owners = Vec::with_capacity(PEOPLE);
    for number in 0..PEOPLE {
        let id = UserId::random(&SystemRandom).to_string();
        sqlx::query(
            "INSERT INTO users (id, email, name, group_names, status, password, password_changed_at, \
             must_change_password, created_at) \
             SELECT $1, $2, name, group_names, status, NULL, password_changed_at, 0, created_at FROM users LIMIT 1",
        )
        .bind(&id)
        .bind(format!("person-{number}@example.com"))
        .execute(&mut *transaction)
        .await
        .unwrap();
        owners.push(id);
    }
    owners
}

/// Writes live sessions of many people straight into the database, while nobody serves; gives back their cookies.
pub(crate) async fn fill(database: &std::path::Path, count: usize) -> Vec<String> {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", database.display())).await.unwrap();
    let now = SystemClock.now().0;
    let mut transaction = connection.begin().await.unwrap();
    let owners = people(&mut transaction).await;
    let mut cookies = Vec::with_capacity(count);
    for number in 0..count {
        let (cookie, hash) = token::mint(token::Kind::Session, &SystemRandom);
        sqlx::query(
            "INSERT INTO user_session (id, token, handle, user_id, kind, stage, methods, is_persistent, created_at, \
             authenticated_at, last_seen, address, device, proven) \
             VALUES ($1, $2, $3, $4, 'browser', 'full', 1, 0, $5, $5, $5, '192.0.2.1', $6, $7)",
        )
        .bind(SessionId::random(&SystemRandom).to_string())
        .bind(hash.to_text())
        .bind(LoginHandle::random(&SystemRandom).to_string())
        .bind(&owners[number % owners.len()])
        .bind(now)
        .bind(format!("Mozilla/5.0 (X11; Linux x86_64) Chrome/{}.0.0.0 Safari/537.36", 100 + number % 400))
        .bind(format!("pwd={now}"))
        .execute(&mut *transaction)
        .await
        .unwrap();
        cookies.push(cookie.expose_secret().to_owned());
    }
    transaction.commit().await.unwrap();
    connection.close().await.unwrap();
    cookies
}
