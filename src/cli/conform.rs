//! `ssot conform`: what classes look like, and what candidates do.

mod candidates;
mod exploring;
mod fitting;
mod forms;
mod interrupts;
mod joining;
mod listing;
mod running;

use clap::Subcommand;

use super::Outcome;
use super::output::Color;

/// What is compared with what.
#[derive(Debug, Subcommand)]
pub(super) enum Conform {
    /// Whether a class fits a protocol as type checkers see it (PEP 544); three-valued.
    #[command(after_help = "Examples:
  ssot conform static WebSocketManager --protocol WebSocketManagerProtocol
  ssot conform static --protocol Plugin          every class that has half of its members
  ssot conform static                            the whole matrix of classes and protocols

Exit codes: 0 no pair violates, 1 one does, 2 the call, the configuration or the world is wrong.")]
    Static(fitting::Static),
    /// Whether a WebSocket manager in any language does what the protocol demands: it is run, and judged by cases.
    #[command(after_help = "Examples:
  ssot conform run --reference                             the manager that comes with ssot
  ssot conform run --python app.ws:Manager --root backend  a class, imported from that folder
  ssot conform run --python app.ws:Manager --map names.toml --interpreter .venv/bin/python
  ssot conform run --node ./manager.mjs#Manager --cmd './driver --fast'   several, side by side
  ssot conform run --reference --group threads --format jsonl
  ssot conform run --cmd ./driver --known known.toml -o junit=conform.xml

A list of known failures is TOML: [[known]] with case, candidate, reason, and kind = \"failing\" or \"flaky\".

Exit codes: 0 no case fails that is not known, 1 one does, or a known one passes, 2 the call or the world is wrong.")]
    Run(Box<running::Run>),
    /// The cases: what is demanded, and of whom.
    #[command(after_help = "Examples:
  ssot conform list
  ssot conform list --group delivery --format json")]
    List(listing::List),
    /// The JSON Schema of the lines that harness and driver exchange.
    #[command(after_help = "Example: ssot conform schema > conform.schema.json")]
    Schema,
    /// Random operations and faults against a candidate and a model; what differs is cut down to the least that does.
    #[command(after_help = "Examples:
  ssot conform explore --reference --seed 7 --ops 10000
  ssot conform explore --python app.ws:Manager -o found.json
  ssot conform explore --python app.ws:Manager --replay found.json

Exit codes: 0 candidate and model agree, 1 they differ, 2 the call or the world is wrong.")]
    Explore(Box<exploring::Explore>),
}

pub(super) fn run(conform: &Conform, quiet: bool, color: Color) -> miette::Result<Outcome> {
    match conform {
        Conform::Static(wanted) => fitting::run(wanted, quiet, color),
        Conform::Run(wanted) => running::run(wanted, quiet, color),
        Conform::List(wanted) => listing::run(wanted, color).map(|()| Outcome::Fine),
        Conform::Schema => listing::print_schema().map(|()| Outcome::Fine),
        Conform::Explore(wanted) => exploring::run(wanted, quiet, color),
    }
}
