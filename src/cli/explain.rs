//! `ssot explain`: what a rule finds, why it matters, how to mend it.

use std::fmt::Write;

use clap::Args;

use super::output::print_text;
use crate::config::gate::nearest_rules;
use crate::finding::Rule;
use crate::rules::description;

/// What `ssot explain` takes.
#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The rule, by its id.
    #[arg(value_name = "RULE", required_unless_present = "list")]
    rule: Option<String>,
    /// Every rule on one line.
    #[arg(long, conflicts_with = "rule")]
    list: bool,
}

pub(super) fn run(explain: &Explain) -> miette::Result<()> {
    let Some(id) = explain.rule.as_ref().filter(|_| !explain.list) else {
        let width = Rule::ALL.iter().map(|rule| rule.id().len()).max().unwrap_or(0);
        let lines = Rule::ALL.iter().map(|rule| {
            let told = description(*rule);
            format!("{:width$}  {:7}  {}\n", rule.id(), told.severity.as_str(), told.summary)
        });
        return print_text(&lines.collect::<String>());
    };
    let rule =
        Rule::from_id(id).ok_or_else(|| miette::miette!(help = nearest_rules(id), "`{id}` is no rule"))?;
    let told = description(rule);
    let mut text = format!("{} ({}): {}\n", told.id, told.severity.as_str(), told.summary);
    for (heading, part) in
        [("What it finds", &told.finds), ("Why it matters", &told.why), ("What to do", &told.fix)]
    {
        let _ = write!(text, "\n{heading}\n{}\n", textwrap::indent(part.trim(), "  "));
    }
    let _ = write!(
        text,
        "\nSeverity\n  [rules.{}] severity = \"off\", \"note\", \"warning\" or \"error\"\n",
        told.id
    );
    for setting in &told.setting {
        let _ = write!(text, "\nSetting\n  {} = {:?}\n", setting.name, setting.value);
        let _ = writeln!(text, "{}", textwrap::indent(&textwrap::fill(&setting.meaning, 96), "  "));
    }
    let _ = write!(
        text,
        "\nTo let one pass\n  # ssot: allow[{}] the reason        on the line above the definition, or behind it\n",
        told.id
    );
    print_text(&text)
}
