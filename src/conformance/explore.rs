//! Random operations and faults, against a candidate and against a model of what is allowed. Where they differ, the operations are cut
//! down to the fewest that still do.
//!
//! Operations come in episodes, each with a fresh manager. Calls that overlap may take effect in any order: some order has to
//! explain everything that was seen.

mod episode;
mod model;
mod operation;
mod shrink;

use self::episode::Bench;
use self::operation::Dice;
pub use self::operation::Operation;
use super::candidate::Candidate;
use super::verdict::{Failure, HistoryLine};

/// Operations of one episode.
const EPISODE: usize = 60;

/// What is explored, and for how long.
#[derive(Debug, Clone, Copy)]
pub struct Exploration {
    /// Says which operations are chosen.
    pub seed: u64,
    /// How many.
    pub operations: usize,
    /// Deadlines are so many times as long.
    pub patience: f64,
}

/// Operations after which candidate and model differ.
#[derive(Debug)]
pub struct Difference {
    /// The operations.
    pub operations: Vec<Operation>,
    /// How many there were before they were cut down.
    pub found_with: usize,
    /// What is allowed, and what was seen.
    pub failure: Failure,
    /// What went to and fro.
    pub history: Vec<HistoryLine>,
}

/// What came of it.
#[derive(Debug)]
pub struct Explored {
    /// How many operations were done before they differed, or all.
    pub operations: usize,
    /// How they differ.
    pub difference: Option<Difference>,
}

/// Explores a candidate.
///
/// # Errors
/// When its driver cannot be used.
pub fn explore(candidate: &Candidate, exploration: &Exploration) -> Result<Explored, String> {
    let mut bench = Bench::new(candidate, exploration.patience)?;
    let mut dice = Dice::new(exploration.seed);
    let mut done = 0;
    while done < exploration.operations {
        let operations = operation::episode(&mut dice, EPISODE.min(exploration.operations - done));
        done += operations.len();
        if let Some(failure) = bench.run(&operations)? {
            let difference = shrink::shrink(&mut bench, operations, failure)?;
            return Ok(Explored { operations: done, difference: Some(difference) });
        }
    }
    Ok(Explored { operations: done, difference: None })
}

/// Does the operations of an earlier exploration again.
///
/// # Errors
/// When the candidate's driver cannot be used.
pub fn replay(candidate: &Candidate, operations: &[Operation], patience: f64) -> Result<Explored, String> {
    let mut bench = Bench::new(candidate, patience)?;
    let failure = bench.run(operations)?;
    let difference = failure.map(|failure| Difference {
        operations: operations.to_vec(),
        found_with: operations.len(),
        failure,
        history: bench.history(),
    });
    Ok(Explored { operations: operations.len(), difference })
}
