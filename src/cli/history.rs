//! `ssot history`: the same figures for the commits of a branch.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::inputs::Inputs;
use super::output::{Answer, Color, Output, print_note};
use super::remembering::save;
use crate::analysis::AnalysisOptions;
use crate::git::{Commit, GitError, Listed, Repository};
use crate::history::Past;
use crate::history::figures::{Counted, Event, Figures, events, figures};
use crate::history::sampling::{Sampling, sample};
use crate::render::Format;
use crate::render::pages::history::history_page;
use crate::report::history::{HistoryReport, build};
use crate::tree::revisions::{Listing, Revisions};

/// How many commits are analysed one after the other, each with what is left of the one before.
const LANE: usize = 16;
/// How many commits are read before they are analysed, at the most.
const MOST: usize = 128;

/// What `ssot history` takes.
#[derive(Debug, Args)]
pub(super) struct HistoryCommand {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    output: Output,
    /// Only the concept with this id.
    #[arg(long, value_name = "ID")]
    concept: Option<String>,
    /// The branch, tag or commit where the history ends.
    #[arg(long, value_name = "REVISION", default_value = "HEAD")]
    revision: String,
    /// Only commits since the beginning of this day.
    #[arg(long, value_name = "YYYY-MM-DD")]
    since: Option<jiff::civil::Date>,
    /// Look at every N-th commit; by default at 200, evenly spread.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    every: Option<u32>,
    /// Look at the last commit of each of these.
    #[arg(long, value_enum, value_name = "PERIOD", conflicts_with = "every")]
    per: Option<Period>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Period {
    Day,
    Month,
}

pub(super) fn run(arguments: &HistoryCommand, quiet: bool, color: Color) -> miette::Result<()> {
    let format = arguments.output.format(Format::Terminal)?;
    let prepared = arguments.inputs.prepare(quiet)?;
    let options = super::options_of(&prepared.config, arguments.concept.as_deref())?;
    let cache = arguments.inputs.cache(true);
    let reading = prepared.options(false);
    let revisions = Revisions::new(&reading, &cache).map_err(|error| miette::miette!("{error}"))?;
    let sampling = match (arguments.every, arguments.per) {
        (Some(every), _) => Sampling::Every(every as usize),
        (None, Some(Period::Day)) => Sampling::PerDay,
        (None, Some(Period::Month)) => Sampling::PerMonth,
        (None, None) => Sampling::Spread,
    };
    let repository = Repository::around(revisions.root());
    if !quiet && repository.has_submodules("HEAD").unwrap_or(false) {
        print_note("note: submodules have a history of their own; what is in them is not counted\n");
    }
    let report = follow(arguments, revisions, &repository, &options, sampling, quiet);
    let report =
        report.map_err(|error| miette::miette!(help = error.help(), "cannot read the history: {error}"))?;
    save(cache, quiet);
    let answer = Answer::of(format, &report, || history_page(&report))?;
    arguments.output.write(format, &answer, color)
}

fn follow(
    arguments: &HistoryCommand,
    mut revisions: Revisions<'_>,
    repository: &Repository,
    options: &AnalysisOptions,
    sampling: Sampling,
    quiet: bool,
) -> Result<HistoryReport, GitError> {
    let since = arguments.since.map(|day| format!("{day}T00:00:00"));
    let commits = repository.first_parents(&arguments.revision, since.as_deref())?;
    revisions.lie_below(repository.prefix()?);
    let past = Past::of(revisions.root());
    let is_shallow = !past.is_complete();
    let chosen = sample(&commits, sampling);
    if !quiet && chosen.len() < commits.len() {
        print_note(&format!("note: {} of {} commits; --every 1 looks at all\n", chosen.len(), commits.len()));
    }
    let mut walk = Walk {
        commits: &commits,
        revisions,
        repository,
        past,
        options,
        listing: Listing::new(),
        at: None,
        found: BTreeMap::new(),
        last: None,
        bar: progress(chosen.len(), quiet),
    };
    walk.look_at(&chosen)?;
    walk.narrow_down(&chosen)?;
    walk.bar.finish_and_clear();
    let Walk { found, .. } = walk;
    if !quiet && found.values().all(|figures| figures.files == 0) {
        print_note("note: git knows no source file here\n");
    }
    let looked_at: Vec<(&Commit, &Figures)> =
        chosen.iter().filter_map(|at| Some((&commits[*at], found.get(at)?))).collect();
    let mut told: Vec<(&Commit, Event)> = Vec::new();
    let mut before = None;
    for (at, figures) in &found {
        // What was there when the history begins was not introduced by its first commit, unless that is the very first.
        if before.is_some() || (*at == 0 && arguments.since.is_none() && !is_shallow) {
            told.extend(events(before, figures).into_iter().map(|event| (&commits[*at], event)));
        }
        before = Some(figures);
    }
    Ok(build(commits.len(), is_shallow, &looked_at, &told))
}

/// A walk over commits: the files of the one where it stands, and what was found so far.
struct Walk<'a> {
    commits: &'a [Commit],
    revisions: Revisions<'a>,
    repository: &'a Repository,
    past: Past,
    options: &'a AnalysisOptions,
    listing: Listing,
    /// The commit that the listing is of.
    at: Option<usize>,
    found: BTreeMap<usize, Figures>,
    /// The tree that was counted last.
    last: Option<Arc<Counted>>,
    bar: ProgressBar,
}

impl Walk<'_> {
    /// Analyses commits, given in order.
    fn look_at(&mut self, positions: &[usize]) -> Result<(), GitError> {
        let lanes = (MOST / LANE).min(rayon::current_num_threads()).max(2);
        for chunk in positions.chunks(lanes * LANE) {
            let listings = self.listings(chunk)?;
            let unread = self.revisions.unread(listings.iter());
            let blobs: Vec<&str> = unread.iter().map(|unread| &*unread.blob).collect();
            let contents = self.repository.contents(&blobs)?;
            self.revisions.read(unread.into_iter().zip(contents).collect());
            let (revisions, bar) = (&self.revisions, &self.bar);
            let options_at = |at: usize| {
                let past = self.past.at(&self.commits[at].id);
                AnalysisOptions { history: Some(Arc::new(past)), ..self.options.clone() }
            };
            // Commits that hold the same sources say the same: only the first of a run is worked out.
            let numbered: Vec<(usize, &Listing)> = chunk.iter().copied().zip(&listings).collect();
            let runs: Vec<&[(usize, &Listing)]> =
                numbered.chunk_by(|before, after| before.1 == after.1).collect();
            let base = &self.last;
            // Lanes go at the same time, the commits of a lane in order.
            let lanes: Vec<(Vec<Figures>, Option<Arc<Counted>>)> = runs
                .par_chunks(runs.len().div_ceil(lanes))
                .map(|lane| {
                    let mut last = base.clone();
                    let mut found = Vec::new();
                    for run in lane {
                        let (at, listing) = run[0];
                        let before = last.as_deref();
                        let index = revisions.link(listing, before.map(Counted::index));
                        let (figures, counted) = figures(index, before, &options_at(at));
                        bar.inc(run.len() as u64);
                        found.extend(std::iter::repeat_n(figures, run.len()));
                        last = Some(Arc::new(counted));
                    }
                    (found, last)
                })
                .collect();
            self.last = lanes.last().and_then(|(_, last)| last.clone());
            let analysed = lanes.into_iter().flat_map(|(found, _)| found);
            self.found.extend(chunk.iter().copied().zip(analysed));
            self.revisions.keep_only(&self.listing);
        }
        Ok(())
    }

    /// Looks between two commits that differ in their members until it is known which commit did it.
    fn narrow_down(&mut self, chosen: &[usize]) -> Result<(), GitError> {
        let mut windows: Vec<(usize, usize)> = chosen.windows(2).map(|pair| (pair[0], pair[1])).collect();
        loop {
            windows.retain(|(before, after)| {
                let differ = match (self.found.get(before), self.found.get(after)) {
                    (Some(old), Some(new)) => !events(Some(old), new).is_empty(),
                    _ => false,
                };
                differ && after - before > 1
            });
            if windows.is_empty() {
                return Ok(());
            }
            let middles: Vec<usize> = windows.iter().map(|(before, after)| before.midpoint(*after)).collect();
            self.bar.inc_length(middles.len() as u64);
            self.look_at(&middles)?;
            windows = windows
                .iter()
                .zip(&middles)
                .flat_map(|((before, after), middle)| [(*before, *middle), (*middle, *after)])
                .collect();
        }
    }

    /// The files of commits, one after the other.
    fn listings(&mut self, positions: &[usize]) -> Result<Vec<Listing>, GitError> {
        let Some((&first, _)) = positions.split_first() else { return Ok(Vec::new()) };
        if self.at.is_none() {
            let files = self.repository.listing(&self.commits[first].tree)?;
            self.apply(files);
            self.at = Some(first);
        }
        let steps = self.at.into_iter().chain(positions.iter().copied());
        let trees: Vec<&str> = steps.map(|at| self.commits[at].tree.as_str()).collect();
        let pairs: Vec<(&str, &str)> = trees.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let changes = self.repository.changes_between(&pairs)?;
        let mut listings = Vec::with_capacity(positions.len());
        for (position, change) in positions.iter().zip(changes) {
            self.apply(change);
            self.at = Some(*position);
            listings.push(self.listing.clone());
        }
        Ok(listings)
    }

    fn apply(&mut self, changes: Vec<Listed>) {
        for Listed { path, blob } in changes {
            let path: Arc<str> = path.into();
            match blob {
                Some(blob) if self.revisions.takes(&path) => {
                    self.listing.insert(path, blob.into());
                }
                Some(_) => {}
                None => {
                    self.listing.remove(&path);
                }
            }
        }
    }
}

/// Reads a history that `ssot history` wrote as JSON.
pub(super) fn read_history(path: &Path) -> miette::Result<HistoryReport> {
    const HELP: &str = "write one with `ssot history -o FILE.json`";
    let text = std::fs::read_to_string(path)
        .map_err(|error| miette::miette!("cannot read history {}: {error}", path.display()))?;
    let report: HistoryReport = serde_json::from_str(&text).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        miette::miette!(help = HELP, "{}:{line}:{column} is no history: {error}", path.display())
    })?;
    if report.schema != crate::report::SCHEMA {
        let expected = crate::report::SCHEMA;
        let (path, found) = (path.display(), &report.schema);
        return Err(miette::miette!(help = HELP, "{path} has schema {found:?}; expected {expected:?}"));
    }
    Ok(report)
}

/// A bar on a terminal, once something takes over a second.
fn progress(commits: usize, quiet: bool) -> ProgressBar {
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(commits as u64) };
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos} of {len} commits, {eta} left") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_secs(1));
    bar
}
