//! The inventory: every type with its order and its methods, duplicate names, the busiest types.

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use super::{Place, path_of, place};
use crate::analysis::Analysis;
use crate::analysis::duplicates::DuplicateName;
use crate::analysis::overrides::{self, Provider};
use crate::analysis::usage;
use crate::facts::{Parameter, TypeFact};
use crate::link::members::{every_method_of, is_private};
use crate::link::mro::Mro;
use crate::link::{ClassId, ClassKind, FileId, FunctionId, Index, Resolution};
use crate::source::{AT_A_TIME, FileRole, Language};

/// How many of the busiest types are listed.
const BUSIEST: usize = 20;

/// A type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TypeReport {
    /// Dotted id: `module.Qualname`.
    pub id: &'static str,
    /// Simple name.
    pub name: &'static str,
    /// `class`, `protocol`, `enum`, `typed-dict` or `named-tuple`; `struct`, `enum`, `union` or `trait`.
    pub kind: &'static str,
    /// `python` or `rust`.
    pub language: &'static str,
    /// Relative path.
    pub path: &'static str,
    /// 1-based line of the name.
    pub line: u32,
    /// 1-based last line.
    pub end_line: u32,
    /// Role of the file.
    pub file_role: &'static str,
    /// The condition of compilation that it stands under, in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<&'static str>,
    /// Bases, as the interpreter sees them; the traits that a Rust type implements.
    pub bases: Vec<BaseReport>,
    /// Method resolution order.
    pub mro: MroReport,
    /// Methods that it defines itself.
    pub methods: Vec<MethodReport>,
}

/// A base.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BaseReport {
    /// Source text.
    pub text: &'static str,
    /// Dotted id of what it leads to.
    pub target: Option<String>,
    /// `resolved`, `external` or `unresolved`.
    pub resolution: &'static str,
}

/// A method resolution order.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MroReport {
    /// From the type itself to `builtins.object`, as CPython prints them.
    pub entries: Vec<&'static str>,
    /// Whether it equals `cls.__mro__`.
    pub complete: bool,
    /// CPython's diagnosis of an impossible order.
    pub error: Option<String>,
    /// What it passes through without our knowing it.
    pub unknown: Option<String>,
}

/// A method.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MethodReport {
    /// Its name.
    pub name: &'static str,
    /// 1-based line of the name.
    pub line: u32,
    /// `async def`
    pub is_async: bool,
    /// `instance`, `class`, `static`, `property` or `accessor`.
    pub binding: &'static str,
    /// `public` or `private`.
    pub visibility: &'static str,
    /// Parameters, the receiver included.
    pub params: Vec<ParameterReport>,
    /// Return annotation.
    pub returns: Option<&'static str>,
    /// The trait whose block defines it, in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<&'static str>,
    /// The file, where it is not the type's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'static str>,
    /// The condition of compilation that it stands under, in Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<&'static str>,
    /// The class whose method it overrides.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overrides: Option<&'static str>,
}

/// A parameter.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ParameterReport {
    /// Its name.
    pub name: &'static str,
    /// `positional-only`, `standard`, `variadic`, `keyword-only` or `keyword-variadic`.
    pub kind: &'static str,
    /// Annotation as written.
    pub annotation: Option<&'static str>,
    /// Whether callers may leave it out.
    pub has_default: bool,
}

/// One class name with several definitions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DuplicateReport {
    /// The name.
    pub name: &'static str,
    /// Whether all are protocols.
    pub is_protocol: bool,
    /// Its definitions.
    pub definitions: Vec<DefinitionReport>,
}

/// One of several definitions.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DefinitionReport {
    /// Dotted id.
    pub id: &'static str,
    /// Where.
    pub place: Place,
    /// References in production code.
    pub production_references: u32,
    /// All references.
    pub references: u32,
}

/// A type with many references.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BusyType {
    /// Dotted id.
    pub id: &'static str,
    /// Where it is defined.
    pub place: Place,
    /// References in production code, outside its own body.
    pub production: u32,
    /// References in test code, outside its own body.
    pub test: u32,
    /// References anywhere outside its own body.
    pub total: u32,
}

/// Every type of the tree, sorted by id.
#[must_use]
pub fn all(index: &Index) -> Vec<TypeReport> {
    let sources = index.tree_classes().filter_map(|class| Some((class, index.source_of(class)?)));
    let mut sources: Vec<(ClassId, (FileId, &TypeFact))> = sources.collect();
    sources.par_sort_by_key(|(class, (file, fact))| {
        let line = index.file(*file).facts.lines.line(fact.name_at);
        (index.class(*class).id, path_of(index, *file), line)
    });
    let report = |(class, (file, fact))| report_of(index, class, file, fact);
    sources.into_par_iter().with_max_len(AT_A_TIME).map(report).collect()
}

/// One type of the tree.
#[must_use]
pub fn one(index: &Index, class: ClassId) -> Option<TypeReport> {
    let (file, fact) = index.source_of(class)?;
    Some(report_of(index, class, file, fact))
}

fn report_of(index: &Index, class: ClassId, file_id: FileId, fact: &TypeFact) -> TypeReport {
    let file = index.file(file_id);
    let this = index.class(class);
    let lines = &file.facts.lines;
    TypeReport {
        id: this.id.as_str(),
        name: this.name.as_str(),
        kind: match this.kind {
            _ if file.language == Language::Rust => fact.form.as_str(),
            ClassKind::Plain => "class",
            ClassKind::Protocol => "protocol",
            ClassKind::TypedDict => "typed-dict",
            ClassKind::NamedTuple => "named-tuple",
            ClassKind::Enum => "enum",
        },
        language: file.language.as_str(),
        path: path_of(index, file_id),
        line: lines.line(fact.name_at),
        end_line: lines.line(fact.end.saturating_sub(1).max(fact.name_at)),
        file_role: index.role_at(file_id, fact.body).as_str(),
        condition: index.condition_of(file_id, fact.guard, fact.scope).map(|condition| condition.as_str()),
        bases: bases_of(index, class),
        mro: mro_of(index, &this.mro),
        methods: every_method_of(index, class).into_iter().map(|id| method(index, class, id)).collect(),
    }
}

fn bases_of(index: &Index, class: ClassId) -> Vec<BaseReport> {
    let bases = index.class(class).bases.iter().map(|base| {
        let (target, resolution) = match &base.resolution {
            Resolution::Resolved(id) => (Some(index.class(*id).id.as_str().to_owned()), "resolved"),
            Resolution::External(name) => (Some(name.as_str().to_owned()), "external"),
            Resolution::Unresolved(_) => (None, "unresolved"),
        };
        BaseReport { text: base.text.as_str(), target, resolution }
    });
    bases.collect()
}

pub(super) fn mro_of(index: &Index, mro: &Mro) -> MroReport {
    MroReport {
        entries: mro.entries.iter().map(|entry| index.entry_name(*entry).as_str()).collect(),
        complete: mro.is_complete(),
        error: mro.error.as_ref().map(ToString::to_string),
        unknown: (!mro.unknown.is_empty()).then(|| mro.unknown.join("; ")),
    }
}

fn method(index: &Index, class: ClassId, id: FunctionId) -> MethodReport {
    let fact = index.function(id);
    let facts = &index.file(id.file).facts;
    // `__secret` is another name in every class.
    let is_mangled = fact.name.as_str().starts_with("__") && !fact.name.as_str().ends_with("__");
    let has_parents = index.class(class).mro.entries.len() > 2 && !is_mangled;
    let overridden = has_parents
        .then(|| overrides::providers(index, class, fact.name).nth(1))
        .flatten()
        .map(|provider| index.class(provider.class()).id.as_str());
    MethodReport {
        name: fact.name.as_str(),
        line: facts.lines.line(fact.name_at),
        is_async: fact.traits.is_async,
        binding: fact.binding.as_str(),
        visibility: visibility_of(index, id),
        params: parameters(facts.parameters_of(fact)),
        returns: fact.returns.map(|returns| returns.as_str()),
        through: through(index, id),
        path: (index.source_of(class).map(|(file, _)| file) != Some(id.file))
            .then(|| path_of(index, id.file)),
        condition: index.condition_of(id.file, fact.guard, fact.scope).map(|condition| condition.as_str()),
        overrides: overridden,
    }
}

/// The trait whose `impl` block defines a method.
pub(super) fn through(index: &Index, method: FunctionId) -> Option<&'static str> {
    let block = index.block_of(method)?;
    index.class(block).bases.first().map(|base| base.text.as_str())
}

fn visibility_of(index: &Index, id: FunctionId) -> &'static str {
    if is_private(index, id) { "private" } else { "public" }
}

pub(super) fn parameters(of: &[Parameter]) -> Vec<ParameterReport> {
    of.iter().map(parameter).collect()
}

fn parameter(parameter: &Parameter) -> ParameterReport {
    ParameterReport {
        name: parameter.name.as_str(),
        kind: parameter.kind.as_str(),
        annotation: parameter.annotation.map(|annotation| annotation.as_str()),
        has_default: parameter.default.is_some(),
    }
}

pub(super) fn duplicates(index: &Index, analysis: &Analysis) -> Vec<DuplicateReport> {
    analysis.duplicates.iter().map(|duplicate| duplicate_report(index, duplicate)).collect()
}

fn duplicate_report(index: &Index, duplicate: &DuplicateName) -> DuplicateReport {
    let definitions = duplicate.classes.iter().filter_map(|class| {
        let (file, fact) = index.source_of(*class)?;
        let counts = usage::counts(index, *class);
        Some(DefinitionReport {
            id: index.class(*class).id.as_str(),
            place: place(index, file, fact.name_at),
            production_references: counts.in_role(FileRole::Production),
            references: counts.total(),
        })
    });
    DuplicateReport {
        name: duplicate.name.as_str(),
        is_protocol: duplicate.is_protocol,
        definitions: definitions.collect(),
    }
}

/// The types with the most references from elsewhere, most first.
pub(super) fn busiest(index: &Index) -> Vec<BusyType> {
    let mut ranked: Vec<(u32, ClassId)> = index
        .tree_classes()
        .map(|class| (usage::outside_references(index, class).count() as u32, class))
        .filter(|(references, _)| *references > 0)
        .collect();
    ranked
        .sort_by_key(|(references, class)| (std::cmp::Reverse(*references), index.class(*class).id, *class));
    let busy = ranked.into_iter().take(BUSIEST).filter_map(|(_, class)| {
        let (file, fact) = index.source_of(class)?;
        let counts = usage::counts(index, class);
        Some(BusyType {
            id: index.class(class).id.as_str(),
            place: place(index, file, fact.name_at),
            production: counts.in_role(FileRole::Production),
            test: counts.in_role(FileRole::Test),
            total: counts.total(),
        })
    });
    busy.collect()
}

/// The class of a provider, for reports.
#[must_use]
pub fn provider_id(index: &Index, provider: &Provider) -> &'static str {
    index.class(provider.class()).id.as_str()
}
