//! What goes wrong with a disk: full, read-only, damaged.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use doorward_core::audit::Action;
use doorward_core::identifier::UserId;
use doorward_core::store::{Links as _, Purpose, Sessions as _, UserChange, Users as _};
use doorward_core::token::TokenHash;
use doorward_core::user::Status;
use doorward_store::{Location, Store};

use crate::it::place::Place;
use crate::it::sample::{self, NOW};

/// The example `fault`, which cargo builds beside the tests.
pub(crate) fn program() -> Command {
    let tests = std::env::current_exe().unwrap();
    let path = tests.parent().and_then(Path::parent).unwrap().join("examples/fault");
    assert!(path.exists(), "{} is missing: cargo build -p doorward-store --examples", path.display());
    Command::new(path)
}

/// Reads a line of `fault write`.
pub(crate) fn acknowledged(line: &str) -> (UserId, TokenHash) {
    let (id, hash) = line.split_once(' ').unwrap();
    (id.parse().unwrap(), TokenHash::from_text(hash).unwrap())
}

/// Runs the example on a small disk of its own, in a mount namespace that goes with it.
fn on_a_small_disk(directory: &Path, script: &str, task: &str) -> Vec<String> {
    let program = program();
    let output = Command::new("unshare")
        .args(["-Urm", "sh", "-ec", script, "sh"])
        .arg(directory)
        .arg(program.get_program())
        .arg(task)
        .output()
        .unwrap();
    let (said, complained) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}\n{complained}");
    said.lines().map(str::to_owned).collect()
}

#[test]
fn a_full_disk_stops_writing_only_and_passes() {
    let directory = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=1m tmpfs "$1"; "$2" "$3" "$1""#;
    let said = on_a_small_disk(directory.path(), script, "fill");
    assert_eq!(said, ["store.full", "full", "reads go on", "nothing is lost", "writes go on", "the chain holds"]);
}

#[test]
fn a_read_only_disk_stops_the_start_with_a_finding() {
    let directory = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=1m tmpfs "$1"; "$2" open "$1"; mount -o remount,ro "$1"; "$2" "$3" "$1""#;
    assert_eq!(on_a_small_disk(directory.path(), script, "open"), ["opened", "store.data_directory"]);
}

#[test]
fn a_look_tells_a_full_disk_and_a_read_only_one() {
    let directory = tempfile::tempdir().unwrap();
    let script = r#"mount -t tmpfs -o size=1m tmpfs "$1"; "$2" open "$1"; "$2" "$3" "$1"
        dd if=/dev/zero of="$1/rest" bs=4k 2>/dev/null || true; "$2" "$3" "$1"; rm "$1/rest"
        mount -o remount,ro "$1"; "$2" "$3" "$1""#;
    let said = on_a_small_disk(directory.path(), script, "look");
    assert_eq!(said[..2], ["opened", "well"]);
    assert!(said[2].contains("full"), "{said:?}");
    assert!(said[3].contains("readonly"), "{said:?}");
}

#[tokio::test]
async fn the_file_is_private_and_its_directory_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("a b?#%").join("data");
    let store = Store::open(&Location::embedded(&data)).await.unwrap();
    sample::stored_user(&store, "ada@example.com", &[]).await;
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&data), 0o700);
    for file in ["doorward.db", "doorward.db-wal", "doorward.db-shm"] {
        assert_eq!(mode(&data.join(file)), 0o600, "{file}");
    }
    store.close().await;
    fs::set_permissions(data.join("doorward.db"), fs::Permissions::from_mode(0o644)).unwrap();
    Store::open(&Location::embedded(&data)).await.unwrap();
    assert_eq!(mode(&data.join("doorward.db")), 0o600, "a file that was open to others is closed again");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let place = Place::sqlite();
    fs::write(place.directory.path().join("doorward.db"), "this is no database, it is a text").unwrap();
    let findings = Store::open(&place.location).await.unwrap_err();
    assert_eq!(findings[0].code, "store.corrupt");
}

/// Whatever is damaged: nobody is let in who was not, and nothing used is unused.
#[tokio::test]
async fn a_damaged_file_never_lets_anybody_in() {
    let place = Place::sqlite();
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &["admins"]).await;
    let bob = sample::stored_user(&store, "bob@example.com", &[]).await;
    let ended = sample::signed_in(&store, &bob).await;
    let disabled = UserChange::Status(Status::Disabled);
    store.change_user(bob.id, &disabled, &sample::event(Action::UserDisabled)).await.unwrap();
    let used = sample::link(Purpose::PasswordReset { user: ada.id });
    store.create_link(&used, &sample::event(Action::LinkCreated)).await.unwrap();
    store
        .reset_password(used.hash, (&sample::password("second"), None), &sample::event(Action::PasswordReset))
        .await
        .unwrap();
    store.close().await;
    let file = place.directory.path().join("doorward.db");
    let sound = fs::read(&file).unwrap();
    let mut refused = 0;
    for round in 0..120_usize {
        let mut damaged = sound.clone();
        for flip in 0..4_usize {
            let number = (round * 4 + flip + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            damaged[number % sound.len()] ^= 1 << (number >> 40 & 7);
        }
        for end in ["-wal", "-shm"] {
            fs::remove_file(place.directory.path().join(format!("doorward.db{end}"))).ok();
        }
        fs::write(&file, damaged).unwrap();
        let Ok(store) = Store::open(&place.location).await else {
            refused += 1;
            continue;
        };
        let event = sample::event(Action::SignedIn);
        for (user, password) in [(&ada, "first"), (&bob, "first")] {
            let new = sample::new_session(&sample::session(user));
            let done = store.create_session(&new, Some(&sample::password(password)), &event).await;
            assert!(!matches!(done, Ok(true)), "round {round}: {}", user.email);
        }
        assert!(!matches!(store.link(used.hash, NOW).await, Ok(Some(_))), "round {round}: a used link");
        assert!(!matches!(store.session(ended.id).await, Ok(Some(Ok(_)))), "round {round}: an ended session");
        assert!(!matches!(store.user(bob.id).await, Ok(Some(found)) if found.is_active()), "round {round}");
        store.close().await;
    }
    assert!(refused > 0, "some damage is seen at once");
}

#[tokio::test]
async fn a_damaged_file_is_replaced_by_a_backup() {
    let place = Place::sqlite();
    let store = place.store().await;
    let ada = sample::stored_user(&store, "ada@example.com", &[]).await;
    let backup = place.directory.path().join("backup");
    store.backup(&backup, &[], &sample::event(Action::BackupWritten)).await.unwrap();
    store.close().await;
    fs::write(place.directory.path().join("doorward.db"), vec![7; 40_960]).unwrap();
    let event = sample::event_at(Action::BackupRestored, NOW + 5);
    let refused = doorward_store::restore(&place.location, &backup, false, &event).await.unwrap_err();
    assert_eq!(refused[0].code, "store.corrupt");
    doorward_store::restore(&place.location, &backup, true, &event).await.unwrap();
    let store = Store::open(&place.location).await.unwrap();
    assert_eq!(store.user(ada.id).await.unwrap(), Some(ada));
    let aside = place.directory.path().join(format!("doorward.db.damaged-{}", NOW.0 + 5));
    assert_eq!(fs::read(aside).unwrap(), vec![7; 40_960], "the damaged file is kept for later");
}
