//! Process groups that live: nothing that a run starts outlives it.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process_group};

/// Groups that were started and not ended.
static GROUPS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

fn groups() -> MutexGuard<'static, BTreeSet<u32>> {
    GROUPS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process group of its own, named by its first process.
pub(super) fn record_group(leader: u32) {
    groups().insert(leader);
}

/// Kills all processes of a group. Has to come before the leader is reaped: its number may be another's then.
pub(super) fn end_group(leader: u32) {
    if groups().remove(&leader) {
        kill(leader);
    }
}

/// Kills every driver of this process with everything that it started. For a run that is interrupted.
pub fn end_all_processes() {
    for leader in std::mem::take(&mut *groups()) {
        kill(leader);
    }
}

fn kill(leader: u32) {
    let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
    if let Some(leader) = leader {
        // A group that is gone needs no end.
        let _ = kill_process_group(leader, Signal::KILL);
    }
}
