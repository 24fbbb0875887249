//! The second outage: a sign-in that fails on its CSRF token although the token was fetched.

use serde_json::Value;

use super::Seen;
use crate::served::{Administrator, Served};
use crate::{Outcome, Trouble, shell};

/// The address that the calls below are written for.
const WRITTEN: &str = "http://localhost:8000";

/// The address that the README shows the outage at.
const OUTAGE: &str = "https://app.example.com";

/// The calls of the HTTP contract, word for word.
const CALLS: [&str; 3] = [
    "curl -v -c jar http://localhost:8000/api/v1/auth/csrf-token",
    r#"curl -X POST http://localhost:8000/api/v1/auth/jwt/login -b jar -c jar \
  -H 'Content-Type: application/json' -H "X-CSRF-TOKEN: $TOKEN" -H 'Origin: http://localhost:8000' \
  -d "{\"email\":\"$EMAIL\",\"password\":\"$PASSWORD\"}""#,
    "curl http://localhost:8000/api/v1/auth/me -b jar",
];

/// What one visit to the token endpoint left in the browser.
#[derive(Debug, Clone)]
struct Visit {
    token: String,
    bind: String,
}

/// The status and the body of an answer.
#[derive(Debug)]
struct Answer {
    status: String,
    body: Value,
}

/// The three calls, each through a shell as a person would paste it.
pub(super) fn calls(served: &Served) -> Outcome<Seen> {
    let Administrator { email, password } = served.administrator()?;
    let first = typed(served, CALLS[0], &[])?;
    let token = text(&first, "csrf_token")?;
    let known = [("TOKEN", token.as_str()), ("EMAIL", &email), ("PASSWORD", &password)];
    let second = typed(served, CALLS[1], &known)?;
    if second["status"] != "signed_in" {
        return Err(Trouble::failed(format!("the sign-in answered {second}")));
    }
    let third = typed(served, CALLS[2], &[])?;
    if !third.to_string().contains(&format!("\"{email}\"")) {
        return Err(Trouble::failed(format!("`auth/me` answered {third}")));
    }
    Ok(Seen::Well(format!("signed in at {} as {email}", served.origin())))
}

/// The answer of an older request arrived last: the header has the old token, the cookie the new.
pub(super) fn older_in_header(served: &Served) -> Outcome<Seen> {
    let (older, newer) = visits_of_one_browser(served)?;
    raced(served, &older.token, &newer)
}

/// The other order of the same race.
pub(super) fn newer_in_header(served: &Served) -> Outcome<Seen> {
    let (older, newer) = visits_of_one_browser(served)?;
    raced(served, &newer.token, &older)
}

/// Two token requests before there was any cookie: the header has one token, the jar the other pair.
pub(super) fn first_visits(served: &Served) -> Outcome<Seen> {
    let (one, other) = (visit(served, None)?, visit(served, None)?);
    raced(served, &one.token, &other)
}

/// The other order of two first visits.
pub(super) fn first_visits_reversed(served: &Served) -> Outcome<Seen> {
    let (one, other) = (visit(served, None)?, visit(served, None)?);
    raced(served, &other.token, &one)
}

/// The lines of the README that show the outage, run against this program.
pub(super) fn readme(served: &Served) -> Outcome<Seen> {
    let Administrator { email, password } = served.administrator()?;
    let page = std::fs::read_to_string(shell::root().join("README.md"))?;
    let lines = outage(&page).ok_or_else(|| Trouble::failed("README.md no longer shows the outage"))?;
    let lines = lines.replace(OUTAGE, &served.origin());
    let answer = typed(served, &lines, &[("EMAIL", &email), ("PASSWORD", &password)])?;
    if answer["status"] != "signed_in" {
        return Err(Trouble::failed(format!("the last command answered {answer}")));
    }
    Ok(Seen::Well("signed in".to_owned()))
}

/// The shell block of the README that ends in the 403.
fn outage(page: &str) -> Option<&str> {
    let mut blocks = page.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    blocks.find(|block| block.contains(OUTAGE) && block.contains("/jwt/login"))
}

/// The same request from a foreign page stays refused, or the checks above would prove nothing.
pub(super) fn forged(served: &Served) -> Outcome<Seen> {
    let visit = visit(served, None)?;
    let answer = sign_in(served, &visit.token, &visit, "https://forged.example.com")?;
    let reason = answer.body["reason"].as_str().unwrap_or_default();
    if answer.status != "403" || !reason.starts_with("csrf.") {
        return Err(Trouble::failed(format!("answered {} {}", answer.status, answer.body)));
    }
    Ok(Seen::Well(format!("403 {reason}")))
}

fn visits_of_one_browser(served: &Served) -> Outcome<(Visit, Visit)> {
    let older = visit(served, None)?;
    let newer = visit(served, Some(&older))?;
    if older.bind != newer.bind {
        return Err(Trouble::failed("the bind cookie changed between two visits of one browser"));
    }
    Ok((older, newer))
}

/// Signs in with this token in the header and the cookies of that visit.
fn raced(served: &Served, token: &str, cookies: &Visit) -> Outcome<Seen> {
    if token == cookies.token {
        return Err(Trouble::failed("both visits got the same token, so nothing was raced"));
    }
    let answer = sign_in(served, token, cookies, &served.origin())?;
    if answer.status != "200" {
        return Err(Trouble::failed(format!("answered {} {}", answer.status, answer.body)));
    }
    Ok(Seen::Well("200".to_owned()))
}

fn sign_in(served: &Served, token: &str, cookies: &Visit, origin: &str) -> Outcome<Answer> {
    let Administrator { email, password } = served.administrator()?;
    let body = serde_json::json!({ "email": email, "password": password }).to_string();
    let mut curl = shell::program("curl");
    curl.args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}"]);
    curl.args(["--header", "Content-Type: application/json", "--data", &body]);
    curl.args(["--header", &format!("X-CSRF-TOKEN: {token}"), "--header", &format!("Origin: {origin}")]);
    curl.args(["--cookie", &format!("csrf_token={}; csrf_bind={}", cookies.token, cookies.bind)]);
    curl.arg(format!("{}/api/v1/auth/jwt/login", served.origin()));
    let output = shell::output(&mut curl)?;
    let (body, status) = output.rsplit_once('\n').unwrap_or_default();
    Ok(Answer { status: status.to_owned(), body: serde_json::from_str(body).unwrap_or_default() })
}

/// Fetches a token, with the cookies of an earlier visit where there was one.
fn visit(served: &Served, earlier: Option<&Visit>) -> Outcome<Visit> {
    let mut curl = shell::program("curl");
    curl.args(["--silent", "--show-error", "--max-time", "10", "--cookie-jar", "-"]);
    if let Some(Visit { token, bind }) = earlier {
        curl.args(["--cookie", &format!("csrf_token={token}; csrf_bind={bind}")]);
    }
    curl.args(["--output", "/dev/null", &format!("{}/api/v1/auth/csrf-token", served.origin())]);
    let jar = shell::output(&mut curl)?;
    let missing = |name| Trouble::failed(format!("the token endpoint set no cookie `{name}`"));
    let token = cookie(&jar, "csrf_token").ok_or_else(|| missing("csrf_token"))?;
    let bind = cookie(&jar, "csrf_bind").or_else(|| Some(earlier?.bind.clone()));
    let bind = bind.ok_or_else(|| missing("csrf_bind"))?;
    Ok(Visit { token, bind })
}

/// A value from curl's cookie jar: seven columns, the name and the value last.
fn cookie(jar: &str, name: &str) -> Option<String> {
    jar.lines().find_map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        (columns.len() == 7 && columns[5] == name).then(|| columns[6].to_owned())
    })
}

fn typed(served: &Served, call: &str, variables: &[(&str, &str)]) -> Outcome<Value> {
    let mut command = shell::program("sh");
    command.args(["-c", &call.replace(WRITTEN, &served.origin())]);
    command.current_dir(served.folder()).envs(variables.iter().copied());
    let output = shell::output(&mut command)?;
    serde_json::from_str(&output).map_err(|error| Trouble::failed(format!("no JSON ({error}): {output}")))
}

fn text(answer: &Value, key: &str) -> Outcome<String> {
    let found = answer[key].as_str().map(str::to_owned);
    found.ok_or_else(|| Trouble::failed(format!("the answer has no `{key}`: {answer}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_cookie_that_scripts_may_not_read_too() {
        let jar = "# Netscape HTTP Cookie File\n\n\
            #HttpOnly_localhost\tFALSE\t/\tFALSE\t1\tcsrf_bind\tabc\nlocalhost\tFALSE\t/\tFALSE\t1\tcsrf_token\t1:2:3\n";
        assert_eq!(cookie(jar, "csrf_bind").as_deref(), Some("abc"));
        assert_eq!(cookie(jar, "csrf_token").as_deref(), Some("1:2:3"));
        assert_eq!(cookie(jar, "csrf"), None);
    }

    #[test]
    fn the_readme_shows_the_outage() {
        let readme = std::fs::read_to_string(shell::root().join("README.md")).expect("README.md");
        let block = outage(&readme).expect("a block");
        assert!(block.contains("403 CSRF token validation failed"));
        assert!(readme.contains("# 522"));
    }

    #[test]
    fn the_readme_shows_the_calls_that_are_made_here() {
        let readme = std::fs::read_to_string(shell::root().join("README.md")).expect("README.md");
        for call in CALLS {
            assert!(readme.contains(call), "{call}");
        }
    }
}
