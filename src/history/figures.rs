//! What is counted of one commit, and what came and went from one to the next.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::concepts::groundwork::Groundwork;
use crate::analysis::concepts::{self, Concept, Role};
use crate::analysis::graph::{Imports, PhaseSet, count_cycles};
use crate::analysis::{AnalysisOptions, duplicates};
use crate::facts::names::last_segment;
use crate::link::Index;

/// What a commit holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Source files.
    pub files: usize,
    /// Their lines.
    pub lines: u64,
    /// Types that they define.
    pub types: usize,
    /// Class names of production code with several definitions.
    pub duplicate_names: usize,
    /// Cycles of imports on load.
    pub load_cycles: usize,
    /// The declared concepts that have members.
    pub concepts: Vec<ConceptFigures>,
}

/// What a commit holds of one concept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConceptFigures {
    /// Its id.
    pub id: String,
    /// The canonical implementation.
    pub canonical: Option<String>,
    /// Members by id, the doubles of tests aside.
    pub members: BTreeMap<String, MemberFigures>,
    /// Where members contradict each other.
    pub conflicts: usize,
}

/// What a commit says of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberFigures {
    /// What it is to the concept.
    pub role: Role,
    /// Lines of its definition; of a module of functions, its file's.
    pub lines: u32,
}

impl Figures {
    /// The members of a concept, by its id.
    fn members_of(&self, concept: &str) -> Option<&BTreeMap<String, MemberFigures>> {
        self.concepts.iter().find(|found| found.id == concept).map(|found| &found.members)
    }
}

impl ConceptFigures {
    /// Members that do the job, or part of it.
    #[must_use]
    pub fn implementations(&self) -> usize {
        self.members.values().filter(|member| member.role.is_implementation()).count()
    }

    /// Members with a role.
    #[must_use]
    pub fn with_role(&self, role: Role) -> usize {
        self.members.values().filter(|member| member.role == role).count()
    }

    /// Lines of all implementations.
    #[must_use]
    pub fn lines(&self) -> u32 {
        let implementations = self.members.values().filter(|member| member.role.is_implementation());
        implementations.map(|member| member.lines).sum()
    }
}

/// A tree that was counted, with what the next one can use of it.
pub struct Counted {
    index: Index,
    groundwork: Groundwork,
    imports: Imports,
}

impl Counted {
    /// The tree.
    #[must_use]
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// Who imports whom in it.
    #[must_use]
    pub fn imports(&self) -> &Imports {
        &self.imports
    }
}

/// Counts a tree; `before` is the one that it was linked after.
#[must_use]
pub fn figures(index: Index, before: Option<&Counted>, options: &AnalysisOptions) -> (Figures, Counted) {
    let groundwork = Groundwork::default();
    let (concepts, ((load_cycles, imports), duplicate_names)) = rayon::join(
        || concepts::find_with(&index, options, &groundwork, before.map(|before| &before.groundwork)),
        || {
            let imports = before.map(|before| &before.imports);
            rayon::join(
                || count_cycles(&index, imports, PhaseSet::Load, options.graph),
                || duplicates::find(&index).len(),
            )
        },
    );
    let files = &index.files[..index.tree_files];
    let figures = Figures {
        files: files.len(),
        lines: files.iter().map(|file| u64::from(file.facts.line_count)).sum(),
        types: index.tree_classes().count(),
        duplicate_names,
        load_cycles,
        concepts: concepts.iter().map(|concept| of_concept(&index, concept)).collect(),
    };
    (figures, Counted { index, groundwork, imports })
}

fn of_concept(index: &Index, concept: &Concept) -> ConceptFigures {
    let classes = concept.members.iter().map(|member| {
        let figures = MemberFigures { role: member.role, lines: index.lines_of(member.class) };
        (index.class(member.class).id.as_str().to_owned(), figures)
    });
    let modules = concept.modules.iter().map(|member| {
        let lines = member.unit.span(index).map_or(0, |(file, _)| index.file(file).facts.line_count);
        (member.unit.id(index).as_str().to_owned(), MemberFigures { role: member.role, lines })
    });
    ConceptFigures {
        id: concept.id.clone(),
        canonical: concept.canonical.map(|class| index.class(class).id.as_str().to_owned()),
        members: classes.chain(modules).filter(|(_, member)| member.role != Role::TestDouble).collect(),
        conflicts: concept.conflicts.len(),
    }
}

/// Something that a commit did to a concept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The concept's id.
    pub concept: String,
    /// The member.
    pub member: String,
    /// What became of it.
    pub change: Change,
}

/// What became of a member.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// It came.
    Introduced(Role),
    /// It has another name or stands in another place; what it was called.
    Moved(String),
    /// It is something else to the concept: what it was, and what it is.
    BecameOther(Role, Role),
    /// It went.
    Removed(Role),
}

/// What changed from one commit (none: before the first) to another, sorted.
#[must_use]
pub fn events(before: Option<&Figures>, after: &Figures) -> Vec<Event> {
    let none = BTreeMap::new();
    let before_ids = before.iter().flat_map(|figures| &figures.concepts).map(|concept| concept.id.as_str());
    let ids: BTreeSet<&str> =
        before_ids.chain(after.concepts.iter().map(|concept| concept.id.as_str())).collect();
    let mut found = Vec::new();
    for id in ids {
        let old = before.and_then(|before| before.members_of(id)).unwrap_or(&none);
        let new = after.members_of(id).unwrap_or(&none);
        let mut add = |member: &str, change: Change| {
            found.push(Event { concept: id.to_owned(), member: member.to_owned(), change });
        };
        let mut gone: BTreeMap<&String, Role> = old
            .iter()
            .filter(|(member, _)| !new.contains_key(*member))
            .map(|(member, figures)| (member, figures.role))
            .collect();
        for (member, MemberFigures { role, .. }) in new {
            match old.get(member) {
                Some(was) if was.role != *role => add(member, Change::BecameOther(was.role, *role)),
                Some(_) => {}
                None => {
                    // A class that goes in one place and comes in another is the same class.
                    let moved = gone
                        .iter()
                        .find(|(other, was)| **was == *role && last_segment(other) == last_segment(member));
                    match moved.map(|(other, _)| (*other).clone()) {
                        Some(other) => {
                            gone.remove(&other);
                            add(member, Change::Moved(other));
                        }
                        None => add(member, Change::Introduced(*role)),
                    }
                }
            }
        }
        for (member, role) in gone {
            add(member, Change::Removed(role));
        }
    }
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(members: &[(&str, Role)]) -> Figures {
        let members =
            members.iter().map(|(id, role)| ((*id).to_owned(), MemberFigures { role: *role, lines: 1 }));
        let concept = ConceptFigures {
            id: "hub".to_owned(),
            canonical: None,
            members: members.collect(),
            conflicts: 0,
        };
        Figures { files: 1, lines: 1, types: 1, duplicate_names: 0, load_cycles: 0, concepts: vec![concept] }
    }

    #[track_caller]
    fn check(before: &[(&str, Role)], after: &[(&str, Role)], expect: &[(&str, Change)]) {
        let found = events(Some(&commit(before)), &commit(after));
        let found: Vec<(&str, Change)> =
            found.iter().map(|event| (event.member.as_str(), event.change.clone())).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn what_comes_goes_moves_and_changes_is_told_apart() {
        check(&[("a.Hub", Role::Canonical)], &[("a.Hub", Role::Canonical)], &[]);
        check(&[], &[("a.Hub", Role::Duplicate)], &[("a.Hub", Change::Introduced(Role::Duplicate))]);
        check(
            &[("a.Hub", Role::Duplicate), ("b.Bus", Role::Duplicate)],
            &[("c.Hub", Role::Duplicate), ("b.Bus", Role::Shim)],
            &[
                ("b.Bus", Change::BecameOther(Role::Duplicate, Role::Shim)),
                ("c.Hub", Change::Moved("a.Hub".to_owned())),
            ],
        );
        check(&[("a.Hub", Role::Shim)], &[], &[("a.Hub", Change::Removed(Role::Shim))]);
    }
}
