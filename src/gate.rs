//! What a run of the gate decides: which findings are new, known or suppressed, and which entries have gone stale.
//!
//! A finding is known where everything that it is about is known: the names within their modules, as often as they are
//! there. So files may move, folders may be renamed and another member of a group may become the canonical one
//! without a finding being new; one more class of the same name is one more. The known ones come from a
//! [`baseline`] or from the findings of an earlier state of the tree; both are one mechanism, and agree.

pub mod baseline;
mod known;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::facts::names::is_tail;
use crate::finding::{Atom, Covered, Finding, Rule, Suppression};
use baseline::Entry;
use known::Matching;

/// What became of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nobody has accepted it.
    New,
    /// It stands in the baseline, or was there before.
    Known,
    /// A comment or the configuration lets it pass.
    Suppressed,
}

impl Status {
    /// The word used in every output.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Known => "known",
            Self::Suppressed => "suppressed",
        }
    }
}

/// The findings of a tree, before anyone has judged them.
#[derive(Debug, Clone, Default, serde::Serialize, serde::Deserialize)]
pub struct Found {
    /// In the order of places.
    pub findings: Vec<Finding>,
    /// From comments and from the configuration.
    pub suppressions: Vec<Suppression>,
    /// The files that were read, by shown path.
    pub files: BTreeSet<String>,
    /// Files that were not read, or not whole, with why.
    pub unread: Vec<String>,
}

/// What to judge by.
#[derive(Debug)]
pub struct Terms<'a> {
    /// The rules that were checked.
    pub rules: &'a BTreeSet<Rule>,
    /// What the baseline accepts.
    pub baseline: &'a [Entry],
    /// What was there before a change; entries that are gone are none of its business.
    pub before: &'a [Entry],
    /// The files that were there before that change, by shown path.
    pub files_before: Option<&'a BTreeSet<String>>,
    /// The day on which it is judged.
    pub today: Date,
}

/// The verdict.
#[derive(Debug)]
pub struct Verdict {
    /// Every finding with what became of it, in the order of places.
    pub findings: Vec<(Finding, Status)>,
    /// Entries of the baseline that no longer occur.
    pub stale: Vec<Entry>,
    /// What is no finding, and may become one without having changed.
    pub near: Vec<Entry>,
}

impl Verdict {
    /// The findings of one status.
    pub fn of(&self, status: Status) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(move |(_, own)| *own == status).map(|(finding, _)| finding)
    }
}

/// Judges the findings of a tree.
#[must_use]
pub fn judge(found: &Found, terms: &Terms<'_>) -> Verdict {
    let due = |finding: &&Finding| !finding.is_near() && finding.after.is_none_or(|day| terms.today > day);
    let near = found.findings.iter().filter(|finding| finding.is_near()).map(Entry::of).collect();
    let mut findings: Vec<Finding> = found.findings.iter().filter(due).cloned().collect();
    let is_suppressed: Vec<bool> = findings
        .iter()
        .map(|finding| found.suppressions.iter().any(|one| covers(one, finding, terms.today)))
        .collect();
    let stale = stale_suppressions(found, &findings, terms);
    let suppressed = is_suppressed.into_iter().chain(std::iter::repeat_n(false, stale.len()));
    let suppressed: Vec<bool> = suppressed.collect();
    findings.extend(stale);

    let open = findings.iter().zip(&suppressed).filter(|(_, is_suppressed)| !**is_suppressed);
    let matching = Matching::of(terms, open.map(|(finding, _)| finding), &found.files);
    let mut judged: Vec<(Finding, Status)> = findings
        .into_iter()
        .zip(suppressed)
        .map(|(mut finding, is_suppressed)| {
            let status = match () {
                () if is_suppressed => Status::Suppressed,
                () if matching.is_known(&finding) => Status::Known,
                () => Status::New,
            };
            if status == Status::New {
                if matching.is_second_alone_new(&finding) || came_second(&finding, terms.files_before) {
                    turn(&mut finding);
                }
                note_what_does_not_count(&mut finding, &found.suppressions, terms.today);
            }
            (finding, status)
        })
        .collect();
    judged.sort_by(|(a, _), (b, _)| (a.place(), a.rule, &a.message).cmp(&(b.place(), b.rule, &b.message)));
    Verdict { findings: judged, stale: matching.stale, near }
}

/// Whether of two copies the second stands in a file that a change brought, and the first does not.
fn came_second(finding: &Finding, before: Option<&BTreeSet<String>>) -> bool {
    let was_there = |at: usize| {
        let atom: Option<&Atom> = finding.atoms.get(at);
        before.zip(atom).is_some_and(|(before, atom)| before.contains(&atom.path))
    };
    before.is_some() && was_there(0) && !was_there(1) && finding.atoms.len() == 2
}

/// Tells of a copy from its other side: what is new comes first, whoever is relied on more.
fn turn(finding: &mut Finding) {
    let Some(turned) = finding.copy.as_mut().and_then(|copy| copy.turned.take()) else { return };
    let [own, other] = turned.labels;
    finding.message = turned.message;
    finding.symbols = vec![turned.symbol];
    finding.atoms.reverse();
    finding.places.reverse();
    for (place, label) in finding.places.iter_mut().zip([own, other]) {
        place.label = label;
    }
}

/// Tells of a suppression that is meant for a finding and does not count.
fn note_what_does_not_count(finding: &mut Finding, suppressions: &[Suppression], today: Date) {
    let meant = suppressions.iter().find(|one| is_about(one, finding));
    let Some(one) = meant else { return };
    let (path, line) = (&one.origin.path, one.origin.line);
    let problem = match &one.rules[..] {
        [] => "names no rule: expected `ssot: allow[rule] reason`".to_owned(),
        rules if !rules.iter().any(|rule| rule == finding.rule.id()) => {
            format!("is for {}", rules.join(", "))
        }
        _ if one.reason.is_empty() => "gives no reason".to_owned(),
        _ => match one.until.filter(|until| today > *until) {
            Some(until) => format!("has expired: its last day was {until}"),
            None => return,
        },
    };
    finding.notes.push(format!("the suppression at {path}:{line} does not count: it {problem}"));
}

fn covers(suppression: &Suppression, finding: &Finding, today: Date) -> bool {
    let is_valid = !suppression.reason.is_empty() && suppression.until.is_none_or(|until| today <= until);
    is_valid
        && suppression.rules.iter().any(|rule| rule == finding.rule.id())
        && is_about(suppression, finding)
}

fn is_about(suppression: &Suppression, finding: &Finding) -> bool {
    match &suppression.covers {
        Covered::Line(line) => {
            let place = finding.place();
            place.path == suppression.origin.path && (place.first_line..=place.line).contains(line)
        }
        Covered::Symbol(tail) => finding.symbols.iter().any(|symbol| is_tail(symbol, tail)),
    }
}

/// Suppressions that suppress nothing.
fn stale_suppressions(found: &Found, findings: &[Finding], terms: &Terms<'_>) -> Vec<Finding> {
    if !terms.rules.contains(&Rule::StaleSuppression) {
        return Vec::new();
    }
    let told = found.suppressions.iter().filter_map(|one| {
        let problem = problem_of(one, findings, terms)?;
        let what = match &one.covers {
            Covered::Line(_) => one.rules.join(", "),
            Covered::Symbol(symbol) => format!("{} for {symbol}", one.rules.join(", ")),
        };
        let name = format!("allow[{what}]");
        Some(Finding {
            rule: Rule::StaleSuppression,
            message: format!("`{name}` {problem}"),
            places: vec![one.origin.clone()],
            notes: Vec::new(),
            atoms: vec![Atom { name, path: one.origin.path.clone() }],
            symbols: Vec::new(),
            after: None,
            copy: None,
        })
    });
    told.collect()
}

fn problem_of(one: &Suppression, findings: &[Finding], terms: &Terms<'_>) -> Option<String> {
    if one.rules.is_empty() {
        return Some("names no rule: expected `ssot: allow[rule] reason`".to_owned());
    }
    if let Some(unknown) = one.rules.iter().find(|rule| Rule::from_id(rule).is_none()) {
        return Some(format!("names `{unknown}`, which is no rule; `ssot explain --list` names them"));
    }
    if one.reason.is_empty() {
        return Some("gives no reason, and suppresses nothing without one".to_owned());
    }
    if let Some(until) = one.until.filter(|until| terms.today > *until) {
        return Some(format!("has expired: its last day was {until}"));
    }
    // Of a rule that was not checked nobody knows whether there is a finding.
    let rules: Vec<Rule> = one.rules.iter().filter_map(|rule| Rule::from_id(rule)).collect();
    if !rules.iter().all(|rule| terms.rules.contains(rule)) {
        return None;
    }
    let idle = rules
        .iter()
        .find(|rule| !findings.iter().any(|finding| finding.rule == **rule && is_about(one, finding)))?;
    Some(format!("suppresses no finding of {idle} any more"))
}
