//! Members that nobody writes: what `@dataclass` and its kin, and `NamedTuple`, make of a class.

use super::{ClassId, ClassKind, FileId, Index};
use crate::facts::Name;
use crate::source::Language;
use crate::text::Offset;

/// Decorators that make methods of fields (`dataclasses`, `attrs`).
const MAKERS: [&str; 7] = ["dataclass", "define", "mutable", "frozen", "s", "attrs", "attributes"];

/// What a decorator of these makes; some of them only where its arguments ask for them.
const OF_FIELDS: [&str; 13] = [
    "__init__",
    "__repr__",
    "__eq__",
    "__ne__",
    "__hash__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__match_args__",
    "__replace__",
    "__dataclass_fields__",
    "__dataclass_params__",
];

/// What `NamedTuple` and `namedtuple` make (`collections.namedtuple`).
const OF_NAMED_TUPLES: [&str; 9] = [
    "_asdict",
    "_field_defaults",
    "_fields",
    "_make",
    "_replace",
    "__getnewargs__",
    "__match_args__",
    "__new__",
    "__replace__",
];

/// Names of members that may be generated for a class. Whether its own body binds them is for others to say.
#[must_use]
pub fn generated_names(index: &Index, class: ClassId) -> &'static [&'static str] {
    let Some((file, fact)) = index.source_of(class) else { return &[] };
    let facts = &index.file(file).facts;
    if index.file(file).language == Language::Rust {
        return &[];
    }
    match index.class(class).kind {
        ClassKind::NamedTuple => &OF_NAMED_TUPLES,
        ClassKind::Plain | ClassKind::Protocol | ClassKind::TypedDict | ClassKind::Enum => {
            let mut decorators = facts.decorators[fact.decorators.range()].iter();
            let makes = decorators.any(|chain| {
                let named = facts.steps_of(*chain).iter().rev().find_map(|step| step.attribute());
                let root = facts.root_of(&facts.chains[chain.index()]).name;
                MAKERS.contains(&named.unwrap_or(root).as_str())
            });
            if makes { &OF_FIELDS } else { &[] }
        }
    }
}

/// Where a class is defined for which a member of this name may be generated.
#[must_use]
pub fn generated(index: &Index, class: ClassId, name: Name) -> Option<(FileId, Offset)> {
    let is_candidate = name.as_str().starts_with('_');
    let is_made = is_candidate && generated_names(index, class).contains(&name.as_str());
    let (file, fact) = index.source_of(class).filter(|_| is_made)?;
    Some((file, fact.name_at))
}
