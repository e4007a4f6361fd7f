//! How long the gate takes: without a cache, with an empty one, on a tree that it knows, after ten edits, and compared with
//! a revision after ten edits.
//!
//! `cargo bench --bench gate -- TREE [RUNS]`. The tree is copied into a scratch repository, so that it can be edited; whole
//! processes alternate, medians over RUNS (5 by default) are printed as ratios to the run without a cache. Needs `git`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How many files are edited before a run.
const EDITS: usize = 10;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let tree = PathBuf::from(arguments.first().map_or("fixtures/concepts/base", String::as_str));
    let runs: usize = arguments.get(1).and_then(|runs| runs.parse().ok()).unwrap_or(5);
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let work = Work { root: scratch.path().join("tree"), cache: scratch.path().join("cache") };
    work.lay_out(&tree);
    let files = work.sources();
    println!("tree       {}: {} files, copied into a repository", tree.display(), files.len());

    let names = ["no cache", "empty cache", "known tree", "ten edits", "ten edits, --since HEAD"];
    let mut times: [Vec<Duration>; 5] = Default::default();
    for run in 0..runs {
        times[0].push(work.check(&["--no-cache"]));
        std::fs::remove_dir_all(&work.cache).ok();
        work.restore();
        times[1].push(work.check(&[]));
        times[2].push(work.check(&[]));
        work.edit(&files, &format!("plain_{run}"));
        times[3].push(work.check(&[]));
        work.restore();
        work.edit(&files, &format!("since_{run}"));
        times[4].push(work.check(&["--since", "HEAD"]));
        work.restore();
    }
    let medians = times.map(median);
    for (name, time) in names.iter().zip(&medians) {
        let ratio = |to: usize| time.as_secs_f64() / medians[to].as_secs_f64();
        println!(
            "{name:<24} {:>8.1} ms   {:.2} x no cache, {:.2} x empty cache, {:.2} x ten edits",
            time.as_secs_f64() * 1e3,
            ratio(0),
            ratio(1),
            ratio(3)
        );
    }
    let kept: u64 = walkdir::WalkDir::new(&work.cache)
        .into_iter()
        .filter_map(|entry| entry.ok()?.metadata().ok())
        .filter(std::fs::Metadata::is_file)
        .map(|file| file.len())
        .sum();
    println!("cache      {:.1} MB", kept as f64 / 1e6);
}

/// A scratch copy of a tree.
struct Work {
    root: PathBuf,
    cache: PathBuf,
}

impl Work {
    fn lay_out(&self, tree: &Path) {
        for entry in walkdir::WalkDir::new(tree).into_iter().filter_map(Result::ok) {
            let target = self.root.join(entry.path().strip_prefix(tree).expect("below the tree"));
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(&target).expect("a folder");
            } else if entry.file_type().is_file() {
                std::fs::copy(entry.path(), &target).expect("a copy");
            }
        }
        self.git(&["init", "-q"]);
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "tree"]);
        // Files as old as the index would be hashed again by every comparison ("racy git").
        std::thread::sleep(Duration::from_millis(1100));
        self.git(&["update-index", "-q", "--really-refresh"]);
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git").arg("-C").arg(&self.root).args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "git {arguments:?}");
    }

    fn restore(&self) {
        self.git(&["checkout", "-q", "--", "."]);
    }

    /// Python files that are spread over the tree.
    fn sources(&self) -> Vec<PathBuf> {
        let entries =
            walkdir::WalkDir::new(&self.root).sort_by_file_name().into_iter().filter_map(Result::ok);
        let paths = entries.map(walkdir::DirEntry::into_path);
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "py")).collect()
    }

    fn edit(&self, files: &[PathBuf], name: &str) {
        for file in files.iter().step_by((files.len() / EDITS).max(1)).take(EDITS) {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            std::fs::write(file, format!("{text}\n{name} = 1\n")).expect("an edit");
        }
    }

    fn check(&self, more: &[&str]) -> Duration {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ssot"));
        command.args(["check", "--no-python", "-q"]).arg(&self.root).args(more).stdout(Stdio::null());
        command.env("SSOT_CACHE_DIR", &self.cache);
        let start = Instant::now();
        let status = command.status().expect("the gate runs");
        let took = start.elapsed();
        assert!(matches!(status.code(), Some(0 | 1)), "{status}");
        took
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
