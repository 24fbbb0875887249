//! What is wrong with a configuration: everything at once, each with the line that mends it.

use std::fmt;

/// One thing that is wrong in a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The stable word, for example `config_invalid_origin`.
    pub code: &'static str,
    /// The field it is about, under the name of the builder.
    pub field: &'static str,
    /// The value found there. Never a secret.
    pub value: String,
    /// Why it is wrong: a clause whose subject is the value.
    pub why: &'static str,
    /// What to write instead, or nothing.
    pub hint: &'static str,
}

impl Problem {
    pub(crate) fn new(code: &'static str, field: &'static str, value: &str, why: &'static str) -> Self {
        Self { code, field, value: value.to_owned(), why, hint: "" }
    }

    pub(crate) fn hint(self, hint: &'static str) -> Self {
        Self { hint, ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {:?} {} ({})", self.field, self.value, self.why, self.code)?;
        if self.hint.is_empty() { Ok(()) } else { write!(out, "\n  hint: {}", self.hint) }
    }
}

/// A configuration that cannot work or would not protect. The operator is to blame.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", .problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
#[non_exhaustive]
pub struct ConfigError {
    /// All problems, in the order of the fields.
    pub problems: Vec<Problem>,
}

/// Problems as they are collected.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<Problem>);

impl Problems {
    pub(crate) fn push(&mut self, problem: Problem) {
        self.0.push(problem);
    }

    pub(crate) fn add(&mut self, code: &'static str, field: &'static str, value: &str, why: &'static str) {
        self.push(Problem::new(code, field, value, why));
    }

    /// Reads each text of a list and keeps what is well written.
    pub(crate) fn read<T>(
        &mut self,
        code: &'static str,
        field: &'static str,
        texts: &[String],
        parse: impl Fn(&str) -> Result<T, &'static str>,
    ) -> Vec<T> {
        let mut values = Vec::with_capacity(texts.len());
        for text in texts {
            match parse(text) {
                Ok(value) => values.push(value),
                Err(why) => self.add(code, field, text, why),
            }
        }
        values
    }

    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0
    }
}
