//! What a merge takes: methods that move, those that clash, their state.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judge, Merge};
use crate::analysis::conflicts::{self, ConflictKind};
use crate::analysis::lexicon::Deed;
use crate::analysis::overrides::{Provider, provided, providers};
use crate::analysis::usage::method_references;
use crate::analysis::{protocols, signatures};
use crate::facts::actions::Subject;
use crate::facts::{FunctionFact, Name};
use crate::link::members::{is_internal, method_of, methods_of};
use crate::link::{ClassId, FunctionId};
use crate::source::Language;

impl Judge<'_> {
    pub(super) fn merge(&self, class: ClassId, canonical: ClassId) -> Merge {
        let index = self.index;
        let called: BTreeMap<Name, u32> = method_references(index, class)
            .into_iter()
            .map(|(name, uses)| (name, uses.iter().filter(|used| !used.is_own).count() as u32))
            .collect();
        let deed = |method: FunctionId| self.lexicon.deed(index.function(method).name.as_str());
        let theirs: Vec<(FunctionId, Option<Deed>)> = methods_of(index, canonical)
            .iter()
            .filter(|method| !is_internal(index, **method))
            .map(|method| (*method, deed(*method)))
            .collect();
        let mut merge = Merge::default();
        // What a base from elsewhere calls, nobody else need call.
        let has_strange_base = !self.strange_bases(class, canonical).is_empty();
        let provided_there = provided(index, canonical);
        let own_line = index.class(class).mro.classes().filter(|base| {
            index.is_in_tree(*base)
                && !index.class(canonical).mro.contains(*base)
                && !protocols::is_protocol_like(index, *base)
        });
        let mut seen: BTreeSet<Name> = BTreeSet::new();
        let mut offered: Vec<FunctionId> = Vec::new();
        for base in own_line {
            let public = methods_of(index, base).iter().filter(|method| !is_internal(index, **method));
            offered.extend(public.filter(|method| seen.insert(index.function(**method).name)));
        }
        self.compare_makers(class, canonical, &mut merge);
        for method in offered {
            let name = index.function(method).name;
            let there = match provided_there.get(&name) {
                Some(Provider::Source(_, own)) => Some(*own),
                Some(Provider::Library(_)) => continue,
                None => None,
            };
            if let Some(own) = there {
                let details = self.differences(canonical, class, name);
                if !details.is_empty() {
                    merge.clashes.push((own, method, details));
                }
                continue;
            }
            let same_job = deed(method).filter(|own| !own.objects.is_empty()).and_then(|own| {
                let twin = theirs.iter().find(|(_, deed)| {
                    deed.as_ref().is_some_and(|other| other.verb == own.verb && other.objects == own.objects)
                });
                twin.map(|(twin, _)| *twin)
            });
            match same_job {
                Some(twin) => merge.renamed.push((twin, method)),
                None if has_strange_base || called.get(&name).is_some_and(|count| *count > 0) => {
                    merge.moves.push(method);
                }
                None => merge.dropped.push(method),
            }
        }
        merge.state = self.state_of(&merge.moves);
        merge
    }

    /// A caller that makes one has to be able to make the other.
    fn compare_makers(&self, class: ClassId, canonical: ClassId, merge: &mut Merge) {
        let index = self.index;
        let maker = |class: ClassId| match index.language_of(class) {
            Language::Rust => method_of(index, class, Name::new("new")),
            Language::Python | Language::PythonStub => {
                let found = providers(index, class, Name::new("__init__")).next();
                found.and_then(|provider| match provider {
                    Provider::Source(_, method) => Some(method),
                    Provider::Library(_) => None,
                })
            }
        };
        let (own, theirs) = (maker(canonical), maker(class));
        let (Some(own), Some(theirs)) = (own, theirs) else {
            if let Some(theirs) = theirs
                && index.file(theirs.file).facts.parameters_of(index.function(theirs)).len() > 1
            {
                let what = vec!["the canonical one takes no arguments where it is made".to_owned()];
                merge.clashes.push((theirs, theirs, what));
            }
            return;
        };
        let differences = signatures::compare(index, theirs, own).differences;
        let told: Vec<String> = differences.iter().map(conflicts::describe).collect();
        if !told.is_empty() && own != theirs {
            merge.clashes.push((own, theirs, told));
        }
    }

    /// What differs between the canonical one's method and a member's of the same name.
    fn differences(&self, canonical: ClassId, class: ClassId, name: Name) -> Vec<String> {
        let is_pair = |kind: ConflictKind| {
            matches!(
                kind,
                ConflictKind::SignatureMismatch
                    | ConflictKind::ReturnType
                    | ConflictKind::AsyncMismatch
                    | ConflictKind::BindingMismatch
            )
        };
        let of_both = self.concept.conflicts.iter().filter(|conflict| {
            let holds = |class: ClassId| conflict.sides.iter().any(|side| side.class == class);
            is_pair(conflict.kind) && conflict.subject == name && holds(canonical) && holds(class)
        });
        of_both.flat_map(|conflict| conflict.details.clone()).collect()
    }

    /// Names of the state that some methods work on.
    fn state_of(&self, methods: &[FunctionId]) -> Vec<Name> {
        let index = self.index;
        let mut state: BTreeSet<Name> = BTreeSet::new();
        for method in methods {
            let facts = &index.file(method.file).facts;
            let fact: &FunctionFact = index.function(*method);
            let own = facts.actions[fact.actions.range()].iter();
            state.extend(own.filter(|action| action.on == Subject::State).map(|action| action.name));
        }
        state.retain(|name| !name.as_str().is_empty());
        state.into_iter().collect()
    }
}
