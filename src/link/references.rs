//! Every use of the tree's classes and methods, resolved through the imports.
//!
//! Files are independent of each other here, so they are walked in parallel; the result is in the
//! order of the files.

mod leads;
mod walk;

use self::leads::Leads;
use self::walk::FileReferences;
use super::changes::{Changes, Moved};
use super::kept::Kept;
use super::{ClassId, FileId, FunctionId, Index};
use crate::facts::{Name, ScopeId};
use crate::text::Offset;

/// What a reference does with the class or method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReferenceKind {
    /// `from m import Class`
    Import,
    /// `Class(…)`
    Instantiate,
    /// `receiver.method(…)`
    Call,
    /// In an annotation.
    Annotation,
    /// In a list of bases.
    Base,
    /// `isinstance`, `issubclass`, `except`, a class pattern.
    InstanceTest,
    /// `Class.attribute`, `receiver.method` without a call.
    Attribute,
    /// Any other load: an argument, an alias.
    Value,
    /// A decorator, a derive.
    Decorator,
    /// Bounds a type parameter.
    Bound,
    /// A string that names it: `mock.patch("pkg.mod.Class")`.
    String,
    /// An entry of `__all__`.
    Export,
}

impl ReferenceKind {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Import => "import",
            Self::Instantiate => "instantiate",
            Self::Call => "call",
            Self::Annotation => "annotation",
            Self::Base => "base",
            Self::InstanceTest => "isinstance",
            Self::Attribute => "attribute",
            Self::Value => "value",
            Self::Decorator => "decorator",
            Self::Bound => "bound",
            Self::String => "string",
            Self::Export => "export",
        }
    }
}

/// The way from a reference to its target, where it is not direct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Via {
    /// By its own name, from the module that defines it.
    Direct,
    /// Under another name.
    Alias(Name),
    /// Through a module that re-exports it.
    ReExport(Name),
}

/// A use of a class.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// What is used.
    pub class: ClassId,
    /// Where.
    pub file: FileId,
    /// Offset of the name.
    pub at: Offset,
    /// Innermost scope.
    pub scope: ScopeId,
    /// How.
    pub kind: ReferenceKind,
    /// By which way.
    pub via: Via,
}

/// A use of a method.
#[derive(Debug, Clone, Copy)]
pub struct MethodReference {
    /// The definition that the use leads to.
    pub function: FunctionId,
    /// The class of the receiver, which may inherit the method.
    pub receiver: ClassId,
    /// Where.
    pub file: FileId,
    /// Offset of the name.
    pub at: Offset,
    /// Innermost scope.
    pub scope: ScopeId,
    /// Call, attribute or string.
    pub kind: ReferenceKind,
    /// The receiver is `self`, `cls` or `super()`.
    pub is_own: bool,
}

/// Whose uses are followed.
#[derive(Clone, Copy)]
pub enum Uses<'a> {
    /// Nobody's.
    Nothing,
    /// Those of classes; and those of their methods, of which there are several times as many, if the linked program has
    /// what asks for them.
    MethodsWhere(&'a (dyn Fn(&Index) -> bool + Sync)),
    /// Those of classes and of their methods.
    All,
}

/// All references to the tree's classes and methods.
#[derive(Debug, Default)]
pub struct References {
    classes: Option<ByClass<Reference>>,
    /// By receiver.
    methods: Option<ByClass<MethodReference>>,
    /// By file, where they are wanted for the next program.
    kept: Option<Kept<FileReferences>>,
}

/// Uses by class, those of each in the order of files and lines.
#[derive(Debug)]
struct ByClass<T> {
    all: Vec<T>,
    /// Where the run of each class starts.
    starts: Vec<u32>,
}

impl References {
    /// The uses of a class, in order of files and lines.
    ///
    /// # Panics
    /// When the program was linked without them: see [`Uses`].
    #[must_use]
    pub fn of_class(&self, class: ClassId) -> &[Reference] {
        self.classes.as_ref().expect("a program linked with the uses of its classes").of(class)
    }

    /// The uses of methods on receivers of a class, in order of files and lines.
    ///
    /// # Panics
    /// When the program was linked without them: see [`Uses`].
    #[must_use]
    pub fn on_receiver(&self, class: ClassId) -> &[MethodReference] {
        self.methods.as_ref().expect("a program linked with the uses of its methods").of(class)
    }
}

impl<T: Copy> ByClass<T> {
    /// From what the files have, each in the order of classes.
    fn of_files<'f>(
        classes: usize,
        files: impl Iterator<Item = &'f [T]> + Clone,
        class: impl Fn(&T) -> ClassId,
    ) -> Self
    where
        T: 'f,
    {
        let starts = starts(classes, files.clone().flatten().map(&class));
        let Some(&first) = files.clone().find_map(|found| found.first()) else {
            return Self { all: Vec::new(), starts };
        };
        let mut next = starts.clone();
        let mut all = vec![first; starts.last().map_or(0, |end| *end as usize)];
        for found in files.flatten() {
            let seat = &mut next[class(found).0 as usize];
            all[*seat as usize] = *found;
            *seat += 1;
        }
        Self { all, starts }
    }

    fn of(&self, class: ClassId) -> &[T] {
        let at = class.0 as usize;
        match (self.starts.get(at), self.starts.get(at + 1)) {
            (Some(&start), Some(&end)) => &self.all[start as usize..end as usize],
            _ => &[],
        }
    }
}

/// Resolves every chain, import, export and string of the tree, as far as their uses are followed. What `before` has of the
/// program before is taken from there, where that still holds.
pub(super) fn resolve(index: &Index, before: Option<&References>, uses: Uses<'_>) -> References {
    let has_methods = match uses {
        Uses::Nothing => return References::default(),
        Uses::MethodsWhere(is_asked) => is_asked(index),
        Uses::All => true,
    };
    let leads = (!has_methods).then(|| Leads::of(index));
    let tops = index.modules.top_level();
    let earlier = before.and_then(|before| before.kept.as_ref());
    let kept = Kept::of(index, earlier, |file| walk::references_of(index, file, &tops, leads.as_ref()));
    let count = index.classes.len();
    let (classes, methods) = rayon::join(
        || ByClass::of_files(count, kept.iter().map(|file| &file.classes[..]), |found| found.class),
        || ByClass::of_files(count, kept.iter().map(|file| &file.methods[..]), |found| found.receiver),
    );
    let methods = has_methods.then_some(methods);
    References { classes: Some(classes), methods, kept: index.is_traced().then_some(kept) }
}

/// The calls of methods by a name, in the text of a function.
#[must_use]
pub fn calls_within(index: &Index, function: FunctionId, name: Name) -> Vec<MethodReference> {
    walk::calls_within(index, function, name)
}

impl Moved for FileReferences {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        let class = |found: &Reference| {
            Some(Reference { class: changes.class(found.class)?, file: changes.file(found.file)?, ..*found })
        };
        let method = |found: &MethodReference| {
            Some(MethodReference {
                function: changes.function(found.function)?,
                receiver: changes.class(found.receiver)?,
                file: changes.file(found.file)?,
                ..*found
            })
        };
        // Classes that stay keep their order, so that what is sorted by them stays so.
        let classes: Option<Vec<Reference>> = self.classes.iter().map(class).collect();
        let methods: Option<Vec<MethodReference>> = self.methods.iter().map(method).collect();
        Some(Self { classes: classes?, methods: methods? })
    }
}

/// Where the run of each class starts in a list sorted by class.
fn starts(classes: usize, all: impl Iterator<Item = ClassId>) -> Vec<u32> {
    let mut counts = vec![0u32; classes + 1];
    for class in all {
        counts[class.0 as usize + 1] += 1;
    }
    for at in 1..counts.len() {
        counts[at] += counts[at - 1];
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::testing::{class_named, link_sources, link_sources_with};

    /// Lines and kinds of the uses of `class` in `path`.
    fn uses(sources: &[(&str, &str)], class: &str, path: &str) -> Vec<(u32, &'static str)> {
        let index = link_sources(sources);
        let references = resolve(&index, None, Uses::All);
        references
            .of_class(class_named(&index, class))
            .iter()
            .filter(|found| index.file(found.file).display.as_str() == path)
            .map(|found| (index.file(found.file).facts.lines.line(found.at), found.kind.as_str()))
            .collect()
    }

    #[test]
    fn uses_of_classes_are_the_same_without_those_of_methods() {
        let text = "import app.models as models\nfrom typing import Type\nfrom app.models import Row, Table\n\
                    class Shelf:\n    row = Row\n    table: Table = Table()\n    kinds = models\n\
                    \x20   class Slot:\n        pass\n\
                    \x20   def __init__(self, made: 'Shelf', kind: Type[Row]):\n\
                    \x20       self.kind = Row\n        self.made = made\n        self.pick = Table if made else None\n\
                    \x20   @classmethod\n    def all(cls):\n        return cls.Slot, cls.kinds.Table, cls.row()\n\
                    \x20   def chosen(self):\n        return self.row\n\
                    \x20   def use(self, other):\n        self.made.made.kind()\n        self.chosen().Meta()\n\
                    \x20       x = self.pick\n        self.kinds.Row.Meta.other\n        self.table.plain().row\n\
                    \x20       for Row in other: Row.Meta\n        return super().row, other.row\n";
        let models = "class Row:\n    class Meta:\n        pass\nclass Table:\n    def plain(self):\n        return Row\n";
        let sources = [("app/__init__.py", ""), ("app/models.py", models), ("app/shelf.py", text)];
        let told = |uses: Uses<'_>| {
            let index = link_sources_with(&sources, uses);
            let found =
                index.tree_classes().flat_map(|class| index.references.of_class(class).iter().copied());
            found.map(|found| format!("{found:?}")).collect::<Vec<String>>()
        };
        let (all, alone) = (told(Uses::All), told(Uses::MethodsWhere(&|_| false)));
        assert_eq!(all, alone);
        assert!(all.iter().any(|found| found.contains("Alias(\"kind\")")), "{all:#?}");
    }

    /// Lines of the uses of methods on receivers of a class.
    fn calls(text: &str, class: &str) -> Vec<u32> {
        let index = link_sources(&[("app.py", text)]);
        let found = index.references.on_receiver(class_named(&index, class)).iter();
        found.map(|found| index.file(found.file).facts.lines.line(found.at)).collect()
    }

    #[test]
    fn super_without_a_base_in_the_tree_is_no_call_of_the_own_method() {
        let text = "class Base(dict):\n    pass\n\
                    class Store(Base):\n    def clear(self):\n        super().clear()\n        self.clear()\n";
        assert_eq!(calls(text, "app.Store"), [6]);
    }

    #[test]
    fn what_gives_its_own_kind_gives_the_receivers() {
        let text = "from typing import Self\n\
                    class Conn:\n    def send(self): ...\n\
                    \x20   @classmethod\n    def open(cls) -> Self: ...\n\
                    \x20   @classmethod\n    def make(cls):\n        return cls()\n\
                    \x20   def quiet(self):\n        return self\n\
                    \x20   def other(self) -> 'Conn': ...\n\
                    class Tls(Conn):\n    def send(self): ...\n\
                    Tls.open().send()\nTls.make().send()\nTls().quiet().send()\nTls().other().send()\n";
        assert_eq!(calls(text, "app.Tls"), [14, 14, 15, 15, 16, 16, 17]);
        assert_eq!(calls(text, "app.Conn"), [17]);
    }

    #[test]
    fn with_gives_what_enter_returns() {
        let text = "class Cursor:\n    def run(self): ...\n\
                    class Plain:\n    def __enter__(self):\n        return self\n    def run(self): ...\n\
                    class Transaction:\n    def __enter__(self) -> Cursor: ...\n    def run(self): ...\n\
                    class Later:\n    async def __aenter__(self) -> 'Later': ...\n    def run(self): ...\n\
                    with Transaction() as one:\n    one.run()\nwith Plain() as two:\n    two.run()\n\
                    async def go():\n    async with Later() as three:\n        three.run()\n";
        let lines = |class: &str| calls(text, class);
        assert_eq!((lines("app.Cursor"), lines("app.Transaction")), (vec![14], vec![]));
        assert_eq!((lines("app.Plain"), lines("app.Later")), (vec![16], vec![19]));
    }

    #[test]
    fn nested_classes_are_found_through_instances() {
        let text = "class Client:\n    class Error(Exception): ...\n\
                    \x20   def get(self):\n        raise self.Error()\n\
                    client = Client()\ntry: ...\nexcept client.Error: ...\n";
        assert_eq!(
            uses(&[("app.py", text)], "app.Client.Error", "app.py"),
            [(4, "instantiate"), (7, "isinstance")]
        );
    }

    #[test]
    fn global_in_a_function_settles_nothing() {
        let text = "class Conn:\n    def send(self): ...\nclass Redis:\n    def send(self): ...\n\
                    backend = Conn()\nonly = None\n\
                    def switch():\n    global backend, only\n    backend = Redis()\n    only = Redis()\n\
                    def publish():\n    backend.send()\n    only.send()\n";
        assert_eq!((calls(text, "app.Conn"), calls(text, "app.Redis")), (vec![], vec![13]));
    }

    #[test]
    fn of_two_imports_the_one_is_named_that_brings_it() {
        let parse =
            "try:\n    from fast import Parser\nexcept ImportError:\n    from slow import Parser\nParser()\n";
        let index = link_sources(&[
            ("fast.py", "class Parser: ...\n"),
            ("parse.py", parse),
            ("slow.py", "class Parser: ...\n"),
        ]);
        let found = index.references.of_class(class_named(&index, "fast.Parser"));
        assert_eq!(found.iter().map(|found| found.via).collect::<Vec<_>>(), [Via::Direct, Via::Direct]);
    }

    #[test]
    fn super_is_of_the_class_around_it() {
        let text = "class A:\n    def send(self): ...\n\
                    class B:\n    def send(self): ...\n\
                    class SubA(A):\n    def send(self):\n        super().send()\n\
                    class SubB(B):\n    def send(self):\n        super().send()\n";
        let index = link_sources(&[("app.py", text)]);
        let lines = |class: &str| -> Vec<u32> {
            let found = index.references.on_receiver(class_named(&index, class)).iter();
            found.map(|found| index.file(found.file).facts.lines.line(found.at)).collect()
        };
        assert_eq!((lines("app.A"), lines("app.B")), (vec![7], vec![10]));
    }

    #[test]
    fn a_use_without_a_path_is_a_use() {
        let text = "pub use Hub as Manager;\npub mod inner {\n    use super::Mode::{self as How, Fast};\n}\n\
                    pub struct Hub;\npub enum Mode { Fast }\n";
        let uses = |class: &str| uses(&[("hub.rs", text)], class, "hub.rs");
        assert_eq!((uses("hub::Hub"), uses("hub::Mode")), (vec![(1, "import")], vec![(3, "import")]));
    }

    #[test]
    fn comprehensions_in_a_class_see_past_its_names_and_type_parameters_see_them() {
        let text = "class M: ...\n\
                    class Shelf:\n    M = 4\n    all = [M() for _ in range(3)]\n    one = M\n\
                    class Typed:\n    class M: ...\n    def get[T: M](self, key: T): ...\n";
        assert_eq!(uses(&[("app.py", text)], "app.M", "app.py"), [(4, "instantiate")]);
        assert_eq!(uses(&[("app.py", text)], "app.Typed.M", "app.py"), [(8, "annotation")]);
    }

    #[test]
    fn strings_in_the_brackets_of_an_alias_are_types() {
        let text = "from typing import Callable, Literal, Union\n\
                    Content = Union[str, 'Text']\n\
                    Handler = Callable[[Union[str, 'Text']], None]\n\
                    Mode = Literal['Text']\n\
                    KEYS = CONFIG['Text']\n\
                    class Text: ...\n";
        let found = uses(&[("text.py", text)], "text.Text", "text.py");
        assert_eq!(found, [(2, "annotation"), (3, "annotation")]);
    }

    #[test]
    fn annotations_are_read_as_type_checkers_read_them() {
        let user = "from typing import TYPE_CHECKING, Any\n\
                    if TYPE_CHECKING:\n    from app import Application\n\
                    else:\n    Application = Any\n\
                    def setup(app: Application): ...\n\
                    class Sub(Application): ...\n";
        let sources = [("app.py", "class Application: ...\n"), ("user.py", user)];
        assert_eq!(uses(&sources, "app.Application", "user.py"), [(3, "import"), (6, "annotation")]);
    }

    #[test]
    fn a_class_decorated_by_a_call_stays_the_class() {
        let text = "class Factory: ...\n\
                    Factory = add_eq(add_repr(Factory, attrs=()))\n\
                    default = Factory(list)\n\
                    class Special(Factory): ...\n";
        let found = uses(&[("make.py", text)], "make.Factory", "make.py");
        assert_eq!(found, [(2, "value"), (3, "instantiate"), (4, "base")]);
    }

    #[test]
    fn a_constant_bound_twice_decides_nothing() {
        let text = "import sys\nOLD = sys.version_info < (3,)\nOLD = load_flag()\n\
                    if OLD:\n    from app import Application as Application\n\
                    x = Application()\n";
        let sources = [("app.py", "class Application: ...\n"), ("user.py", text)];
        assert_eq!(uses(&sources, "app.Application", "user.py"), [(5, "import"), (6, "instantiate")]);
    }

    #[test]
    fn a_variant_hides_no_type_of_its_name() {
        let index = link_sources(&[(
            "lib.rs",
            "pub struct Circle;\nimpl Circle { pub fn area(&self) -> f32 { 1.0 } }\n\
             pub enum Shape { Circle(Circle), Other(Circle) }\n\
             impl Shape { fn area(&self) { match self { Shape::Circle(c) => c.area(), Self::Other(c) => c.area() } } }\n",
        )]);
        let circle = class_named(&index, "crate::Circle");
        assert_eq!(index.references.of_class(circle).len(), 2);
        assert_eq!(index.references.on_receiver(circle).len(), 2);
    }

    #[test]
    fn a_function_and_a_module_may_share_a_name() {
        let index = link_sources(&[
            (
                "lib.rs",
                "pub mod spawn;\npub use spawn::spawn;\npub mod exec;\n\
                 pub fn a(t: &spawn::Task) { t.poll(); spawn(t) }\n",
            ),
            (
                "exec.rs",
                "use crate::spawn::Task;\nuse crate::spawn;\npub fn run(t: &Task) { t.poll(); spawn(t) }\n\
                 pub fn run2(t: &crate::spawn::Task, u: &spawn::Task) { t.poll(); u.poll(); crate::spawn(t) }\n",
            ),
            (
                "spawn.rs",
                "pub struct Task;\nimpl Task { pub fn poll(&self) {} }\npub fn spawn(t: &Task) { t.poll() }\n",
            ),
        ]);
        let task = class_named(&index, "crate::spawn::Task");
        // The `use`, and five parameters.
        assert_eq!(index.references.of_class(task).len(), 6);
        assert_eq!(index.references.on_receiver(task).len(), 5);
    }

    #[test]
    fn a_function_and_a_type_may_share_a_name() {
        let job = "pub struct Job { id: u8 }\npub fn Job() -> Job { Job { id: 1 } }\n";
        let index =
            link_sources(&[("lib.rs", "mod job;\npub use job::Job;\nfn f(_: &Job) {}\n"), ("job.rs", job)]);
        assert!(index.references.of_class(class_named(&index, "crate::job::Job")).len() >= 4);
    }
}
