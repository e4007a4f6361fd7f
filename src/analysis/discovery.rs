//! Concepts that nobody declared: which responsibilities of a tree have several implementations.
//!
//! Names with several definitions come first, then groups by what their members do (see
//! [`super::similarity`]), then protocols of one name. Groups are formed by complete linkage, so that every
//! member is like every other: "A is like B is like C" makes no group of A and C.

pub mod brief;
pub mod doubles;
mod linkage;
mod module_users;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::concepts::election::{self, Election};
use super::lexicon::Lexicon;
use super::protocols;
use super::similarity::units::Unit;
use super::similarity::{Profiles, Score, UnitId};
use super::{AnalysisOptions, duplicates};
use crate::facts::names::last_segment;
use crate::facts::{FunctionFact, Name};
use crate::link::members::{fields_of, method_of, methods_of};
use crate::link::{ClassId, Index, Origin, Resolution};
use crate::source::AT_A_TIME;
use brief::Brief;
use doubles::Doubled;
use linkage::Edge;
use module_users::ModuleUsers;

/// What was found.
#[derive(Debug, Default)]
pub struct Discovery {
    /// Best first within each kind; kinds in the order of [`GroupKind`].
    pub groups: Vec<Group>,
    /// Production types with stand-ins in tests, the most doubled first.
    pub doubled: Vec<Doubled>,
    /// How many units had enough content to be compared.
    pub compared: usize,
}

/// Why types stand in one group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupKind {
    /// One class name, several definitions that are alike.
    Name,
    /// One responsibility, whatever the names.
    Responsibility,
    /// One class name for things that are not alike.
    Homonym,
    /// One protocol name, several definitions.
    Protocol,
}

impl GroupKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "duplicate-name",
            Self::Responsibility => "responsibility",
            Self::Homonym => "homonym",
            Self::Protocol => "duplicate-protocol",
        }
    }
}

/// One member of a group.
#[derive(Debug, Clone)]
pub struct GroupMember {
    /// The class or module.
    pub unit: Unit,
    /// How near it is to the canonical one; none for the canonical one itself, or without enough content.
    pub score: Option<Score>,
    /// References to it in production code.
    pub production_references: u32,
    /// All references to it.
    pub references: u32,
    /// Lines of its definition.
    pub lines: u32,
}

/// Several implementations of one concept.
#[derive(Debug, Clone)]
pub struct Group {
    /// Why they stand together.
    pub kind: GroupKind,
    /// Words for it: the simple name of the canonical one.
    pub title: String,
    /// The canonical one first, then by likeness to it.
    pub members: Vec<GroupMember>,
    /// The least likeness between two of them, from 0 to 1; none where content is missing.
    pub cohesion: Option<f32>,
    /// What they share and what differs.
    pub brief: Brief,
    /// What it is sorted by.
    worth: f32,
}

/// Finds the concepts of a tree that have several implementations.
#[must_use]
pub fn discover(index: &Index, options: &AnalysisOptions) -> Discovery {
    let profiles = Profiles::of(index, &options.lexicon, options.similarity);
    let groups = find_groups(index, &options.lexicon, &profiles).groups;
    Discovery { groups, doubled: doubles::find(index), compared: profiles.ids().len() }
}

/// Groups, and pairs that nearly are one.
#[derive(Debug)]
pub struct Groups {
    /// As in [`Discovery::groups`].
    pub groups: Vec<Group>,
    /// Pairs that no group holds and that may be one after a change elsewhere in the tree.
    pub near: Vec<[Unit; 2]>,
}

/// The groups alone, from profiles that others use too.
#[must_use]
pub fn find_groups(index: &Index, lexicon: &Lexicon, profiles: &Profiles) -> Groups {
    let users = ModuleUsers::of(index);
    let named = duplicates::find(index);
    let mut groups: Vec<Group> = named
        .iter()
        .filter_map(|duplicate| {
            // `class Matcher(core.Matcher)` is one line, not two definitions.
            let inherits = |class: &ClassId| {
                let order = &index.class(*class).mro;
                duplicate.classes.iter().any(|other| other != class && order.contains(*other))
            };
            let lines = duplicate.classes.iter().filter(|class| !inherits(class));
            let lines: Vec<ClassId> = lines.copied().collect();
            if !duplicate.is_protocol && pairs(&lines).all(|(a, b)| are_variants(index, a, b)) {
                return None;
            }
            let units: Vec<Unit> = lines.into_iter().map(Unit::Class).collect();
            let kind = if duplicate.is_protocol { GroupKind::Protocol } else { GroupKind::Name };
            group_of(index, lexicon, profiles, &users, kind, units)
        })
        .collect();
    let taken: FxHashSet<Unit> = groups
        .iter()
        .filter(|group| group.kind == GroupKind::Name)
        .flat_map(|group| group.members.iter().map(|member| member.unit))
        .collect();
    let (edges, mut near): (Vec<Edge>, Vec<Edge>) = edges(index, profiles)
        .into_iter()
        .partition(|edge| profiles.is_discovery(profiles.score(edge.a, edge.b)));
    let whole = edges.clone();
    let clusters = linkage::complete(edges, |a, b| is_alike(index, profiles, a, b).is_some());
    // What is alike and in different groups is near as well.
    let are_together =
        |edge: &Edge| clusters.iter().any(|cluster| cluster.contains(&edge.a) && cluster.contains(&edge.b));
    near.extend(whole.into_iter().filter(|edge| !are_together(edge)));
    let near = near.iter().map(|edge| [profiles.unit(edge.a), profiles.unit(edge.b)]).collect();
    let by_responsibility: Vec<Group> = clusters
        .into_par_iter()
        .filter_map(|cluster| {
            let units: Vec<Unit> = cluster.into_iter().map(|id| profiles.unit(id)).collect();
            // A group that its names tell of already is told once.
            let is_told = units.iter().all(|unit| taken.contains(unit)) && one_name(index, &units);
            if is_told {
                None
            } else {
                group_of(index, lexicon, profiles, &users, GroupKind::Responsibility, units)
            }
        })
        .collect();
    groups.extend(by_responsibility);
    groups.sort_by(|a, b| {
        a.kind
            .cmp(&b.kind)
            .then(b.worth.total_cmp(&a.worth))
            .then_with(|| id_of(index, a).cmp(&id_of(index, b)))
    });
    Groups { groups, near }
}

fn id_of(index: &Index, group: &Group) -> Name {
    group.members[0].unit.id(index)
}

fn one_name(index: &Index, units: &[Unit]) -> bool {
    let mut names = units.iter().map(|unit| simple_name(index, *unit));
    let first = names.next();
    names.all(|name| Some(name) == first)
}

/// The last segment of a unit's id.
pub(crate) fn simple_name(index: &Index, unit: Unit) -> &'static str {
    match unit {
        Unit::Class(class) => index.class(class).name.as_str(),
        Unit::Module(_) => {
            let id = unit.id(index).as_str();
            last_segment(id)
        }
    }
}

/// How many neighbours of each unit are looked at.
const NEIGHBOURS: usize = 10;

/// From how many methods of its own on a subclass is more than a variant of its base.
const OWN_METHODS: usize = 3;

/// Pairs that have one responsibility, or nearly, by score and rank.
fn edges(index: &Index, profiles: &Profiles) -> Vec<Edge> {
    let is_whole = |id: &UnitId| profiles.is_substantial(*id) && stands_alone(index, profiles.unit(*id));
    let ids: Vec<UnitId> = profiles.ids().filter(is_whole).collect();
    let mut edges: Vec<Edge> = ids
        .into_par_iter()
        .with_max_len(AT_A_TIME)
        .flat_map_iter(|unit| {
            let near = profiles.nearest(unit, NEIGHBOURS);
            near.into_iter().filter(|(other, _)| is_whole(other)).filter_map(move |(other, _)| {
                let score = is_nearly_alike(index, profiles, unit, other)?;
                Some(Edge { a: unit.min(other), b: unit.max(other), score: score.total })
            })
        })
        .collect();
    edges.sort_by_key(|edge| (edge.a, edge.b));
    edges.dedup_by_key(|edge| (edge.a, edge.b));
    edges
}

/// Whether a unit does something itself, or brings several bases together: what a small variant of one base has
/// from that base is told with the base.
fn stands_alone(index: &Index, unit: Unit) -> bool {
    let Unit::Class(class) = unit else { return true };
    let bases = index.class(class).bases.iter().filter(|base| match base.resolution {
        Resolution::Resolved(base) => index.is_in_tree(base),
        Resolution::External(_) | Resolution::Unresolved(_) => false,
    });
    methods_of(index, class).len() >= OWN_METHODS || bases.count() > 1
}

/// Whether two units do one job without being of one family or one on top of the other.
fn is_alike(index: &Index, profiles: &Profiles, a: UnitId, b: UnitId) -> Option<Score> {
    is_nearly_alike(index, profiles, a, b).filter(|score| profiles.is_discovery(*score))
}

/// The same for what may be so after a change elsewhere.
fn is_nearly_alike(index: &Index, profiles: &Profiles, a: UnitId, b: UnitId) -> Option<Score> {
    let score = profiles.score(a, b);
    if !profiles.is_nearly_discovery(score) {
        return None;
    }
    let (own, other) = (profiles.unit(a), profiles.unit(b));
    let are_related = match (own, other) {
        (Unit::Class(a), Unit::Class(b)) => {
            are_family(index, a, b) || uses(index, own, b) || uses(index, other, a)
        }
        (Unit::Class(class), Unit::Module(file)) | (Unit::Module(file), Unit::Class(class)) => {
            index.source_of(class).is_some_and(|(home, _)| home == file)
                || uses(index, Unit::Module(file), class)
        }
        (Unit::Module(_), Unit::Module(_)) => false,
    };
    (!are_related).then_some(score)
}

/// One inherits from the other, or both from one base that makes them what they are: variants by design.
fn are_family(index: &Index, a: ClassId, b: ClassId) -> bool {
    let (mro, other) = (&index.class(a).mro, &index.class(b).mro);
    if mro.contains(b) || other.contains(a) {
        return true;
    }
    let is_base = |class: ClassId| {
        let id = index.class(class).id.as_str();
        !matches!(id, "builtins.object" | "abc.ABC" | "typing.Generic" | "typing.Protocol")
            && !protocols::is_protocol_like(index, class)
    };
    let outside = |class: ClassId| {
        index.class(class).bases.iter().filter_map(|base| match &base.resolution {
            Resolution::External(name) => Some(*name),
            Resolution::Resolved(_) | Resolution::Unresolved(_) => None,
        })
    };
    mro.classes().skip(1).any(|base| is_base(base) && other.contains(base))
        || outside(a).any(|name| outside(b).any(|other| other == name))
}

/// Whether two classes of one name are variants of one base by design, as the session stores of several backends
/// are: small ones, or such as have only in common what that base demands, each in its own way. Copies are not.
fn are_variants(index: &Index, a: ClassId, b: ClassId) -> bool {
    if !are_family(index, a, b) || is_same_text(index, a, b) {
        return false;
    }
    let is_small = |class: ClassId| methods_of(index, class).len() < OWN_METHODS;
    if is_small(a) && is_small(b) {
        return true;
    }
    let (mro, other) = (&index.class(a).mro, &index.class(b).mro);
    let bases: Vec<ClassId> = mro.classes().skip(1).filter(|base| other.contains(*base)).collect();
    let demands = |name: Name| bases.iter().any(|base| method_of(index, *base, name).is_some());
    let common = methods_of(index, a).iter().filter_map(|own| {
        let own = index.function(*own);
        let is_called = !own.name.as_str().starts_with("__");
        let twin = method_of(index, b, own.name).filter(|_| is_called)?;
        Some((own, index.function(twin)))
    });
    let mut common = common.peekable();
    let is_own_way = |(own, twin): (&FunctionFact, &FunctionFact)| {
        demands(own.name) && (own.digest != twin.digest || own.traits.is_stub)
    };
    common.peek().is_some() && common.all(is_own_way)
}

/// Whether a unit's text leads to a class: it sits on top of it.
fn uses(index: &Index, unit: Unit, class: ClassId) -> bool {
    let spans = unit.spans(index);
    let references = index.references.of_class(class);
    references
        .iter()
        .any(|found| spans.iter().any(|(file, span)| *file == found.file && span.contains(&found.at)))
}

fn group_of(
    index: &Index,
    lexicon: &Lexicon,
    profiles: &Profiles,
    users: &ModuleUsers,
    kind: GroupKind,
    units: Vec<Unit>,
) -> Option<Group> {
    if units.len() < 2 {
        return None;
    }
    let classes: Vec<ClassId> = units
        .iter()
        .filter_map(|unit| match unit {
            Unit::Class(class) => Some(*class),
            Unit::Module(_) => None,
        })
        .collect();
    let election: Election = election::elect_among(index, &classes);
    // Modules hold no election: the one that most of the others import is the canonical one.
    let most_used = units.iter().rev().max_by_key(|unit| users.of_unit(**unit).0).copied();
    let canonical = election.winner.map(Unit::Class).or(most_used).unwrap_or(units[0]);
    let mut members: Vec<GroupMember> =
        units.iter().map(|unit| member_of(index, profiles, users, *unit, canonical)).collect();
    members.sort_by(|a, b| {
        let likeness = |member: &GroupMember| member.score.map_or(0.0, |score| score.total);
        (b.unit == canonical)
            .cmp(&(a.unit == canonical))
            .then(likeness(b).total_cmp(&likeness(a)))
            .then_with(|| a.unit.id(index).cmp(&b.unit.id(index)))
    });
    let cohesion = cohesion(profiles, &units);
    let kind = match kind {
        // Names alone are no evidence of one job.
        GroupKind::Name if !is_one_thing(index, profiles, &units, &classes) => GroupKind::Homonym,
        kind => kind,
    };
    let uses: u32 = members.iter().map(|member| member.production_references).sum();
    let lines: u32 = members.iter().skip(1).map(|member| member.lines).sum();
    // What could be saved, how sure it is, and for how many.
    let likeness = 0.1 + cohesion.unwrap_or(0.0);
    let worth = (1.0 + lines as f32).ln() * likeness * likeness * (8.0 + uses as f32).ln();
    let brief = brief::brief(index, lexicon, profiles, &members);
    let title = simple_name(index, members[0].unit).to_owned();
    Some(Group { kind, title, members, cohesion, brief, worth })
}

fn member_of(
    index: &Index,
    profiles: &Profiles,
    users: &ModuleUsers,
    unit: Unit,
    canonical: Unit,
) -> GroupMember {
    let (production_references, references) = match unit {
        Unit::Class(class) => {
            let counts = super::usage::counts(index, class);
            (counts.in_role(crate::source::FileRole::Production), counts.total())
        }
        Unit::Module(_) => users.of_unit(unit),
    };
    let pair = profiles.find(unit).zip(profiles.find(canonical)).filter(|_| unit != canonical);
    GroupMember {
        unit,
        score: pair.map(|(own, other)| profiles.score(own, other)),
        production_references,
        references,
        lines: lines_of(index, unit),
    }
}

fn lines_of(index: &Index, unit: Unit) -> u32 {
    match unit {
        Unit::Class(class) => index.lines_of(class),
        Unit::Module(file) => index.file(file).facts.line_count,
    }
}

/// Whether types of one name are one thing: alike in what they do or in their words, or the same text.
fn is_one_thing(index: &Index, profiles: &Profiles, units: &[Unit], classes: &[ClassId]) -> bool {
    let are_alike =
        ids_of(profiles, units).is_some_and(|ids| pairs(&ids).all(|(a, b)| profiles.is_name_confirmed(a, b)));
    are_alike || classes.len() > 1 && classes[1..].iter().all(|class| is_same_text(index, classes[0], *class))
}

/// Whether two classes have the same methods, word for word, and the same fields.
#[must_use]
pub fn is_same_text(index: &Index, a: ClassId, b: ClassId) -> bool {
    let text_of = |class: ClassId| {
        let (file, _) = index.source_of(class)?;
        let Origin::Source { index: owner, .. } = index.class(class).origin else { return None };
        let methods = methods_of(index, class).iter().map(|method| {
            let fact = index.function(*method);
            (fact.name, fact.digest)
        });
        let methods: Vec<(Name, u64)> = methods.collect();
        let mut fields: Vec<(Name, Option<Name>)> =
            fields_of(index, file, owner).map(|field| (field.name, field.annotation)).collect();
        fields.dedup();
        (!methods.is_empty() || fields.len() > 1).then_some((methods, fields))
    };
    text_of(a).is_some_and(|text| text_of(b) == Some(text))
}

/// The least likeness between two members.
fn cohesion(profiles: &Profiles, units: &[Unit]) -> Option<f32> {
    let ids = ids_of(profiles, units)?;
    pairs(&ids).map(|(a, b)| profiles.likeness(a, b)).min_by(f32::total_cmp)
}

/// The positions of the members, where all have enough content to be compared.
fn ids_of(profiles: &Profiles, units: &[Unit]) -> Option<Vec<UnitId>> {
    units.iter().map(|unit| profiles.find(*unit)).collect()
}

/// Each with each of those behind it.
fn pairs<T: Copy>(all: &[T]) -> impl Iterator<Item = (T, T)> {
    all.iter().enumerate().flat_map(|(at, a)| all[at + 1..].iter().map(move |b| (*a, *b)))
}
