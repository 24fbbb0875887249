//! The file of `htpasswd`, as Apache and nginx read it: `name:hash` in each line.

use super::{LeftOut, Row};

/// Reads a file.
#[must_use]
pub fn read(text: &str) -> Vec<Result<Row, LeftOut>> {
    let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim_end()));
    lines.filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#')).map(read_line).collect()
}

/// What stands behind a second colon is a comment, as nginx has it.
fn read_line((line, text): (usize, &str)) -> Result<Row, LeftOut> {
    match text.split_once(':') {
        Some((name, rest)) if !name.trim().is_empty() => {
            let password = rest.split(':').next().unwrap_or_default().to_owned();
            Ok(Row { line, name: name.trim().to_owned(), password, ..Row::default() })
        }
        // The text may be a password that somebody wrote there: it is not told again.
        _ => Err(LeftOut {
            line,
            name: String::new(),
            code: "import.line_invalid",
            what: "there is no name and colon".to_owned(),
        }),
    }
}
