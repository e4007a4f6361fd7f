//! Whether a value of one type may stand where another is asked for (typing specification, "Type
//! system concepts" and "Generics"). Three-valued: what is not known is said, not guessed.

use super::ResolvedType;
use super::subtyping::{Subclass, Variance, arguments_as, provides, subclass, variance};
use crate::analysis::protocols;
use crate::facts::Name;
use crate::link::{ClassId, ClassKind, Index, Origin};

/// Protocols within protocols are compared to this depth.
const MAX_PROTOCOLS: usize = 4;

/// The answer to a question about types.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict3 {
    /// It holds.
    Yes,
    /// It does not, and why.
    No(String),
    /// Something that decides it is not known.
    CannotTell(String),
}

/// A verdict, and whether it rests on `Any`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignability {
    /// The verdict.
    pub verdict: Verdict3,
    /// Whether `Any` or a missing annotation made it pass.
    pub is_through_any: bool,
}

/// Whether a value of type `from` may stand where `to` is asked for.
#[must_use]
pub fn assignable(index: &Index, from: &ResolvedType, to: &ResolvedType) -> Assignability {
    Relation::new(index).assignable(from, to)
}

/// A comparison under way: which classes are taken to conform to which protocols, because that is the
/// question being answered.
#[derive(Clone)]
pub struct Relation<'i> {
    /// The program.
    pub index: &'i Index,
    /// Pairs of class and protocol under comparison.
    pub assumed: Vec<(ClassId, ClassId)>,
}

impl<'i> Relation<'i> {
    /// Nothing assumed.
    #[must_use]
    pub fn new(index: &'i Index) -> Self {
        Self { index, assumed: Vec::new() }
    }

    /// The same, with one more pair taken as conforming.
    #[must_use]
    pub fn assuming(&self, class: ClassId, protocol: ClassId) -> Self {
        let mut assumed = self.assumed.clone();
        assumed.push((class, protocol));
        Self { index: self.index, assumed }
    }

    /// See [`assignable`].
    #[must_use]
    pub fn assignable(&self, from: &ResolvedType, to: &ResolvedType) -> Assignability {
        use ResolvedType as T;
        let index = self.index;
        match (from, to) {
            (T::Any, _) | (_, T::Any) => Assignability { verdict: Verdict3::Yes, is_through_any: true },
            (T::Never, _) => yes(),
            (_, T::Class { class, .. }) if index.class(*class).id.as_str() == "builtins.object" => yes(),
            (T::Unknown(reason), _) | (_, T::Unknown(reason)) => cannot_tell(reason.clone()),
            (T::Foreign { name: a, arguments: own, .. }, T::Foreign { name: b, arguments: other, .. })
                if a == b && (own == other || own.is_empty() || other.is_empty()) =>
            {
                yes()
            }
            _ if from == to => yes(),
            (T::Union(members), _) => all(members.iter().map(|member| self.assignable(member, to))),
            (_, T::Union(members)) => self.to_any_member(from, to, members),
            (T::Foreign { reason, .. }, _) | (_, T::Foreign { reason, .. }) => cannot_tell(reason.clone()),
            (T::TypeVariable(name), _) | (_, T::TypeVariable(name)) => {
                cannot_tell(format!("`{name}` is a type variable"))
            }
            (T::Literal(values), T::Literal(allowed)) => {
                if values.iter().all(|value| allowed.contains(value)) { yes() } else { self.no(from, to) }
            }
            (T::Literal(values), _) => all(values.iter().map(|value| match literal_class(value) {
                Some(id) => self.assignable(&T::library(index, id), to),
                None => cannot_tell(format!("`{value}` is a literal of a type that we do not follow")),
            })),
            (T::Tuple { items, is_homogeneous }, T::Tuple { items: wanted, is_homogeneous: any_length }) => {
                self.tuples(from, to, (items, *is_homogeneous), (wanted, *any_length))
            }
            (T::Tuple { items, .. }, T::Class { .. }) => match index.library.class("builtins.tuple") {
                Some(class) => {
                    let item = if items.is_empty() { T::Never } else { T::union(items.clone()) };
                    self.assignable(&T::Class { class, arguments: vec![item] }, to)
                }
                None => self.no(from, to),
            },
            (T::Class { class, .. }, T::Tuple { .. }) => {
                let is_tuple = index.library.class("builtins.tuple");
                match is_tuple.map(|tuple| subclass(index, *class, tuple)) {
                    Some(Subclass::Yes) => {
                        cannot_tell(format!("the items of `{}` are not read", index.class(*class).name))
                    }
                    Some(Subclass::CannotTell(reason)) => cannot_tell(reason),
                    Some(Subclass::No) | None => self.no(from, to),
                }
            }
            (T::ClassObject(own), T::ClassObject(other)) => self.assignable(own, other),
            (T::ClassObject(_), T::Class { class, .. }) => {
                self.value_as_class(from, to, "builtins.type", *class)
            }
            (T::Callable { .. }, T::Class { class, .. }) => {
                self.value_as_class(from, to, "builtins.function", *class)
            }
            (T::Callable { parameters, returns }, T::Callable { parameters: wanted, returns: promised }) => {
                self.callables(from, to, (parameters.as_deref(), returns), (wanted.as_deref(), promised))
            }
            (T::ClassObject(_), T::Callable { .. }) => {
                cannot_tell("a class used as a callable has the signature of its constructor".to_owned())
            }
            (T::Class { class, .. }, T::Callable { .. }) => {
                if provides(index, *class, Name::new("__call__")) || !index.class(*class).mro.is_complete() {
                    cannot_tell(format!("the `__call__` of `{}` is not compared", index.class(*class).name))
                } else {
                    self.no(from, to)
                }
            }
            (T::Class { class, arguments }, T::Class { class: wanted, arguments: theirs }) => {
                self.classes(from, to, (*class, arguments), (*wanted, theirs))
            }
            (T::None, T::Class { class, .. }) => self.value_as_class(from, to, "builtins.NoneType", *class),
            (T::Class { class, .. }, T::Literal(_) | T::None | T::ClassObject(_))
                if !index.class(*class).mro.is_complete() =>
            {
                cannot_tell(format!("`{}` has bases that are not known", index.class(*class).name))
            }
            (T::Class { .. }, T::Literal(_) | T::None | T::Never | T::ClassObject(_))
            | (
                T::None,
                T::Never | T::Literal(_) | T::Tuple { .. } | T::ClassObject(_) | T::Callable { .. },
            )
            | (
                T::Tuple { .. },
                T::Never | T::None | T::Literal(_) | T::ClassObject(_) | T::Callable { .. },
            )
            | (T::ClassObject(_), T::Never | T::None | T::Literal(_) | T::Tuple { .. })
            | (
                T::Callable { .. },
                T::Never | T::None | T::Literal(_) | T::Tuple { .. } | T::ClassObject(_),
            ) => self.no(from, to),
            (T::None, T::None) => yes(),
        }
    }

    fn no(&self, from: &ResolvedType, to: &ResolvedType) -> Assignability {
        let reason = format!("{} is no {}", from.describe(self.index), to.describe(self.index));
        Assignability { verdict: Verdict3::No(reason), is_through_any: false }
    }

    fn to_any_member(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        members: &[ResolvedType],
    ) -> Assignability {
        let answers: Vec<Assignability> =
            members.iter().map(|member| self.assignable(from, member)).collect();
        let sure = answers.iter().filter(|answer| answer.verdict == Verdict3::Yes);
        if let Some(best) = sure.min_by_key(|answer| answer.is_through_any) {
            return best.clone();
        }
        let open = answers.into_iter().find(|answer| matches!(answer.verdict, Verdict3::CannotTell(_)));
        open.unwrap_or_else(|| self.no(from, to))
    }

    fn tuples(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        (own, own_open): (&[ResolvedType], bool),
        (wanted, wanted_open): (&[ResolvedType], bool),
    ) -> Assignability {
        match (own_open, wanted_open) {
            (_, true) => match wanted {
                [item] => all(own.iter().map(|each| self.assignable(each, item))),
                _ => self.no(from, to),
            },
            // `tuple[Any, ...]` is a tuple of any length.
            (true, false) if own == [ResolvedType::Any] => {
                Assignability { verdict: Verdict3::Yes, is_through_any: true }
            }
            (false, false) if own.len() == wanted.len() => {
                all(own.iter().zip(wanted).map(|(own, wanted)| self.assignable(own, wanted)))
            }
            (true | false, false) => self.no(from, to),
        }
    }

    fn callables(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        (own, returns): (Option<&[ResolvedType]>, &ResolvedType),
        (wanted, promised): (Option<&[ResolvedType]>, &ResolvedType),
    ) -> Assignability {
        let mut answers = vec![self.assignable(returns, promised)];
        match (own, wanted) {
            (Some(own), Some(wanted)) if own.len() == wanted.len() => {
                answers.extend(own.iter().zip(wanted).map(|(own, wanted)| self.assignable(wanted, own)));
            }
            (Some(_), Some(_)) => return self.no(from, to),
            (None, _) | (_, None) => {
                answers.push(Assignability { verdict: Verdict3::Yes, is_through_any: own != wanted });
            }
        }
        all(answers.into_iter())
    }

    /// `None`, a class or a function where an instance of a class is asked for.
    fn value_as_class(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        id: &str,
        wanted: ClassId,
    ) -> Assignability {
        if self.index.class(wanted).kind == ClassKind::Protocol {
            return cannot_tell(format!("`{}` is a protocol", self.index.class(wanted).name));
        }
        let own = self.index.library.class(id);
        match own.map(|own| subclass(self.index, own, wanted)) {
            Some(Subclass::Yes) => yes(),
            Some(Subclass::No) | None => self.no(from, to),
            Some(Subclass::CannotTell(reason)) => cannot_tell(reason),
        }
    }

    fn classes(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        (own, arguments): (ClassId, &[ResolvedType]),
        (wanted, theirs): (ClassId, &[ResolvedType]),
    ) -> Assignability {
        let index = self.index;
        if let Some(answer) = self.typed_dict(from, to, own, (wanted, theirs)) {
            return answer;
        }
        match subclass(index, own, wanted) {
            Subclass::Yes => self.arguments((own, arguments), (wanted, theirs)),
            Subclass::No | Subclass::CannotTell(_) if index.class(wanted).kind == ClassKind::Protocol => {
                self.protocol(from, to, own, wanted)
            }
            Subclass::CannotTell(reason) => cannot_tell(reason),
            Subclass::No => self.no(from, to),
        }
    }

    fn protocol(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        own: ClassId,
        wanted: ClassId,
    ) -> Assignability {
        let name = self.index.class(wanted).name;
        if self.assumed.contains(&(own, wanted)) {
            return yes();
        }
        let is_read = |class| matches!(self.index.class(class).origin, Origin::Source { .. });
        if self.assumed.len() >= MAX_PROTOCOLS || !is_read(wanted) || !is_read(own) {
            return cannot_tell(format!("`{name}` is a protocol that we do not compare here"));
        }
        let found = protocols::conforms_within(self, own, wanted);
        match found.verdict {
            protocols::Verdict::Conforms => {
                Assignability { verdict: Verdict3::Yes, is_through_any: found.is_through_any }
            }
            protocols::Verdict::Violates => self.no(from, to),
            protocols::Verdict::CannotTell => cannot_tell(format!("whether it fits the protocol `{name}`")),
        }
    }

    /// A `TypedDict` is a `Mapping[str, object]`, and no `dict` (PEP 589).
    fn typed_dict(
        &self,
        from: &ResolvedType,
        to: &ResolvedType,
        own: ClassId,
        (wanted, theirs): (ClassId, &[ResolvedType]),
    ) -> Option<Assignability> {
        let index = self.index;
        let is_typed = |class| index.class(class).kind == ClassKind::TypedDict;
        match (is_typed(own), is_typed(wanted)) {
            (false, false) => None,
            (false, true) => Some(self.no(from, to)),
            (true, true) => Some(match own == wanted || is_below(index, own, wanted) {
                true => yes(),
                false => {
                    cannot_tell("two `TypedDict`s are compared by their keys, which we do not".to_owned())
                }
            }),
            (true, false) => {
                let mapping = index.library.class("collections.abc.Mapping")?;
                if !index.class(mapping).mro.contains(wanted) {
                    return Some(self.no(from, to));
                }
                let arguments = [
                    ResolvedType::library(index, "builtins.str"),
                    ResolvedType::library(index, "builtins.object"),
                ];
                Some(self.arguments((mapping, &arguments), (wanted, theirs)))
            }
        }
    }

    fn arguments(
        &self,
        (own, arguments): (ClassId, &[ResolvedType]),
        (wanted, theirs): (ClassId, &[ResolvedType]),
    ) -> Assignability {
        let index = self.index;
        if theirs.is_empty() {
            return Assignability { verdict: Verdict3::Yes, is_through_any: !arguments.is_empty() };
        }
        let name = || index.class(own).name;
        let Some(arguments) = arguments_as(index, own, arguments, wanted) else {
            if theirs.iter().all(|each| *each == ResolvedType::Any) {
                return Assignability { verdict: Verdict3::Yes, is_through_any: true };
            }
            return cannot_tell(format!(
                "the type arguments of `{}` in `{}`",
                index.class(wanted).name,
                name()
            ));
        };
        if arguments.is_empty() {
            return Assignability { verdict: Verdict3::Yes, is_through_any: true };
        }
        all(arguments.iter().zip(theirs).enumerate().map(|(position, (own, theirs))| {
            match variance(index, wanted, position) {
                Variance::Covariant => self.assignable(own, theirs),
                Variance::Contravariant => self.assignable(theirs, own),
                Variance::Invariant => self.equivalent(own, theirs),
                Variance::Unknown => match self.equivalent(own, theirs) {
                    Assignability { verdict: Verdict3::No(reason), .. } => {
                        cannot_tell(format!("{reason}, and the variance of `{}` is not read", name()))
                    }
                    other => other,
                },
            }
        }))
    }

    /// Whether two types are one, up to `Any`.
    #[must_use]
    pub fn equivalent(&self, own: &ResolvedType, theirs: &ResolvedType) -> Assignability {
        let both = [self.assignable(own, theirs), self.assignable(theirs, own)];
        match both {
            // `list[int]` is no `list[float]`, though `int` counts as a `float`.
            [
                Assignability { verdict: Verdict3::Yes, .. },
                Assignability { verdict: Verdict3::No(_), .. },
            ] => {
                let reason = format!("{} is not {}", own.describe(self.index), theirs.describe(self.index));
                Assignability { verdict: Verdict3::No(reason), is_through_any: false }
            }
            both => all(both.into_iter()),
        }
    }
}

/// An ancestor by the bases as written: a `TypedDict` has no ancestors but `dict` at run time.
fn is_below(index: &Index, own: ClassId, wanted: ClassId) -> bool {
    let mut pending = vec![own];
    let mut seen = Vec::new();
    while let Some(class) = pending.pop() {
        if class == wanted {
            return true;
        }
        if seen.contains(&class) {
            continue;
        }
        seen.push(class);
        pending.extend(index.class(class).bases.iter().filter_map(|base| match &base.resolution {
            crate::link::Resolution::Resolved(base) => Some(*base),
            crate::link::Resolution::External(_) | crate::link::Resolution::Unresolved(_) => None,
        }));
    }
    false
}

fn literal_class(value: &str) -> Option<&'static str> {
    let first = value.trim_start_matches('-').chars().next()?;
    match value {
        "True" | "False" => Some("builtins.bool"),
        _ if first.is_ascii_digit() => Some("builtins.int"),
        _ if matches!(first, '"' | '\'') => Some("builtins.str"),
        _ if value.starts_with("b\"") || value.starts_with("b'") => Some("builtins.bytes"),
        _ => None,
    }
}

fn yes() -> Assignability {
    Assignability { verdict: Verdict3::Yes, is_through_any: false }
}

fn cannot_tell(reason: String) -> Assignability {
    Assignability { verdict: Verdict3::CannotTell(reason), is_through_any: false }
}

/// The worst of several answers.
fn all(answers: impl Iterator<Item = Assignability>) -> Assignability {
    let mut worst = yes();
    for answer in answers {
        match (&worst.verdict, &answer.verdict) {
            (_, Verdict3::No(_)) => return answer,
            (Verdict3::Yes, Verdict3::CannotTell(_)) => worst.verdict = answer.verdict,
            (_, Verdict3::Yes | Verdict3::CannotTell(_)) => {}
        }
        worst.is_through_any |= answer.is_through_any;
    }
    worst
}
