//! The walk through one file: every chain, import, export and string that leads to a class or method.

use rustc_hash::FxHashMap;

use super::{MethodReference, Reference, ReferenceKind, Via};
use crate::facts::{
    ALWAYS, Bound, Chain, ChainId, FileFacts, GuardId, ImportIdx, Imported, MODULE_SCOPE, Name, ScopeId,
    Step, Usage,
};
use crate::link::modules::ModuleId;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::text::Offset;

/// Resolves what one file uses.
pub(super) fn references_of(
    index: &Index,
    file: FileId,
    tops: &rustc_hash::FxHashSet<Name>,
) -> FileReferences {
    let mut walk = Walk {
        resolver: Resolver::new(index),
        index,
        file,
        roots: FxHashMap::default(),
        attributes: FxHashMap::default(),
        found: FileReferences::default(),
    };
    walk.imports();
    walk.exports();
    walk.chains();
    walk.strings(tops);
    walk.found
}

/// What one file uses.
#[derive(Default)]
pub(super) struct FileReferences {
    pub(super) classes: Vec<Reference>,
    pub(super) methods: Vec<MethodReference>,
}

/// What has attributes that are the same wherever they are looked up.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Owner {
    Module(ModuleId),
    Class(ClassId),
    Instance(ClassId),
}

/// The root of a chain.
#[derive(Clone)]
struct Root {
    entity: Entity,
    /// By which way, where it is a class.
    via: Via,
    /// `self` or `cls`.
    is_receiver: bool,
}

/// `owner.name`
#[derive(Clone)]
struct Attribute {
    entity: Entity,
    /// The method of that name, where the owner is a class or an instance.
    method: Option<FunctionId>,
}

struct Walk<'i> {
    resolver: Resolver<'i>,
    index: &'i Index,
    file: FileId,
    /// Roots that mean the same wherever they stand: those bound once, by the scope that binds them.
    roots: FxHashMap<(ScopeId, Name, GuardId, bool), Root>,
    /// Attributes of modules, classes and instances.
    attributes: FxHashMap<(Owner, Name, bool), Attribute>,
    found: FileReferences,
}

impl Walk<'_> {
    fn imports(&mut self) {
        let facts = &self.index.file(self.file).facts;
        for (position, import) in facts.imports.iter().enumerate() {
            let Imported::Name(name) = import.what else { continue };
            let id = ImportIdx(position as u32);
            if let Entity::Class(class) = self.resolver.import(self.file, id, 0) {
                let via = self.via_import(class, id, name);
                self.push_class(class, import.at, import.scope, ReferenceKind::Import, via);
            }
        }
    }

    fn exports(&mut self) {
        let facts = &self.index.file(self.file).facts;
        for export in &facts.exports {
            let end = Offset::MAX;
            let entity =
                self.resolver.root(self.file, MODULE_SCOPE, export.name, end, crate::facts::ALWAYS, 0);
            if let Entity::Class(class) = entity {
                let via = self.via_root(facts, class, MODULE_SCOPE, export.name);
                self.push_class(class, export.at, MODULE_SCOPE, ReferenceKind::Export, via);
            }
        }
    }

    fn chains(&mut self) {
        let facts = &self.index.file(self.file).facts;
        for position in 0..facts.chains.len() {
            self.chain(facts, ChainId(position as u32));
        }
    }

    fn chain(&mut self, facts: &FileFacts, id: ChainId) {
        let chain = facts.chains[id.index()];
        let steps = facts.steps_of(id);
        let Some(&Step::Root(root, root_at)) = steps.first() else { return };
        let Root { mut entity, via, is_receiver } = self.root(facts, &chain, root, root_at);
        let mut is_own = is_receiver;
        if let Entity::Class(class) = entity
            && !is_own
        {
            self.note_class(class, &chain, steps, 0, root_at, via);
        }
        is_own |= matches!(entity, Entity::Super(_));
        for (position, step) in steps.iter().enumerate().skip(1) {
            let before = entity;
            entity = match *step {
                Step::Attribute(name, at) => {
                    let Attribute { entity: next, method } = self.attribute(&before, name, chain.usage);
                    match (&before, &next) {
                        (Entity::Module(module), Entity::Class(class)) => {
                            let via = self.via_module(*class, *module, name);
                            self.note_class(*class, &chain, steps, position, at, via);
                        }
                        (_, Entity::Class(class)) => {
                            let is_own_name = name == self.index.class(*class).name;
                            let via = if is_own_name { Via::Direct } else { Via::Alias(name) };
                            self.note_class(*class, &chain, steps, position, at, via);
                        }
                        _ => {}
                    }
                    if let Some(function) = method {
                        let is_own = is_own && position == 1 || matches!(before, Entity::Super(_));
                        self.note_method(&before, function, &chain, steps, position, at, is_own);
                    }
                    next
                }
                Step::Call | Step::Await | Step::Index => self.resolver.step(&before, *step),
                Step::Root(..) => before,
            };
            match entity {
                Entity::Open(_) | Entity::Value | Entity::Nothing | Entity::External(_) => return,
                _ => {}
            }
        }
    }

    fn root(&mut self, facts: &FileFacts, chain: &Chain, name: Name, at: Offset) -> Root {
        let is_typing = chain.usage == Usage::Annotation;
        let key = place_of_single(facts, chain, name).map(|(scope, guard)| (scope, name, guard, is_typing));
        if let Some(known) = key.and_then(|key| self.roots.get(&key)) {
            return known.clone();
        }
        let resolver = &self.resolver;
        let entity =
            resolver.seen_as(chain.usage, || resolver.root(self.file, chain.scope, name, at, chain.guard, 0));
        let via = match entity {
            Entity::Class(class) => self.via_root(facts, class, chain.scope, name),
            _ => Via::Direct,
        };
        let is_receiver = matches!(binding_of(facts, chain.scope, name), Some(Bound::Receiver { .. }));
        let root = Root { entity, via, is_receiver };
        if let Some(key) = key {
            self.roots.insert(key, root.clone());
        }
        root
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
            (Entity::Class(_) | Entity::Instance(_) | Entity::Super(_), Entity::Function(function)) => {
                Some(*function)
            }
            // A property's value, and what a nested chain of descriptors gives.
            (Entity::Class(class) | Entity::Instance(class) | Entity::Super(class), _) => {
                resolver.method_named(*class, name)
            }
            _ => None,
        };
        Attribute { entity, method: method.filter(|method| self.index.file(method.file).is_in_tree) }
    }

    fn note_class(
        &mut self,
        class: ClassId,
        chain: &Chain,
        steps: &[Step],
        position: usize,
        at: Offset,
        via: Via,
    ) {
        if !self.index.is_in_tree(class) {
            return;
        }
        let kind = match steps.get(position + 1) {
            Some(Step::Call) => ReferenceKind::Instantiate,
            Some(Step::Attribute(..)) => ReferenceKind::Attribute,
            // `Base[int]` is what `Base` is there.
            Some(Step::Index | Step::Await | Step::Root(..)) | None => kind_of(chain.usage),
        };
        self.push_class(class, at, chain.scope, kind, via);
    }

    #[expect(clippy::too_many_arguments, reason = "one place, seen from one caller")]
    fn note_method(
        &mut self,
        before: &Entity,
        function: FunctionId,
        chain: &Chain,
        steps: &[Step],
        position: usize,
        at: Offset,
        is_own: bool,
    ) {
        let (Entity::Class(receiver) | Entity::Instance(receiver) | Entity::Super(receiver)) = *before else {
            return;
        };
        let receiver = match before {
            // `super().send()` is a use of the method on the class that provides it.
            Entity::Super(_) => match self.index.function(function).owner {
                Some(owner) => self.index.class_of(function.file, owner),
                None => receiver,
            },
            _ => receiver,
        };
        let kind = match steps.get(position + 1) {
            Some(Step::Call) => ReferenceKind::Call,
            _ => ReferenceKind::Attribute,
        };
        let (file, scope) = (self.file, chain.scope);
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

    /// `from here import name`: direct when `here` defines it.
    fn via_import(&self, class: ClassId, import: ImportIdx, name: Name) -> Via {
        let facts = &self.index.file(self.file).facts;
        let fact = &facts.imports[import.index()];
        if name != self.index.class(class).name {
            return Via::Alias(name);
        }
        match self.resolver.import_module(self.file, fact) {
            crate::link::resolve::Target::Found(module) => self.via_module(class, module, name),
            _ => Via::Direct,
        }
    }

    fn via_module(&self, class: ClassId, module: ModuleId, name: Name) -> Via {
        let module = self.index.modules.get(module);
        let Some((file, _)) = self.index.source_of(class) else { return Via::Direct };
        if name != self.index.class(class).name {
            return Via::Alias(name);
        }
        if module.file == Some(file) { Via::Direct } else { Via::ReExport(module.name) }
    }

    fn via_root(&self, facts: &FileFacts, class: ClassId, scope: ScopeId, root: Name) -> Via {
        if root != self.index.class(class).name {
            return Via::Alias(root);
        }
        match binding_of(facts, scope, root) {
            Some(Bound::Import(import)) => self.via_import(class, import, root),
            Some(Bound::Value { .. } | Bound::TypeAlias(_)) => Via::Alias(root),
            Some(_) => Via::Direct,
            None => self.via_star(facts, class, root),
        }
    }

    /// A name that no binding of the file holds came by `from m import *`.
    fn via_star(&self, facts: &FileFacts, class: ClassId, root: Name) -> Via {
        let stars = facts.bindings_of(MODULE_SCOPE, Name::new("*")).iter().rev();
        let modules = stars.filter_map(|binding| match binding.target {
            Bound::Star(import) => {
                match self.resolver.import_module(self.file, &facts.imports[import.index()]) {
                    crate::link::resolve::Target::Found(module) => Some(module),
                    _ => None,
                }
            }
            _ => None,
        });
        let mut bringing =
            modules.filter(|module| self.resolver.member(*module, root, 0) == Entity::Class(class));
        match bringing.next() {
            Some(module) => self.via_module(class, module, root),
            None => Via::Direct,
        }
    }
}

fn kind_of(usage: Usage) -> ReferenceKind {
    match usage {
        Usage::Value | Usage::Store => ReferenceKind::Value,
        Usage::Annotation => ReferenceKind::Annotation,
        Usage::Base => ReferenceKind::Base,
        Usage::InstanceTest => ReferenceKind::InstanceTest,
        Usage::Decorator => ReferenceKind::Decorator,
    }
}

/// The nearest binding of a name, by scope alone.
fn binding_of(facts: &FileFacts, scope: ScopeId, name: Name) -> Option<Bound> {
    let (_, bindings) = facts.bindings_seen(scope, name).next()?;
    bindings.last().map(|binding| binding.target)
}

/// The scope that answers for a chain's root, where the answer is the same for all of its chains: it
/// binds the name once at the most. With the guard of the chain, where the binding is itself guarded.
fn place_of_single(facts: &FileFacts, chain: &Chain, name: Name) -> Option<(ScopeId, GuardId)> {
    match facts.bindings_seen(chain.scope, name).next() {
        // A class body is read before its methods are, so the place decides there.
        Some((scope, [single])) if scope == chain.scope && matches!(single.target, Bound::Type(_)) => None,
        Some((scope, [single])) if single.guard == ALWAYS => Some((scope, ALWAYS)),
        Some((scope, [_])) => Some((scope, chain.guard)),
        Some(_) => None,
        // What `super` means depends on the class around it.
        None if name.as_str() == "super" => Some((chain.scope, ALWAYS)),
        None => Some((MODULE_SCOPE, ALWAYS)),
    }
}
