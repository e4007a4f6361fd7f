//! The standard library, from the table in `rules/stdlib/cpython.txt`.
//!
//! The table is made by `scripts/stdlib_table.py` from running interpreters; its head explains the
//! format. Classes are read at once, the names of a module when it is first asked for.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::ClassId;
use crate::facts::{BindingKind, Name};

static TABLE: &str = include_str!("../../rules/stdlib/cpython.txt");

/// Index into the library's modules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LibraryModuleId(pub u32);

/// What a name of a library module stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LibraryEntry {
    /// A class.
    Class(ClassId),
    /// `typing.List`: an alias that stands for a class when it is a base.
    GenericAlias(ClassId),
    /// A module.
    Module(LibraryModuleId),
    /// A function.
    Function,
    /// An instance of a class, where the table knows it.
    Value(Option<ClassId>),
}

/// A class of the table.
#[derive(Debug, Clone)]
pub struct LibraryClass {
    /// `module.Qualname` as CPython prints it.
    pub id: Name,
    /// Simple name.
    pub name: Name,
    /// Bases, already without `object` left out.
    pub bases: Vec<ClassId>,
    /// Whether the class has a `__getattr__`, so that its attributes cannot be known.
    pub has_dynamic_attributes: bool,
    /// Whether it is a `typing.Protocol`.
    pub is_protocol: bool,
    /// Lines of its members in the table.
    members: &'static str,
}

/// A member of a library class.
#[derive(Debug, Clone)]
pub struct LibraryMember {
    /// Its name.
    pub name: Name,
    /// How it binds; `None` for an attribute that is no callable.
    pub binding: Option<BindingKind>,
    /// Whether it is abstract.
    pub is_abstract: bool,
    /// Whether it is a coroutine function.
    pub is_async: bool,
    /// The signature, defaults as `...`; empty where unknown.
    pub signature: &'static str,
}

struct LibraryModule {
    name: Name,
    /// Contents cannot be known on the machine that made the table.
    is_unreadable: bool,
    /// It has a module-level `__getattr__`.
    is_dynamic: bool,
    lines: &'static str,
    names: OnceLock<FxHashMap<Name, LibraryEntry>>,
}

/// The standard library of one Python version.
pub struct Library {
    version_bit: u32,
    modules: Vec<LibraryModule>,
    by_name: FxHashMap<Name, LibraryModuleId>,
    /// Classes; their [`ClassId`]s are their positions.
    pub classes: Vec<LibraryClass>,
    /// Members of each class, read when they are first asked for.
    members: Vec<OnceLock<Vec<LibraryMember>>>,
    class_by_id: FxHashMap<&'static str, ClassId>,
}

/// The library of each version, from [`OLDEST`] on, once it was asked for.
static LIBRARIES: [OnceLock<Library>; (NEWEST - OLDEST) as usize + 1] =
    [const { OnceLock::new() }; (NEWEST - OLDEST) as usize + 1];

impl Library {
    /// The library of Python 3.`minor`; versions outside the table take the nearest one in it.
    #[must_use]
    pub fn of(minor: u8) -> &'static Self {
        let version = minor.clamp(OLDEST, NEWEST);
        LIBRARIES[usize::from(version - OLDEST)].get_or_init(|| Self::new(version))
    }

    fn new(minor: u8) -> Self {
        let version_bit = 1 << u32::from(minor.clamp(OLDEST, NEWEST) - OLDEST);
        let mut library = Self {
            version_bit,
            modules: Vec::new(),
            by_name: FxHashMap::default(),
            classes: Vec::new(),
            members: Vec::new(),
            class_by_id: FxHashMap::default(),
        };
        let bases = library.read_sections();
        for (class, bases) in library.classes.iter_mut().zip(bases) {
            let known = bases.split(',').filter_map(|base| library.class_by_id.get(base).copied());
            class.bases = known.collect();
        }
        library.members.resize_with(library.classes.len(), OnceLock::new);
        library
    }

    /// Reads module and class lines; gives the bases of each class as text.
    fn read_sections(&mut self) -> Vec<&'static str> {
        let mut bases = Vec::new();
        let mut rest = TABLE;
        let mut module = "";
        while !rest.is_empty() {
            let end = memchr::memchr(b'\n', rest.as_bytes()).map_or(rest.len(), |at| at + 1);
            let (line, after) = rest.split_at(end);
            match line.as_bytes()[0] {
                b'm' => {
                    let mut fields = line.trim_end_matches('\n').split('\t').skip(1);
                    module = fields.next().unwrap_or_default();
                    let applies = self.applies(fields.next());
                    let flags = fields.next().unwrap_or_default();
                    let section = section_of(after);
                    if applies {
                        self.add_module(module, flags, section);
                    }
                }
                b'c' => {
                    let mut fields = line.trim_end_matches('\n').split('\t').skip(1);
                    let qualname = fields.next().unwrap_or_default();
                    if self.applies(fields.next()) {
                        bases.push(fields.next().unwrap_or_default());
                        self.add_class(module, qualname, fields.next().unwrap_or_default(), after);
                    }
                }
                _ => {}
            }
            rest = after;
        }
        bases
    }

    fn add_module(&mut self, name: &'static str, flags: &str, lines: &'static str) {
        let name = Name::new(name);
        if self.by_name.contains_key(&name) {
            return;
        }
        self.by_name.insert(name, LibraryModuleId(self.modules.len() as u32));
        self.modules.push(LibraryModule {
            name,
            is_unreadable: flags.contains('u'),
            is_dynamic: flags.contains('g'),
            lines,
            names: OnceLock::new(),
        });
    }

    fn add_class(&mut self, module: &str, qualname: &str, flags: &str, after: &'static str) {
        let key: &'static str = Box::leak(format!("{module}.{qualname}").into_boxed_str());
        let id = ClassId(self.classes.len() as u32);
        self.class_by_id.insert(key, id);
        // `#2` tells two classes of one printed id apart; it is no part of the id.
        let printed = key.split_once('#').map_or(key, |(printed, _)| printed);
        let last = qualname.rsplit('.').next().unwrap_or(qualname);
        let own_flags = flags.split_once('m').map_or(flags, |(own, _)| own);
        // The lines of one class for several versions share the members behind them.
        let mut after = after;
        while after.strip_prefix("c\t").is_some_and(|rest| rest.split('\t').next() == Some(qualname)) {
            after = after.split_once('\n').map_or("", |(_, rest)| rest);
        }
        let end = after
            .match_indices('\n')
            .map(|(at, _)| at + 1)
            .find(|&at| !after[at..].starts_with('d'))
            .unwrap_or(after.len());
        self.classes.push(LibraryClass {
            id: Name::new(printed),
            name: Name::new(last.split_once('#').map_or(last, |(name, _)| name)),
            bases: Vec::new(),
            has_dynamic_attributes: own_flags.contains('d'),
            is_protocol: own_flags.contains('P'),
            members: if after.starts_with('d') { &after[..end] } else { "" },
        });
    }

    /// The module of this name.
    #[must_use]
    pub fn module(&self, name: Name) -> Option<LibraryModuleId> {
        self.by_name.get(&name).copied()
    }

    /// The name of a module.
    #[must_use]
    pub fn module_name(&self, id: LibraryModuleId) -> Name {
        self.modules[id.0 as usize].name
    }

    /// Whether what the module holds cannot be told from the table.
    #[must_use]
    pub fn is_opaque(&self, id: LibraryModuleId) -> bool {
        let module = &self.modules[id.0 as usize];
        module.is_unreadable || module.is_dynamic
    }

    /// What `name` stands for in a module.
    #[must_use]
    pub fn entry(&self, id: LibraryModuleId, name: Name) -> Option<LibraryEntry> {
        let module = &self.modules[id.0 as usize];
        let names = module.names.get_or_init(|| self.read_names(module));
        names.get(&name).copied()
    }

    /// The class with this printed id.
    #[must_use]
    pub fn class(&self, id: &str) -> Option<ClassId> {
        self.class_by_id.get(id).copied()
    }

    /// A nested class of a class.
    #[must_use]
    pub fn nested(&self, outer: ClassId, name: Name) -> Option<ClassId> {
        self.class(&format!("{}.{name}", self.classes.get(outer.0 as usize)?.id))
    }

    /// The members that a class defines itself.
    #[must_use]
    pub fn members(&self, class: ClassId) -> &[LibraryMember] {
        match self.members.get(class.0 as usize) {
            Some(members) => members.get_or_init(|| self.read_members(&self.classes[class.0 as usize])),
            None => &[],
        }
    }

    fn read_members(&self, class: &LibraryClass) -> Vec<LibraryMember> {
        let lines = class.members.lines().filter_map(|line| {
            let mut fields = line.split('\t').skip(1);
            let name = fields.next()?;
            if !self.applies(fields.next()) {
                return None;
            }
            let kind = fields.next()?;
            Some(LibraryMember {
                name: Name::new(name),
                binding: match kind.as_bytes().first()? {
                    b'f' => Some(BindingKind::Instance),
                    b's' => Some(BindingKind::Static),
                    b'k' => Some(BindingKind::Class),
                    b'p' => Some(BindingKind::Property),
                    _ => None,
                },
                is_abstract: kind.contains('!'),
                is_async: kind.contains('~'),
                signature: fields.next().unwrap_or_default(),
            })
        });
        lines.collect()
    }

    /// Whether a class has a member of this name of its own.
    #[must_use]
    pub fn has_member(&self, class: ClassId, name: Name) -> bool {
        self.member(class, name).is_some()
    }

    /// One member of a class, by name.
    #[must_use]
    pub fn member(&self, class: ClassId, name: Name) -> Option<&LibraryMember> {
        self.members(class).iter().find(|member| member.name == name)
    }

    fn read_names(&self, module: &LibraryModule) -> FxHashMap<Name, LibraryEntry> {
        let mut names = FxHashMap::default();
        let mut hidden = FxHashSet::default();
        for line in module.lines.lines() {
            let mut fields = line.split('\t');
            let kind = fields.next().unwrap_or_default();
            if kind == "d" {
                continue;
            }
            let name = fields.next().unwrap_or_default();
            if !self.applies(fields.next()) {
                continue;
            }
            let third = fields.next().unwrap_or_default();
            let class = |id: &str| self.class_by_id.get(id).copied();
            let entry = match kind {
                "c" if !name.contains(['.', '#']) => {
                    let flags = fields.next().unwrap_or_default();
                    if flags.split_once('m').map_or(flags, |(own, _)| own).contains('h') {
                        hidden.insert(name);
                        continue;
                    }
                    class(&format!("{}.{name}", module.name)).map(LibraryEntry::Class)
                }
                "c" => continue,
                "x" => class(third).map(LibraryEntry::Class),
                "g" => class(third).map(LibraryEntry::GenericAlias),
                "y" => self.module(Name::new(third)).map(LibraryEntry::Module),
                "f" => Some(LibraryEntry::Function),
                _ => Some(LibraryEntry::Value(class(third))),
            };
            names.insert(Name::new(name), entry.unwrap_or(LibraryEntry::Value(None)));
        }
        names
    }

    fn applies(&self, mask: Option<&str>) -> bool {
        match mask {
            None | Some("") => true,
            Some(mask) => u32::from_str_radix(mask, 16).is_ok_and(|mask| mask & self.version_bit != 0),
        }
    }
}

/// Oldest and newest minor version in the table.
pub const OLDEST: u8 = 9;
/// See [`OLDEST`].
pub const NEWEST: u8 = 13;

/// The lines up to the next module.
///
/// A module whose flags differ between versions has several lines with one section behind them.
fn section_of(after: &'static str) -> &'static str {
    let mut after = after;
    while after.starts_with("m\t") {
        after = after.split_once('\n').map_or("", |(_, rest)| rest);
    }
    let next = memchr::memmem::find(after.as_bytes(), b"\nm\t");
    next.map_or(after, |at| &after[..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_the_class_that_cpython_prints() {
        let library = Library::new(13);
        let module = |name: &str| library.module(Name::new(name)).expect("module");
        let class = |module_name: &str, name: &str| match library.entry(module(module_name), Name::new(name))
        {
            Some(LibraryEntry::Class(id)) => library.classes[id.0 as usize].id.as_str(),
            other => panic!("{module_name}.{name}: {other:?}"),
        };
        assert_eq!(class("typing", "Protocol"), "typing.Protocol");
        assert_eq!(class("asyncio", "Queue"), "asyncio.queues.Queue");
        assert_eq!(class("io", "TextIOWrapper"), "_io.TextIOWrapper");
        assert!(matches!(
            library.entry(module("typing"), Name::new("List")),
            Some(LibraryEntry::GenericAlias(_))
        ));
    }

    #[test]
    fn the_target_version_decides_what_is_there() {
        let has = |minor, name: &str| {
            let library = Library::new(minor);
            let module = library.module(Name::new("enum")).expect("enum");
            library.entry(module, Name::new(name)).is_some()
        };
        assert!(!has(10, "StrEnum"));
        assert!(has(11, "StrEnum"));
    }

    #[test]
    fn members_are_read_with_their_signatures() {
        let library = Library::new(12);
        let encoder = library.class("json.encoder.JSONEncoder").expect("class");
        let default = library.member(encoder, Name::new("default")).expect("default");
        assert_eq!(default.signature, "(self, o)");
        assert_eq!(default.binding, Some(BindingKind::Instance));
    }
}
