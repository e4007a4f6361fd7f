//! Concepts declared by rule: their members, each with a role and the evidence for it, and the canonical one.

pub mod aliases;
pub mod election;
mod evidence;
pub mod groundwork;
mod subclasses;

use std::collections::BTreeSet;

use globset::GlobMatcher;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::AnalysisOptions;
use super::conflicts::{self, Conflict};
use super::protocols;
use super::protocols::matrix::ConformancePair;
use super::similarity::units::{Unit, may_implement};
use super::usage::{self, UsageCounts};
use crate::facts::names::is_tail;
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::{FileRole, Language};
use crate::text::Offset;
use aliases::Alias;
use election::Election;
use groundwork::Groundwork;

/// A concept as declared.
#[derive(Debug, Clone)]
pub struct ConceptRule {
    /// Kebab-case id.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// What it is for.
    pub summary: String,
    /// Patterns on simple class names.
    pub names: Vec<GlobMatcher>,
    /// Members by dotted id or a tail of one.
    pub members: Vec<String>,
    /// Classes that only look like members, by dotted id or a tail.
    pub exclude: Vec<String>,
    /// The canonical implementation, by dotted id or a tail.
    pub canonical: Option<String>,
    /// The protocol that the canonical implementation is held to, by dotted id or a tail.
    pub protocol: Option<String>,
    /// The line of the configuration that declares it; 0 for one that is built in.
    pub line: u32,
}

/// What a type is to a concept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// The implementation that should be the only one.
    Canonical,
    /// Does the same job.
    Duplicate,
    /// Does another part of the same job.
    Complementary,
    /// Sits on top of the canonical one.
    ApplicationService,
    /// Shares only the name.
    DifferentDomain,
    /// Says what an implementation must have.
    Protocol,
    /// Another name for the canonical one, or a subclass without content.
    Shim,
    /// Stands in for it in tests.
    TestDouble,
}

impl Role {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canonical => "canonical",
            Self::Duplicate => "duplicate",
            Self::Complementary => "complementary",
            Self::ApplicationService => "application-service",
            Self::DifferentDomain => "different-domain",
            Self::Protocol => "protocol",
            Self::Shim => "shim",
            Self::TestDouble => "test-double",
        }
    }

    /// Whether it does the concept's job, or part of it.
    #[must_use]
    pub fn is_implementation(self) -> bool {
        match self {
            Self::Canonical | Self::Duplicate | Self::Complementary => true,
            Self::ApplicationService
            | Self::DifferentDomain
            | Self::Protocol
            | Self::Shim
            | Self::TestDouble => false,
        }
    }
}

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// In words.
    pub statement: String,
    /// Where it can be seen.
    pub place: Option<(FileId, Offset)>,
}

/// A module that does with functions what a class would do with methods.
#[derive(Debug, Clone)]
pub struct ModuleMember {
    /// The module.
    pub unit: Unit,
    /// Its role.
    pub role: Role,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// A member of a concept.
#[derive(Debug, Clone)]
pub struct Member {
    /// The type.
    pub class: ClassId,
    /// Its role.
    pub role: Role,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Who uses it.
    pub usage: UsageCounts,
    /// Whether the rule names it, or what it inherits from; others are found by what they do.
    pub is_named: bool,
}

/// A function that gives an instance of a member.
#[derive(Debug, Clone)]
pub struct Factory {
    /// The function.
    pub function: FunctionId,
    /// What it gives.
    pub class: ClassId,
    /// Where it is called or imported, by file role.
    pub uses: Vec<(FileId, Offset)>,
}

/// A concept and everything that was found of it.
#[derive(Debug)]
pub struct Concept {
    /// Its rule's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it is for.
    pub summary: String,
    /// The canonical implementation, where there is an implementation at all.
    pub canonical: Option<ClassId>,
    /// The protocol that it is held to, where the rule names one that is here.
    pub protocol: Option<ClassId>,
    /// Names in the rule's `members` and `exclude` that no class of the tree bears.
    pub unknown_names: Vec<String>,
    /// How it was chosen.
    pub election: Election,
    /// Sorted by role, then by production references, then by id.
    pub members: Vec<Member>,
    /// Modules of functions that do the concept's job, by id.
    pub modules: Vec<ModuleMember>,
    /// What is no implementation of it, and may be one after a change elsewhere in the tree.
    pub near: Vec<Unit>,
    /// Other names of members.
    pub aliases: Vec<Alias>,
    /// Functions that give instances of the canonical one.
    pub factories: Vec<Factory>,
    /// Implementations × protocols.
    pub conformance: Vec<ConformancePair>,
    /// Where they cannot all be right.
    pub conflicts: Vec<Conflict>,
}

/// Whether the tree has members of one of the concepts, as far as names tell.
#[must_use]
pub fn are_there(index: &Index, rules: &[ConceptRule]) -> bool {
    rules.iter().any(|rule| !candidates(index, rule).is_empty())
}

/// Finds the declared concepts that have members in the tree.
#[must_use]
pub fn find(index: &Index, options: &AnalysisOptions) -> Vec<Concept> {
    find_with(index, options, &Groundwork::default(), None)
}

/// The same with groundwork that others use too, and that of the tree before, if this one was linked after another.
#[must_use]
pub fn find_with(
    index: &Index,
    options: &AnalysisOptions,
    groundwork: &Groundwork,
    before: Option<&Groundwork>,
) -> Vec<Concept> {
    let basis = Basis { index, options, groundwork, before };
    let found = options.concepts.iter().filter_map(|rule| {
        let named = candidates(index, rule);
        // Only a tree that has the concept pays for the profiles of everything in it.
        (!named.is_empty()).then(|| (rule.line, find_one(&basis, rule, named)))
    });
    let found: Vec<(u32, Concept)> = found.collect();
    let declared: BTreeSet<ClassId> = found
        .iter()
        .filter(|(line, _)| *line > 0)
        .flat_map(|(_, concept)| concept.members.iter().map(|member| member.class))
        .collect();
    // Who declares a concept of his own says what it is: a built-in one with the same canonical one would tell all twice.
    let is_told = |line: u32, concept: &Concept| {
        line == 0 && concept.canonical.is_some_and(|canonical| declared.contains(&canonical))
    };
    found.into_iter().filter(|(line, concept)| !is_told(*line, concept)).map(|(_, concept)| concept).collect()
}

/// What a concept is looked for in.
struct Basis<'a> {
    index: &'a Index,
    options: &'a AnalysisOptions,
    groundwork: &'a Groundwork,
    before: Option<&'a Groundwork>,
}

fn find_one(basis: &Basis<'_>, rule: &ConceptRule, mut candidates: Vec<ClassId>) -> Concept {
    let Basis { index, options, groundwork, before } = *basis;
    let profiles = groundwork.profiles(index, options, before);
    let (interfaces, types): (Vec<ClassId>, Vec<ClassId>) =
        candidates.iter().partition(|class| evidence::says_what_to_have(index, **class));
    let is_declared = |class: ClassId| {
        rule.canonical.as_ref().is_some_and(|id| is_tail(index.class(class).id.as_str(), id))
    };
    let inherits =
        |class: ClassId| types.iter().any(|other| *other != class && index.class(class).mro.contains(*other));
    let eligible = types.iter().copied().filter(|class| {
        evidence::test_double(index, *class).is_none() && (is_declared(*class) || !inherits(*class))
    });
    let eligible: Vec<ClassId> = eligible.collect();
    let election = election::elect(index, rule, &eligible, &interfaces, options.history.as_deref());
    let canonical = election.winner;
    // What the canonical one inherits from is a part of it.
    let is_part = |class: ClassId| {
        canonical.is_some_and(|canonical| canonical != class && index.class(canonical).mro.contains(class))
    };
    let parts: Vec<ClassId> = types.iter().copied().filter(|class| is_part(*class)).collect();
    candidates.retain(|class| !parts.contains(class));
    let factories = canonical.map(|class| factories_of(basis, class)).unwrap_or_default();
    let named = candidates.clone();
    let judge = evidence::Judge {
        index,
        lexicon: &options.lexicon,
        canonical,
        parts,
        factories: &factories,
        profiles,
    };
    let is_excluded = |unit: Unit| rule.exclude.iter().any(|tail| is_tail(unit.id(index).as_str(), tail));
    let mut modules = Vec::new();
    for unit in judge.alike() {
        match unit {
            _ if is_excluded(unit) => {}
            Unit::Class(class) if !candidates.contains(&class) => candidates.push(class),
            Unit::Class(_) => {}
            Unit::Module(_) => {
                let (role, reasons) = judge.role_by_evidence(unit);
                modules.push(ModuleMember { unit, role, reasons });
            }
        }
    }
    for unit in named_modules(index, &rule.members).filter(|unit| !is_excluded(*unit)) {
        if !modules.iter().any(|member: &ModuleMember| member.unit == unit) {
            let (role, reasons) = judge.role_by_evidence(unit);
            modules.push(ModuleMember { unit, role, reasons });
        }
    }
    modules.sort_by_key(|member: &ModuleMember| member.unit.id(index));
    let mut members: Vec<Member> = candidates
        .iter()
        .map(|&class| {
            let (role, reasons) = judge.role_of(class, &election);
            let is_named = named.contains(&class);
            Member { class, role, reasons, usage: usage::counts(index, class), is_named }
        })
        .collect();
    members.sort_by_key(|member| {
        let production = member.usage.in_role(FileRole::Production);
        (member.role, std::cmp::Reverse(production), index.class(member.class).id, member.class)
    });
    let is_implementation = |unit: &Unit| match unit {
        Unit::Class(class) => {
            members.iter().any(|member| member.class == *class && member.role.is_implementation())
        }
        Unit::Module(_) => {
            modules.iter().any(|member| member.unit == *unit && member.role.is_implementation())
        }
    };
    let near =
        judge.nearly_alike().into_iter().filter(|unit| !is_implementation(unit) && !is_excluded(*unit));
    let near = near.collect();
    let aliases = aliases::aliases_of(index, &members.iter().map(|member| member.class).collect());
    let conformance = conformance_of(index, &members);
    let conflicts = conflicts::find(index, &options.lexicon, &members, &conformance);
    Concept {
        id: rule.id.clone(),
        title: rule.title.clone(),
        summary: rule.summary.clone(),
        canonical,
        protocol: rule.protocol.as_deref().and_then(|tail| {
            index.tree_classes().find(|class| is_tail(index.class(*class).id.as_str(), tail))
        }),
        unknown_names: unknown_names(index, rule.members.iter().chain(&rule.exclude)),
        election,
        members,
        modules,
        near,
        aliases,
        factories,
        conformance,
        conflicts,
    }
}

/// Classes that a rule names, by pattern or by id, and their subclasses.
fn candidates(index: &Index, rule: &ConceptRule) -> Vec<ClassId> {
    let is_id = |class: ClassId, id: &String| is_tail(index.class(class).id.as_str(), id);
    let is_excluded = |class: ClassId| rule.exclude.iter().any(|id| is_id(class, id));
    let is_declared = |class: ClassId| rule.canonical.iter().chain(&rule.members).any(|id| is_id(class, id));
    let is_matched = |class: ClassId| {
        let name = index.class(class).name.as_str();
        rule.names.iter().any(|pattern| pattern.is_match(name))
            && (protocols::is_protocol_like(index, class) || may_implement(index, class))
            && !(name.starts_with("Test") && is_in_tests(index, class))
    };
    let classes: Vec<ClassId> = index.tree_classes().collect();
    let named = |class: &ClassId| {
        (is_matched(*class) || is_declared(*class)) && !is_excluded(*class) && !is_stub_twin(index, *class)
    };
    let named: FxHashSet<ClassId> = classes.par_iter().copied().filter(named).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let inherits = |class: ClassId| {
        let is_base = |base: ClassId| named.contains(&base) && !protocols::is_protocol_like(index, base);
        index.class(class).mro.classes().skip(1).any(is_base) && !is_excluded(class)
    };
    classes.into_iter().filter(|class| named.contains(class) || inherits(*class)).collect()
}

/// The modules of the tree that a rule names among its members.
fn named_modules(index: &Index, names: &[String]) -> impl Iterator<Item = Unit> {
    let files = (0..index.tree_files as u32).map(FileId);
    files.filter(|file| index.modules.of_file(*file).is_some()).map(Unit::Module).filter(|unit| {
        let id = unit.id(index).as_str();
        names.iter().any(|name| is_tail(id, name))
    })
}

/// Which of some names no class and no module of the tree bears.
pub fn unknown_names<'a>(index: &Index, named: impl Iterator<Item = &'a String>) -> Vec<String> {
    let classes = index.tree_classes().map(|class| index.class(class).id.as_str());
    let modules = index.modules.all.iter().filter(|module| module.is_in_tree);
    let ids: Vec<&str> = classes.chain(modules.map(|module| module.name.as_str())).collect();
    let is_known = |tail: &&String| ids.iter().any(|id| is_tail(id, tail));
    named.filter(|tail| !is_known(tail)).cloned().collect()
}

fn is_in_tests(index: &Index, class: ClassId) -> bool {
    index.role_of(class) == Some(FileRole::Test)
}

/// A class of `x.pyi` is the one of `x.py` told a second time.
fn is_stub_twin(index: &Index, class: ClassId) -> bool {
    index.source_of(class).is_some_and(|(file, _)| {
        let module = index.modules.of_file(file).map(|module| index.modules.get(module));
        let is_stub = index.file(file).language == Language::PythonStub;
        is_stub && module.is_some_and(|module| module.file != Some(file))
    })
}

/// Functions at module level that give an instance of `class`, and where they are used.
fn factories_of(basis: &Basis<'_>, class: ClassId) -> Vec<Factory> {
    let makers = basis.groundwork.makers(basis.index, basis.before);
    let functions = makers.iter().flat_map(|makers| &makers.0).filter(|(_, given)| *given == class);
    let functions: Vec<FunctionId> = functions.map(|(function, _)| *function).collect();
    let uses = evidence::uses_of_functions(basis.index, &functions);
    let factories = functions.into_iter().zip(uses);
    factories.map(|(function, uses)| Factory { function, class, uses }).collect()
}

fn conformance_of(index: &Index, members: &[Member]) -> Vec<ConformancePair> {
    let of = |wanted: fn(Role) -> bool| {
        members.iter().filter(move |member| wanted(member.role)).map(|member| member.class)
    };
    let protocols: Vec<ClassId> = of(|role| role == Role::Protocol).collect();
    let judged = |role: Role| match role {
        Role::Canonical
        | Role::Duplicate
        | Role::Complementary
        | Role::ApplicationService
        | Role::DifferentDomain
        | Role::TestDouble => true,
        Role::Protocol | Role::Shim => false,
    };
    let mut pairs = Vec::new();
    for class in of(judged) {
        for &protocol in &protocols {
            let conformance = protocols::conforms(index, class, protocol);
            pairs.push(ConformancePair { class, protocol, conformance });
        }
    }
    pairs
}
