//! When the steps of a plan can take place: by how many people, and along which chain it cannot be shorter.

use std::collections::BTreeMap;

use super::Step;

/// Working days in a week.
pub const WEEK: f64 = 5.0;

/// When the steps take place.
#[derive(Debug, Default)]
pub struct Schedule {
    /// For each step its first day and the day after its last, from 0, in the order of the steps.
    pub days: Vec<(f64, f64)>,
    /// Days until everything is done.
    pub length: f64,
    /// Ids of the steps of the longest chain.
    pub critical: Vec<String>,
    /// Days of the longest chain: no number of people is faster.
    pub shortest: f64,
    /// For each step how many steps must be over before it can start: those of one number can go on side by side.
    pub waves: Vec<usize>,
}

/// Gives every step to the person who is free first, in the order of the plan.
#[must_use]
pub fn schedule(steps: &[Step], people: usize) -> Schedule {
    let position: BTreeMap<&str, usize> =
        steps.iter().enumerate().map(|(at, step)| (step.id.as_str(), at)).collect();
    let needs = |step: &Step| -> Vec<usize> {
        step.depends_on.iter().filter_map(|id| position.get(id.as_str()).copied()).collect()
    };
    let mut free = vec![0.0_f64; people.max(1)];
    let mut days: Vec<(f64, f64)> = Vec::with_capacity(steps.len());
    let mut chains: Vec<(f64, Option<usize>)> = Vec::with_capacity(steps.len());
    let mut waves: Vec<usize> = Vec::with_capacity(steps.len());
    for step in steps {
        let needed = needs(step);
        let ready = needed.iter().map(|at| days[*at].1).fold(0.0, f64::max);
        // Who is free first takes it; of several that would have to wait, the one who waits least.
        let start_of = |free: f64| free.max(ready);
        let person = (0..free.len())
            .min_by(|a, b| {
                start_of(free[*a]).total_cmp(&start_of(free[*b])).then(free[*b].total_cmp(&free[*a]))
            })
            .unwrap_or(0);
        let start = start_of(free[person]);
        free[person] = start + step.effort;
        days.push((start, free[person]));
        let before = needed.iter().copied().max_by(|a, b| chains[*a].0.total_cmp(&chains[*b].0));
        chains.push((before.map_or(0.0, |at| chains[at].0) + step.effort, before));
        waves.push(needed.iter().map(|at| waves[*at] + 1).max().unwrap_or(0));
    }
    let last = (0..steps.len()).max_by(|a, b| chains[*a].0.total_cmp(&chains[*b].0).then(b.cmp(a)));
    let mut critical: Vec<String> = Vec::new();
    let mut at = last;
    while let Some(position) = at {
        critical.push(steps[position].id.clone());
        at = chains[position].1;
    }
    critical.reverse();
    Schedule {
        length: days.iter().map(|(_, end)| *end).fold(0.0, f64::max),
        shortest: last.map_or(0.0, |at| chains[at].0),
        days,
        critical,
        waves,
    }
}
