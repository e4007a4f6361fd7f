//! One case and one driver.

use super::cases::{Case, Strength};
use super::lines::{Call, Level};
use super::session::Session;
use super::verdict::{Failure, Stop, Verdict};
use super::world::{Judged, World};

/// What became of a case, without its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Judgement {
    pub(super) verdict: Verdict,
    /// Why it is neither pass nor fail.
    pub(super) reason: Option<String>,
    pub(super) failure: Option<Failure>,
}

impl Judgement {
    pub(super) fn of(outcome: Judged) -> Self {
        let (verdict, reason, failure) = match outcome {
            Ok(()) => (Verdict::Pass, None, None),
            Err(Stop::Failed(failure)) => (Verdict::Fail, None, Some(failure)),
            Err(Stop::Skipped(reason)) => (Verdict::Skip, Some(reason), None),
            Err(Stop::Errored(reason)) => (Verdict::Errored, Some(reason), None),
            Err(Stop::Unknown(reason)) => (Verdict::Unknown, Some(reason), None),
        };
        Self { verdict, reason, failure }
    }
}

/// Judges a candidate by a case.
pub(super) fn judge(case: &Case, session: &mut Session) -> Judgement {
    session.start_case();
    Judgement::of(check_applies(case, session).and_then(|()| judge_fresh(case, session)))
}

/// Whether the case says something of such a candidate.
fn check_applies(case: &Case, session: &Session) -> Judged {
    if let Some(level) = case.level
        && level != session.hello.level
    {
        let sockets = match level {
            Level::L1 => "virtual sockets (L1)",
            Level::L2 => "real clients (L2)",
        };
        return Err(Stop::Skipped(format!("it takes {sockets}")));
    }
    let missing: Vec<&str> = case.needs.iter().copied().filter(|need| !session.has(need)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    match case.strength {
        Strength::Must => {
            Err(Stop::failed(format!("the candidate has {missing}"), "it does not announce it"))
        }
        Strength::Should => Err(Stop::Skipped(format!("the candidate does not announce {missing}"))),
    }
}

fn judge_fresh(case: &Case, session: &mut Session) -> Judged {
    let mut world = World::new(session)?;
    world.plain(Call::Reset { limits: case.limits, nodes: case.nodes })?;
    (case.judge)(&mut world)?;
    // Whatever the driver still has to say belongs to this case.
    world.settle()
}
