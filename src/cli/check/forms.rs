//! In which forms the verdict is written, and where to.

use clap::{Args, ValueEnum};

use crate::cli::output::{Color, internal};
use crate::cli::targets::{self, Target, parse_target, write_files, write_stdout};
use crate::render::findings::{render_findings, render_github, render_gitlab, render_junit, render_sarif};
use crate::render::json::render_json;
use crate::render::terminal::TerminalOptions;
use crate::report::check::CheckReport;

#[derive(Debug, Args)]
pub(super) struct Forms {
    /// Form of what stdout gets.
    #[arg(long, value_enum, default_value_t = Form::Terminal, help_heading = "Output")]
    format: Form,
    /// Write to a file too, as FORM=FILE, or FILE whose extension tells the form: .sarif, .json, .xml (junit), .txt.
    /// May be given several times.
    #[arg(long, short, value_name = "[FORM=]FILE", value_parser = parse_target::<Form>, help_heading = "Output")]
    output: Vec<Target<Form>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// With source lines, for people.
    Terminal,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// SARIF 2.1.0.
    Sarif,
    /// JSON, schema ssot/1.
    Json,
    /// JUnit's XML.
    Junit,
}

impl targets::Form for Form {
    const EXAMPLES: &'static str = "sarif=FILE or junit=FILE";

    fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "sarif" => Some(Self::Sarif),
            "json" => Some(Self::Json),
            "xml" => Some(Self::Junit),
            "txt" => Some(Self::Terminal),
            _ => None,
        }
    }
}

impl Forms {
    /// Writes the report to stdout and to every file.
    pub(super) fn write(&self, report: &CheckReport, color: Color) -> miette::Result<()> {
        self.write_files(report)?;
        write_stdout(color, |options| render(report, self.format, options))
    }

    /// Writes the report to every file.
    pub(super) fn write_files(&self, report: &CheckReport) -> miette::Result<()> {
        write_files(&self.output, |form, options| render(report, *form, options))
    }
}

fn render(report: &CheckReport, form: Form, options: TerminalOptions) -> miette::Result<String> {
    Ok(match form {
        Form::Terminal => render_findings(report, options),
        Form::Github => render_github(report),
        Form::Gitlab => render_gitlab(report).map_err(internal)?,
        Form::Sarif => render_sarif(report).map_err(internal)?,
        Form::Junit => render_junit(report).map_err(internal)?,
        Form::Json => String::from_utf8(render_json(report).map_err(internal)?).map_err(internal)?,
    })
}
