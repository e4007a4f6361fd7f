//! A small drawing of nodes and edges → Mermaid and DOT.
//!
//! The drawing is neutral: who makes it decides what nodes and edges mean. Both languages have words and
//! characters that end a label early; everything here is escaped, so any text may be a label.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What is to be drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphDrawing {
    /// Nodes in the order in which they are written. Ids should be unique; any text will do.
    pub nodes: Vec<DrawnNode>,
    /// Edges in the order in which they are written. An end that is no node's id becomes a node.
    pub edges: Vec<DrawnEdge>,
}

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnNode {
    /// What edges call it.
    pub id: String,
    /// What is shown.
    pub label: String,
}

/// An edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DrawnEdge {
    /// Id of the node where it starts.
    pub from: String,
    /// Id of the node where it ends.
    pub to: String,
    /// How the line looks.
    pub style: LineStyle,
    /// What is written beside it; may be empty.
    pub label: String,
}

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum LineStyle {
    /// A plain line: an import at load time.
    #[default]
    Solid,
    /// A broken line: an import in a function.
    Dashed,
    /// A broken line that says `typing`, if it has no other label: for type checkers only.
    Typing,
    /// A thick line: by name at run time.
    Thick,
    /// A hollow arrow head, where the language has one: a base.
    Inherits,
}

/// Mermaid source, `graph TD`, without the fence.
#[must_use]
pub fn render_mermaid(drawing: &GraphDrawing) -> String {
    let nodes = Nodes::of(drawing);
    let mut text = String::from("graph TD\n");
    for (position, label) in nodes.labels.iter().enumerate() {
        // Ids of our own: `end`, `graph`, `o…` and `x…` mean something to Mermaid.
        let _ = writeln!(text, "    n{position}[\"{}\"]", mermaid_escaped(label));
    }
    for edge in &drawing.edges {
        let (from, to) = (nodes.position(&edge.from), nodes.position(&edge.to));
        let arrow = match edge.style {
            LineStyle::Solid | LineStyle::Inherits => "-->",
            LineStyle::Dashed | LineStyle::Typing => "-.->",
            LineStyle::Thick => "==>",
        };
        let label = match label_of(edge) {
            "" => String::new(),
            label => format!("|\"{}\"|", mermaid_escaped(label)),
        };
        let _ = writeln!(text, "    n{from} {arrow}{label} n{to}");
    }
    text
}

/// DOT source of Graphviz, `digraph`.
#[must_use]
pub fn render_dot(drawing: &GraphDrawing) -> String {
    let nodes = Nodes::of(drawing);
    let mut text = String::from("digraph ssot {\n    node [shape=box];\n");
    for (id, label) in nodes.ids.iter().zip(&nodes.labels) {
        match id == label {
            true => drop(writeln!(text, "    {};", dot_quoted(id))),
            false => drop(writeln!(text, "    {} [label={}];", dot_quoted(id), dot_quoted(label))),
        }
    }
    for edge in &drawing.edges {
        let mut attributes: Vec<String> = match edge.style {
            LineStyle::Solid => Vec::new(),
            LineStyle::Dashed => vec!["style=dashed".to_owned()],
            LineStyle::Typing => vec!["style=dotted".to_owned()],
            LineStyle::Thick => vec!["style=bold".to_owned()],
            LineStyle::Inherits => vec!["arrowhead=onormal".to_owned()],
        };
        match label_of(edge) {
            "" => {}
            label => attributes.push(format!("label={}", dot_quoted(label))),
        }
        let attributes = match attributes.is_empty() {
            true => String::new(),
            false => format!(" [{}]", attributes.join(", ")),
        };
        let _ = writeln!(text, "    {} -> {}{attributes};", dot_quoted(&edge.from), dot_quoted(&edge.to));
    }
    text.push_str("}\n");
    text
}

/// Nodes by id, those included that only edges name.
struct Nodes<'d> {
    ids: Vec<&'d str>,
    labels: Vec<&'d str>,
    positions: BTreeMap<&'d str, usize>,
}

impl<'d> Nodes<'d> {
    fn of(drawing: &'d GraphDrawing) -> Self {
        let mut nodes = Self { ids: Vec::new(), labels: Vec::new(), positions: BTreeMap::new() };
        for node in &drawing.nodes {
            nodes.add(&node.id, &node.label);
        }
        for edge in &drawing.edges {
            nodes.add(&edge.from, &edge.from);
            nodes.add(&edge.to, &edge.to);
        }
        nodes
    }

    fn add(&mut self, id: &'d str, label: &'d str) {
        let next = self.ids.len();
        if *self.positions.entry(id).or_insert(next) == next {
            self.ids.push(id);
            self.labels.push(label);
        }
    }

    fn position(&self, id: &str) -> usize {
        self.positions.get(id).copied().unwrap_or_default()
    }
}

fn label_of(edge: &DrawnEdge) -> &str {
    match edge.style {
        LineStyle::Typing if edge.label.is_empty() => "typing",
        LineStyle::Solid | LineStyle::Dashed | LineStyle::Typing | LineStyle::Thick | LineStyle::Inherits => {
            &edge.label
        }
    }
}

/// Mermaid takes entities with `#` for `&`. A leading backtick would start Markdown, tags would be HTML.
fn mermaid_escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '#' | '&' | '<' | '>' | '`' | '\\' | '[' | ']' | '{' | '}' | '(' | ')' | '|' | ';'
            | '%' => {
                let _ = write!(escaped, "#{};", u32::from(character));
            }
            '\n' => escaped.push_str("<br/>"),
            '\r' => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// A quoted DOT id. A backslash is doubled: in a label it would begin an escape.
fn dot_quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => {}
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(nodes: &[(&str, &str)], edges: &[(&str, &str, LineStyle, &str)]) -> GraphDrawing {
        let node = |&(id, label): &(&str, &str)| DrawnNode { id: id.to_owned(), label: label.to_owned() };
        let edge = |&(from, to, style, label): &(&str, &str, LineStyle, &str)| DrawnEdge {
            from: from.to_owned(),
            to: to.to_owned(),
            style,
            label: label.to_owned(),
        };
        GraphDrawing { nodes: nodes.iter().map(node).collect(), edges: edges.iter().map(edge).collect() }
    }

    #[track_caller]
    fn check(drawing: &GraphDrawing, mermaid: &str, dot: &str) {
        assert_eq!(render_mermaid(drawing), mermaid);
        assert_eq!(render_dot(drawing), dot);
    }

    #[test]
    fn every_style_has_its_line() {
        let edges = [
            ("a", "b", LineStyle::Solid, ""),
            ("a", "b", LineStyle::Dashed, "2"),
            ("a", "b", LineStyle::Typing, ""),
            ("b", "a", LineStyle::Thick, ""),
            ("b", "a", LineStyle::Inherits, "is a"),
        ];
        check(
            &drawing(&[("a", "pkg.a"), ("b", "b")], &edges),
            "graph TD\n    n0[\"pkg.a\"]\n    n1[\"b\"]\n    n0 --> n1\n    n0 -.->|\"2\"| n1\n    n0 -.->|\"typing\"| n1\n    n1 ==> n0\n    n1 -->|\"is a\"| n0\n",
            "digraph ssot {\n    node [shape=box];\n    \"a\" [label=\"pkg.a\"];\n    \"b\";\n    \"a\" -> \"b\";\n    \"a\" -> \"b\" [style=dashed, label=\"2\"];\n    \"a\" -> \"b\" [style=dotted, label=\"typing\"];\n    \"b\" -> \"a\" [style=bold];\n    \"b\" -> \"a\" [arrowhead=onormal, label=\"is a\"];\n}\n",
        );
    }

    #[test]
    fn labels_may_hold_quotes_brackets_and_line_ends() {
        check(
            &drawing(&[("x", "List[\"a\"]\n<b>#1 \\n")], &[]),
            "graph TD\n    n0[\"List#91;#34;a#34;#93;<br/>#60;b#62;#35;1 #92;n\"]\n",
            "digraph ssot {\n    node [shape=box];\n    \"x\" [label=\"List[\\\"a\\\"]\\n<b>#1 \\\\n\"];\n}\n",
        );
    }

    #[test]
    fn a_module_may_be_called_end() {
        check(
            &drawing(&[], &[("end", "graph", LineStyle::Solid, "")]),
            "graph TD\n    n0[\"end\"]\n    n1[\"graph\"]\n    n0 --> n1\n",
            "digraph ssot {\n    node [shape=box];\n    \"end\";\n    \"graph\";\n    \"end\" -> \"graph\";\n}\n",
        );
    }

    #[test]
    fn a_node_that_is_named_twice_is_drawn_once() {
        check(
            &drawing(&[("a", "first"), ("a", "second")], &[]),
            "graph TD\n    n0[\"first\"]\n",
            "digraph ssot {\n    node [shape=box];\n    \"a\" [label=\"first\"];\n}\n",
        );
    }
}
