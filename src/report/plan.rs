//! The answer of `ssot plan`: what becomes of each member, the steps, when they can take place, and what is open.

mod status;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use self::status::status_of;
pub use self::status::{SavedPlan, StatusReport, StepStatus, status};

use super::concepts::ReasonReport;
use super::{Place, path_of, place};
use crate::analysis::Analysis;
use crate::analysis::concepts::Concept;
use crate::analysis::impact::{Action, FileUse, Impact};
use crate::analysis::lexicon::Lexicon;
use crate::link::Index;
use crate::plan::criteria::{Criterion, State, evaluate};
use crate::plan::schedule::{Schedule, WEEK, schedule};
use crate::plan::{Phase, Plan, Step, folder_of, plan};
use crate::source::FileRole;

/// A plan.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlanReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// What becomes of each member.
    pub impacts: Vec<ImpactReport>,
    /// In an order in which they can be done.
    pub steps: Vec<StepReport>,
    /// When it can be over.
    pub schedule: ScheduleReport,
    /// What each owner has to review.
    pub owners: Vec<OwnerReport>,
    /// What is true when all is done.
    pub success: Vec<SuccessReport>,
}

/// What becomes of a member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ImpactReport {
    /// The concept's id.
    pub concept: String,
    /// The member.
    pub r#type: &'static str,
    /// Its role.
    pub role: &'static str,
    /// `remove`, `archive`, `rename`, `merge into canonical`, `replace by alias`, `keep as application service` or `nothing`.
    pub action: &'static str,
    /// The new name, or why nothing becomes of it.
    pub detail: Option<String>,
    /// Why.
    pub reasons: Vec<ReasonReport>,
    /// References by file role.
    pub references: BTreeMap<&'static str, u32>,
    /// Mentions in documents.
    pub mentions: usize,
    /// Lines of its definition.
    pub lines: u32,
    /// Where it is defined.
    pub place: Option<Place>,
}

/// A step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepReport {
    /// Unique in the plan.
    pub id: String,
    /// The concept's id.
    pub concept: String,
    /// 1 to 5.
    pub phase: usize,
    /// What the phase is for.
    pub phase_title: &'static str,
    /// `remove`, `archive`, `rename`, `extend`, `alias`, `move-callers`, `conform` or `separate`.
    pub work: &'static str,
    /// In one sentence.
    pub title: String,
    /// The type that it is about.
    pub subject: String,
    /// What it leads to.
    pub target: Option<String>,
    /// Why.
    pub reasons: Vec<ReasonReport>,
    /// What moves, what clashes.
    pub details: Vec<String>,
    /// The files that change.
    pub files: Vec<FileUseReport>,
    /// Steps that come before.
    pub depends_on: Vec<String>,
    /// Steps with the same number need nothing of each other.
    pub wave: usize,
    /// What may break.
    pub risk: RiskReport,
    /// Days of one person.
    pub effort_days: f64,
    /// First day, counted from 0.
    pub start_day: f64,
    /// The day behind the last one.
    pub end_day: f64,
    /// Whether the plan gets longer when it does.
    pub is_critical: bool,
    /// Commands that say whether it worked.
    pub verify: Vec<String>,
    /// What is true afterwards, and how far it is now.
    pub criteria: Vec<CriterionReport>,
    /// How to go back.
    pub back: &'static str,
    /// An entry for `ssot.toml` that keeps it from coming undone.
    pub gate: Option<String>,
    /// The files by owner, where they are many.
    pub shards: Vec<ShardReport>,
    /// `done` or `open`.
    pub status: &'static str,
}

/// References in a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FileUseReport {
    /// The file.
    pub path: &'static str,
    /// Its role.
    pub role: &'static str,
    /// References that change.
    pub references: u32,
}

/// What may break.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RiskReport {
    /// `low`, `medium` or `high`.
    pub level: &'static str,
    /// The sum of the factors, in hundredths.
    pub score_percent: u32,
    /// What it is made of.
    pub factors: Vec<FactorReport>,
}

/// One thing that may break.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FactorReport {
    /// What it counts.
    pub name: &'static str,
    /// How many.
    pub value: u32,
    /// Its part of the score, in hundredths.
    pub weight_percent: u32,
}

/// A criterion and how far it is.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CriterionReport {
    /// The criterion.
    #[serde(flatten)]
    pub criterion: Criterion,
    /// How far it is.
    pub state: State,
}

/// A part of a step for one owner.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ShardReport {
    /// The owner.
    pub owner: String,
    /// The files.
    pub files: Vec<&'static str>,
}

/// When the plan can be over.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ScheduleReport {
    /// How many people work on it.
    pub capacity: usize,
    /// Days until everything is done.
    pub days: f64,
    /// The same in weeks of five days, begun ones counted whole.
    pub weeks: u32,
    /// Days of one person, in all.
    pub effort_days: f64,
    /// Days of the longest chain: no number of people is faster.
    pub shortest_days: f64,
    /// The steps of that chain.
    pub critical_path: Vec<String>,
    /// Weeks that were given, and whether it fits.
    pub wanted_weeks: Option<u32>,
}

/// What an owner has to review.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OwnerReport {
    /// The owner.
    pub owner: String,
    /// Files in all steps.
    pub files: usize,
    /// The steps.
    pub steps: Vec<String>,
}

/// Something that is true when all is done.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SuccessReport {
    /// The concept's id.
    pub concept: String,
    /// What.
    pub name: &'static str,
    /// How far it is.
    pub state: State,
}

/// Who reviews what, and how fast it is to go.
pub struct Terms<'a> {
    /// Whom a file belongs to.
    pub owners: crate::plan::Owners<'a>,
    /// How many people work on it.
    pub capacity: usize,
    /// Weeks that there are.
    pub weeks: Option<u32>,
}

/// The plan as the whole report has it: one person, files by their folders.
pub(super) fn of_report(index: &Index, analysis: &Analysis, lexicon: &Lexicon) -> PlanReport {
    let concepts: Vec<&Concept> = analysis.concepts.iter().collect();
    let plan = plan(index, analysis, &concepts, lexicon, &folder_of);
    let schedule = schedule(&plan.steps, 1);
    build(index, &plan, &schedule, &Terms { owners: &folder_of, capacity: 1, weeks: None })
}

/// Reports a plan.
#[must_use]
pub fn build(index: &Index, plan: &Plan, schedule: &Schedule, terms: &Terms<'_>) -> PlanReport {
    let effort: f64 = plan.steps.iter().map(|step| step.effort).sum();
    let impacts = plan.impacts.iter().flat_map(|(concept, impacts)| {
        impacts.iter().map(move |impact| impact_report(index, concept, impact))
    });
    let steps = plan.steps.iter().enumerate().map(|(at, step)| step_report(index, step, schedule, at));
    let success = plan.success.iter().flat_map(|(concept, all)| {
        all.iter().map(move |one| SuccessReport {
            concept: concept.clone(),
            name: one.name,
            state: one.state.clone(),
        })
    });
    PlanReport {
        schema: super::SCHEMA,
        impacts: impacts.collect(),
        steps: steps.collect(),
        schedule: ScheduleReport {
            capacity: terms.capacity,
            days: schedule.length,
            weeks: (schedule.length / WEEK).ceil() as u32,
            effort_days: effort,
            shortest_days: schedule.shortest,
            critical_path: schedule.critical.clone(),
            wanted_weeks: terms.weeks,
        },
        owners: owners(index, plan, terms.owners),
        success: success.collect(),
    }
}

fn owners(index: &Index, plan: &Plan, owners: crate::plan::Owners<'_>) -> Vec<OwnerReport> {
    let mut found: BTreeMap<String, (std::collections::BTreeSet<&str>, Vec<String>)> = BTreeMap::new();
    for step in &plan.steps {
        for used in &step.files {
            let path = path_of(index, used.file);
            let (files, steps) = found.entry(owners(path)).or_default();
            files.insert(path);
            if steps.last() != Some(&step.id) {
                steps.push(step.id.clone());
            }
        }
    }
    found
        .into_iter()
        .map(|(owner, (files, steps))| OwnerReport { owner, files: files.len(), steps })
        .collect()
}

fn impact_report(index: &Index, concept: &str, impact: &Impact) -> ImpactReport {
    let detail = match &impact.action {
        Action::Rename(name) => Some(format!("to {name}")),
        Action::Nothing(why) => Some((*why).to_owned()),
        Action::Merge(merge) => Some(format!(
            "{} methods move, {} clash, {} have another name there",
            merge.moves.len(),
            merge.clashes.len(),
            merge.renamed.len()
        )),
        Action::Remove | Action::Archive | Action::ReplaceByAlias | Action::KeepAsService => None,
    };
    let references = FileRole::ALL
        .into_iter()
        .map(|role| (role.as_str(), impact.references(role)))
        .filter(|(_, count)| *count > 0);
    ImpactReport {
        concept: concept.to_owned(),
        r#type: index.class(impact.class).id.as_str(),
        role: impact.role.as_str(),
        action: impact.action.as_str(),
        detail,
        reasons: impact.reasons.iter().map(|reason| super::concepts::reason_report(index, reason)).collect(),
        references: references.collect(),
        mentions: impact.mentions,
        lines: impact.lines,
        place: index.source_of(impact.class).map(|(file, fact)| place(index, file, fact.name_at)),
    }
}

fn step_report(index: &Index, step: &Step, schedule: &Schedule, at: usize) -> StepReport {
    let criteria: Vec<CriterionReport> = step
        .criteria
        .iter()
        .map(|criterion| CriterionReport { criterion: criterion.clone(), state: evaluate(index, criterion) })
        .collect();
    let percent = |value: f64| (value * 100.0).round() as u32;
    let factors = step.risk.factors.iter().map(|factor| FactorReport {
        name: factor.name,
        value: factor.value,
        weight_percent: percent(factor.weight),
    });
    let file = |used: &FileUse| FileUseReport {
        path: path_of(index, used.file),
        role: used.role.as_str(),
        references: used.references,
    };
    let (start_day, end_day) = schedule.days.get(at).copied().unwrap_or_default();
    StepReport {
        id: step.id.clone(),
        concept: step.concept.clone(),
        phase: step.phase.number(),
        phase_title: step.phase.as_str(),
        work: step.work.as_str(),
        title: step.title.clone(),
        subject: step.subject.clone(),
        target: step.target.clone(),
        reasons: step.reasons.iter().map(|reason| super::concepts::reason_report(index, reason)).collect(),
        details: step.details.clone(),
        files: step.files.iter().map(file).collect(),
        depends_on: step.depends_on.clone(),
        wave: schedule.waves.get(at).copied().unwrap_or_default(),
        risk: RiskReport {
            level: step.risk.level.as_str(),
            score_percent: percent(step.risk.score),
            factors: factors.collect(),
        },
        effort_days: step.effort,
        start_day,
        end_day,
        is_critical: schedule.critical.contains(&step.id),
        verify: step.verify.clone(),
        status: status_of(criteria.iter().map(|criterion| &criterion.state)),
        criteria,
        back: step.back,
        gate: step.gate.clone(),
        shards: step
            .shards
            .iter()
            .map(|(owner, files)| ShardReport {
                owner: owner.clone(),
                files: files.iter().map(|file| path_of(index, *file)).collect(),
            })
            .collect(),
    }
}

/// The phases that have steps, with their titles.
pub fn phases(report: &PlanReport) -> impl Iterator<Item = (usize, &'static str)> + '_ {
    let used = |phase: &Phase| report.steps.iter().any(|step| step.phase == phase.number());
    Phase::ALL.into_iter().filter(used).map(|phase| (phase.number(), phase.as_str()))
}
