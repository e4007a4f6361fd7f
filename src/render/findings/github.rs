//! Annotations of GitHub Actions ("Workflow commands for GitHub Actions").

use std::fmt::Write;

use super::{new_findings, summary_line};
use crate::report::check::{CheckReport, Severity};

/// One annotation for each new finding, then one line on all.
#[must_use]
pub fn render_github(report: &CheckReport) -> String {
    let mut text = String::new();
    for finding in new_findings(report) {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        let mut said = vec![finding.message.clone()];
        for place in finding.places.iter().skip(1) {
            said.push(format!("{}:{}: {}", place.path, place.line, place.label));
        }
        said.extend(finding.notes.iter().cloned());
        said.push(finding.fix.split_whitespace().collect::<Vec<_>>().join(" "));
        let Some(place) = finding.places.first() else { continue };
        let _ = writeln!(
            text,
            "::{command} file={},line={},col={},endColumn={},title={}::{}",
            property(&place.path),
            place.line,
            place.column,
            place.end_column,
            property(finding.rule),
            message(&said.join("\n"))
        );
    }
    text.push_str(&summary_line(&report.summary));
    text.push('\n');
    text
}

fn message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    message(text).replace(':', "%3A").replace(',', "%2C")
}
