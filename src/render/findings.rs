//! The verdict of the gate in the forms that people and the services of CI read.

mod github;
mod gitlab;
mod junit;
mod sarif;
mod terminal;

pub use self::github::render_github;
pub use self::gitlab::render_gitlab;
pub use self::junit::render_junit;
pub use self::sarif::render_sarif;
pub use self::terminal::render_findings;

use crate::report::check::{CheckReport, FindingReport, SummaryReport};

/// The new findings of a report.
fn new_findings(report: &CheckReport) -> impl Iterator<Item = &FindingReport> {
    report.findings.iter().filter(|finding| finding.status == "new")
}

/// "2 errors", "1 warning".
pub(super) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The verdict on one line.
#[must_use]
pub fn summary_line(summary: &SummaryReport) -> String {
    let new: Vec<String> = ["error", "warning", "note"]
        .iter()
        .filter_map(|severity| summary.new.get(severity).map(|count| counted(*count, severity)))
        .collect();
    let mut parts = Vec::new();
    parts.push(if new.is_empty() {
        "no new findings".to_owned()
    } else {
        format!("new: {}", new.join(", "))
    });
    if summary.known > 0 {
        parts.push(format!("{} known", summary.known));
    }
    if summary.suppressed > 0 {
        parts.push(format!("{} suppressed", summary.suppressed));
    }
    if summary.hidden > 0 {
        parts.push(format!("{} below the severity that counts", summary.hidden));
    }
    if summary.stale > 0 {
        parts.push(match summary.stale {
            1 => "1 entry of the baseline no longer occurs (--prune removes it)".to_owned(),
            more => format!("{more} entries of the baseline no longer occur (--prune removes them)"),
        });
    }
    parts.join("; ")
}
