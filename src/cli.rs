//! The command line: what was typed → resolved options → run → exit code.
//!
//! Exit codes: 0 fine, 1 new findings (check) or a class that violates a protocol (conform), 2 the call, the configuration or the world is wrong. Data goes to
//! stdout, everything else to stderr; a reader that closes the pipe early is no error.

mod check;
mod conform;
mod discover;
mod explain;
mod history;
mod init;
mod inputs;
mod naming;
mod output;
mod plan;
mod protocol;
mod remembering;
mod serve;
mod targets;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{CommandFactory, Parser, Subcommand};

use crate::analysis::graph::GraphOptions;
use crate::analysis::usage::find_mentions;
use crate::analysis::{self, AnalysisOptions};
use crate::config::Config;
use crate::history::Past;
use crate::lang::python::STACK_BYTES;
use crate::render::html::views;
use crate::render::pages::history::write as write_history;
use crate::render::pages::{graph as graph_pages, mro, report_page, scan, usage as usage_pages};
use crate::render::{Format, graph_text, json};
use crate::report;
use inputs::{Asked, Inputs, Loaded};
use naming::find_type;
use output::{Answer, Output};

/// Finds every implementation of one concept in a code base, and the way back to a single source of truth.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "Examples:
  ssot report                                the whole analysis of this folder
  ssot report backend -o report.md           written to a file; .json and .md choose the format
  ssot mro app.ws.manager.WebSocketManager   one type's method resolution order
  ssot usage WebSocketManager --root backend everything that uses a type
  ssot discover backend                      what is implemented several times
  ssot check backend                         the same in CI: fails where something is new
  ssot graph backend --cycles                import cycles, and the fewest imports that break them

Exit codes: 0 fine, 1 new findings (check) or violations (conform), 2 the call, the configuration or the
world is wrong."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = output::Color::Auto)]
    color: output::Color,
    /// No progress and no notes on stderr.
    #[arg(long, short, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The whole analysis: concepts, orders, duplicates, cycles, busiest types, coverage.
    #[command(after_help = "Example: ssot report backend --python .venv -o report.md")]
    Report {
        #[command(flatten)]
        inputs: Inputs,
        #[command(flatten)]
        output: Output,
        /// Only the concept with this id.
        #[arg(long, value_name = "ID")]
        concept: Option<String>,
        /// A history that `ssot history -o FILE.json` wrote, for a part of its own.
        #[arg(long, value_name = "FILE")]
        history: Option<PathBuf>,
    },
    /// The inventory: every type with its bases, order and methods.
    #[command(after_help = "Example: ssot scan backend --format json")]
    Scan {
        #[command(flatten)]
        inputs: Inputs,
        #[command(flatten)]
        output: Output,
    },
    /// One type's method resolution order: who provides each method, what is overridden, what is wrong.
    #[command(after_help = "Example: ssot mro manager.WebSocketManager --root backend")]
    Mro {
        /// Dotted id, any unambiguous tail of one, a re-export of it, or path:line.
        #[arg(value_name = "TYPE")]
        of: String,
        #[command(flatten)]
        rooted: inputs::Rooted,
        #[command(flatten)]
        output: Output,
    },
    /// Everything that uses a type, resolved through imports.
    #[command(after_help = "Example: ssot usage WebSocketManager --root backend --format json")]
    Usage {
        /// Dotted id, any unambiguous tail of one, a re-export of it, or path:line.
        #[arg(value_name = "TYPE")]
        of: String,
        #[command(flatten)]
        rooted: inputs::Rooted,
        #[command(flatten)]
        output: Output,
    },
    /// The gate: fails where a second implementation, or another defect, is new.
    #[command(after_help = "Examples:
  ssot check                                           everything that is there
  ssot check backend --write-baseline ssot.baseline    accept what is there
  ssot check backend --baseline ssot.baseline          fail where something is new
  ssot check --format github --output sarif=out.sarif  annotations, and a file for code scanning

Exit codes: 0 nothing new, 1 new findings, 2 the call, the configuration or the world is wrong.")]
    Check(Box<check::Check>),
    /// A first configuration, a baseline of what is there, and what to do next.
    #[command(after_help = "Example: ssot init backend")]
    Init(init::Init),
    /// What a rule finds, why it matters and how to mend it.
    #[command(after_help = "Examples:
  ssot explain duplicate-concept
  ssot explain --list")]
    Explain(explain::Explain),
    /// Concepts with several implementations that nobody declared.
    #[command(after_help = "Examples:
  ssot discover backend                              ranked groups, each with a brief
  ssot discover backend --format json -o groups.json
  ssot discover backend --write web-socket-manager   declare one of them in ssot.toml")]
    Discover(discover::Discover),
    /// The target protocol of a concept: what its protocols, the canonical one and callers want.
    #[command(after_help = "Examples:
  ssot protocol backend --concept websocket-manager
  ssot protocol backend -o target.pyi            a Python protocol
  ssot protocol backend --language rust          a Rust trait")]
    Protocol(protocol::Protocol),
    /// The way to one implementation: what becomes of each member, steps in phases, risks, when it is done.
    #[command(after_help = "Examples:
  ssot plan backend --concept websocket-manager
  ssot plan backend --capacity 3 --weeks 4 -o plan.md
  ssot plan backend --save plan.json; later: ssot plan backend --status --saved plan.json
  ssot plan backend --table csv > steps.csv
  ssot plan backend --issues issues/               the body of an issue for each step")]
    Plan(Box<plan::PlanCommand>),
    /// The figures of each commit: how many implementations there were, and which commit introduced which.
    #[command(after_help = "Examples:
  ssot history backend                           200 commits, evenly spread
  ssot history backend --per month -o history.html
  ssot history backend --since 2024-01-01 --every 1 -o history.json
  ssot report backend --history history.json -o report.html")]
    History(Box<history::HistoryCommand>),
    /// The reference WebSocket manager on a network: /ws, /healthz, /readyz, /metrics, and calls over HTTP.
    #[command(after_help = "Examples:
  ssot serve --insecure-dev                      a trial: ws://127.0.0.1:8765/ws?user_id=me&thread_id=t
  SSOT_TOKEN_KEY=… ssot serve --tokens HS256 --audience chat --origin https://app.example.org
  SSOT_CONTROL_TOKEN=… ssot serve …              with calls for services: POST /control/v1/send_to_user")]
    Serve(Box<serve::Serve>),
    /// Completions for a shell, on stdout.
    #[command(
        after_help = "Example: ssot completions bash > ~/.local/share/bash-completion/completions/ssot"
    )]
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Whether classes do what protocols demand.
    #[command(subcommand)]
    Conform(conform::Conform),
    /// The module dependency graph and its cycles.
    #[command(after_help = "Example: ssot graph backend --format dot | dot -Tsvg > graph.svg")]
    Graph {
        #[command(flatten)]
        inputs: Inputs,
        #[command(flatten)]
        output: Output,
        /// Only cycles.
        #[arg(long)]
        cycles: bool,
        /// Follow the parent packages that an import loads on its way, too.
        #[arg(long)]
        implicit: bool,
    },
}

/// Runs the program on the process's own arguments.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return if error.use_stderr() { ExitCode::from(2) } else { ExitCode::SUCCESS };
        }
    };
    arguments.color.apply();
    // Deeply nested source needs deep stacks; they are reserved, not used.
    let pool = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build();
    let outcome = match pool {
        Ok(pool) => pool.install(|| run(&arguments)),
        Err(error) => Err(miette::miette!("cannot start threads: {error}")),
    };
    match outcome {
        Ok(Outcome::Fine) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::from(1),
        Err(error) => {
            output::print_error(&error);
            ExitCode::from(2)
        }
    }
}

/// What a run that worked says to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Fine,
    Findings,
}

fn run(arguments: &Arguments) -> miette::Result<Outcome> {
    let answer = match &arguments.command {
        Command::Report { inputs, output, concept, history } => {
            let format = output.format(Format::Terminal)?;
            if history.is_some() && format == Format::Json {
                return Err(miette::miette!(
                    help = "it is JSON itself; give another format, or leave --history out",
                    "a history has no place in the JSON report"
                ));
            }
            let history = history.as_deref().map(history::read_history).transpose()?;
            let loaded = inputs.load_for(Asked::Concepts, arguments.quiet)?;
            let options = options(&loaded, concept.as_deref())?;
            let found = analysis::run(&loaded.tree.index, &loaded.tree.documents, &options);
            let report = report::build(&loaded.tree, &found, &options.lexicon);
            loaded.progress.finish();
            if let Some(id) = concept
                && found.concepts.is_empty()
                && !arguments.quiet
            {
                output::print_note(&format!(
                    "concept `{id}` has no member in {}\n",
                    loaded.tree.root.display()
                ));
            }
            let written = match format {
                Format::Json => output.stream(|out| json::write_report(&report, out)),
                Format::Terminal | Format::Markdown | Format::Html | Format::Mermaid | Format::Dot => {
                    let mut page = report_page(&report);
                    if let Some(history) = &history {
                        page.heading(2, "History");
                        write_history(&mut page, history);
                    }
                    if format == Format::Html {
                        views::write(&mut page, &report);
                    }
                    output.write(format, &Answer::Page(page), arguments.color)
                }
            };
            // The process ends here: taking a large tree apart piece by piece would only cost time.
            std::mem::forget((loaded, found, report));
            return written.map(|()| Outcome::Fine);
        }
        Command::Scan { inputs, output } => {
            let loaded = inputs.load_for(Asked::NoUses, arguments.quiet)?;
            let types = report::types::all(&loaded.tree.index);
            let coverage = report::coverage::build(&loaded.tree);
            loaded.progress.finish();
            let format = output.format(Format::Terminal)?;
            let answer = match format {
                Format::Json => Answer::json(&report::Inventory { schema: report::SCHEMA, coverage, types })?,
                Format::Html => {
                    let mut page = scan::scan_page(&types, &coverage);
                    views::write_types(&mut page, &types);
                    Answer::Page(page)
                }
                Format::Terminal | Format::Markdown | Format::Mermaid | Format::Dot => {
                    Answer::Page(scan::scan_page(&types, &coverage))
                }
            };
            (output, format, answer)
        }
        Command::Mro { of, rooted, output } => {
            let (loaded, class) = find_type(rooted, of, arguments.quiet)?;
            let report = report::orders::order(&loaded.tree.index, class)
                .ok_or_else(|| miette::miette!("`{of}` has no source here"))?;
            let format = output.format(Format::Terminal)?;
            (output, format, Answer::of(format, &report, || mro::mro_page(&report))?)
        }
        Command::Usage { of, rooted, output } => {
            let (loaded, class) = find_type(rooted, of, arguments.quiet)?;
            let mentions = find_mentions(&loaded.tree.index, &loaded.tree.documents);
            let report = report::usage::build(&loaded.tree.index, &mentions, class);
            let format = output.format(Format::Terminal)?;
            (output, format, Answer::of(format, &report, || usage_pages::usage_page(&report))?)
        }
        Command::Discover(wanted) => {
            return discover::run(wanted, arguments.quiet, arguments.color).map(|()| Outcome::Fine);
        }
        Command::Protocol(wanted) => {
            return protocol::run(wanted, arguments.quiet, arguments.color).map(|()| Outcome::Fine);
        }
        Command::Check(wanted) => return check::run(wanted, arguments.quiet, arguments.color),
        Command::Init(wanted) => return init::run(wanted, arguments.quiet).map(|()| Outcome::Fine),
        Command::Explain(wanted) => return explain::run(wanted).map(|()| Outcome::Fine),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Arguments::command(), "ssot", &mut script);
            return output::print_text(&String::from_utf8_lossy(&script)).map(|()| Outcome::Fine);
        }
        Command::Plan(wanted) => {
            return plan::run(wanted, arguments.quiet, arguments.color).map(|()| Outcome::Fine);
        }
        Command::History(wanted) => {
            return history::run(wanted, arguments.quiet, arguments.color).map(|()| Outcome::Fine);
        }
        Command::Serve(wanted) => {
            return serve::run(wanted, arguments.quiet, arguments.color).map(|()| Outcome::Fine);
        }
        Command::Conform(wanted) => return conform::run(wanted, arguments.quiet, arguments.color),
        Command::Graph { inputs, output, cycles, implicit } => {
            let loaded = inputs.load_for(Asked::NoUses, arguments.quiet)?;
            let options = GraphOptions { implicit_in_cycles: *implicit };
            let graph = analysis::graph::module_graph(&loaded.tree.index, options);
            let report = report::graph::build(&loaded.tree.index, &graph);
            loaded.progress.finish();
            let format = output.format(Format::Terminal)?;
            let answer = match format {
                Format::Json => {
                    let graph = if *cycles { report.of_cycles() } else { report };
                    Answer::json(&report::GraphAnswer { schema: report::SCHEMA, graph })?
                }
                Format::Mermaid => Answer::Bytes(
                    graph_text::render_mermaid(&graph_pages::drawing(&report, *cycles)).into_bytes(),
                ),
                Format::Dot => Answer::Bytes(
                    graph_text::render_dot(&graph_pages::drawing(&report, *cycles)).into_bytes(),
                ),
                Format::Html => {
                    let mut page = graph_pages::graph_page(&report, *cycles);
                    views::write_modules(&mut page, &report);
                    Answer::Page(page)
                }
                Format::Terminal | Format::Markdown => {
                    Answer::Page(graph_pages::graph_page(&report, *cycles))
                }
            };
            (output, format, answer)
        }
    };
    let (output, format, answer) = answer;
    output.write(format, &answer, arguments.color)?;
    Ok(Outcome::Fine)
}

fn options(loaded: &Loaded, concept: Option<&str>) -> miette::Result<AnalysisOptions> {
    let mut options = options_of(&loaded.config, concept)?;
    options.history = Some(Arc::new(Past::of(&loaded.tree.root)));
    Ok(options)
}

/// What the configuration says of the analysis, for all concepts or for one.
fn options_of(config: &Config, concept: Option<&str>) -> miette::Result<AnalysisOptions> {
    let mut options = analysis_options(config);
    let concepts = &mut options.concepts;
    if let Some(id) = concept {
        let known: Vec<String> = concepts.iter().map(|rule| rule.id.clone()).collect();
        concepts.retain(|rule| rule.id == id);
        if concepts.is_empty() {
            return Err(miette::miette!(
                help = format!("known concepts: {}", known.join(", ")),
                "no concept `{id}` is declared"
            ));
        }
    }
    Ok(options)
}

/// What the configuration says of the analysis.
fn analysis_options(config: &Config) -> AnalysisOptions {
    AnalysisOptions {
        concepts: config.concepts.clone(),
        lexicon: config.lexicon.clone(),
        similarity: config.similarity,
        graph: GraphOptions::default(),
        history: None,
    }
}

/// Where the tree is when nothing else is said.
pub(crate) fn here() -> PathBuf {
    PathBuf::from(".")
}
