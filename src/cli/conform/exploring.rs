//! `ssot conform explore`.

use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use super::candidates::Candidates;
use super::interrupts::watch_for_interrupts;
use super::running::parse_patience;
use crate::cli::Outcome;
use crate::cli::output::{Color, internal, print_note, print_text, width};
use crate::conformance::explore::{Difference, Exploration, Explored, Operation, explore, replay};
use crate::render::document::Document;
use crate::render::terminal::{TerminalOptions, render_terminal};
use crate::render::trial::render_history;

/// What `ssot conform explore` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Explore {
    #[command(flatten)]
    candidates: Candidates,
    /// Says which operations are chosen.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many operations.
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    ops: usize,
    /// Deadlines are so many times as long: for slow machines.
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = parse_patience)]
    patience: f64,
    /// Do the operations of this file instead.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["seed", "ops"])]
    replay: Option<PathBuf>,
    /// Write the operations after which candidate and model differ to this file.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A history that can be replayed.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Recording {
    schema: String,
    operations: Vec<Operation>,
}

const SCHEMA: &str = "ssot-explore/1";

pub(super) fn run(wanted: &Explore, quiet: bool, color: Color) -> miette::Result<Outcome> {
    let resolved = wanted.candidates.resolve()?;
    watch_for_interrupts(resolved.folder());
    let recorded = wanted.replay.as_deref().map(read_recording).transpose()?;
    let mut outcome = Outcome::Fine;
    for candidate in &resolved.candidates {
        let explored = match &recorded {
            Some(operations) => replay(candidate, operations, wanted.patience),
            None => explore(
                candidate,
                &Exploration { seed: wanted.seed, operations: wanted.ops, patience: wanted.patience },
            ),
        };
        let Explored { operations, difference } =
            explored.map_err(|why| miette::miette!("{}: {why}", candidate.label))?;
        match difference {
            None if !quiet => {
                print_note(&format!("{}: {operations} operations, no difference\n", candidate.label));
            }
            None => {}
            Some(difference) => {
                outcome = Outcome::Findings;
                tell(&candidate.label, &difference, color)?;
                if let Some(path) = &wanted.output {
                    write_recording(path, &difference.operations)?;
                }
            }
        }
    }
    Ok(outcome)
}

fn tell(label: &str, difference: &Difference, color: Color) -> miette::Result<()> {
    use std::io::IsTerminal;
    let mut page = Document::default();
    page.heading(1, format!("`{label}` differs from the model"));
    page.text(format!(
        "{} operations are enough, of {} with which it was found:",
        difference.operations.len(),
        difference.found_with
    ));
    page.bullets(difference.operations.iter().map(ToString::to_string));
    page.bullets([
        format!("expected: {}", difference.failure.expected),
        format!("seen: {}", difference.failure.seen),
    ]);
    page.code("text", render_history(&difference.history));
    let is_terminal = std::io::stdout().is_terminal();
    let options = TerminalOptions { width: width(is_terminal), has_color: color.is_wanted(is_terminal) };
    print_text(&render_terminal(&page, options))
}

fn read_recording(path: &Path) -> miette::Result<Vec<Operation>> {
    let shown = path.display();
    let text =
        std::fs::read_to_string(path).map_err(|error| miette::miette!("cannot read {shown}: {error}"))?;
    let recording: Recording =
        serde_json::from_str(&text).map_err(|error| miette::miette!("{shown} is no recording: {error}"))?;
    if recording.schema == SCHEMA {
        Ok(recording.operations)
    } else {
        Err(miette::miette!("{shown} is a recording of another kind: {}", recording.schema))
    }
}

fn write_recording(path: &Path, operations: &[Operation]) -> miette::Result<()> {
    let recording = Recording { schema: SCHEMA.to_owned(), operations: operations.to_vec() };
    let text = serde_json::to_string_pretty(&recording).map_err(internal)?;
    std::fs::write(path, format!("{text}\n"))
        .map_err(|error| miette::miette!("cannot write {}: {error}", path.display()))
}
