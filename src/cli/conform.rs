//! `ssot conform static`: classes against protocols, without running anything.

use clap::{Args, Subcommand};

use super::Outcome;
use super::inputs::{Loaded, Rooted};
use super::naming::resolve_type;
use super::output::{Answer, Color, Output};
use crate::analysis::protocols::matrix::{ConformancePair, matrix, protocols_of};
use crate::analysis::protocols::{Verdict, conforms, is_protocol_like};
use crate::link::ClassId;
use crate::render::Format;
use crate::render::pages::conformance::conformance_page;
use crate::report::conformance::build;

/// What is compared with what.
#[derive(Debug, Subcommand)]
pub(super) enum Conform {
    /// Whether a class fits a protocol as type checkers see it (PEP 544); three-valued.
    #[command(after_help = "Examples:
  ssot conform static WebSocketManager --protocol WebSocketManagerProtocol
  ssot conform static --protocol Plugin          every class that has half of its members
  ssot conform static                            the whole matrix of classes and protocols

Exit codes: 0 no pair violates, 1 one does, 2 the call, the configuration or the world is wrong.")]
    Static(Static),
}

/// What `ssot conform static` takes.
#[derive(Debug, Args)]
pub(super) struct Static {
    /// The class: a dotted id, or any unambiguous tail of one. Without it, every class that has at least
    /// half of a protocol's members.
    #[arg(value_name = "TYPE")]
    of: Option<String>,
    /// The protocol, in the same way. Without it, every protocol of the tree.
    #[arg(long, value_name = "PROTOCOL")]
    protocol: Option<String>,
    #[command(flatten)]
    rooted: Rooted,
    #[command(flatten)]
    output: Output,
}

pub(super) fn run(conform: &Conform, quiet: bool, color: Color) -> miette::Result<Outcome> {
    let Conform::Static(wanted) = conform;
    let loaded = wanted.rooted.load(quiet)?;
    loaded.progress.finish();
    let pairs = pairs(wanted, &loaded)?;
    let report = build(&loaded.tree.index, &pairs);
    let format = wanted.output.format(Format::Terminal)?;
    let answer = Answer::of(format, &report, || conformance_page(&report))?;
    wanted.output.write(format, &answer, color)?;
    let violates = pairs.iter().any(|pair| pair.conformance.verdict == Verdict::Violates);
    Ok(if violates { Outcome::Findings } else { Outcome::Fine })
}

fn pairs(wanted: &Static, loaded: &Loaded) -> miette::Result<Vec<ConformancePair>> {
    let index = &loaded.tree.index;
    let protocols: Vec<ClassId> = match &wanted.protocol {
        Some(name) => {
            let protocol = resolve_type(loaded, name)?;
            if !is_protocol_like(index, protocol) {
                return Err(miette::miette!(
                    help = "a protocol lists typing.Protocol among its own bases",
                    "`{}` is no protocol",
                    index.class(protocol).id
                ));
            }
            vec![protocol]
        }
        None => protocols_of(index),
    };
    let Some(name) = &wanted.of else { return Ok(matrix(index, &protocols)) };
    let class = resolve_type(loaded, name)?;
    let others = protocols.into_iter().filter(|protocol| *protocol != class);
    let judged = others.map(|protocol| ConformancePair {
        class,
        protocol,
        conformance: conforms(index, class, protocol),
    });
    Ok(judged.collect())
}
