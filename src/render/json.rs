//! Reports as JSON: one element of each long list a line, so that files compare well and lists are
//! written in parallel. The bytes depend on the report alone.

use std::io::{self, Write};

use rayon::prelude::*;
use rayon::slice::Chunks;
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

/// How many elements one thread renders at a time, and how many such pieces are written at a time, while as many are
/// rendered.
const PIECE: usize = 64;
const PIECES: usize = 32;

/// `[` one element a line `]`
fn write_list<T: Serialize + Sync>(out: &mut dyn Write, key: &str, items: &[T]) -> io::Result<()> {
    out.write_all(key.as_bytes())?;
    out.write_all(b"[")?;
    let mut is_first = true;
    let mut windows = items.chunks(PIECE * PIECES).map(|window| window.par_chunks(PIECE));
    let mut rendered = windows.next().map(render_window).transpose()?;
    while let Some(pieces) = rendered {
        let mut following = Ok(None);
        // While one is written the next is rendered.
        rayon::in_place_scope(|scope| {
            scope.spawn(|_| following = windows.next().map(render_window).transpose());
            pieces.iter().try_for_each(|piece| {
                // Every element brings the comma before it; the very first has none.
                out.write_all(&piece[usize::from(std::mem::take(&mut is_first))..])
            })
        })?;
        rendered = following?;
    }
    out.write_all(b"]")
}

fn render_window<T: Serialize + Sync>(window: Chunks<'_, T>) -> serde_json::Result<Vec<Vec<u8>>> {
    window.map(render_piece).collect()
}

fn render_piece<T: Serialize>(items: &[T]) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(items.len() * 256);
    for item in items {
        bytes.extend_from_slice(b",\n");
        serde_json::to_writer(&mut bytes, item)?;
    }
    Ok(bytes)
}
