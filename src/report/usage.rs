//! Every use of one type: `ssot usage`, and the usage part of a concept.

use schemars::JsonSchema;
use serde::Serialize;

use super::path_of;
use crate::analysis::usage::{self, Mentions};
use crate::facts::ScopeId;
use crate::link::members::enclosing_name;
use crate::link::references::{ReferenceKind, Via};
use crate::link::{ClassId, FileId, Index};
use crate::text::Offset;

/// All uses of a type.
#[derive(Debug, Serialize, JsonSchema)]
pub struct UsageReport {
    /// Always [`super::SCHEMA`].
    pub schema: &'static str,
    /// The type's dotted id.
    pub r#type: &'static str,
    /// Uses of the type itself, in the order of paths and lines.
    pub references: Vec<ReferenceReport>,
    /// Uses of its methods on receivers of the type.
    pub methods: Vec<MethodUsage>,
    /// Where prose names it. These are no uses.
    pub mentions: Vec<MentionReport>,
}

/// A use.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct ReferenceReport {
    /// Relative path.
    pub path: &'static str,
    /// 1-based line.
    pub line: u32,
    /// 1-based column, in code points.
    pub column: u32,
    /// `import`, `instantiate`, `call`, `annotation`, `base`, `isinstance`, `attribute`, `value`,
    /// `decorator`, `string` or `export`.
    pub kind: &'static str,
    /// Role of the file.
    pub file_role: &'static str,
    /// Qualified name of the function or type around it.
    pub enclosing: Option<String>,
    /// How it got there: `alias NAME`, `re-export MODULE`; none for the direct way.
    pub via: Option<String>,
}

/// The uses of one method.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MethodUsage {
    /// Its name.
    pub name: &'static str,
    /// Where it is used.
    pub references: Vec<ReferenceReport>,
}

/// A mention in prose.
#[derive(Debug, Serialize, JsonSchema)]
pub struct MentionReport {
    /// Relative path.
    pub path: String,
    /// 1-based line.
    pub line: u32,
    /// `prose` or `code`.
    pub r#in: &'static str,
}

/// Reports all uses of a type.
#[must_use]
pub fn build(index: &Index, mentions: &Mentions, class: ClassId) -> UsageReport {
    let references = index.references.of_class(class).iter().map(|reference| {
        let via = match reference.via {
            Via::Direct => None,
            Via::Alias(name) => Some(format!("alias {name}")),
            Via::ReExport(module) => Some(format!("re-export {module}")),
        };
        reference_report(index, reference.file, reference.at, reference.scope, reference.kind, via)
    });
    let methods = usage::method_references(index, class).into_iter().map(|(name, uses)| {
        let references = uses
            .iter()
            .map(|used| {
                let via = used.is_own.then(|| "self".to_owned());
                reference_report(index, used.file, used.at, used.scope, used.kind, via)
            })
            .collect();
        MethodUsage { name: name.as_str(), references }
    });
    let mentions = mentions.of(index.class(class).name).iter().map(|mention| MentionReport {
        path: mention.path.clone(),
        line: mention.line,
        r#in: if mention.is_code { "code" } else { "prose" },
    });
    let mut references: Vec<ReferenceReport> = references.collect();
    references.sort();
    UsageReport {
        schema: super::SCHEMA,
        r#type: index.class(class).id.as_str(),
        references,
        methods: methods.collect(),
        mentions: mentions.collect(),
    }
}

fn reference_report(
    index: &Index,
    file: FileId,
    at: Offset,
    scope: ScopeId,
    kind: ReferenceKind,
    via: Option<String>,
) -> ReferenceReport {
    let position = index.position(file, at);
    ReferenceReport {
        path: path_of(index, file),
        line: position.line,
        column: position.column,
        kind: kind.as_str(),
        file_role: index.role_at(file, scope).as_str(),
        enclosing: enclosing_name(index, file, scope),
        via,
    }
}
