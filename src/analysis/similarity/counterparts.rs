//! The functions of two units, matched one to one by what they do for their callers.

use super::conduct::Conduct;
use crate::link::FunctionId;

/// Two functions whose likeness is below this are no counterparts.
const LEAST_LIKENESS: f32 = 0.34;

/// What is thought beside the functions of each unit and has no counterpart: two units of one small function
/// each are not yet alike.
const OTHERS: f32 = 1.0;

/// The functions of a unit that do most are compared.
const MOST: usize = 32;

/// The functions of a unit with their conducts, those that do most first.
pub(super) fn in_order(mut found: Vec<(FunctionId, Conduct)>) -> Vec<(FunctionId, Conduct)> {
    found.sort_by(|(_, a), (_, b)| b.weight.total_cmp(&a.weight).then(a.cmp_facets(*b)));
    found.truncate(MOST);
    found
}

/// A function of each of two units, by position, and how alike the two are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Counterparts {
    pub(super) positions: [usize; 2],
    pub(super) likeness: f32,
}

/// Matches the functions of two units one to one, the heaviest and most alike first.
pub(super) fn counterparts(own: &[Conduct], theirs: &[Conduct]) -> Vec<Counterparts> {
    let mut pairs: Vec<(f32, Counterparts)> = Vec::new();
    for (at, a) in own.iter().enumerate() {
        for (other, b) in theirs.iter().enumerate() {
            let likeness = a.likeness(*b);
            if likeness >= LEAST_LIKENESS {
                let pair = Counterparts { positions: [at, other], likeness };
                pairs.push((likeness * a.weight.min(b.weight), pair));
            }
        }
    }
    pairs.sort_by(|(a, first), (b, second)| b.total_cmp(a).then(first.positions.cmp(&second.positions)));
    let mut taken = [0u32; 2];
    let mut found = Vec::new();
    for (_, pair) in pairs {
        let bits = pair.positions.map(|at| 1 << at);
        if taken[0] & bits[0] == 0 && taken[1] & bits[1] == 0 {
            taken[0] |= bits[0];
            taken[1] |= bits[1];
            found.push(pair);
        }
    }
    found
}

/// Of what each of two units does for its callers, by weight, the share that has a counterpart.
pub(super) fn shares(own: &[Conduct], theirs: &[Conduct]) -> [f32; 2] {
    if own.is_empty() || theirs.is_empty() {
        return [0.0; 2];
    }
    let pairs = counterparts(own, theirs);
    let share = |of: &[Conduct], side: usize| {
        let whole: f32 = of.iter().map(|conduct| conduct.weight).sum();
        let met: f32 = pairs.iter().map(|pair| pair.likeness * of[pair.positions[side]].weight).sum();
        met / (whole + OTHERS)
    };
    [share(own, 0), share(theirs, 1)]
}

#[cfg(test)]
mod tests {
    use super::super::facets::Facet;
    use super::*;

    #[test]
    fn each_function_has_one_counterpart_at_the_most() {
        let puts = Conduct::of_facets(&[Facet::PutsGiven, Facet::Mints]);
        let finds = Conduct::of_facets(&[Facet::Finds, Facet::GivesElement]);
        let clears = Conduct::of_facets(&[Facet::Clears]);
        let pairs = counterparts(&[puts, finds, finds], &[finds, puts, clears]);
        let positions: Vec<[usize; 2]> = pairs.iter().map(|pair| pair.positions).collect();
        assert_eq!(positions, [[0, 1], [1, 0]]);
        let [own, theirs] = shares(&[puts, finds, finds], &[finds, puts, clears]);
        assert!(own < theirs && theirs < 1.0, "{own} {theirs}");
        assert_eq!(shares(&[], &[puts]), [0.0, 0.0]);
    }
}
