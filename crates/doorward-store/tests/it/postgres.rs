//! A temporary PostgreSQL of the distribution, shared by all tests of this checkout and stopped when idle.
//!
//! Each test process holds a shared lock while it runs. The first one starts the server under a shell that
//! looks every few seconds whether it could have the lock alone; then nobody needs the server any more.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::FlockOperation;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// Runs the server in a directory until nobody holds the lock.
const SUPERVISOR: &str = r#"
cd "$1" || exit 1
exec 9<users.lock
"$2/postgres" -D data -k "$1/socket" -c listen_addresses= -c fsync=off -c max_connections=400 -c jit=off \
    >server.log 2>&1 9<&- &
server=$!
while sleep 10; do
    kill -0 "$server" 2>/dev/null || exit 0
    if flock -n -x 9; then
        kill -INT "$server"
        wait "$server"
        rm -rf data socket
        exit 0
    fi
done
"#;

struct Server {
    socket: PathBuf,
    /// Held until the process ends.
    _users: File,
}

static SERVER: OnceLock<Server> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The URL of a fresh database on the shared server.
pub(crate) async fn fresh_database() -> String {
    let server = SERVER.get_or_init(start);
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{}_{number}", std::process::id());
    let mut connection = administrator(&server.socket).connect().await.unwrap();
    // A process id may have been used before.
    connection.execute(AssertSqlSafe(format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))).await.unwrap();
    connection.execute(AssertSqlSafe(format!("CREATE DATABASE {name}"))).await.unwrap();
    connection.close().await.unwrap();
    format!("postgres:///{name}?host={}&user=postgres", server.socket.display())
}

fn administrator(socket: &Path) -> PgConnectOptions {
    PgConnectOptions::new_without_pgpass().socket(socket).username("postgres").database("postgres")
}

fn start() -> Server {
    let mut hasher = DefaultHasher::new();
    (env!("CARGO_TARGET_TMPDIR"), rustix::process::getuid().as_raw()).hash(&mut hasher);
    let home = std::env::temp_dir().join(format!("doorward-postgres-{:x}", hasher.finish()));
    fs::create_dir_all(&home).unwrap();
    let users = lock_file(&home.join("users.lock"));
    rustix::fs::flock(&users, FlockOperation::LockShared).unwrap();
    let starting = lock_file(&home.join("start.lock"));
    rustix::fs::flock(&starting, FlockOperation::LockExclusive).unwrap();
    let socket = home.join("socket");
    if !answers(&socket) {
        launch(&home);
        for _ in 0..600 {
            if answers(&socket) {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        let log = fs::read_to_string(home.join("server.log")).unwrap_or_default();
        assert!(answers(&socket), "PostgreSQL did not start:\n{log}");
    }
    Server { socket, _users: users }
}

fn lock_file(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
}

/// Whether the server takes queries, and not only connections.
fn answers(socket: &Path) -> bool {
    let ready = Command::new(programs().join("pg_isready")).args(["-q", "-h"]).arg(socket).status();
    ready.is_ok_and(|status| status.success())
}

#[expect(clippy::zombie_processes, reason = "the supervisor outlives this process and ends by itself")]
fn launch(home: &Path) {
    let programs = programs();
    fs::remove_dir_all(home.join("data")).ok();
    fs::remove_dir_all(home.join("socket")).ok();
    fs::create_dir(home.join("data")).unwrap();
    fs::create_dir(home.join("socket")).unwrap();
    fs::set_permissions(home.join("users.lock"), Permissions::from_mode(0o644)).unwrap();
    if rustix::process::getuid().is_root() {
        let given = Command::new("chown").args(["-R", "postgres:"]).arg(home).status().unwrap();
        assert!(given.success(), "there is no user postgres");
    }
    let made = as_server(&programs.join("initdb"))
        .args(["-N", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
        .arg(home.join("data"))
        .current_dir(home)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    as_server(Path::new("/bin/sh"))
        .args(["-c", SUPERVISOR, "postgres"])
        .arg(home)
        .arg(programs)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .unwrap();
}

/// PostgreSQL refuses to run as root.
fn as_server(program: &Path) -> Command {
    if !rustix::process::getuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program);
    command
}

fn programs() -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    found.retain(|directory| directory.join("initdb").exists());
    found.sort();
    found.pop().expect("PostgreSQL is not installed: apt-get install -y postgresql")
}
