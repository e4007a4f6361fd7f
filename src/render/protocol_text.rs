//! A target protocol as source text: a Python `Protocol` and a Rust trait.

use std::collections::BTreeSet;
use std::fmt::Write;

use crate::report::protocol::{ProtocolReport, TargetMemberReport};
use crate::report::types::ParameterReport;

/// A Python module with the protocol, valid as `.py` and as `.pyi`.
#[must_use]
pub fn render_python(report: &ProtocolReport) -> String {
    let mut text = String::new();
    let _ =
        writeln!(text, "\"\"\"The target protocol of `{}`, made by `ssot protocol`.\"\"\"\n", report.concept);
    text.push_str("from __future__ import annotations\n\n");
    let needs_protocol = "from typing import Protocol".to_owned();
    let needs_any = "from typing import Any".to_owned();
    let says_any = |text: Option<&str>| text.is_some_and(|text| text.contains("Any"));
    let is_open = report.members.iter().any(|member| {
        let of_rust = member.rust.receiver.is_some();
        let mut params = member.params.iter();
        member.returns.is_none()
            || of_rust && (says_any(member.returns) || params.any(|parameter| says_any(parameter.annotation)))
    });
    let mut imports: Vec<&String> =
        report.imports.iter().chain([&needs_protocol]).chain(is_open.then_some(&needs_any)).collect();
    imports.sort();
    imports.dedup();
    for import in imports {
        let _ = writeln!(text, "{import}");
    }
    let _ = writeln!(text, "\n\nclass {}(Protocol):", report.name);
    if report.members.is_empty() {
        text.push_str("    pass\n");
    }
    for (position, member) in report.members.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        match member.binding {
            "property" => text.push_str("    @property\n"),
            "class" => text.push_str("    @classmethod\n"),
            "static" => text.push_str("    @staticmethod\n"),
            _ => {}
        }
        let prefix = if member.is_async { "async " } else { "" };
        // A checker reads a stub without an annotation as one that returns nothing.
        let returns = format!(" -> {}", member.returns.unwrap_or("Any"));
        let _ = writeln!(
            text,
            "    {prefix}def {}({}){returns}:",
            member.name,
            python_parameters(&member.params)
        );
        let _ = writeln!(text, "        \"\"\"{}\"\"\"\n        ...", source(member));
    }
    text
}

/// `self, user_id: str, *, retry: bool = ...`
fn python_parameters(parameters: &[ParameterReport]) -> String {
    let mut parts: Vec<String> = Vec::with_capacity(parameters.len() + 2);
    let mut previous = "";
    for parameter in parameters {
        if previous == "positional-only" && parameter.kind != "positional-only" {
            parts.push("/".to_owned());
        }
        if parameter.kind == "keyword-only" && !matches!(previous, "keyword-only" | "variadic") {
            parts.push("*".to_owned());
        }
        let stars = match parameter.kind {
            "variadic" => "*",
            "keyword-variadic" => "**",
            _ => "",
        };
        let annotation = parameter.annotation.map_or(String::new(), |text| format!(": {text}"));
        let default = match (parameter.has_default, annotation.is_empty()) {
            (false, _) => "",
            (true, false) => " = ...",
            (true, true) => "=...",
        };
        parts.push(format!("{stars}{}{annotation}{default}", parameter.name));
        previous = parameter.kind;
    }
    if previous == "positional-only" {
        parts.push("/".to_owned());
    }
    parts.join(", ")
}

/// A Rust trait; futures are `Send`, as a server's tasks need them.
#[must_use]
pub fn render_rust(report: &ProtocolReport) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "//! The target protocol of `{}`, made by `ssot protocol`.\n", report.concept);
    for item in &report.uses {
        let _ = writeln!(text, "{item}");
    }
    if !report.uses.is_empty() {
        text.push('\n');
    }
    let _ = writeln!(text, "pub trait {} {{", report.name);
    let own = own_types(report);
    for name in &own {
        let _ = writeln!(text, "    /// For each implementation to say.\n    type {name};");
    }
    if !own.is_empty() {
        text.push('\n');
    }
    for (position, member) in report.members.iter().enumerate() {
        if position > 0 {
            text.push('\n');
        }
        let receiver = match member.binding {
            "static" | "class" => None,
            _ => Some(member.rust.receiver.clone().unwrap_or_else(|| "&self".to_owned())),
        };
        let parameters = member.rust.params.iter().map(|(name, of)| format!("{name}: {of}"));
        let parameters: Vec<String> = receiver.into_iter().chain(parameters).collect();
        let value = member.rust.returns.clone().unwrap_or_else(|| "()".to_owned());
        let returns = match (member.is_async, value.as_str()) {
            (true, _) => format!(" -> impl std::future::Future<Output = {value}> + Send"),
            (false, "()") => String::new(),
            (false, _) => format!(" -> {value}"),
        };
        let _ = writeln!(text, "    /// {}", source(member));
        let _ = writeln!(text, "    fn {}({}){returns};", member.rust.name, parameters.join(", "));
    }
    text.push_str("}\n");
    text
}

/// The program's own types that the signatures name, sorted.
fn own_types(report: &ProtocolReport) -> BTreeSet<&str> {
    let texts = report.members.iter().flat_map(|member| {
        let parameters = member.rust.params.iter().map(|(_, of)| of.as_str());
        parameters.chain(member.rust.returns.as_deref())
    });
    texts
        .flat_map(|text| text.split("Self::").skip(1))
        .map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or(rest))
        .collect()
}

/// Who wants the member: one sentence.
fn source(member: &TargetMemberReport) -> String {
    let declared = match member.declared_by.len() {
        0 => String::new(),
        1 => "Demanded by one protocol; ".to_owned(),
        count => format!("Demanded by {count} protocols; "),
    };
    let calls = match member.production_calls {
        0 => "not called in production".to_owned(),
        1 => "called once in production".to_owned(),
        count => format!("called {count} times in production"),
    };
    let sentence = format!("{declared}{calls}.");
    let mut characters = sentence.chars();
    characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
