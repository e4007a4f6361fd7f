//! In which forms verdicts are written, and where to.

use clap::{Args, ValueEnum};

use crate::cli::output::{Color, internal};
use crate::cli::targets::{self, Target, check_writable, parse_target, write_files, write_stdout};
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
    #[arg(long, short, value_name = "[FORM=]FILE", value_parser = parse_target::<Form>, help_heading = "Output")]
    output: Vec<Target<Form>>,
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

impl targets::Form for Form {
    const EXAMPLES: &'static str = "junit=FILE or html=FILE";

    fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            "xml" => Some(Self::Junit),
            "md" | "markdown" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            "txt" => Some(Self::Terminal),
            _ => None,
        }
    }
}

impl Forms {
    /// Whether every file can be written, before anything is done for it.
    pub(super) fn check_writable(&self) -> miette::Result<()> {
        check_writable(&self.output)
    }

    /// Writes the verdicts to every file and to stdout.
    pub(super) fn write(&self, report: &TrialReport, color: Color) -> miette::Result<()> {
        write_files(&self.output, |form, options| render(report, *form, options))?;
        write_stdout(color, |options| render(report, self.format, options))
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
