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
