//! What becomes of each member of a concept on the way to one implementation: one action, with its reasons.

use std::collections::{BTreeMap, BTreeSet};

use super::concepts::{Concept, Member, Reason, Role};
use super::conflicts::ConflictKind;
use super::lexicon::{Deed, Lexicon};
use super::usage::{Mentions, method_references, outside_references};
use crate::facts::actions::Subject;
use crate::facts::{FunctionFact, Name};
use crate::link::members::{is_internal, method_of, methods_of};
use crate::link::references::{Reference, ReferenceKind};
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::FileRole;

/// What becomes of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes: nothing that runs uses it, and the canonical one has what it offers.
    Remove,
    /// It goes, but is kept somewhere: nothing that runs uses it, and it offers what nothing else does.
    Archive,
    /// It stays under a name that does not claim the concept.
    Rename(String),
    /// The canonical one takes over what is used of it.
    Merge(Merge),
    /// Its name stays for a while and means the canonical one.
    ReplaceByAlias,
    /// It stays on top of the canonical one.
    KeepAsService,
    /// Nothing, and why.
    Nothing(&'static str),
}

impl Action {
    /// The words used in every output.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Remove => "remove",
            Self::Archive => "archive",
            Self::Rename(_) => "rename",
            Self::Merge(_) => "merge into canonical",
            Self::ReplaceByAlias => "replace by alias",
            Self::KeepAsService => "keep as application service",
            Self::Nothing(_) => "nothing",
        }
    }
}

/// What a merge takes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Merge {
    /// Public methods that the canonical one has not, under whatever name, and that are called.
    pub moves: Vec<FunctionId>,
    /// The same, never called outside: they need not come along.
    pub dropped: Vec<FunctionId>,
    /// Methods that the canonical one has under the same name and otherwise: its own, the member's, what differs.
    pub clashes: Vec<(FunctionId, FunctionId, Vec<String>)>,
    /// Methods that the canonical one has under another name: its own, the member's.
    pub renamed: Vec<(FunctionId, FunctionId)>,
    /// State that the moved methods keep things in.
    pub state: Vec<Name>,
}

/// References to a member in one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileUse {
    /// The file.
    pub file: FileId,
    /// Its role.
    pub role: FileRole,
    /// References in it, calls of methods included.
    pub references: u32,
}

/// What becomes of one member, and why.
#[derive(Debug, Clone)]
pub struct Impact {
    /// The member.
    pub class: ClassId,
    /// Its role.
    pub role: Role,
    /// What becomes of it.
    pub action: Action,
    /// Why.
    pub reasons: Vec<Reason>,
    /// Who uses it, by file.
    pub uses: Vec<FileUse>,
    /// Documents that name it.
    pub mentions: usize,
    /// Lines of its definition.
    pub lines: u32,
}

impl Impact {
    /// References in files of one role.
    #[must_use]
    pub fn references(&self, role: FileRole) -> u32 {
        self.uses.iter().filter(|used| used.role == role).map(|used| used.references).sum()
    }
}

/// Decides on every member of a concept, in the order of the members.
#[must_use]
pub fn decide(index: &Index, lexicon: &Lexicon, mentions: &Mentions, concept: &Concept) -> Vec<Impact> {
    let measure = measure_of(index, concept);
    let judge = Judge { index, lexicon, mentions, concept, measure };
    concept.members.iter().map(|member| judge.decide(member)).collect()
}

/// The protocol that the others are held to: the declared one, else the one that most production code uses.
#[must_use]
pub fn measure_of(index: &Index, concept: &Concept) -> Option<ClassId> {
    if let Some(declared) = concept.protocol {
        return Some(declared);
    }
    let protocols = concept.members.iter().filter(|member| member.role == Role::Protocol);
    let best = protocols.max_by_key(|member| {
        let used = member.usage.in_role(FileRole::Production);
        (used, methods_of(index, member.class).len(), std::cmp::Reverse(index.class(member.class).id))
    });
    best.map(|member| member.class)
}

struct Judge<'a> {
    index: &'a Index,
    lexicon: &'a Lexicon,
    mentions: &'a Mentions,
    concept: &'a Concept,
    measure: Option<ClassId>,
}

impl Judge<'_> {
    fn decide(&self, member: &Member) -> Impact {
        let index = self.index;
        let class = member.class;
        let uses = uses_of(index, class);
        let mentions = self.mentions.of(index.class(class).name).len();
        let mut reasons: Vec<Reason> = member.reasons.iter().take(2).cloned().collect();
        let mut impact = Impact {
            class,
            role: member.role,
            action: Action::Nothing(""),
            reasons: Vec::new(),
            uses,
            mentions,
            lines: index.lines_of(class),
        };
        let running = running_uses(index, class);
        reasons.extend(self.usage_reasons(&impact, running));
        impact.action = match member.role {
            Role::Canonical => Action::Nothing("it is the canonical implementation"),
            Role::TestDouble => Action::Nothing("it stands in for the canonical one in tests"),
            Role::ApplicationService => Action::KeepAsService,
            Role::Shim => {
                if impact.uses.is_empty() {
                    Action::Remove
                } else {
                    Action::Nothing("it stands for the canonical one until its users have moved")
                }
            }
            Role::DifferentDomain => self.rename(class, &mut reasons),
            Role::Protocol => self.protocol(class, &impact, &mut reasons),
            Role::Duplicate | Role::Complementary => self.implementation(class, running, &mut reasons),
        };
        impact.reasons = reasons;
        impact
    }

    fn usage_reasons(&self, impact: &Impact, running: u32) -> Vec<Reason> {
        let place = self.index.source_of(impact.class).map(|(file, fact)| (file, fact.name_at));
        let by_role: Vec<String> = FileRole::ALL
            .into_iter()
            .filter(|role| impact.references(*role) > 0)
            .map(|role| format!("{} in {}", impact.references(role), role.as_str()))
            .collect();
        let told = if by_role.is_empty() { "none".to_owned() } else { by_role.join(", ") };
        let mut reasons = vec![Reason { statement: format!("references: {told}"), place }];
        let production = impact.references(FileRole::Production);
        if production > 0 && running == 0 {
            let statement = format!("all {production} in production only pass its name on");
            reasons.push(Reason { statement, place });
        }
        if impact.mentions > 0 {
            reasons.push(Reason { statement: format!("{} mentions in documents", impact.mentions), place });
        }
        reasons
    }

    /// A name without the words that make it look like the concept.
    fn rename(&self, class: ClassId, reasons: &mut Vec<Reason>) -> Action {
        let index = self.index;
        let (Some(canonical), Some((file, fact))) = (self.concept.canonical, index.source_of(class)) else {
            return Action::Nothing("it is another thing");
        };
        let (own, other) = (index.class(class).name.as_str(), index.class(canonical).name.as_str());
        let claimed = words(other);
        let kept: Vec<&str> =
            words(own).into_iter().filter(|word| !claimed.contains(word) || *word == last(own)).collect();
        let new = kept.concat();
        let is_taken = index.tree_classes().any(|class| index.class(class).name.as_str() == new);
        if new == own || kept.len() < 2 || is_taken {
            return Action::Nothing("it is another thing, and its name says so");
        }
        let place = Some((file, fact.name_at));
        let shared: Vec<&str> = words(own).into_iter().filter(|word| claimed.contains(word)).collect();
        let statement = format!("`{}` in its name promises what it does not do", shared.concat());
        reasons.push(Reason { statement, place });
        Action::Rename(new)
    }

    fn protocol(&self, class: ClassId, impact: &Impact, reasons: &mut Vec<Reason>) -> Action {
        let index = self.index;
        if self.measure == Some(class) {
            return Action::Nothing("it becomes the target protocol");
        }
        let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        if impact.uses.is_empty() {
            reasons.push(Reason { statement: "nobody asks for it".to_owned(), place });
            return Action::Remove;
        }
        if let Some(measure) = self.measure {
            let statement = format!("`{}` is the target protocol", index.class(measure).id);
            reasons.push(Reason { statement, place });
        }
        Action::ReplaceByAlias
    }

    fn implementation(&self, class: ClassId, running: u32, reasons: &mut Vec<Reason>) -> Action {
        let index = self.index;
        let Some(canonical) = self.concept.canonical else {
            return Action::Nothing("no canonical implementation is known");
        };
        let merge = self.merge(class, canonical);
        let place = index.source_of(class).map(|(file, fact)| (file, fact.name_at));
        let own = merge.moves.len() + merge.dropped.len();
        if running == 0 {
            if own == 0 {
                let statement = "the canonical one has all that it offers".to_owned();
                reasons.push(Reason { statement, place });
                return Action::Remove;
            }
            let names: Vec<&str> = merge
                .moves
                .iter()
                .chain(&merge.dropped)
                .take(4)
                .map(|method| index.function(*method).name.as_str())
                .collect();
            let more =
                if own > names.len() { format!(" and {} more", own - names.len()) } else { String::new() };
            let statement = format!("nothing else has its `{}`{more}", names.join("`, `"));
            reasons.push(Reason { statement, place });
            return Action::Archive;
        }
        let figure = format!(
            "of its public methods {} move, {} clash, {} have another name there, {} are never called",
            merge.moves.len(),
            merge.clashes.len(),
            merge.renamed.len(),
            merge.dropped.len()
        );
        reasons.push(Reason { statement: figure, place });
        if merge.moves.is_empty() && merge.clashes.is_empty() && merge.renamed.is_empty() {
            return Action::ReplaceByAlias;
        }
        Action::Merge(merge)
    }

    fn merge(&self, class: ClassId, canonical: ClassId) -> Merge {
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
        for &method in methods_of(index, class).iter().filter(|method| !is_internal(index, **method)) {
            let name = index.function(method).name;
            if let Some(own) = method_of(index, canonical, name) {
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
                None if called.get(&name).is_some_and(|count| *count > 0) => merge.moves.push(method),
                None => merge.dropped.push(method),
            }
        }
        merge.state = self.state_of(&merge.moves);
        merge
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

/// Whether a reference makes code depend on what it names, and does not only pass the name on.
#[must_use]
pub fn is_running(reference: &Reference) -> bool {
    match reference.kind {
        ReferenceKind::Import | ReferenceKind::Export => false,
        ReferenceKind::Instantiate
        | ReferenceKind::Call
        | ReferenceKind::Annotation
        | ReferenceKind::Base
        | ReferenceKind::InstanceTest
        | ReferenceKind::Attribute
        | ReferenceKind::Value
        | ReferenceKind::Decorator
        | ReferenceKind::Bound
        | ReferenceKind::String => true,
    }
}

/// References in production code that run, or say what is needed to run.
fn running_uses(index: &Index, class: ClassId) -> u32 {
    let in_production = |file: FileId, scope| index.role_at(file, scope) == FileRole::Production;
    let direct = outside_references(index, class)
        .filter(|reference| is_running(reference) && in_production(reference.file, reference.scope))
        .count();
    let calls = index
        .references
        .on_receiver(class)
        .iter()
        .filter(|used| !used.is_own && in_production(used.file, used.scope))
        .count();
    (direct + calls) as u32
}

/// Who uses a class, file by file.
#[must_use]
pub fn uses_of(index: &Index, class: ClassId) -> Vec<FileUse> {
    let direct = outside_references(index, class).map(|reference| (reference.file, reference.scope));
    let calls = index.references.on_receiver(class).iter().filter(|used| !used.is_own);
    let calls = calls.map(|used| (used.file, used.scope));
    let mut counts: BTreeMap<(FileId, usize), (FileRole, u32)> = BTreeMap::new();
    for (file, scope) in direct.chain(calls) {
        let role = index.role_at(file, scope);
        counts.entry((file, role as usize)).or_insert((role, 0)).1 += 1;
    }
    counts.into_iter().map(|((file, _), (role, references))| FileUse { file, role, references }).collect()
}

/// The words of a name as they are written: `WebSocketManager` has `Web`, `Socket`, `Manager`.
fn words(name: &str) -> Vec<&str> {
    let mut starts: Vec<usize> = vec![0];
    let bytes = name.as_bytes();
    for at in 1..bytes.len() {
        let is_start = bytes[at].is_ascii_uppercase()
            && (!bytes[at - 1].is_ascii_uppercase() || bytes.get(at + 1).is_some_and(u8::is_ascii_lowercase));
        if is_start && name.is_char_boundary(at) {
            starts.push(at);
        }
    }
    starts.push(name.len());
    starts.windows(2).map(|pair| &name[pair[0]..pair[1]]).filter(|word| !word.is_empty()).collect()
}

fn last(name: &str) -> &str {
    words(name).last().copied().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fall_into_their_words() {
        assert_eq!(words("WebSocketHTTPManager"), ["Web", "Socket", "HTTP", "Manager"]);
        assert_eq!(words("hub"), ["hub"]);
        assert_eq!(words(""), Vec::<&str>::new());
        assert_eq!(last("DashboardConfigManager"), "Manager");
    }
}
