//! What is special about a step, and the step that comes of it: its files, its risk, its cost, who reviews it.

use std::collections::{BTreeMap, BTreeSet};

use super::Maker;
use crate::analysis::impact::{FileUse, Impact};
use crate::link::{ClassId, FileId};
use crate::plan::cost::{back_of, effort_of};
use crate::plan::criteria::Criterion;
use crate::plan::criteria::evaluate;
use crate::plan::risk::risk_of;
use crate::plan::{Phase, Step, Work};
use crate::source::{FileRole, Language};

/// Steps that touch more files than this are split by owner.
const MANY_FILES: usize = 8;

/// How many test files a step names for its verification.
const NAMED_TESTS: usize = 8;

/// What is special about a step.
pub(super) struct Draft {
    pub(super) work: Work,
    pub(super) phase: Phase,
    pub(super) title: String,
    pub(super) target: Option<ClassId>,
    pub(super) depends_on: Vec<String>,
    pub(super) details: Vec<String>,
    pub(super) criteria: Vec<Criterion>,
    pub(super) clashes: usize,
    pub(super) moves: usize,
    /// Whether the references to the type change, or its definition alone.
    pub(super) touches_users: bool,
    pub(super) gate: Option<String>,
}

impl Draft {
    pub(super) fn new(work: Work, phase: Phase, title: String) -> Self {
        Self {
            work,
            phase,
            title,
            target: None,
            depends_on: Vec::new(),
            details: Vec::new(),
            criteria: Vec::new(),
            clashes: 0,
            moves: 0,
            touches_users: false,
            gate: None,
        }
    }
}

impl Maker<'_, '_> {
    /// Adds a step, and answers its id.
    pub(super) fn add(&mut self, impact: &Impact, draft: Draft) -> String {
        let ground = self.ground;
        let index = ground.index;
        let class = impact.class;
        let id = self.free_id(draft.work, class);
        let mut files: Vec<FileUse> = Vec::new();
        if let Some((file, fact)) = index.source_of(class) {
            files.push(FileUse { file, role: index.role_at(file, fact.body), references: 0 });
        }
        if let Some((file, fact)) = draft.target.and_then(|target| index.source_of(target))
            && matches!(draft.work, Work::Extend)
        {
            files.insert(0, FileUse { file, role: index.role_at(file, fact.body), references: 0 });
        }
        if draft.touches_users {
            for used in &impact.uses {
                match files.iter_mut().find(|known| known.file == used.file && known.role == used.role) {
                    Some(known) => known.references += used.references,
                    None => files.push(*used),
                }
            }
        }
        let mut seen = BTreeSet::new();
        files.retain(|used| seen.insert((used.file, used.role as usize)));
        let risk = risk_of(index, class, &files, ground.tested, draft.clashes, draft.moves);
        let references: u32 = files.iter().map(|used| used.references).sum();
        let is_done = draft.criteria.iter().all(|criterion| evaluate(index, criterion).open == 0);
        let effort = match is_done && !draft.criteria.is_empty() {
            true => 0.0,
            false => effort_of(references, files.len(), draft.moves, draft.clashes),
        };
        let shards = if files.len() > MANY_FILES { self.shards_of(&files) } else { Vec::new() };
        let step = Step {
            id: id.clone(),
            concept: ground.concept.id.clone(),
            phase: draft.phase,
            work: draft.work,
            title: draft.title,
            subject: self.id(class),
            target: draft.target.map(|target| self.id(target)),
            reasons: impact.reasons.clone(),
            details: draft.details,
            verify: self.verify_of(&files, impact),
            files,
            depends_on: draft.depends_on,
            risk,
            effort,
            criteria: draft.criteria,
            back: back_of(draft.work),
            gate: draft.gate,
            shards,
        };
        self.steps.push(step);
        id
    }

    fn shards_of(&self, files: &[FileUse]) -> Vec<(String, Vec<FileId>)> {
        let mut by_owner: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        for used in files {
            let owner = (self.ground.owners)(self.ground.index.file(used.file).display.as_str());
            let own = by_owner.entry(owner).or_default();
            if !own.contains(&used.file) {
                own.push(used.file);
            }
        }
        by_owner.into_iter().collect()
    }

    /// The tests that use the type, the gate, and the plan itself.
    fn verify_of(&self, files: &[FileUse], impact: &Impact) -> Vec<String> {
        let index = self.ground.index;
        let mut tests: Vec<&str> = impact
            .uses
            .iter()
            .filter(|used| used.role == FileRole::Test)
            .map(|used| index.file(used.file).display.as_str())
            .collect();
        tests.dedup();
        let is_rust = files.first().is_some_and(|used| index.file(used.file).language == Language::Rust);
        let mut commands = Vec::new();
        match (is_rust, tests.as_slice()) {
            (true, _) => commands.push("cargo test --workspace".to_owned()),
            (false, []) => commands.push("python -m pytest".to_owned()),
            (false, some) if some.len() > NAMED_TESTS => commands.push("python -m pytest".to_owned()),
            (false, some) => commands.push(format!("python -m pytest {}", some.join(" "))),
        }
        commands.push("ssot check".to_owned());
        commands.push(format!("ssot plan --concept {} --status", self.ground.concept.id));
        commands
    }
}
