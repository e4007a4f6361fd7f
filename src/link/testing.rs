//! Small programs from text, for tests.

use super::references::Uses;
use super::{Ground, Index, LinkFile, NoEnvironment, link};
use crate::facts::Name;
use crate::lang::{self, Target};
use crate::link::ClassId;
use crate::source::FileRole;
use crate::source::Language;

/// Links sources given as (path, text), Rust by its ending; no environment, the newest Python.
pub(crate) fn link_sources(sources: &[(&str, &str)]) -> Index {
    link_sources_with(sources, Uses::All)
}

/// The same with some of the uses.
pub(crate) fn link_sources_with(sources: &[(&str, &str)], uses: Uses<'_>) -> Index {
    let mut files: Vec<LinkFile> = sources
        .iter()
        .map(|(path, text)| {
            let language = if path.ends_with(".rs") { Language::Rust } else { Language::Python };
            LinkFile {
                display: (*path).to_owned(),
                language,
                role: FileRole::Production,
                has_compiled_twin: false,
                facts: lang::facts(text, language, Target::default()).into(),
            }
        })
        .collect();
    files.sort_by(|a, b| a.display.cmp(&b.display));
    let ground = Ground { python_minor: Target::default().python_minor, ..Ground::default() };
    link(files, &ground, &NoEnvironment, uses)
}

/// The class with this dotted id, which must be in the tree.
#[track_caller]
pub(crate) fn class_named(index: &Index, id: &str) -> ClassId {
    let wanted = Name::new(id);
    index.tree_classes().find(|class| index.class(*class).id == wanted).expect(id)
}
