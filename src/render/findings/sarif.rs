//! SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format").

use serde_json::{Value, json};

use crate::report::check::{CheckReport, EvidenceReport, FindingReport};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// One run with every finding; those of the baseline are `unchanged`, suppressed ones carry their suppression.
///
/// # Errors
/// Never for a report that we made.
pub fn render_sarif(report: &CheckReport) -> serde_json::Result<String> {
    let rules: Vec<Value> = report
        .rules
        .iter()
        .map(|rule| {
            let help = format!("{}\n\n{}", rule.why, rule.fix);
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.summary },
                "fullDescription": { "text": rule.finds },
                "help": { "text": help, "markdown": help },
                "defaultConfiguration": { "level": rule.severity.as_str() },
            })
        })
        .collect();
    let results: Vec<Value> = report.findings.iter().map(|finding| result(report, finding)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "ssot",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { "SRCROOT": {
                "description": { "text": "The folder that the command ran in." },
            }},
            "results": results,
        }],
    });
    Ok(serde_json::to_string_pretty(&log)? + "\n")
}

fn result(report: &CheckReport, finding: &FindingReport) -> Value {
    let index = report.rules.iter().position(|rule| rule.id == finding.rule);
    let related: Vec<Value> = finding
        .places
        .iter()
        .skip(1)
        .enumerate()
        .map(|(at, place)| {
            let mut location = location(place);
            location["id"] = json!(at + 1);
            location
        })
        .collect();
    let mut said = vec![finding.message.clone()];
    said.extend(finding.notes.iter().cloned());
    let mut result = json!({
        "ruleId": finding.rule,
        "level": finding.severity.as_str(),
        "message": { "text": said.join("\n") },
        "locations": finding.places.iter().take(1).map(location).collect::<Vec<_>>(),
        "partialFingerprints": { "ssot/v1": finding.fingerprint },
        "baselineState": if finding.status == "new" { "new" } else { "unchanged" },
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !related.is_empty() {
        result["relatedLocations"] = Value::Array(related);
    }
    if finding.status == "suppressed" {
        result["suppressions"] = json!([{ "kind": "inSource" }]);
    }
    result
}

fn location(place: &EvidenceReport) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.path), "uriBaseId": "SRCROOT" },
            "region": { "startLine": place.line, "startColumn": place.column, "endColumn": place.end_column },
        },
        "message": { "text": place.label },
    })
}

/// A relative path as a URI (RFC 3986): all but unreserved characters and `/` are percent-encoded.
fn uri(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            other => encoded.push_str(&format!("%{other:02X}")),
        }
    }
    encoded
}
