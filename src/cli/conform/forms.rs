//! In which forms verdicts are written, and where to.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::output::{Color, internal, print_text, width};
use crate::render::html::render_html;
use crate::render::markdown::render_markdown;
use crate::render::pages::trial::trial_page;
use crate::render::terminal::{TerminalOptions, render_terminal};
use crate::render::trial::{render_junit, render_lines};
use crate::report::trial::TrialReport;

#[derive(Debug, Args)]
pub(super) struct Forms {
    /// Form of what stdout gets.
    #[arg(long, value_enum, default_value_t = Form::Terminal, help_heading = "Output")]
    format: Form,
    /// Write to a file too, as FORM=FILE, or FILE whose extension tells the form: .jsonl, .xml (junit), .md, .html, .txt.
    /// May be given several times.
    #[arg(long, short, value_name = "[FORM=]FILE", value_parser = parse_target, help_heading = "Output")]
    output: Vec<Target>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Tables, for people.
    Terminal,
    /// One line of JSON for each verdict.
    Jsonl,
    /// JUnit's XML.
    Junit,
    /// Markdown.
    #[value(alias = "md")]
    Markdown,
    /// One HTML file.
    Html,
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
        Some("jsonl" | "ndjson") => Form::Jsonl,
        Some("xml") => Form::Junit,
        Some("md" | "markdown") => Form::Markdown,
        Some("html" | "htm") => Form::Html,
        Some("txt") => Form::Terminal,
        _ => return Err("cannot tell the form: expected for example junit=FILE or html=FILE".to_owned()),
    };
    Ok(Target { form, path })
}

impl Forms {
    /// Writes the verdicts to every file and to stdout.
    pub(super) fn write(&self, report: &TrialReport, color: Color) -> miette::Result<()> {
        for target in &self.output {
            let text =
                render(report, target.form, TerminalOptions { width: width(false), has_color: false })?;
            let written =
                std::fs::File::create(&target.path).and_then(|mut file| file.write_all(text.as_bytes()));
            written.map_err(|error| miette::miette!("cannot write {}: {error}", target.path.display()))?;
        }
        let is_terminal = std::io::stdout().is_terminal();
        let options = TerminalOptions { width: width(is_terminal), has_color: color.is_wanted(is_terminal) };
        print_text(&render(report, self.format, options)?)
    }
}

fn render(report: &TrialReport, form: Form, options: TerminalOptions) -> miette::Result<String> {
    Ok(match form {
        Form::Terminal => render_terminal(&trial_page(report), options),
        Form::Jsonl => render_lines(report).map_err(internal)?,
        Form::Junit => render_junit(report).map_err(internal)?,
        Form::Markdown => render_markdown(&trial_page(report)),
        Form::Html => render_html(&trial_page(report)),
    })
}
