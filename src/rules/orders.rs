//! Defects inside method resolution orders, as findings. Code of tests is left out.

use super::Wanted;
use super::evidence::Places;
use crate::analysis::overrides::telling::tell;
use crate::analysis::overrides::{self, MroTrouble, TroubleKind};
use crate::finding::{Finding, Rule};
use crate::source::FileRole;

const RULES: [Rule; 6] = [
    Rule::InconsistentMro,
    Rule::IncompatibleOverride,
    Rule::ShadowedMethod,
    Rule::AmbiguousMethod,
    Rule::AbstractNotImplemented,
    Rule::SuperChainBroken,
];

pub(super) fn check(places: &Places<'_>, wanted: &Wanted) -> Vec<Finding> {
    if !wanted.any(&RULES) {
        return Vec::new();
    }
    let index = places.index;
    let counts = |trouble: &&MroTrouble| {
        wanted.rules.contains(&rule_of(&trouble.kind))
            && matches!(index.role_of(trouble.class), Some(FileRole::Production | FileRole::Script))
    };
    let troubles = overrides::check_orders(index);
    troubles.iter().filter(counts).filter_map(|trouble| finding(places, trouble)).collect()
}

fn rule_of(kind: &TroubleKind) -> Rule {
    match kind {
        TroubleKind::InconsistentMro(_) => Rule::InconsistentMro,
        TroubleKind::IncompatibleOverride { .. } => Rule::IncompatibleOverride,
        TroubleKind::ShadowedMethod { .. } => Rule::ShadowedMethod,
        TroubleKind::AmbiguousMethod { .. } => Rule::AmbiguousMethod,
        TroubleKind::AbstractNotImplemented { .. } => Rule::AbstractNotImplemented,
        TroubleKind::SuperChainBroken { .. } => Rule::SuperChainBroken,
    }
}

fn finding(places: &Places<'_>, trouble: &MroTrouble) -> Option<Finding> {
    let index = places.index;
    let told = tell(index, trouble)?;
    let class = trouble.class;
    let id = places.id(class);
    let (own, atom) = match &trouble.kind {
        TroubleKind::IncompatibleOverride { method, .. } => {
            let name = index.function(*method).name;
            (places.function(*method, "cannot stand in".to_owned()), places.member_atom(class, name.as_str()))
        }
        TroubleKind::ShadowedMethod { name, .. }
        | TroubleKind::AmbiguousMethod { name, .. }
        | TroubleKind::SuperChainBroken { name, .. } => {
            (places.class(class, format!("`{name}` here"))?, places.member_atom(class, name.as_str()))
        }
        TroubleKind::InconsistentMro(_) => {
            (places.class(class, "no order satisfies its bases".to_owned())?, places.class_atom(class))
        }
        TroubleKind::AbstractNotImplemented { .. } => {
            (places.class(class, "is not abstract itself".to_owned())?, places.class_atom(class))
        }
    };
    let mut evidence = vec![own];
    let mut notes = Vec::new();
    for related in told.related {
        match related.place {
            Some((file, at)) => {
                let length = related.symbol.rsplit(['.', ':']).next().map_or(1, |name| name.chars().count());
                evidence.push(places.at(file, at, length, related.statement));
            }
            None => notes.push(format!("{}: {}", related.symbol, related.statement)),
        }
    }
    Some(Finding {
        rule: rule_of(&trouble.kind),
        message: format!("{id}: {}", told.message),
        places: evidence,
        notes,
        atoms: vec![atom?],
        symbols: vec![id],
        after: None,
        copy: None,
    })
}
