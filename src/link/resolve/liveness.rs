//! Whether a binding under a condition holds where it is looked at: known branches, `TYPE_CHECKING`, and
//! imports that may fail.

use super::{Entity, MAX_HOPS, Resolver, Target};
use crate::facts::{FileFacts, GuardId, GuardKind, ImportIdx, Imported};
use crate::link::{FileId, Unresolved};
use crate::text::Offset;

impl Resolver<'_> {
    /// Whether a binding under `guard` holds, seen from under `from`.
    pub(super) fn liveness(
        &self,
        file: FileId,
        guard: GuardId,
        at: Offset,
        from: GuardId,
        hops: u32,
    ) -> Life {
        let facts = self.facts(file);
        let mut life = Life::Certain;
        for (id, guard) in facts.guards_of(guard) {
            if facts.is_within(from, id) {
                // The place itself stands in this branch, so the branch is taken.
                break;
            }
            let here = match guard.kind {
                GuardKind::TypeChecking if self.is_typing.get() => Life::Certain,
                GuardKind::Runtime if self.is_typing.get() => Life::Dead,
                GuardKind::Always | GuardKind::Known(true) | GuardKind::Runtime => Life::Certain,
                GuardKind::Known(false) | GuardKind::Main => Life::Dead,
                GuardKind::TypeChecking => Life::Typing,
                GuardKind::Branch { .. }
                | GuardKind::Loop
                | GuardKind::Handler
                | GuardKind::Config { .. } => Life::Possible,
                GuardKind::TryBody { catches_import: false } => Life::Certain,
                GuardKind::TryBody { catches_import: true } => {
                    match self.outcome(file, guard.statement, hops) {
                        Outcome::Completes => Life::Certain,
                        Outcome::FailsAt(failure) if at < failure => Life::Certain,
                        Outcome::FailsAt(_) => Life::Dead,
                        Outcome::Unknown => Life::Possible,
                    }
                }
                GuardKind::ImportHandler => match self.outcome(file, guard.statement, hops) {
                    Outcome::Completes => Life::Dead,
                    Outcome::FailsAt(_) => Life::Certain,
                    Outcome::Unknown => Life::Possible,
                },
                GuardKind::TryElse => match self.outcome(file, guard.statement, hops) {
                    Outcome::Completes => Life::Certain,
                    Outcome::FailsAt(_) => Life::Dead,
                    Outcome::Unknown => Life::Possible,
                },
            };
            life = life.min(here);
        }
        life
    }

    /// How the body of a `try` that catches failed imports ends.
    fn outcome(&self, file: FileId, statement: Offset, hops: u32) -> Outcome {
        let facts = self.facts(file);
        let mut is_known = true;
        if hops > MAX_HOPS {
            return Outcome::Unknown;
        }
        for (position, import) in facts.imports.iter().enumerate() {
            let body = facts.guards_of(import.guard).find(|(_, guard)| {
                guard.statement == statement && matches!(guard.kind, GuardKind::TryBody { .. })
            });
            let Some((body, _)) = body else { continue };
            // Imports under a condition within the body may not run.
            let is_direct = import.guard == body;
            match self.exists(file, ImportIdx::at(position), hops + 1) {
                Existence::Yes => {}
                Existence::No if is_direct && is_known => return Outcome::FailsAt(import.at),
                Existence::No | Existence::Unknown => is_known = false,
            }
        }
        if is_known { Outcome::Completes } else { Outcome::Unknown }
    }

    /// Whether an import would succeed.
    fn exists(&self, file: FileId, import: ImportIdx, hops: u32) -> Existence {
        let fact = self.facts(file).imports[import.index()];
        let module = match self.import_module(file, &fact) {
            Target::Found(module) => module,
            Target::Library(module) => {
                return match fact.what {
                    Imported::Name(name) if !self.index.library.is_opaque(module) => {
                        let has = self.index.library.entry(module, name).is_some()
                            || self.library_submodule(module, name).is_some();
                        if has { Existence::Yes } else { Existence::No }
                    }
                    _ => Existence::Yes,
                };
            }
            Target::Missing(_) => return Existence::No,
            Target::Compiled(_) | Target::External(_) => return Existence::Unknown,
        };
        let Imported::Name(name) = fact.what else { return Existence::Yes };
        match self.member(module, name, hops) {
            Entity::Open(Unresolved::NotDefined(_)) => Existence::No,
            Entity::Open(
                Unresolved::MissingModule(_)
                | Unresolved::Compiled(_)
                | Unresolved::Circular(_)
                | Unresolved::StubOnly(_),
            )
            | Entity::External(_) => Existence::Unknown,
            _ => Existence::Yes,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Life {
    Dead,
    Typing,
    Possible,
    Certain,
}

enum Outcome {
    Completes,
    FailsAt(Offset),
    Unknown,
}

enum Existence {
    Yes,
    No,
    Unknown,
}

/// Notices when all branches of one statement have bound a name: what stood before it is gone then.
#[derive(Default)]
pub(super) struct Branches {
    statement: Option<Offset>,
    seen: Vec<u16>,
    last: Option<u16>,
}

impl Branches {
    pub(super) fn closes(&mut self, facts: &FileFacts, guard: GuardId) -> bool {
        let Some((_, guard)) = facts.guards_of(guard).next() else { return false };
        let GuardKind::Branch { ordinal, last } = guard.kind else { return false };
        if self.statement != Some(guard.statement) {
            *self = Self { statement: Some(guard.statement), seen: Vec::new(), last: None };
        }
        if !self.seen.contains(&ordinal) {
            self.seen.push(ordinal);
        }
        if last {
            self.last = Some(ordinal);
        }
        self.last.is_some_and(|last| self.seen.len() == usize::from(last) + 1)
    }
}
