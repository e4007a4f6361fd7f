//! Broken managers: the reference with one defect each. A case that no mutant fails is no case.

mod broken;
mod connections;
mod delivery;
mod lifecycle;
mod memory;
mod messages;
mod nodes;
mod slowness;
mod wire;

pub use self::wire::WireMutant;
use super::drivers::defect::Defect;

/// A broken manager.
#[derive(Debug)]
pub struct Mutant {
    /// Unique; kebab-case.
    pub id: &'static str,
    /// The case that has to catch it.
    pub case: &'static str,
    /// What is broken.
    pub broken: &'static str,
    pub(super) make: fn() -> Box<dyn Defect>,
}

/// All mutants. Each changes one call or one event and leaves all others alone, whatever may be added to them: hence their `_`.
pub fn all() -> impl Iterator<Item = &'static Mutant> {
    let groups: [&[Mutant]; 6] = [
        &connections::MUTANTS,
        &delivery::MUTANTS,
        &messages::MUTANTS,
        &slowness::MUTANTS,
        &lifecycle::MUTANTS,
        &nodes::MUTANTS,
    ];
    groups.into_iter().flatten()
}

/// All broken servers.
pub fn all_on_the_wire() -> impl Iterator<Item = &'static WireMutant> {
    wire::MUTANTS.iter()
}

const fn mutant(
    id: &'static str,
    case: &'static str,
    broken: &'static str,
    make: fn() -> Box<dyn Defect>,
) -> Mutant {
    Mutant { id, case, broken, make }
}
