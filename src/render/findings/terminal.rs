//! Findings with their source lines, as compilers show them.

use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents,
    Severity, SourceCode, SourceSpan, SpanContents,
};

use super::{new_findings, summary_line};
use crate::render::terminal::TerminalOptions;
use crate::report::check::{self, CheckReport, EvidenceReport, FindingReport};

/// How many places of one finding are shown; the others are counted.
const PLACES: usize = 4;

/// The new findings, then one line on all.
#[must_use]
pub fn render_findings(report: &CheckReport, options: TerminalOptions) -> String {
    let theme = if options.has_color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .with_context_lines(0)
        .with_show_related_as_nested(true)
        .without_syntax_highlighting();
    let mut text = String::new();
    for finding in new_findings(report) {
        // Writing to a string does not fail, and a finding that cannot be drawn is still told.
        if handler.render_report(&mut text, &Shown { finding }).is_err() {
            text.push_str(&format!("{}: {}\n", finding.rule, finding.message));
        }
        text.push('\n');
    }
    for entry in &report.stale {
        text.push_str(&format!("no longer occurs: {entry}\n"));
    }
    text.push_str(&summary_line(&report.summary));
    text.push('\n');
    text
}

/// A finding as a diagnostic: message, places, reasons, what to do.
struct Shown<'a> {
    finding: &'a FindingReport,
}

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.finding.rule)
    }
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.finding.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(format!("{}[{}]", self.finding.severity.as_str(), self.finding.rule)))
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.finding.severity {
            check::Severity::Error => Severity::Error,
            check::Severity::Warning => Severity::Warning,
            check::Severity::Note => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let mut lines: Vec<String> = Vec::new();
        let others = self.finding.places.iter().skip(PLACES).count();
        if others > 0 {
            lines.push(format!("{others} more places (--format json names them)"));
        }
        lines.extend(self.finding.notes.iter().map(|note| format!("· {note}")));
        lines.push(self.finding.fix.split_whitespace().collect::<Vec<_>>().join(" "));
        lines.push(format!("more: ssot explain {}", self.finding.rule));
        Some(Box::new(lines.join("\n")))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.finding.places.first()?)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let place = self.finding.places.first()?;
        Some(Box::new(std::iter::once(label_of(place))))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let others = self.finding.places.iter().take(PLACES).skip(1);
        Some(Box::new(others.map(|place| place as &dyn Diagnostic)))
    }
}

/// What stands at a place, in bytes of its line.
fn label_of(place: &EvidenceReport) -> LabeledSpan {
    let line = place.source.as_deref().unwrap_or("");
    let byte_of = |column: u32| {
        let mut starts = line.char_indices().map(|(at, _)| at);
        starts.nth(column as usize - 1).unwrap_or(line.len())
    };
    let (start, end) = (byte_of(place.column), byte_of(place.end_column));
    LabeledSpan::new(Some(place.label.clone()), start, end.saturating_sub(start))
}

/// A place is a diagnostic of its own: miette shows one file in each.
impl Diagnostic for EvidenceReport {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Advice)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        // What stands there is said above the line already.
        let label = label_of(self);
        Some(Box::new(std::iter::once(LabeledSpan::new(None, label.offset(), label.len()))))
    }
}

impl fmt::Display for EvidenceReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label)
    }
}

impl std::error::Error for EvidenceReport {}

/// One line of a file, under its own number.
impl SourceCode for EvidenceReport {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _before: usize,
        _after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let line = self.source.as_deref().unwrap_or("").as_bytes();
        if span.offset() + span.len() > line.len() {
            return Err(MietteError::OutOfBounds);
        }
        let whole = SourceSpan::from((0, line.len()));
        Ok(Box::new(MietteSpanContents::new_named(
            self.path.clone(),
            line,
            whole,
            self.line as usize - 1,
            self.column as usize - 1,
            1,
        )))
    }
}
