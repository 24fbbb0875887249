//! The doctor behind the tools `doctor_run` and `doctor_explain`: this very program, asked as a person asks it.

use std::process::{Command, Stdio};

use doorward_browser::mcp::setting::Doctor;
use doorward_core::identifier::RequestId;
use doorward_core::reason;

/// The commands of this program. Each runs in a process of its own, with its own deadlines.
#[derive(Debug)]
pub(super) struct Commands;

/// What a command prints, whether it finds something or not.
fn told(arguments: &[&str]) -> Result<String, String> {
    let program = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    let output = command.args(arguments).stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim_end().to_owned();
    match output.status.code() {
        Some(0 | 1) => Ok(text(&output.stdout)),
        _ => Err(text(&output.stderr)),
    }
}

impl Doctor for Commands {
    fn run(&self, url: Option<&str>) -> Result<String, String> {
        match url.filter(|url| !url.is_empty()) {
            Some(url) => told(&["doctor", "--", url]),
            None => told(&["doctor"]),
        }
    }

    fn explain(&self, what: &str) -> Result<String, String> {
        if let Some(reason) = reason::find(what) {
            let (title, cause, remedy) = (reason.title.en, reason.operator, reason.remedy);
            return Ok(format!("{}: {title}\n  cause: {cause}\n  hint: {remedy}", reason.code));
        }
        match what.parse::<RequestId>() {
            Ok(id) => told(&["explain", &id.to_string()]),
            Err(_) => Err(format!("\"{what}\" is no reason code and no request id")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_explained_and_anything_else_is_refused() {
        let told = Commands.explain("cookie.secure_over_http").unwrap();
        assert!(told.starts_with("cookie.secure_over_http: ") && told.contains("hint: "), "{told}");
        assert!(Commands.explain("--help").unwrap_err().contains("no reason code"));
    }
}
