//! A line in plain words, cut into words and quoted texts.

/// One part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A word as it stands.
    Bare(String),
    /// What stood in quotes.
    Quoted(String),
}

/// Cuts a line into its parts. A backslash in quotes takes the next character as it is.
pub(super) fn cut(line: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = line.trim().chars().peekable();
    while let Some(first) = rest.next() {
        if first.is_whitespace() {
            continue;
        }
        if first != '"' && first != '\'' {
            let mut word = String::from(first);
            while let Some(one) = rest.next_if(|one| !one.is_whitespace()) {
                word.push(one);
            }
            words.push(Word::Bare(word));
            continue;
        }
        let mut text = String::new();
        loop {
            match rest.next() {
                Some('\\') => text.extend(rest.next()),
                Some(one) if one == first => break,
                Some(one) => text.push(one),
                None => return Err(format!("the quote {first} is not closed")),
            }
        }
        words.push(Word::Quoted(text));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_hold_together_what_belongs_together() {
        let bare = |text: &str| Word::Bare(text.to_owned());
        let quoted = |text: &str| Word::Quoted(text.to_owned());
        assert_eq!(
            cut(r#" fill "E-mail"  with 'a "b" c' "#).unwrap(),
            [bare("fill"), quoted("E-mail"), bare("with"), quoted("a \"b\" c")]
        );
        assert_eq!(cut(r#""a\"b\\""#).unwrap(), [quoted("a\"b\\")]);
        assert_eq!(cut("click input[name=\"a\"]").unwrap(), [bare("click"), bare("input[name=\"a\"]")]);
        assert!(cut("fill \"a").unwrap_err().contains("not closed"));
        assert!(cut("").unwrap().is_empty());
    }
}
