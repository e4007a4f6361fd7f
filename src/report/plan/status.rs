//! The answer of `ssot plan --status`: what became of each step of today's plan, or of one that was saved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{PlanReport, StepReport};
use crate::link::Index;
use crate::plan::criteria::{Criterion, State, evaluate};

/// A plan as it was saved: what is needed to say what became of it.
#[derive(Debug, Deserialize)]
pub struct SavedPlan {
    /// The version of the format.
    pub schema: String,
    /// Its steps.
    pub steps: Vec<SavedStep>,
    /// How far it was then.
    #[serde(default)]
    pub success: Vec<SavedSuccess>,
}

/// A step as it was saved.
#[derive(Debug, Deserialize)]
pub struct SavedStep {
    /// Its id.
    pub id: String,
    /// In one sentence.
    pub title: String,
    /// The type that it was about.
    pub subject: String,
    /// The concept's id.
    pub concept: String,
    /// What it does.
    pub work: String,
    /// What was to be true.
    pub criteria: Vec<SavedCriterion>,
}

/// A criterion as it was saved.
#[derive(Debug, Deserialize)]
pub struct SavedCriterion {
    /// The criterion.
    #[serde(flatten)]
    pub criterion: Criterion,
}

/// A success criterion as it was saved.
#[derive(Debug, Deserialize)]
pub struct SavedSuccess {
    /// The concept's id.
    pub concept: String,
    /// What.
    pub name: String,
    /// How far it was.
    pub state: State,
}

/// The answer of `ssot plan --status`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StatusReport {
    /// Always [`crate::report::SCHEMA`].
    pub schema: &'static str,
    /// The steps of the saved plan, or of today's.
    pub steps: Vec<StepStatus>,
    /// Steps of today's plan that the saved one does not have.
    pub new_steps: Vec<StepStatus>,
    /// What is true when all is done, then and now.
    pub success: Vec<SuccessStatus>,
}

/// What became of a step.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StepStatus {
    /// Its id.
    pub id: String,
    /// In one sentence.
    pub title: String,
    /// `done`, `open`, or `overtaken`: not done, and today's plan has it no longer.
    pub status: &'static str,
    /// How far each criterion is.
    pub criteria: Vec<State>,
}

/// How far something is, then and now.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SuccessStatus {
    /// The concept's id.
    pub concept: String,
    /// What.
    pub name: String,
    /// How much was open when the plan was saved.
    pub before: Option<u32>,
    /// How far it is now.
    pub now: State,
}

/// What became of a saved plan, or how far today's is.
#[must_use]
pub fn status(index: &Index, today: &PlanReport, saved: Option<&SavedPlan>) -> StatusReport {
    let steps = match saved {
        None => today.steps.iter().map(step_status).collect(),
        Some(saved) => saved.steps.iter().map(|step| saved_status(index, today, step)).collect(),
    };
    let new_steps = saved.map_or_else(Vec::new, |saved| {
        let is_new = |step: &&StepReport| {
            !saved.steps.iter().any(|old| old.subject == step.subject && old.work == step.work)
        };
        today.steps.iter().filter(is_new).map(step_status).collect()
    });
    let success = today.success.iter().map(|now| {
        let before = saved.and_then(|saved| {
            saved.success.iter().find(|then| then.concept == now.concept && then.name == now.name)
        });
        SuccessStatus {
            concept: now.concept.clone(),
            name: now.name.to_owned(),
            before: before.map(|then| then.state.open),
            now: now.state.clone(),
        }
    });
    StatusReport { schema: crate::report::SCHEMA, steps, new_steps, success: success.collect() }
}

fn step_status(step: &StepReport) -> StepStatus {
    StepStatus {
        id: step.id.clone(),
        title: step.title.clone(),
        status: step.status,
        criteria: step.criteria.iter().map(|criterion| criterion.state.clone()).collect(),
    }
}

fn saved_status(index: &Index, today: &PlanReport, step: &SavedStep) -> StepStatus {
    let criteria: Vec<State> = step.criteria.iter().map(|saved| evaluate(index, &saved.criterion)).collect();
    let is_planned = today.steps.iter().any(|now| now.subject == step.subject && now.work == step.work);
    let status = match status_of(criteria.iter()) {
        "done" => "done",
        _ if is_planned => "open",
        _ => "overtaken",
    };
    StepStatus { id: step.id.clone(), title: step.title.clone(), status, criteria }
}

pub(super) fn status_of<'a>(mut states: impl Iterator<Item = &'a State>) -> &'static str {
    if states.all(|state| state.open == 0) { "done" } else { "open" }
}
