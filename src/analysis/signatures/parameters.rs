//! Parameters: each legal call of the expected function must be one of the found function.

use super::{Comparison, DifferenceKind};
use crate::analysis::types::assignability::Relation;
use crate::analysis::types::{ResolvedType, Verdict3, Viewpoint, resolve_annotation};
use crate::facts::{BindingKind, Name, Parameter, ParameterKind};
use crate::link::{ClassId, FunctionId, Index};

/// One parameter, ready to be compared.
#[derive(Debug, Clone)]
pub(super) struct Formal {
    name: Name,
    kind: ParameterKind,
    has_default: bool,
    ty: ResolvedType,
    text: Option<Name>,
}

/// The parameters of one side, by kind.
struct Shape {
    positional: Vec<Formal>,
    variadic: Option<Formal>,
    keyword_only: Vec<Formal>,
    keyword_variadic: Option<Formal>,
}

impl Shape {
    fn new(formals: Vec<Formal>) -> Self {
        let mut shape =
            Self { positional: vec![], variadic: None, keyword_only: vec![], keyword_variadic: None };
        for formal in formals {
            match formal.kind {
                ParameterKind::PositionalOnly | ParameterKind::Standard => shape.positional.push(formal),
                ParameterKind::Variadic => shape.variadic = Some(formal),
                ParameterKind::KeywordOnly => shape.keyword_only.push(formal),
                ParameterKind::KeywordVariadic => shape.keyword_variadic = Some(formal),
            }
        }
        shape
    }

    /// `(*args: Any, **kwargs: Any)` stands for any parameters at all.
    fn is_gradual(&self) -> bool {
        let is_any =
            |formal: &Option<Formal>| formal.as_ref().is_some_and(|formal| formal.ty == ResolvedType::Any);
        is_any(&self.variadic) && is_any(&self.keyword_variadic)
    }

    fn has_positional(&self, name: Name) -> bool {
        self.positional.iter().any(|formal| formal.name == name)
    }
}

pub(super) fn compare_parameters(
    relation: &Relation<'_>,
    expected: FunctionId,
    found: FunctionId,
    receiver: Option<ClassId>,
    comparison: &mut Comparison,
) {
    let index = relation.index;
    let own = Shape::new(formals_of(index, expected, receiver, index.function(expected).binding));
    // `send = push` in the body of a class binds a function of the module as a method.
    let binds_as = match index.function(found).binding {
        BindingKind::Free if receiver.is_some() => BindingKind::Instance,
        binding => binding,
    };
    let other = Shape::new(formals_of(index, found, receiver, binds_as));
    Matching { relation, comparison }.run(&own, &other);
}

/// Against parameters of which only names, kinds and defaults are known.
pub(super) fn compare_shapes(
    index: &Index,
    expected: &[Parameter],
    binding: BindingKind,
    found: FunctionId,
    comparison: &mut Comparison,
) {
    let expected = without_receiver(binding, index.function(found).name, expected);
    let untyped = |parameter: &Parameter| Formal {
        name: parameter.name,
        kind: parameter.kind,
        has_default: parameter.default.is_some(),
        ty: ResolvedType::Any,
        text: None,
    };
    let own = Shape::new(expected.iter().map(untyped).collect());
    let other = Shape::new(formals_of(index, found, None, index.function(found).binding));
    Matching { relation: &Relation::new(index), comparison }.run(&own, &other);
}

fn formals_of(
    index: &Index,
    id: FunctionId,
    receiver: Option<ClassId>,
    binds_as: BindingKind,
) -> Vec<Formal> {
    let fact = index.function(id);
    let view = Viewpoint::of_function(index, id, receiver);
    let parameters = index.file(id.file).facts.parameters_of(fact);
    let own = without_receiver(binds_as, fact.name, parameters);
    own.iter()
        .map(|parameter| Formal {
            name: parameter.name,
            kind: kind_of(parameter),
            has_default: parameter.default.is_some(),
            ty: resolve_annotation(index, view, parameter.annotation),
            text: parameter.annotation,
        })
        .collect()
}

/// `__x` marked positional-only parameters before PEP 570.
fn kind_of(parameter: &Parameter) -> ParameterKind {
    let name = parameter.name.as_str();
    match parameter.kind {
        ParameterKind::Standard if name.starts_with("__") && !name.ends_with("__") => {
            ParameterKind::PositionalOnly
        }
        kind @ (ParameterKind::PositionalOnly
        | ParameterKind::Standard
        | ParameterKind::Variadic
        | ParameterKind::KeywordOnly
        | ParameterKind::KeywordVariadic) => kind,
    }
}

/// The parameters that a caller gives.
pub(super) fn without_receiver(binding: BindingKind, name: Name, parameters: &[Parameter]) -> &[Parameter] {
    let has_receiver = match binding {
        BindingKind::Instance | BindingKind::Class | BindingKind::Property | BindingKind::Accessor => true,
        BindingKind::Static => name.as_str() == "__new__",
        BindingKind::Free => false,
    };
    match parameters.split_first() {
        Some((first, rest))
            if has_receiver
                && matches!(first.kind, ParameterKind::PositionalOnly | ParameterKind::Standard) =>
        {
            rest
        }
        _ => parameters,
    }
}

/// One comparison under way.
struct Matching<'r, 'i> {
    relation: &'r Relation<'i>,
    comparison: &'r mut Comparison,
}

impl Matching<'_, '_> {
    fn run(&mut self, own: &Shape, other: &Shape) {
        match Alignment::of(own, other) {
            Alignment::ByPosition => self.match_positional(own, other),
            Alignment::Reordered => self.match_reordered(own, other),
            Alignment::ByName => self.match_by_name(own, other),
        }
        self.match_keywords(own, other);
        if own.is_gradual() {
            self.comparison.through_any = true;
            return;
        }
        self.match_variadic(own.variadic.as_ref(), other.variadic.as_ref());
        self.match_variadic(own.keyword_variadic.as_ref(), other.keyword_variadic.as_ref());
    }

    fn match_positional(&mut self, own: &Shape, other: &Shape) {
        for (position, expected) in own.positional.iter().enumerate() {
            match other.positional.get(position) {
                Some(found) => self.match_pair(expected, found, other),
                None => self.match_missing(expected, other),
            }
        }
        for extra in other.positional.iter().skip(own.positional.len()) {
            let is_keyword = extra.kind == ParameterKind::Standard
                && own.keyword_only.iter().any(|expected| expected.name == extra.name);
            if let Some(items) = own.variadic.as_ref().filter(|_| !own.is_gradual()) {
                self.check_type(items, extra);
            }
            if !is_keyword {
                self.require_optional(extra, own);
            }
        }
    }

    /// Two parameters at one position.
    fn match_pair(&mut self, expected: &Formal, found: &Formal, other: &Shape) {
        if expected.kind == ParameterKind::Standard {
            if found.kind == ParameterKind::PositionalOnly {
                if other.keyword_variadic.is_none() || !found.has_default {
                    let words = (expected.kind.as_str(), found.kind.as_str());
                    self.differ(DifferenceKind::ParameterKind, expected, words.0.into(), words.1.into());
                }
            } else if expected.name != found.name {
                self.differ(
                    DifferenceKind::ParameterName,
                    expected,
                    expected.name.to_string(),
                    found.name.to_string(),
                );
            }
        }
        self.check_default(expected, found);
        self.check_type(expected, found);
    }

    /// No parameter stands at the position of `expected`.
    fn match_missing(&mut self, expected: &Formal, other: &Shape) {
        let by_name = other.keyword_only.iter().find(|found| found.name == expected.name);
        let standard = expected.kind == ParameterKind::Standard;
        match (&other.variadic, by_name) {
            (Some(items), by_name) => {
                self.check_type(expected, items);
                match (by_name, &other.keyword_variadic) {
                    _ if !standard => {}
                    (Some(found), _) => {
                        self.check_default_of_keyword(expected, found);
                        self.check_type(expected, found);
                    }
                    (None, Some(values)) => self.check_type(expected, values),
                    (None, None) => {
                        let words = (expected.kind.as_str(), ParameterKind::PositionalOnly.as_str());
                        self.differ(DifferenceKind::ParameterKind, expected, words.0.into(), words.1.into());
                    }
                }
            }
            (None, Some(found)) => {
                let words = (expected.kind.as_str(), found.kind.as_str());
                self.differ(DifferenceKind::ParameterKind, expected, words.0.into(), words.1.into());
            }
            (None, None) => self.missing(expected),
        }
    }

    /// `*args` takes the positional call, so a keyword-only twin must be optional.
    fn check_default_of_keyword(&mut self, expected: &Formal, found: &Formal) {
        if !found.has_default {
            let words = (expected.kind.as_str(), found.kind.as_str());
            self.differ(DifferenceKind::ParameterKind, expected, words.0.into(), words.1.into());
        }
    }

    /// The same names, in another order.
    fn match_reordered(&mut self, own: &Shape, other: &Shape) {
        let names = |formals: &[Formal]| {
            let names: Vec<&str> = formals.iter().map(|formal| formal.name.as_str()).collect();
            format!("({})", names.join(", "))
        };
        let moved = own.positional.iter().zip(&other.positional).find(|(own, other)| own.name != other.name);
        self.comparison.differ(
            DifferenceKind::ParameterOrder,
            moved.map(|(own, _)| own.name),
            names(&own.positional),
            names(&other.positional),
        );
        for expected in &own.positional {
            if let Some(found) = other.positional.iter().find(|found| found.name == expected.name) {
                self.check_default(expected, found);
                self.check_type(expected, found);
            }
        }
    }

    /// Parameters were only left out, or only added, among others that keep their names.
    fn match_by_name(&mut self, own: &Shape, other: &Shape) {
        for expected in &own.positional {
            match other.positional.iter().find(|found| found.name == expected.name) {
                Some(found) => {
                    self.check_default(expected, found);
                    self.check_type(expected, found);
                }
                None => self.match_missing(expected, other),
            }
        }
        for extra in &other.positional {
            if !own.has_positional(extra.name) {
                if extra.has_default {
                    self.comparison.differ(
                        DifferenceKind::ParameterOrder,
                        Some(extra.name),
                        format!("no `{}` before others", extra.name),
                        format!("`{}` before others", extra.name),
                    );
                } else {
                    self.require_optional(extra, own);
                }
            }
        }
    }

    fn match_keywords(&mut self, own: &Shape, other: &Shape) {
        for expected in &own.keyword_only {
            let beyond = other.positional.iter().skip(own.positional.len());
            let by_name = beyond.filter(|found| found.kind == ParameterKind::Standard);
            let found = other.keyword_only.iter().chain(by_name).find(|found| found.name == expected.name);
            match (found, &other.keyword_variadic) {
                (Some(found), _) => {
                    self.check_default(expected, found);
                    self.check_type(expected, found);
                }
                (None, Some(values)) => self.check_type(expected, values),
                (None, None) => self.missing(expected),
            }
        }
        for extra in &other.keyword_only {
            let is_asked_for = own.keyword_only.iter().any(|expected| expected.name == extra.name)
                || own.has_positional(extra.name);
            if !is_asked_for {
                self.require_optional(extra, own);
            }
        }
    }

    fn match_variadic(&mut self, expected: Option<&Formal>, found: Option<&Formal>) {
        match (expected, found) {
            (Some(expected), Some(found)) => self.check_type(expected, found),
            (Some(expected), None) => self.missing(expected),
            (None, _) => {}
        }
    }

    fn missing(&mut self, expected: &Formal) {
        self.differ(
            DifferenceKind::Arity,
            expected,
            format!("`{}`", expected.shown()),
            "no such parameter".into(),
        );
    }

    fn require_optional(&mut self, extra: &Formal, own: &Shape) {
        if extra.has_default {
            return;
        }
        if own.is_gradual() {
            self.comparison.through_any = true;
            return;
        }
        self.differ(
            DifferenceKind::Arity,
            extra,
            "no such parameter".into(),
            format!("`{}`, required", extra.shown()),
        );
    }

    fn check_default(&mut self, expected: &Formal, found: &Formal) {
        if expected.has_default && !found.has_default {
            self.differ(DifferenceKind::Default, expected, "may be omitted".into(), "required".into());
        }
    }

    /// What callers may give must be taken.
    fn check_type(&mut self, expected: &Formal, found: &Formal) {
        let answer = self.relation.assignable(&expected.ty, &found.ty);
        self.comparison.through_any |= answer.is_through_any;
        match answer.verdict {
            Verdict3::Yes => {}
            Verdict3::No(_) => {
                let text = |formal: &Formal| formal.text.map_or("Any".into(), |text| text.to_string());
                self.differ(DifferenceKind::ParameterType, expected, text(expected), text(found));
            }
            Verdict3::CannotTell(reason) => {
                self.comparison.unknowns.push(format!("parameter `{}`: {reason}", expected.name));
            }
        }
    }

    fn differ(&mut self, kind: DifferenceKind, parameter: &Formal, expected: String, found: String) {
        self.comparison.differ(kind, Some(parameter.name), expected, found);
    }
}

impl Formal {
    fn shown(&self) -> String {
        match self.kind {
            ParameterKind::Variadic => format!("*{}", self.name),
            ParameterKind::KeywordVariadic => format!("**{}", self.name),
            ParameterKind::PositionalOnly | ParameterKind::Standard | ParameterKind::KeywordOnly => {
                self.name.to_string()
            }
        }
    }
}

/// How two lists of positional parameters are best laid beside each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alignment {
    ByPosition,
    /// The same names in another order.
    Reordered,
    /// The one has all names of the other, and more, not only at the end.
    ByName,
}

impl Alignment {
    fn of(own: &Shape, other: &Shape) -> Self {
        let are_standard = [own, other]
            .iter()
            .all(|shape| shape.positional.iter().all(|formal| formal.kind == ParameterKind::Standard));
        let mut pairs = own.positional.iter().zip(&other.positional);
        if !are_standard || pairs.all(|(own, other)| own.name == other.name) {
            return Self::ByPosition;
        }
        let missing = own.positional.iter().any(|formal| !other.has_positional(formal.name));
        let extra = other.positional.iter().any(|formal| !own.has_positional(formal.name));
        match (missing, extra) {
            (false, false) => Self::Reordered,
            (true, true) => Self::ByPosition,
            (true, false) | (false, true) => Self::ByName,
        }
    }
}

/// The parameters of `(self, o, /, *, key=...)`.
pub(super) fn library_parameters(signature: &str) -> Option<Vec<Parameter>> {
    let inner = signature.strip_prefix('(')?.strip_suffix(')')?;
    let mut parameters: Vec<Parameter> = Vec::new();
    let mut kind = ParameterKind::Standard;
    for piece in inner.split(',').map(str::trim).filter(|piece| !piece.is_empty()) {
        match piece {
            "/" => parameters.iter_mut().for_each(|before| before.kind = ParameterKind::PositionalOnly),
            "*" => kind = ParameterKind::KeywordOnly,
            _ => {
                let (name, default) = match piece.split_once('=') {
                    Some((name, default)) => (name, Some(Name::new(default))),
                    None => (piece, None),
                };
                let own = match (name.strip_prefix("**"), name.strip_prefix('*')) {
                    (Some(name), _) => (name, ParameterKind::KeywordVariadic),
                    (None, Some(name)) => (name, ParameterKind::Variadic),
                    (None, None) => (name, kind),
                };
                if own.1 == ParameterKind::Variadic {
                    kind = ParameterKind::KeywordOnly;
                }
                parameters.push(Parameter {
                    name: Name::new(own.0),
                    kind: own.1,
                    annotation: None,
                    annotation_chain: None,
                    default,
                });
            }
        }
    }
    Some(parameters)
}
