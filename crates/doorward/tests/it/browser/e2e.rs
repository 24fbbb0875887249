//! The gateway's own pages by the program's own driver, through `doorward e2e`.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::it::harness::{Server, program};
use crate::it::story::factor::enrol;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Plays a file with these values.
fn play(file: &Path, values: &[(&str, &str)], arguments: &[&str]) -> Output {
    let mut command = program();
    command.arg("e2e").arg(file).args(arguments).envs(values.iter().copied());
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin").output().unwrap()
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_browser_of_ours_signs_in_with_a_code_and_with_a_passkey() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let phone = enrol(&mut server.signed_in());
    let base = format!("http://localhost:{}", server.port);
    let invitation = server.json(&["user", "invite", "ada@example.com"])["url"].as_str().unwrap().to_owned();
    let (_, path) = invitation.split_once("/.doorward/").unwrap();
    let invitation = format!("{base}/.doorward/{path}");
    let folder = tempfile::tempdir().unwrap();
    let (junit, html) = (folder.path().join("a.xml"), folder.path().join("a.html"));
    let values = [
        ("BASE", base.as_str()),
        ("EMAIL", &email),
        ("PASSWORD", &password),
        ("KEY", &phone.secret()),
        ("OTHER", "ada@example.com"),
        ("OTHER_PASSWORD", "another long phrase of mine"),
        ("INVITATION", &invitation),
    ];
    let arguments = ["--junit", junit.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let output = play(&file("tests/it/browser/gateway.toml"), &values, &arguments);
    assert!(output.status.success(), "{}", told(&output));
    let page = std::fs::read_to_string(html).unwrap();
    assert_eq!(page.matches("<img src=\"data:image/jpeg;base64,").count(), 3);
    let report = std::fs::read_to_string(junit).unwrap();
    assert!(report.contains("tests=\"2\" failures=\"0\""), "{report}");
    for text in [page, report, told(&output)] {
        assert!(!text.contains(&password) && !text.contains(&email), "{text}");
    }
}

#[test]
fn a_browser_of_ours_plays_every_example() {
    let server = Server::start();
    let (email, password) = server.administrator();
    let base = format!("http://localhost:{}", server.port);
    let values = [("BASE", base.as_str()), ("EMAIL", &email), ("PASSWORD", &password), ("START", "/.doorward/sign-in")];
    let examples = file("../../examples/e2e");
    let mut names: Vec<_> = examples.read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    names.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    assert_eq!(names.len(), 3);
    for path in names {
        let output = play(&path, &values, &["--json"]);
        assert_eq!(output.status.code(), Some(0), "{}: {}", path.display(), told(&output));
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(report["ok"], true);
    }
}

#[test]
fn a_browser_of_ours_says_what_is_wrong_and_plays_again_and_again() {
    let server = Server::start();
    let base = format!("http://localhost:{}", server.port);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("flows.toml");
    std::fs::write(
        &path,
        "base = \"${BASE}\"\ntimeout = 1\n[[flow]]\nname = \"x\"\nsteps = ['open /nowhere', 'expect status 200']",
    )
    .unwrap();
    let output = play(&path, &[("BASE", &base)], &["--every", "1s", "--times", "2"]);
    let text = told(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert_eq!(text.matches("FAIL x").count(), 2, "{text}");
    assert!(text.contains("step 2: expect status 200\n    the page came with status 404"), "{text}");
    let output = play(&path, &[], &[]);
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(told(&output).contains("${BASE}"), "{}", told(&output));
}
