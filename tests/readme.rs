//! Keeps the README's output true: every block that names a command is what the command prints.

use std::process::Command;

/// A fenced block behind `<!-- ssot … -->`; `…` on a line of its own stands for lines left out.
struct Example {
    arguments: Vec<String>,
    lines: Vec<String>,
}

fn examples(readme: &str) -> Vec<Example> {
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("<!-- ssot ").and_then(|rest| rest.strip_suffix(" -->")) else {
            continue;
        };
        assert_eq!(lines.next(), Some("```text"), "a block follows {line}");
        let block = lines.by_ref().take_while(|line| *line != "```").map(str::to_owned);
        found.push(Example {
            arguments: command.split_whitespace().map(str::to_owned).collect(),
            lines: block.collect(),
        });
    }
    found
}

#[test]
fn the_output_in_the_readme_is_what_the_tool_prints() {
    let root = env!("CARGO_MANIFEST_DIR");
    let readme = std::fs::read_to_string(format!("{root}/README.md")).expect("README.md");
    let examples = examples(&readme);
    assert!(examples.len() >= 3, "the README shows real output");
    for example in examples {
        let run = Command::new(env!("CARGO_BIN_EXE_ssot"))
            .args(&example.arguments)
            .current_dir(root)
            .env_remove("VIRTUAL_ENV")
            .env_remove("COLUMNS")
            .env("SSOT_CACHE_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/cache"))
            .output()
            .expect("run");
        // The gate tells of findings, and its examples have some.
        let expected = i32::from(example.arguments.first().is_some_and(|command| command == "check"));
        let stderr = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(expected), "{:?}: {stderr}", example.arguments);
        let printed = String::from_utf8(run.stdout).expect("UTF-8");
        let mut printed = printed.lines();
        for shown in example.lines.split(|line| line == "…") {
            let Some(first) = shown.first() else { continue };
            let start = printed.by_ref().find(|line| line == first);
            assert_eq!(start, Some(first.as_str()), "{:?} prints this line", example.arguments);
            for expected in &shown[1..] {
                assert_eq!(printed.next(), Some(expected.as_str()), "{:?}", example.arguments);
            }
        }
    }
}

#[test]
fn the_matrix_in_the_readme_is_the_one_that_is_checked() {
    let root = env!("CARGO_MANIFEST_DIR");
    let read = |name: &str| std::fs::read_to_string(format!("{root}/{name}")).expect("a file");
    let figures = read("fixtures/candidates/figures.md");
    let table: Vec<&str> = figures.lines().take_while(|line| line.starts_with('|')).collect();
    assert!(table.len() > 10, "{table:?}");
    let readme = read("README.md");
    let (_, shown) = readme.split_once("<!-- fixtures/candidates/figures.md -->\n").expect("the matrix");
    let shown: Vec<&str> = shown.lines().take_while(|line| line.starts_with('|')).collect();
    assert_eq!(shown, table);
}
