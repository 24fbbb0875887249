//! `doorward reference`: the reference pages, made from the code.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::{CommandFactory as _, ValueEnum};
use doorward_core::reason::{self, Kind};

use super::{Cli, FAULT, WELL, config};
use crate::web::api::openapi;

/// Arguments of `doorward reference`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Which page
    page: Page,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Page {
    /// Every setting
    Configuration,
    /// Every reason code
    Reasons,
    /// Every command
    Cli,
    /// The OpenAPI document
    Openapi,
}

/// Prints the page.
#[must_use]
pub fn run(arguments: &Arguments) -> u8 {
    let text = match arguments.page {
        Page::Configuration => return super::printed(|out| config::reference(false, out).map(|()| WELL)),
        Page::Reasons => reasons(),
        Page::Cli => commands(),
        Page::Openapi => match openapi::document().to_pretty_json() {
            Ok(text) => text,
            Err(_) => return FAULT,
        },
    };
    let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
    WELL
}

fn reasons() -> String {
    let mut page = String::from("# Reasons\n\nOne list for answers, error pages, logs, metrics and findings.\n");
    let tables = reason::ALL.iter().filter(|family| !family.is_empty()).map(|family| (family[0].family(), *family));
    let found = reason::CAUSES.iter().map(|table| ("What the doctor finds", *table));
    let mut last = "";
    for (heading, table) in tables.chain(found) {
        if heading != last {
            let _ = write!(page, "\n## {heading}\n");
            last = heading;
        }
        for reason in table {
            let kind = match reason.kind {
                Kind::Refusal => format!("answered with {}", reason.status),
                Kind::Cause => "found by a check".to_owned(),
            };
            let again = if reason.is_retryable { ", worth another try" } else { "" };
            let _ = write!(
                page,
                "\n### `{}`\n\n{} ({kind}{again}).\n\n- Visitors read: {}\n- How it comes about: {}\n- What mends it: {}\n",
                reason.code, reason.title.en, reason.visitor.en, reason.operator, reason.remedy
            );
        }
    }
    page
}

fn commands() -> String {
    let mut page = String::from("# Commands\n");
    let mut root = Cli::command();
    root.build();
    section(&mut page, &mut root, 2);
    page
}

fn section(page: &mut String, command: &mut clap::Command, depth: usize) {
    let name = command.get_bin_name().unwrap_or(command.get_name()).to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<_> = help.lines().map(str::trim_end).collect();
    let _ = write!(page, "\n{} `{name}`\n\n```text\n{}\n```\n", "#".repeat(depth.min(4)), help.join("\n").trim_end());
    for below in command.get_subcommands_mut().filter(|below| below.get_name() != "help") {
        section(page, below, depth + 1);
    }
}
