//! The target protocol of a concept, as reported: members with their sources, imports that its
//! annotations need, types in Rust's words, and how far each implementation is.

mod translation;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use super::types::{ParameterReport, parameters};
use super::{Place, place};
use crate::analysis::concepts::Concept;
use crate::analysis::signatures;
use crate::analysis::synthesis::{Decided, Distance, Target, TargetMember};
use crate::facts::ParameterKind;
use crate::facts::type_expression::TypeExpression;
use crate::facts::{Bound, Imported, MODULE_SCOPE, Name};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::Language;

/// The answer of `ssot protocol`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProtocolReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// The concept's id.
    pub concept: String,
    /// The protocol's name: the canonical implementation's and `Protocol`.
    pub name: String,
    /// Id of the canonical implementation.
    pub canonical: Option<&'static str>,
    /// What its annotations import in Python, as statements, sorted.
    pub imports: Vec<String>,
    /// What its types need in Rust, as `use` items, sorted; empty where the signatures are Python's.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<String>,
    /// Its members.
    pub members: Vec<TargetMemberReport>,
    /// Every implementation.
    pub implementations: Vec<DistanceReport>,
}

/// A member of the target protocol.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TargetMemberReport {
    /// Its name.
    pub name: &'static str,
    /// Its signature on one line.
    pub signature: String,
    /// `async def`
    pub is_async: bool,
    /// `instance`, `class`, `static` or `property`.
    pub binding: &'static str,
    /// Its parameters, the receiver included.
    pub params: Vec<ParameterReport>,
    /// Return annotation.
    pub returns: Option<&'static str>,
    /// The same in Rust.
    pub rust: RustSignature,
    /// Whose signature it is, and why.
    pub decided_by: String,
    /// Where that stands.
    pub place: Place,
    /// Protocols that demand it.
    pub declared_by: Vec<&'static str>,
    /// Implementations that have it.
    pub implemented_by: Vec<&'static str>,
    /// Calls in production code.
    pub production_calls: u32,
    /// All calls.
    pub calls: u32,
    /// The same job under other names: dotted ids.
    pub other_names: Vec<String>,
    /// Where others differ.
    pub conflicts: Vec<MemberConflict>,
}

/// A signature in Rust's words.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RustSignature {
    /// The method's name.
    pub name: String,
    /// `&self`, as written, where the signature is of Rust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receiver: Option<String>,
    /// Parameters without the receiver: name and type.
    pub params: Vec<(String, String)>,
    /// What it returns; none for nothing.
    pub returns: Option<String>,
}

/// A definition that differs from the chosen one.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MemberConflict {
    /// The type that has it.
    pub r#type: &'static str,
    /// What differs.
    pub details: Vec<String>,
}

/// How far an implementation is from the target.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DistanceReport {
    /// The implementation.
    pub r#type: &'static str,
    /// Of the members, how many are as they should be, in thousandths.
    pub share_permille: u32,
    /// Members that are as they should be.
    pub fits: Vec<&'static str>,
    /// Members that differ, and how.
    pub differs: BTreeMap<&'static str, Vec<String>>,
    /// Members under another name: wanted → found.
    pub renamed: BTreeMap<&'static str, &'static str>,
    /// Members that are missing.
    pub missing: Vec<&'static str>,
}

/// Builds the report.
#[must_use]
pub fn build(index: &Index, concept: &Concept, target: &Target) -> ProtocolReport {
    let title: String = concept.title.chars().filter(|c| c.is_alphanumeric()).collect();
    let base = concept.canonical.map_or(title.as_str(), |class| index.class(class).name.as_str());
    let mut imports: BTreeSet<String> = BTreeSet::new();
    let mut uses: BTreeSet<String> = BTreeSet::new();
    for member in &target.members {
        if is_rust(index, member.signature) {
            uses.extend(translation::uses_of(index, member.signature));
        } else {
            imports.extend(imports_of(index, member.signature));
        }
    }
    ProtocolReport {
        schema: super::SCHEMA,
        concept: concept.id.clone(),
        name: format!("{base}Protocol"),
        canonical: concept.canonical.map(|class| index.class(class).id.as_str()),
        imports: imports.into_iter().collect(),
        uses: uses.into_iter().collect(),
        members: target.members.iter().map(|member| member_report(index, member)).collect(),
        implementations: target.distances.iter().map(|distance| distance_report(index, distance)).collect(),
    }
}

fn member_report(index: &Index, member: &TargetMember) -> TargetMemberReport {
    let id = |class: &ClassId| index.class(*class).id.as_str();
    let fact = index.function(member.signature);
    let facts = &index.file(member.signature.file).facts;
    let decided_by = match member.decided {
        Decided::Canonical => "the canonical implementation".to_owned(),
        Decided::Protocol(class) => format!("the protocol {}", id(&class)),
        Decided::MostCalled(class) => format!("{}, whose method is called most", id(&class)),
    };
    let shown = facts.parameters_of(fact).iter();
    let is_receiver = |name: Name| matches!(name.as_str(), "self" | "cls");
    let rust_parameters = shown.filter(|parameter| !is_receiver(parameter.name)).map(|parameter| {
        let annotation = parameter.annotation.map(Name::as_str);
        let of = match parameter.kind {
            ParameterKind::Variadic => format!("&[{}]", rust_type(annotation, false)),
            ParameterKind::KeywordVariadic => json_value(true),
            ParameterKind::PositionalOnly | ParameterKind::Standard | ParameterKind::KeywordOnly => {
                rust_type(annotation, true)
            }
        };
        (rust_name(parameter.name.as_str()), of)
    });
    let returns = fact.returns.map(Name::as_str);
    let rust = RustSignature {
        name: rust_name(fact.name.as_str()),
        receiver: None,
        params: rust_parameters.collect(),
        returns: Some(rust_type(returns, false)).filter(|text| text != "()"),
    };
    let (rust, params, returns) = if is_rust(index, member.signature) {
        let written = translation::as_written(index, member.signature);
        let mut params = parameters(facts.parameters_of(fact));
        for parameter in &mut params {
            // A caller in Python gives what it likes by name; the receiver has no type of its own.
            parameter.kind = ParameterKind::Standard.as_str();
            parameter.annotation = parameter
                .annotation
                .filter(|_| parameter.name != "self")
                .map(|text| Name::new(&translation::python_type(text)).as_str());
        }
        let returns = Name::new(&translation::python_type(returns.unwrap_or("()"))).as_str();
        (written, params, Some(returns))
    } else {
        (rust, parameters(facts.parameters_of(fact)), returns)
    };
    TargetMemberReport {
        name: member.name.as_str(),
        signature: signatures::render(index, member.signature),
        // An `async def` that yields gives its iterator at once.
        is_async: fact.traits.is_async && !fact.traits.is_generator,
        binding: fact.binding.as_str(),
        params,
        returns,
        rust,
        decided_by,
        place: place(index, member.signature.file, fact.name_at),
        declared_by: member.declared_by.iter().map(id).collect(),
        implemented_by: member.implemented_by.iter().map(id).collect(),
        production_calls: member.production_calls,
        calls: member.calls,
        other_names: member.other_names.iter().map(|method| dotted(index, *method)).collect(),
        conflicts: member
            .conflicts
            .iter()
            .map(|(class, details)| MemberConflict { r#type: id(class), details: details.clone() })
            .collect(),
    }
}

fn is_rust(index: &Index, method: FunctionId) -> bool {
    index.file(method.file).language == Language::Rust
}

fn distance_report(index: &Index, distance: &Distance) -> DistanceReport {
    let names = |of: &[Name]| of.iter().map(|name| name.as_str()).collect();
    DistanceReport {
        r#type: index.class(distance.class).id.as_str(),
        share_permille: (distance.share() * 1000.0).round() as u32,
        fits: names(&distance.fits),
        differs: distance.differs.iter().map(|(name, details)| (name.as_str(), details.clone())).collect(),
        renamed: distance.renamed.iter().map(|(name, other)| (name.as_str(), other.as_str())).collect(),
        missing: names(&distance.missing),
    }
}

/// `module.Class.method`
fn dotted(index: &Index, method: FunctionId) -> String {
    let fact = index.function(method);
    let owner = fact.owner.map(|owner| index.class(index.class_of(method.file, owner)).id.as_str());
    owner.map_or_else(|| fact.name.to_string(), |owner| format!("{owner}.{}", fact.name))
}

/// The statements that bring the names in a method's annotations.
fn imports_of(index: &Index, method: FunctionId) -> Vec<String> {
    let facts = &index.file(method.file).facts;
    let fact = index.function(method);
    let annotations = facts.parameters_of(fact).iter().filter_map(|parameter| parameter.annotation);
    let roots: BTreeSet<&str> =
        annotations.chain(fact.returns).flat_map(|text| roots_of(text.as_str())).collect();
    roots.into_iter().filter_map(|root| import_of(index, method.file, root)).collect()
}

/// The names that an annotation starts from: `Dict` and `models` of `Dict[str, models.User]`.
fn roots_of(text: &'static str) -> impl Iterator<Item = &'static str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    text.split(move |c| !is_part(c))
        .filter(|word| word.starts_with(|c: char| c.is_alphabetic() || c == '_'))
        .map(|word| word.split('.').next().unwrap_or(word))
}

/// The statement that brings a name into another module as this file has it; none for a builtin.
fn import_of(index: &Index, file: FileId, root: &str) -> Option<String> {
    let facts = &index.file(file).facts;
    let name = Name::new(root);
    let binding = facts.bindings_of(MODULE_SCOPE, name).last()?;
    let own = index.modules.of_file(file).map(|module| index.modules.get(module).name);
    match binding.target {
        Bound::Import(import) => {
            let import = &facts.imports[import.index()];
            let module = if import.level == 0 {
                import.module
            } else {
                crate::link::resolve::Resolver::new(index).relative_name(file, import)?
            };
            Some(match import.what {
                Imported::Module => format!("import {module}"),
                Imported::ModuleAs => format!("import {module} as {root}"),
                Imported::Name(of) if of.as_str() == root => format!("from {module} import {root}"),
                Imported::Name(of) => format!("from {module} import {of} as {root}"),
                Imported::Star | Imported::Dynamic => return None,
            })
        }
        Bound::Type(_) | Bound::Value { .. } | Bound::TypeAlias(_) | Bound::TypeParameter => {
            own.map(|module| format!("from {module} import {root}"))
        }
        Bound::Function(_)
        | Bound::Parameter(_)
        | Bound::Receiver { .. }
        | Bound::Opaque
        | Bound::Deleted
        | Bound::Star(_)
        | Bound::Module(_) => None,
    }
}

/// A Python annotation in Rust's words; what is not annotated is a JSON value.
fn rust_type(annotation: Option<&str>, is_borrowed: bool) -> String {
    match annotation {
        Some(text) => rust_of(&TypeExpression::parse(text), is_borrowed),
        None => json_value(is_borrowed),
    }
}

fn json_value(is_borrowed: bool) -> String {
    if is_borrowed { "&serde_json::Value".to_owned() } else { "serde_json::Value".to_owned() }
}

fn rust_of(expression: &TypeExpression, is_borrowed: bool) -> String {
    let reference =
        |owned: &str, borrowed: &str| if is_borrowed { borrowed.to_owned() } else { owned.to_owned() };
    match expression {
        TypeExpression::Name(name) => match name.rsplit('.').next().unwrap_or(name) {
            "str" => reference("String", "&str"),
            "int" => "i64".to_owned(),
            "float" => "f64".to_owned(),
            "bool" => "bool".to_owned(),
            "bytes" | "bytearray" | "memoryview" => reference("Vec<u8>", "&[u8]"),
            "None" => "()".to_owned(),
            "Any" | "object" | "dict" | "Dict" | "list" | "List" => json_value(is_borrowed),
            other => own_type(other, is_borrowed),
        },
        TypeExpression::Subscript { base, arguments } => {
            let inner =
                |at: usize| arguments.get(at).map_or_else(|| json_value(false), |of| rust_of(of, false));
            match base.rsplit('.').next().unwrap_or(base) {
                "tuple" | "Tuple" if !arguments.contains(&TypeExpression::Ellipsis) => {
                    let items: Vec<String> = arguments.iter().map(|of| rust_of(of, false)).collect();
                    let tuple = match &items[..] {
                        [single] => format!("({single},)"),
                        several => format!("({})", several.join(", ")),
                    };
                    reference(&tuple, &format!("&{tuple}"))
                }
                "list" | "List" | "Sequence" | "Iterable" | "tuple" | "Tuple" => {
                    reference(&format!("Vec<{}>", inner(0)), &format!("&[{}]", inner(0)))
                }
                "set" | "Set" | "frozenset" | "FrozenSet" | "AbstractSet" => {
                    let set = format!("std::collections::HashSet<{}>", inner(0));
                    reference(&set, &format!("&{set}"))
                }
                "dict" | "Dict" | "Mapping" | "MutableMapping" => {
                    // A dictionary of anything is what JSON calls an object.
                    let is_json = arguments.get(1).is_none_or(|of| rust_of(of, false) == json_value(false));
                    if is_json {
                        json_value(is_borrowed)
                    } else {
                        let map = format!("std::collections::HashMap<{}, {}>", inner(0), inner(1));
                        reference(&map, &format!("&{map}"))
                    }
                }
                "Awaitable" | "Coroutine" => {
                    arguments.last().map_or_else(|| "()".to_owned(), |of| rust_of(of, false))
                }
                other => own_type(other, is_borrowed),
            }
        }
        TypeExpression::Union(members) => {
            let some: Vec<&TypeExpression> =
                members.iter().filter(|member| **member != TypeExpression::None).collect();
            match some[..] {
                [single] if some.len() < members.len() => format!("Option<{}>", rust_of(single, is_borrowed)),
                _ => json_value(is_borrowed),
            }
        }
        TypeExpression::None => "()".to_owned(),
        TypeExpression::Literal(_) => reference("String", "&str"),
        TypeExpression::Ellipsis | TypeExpression::List(_) | TypeExpression::Opaque(_) => {
            json_value(is_borrowed)
        }
    }
}

/// A type of the program: the trait leaves it to its implementations.
fn own_type(name: &str, is_borrowed: bool) -> String {
    format!("{}Self::{name}", if is_borrowed { "&" } else { "" })
}

/// Rust's keywords may not be names; a few not even as raw identifiers.
fn rust_name(name: &str) -> String {
    match name {
        "self" | "Self" | "super" | "crate" => format!("{name}_"),
        "abstract" | "as" | "async" | "await" | "become" | "box" | "break" | "const" | "continue" | "do"
        | "dyn" | "else" | "enum" | "extern" | "final" | "fn" | "for" | "gen" | "if" | "impl" | "in"
        | "let" | "loop" | "macro" | "match" | "mod" | "move" | "mut" | "override" | "priv" | "pub"
        | "ref" | "return" | "static" | "struct" | "trait" | "try" | "type" | "typeof" | "unsafe"
        | "unsized" | "use" | "virtual" | "where" | "while" | "yield" => format!("r#{name}"),
        name => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_keep_their_shape_in_rust() {
        assert_eq!(rust_type(Some("tuple[tuple[int], str]"), false), "((i64,), String)");
        assert_eq!(rust_type(Some("tuple[int, ...]"), true), "&[i64]");
        assert_eq!(rust_name("match"), "r#match");
    }
}
