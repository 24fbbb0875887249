//! Accounts of other programs, taken over from the files that those programs write.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::it::harness::Server;

const PASSWORD: &str = "correct horse battery staple";

/// A line as the real `htpasswd` of Apache writes it.
fn line(flags: &[&str], name: &str) -> String {
    let output = Command::new("htpasswd").args(flags).args(["-nb", name, PASSWORD]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned() + "\n"
}

#[test]
fn a_file_of_htpasswd_is_taken_over_beside_a_running_server() {
    let server = Server::start();
    let file = server.directory().join("htpasswd");
    let text = [
        line(&["-B"], "bcrypt"),
        line(&["-5"], "sha512"),
        line(&["-2"], "sha256"),
        line(&["-m"], "md5"),
        line(&["-s"], "sha1"),
        line(&["-d"], "des"),
        line(&["-p"], "plain"),
    ];
    fs::write(&file, text.concat()).unwrap();
    let file = file.to_str().unwrap();
    let arguments = ["user", "import", "--from", "htpasswd", file, "--domain", "example.com", "--json"];
    let dry = server.command_line(&[&arguments[..], &["--dry-run"]].concat());
    assert_eq!(dry.status.code(), Some(1), "something is left out");
    assert_eq!(server.json(&["user", "list"]).as_array().unwrap().len(), 1, "nothing was made");
    for (round, made) in [(0, 3), (1, 0)] {
        let output = server.command_line(&arguments);
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["created"].as_array().unwrap().len(), made, "round {round}: {told}");
        let weak: Vec<_> =
            told["skipped"].as_array().unwrap().iter().filter(|one| one["reason"] == "import.hash_weak").collect();
        assert_eq!(weak.len(), 4, "{told}");
        assert!(weak.iter().all(|one| one["remedy"].as_str().unwrap().contains("doorward user invite")));
        assert!(!String::from_utf8_lossy(&output.stdout).contains(PASSWORD));
        if round == 0 {
            for name in ["bcrypt", "sha512", "sha256"] {
                let mut client = server.client();
                assert_eq!(client.sign_in(&format!("{name}@example.com"), PASSWORD).status, 200, "{name}");
            }
            assert_eq!(server.client().sign_in("md5@example.com", PASSWORD).status, 401);
        }
    }
    let records = server.signed_in().get("/api/v1/admin/audit").json().to_string();
    assert_eq!(records.matches("password.rehashed").count(), 3);
}

#[test]
fn nobody_is_imported_where_nobody_would_administrate() {
    let mut server = Server::start();
    server.stop();
    fs::remove_dir_all(server.data()).unwrap();
    let file = server.directory().join("users_database.yml");
    let hash = line(&["-B"], "x").trim().split_once(':').unwrap().1.to_owned();
    fs::write(
        &file,
        format!("users:\n  ada:\n    email: ada@example.com\n    password: '{hash}'\n    groups: [admins]\n"),
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let refused = server.command_line(&["user", "import", "--from", "authelia", file]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("import.no_administrator"));
    assert_eq!(server.json(&["user", "list"]), json!([]));
    let told = server.json(&["user", "import", "--from", "authelia", file, "--administrators"]);
    assert_eq!(told["created"][0]["groups"], json!(["admins"]));
    server.run();
    assert_eq!(server.client().sign_in("ada@example.com", PASSWORD).status, 200);
    let unreadable = server.command_line(&["user", "import", "--from", "authelia", "/nowhere.yml"]);
    assert_eq!(unreadable.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&unreadable.stderr).contains("import.file_unreadable"));
}
