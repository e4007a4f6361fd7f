//! How long each part takes on a tree, beside the parse floor: reading and parsing every file with
//! the same parser and threads, and nothing else.
//!
//! `cargo bench --bench throughput -- TREE [RUNS]`. Prints medians over RUNS (5 by default); floors,
//! parts and whole command alternate, so that a machine that slows down slows them all. Each starts as a process of its
//! own, as the command does: a process that has read the tree before has its memory at hand, or in its way.
//!
//! The parts are set beside the floor itself; the whole command is set beside a process that walks the tree, reads and
//! parses every file, and ends. The command is measured without a cache, with an empty one, and with what the run before
//! kept.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rayon::prelude::*;
use ssot::analysis::concepts::ConceptRule;
use ssot::analysis::{self, AnalysisOptions};
use ssot::cache::Cache;
use ssot::config::Config;
use ssot::lang::parse_only;
use ssot::lang::python::STACK_BYTES;
use ssot::link::Index;
use ssot::link::members::methods_of;
use ssot::link::references::Uses;
use ssot::render::json::write_report;
use ssot::tree::{self, EnvironmentChoice, ReadOptions};
use ssot::{discover, report, text};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let tree = PathBuf::from(arguments.first().map_or("fixtures/trees/chat_service", String::as_str));
    let runs: usize = arguments.get(1).and_then(|runs| runs.parse().ok()).unwrap_or(5);
    if let Err(error) = rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build_global() {
        println!("cannot start threads: {error}");
        return;
    }
    if let Ok(task) = std::env::var(TASK) {
        let figures = if task == FLOOR { vec![floor(&tree).as_nanos() as u64] } else { whole(&tree) };
        let figures: Vec<String> = figures.iter().map(u64::to_string).collect();
        println!("{}", figures.join(" "));
        return;
    }
    let mut floors = Vec::new();
    let mut cold_floors = Vec::new();
    let mut parts: Vec<[Duration; 7]> = Vec::new();
    let mut commands: [Vec<(Duration, u64)>; 3] = Default::default();
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let cache = scratch.path().join("cache");
    let caching: [[&OsStr; 2]; 3] = [
        ["--no-cache".as_ref(), "--quiet".as_ref()],
        ["--cache-dir".as_ref(), cache.as_os_str()],
        ["--cache-dir".as_ref(), cache.as_os_str()],
    ];
    let mut size = [0; 5];
    for _ in 0..runs {
        if let Some((wall, figures)) = process(&tree, FLOOR) {
            floors.extend(figures.first().map(|&floor| Duration::from_nanos(floor)));
            cold_floors.push(wall);
        }
        let _ = std::fs::remove_dir_all(&cache);
        for (runs, caching) in commands.iter_mut().zip(caching) {
            runs.extend(command(&tree, caching));
        }
        if let Some((_, figures)) = process(&tree, PARTS)
            && let Some((times, sizes)) = figures.split_first_chunk::<7>()
        {
            parts.push(times.map(Duration::from_nanos));
            size = sizes.try_into().unwrap_or_default();
        }
    }
    let floor = median(floors);
    let [files, lines, bytes, types, json] = size;
    println!(
        "tree       {}: {files} files, {lines} lines, {:.1} MB, {types} types",
        tree.display(),
        mb(bytes)
    );
    println!("floor      {:>8.1} ms   read and parse, {} threads", ms(floor), rayon::current_num_threads());
    let names = ["discovery", "facts", "linking", "analysis", "rendering", "sum", "  concepts"];
    for (position, name) in names.iter().enumerate() {
        let time = median(parts.iter().map(|part| part[position]).collect());
        println!("{name:<10} {:>8.1} ms   {:.2} x floor", ms(time), time.as_secs_f64() / floor.as_secs_f64());
    }
    println!("report     {:>8.1} MB of JSON", mb(json));
    let wall_of = |runs: &[(Duration, u64)]| median(runs.iter().map(|(wall, _)| *wall).collect());
    let cold = median(cold_floors);
    println!("cold floor {:>8.1} ms   walk, read and parse, start to exit", ms(cold));
    println!("`ssot report -o report.json`, start to exit:");
    for (name, runs) in ["no cache", "first run", "known tree"].iter().zip(&commands) {
        let (wall, peak) = (wall_of(runs), runs.iter().map(|(_, peak)| *peak).max().unwrap_or_default());
        println!(
            "{name:<10} {:>8.1} ms   {:.2} x cold floor, {:.2} x floor; peak {:.1} MB, {:.2} x the sources",
            ms(wall),
            wall.as_secs_f64() / cold.as_secs_f64(),
            wall.as_secs_f64() / floor.as_secs_f64(),
            mb(peak),
            peak as f64 / bytes as f64
        );
    }
}

fn floor(tree: &std::path::Path) -> Duration {
    let config = Config::built_in().expect("built-in rules");
    let options =
        discover::Options { paths: vec![tree.to_path_buf()], respects_ignore: true, roles: &config.roles };
    let found = discover::sources(&options).expect("tree");
    let start = Instant::now();
    let mut sources = found.sources;
    // As the tool does it: the largest first, and each thread the next one when it is done.
    sources.par_sort_by_cached_key(|source| {
        std::cmp::Reverse(std::fs::metadata(&source.path).map_or(0, |found| found.len()))
    });
    let statements: usize = sources
        .into_iter()
        .par_bridge()
        .map(|source| {
            let bytes = std::fs::read(&source.path).unwrap_or_default();
            text::decode(&bytes, source.language.is_python())
                .map_or(0, |text| parse_only(&text, source.language))
        })
        .sum();
    std::hint::black_box(statements);
    start.elapsed()
}

/// Counts what is written.
struct Counter(u64);

impl std::io::Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Times of the parts, of their sum, and of that part of the analysis that looks for concepts, in nanoseconds; then files,
/// lines, bytes, types, and bytes of JSON.
fn whole(tree: &std::path::Path) -> Vec<u64> {
    let config = Config::built_in().expect("built-in rules");
    let has_concepts = |index: &Index| analysis::concepts::are_there(index, &config.concepts);
    let options = |uses| ReadOptions {
        paths: vec![tree.to_path_buf()],
        respects_ignore: true,
        roles: &config.roles,
        environment: EnvironmentChoice::None,
        python_minor: None,
        platform: ssot::lang::Platform::default(),
        reads_prose: true,
        uses,
    };
    let all = Instant::now();
    let read = tree::read(&options(Uses::MethodsWhere(&has_concepts)), &Cache::off()).expect("tree");
    let start = Instant::now();
    let rules = AnalysisOptions {
        concepts: config.concepts.clone(),
        lexicon: config.lexicon.clone(),
        ..Default::default()
    };
    let found = analysis::run(&read.index, &read.documents, &rules);
    let analysing = start.elapsed();
    let start = Instant::now();
    let report = report::build(&read, &found, &rules.lexicon);
    let mut json = Counter(0);
    write_report(&report, &mut json).expect("JSON");
    let rendering = start.elapsed();
    let sum = all.elapsed();
    // A tree with the concept has the uses of methods too.
    let index = tree::read(&options(Uses::All), &Cache::off()).expect("tree").index;
    let declared = AnalysisOptions { concepts: vec![largest_type(&index)], ..rules };
    let start = Instant::now();
    std::hint::black_box(analysis::concepts::find(&index, &declared));
    let concepts = start.elapsed();
    let coverage = &report.coverage;
    let times = &read.times;
    let times = [times.discovery, times.facts, times.linking, analysing, rendering, sum, concepts];
    let sizes = [coverage.files as u64, coverage.lines, coverage.bytes, coverage.types as u64, json.0];
    times.iter().map(|time| time.as_nanos() as u64).chain(sizes).collect()
}

/// A concept whose canonical implementation is the type of the tree with the most methods.
fn largest_type(index: &Index) -> ConceptRule {
    let largest = index.tree_classes().max_by_key(|class| methods_of(index, *class).len());
    let id = largest.map(|class| index.class(class).id.to_string()).unwrap_or_default();
    ConceptRule {
        id: "largest".into(),
        title: "Largest type".into(),
        summary: String::new(),
        names: Vec::new(),
        members: vec![id.clone()],
        exclude: Vec::new(),
        canonical: Some(id),
        protocol: None,
        line: 0,
    }
}

/// Tells a process of this benchmark what it is to measure.
const TASK: &str = "SSOT_BENCH_TASK";
const FLOOR: &str = "floor";
const PARTS: &str = "parts";

/// A process of this benchmark with one task: its wall time, and the figures that it prints.
fn process(tree: &std::path::Path, task: &str) -> Option<(Duration, Vec<u64>)> {
    let start = Instant::now();
    let output = Command::new(std::env::current_exe().ok()?).arg(tree).env(TASK, task).output().ok()?;
    let wall = start.elapsed();
    let printed = String::from_utf8_lossy(&output.stdout);
    Some((wall, printed.split_whitespace().filter_map(|figure| figure.parse().ok()).collect()))
}

/// The whole command: wall time and peak resident memory of one run.
fn command(tree: &std::path::Path, caching: [&OsStr; 2]) -> Option<(Duration, u64)> {
    let out = std::env::temp_dir().join("ssot-throughput.json");
    // Some file systems flush a file that is written over.
    let _ = std::fs::remove_file(&out);
    let mut run = Command::new("/usr/bin/time");
    run.args(["-f", "%M", env!("CARGO_BIN_EXE_ssot"), "report", "--no-python"]);
    run.args(caching).arg(tree).arg("-o").arg(&out);
    let start = Instant::now();
    let output = run.output().ok()?;
    let wall = start.elapsed();
    let kilobytes: u64 = String::from_utf8_lossy(&output.stderr).lines().last()?.trim().parse().ok()?;
    Some((wall, kilobytes * 1024))
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
