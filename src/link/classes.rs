//! Types of files and of the standard library → classes and what they go by.

use super::modules::Modules;
use super::mro::Mro;
use super::{BaseLink, Class, ClassKind, File, FileId, Index, LinkFile, Origin, Resolution};
use crate::facts::{Name, Separator, TypeFact, TypeIdx};

/// The ids of a file's types, in their order.
pub(super) fn ids_of(modules: &Modules, id: FileId, file: &LinkFile) -> Vec<Name> {
    let facts = &file.facts;
    let module = modules.of_file(id).map(|module| modules.get(module).name);
    // A file that nothing can import still has its definitions; they go by its path.
    let module = module.unwrap_or_else(|| {
        let display = &file.display;
        let stem = [".py", ".pyi", ".rs"].iter().find_map(|ending| display.strip_suffix(ending));
        Name::new(&stem.unwrap_or(display).replace('/', facts.separator.as_str()))
    });
    let id_of = |fact: &TypeFact| {
        let claimed = fact.claimed_module.unwrap_or(module);
        match facts.separator {
            Separator::Dot => claimed.join(fact.qualname.as_str()),
            Separator::Colons => claimed.join_path(fact.qualname.as_str()),
        }
    };
    facts.types.iter().map(id_of).collect()
}

impl Index {
    pub(super) fn add_library_classes(&mut self) {
        let object = self.library.class("builtins.object");
        let enum_class = self.library.class("enum.Enum");
        for class in &self.library.classes {
            let bases = class.bases.iter().map(|&base| BaseLink {
                text: self.library.classes[base.0 as usize].id,
                resolution: Resolution::Resolved(base),
            });
            let kind = match () {
                () if class.is_protocol => ClassKind::Protocol,
                () if class.bases.iter().any(|base| Some(*base) == enum_class) => ClassKind::Enum,
                () if class.id.as_str() == "enum.Enum" => ClassKind::Enum,
                () => ClassKind::Plain,
            };
            self.classes.push(Class {
                id: class.id,
                name: class.name,
                origin: Origin::Library,
                bases: bases.collect(),
                mro: Mro::default(),
                kind,
            });
        }
        debug_assert!(object.is_some());
    }

    /// Adds a file and its types, which go by `ids`.
    pub(super) fn add_file(&mut self, file: LinkFile, ids: &[Name], is_in_tree: bool) {
        let id = FileId(self.files.len() as u32);
        let LinkFile { display, language, role, has_compiled_twin, facts } = file;
        let first_class = self.classes.len() as u32;
        for (index, (fact, class_id)) in facts.types.iter().zip(ids).enumerate() {
            self.classes.push(Class {
                id: *class_id,
                name: fact.name,
                origin: Origin::Source { file: id, index: TypeIdx::at(index) },
                bases: Vec::new(),
                mro: Mro::default(),
                kind: ClassKind::Plain,
            });
        }
        let display = Name::new(&display);
        self.files.push(File { display, language, role, is_in_tree, has_compiled_twin, facts, first_class });
    }
}
