//! The first start, and those after it.

use std::os::unix::fs::PermissionsExt as _;

use crate::it::harness::{Server, program};

#[test]
fn the_first_start_makes_everything_for_its_owner_alone() {
    let server = Server::start();
    let mode = |path: &str| std::fs::metadata(server.data().join(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("keys")), (0o700, 0o700));
    for file in ["doorward.db", "initial-admin.txt"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    let (email, password) = server.administrator();
    assert_eq!(email, "admin@localhost");
    assert!(password.len() == 24 && password.bytes().all(|b| b.is_ascii_lowercase() || (b'2'..=b'9').contains(&b)));
    assert!(!server.log().contains(&password), "the password is in no log");
}

#[test]
fn a_second_start_changes_nothing_and_keeps_everybody_signed_in() {
    let mut server = Server::start();
    let first = server.administrator();
    let keys = std::fs::read_dir(server.data().join("keys")).unwrap().count();
    let mut client = server.signed_in();
    assert_eq!(server.stop(), Some(0));
    server.run();
    assert_eq!(server.administrator(), first);
    assert_eq!(std::fs::read_dir(server.data().join("keys")).unwrap().count(), keys);
    assert_eq!(client.get("/api/v1/auth/me").json()["user"]["email"], "admin@localhost");
}

#[test]
fn a_sign_in_that_was_answered_survives_a_power_cut() {
    let mut server = Server::start();
    let mut client = server.signed_in();
    server.kill();
    server.run();
    assert_eq!(client.get("/api/v1/auth/me").status, 200);
}

#[test]
fn a_weak_password_of_ones_own_is_refused_with_the_reason() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("password");
    std::fs::write(&file, "admin123\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut command = program();
    command.current_dir(place.path()).env("ADMIN_PASSWORD_FILE", &file).env("DOORWARD_SERVER__PRIVATE_LISTEN", "off");
    let listen = format!("127.0.0.1:{}", doorward_port::lease());
    let output = command.args(["serve", "--listen", &listen, "--data", "data"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("password.common"), "{text}");
    assert!(!text.contains("admin123"), "{text}");
}

#[test]
fn an_administrator_of_ones_own_signs_in_and_is_written_nowhere() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("password");
    std::fs::write(&file, "quite a long phrase of mine\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let server =
        Server::start_with(&[("ADMIN_EMAIL", "Ada@Example.com"), ("ADMIN_PASSWORD_FILE", file.to_str().unwrap())]);
    assert!(!server.data().join("initial-admin.txt").exists());
    let mut client = server.client();
    assert_eq!(client.sign_in("ada@example.com", "quite a long phrase of mine").status, 200);
}

#[test]
fn an_occupied_port_is_a_finding() {
    let server = Server::start();
    let listen = format!("127.0.0.1:{}", server.port);
    let output = server.command_line(&["serve", "--listen", &listen]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("config.listen_unavailable"), "{text}");
}

#[test]
fn a_wrong_configuration_stops_the_start_with_every_problem() {
    let place = tempfile::tempdir().unwrap();
    let mut command = program();
    command.current_dir(place.path()).env("LOG_LEVEL", "loud").env("DOORWARD_SERVER__LISEN", "x");
    let output = command.args(["serve", "--data", "data"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("LOG_LEVEL") && text.contains("DOORWARD_SERVER__LISTEN"), "{text}");
    assert!(!place.path().join("data").exists(), "nothing was made");
}
