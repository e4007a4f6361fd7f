//! What becomes of each member → steps, with what each needs.

mod drafting;

use rustc_hash::FxHashSet;

use self::drafting::Draft;
use super::criteria::Criterion;
use super::{Owners, Phase, Step, Work};
use crate::analysis::concepts::{Concept, Role};
use crate::analysis::impact::{Action, Impact, Merge, measure_of};
use crate::analysis::lexicon::Lexicon;
use crate::analysis::synthesis::synthesise;
use crate::facts::names::kebab;
use crate::link::members::method_of;
use crate::link::{ClassId, FileId, FunctionId, Index};

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
    // Bases before what inherits from them.
    let mut in_order: Vec<&Impact> = impacts.iter().collect();
    in_order.sort_by_key(|impact| ground.index.class(impact.class).mro.classes().count());
    for impact in in_order {
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

    /// A name for a step; members of one simple name get a number.
    fn free_id(&self, work: Work, class: ClassId) -> String {
        let stem = format!("{}-{}", work.as_str(), kebab(self.name(class)));
        let is_taken = |id: &str| self.steps.iter().any(|step| step.id == id);
        if !is_taken(&stem) {
            return stem;
        }
        let mut number = 2;
        while is_taken(&format!("{stem}-{number}")) {
            number += 1;
        }
        format!("{stem}-{number}")
    }

    /// What a member is called in a title: by its whole id where another one has its simple name.
    fn shown(&self, class: ClassId) -> String {
        let members = &self.ground.concept.members;
        let namesakes = members.iter().filter(|member| self.name(member.class) == self.name(class)).count();
        if namesakes > 1 { self.id(class) } else { self.name(class).to_owned() }
    }

    /// Phase 1: what goes at once, and what gets another name.
    fn clear(&mut self, impact: &Impact) {
        let class = impact.class;
        let name = self.shown(class);
        match &impact.action {
            // A shim that is used goes when its users have moved.
            Action::Remove if impact.role == Role::Shim && !impact.uses.is_empty() => {}
            Action::Remove => {
                let mut draft = Draft::new(
                    Work::Remove,
                    phase_of_removal(impact),
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
                    phase_of_removal(impact),
                    format!("Take `{name}` out of the tree; a tag or a branch keeps it"),
                );
                draft.criteria = vec![self.gone(class)];
                draft.touches_users = true;
                draft.gate = Some(self.never_again(class));
                self.add(impact, draft);
            }
            Action::Rename(new) => {
                let old = self.id(class);
                let renamed = match old.rfind(self.name(class)) {
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
        let (name, target) = (self.shown(class), self.shown(canonical));
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
            Action::ReplaceByAlias
            | Action::Remove
            | Action::Archive
            | Action::Rename(_)
            | Action::KeepAsService
            | Action::Nothing(_) => return,
        };
        let mut alias = Draft::new(
            Work::Alias,
            Phase::Integration,
            format!("Put an alias in the place of `{name}`: its calls lead to `{target}`"),
        );
        alias.target = Some(canonical);
        // What inherits from another member cannot become an alias before that one has.
        let parents = self.steps.iter().filter(|step| step.work == Work::Alias);
        let parents = parents.filter(|step| self.inherits(class, &step.subject)).map(|step| step.id.clone());
        before.extend(parents.collect::<Vec<_>>());
        alias.depends_on = before;
        alias.criteria = vec![Criterion::IsAlias { r#type: self.id(class) }];
        if let Action::Merge(merge) = &impact.action {
            alias.details = self.renamed_lines(merge);
            alias.details.extend(self.dropped_line(merge).filter(|_| merge.moves.is_empty()));
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

    /// Whether a class inherits from the one with this id.
    fn inherits(&self, class: ClassId, id: &str) -> bool {
        let index = self.ground.index;
        index.class(class).mro.classes().skip(1).any(|base| index.class(base).id.as_str() == id)
    }

    fn extend(&mut self, impact: &Impact, merge: &Merge, canonical: ClassId) -> String {
        let index = self.ground.index;
        let (name, target) = (self.shown(impact.class), self.shown(canonical));
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
        draft.details.extend(self.dropped_line(merge));
        draft.target = Some(canonical);
        draft.criteria = vec![Criterion::HasMethods { r#type: self.id(canonical), methods: names }];
        draft.moves = merge.moves.len();
        draft.clashes = merge.clashes.len();
        self.add(impact, draft)
    }

    /// What need not come along, as far as calls could be resolved.
    fn dropped_line(&self, merge: &Merge) -> Option<String> {
        let name = |method: &FunctionId| self.ground.index.function(*method).name.as_str();
        let names: Vec<&str> = merge.dropped.iter().map(name).collect();
        (!names.is_empty()).then(|| {
            format!(
                "no call of `{}` was resolved: look for callers that only a run would show, else they need not come along",
                names.join("`, `")
            )
        })
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
        let callers = self
            .steps
            .iter()
            .find(|step| step.work == Work::MoveCallers && step.subject == self.id(class))
            .map(|step| step.id.clone());
        let mut before = Vec::new();
        if impact.role == Role::Shim && impact.action == Action::Remove && !impact.uses.is_empty() {
            let mut draft = Draft::new(
                Work::MoveCallers,
                Phase::Integration,
                format!("Move the callers of `{}` to what it stands for", self.shown(class)),
            );
            draft.target = self.ground.concept.canonical;
            draft.criteria = vec![Criterion::Unused { r#type: self.id(class) }];
            draft.touches_users = true;
            before.push(self.add(impact, draft));
        } else if let Some(callers) = callers {
            before.push(callers);
        } else {
            return;
        }
        let mut draft =
            Draft::new(Work::Remove, Phase::Shims, format!("Remove the old name `{}`", self.shown(class)));
        draft.depends_on = before;
        draft.criteria = vec![self.gone(class)];
        draft.gate = Some(self.never_again(class));
        self.add(impact, draft);
    }

    /// An entry of the configuration that reports the type when it comes back.
    fn never_again(&self, class: ClassId) -> String {
        format!(
            "[[shim]]\ntype = {:?}\nuntil = 2000-01-01 # any day that has passed\nreason = \"part of {} once; it must not come back\"\n",
            self.id(class),
            self.ground.concept.id
        )
    }
}

/// What a package offers to others goes last: code outside of the tree may use it, and has to be told.
fn phase_of_removal(impact: &Impact) -> Phase {
    if impact.is_offered { Phase::Shims } else { Phase::Clearing }
}

fn counted(count: usize, what: &str) -> String {
    match count {
        1 => format!("1 {what}"),
        more if what.ends_with('h') => format!("{more} {what}es"),
        more => format!("{more} {what}s"),
    }
}
