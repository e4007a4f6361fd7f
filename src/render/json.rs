//! Reports as JSON: one element of each long list a line, so that files compare well and lists are
//! written in parallel. The bytes depend on the report alone.

use std::io::{self, Write};

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

/// Writes the whole report, piece by piece: it may be larger than everything else in memory.
///
/// # Errors
/// What the writer says.
pub fn write_report(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let Report { schema, coverage, concepts, plan, mro_findings, duplicates, busiest, graph, types } = report;
    out.write_all(b"{\"schema\":")?;
    serde_json::to_writer(&mut *out, schema)?;
    out.write_all(b",\n\"coverage\":")?;
    serde_json::to_writer(&mut *out, coverage)?;
    write_list(out, ",\n\"concepts\":", concepts)?;
    out.write_all(b",\n\"plan\":")?;
    serde_json::to_writer(&mut *out, plan)?;
    write_list(out, ",\n\"mro_findings\":", mro_findings)?;
    write_list(out, ",\n\"duplicates\":", duplicates)?;
    write_list(out, ",\n\"busiest\":", busiest)?;
    write_list(out, ",\n\"graph\":{\"modules\":", &graph.modules)?;
    write_list(out, ",\n\"edges\":", &graph.edges)?;
    write_list(out, ",\n\"components\":", &graph.components)?;
    write_list(out, "},\n\"types\":", types)?;
    out.write_all(b"}\n")
}

/// How many elements one thread renders at a time, and how many such pieces are held before they
/// are written.
const PIECE: usize = 128;
const PIECES: usize = 64;

/// `[` one element a line `]`
fn write_list<T: Serialize + Sync>(out: &mut dyn Write, key: &str, items: &[T]) -> io::Result<()> {
    out.write_all(key.as_bytes())?;
    out.write_all(b"[")?;
    let mut is_first = true;
    for window in items.chunks(PIECE * PIECES) {
        let pieces: Vec<Vec<u8>> =
            window.par_chunks(PIECE).map(render_piece).collect::<serde_json::Result<_>>()?;
        for piece in pieces {
            // Every element brings the comma before it; the very first has none.
            out.write_all(&piece[usize::from(is_first)..])?;
            is_first = false;
        }
    }
    out.write_all(b"]")
}

fn render_piece<T: Serialize>(items: &[T]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(items.len() * 256);
    for item in items {
        bytes.extend_from_slice(b",\n");
        serde_json::to_writer(&mut bytes, item)?;
    }
    Ok(bytes)
}
