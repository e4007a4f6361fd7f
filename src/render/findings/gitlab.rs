//! GitLab's code quality report (a subset of Code Climate's).

use serde_json::{Value, json};

use super::new_findings;
use crate::report::check::CheckReport;

/// An array with one entry for each new finding.
///
/// # Errors
/// Never for a report that we made.
pub fn render_gitlab(report: &CheckReport) -> serde_json::Result<String> {
    let mut seen: Vec<(String, usize)> = Vec::new();
    let entries = new_findings(report).filter_map(|finding| {
        let place = finding.places.first()?;
        let severity = match finding.severity.as_str() {
            "error" => "major",
            "warning" => "minor",
            _ => "info",
        };
        // GitLab drops entries that repeat a fingerprint.
        let count = seen.iter().filter(|(known, _)| *known == finding.fingerprint).count();
        seen.push((finding.fingerprint.clone(), count));
        let fingerprint = match count {
            0 => finding.fingerprint.clone(),
            more => format!("{}-{more}", finding.fingerprint),
        };
        Some(json!({
            "description": finding.message,
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": severity,
            "location": { "path": place.path, "lines": { "begin": place.line } },
        }))
    });
    let entries: Vec<Value> = entries.collect();
    Ok(serde_json::to_string_pretty(&entries)? + "\n")
}
