//! What a function does together with the functions of its unit that it calls.
//!
//! One author writes a method out, another spreads it over three private ones: both do one job. Calls
//! are followed within the unit alone, a few levels deep.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::units::{Families, Unit, functions_of};
use crate::facts::Name;
use crate::facts::actions::{Action, ActionKind, Involved, Subject};
use crate::link::members::is_internal;
use crate::link::{FileId, FunctionId, Index};

/// How many levels of calls are followed.
const DEPTH: u32 = 4;

/// Which names the types of each file keep something under, of which none has a method: `rule.action(event)` calls a
/// function that a record keeps.
pub(super) struct Records<'i> {
    index: &'i Index,
    /// Of the files that were asked for.
    names: RefCell<FxHashMap<FileId, FxHashSet<Name>>>,
}

impl<'i> Records<'i> {
    pub(super) fn of(index: &'i Index) -> Self {
        Self { index, names: RefCell::default() }
    }

    fn keep(&self, file: FileId, name: Name) -> bool {
        let mut names = self.names.borrow_mut();
        let kept = names.entry(file).or_insert_with(|| {
            let facts = &self.index.file(file).facts;
            let mut kept: FxHashSet<Name> = facts.fields.iter().map(|field| field.name).collect();
            for function in &facts.functions {
                kept.remove(&function.name);
            }
            kept
        });
        kept.contains(&name)
    }
}

/// The functions of one unit.
pub(super) struct Delegation<'i> {
    index: &'i Index,
    records: Rc<Records<'i>>,
    functions: Vec<FunctionId>,
    /// By the address of the name.
    by_name: Vec<(Name, FunctionId)>,
    /// What each function does itself, in the same order, see [`Delegation::own`].
    own: Vec<Vec<Action>>,
}

impl<'i> Delegation<'i> {
    pub(super) fn of(index: &'i Index, families: &Families, records: &Rc<Records<'i>>, unit: Unit) -> Self {
        let all = functions_of(index, families, unit).into_iter();
        let is_code = |id: &FunctionId| {
            let traits = index.function(*id).traits;
            !traits.is_stub && !traits.is_overload
        };
        let functions: Vec<FunctionId> = all.filter(is_code).collect();
        let named = functions.iter().map(|id| (index.function(*id).name, *id));
        let mut by_name: Vec<(Name, FunctionId)> = named.collect();
        // The last one of a name is the one that is called.
        by_name.sort_by_key(|(name, _)| name.address());
        let mut delegation = Self { index, records: records.clone(), functions, by_name, own: Vec::new() };
        delegation.own = delegation.functions.iter().map(|function| delegation.settle(*function)).collect();
        delegation
    }

    pub(super) fn functions(&self) -> &[FunctionId] {
        &self.functions
    }

    /// The private functions that another function of the unit calls: what they do is told with that one.
    pub(super) fn steps(&self) -> Vec<FunctionId> {
        let mut called: Vec<FunctionId> = Vec::new();
        for &caller in &self.functions {
            let others = self.delegates(caller).filter(|callee| *callee != caller);
            called.extend(others.filter(|id| is_internal(self.index, *id)));
        }
        called.sort_unstable();
        called.dedup();
        called
    }

    /// What a function does itself. What its own functions gave it comes from the unit's state where
    /// they take it from there.
    pub(super) fn own(&self, function: FunctionId) -> &[Action] {
        let position = self.functions.iter().position(|other| *other == function);
        position.map_or(&[], |position| &self.own[position])
    }

    fn settle(&self, function: FunctionId) -> Vec<Action> {
        let given = if self.delegates(function).any(|callee| self.gives_elements(callee, DEPTH)) {
            Subject::Element
        } else {
            Subject::Nothing
        };
        let is_idle = |action: &Action| action.kind == ActionKind::Delegate || is_logging(action);
        let actions = self.actions(function).iter().filter(|action| !is_idle(action));
        let settled = actions.map(|action| {
            let on = match action.on {
                Subject::Own => given,
                on @ (Subject::State | Subject::Element | Subject::Parameter | Subject::Nothing) => on,
            };
            let is_kept_function = action.kind == ActionKind::Call
                && matches!(on, Subject::Element | Subject::Parameter)
                && self.records.keep(function.file, action.name);
            let kind = if is_kept_function { ActionKind::Invoke } else { action.kind };
            Action { on, kind, ..*action }
        });
        settled.collect()
    }

    /// What a function does itself and through the unit's other functions.
    pub(super) fn whole(&self, function: FunctionId) -> Vec<Action> {
        let mut met = vec![function];
        let mut found = self.own(function).to_vec();
        let passes_on = returns(self.actions(function), "own");
        self.add_delegates(function, passes_on, &mut met, &mut found, DEPTH);
        found
    }

    /// A function and the unit's other functions that it calls, directly or not.
    pub(super) fn reach(&self, function: FunctionId) -> Vec<FunctionId> {
        let mut met = vec![function];
        let mut at = 0;
        while let Some(&next) = met.get(at) {
            at += 1;
            for callee in self.delegates(next) {
                if !met.contains(&callee) {
                    met.push(callee);
                }
            }
        }
        met
    }

    fn add_delegates(
        &self,
        function: FunctionId,
        passes_on: bool,
        met: &mut Vec<FunctionId>,
        found: &mut Vec<Action>,
        depth: u32,
    ) {
        if depth == 0 {
            return;
        }
        for (callee, by) in self.calls(function) {
            if met.contains(&callee) {
                continue;
            }
            met.push(callee);
            // What it returns is what the caller returns, or else it never leaves the caller.
            let own = self.own(callee).iter().copied();
            let own = own.filter(|action| passes_on || action.kind != ActionKind::Return);
            // `self._tell(self._of_user(user), text)`: its parameter is what is kept.
            let is_kept = by.has(Involved::PASSES_KEPT);
            let is_told = by.has(Involved::BY_PARAMETER);
            let of_caller = Involved::BY_PARAMETER.and(Involved::STORES_PARAMETER, true);
            let is_failure = by.has(Involved::ON_FAILURE);
            found.extend(own.map(|action| {
                let by = if is_told { action.by } else { action.by.without(of_caller) };
                let by = by.and(Involved::ON_FAILURE, is_failure);
                let on = match action.on {
                    Subject::Parameter if is_kept => Subject::Element,
                    on => on,
                };
                Action { on, by, ..action }
            }));
            let passes_on = passes_on && returns(self.actions(callee), "own");
            self.add_delegates(callee, passes_on, met, found, depth - 1);
        }
    }

    fn actions(&self, function: FunctionId) -> &'i [Action] {
        let facts = &self.index.file(function.file).facts;
        &facts.actions[facts.functions[function.index.index()].actions.range()]
    }

    fn delegates(&self, function: FunctionId) -> impl Iterator<Item = FunctionId> {
        self.calls(function).map(|(callee, _)| callee)
    }

    /// The unit's functions that a function calls, and with what.
    fn calls(&self, function: FunctionId) -> impl Iterator<Item = (FunctionId, Involved)> {
        let calls = self.actions(function).iter().filter(|action| action.kind == ActionKind::Delegate);
        calls.filter_map(|action| Some((self.named(action.name)?, action.by)))
    }

    fn named(&self, name: Name) -> Option<FunctionId> {
        let behind = self.by_name.partition_point(|(other, _)| other.address() <= name.address());
        let (found, function) = self.by_name[..behind].last()?;
        (*found == name).then_some(*function)
    }

    /// Whether a function gives things that the unit keeps.
    fn gives_elements(&self, function: FunctionId, depth: u32) -> bool {
        let actions = self.actions(function);
        let goes_over = || {
            let mut actions = actions.iter();
            actions
                .any(|a| a.kind == ActionKind::Iterate && matches!(a.on, Subject::State | Subject::Element))
        };
        returns(actions, "element")
            || returns(actions, "many") && goes_over()
            || depth > 0
                && returns(actions, "own")
                && self.delegates(function).any(|callee| self.gives_elements(callee, depth - 1))
    }
}

/// `logger.info(…)` says nothing of the job.
fn is_logging(action: &Action) -> bool {
    let levels = ["debug", "info", "warning", "warn", "error", "exception", "critical"];
    action.kind == ActionKind::Call && action.on == Subject::State && levels.contains(&action.name.as_str())
}

fn returns(actions: &[Action], shape: &str) -> bool {
    actions.iter().any(|action| action.kind == ActionKind::Return && action.name.as_str() == shape)
}
