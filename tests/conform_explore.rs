//! `ssot conform explore`: the reference agrees with the model, broken managers do not, and what differs is cut down and can be replayed.

use ssot::conformance::candidate::Candidate;
use ssot::conformance::explore::{Difference, Exploration, explore, replay};
use ssot::conformance::mutants;

fn exploration(seed: u64, operations: usize) -> Exploration {
    Exploration { seed, operations, patience: 1.0 }
}

/// How a broken manager is found out.
#[track_caller]
fn found(mutant: &str) -> Difference {
    let broken = mutants::all().find(|one| one.id == mutant).expect("a mutant");
    let explored = explore(&Candidate::mutant(broken), &exploration(5, 5_000)).expect("explored");
    explored.difference.unwrap_or_else(|| panic!("{mutant} is not found out"))
}

#[test]
fn the_reference_and_the_model_agree() {
    for seed in 1..=4 {
        let explored = explore(&Candidate::reference(), &exploration(seed, 3_000)).expect("explored");
        let difference = explored.difference.map(|found| (found.operations, found.failure));
        assert!(difference.is_none(), "seed {seed}: {difference:?}");
        assert_eq!(explored.operations, 3_000);
    }
}

#[test]
fn broken_managers_are_found_out_by_few_operations() {
    for mutant in [
        "sends-twice",
        "third-is-lost",
        "one-connection-per-user",
        "disconnect-ends-all-of-user",
        "thread-set-once",
        "threads-of-users",
        "one-lock-for-all",
        "waiting-order-lost",
        "prefix-matches",
        "ids-in-lower-case",
        "unknown-thread-true",
        "stops-at-first-failure",
    ] {
        let difference = found(mutant);
        assert!(difference.operations.len() <= 8, "{mutant}: {:?}", difference.operations);
        assert!(!difference.history.is_empty(), "{mutant} has no history");
    }
}

#[test]
fn what_was_found_is_found_again() {
    let difference = found("threads-of-users");
    let broken = mutants::all().find(|one| one.id == "threads-of-users").expect("a mutant");
    let again = replay(&Candidate::mutant(broken), &difference.operations, 1.0).expect("replayed");
    assert_eq!(again.difference.map(|found| found.failure), Some(difference.failure));
    let sound = replay(&Candidate::reference(), &difference.operations, 1.0).expect("replayed");
    assert!(sound.difference.is_none());
}

#[test]
fn the_same_seed_finds_the_same() {
    let (first, second) = (found("third-is-lost"), found("third-is-lost"));
    assert_eq!(first.operations, second.operations);
}
