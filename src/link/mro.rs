//! Method resolution orders: C3 as in CPython's `typeobject.c` (PEP 253; Barrett et al., "A Monotonic
//! Superclass Linearization for Dylan", OOPSLA 1996).
//!
//! What the bases are is settled in [`super::bases`]; here they are only merged.

use super::{ClassId, Index, Resolution, traits};
use crate::facts::Name;
use crate::source::Language;

/// A method resolution order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mro {
    /// From the class itself to `object`.
    pub entries: Vec<MroEntry>,
    /// Names of what the order passes through without our knowing it; empty when it is complete.
    pub unknown: Vec<String>,
    /// Why there is no such order; the entries are then a fallback.
    pub error: Option<MroError>,
}

impl Mro {
    /// Whether the entries equal `cls.__mro__`.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unknown.is_empty() && self.error.is_none()
    }

    /// The known classes, in order.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> {
        self.entries.iter().filter_map(|entry| match entry {
            MroEntry::Class(id) => Some(*id),
            MroEntry::Unknown(_) => None,
        })
    }

    /// Whether the class is in the order.
    #[must_use]
    pub fn contains(&self, class: ClassId) -> bool {
        self.classes().any(|id| id == class)
    }
}

/// One entry of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MroEntry {
    /// A known class.
    Class(ClassId),
    /// A base that we could not read, by its text or dotted name.
    Unknown(Name),
}

/// Why CPython would refuse to make the class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MroError {
    /// `TypeError: duplicate base class X`
    DuplicateBase(Name),
    /// `TypeError: Cannot create a consistent method resolution order (MRO) for bases X, Y`
    Inconsistent(Vec<Name>),
    /// The class is its own ancestor, which no running program can say.
    Circular(Name),
}

impl std::fmt::Display for MroError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::DuplicateBase(name) => write!(f, "duplicate base class {name}"),
            Self::Inconsistent(names) => {
                let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
                write!(
                    f,
                    "Cannot create a consistent method resolution order (MRO) for bases {}",
                    names.join(", ")
                )
            }
            Self::Circular(name) => write!(f, "{name} is a base of itself"),
        }
    }
}

/// Computes the order of every class. Bases must be linked.
pub(super) fn link_orders(index: &mut Index) {
    let mut state = vec![Progress::New; index.classes.len()];
    let mut stack: Vec<ClassId> = Vec::new();
    for start in 0..index.classes.len() as u32 {
        stack.push(ClassId(start));
        // Depth first with a stack of our own: a line of ten thousand subclasses is no reason to overflow.
        while let Some(&class) = stack.last() {
            match state[class.0 as usize] {
                Progress::Done => {
                    stack.pop();
                }
                Progress::New => {
                    state[class.0 as usize] = Progress::Open;
                    let bases = index.class(class).bases.iter();
                    let pending = bases.filter_map(|base| match base.resolution {
                        Resolution::Resolved(base) => Some(base),
                        Resolution::External(_) | Resolution::Unresolved(_) => None,
                    });
                    stack.extend(pending.filter(|base| state[base.0 as usize] == Progress::New));
                }
                Progress::Open => {
                    stack.pop();
                    let mro = match index.language_of(class) {
                        Language::Rust => traits::order_of(index, class),
                        Language::Python | Language::PythonStub => order_of(index, class, &state),
                    };
                    index.classes[class.0 as usize].mro = mro;
                    state[class.0 as usize] = Progress::Done;
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    New,
    Open,
    Done,
}

fn order_of(index: &Index, class: ClassId, state: &[Progress]) -> Mro {
    let this = index.class(class);
    let own = MroEntry::Class(class);
    let mut unknown: Vec<String> = Vec::new();
    let mut parents: Vec<MroEntry> = Vec::new();
    let mut orders: Vec<Vec<MroEntry>> = Vec::new();
    let mut error = None;
    for base in &this.bases {
        match &base.resolution {
            Resolution::Resolved(base) if state[base.0 as usize] == Progress::Done => {
                let mro = &index.class(*base).mro;
                if mro.error.is_some() {
                    let name = index.class(*base).id;
                    push_new(&mut unknown, format!("`{name}` has no method resolution order itself"));
                }
                for reason in &mro.unknown {
                    push_new(&mut unknown, reason.clone());
                }
                parents.push(MroEntry::Class(*base));
                orders.push(mro.entries.clone());
            }
            Resolution::Resolved(base) => error = Some(MroError::Circular(index.class(*base).name)),
            Resolution::External(name) => {
                push_new(&mut unknown, format!("`{name}` is outside the tree"));
                parents.push(MroEntry::Unknown(*name));
                orders.push(vec![MroEntry::Unknown(*name)]);
            }
            Resolution::Unresolved(reason) => {
                push_new(&mut unknown, reason.to_string());
                parents.push(MroEntry::Unknown(base.text));
                orders.push(vec![MroEntry::Unknown(base.text)]);
            }
        }
    }
    let name_of = |entry: MroEntry| match entry {
        MroEntry::Class(id) => index.class(id).name,
        MroEntry::Unknown(name) => name,
    };
    let duplicate = parents.iter().enumerate().find(|(at, parent)| parents[..*at].contains(parent));
    if let Some((_, parent)) = duplicate {
        error = error.or(Some(MroError::DuplicateBase(name_of(*parent))));
    }
    if error.is_none() {
        match merge(own, &orders, &parents) {
            Ok(entries) => {
                let entries = with_object_last(index, entries);
                if is_changed_by_compiler(index, class, &entries) {
                    let reason =
                        format!("`{}` runs from a compiled module, which may leave `Generic` out", this.id);
                    push_new(&mut unknown, reason);
                }
                return Mro { entries, unknown, error: None };
            }
            Err(stuck) => {
                error = Some(MroError::Inconsistent(stuck.into_iter().map(name_of).collect()));
            }
        }
    }
    Mro { entries: with_object_last(index, depth_first(own, &orders)), unknown, error }
}

/// An extension type made from this source keeps its bases, but not what `typing` adds to them.
fn is_changed_by_compiler(index: &Index, class: ClassId, entries: &[MroEntry]) -> bool {
    let is_compiled = index.source_of(class).is_some_and(|(file, _)| index.file(file).has_compiled_twin);
    is_compiled
        && index
            .library
            .class("typing.Generic")
            .is_some_and(|generic| entries.contains(&MroEntry::Class(generic)))
}

fn push_new(list: &mut Vec<String>, item: String) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// The C3 merge. On failure, the heads that block each other, as CPython lists them.
fn merge(
    own: MroEntry,
    orders: &[Vec<MroEntry>],
    parents: &[MroEntry],
) -> Result<Vec<MroEntry>, Vec<MroEntry>> {
    let mut lists: Vec<&[MroEntry]> = orders.iter().map(Vec::as_slice).collect();
    lists.push(parents);
    let mut merged = vec![own];
    loop {
        lists.retain(|list| !list.is_empty());
        if lists.is_empty() {
            return Ok(merged);
        }
        let heads = lists.iter().map(|list| list[0]);
        let is_free = |head: &MroEntry| !lists.iter().any(|list| list[1..].contains(head));
        let Some(next) = heads.clone().find(is_free) else {
            let mut stuck: Vec<MroEntry> = Vec::new();
            for head in heads {
                if !stuck.contains(&head) {
                    stuck.push(head);
                }
            }
            return Err(stuck);
        };
        merged.push(next);
        for list in &mut lists {
            if list[0] == next {
                *list = &list[1..];
            }
        }
    }
}

/// The fallback where C3 finds no order: depth first, each class where it is met last.
fn depth_first(own: MroEntry, orders: &[Vec<MroEntry>]) -> Vec<MroEntry> {
    let mut entries = vec![own];
    for entry in orders.iter().flatten() {
        entries.retain(|seen| seen != entry);
        entries.push(*entry);
    }
    entries
}

/// `object` ends every order, also one that passes through unknown bases.
fn with_object_last(index: &Index, mut entries: Vec<MroEntry>) -> Vec<MroEntry> {
    if let Some(object) = index.library.class("builtins.object") {
        let object = MroEntry::Class(object);
        entries.retain(|entry| *entry != object);
        entries.push(object);
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each line `A(B, C)`; ids by order, `object` implied.
    #[track_caller]
    fn check(lines: &[(&str, &[&str])], expected: &str) {
        let position = |name: &str| lines.iter().position(|(own, _)| *own == name).expect(name);
        let mut orders: Vec<Vec<MroEntry>> = Vec::new();
        let mut outcome = Ok(Vec::new());
        for (index, (_, bases)) in lines.iter().enumerate() {
            let parents: Vec<MroEntry> =
                bases.iter().map(|base| MroEntry::Class(ClassId(position(base) as u32))).collect();
            let above: Vec<Vec<MroEntry>> = bases.iter().map(|base| orders[position(base)].clone()).collect();
            outcome = merge(MroEntry::Class(ClassId(index as u32)), &above, &parents);
            orders.push(outcome.clone().unwrap_or_default());
        }
        let (Ok(entries) | Err(entries)) = outcome;
        let names: Vec<&str> = entries
            .iter()
            .map(|entry| match entry {
                MroEntry::Class(id) => lines[id.0 as usize].0,
                MroEntry::Unknown(name) => name.as_str(),
            })
            .collect();
        assert_eq!(names.join(" "), expected);
    }

    #[test]
    fn the_diamond_of_the_paper_is_linearised() {
        check(
            &[
                ("O", &[]),
                ("A", &["O"]),
                ("B", &["O"]),
                ("C", &["O"]),
                ("D", &["O"]),
                ("E", &["O"]),
                ("K1", &["A", "B", "C"]),
                ("K2", &["D", "B", "E"]),
                ("K3", &["D", "A"]),
                ("Z", &["K1", "K2", "K3"]),
            ],
            "Z K1 K2 K3 D A B C E O",
        );
    }

    #[test]
    fn an_impossible_order_names_the_classes_that_block_each_other() {
        check(&[("A", &[]), ("B", &[]), ("X", &["A", "B"]), ("Y", &["B", "A"]), ("Z", &["X", "Y"])], "A B");
    }
}
