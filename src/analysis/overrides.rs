//! Inside a method resolution order: who provides what, what is overridden, what goes wrong.

mod abstracts;
pub mod telling;

use std::collections::BTreeMap;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::signatures::{self, Comparison, DifferenceKind};
use super::trait_methods::{self, Candidate, Meaning};
use crate::facts::{Binding, BindingKind, Bound, Name};
use crate::link::generated::{generated, generated_names};
use crate::link::members::{alternatives_of, method_of, methods_of};
use crate::link::references::calls_within;
use crate::link::{ClassId, ClassKind, FunctionId, Index, Origin};
use crate::source::{AT_A_TIME, Language};

/// One defect of one class.
#[derive(Debug, Clone)]
pub struct MroTrouble {
    /// The class.
    pub class: ClassId,
    /// The defect.
    pub kind: TroubleKind,
}

/// Kinds of defects inside an order.
#[derive(Debug, Clone)]
pub enum TroubleKind {
    /// CPython refuses to make the class.
    InconsistentMro(String),
    /// An override that cannot stand in for what it overrides.
    IncompatibleOverride {
        /// The overriding method.
        method: FunctionId,
        /// What it overrides.
        overridden: Provider,
        /// How they differ.
        comparison: Comparison,
    },
    /// Two unrelated bases provide one method, and the order picks the first.
    ShadowedMethod {
        /// Its name.
        name: Name,
        /// The one that is found.
        found: ClassId,
        /// The one that is hidden.
        hidden: ClassId,
    },
    /// Two traits of a Rust type have the method, and neither comes first: error E0034 where both are in scope.
    AmbiguousMethod {
        /// Its name.
        name: Name,
        /// What it may mean.
        candidates: Vec<Candidate>,
    },
    /// Abstract methods without an implementation in a class that does not look abstract.
    AbstractNotImplemented {
        /// The methods and the classes that demand them.
        missing: Vec<(Name, ClassId)>,
        /// How often the class is instantiated.
        instantiated: u32,
    },
    /// A method that does not call `super()`, so that the next provider never runs.
    SuperChainBroken {
        /// The method's name.
        name: Name,
        /// The one that does not pass the call on.
        stops_at: FunctionId,
        /// The class whose method is never reached.
        skipped: Vec<ClassId>,
    },
}

impl TroubleKind {
    /// The rule's id.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::InconsistentMro(_) => "inconsistent-mro",
            Self::IncompatibleOverride { .. } => "incompatible-override",
            Self::ShadowedMethod { .. } => "shadowed-method",
            Self::AmbiguousMethod { .. } => "ambiguous-method",
            Self::AbstractNotImplemented { .. } => "abstract-not-implemented",
            Self::SuperChainBroken { .. } => "super-chain-broken",
        }
    }
}

/// What provides a method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provider {
    /// A definition that was read.
    Source(ClassId, FunctionId),
    /// A class of the standard library.
    Library(ClassId),
}

impl Provider {
    /// The providing class.
    #[must_use]
    pub fn class(&self) -> ClassId {
        match self {
            Self::Source(class, _) | Self::Library(class) => *class,
        }
    }
}

/// Who provides `name` to instances of `class`, nearest first; the class itself included. A class whose
/// body binds the name to something else ends the line.
pub fn providers(index: &Index, class: ClassId, name: Name) -> impl Iterator<Item = Provider> {
    let line = index.class(class).mro.classes();
    let methods = line.map(move |ancestor| (ancestor, provider_in(index, ancestor, name)));
    methods
        .take_while(move |(ancestor, provider)| {
            provider.is_some()
                || !is_assigned(index, *ancestor, name) && generated(index, *ancestor, name).is_none()
        })
        .filter_map(|(_, provider)| provider)
}

fn provider_in(index: &Index, class: ClassId, name: Name) -> Option<Provider> {
    match index.class(class).origin {
        Origin::Source { .. } => method_of(index, class, name).map(|method| Provider::Source(class, method)),
        Origin::Library => index.library.has_member(class, name).then_some(Provider::Library(class)),
    }
}

/// Which class provides each method name to instances of `class`, by name. Members of `object` are left out. In Rust the
/// receiver of a method decides before the order does, and what a type derefs to gives no function without one.
#[must_use]
pub fn provided(index: &Index, class: ClassId) -> BTreeMap<Name, Provider> {
    let mut found = BTreeMap::new();
    let object = index.library.class("builtins.object");
    let mut hidden: FxHashSet<Name> = FxHashSet::default();
    let derefs_to = index.extensions.derefs_to(class);
    let mut is_behind_deref = false;
    for ancestor in index.class(class).mro.classes().filter(|id| Some(*id) != object) {
        is_behind_deref |= Some(ancestor) == derefs_to;
        match index.class(ancestor).origin {
            Origin::Source { .. } => {
                for &method in methods_of(index, ancestor) {
                    let fact = index.function(method);
                    let name = fact.name;
                    let is_reached = !is_behind_deref || fact.binding == BindingKind::Instance;
                    if is_reached && !hidden.contains(&name) {
                        found.entry(name).or_insert(Provider::Source(ancestor, method));
                    }
                }
                hidden.extend(attributes_of(index, ancestor));
                hidden.extend(generated_names(index, ancestor).iter().map(|name| Name::new(name)));
                // A class that defines `__eq__` alone has `__hash__ = None` (`object.__hash__` in the data model).
                let defines = |name: &str| method_of(index, ancestor, Name::new(name)).is_some();
                if defines("__eq__") && !defines("__hash__") {
                    hidden.insert(Name::new("__hash__"));
                }
            }
            Origin::Library => {
                let members = index.library.members(ancestor);
                let methods = members.iter().filter(|member| member.binding.is_some());
                for member in methods.filter(|member| !hidden.contains(&member.name)) {
                    found.entry(member.name).or_insert(Provider::Library(ancestor));
                }
            }
        }
    }
    for (name, meaning) in trait_methods::meanings(index, class) {
        if let Meaning::One(one, _) = meaning {
            found.insert(name, Provider::Source(one.provider(index, class), one.function));
        }
    }
    found
}

/// Names that the body of a class binds to something else than a method of its own: `close = None`.
fn attributes_of(index: &Index, class: ClassId) -> impl Iterator<Item = Name> {
    let source = index.source_of(class);
    let bindings = source.map_or(&[][..], |(file, fact)| index.file(file).facts.bindings_in(fact.body));
    bindings.iter().filter(|binding| is_attribute(binding)).map(|binding| binding.name)
}

fn is_attribute(binding: &Binding) -> bool {
    !matches!(binding.target, Bound::Function(_) | Bound::Deleted)
}

/// Checks every class of the tree.
#[must_use]
pub fn check_orders(index: &Index) -> Vec<MroTrouble> {
    let classes: Vec<ClassId> = index.tree_classes().collect();
    classes.into_par_iter().with_max_len(AT_A_TIME).flat_map_iter(|class| check_order(index, class)).collect()
}

/// Checks one class.
#[must_use]
pub fn check_order(index: &Index, class: ClassId) -> Vec<MroTrouble> {
    let mut kinds = Vec::new();
    if index.language_of(class) == Language::Rust {
        // The compiler holds blocks to their traits; what it leaves open is which method a call means.
        check_traits(index, class, &mut kinds);
        return kinds.into_iter().map(|kind| MroTrouble { class, kind }).collect();
    }
    if let Some(error) = &index.class(class).mro.error {
        kinds.push(TroubleKind::InconsistentMro(error.to_string()));
    }
    check_overrides(index, class, &mut kinds);
    if index.class(class).bases.len() > 1 {
        check_shadowing(index, class, &mut kinds);
        check_super_chains(index, class, &mut kinds);
    }
    abstracts::check_abstract(index, class, &mut kinds);
    kinds.into_iter().map(|kind| MroTrouble { class, kind }).collect()
}

fn check_traits(index: &Index, class: ClassId, kinds: &mut Vec<TroubleKind>) {
    for (name, candidates) in trait_methods::candidates(index, class) {
        match trait_methods::meaning(&candidates) {
            Some(Meaning::Ambiguous(several)) => {
                kinds.push(TroubleKind::AmbiguousMethod { name, candidates: several });
            }
            Some(Meaning::One(found, hidden)) => {
                let provider = |candidate: &Candidate| candidate.of_trait.unwrap_or(class);
                for hidden in found.others(&hidden) {
                    let (found, hidden) = (provider(&found), provider(hidden));
                    kinds.push(TroubleKind::ShadowedMethod { name, found, hidden });
                }
            }
            None => {}
        }
    }
}

/// Names whose signatures are no part of a type's contract (typing spec, "Assignability").
fn is_exempt(name: &str) -> bool {
    matches!(name, "__init__" | "__new__" | "__init_subclass__" | "__post_init__" | "__class_getitem__")
        || (name.starts_with("__") && !name.ends_with("__"))
}

fn check_overrides(index: &Index, class: ClassId, kinds: &mut Vec<TroubleKind>) {
    let has_parents = index.class(class).mro.classes().nth(2).is_some();
    if !has_parents {
        return;
    }
    for &method in methods_of(index, class) {
        let name = index.function(method).name;
        if is_exempt(name.as_str()) {
            continue;
        }
        let Some(overridden) = providers(index, class, name).nth(1) else { continue };
        // An unknown decorator may give either of them another signature.
        let is_wrapped = |method: FunctionId| index.function(method).traits.is_wrapped;
        let wrapped_base = match overridden {
            Provider::Source(_, base) => is_wrapped(base),
            Provider::Library(_) => false,
        };
        if is_wrapped(method) || wrapped_base {
            continue;
        }
        let Some(comparison) = compare_override(index, &overridden, method) else { continue };
        // On another branch it may fit.
        let may_fit = || {
            let others = alternatives_of(index, method).into_iter().skip(1);
            let mut others = others.filter_map(|other| compare_override(index, &overridden, other));
            others.any(|other| other.differences.is_empty())
        };
        if !comparison.differences.is_empty() && !may_fit() {
            kinds.push(TroubleKind::IncompatibleOverride { method, overridden, comparison });
        }
    }
}

/// What keeps a method from standing in for the one that it overrides; none where that cannot be told.
fn compare_override(index: &Index, overridden: &Provider, method: FunctionId) -> Option<Comparison> {
    let name = index.function(method).name;
    let is_special = name.as_str().starts_with("__");
    let mut comparison = match overridden {
        Provider::Source(_, expected) => signatures::compare(index, *expected, method),
        Provider::Library(provider) => {
            let member = index.library.member(*provider, name)?;
            let binding = member.binding?;
            if member.signature.is_empty() || is_special {
                return None;
            }
            signatures::compare_with_library(index, member.signature, binding, member.is_async, method)
        }
    };
    if is_special {
        // Nobody passes the arguments of special methods by name.
        comparison.differences.retain(|difference| difference.kind != DifferenceKind::ParameterName);
    }
    Some(comparison)
}

/// A name that two bases provide, neither of which inherits from the other.
fn check_shadowing(index: &Index, class: ClassId, kinds: &mut Vec<TroubleKind>) {
    let own: FxHashSet<Name> = methods_of(index, class).iter().map(|m| index.function(*m).name).collect();
    let order: Vec<ClassId> = index.class(class).mro.classes().skip(1).collect();
    let mut first: FxHashMap<Name, ClassId> = FxHashMap::default();
    for &ancestor in order.iter().filter(|ancestor| index.source_of(**ancestor).is_some()) {
        for &method in methods_of(index, ancestor) {
            let fact = index.function(method);
            let name = fact.name;
            if own.contains(&name) || name.as_str().starts_with("__") || fact.traits.is_abstract {
                continue;
            }
            let Some(&found) = first.get(&name) else {
                first.insert(name, ancestor);
                continue;
            };
            if is_assigned(index, class, name) {
                continue;
            }
            let passes_on = mentions_super(index, found, name);
            let is_inherited = index.class(found).mro.contains(ancestor);
            let is_new_here = !order.iter().any(|base| {
                let mro = &index.class(*base).mro;
                mro.contains(found) && mro.contains(ancestor)
            });
            let is_demand = index.class(ancestor).kind == ClassKind::Protocol;
            if !is_inherited && !passes_on && is_new_here && !is_demand {
                kinds.push(TroubleKind::ShadowedMethod { name, found, hidden: ancestor });
            }
        }
    }
}

/// Whether the body of a class binds a name to something else than a function: `close = Resource.close`.
fn is_assigned(index: &Index, class: ClassId, name: Name) -> bool {
    let Some((file, fact)) = index.source_of(class) else { return false };
    let alive = index.file(file).facts.last_alive(fact.body, name);
    alive.is_some_and(is_attribute)
}

/// `__init__` and every method that some class passes on with `super()` must be passed on by all.
fn check_super_chains(index: &Index, class: ClassId, kinds: &mut Vec<TroubleKind>) {
    let order: Vec<ClassId> = index.class(class).mro.classes().collect();
    let init = Name::new("__init__");
    let mut names: Vec<Name> = Vec::new();
    for &ancestor in order.iter().filter(|ancestor| index.source_of(**ancestor).is_some()) {
        let methods = methods_of(index, ancestor).iter().map(|method| index.function(*method));
        let told = methods.filter(|fact| fact.traits.calls_super || fact.name == init);
        names.extend(told.map(|fact| fact.name));
    }
    names.sort_unstable();
    names.dedup();
    for name in names {
        // `run = Other.run` in a body: what runs is not told by what stands there as a function.
        if order.iter().any(|ancestor| is_assigned(index, *ancestor, name)) {
            continue;
        }
        let chain: Vec<(ClassId, FunctionId)> = order
            .iter()
            .filter_map(|ancestor| Some((*ancestor, method_of(index, *ancestor, name)?)))
            .collect();
        let stop = chain.iter().position(|(class, _)| !mentions_super(index, *class, name));
        let Some(stop) = stop else { continue };
        let (stopper, stops_at) = chain[stop];
        let passes = &chain[..=stop];
        if passes.iter().any(|(class, _)| asks_beyond(index, *class)) {
            continue;
        }
        // Who stops the chain in the class itself, or for its own ancestors, may well mean it.
        if index.function(stops_at).traits.is_abstract || stopper == class {
            continue;
        }
        let mut skipped: Vec<ClassId> = chain[stop + 1..]
            .iter()
            .map(|(ancestor, _)| *ancestor)
            .filter(|ancestor| !index.class(stopper).mro.contains(*ancestor))
            .collect();
        if skipped.is_empty() {
            continue;
        }
        let called = called_explicitly(index, passes, name);
        skipped.retain(|ancestor| !called.contains(ancestor));
        let is_new_here = !index.class(class).bases.iter().any(|base| match base.resolution {
            crate::link::Resolution::Resolved(base) => {
                let mro = &index.class(base).mro;
                mro.contains(stopper) && skipped.iter().all(|skipped| mro.contains(*skipped))
            }
            crate::link::Resolution::External(_) | crate::link::Resolution::Unresolved(_) => false,
        });
        if !skipped.is_empty() && is_new_here {
            kinds.push(TroubleKind::SuperChainBroken { name, stops_at, skipped });
        }
    }
}

/// Whether a class asks `super(Other, self)` for something, which nobody follows.
fn asks_beyond(index: &Index, class: ClassId) -> bool {
    methods_of(index, class).iter().any(|method| index.function(*method).traits.asks_beyond)
}

/// Whether code of a class takes `name` from `super()`, in whatever method: `super().close()`, `super().close`
/// as a value, a helper that calls it, or a bare `super()` whose use is not followed.
fn mentions_super(index: &Index, class: ClassId, name: Name) -> bool {
    if asks_beyond(index, class) {
        return true;
    }
    let Some((file, fact)) = index.source_of(class) else { return false };
    let facts = &index.file(file).facts;
    let is_within = |at: u32| (fact.at..fact.end).contains(&at);
    facts.supers.iter().any(|chain| {
        let chain = &facts.chains[chain.index()];
        let attribute = facts.steps[chain.steps.range()].iter().find_map(|step| step.attribute());
        is_within(chain.at) && attribute.is_none_or(|attribute| attribute == name)
    })
}

/// The classes whose `name` is called in one of the methods that run, as by `Base.__init__(self)`.
fn called_explicitly(index: &Index, ran: &[(ClassId, FunctionId)], name: Name) -> Vec<ClassId> {
    let calls = ran.iter().flat_map(|(_, method)| calls_within(index, *method, name));
    calls.map(|call| call.receiver).collect()
}
