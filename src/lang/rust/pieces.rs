//! A file in pieces, each of whole items.
//!
//! The parser gets one after the other, and the tree of each is lowered and dropped before the next comes: it lies in the
//! processor's caches all the while, and a huge file never stands in memory as one tree. As items follow each other, what
//! the parser makes of the pieces is what it makes of the whole; a file with a piece that it rejects is given to it whole.

/// Pieces are at least so long, in bytes: the trees of longer ones leave the caches, more pieces cost more than they save.
pub(super) const LEAST_PIECE: usize = 8 << 10;

/// What an item can begin with and nothing else can behind a `}` or `;` that stands in no brackets.
const BEGINNINGS: [&str; 17] = [
    "#[", "async ", "const ", "enum ", "extern ", "fn ", "impl ", "impl<", "mod ", "pub ", "pub(", "static ",
    "struct ", "trait ", "type ", "unsafe ", "use ",
];

/// Where the line begins that the next piece can begin with: behind the line of `end`, before the comments of the next item
/// and the item itself. None where something else comes next.
pub(super) fn next_item(text: &str, end: usize) -> Option<usize> {
    let mut lines = text[end..].split_inclusive('\n');
    let rest = lines.next()?;
    let start = end + rest.len();
    if !rest.trim().is_empty() {
        return None;
    }
    for line in lines {
        let line = line.trim_start();
        if BEGINNINGS.iter().any(|beginning| line.starts_with(beginning)) {
            return Some(start);
        }
        // `//!` and `/*! … */` are of the whole file.
        if !line.is_empty() && (!line.starts_with("//") || line.starts_with("//!")) {
            return None;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::nesting::layout_of;
    use super::*;

    /// A function long enough for a piece of its own, without its last bracket.
    fn long() -> String {
        format!("fn long() {{\n{}", "    call(&hub); // } fn x\n".repeat(LEAST_PIECE / 20))
    }

    #[track_caller]
    fn check(behind: &str, next: Option<&str>) {
        let text = long() + behind;
        let pieces = layout_of(&text).expect("not deep").pieces;
        assert_eq!(pieces.first().map(|&at| &text[at..]), next);
    }

    #[test]
    fn pieces_begin_with_items_and_their_comments() {
        check("}\nfn next() {}\n", Some("fn next() {}\n"));
        check(
            "}\n\n/// Says.\n// More.\n#[inline]\npub fn next() {}\n",
            Some("\n/// Says.\n// More.\n#[inline]\npub fn next() {}\n"),
        );
        check("} // end\nfn one() {}\nfn next() {}\n", Some("fn next() {}\n"));
    }

    #[test]
    fn what_may_go_on_is_one_piece() {
        check("}", None);
        check("}\n", None);
        check("} fn next() {}\n", None);
        check("}\n//! Of the file.\nfn next() {}\n", None);
        check("}\n/** Says. */ fn next() {}\n", None);
        check("}\n> where T: Sized {}\n", None);
        check("if x {}\nfn inner() {}\n", None);
    }

    #[test]
    fn facts_are_those_of_the_whole() {
        let item = "/// Keeps é.\n#[cfg(unix)]\npub struct Hub<T> {\n    inner: Vec<T>,\n}\n\n\
                    impl<T> Hub<T> {\n    fn send(&self) { self.inner.len(); log(\"é\", x) }\n}\n";
        let text = format!("#![cfg(test)]\nuse a::b;\n{}", item.repeat(300));
        for text in [text.replace('\n', "\r\n"), text] {
            let lines = crate::text::Lines::of(&text);
            let pieces = layout_of(&text).expect("not deep").pieces;
            assert!(pieces.len() > 3, "{pieces:?}");
            let one = super::super::lowered(&text, &text, &[], &lines).expect("one");
            let many = super::super::lowered(&text, &text, &pieces, &lines).expect("many");
            assert_eq!(format!("{one:?}"), format!("{many:?}"));
        }
    }

    #[test]
    fn errors_are_those_of_the_whole() {
        let text = format!("{0}}}\n{0}}}\nfn broken( {{}}\n", long());
        assert!(!layout_of(&text).expect("not deep").pieces.is_empty());
        let facts = super::super::facts(&text);
        let whole = syn::parse_str::<syn::File>(&text).map(drop).expect_err("broken");
        assert_eq!(facts.errors[0].at as usize, whole.span().byte_range().start);
        assert_eq!(facts.errors[0].message, super::super::told(&whole));
    }
}
