//! What a page shows on demand: every type with its order and methods, every module with its imports. As compact
//! JSON, since a code base has tens of thousands of them: rows instead of objects, texts that recur as positions.

use rustc_hash::FxHashMap;
use serde_json::{Value, json};

use crate::render::document::Document;
use crate::report::Report;
use crate::report::graph::GraphReport;
use crate::report::types::{MethodReport, ParameterReport, TypeReport};

/// Adds the views of `ssot report`.
pub fn write(page: &mut Document, report: &Report) {
    write_modules(page, &report.graph);
    write_types(page, &report.types);
}

/// Adds the explorer of the module graph: nothing where there is no module.
pub fn write_modules(page: &mut Document, graph: &GraphReport) {
    if graph.modules.is_empty() {
        return;
    }
    page.heading(2, "Explore the modules");
    let positions: FxHashMap<&str, usize> =
        graph.modules.iter().enumerate().map(|(at, module)| (module.id, at)).collect();
    let mut phases = Texts::default();
    let edges: Vec<Value> = graph
        .edges
        .iter()
        .filter_map(|edge| {
            let (from, to) = (positions.get(edge.from)?, positions.get(edge.to)?);
            // Its file is the importing module's, but for a stub beside it.
            let file = (graph.modules[*from].path != Some(edge.path)).then_some(edge.path);
            let phase = phases.position(if edge.implicit { "implicit" } else { edge.phase });
            Some(match file {
                Some(file) => json!([from, to, phase, edge.line, file]),
                None => json!([from, to, phase, edge.line]),
            })
        })
        .collect();
    let cycles: Vec<Value> = graph
        .components
        .iter()
        .map(|component| {
            let modules: Vec<usize> =
                component.modules.iter().filter_map(|module| positions.get(module).copied()).collect();
            json!([component.phases.join(", "), modules])
        })
        .collect();
    let modules: Vec<Value> = graph.modules.iter().map(|module| json!([module.id, module.path])).collect();
    let data = json!({ "modules": modules, "phases": phases.all, "edges": edges, "cycles": cycles });
    page.view("modules", data.to_string());
}

/// Adds the explorer of the types: nothing where there is none.
pub fn write_types(page: &mut Document, types: &[TypeReport]) {
    if types.is_empty() {
        return;
    }
    page.heading(2, "Explore the types");
    let (mut texts, mut ids) = (Texts::default(), Texts::default());
    // Positions below the number of types are rows: an entry of an order leads to its type.
    for of in types {
        ids.add(of.id);
    }
    let rows: Vec<Value> = types
        .iter()
        .map(|of| {
            let order: Vec<usize> = of.mro.entries.iter().map(|entry| ids.position(entry)).collect();
            let trouble = match (&of.mro.error, &of.mro.unknown) {
                (Some(error), _) => error.as_str(),
                (None, Some(unknown)) => unknown.as_str(),
                (None, None) => "",
            };
            let methods: Vec<Value> = of.methods.iter().map(|method| row_of(method, &mut texts)).collect();
            let (kind, role) = (texts.position(of.kind), texts.position(of.file_role));
            let path = texts.position(of.path);
            json!([kind, role, path, of.line, order, trouble, methods])
        })
        .collect();
    page.view("types", json!({ "ids": ids.all, "texts": texts.all, "rows": rows }).to_string());
}

/// Line, signature, and what it overrides.
fn row_of(method: &MethodReport, texts: &mut Texts<'_>) -> Value {
    let params: Vec<String> = shown_parameters(&method.params);
    let prefix = match (method.is_async, method.binding) {
        (true, _) => "async ",
        (false, "property") => "property ",
        (false, "static") => "static ",
        (false, "class") => "class ",
        (false, _) => "",
    };
    let returns = method.returns.map_or(String::new(), |returns| format!(" -> {returns}"));
    let signature = format!("{prefix}{}({}){returns}", method.name, params.join(", "));
    match (method.overrides, method.path) {
        (None, None) => json!([method.line, signature]),
        (overrides, None) => json!([method.line, signature, overrides]),
        (overrides, Some(path)) => json!([method.line, signature, overrides, texts.position(path)]),
    }
}

/// Parameters as a signature has them, with `*` and `/` where they belong.
fn shown_parameters(params: &[ParameterReport]) -> Vec<String> {
    let mut shown = Vec::with_capacity(params.len() + 1);
    let mut before = "";
    for param in params {
        if before == "positional-only" && param.kind != before {
            shown.push("/".to_owned());
        }
        if param.kind == "keyword-only" && !matches!(before, "keyword-only" | "variadic") {
            shown.push("*".to_owned());
        }
        let stars = match param.kind {
            "variadic" => "*",
            "keyword-variadic" => "**",
            _ => "",
        };
        let annotation = param.annotation.map_or(String::new(), |annotation| format!(": {annotation}"));
        let default = if param.has_default { " = …" } else { "" };
        shown.push(format!("{stars}{}{annotation}{default}", param.name));
        before = param.kind;
    }
    if before == "positional-only" {
        shown.push("/".to_owned());
    }
    shown
}

/// Texts by their position.
#[derive(Default)]
struct Texts<'r> {
    all: Vec<&'r str>,
    positions: FxHashMap<&'r str, usize>,
}

impl<'r> Texts<'r> {
    /// Adds a text at the end, even if it is there: the first one keeps its position.
    fn add(&mut self, text: &'r str) {
        self.positions.entry(text).or_insert(self.all.len());
        self.all.push(text);
    }

    fn position(&mut self, text: &'r str) -> usize {
        if let Some(position) = self.positions.get(text) {
            return *position;
        }
        self.add(text);
        self.all.len() - 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_says_how_its_parameters_are_passed() {
        let param = |name, kind, has_default| ParameterReport { name, kind, annotation: None, has_default };
        let shown = shown_parameters(&[
            param("a", "positional-only", false),
            param("b", "standard", true),
            param("c", "keyword-only", false),
            param("rest", "keyword-variadic", false),
        ]);
        assert_eq!(shown.join(", "), "a, /, b = …, *, c, **rest");
        let shown = shown_parameters(&[param("args", "variadic", false), param("c", "keyword-only", true)]);
        assert_eq!(shown.join(", "), "*args, c = …");
        assert_eq!(shown_parameters(&[param("a", "positional-only", false)]).join(", "), "a, /");
    }
}
