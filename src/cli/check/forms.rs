//! In which forms the verdict is written, and where to.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::output::{Color, internal, print_text, width};
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
    #[arg(long, short, value_name = "[FORM=]FILE", value_parser = parse_target, help_heading = "Output")]
    output: Vec<Target>,
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

#[derive(Debug, Clone)]
struct Target {
    form: Form,
    path: PathBuf,
}

fn parse_target(text: &str) -> Result<Target, String> {
    if let Some((form, path)) = text.split_once('=')
        && let Ok(form) = Form::from_str(form, true)
        && !path.is_empty()
    {
        return Ok(Target { form, path: PathBuf::from(path) });
    }
    let path = PathBuf::from(text);
    let form = match path.extension().and_then(|extension| extension.to_str()) {
        Some("sarif") => Form::Sarif,
        Some("json") => Form::Json,
        Some("xml") => Form::Junit,
        Some("txt") => Form::Terminal,
        _ => return Err("cannot tell the form: expected for example sarif=FILE or junit=FILE".to_owned()),
    };
    Ok(Target { form, path })
}

impl Forms {
    /// Writes the report to stdout and to every file.
    pub(super) fn write(&self, report: &CheckReport, color: Color) -> miette::Result<()> {
        self.write_files(report)?;
        let is_terminal = std::io::stdout().is_terminal();
        let options = TerminalOptions { width: width(is_terminal), has_color: color.is_wanted(is_terminal) };
        print_text(&render(report, self.format, options)?)
    }

    /// Writes the report to every file.
    pub(super) fn write_files(&self, report: &CheckReport) -> miette::Result<()> {
        for target in &self.output {
            let text =
                render(report, target.form, TerminalOptions { width: width(false), has_color: false })?;
            let written =
                std::fs::File::create(&target.path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| miette::miette!("cannot write {}: {error}", target.path.display()))?;
        }
        Ok(())
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
