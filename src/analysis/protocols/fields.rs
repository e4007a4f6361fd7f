//! What a field holds, and whether it may be set: annotations, inferred values, qualifiers.

use crate::analysis::overrides::providers;
use crate::analysis::types::{ResolvedType, Viewpoint, inferred, resolve_annotation};
use crate::facts::type_expression::TypeExpression;
use crate::facts::{Field, Name};
use crate::link::members::fields_of;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, ClassKind, Index, Origin};

pub(super) fn is_mutable(field: &Field) -> bool {
    !["Final", "ReadOnly", "ClassVar"].iter().any(|qualifier| has_qualifier(field, qualifier))
}

pub(super) fn has_qualifier(field: &Field, qualifier: &str) -> bool {
    field.annotation.is_some_and(|text| TypeExpression::has_qualifier(text.as_str(), qualifier))
}

pub(super) fn is_read_only(index: &Index, owner: ClassId, field: &Field) -> bool {
    let is_frozen = index.source_of(owner).is_some_and(|(_, fact)| fact.is_frozen);
    has_qualifier(field, "Final")
        || index.class(owner).kind == ClassKind::NamedTuple
        || is_frozen && field.annotation.is_some() && !has_qualifier(field, "ClassVar")
}

/// The type of a value that is written out in the one place that sets the field: `retries = 3`.
fn written_out(index: &Index, owner: ClassId, field: &Field) -> Option<ResolvedType> {
    let class = index.library.class(field.literal?.class_name())?;
    // A member of an enum is of the enum; what a base declares holds for the subclass.
    let is_declared = index.class(owner).mro.classes().skip(1).any(|base| match index.class(base).origin {
        Origin::Source { file, index: at } => {
            fields_of(index, file, at).any(|other| other.name == field.name && other.annotation.is_some())
        }
        Origin::Library => index.library.has_member(base, field.name),
    });
    let is_own = index.class(owner).kind != ClassKind::Enum && !is_declared;
    (is_own && is_only_place(index, owner, field)).then(|| ResolvedType::class(class))
}

pub(super) fn given_type(index: &Index, class: ClassId, owner: ClassId, field: &Field) -> ResolvedType {
    let Some(mut view) = Viewpoint::of_body(index, owner, field.at, Some(class)) else {
        return ResolvedType::Any;
    };
    if field.is_instance {
        // In a method the names of the class's body are not seen.
        view.scope = index.file(view.file).facts.scopes[view.scope.index()].parent;
    }
    let held = match field.annotation {
        Some(_) => resolve_annotation(index, view, field.annotation),
        None => {
            let values = &index.file(view.file).facts.values[field.values.range()];
            let is_none = || {
                let none =
                    Resolver::new(index).attribute(&Entity::Class(owner), field.name, 0) == Entity::Nothing;
                !field.is_instance && none && is_only_place(index, owner, field)
            };
            match inferred(index, view.file, values) {
                Some(known) => known,
                None if is_none() => ResolvedType::None,
                None => written_out(index, owner, field).unwrap_or(ResolvedType::Any),
            }
        }
    };
    // `connect = partialmethod(…)` in a body: what an instance gives is up to its `__get__`.
    match held {
        ResolvedType::Class { class: of, .. } if !field.is_instance && is_descriptor(index, of) => {
            ResolvedType::Unknown(format!("`{}` holds a descriptor, `{}`", field.name, index.class(of).id))
        }
        held => held,
    }
}

fn is_descriptor(index: &Index, class: ClassId) -> bool {
    providers(index, class, Name::new("__get__")).next().is_some()
}

/// `x = None` in the body says little where a method sets `self.x` as well.
fn is_only_place(index: &Index, owner: ClassId, field: &Field) -> bool {
    let Origin::Source { file, index: at } = index.class(owner).origin else { return false };
    fields_of(index, file, at).filter(|other| other.name == field.name).count() == 1
}
