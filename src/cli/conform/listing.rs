//! `ssot conform list` and `ssot conform schema`.

use clap::Args;

use super::running::{parse_group, select};
use crate::cli::output::{Answer, Color, Output, print_text};
use crate::conformance::cases::Group;
use crate::conformance::lines;
use crate::render::Format;
use crate::render::pages::trial::requirements_page;
use crate::report::trial::requirements;

/// What `ssot conform list` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct List {
    /// Only these groups.
    #[arg(long, value_name = "GROUP", value_parser = parse_group)]
    group: Vec<Group>,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(list: &List, color: Color) -> miette::Result<()> {
    let report = requirements(&select(&[], &list.group)?);
    let format = list.output.format(Format::Terminal)?;
    let answer = Answer::of(format, &report, || requirements_page(&report))?;
    list.output.write(format, &answer, color)
}

pub(super) fn print_schema() -> miette::Result<()> {
    let text = serde_json::to_string_pretty(&lines::schema()).map_err(crate::cli::output::internal)?;
    print_text(&format!("{text}\n"))
}
