//! Where an answer goes and in which form.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;

use crate::render::document::Document;
use crate::render::html::render_html;
use crate::render::markdown::render_markdown;
use crate::render::terminal::{TerminalOptions, render_terminal};
use crate::render::{Format, json};

/// Columns where the terminal does not say how many it has.
const DEFAULT_WIDTH: usize = 100;

/// Options of every command.
#[derive(Debug, Args)]
pub(super) struct Output {
    /// Write to this file; its extension chooses the format: .md, .html, .json or .txt; .mmd and .dot for graph, .pyi
    /// and .rs for protocol.
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Form of the answer; mermaid and dot are graph's.
    #[arg(long, value_enum)]
    format: Option<FormatName>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FormatName {
    Terminal,
    #[value(alias = "md")]
    Markdown,
    Html,
    Json,
    Mermaid,
    Dot,
}

/// When to use colour. `NO_COLOR` (no-color.org) counts unless colour is forced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Color {
    /// On a terminal, unless `NO_COLOR` is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl Color {
    pub(super) fn is_wanted(self, is_terminal: bool) -> bool {
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        }
    }

    /// Tells the renderer of errors.
    pub(super) fn apply(self) {
        let has_color = self.is_wanted(std::io::stderr().is_terminal());
        let hook = miette::set_hook(Box::new(move |_| {
            Box::new(
                miette::MietteHandlerOpts::new().color(has_color).unicode(true).width(DEFAULT_WIDTH).build(),
            )
        }));
        // A second call in one process keeps the first one's choice.
        drop(hook);
    }
}

/// An answer before it is written.
pub(super) enum Answer {
    /// Ready bytes.
    Bytes(Vec<u8>),
    /// A page.
    Page(Document),
}

impl Answer {
    /// A report as JSON, or else as its page.
    pub(super) fn of<T: Serialize>(
        format: Format,
        report: &T,
        page: impl FnOnce() -> Document,
    ) -> miette::Result<Self> {
        match format {
            Format::Json => Self::json(report),
            Format::Terminal | Format::Markdown | Format::Html | Format::Mermaid | Format::Dot => {
                Ok(Self::Page(page()))
            }
        }
    }

    pub(super) fn json<T: Serialize>(value: &T) -> miette::Result<Self> {
        Ok(Self::Bytes(json::render_json(value).map_err(internal)?))
    }
}

/// An error that only a defect of ours can cause.
pub(super) fn internal(error: impl std::fmt::Display) -> miette::Report {
    miette::miette!("internal error, please report it: {error}")
}

impl Output {
    /// The extension of the file that is written.
    pub(super) fn extension(&self) -> Option<&str> {
        self.output.as_ref()?.extension()?.to_str()
    }

    /// The format: as typed, else by the file's extension, else `default`.
    pub(super) fn format(&self, default: Format) -> miette::Result<Format> {
        if let Some(format) = self.format {
            return Ok(match format {
                FormatName::Terminal => Format::Terminal,
                FormatName::Markdown => Format::Markdown,
                FormatName::Html => Format::Html,
                FormatName::Json => Format::Json,
                FormatName::Mermaid => Format::Mermaid,
                FormatName::Dot => Format::Dot,
            });
        }
        let Some(path) = &self.output else { return Ok(default) };
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("md" | "markdown") => Ok(Format::Markdown),
            Some("html" | "htm") => Ok(Format::Html),
            Some("json") => Ok(Format::Json),
            Some("mmd" | "mermaid") => Ok(Format::Mermaid),
            Some("dot" | "gv") => Ok(Format::Dot),
            Some("txt") => Ok(Format::Terminal),
            _ => Err(miette::miette!(
                help = "end it in .md, .html, .json, .mmd, .dot or .txt, or give --format",
                "cannot tell the format of {}",
                path.display()
            )),
        }
    }

    pub(super) fn write(&self, format: Format, answer: &Answer, color: Color) -> miette::Result<()> {
        let to_terminal = self.output.is_none() && std::io::stdout().is_terminal();
        let rendered;
        let bytes: &[u8] = match (answer, format) {
            (Answer::Bytes(bytes), _) => bytes,
            (Answer::Page(page), Format::Terminal) => {
                let width = width(to_terminal);
                let has_color = self.output.is_none() && color.is_wanted(to_terminal);
                rendered = render_terminal(page, TerminalOptions { width, has_color });
                rendered.as_bytes()
            }
            (Answer::Page(page), Format::Html) => {
                rendered = render_html(page);
                rendered.as_bytes()
            }
            (Answer::Page(page), Format::Markdown) => {
                rendered = render_markdown(page);
                rendered.as_bytes()
            }
            (Answer::Page(_), Format::Json | Format::Mermaid | Format::Dot) => {
                return Err(miette::miette!(
                    "this command has no such format: mermaid and dot are `ssot graph`'s"
                ));
            }
        };
        self.stream(|out| out.write_all(bytes))
    }

    /// Lets `write` write to the file or to stdout.
    pub(super) fn stream(
        &self,
        write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
    ) -> miette::Result<()> {
        if let Some(path) = &self.output {
            return std::fs::File::create(path)
                .and_then(|file| buffered(file, write))
                .map_err(|error| miette::miette!("cannot write {}: {error}", path.display()));
        }
        to_stdout(write)
    }
}

fn to_stdout(write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>) -> miette::Result<()> {
    match buffered(std::io::stdout().lock(), write) {
        // Whoever reads us may have seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(miette::miette!("cannot write to stdout: {error}")),
        Ok(()) => Ok(()),
    }
}

/// Lets `write` write in small pieces to what takes large ones.
fn buffered(
    to: impl Write,
    write: impl FnOnce(&mut dyn Write) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::with_capacity(64 * 1024, to);
    write(&mut out)?;
    out.flush()
}

/// Prints a ready text to stdout.
pub(super) fn print_text(text: &str) -> miette::Result<()> {
    to_stdout(|out| out.write_all(text.as_bytes()))
}

/// Columns of a text for a terminal, or for a pipe or a file.
pub(super) fn width(is_terminal: bool) -> usize {
    if is_terminal { terminal_width() } else { wanted_width().unwrap_or(DEFAULT_WIDTH) }
}

fn terminal_width() -> usize {
    wanted_width().or_else(console_width).unwrap_or(DEFAULT_WIDTH).clamp(60, 200)
}

/// What `COLUMNS` asks for; it counts for pipes and files too.
fn wanted_width() -> Option<usize> {
    let columns: usize = std::env::var("COLUMNS").ok()?.parse().ok()?;
    Some(columns.clamp(60, 200))
}

fn console_width() -> Option<usize> {
    let (terminal_size::Width(width), _) = terminal_size::terminal_size()?;
    Some(usize::from(width))
}

/// Prints what was done to stderr.
pub(super) fn print_note(note: &str) {
    let _ = std::io::stderr().lock().write_all(note.as_bytes());
}

/// Prints an error to stderr, with its place and its help.
pub(super) fn print_error(error: &miette::Report) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{error:?}");
}
