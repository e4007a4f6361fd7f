//! What a subclass of the canonical implementation is to it: another name, a part of the job, or the job done another way.

use std::collections::BTreeSet;

use super::evidence::Judge;
use super::{Reason, Role};
use crate::analysis::overrides::providers;
use crate::analysis::protocols;
use crate::facts::Name;
use crate::link::members::{holder_of, is_internal, is_special, methods_of, set_in_body};
use crate::link::mro::MroEntry;
use crate::link::{ClassId, FunctionId, Origin};
use crate::source::Language;

/// A subclass that replaces this share of the canonical one's public methods does the job its own way.
const REPLACED_SHARE: f64 = 0.6;

/// What a subclass has that its base has not, in numbers of names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Brought {
    /// Public names of the base that mean something else.
    replaced: usize,
    /// Public methods of the base that are called as well.
    extended: usize,
    /// Public methods of its own that the base does not have.
    added: usize,
    /// What it sets, and internal methods of the base that it replaces.
    settings: usize,
    /// Other bases that bring something, or may.
    strangers: Vec<&'static str>,
}

impl Judge<'_> {
    /// The role of a subclass, by what it brings.
    pub(super) fn subclass_role(&self, class: ClassId, canonical: ClassId) -> (Role, Vec<Reason>) {
        let index = self.index;
        let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let base = index.class(canonical).name;
        let kin = match index.language_of(class) {
            Language::Rust => "derefs to",
            Language::Python | Language::PythonStub => "subclass of",
        };
        let of_base: Vec<FunctionId> = methods_of(index, canonical)
            .iter()
            .copied()
            .filter(|method| !is_internal(index, *method))
            .collect();
        let brought = self.brought(class, canonical);
        if brought == Brought::default() && methods_of(index, class).is_empty() {
            let statement = format!("{kin} {base} that defines no method of its own");
            return (Role::Shim, vec![Reason { statement, place }]);
        }
        let Brought { replaced, extended, added, settings, strangers } = brought;
        let share = replaced as f64 / of_base.len().max(1) as f64;
        let figure = format!(
            "{kin} {base}: replaces {replaced} of its {} public methods, extends {extended}, adds {added}",
            of_base.len(),
        );
        let mut reasons = vec![Reason { statement: figure, place }];
        if settings > 0 {
            let statement = format!("other members that it sets or replaces: {settings}");
            reasons.push(Reason { statement, place });
        }
        if !strangers.is_empty() {
            let statement = format!("has of `{}` what {base} has not", strangers.join("`, `"));
            reasons.push(Reason { statement, place });
        }
        let is_little = added == 0 && (replaced + extended) * 2 < of_base.len().max(1);
        let role = match () {
            () if share >= REPLACED_SHARE => Role::Duplicate,
            () if is_little && replaced + settings == 0 && strangers.is_empty() => Role::Shim,
            // The canonical one, put to another use: who asks for it gets something else.
            () if is_little => Role::ApplicationService,
            () => Role::Complementary,
        };
        (role, reasons)
    }

    /// What a subclass of the canonical one has that is not the canonical one's: in its own body, and of its other bases.
    fn brought(&self, class: ClassId, canonical: ClassId) -> Brought {
        let index = self.index;
        let base = &index.class(canonical).mro;
        let mut brought = Brought::default();
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        let mut is_behind = false;
        let is_method = |name: Name| providers(index, canonical, name).next().is_some();
        for entry in &index.class(class).mro.entries {
            let ancestor = match entry {
                MroEntry::Class(ancestor) => *ancestor,
                MroEntry::Unknown(name) => {
                    if !base.entries.contains(entry) && index.language_of(class) != Language::Rust {
                        brought.strangers.push(name.as_str());
                    }
                    continue;
                }
            };
            is_behind |= ancestor == canonical;
            if index.language_of(class) == Language::Rust && ancestor != class {
                continue;
            }
            let id = index.class(ancestor).id.as_str();
            let is_neutral = matches!(id, "abc.ABC" | "typing.Generic" | "typing.Protocol");
            if is_neutral || base.contains(ancestor) || protocols::is_protocol_like(index, ancestor) {
                continue;
            }
            let before = brought.clone();
            let mut brings = false;
            let methods = methods_of(index, ancestor)
                .iter()
                .map(|method| (index.function(*method).name, Some(*method)));
            let set = set_in_body(index, ancestor).map(|name| (name, None));
            for (name, method) in methods.chain(set) {
                let is_there = holder_of(index, canonical, name).is_some();
                if !seen.insert(name) || is_there && is_behind || is_special(name) {
                    continue;
                }
                let is_private =
                    method.map_or(name.as_str().starts_with('_'), |method| is_internal(index, method));
                let calls_super = method.is_some_and(|method| index.function(method).traits.calls_super);
                match (is_there, is_private) {
                    (true, true) => brought.settings += 1,
                    (true, false) if calls_super => brought.extended += 1,
                    (true, false) if method.is_some() || is_method(name) => brought.replaced += 1,
                    (false, true) => {}
                    (false, false) if ancestor != class => brings = true,
                    (false, false) if method.is_some() => brought.added += 1,
                    (true | false, false) => brought.settings += 1,
                }
            }
            if ancestor != class && (brings || brought != before)
                || index.class(ancestor).origin == Origin::Library
            {
                brought.strangers.push(index.class(ancestor).name.as_str());
            }
        }
        brought
    }
}
