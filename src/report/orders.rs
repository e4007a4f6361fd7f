//! Method resolution orders, as reported: the findings of the tree, and all of one type.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::types::{self, MroReport, TypeReport};
use super::{Place, place};
use crate::analysis::overrides::telling::tell;
use crate::analysis::overrides::{self, MroTrouble, Provider};
use crate::analysis::trait_methods::{self, Meaning};
use crate::analysis::{Analysis, signatures};
use crate::facts::Name;
use crate::facts::names::last_segment;
use crate::link::members::{holder_of, set_in_body};
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, Index};

/// A defect inside an order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TroubleReport {
    /// Rule id: `inconsistent-mro`, `incompatible-override`, `shadowed-method`,
    /// `abstract-not-implemented`, `super-chain-broken`, `ambiguous-method`.
    pub rule: &'static str,
    /// The type.
    pub symbol: &'static str,
    /// Where.
    #[serde(flatten)]
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// Other places that show it.
    pub related: Vec<RelatedReport>,
    /// Role of the file.
    pub file_role: &'static str,
}

/// Another place that shows a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RelatedReport {
    /// Dotted id.
    pub symbol: String,
    /// Where; the standard library's classes have no place.
    pub place: Option<Place>,
    /// What stands there.
    pub statement: String,
}

pub(super) fn all(index: &Index, analysis: &Analysis) -> Vec<TroubleReport> {
    let mut reports: Vec<TroubleReport> =
        analysis.trouble.iter().filter_map(|trouble| one(index, trouble)).collect();
    reports.sort_by(|a, b| {
        (a.rule, a.place.path, a.place.line, &a.message).cmp(&(
            b.rule,
            b.place.path,
            b.place.line,
            &b.message,
        ))
    });
    reports
}

/// One defect.
#[must_use]
pub fn one(index: &Index, trouble: &MroTrouble) -> Option<TroubleReport> {
    let (file, fact) = index.source_of(trouble.class)?;
    let told = tell(index, trouble)?;
    let related = told.related.into_iter().map(|related| RelatedReport {
        symbol: related.symbol,
        place: related.place.map(|(file, at)| place(index, file, at)),
        statement: related.statement,
    });
    Some(TroubleReport {
        rule: trouble.kind.as_str(),
        symbol: index.class(trouble.class).id.as_str(),
        place: place(index, told.place.0, told.place.1),
        message: told.message,
        related: related.collect(),
        file_role: index.role_at(file, fact.body).as_str(),
    })
}

/// Everything about the order of one type: `ssot mro`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OrderReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// The type.
    pub r#type: TypeReport,
    /// The order, entry by entry.
    pub entries: Vec<EntryReport>,
    /// Each method that instances have, and who provides it.
    pub methods: Vec<ProvidedReport>,
    /// What goes wrong in it.
    pub findings: Vec<TroubleReport>,
}

/// One entry of an order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EntryReport {
    /// Dotted id.
    pub id: &'static str,
    /// Where it is defined; none outside what was read.
    pub place: Option<Place>,
    /// Methods that it provides here, not overridden by an earlier entry.
    pub provides: usize,
}

/// A method and who provides it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProvidedReport {
    /// Its name.
    pub name: &'static str,
    /// The class that provides it.
    pub provider: &'static str,
    /// The trait whose block defines it, in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<&'static str>,
    /// Where; none for the standard library.
    pub place: Option<Place>,
    /// Its signature, empty where unknown; `name = …` for what the body of a class sets.
    pub signature: String,
    /// Classes further on whose method of this name is not reached from outside.
    pub hides: Vec<&'static str>,
    /// Traits that all provide it, none before the others, in Rust: a call is error E0034 where they are in scope.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ambiguous: Vec<&'static str>,
}

/// Reports the order of one type.
#[must_use]
pub fn order(index: &Index, class: ClassId) -> Option<OrderReport> {
    let report = types::one(index, class)?;
    let provided = overrides::provided(index, class);
    let set = set_methods(index, class, &provided);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let defined = provided.values().map(|provider| types::provider_id(index, provider));
    for provider in defined.chain(set.iter().map(|method| method.provider)) {
        *counts.entry(provider).or_default() += 1;
    }
    let mro: &crate::link::mro::Mro = &index.class(class).mro;
    let entries = mro.entries.iter().map(|entry| {
        let id = index.entry_name(*entry).as_str();
        let class = match entry {
            crate::link::mro::MroEntry::Class(class) => index.source_of(*class),
            crate::link::mro::MroEntry::Unknown(_) => None,
        };
        EntryReport {
            id,
            place: class.map(|(file, fact)| place(index, file, fact.name_at)),
            provides: counts.get(id).copied().unwrap_or(0),
        }
    });
    let meanings = trait_methods::meanings(index, class);
    let id = |class: ClassId| index.class(class).id.as_str();
    let methods = provided.iter().map(|(name, provider)| {
        let (at, signature) = match provider {
            Provider::Source(_, method) => (
                Some(place(index, method.file, index.function(*method).name_at)),
                signatures::render(index, *method),
            ),
            Provider::Library(class) => {
                let member = index.library.member(*class, *name);
                (None, format!("{name}{}", member.map_or("", |member| member.signature)))
            }
        };
        let ambiguous = match meanings.get(name) {
            Some(Meaning::Ambiguous(several)) => {
                several.iter().filter_map(|one| one.of_trait).map(id).collect()
            }
            _ => Vec::new(),
        };
        let hides = match meanings.get(name) {
            Some(Meaning::One(one, hidden)) if one.others(hidden).next().is_some() => {
                one.others(hidden).map(|other| id(other.of_trait.unwrap_or(class))).collect()
            }
            Some(Meaning::Ambiguous(_)) => Vec::new(),
            _ => {
                let further = overrides::providers(index, class, *name).skip(1);
                further.map(|provider| types::provider_id(index, &provider)).collect()
            }
        };
        ProvidedReport {
            name: name.as_str(),
            provider: types::provider_id(index, provider),
            through: through(index, provider),
            place: at,
            signature,
            hides,
            ambiguous,
        }
    });
    let mut methods: Vec<ProvidedReport> = methods.chain(set).collect();
    methods.sort_by_key(|method| method.name);
    Some(OrderReport {
        schema: super::SCHEMA,
        entries: entries.collect(),
        methods,
        findings: overrides::check_order(index, class).iter().filter_map(|found| one(index, found)).collect(),
        r#type: report,
    })
}

/// What bodies bind to functions from elsewhere, `run = fetch`, and what they put in the place of a method, `close = None`.
fn set_methods(index: &Index, class: ClassId, provided: &BTreeMap<Name, Provider>) -> Vec<ProvidedReport> {
    let mut names: BTreeSet<Name> = BTreeSet::new();
    names.extend(index.class(class).mro.classes().flat_map(|ancestor| set_in_body(index, ancestor)));
    let report = |name: Name| {
        let (holder, at) = holder_of(index, class, name)?;
        let function = match Resolver::new(index).attribute(&Entity::Class(holder), name, 0) {
            Entity::Function(function) => Some(function),
            // Whatever it is, a method further on is not reached any more.
            _ => None,
        };
        let further = index.class(class).mro.classes().skip_while(|ancestor| *ancestor != holder).skip(1);
        let hides: Vec<&str> = further
            .filter(|ancestor| {
                overrides::providers(index, *ancestor, name)
                    .next()
                    .is_some_and(|first| first.class() == *ancestor)
            })
            .map(|ancestor| index.class(ancestor).id.as_str())
            .collect();
        (function.is_some() || !hides.is_empty()).then(|| ProvidedReport {
            name: name.as_str(),
            provider: index.class(holder).id.as_str(),
            through: None,
            place: at.map(|(file, at)| place(index, file, at)),
            signature: match function {
                Some(function) => format!("{name} = {}", signatures::render(index, function)),
                None => format!("{name} = …"),
            },
            hides,
            ambiguous: Vec::new(),
        })
    };
    names.into_iter().filter(|name| !provided.contains_key(name)).filter_map(report).collect()
}

/// The trait whose `impl` block defines a method.
fn through(index: &Index, provider: &Provider) -> Option<&'static str> {
    match provider {
        Provider::Source(_, method) => types::through(index, *method),
        Provider::Library(_) => None,
    }
}

/// The text of an order on one line, for tables: simple names joined by arrows.
#[must_use]
pub fn one_line(mro: &MroReport) -> String {
    let names: Vec<&str> = mro.entries.iter().map(|id| last_segment(id)).collect();
    names.join(" → ")
}
