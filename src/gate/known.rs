//! What is found now, matched with what is known: by name, and by file where a name is there several times.

use std::collections::{BTreeMap, BTreeSet};

use super::Terms;
use super::baseline::Entry;
use crate::finding::{Atom, Finding, Rule};

/// A name within the findings of one family of rules.
type Key<'a> = (Rule, &'a str);

/// Which atoms are known, and which entries have nothing to match any more.
pub(super) struct Matching {
    /// What is found and not known.
    new: BTreeSet<(Rule, Atom)>,
    /// Pairs that were nearly findings, by name and content.
    near: BTreeSet<(Rule, [String; 2])>,
    /// For each known circle of modules what it was made of; see [`Matching::is_known_circle`].
    circles: Vec<Circle>,
    pub(super) stale: Vec<Entry>,
}

/// A known circle of imports.
struct Circle {
    names: BTreeSet<String>,
    /// How many of its modules are no longer in the tree.
    vanished: usize,
}

impl Matching {
    pub(super) fn of<'f>(
        terms: &Terms<'_>,
        findings: impl Iterator<Item = &'f Finding>,
        files: &BTreeSet<String>,
    ) -> Self {
        let families: BTreeSet<Rule> = terms.rules.iter().map(|rule| rule.family()).collect();
        let all = terms.baseline.iter().chain(terms.before);
        let (near, checked): (Vec<&Entry>, Vec<&Entry>) =
            all.filter(|entry| families.contains(&entry.rule.family())).partition(|entry| entry.is_near);
        let near = near.iter().filter_map(|entry| {
            let mut names: Vec<String> = entry.atoms.iter().map(|atom| atom.name.clone()).collect();
            names.sort();
            Some((entry.rule.family(), names.try_into().ok()?))
        });
        let found: BTreeMap<Key<'_>, BTreeSet<&str>> =
            paths_by_name(findings.map(|finding| (finding.rule, finding.atoms.as_slice())));
        let known = paths_by_name(checked.iter().map(|entry| (entry.rule, entry.atoms.as_slice())));
        let (mut new, mut gone) = (BTreeSet::new(), BTreeSet::new());
        let nothing = BTreeSet::new();
        let keys: BTreeSet<&Key<'_>> = found.keys().chain(known.keys()).collect();
        for key in keys {
            let (now, before) = (found.get(key).unwrap_or(&nothing), known.get(key).unwrap_or(&nothing));
            let (appeared, vanished) = without_moves(now, before);
            let atom = |path: &&str| (key.0, Atom { name: key.1.to_owned(), path: (*path).to_owned() });
            new.extend(appeared.iter().map(atom));
            gone.extend(vanished.iter().map(atom));
        }
        let is_stale = |entry: &&Entry| {
            let rule = entry.rule.family();
            !entry.is_near && entry.atoms.iter().any(|atom| gone.contains(&(rule, atom.clone())))
        };
        let circles = checked.iter().filter(|entry| entry.rule == Rule::ImportCycle).map(|entry| Circle {
            names: entry.atoms.iter().map(|atom| atom.name.clone()).collect(),
            vanished: entry.atoms.iter().filter(|atom| !files.contains(&atom.path)).count(),
        });
        Self {
            new,
            circles: circles.collect(),
            near: near.collect(),
            stale: terms.baseline.iter().filter(is_stale).cloned().collect(),
        }
    }

    /// Whether everything that a finding is about is known.
    pub(super) fn is_known(&self, finding: &Finding) -> bool {
        let rule = finding.rule.family();
        let unknown = finding.atoms.iter().filter(|atom| self.new.contains(&(rule, (*atom).clone()))).count();
        unknown == 0
            || rule == Rule::ImportCycle && self.is_known_circle(finding, unknown)
            || self.was_near(finding)
    }

    /// Whether two copies were nearly that before, and have not changed since: something else has.
    fn was_near(&self, finding: &Finding) -> bool {
        let names = finding.contents().map(|contents| contents.map(|atom| atom.name));
        names.is_some_and(|names| self.near.contains(&(finding.rule.family(), names)))
    }

    /// Whether of two copies the second is new, and the first is not.
    pub(super) fn is_second_alone_new(&self, finding: &Finding) -> bool {
        let rule = finding.rule.family();
        let is_new =
            |at: usize| finding.atoms.get(at).is_some_and(|atom| self.new.contains(&(rule, atom.clone())));
        is_new(1) && !is_new(0)
    }

    /// A module that is in a known circle under a new name: as many of the circle's modules as are unknown have gone from
    /// the tree.
    fn is_known_circle(&self, finding: &Finding, unknown: usize) -> bool {
        let is_shared = |circle: &&Circle| finding.atoms.iter().any(|atom| circle.names.contains(&atom.name));
        let vanished: usize = self.circles.iter().filter(is_shared).map(|circle| circle.vanished).sum();
        unknown <= vanished
    }
}

fn paths_by_name<'a>(all: impl Iterator<Item = (Rule, &'a [Atom])>) -> BTreeMap<Key<'a>, BTreeSet<&'a str>> {
    let mut paths: BTreeMap<Key<'a>, BTreeSet<&'a str>> = BTreeMap::new();
    for (rule, atoms) in all {
        for atom in atoms {
            paths.entry((rule.family(), &atom.name)).or_default().insert(&atom.path);
        }
    }
    paths
}

/// The paths that appeared and those that vanished, after each that appeared has been matched with one that vanished
/// as long as there are any: with one of its own file name first.
fn without_moves<'a>(now: &BTreeSet<&'a str>, before: &BTreeSet<&'a str>) -> (Vec<&'a str>, Vec<&'a str>) {
    let mut appeared: Vec<&str> = now.difference(before).copied().collect();
    let mut vanished: Vec<&str> = before.difference(now).copied().collect();
    let file_name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    appeared.retain(|path| {
        let twin = vanished.iter().position(|old| file_name(old) == file_name(path));
        twin.map(|at| vanished.remove(at)).is_none()
    });
    let moved = appeared.len().min(vanished.len());
    appeared.drain(..moved);
    vanished.drain(..moved);
    (appeared, vanished)
}
