//! Each case catches the broken manager that it is there for, and the reference passes all of them.

use std::collections::{BTreeMap, BTreeSet};

use ssot::conformance::candidate::Candidate;
use ssot::conformance::cases::{self, Case};
use ssot::conformance::lines::Level;
use ssot::conformance::mutants::{self, Mutant};
use ssot::conformance::run::{Terms, run};
use ssot::conformance::verdict::Verdict;

fn terms(cases: Vec<&'static Case>, repeat: u32) -> Terms {
    Terms { cases, patience: 1.0, repeat }
}

#[test]
fn the_reference_passes_everything() {
    let judged = run(&Candidate::reference(), &terms(cases::all().collect(), 3));
    for one in &judged.cases {
        // Real clients meet the server, see below.
        let needs_clients = one.case.level == Some(Level::L2);
        // Text of Rust is UTF-8: half of a surrogate pair cannot be sent at all.
        let may_skip = needs_clients || one.case.id == "json-lone-surrogate";
        let expected = if may_skip { Verdict::Skip } else { Verdict::Pass };
        assert_eq!(one.verdict, expected, "{}: {:?} {:?}", one.case.id, one.reason, one.failure);
    }
}

#[test]
fn the_served_reference_passes_everything_that_clients_can_see() {
    let judged = run(&Candidate::served(), &terms(cases::all().collect(), 1));
    let passed = judged.cases.iter().filter(|one| one.verdict == Verdict::Pass).count();
    assert!(passed >= 37, "{passed} pass");
    for one in &judged.cases {
        let is_fine = matches!(one.verdict, Verdict::Pass | Verdict::Skip);
        assert!(is_fine, "{}: {:?} {:?}", one.case.id, one.reason, one.failure);
        assert!(
            one.case.level != Some(Level::L2) || one.verdict == Verdict::Pass,
            "{} is skipped",
            one.case.id
        );
    }
}

#[test]
fn every_case_has_a_mutant_and_every_mutant_a_case() {
    let ids: BTreeSet<&str> = cases::all().map(|case| case.id).collect();
    assert_eq!(ids.len(), cases::all().count(), "ids of cases are unique");
    let on_the_wire = mutants::all_on_the_wire().map(|mutant| mutant.case);
    let named: BTreeSet<&str> = mutants::all().map(|mutant| mutant.case).chain(on_the_wire).collect();
    let unknown: Vec<&&str> = named.difference(&ids).collect();
    assert!(unknown.is_empty(), "mutants name cases that there are not: {unknown:?}");
    let unarmed: Vec<&str> =
        cases::all().filter(|case| !named.contains(case.id)).map(|case| case.id).collect();
    assert!(unarmed.is_empty(), "cases without a mutant: {unarmed:?}");
    let mutants: BTreeSet<&str> = mutants::all().map(|mutant| mutant.id).collect();
    assert_eq!(mutants.len(), mutants::all().count(), "ids of mutants are unique");
}

#[test]
fn each_mutant_is_caught_by_its_case() {
    let inside = mutants::all().map(|mutant| (mutant.case, Candidate::mutant(mutant)));
    let on_the_wire = mutants::all_on_the_wire().map(|mutant| (mutant.case, Candidate::wire_mutant(mutant)));
    let mut missed = Vec::new();
    for (id, mutant) in inside.chain(on_the_wire) {
        let case = cases::all().filter(|case| case.id == id).collect();
        let judged = run(&mutant, &terms(case, 1));
        let one = &judged.cases[0];
        if one.verdict != Verdict::Fail {
            let said = one.reason.as_deref().unwrap_or_default();
            missed.push(format!("{}: {id} says {} {said}", mutant.label, one.verdict.as_str()));
        }
    }
    assert!(missed.is_empty(), "{} mutants are missed:\n{}", missed.len(), missed.join("\n"));
}

/// `SSOT_KILL_MATRIX=1 cargo test --test conform_mutants kill_matrix -- --nocapture` shows which case fails which mutant: every
/// mutant in every case takes a while.
#[test]
#[expect(clippy::print_stdout, reason = "it is there to be looked at")]
fn kill_matrix() {
    if std::env::var_os("SSOT_KILL_MATRIX").is_none() {
        println!("LEFT OUT: the whole matrix needs SSOT_KILL_MATRIX=1");
        return;
    }
    let mut kills: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for mutant in mutants::all() {
        let Mutant { id, case, .. } = mutant;
        let judged = run(&Candidate::mutant(mutant), &terms(cases::all().collect(), 1));
        let of = |verdict: Verdict| {
            let found = judged.cases.iter().filter(|one| one.verdict == verdict).map(|one| one.case.id);
            found.collect::<Vec<_>>()
        };
        let failed = of(Verdict::Fail);
        for name in &failed {
            kills.entry(name).or_default().push(id);
        }
        println!(
            "{id:32} {case:36} fails {:2}, errored {}: {}",
            failed.len(),
            of(Verdict::Errored).len(),
            failed.join(" ")
        );
    }
    for (case, mutants) in kills {
        println!("{case:36} kills {}", mutants.len());
    }
}
