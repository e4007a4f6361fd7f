//! Whether one function can stand in for another in every legal call (Liskov; typing specification,
//! "Assignability rules for callables"), and what differs where it cannot.

mod parameters;
mod returns;
mod rust;

use std::fmt::Write as _;

use crate::analysis::types::assignability::Relation;
use crate::facts::{BindingKind, Name, Parameter, ParameterKind};
use crate::link::{ClassId, FunctionId, Index};
use crate::source::Language;

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// A parameter is missing, or a required one is extra.
    Arity,
    /// A parameter that may be given by name has another name.
    ParameterName,
    /// The same parameters in another order.
    ParameterOrder,
    /// A parameter can no longer be given by position, or by name.
    ParameterKind,
    /// A default is missing where callers may omit the argument.
    Default,
    /// A parameter takes less.
    ParameterType,
    /// It returns something else.
    ReturnType,
    /// One has to be awaited, the other must not.
    Async,
    /// Static, class, instance or property.
    Binding,
}

impl DifferenceKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Arity => "arity",
            Self::ParameterName => "parameter-name",
            Self::ParameterOrder => "parameter-order",
            Self::ParameterKind => "parameter-kind",
            Self::Default => "default",
            Self::ParameterType => "parameter-type",
            Self::ReturnType => "return-type",
            Self::Async => "async-mismatch",
            Self::Binding => "binding-mismatch",
        }
    }
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of which kind.
    pub kind: DifferenceKind,
    /// The parameter, by its name on the expected side where it has one.
    pub parameter: Option<Name>,
    /// What is expected.
    pub expected: String,
    /// What is there.
    pub found: String,
}

/// All that differs, and what could not be compared.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comparison {
    /// What makes the one unfit to stand in for the other.
    pub differences: Vec<Difference>,
    /// What could not be told, as sentences.
    pub unknowns: Vec<String>,
    /// Whether `Any` or a missing annotation hides what could differ.
    pub through_any: bool,
}

impl Comparison {
    /// Whether nothing differs and nothing is open.
    #[must_use]
    pub fn is_fit(&self) -> bool {
        self.differences.is_empty() && self.unknowns.is_empty()
    }

    fn differ(&mut self, kind: DifferenceKind, parameter: Option<Name>, expected: String, found: String) {
        self.differences.push(Difference { kind, parameter, expected, found });
    }
}

/// Compares `found` with what `expected` promises its callers.
#[must_use]
pub fn compare(index: &Index, expected: FunctionId, found: FunctionId) -> Comparison {
    let owner = index.function(found).owner.map(|owner| index.class_of(found.file, owner));
    compare_for(&Relation::new(index), expected, found, owner)
}

/// The same within a larger comparison; `receiver` is what `Self` means on both sides.
#[must_use]
pub fn compare_for(
    relation: &Relation<'_>,
    expected: FunctionId,
    found: FunctionId,
    receiver: Option<ClassId>,
) -> Comparison {
    let index = relation.index;
    if rust::concerns(index, expected, found) {
        return rust::compare(index, expected, found);
    }
    let mut comparison = Comparison::default();
    let (own, other) = (index.function(expected).binding, index.function(found).binding);
    if !binds_like(own, other) {
        let (own, other) = (own.as_str().to_owned(), other.as_str().to_owned());
        comparison.differ(DifferenceKind::Binding, None, own, other);
    }
    if (own == BindingKind::Property) != (other == BindingKind::Property) {
        return comparison;
    }
    parameters::compare_parameters(relation, expected, found, receiver, &mut comparison);
    returns::compare_returns(relation, expected, found, receiver, &mut comparison);
    comparison
}

/// Compares `found` with a member of the standard library, of which names, kinds and defaults are known.
#[must_use]
pub fn compare_with_library(
    index: &Index,
    signature: &str,
    binding: BindingKind,
    is_async: bool,
    found: FunctionId,
) -> Comparison {
    let mut comparison = Comparison::default();
    let fact = index.function(found);
    if !binds_like(binding, fact.binding) {
        comparison.differ(
            DifferenceKind::Binding,
            None,
            binding.as_str().into(),
            fact.binding.as_str().into(),
        );
    }
    if (binding == BindingKind::Property) != (fact.binding == BindingKind::Property) {
        return comparison;
    }
    if is_async && !fact.traits.is_async && fact.returns.is_none() {
        comparison.differ(DifferenceKind::Async, None, "async".into(), "not async".into());
    }
    match parameters::library_parameters(signature) {
        Some(expected) => parameters::compare_shapes(index, &expected, binding, found, &mut comparison),
        None => comparison.unknowns.push("the standard library's signature is not known".into()),
    }
    comparison
}

/// Whether a member bound in one way can be used as if it were bound in the other: what is called on an
/// instance may be static; what is called on the class may not need an instance.
fn binds_like(expected: BindingKind, found: BindingKind) -> bool {
    use BindingKind::{Accessor, Class, Free, Instance, Property, Static};
    match (expected, found) {
        (Property | Accessor, Property | Accessor) => true,
        (Property | Accessor, Free | Instance | Class | Static)
        | (Free | Instance | Class | Static, Property | Accessor) => false,
        (Free | Instance, Free | Instance | Class | Static) => true,
        (Class | Static, Class | Static) => true,
        (Class | Static, Free | Instance) => false,
    }
}

/// The signature in one line, without the receiver: `async send(user_id: str) -> bool`.
#[must_use]
pub fn render(index: &Index, id: FunctionId) -> String {
    let fact = index.function(id);
    if index.file(id.file).language == Language::Rust {
        return render_rust(index, id);
    }
    let mut text = String::new();
    if fact.traits.is_async {
        text.push_str("async ");
    }
    let _ = write!(text, "{}(", fact.name);
    let shown =
        parameters::without_receiver(fact.binding, fact.name, index.file(id.file).facts.parameters_of(fact));
    let mut previous: Option<ParameterKind> = None;
    for (position, parameter) in shown.iter().enumerate() {
        if position > 0 {
            text.push_str(", ");
        }
        let leaves_positional_only = previous == Some(ParameterKind::PositionalOnly)
            && parameter.kind != ParameterKind::PositionalOnly;
        if leaves_positional_only {
            text.push_str("/, ");
        }
        let has_star = matches!(previous, Some(ParameterKind::Variadic | ParameterKind::KeywordOnly));
        if parameter.kind == ParameterKind::KeywordOnly && !has_star {
            text.push_str("*, ");
        }
        push_parameter(&mut text, parameter);
        previous = Some(parameter.kind);
    }
    if previous == Some(ParameterKind::PositionalOnly) {
        text.push_str(", /");
    }
    text.push(')');
    if let Some(returns) = fact.returns {
        let _ = write!(text, " -> {returns}");
    }
    text
}

/// A function as Rust writes it, the receiver included.
fn render_rust(index: &Index, id: FunctionId) -> String {
    let fact = index.function(id);
    let parameters = index.file(id.file).facts.parameters_of(fact).iter();
    let shown: Vec<String> = parameters
        .map(|parameter| match (parameter.name.as_str(), parameter.annotation) {
            ("self", Some(written)) if written.as_str().ends_with("self") => written.as_str().to_owned(),
            (name, Some(written)) => format!("{name}: {written}"),
            (name, None) => name.to_owned(),
        })
        .collect();
    let is_async = if fact.traits.is_async { "async " } else { "" };
    let returns = fact.returns.map_or(String::new(), |returns| format!(" -> {returns}"));
    format!("{is_async}fn {}({}){returns}", fact.name, shown.join(", "))
}

fn push_parameter(text: &mut String, parameter: &Parameter) {
    text.push_str(match parameter.kind {
        ParameterKind::Variadic => "*",
        ParameterKind::KeywordVariadic => "**",
        ParameterKind::PositionalOnly | ParameterKind::Standard | ParameterKind::KeywordOnly => "",
    });
    text.push_str(parameter.name.as_str());
    if let Some(annotation) = parameter.annotation {
        let _ = write!(text, ": {annotation}");
    }
    if let Some(default) = parameter.default {
        let spaced = if parameter.annotation.is_some() { " = " } else { "=" };
        let _ = write!(text, "{spaced}{default}");
    }
}

#[cfg(test)]
mod tests;
