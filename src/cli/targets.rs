//! One answer in several forms: one for stdout, and any number for files, whose names tell theirs.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::ValueEnum;

use super::output::{Color, print_text, width};
use crate::render::terminal::TerminalOptions;

/// A form that answers of one command come in.
pub(super) trait Form: ValueEnum {
    /// Two of them before a file's name, for who gave none that can be told.
    const EXAMPLES: &'static str;

    /// The one that a file's extension tells.
    fn of_extension(extension: &str) -> Option<Self>;
}

/// A file, and what is written to it.
#[derive(Debug, Clone)]
pub(super) struct Target<F> {
    form: F,
    path: PathBuf,
}

/// `FORM=FILE`, or a file whose extension tells the form.
pub(super) fn parse_target<F: Form>(text: &str) -> Result<Target<F>, String> {
    if let Some((form, path)) = text.split_once('=')
        && let Ok(form) = F::from_str(form, true)
        && !path.is_empty()
    {
        return Ok(Target { form, path: PathBuf::from(path) });
    }
    let path = PathBuf::from(text);
    let extension = path.extension().and_then(|extension| extension.to_str());
    match extension.and_then(F::of_extension) {
        Some(form) => Ok(Target { form, path }),
        None => Err(format!("cannot tell the form: expected for example {}", F::EXAMPLES)),
    }
}

/// Whether every file can be written; what is in one stays.
pub(super) fn check_writable<F>(targets: &[Target<F>]) -> miette::Result<()> {
    for Target { path, .. } in targets {
        let opened = std::fs::OpenOptions::new().create(true).append(true).open(path);
        opened.map_err(|error| miette::miette!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Writes an answer to every file.
pub(super) fn write_files<F: Form>(
    targets: &[Target<F>],
    render: impl Fn(&F, TerminalOptions) -> miette::Result<String>,
) -> miette::Result<()> {
    for Target { form, path } in targets {
        let text = render(form, TerminalOptions { width: width(false), has_color: false })?;
        let written = std::fs::File::create(path).and_then(|mut file| file.write_all(text.as_bytes()));
        written.map_err(|error| miette::miette!("cannot write {}: {error}", path.display()))?;
    }
    Ok(())
}

/// Writes an answer to stdout.
pub(super) fn write_stdout(
    color: Color,
    render: impl FnOnce(TerminalOptions) -> miette::Result<String>,
) -> miette::Result<()> {
    let is_terminal = std::io::stdout().is_terminal();
    print_text(&render(TerminalOptions {
        width: width(is_terminal),
        has_color: color.is_wanted(is_terminal),
    })?)
}
