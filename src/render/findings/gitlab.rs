//! GitLab's code quality report (a subset of Code Climate's).

use serde_json::{Value, json};

use super::new_findings;
use crate::report::check::{CheckReport, Severity};

/// An array with one entry for each new finding.
///
/// # Errors
/// Never for a report that we made.
pub fn render_gitlab(report: &CheckReport) -> serde_json::Result<String> {
    let entries = new_findings(report).filter_map(|finding| {
        let place = finding.places.first()?;
        let severity = match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Note => "info",
        };
        Some(json!({
            "description": finding.message,
            "check_name": finding.rule,
            "fingerprint": finding.fingerprint,
            "severity": severity,
            "location": { "path": place.path, "lines": { "begin": place.line } },
        }))
    });
    let entries: Vec<Value> = entries.collect();
    Ok(serde_json::to_string_pretty(&entries)? + "\n")
}
