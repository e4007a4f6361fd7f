//! Roles from evidence: what a type is to the canonical implementation, and why.

use rayon::prelude::*;

use super::election::Election;
use super::{Factory, Reason, Role};
use crate::analysis::lexicon::{Deed, Lexicon};
use crate::analysis::protocols;
use crate::analysis::similarity::explain::Explainer;
use crate::analysis::similarity::units::Unit;
use crate::analysis::similarity::{Profiles, Score};
use crate::facts::names::without_last;
use crate::facts::{Imported, Name, Step};
use crate::link::members::{is_internal, methods_of};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::{FileRole, Language};
use crate::text::Offset;

/// This many public methods of the canonical one's names, and this share of all, are its interface.
const SAME_INTERFACE: usize = 3;
const SAME_INTERFACE_SHARE: f64 = 0.8;
/// From this share of a type's public methods on that the canonical one has too, it does the same job, where what the
/// methods do speaks for it or cannot be told.
const DUPLICATE_SHARE: f64 = 0.6;
/// Below this share, a type that uses the canonical one only sits on top of it.
const SERVICE_SHARE: f64 = 0.25;
/// From this many methods on that are named for the canonical one's, a type beside it does a part of its job.
const PART_DEEDS: usize = 2;
/// How many types that are as near as the canonical one are looked at.
const NEIGHBOURS: usize = 64;
/// How many parts of a likeness are told.
const PARTS: usize = 4;
/// How many functions with a counterpart are told.
const COUNTERPARTS: usize = 3;

/// Judges the members of one concept.
pub(super) struct Judge<'a> {
    pub(super) index: &'a Index,
    pub(super) lexicon: &'a Lexicon,
    pub(super) canonical: Option<ClassId>,
    /// Bases of the canonical one that the rule names too.
    pub(super) parts: Vec<ClassId>,
    pub(super) factories: &'a [Factory],
    pub(super) profiles: &'a Profiles,
}

/// How near a unit is to the canonical implementation.
#[derive(Clone, Copy)]
struct Nearness {
    score: Score,
    is_same: bool,
}

impl Judge<'_> {
    /// The role of a type and the evidence for it. What a type is comes before what it resembles.
    pub(super) fn role_of(&self, class: ClassId, election: &Election) -> (Role, Vec<Reason>) {
        let index = self.index;
        let own_place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let own = |statement: String| vec![Reason { statement, place: own_place }];
        if protocols::is_protocol_like(index, class) {
            let kind = match index.language_of(class) {
                Language::Rust => "trait",
                Language::Python | Language::PythonStub => "typing.Protocol",
            };
            return (Role::Protocol, own(format!("is a {kind}: it says what others must have")));
        }
        if let Some(count) = stub_methods(index, class) {
            let statement = format!("all of its {count} methods are abstract: it says what others must have");
            return (Role::Protocol, own(statement));
        }
        if let Some(reason) = test_double(index, class) {
            return (Role::TestDouble, vec![reason]);
        }
        if self.canonical == Some(class) {
            let mut reasons = canonical_reasons(index, class, election);
            reasons.extend(self.parts.iter().map(|part| Reason {
                statement: format!("inherits from {}, which is a part of it", index.class(*part).id),
                place: index.source_of(*part).map(|(file, fact)| (file, fact.name_at)),
            }));
            return (Role::Canonical, reasons);
        }
        let Some(canonical) = self.canonical else {
            return (Role::Duplicate, own("no canonical implementation is known".into()));
        };
        if index.class(class).mro.contains(canonical) {
            return self.subclass_role(class, canonical);
        }
        self.role_by_evidence(Unit::Class(class))
    }

    /// Units that have the canonical one's responsibility by what they do, whatever they are called.
    pub(super) fn alike(&self) -> Vec<Unit> {
        let Some(canonical) = self.canonical else { return Vec::new() };
        let Some(own) = self.profiles.of_class(canonical) else { return Vec::new() };
        let near = self.profiles.nearest(own, NEIGHBOURS).into_iter().map(|(id, _)| self.profiles.unit(id));
        near.filter(|unit| self.nearness(*unit).is_some_and(|near| near.is_same))
            .filter(|unit| match unit {
                Unit::Class(class) => !self.is_kin(*class, canonical),
                Unit::Module(file) => self.index.source_of(canonical).is_none_or(|(home, _)| home != *file),
            })
            .collect()
    }

    /// Units that may have it after a change elsewhere in the tree.
    pub(super) fn nearly_alike(&self) -> Vec<Unit> {
        let Some(canonical) = self.canonical else { return Vec::new() };
        let Some(own) = self.profiles.of_class(canonical) else { return Vec::new() };
        let near = self.profiles.nearest(own, NEIGHBOURS).into_iter();
        near.filter(|(_, score)| self.profiles.is_nearly_same(*score))
            .map(|(id, _)| self.profiles.unit(id))
            .collect()
    }

    /// One is a base of the other: a family, no copy.
    fn is_kin(&self, class: ClassId, canonical: ClassId) -> bool {
        let index = self.index;
        index.class(class).mro.contains(canonical) || index.class(canonical).mro.contains(class)
    }

    fn nearness(&self, unit: Unit) -> Option<Nearness> {
        let profiles = self.profiles;
        let (own, canonical) = (profiles.find(unit)?, profiles.of_class(self.canonical?)?);
        let score = profiles.score(own, canonical);
        let is_same = profiles.is_same_responsibility(score, || profiles.is_among_nearest(own, canonical));
        Some(Nearness { score, is_same })
    }

    /// Compares what the two do: in behaviour, and method by method.
    pub(super) fn role_by_evidence(&self, unit: Unit) -> (Role, Vec<Reason>) {
        let index = self.index;
        let Some(canonical) = self.canonical else { return (Role::Duplicate, Vec::new()) };
        let near = self.nearness(unit);
        let (uses, shared, total) = match unit {
            Unit::Class(class) => {
                let (shared, total) = self.shared_deeds(class, canonical);
                (self.uses_of_canonical(class, canonical), shared, total)
            }
            Unit::Module(_) => (Vec::new(), Vec::new(), 0),
        };
        let share = if total == 0 { 0.0 } else { shared.len() as f64 / f64::from(total) };
        let mut reasons: Vec<Reason> = Vec::new();
        let place = match unit {
            Unit::Class(class) => index.source_of(class).map(|(file, fact)| (file, fact.name_at)),
            Unit::Module(file) => Some((file, 0)),
        };
        if let Some((what, place)) = uses.first() {
            let times = if uses.len() == 1 { String::new() } else { format!(" ({} places)", uses.len()) };
            reasons.push(Reason { statement: format!("uses {what}{times}"), place: Some(*place) });
        }
        let is_same = near.is_some_and(|near| near.is_same);
        let is_sure = near.is_some_and(|near| self.profiles.is_sure(near.score));
        if let Some(near) = near.filter(|near| near.is_same || !shared.is_empty()) {
            reasons.push(Reason { statement: self.likeness(unit, canonical, near.score), place });
        }
        if is_same {
            reasons.extend(self.counterparts(unit, canonical, &shared));
        }
        for (own, theirs) in &shared {
            let (a, b) = (index.function(*own).name, index.function(*theirs).name);
            let statement = if a == b {
                format!("has `{a}` like the canonical one")
            } else {
                format!("`{a}` does what `{b}` of the canonical one does, by its name")
            };
            reasons.push(Reason { statement, place: Some((own.file, index.function(*own).name_at)) });
        }
        if total > 0 {
            let figure = format!(
                "{} of its {total} public methods are named for what the canonical one does",
                shared.len()
            );
            reasons.push(Reason { statement: figure, place });
        }
        // Words alone convince only where there is too little behaviour to compare.
        let is_contradicted = near.is_some_and(|near| !self.profiles.is_thinkable(near.score));
        let name = |id: FunctionId| index.function(id).name;
        let same_names = shared.iter().filter(|(own, theirs)| name(*own) == name(*theirs)).count();
        let has_same_interface =
            same_names >= SAME_INTERFACE && same_names as f64 >= SAME_INTERFACE_SHARE * f64::from(total);
        // Another part of one job: words of the same job, in the place where that job is done.
        let is_part = shared.len() >= PART_DEEDS && self.is_beside(unit, canonical);
        if is_contradicted && is_part {
            let statement = "lies in the package of the canonical one".to_owned();
            reasons.push(Reason { statement, place });
        }
        let role = match () {
            () if !uses.is_empty() && share < SERVICE_SHARE => Role::ApplicationService,
            // What works with the canonical one does its own part of the job.
            () if is_same && !uses.is_empty() && !is_sure => Role::Complementary,
            () if is_same => Role::Duplicate,
            // The interface of the canonical one, word for word: whatever keeps it, callers take it for one.
            () if is_contradicted && has_same_interface => Role::Duplicate,
            () if is_contradicted && is_part => Role::Complementary,
            () if !uses.is_empty() && is_contradicted => Role::ApplicationService,
            () if is_contradicted => Role::DifferentDomain,
            () if share >= DUPLICATE_SHARE => Role::Duplicate,
            () if !shared.is_empty() => Role::Complementary,
            () if !uses.is_empty() => Role::ApplicationService,
            () => Role::DifferentDomain,
        };
        (role, reasons)
    }

    /// Whether two lie in one package.
    fn is_beside(&self, unit: Unit, canonical: ClassId) -> bool {
        let package = |unit: Unit| {
            let (file, _) = unit.span(self.index)?;
            let module = self.index.modules.get(self.index.modules.of_file(file)?).name.as_str();
            without_last(module)
        };
        let own = package(unit);
        own.is_some() && own == package(Unit::Class(canonical))
    }

    /// "likeness 0.41 (functions 0.55, behaviour 0.38, words 0.44): both …"
    fn likeness(&self, unit: Unit, canonical: ClassId, score: Score) -> String {
        let pair = [unit, Unit::Class(canonical)];
        let parts = Explainer::new(self.index, self.lexicon, self.profiles).shared_parts(pair, PARTS);
        let told: Vec<String> = parts.into_iter().map(|part| part.statement).collect();
        format!("{}: both {}", score.in_words(), told.join("; "))
    }

    /// Functions that do what others of the canonical one do, whatever they are called; those of one name are told anyway.
    fn counterparts(
        &self,
        unit: Unit,
        canonical: ClassId,
        shared: &[(FunctionId, FunctionId)],
    ) -> Vec<Reason> {
        let pair = [unit, Unit::Class(canonical)];
        let found = Explainer::new(self.index, self.lexicon, self.profiles).counterparts(pair, COUNTERPARTS);
        let found = found.into_iter().filter(|found| {
            let [own, theirs] = found.functions;
            !shared.contains(&(own, theirs))
        });
        found
            .map(|found| {
                let [own, _] = found.functions;
                let place = Some((own.file, self.index.function(own).name_at));
                Reason { statement: found.statement(self.index), place }
            })
            .collect()
    }

    /// Methods of `class` that do what a method of the canonical one does, and how many there are in all.
    fn shared_deeds(&self, class: ClassId, canonical: ClassId) -> (Vec<(FunctionId, FunctionId)>, u32) {
        let index = self.index;
        let deed = |id: &FunctionId| self.lexicon.deed(index.function(*id).name.as_str());
        let theirs: Vec<(FunctionId, Option<Deed>)> =
            methods_of(index, canonical).iter().copied().map(|id| (id, deed(&id))).collect();
        let own: Vec<FunctionId> =
            methods_of(index, class).iter().copied().filter(|id| !is_internal(index, *id)).collect();
        let shared = own
            .iter()
            .filter_map(|id| {
                let (name, own_deed) = (index.function(*id).name, deed(id)?);
                let bare = |id: &FunctionId| index.function(*id).name.as_str().trim_start_matches('_');
                let same = theirs.iter().find(|(other, _)| bare(other) == name.as_str());
                let like = same.or_else(|| {
                    theirs.iter().find(|(other, deed)| {
                        !is_internal(index, *other) && deed.as_ref().is_some_and(|d| is_covered(&own_deed, d))
                    })
                });
                like.map(|(other, _)| (*id, *other))
            })
            .collect();
        (shared, own.len() as u32)
    }

    /// Places within a class that lead to the canonical one: its name, its factories.
    fn uses_of_canonical(&self, class: ClassId, canonical: ClassId) -> Vec<(String, (FileId, Offset))> {
        let index = self.index;
        let Some((file, fact)) = index.source_of(class) else { return Vec::new() };
        let span = fact.at..fact.end;
        let mut found: Vec<(String, (FileId, Offset))> = index
            .references
            .of_class(canonical)
            .iter()
            .filter(|reference| reference.file == file && span.contains(&reference.at))
            .map(|reference| (format!("{}", index.class(canonical).name), (file, reference.at)))
            .collect();
        for factory in self.factories {
            let name = index.function(factory.function).name;
            let within = factory.uses.iter().filter(|(at_file, at)| *at_file == file && span.contains(at));
            found.extend(within.map(|(_, at)| (format!("{name}()"), (file, *at))));
        }
        found.sort_by_key(|(_, place)| *place);
        found
    }
}

/// Whether all that one deed is about, the other is about too.
fn is_covered(own: &Deed, other: &Deed) -> bool {
    own.verb == other.verb && !own.objects.is_empty() && own.objects.is_subset(&other.objects)
}

/// How many methods a class has, where all are abstract and without a body.
fn stub_methods(index: &Index, class: ClassId) -> Option<usize> {
    let methods = methods_of(index, class);
    let is_stub = |method: &FunctionId| {
        let traits = index.function(*method).traits;
        traits.is_abstract && traits.is_stub
    };
    (!methods.is_empty() && methods.iter().all(is_stub)).then_some(methods.len())
}

/// Whether a type has nothing of its own: it says what others must have.
pub(super) fn says_what_to_have(index: &Index, class: ClassId) -> bool {
    protocols::is_protocol_like(index, class) || stub_methods(index, class).is_some()
}

/// Whether a class stands in for something in tests.
pub(super) fn test_double(index: &Index, class: ClassId) -> Option<Reason> {
    let (file, fact) = index.source_of(class)?;
    let place = Some((file, fact.name_at));
    if index.role_of(class) == Some(FileRole::Test) {
        return Some(Reason { statement: "is defined in test code".into(), place });
    }
    None
}

fn canonical_reasons(index: &Index, class: ClassId, election: &Election) -> Vec<Reason> {
    let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
    let mut reasons = Vec::new();
    if election.is_declared {
        reasons.push(Reason { statement: "declared canonical".into(), place });
    }
    if let Some(ballot) = election.ballots.iter().find(|ballot| ballot.class == class) {
        let statement = format!(
            "{} production references, {} in tests, {} of {} members that protocols or callers want, {} lines",
            ballot.production_references,
            ballot.test_references,
            ballot.protocol_members,
            ballot.protocol_members_wanted,
            ballot.lines
        );
        reasons.push(Reason { statement, place });
        if let Some(day) = &ballot.first_committed {
            reasons.push(Reason { statement: format!("committed first among the best, on {day}"), place });
        }
    }
    reasons
}

/// Where each of some functions at module level is called or otherwise used, in the order of the files.
pub(super) fn uses_of_functions(index: &Index, functions: &[FunctionId]) -> Vec<Vec<(FileId, Offset)>> {
    let names: Vec<Name> = functions.iter().map(|function| index.function(*function).name).collect();
    let files = (0..if names.is_empty() { 0 } else { index.tree_files as u32 }).into_par_iter().map(FileId);
    let written: Vec<(FileId, Vec<Name>)> = files
        .map(|file| (file, written_in(index, file, &names)))
        .filter(|(_, written)| !written.is_empty())
        .collect();
    let of_one = |(function, name): (&FunctionId, &Name)| {
        let files = written.iter().filter(|(_, written)| written.contains(name)).map(|(file, _)| *file);
        uses_of_function(index, *function, files)
    };
    functions.iter().zip(&names).map(of_one).collect()
}

/// Which of some names a file writes, or imports under another one: it cannot use what others are called.
fn written_in(index: &Index, file: FileId, names: &[Name]) -> Vec<Name> {
    let facts = &index.file(file).facts;
    // Most names differ from all of these in a few bits of their digest.
    let bit = |name: Name| 1u64 << (name.digest() % 64);
    let mask = names.iter().fold(0, |mask, name| mask | bit(*name));
    let attributes = facts.steps.iter().filter_map(|step| step.attribute());
    let imported = facts.imports.iter().filter_map(|import| match import.what {
        Imported::Name(name) => Some(name),
        Imported::Module | Imported::ModuleAs | Imported::Dynamic | Imported::Star => None,
    });
    let written = attributes.chain(facts.roots.iter().map(|root| root.name)).chain(imported);
    written.filter(|name| mask & bit(*name) != 0 && names.contains(name)).collect()
}

/// Where a function is used in files that write its name.
fn uses_of_function(
    index: &Index,
    function: FunctionId,
    files: impl Iterator<Item = FileId>,
) -> Vec<(FileId, Offset)> {
    let resolver = Resolver::new(index);
    let mut found = Vec::new();
    for file in files {
        let facts = &index.file(file).facts;
        for chain in &facts.chains {
            let mut entity = resolver.root_of(file, chain, 0);
            let mut place = chain.at;
            for step in &facts.steps[chain.steps.range()] {
                if matches!(entity, Entity::Function(_)) {
                    break;
                }
                let Step::Attribute(attribute, at) = *step else { break };
                place = at;
                entity = resolver.attribute(&entity, attribute, 0);
            }
            if entity == Entity::Function(function) {
                found.push((file, place));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
