//! `ssot check` as its users run it: exit codes, baselines, suppressions, forms, configuration.

mod support;

use std::path::Path;

use serde_json::Value;
use support::{Run, folder, items, lay_over, repository, ssot, strings, text_of, write};
use tempfile::TempDir;

const POLICY: &str = "class RetryPolicy:\n    def __init__(self, attempts, delay):\n        self.attempts = attempts\n        self.delay = delay\n\n    def next_delay(self, attempt):\n        if attempt >= self.attempts:\n            raise ValueError(attempt)\n        return self.delay * 2 ** attempt\n";

/// One class, and who uses it.
fn single() -> TempDir {
    folder(&[
        ("app/__init__.py", ""),
        ("app/a.py", POLICY),
        ("app/user.py", "from app.a import RetryPolicy\n\npolicy = RetryPolicy(3, 0.1)\n"),
    ])
}

/// The same with a second definition.
fn doubled() -> TempDir {
    let made = single();
    write(made.path(), "app/b.py", POLICY.as_bytes());
    made
}

fn check(root: &Path, more: &[&str]) -> Run {
    let mut arguments = vec!["check", "--no-python"];
    arguments.extend(more);
    ssot(root, &arguments)
}

#[track_caller]
fn json(root: &Path, more: &[&str]) -> Value {
    let mut arguments = more.to_vec();
    arguments.extend(["--format", "json"]);
    let run = check(root, &arguments);
    assert!(matches!(run.code, Some(0 | 1)), "{}", run.stderr);
    serde_json::from_slice(&run.stdout).expect("JSON")
}

#[test]
fn nothing_is_0_a_copy_is_1_and_a_wrong_call_is_2() {
    check(single().path(), &[]).expect_code(0);
    check(doubled().path(), &[]).expect_code(1);
    check(single().path(), &["--baseline", "missing"]).expect_refusal(&["cannot read baseline missing"]);
    check(single().path(), &["--prune"]).expect_refusal(&["there is no baseline to prune"]);
    check(single().path(), &["--select", "duplicate-concpt"])
        .expect_refusal(&["did you mean `duplicate-concept`?"]);
    check(single().path(), &["--today", "tomorrow"]).expect_refusal(&["--today"]);
    check(single().path(), &["--output", "report.pdf"]).expect_refusal(&["cannot tell the form"]);
}

#[test]
fn a_new_copy_is_told_with_both_places_on_one_screen() {
    let made = doubled();
    let run = check(made.path(), &[]);
    run.expect_code(1);
    let shown = String::from_utf8(run.stdout).expect("text");
    for part in [
        "error[duplicate-definition]",
        "`app.b.RetryPolicy` is defined again",
        "app/b.py:1:7",
        "app/a.py:1:7",
        "class RetryPolicy:",
        "word for word",
        "Keep one definition and import it",
        "ssot explain duplicate-definition",
        "new: 1 error",
    ] {
        assert!(shown.contains(part), "{part:?} is not in:\n{shown}");
    }
    assert!(shown.lines().count() <= 40, "{}", shown.lines().count());
    assert!(!shown.contains('\u{1b}'), "no colour in a pipe");
}

#[test]
fn a_baseline_lets_pass_what_is_there_and_blocks_what_comes() {
    let made = doubled();
    let root = made.path();
    check(root, &["--write-baseline", "ssot.baseline"]).expect_code(0);
    let first = std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline");
    assert_eq!(first.lines().count(), 2, "{first}");
    assert!(!first.contains(":1"), "no line numbers");
    check(root, &["--baseline", "ssot.baseline"]).expect_code(0);
    // One more of the same name is one more.
    write(root, "app/c.py", POLICY.as_bytes());
    let answer = json(root, &["--baseline", "ssot.baseline"]);
    let new: Vec<&Value> = items(&answer["findings"]).iter().filter(|f| f["status"] == "new").collect();
    assert_eq!(new.len(), 1, "{answer:#}");
    assert!(text_of(new[0], "message").contains("app.c.RetryPolicy"));
    // A file that is there does not grow by itself.
    let refused = check(root, &["--write-baseline", "ssot.baseline"]);
    refused.expect_code(1);
    assert!(refused.stderr.contains("--grow"), "{}", refused.stderr);
    assert_eq!(std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline"), first);
    check(root, &["--write-baseline", "ssot.baseline", "--grow"]).expect_code(0);
    check(root, &["--baseline", "ssot.baseline"]).expect_code(0);
}

#[test]
fn mending_never_fails_and_stale_entries_go_when_asked() {
    let made = doubled();
    let root = made.path();
    write(root, "ssot.toml", b"[check]\nbaseline = \"ssot.baseline\"\n");
    check(root, &["--write-baseline", "ssot.baseline"]).expect_code(0);
    std::fs::remove_file(root.join("app/b.py")).expect("removed");
    let run = check(root, &[]);
    run.expect_code(0);
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    assert!(shown.contains("no longer occurs: duplicate-definition"), "{shown}");
    check(root, &["--strict-baseline"]).expect_code(1);
    check(root, &["--prune"]).expect_code(0);
    check(root, &["--strict-baseline"]).expect_code(0);
    assert_eq!(std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline").lines().count(), 1);
}

#[test]
fn what_was_not_checked_stays_in_the_baseline() {
    let made = doubled();
    let root = made.path();
    write(root, "app/broken.py", b"class A: ...\nclass B(A): ...\nclass C(A, B): ...\n");
    check(root, &["--write-baseline", "ssot.baseline"]).expect_code(0);
    let before = std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline");
    assert!(before.contains("inconsistent-mro"), "{before}");
    check(root, &["--baseline", "ssot.baseline", "--prune", "--select", "duplicate-definition"])
        .expect_code(0);
    assert_eq!(std::fs::read_to_string(root.join("ssot.baseline")).expect("baseline"), before);
    let answer = json(root, &["--baseline", "ssot.baseline", "--ignore", "inconsistent-mro"]);
    assert_eq!(answer["summary"]["stale"], 0);
}

#[test]
fn a_broken_baseline_is_refused_at_its_line() {
    let made = doubled();
    write(made.path(), "b", b"# ssot baseline 1\nduplicate-concept\tA\n");
    check(made.path(), &["--baseline", "b"]).expect_refusal(&["b: line 2", "expected a rule, then names"]);
    write(made.path(), "b", b"# ssot baseline 1\n<<<<<<< HEAD\n");
    check(made.path(), &["--baseline", "b"]).expect_refusal(&["two branches met here", "merge=union"]);
}

#[test]
fn a_suppression_needs_a_reason_and_tells_when_it_is_idle() {
    let made = doubled();
    let root = made.path();
    write(
        root,
        "app/b.py",
        format!("# ssot: allow[duplicate-definition] vendored until the next release\n{POLICY}").as_bytes(),
    );
    let answer = json(root, &[]);
    assert_eq!(answer["summary"]["suppressed"], 1);
    assert_eq!(answer["summary"]["passed"], true);
    write(root, "app/b.py", format!("# ssot: allow[duplicate-definition]\n{POLICY}").as_bytes());
    assert_eq!(json(root, &[])["summary"]["passed"], false);
    // Idle, it is a warning, which is mentioned and fails nothing.
    write(root, "app/b.py", b"# ssot: allow[duplicate-definition] gone since May\nx = 1\n");
    let run = check(root, &[]);
    run.expect_code(0);
    assert!(String::from_utf8_lossy(&run.stdout).contains("1 below the severity that counts"));
    check(root, &["--severity", "warning"]).expect_code(1);
}

#[test]
fn an_entry_of_the_configuration_expires() {
    let made = doubled();
    let config = "[[allow]]\nrule = \"duplicate-definition\"\ntype = \"app.b.RetryPolicy\"\nreason = \"goes in May\"\nuntil = 2026-05-31\n";
    write(made.path(), "ssot.toml", config.as_bytes());
    check(made.path(), &["--today", "2026-05-31"]).expect_code(0);
    check(made.path(), &["--today", "2026-06-01"]).expect_code(1);
}

#[test]
fn severities_and_rules_are_chosen_by_flags_and_by_the_configuration() {
    let made = doubled();
    let root = made.path();
    check(root, &["--ignore", "duplicate-definition"]).expect_code(0);
    check(root, &["--select", "import-cycle,inconsistent-mro"]).expect_code(0);
    write(root, "ssot.toml", b"[rules.duplicate-definition]\nseverity = \"warning\"\n");
    check(root, &[]).expect_code(0);
    check(root, &["--severity", "warning"]).expect_code(1);
    write(root, "ssot.toml", b"[rules.duplicate-definition]\nseverity = \"off\"\n");
    check(root, &["--severity", "note", "--ignore", "unused-implementation"]).expect_code(0);
    write(root, "ssot.toml", b"[check]\nignore = [\"duplicate-definition\"]\n");
    check(root, &[]).expect_code(0);
    // What is typed comes before what is written.
    check(root, &["--select", "duplicate-definition"]).expect_code(1);
}

#[test]
fn a_table_of_pyproject_counts_and_wrong_keys_are_shown_at_their_place() {
    let made = doubled();
    let root = made.path();
    write(
        root,
        "pyproject.toml",
        b"[project]\nname = \"x\"\n\n[tool.ssot.check]\nignore = [\"duplicate-definition\"]\n",
    );
    check(root, &[]).expect_code(0);
    write(root, "pyproject.toml", b"[tool.ssot.check]\nignored = [\"duplicate-definition\"]\n");
    check(root, &[]).expect_refusal(&["pyproject.toml", "unknown field `ignored`", "2 ignored"]);
    write(root, "pyproject.toml", b"[project]\nname = \"x\"\n[tool.other]\nx = 1\n");
    check(root, &[]).expect_code(1);
    write(root, "pyproject.toml", b"[tool.ssot.check]\nseverity = \"warning\"\n[broken\n");
    check(root, &[]).expect_refusal(&["pyproject.toml"]);
    write(root, "pyproject.toml", b"[tool.ssot.check]\nseverity = \"note\"\n");
    write(root, "ssot.toml", b"");
    assert!(check(root, &[]).stderr.contains("is not read, since ssot.toml lies beside it"));
    write(root, "ssot.toml", b"[check]\nselect = [\"duplicate-definitoin\"]\n");
    check(root, &[]).expect_refusal(&["did you mean `duplicate-definition`?", "2 select"]);
    write(root, "ssot.toml", b"[[allow]]\nrule = \"import-cycle\"\ntype = \"a\"\nreason = \" \"\n");
    check(root, &[]).expect_refusal(&["an empty reason"]);
    write(root, "ssot.toml", b"[[shim]]\ntype = \"a\"\nreason = \"b\"\nuntil = \"May\"\n");
    check(root, &[]).expect_refusal(&["`May` is no day", "2026-12-31"]);
}

#[test]
fn sarif_is_what_its_schema_says() {
    let made = doubled();
    let root = made.path();
    write(root, "app/ü b.py", format!("# ssot: allow[duplicate-definition] kept\n{POLICY}").as_bytes());
    let run = check(root, &["--format", "sarif", "--severity", "note"]);
    run.expect_code(1);
    let log: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    let schema = std::fs::read(repository().join("tests/schemas/sarif-2.1.0.json")).expect("schema");
    let mut schema: Value = serde_json::from_slice(&schema).expect("schema");
    // The published pattern of languages, `…-[a-zA-Z]{2}]?$`, closes a bracket that it does not open.
    for definition in ["run", "toolComponent"] {
        schema["definitions"][definition]["properties"]["language"]["pattern"] =
            "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
    }
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let errors: Vec<String> = validator.iter_errors(&log).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    let results = items(&log["runs"][0]["results"]);
    let of = |rule: &str| results.iter().find(|result| result["ruleId"] == rule).expect("a result");
    let copy = of("duplicate-definition");
    assert_eq!(text_of(&copy["partialFingerprints"], "ssot/v1").len(), 16);
    assert_eq!(items(&copy["relatedLocations"]).len(), 1);
    let rules = items(&log["runs"][0]["tool"]["driver"]["rules"]);
    let at = copy["ruleIndex"].as_u64().expect("an index") as usize;
    assert_eq!(rules[at]["id"], "duplicate-definition");
    assert!(!text_of(&rules[at]["help"], "text").is_empty());
    let suppressed = results.iter().find(|result| result.get("suppressions").is_some()).expect("one");
    let place = &suppressed["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(text_of(place, "uri"), "app/%C3%BC%20b.py");
    // What only the schema says would pass without it.
    let mut broken = log.clone();
    broken["runs"][0]["results"][0]["level"] = "fatal".into();
    assert!(!validator.is_valid(&broken), "the schema is one that can fail");
}

#[test]
fn several_forms_are_written_in_one_run() {
    let made = doubled();
    let root = made.path();
    let run = check(
        root,
        &[
            "--format",
            "github",
            "--output",
            "sarif=out.sarif",
            "--output",
            "q.json",
            "-o",
            "gitlab=gl.json",
            "-o",
            "junit.xml",
        ],
    );
    run.expect_code(1);
    let shown = String::from_utf8_lossy(&run.stdout).into_owned();
    let first = shown.lines().next().expect("a line");
    assert!(
        first.starts_with("::error file=app/b.py,line=1,col=7,endColumn=18,title=duplicate-definition::"),
        "{first}"
    );
    assert!(first.contains("%0A"), "line ends are escaped: {first}");
    let read = |name: &str| std::fs::read_to_string(root.join(name)).expect("file");
    let quality: Value = serde_json::from_str(&read("gl.json")).expect("JSON");
    assert_eq!(quality[0]["location"]["lines"]["begin"], 1);
    assert_eq!(quality[0]["severity"], "major");
    assert!(read("junit.xml").contains("failures=\"1\""), "{}", read("junit.xml"));
    assert!(read("out.sarif").contains("2.1.0"));
    let answer: Value = serde_json::from_str(&read("q.json")).expect("JSON");
    assert_eq!(answer["schema"], "ssot/1");
}

#[test]
fn paths_are_told_from_where_the_command_runs() {
    let made = TempDir::new().expect("folder");
    for (path, text) in [("backend/app/a.py", POLICY), ("backend/app/b.py", POLICY)] {
        write(made.path(), path, text.as_bytes());
    }
    let answer = json(made.path(), &["backend"]);
    assert_eq!(answer["findings"][0]["places"][0]["path"], "backend/app/b.py");
    // The baseline does not depend on it.
    check(made.path(), &["backend", "--write-baseline", "b"]).expect_code(0);
    check(&made.path().join("backend"), &["--baseline", "../b"]).expect_code(0);
}

#[test]
fn the_cache_answers_the_same_and_survives_what_happens_to_it() {
    let made = doubled();
    let root = made.path();
    let bare = check(root, &["--no-cache", "--format", "json"]).stdout;
    let cached = |root: &Path| check(root, &["--cache-dir", "cache", "--format", "json"]).stdout;
    assert_eq!(cached(root), bare);
    assert_eq!(cached(root), bare, "from the cache");
    for entry in walkdir::WalkDir::new(root.join("cache")) {
        let entry = entry.expect("entry");
        if entry.file_type().is_file() {
            let bytes = std::fs::read(entry.path()).expect("file");
            std::fs::write(entry.path(), &bytes[..bytes.len() / 2]).expect("cut");
        }
    }
    assert_eq!(cached(root), bare, "after its files were cut");
    // An edit is seen, and so is its end.
    write(root, "app/b.py", b"x = 1\n");
    assert_ne!(cached(root), bare);
    write(root, "app/b.py", POLICY.as_bytes());
    assert_eq!(cached(root), bare);
    // A place that is no folder.
    write(root, "file", b"");
    let run = check(root, &["--cache-dir", "file", "--format", "json"]);
    assert_eq!(run.stdout, bare);
    assert!(run.stderr.contains("the cache is not written"), "{}", run.stderr);
}

#[test]
fn runs_at_the_same_time_share_a_cache() {
    let made = doubled();
    let bare = check(made.path(), &["--no-cache", "--format", "json"]).stdout;
    let root = made.path().to_path_buf();
    let runs: Vec<_> = (0..8)
        .map(|_| {
            let root = root.clone();
            std::thread::spawn(move || {
                (0..4)
                    .map(|_| check(&root, &["--cache-dir", "cache", "--format", "json"]).stdout)
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    for run in runs {
        assert!(run.join().expect("a thread").iter().all(|answer| *answer == bare));
    }
}

#[test]
fn a_change_of_the_environment_is_seen_through_the_cache() {
    let made = folder(&[
        ("tree/app.py", "from lib import Base, Other\nclass C(Base, Other): ...\n"),
        ("venv/pyvenv.cfg", "version = 3.11.7\n"),
        ("venv/lib/python3.11/site-packages/lib.py", "class Base: ...\nclass Other(Base): ...\n"),
    ]);
    let run = || {
        ssot(made.path(), &["check", "tree", "--python", "venv", "--cache-dir", "cache", "--format", "json"])
            .code
    };
    assert_eq!((run(), run()), (Some(1), Some(1)), "no order satisfies the bases");
    write(made.path(), "venv/lib/python3.11/site-packages/lib.py", b"class Base: ...\nclass Other: ...\n");
    assert_eq!((run(), run()), (Some(0), Some(0)), "the environment has changed");
}

#[test]
fn completions_know_the_commands() {
    let made = single();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = ssot(made.path(), &["completions", shell]).text();
        assert!(script.contains("check") && script.contains("discover"), "{shell}");
    }
}

#[test]
fn explain_tells_every_rule() {
    let made = single();
    let list = ssot(made.path(), &["explain", "--list"]).text();
    for line in list.lines() {
        let id = line.split_whitespace().next().expect("an id");
        let told = ssot(made.path(), &["explain", id]).text();
        for part in ["What it finds", "Why it matters", "What to do", "ssot: allow["] {
            assert!(told.contains(part), "{id}: {part}");
        }
    }
    assert_eq!(list.lines().count(), 24);
    ssot(made.path(), &["explain", "import-cycles"]).expect_refusal(&["did you mean `import-cycle`?"]);
}

#[test]
fn init_declares_accepts_and_tells_what_is_next() {
    let made = doubled();
    let root = made.path();
    let dry = ssot(root, &["init", "--no-python", "--dry-run"]).text();
    assert!(dry.contains("[check]") && !root.join("ssot.toml").exists());
    let told = ssot(root, &["init", "--no-python"]).text();
    assert!(told.contains("wrote    ssot.toml") && told.contains("wrote    ssot.baseline"), "{told}");
    check(root, &[]).expect_code(0);
    let config = std::fs::read_to_string(root.join("ssot.toml")).expect("configuration");
    assert!(config.contains("RetryPolicy"), "{config}");
    write(root, "app/c.py", POLICY.as_bytes());
    check(root, &[]).expect_code(1);
    // Nothing that is there is overwritten.
    let again = ssot(root, &["init", "--no-python"]).text();
    assert!(again.contains("kept     ssot.toml") && again.contains("kept     ssot.baseline"), "{again}");
    assert_eq!(std::fs::read_to_string(root.join("ssot.toml")).expect("configuration"), config);
    check(root, &[]).expect_code(1);
}

#[test]
fn known_findings_are_in_the_json_with_their_fingerprints() {
    let made = doubled();
    let root = made.path();
    check(root, &["--write-baseline", "b"]).expect_code(0);
    let before = json(root, &["--baseline", "b"]);
    let finding = &before["findings"][0];
    assert_eq!(finding["status"], "known");
    std::fs::create_dir(root.join("lib")).expect("folder");
    std::fs::rename(root.join("app/b.py"), root.join("lib/other.py")).expect("moved");
    let after = json(root, &["--baseline", "b"]);
    assert_eq!(after["findings"][0]["fingerprint"], finding["fingerprint"]);
    assert_eq!(after["summary"]["passed"], true, "{after:#}");
    assert_eq!(strings(&after["stale"]), Vec::<&str>::new());
}

#[test]
fn a_copy_word_for_word_is_found_whatever_it_is_called_and_inherits_from() {
    let body = POLICY.replace("RetryPolicy", "RetryPolicy(Base)");
    let made = folder(&[
        ("app/base.py", "class Base:\n    pass\n"),
        (
            "app/a.py",
            &format!(
                "from app.base import Base\n\n\n{body}\n    def reset(self, attempts, delay, reason):\n        self.attempts, self.delay, self.reason = attempts, delay, reason\n        self.history = [(attempts, delay)]\n"
            ),
        ),
    ]);
    let text = std::fs::read_to_string(made.path().join("app/a.py")).expect("file");
    write(made.path(), "app/b.py", text.replace("RetryPolicy", "PatienceRule").as_bytes());
    let answer = json(made.path(), &[]);
    let message = text_of(&answer["findings"][0], "message");
    assert!(message.contains("PatienceRule") && message.contains("RetryPolicy"), "{answer:#}");
    assert_eq!(items(&answer["findings"]).len(), 1);
}

#[test]
fn removing_one_of_several_copies_makes_no_other_one_new() {
    let cases = ["session_other_words", "session_sync", "session_overriding", "session_renamed"];
    for removed in cases {
        let made = TempDir::new().expect("folder");
        let root = made.path();
        let fixtures = repository().join("fixtures/concepts");
        let sources =
            cases.iter().map(|case| fixtures.join("cases").join(case)).chain([fixtures.join("base")]);
        for source in sources {
            lay_over(&source, root);
        }
        check(root, &["--write-baseline", "b"]).expect_code(0);
        std::fs::remove_file(root.join(format!("shop/extra/{removed}.py"))).expect("removed");
        check(root, &["--baseline", "b"]).expect_code(0);
    }
}

#[test]
fn pruning_tells_what_is_new_and_what_cannot_be_read_is_said() {
    let made = single();
    let root = made.path();
    check(root, &["--write-baseline", "b"]).expect_code(0);
    write(root, "app/b.py", POLICY.as_bytes());
    write(root, "app/broken.py", b"def f(:\n");
    write(root, "app/latin.py", b"x = '\xff'\n");
    let run = check(root, &["--baseline", "b", "--prune"]);
    run.expect_code(1);
    assert!(String::from_utf8_lossy(&run.stdout).contains("app.b.RetryPolicy"));
    for part in ["2 files were not read whole", "app/broken.py:1", "app/latin.py"] {
        assert!(run.stderr.contains(part), "{part:?} is not in:\n{}", run.stderr);
    }
    // From the cache it says the same.
    assert!(check(root, &["--baseline", "b"]).stderr.contains("2 files were not read whole"));
}

#[test]
fn a_strict_baseline_fails_in_every_form() {
    let made = doubled();
    let root = made.path();
    check(root, &["--write-baseline", "b"]).expect_code(0);
    std::fs::remove_file(root.join("app/b.py")).expect("removed");
    let strict = ["--baseline", "b", "--strict-baseline"];
    let told = |form: &str| {
        let run = check(root, &[&strict[..], &["--format", form]].concat());
        run.expect_code(1);
        String::from_utf8(run.stdout).expect("text")
    };
    assert!(told("junit").contains("failures=\"1\""));
    assert!(told("github").starts_with("::error file=b,line=2,"), "{}", told("github"));
    assert!(told("sarif").contains("stale-baseline") && told("gitlab").contains("stale-baseline"));
}

#[test]
fn what_the_configuration_names_and_nobody_bears_is_said() {
    let made = single();
    let root = made.path();
    write(root, "ssot.toml", b"[[conform]]\ntype = \"Nope\"\nprotocol = \"RetryPolicy\"\n");
    let answer = json(root, &[]);
    assert_eq!(answer["findings"][0]["rule"], "protocol-violation");
    assert!(text_of(&answer["findings"][0], "message").contains("there is no `Nope`"));
    check(root, &["--select", "import-cycle", "--ignore", "import-cycle"])
        .expect_refusal(&["no rule is left to check"]);
}

#[test]
fn a_suppression_that_does_not_count_is_named_where_its_finding_is() {
    let made = doubled();
    let root = made.path();
    write(root, "app/b.py", format!("# ssot: allow[duplicate-definition]\n{POLICY}").as_bytes());
    let shown = String::from_utf8(check(root, &[]).stdout).expect("text");
    assert!(shown.contains("app/b.py:1 does not count: it gives no reason"), "{shown}");
}
