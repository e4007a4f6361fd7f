//! What becomes of each member → steps, with what each needs.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::cost::{back_of, effort_of};
use super::criteria::Criterion;
use super::risk::risk_of;
use super::{Owners, Phase, Step, Work};
use crate::analysis::concepts::{Concept, Role};
use crate::analysis::impact::{Action, FileUse, Impact, Merge, measure_of};
use crate::analysis::lexicon::Lexicon;
use crate::analysis::synthesis::synthesise;
use crate::link::members::method_of;
use crate::link::{ClassId, FileId, FunctionId, Index};
use crate::source::{FileRole, Language};

/// Steps that touch more files than this are split by owner.
const MANY_FILES: usize = 8;

/// How many test files a step names for its verification.
const NAMED_TESTS: usize = 8;

/// What steps are made from.
pub(super) struct Ground<'a> {
    pub(super) index: &'a Index,
    pub(super) lexicon: &'a Lexicon,
    pub(super) concept: &'a Concept,
    /// Production files that some test imports.
    pub(super) tested: &'a FxHashSet<FileId>,
    pub(super) owners: Owners<'a>,
}

/// The steps of one concept.
pub(super) fn steps_of(ground: &Ground<'_>, impacts: &[Impact]) -> Vec<Step> {
    let mut maker = Maker { ground, steps: Vec::new(), extended: Vec::new(), conform: None };
    for impact in impacts {
        maker.clear(impact);
    }
    for impact in impacts {
        maker.integrate(impact);
    }
    maker.unify(impacts);
    for impact in impacts {
        maker.separate(impact);
    }
    for impact in impacts {
        maker.remove_shim(impact);
    }
    maker.steps
}

struct Maker<'a, 'g> {
    ground: &'a Ground<'g>,
    steps: Vec<Step>,
    /// Ids of the steps that add to the canonical implementation.
    extended: Vec<String>,
    /// The step after which the canonical implementation conforms to the protocol.
    conform: Option<String>,
}

/// What is special about a step.
struct Draft {
    work: Work,
    phase: Phase,
    title: String,
    target: Option<ClassId>,
    depends_on: Vec<String>,
    details: Vec<String>,
    criteria: Vec<Criterion>,
    clashes: usize,
    moves: usize,
    /// Whether the references to the type change, or its definition alone.
    touches_users: bool,
    gate: Option<String>,
}

impl Draft {
    fn new(work: Work, phase: Phase, title: String) -> Self {
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
    fn id(&self, class: ClassId) -> String {
        self.ground.index.class(class).id.as_str().to_owned()
    }

    fn name(&self, class: ClassId) -> &'static str {
        self.ground.index.class(class).name.as_str()
    }

    fn gone(&self, class: ClassId) -> Criterion {
        Criterion::Gone { r#type: self.id(class) }
    }

    fn step_id(&self, work: Work, class: ClassId) -> String {
        format!("{}-{}", work.as_str(), kebab(self.name(class)))
    }

    /// Adds a step, and answers its id.
    fn add(&mut self, impact: &Impact, draft: Draft) -> String {
        let ground = self.ground;
        let index = ground.index;
        let class = impact.class;
        let id = self.step_id(draft.work, class);
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
        let effort = effort_of(references, files.len(), draft.moves, draft.clashes);
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
            let owner = (self.ground.owners)(&self.ground.index.file(used.file).display);
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

    /// Phase 1: what goes at once, and what gets another name.
    fn clear(&mut self, impact: &Impact) {
        let class = impact.class;
        let name = self.name(class);
        match &impact.action {
            Action::Remove => {
                let mut draft = Draft::new(
                    Work::Remove,
                    Phase::Clearing,
                    format!("Remove `{name}` with what is left of its references"),
                );
                draft.criteria = vec![self.gone(class)];
                draft.touches_users = true;
                draft.gate = Some(self.never_again(class));
                self.add(impact, draft);
            }
            Action::Archive => {
                let mut draft = Draft::new(
                    Work::Archive,
                    Phase::Clearing,
                    format!("Take `{name}` out of the tree; a tag or a branch keeps it"),
                );
                draft.criteria = vec![self.gone(class)];
                draft.touches_users = true;
                draft.gate = Some(self.never_again(class));
                self.add(impact, draft);
            }
            Action::Rename(new) => {
                let old = self.id(class);
                let renamed = match old.rfind(name) {
                    Some(at) => format!("{}{new}", &old[..at]),
                    None => new.clone(),
                };
                let mut draft =
                    Draft::new(Work::Rename, Phase::Clearing, format!("Rename `{name}` to `{new}`"));
                draft.criteria = vec![self.gone(class), Criterion::Exists { r#type: renamed }];
                draft.touches_users = true;
                self.add(impact, draft);
            }
            Action::Merge(_) | Action::ReplaceByAlias | Action::KeepAsService | Action::Nothing(_) => {}
        }
    }

    /// Phase 2: the canonical one takes over, an alias stands in, callers move.
    fn integrate(&mut self, impact: &Impact) {
        let Some(canonical) = self.ground.concept.canonical else { return };
        let class = impact.class;
        let (name, target) = (self.name(class), self.name(canonical));
        let mut before = Vec::new();
        let clashes = match &impact.action {
            Action::Merge(merge) => {
                if !merge.moves.is_empty() || !merge.clashes.is_empty() {
                    let id = self.extend(impact, merge, canonical);
                    self.extended.push(id.clone());
                    before.push(id);
                }
                merge.clashes.len() + merge.renamed.len()
            }
            Action::ReplaceByAlias if impact.role != Role::Protocol => 0,
            _ => return,
        };
        let mut alias = Draft::new(
            Work::Alias,
            Phase::Integration,
            format!("Put an alias in the place of `{name}`: its calls lead to `{target}`"),
        );
        alias.target = Some(canonical);
        alias.depends_on = before;
        alias.criteria = vec![Criterion::IsAlias { r#type: self.id(class) }];
        if let Action::Merge(merge) = &impact.action {
            alias.details = self.renamed_lines(merge);
        }
        let alias = self.add(impact, alias);
        let mut callers = Draft::new(
            Work::MoveCallers,
            Phase::Integration,
            format!("Move the callers of `{name}` to `{target}`"),
        );
        callers.target = Some(canonical);
        callers.depends_on = vec![alias];
        callers.criteria = vec![Criterion::Unused { r#type: self.id(class) }];
        callers.touches_users = true;
        callers.clashes = clashes;
        self.add(impact, callers);
    }

    fn extend(&mut self, impact: &Impact, merge: &Merge, canonical: ClassId) -> String {
        let index = self.ground.index;
        let (name, target) = (self.name(impact.class), self.name(canonical));
        let method_name = |method: &FunctionId| index.function(*method).name.as_str().to_owned();
        let names: Vec<String> = merge.moves.iter().map(method_name).collect();
        let mut draft = Draft::new(
            Work::Extend,
            Phase::Integration,
            format!(
                "Let `{target}` do what only `{name}` does: {}, {}",
                counted(names.len(), "method"),
                counted(merge.clashes.len(), "clash")
            ),
        );
        let place = |method: &FunctionId| {
            let line = index.position(method.file, index.function(*method).name_at).line;
            format!("{}:{line}", index.file(method.file).display)
        };
        draft.details = merge
            .moves
            .iter()
            .map(|method| format!("`{}` moves ({})", method_name(method), place(method)))
            .collect();
        for (own, theirs, what) in &merge.clashes {
            draft.details.push(format!(
                "`{}` clashes ({} and {}): {}",
                method_name(own),
                place(own),
                place(theirs),
                what.join("; ")
            ));
        }
        if !merge.state.is_empty() {
            let state: Vec<&str> = merge.state.iter().map(|name| name.as_str()).collect();
            draft.details.push(format!("their state comes along: `{}`", state.join("`, `")));
        }
        if !merge.dropped.is_empty() {
            let dropped: Vec<String> = merge.dropped.iter().map(method_name).collect();
            draft.details.push(format!("nobody calls `{}`: they need not come along", dropped.join("`, `")));
        }
        draft.target = Some(canonical);
        draft.criteria = vec![Criterion::HasMethods { r#type: self.id(canonical), methods: names }];
        draft.moves = merge.moves.len();
        draft.clashes = merge.clashes.len();
        self.add(impact, draft)
    }

    fn renamed_lines(&self, merge: &Merge) -> Vec<String> {
        let index = self.ground.index;
        let name = |method: FunctionId| index.function(method).name;
        let renamed = merge.renamed.iter();
        renamed.map(|(own, theirs)| format!("`{}` leads to `{}`", name(*theirs), name(*own))).collect()
    }

    /// Phase 3: one protocol, which the canonical one conforms to; the others become aliases of it.
    fn unify(&mut self, impacts: &[Impact]) {
        let ground = self.ground;
        let index = ground.index;
        let (Some(canonical), Some(measure)) = (ground.concept.canonical, measure_of(index, ground.concept))
        else {
            return;
        };
        let Some(own) = impacts.iter().find(|impact| impact.class == measure) else { return };
        let target = synthesise(index, ground.lexicon, ground.concept);
        let missing: Vec<String> = target
            .members
            .iter()
            .filter(|member| !member.declared_by.is_empty() || member.production_calls > 0)
            .filter(|member| method_of(index, measure, member.name).is_none())
            .map(|member| member.name.as_str().to_owned())
            .collect();
        let name = self.name(measure);
        let mut before = self.extended.clone();
        if !missing.is_empty() {
            let mut draft = Draft::new(
                Work::Extend,
                Phase::Protocol,
                format!("Complete `{name}`: `ssot protocol` writes what it lacks"),
            );
            draft.depends_on.clone_from(&self.extended);
            draft.details = vec![format!("it lacks `{}`", missing.join("`, `"))];
            draft.moves = missing.len();
            draft.criteria = vec![Criterion::HasMethods { r#type: self.id(measure), methods: missing }];
            before.push(self.add(own, draft));
        }
        let Some(implementation) = impacts.iter().find(|impact| impact.class == canonical) else { return };
        let mut draft = Draft::new(
            Work::Conform,
            Phase::Protocol,
            format!("Make `{}` conform to `{name}`", self.name(canonical)),
        );
        draft.target = Some(measure);
        draft.depends_on = before;
        draft.criteria = vec![Criterion::Conforms { r#type: self.id(canonical), protocol: self.id(measure) }];
        draft.gate = Some(format!(
            "[[conform]]\ntype = {:?}\nprotocol = {:?}\n",
            self.id(canonical),
            self.id(measure)
        ));
        let conform = self.add(implementation, draft);
        self.conform = Some(conform.clone());
        let others = impacts
            .iter()
            .filter(|impact| impact.role == Role::Protocol && impact.action == Action::ReplaceByAlias);
        for impact in others {
            let mut draft = Draft::new(
                Work::MoveCallers,
                Phase::Protocol,
                format!("Lead what asks for `{}` to `{}`", self.id(impact.class), self.id(measure)),
            );
            draft.target = Some(measure);
            draft.depends_on = vec![conform.clone()];
            draft.criteria = vec![Criterion::Unused { r#type: self.id(impact.class) }];
            draft.touches_users = true;
            self.add(impact, draft);
        }
    }

    /// Phase 4: services know the protocol alone.
    fn separate(&mut self, impact: &Impact) {
        let (Some(canonical), Some(conform)) = (self.ground.concept.canonical, self.conform.clone()) else {
            return;
        };
        if impact.action != Action::KeepAsService {
            return;
        }
        let mut draft = Draft::new(
            Work::Separate,
            Phase::Separation,
            format!("Let `{}` know the protocol alone", self.name(impact.class)),
        );
        draft.target = measure_of(self.ground.index, self.ground.concept);
        draft.depends_on = vec![conform];
        draft.criteria = vec![Criterion::Apart { r#type: self.id(impact.class), from: self.id(canonical) }];
        self.add(impact, draft);
    }

    /// Phase 5: old names go when nobody is left.
    fn remove_shim(&mut self, impact: &Impact) {
        let class = impact.class;
        let callers = self.step_id(Work::MoveCallers, class);
        let mut before = Vec::new();
        if impact.role == Role::Shim && impact.action != Action::Remove && !impact.uses.is_empty() {
            let mut draft = Draft::new(
                Work::MoveCallers,
                Phase::Integration,
                format!("Move the callers of `{}` to what it stands for", self.name(class)),
            );
            draft.target = self.ground.concept.canonical;
            draft.criteria = vec![Criterion::Unused { r#type: self.id(class) }];
            draft.touches_users = true;
            before.push(self.add(impact, draft));
        } else if self.steps.iter().any(|step| step.id == callers && step.subject == self.id(class)) {
            before.push(callers);
        } else {
            return;
        }
        let mut draft =
            Draft::new(Work::Remove, Phase::Shims, format!("Remove the old name `{}`", self.name(class)));
        draft.depends_on = before;
        draft.criteria = vec![self.gone(class)];
        draft.touches_users = true;
        draft.gate = Some(self.never_again(class));
        self.add(impact, draft);
    }

    /// An entry of the configuration that reports the type when it comes back.
    fn never_again(&self, class: ClassId) -> String {
        format!(
            "[[shim]]\ntype = {:?}\nuntil = 2000-01-01 # the day on which it went\nreason = \"part of {} once; it must not come back\"\n",
            self.id(class),
            self.ground.concept.id
        )
    }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        more if what.ends_with('h') => format!("{more} {what}es"),
        more => format!("{more} {what}s"),
    }
}

/// `WebSocketManager` → `web-socket-manager`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    let mut before = '_';
    for character in name.chars() {
        if character.is_uppercase() && before.is_lowercase() {
            out.push('-');
        }
        if character.is_alphanumeric() {
            out.extend(character.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('-') {
            out.push('-');
        }
        before = character;
    }
    out.trim_matches('-').to_owned()
}
