//! The plan as a page, and what became of one.

use crate::render::document::Document;
use crate::render::findings::counted;
use crate::render::plan_text::{steps_drawing, steps_timeline};
use crate::report::plan::{PlanReport, StatusReport, StepReport, phases};

/// How many files of a step are listed.
const FILES: usize = 12;

/// The whole plan.
#[must_use]
pub fn plan_page(report: &PlanReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "Plan");
    if let Some(wanted) = report.schedule.wanted_weeks.filter(|_| !report.steps.is_empty()) {
        page.text(match report.schedule.weeks <= wanted {
            true => format!("It fits into {}.", counted(wanted as usize, "week")),
            false => format!(
                "It does not fit into {}: more people, or fewer steps.",
                counted(wanted as usize, "week")
            ),
        });
    }
    page.heading(2, "What becomes of each member");
    write_impacts(&mut page, report);
    page.heading(2, "Steps");
    write_steps(&mut page, report);
    for (number, title) in phases(report) {
        page.heading(2, format!("Phase {number}: {title}"));
        for step in report.steps.iter().filter(|step| step.phase == number) {
            step_section(&mut page, step);
        }
    }
    if report.owners.len() > 1 {
        page.heading(2, "Owners");
        let rows = report.owners.iter();
        let rows =
            rows.map(|owner| vec![owner.owner.clone(), owner.files.to_string(), owner.steps.join(", ")]);
        page.table(&["owner", "files", "steps"], rows);
    }
    page.heading(2, "When it is done");
    write_success(&mut page, report);
    page
}

/// The plan on one line; none where nothing is to be done.
pub(super) fn headline(report: &PlanReport) -> Option<String> {
    let schedule = &report.schedule;
    let risky = report.steps.iter().filter(|step| step.risk.level == "high").count();
    (!report.steps.is_empty()).then(|| {
        format!(
            "{} to one implementation, {} days of work, {} of high risk",
            super::count(report.steps.len(), "step"),
            days(schedule.effort_days),
            super::count(risky, "step")
        )
    })
}

/// What becomes of each member.
pub(super) fn write_impacts(page: &mut Document, report: &PlanReport) {
    page.table(
        &["type", "role", "action", "references", "because"],
        report.impacts.iter().map(|impact| {
            let action = match &impact.detail {
                Some(detail) => format!("{}: {detail}", impact.action),
                None => impact.action.to_owned(),
            };
            let references: Vec<String> =
                impact.references.iter().map(|(role, count)| format!("{count} {role}")).collect();
            let reasons: Vec<&str> =
                impact.reasons.iter().map(|reason| reason.statement.as_str()).skip(1).collect();
            vec![
                format!("`{}`", impact.r#type),
                impact.role.to_owned(),
                action,
                references.join(", "),
                reasons.join("; "),
            ]
        }),
    );
}

/// The steps with what each needs, as a table, a graph and a chart.
pub(super) fn write_steps(page: &mut Document, report: &PlanReport) {
    if report.steps.is_empty() {
        page.text("Nothing is to be done: each declared concept has one implementation.");
        return;
    }
    let schedule = &report.schedule;
    let people = match schedule.capacity {
        1 => "one person needs".to_owned(),
        more => format!("{more} people need"),
    };
    page.text(format!(
        "{} steps, {} days of work; {people} {} days ({}), and no number of people fewer than {}.",
        report.steps.len(),
        days(schedule.effort_days),
        days(schedule.days),
        counted(schedule.weeks as usize, "week"),
        days(schedule.shortest_days)
    ));
    let number = |id: &String| report.steps.iter().position(|step| step.id == *id).map_or(0, |at| at + 1);
    let numbers = |ids: &[String]| -> String {
        let numbers: Vec<String> = ids.iter().map(|id| number(id).to_string()).collect();
        numbers.join(", ")
    };
    page.table(
        &["#", "phase", "what", "after", "risk", "days", "status"],
        report.steps.iter().enumerate().map(|(at, step)| {
            vec![
                (at + 1).to_string(),
                step.phase.to_string(),
                step.title.clone(),
                numbers(&step.depends_on),
                step.risk.level.to_owned(),
                days(step.effort_days),
                step.status.to_owned(),
            ]
        }),
    );
    page.text(format!("The longest chain: {}.", numbers(&schedule.critical_path)));
    page.graph(steps_drawing(report));
    page.timeline(steps_timeline(report));
}

/// What may break, step by step, the riskiest first; and how to go back.
pub(super) fn write_risks(page: &mut Document, report: &PlanReport) {
    let mut risky: Vec<&StepReport> =
        report.steps.iter().filter(|step| !step.risk.factors.is_empty()).collect();
    risky.sort_by_key(|step| std::cmp::Reverse(step.risk.score_percent));
    page.table(
        &["step", "risk", "what may break", "to go back"],
        risky.iter().map(|step| {
            vec![step.id.clone(), step.risk.level.to_owned(), factors_of(step), step.back.to_owned()]
        }),
    );
}

/// What is true when all is done, and how far it is.
pub(super) fn write_success(page: &mut Document, report: &PlanReport) {
    page.table(
        &["concept", "what", "open", "now"],
        report.success.iter().map(|one| {
            vec![
                one.concept.clone(),
                one.name.to_owned(),
                one.state.open.to_string(),
                one.state.statement.clone(),
            ]
        }),
    );
}

fn factors_of(step: &StepReport) -> String {
    let factors: Vec<String> =
        step.risk.factors.iter().map(|factor| format!("{} {}", factor.value, factor.name)).collect();
    if factors.is_empty() { "nothing that is known".to_owned() } else { factors.join(", ") }
}

/// One step, as the page and an issue tell it.
pub fn step_section(page: &mut Document, step: &StepReport) {
    page.heading(3, format!("{} ({})", step.title, step.id));
    let mut facts = vec![format!("about `{}`", step.subject)];
    facts.extend(step.target.iter().map(|target| format!("leads to `{target}`")));
    if !step.depends_on.is_empty() {
        facts.push(format!("after {}", step.depends_on.join(", ")));
    }
    facts.push(format!("{} days, wave {}", days(step.effort_days), step.wave + 1));
    page.text(facts.join("; ") + ".");
    page.bullets(step.reasons.iter().map(|reason| reason.statement.clone()));
    page.bullets(step.details.iter().cloned());
    let more = step.files.len().saturating_sub(FILES);
    let mut files: Vec<Vec<String>> = step
        .files
        .iter()
        .take(FILES)
        .map(|file| vec![format!("`{}`", file.path), file.role.to_owned(), file.references.to_string()])
        .collect();
    if more > 0 {
        files.push(vec![format!("and {more} more"), String::new(), String::new()]);
    }
    page.table(&["file", "role", "references"], files);
    if !step.shards.is_empty() {
        page.table(
            &["review by", "files"],
            step.shards.iter().map(|shard| vec![shard.owner.clone(), shard.files.join(", ")]),
        );
    }
    let factors = factors_of(step);
    page.text(format!("Risk {}: {factors}. To go back: {}.", step.risk.level, step.back));
    page.bullets(step.criteria.iter().map(|criterion| {
        let mark = if criterion.state.open == 0 { "done" } else { "open" };
        format!("{mark}: {}", criterion.state.statement)
    }));
    page.code("sh", step.verify.join("\n") + "\n");
    if let Some(gate) = &step.gate {
        page.text("When it is done, this keeps it so:");
        page.code("toml", gate.clone());
    }
}

/// What became of a plan.
#[must_use]
pub fn status_page(report: &StatusReport) -> Document {
    let mut page = Document::default();
    page.heading(1, "Status of the plan");
    let count = |status: &str| report.steps.iter().filter(|step| step.status == status).count();
    page.text(format!(
        "{} of {} steps are done, {} open, {} overtaken; {} are new.",
        count("done"),
        report.steps.len(),
        count("open"),
        count("overtaken"),
        report.new_steps.len()
    ));
    let row = |step: &crate::report::plan::StepStatus, status: &str| {
        let states: Vec<&str> = step.criteria.iter().map(|state| state.statement.as_str()).collect();
        vec![step.id.clone(), status.to_owned(), step.title.clone(), states.join("; ")]
    };
    let old = report.steps.iter().map(|step| row(step, step.status));
    let new = report.new_steps.iter().map(|step| row(step, "new"));
    page.table(&["step", "status", "what", "now"], old.chain(new));
    page.table(
        &["concept", "what", "then", "open now", "now"],
        report.success.iter().map(|one| {
            vec![
                one.concept.clone(),
                one.name.clone(),
                one.before.map_or("–".to_owned(), |before| before.to_string()),
                one.now.open.to_string(),
                one.now.statement.clone(),
            ]
        }),
    );
    page
}

/// Quarters of days as people write them.
fn days(days: f64) -> String {
    let text = format!("{days:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
