//! Where the parser's spans stand in the file.

use proc_macro2::{LineColumn, Span};

use crate::text::{Lines, Offset};

/// Tells places in a file from spans in the piece of it that is being lowered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Places<'t> {
    lines: &'t Lines,
    /// Whether the lines of the file are those that spans count: these tell places faster than bytes.
    by_lines: bool,
    /// Where the piece begins.
    start: Offset,
    /// How many lines come before it.
    lines_before: usize,
}

impl<'t> Places<'t> {
    pub(super) fn new(text: &str, lines: &'t Lines) -> Self {
        // A lone carriage return ends a line for us, but not for spans.
        let by_lines = memchr::memchr(b'\r', text.as_bytes()).is_none();
        Self { lines, by_lines, start: 0, lines_before: 0 }
    }

    /// Goes on to the piece that begins at `start`, where a line does.
    pub(super) fn begin(&mut self, start: Offset) {
        self.start = start;
        self.lines_before = self.lines.line(start) as usize - 1;
    }

    pub(super) fn start_of(&self, span: Span) -> Offset {
        if self.by_lines {
            self.offset_of(span.start())
        } else {
            self.start + span.byte_range().start as Offset
        }
    }

    pub(super) fn end_of(&self, span: Span) -> Offset {
        if self.by_lines { self.offset_of(span.end()) } else { self.start + span.byte_range().end as Offset }
    }

    fn offset_of(&self, place: LineColumn) -> Offset {
        self.lines.offset_of((self.lines_before + place.line) as u32, place.column as u32)
    }
}
