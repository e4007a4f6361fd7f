//! Return types, and what `async` makes of them.

use super::{Comparison, DifferenceKind};
use crate::analysis::types::assignability::Relation;
use crate::analysis::types::{ResolvedType, Verdict3, Viewpoint, resolve_annotation};
use crate::facts::FunctionFact;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FunctionId, Index};

/// What a call gives.
struct Outcome {
    /// The annotation's type.
    annotated: ResolvedType,
    is_annotated: bool,
    /// Whether the call gives a coroutine of the annotated type: `async def` without `yield`.
    is_coroutine: bool,
}

pub(super) fn compare_returns(
    relation: &Relation<'_>,
    expected: FunctionId,
    found: FunctionId,
    receiver: Option<ClassId>,
    comparison: &mut Comparison,
) {
    let index = relation.index;
    let (own, other) = (outcome(index, expected, receiver), outcome(index, found, receiver));
    let differ_in_async = |comparison: &mut Comparison| {
        let word = |is_coroutine| if is_coroutine { "async" } else { "not async" };
        let (own, other) = (word(own.is_coroutine).to_owned(), word(other.is_coroutine).to_owned());
        comparison.differ(DifferenceKind::Async, None, own, other);
    };
    let (from, to) = match (own.is_coroutine, other.is_coroutine) {
        (true, true) | (false, false) => (other.annotated.clone(), own.annotated.clone()),
        (true, false) if !other.is_annotated => {
            match Resolver::new(index).returned(found, 0) {
                Entity::Awaitable(_) => comparison.through_any = true,
                Entity::Instance(_) | Entity::Class(_) | Entity::Function(_) | Entity::Nothing => {
                    differ_in_async(comparison);
                }
                Entity::Open(_) if index.function(found).returned.len > 0 => {
                    comparison.unknowns.push(format!(
                        "`{}` has no return annotation, and what it returns may be awaitable",
                        index.function(found).name
                    ));
                }
                Entity::Module(_)
                | Entity::LibraryModule(_)
                | Entity::Variant(..)
                | Entity::GenericAlias(_)
                | Entity::SpecialBase(_)
                | Entity::Held(..)
                | Entity::Super(_)
                | Entity::External(_)
                | Entity::Value
                | Entity::Open(_) => differ_in_async(comparison),
            }
            return;
        }
        // A caller that does not await gets a coroutine where it had a value.
        (false, true) if !own.is_annotated => return differ_in_async(comparison),
        // What is awaited once only is no coroutine (PEP 492).
        (true, false) if is_mere_awaitable(index, &other.annotated) => {
            let text =
                |id: FunctionId| index.function(id).returns.map_or("Any".into(), |text| text.to_string());
            let wanted = format!("Coroutine[Any, Any, {}]", text(expected));
            comparison.differ(DifferenceKind::ReturnType, None, wanted, text(found));
            return;
        }
        (true, false) => match awaited_type(index, &other.annotated) {
            Some(awaited) => (awaited, own.annotated.clone()),
            None => return not_awaitable(&other.annotated, comparison, differ_in_async),
        },
        (false, true) => match awaited_type(index, &own.annotated) {
            Some(awaited) => (other.annotated.clone(), awaited),
            None if is_object(index, &own.annotated) => return,
            None => return not_awaitable(&own.annotated, comparison, differ_in_async),
        },
    };
    let answer = relation.assignable(&from, &to);
    comparison.through_any |= answer.is_through_any;
    match answer.verdict {
        Verdict3::Yes => {}
        Verdict3::No(_) => {
            let text =
                |id: FunctionId| index.function(id).returns.map_or("Any".into(), |text| text.to_string());
            comparison.differ(DifferenceKind::ReturnType, None, text(expected), text(found));
        }
        Verdict3::CannotTell(reason) => comparison.unknowns.push(format!("return type: {reason}")),
    }
}

fn outcome(index: &Index, id: FunctionId, receiver: Option<ClassId>) -> Outcome {
    let fact: &FunctionFact = index.function(id);
    let view = Viewpoint::of_function(index, id, receiver);
    let annotated = resolve_annotation(index, view, fact.returns);
    // A body that is not there yields nothing, and `AsyncIterator` is what it would be awaited to.
    let is_coroutine = fact.traits.is_async && !fact.traits.is_generator;
    Outcome { annotated, is_annotated: fact.returns.is_some(), is_coroutine }
}

/// `T` of `Awaitable[T]` and `Coroutine[Any, Any, T]`; `Any` is awaitable.
fn awaited_type(index: &Index, annotated: &ResolvedType) -> Option<ResolvedType> {
    match annotated {
        ResolvedType::Any => Some(ResolvedType::Any),
        ResolvedType::Class { class, arguments } => match index.class(*class).id.as_str() {
            "collections.abc.Awaitable" | "_asyncio.Future" | "_asyncio.Task" | "asyncio.futures.Future" => {
                Some(arguments.first().cloned().unwrap_or(ResolvedType::Any))
            }
            "collections.abc.Coroutine" | "builtins.coroutine" => {
                Some(arguments.get(2).cloned().unwrap_or(ResolvedType::Any))
            }
            _ => None,
        },
        ResolvedType::Never
        | ResolvedType::None
        | ResolvedType::Tuple { .. }
        | ResolvedType::Union(_)
        | ResolvedType::Literal(_)
        | ResolvedType::ClassObject(_)
        | ResolvedType::Callable { .. }
        | ResolvedType::TypeVariable(_)
        | ResolvedType::Foreign { .. }
        | ResolvedType::Unknown(_) => None,
    }
}

/// `Awaitable[T]`, a future or a task: a checker wants the coroutine that `async def` gives.
fn is_mere_awaitable(index: &Index, annotated: &ResolvedType) -> bool {
    matches!(annotated, ResolvedType::Class { class, .. } if matches!(
        index.class(*class).id.as_str(),
        "collections.abc.Awaitable" | "_asyncio.Future" | "_asyncio.Task" | "asyncio.futures.Future"
    ))
}

fn is_object(index: &Index, annotated: &ResolvedType) -> bool {
    matches!(annotated, ResolvedType::Class { class, .. } if index.class(*class).id.as_str() == "builtins.object")
}

fn not_awaitable(
    annotated: &ResolvedType,
    comparison: &mut Comparison,
    differ_in_async: impl Fn(&mut Comparison),
) {
    match annotated {
        ResolvedType::Foreign { reason, .. } | ResolvedType::Unknown(reason) => {
            comparison.unknowns.push(format!("whether it is awaitable: {reason}"));
        }
        ResolvedType::TypeVariable(name) => {
            comparison.unknowns.push(format!("whether it is awaitable: `{name}` is a type variable"));
        }
        ResolvedType::Any
        | ResolvedType::Never
        | ResolvedType::None
        | ResolvedType::Class { .. }
        | ResolvedType::Tuple { .. }
        | ResolvedType::Union(_)
        | ResolvedType::Literal(_)
        | ResolvedType::ClassObject(_)
        | ResolvedType::Callable { .. } => differ_in_async(comparison),
    }
}
