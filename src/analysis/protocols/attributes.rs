//! A demanded member beside the provided one: methods, properties and attributes in every combination.

use super::fields::{given_type, has_qualifier, is_mutable, is_read_only};
use super::members::{Demand, Demanded, Provided, overloads_of, setter_of};
use super::{Judgement, ReasonKind};
use crate::analysis::signatures::{self, Comparison, DifferenceKind};
use crate::analysis::types::assignability::Relation;
use crate::analysis::types::{ResolvedType, Verdict3, Viewpoint, resolve_annotation};
use crate::facts::{BindingKind, Field, FunctionFact, Name};
use crate::link::members::alternatives_of;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::text::Offset;

type Place = Option<(FileId, Offset)>;

pub(super) fn judge_provided(
    relation: &Relation<'_>,
    class: ClassId,
    demand: &Demand,
    provided: &Provided,
) -> Judgement {
    let index = relation.index;
    match provided {
        Provided::Nothing | Provided::OnlyDemanded => missing(index, demand, provided),
        Provided::MayBe(reason) => {
            let mut judged = missing(index, demand, provided);
            judged.push_unknown(reason.clone(), None);
            judged.is_open = true;
            judged
        }
        Provided::Behind(reason) => Judgement::unknown(reason.clone(), None),
        Provided::Other(file, at) => Judgement::unknown(
            format!("`{}` is bound to something that we do not follow", demand.name),
            Some((*file, *at)),
        ),
        Provided::Library(owner, member) => judge_inherited(index, demand, *owner, member),
        Provided::Function(found) => match &demand.what {
            Demanded::NestedClass => nested_class(demand),
            Demanded::Function(expected) => judge_functions(relation, class, *expected, *found),
            Demanded::Attribute(field) => {
                judge_function_for_attribute(relation, class, demand, field, *found)
            }
            Demanded::Library(member) => {
                let binding = member.binding.unwrap_or(BindingKind::Instance);
                let comparison = signatures::compare_with_library(
                    index,
                    member.signature,
                    binding,
                    member.is_async,
                    *found,
                );
                // Its own parameters' names are nobody's contract: special methods are called by the interpreter.
                let differences = comparison.differences.into_iter();
                let kept = differences.filter(|difference| difference.kind != DifferenceKind::ParameterName);
                into_judgement(
                    index,
                    *found,
                    Comparison { differences: kept.collect(), ..Comparison::default() },
                )
            }
        },
        Provided::Field(owner, found) => match &demand.what {
            Demanded::NestedClass => nested_class(demand),
            Demanded::Function(expected) if index.function(*expected).binding == BindingKind::Property => {
                judge_field_for_property(relation, class, *expected, *owner, found)
            }
            Demanded::Function(expected) => judge_field_for_method(relation, class, *expected, *owner, found),
            Demanded::Attribute(field) => judge_fields(relation, class, demand, field, *owner, found),
            Demanded::Library(_) => Judgement::unknown(
                format!("`{}` is a field, not a method", demand.name),
                place_of_field(index, *owner, found),
            ),
        },
    }
}

fn nested_class(demand: &Demand) -> Judgement {
    let reason = format!("`{}` is a class in the protocol: compared by name alone", demand.name);
    Judgement::unknown(reason, demand.place)
}

fn missing(index: &Index, demand: &Demand, provided: &Provided) -> Judgement {
    let (kind, expected) = match &demand.what {
        Demanded::Function(id) if index.function(*id).binding == BindingKind::Property => {
            (ReasonKind::MissingAttribute, property_text(index, *id))
        }
        Demanded::Function(id) => (ReasonKind::MissingMethod, signatures::render(index, *id)),
        Demanded::Attribute(field) => (ReasonKind::MissingAttribute, field_text(field)),
        Demanded::NestedClass => (ReasonKind::MissingAttribute, format!("class {}", demand.name)),
        Demanded::Library(member) => {
            (ReasonKind::MissingMethod, format!("{}{}", member.name, member.signature))
        }
    };
    let found = match provided {
        Provided::OnlyDemanded => "inherited from the protocol, without a body".to_owned(),
        Provided::Function(_)
        | Provided::Field(..)
        | Provided::Library(..)
        | Provided::Other(..)
        | Provided::Nothing
        | Provided::MayBe(_)
        | Provided::Behind(_) => "nothing".to_owned(),
    };
    let mut judged = Judgement::default();
    judged.push(kind, expected, found, None);
    judged
}

/// A member that comes from a class of the standard library, whose types are not in the table.
fn judge_inherited(
    index: &Index,
    demand: &Demand,
    owner: ClassId,
    member: &crate::link::library::LibraryMember,
) -> Judgement {
    let is_same = demand.by == owner;
    match &demand.what {
        Demanded::NestedClass => nested_class(demand),
        // `list.__hash__` is `None`: what has it cannot be hashed.
        Demanded::Library(_) if member.name.as_str() == "__hash__" && member.binding.is_none() => {
            let mut judged = Judgement::default();
            judged.push(ReasonKind::MissingMethod, "__hash__(self)".into(), "None".into(), None);
            judged
        }
        Demanded::Library(_) => Judgement::default(),
        Demanded::Function(_) | Demanded::Attribute(_) if is_same => Judgement::default(),
        Demanded::Function(_) | Demanded::Attribute(_) => Judgement::unknown(
            format!("`{}` comes from `{}`, whose types are not known", member.name, index.class(owner).id),
            None,
        ),
    }
}

fn judge_functions(
    relation: &Relation<'_>,
    class: ClassId,
    expected: FunctionId,
    found: FunctionId,
) -> Judgement {
    let index = relation.index;
    let alternatives = alternatives_of(index, found);
    let mut judged: Vec<Judgement> =
        alternatives.iter().map(|found| judge_function(relation, class, expected, *found)).collect();
    let fits = judged.iter().filter(|judged| judged.reasons.is_empty()).count();
    if fits > 0 && fits < judged.len() {
        let lines: Vec<String> = alternatives
            .iter()
            .map(|id| index.position(id.file, index.function(*id).name_at).line.to_string())
            .collect();
        let name = index.function(found).name;
        let reason =
            format!("`{name}` is defined differently on several branches, lines {}", lines.join(", "));
        return Judgement::unknown(reason, place_of(index, found));
    }
    judged.swap_remove(0)
}

fn judge_function(
    relation: &Relation<'_>,
    class: ClassId,
    expected: FunctionId,
    found: FunctionId,
) -> Judgement {
    let index = relation.index;
    if expected == found {
        return Judgement::default();
    }
    if let Some(judged) = wrapped(index, found).or_else(|| wrapped(index, expected)) {
        return judged;
    }
    let wanted = nonempty_or(overloads_of(index, expected), expected);
    let offered = nonempty_or(overloads_of(index, found), found);
    if wanted.len() > 1 || offered.len() > 1 {
        let compare = |own: &FunctionId, other: &FunctionId| {
            signatures::compare_for(relation, *own, *other, Some(class)).is_fit()
        };
        let fits = wanted.iter().all(|own| offered.iter().any(|other| compare(own, other)));
        return if fits {
            Judgement::default()
        } else {
            Judgement::unknown(
                "no single overload fits; several together may".to_owned(),
                place_of(index, found),
            )
        };
    }
    let mut judged =
        into_judgement(index, found, signatures::compare_for(relation, expected, found, Some(class)));
    let are_properties =
        [expected, found].iter().all(|id| index.function(*id).binding == BindingKind::Property);
    if are_properties && let Some(wanted) = setter_of(index, expected) {
        judge_setter(relation, class, wanted, found, &mut judged);
    }
    judged
}

/// Whoever sets what the protocol lets him set.
fn judge_setter(
    relation: &Relation<'_>,
    class: ClassId,
    expected: FunctionId,
    found: FunctionId,
    judged: &mut Judgement,
) {
    let index = relation.index;
    let Some(setter) = setter_of(index, found) else {
        let place = place_of(index, found);
        judged.push(ReasonKind::ReadOnly, "a setter".into(), "a read-only property".into(), place);
        return;
    };
    let [wanted, taken] = [expected, setter].map(|setter| value_of(index, class, setter));
    let place = place_of(index, setter);
    let answer = relation.assignable(&wanted, &taken);
    judged.is_through_any |= answer.is_through_any;
    match answer.verdict {
        Verdict3::Yes => {}
        Verdict3::No(_) => {
            let kind = ReasonKind::Signature(DifferenceKind::ParameterType);
            judged.push(kind, wanted.describe(index), taken.describe(index), place);
        }
        Verdict3::CannotTell(reason) => judged.push_unknown(reason, place),
    }
}

/// What a setter takes.
fn value_of(index: &Index, class: ClassId, setter: FunctionId) -> ResolvedType {
    let facts = &index.file(setter.file).facts;
    let value = facts.parameters_of(index.function(setter)).get(1);
    let view = Viewpoint::of_function(index, setter, Some(class));
    resolve_annotation(index, view, value.and_then(|value| value.annotation))
}

fn nonempty_or(overloads: Vec<FunctionId>, single: FunctionId) -> Vec<FunctionId> {
    if overloads.is_empty() { vec![single] } else { overloads }
}

fn into_judgement(index: &Index, found: FunctionId, comparison: Comparison) -> Judgement {
    let mut judged = Judgement { is_through_any: comparison.through_any, ..Judgement::default() };
    let place = place_of(index, found);
    for difference in comparison.differences {
        judged.reasons.push(super::Reason {
            kind: ReasonKind::Signature(difference.kind),
            parameter: difference.parameter,
            expected: difference.expected,
            found: difference.found,
            place,
        });
    }
    for unknown in comparison.unknowns {
        judged.push_unknown(unknown, place);
    }
    judged
}

/// A decorator that we do not know may give back anything.
fn wrapped(index: &Index, found: FunctionId) -> Option<Judgement> {
    let fact = index.function(found);
    if !fact.traits.is_wrapped {
        return None;
    }
    let reason =
        format!("decorated by `{}`, which may change the signature", decorator_of(index, found, fact));
    Some(Judgement::unknown(reason, place_of(index, found)))
}

fn decorator_of(index: &Index, id: FunctionId, fact: &FunctionFact) -> String {
    let facts = &index.file(id.file).facts;
    let names = facts.decorators[fact.decorators.range()].iter().map(|chain| {
        let attributes = facts.steps_of(*chain).iter().filter_map(|step| step.attribute());
        let attributes = attributes.map(Name::as_str);
        let root = facts.root_of(&facts.chains[chain.index()]).name.as_str();
        std::iter::once(root).chain(attributes).collect::<Vec<_>>().join(".")
    });
    let known =
        ["staticmethod", "classmethod", "property", "override", "final", "abstractmethod", "overload"];
    let is_known = |name: &String| known.iter().any(|known| name.rsplit('.').next() == Some(*known));
    names.rev().find(|name| !is_known(name)).unwrap_or_else(|| "a decorator".to_owned())
}

fn judge_function_for_attribute(
    relation: &Relation<'_>,
    class: ClassId,
    demand: &Demand,
    field: &Field,
    found: FunctionId,
) -> Judgement {
    let index = relation.index;
    let place = place_of(index, found);
    let expected = demanded_type(index, class, demand, field);
    let fact = index.function(found);
    if fact.binding == BindingKind::Property {
        let given = returned_type(index, class, found);
        let mut judged = typed(relation, &given, &expected, false, place);
        if is_mutable(field) && setter_of(index, found).is_none() {
            judged.push(ReasonKind::ReadOnly, field_text(field), "a read-only property".into(), place);
        }
        if has_qualifier(field, "ClassVar") {
            let kind = ReasonKind::Signature(DifferenceKind::Binding);
            judged.push(kind, field_text(field), "a property".into(), place);
        }
        return judged;
    }
    match expected {
        ResolvedType::Any => Judgement { is_through_any: true, ..Judgement::default() },
        ResolvedType::Callable { .. }
        | ResolvedType::Unknown(_)
        | ResolvedType::Foreign { .. }
        | ResolvedType::TypeVariable(_)
        | ResolvedType::Union(_) => {
            Judgement::unknown(format!("a method for the attribute `{}`", field_text(field)), place)
        }
        ResolvedType::Never
        | ResolvedType::None
        | ResolvedType::Class { .. }
        | ResolvedType::Tuple { .. }
        | ResolvedType::Literal(_)
        | ResolvedType::ClassObject(_) => {
            let mut judged = Judgement::default();
            let kind = ReasonKind::Signature(DifferenceKind::Binding);
            judged.push(kind, field_text(field), "a method".into(), place);
            judged
        }
    }
}

fn judge_field_for_property(
    relation: &Relation<'_>,
    class: ClassId,
    expected: FunctionId,
    owner: ClassId,
    found: &Field,
) -> Judgement {
    let index = relation.index;
    let place = place_of_field(index, owner, found);
    let given = given_type(index, class, owner, found);
    let promised = returned_type(index, class, expected);
    let is_mutable_demand = setter_of(index, expected).is_some();
    let mut judged = typed(relation, &given, &promised, is_mutable_demand, place);
    if is_mutable_demand && is_read_only(index, owner, found) {
        judged.push(ReasonKind::ReadOnly, property_text(index, expected), field_text(found), place);
    }
    judged
}

fn judge_field_for_method(
    relation: &Relation<'_>,
    class: ClassId,
    expected: FunctionId,
    owner: ClassId,
    found: &Field,
) -> Judgement {
    let index = relation.index;
    let place = place_of_field(index, owner, found);
    if let Some(judged) = wrapped(index, expected) {
        return judged;
    }
    // `send = push` in the body of a class.
    if !found.is_instance {
        match Resolver::new(index).attribute(&Entity::Class(class), found.name, 0) {
            Entity::Function(function) => return judge_functions(relation, class, expected, function),
            Entity::Nothing if found.annotation.is_none() => {
                let mut judged = Judgement::default();
                let kind = ReasonKind::Signature(DifferenceKind::Binding);
                judged.push(kind, signatures::render(index, expected), "None".into(), place);
                return judged;
            }
            Entity::Module(_)
            | Entity::LibraryModule(_)
            | Entity::Class(_)
            | Entity::GenericAlias(_)
            | Entity::SpecialBase(_)
            | Entity::Instance(_)
            | Entity::Variant(..)
            | Entity::Awaitable(_)
            | Entity::Held(..)
            | Entity::Super(_)
            | Entity::External(_)
            | Entity::Value
            | Entity::Nothing
            | Entity::Open(_) => {}
        }
    }
    let given = given_type(index, class, owner, found);
    let anything = ResolvedType::Callable { parameters: None, returns: Box::new(ResolvedType::Any) };
    match relation.assignable(&given, &anything).verdict {
        Verdict3::No(_) => {
            let mut judged = Judgement::default();
            let kind = ReasonKind::Signature(DifferenceKind::Binding);
            judged.push(kind, signatures::render(index, expected), field_text(found), place);
            judged
        }
        Verdict3::Yes | Verdict3::CannotTell(_) => {
            let of_type = match given {
                ResolvedType::Any | ResolvedType::Unknown(_) => String::new(),
                known => format!(" of type {}", known.describe(index)),
            };
            Judgement::unknown(
                format!("`{}` is an attribute{of_type}, assigned, not defined", found.name),
                place,
            )
        }
    }
}

fn judge_fields(
    relation: &Relation<'_>,
    class: ClassId,
    demand: &Demand,
    expected: &Field,
    owner: ClassId,
    found: &Field,
) -> Judgement {
    let index = relation.index;
    let place = place_of_field(index, owner, found);
    let given = given_type(index, class, owner, found);
    let wanted = demanded_type(index, class, demand, expected);
    let mut judged = typed(relation, &given, &wanted, is_mutable(expected), place);
    if is_mutable(expected) && is_read_only(index, owner, found) {
        judged.push(ReasonKind::ReadOnly, field_text(expected), field_text(found), place);
    }
    // `x: ClassVar[int]` may be assigned on the class alone, `x: int` on instances too.
    let is_class_level = |field: &Field| has_qualifier(field, "ClassVar");
    let is_declared = found.annotation.is_some();
    let differs = is_class_level(expected) != is_class_level(found) && (is_declared || found.is_instance);
    if differs && expected.annotation.is_some() {
        let kind = ReasonKind::Signature(DifferenceKind::Binding);
        judged.push(kind, field_text(expected), field_text(found), place);
    }
    judged
}

/// A mutable attribute has to be of just that type, one that is only read may be of a subtype.
fn typed(
    relation: &Relation<'_>,
    given: &ResolvedType,
    wanted: &ResolvedType,
    is_mutable: bool,
    place: Place,
) -> Judgement {
    let answer =
        if is_mutable { relation.equivalent(given, wanted) } else { relation.assignable(given, wanted) };
    let mut judged = Judgement { is_through_any: answer.is_through_any, ..Judgement::default() };
    match answer.verdict {
        Verdict3::Yes => {}
        Verdict3::No(_) => {
            let (wanted, given) = (wanted.describe(relation.index), given.describe(relation.index));
            judged.push(ReasonKind::AttributeType, wanted, given, place);
        }
        Verdict3::CannotTell(reason) => judged.push_unknown(reason, place),
    }
    judged
}

fn demanded_type(index: &Index, class: ClassId, demand: &Demand, field: &Field) -> ResolvedType {
    given_type(index, class, demand.by, field)
}

fn returned_type(index: &Index, class: ClassId, id: FunctionId) -> ResolvedType {
    let view = Viewpoint::of_function(index, id, Some(class));
    resolve_annotation(index, view, index.function(id).returns)
}

fn property_text(index: &Index, id: FunctionId) -> String {
    let fact = index.function(id);
    match fact.returns {
        Some(returns) => format!("property {}: {returns}", fact.name),
        None => format!("property {}", fact.name),
    }
}

fn field_text(field: &Field) -> String {
    match field.annotation {
        Some(annotation) => format!("{}: {annotation}", field.name),
        None => field.name.to_string(),
    }
}

fn place_of(index: &Index, id: FunctionId) -> Place {
    Some((id.file, index.function(id).name_at))
}

fn place_of_field(index: &Index, owner: ClassId, field: &Field) -> Place {
    index.source_of(owner).map(|(file, _)| (file, field.at))
}
