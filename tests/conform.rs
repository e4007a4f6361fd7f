//! `ssot conform run` as it is called: drivers that break cost their own case, nothing outlives a run, forms are valid.

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Run, command, finish, folder};

/// A driver that answers like a manager without anybody, and breaks in the case `send-exactly-once` on its first send.
const DRIVER: &str = r#"
import json, os, sys, time
CALLS = ["connect_user", "disconnect_user", "send_to_user", "send_to_thread", "send_agent_update",
         "check_connection_health", "get_stats"]
def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
def ok(request, value):
    say(json.dumps({"id": request["id"], "ok": {"value": value}}))
for line in sys.stdin:
    request = json.loads(line)
    op = request["op"]
    if op == "hello":
        ok(request, {"protocol": "ssot-conform/1", "name": "odd", "level": "L1", "capabilities": CALLS})
    elif op == "send_to_user" and request["args"]["user_id"] == "u1":
        BREAK
    elif op in ("send_to_user", "send_to_thread", "check_connection_health"):
        ok(request, False)
    else:
        ok(request, None)
        if op == "stop":
            break
"#;

#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn has_python() -> bool {
    let is_there = std::process::Command::new("python3").arg("--version").output().is_ok();
    if !is_there {
        eprintln!("SKIPPED: python3 is missing");
    }
    is_there
}

/// Judges a driver that breaks so by a case in which it breaks and then by one in which it does not.
#[track_caller]
fn check_breaks(breaks: &str, words: &[&str]) {
    check_breaks_within("0.5", breaks, words);
}

/// The same with another patience.
#[track_caller]
fn check_breaks_within(patience: &str, breaks: &str, words: &[&str]) {
    if !has_python() {
        return;
    }
    let made = folder(&[("driver.py", &DRIVER.replace("BREAK", breaks))]);
    let started = Instant::now();
    let run = finish(command(made.path()).args([
        "conform",
        "run",
        "--cmd",
        "python3 driver.py",
        "--case",
        "send-exactly-once",
        "--case",
        "unknown-user-false",
        "--patience",
        patience,
        "--format",
        "jsonl",
    ]));
    run.expect_code(1);
    let verdicts = lines_of(&told(&run), "verdict");
    assert_eq!(verdicts[0]["case"].as_str().or(verdicts[0]["id"].as_str()), Some("send-exactly-once"));
    assert_eq!(verdicts[0]["verdict"], "errored", "{}", verdicts[0]);
    let reason = verdicts[0]["reason"].as_str().unwrap_or_default();
    for word in words {
        assert!(reason.contains(word), "no `{word}` in: {reason}");
    }
    assert!(reason.len() < 70_000, "{} bytes", reason.len());
    // A connection without an id is not what this case is about.
    assert_eq!(verdicts[1]["verdict"], "pass", "{}", verdicts[1]);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

fn told(run: &Run) -> String {
    String::from_utf8(run.stdout.clone()).expect("UTF-8")
}

fn lines_of(text: &str, kind: &str) -> Vec<Value> {
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
    lines.filter(|line| line["line"] == kind).collect()
}

#[test]
fn a_driver_that_crashes_is_told() {
    check_breaks(
        "sys.exit(\"no such thing\")",
        &["ended before it answered", "exit status: 1", "no such thing"],
    );
}

#[test]
fn a_driver_that_ends_in_peace_too_early_is_told() {
    check_breaks("os._exit(0)", &["ended before it answered", "exit status: 0", "nothing to standard error"]);
}

#[test]
fn a_driver_that_hangs_is_told() {
    check_breaks("time.sleep(1000)", &["was not answered within 1 s", "killed"]);
}

#[test]
fn garbage_is_told() {
    check_breaks("print('hello, world', flush=True)", &["no JSON", "hello, world"]);
    check_breaks("say('{\"id\": 1, \"fine\": true}')", &["no reply", "fine"]);
    check_breaks("say('{\"event\": \"send\", \"socket\": \"s1\"}')", &["no event", "`message` or `bytes`"]);
    check_breaks("sys.stdout.buffer.write(b'\\xff\\xfe\\n'); sys.stdout.flush()", &["no UTF-8"]);
}

#[test]
fn a_second_answer_and_an_unknown_one_are_told() {
    check_breaks("ok(request, True); ok(request, True)", &["a second reply to"]);
    check_breaks("ok({'id': 4711}, True)", &["the unknown request 4711"]);
    check_breaks(
        "say(json.dumps({'id': request['id'], 'ok': {'value': 1}, 'error': {'kind': 'raised', 'message': ''}}))",
        &["either `ok` or `error`"],
    );
}

#[test]
fn floods_are_told() {
    // Nobody is asked to be fast: a flood has to be one before it is too late for an answer.
    check_breaks_within("10", "sys.stdout.write('x' * (9 << 20))", &["a line of more than 8 MiB"]);
    check_breaks_within(
        "10",
        "\n        while True: sys.stdout.write('{\"event\": \"ping\", \"socket\": \"s1\"}\\n' * 1000)",
        &["a flood: more than 20000 lines"],
    );
}

#[test]
fn a_gigabyte_on_standard_error_does_no_harm() {
    if !has_python() {
        return;
    }
    let breaks = "\n        for _ in range(1024): os.write(2, b'e' * (1 << 20))\n        ok(request, False)";
    let made = folder(&[("driver.py", &DRIVER.replace("BREAK", breaks))]);
    let run = finish(command(made.path()).args([
        "conform",
        "run",
        "--cmd",
        "python3 driver.py",
        "--case",
        "send-exactly-once",
        "--patience",
        "20",
        "--format",
        "jsonl",
    ]));
    run.expect_code(1);
    // It is slow, and answers all the same.
    assert_eq!(lines_of(&told(&run), "verdict")[0]["verdict"], "fail");
}

#[test]
fn a_driver_that_does_not_start_is_no_verdict_and_others_have_theirs() {
    let made = folder(&[]);
    let arguments = ["conform", "run", "--cmd", "exit 3", "--group", "ordering", "--format", "jsonl"];
    let run = finish(command(made.path()).args(arguments));
    run.expect_refusal(&["`exit 3` cannot be judged", "exit status: 3"]);
    let run = finish(command(made.path()).args(arguments).arg("--reference"));
    run.expect_code(2);
    let verdicts = lines_of(&told(&run), "verdict");
    let passed = verdicts.iter().filter(|verdict| verdict["verdict"] == "pass");
    assert!(passed.count() == 3, "{verdicts:?}");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_run() {
    let made = folder(&[]);
    let arguments = ["conform", "run", "--cmd", "touch begun", "-o", "nowhere/at-all.html"];
    let run = finish(command(made.path()).args(arguments));
    run.expect_refusal(&["cannot write nowhere/at-all.html"]);
    assert!(!made.path().join("begun").exists());
}

#[test]
fn what_was_announced_and_is_not_done_is_no_skip() {
    check_breaks(
        "say('{\"id\": %d, \"error\": {\"kind\": \"unsupported\", \"message\": \"\"}}' % request['id'])",
        &["answers `unsupported` to send_to_user"],
    );
}

#[test]
fn what_the_manager_before_still_did_is_nothing_of_the_next_one() {
    if !has_python() {
        return;
    }
    // It answers `reset` with what the case is about to look for.
    let driver = DRIVER.replace("BREAK", "ok(request, True)").replace(
        "ok(request, None)",
        "say('{\"event\": \"send\", \"socket\": \"s1\", \"message\": \"{\\\\\"n\\\\\":1}\"}') if request['op'] == 'reset' else None; ok(request, None)",
    );
    let made = folder(&[("driver.py", &driver)]);
    let cases = ["--case", "send-exactly-once", "--format", "jsonl"];
    let run = finish(command(made.path()).args(["conform", "run", "--cmd", "python3 driver.py"]).args(cases));
    run.expect_code(1);
    assert_eq!(lines_of(&told(&run), "verdict")[0]["verdict"], "fail", "nothing was ever sent");
}

/// Whether a process with this in its arguments lives.
fn lives(words: &str) -> bool {
    let Ok(processes) = std::fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        let arguments = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
        let state = std::fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        String::from_utf8_lossy(&arguments).contains(words) && !state.contains(") Z ")
    })
}

#[test]
fn what_a_driver_started_ends_with_it() {
    if !has_python() || !Path::new("/proc/self").exists() {
        return;
    }
    let breaks = "\n        import subprocess\n        subprocess.Popen(['sleep', '3141.59265'])\n        time.sleep(1000)";
    let made = folder(&[("driver.py", &DRIVER.replace("BREAK", breaks))]);
    let run = finish(command(made.path()).args([
        "conform",
        "run",
        "--cmd",
        "python3 driver.py",
        "--case",
        "send-exactly-once",
        "--patience",
        "0.5",
    ]));
    run.expect_code(1);
    assert!(!lives("3141.59265"), "a process outlives the run");
}

#[test]
fn an_interrupted_run_leaves_nothing_behind() {
    if !has_python() || !Path::new("/proc/self").exists() {
        return;
    }
    let breaks = "\n        import subprocess\n        subprocess.Popen(['sleep', '2718.28182'])\n        time.sleep(1000)";
    let made = folder(&[("driver.py", &DRIVER.replace("BREAK", breaks))]);
    let mut called = std::process::Command::new(env!("CARGO_BIN_EXE_ssot"));
    called.current_dir(made.path()).stdout(std::process::Stdio::null());
    called.args([
        "conform",
        "run",
        "--cmd",
        "python3 driver.py",
        "--case",
        "send-exactly-once",
        "--patience",
        "100",
    ]);
    let mut running = called.spawn().expect("started");
    let until = Instant::now() + Duration::from_secs(20);
    while !lives("2718.28182") {
        assert!(Instant::now() < until, "the driver never got so far");
        std::thread::sleep(Duration::from_millis(20));
    }
    let pid = rustix::process::Pid::from_child(&running);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
    assert_eq!(running.wait().expect("ended").code(), Some(143));
    assert!(!lives("2718.28182"), "a process outlives the run");
}

#[test]
fn the_reference_passes_in_every_form() {
    let made = folder(&[]);
    let run = finish(command(made.path()).args([
        "conform",
        "run",
        "--reference",
        "--mutant",
        "sends-twice",
        "--group",
        "delivery",
        "-o",
        "out.xml",
        "-o",
        "out.jsonl",
        "-o",
        "out.md",
        "-o",
        "out.html",
    ]));
    run.expect_code(1);
    assert!(told(&run).contains("What mutant sends-twice does otherwise"), "{}", told(&run));
    let read = |name: &str| std::fs::read_to_string(made.path().join(name)).expect("written");
    let markdown = read("out.md");
    assert!(markdown.contains("| `send-exactly-once` | MUST | pass | fail |"), "{markdown}");
    assert!(read("out.html").contains("send-exactly-once"));
    let junit = quick_junit::Report::deserialize_from_str(&read("out.xml")).expect("JUnit");
    assert_eq!(junit.test_suites.len(), 2);
    let verdicts = lines_of(&read("out.jsonl"), "verdict");
    assert_eq!(verdicts.len(), 16);
    check_lines(&verdicts);
}

/// Every line of every history is one of the protocol.
#[track_caller]
fn check_lines(verdicts: &[Value]) {
    let schema = serde_json::to_value(ssot::conformance::lines::schema()).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let mut checked = 0;
    for line in verdicts.iter().flat_map(|verdict| verdict["history"].as_array().cloned().unwrap_or_default())
    {
        let line: Value = serde_json::from_str(line["line"].as_str().expect("text")).expect("JSON");
        assert!(validator.is_valid(&line), "{line}");
        checked += 1;
    }
    assert!(checked > 50, "{checked} lines");
    for odd in [
        r#"{"id": 1, "op": "settle", "args": {}, "wait": true, "more": 1}"#,
        r#"{"id": 1, "op": "settle", "args": {"more": 1}, "wait": true}"#,
        r#"{"id": 1, "ok": {"value": 1}, "more": 1}"#,
        r#"{"id": 1, "op": "unheard-of", "args": {}, "wait": true}"#,
        r#"{"event": "ping"}"#,
    ] {
        assert!(!validator.is_valid(&serde_json::from_str(odd).expect("JSON")), "{odd}");
    }
}

#[test]
fn the_published_schema_takes_every_line_of_a_whole_run() {
    let made = folder(&[]);
    let run = finish(command(made.path()).args(["conform", "run", "--reference", "--format", "jsonl"]));
    run.expect_code(0);
    check_lines(&lines_of(&told(&run), "verdict"));
    let printed = finish(command(made.path()).args(["conform", "schema"]));
    let schema: Value = serde_json::from_str(&told(&printed)).expect("JSON");
    assert_eq!(schema["title"], "ssot-conform/1");
}

#[test]
fn known_failures_are_excused_until_they_pass() {
    let entry = |case: &str, kind: &str| {
        format!(
            "[[known]]\ncase = \"{case}\"\ncandidate = \"mutant sends-twice\"\nreason = \"on its way\"\nkind = \"{kind}\"\n"
        )
    };
    let made = folder(&[
        ("failing.toml", &entry("send-exactly-once", "failing")),
        ("stale.toml", &entry("unknown-user-false", "failing")),
        ("flaky.toml", &entry("unknown-user-false", "flaky")),
        ("odd.toml", &entry("no-such-case", "failing")),
        ("bare.toml", &entry("send-exactly-once", "failing").replace("on its way", " ")),
    ]);
    let judge = |case: &str, known: &str| {
        finish(command(made.path()).args([
            "conform",
            "run",
            "--mutant",
            "sends-twice",
            "--case",
            case,
            "--known",
            known,
        ]))
    };
    judge("send-exactly-once", "failing.toml").expect_code(0);
    let stale = judge("unknown-user-false", "stale.toml");
    stale.expect_code(1);
    assert!(told(&stale).contains("take it off the list"), "{}", told(&stale));
    judge("unknown-user-false", "flaky.toml").expect_code(0);
    judge("send-exactly-once", "odd.toml").expect_refusal(&["no case `no-such-case`"]);
    judge("send-exactly-once", "bare.toml").expect_refusal(&["has no reason"]);
}

#[test]
fn a_call_that_makes_no_sense_is_refused() {
    let made = folder(&[("names.toml", "[calls.attach]\nmethod = \"x\"\n")]);
    let refused = |arguments: &[&str], words: &[&str]| {
        finish(command(made.path()).args(["conform", "run"]).args(arguments)).expect_refusal(words);
    };
    refused(&[], &["not said what is to be judged", "--reference"]);
    refused(&["--reference", "--case", "nothing"], &["no case `nothing`"]);
    refused(&["--reference", "--group", "nothing"], &["slow-consumer"]);
    refused(&["--reference", "--patience", "0"], &["above 0"]);
    refused(&["--python", "app"], &["is no target", "pkg.mod:Class"]);
    refused(&["--python", "app:X", "--map", "names.toml"], &["no call `attach`", "connect_user"]);
    refused(&["--python", "app:X", "--root", "missing"], &["is no folder"]);
}

#[test]
fn every_requirement_is_listed() {
    let made = folder(&[]);
    let listed = finish(command(made.path()).args(["conform", "list", "--format", "json"]));
    listed.expect_code(0);
    let listed: Value = serde_json::from_str(&told(&listed)).expect("JSON");
    let cases = listed["cases"].as_array().expect("cases");
    assert!(cases.len() >= 90, "{}", cases.len());
    for case in cases {
        let requirement = case["requirement"].as_str().expect("text");
        assert!(requirement.len() > 30 && requirement.ends_with('.'), "{requirement}");
    }
}
