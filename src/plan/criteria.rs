//! What is true after a step and after all of them, and how far it is from being so.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::concepts::{Concept, Role};
use crate::analysis::impact::{Action, Impact, is_running, measure_of, running_uses};
use crate::analysis::protocols::{self, Verdict};
use crate::analysis::usage::outside_references;
use crate::facts::names::{last_segment, without_last};
use crate::facts::{MODULE_SCOPE, Name};
use crate::link::members::{method_of, methods_of};
use crate::link::references::{Reference, Via};
use crate::link::{ClassId, FileId, Index};
use crate::source::FileRole;

/// What is true after a step. Types are named by dotted id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Criterion {
    /// There is no such type.
    Gone {
        /// The type.
        r#type: String,
    },
    /// There is such a type.
    Exists {
        /// The type.
        r#type: String,
    },
    /// The type has these methods.
    HasMethods {
        /// The type.
        r#type: String,
        /// Their names.
        methods: Vec<String>,
    },
    /// The type has no method of its own, or is gone.
    IsAlias {
        /// The type.
        r#type: String,
    },
    /// No production code outside its definition does more with it than to pass its name on.
    Unused {
        /// The type.
        r#type: String,
    },
    /// A type does what a protocol demands.
    Conforms {
        /// The type.
        r#type: String,
        /// The protocol.
        protocol: String,
    },
    /// One type names another one nowhere in its body, and calls nothing on it.
    Apart {
        /// The type.
        r#type: String,
        /// The other one.
        from: String,
    },
}

/// How far something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// How much is open; 0 is done.
    pub open: u32,
    /// In words.
    pub statement: String,
}

impl State {
    fn of(open: usize, statement: String) -> Self {
        Self { open: open as u32, statement }
    }
}

/// What is true when a concept has one implementation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Success {
    /// What.
    pub name: &'static str,
    /// How far it is.
    pub state: State,
}

fn named(index: &Index, id: &str) -> Option<ClassId> {
    index.tree_classes().find(|class| index.class(*class).id.as_str() == id)
}

/// Looks whether it is true of a tree.
#[must_use]
pub fn evaluate(index: &Index, criterion: &Criterion) -> State {
    match criterion {
        Criterion::Gone { r#type } => match (named(index, r#type), is_bound(index, r#type)) {
            (None, false) => State::of(0, format!("`{type}` is gone")),
            (None, true) => State::of(1, format!("`{type}` is an alias")),
            (Some(_), _) => State::of(1, format!("`{type}` is there")),
        },
        Criterion::Exists { r#type } => match named(index, r#type) {
            None => State::of(1, format!("`{type}` is not there")),
            Some(_) => State::of(0, format!("`{type}` is there")),
        },
        Criterion::HasMethods { r#type, methods } => {
            let class = named(index, r#type);
            let has =
                |name: &String| class.is_some_and(|class| method_of(index, class, Name::new(name)).is_some());
            let missing: Vec<&str> = methods.iter().filter(|name| !has(name)).map(String::as_str).collect();
            let statement = match missing.as_slice() {
                [] => format!("`{type}` has all {} methods", methods.len()),
                some => format!("`{type}` has no `{}`", some.join("`, `")),
            };
            State::of(missing.len(), statement)
        }
        Criterion::IsAlias { r#type } => {
            let own = named(index, r#type).map_or(0, |class| methods_of(index, class).len());
            State::of(own, format!("`{type}` has {own} methods of its own"))
        }
        Criterion::Unused { r#type } => {
            let open = match named(index, r#type) {
                Some(class) => running_uses(index, class) as usize,
                None => uses_of_alias(index, r#type),
            };
            State::of(open, format!("{open} uses of `{type}` in production"))
        }
        Criterion::Conforms { r#type, protocol } => {
            let (Some(class), Some(wanted)) = (named(index, r#type), named(index, protocol)) else {
                return State::of(1, format!("`{type}` or `{protocol}` is not there"));
            };
            let conformance = protocols::conforms(index, class, wanted);
            let broken = conformance.members.iter().filter(|member| member.verdict == Verdict::Violates);
            let names: Vec<&str> = broken.map(|member| member.name.as_str()).collect();
            let statement = match names.as_slice() {
                [] => format!("`{type}` violates nothing of `{protocol}`"),
                some => format!("`{type}` violates `{}`", some.join("`, `")),
            };
            State::of(names.len(), statement)
        }
        Criterion::Apart { r#type, from } => {
            let (Some(class), Some(other)) = (named(index, r#type), named(index, from)) else {
                return State::of(0, format!("`{type}` or `{from}` is not there"));
            };
            let spans: Vec<_> = index.parts_of(class).map(|(file, part)| (file, part.at..part.end)).collect();
            let is_within = |file, at| spans.iter().any(|(own, span)| *own == file && span.contains(&at));
            let named = outside_references(index, other).filter(|found| is_within(found.file, found.at));
            // What a factory gives is the same type, though nobody writes its name.
            let calls = index.references.on_receiver(other).iter();
            let calls = calls.filter(|found| !found.is_own && is_within(found.file, found.at));
            let open = named.count() + calls.count();
            State::of(open, format!("`{type}` uses `{from}` {open} times"))
        }
    }
}

/// Uses in production code of a name that stands for another type.
fn uses_of_alias(index: &Index, id: &str) -> usize {
    let name = Name::new(last_segment(id));
    let through = |reference: &&Reference| {
        reference.via == Via::Alias(name)
            && is_running(reference)
            && index.role_at(reference.file, reference.scope) == FileRole::Production
    };
    if !is_bound(index, id) {
        return 0;
    }
    index.tree_classes().map(|class| index.references.of_class(class).iter().filter(through).count()).sum()
}

/// Whether the module of an id binds its last name to something that is no definition: `Old = New`, `from new import New as
/// Old`.
fn is_bound(index: &Index, id: &str) -> bool {
    let (Some(module), name) = (without_last(id), last_segment(id)) else { return false };
    let files = (0..index.tree_files as u32).map(FileId);
    let mut homes = files.filter(|file| {
        index.modules.of_file(*file).is_some_and(|found| index.modules.get(found).name.as_str() == module)
    });
    homes.any(|file| {
        let bindings = index.file(file).facts.bindings_in(MODULE_SCOPE);
        bindings.iter().any(|binding| binding.name.as_str() == name)
    })
}

/// What has to be true of a concept in the end, and how far it is.
pub(super) fn success_of(index: &Index, concept: &Concept, impacts: &[Impact]) -> Vec<Success> {
    let of_role = |wanted: fn(Role) -> bool| concept.members.iter().filter(move |member| wanted(member.role));
    let modules = concept.modules.iter().filter(|member| member.role.is_implementation()).count();
    let implementations = of_role(Role::is_implementation).count() + modules;
    let protocols = of_role(|role| role == Role::Protocol).count();
    let renames = impacts.iter().filter(|impact| matches!(impact.action, Action::Rename(_))).count();
    let shims = of_role(|role| role == Role::Shim).count();
    let measure = measure_of(index, concept);
    let broken: usize = measure.zip(concept.canonical).map_or(0, |(protocol, canonical)| {
        let conformance = protocols::conforms(index, canonical, protocol);
        conformance.members.iter().filter(|member| member.verdict == Verdict::Violates).count()
    });
    let conflicts = concept.conflicts.len();
    let files: std::collections::BTreeSet<_> = impacts
        .iter()
        .filter(|impact| matches!(impact.role, Role::Duplicate | Role::Complementary | Role::Shim))
        .filter_map(|impact| index.source_of(impact.class).map(|(file, _)| file))
        .collect();
    let lines: u32 = impacts
        .iter()
        .filter(|impact| matches!(impact.role, Role::Duplicate | Role::Complementary | Role::Shim))
        .map(|impact| impact.lines)
        .sum();
    let success = |name: &'static str, open: usize, statement: String| Success {
        name,
        state: State::of(open, statement),
    };
    vec![
        success(
            "one implementation",
            implementations.saturating_sub(1),
            format!("{implementations} implementations"),
        ),
        success(
            "no name that promises the concept and is another thing",
            renames,
            format!("{renames} to rename"),
        ),
        success("one protocol", protocols.saturating_sub(1), format!("{protocols} protocols")),
        success(
            "the canonical implementation conforms to it",
            broken,
            format!("{broken} members violate it"),
        ),
        success("no conflicts between its members", conflicts, format!("{conflicts} conflicts")),
        success("no shims", shims, format!("{shims} shims")),
        success(
            "no lines beside the canonical implementation",
            lines as usize,
            format!("{lines} lines in {} files", files.len()),
        ),
    ]
}
