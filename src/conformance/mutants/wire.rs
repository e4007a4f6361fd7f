//! Broken servers, which real clients have to find out.

use crate::conformance::drivers::served::Flaw;

/// A broken server.
#[derive(Debug)]
pub struct WireMutant {
    /// Unique; kebab-case.
    pub id: &'static str,
    /// The case that has to catch it.
    pub case: &'static str,
    /// What is broken.
    pub broken: &'static str,
    pub(in crate::conformance) flaw: Flaw,
}

const fn mutant(id: &'static str, case: &'static str, broken: &'static str, flaw: Flaw) -> WireMutant {
    WireMutant { id, case, broken, flaw }
}

pub(super) const MUTANTS: [WireMutant; 8] = [
    mutant(
        "oversize-closes-1000",
        "oversize-1009",
        "too large a message is answered by 1000",
        Flaw::ClosesAs1000(1009),
    ),
    mutant("any-origin", "foreign-origin-403", "pages of any origin may connect", Flaw::ForeignOrigins),
    mutant(
        "believes-claims",
        "claimed-user-refused",
        "a client is whoever it says it is",
        Flaw::BelievesClaims,
    ),
    mutant(
        "bad-utf8-closes-1000",
        "bad-utf8-1007",
        "text that is no UTF-8 is answered by 1000",
        Flaw::ClosesAs1000(1007),
    ),
    mutant(
        "unmasked-closes-1000",
        "unmasked-frame-1002",
        "a frame without a mask is answered by 1000",
        Flaw::ClosesAs1000(1002),
    ),
    mutant(
        "fragments-close-1000",
        "fragmented-control-1002",
        "a control frame in fragments is answered by 1000",
        Flaw::ClosesAs1000(1002),
    ),
    mutant("reset-ends-all", "reset-harms-nobody", "a reset ends all connections", Flaw::ResetEndsAll),
    mutant(
        "writes-in-turn",
        "stalled-reader-harms-nobody",
        "clients are written to in turn, and one that reads nothing holds up the others",
        Flaw::WritesInTurn,
    ),
];
