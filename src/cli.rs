//! The command line: what was typed → resolved options → run → exit code.
//!
//! Exit codes: 0 fine, 1 findings, 2 the call, the configuration or the world is wrong. Data goes to
//! stdout, everything else to stderr; a reader that closes the pipe early is no error.

mod conform;
mod discover;
mod inputs;
mod output;
mod protocol;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::analysis::graph::GraphOptions;
use crate::analysis::usage::find_mentions;
use crate::analysis::{self, AnalysisOptions};
use crate::history::Repository;
use crate::lang::python::STACK_BYTES;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, Index};
use crate::render::pages::{graph as graph_pages, mro, report_page, scan, usage as usage_pages};
use crate::render::{Format, graph_text, json};
use crate::report;
use inputs::{Inputs, Loaded};
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
  ssot graph backend --cycles                import cycles, and the fewest imports that break them

Exit codes: 0 fine, 1 findings, 2 the call, the configuration or the world is wrong."
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
        /// Dotted id, or any unambiguous tail of one.
        #[arg(value_name = "TYPE")]
        of: String,
        #[command(flatten)]
        rooted: inputs::Rooted,
        #[command(flatten)]
        output: Output,
    },
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
        Command::Report { inputs, output, concept } => {
            let loaded = inputs.load(arguments.quiet)?;
            let options = options(&loaded, concept.as_deref())?;
            let found = analysis::run(&loaded.tree.index, &loaded.tree.documents, &options);
            let report = report::build(&loaded.tree, &found);
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
            let format = output.format(Format::Terminal)?;
            let written = match format {
                Format::Json => output.stream(|out| json::write_report(&report, out)),
                Format::Terminal | Format::Markdown | Format::Mermaid | Format::Dot => {
                    output.write(format, &Answer::Page(report_page(&report)), arguments.color)
                }
            };
            // The process ends here: taking a large tree apart piece by piece would only cost time.
            std::mem::forget((loaded, found, report));
            return written.map(|()| Outcome::Fine);
        }
        Command::Scan { inputs, output } => {
            let loaded = inputs.load(arguments.quiet)?;
            let types = report::types::all(&loaded.tree.index);
            let coverage = report::coverage::build(&loaded.tree);
            loaded.progress.finish();
            let format = output.format(Format::Terminal)?;
            let answer = match format {
                Format::Json => Answer::json(&report::Inventory { schema: report::SCHEMA, coverage, types })?,
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
        Command::Conform(wanted) => return conform::run(wanted, arguments.quiet, arguments.color),
        Command::Graph { inputs, output, cycles, implicit } => {
            let loaded = inputs.load(arguments.quiet)?;
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
    let mut concepts = loaded.config.concepts.clone();
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
    Ok(AnalysisOptions {
        concepts,
        lexicon: loaded.config.lexicon.clone(),
        similarity: loaded.config.similarity,
        graph: GraphOptions::default(),
        history: Some(Box::new(Repository::around(&loaded.tree.root))),
    })
}

/// Reads the tree and finds the one type that `of` names.
fn find_type(rooted: &inputs::Rooted, of: &str, quiet: bool) -> miette::Result<(Loaded, ClassId)> {
    let loaded = rooted.load(quiet)?;
    loaded.progress.finish();
    let class = resolve_type(&loaded, of)?;
    Ok((loaded, class))
}

/// The one type that `of` names.
fn resolve_type(loaded: &Loaded, of: &str) -> miette::Result<ClassId> {
    let index = &loaded.tree.index;
    let matching: Vec<ClassId> = index
        .tree_classes()
        .filter(|class| analysis::concepts::is_tail(index.class(*class).id.as_str(), of))
        .collect();
    let exact: Vec<ClassId> =
        matching.iter().copied().filter(|class| index.class(*class).id.as_str() == of).collect();
    let mut found = if exact.len() == 1 { exact } else { matching };
    if found.is_empty() {
        found = at_place(index, of).or_else(|| behind_name(index, of)).into_iter().collect();
    }
    match found[..] {
        [single] => Ok(single),
        [] => Err(miette::miette!(
            help = nearest_names(loaded, of),
            "no type `{of}` in {}",
            loaded.tree.root.display()
        )),
        _ => {
            let list: Vec<String> = found
                .iter()
                .map(|class| {
                    let place = index.place_of(*class);
                    let place = place.map_or(String::new(), |(path, at)| format!(" ({path}:{})", at.line));
                    format!("  {}{place}", index.class(*class).id)
                })
                .collect();
            Err(miette::miette!(
                help = "give more of the dotted id, or the place, as in app/models.py:12",
                "`{of}` is ambiguous; it may be\n{}",
                list.join("\n")
            ))
        }
    }
}

/// The class whose name stands at `path:line`.
fn at_place(index: &Index, of: &str) -> Option<ClassId> {
    let (path, line) = of.rsplit_once(':')?;
    let line: u32 = line.parse().ok()?;
    index.tree_classes().find(|class| {
        index.place_of(*class).is_some_and(|(found, at)| found.ends_with(path) && at.line == line)
    })
}

/// What a dotted name leads to through re-exports and aliases.
fn behind_name(index: &Index, of: &str) -> Option<ClassId> {
    match Resolver::new(index).dotted(of)? {
        Entity::Class(class) if index.is_in_tree(class) => Some(class),
        _ => None,
    }
}

/// How alike two names must be for one to be suggested for the other, from 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.88;

/// Types whose simple name resembles the wanted one, the most alike first.
fn nearest_names(loaded: &Loaded, of: &str) -> String {
    let index = &loaded.tree.index;
    let wanted = of.rsplit('.').next().unwrap_or(of).to_lowercase();
    let likeness = |class: ClassId| {
        let name = index.class(class).name.as_str().to_lowercase();
        if name.contains(&wanted) { 1.0 } else { strsim::jaro_winkler(&name, &wanted) }
    };
    let mut near: Vec<(f64, &str)> = index
        .tree_classes()
        .map(|class| (likeness(class), index.class(class).id.as_str()))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup();
    near.truncate(5);
    if near.is_empty() {
        return "`ssot scan` lists all types; --root says where to look".to_owned();
    }
    let names: Vec<&str> = near.into_iter().map(|(_, id)| id).collect();
    format!("did you mean {}?", names.join(", "))
}

/// Where the tree is when nothing else is said.
pub(crate) fn here() -> PathBuf {
    PathBuf::from(".")
}
