//! The `.env` file: names and values, without any interpolation.

/// One line that sets a variable.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) value: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A line that could not be read. It holds no text of the file, which may be secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BadLine {
    /// Counted from 1.
    pub(crate) line: usize,
    pub(crate) why: &'static str,
}

/// Reads a whole file. Comments, blank lines, `export`, quotes, CRLF and a byte order mark are understood;
/// a `$` is a `$`.
pub(crate) fn parse(text: &str) -> (Vec<Assignment>, Vec<BadLine>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (mut assignments, mut bad) = (Vec::new(), Vec::new());
    for (at, line) in text.lines().enumerate() {
        let line_number = at + 1;
        match assignment(line) {
            Ok(Some((name, value))) => assignments.push(Assignment { name, value, line: line_number }),
            Ok(None) => {}
            Err(why) => bad.push(BadLine { line: line_number, why }),
        }
    }
    (assignments, bad)
}

fn assignment(line: &str) -> Result<Option<(String, String)>, &'static str> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, rest) = line.split_once('=').ok_or("there is no `=` in it")?;
    let name = name.trim_end();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'));
    if !is_name {
        return Err("what stands before the `=` is no name of a variable");
    }
    Ok(Some((name.to_owned(), value(rest)?)))
}

fn value(rest: &str) -> Result<String, &'static str> {
    let trimmed = rest.trim_start();
    let (value, behind) = match trimmed.chars().next() {
        Some('\'') => trimmed[1..].split_once('\'').map(|(value, behind)| (value.to_owned(), behind)),
        Some('"') => double_quoted(&trimmed[1..]),
        _ => return Ok(unquoted(rest)),
    }
    .ok_or("a quote is opened and not closed on the same line")?;
    let behind = behind.trim_start();
    if behind.is_empty() || behind.starts_with('#') { Ok(value) } else { Err("there is text behind the closing quote") }
}

/// A comment begins at a `#` with white space before it; `#` inside a word belongs to the value.
fn unquoted(rest: &str) -> String {
    let mut before = None;
    for (at, character) in rest.char_indices() {
        if character == '#' && before.is_some_and(char::is_whitespace) {
            return rest[..at].trim().to_owned();
        }
        before = Some(character);
    }
    rest.trim().to_owned()
}

fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                escaped @ ('"' | '\\' | '$' | '`') => value.push(escaped),
                other => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        let (assignments, bad) = parse(text);
        assert_eq!(bad, []);
        assignments.into_iter().map(|assignment| (assignment.name, assignment.value)).collect()
    }

    #[test]
    fn reads_each_way_of_writing_a_value() {
        for (line, value) in [
            ("A=plain", "plain"),
            ("A = spaced ", "spaced"),
            ("export A=exported", "exported"),
            ("A=value # comment", "value"),
            ("A=value\t# comment", "value"),
            ("A=va#lue", "va#lue"),
            ("A=#begins", "#begins"),
            ("A= # only a comment", ""),
            ("A=", ""),
            ("A=\"two words\" # comment", "two words"),
            ("A='single $HOME # no comment'", "single $HOME # no comment"),
            ("A=$HOME${B}$(C)", "$HOME${B}$(C)"),
            (r#"A="a\"b\\c\nd\$e\x""#, "a\"b\\c\nd$e\\x"),
            ("A=a=b=c", "a=b=c"),
            ("A=crlf\r", "crlf"),
            ("\u{feff}A=marked", "marked"),
        ] {
            assert_eq!(pairs(line), [("A".to_owned(), value.to_owned())], "{line:?}");
        }
        assert_eq!(pairs("\n# comment\r\n   \n"), []);
    }

    #[test]
    fn names_the_line_that_cannot_be_read_and_goes_on() {
        let (assignments, bad) = parse("A=1\nnonsense\nB=\"open\n2C=x\nD='x' y\nE=5");
        assert_eq!(bad.iter().map(|line| line.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert_eq!(assignments.iter().map(|a| (a.name.as_str(), a.line)).collect::<Vec<_>>(), [("A", 1), ("E", 6)]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,80}", near in "(export )?[A#='\"\\\\\\$ \\n\\r\u{feff}ä]{0,40}") {
            let _ = (parse(&text), parse(&near));
        }

        #[test]
        fn what_is_quoted_reads_back(value in "[^'\\r\\n]{0,40}") {
            let text = format!("A='{value}'");
            prop_assert_eq!(pairs(&text), [("A".to_owned(), value)]);
        }
    }
}
