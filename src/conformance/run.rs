//! A candidate, judged by many cases. A driver that breaks costs one case, and is started anew for the next.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::candidate::Candidate;
use super::cases::Case;
use super::judging::{Judgement, judge};
use super::lines::Hello;
use super::session::Session;
use super::verdict::{Failure, HistoryLine, Stop, Verdict};

/// What is judged by what.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The cases, in order.
    pub cases: Vec<&'static Case>,
    /// Deadlines are so many times as long.
    pub patience: f64,
    /// How often each case is judged.
    pub repeat: u32,
}

/// What became of a case.
#[derive(Debug)]
pub struct Judged {
    /// The case.
    pub case: &'static Case,
    /// The worst of its verdicts.
    pub verdict: Verdict,
    /// Why it is neither pass nor fail.
    pub reason: Option<String>,
    /// What was expected and seen.
    pub failure: Option<Failure>,
    /// All lines of the case; of one that passed only where wanted.
    pub history: Vec<HistoryLine>,
    /// How often there was which verdict.
    pub verdicts: BTreeMap<Verdict, u32>,
    /// How long it took, all in all.
    pub took: Duration,
}

/// A candidate with its verdicts.
#[derive(Debug)]
pub struct JudgedCandidate {
    /// As it was asked for.
    pub label: String,
    /// What its driver says of it; none where it never said anything.
    pub hello: Option<Hello>,
    /// By case, in order.
    pub cases: Vec<Judged>,
}

/// How often a driver may fail to start in a row before it is not started any more.
const FALSE_STARTS: u32 = 2;

/// Judges a candidate.
#[must_use]
pub fn run(candidate: &Candidate, terms: &Terms) -> JudgedCandidate {
    let mut runner = Runner {
        candidate,
        patience: terms.patience,
        session: None,
        hello: None,
        false_starts: 0,
        why: String::new(),
    };
    let mut judged: Vec<Judged> = Vec::new();
    for round in 0..terms.repeat.max(1) {
        for (at, case) in terms.cases.iter().copied().enumerate() {
            let one = runner.judge(case);
            if round == 0 {
                judged.push(one);
            } else {
                judged[at].merge(one);
            }
        }
    }
    if let Some(session) = runner.session.take() {
        session.close();
    }
    JudgedCandidate { label: candidate.label.clone(), hello: runner.hello, cases: judged }
}

impl Judged {
    fn merge(&mut self, other: Self) {
        for (verdict, count) in other.verdicts {
            *self.verdicts.entry(verdict).or_default() += count;
        }
        self.took += other.took;
        if weight(other.verdict) > weight(self.verdict) {
            self.verdict = other.verdict;
            self.reason = other.reason;
            self.failure = other.failure;
            self.history = other.history;
        }
    }
}

/// How much a verdict says against a candidate.
fn weight(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Skip => 0,
        Verdict::Pass => 1,
        Verdict::Unknown => 2,
        Verdict::Errored => 3,
        Verdict::Fail => 4,
    }
}

struct Runner<'a> {
    candidate: &'a Candidate,
    patience: f64,
    session: Option<Session>,
    hello: Option<Hello>,
    false_starts: u32,
    /// Why it did not start.
    why: String,
}

impl Runner<'_> {
    fn judge(&mut self, case: &'static Case) -> Judged {
        let started = Instant::now();
        let (judgement, history) = match self.session() {
            Ok(mut session) => {
                let judgement = judge(case, &mut session);
                let history = std::mem::take(&mut session.history);
                // Calls that still go on could disturb the next case.
                let is_usable = judgement.verdict != Verdict::Errored && !session.has_open_calls();
                self.session = is_usable.then_some(session);
                (judgement, history)
            }
            Err(stop) => (Judgement::of(Err(stop)), Vec::new()),
        };
        let Judgement { verdict, reason, failure } = judgement;
        let verdicts = BTreeMap::from([(verdict, 1)]);
        Judged { case, verdict, reason, failure, history, verdicts, took: started.elapsed() }
    }

    /// The driver as it is, or a fresh one.
    fn session(&mut self) -> Result<Session, Stop> {
        if let Some(session) = self.session.take() {
            return Ok(session);
        }
        if self.false_starts >= FALSE_STARTS {
            return Err(Stop::Errored(format!("the driver does not start: {}", self.why)));
        }
        let opened = self
            .candidate
            .start()
            .map_err(Stop::Errored)
            .and_then(|channel| Session::open(channel, self.patience));
        match &opened {
            Ok(session) => {
                self.false_starts = 0;
                self.hello = Some(session.hello.clone());
            }
            Err(stop) => {
                self.false_starts += 1;
                self.why = match stop {
                    Stop::Errored(why) | Stop::Skipped(why) | Stop::Unknown(why) => why.clone(),
                    Stop::Failed(failure) => failure.seen.clone(),
                };
            }
        }
        opened
    }
}
