//! What a step costs, and how to go back.

use super::Work;

/// Days of one person, in quarters: a start, then something for each reference, file, method and clash.
pub(super) fn effort_of(references: u32, files: usize, moves: usize, clashes: usize) -> f64 {
    let days = 0.25
        + 0.01 * f64::from(references)
        + 0.05 * files as f64
        + 0.25 * moves as f64
        + 0.25 * clashes as f64;
    (days * 4.0).ceil() / 4.0
}

/// How to undo it.
pub(super) fn back_of(work: Work) -> &'static str {
    match work {
        Work::Remove | Work::Archive => "revert the commit: nothing that runs here used it",
        Work::Rename => "revert the commit, or leave the old name as an alias of the new one",
        Work::Extend => "revert the commit: nobody calls what was added before the next step",
        Work::Alias => "revert the commit: the old definition comes back under its name",
        Work::MoveCallers => "revert one part at a time: the old name is still there",
        Work::Conform => "revert the commit; the types that were widened are read by checkers alone",
        Work::Separate => "revert the commit: the concrete type still conforms",
    }
}
