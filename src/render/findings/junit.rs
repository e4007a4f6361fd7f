//! JUnit's XML: a test case for each new finding, and one for each rule that found nothing new.

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::new_findings;
use crate::report::check::CheckReport;

/// The verdict as a test suite.
///
/// # Errors
/// Never for a report that we made.
pub fn render_junit(report: &CheckReport) -> Result<String, SerializeError> {
    let mut suite = TestSuite::new("ssot check");
    for rule in &report.rules {
        let mut found = new_findings(report).filter(|finding| finding.rule == rule.id).peekable();
        if found.peek().is_none() {
            let mut case = TestCase::new(rule.summary, TestCaseStatus::success());
            case.set_classname(rule.id);
            suite.add_test_case(case);
        }
        for finding in found {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let mut said: Vec<String> = finding
                .places
                .iter()
                .map(|place| format!("{}:{}: {}", place.path, place.line, place.label))
                .collect();
            said.extend(finding.notes.iter().cloned());
            said.push(finding.fix.to_owned());
            status
                .set_message(finding.message.as_str())
                .set_type(finding.rule)
                .set_description(said.join("\n"));
            let mut case = TestCase::new(finding.message.as_str(), status);
            case.set_classname(rule.id);
            suite.add_test_case(case);
        }
    }
    let mut all = Report::new("ssot");
    all.add_test_suite(suite);
    all.to_string()
}
