//! Types that are held to protocols by the configuration: by `[[conform]]`, or as the canonical implementation of a concept
//! that names its protocol.

use super::Wanted;
use super::evidence::Places;
use crate::analysis::AnalysisOptions;
use crate::analysis::concepts::Concept;
use crate::analysis::protocols::{self, MemberVerdict, Reason, ReasonKind, Verdict};
use crate::facts::names::is_tail;
use crate::finding::{Finding, Rule};
use crate::link::{ClassId, Index};

pub(super) fn check(
    places: &Places<'_>,
    options: &AnalysisOptions,
    declared: &[Concept],
    wanted: &Wanted,
) -> Vec<Finding> {
    if !wanted.rules.contains(&Rule::ProtocolViolation) {
        return Vec::new();
    }
    let index = places.index;
    let mut pairs: Vec<(ClassId, ClassId)> = Vec::new();
    for held in &wanted.held {
        for class in named(index, &held.of) {
            pairs.extend(named(index, &held.protocol).map(|protocol| (class, protocol)));
        }
    }
    for concept in declared {
        let rule = options.concepts.iter().find(|rule| rule.id == concept.id);
        let protocol = rule.and_then(|rule| rule.protocol.as_deref());
        let (Some(class), Some(protocol)) = (concept.canonical, protocol) else { continue };
        pairs.extend(named(index, protocol).map(|protocol| (class, protocol)));
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs.into_iter().filter_map(|(class, protocol)| finding(places, class, protocol)).collect()
}

/// The classes of the tree that a dotted id or a tail of one names.
pub(super) fn named<'a>(index: &'a Index, tail: &'a str) -> impl Iterator<Item = ClassId> + 'a {
    index.tree_classes().filter(move |class| is_tail(index.class(*class).id.as_str(), tail))
}

fn finding(places: &Places<'_>, class: ClassId, protocol: ClassId) -> Option<Finding> {
    let conformance = protocols::conforms(places.index, class, protocol);
    let broken: Vec<&MemberVerdict> =
        conformance.members.iter().filter(|member| member.verdict == Verdict::Violates).collect();
    if broken.is_empty() {
        return None;
    }
    let (id, wanted) = (places.id(class), places.id(protocol));
    let names: Vec<String> = broken.iter().map(|member| format!("`{}`", member.name)).collect();
    let mut evidence = vec![places.class(class, format!("violates `{wanted}`"))?];
    evidence.extend(places.class(protocol, "the protocol".to_owned()));
    Some(Finding {
        rule: Rule::ProtocolViolation,
        message: format!("`{id}` violates `{wanted}`: {}", names.join(", ")),
        places: evidence,
        notes: broken.iter().map(|member| note(member)).collect(),
        atoms: vec![places.class_atom(class)?, places.class_atom(protocol)?],
        symbols: vec![id],
        after: None,
        copy: None,
    })
}

fn note(member: &MemberVerdict) -> String {
    let told = |reason: &Reason| match reason.kind {
        ReasonKind::MissingMethod | ReasonKind::MissingAttribute => {
            format!("is missing: {}", reason.expected)
        }
        kind => {
            let subject = reason.parameter.map_or(String::new(), |name| format!(" `{name}`"));
            format!("{kind}{subject}: expected {}, found {}", reason.expected, reason.found)
        }
    };
    let reasons: Vec<String> = member.reasons.iter().map(told).collect();
    format!("`{}` {}", member.name, reasons.join("; "))
}
