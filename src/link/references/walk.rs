//! The walk through one file: every chain, import, export and string that leads to a class or method.

mod roots;
mod via;

use rustc_hash::FxHashMap;

use self::roots::{Root, Roots};
use super::leads::Leads;
use super::{MethodReference, Reference, ReferenceKind, Via};
use crate::facts::names::last_segment;
use crate::facts::{
    self, ALWAYS, BindingKind, Chain, ChainId, FileFacts, ImportIdx, Imported, MODULE_SCOPE, Name, ScopeId,
    Separator, Step, TypeForm, Usage,
};
use crate::link::modules::ModuleId;
use crate::link::resolve::{Entity, Place, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::Language;
use crate::text::Offset;

/// Resolves what one file uses: classes and methods, or with `leads` classes alone.
pub(super) fn references_of(
    index: &Index,
    file: FileId,
    tops: &rustc_hash::FxHashSet<Name>,
    leads: Option<&Leads>,
) -> FileReferences {
    let mut walk = Walk::new(index, file, leads);
    walk.imports();
    walk.exports();
    walk.chains();
    walk.strings(tops);
    walk.found.sort();
    walk.found
}

/// The calls of methods by a name, in the text of a function.
pub(super) fn calls_within(index: &Index, function: FunctionId, name: Name) -> Vec<MethodReference> {
    let facts = &index.file(function.file).facts;
    let text = &facts.functions[function.index.index()];
    let is_within = |at: Offset| (text.at..text.end).contains(&at);
    let is_meant = |steps: &[Step]| match *steps {
        [Step::Attribute(called, at), Step::Call] => called == name && is_within(at),
        _ => false,
    };
    let is_one = |chain: &&Chain| facts.steps[chain.steps.range()].windows(2).any(is_meant);
    let mut chains = facts.chains.iter().filter(is_one).peekable();
    if chains.peek().is_none() {
        return Vec::new();
    }
    let mut walk = Walk::new(index, function.file, None);
    for chain in chains {
        walk.chain(facts, chain);
    }
    let found = walk.found.methods.into_iter();
    let calls = found.filter(|call| call.kind == ReferenceKind::Call && is_within(call.at));
    calls.filter(|call| index.function(call.function).name == name).collect()
}

/// What one file uses: classes and receivers in ascending order, the uses of each in that of the source.
#[derive(Debug, Clone, Default)]
pub(super) struct FileReferences {
    pub(super) classes: Vec<Reference>,
    pub(super) methods: Vec<MethodReference>,
}

impl FileReferences {
    fn sort(&mut self) {
        self.classes.sort_by_key(|r| (r.class, r.at, r.kind));
        self.classes.dedup_by_key(|r| (r.class, r.at));
        self.methods.sort_by_key(|r| (r.receiver, r.at));
        // What a pattern takes apart is the same expression once more.
        self.methods.dedup_by_key(|r| (r.receiver, r.at, r.function));
    }
}

/// What has attributes that are the same wherever they are looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Module(ModuleId),
    Class(ClassId),
    Instance(ClassId),
}

/// `owner.name`
#[derive(Clone)]
struct Attribute {
    entity: Entity,
    /// The method of that name, where the owner is a class or an instance.
    method: Option<FunctionId>,
}

/// A use of a method, before its receiver is looked at.
struct MethodUse<'c> {
    function: FunctionId,
    /// The step behind its name.
    next: Option<&'c Step>,
    at: Offset,
    scope: ScopeId,
    is_own: bool,
}

struct Walk<'i> {
    resolver: Resolver<'i>,
    index: &'i Index,
    file: FileId,
    roots: Roots,
    /// What the imports of names bring, as code sees it.
    imported: Vec<Option<Entity>>,
    /// Attributes of modules, classes and instances.
    attributes: FxHashMap<(Owner, Name, bool), Attribute>,
    /// Where only uses of classes are wanted, what may lead to one.
    leads: Option<&'i Leads>,
    found: FileReferences,
}

impl<'i> Walk<'i> {
    fn new(index: &'i Index, file: FileId, leads: Option<&'i Leads>) -> Self {
        Self {
            resolver: Resolver::new(index),
            index,
            file,
            roots: Roots::of(&index.file(file).facts),
            imported: vec![None; index.file(file).facts.imports.len()],
            attributes: FxHashMap::default(),
            leads,
            found: FileReferences::default(),
        }
    }

    fn imports(&mut self) {
        let facts = &self.index.file(self.file).facts;
        let is_rust = self.index.file(self.file).language == Language::Rust;
        for (position, import) in facts.imports.iter().enumerate() {
            let name = match import.what {
                Imported::Name(name) => name,
                // `use Manager as Hub;`
                Imported::Module | Imported::ModuleAs if is_rust => {
                    Name::new(last_segment(import.module.as_str()))
                }
                Imported::Module | Imported::ModuleAs | Imported::Star | Imported::Dynamic => continue,
            };
            let id = ImportIdx::at(position);
            let brought = self.resolver.import(self.file, id, 0);
            if let Entity::Class(class) = brought {
                let via = self.via_import(class, id, name);
                self.push_class(class, import.at, import.scope, ReferenceKind::Import, via);
            }
            self.imported[position] = Some(brought);
        }
    }

    fn exports(&mut self) {
        let facts = &self.index.file(self.file).facts;
        for export in &facts.exports {
            let end = Offset::MAX;
            let place = Place { file: self.file, scope: MODULE_SCOPE, at: end, guard: ALWAYS };
            if let Entity::Class(class) = self.resolver.name_at(export.name, place, 0) {
                let bindings = facts.bindings_of(MODULE_SCOPE, export.name);
                let bound = bindings.last().map(|binding| binding.target);
                let via = self.via_root(facts, class, bound, export.name);
                self.push_class(class, export.at, MODULE_SCOPE, ReferenceKind::Export, via);
            }
        }
    }

    fn chains(&mut self) {
        let facts = &self.index.file(self.file).facts;
        // The head of an `impl` block is a part of the type, no use of it.
        let mut heads: Vec<ChainId> = facts.types.iter().filter_map(head_of_block).collect();
        heads.sort_unstable();
        for (position, chain) in facts.chains.iter().enumerate() {
            if heads.is_empty() || heads.binary_search(&ChainId::at(position)).is_err() {
                self.chain(facts, chain);
            }
        }
    }

    fn chain(&mut self, facts: &FileFacts, chain: &Chain) {
        let steps = &facts.steps[chain.steps.range()];
        // An annotation is read with other eyes than those that looked for what may lead on.
        let leads =
            self.leads.filter(|_| chain.usage != Usage::Annotation && facts.separator == Separator::Dot);
        let leads_nowhere = leads.is_some_and(|leads| !leads.may_be_in(steps));
        if leads_nowhere && self.roots.is_given(chain) {
            return;
        }
        let root = self.root(facts, chain);
        if leads_nowhere && !matches!(root.entity, Entity::Class(_) | Entity::Module(_)) {
            return;
        }
        let Root { mut entity, via, is_receiver, is_parameter } = root.clone();
        if let Entity::Class(class) = entity
            && !is_receiver
            && !is_parameter
        {
            self.note_class(class, facts, chain, steps.first(), chain.at, via);
        }
        if leads_nowhere && !matches!(entity, Entity::Module(_)) {
            return;
        }
        let is_own = is_receiver || matches!(entity, Entity::Super(_));
        let mut receiver = None;
        for (position, step) in steps.iter().enumerate() {
            let called_on = receiver.take();
            if matches!(entity, Entity::Open(_) | Entity::Value | Entity::Nothing | Entity::External(_)) {
                return;
            }
            let before = entity;
            let next = steps.get(position + 1);
            entity = match *step {
                Step::Attribute(name, at) => {
                    let Attribute { mut entity, method } = self.attribute(&before, name, chain.usage);
                    receiver = before.receiver();
                    if matches!(next, Some(Step::Attribute(..))) {
                        entity = self.resolver.as_prefix(&before, name, entity, 0);
                    }
                    let found = entity;
                    match (&before, &found) {
                        (Entity::Module(module), Entity::Class(class)) => {
                            let via = self.via_module(*class, *module, name);
                            self.note_class(*class, facts, chain, next, at, via);
                        }
                        (_, Entity::Class(class)) => {
                            let is_own_name = name == self.index.class(*class).name;
                            let via = if is_own_name { Via::Direct } else { Via::Alias(name) };
                            self.note_class(*class, facts, chain, next, at, via);
                        }
                        _ => {}
                    }
                    if let Some(function) = method.filter(|_| self.leads.is_none()) {
                        let is_own = is_own && position == 0 || matches!(before, Entity::Super(_));
                        let scope = facts.root_of(chain).scope;
                        self.note_method(&before, MethodUse { function, next, at, scope, is_own });
                    }
                    found
                }
                Step::Call => self.resolver.call(&before, called_on, 0),
                Step::Await | Step::Index | Step::Held(_) | Step::Entered { .. } | Step::Part(_) => {
                    self.resolver.step(&before, *step)
                }
            };
        }
    }

    fn attribute(&mut self, of: &Entity, name: Name, usage: Usage) -> Attribute {
        let owner = match of {
            Entity::Module(module) => Owner::Module(*module),
            Entity::Class(class) => Owner::Class(*class),
            Entity::Instance(class) => Owner::Instance(*class),
            _ => return self.look_up(of, name, usage),
        };
        let key = (owner, name, usage == Usage::Annotation);
        if let Some(known) = self.attributes.get(&key) {
            return known.clone();
        }
        let found = self.look_up(of, name, usage);
        self.attributes.insert(key, found.clone());
        found
    }

    fn look_up(&self, of: &Entity, name: Name, usage: Usage) -> Attribute {
        let resolver = &self.resolver;
        let entity = resolver.seen_as(usage, || resolver.attribute(of, name, 0));
        let method = match (of, &entity) {
            (
                Entity::Class(_)
                | Entity::Instance(_)
                | Entity::Variant(..)
                | Entity::Held(..)
                | Entity::Super(_),
                Entity::Function(function),
            ) => Some(*function),
            // A property's value, and what a nested chain of descriptors gives.
            (Entity::Class(class) | Entity::Instance(class), _) => resolver.method_named(*class, name),
            _ => None,
        };
        Attribute { entity, method: method.filter(|method| self.index.file(method.file).is_in_tree) }
    }

    fn note_class(
        &mut self,
        class: ClassId,
        facts: &FileFacts,
        chain: &Chain,
        next: Option<&Step>,
        at: Offset,
        via: Via,
    ) {
        if !self.index.is_in_tree(class) {
            return;
        }
        let kind = match next {
            Some(Step::Call) => ReferenceKind::Instantiate,
            Some(Step::Attribute(name, _)) if self.makes_one(class, *name) => ReferenceKind::Instantiate,
            Some(Step::Attribute(..)) => ReferenceKind::Attribute,
            // `Base[int]` is what `Base` is there.
            Some(Step::Index | Step::Await | Step::Held(_) | Step::Entered { .. } | Step::Part(_)) | None => {
                kind_of(chain.usage)
            }
        };
        self.push_class(class, at, facts.root_of(chain).scope, kind, via);
    }

    /// Whether `Type::name` makes a value of the type: a function of a Rust type that takes none and gives one.
    fn makes_one(&self, class: ClassId, name: Name) -> bool {
        if self.index.blocks_of(class).is_empty() {
            return false;
        }
        let Some(function) = self.resolver.method_named(class, name) else { return false };
        if self.index.function(function).binding != BindingKind::Static {
            return false;
        }
        match self.resolver.returned(function, 0) {
            Entity::Instance(given) | Entity::Awaitable(given) | Entity::Held(given, _) => given == class,
            _ => false,
        }
    }

    fn note_method(&mut self, before: &Entity, found: MethodUse<'_>) {
        let (Entity::Class(receiver)
        | Entity::Instance(receiver)
        | Entity::Variant(receiver, _)
        | Entity::Held(receiver, _)
        | Entity::Super(receiver)) = *before
        else {
            return;
        };
        let MethodUse { function, next, at, scope, is_own } = found;
        let receiver = match before {
            // `super().send()` is a use of the method on the class that provides it.
            Entity::Super(_) => match self.index.function(function).owner {
                Some(owner) => self.index.class_of(function.file, owner),
                None => receiver,
            },
            _ => receiver,
        };
        let kind = match next {
            Some(Step::Call) => ReferenceKind::Call,
            Some(
                Step::Attribute(..)
                | Step::Await
                | Step::Index
                | Step::Held(_)
                | Step::Entered { .. }
                | Step::Part(_),
            )
            | None => ReferenceKind::Attribute,
        };
        let file = self.file;
        self.found.methods.push(MethodReference { function, receiver, file, at, scope, kind, is_own });
    }

    fn strings(&mut self, tops: &rustc_hash::FxHashSet<Name>) {
        let facts = &self.index.file(self.file).facts;
        for string in &facts.strings {
            let text = string.text.as_str();
            let Some((first, _)) = text.split_once(['.', ':']) else { continue };
            if !tops.contains(&Name::new(first)) {
                continue;
            }
            self.string(text, string.at, string.scope);
        }
    }

    /// A string names each class on its way: `"pkg.mod.Class.method"` uses the class and the method.
    fn string(&mut self, text: &str, at: Offset, scope: ScopeId) {
        let resolver = Resolver::new(self.index);
        let mut segments = text.split(['.', ':']);
        let Some(first) = segments.next() else { return };
        let Some(mut entity) = resolver.dotted(first) else { return };
        for segment in segments {
            let name = Name::new(segment);
            let next = resolver.attribute(&entity, name, 0);
            if let Entity::Class(class) = next {
                self.push_class(class, at, scope, ReferenceKind::String, Via::Direct);
            }
            if let (Entity::Class(receiver), Entity::Function(function)) = (&entity, &next)
                && self.leads.is_none()
                && self.index.file(function.file).is_in_tree
            {
                self.found.methods.push(MethodReference {
                    function: *function,
                    receiver: *receiver,
                    file: self.file,
                    at,
                    scope,
                    kind: ReferenceKind::String,
                    is_own: false,
                });
            }
            entity = next;
        }
    }

    fn push_class(&mut self, class: ClassId, at: Offset, scope: ScopeId, kind: ReferenceKind, via: Via) {
        if self.index.is_in_tree(class) {
            self.found.classes.push(Reference { class, file: self.file, at, scope, kind, via });
        }
    }
}

fn head_of_block(fact: &facts::TypeFact) -> Option<ChainId> {
    match fact.form {
        TypeForm::Extension { of, .. } => of,
        _ => None,
    }
}

fn kind_of(usage: Usage) -> ReferenceKind {
    match usage {
        Usage::Value | Usage::Store => ReferenceKind::Value,
        Usage::Annotation => ReferenceKind::Annotation,
        Usage::Base => ReferenceKind::Base,
        Usage::InstanceTest => ReferenceKind::InstanceTest,
        Usage::Decorator => ReferenceKind::Decorator,
        Usage::Bound => ReferenceKind::Bound,
    }
}
