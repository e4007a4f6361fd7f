//! What chains start from: each root is looked up once for all chains that mean the same by it.

use rustc_hash::FxHashMap;

use super::Walk;
use crate::facts::{
    self, ALWAYS, Bound, Chain, FileFacts, GuardId, Name, RootId, ScopeId, ScopeKind, Separator, Usage,
};
use crate::link::Unresolved;
use crate::link::references::Via;
use crate::link::resolve::Entity;

/// The root of a chain.
#[derive(Clone)]
pub(super) struct Root {
    pub(super) entity: Entity,
    /// By which way, where it is a class.
    pub(super) via: Via,
    /// `self` or `cls`.
    pub(super) is_receiver: bool,
    /// A type parameter, which stands for what bounds it and is no use of that.
    pub(super) is_parameter: bool,
}

/// How far the answer for a root holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// For every chain from the one binding that it has.
    Binding,
    /// The same, and it is a parameter, or `self` or `cls`: no class, and no use of one.
    Given,
    /// For the name in a scope, since nothing nearer binds it.
    Unbound(ScopeId),
    /// For chains under the same guard, since the one binding that it has stands under one.
    Guarded(ScopeId),
    /// For the one chain.
    Place,
}

/// The roots of a file.
pub(super) struct Roots {
    reaches: Vec<Reach>,
    /// What was looked up; the first seat is for what holds for one chain.
    known: Vec<Root>,
    /// Which of them it is: for each binding, then for each root, as code and as an annotation. The first is none.
    seats: Vec<u32>,
    /// The same by name.
    by_name: FxHashMap<(ScopeId, Name, GuardId, bool), u32>,
}

impl Roots {
    pub(super) fn of(facts: &FileFacts) -> Self {
        let nothing =
            Root { entity: Entity::Nothing, via: Via::Direct, is_receiver: false, is_parameter: false };
        Self {
            reaches: facts.roots.iter().map(|root| reach_of(facts, *root)).collect(),
            known: vec![nothing],
            seats: vec![0; (facts.bindings.len() + facts.roots.len()) * 2],
            by_name: FxHashMap::default(),
        }
    }

    /// Whether a chain starts from no class, and from no use of one.
    pub(super) fn is_given(&self, chain: &Chain) -> bool {
        self.reaches[chain.root.index()] == Reach::Given
    }

    /// The seat of a root that means the same wherever it stands.
    fn seat_of(&self, facts: &FileFacts, root: RootId, is_typing: bool) -> Option<usize> {
        let position = match self.reaches[root.index()] {
            Reach::Binding | Reach::Given => facts.roots[root.index()].nearest.start as usize,
            Reach::Unbound(_) => facts.bindings.len() + root.index(),
            Reach::Guarded(_) | Reach::Place => return None,
        };
        Some(position * 2 + usize::from(is_typing))
    }
}

impl Walk<'_> {
    pub(super) fn root(&mut self, facts: &FileFacts, chain: &Chain) -> &Root {
        let is_typing = chain.usage == Usage::Annotation;
        let seat = self.roots.seat_of(facts, chain.root, is_typing);
        let seated = seat.map_or(0, |seat| self.roots.seats[seat]);
        if seated > 0 {
            return &self.roots.known[seated as usize];
        }
        let fact = facts.root_of(chain);
        let name = match self.roots.reaches[chain.root.index()] {
            Reach::Unbound(scope) => Some((scope, fact.name, ALWAYS, is_typing)),
            Reach::Guarded(scope) => Some((scope, fact.name, chain.guard, is_typing)),
            Reach::Binding | Reach::Given | Reach::Place => None,
        };
        let known = name.and_then(|name| self.roots.by_name.get(&name).copied());
        let at = known.unwrap_or_else(|| {
            let root = self.look_up_root(facts, chain, fact);
            if seat.is_none() && name.is_none() {
                self.roots.known[0] = root;
                return 0;
            }
            self.roots.known.push(root);
            self.roots.known.len() as u32 - 1
        });
        if let Some(seat) = seat {
            self.roots.seats[seat] = at;
        }
        if let Some(name) = name.filter(|_| known.is_none()) {
            self.roots.by_name.insert(name, at);
        }
        &self.roots.known[at as usize]
    }

    fn look_up_root(&self, facts: &FileFacts, chain: &Chain, fact: facts::Root) -> Root {
        let resolver = &self.resolver;
        let entity = match self.imported_as(facts, chain, fact) {
            Some(brought) => brought.clone(),
            None => resolver.seen_as(chain.usage, || resolver.root_of(self.file, chain, 0)),
        };
        let nearest = &facts.bindings[fact.nearest.range()];
        let binding = match entity {
            // Of several imports the one that brought it.
            Entity::Class(class) if nearest.len() > 1 => {
                let brings = |binding: &&facts::Binding| match binding.target {
                    Bound::Import(import) => {
                        let brought = || resolver.import(self.file, import, 0);
                        resolver.seen_as(chain.usage, brought) == Entity::Class(class)
                    }
                    _ => false,
                };
                nearest.iter().rev().find(brings).or(nearest.last())
            }
            _ => nearest.last(),
        };
        let bound = binding.map(|binding| binding.target);
        let via = match entity {
            Entity::Class(class) => self.via_root(facts, class, bound, fact.name),
            _ => Via::Direct,
        };
        let is_parameter = binding
            .is_some_and(|binding| facts.scopes[binding.scope.index()].kind == ScopeKind::TypeParameters);
        Root { entity, via, is_receiver: matches!(bound, Some(Bound::Receiver { .. })), is_parameter }
    }

    /// What the import brings that alone binds a root, wherever code uses it.
    fn imported_as(&self, facts: &FileFacts, chain: &Chain, root: facts::Root) -> Option<&Entity> {
        let [single] = &facts.bindings[root.nearest.range()] else { return None };
        let Bound::Import(import) = single.target else { return None };
        let is_plain = facts.separator == Separator::Dot
            && chain.usage != Usage::Annotation
            && single.guard == ALWAYS
            && facts.stars.is_empty()
            && !matches!(facts.scopes[single.scope.index()].kind, ScopeKind::Type(_));
        let brought = self.imported[import.index()].as_ref().filter(|_| is_plain)?;
        // What the import does not bring may be bound further out.
        let is_found = !matches!(brought, Entity::Open(Unresolved::NotDefined(_) | Unresolved::Circular(_)));
        (is_found && !self.resolver.is_of_itself(self.file, import, root.name)).then_some(brought)
    }
}

fn reach_of(facts: &FileFacts, root: facts::Root) -> Reach {
    let nearest = &facts.bindings[root.nearest.range()];
    if facts.separator == Separator::Colons {
        return match nearest {
            // A `let` holds from its place on.
            [single] if matches!(single.target, Bound::Value { .. } | Bound::Opaque) => Reach::Place,
            [single] if root.is_path && matches!(single.target, Bound::Parameter(_)) => Reach::Place,
            [single] if single.guard == ALWAYS => Reach::Binding,
            // `Self` and `super` depend on where they stand, names of the prelude and of globs on the module.
            [] if is_relative(root.name) => Reach::Unbound(root.scope),
            [] => Reach::Unbound(facts.module_scope(root.scope)),
            _ => Reach::Place,
        };
    }
    match nearest {
        // A class body is read before its methods are, so the place decides there.
        [single] if single.scope == root.scope && matches!(single.target, Bound::Type(_)) => Reach::Place,
        [single] if matches!(single.target, Bound::Parameter(_) | Bound::Receiver { .. }) => Reach::Given,
        [single] if single.guard == ALWAYS => Reach::Binding,
        [single] => Reach::Guarded(single.scope),
        // What `super` means depends on the class around it.
        [] if root.name.as_str() == "super" => Reach::Unbound(root.scope),
        [] => Reach::Unbound(facts::MODULE_SCOPE),
        _ => Reach::Place,
    }
}

/// Whether a first segment of a path means something else in each module or type.
fn is_relative(name: Name) -> bool {
    matches!(name.as_str(), "Self" | "self" | "super" | "crate")
}
