//! Whether a class does what a protocol demands (PEP 544), member by member, without running it.
//!
//! Three-valued: an unknown base, a `__getattr__`, an unknown decorator or a name outside the tree
//! make the answer "cannot tell", with the reason; they never make it "conforms".

mod attributes;
mod fields;
pub mod matrix;
mod members;

use self::members::{Demand, Demanded, demands_of, provider_of};
use crate::analysis::signatures::DifferenceKind;
use crate::analysis::types::assignability::Relation;
use crate::facts::Name;
use crate::link::{ClassId, ClassKind, FileId, Index, Resolution};
use crate::source::Language;
use crate::text::Offset;

/// The answer for a member or a whole protocol. Order is severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It fits.
    Conforms,
    /// Something that decides it is not known.
    CannotTell,
    /// It does not fit.
    Violates,
}

impl Verdict {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Conforms => "conforms",
            Self::CannotTell => "cannot-tell",
            Self::Violates => "violates",
        }
    }
}

/// Why a member does not fit, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReasonKind {
    /// No method of this name.
    MissingMethod,
    /// No attribute of this name.
    MissingAttribute,
    /// The signature differs.
    Signature(DifferenceKind),
    /// An attribute of another type.
    AttributeType,
    /// Read-only where it has to be assignable.
    ReadOnly,
    /// Not known.
    Unknown,
}

impl ReasonKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingMethod => "missing-method",
            Self::MissingAttribute => "missing-attribute",
            Self::Signature(kind) => kind.as_str(),
            Self::AttributeType => "attribute-type",
            Self::ReadOnly => "read-only",
            Self::Unknown => "unknown",
        }
    }
}

impl std::fmt::Display for ReasonKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Of which kind.
    pub kind: ReasonKind,
    /// The parameter that it is about.
    pub parameter: Option<Name>,
    /// What the protocol demands; for [`ReasonKind::Unknown`] why it is not known.
    pub expected: String,
    /// What is there.
    pub found: String,
    /// Where it is.
    pub place: Option<(FileId, Offset)>,
}

/// The verdict on one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberVerdict {
    /// Its name.
    pub name: Name,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, unless it conforms.
    pub reasons: Vec<Reason>,
    /// Where the protocol demands it.
    pub demanded: Option<(FileId, Offset)>,
}

impl MemberVerdict {
    /// Whether the class has no such member that we see.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.reasons
            .iter()
            .any(|reason| matches!(reason.kind, ReasonKind::MissingMethod | ReasonKind::MissingAttribute))
    }
}

/// The verdict on a class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conformance {
    /// The worst of the members' verdicts.
    pub verdict: Verdict,
    /// Every member that the protocol demands, sorted by name.
    pub members: Vec<MemberVerdict>,
    /// What is not known of the protocol itself.
    pub unknowns: Vec<String>,
    /// It violates by names of parameters alone, about which type checkers disagree.
    pub only_names: bool,
    /// Whether `Any` or a missing annotation hides what could differ.
    pub is_through_any: bool,
}

/// Whether a class is a protocol that was read, not one of the standard library.
#[must_use]
pub fn is_protocol_like(index: &Index, class: ClassId) -> bool {
    index.class(class).kind == ClassKind::Protocol && index.source_of(class).is_some()
}

/// Compares a class with a protocol.
#[must_use]
pub fn conforms(index: &Index, class: ClassId, protocol: ClassId) -> Conformance {
    conforms_within(&Relation::new(index), class, protocol)
}

/// The same within a larger comparison.
#[must_use]
pub fn conforms_within(relation: &Relation<'_>, class: ClassId, protocol: ClassId) -> Conformance {
    let index = relation.index;
    if index.language_of(class) == Language::Rust
        && index.class(class).mro.contains(protocol)
        && class != protocol
    {
        return implemented(index, protocol);
    }
    let relation = relation.assuming(class, protocol);
    let mut is_through_any = false;
    let mut members: Vec<MemberVerdict> = demands_of(index, protocol)
        .into_iter()
        .map(|demand| {
            let judged = judge(&relation, class, protocol, &demand);
            is_through_any |= judged.is_through_any;
            let verdict = match () {
                () if judged.is_open => Verdict::CannotTell,
                () if judged.reasons.iter().any(|reason| reason.kind != ReasonKind::Unknown) => {
                    Verdict::Violates
                }
                () if judged.reasons.is_empty() => Verdict::Conforms,
                () => Verdict::CannotTell,
            };
            MemberVerdict { name: demand.name, verdict, reasons: judged.reasons, demanded: demand.place }
        })
        .collect();
    members.sort_by_key(|member| member.name);
    let unknowns = index.class(protocol).mro.unknown.clone();
    let worst = members.iter().map(|member| member.verdict).max().unwrap_or(Verdict::Conforms);
    let verdict = if unknowns.is_empty() { worst } else { worst.max(Verdict::CannotTell) };
    let only_names = verdict == Verdict::Violates
        && members.iter().filter(|member| member.verdict == Verdict::Violates).all(|member| {
            member
                .reasons
                .iter()
                .all(|reason| reason.kind == ReasonKind::Signature(DifferenceKind::ParameterName))
        });
    Conformance { verdict, members, unknowns, only_names, is_through_any }
}

/// A Rust type that has a block for the trait: the compiler has seen to it.
fn implemented(index: &Index, protocol: ClassId) -> Conformance {
    let mut members: Vec<MemberVerdict> = demands_of(index, protocol)
        .into_iter()
        .map(|demand| MemberVerdict {
            name: demand.name,
            verdict: Verdict::Conforms,
            reasons: Vec::new(),
            demanded: demand.place,
        })
        .collect();
    members.sort_by_key(|member| member.name);
    Conformance {
        verdict: Verdict::Conforms,
        members,
        unknowns: Vec::new(),
        only_names: false,
        is_through_any: false,
    }
}

/// What was found out about one member.
#[derive(Debug, Default)]
struct Judgement {
    reasons: Vec<Reason>,
    /// Reasons or none, the member cannot be judged.
    is_open: bool,
    is_through_any: bool,
}

impl Judgement {
    fn unknown(reason: String, place: Option<(FileId, Offset)>) -> Self {
        let mut judged = Self::default();
        judged.push_unknown(reason, place);
        judged
    }

    fn push(&mut self, kind: ReasonKind, expected: String, found: String, place: Option<(FileId, Offset)>) {
        self.reasons.push(Reason { kind, parameter: None, expected, found, place });
    }

    fn push_unknown(&mut self, reason: String, place: Option<(FileId, Offset)>) {
        self.push(ReasonKind::Unknown, reason, String::new(), place);
    }
}

fn judge(relation: &Relation<'_>, class: ClassId, protocol: ClassId, demand: &Demand) -> Judgement {
    let index = relation.index;
    let provided = provider_of(index, class, protocol, demand);
    let mut judged = attributes::judge_provided(relation, class, demand, &provided);
    if let Demanded::Library(_) = demand.what
        && judged.reasons.is_empty()
        && let Some(base) = arguments_of(index, protocol, demand.by)
    {
        let reason =
            format!("what `{base}` says of types is not compared: the standard library's are not known");
        judged.push_unknown(reason, demand.place);
    }
    judged
}

/// The base with brackets, `Iterable[int]`, by which a protocol has the members of a class of the standard library.
fn arguments_of(index: &Index, protocol: ClassId, by: ClassId) -> Option<Name> {
    index.class(protocol).mro.classes().find_map(|class| {
        let (file, fact) = index.source_of(class)?;
        let bases = index.file(file).facts.bases_of(fact).iter().filter(|base| base.is_subscripted);
        let mut bases = bases.filter(|base| {
            let link = index.class(class).bases.iter().find(|link| link.text == base.text);
            link.is_some_and(|link| match link.resolution {
                Resolution::Resolved(base) => index.class(base).mro.contains(by),
                Resolution::External(_) | Resolution::Unresolved(_) => false,
            })
        });
        bases.next().map(|base| base.text)
    })
}

#[cfg(test)]
mod tests;
