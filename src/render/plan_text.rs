//! A plan as a drawing, as bars over days, as CSV and as bodies of issues.

use super::document::Document;
use super::graph_text::{DrawnEdge, DrawnNode, GraphDrawing, LineStyle};
use super::markdown::render_markdown;
use super::pages::plan::step_section;
use super::timeline::{Bar, BarState, Timeline};
use crate::report::plan::{PlanReport, phases};

/// What needs what.
#[must_use]
pub fn steps_drawing(report: &PlanReport) -> GraphDrawing {
    let nodes = report
        .steps
        .iter()
        .map(|step| DrawnNode { id: step.id.clone(), label: format!("{}: {}", step.phase, step.id) });
    let edges = report.steps.iter().flat_map(|step| {
        step.depends_on.iter().map(|needed| DrawnEdge {
            from: needed.clone(),
            to: step.id.clone(),
            style: LineStyle::Solid,
            label: String::new(),
        })
    });
    GraphDrawing { nodes: nodes.collect(), edges: edges.collect() }
}

/// When the steps take place.
#[must_use]
pub fn steps_timeline(report: &PlanReport) -> Timeline {
    let sections = phases(report).map(|(number, title)| {
        let steps = report.steps.iter().filter(|step| step.phase == number);
        let bars = steps.map(|step| Bar {
            name: step.id.clone(),
            note: format!(
                "{}. {} days, risk {}, {}.",
                step.title, step.effort_days, step.risk.level, step.status
            ),
            start: step.start_day,
            end: step.end_day,
            state: match (step.status, step.is_critical) {
                ("done", _) => BarState::Done,
                (_, true) => BarState::Critical,
                (_, false) => BarState::Open,
            },
        });
        (format!("{number} {title}"), bars.collect())
    });
    Timeline { sections: sections.collect(), days: report.schedule.days }
}

/// One line a step (RFC 4180).
#[must_use]
pub fn render_csv(report: &PlanReport) -> String {
    let mut text = String::from(
        "id,concept,phase,work,title,subject,target,depends_on,risk,risk_score,effort_days,start_day,end_day,critical,status,files,references\r\n",
    );
    for step in &report.steps {
        let references: u32 = step.files.iter().map(|file| file.references).sum();
        let cells = [
            step.id.clone(),
            step.concept.clone(),
            step.phase.to_string(),
            step.work.to_owned(),
            step.title.clone(),
            step.subject.clone(),
            step.target.clone().unwrap_or_default(),
            step.depends_on.join(" "),
            step.risk.level.to_owned(),
            format!("{:.2}", f64::from(step.risk.score_percent) / 100.0),
            step.effort_days.to_string(),
            step.start_day.to_string(),
            step.end_day.to_string(),
            step.is_critical.to_string(),
            step.status.to_owned(),
            step.files.len().to_string(),
            references.to_string(),
        ];
        let cells: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

fn csv_cell(text: &str) -> String {
    // What begins so is a formula to spreadsheets.
    let guarded = if text.starts_with(['=', '+', '-', '@']) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// The body of an issue for each step, by the file that it belongs into.
#[must_use]
pub fn render_issues(report: &PlanReport) -> Vec<(String, String)> {
    let width = report.steps.len().to_string().len();
    let issues = report.steps.iter().enumerate().map(|(at, step)| {
        let mut page = Document::default();
        step_section(&mut page, step);
        (format!("{:0width$}-{}.md", at + 1, step.id), render_markdown(&page))
    });
    issues.collect()
}
