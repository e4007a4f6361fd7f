//! The fewest operations that still show a difference: pieces are left out, large ones first (Zeller and Hildebrandt 2002).

use super::episode::Bench;
use super::{Difference, Operation};
use crate::conformance::verdict::Failure;

/// How often a shorter history is tried.
const ATTEMPTS: usize = 400;

pub(super) fn shrink(
    bench: &mut Bench<'_>,
    mut operations: Vec<Operation>,
    mut failure: Failure,
) -> Result<Difference, String> {
    let found_with = operations.len();
    let mut attempts = 0;
    let mut piece = operations.len().div_ceil(2).max(1);
    loop {
        let mut has_shrunk = false;
        let mut at = 0;
        while at < operations.len() && attempts < ATTEMPTS {
            let shorter = without(&operations, at, piece);
            attempts += 1;
            if let Some(still) = bench.run(&shorter)? {
                (operations, failure, has_shrunk) = (shorter, still, true);
            } else {
                at += piece;
            }
        }
        if attempts >= ATTEMPTS || piece == 1 && !has_shrunk {
            break;
        }
        piece = (piece / 2).max(1);
    }
    for at in 0..operations.len() {
        for simpler in simpler(&operations[at]) {
            let mut attempt = operations.clone();
            attempt[at] = simpler;
            if let Some(still) = bench.run(&attempt)? {
                (operations, failure) = (attempt, still);
            }
        }
    }
    // The history is that of the operations that are told.
    let failure = bench.run(&operations)?.unwrap_or(failure);
    Ok(Difference { found_with, failure, history: bench.history(), operations })
}

fn without(operations: &[Operation], at: usize, count: usize) -> Vec<Operation> {
    let end = (at + count).min(operations.len());
    [&operations[..at], &operations[end..]].concat()
}

/// Overlapping calls with one call less.
fn simpler(operation: &Operation) -> Vec<Operation> {
    match operation {
        Operation::Overlap { calls } => (0..calls.len())
            .map(|at| match without(calls, at, 1).as_slice() {
                [single] => single.clone(),
                rest => Operation::Overlap { calls: rest.to_vec() },
            })
            .collect(),
        Operation::Connect { .. }
        | Operation::LookAt { .. }
        | Operation::Disconnect { .. }
        | Operation::Send { .. }
        | Operation::SendToThread { .. }
        | Operation::SetMode { .. } => Vec::new(),
    }
}
