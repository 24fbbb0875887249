//! Marked secrets are planted everywhere a doctor looks, and searched for in everything it says.

use doorward_doctor::Style;
use doorward_doctor::diff;
use doorward_doctor::journal::Journal;
use doorward_doctor::probe::Login;

use super::server::{answer, examined, serve};

/// Parts of the marks; none may come out.
const MARKS: &[&str] = &["SEKRET", "sekret", "KNCUWUSFKRRW6ZDF"];

#[test]
fn no_planted_secret_is_told() {
    let server = serve(|head| {
        if head.starts_with("POST") {
            return answer(
                "500 Internal Server Error\r\nSet-Cookie: session=SEKRETcookie0001; Domain=.localhost; Path=/\r\nX-Token: SEKRETheader0002\r\nLocation: /next?token=SEKRETquery0003",
                "{\"access_token\":\"SEKRETbody0004\",\"password\":\"SEKRET5\",\"detail\":\"token=SEKRET6 refused\"}",
            );
        }
        answer(
            "200 OK\r\nContent-Type: text/html\r\nSet-Cookie: csrf_token=SEKRETcsrf0007; Path=/",
            "<form method=post action='/login?key=SEKRETaction0008'><input type=hidden name=csrf_token value=SEKREThidden0009><input name=username><input type=password name=password></form>",
        )
    });
    // Base32 of a marked secret: neither it nor its mark may come out.
    let totp = "KNCUWUSFKRRW6ZDFGAYDCMI".parse().ok();
    assert!(totp.is_some());
    let login = Login { user: "ada".into(), password: "SEKRETpassword0010".into(), totp };
    let (report, facts) = examined(&server, Some(login));
    let told = serde_json::to_string(&facts).unwrap();
    let folder = tempfile::tempdir().unwrap();
    Journal::open(folder.path()).unwrap().keep(1, &report).unwrap();
    let value = serde_json::to_value(&report).unwrap();
    let comparison = diff::compare(&value, &serde_json::json!({"schema": 1, "chain": []}));
    assert!(!comparison.differences.is_empty());
    let texts = [
        report.to_json(),
        report.to_markdown(),
        report.to_html(),
        report.to_terminal(Style { is_coloured: true, is_verbose: true }),
        told,
        std::fs::read_to_string(folder.path().join(doorward_doctor::journal::FILE)).unwrap(),
        comparison.to_text(),
        comparison.to_json(),
        format!("{facts:?}"),
    ];
    for (at, text) in texts.iter().enumerate() {
        for mark in MARKS {
            assert!(
                !text.contains(mark),
                "form {at}: …{}…",
                &text[text.find(mark).unwrap_or(0).saturating_sub(80)..][..160.min(text.len())]
            );
        }
    }
}
