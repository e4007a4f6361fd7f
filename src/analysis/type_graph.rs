//! The graph between types: which class inherits from, holds or calls which, and which modules use them.
//!
//! References stand in [`crate::link::references`]; here they are attributed to the class whose
//! body they stand in. How modules depend on each other is in [`super::graph`].

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::graph::{Phase, runs_later};
use crate::facts::{GuardKind, MODULE_SCOPE, Name, ScopeId, ScopeKind};
use crate::link::modules::ModuleId;
use crate::link::references::ReferenceKind;
use crate::link::{ClassId, FileId, Index, Resolution};
use crate::source::Language;
use crate::text::Offset;

/// A dependency of one class on another, at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeEdge {
    /// The class that depends.
    pub from: ClassId,
    /// The class that it depends on.
    pub to: ClassId,
    /// How.
    pub kind: TypeEdgeKind,
    /// Where: the file.
    pub file: FileId,
    /// Where: the base or the name.
    pub at: Offset,
}

/// How a class depends on another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TypeEdgeKind {
    /// Lists it among its bases.
    Inherits,
    /// Its body or its methods use it.
    Uses(ReferenceKind),
}

impl TypeEdgeKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inherits => "inherits",
            Self::Uses(kind) => kind.as_str(),
        }
    }
}

/// The dependencies between some classes, without those of a class on itself; sorted by `from`,
/// `to`, file and place. Code of a nested class counts for the innermost class that is asked for.
#[must_use]
pub fn type_graph(index: &Index, classes: &[ClassId]) -> Vec<TypeEdge> {
    let wanted: FxHashSet<ClassId> = classes.iter().copied().collect();
    let mut edges = Vec::new();
    for &class in classes {
        push_bases(index, class, &wanted, &mut edges);
        push_uses(index, class, &wanted, &mut edges);
    }
    edges.sort_unstable_by_key(|edge| (edge.from, edge.to, edge.file, edge.at, edge.kind));
    edges.dedup();
    edges
}

/// How often code of one module uses a class, by when that code runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModuleUse {
    /// The module.
    pub module: ModuleId,
    /// The class.
    pub class: ClassId,
    /// Uses when the module is loaded.
    pub load: usize,
    /// Uses in functions.
    pub local: usize,
    /// Annotations, and whatever stands in a stub or under `TYPE_CHECKING`.
    pub typing: usize,
    /// Strings that name it.
    pub dynamic: usize,
}

/// The modules that use any of some classes from outside the module that defines it, calls of their
/// methods included; sorted by the module's name, then by class. Entries of `__all__` are no use.
#[must_use]
pub fn users_of(index: &Index, classes: &[ClassId]) -> Vec<ModuleUse> {
    let mut counts: BTreeMap<(Name, ModuleId, ClassId), ModuleUse> = BTreeMap::new();
    let distinct: BTreeSet<ClassId> = classes.iter().copied().collect();
    for class in distinct {
        let home = index.source_of(class).and_then(|(file, _)| index.modules.of_file(file));
        for used in uses_of(index, class) {
            let Some(module) = index.modules.of_file(used.file) else { continue };
            let Some(phase) = phase_of(index, &used) else { continue };
            if Some(module) == home {
                continue;
            }
            let key = (index.modules.get(module).name, module, class);
            let none = ModuleUse { module, class, load: 0, local: 0, typing: 0, dynamic: 0 };
            let entry = counts.entry(key).or_insert(none);
            match phase {
                Phase::Load => entry.load += 1,
                Phase::Local => entry.local += 1,
                Phase::Typing => entry.typing += 1,
                Phase::Dynamic => entry.dynamic += 1,
                Phase::Test => {}
            }
        }
    }
    counts.into_values().collect()
}

fn push_bases(index: &Index, class: ClassId, wanted: &FxHashSet<ClassId>, edges: &mut Vec<TypeEdge>) {
    let Some((file, fact)) = index.source_of(class) else { return };
    let written = index.file(file).facts.bases_of(fact);
    for (position, base) in index.class(class).bases.iter().enumerate() {
        let Resolution::Resolved(to) = base.resolution else { continue };
        if to == class || !wanted.contains(&to) {
            continue;
        }
        // A class that a call makes has bases, but none that stand behind its name.
        let at = written.get(position).map_or(fact.name_at, |base| base.at);
        edges.push(TypeEdge { from: class, to, kind: TypeEdgeKind::Inherits, file, at });
    }
}

fn push_uses(index: &Index, to: ClassId, wanted: &FxHashSet<ClassId>, edges: &mut Vec<TypeEdge>) {
    for used in uses_of(index, to) {
        match used.kind {
            // An import alone uses nothing, and bases are edges of their own.
            ReferenceKind::Import | ReferenceKind::Export | ReferenceKind::Base => continue,
            ReferenceKind::Instantiate
            | ReferenceKind::Call
            | ReferenceKind::Annotation
            | ReferenceKind::InstanceTest
            | ReferenceKind::Attribute
            | ReferenceKind::Value
            | ReferenceKind::Decorator
            | ReferenceKind::Bound
            | ReferenceKind::String => {}
        }
        if let Some(from) = enclosing_class(index, &used, wanted)
            && from != to
        {
            edges.push(TypeEdge {
                from,
                to,
                kind: TypeEdgeKind::Uses(used.kind),
                file: used.file,
                at: used.at,
            });
        }
    }
}

/// A use of a class, or of a method on one of its instances.
struct Use {
    file: FileId,
    at: Offset,
    scope: ScopeId,
    kind: ReferenceKind,
}

fn uses_of(index: &Index, class: ClassId) -> impl Iterator<Item = Use> {
    let direct = index.references.of_class(class).iter();
    let direct = direct.map(|r| Use { file: r.file, at: r.at, scope: r.scope, kind: r.kind });
    // What a class does with `self` is no use of it from elsewhere.
    let methods = index.references.on_receiver(class).iter().filter(|r| !r.is_own);
    direct.chain(methods.map(|r| Use { file: r.file, at: r.at, scope: r.scope, kind: r.kind }))
}

/// The innermost of the wanted classes whose body holds a use.
fn enclosing_class(index: &Index, used: &Use, wanted: &FxHashSet<ClassId>) -> Option<ClassId> {
    let facts = &index.file(used.file).facts;
    let mut at = used.scope;
    while at != MODULE_SCOPE {
        let here = facts.scopes[at.index()];
        if let ScopeKind::Type(index_in_file) = here.kind {
            let class = index.class_of(used.file, index_in_file);
            if wanted.contains(&class) {
                return Some(class);
            }
        }
        at = here.parent;
    }
    None
}

/// When a use takes place; `None` for what is no use.
fn phase_of(index: &Index, used: &Use) -> Option<Phase> {
    let file = index.file(used.file);
    let phase = match used.kind {
        ReferenceKind::Export => return None,
        ReferenceKind::String => return Some(Phase::Dynamic),
        ReferenceKind::Annotation => Phase::Typing,
        ReferenceKind::Import if is_for_type_checkers(index, used) => Phase::Typing,
        ReferenceKind::Import
        | ReferenceKind::Instantiate
        | ReferenceKind::Call
        | ReferenceKind::Base
        | ReferenceKind::InstanceTest
        | ReferenceKind::Attribute
        | ReferenceKind::Value
        | ReferenceKind::Bound
        | ReferenceKind::Decorator => match runs_later(&file.facts, used.scope) {
            true => Phase::Local,
            false => Phase::Load,
        },
    };
    Some(if file.language == Language::PythonStub { Phase::Typing } else { phase })
}

fn is_for_type_checkers(index: &Index, used: &Use) -> bool {
    let facts = &index.file(used.file).facts;
    let import = facts.imports.iter().find(|import| import.at == used.at);
    import.is_some_and(|import| {
        facts.guards_of(import.guard).any(|(_, guard)| guard.kind == GuardKind::TypeChecking)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::{self, Target};
    use crate::link::library::NEWEST;
    use crate::link::references::Uses;
    use crate::link::{Ground, LinkFile, NoEnvironment, link};
    use crate::source::FileRole;

    const FILES: &[(&str, &str)] = &[
        ("app/__init__.py", ""),
        (
            "app/manager.py",
            "class Base: ...\nclass Manager(Base):\n    def send(self): self.send()\n    class Inner:\n        x = Base()\n",
        ),
        (
            "app/service.py",
            "from app.manager import Manager\nclass Service:\n    def __init__(self, m: Manager):\n        self.m = m\n    def run(self):\n        self.m.send()\n        return Manager()\n",
        ),
        ("app/wiring.py", "from app.manager import Manager\nshared = Manager()\n"),
    ];

    fn program() -> Index {
        let files = FILES.iter().map(|(display, text)| LinkFile {
            display: (*display).to_owned(),
            language: Language::Python,
            role: FileRole::Production,
            has_compiled_twin: false,
            facts: lang::facts(text, Language::Python, Target::default()).into(),
        });
        let ground = Ground { python_minor: NEWEST, ..Ground::default() };
        link(files.collect(), &ground, &NoEnvironment, Uses::All)
    }

    fn named(index: &Index, name: &str) -> ClassId {
        index.tree_classes().find(|&class| index.class(class).name.as_str() == name).expect(name)
    }

    #[track_caller]
    fn check(classes: &[&str], expected: &[&str]) {
        let index = program();
        let classes: Vec<ClassId> = classes.iter().map(|name| named(&index, name)).collect();
        let edges = type_graph(&index, &classes);
        let shown: Vec<String> = edges
            .iter()
            .map(|edge| {
                let (from, to) = (index.class(edge.from).name, index.class(edge.to).name);
                let line = index.position(edge.file, edge.at).line;
                format!("{from} {} {to} {line}", edge.kind.as_str())
            })
            .collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn bases_and_uses_in_the_body_are_edges() {
        check(
            &["Manager", "Base", "Service"],
            &[
                "Manager inherits Base 2",
                "Manager instantiate Base 5",
                "Service annotation Manager 3",
                "Service call Manager 6",
                "Service instantiate Manager 7",
            ],
        );
    }

    #[test]
    fn a_nested_class_that_is_asked_for_takes_its_own_uses() {
        check(&["Manager", "Base", "Inner"], &["Manager inherits Base 2", "Inner instantiate Base 5"]);
    }

    #[test]
    fn users_are_counted_by_when_their_code_runs() {
        let index = program();
        let users = users_of(&index, &[named(&index, "Manager")]);
        let shown: Vec<(&str, usize, usize, usize)> = users
            .iter()
            .map(|user| (index.modules.get(user.module).name.as_str(), user.load, user.local, user.typing))
            .collect();
        assert_eq!(shown, [("app.service", 1, 2, 1), ("app.wiring", 2, 0, 0)]);
    }
}
