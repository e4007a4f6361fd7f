//! Which candidates were asked for, and how their drivers are called.

mod names;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::Args;
use tempfile::TempDir;

use crate::conformance::candidate::Candidate;
use crate::conformance::drivers::{NODE, PYTHON};
use crate::conformance::mutants;

/// The candidates, and what their drivers need to know.
#[derive(Debug, Args)]
pub(super) struct Candidates {
    /// The manager that comes with ssot.
    #[arg(long, help_heading = "Candidates")]
    reference: bool,
    /// The same manager as `ssot serve` puts it on a network, met by real clients.
    #[arg(long, help_heading = "Candidates")]
    serve: bool,
    /// A class of Python, as pkg.mod:Class or path/to/file.py:Class; may be given several times.
    #[arg(long, value_name = "TARGET", help_heading = "Candidates")]
    pub(super) python: Vec<String>,
    /// A class of JavaScript, as ./file.mjs#Class; may be given several times.
    #[arg(long, value_name = "TARGET", help_heading = "Candidates")]
    node: Vec<String>,
    /// Any driver, as a command of the shell; may be given several times.
    #[arg(long, value_name = "COMMAND", help_heading = "Candidates")]
    cmd: Vec<String>,
    /// A broken reference.
    #[arg(long, value_name = "ID", hide = true)]
    mutant: Vec<String>,
    /// Names, orders and constructors that differ from the protocol's, as TOML; for --python and --node.
    #[arg(long, value_name = "FILE", help_heading = "Candidates")]
    map: Option<PathBuf>,
    /// The interpreter of --python; by default python3.
    #[arg(long, value_name = "PATH", help_heading = "Candidates")]
    pub(super) interpreter: Option<PathBuf>,
    /// The folder that --python and --node import from, and that --cmd runs in.
    #[arg(long, value_name = "DIR", default_value = ".", help_heading = "Candidates")]
    pub(super) root: PathBuf,
}

/// Candidates, and the folder that their drivers lie in for as long as they are judged.
pub(super) struct Resolved {
    pub(super) candidates: Vec<Candidate>,
    drivers: TempDir,
}

impl Resolved {
    /// The folder of the drivers.
    pub(super) fn folder(&self) -> PathBuf {
        self.drivers.path().to_owned()
    }
}

impl Candidates {
    /// What was asked for, in an order of its own.
    pub(super) fn resolve(&self) -> miette::Result<Resolved> {
        let count = self.python.len() + self.node.len() + self.cmd.len() + self.mutant.len();
        if count == 0 && !self.reference && !self.serve {
            return Err(miette::miette!(
                help = "give --reference, --serve, --python pkg.mod:Class, --node ./file.mjs#Class or --cmd COMMAND",
                "it is not said what is to be judged"
            ));
        }
        if !self.root.is_dir() {
            return Err(miette::miette!("{} is no folder", self.root.display()));
        }
        let drivers = write_drivers()?;
        let map = self.map.as_deref().map(names::read_map).transpose()?;
        let mut candidates = Vec::new();
        if self.reference {
            candidates.push(Candidate::reference());
        }
        if self.serve {
            candidates.push(Candidate::served());
        }
        for id in &self.mutant {
            let inside = mutants::all().find(|mutant| mutant.id == id).map(Candidate::mutant);
            let on_the_wire =
                || mutants::all_on_the_wire().find(|mutant| mutant.id == id).map(Candidate::wire_mutant);
            let mutant = inside.or_else(on_the_wire);
            candidates.push(mutant.ok_or_else(|| miette::miette!("there is no mutant `{id}`"))?);
        }
        let interpreter = self.interpreter.clone().unwrap_or_else(|| PathBuf::from("python3"));
        for target in &self.python {
            check_target(target, ':', "pkg.mod:Class")?;
            candidates.push(self.script(
                target,
                interpreter.as_os_str(),
                PYTHON.0,
                map.as_deref(),
                drivers.path(),
            ));
        }
        for target in &self.node {
            check_target(target, '#', "./file.mjs#Class")?;
            candidates.push(self.script(target, "node".as_ref(), NODE.0, map.as_deref(), drivers.path()));
        }
        for command in &self.cmd {
            let arguments = vec!["-c".into(), command.into()];
            candidates.push(Candidate::child(
                command,
                "sh".into(),
                arguments,
                variables(drivers.path()),
                Some(self.root.clone()),
            ));
        }
        Ok(Resolved { candidates, drivers })
    }

    fn script(
        &self,
        target: &str,
        interpreter: &std::ffi::OsStr,
        driver: &str,
        map: Option<&str>,
        drivers: &Path,
    ) -> Candidate {
        let mut arguments: Vec<OsString> = vec![drivers.join(driver).into(), target.into()];
        if let Some(map) = map {
            arguments.extend(["--map-json".into(), map.into()]);
        }
        arguments.extend(["--root".into(), self.root.clone().into()]);
        Candidate::child(target, interpreter.to_owned(), arguments, variables(drivers), None)
    }
}

/// The drivers that come with ssot, as files.
fn write_drivers() -> miette::Result<TempDir> {
    let written = tempfile::Builder::new().prefix("ssot-drivers-").tempdir().and_then(|folder| {
        for (name, text) in [PYTHON, NODE] {
            std::fs::write(folder.path().join(name), text)?;
        }
        Ok(folder)
    });
    written.map_err(|error| miette::miette!("cannot write the drivers to a temporary folder: {error}"))
}

/// `from ssot_driver import …` works in any driver of Python.
fn variables(drivers: &Path) -> Vec<(OsString, OsString)> {
    let path = std::env::var_os("PYTHONPATH").filter(|path| !path.is_empty());
    let parts = std::iter::once(drivers.to_path_buf()).chain(path.iter().flat_map(std::env::split_paths));
    let joined = std::env::join_paths(parts).unwrap_or_else(|_| drivers.into());
    vec![
        ("PYTHONPATH".into(), joined),
        ("PYTHONUNBUFFERED".into(), "1".into()),
        ("PYTHONIOENCODING".into(), "utf-8".into()),
        ("SSOT_DRIVERS".into(), drivers.into()),
    ]
}

fn check_target(target: &str, separator: char, form: &str) -> miette::Result<()> {
    let is_whole =
        target.rsplit_once(separator).is_some_and(|(module, name)| !module.is_empty() && !name.is_empty());
    if is_whole { Ok(()) } else { Err(miette::miette!("`{target}` is no target: expected {form}")) }
}
