//! Roles from evidence: what a type is to the canonical implementation, and why.

use super::election::Election;
use super::{Factory, Reason, Role};
use crate::analysis::lexicon::{Deed, Lexicon};
use crate::analysis::protocols;
use crate::facts::{FunctionFact, Imported, Step};
use crate::link::members::methods_of;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::FileRole;
use crate::text::Offset;

/// From this share of a type's public methods on that the canonical one has too, it does the same job.
const DUPLICATE_SHARE: f64 = 0.6;
/// Below this share, a type that uses the canonical one only sits on top of it.
const SERVICE_SHARE: f64 = 0.25;

/// Judges the members of one concept.
pub(super) struct Judge<'a> {
    pub(super) index: &'a Index,
    pub(super) lexicon: &'a Lexicon,
    pub(super) canonical: Option<ClassId>,
    pub(super) factories: &'a [Factory],
}

impl Judge<'_> {
    /// The role of a type and the evidence for it. What a type is comes before what it resembles.
    pub(super) fn role_of(&self, class: ClassId, election: &Election) -> (Role, Vec<Reason>) {
        let index = self.index;
        let own_place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let own = |statement: String| vec![Reason { statement, place: own_place }];
        if protocols::is_protocol_like(index, class) {
            return (Role::Protocol, own("is a typing.Protocol: it says what others must have".into()));
        }
        if let Some(reason) = test_double(index, class) {
            return (Role::TestDouble, vec![reason]);
        }
        if self.canonical == Some(class) {
            return (Role::Canonical, canonical_reasons(index, class, election));
        }
        let Some(canonical) = self.canonical else {
            return (Role::Duplicate, own("no canonical implementation is known".into()));
        };
        if index.class(class).mro.contains(canonical) {
            return self.subclass_role(class, canonical);
        }
        self.role_by_deeds(class, canonical)
    }

    fn subclass_role(&self, class: ClassId, canonical: ClassId) -> (Role, Vec<Reason>) {
        let index = self.index;
        let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let base = index.class(canonical).name;
        let own_methods = methods_of(index, class).len();
        if own_methods == 0 {
            let statement = format!("subclass of {base} that defines no method of its own");
            return (Role::Shim, vec![Reason { statement, place }]);
        }
        let statement =
            format!("subclass of {base} that defines {own_methods} methods itself: a variant of it");
        (Role::Complementary, vec![Reason { statement, place }])
    }

    /// Compares what the two do, method by method.
    fn role_by_deeds(&self, class: ClassId, canonical: ClassId) -> (Role, Vec<Reason>) {
        let index = self.index;
        let uses = self.uses_of_canonical(class, canonical);
        let (shared, total) = self.shared_deeds(class, canonical);
        let share = if total == 0 { 0.0 } else { shared.len() as f64 / f64::from(total) };
        let mut reasons: Vec<Reason> = Vec::new();
        if let Some((what, place)) = uses.first() {
            let times = if uses.len() == 1 { String::new() } else { format!(" ({} places)", uses.len()) };
            reasons.push(Reason { statement: format!("uses {what}{times}"), place: Some(*place) });
        }
        for (own, theirs) in &shared {
            let (a, b) = (index.function(*own).name, index.function(*theirs).name);
            let statement = if a == b {
                format!("has `{a}` like the canonical one")
            } else {
                format!("`{a}` does what `{b}` of the canonical one does")
            };
            reasons.push(Reason { statement, place: Some((own.file, index.function(*own).name_at)) });
        }
        let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let figure = format!("{} of its {total} public methods do what the canonical one does", shared.len());
        reasons.push(Reason { statement: figure, place });
        let role = match () {
            () if !uses.is_empty() && share < SERVICE_SHARE => Role::ApplicationService,
            () if share >= DUPLICATE_SHARE => Role::Duplicate,
            () if !shared.is_empty() => Role::Complementary,
            () => Role::DifferentDomain,
        };
        (role, reasons)
    }

    /// Methods of `class` that do what a method of the canonical one does, and how many there are in all.
    fn shared_deeds(&self, class: ClassId, canonical: ClassId) -> (Vec<(FunctionId, FunctionId)>, u32) {
        let index = self.index;
        let deed = |id: &FunctionId| self.lexicon.deed(index.function(*id).name.as_str());
        let theirs: Vec<(FunctionId, Option<Deed>)> =
            methods_of(index, canonical).iter().copied().map(|id| (id, deed(&id))).collect();
        let own: Vec<FunctionId> =
            methods_of(index, class).iter().copied().filter(|id| is_public(index.function(*id))).collect();
        let shared = own
            .iter()
            .filter_map(|id| {
                let (name, own_deed) = (index.function(*id).name, deed(id)?);
                let bare = |id: &FunctionId| index.function(*id).name.as_str().trim_start_matches('_');
                let same = theirs.iter().find(|(other, _)| bare(other) == name.as_str());
                let like = same.or_else(|| {
                    theirs.iter().find(|(other, deed)| {
                        is_public(index.function(*other))
                            && deed.as_ref().is_some_and(|d| is_covered(&own_deed, d))
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

fn is_public(function: &FunctionFact) -> bool {
    !function.name.as_str().starts_with('_')
}

/// Whether a class stands in for something in tests.
pub(super) fn test_double(index: &Index, class: ClassId) -> Option<Reason> {
    let (file, fact) = index.source_of(class)?;
    let place = Some((file, fact.name_at));
    if index.file(file).role == FileRole::Test {
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
            "{} production references, {} in tests, {} of {} members that the protocols demand, {} lines",
            ballot.production_references,
            ballot.test_references,
            ballot.protocol_members,
            ballot.protocol_members_wanted,
            ballot.lines
        );
        reasons.push(Reason { statement, place });
    }
    reasons
}

/// Where a module-level function is called or otherwise used, in the order of the files.
pub(super) fn uses_of_function(index: &Index, function: FunctionId) -> Vec<(FileId, Offset)> {
    let resolver = Resolver::new(index);
    let name = index.function(function).name;
    let mut found = Vec::new();
    for file in (0..index.tree_files as u32).map(FileId) {
        let facts = &index.file(file).facts;
        // Resolving every chain of every file would be slow; a file that never writes the name, and does
        // not import it under another one, cannot use it.
        let is_written = facts.steps.iter().any(|step| match *step {
            Step::Root(written, _) | Step::Attribute(written, _) => written == name,
            Step::Call | Step::Await | Step::Index => false,
        });
        let can_reach = is_written || facts.imports.iter().any(|import| import.what == Imported::Name(name));
        if !can_reach {
            continue;
        }
        for chain in &facts.chains {
            let steps = &facts.steps[chain.steps.range()];
            let Some(&Step::Root(root, at)) = steps.first() else { continue };
            let mut entity = resolver.root(file, chain.scope, root, at, chain.guard, 0);
            let mut place = at;
            for step in &steps[1..] {
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
