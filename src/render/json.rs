//! Reports as JSON: one element of each long list a line, so that files compare well and lists are
//! written in parallel. The bytes depend on the report alone.

use rayon::prelude::*;
use serde::Serialize;

use crate::report::Report;

/// Renders anything small.
///
/// # Errors
/// None for our own structs; the signature is serde's.
pub fn render_json<T: Serialize>(value: &T) -> serde_json::Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Renders the whole report.
///
/// # Errors
/// None for our own structs; the signature is serde's.
pub fn render_report(report: &Report) -> serde_json::Result<Vec<u8>> {
    let Report { schema, coverage, concepts, mro_findings, duplicates, busiest, graph, types } = report;
    let parts = [
        ("schema", serde_json::to_vec(schema)?),
        ("coverage", serde_json::to_vec(coverage)?),
        ("concepts", list(concepts)?),
        ("mro_findings", list(mro_findings)?),
        ("duplicates", list(duplicates)?),
        ("busiest", list(busiest)?),
    ];
    let modules = list(&graph.modules)?;
    let edges = list(&graph.edges)?;
    let components = list(&graph.components)?;
    let types = list(types)?;
    let size = modules.len() + edges.len() + components.len() + types.len();
    let mut out = Vec::with_capacity(size + (1 << 16));
    out.push(b'{');
    for (key, value) in parts {
        field(&mut out, key, &value);
        out.extend_from_slice(b",\n");
    }
    out.extend_from_slice(b"\"graph\":{");
    field(&mut out, "modules", &modules);
    out.extend_from_slice(b",\n");
    field(&mut out, "edges", &edges);
    out.extend_from_slice(b",\n");
    field(&mut out, "components", &components);
    out.extend_from_slice(b"},\n");
    field(&mut out, "types", &types);
    out.extend_from_slice(b"}\n");
    Ok(out)
}

fn field(out: &mut Vec<u8>, key: &str, value: &[u8]) {
    out.push(b'"');
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
    out.extend_from_slice(value);
}

/// `[` one element a line `]`
fn list<T: Serialize + Sync>(items: &[T]) -> serde_json::Result<Vec<u8>> {
    let chunks: Vec<Vec<u8>> = items
        .par_chunks(256)
        .map(|chunk| {
            let mut bytes = Vec::with_capacity(chunk.len() * 256);
            for item in chunk {
                bytes.push(b'\n');
                serde_json::to_writer(&mut bytes, item)?;
                bytes.push(b',');
            }
            Ok(bytes)
        })
        .collect::<serde_json::Result<_>>()?;
    let mut out = Vec::with_capacity(chunks.iter().map(Vec::len).sum::<usize>() + 2);
    out.push(b'[');
    for chunk in chunks {
        out.extend_from_slice(&chunk);
    }
    if out.last() == Some(&b',') {
        out.pop();
    }
    out.push(b']');
    Ok(out)
}
