//! A long history of a tree, commit by commit: `--since` and a baseline that follows the tree must say the same of each, and
//! what makes no copy must bring nothing.
//!
//! The history is generated: copies from the evaluation set come in, files are moved and removed, classes are renamed, folders
//! are renamed, methods are added, prose is edited. `SSOT_REPLAY` sets how many commits; by default 40, which is what a debug
//! build is patient enough for.

#![expect(clippy::print_stdout, reason = "the figures are what this test is read for")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::git::{commit, git, has_git};
use support::{files_with, folders_in, items, lay_over, repository, ssot, text_of, write};
use tempfile::TempDir;

const DAY: &str = "2026-01-01";

/// A sequence that looks random and is the same on every run (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// The tree that is worked on.
struct Work {
    root: PathBuf,
    dice: Dice,
    /// Cases that are not in the tree.
    waiting: Vec<PathBuf>,
    /// Files that came with cases, and how they were named.
    inserted: Vec<PathBuf>,
    count: usize,
}

/// What a commit does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Insert,
    Remove,
    Move,
    RenameClass,
    RenameFolder,
    AddMethod,
    EditProse,
}

impl Step {
    /// Whether something new may come of it.
    fn may_bring(self) -> bool {
        match self {
            Self::Insert | Self::RenameClass | Self::AddMethod => true,
            Self::Remove | Self::Move | Self::RenameFolder | Self::EditProse => false,
        }
    }
}

/// The dotted name of a file of the tree.
fn module_of(root: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(root).expect("below").with_extension("");
    relative.to_string_lossy().replace('/', ".")
}

impl Work {
    fn rewrite(&self, change: impl Fn(&str) -> String) {
        for path in files_with(&self.root, &["py"]) {
            let text = std::fs::read_to_string(&path).expect("text");
            let changed = change(&text);
            if changed != text {
                std::fs::write(&path, changed).expect("file");
            }
        }
    }

    fn pick(&mut self) -> Option<PathBuf> {
        // A stand-in that leaves the tests is a copy, and no mere move.
        let folder = self.root.join("shop");
        self.inserted
            .retain(|path| path.is_file() && path.starts_with(&folder) && !path.ends_with("__init__.py"));
        let count = self.inserted.len();
        (count > 0).then(|| self.inserted[self.dice.below(count)].clone())
    }

    /// Changes the tree.
    fn step(&mut self) -> Step {
        self.count += 1;
        let count = self.count;
        match self.dice.below(10) {
            0..=3 if !self.waiting.is_empty() => {
                let at = self.dice.below(self.waiting.len());
                let case = self.waiting.swap_remove(at);
                let made = lay_over(&case, &self.root);
                self.inserted.extend(made);
                Step::Insert
            }
            4 => match self.pick() {
                Some(file) => {
                    std::fs::remove_file(file).expect("removed");
                    Step::Remove
                }
                None => self.prose(),
            },
            5 => match self.pick() {
                Some(file) => {
                    let name = file.file_name().expect("a name").to_owned();
                    let folder = self.root.join(format!("shop/moved_{count}"));
                    std::fs::create_dir_all(&folder).expect("folder");
                    std::fs::write(folder.join("__init__.py"), "").expect("file");
                    let target = folder.join(name);
                    std::fs::rename(&file, &target).expect("moved");
                    let (old, new) = (module_of(&self.root, &file), module_of(&self.root, &target));
                    self.rewrite(|text| text.replace(&old, &new));
                    self.inserted.push(target);
                    Step::Move
                }
                None => self.prose(),
            },
            6 => match self.pick() {
                Some(file) => {
                    let text = std::fs::read_to_string(&file).expect("text");
                    let name = text
                        .lines()
                        .find_map(|line| line.strip_prefix("class "))
                        .map(|rest| rest.split(['(', ':']).next().expect("a name").to_owned());
                    match name {
                        Some(name) => {
                            let renamed = text.replace(&name, &format!("{name}{count}"));
                            std::fs::write(&file, renamed).expect("file");
                            Step::RenameClass
                        }
                        None => self.prose(),
                    }
                }
                None => self.prose(),
            },
            7 => {
                let folders = folders_in(&self.root.join("shop"));
                let folder = folders[self.dice.below(folders.len())].clone();
                let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
                let stem = name.trim_end_matches(char::is_numeric).trim_end_matches("_v").to_owned();
                let new = format!("{stem}_v{count}");
                std::fs::rename(&folder, self.root.join("shop").join(&new)).expect("renamed");
                let (old_module, new_module) = (format!("shop.{name}."), format!("shop.{new}."));
                let (old_import, new_import) = (format!("shop.{name} import"), format!("shop.{new} import"));
                self.rewrite(|text| text.replace(&old_module, &new_module).replace(&old_import, &new_import));
                self.inserted = std::mem::take(&mut self.inserted)
                    .into_iter()
                    .map(|path| match path.strip_prefix(&folder) {
                        Ok(rest) => self.root.join("shop").join(&new).join(rest),
                        Err(_) => path,
                    })
                    .collect();
                Step::RenameFolder
            }
            8 => match self.pick() {
                Some(file) => {
                    let text = std::fs::read_to_string(&file).expect("text");
                    let method = format!("\n    def describe_{count}(self):\n        return str(self)\n");
                    // Behind the last class, where the file ends in one.
                    let ends_in_class =
                        text.lines().rfind(|l| !l.is_empty()).is_some_and(|l| l.starts_with("    "));
                    if !ends_in_class {
                        return self.prose();
                    }
                    std::fs::write(&file, format!("{}\n{method}", text.trim_end())).expect("file");
                    Step::AddMethod
                }
                None => self.prose(),
            },
            _ => self.prose(),
        }
    }

    fn prose(&self) -> Step {
        let count = self.count;
        write(&self.root, "README.md", format!("# Shop, edition {count}\n").as_bytes());
        self.rewrite(|text| match text.strip_prefix("\"\"\"") {
            Some(rest) => format!("\"\"\"Edited {count}. {rest}"),
            None => text.to_owned(),
        });
        Step::EditProse
    }
}

/// The new findings of a run, by fingerprint, with their messages. Of two copies `--since` knows which came second, and a
/// baseline does not: the fact is the same.
#[track_caller]
fn new(root: &Path, more: &[&str]) -> BTreeMap<(String, String), String> {
    let mut arguments = vec!["check", "--no-python", "-q", "--format", "json"];
    arguments.extend(more);
    let run = ssot(root, &arguments);
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let findings = items(&answer["findings"]).iter().filter(|finding| finding["status"] == "new");
    let key = |f: &Value| (text_of(f, "rule").to_owned(), text_of(f, "fingerprint").to_owned());
    findings.map(|finding| (key(finding), text_of(finding, "message").to_owned())).collect()
}

#[test]
fn since_and_a_baseline_agree_on_every_commit() {
    if !has_git() {
        return;
    }
    let commits: usize = std::env::var("SSOT_REPLAY").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    let made = TempDir::new().expect("a fresh folder");
    let root = made.path().to_path_buf();
    git(&root, DAY, &["init", "-q"]);
    lay_over(&repository().join("fixtures/concepts/base"), &root);
    let folders = std::fs::read_dir(repository().join("fixtures/concepts/cases")).expect("cases");
    let mut waiting: Vec<PathBuf> = folders.map(|folder| folder.expect("case").path()).collect();
    waiting.sort();
    let severity = "[check]\nseverity = \"warning\"\n";
    write(&root, "ssot.toml", severity.as_bytes());
    write(&root, ".gitignore", b"ssot.baseline\n");
    commit(&root, DAY);
    let accept = ["check", "--no-python", "-q", "--write-baseline", "ssot.baseline", "--grow"];
    ssot(&root, &accept).expect_code(0);

    let mut work = Work { root: root.clone(), dice: Dice(20_261), waiting, inserted: Vec::new(), count: 0 };
    let mut counts: BTreeMap<Step, (usize, usize)> = BTreeMap::new();
    let (mut bringing, mut disagreements, mut noise) = (0, Vec::new(), Vec::new());
    for number in 0..commits {
        let step = work.step();
        git(&root, DAY, &["add", "-A"]);
        git(&root, DAY, &["commit", "-q", "--allow-empty", "-m", &format!("{number}: {step:?}")]);
        let by_since = new(&root, &["--since", "HEAD~1"]);
        let by_baseline = new(&root, &["--baseline", "ssot.baseline"]);
        if !by_since.keys().eq(by_baseline.keys()) {
            disagreements.push(format!("{number} {step:?}: {by_since:?} but {by_baseline:?}"));
        }
        if !by_since.is_empty() && !step.may_bring() {
            noise.push(format!("{number} {step:?}: {by_since:?}"));
        }
        let (all, with_findings) = counts.entry(step).or_default();
        *all += 1;
        *with_findings += usize::from(!by_since.is_empty());
        bringing += usize::from(!by_since.is_empty());
        ssot(&root, &accept).expect_code(0);
    }
    for (step, (all, with_findings)) in &counts {
        println!("{step:?}: {all} commits, {with_findings} of them with new findings");
    }
    println!("{commits} commits, {bringing} with new findings, {} disagreements", disagreements.len());
    assert!(disagreements.is_empty(), "{disagreements:#?}");
    assert!(noise.is_empty(), "{noise:#?}");
    assert!(bringing * 20 >= commits, "the history has something to find");
}
