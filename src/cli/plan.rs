//! `ssot plan`: the way to one implementation, and how far it is.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::inputs::Inputs;
use super::output::{Answer, Color, Output, print_note};
use crate::analysis;
use crate::analysis::concepts::Concept;
use crate::plan::schedule::schedule;
use crate::plan::{folder_of, plan};
use crate::render::pages::plan::{plan_page, status_page};
use crate::render::plan_text::{render_csv, render_issues};
use crate::render::{Format, json};
use crate::report::plan::{PlanReport, SavedPlan, Terms, build, status};

/// What `ssot plan` takes.
#[derive(Debug, Args)]
pub(super) struct PlanCommand {
    #[command(flatten)]
    inputs: Inputs,
    #[command(flatten)]
    output: Output,
    /// Only the concept with this id.
    #[arg(long, value_name = "ID")]
    concept: Option<String>,
    /// How many people work on it.
    #[arg(long, value_name = "PEOPLE", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    capacity: u16,
    /// Weeks that there are: the plan says whether it fits.
    #[arg(long, value_name = "WEEKS")]
    weeks: Option<u32>,
    /// What is done and what is open; with --saved, of that plan.
    #[arg(long)]
    status: bool,
    /// Keep the plan in this file, for --saved.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// A plan that was saved earlier: which steps are done, overtaken, new.
    #[arg(long, value_name = "FILE", requires = "status")]
    saved: Option<PathBuf>,
    /// Write the body of an issue for each step into this folder.
    #[arg(long, value_name = "FOLDER")]
    issues: Option<PathBuf>,
    /// Write the steps as a table in another form.
    #[arg(long, value_enum, conflicts_with_all = ["format", "status"])]
    table: Option<Table>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Table {
    /// Comma-separated, one line a step.
    Csv,
}

pub(super) fn run(arguments: &PlanCommand, quiet: bool, color: Color) -> miette::Result<()> {
    let loaded = arguments.inputs.load(quiet)?;
    let options = super::options(&loaded, arguments.concept.as_deref())?;
    let index = &loaded.tree.index;
    let found = analysis::run(index, &loaded.tree.documents, &options);
    let concepts: Vec<&Concept> = found.concepts.iter().collect();
    let owners = Owners::of(&loaded.tree.root);
    let owner_of = |path: &str| owners.of_path(path);
    let plan = plan(index, &found, &concepts, &options.lexicon, &owner_of);
    let capacity = usize::from(arguments.capacity);
    let schedule = schedule(&plan.steps, capacity);
    let terms = Terms { owners: &owner_of, capacity, weeks: arguments.weeks };
    let report = build(index, &plan, &schedule, &terms);
    loaded.progress.finish();
    if concepts.is_empty() {
        return Err(miette::miette!(
            help = "declare one in ssot.toml; `ssot discover --write CONCEPT` adds what it finds",
            "no declared concept has members in {}",
            loaded.tree.root.display()
        ));
    }
    save(arguments, &report, quiet)?;
    let is_csv = arguments.table == Some(Table::Csv) || arguments.output.extension() == Some("csv");
    let format = if is_csv { Format::Terminal } else { arguments.output.format(Format::Terminal)? };
    if arguments.status {
        let saved = arguments.saved.as_deref().map(read_saved).transpose()?;
        if let Some(saved) = &saved {
            let is_declared = |id: &String| options.concepts.iter().any(|rule| rule.id == *id);
            if let Some(step) = saved.steps.iter().find(|step| !is_declared(&step.concept)) {
                return Err(miette::miette!(
                    help = "what is gone would count as done: compare with the tree that the plan is of",
                    "the saved plan is of concept `{}`, which is not declared here",
                    step.concept
                ));
            }
        }
        let report = status(index, &report, saved.as_ref());
        let answer = Answer::of(format, &report, || status_page(&report))?;
        return arguments.output.write(format, &answer, color);
    }
    if is_csv {
        return arguments.output.write(
            Format::Terminal,
            &Answer::Bytes(render_csv(&report).into_bytes()),
            color,
        );
    }
    let answer = Answer::of(format, &report, || plan_page(&report))?;
    arguments.output.write(format, &answer, color)
}

/// Writes what is to be kept beside the answer.
fn save(arguments: &PlanCommand, report: &PlanReport, quiet: bool) -> miette::Result<()> {
    let cannot =
        |path: &Path, error: std::io::Error| miette::miette!("cannot write {}: {error}", path.display());
    if let Some(path) = &arguments.save {
        let bytes = json::render_json(report).map_err(super::output::internal)?;
        std::fs::write(path, bytes).map_err(|error| cannot(path, error))?;
    }
    if let Some(folder) = &arguments.issues {
        std::fs::create_dir_all(folder).map_err(|error| cannot(folder, error))?;
        let issues = render_issues(report);
        for (name, body) in &issues {
            let path = folder.join(name);
            std::fs::write(&path, body).map_err(|error| cannot(&path, error))?;
        }
        if !quiet {
            print_note(&format!("wrote {} issues into {}\n", issues.len(), folder.display()));
        }
    }
    Ok(())
}

fn read_saved(path: &Path) -> miette::Result<SavedPlan> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| miette::miette!("cannot read plan {}: {error}", path.display()))?;
    let saved: SavedPlan = serde_json::from_str(&text).map_err(|error| {
        miette::miette!(
            help = "write one with `ssot plan --save FILE`",
            "{}:{}:{} is no saved plan: {error}",
            path.display(),
            error.line(),
            error.column()
        )
    })?;
    if saved.schema != crate::report::SCHEMA {
        return Err(miette::miette!(
            help = "write one with `ssot plan --save FILE`",
            "{} has schema {:?}; expected {:?}",
            path.display(),
            saved.schema,
            crate::report::SCHEMA
        ));
    }
    Ok(saved)
}

/// Who owns which files (GitHub, "About code owners"): the last pattern that matches counts. Where there is no such
/// file, a file belongs to its folder.
struct Owners {
    rules: Vec<(Gitignore, String)>,
    /// The scanned folder, from the repository's root: patterns are relative to that.
    below: PathBuf,
}

impl Owners {
    fn of(root: &Path) -> Self {
        let above = root.ancestors().find(|up| up.join(".git").exists()).unwrap_or(root);
        let places = ["CODEOWNERS", ".github/CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"];
        let text = places.iter().find_map(|place| std::fs::read_to_string(above.join(place)).ok());
        let lines = text.iter().flat_map(|text| text.lines());
        let rules = lines.filter_map(|line| {
            let line = line.split(" #").next().unwrap_or(line).trim();
            if line.is_empty() || line.starts_with(['#', '[', '^']) {
                return None;
            }
            let (pattern, owners) = line.split_once(char::is_whitespace)?;
            let mut builder = GitignoreBuilder::new(above);
            builder.add_line(None, pattern).ok()?;
            Some((builder.build().ok()?, owners.split_whitespace().collect::<Vec<_>>().join(" ")))
        });
        Self {
            rules: rules.collect(),
            below: root.strip_prefix(above).map(Path::to_path_buf).unwrap_or_default(),
        }
    }

    fn of_path(&self, path: &str) -> String {
        let whole = self.below.join(path);
        let owned = self
            .rules
            .iter()
            .rev()
            .find(|(pattern, _)| pattern.matched_path_or_any_parents(&whole, false).is_ignore());
        match owned {
            Some((_, owner)) => owner.clone(),
            None => folder_of(path),
        }
    }
}
