//! A signature of Rust in a protocol: as it stands for Rust, in Python's words for Python.

use std::collections::BTreeSet;

use super::{RustSignature, rust_name};
use crate::facts::names::last_segment;
use crate::facts::{ALWAYS, Bound, Imported, Name, Parameter};
use crate::link::resolve::{Entity, Place, Resolver};
use crate::link::{FunctionId, Index};

/// The signature as the source has it.
pub(super) fn as_written(index: &Index, method: FunctionId) -> RustSignature {
    let fact = index.function(method);
    let parameters = index.file(method.file).facts.parameters_of(fact);
    let text = |parameter: &Parameter| parameter.annotation.map_or("_", Name::as_str).to_owned();
    let receiver = parameters.iter().find(|parameter| parameter.name.as_str() == "self").map(|own| match own
        .annotation
        .map(Name::as_str)
    {
        None => "self".to_owned(),
        Some(written) if written.ends_with("self") => written.to_owned(),
        Some(written) => format!("self: {written}"),
    });
    let others = parameters.iter().filter(|parameter| parameter.name.as_str() != "self");
    RustSignature {
        name: rust_name(fact.name.as_str()),
        receiver,
        params: others.map(|parameter| (rust_name(parameter.name.as_str()), text(parameter))).collect(),
        returns: fact.returns.map(|returns| returns.as_str().to_owned()).filter(|text| text != "()"),
    }
}

/// The `use` items that the names of a signature need outside of its crate.
pub(super) fn uses_of(index: &Index, method: FunctionId) -> BTreeSet<String> {
    let fact = index.function(method);
    let facts = &index.file(method.file).facts;
    let resolver = Resolver::new(index);
    let texts =
        facts.parameters_of(fact).iter().filter_map(|parameter| parameter.annotation).chain(fact.returns);
    let mut found = BTreeSet::new();
    for word in texts.flat_map(|text| words_of(text.as_str())) {
        let name = Name::new(word);
        let place = Place { file: method.file, scope: fact.scope, at: fact.at, guard: ALWAYS };
        // As the file names it, which is how others may.
        let import = facts.scopes_seen(fact.scope).find_map(|scope| {
            facts.bindings_of(scope, name).iter().find_map(|binding| match binding.target {
                Bound::Import(import) => Some(&facts.imports[import.index()]),
                _ => None,
            })
        });
        let crate_name = || {
            let module = index.modules.get(index.modules.of_file(method.file)?);
            module.name.as_str().split("::").next()
        };
        let named = import.and_then(|import| match import.what {
            Imported::Name(own) if own == name => {
                let path = import.module.as_str().replace('.', "::");
                match path.split("::").next()? {
                    "crate" => Some(path.replacen("crate", crate_name()?, 1)),
                    "self" | "super" => None,
                    _ => Some(path),
                }
            }
            _ => None,
        });
        let path =
            named.map(|path| format!("{path}::{word}")).or_else(|| match resolver.name_at(name, place, 0) {
                Entity::Class(class) => Some(index.class(class).id.as_str().to_owned()),
                _ => None,
            });
        found.extend(path.map(|path| format!("use {path};")));
    }
    found
}

/// The names in a type that start a path.
fn words_of(text: &'static str) -> impl Iterator<Item = &'static str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    text.split(move |c| !is_part(c))
        .map(|path| path.trim_matches(':').split("::").next().unwrap_or(path))
        .filter(|word| word.starts_with(|c: char| c.is_uppercase()) && *word != "Self")
}

/// A type of Rust as Python would annotate it; what it cannot say is `Any`.
pub(super) fn python_type(text: &str) -> String {
    let text = text.trim();
    if let Some(inner) = text.strip_prefix('&') {
        let inner = match inner.strip_prefix('\'') {
            Some(rest) => rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
            None => inner,
        };
        return python_type(inner.trim_start().strip_prefix("mut ").unwrap_or(inner));
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return format!("list[{}]", python_type(inner.split(';').next().unwrap_or(inner)));
    }
    let (base, arguments) = match text.split_once('<') {
        Some((base, rest)) => (base, arguments_of(rest.strip_suffix('>').unwrap_or(rest))),
        None => (text, Vec::new()),
    };
    let inner = |at: usize| arguments.get(at).map_or_else(|| "Any".to_owned(), |text| python_type(text));
    match last_segment(base) {
        "str" | "String" | "char" => "str".to_owned(),
        "bool" => "bool".to_owned(),
        "f32" | "f64" => "float".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            "int".to_owned()
        }
        "()" => "None".to_owned(),
        "Option" => format!("{} | None", inner(0)),
        "Result" | "Box" | "Arc" | "Rc" => inner(0),
        "Vec" | "VecDeque" => format!("list[{}]", inner(0)),
        "HashSet" | "BTreeSet" => format!("set[{}]", inner(0)),
        "HashMap" | "BTreeMap" => format!("dict[{}, {}]", inner(0), inner(1)),
        _ => "Any".to_owned(),
    }
}

/// What stands between the commas of a list of generic arguments.
fn arguments_of(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0_i32, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                found.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(&text[start..]);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_of_rust_are_said_in_python() {
        assert_eq!(python_type("&'a mut HashMap<String, Vec<u8>>"), "dict[str, list[int]]");
        assert_eq!(python_type("Result<Option<&str>, Error>"), "str | None");
        assert_eq!(python_type("impl Into<String>"), "Any");
    }
}
