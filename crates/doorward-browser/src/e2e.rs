//! Sign-in tests that an operator keeps: flows in plain words out of one file, run in contexts of their own.

mod expect;
mod find;
mod junit;
mod page;
mod plan;
mod report;
mod stage;
mod step;
mod text;
mod words;

pub use plan::{Plan, Problem};
pub use report::{FlowReport, Picture, Report, StepReport};
pub use stage::run;

/// The text as HTML and XML hold it; characters that no XML may hold are replaced.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, one| {
        match one {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(one),
            one if one.is_control() || matches!(one, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            one => out.push(one),
        }
        out
    })
}
