//! Places of a program as evidence, and the names that findings go by.

use crate::analysis::similarity::units::Unit;
use crate::facts::names::last_segment;
use crate::finding::{Atom, Evidence};
use crate::link::members::{fields_of, methods_of};
use crate::link::{ClassId, FileId, FunctionId, Index, Origin};
use crate::text::Offset;

/// Turns what the analysis points at into evidence.
pub(super) struct Places<'a> {
    pub(super) index: &'a Index,
}

impl Places<'_> {
    /// `length` characters at an offset.
    pub(super) fn at(&self, file: FileId, at: Offset, length: usize, label: String) -> Evidence {
        let position = self.index.position(file, at);
        Evidence {
            path: self.index.file(file).display.to_string(),
            line: position.line,
            column: position.column,
            length: length.max(1) as u32,
            label,
            first_line: position.line,
        }
    }

    /// The name of a class where it is defined; none for a class of the standard library.
    pub(super) fn class(&self, class: ClassId, label: String) -> Option<Evidence> {
        let (file, fact) = self.index.source_of(class)?;
        let facts = &self.index.file(file).facts;
        let mut evidence = self.at(file, fact.name_at, fact.name.as_str().chars().count(), label);
        let decorators = facts.decorators[fact.decorators.range()].iter();
        let first = decorators.map(|chain| facts.chains[chain.index()].at).chain([fact.at]).min();
        evidence.first_line = first.map_or(evidence.line, |at| facts.lines.line(at));
        Some(evidence)
    }

    /// The name of a function where it is defined.
    pub(super) fn function(&self, id: FunctionId, label: String) -> Evidence {
        let facts = &self.index.file(id.file).facts;
        let fact = self.index.function(id);
        let mut evidence = self.at(id.file, fact.name_at, fact.name.as_str().chars().count(), label);
        let decorators = facts.decorators[fact.decorators.range()].iter();
        let first = decorators.map(|chain| facts.chains[chain.index()].at).chain([fact.at]).min();
        evidence.first_line = first.map_or(evidence.line, |at| facts.lines.line(at));
        evidence
    }

    /// A class, or the first line of a module.
    pub(super) fn unit(&self, unit: Unit, label: String) -> Option<Evidence> {
        match unit {
            Unit::Class(class) => self.class(class, label),
            Unit::Module(file) => Some(self.at(file, 0, 1, label)),
        }
    }

    /// What a class is called within its module, and its file.
    pub(super) fn class_atom(&self, class: ClassId) -> Option<Atom> {
        let (file, fact) = self.index.source_of(class)?;
        Some(Atom {
            name: fact.qualname.as_str().to_owned(),
            path: self.index.file(file).display.to_string(),
        })
    }

    /// The same with the name of one of its members.
    pub(super) fn member_atom(&self, class: ClassId, member: &str) -> Option<Atom> {
        let Atom { name, path } = self.class_atom(class)?;
        Some(Atom { name: format!("{name}.{member}"), path })
    }

    /// A class, or a module by its own name.
    pub(super) fn unit_atom(&self, unit: Unit) -> Option<Atom> {
        match unit {
            Unit::Class(class) => self.class_atom(class),
            Unit::Module(file) => {
                let name = last_segment(unit.id(self.index).as_str());
                Some(Atom { name: format!("module {name}"), path: self.index.file(file).display.to_string() })
            }
        }
    }

    /// A digest of what a unit holds: its bodies and its fields, in whatever order and under whatever name of its own.
    pub(super) fn digest(&self, unit: Unit) -> String {
        let index = self.index;
        let mut parts: Vec<(&str, u64)> = match unit {
            Unit::Class(class) => {
                let methods = methods_of(index, class).iter().map(|method| index.function(*method));
                let methods = methods.map(|fact| (fact.name.as_str(), fact.digest));
                let fields = index.parts_of(class).flat_map(|(file, _)| {
                    let Origin::Source { index: owner, .. } = index.class(class).origin else {
                        return Vec::new();
                    };
                    fields_of(index, file, owner).map(|field| (field.name.as_str(), 0)).collect()
                });
                methods.chain(fields).collect()
            }
            Unit::Module(file) => {
                let functions = index.file(file).facts.functions.iter();
                functions.map(|fact| (fact.name.as_str(), fact.digest)).collect()
            }
        };
        parts.sort_unstable();
        parts.dedup();
        let mut hasher = blake3::Hasher::new();
        for (name, digest) in parts {
            hasher.update(name.as_bytes()).update(&[0]).update(&digest.to_le_bytes());
        }
        hasher.finalize().to_hex()[..8].to_owned()
    }

    pub(super) fn id(&self, class: ClassId) -> String {
        self.index.class(class).id.as_str().to_owned()
    }
}
