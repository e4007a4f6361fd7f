//! What becomes of each member of a concept on the way to one implementation: one action, with its reasons.

mod merging;

use std::collections::BTreeMap;

use super::concepts::{Concept, Member, Reason, Role};
use super::lexicon::{Lexicon, written_words};
use super::protocols;
use super::usage::{Mentions, outside_references};
use crate::facts::Name;
use crate::link::members::{methods_of, set_in_body};
use crate::link::references::{Reference, ReferenceKind};
use crate::link::{ClassId, FileId, FunctionId, Index, Resolution};
use crate::source::FileRole;

/// What becomes of a member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It goes: the canonical one has what it offers, and nothing that runs uses it, or only until its users have moved.
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
    /// Whether a package offers its name to others: `__init__` or `__all__` passes it on.
    pub is_offered: bool,
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
            is_offered: is_offered(index, class),
            uses,
            mentions,
            lines: index.lines_of(class),
        };
        let running = running_uses(index, class);
        reasons.extend(self.usage_reasons(&impact, running));
        impact.action = match member.role {
            Role::Duplicate | Role::Complementary if !member.is_named => {
                Action::Nothing("it is alike, and nobody named it: put it into `members` or `exclude` first")
            }
            Role::Canonical => Action::Nothing("it is the canonical implementation"),
            Role::TestDouble => Action::Nothing("it stands in for the canonical one in tests"),
            Role::ApplicationService => Action::KeepAsService,
            Role::Shim => {
                let makes_itself = methods_of(index, class).iter().any(|method| {
                    let fact = index.function(*method);
                    matches!(fact.name.as_str(), "__init__" | "__new__") && !fact.traits.is_stub
                });
                if makes_itself {
                    Action::Nothing("it adapts how the canonical one is made, and inherits the rest")
                } else {
                    Action::Remove
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
        if impact.is_offered {
            let statement = "a package passes its name on: code outside of this tree may use it".to_owned();
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
        let (all, claimed) = (written_words(own), written_words(other));
        let last = all.last().copied();
        let is_kept = |word: &&str| !claimed.contains(word) || Some(*word) == last;
        let kept: Vec<&str> = all.iter().copied().filter(is_kept).collect();
        let new = kept.concat();
        let is_taken = index.tree_classes().any(|class| index.class(class).name.as_str() == new);
        if new == own || kept.len() < 2 || is_taken {
            return Action::Nothing("it is another thing, and its name says so");
        }
        let place = Some((file, fact.name_at));
        let shared: Vec<&str> = all.into_iter().filter(|word| claimed.contains(word)).collect();
        let statement = format!("`{}` in its name promises what it does not do", shared.concat());
        reasons.push(Reason { statement, place });
        Action::Rename(new)
    }

    fn protocol(&self, class: ClassId, impact: &Impact, reasons: &mut Vec<Reason>) -> Action {
        let index = self.index;
        if self.measure == Some(class) {
            return Action::Nothing("it becomes the target protocol");
        }
        if self.concept.canonical.is_some_and(|canonical| index.class(canonical).mro.contains(class)) {
            return Action::Nothing("the canonical one inherits from it");
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
                let statement = "the canonical one has methods of all its names".to_owned();
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
            let statement = format!("the canonical one has no `{}`{more}", names.join("`, `"));
            reasons.push(Reason { statement, place });
            return Action::Archive;
        }
        let figure = format!(
            "of its public methods {} move, {} clash, {} have another name there, of {} no call was resolved",
            merge.moves.len(),
            merge.clashes.len(),
            merge.renamed.len(),
            merge.dropped.len()
        );
        reasons.push(Reason { statement: figure, place });
        let strangers = self.strange_bases(class, canonical);
        if !strangers.is_empty() {
            let statement =
                format!("it inherits from `{}`, and the canonical one does not", strangers.join("`, `"));
            reasons.push(Reason { statement, place });
        }
        let mut set: Vec<&str> = set_in_body(index, class).map(Name::as_str).collect();
        set.sort_unstable();
        set.dedup();
        if !set.is_empty() {
            let statement = format!("its body sets `{}`", set.join("`, `"));
            reasons.push(Reason { statement, place });
        }
        let is_empty = set.is_empty()
            && merge.moves.is_empty()
            && merge.dropped.is_empty()
            && merge.clashes.is_empty()
            && merge.renamed.is_empty();
        if is_empty && strangers.is_empty() {
            return Action::ReplaceByAlias;
        }
        Action::Merge(merge)
    }

    /// Bases whose code, or whose callers, expect more of a class than its own methods say; those that the canonical one has
    /// too, and those of protocols and of `abc`, are left out.
    fn strange_bases(&self, class: ClassId, canonical: ClassId) -> Vec<&'static str> {
        let index = self.index;
        let theirs: Vec<&str> = index.class(canonical).bases.iter().map(|base| base.text.as_str()).collect();
        let bases = index.class(class).bases.iter().filter(|base| match &base.resolution {
            Resolution::Resolved(base) => {
                let id = index.class(*base).id.as_str();
                let is_neutral =
                    matches!(id, "builtins.object" | "abc.ABC" | "typing.Generic" | "typing.Protocol");
                !is_neutral
                    && !protocols::is_protocol_like(index, *base)
                    && !index.class(canonical).mro.contains(*base)
            }
            Resolution::External(_) | Resolution::Unresolved(_) => !theirs.contains(&base.text.as_str()),
        });
        bases.map(|base| base.text.as_str()).collect()
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

/// References in production code that run, or say what is needed to run; those within the class itself are left out.
#[must_use]
pub fn running_uses(index: &Index, class: ClassId) -> u32 {
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

/// Whether a package passes the name of a class on to whoever imports the package.
fn is_offered(index: &Index, class: ClassId) -> bool {
    let own = index.source_of(class).map(|(file, _)| file);
    outside_references(index, class).any(|reference| {
        let file = index.file(reference.file);
        let path = file.display.as_str();
        let is_package = path.ends_with("__init__.py") || path.ends_with("__init__.pyi");
        let passes_on =
            reference.kind == ReferenceKind::Export || reference.kind == ReferenceKind::Import && is_package;
        passes_on && Some(reference.file) != own && file.role == FileRole::Production
    })
}
