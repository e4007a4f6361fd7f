//! What is judged, and how its driver is started.

use std::ffi::OsString;
use std::path::PathBuf;

use super::channel::{Channel, CommandLine, start_child, start_thread};
use super::drivers::defect::Sound;
use super::drivers::served::Flaw;
use super::drivers::{reference, served};
use super::mutants::{Mutant, WireMutant};

/// What is judged.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// As it was asked for; lists of known failures go by it.
    pub label: String,
    driver: Driver,
}

#[derive(Debug, Clone)]
enum Driver {
    Reference,
    Served(Flaw),
    Mutant(&'static Mutant),
    Child(CommandLine),
}

impl Candidate {
    /// The reference manager, in this process.
    #[must_use]
    pub fn reference() -> Self {
        Self { label: "reference".to_owned(), driver: Driver::Reference }
    }

    /// The reference manager behind its server, in this process.
    #[must_use]
    pub fn served() -> Self {
        Self { label: "serve".to_owned(), driver: Driver::Served(Flaw::None) }
    }

    /// The reference manager with a defect.
    #[must_use]
    pub fn mutant(mutant: &'static Mutant) -> Self {
        Self { label: format!("mutant {}", mutant.id), driver: Driver::Mutant(mutant) }
    }

    /// The served reference with a flaw.
    #[must_use]
    pub fn wire_mutant(mutant: &'static WireMutant) -> Self {
        Self { label: format!("mutant {}", mutant.id), driver: Driver::Served(mutant.flaw) }
    }

    /// Whatever a driver in a process of its own owns.
    #[must_use]
    pub fn child(
        label: &str,
        program: OsString,
        arguments: Vec<OsString>,
        variables: Vec<(OsString, OsString)>,
        folder: Option<PathBuf>,
    ) -> Self {
        let line = CommandLine { program, arguments, variables, folder };
        Self { label: label.to_owned(), driver: Driver::Child(line) }
    }

    /// Starts its driver.
    pub(super) fn start(&self) -> Result<Channel, String> {
        match &self.driver {
            Driver::Reference => {
                start_thread(|requests, sink| reference::drive(requests, sink, Box::new(Sound)))
            }
            Driver::Served(flaw) => {
                let flaw = *flaw;
                start_thread(move |requests, sink| served::drive(requests, sink, flaw))
            }
            Driver::Mutant(mutant) => {
                let defect = (mutant.make)();
                start_thread(move |requests, sink| reference::drive(requests, sink, defect))
            }
            Driver::Child(line) => start_child(line),
        }
    }
}
