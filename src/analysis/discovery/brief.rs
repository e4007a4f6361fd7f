//! What the members of a group share and what differs, for a reviewer's minute.

use std::collections::BTreeSet;

use super::{GroupMember, simple_name};
use crate::analysis::lexicon::Lexicon;
use crate::analysis::similarity::Profiles;
use crate::analysis::similarity::explain::{Counterpart, Explainer, Part};
use crate::analysis::similarity::units::Unit;
use crate::facts::FunctionFact;
use crate::link::Index;
use crate::link::members::methods_of;

/// The brief of a group.
#[derive(Debug, Clone, Default)]
pub struct Brief {
    /// What the canonical one and the next have in common, the most telling first.
    pub shared: Vec<Part>,
    /// Functions of the next one that do what others of the canonical one do, the most alike first.
    pub counterparts: Vec<Counterpart>,
    /// One line for each difference that a reader should know.
    pub differs: Vec<String>,
}

/// How many parts a brief tells.
const PARTS: usize = 5;

pub(super) fn brief(index: &Index, lexicon: &Lexicon, profiles: &Profiles, members: &[GroupMember]) -> Brief {
    let [canonical, others @ ..] = members else { return Brief::default() };
    let Some(nearest) = others.first() else { return Brief::default() };
    let explainer = Explainer::new(index, lexicon, profiles);
    let shared = explainer.shared_parts([canonical.unit, nearest.unit], PARTS);
    let counterparts = explainer.counterparts([nearest.unit, canonical.unit], PARTS);
    let own = methods(index, canonical.unit);
    let differs = others.iter().map(|other| {
        let theirs = methods(index, other.unit);
        let names = |of: &[&FunctionFact]| -> BTreeSet<&str> {
            of.iter().map(|method| method.name.as_str()).filter(|name| !name.starts_with('_')).collect()
        };
        let (a, b) = (names(&own), names(&theirs));
        let common = a.intersection(&b).count();
        let mut told = vec![format!("{common} public methods of one name, {} only there", b.len() - common)];
        let is_async = |of: &[&FunctionFact]| of.iter().any(|method| method.traits.is_async);
        if is_async(&own) != is_async(&theirs) {
            told.push(if is_async(&theirs) { "async".to_owned() } else { "not async".to_owned() });
        }
        format!("`{}`: {}", simple_name(index, other.unit), told.join("; "))
    });
    Brief { shared, counterparts, differs: differs.collect() }
}

fn methods(index: &Index, unit: Unit) -> Vec<&FunctionFact> {
    match unit {
        Unit::Class(class) => methods_of(index, class).iter().map(|method| index.function(*method)).collect(),
        Unit::Module(file) => {
            let functions = index.file(file).facts.functions.iter();
            functions.filter(|function| function.scope == crate::facts::MODULE_SCOPE).collect()
        }
    }
}
