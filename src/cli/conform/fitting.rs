//! `ssot conform static`: classes against protocols, without running anything.

use clap::Args;

use crate::analysis::protocols::matrix::{ConformancePair, matrix, protocols_of};
use crate::analysis::protocols::{Verdict, conforms, is_protocol_like};
use crate::cli::Outcome;
use crate::cli::inputs::{Loaded, Rooted};
use crate::cli::naming::resolve_type;
use crate::cli::output::{Answer, Color, Output};
use crate::link::ClassId;
use crate::render::Format;
use crate::render::pages::conformance::conformance_page;
use crate::report::conformance::build;

/// What `ssot conform static` takes.
#[derive(Debug, Args)]
pub(in crate::cli) struct Static {
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

pub(super) fn run(wanted: &Static, quiet: bool, color: Color) -> miette::Result<Outcome> {
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
