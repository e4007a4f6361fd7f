//! Signatures of Rust, and of two languages: what a caller would have to change.
//!
//! Arguments go by position, so names of parameters say nothing; types are compared as written, but for the
//! paths to them. `Self::Item` is whatever the block says. Between languages only numbers of parameters and
//! whether one waits for the answer can be compared.

use super::{Comparison, DifferenceKind};
use crate::facts::names::last_segment;
use crate::facts::{BindingKind, ChainId, Parameter};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{FunctionId, Index};
use crate::source::Language;

/// Whether these rules hold for a pair: one side is Rust.
pub(super) fn concerns(index: &Index, expected: FunctionId, found: FunctionId) -> bool {
    [expected, found].iter().any(|id| index.file(id.file).language == Language::Rust)
}

pub(super) fn compare(index: &Index, expected: FunctionId, found: FunctionId) -> Comparison {
    let mut comparison = Comparison::default();
    let [own, other] = [expected, found].map(|id| index.function(id));
    let has_receiver = |kind: BindingKind| kind == BindingKind::Instance;
    if has_receiver(own.binding) != has_receiver(other.binding) {
        let (own, other) = (own.binding.as_str().to_owned(), other.binding.as_str().to_owned());
        comparison.differ(DifferenceKind::Binding, None, own, other);
    }
    if own.traits.is_async != other.traits.is_async {
        let word = |is_async: bool| if is_async { "async" } else { "not async" }.to_owned();
        let (own, other) = (word(own.traits.is_async), word(other.traits.is_async));
        comparison.differ(DifferenceKind::Async, None, own, other);
    }
    let is_one_language = index.file(expected.file).language == index.file(found.file).language;
    let sides = [expected, found].map(|id| parameters_of(index, id));
    compare_parameters(index, [expected, found], &sides, is_one_language, &mut comparison);
    if is_one_language {
        compare_returns(index, expected, found, &mut comparison);
    } else {
        let words = [expected, found].map(|id| index.file(id.file).language.as_str());
        comparison.unknowns.push(format!("types of {} and {} are not compared", words[0], words[1]));
    }
    comparison
}

/// The parameters without the receiver, those that callers must give.
fn parameters_of(index: &Index, id: FunctionId) -> Vec<Parameter> {
    let fact = index.function(id);
    let all = index.file(id.file).facts.parameters_of(fact);
    let takes_receiver = matches!(fact.binding, BindingKind::Instance | BindingKind::Class);
    let skipped = usize::from(takes_receiver && !all.is_empty());
    all[skipped..].iter().filter(|parameter| parameter.default.is_none()).copied().collect()
}

fn compare_parameters(
    index: &Index,
    ids: [FunctionId; 2],
    sides: &[Vec<Parameter>; 2],
    has_types: bool,
    comparison: &mut Comparison,
) {
    let [own, other] = sides;
    let count = |parameters: &[Parameter]| match parameters.len() {
        1 => "1 parameter".to_owned(),
        number => format!("{number} parameters"),
    };
    if own.len() != other.len() {
        comparison.differ(DifferenceKind::Arity, None, count(own), count(other));
        return;
    }
    if !has_types {
        return;
    }
    let written = |parameter: &Parameter| parameter.annotation.map_or("_", |text| text.as_str());
    let differs = |a: &Parameter, b: &Parameter| {
        type_differs(index, ids, (written(a), a.annotation_chain), (written(b), b.annotation_chain))
    };
    let pairs: Vec<(&Parameter, &Parameter)> =
        own.iter().zip(other).filter(|(a, b)| differs(a, b) == Some(true)).collect();
    let mut texts = [own, other].map(|side| side.iter().map(|one| plain(written(one))).collect::<Vec<_>>());
    for side in &mut texts {
        side.sort();
    }
    if pairs.len() > 1 && texts[0] == texts[1] {
        let list = |side: &[Parameter]| side.iter().map(written).collect::<Vec<_>>().join(", ");
        comparison.differ(DifferenceKind::ParameterOrder, None, list(own), list(other));
        return;
    }
    for (a, b) in pairs {
        let (own, other) = (written(a).to_owned(), written(b).to_owned());
        comparison.differ(DifferenceKind::ParameterType, Some(a.name), own, other);
    }
    for (a, b) in own.iter().zip(other).filter(|(a, b)| differs(a, b).is_none()) {
        comparison.unknowns.push(open(written(a), written(b)));
    }
}

fn compare_returns(index: &Index, expected: FunctionId, found: FunctionId, comparison: &mut Comparison) {
    let [own, other] = [expected, found].map(|id| {
        let fact = index.function(id);
        (fact.returns.map_or("()", |text| text.as_str()), fact.returns_chain)
    });
    match type_differs(index, [expected, found], own, other) {
        Some(true) => {
            comparison.differ(DifferenceKind::ReturnType, None, own.0.to_owned(), other.0.to_owned());
        }
        Some(false) => {}
        None => comparison.unknowns.push(open(own.0, other.0)),
    }
}

fn open(expected: &str, found: &str) -> String {
    format!("`{expected}` and `{found}` may be one type: what `Self` brings is for each block to say")
}

/// Whether two types differ; none where `Self` leaves it open.
fn type_differs(
    index: &Index,
    ids: [FunctionId; 2],
    expected: (&str, Option<ChainId>),
    found: (&str, Option<ChainId>),
) -> Option<bool> {
    if plain(expected.0) != plain(found.0) {
        return (!expected.0.contains("Self") && !found.0.contains("Self")).then_some(true);
    }
    // One name may stand for two types.
    let resolver = Resolver::new(index);
    let class = |id: FunctionId, chain: Option<ChainId>| match resolver.chain(id.file, chain?) {
        Entity::Class(class) | Entity::Held(class, _) => Some(class),
        _ => None,
    };
    let classes = (class(ids[0], expected.1), class(ids[1], found.1));
    let is_self = expected.0.contains("Self");
    Some(matches!(classes, (Some(a), Some(b)) if a != b && !is_self))
}

/// A type without the paths to its names and without lifetimes: `&'a core::Id` is `&Id`.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut path = String::new();
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' => {
                while characters.next_if(|c| c.is_alphanumeric() || *c == '_').is_some() {}
                characters.next_if_eq(&' ');
            }
            c if c.is_alphanumeric() || c == '_' || c == ':' => path.push(c),
            other => {
                out.push_str(last_segment(&std::mem::take(&mut path)));
                out.push(other);
            }
        }
    }
    out.push_str(last_segment(&path));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_lifetimes_do_not_count() {
        assert_eq!(plain("&'a mut core::Id"), "&mut Id");
        assert_eq!(plain("Result<Vec<u8>, std::io::Error>"), "Result<Vec<u8>, Error>");
    }
}
