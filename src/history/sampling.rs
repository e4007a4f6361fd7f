//! Which commits of a history are looked at.

use crate::git::Commit;

/// How many commits are looked at where nothing else is said.
pub const DEFAULT_COMMITS: usize = 200;

/// How close the looked-at commits are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// As many as [`DEFAULT_COMMITS`], at even distances.
    Spread,
    /// Every n-th, counted from the newest.
    Every(usize),
    /// The last one of each day.
    PerDay,
    /// The last one of each month.
    PerMonth,
}

/// Positions of the commits that are looked at, in order: the oldest and the newest are always among them.
#[must_use]
pub fn sample(commits: &[Commit], sampling: Sampling) -> Vec<usize> {
    let last_of = |length: usize| -> Vec<usize> {
        let period = |at: usize| commits[at].day.get(..length);
        (0..commits.len()).filter(|&at| at + 1 == commits.len() || period(at) != period(at + 1)).collect()
    };
    let every = |step: usize| -> Vec<usize> {
        let mut found: Vec<usize> = (0..commits.len()).rev().step_by(step.max(1)).collect();
        found.reverse();
        found
    };
    let mut found = match sampling {
        Sampling::Spread => every(commits.len().div_ceil(DEFAULT_COMMITS)),
        Sampling::Every(step) => every(step),
        Sampling::PerDay => last_of("2024-03-01".len()),
        Sampling::PerMonth => last_of("2024-03".len()),
    };
    if found.first().is_some_and(|first| *first > 0) {
        found.insert(0, 0);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_and_the_newest_commit_are_always_looked_at() {
        let days = ["2024-01-01", "2024-01-01", "2024-01-02", "2024-02-01", "2024-02-01"];
        let commits = days.map(|day| Commit {
            id: String::new(),
            tree: String::new(),
            day: day.to_owned(),
            subject: String::new(),
        });
        assert_eq!(sample(&commits, Sampling::Spread), [0, 1, 2, 3, 4]);
        assert_eq!(sample(&commits, Sampling::Every(2)), [0, 2, 4]);
        assert_eq!(sample(&commits, Sampling::Every(3)), [0, 1, 4]);
        assert_eq!(sample(&commits, Sampling::PerDay), [0, 1, 2, 4]);
        assert_eq!(sample(&commits, Sampling::PerMonth), [0, 2, 4]);
        assert!(sample(&[], Sampling::PerDay).is_empty());
    }
}
