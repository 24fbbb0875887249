//! A server with an account for each sample of each state, written straight into its database.

use std::process::Command;

use sqlx::{Connection as _, SqliteConnection};

use doorward::system::{SystemClock, SystemRandom};
use doorward_core::Clock as _;
use doorward_core::identifier::{CredentialId, UserId};

use super::Route;
use crate::served::{Served, program};

const SETTINGS: [(&str, &str); 5] = [
    ("ENVIRONMENT", "development"),
    ("DOORWARD_SERVER__TRUSTED_PROXIES", "127.0.0.1"),
    ("DOORWARD_PASSWORD__HASH", "low-memory"),
    ("DOORWARD_MAIL__VIEWER", "true"),
    ("DOORWARD_REGISTRATION__ENABLED", "true"),
];

/// Hashes of other programs, of about the cost of one of ours.
const FOREIGN: [(&str, &str); 4] = [
    ("bcrypt", "$2b$08$LDXi8H0Q3IREMCAww2wB1.gLSavRVNkz.6876BrcWNJdIOGCiBG6O"),
    ("sha512", SHA512),
    ("pbkdf2", PBKDF2),
    ("scrypt", "$scrypt$ln=12,r=8,p=1$g5Dy/p9TipFSytl7jzEGAA$cY0f7gfEJVO6GZ0W2gCjtmSMFbuzaFsciC/lqBbUzOM"),
];

const SHA512: &str =
    "$6$rounds=20000$saltstring$wmLt7FR.0H/MaVzNTC0O1It0LICg8Cn2EIc2VaG4nLm3pNBDwWOCtQZArVlN6eFMbSiXzlWaBVEJJ65ZLFN1p1";
const PBKDF2: &str =
    "$pbkdf2-sha384$20000$T.e.96nMEGS08vANjBcbtA$akK76nCvy2qMTjVA827x.ng0gRn2m25phM2cLEyE/eUu8ELvYKR72zqLVmkq/7Es";

/// Whose states have accounts of which hash: none for those who have no password.
const STATES: [(&str, &str); 4] =
    [("known", "active"), ("disabled", "disabled"), ("locked", "active"), ("passkey-only", "active")];

/// A served world.
pub(super) struct World {
    pub(super) served: Served,
}

/// The address of a sample.
pub(super) fn email(state: &str, route: &str, number: usize) -> String {
    let route: String = route.chars().filter(char::is_ascii_alphabetic).collect();
    format!("{state}.{route}.{number:05}@example.com")
}

impl World {
    /// Makes it for one route, with imported hashes where one of its states is about them.
    pub(super) async fn new(samples: usize, route: &Route) -> Self {
        let has_imported = route.states.contains(&FOREIGN[0].0);
        let place = Served::start(tempfile::tempdir().unwrap(), &SETTINGS).await.0.end();
        let data = place.path().join("data");
        let database = format!("sqlite:{}", data.join("doorward.db").display());
        command(&data, &["user", "add", "known@example.com"]);
        if has_imported {
            let file = place.path().join("users_database.yml");
            let users = FOREIGN.map(|(name, hash)| {
                format!("  {name}:\n    email: {name}@example.com\n    displayname: Ada\n    password: '{hash}'\n")
            });
            std::fs::write(&file, format!("users:\n{}", users.concat())).unwrap();
            command(&data, &["user", "import", "--from", "authelia", file.to_str().unwrap()]);
        }
        fill(&database, samples, (route.name, has_imported)).await;
        Self { served: Served::start(place, &SETTINGS).await.0 }
    }
}

fn command(data: &std::path::Path, arguments: &[&str]) {
    let mut command = Command::new(program());
    command.env_clear().envs(SETTINGS).args(arguments).arg("--data").arg(data);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
}

async fn fill(database: &str, samples: usize, (route, has_imported): (&str, bool)) {
    let mut connection = SqliteConnection::connect(database).await.unwrap();
    let mut transaction = connection.begin().await.unwrap();
    let now = SystemClock.now().0;
    let foreign = FOREIGN.map(|(name, _)| (name, "active"));
    let states = STATES.iter().map(|state| (*state, "known"));
    let imported = foreign.iter().filter(|_| has_imported).map(|state| (*state, state.0));
    for ((state, status), like) in states.chain(imported) {
        for number in 0..samples {
            let (id, email) = (UserId::random(&SystemRandom).to_string(), email(state, route, number));
            sqlx::query(
                "INSERT INTO users SELECT $1, $2, name, group_names, $3, \
                 CASE WHEN $4 = 'passkey-only' THEN NULL ELSE password END, password_changed_at, 0, created_at \
                 FROM users WHERE email = $5",
            )
            .bind(&id)
            .bind(&email)
            .bind(status)
            .bind(state)
            .bind(format!("{like}@example.com"))
            .execute(&mut *transaction)
            .await
            .unwrap();
            if state == "passkey-only" {
                sqlx::query(
                    "INSERT INTO credential VALUES ($1, $2, 'passkey', 'Passkey', '{}', 0, $1, 'localhost', 0, 1, 0, \
                     1, 'internal', $3, NULL)",
                )
                .bind(CredentialId::random(&SystemRandom).to_string())
                .bind(&id)
                .bind(now)
                .execute(&mut *transaction)
                .await
                .unwrap();
            }
        }
    }
    for (state, number) in ["locked", "locked-unknown"].iter().flat_map(|state| (0..samples).map(move |n| (state, n))) {
        sqlx::query("INSERT INTO budget VALUES ($1, $2, 10, $3, $4)")
            .bind(format!("account:{}", email(state, route, number)))
            .bind(vec![now.to_string(); 10].join(","))
            .bind(now + 3_600)
            .bind(now)
            .execute(&mut *transaction)
            .await
            .unwrap();
    }
    transaction.commit().await.unwrap();
    connection.close().await.unwrap();
}
