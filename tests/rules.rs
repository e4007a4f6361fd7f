//! Every rule has its file, its entry and a fixture in `fixtures/rules/`, and finds what the fixture says: a Markdown page
//! with sections "Reported" and "Not reported", each a small tree, and `→ rule` on the lines where a finding is about.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use ssot::finding::Rule;
use ssot::rules::description;
use support::{folder, items, line_of, repository, ssot, text_of};

/// A tree of one section.
#[derive(Debug, Default)]
struct Section {
    title: String,
    files: Vec<(String, String)>,
}

/// The sections of a page. A code block's first line names its language and its file.
fn sections(page: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("## "), line.strip_prefix("```")) {
            (None, Some(title), _) => sections.push(Section { title: title.to_owned(), files: Vec::new() }),
            (None, _, Some(head)) => {
                let (_, path) =
                    head.split_once(' ').unwrap_or_else(|| panic!("a block without a file: {line}"));
                open = Some((path.to_owned(), String::new()));
            }
            (Some(_), _, Some("")) => {
                let section = sections.last_mut().expect("a block stands in a section");
                section.files.extend(open.take());
            }
            (Some((_, text)), _, _) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None, None) => {}
        }
    }
    sections
}

#[track_caller]
fn check(rule: Rule, section: &Section) {
    let files: Vec<(&str, &str)> =
        section.files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let made = folder(&files);
    let mut arguments = vec!["check", "--no-python", "--format", "json", "--severity", "note"];
    arguments.extend(["--today", "2026-06-01"]);
    // What is accepted is stale only where its rule is checked.
    let ids = [rule.id(), "inconsistent-mro", "duplicate-definition"].join(",");
    let needs_others = matches!(rule, Rule::StaleSuppression | Rule::StaleBaseline);
    let selected = if needs_others { ids.as_str() } else { rule.id() };
    arguments.extend(["--select", selected]);
    let run = ssot(made.path(), &arguments);
    let answer: Value = serde_json::from_slice(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let found: BTreeSet<(String, u64)> = items(&answer["findings"])
        .iter()
        .filter(|finding| finding["status"] == "new" && finding["rule"] == rule.id())
        .map(|finding| (text_of(&finding["places"][0], "path").to_owned(), line_of(&finding["places"][0])))
        .collect();
    let mark = format!("→ {}", rule.id());
    let marked = section.files.iter().flat_map(|(path, text)| {
        let lines = text.lines().zip(1..).filter(|(line, _)| line.contains(&mark));
        lines.map(move |(_, number)| (path.clone(), number))
    });
    let expected: BTreeSet<(String, u64)> = marked.collect();
    assert_eq!(expected.is_empty(), section.title.starts_with("Not reported"), "{rule}: {}", section.title);
    assert_eq!(found, expected, "{rule}: {}\n{answer:#}", section.title);
}

#[test]
fn every_rule_finds_what_its_fixture_says() {
    let rules = repository().join("rules");
    let fixtures = repository().join("fixtures/rules");
    let mut known: BTreeSet<String> = BTreeSet::new();
    for rule in Rule::ALL {
        assert!(rules.join(format!("{rule}.toml")).is_file(), "{rule} has its file");
        assert_eq!(description(*rule).id, rule.id());
        let page = fixtures.join(format!("{rule}.md"));
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(page.starts_with(&format!("# {rule}\n")), "{rule}: the page names its rule");
        let sections = sections(&page);
        for kind in ["Reported", "Not reported"] {
            assert!(sections.iter().any(|s| s.title.starts_with(kind)), "{rule} has a section {kind:?}");
        }
        for section in &sections {
            check(*rule, section);
        }
        known.insert(format!("{rule}.md"));
    }
    let pages = std::fs::read_dir(&fixtures).expect("fixtures");
    let pages: BTreeSet<String> =
        pages.map(|page| page.expect("page").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(pages, known, "every page has its rule");
}
