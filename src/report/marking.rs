//! Two signatures side by side: what differs is marked.

use std::fmt::Write;

/// `own` with what is not in `first` between ⟦ and ⟧, word by word.
pub(super) fn mark_difference(first: &str, own: &str) -> String {
    let (before, after) = (words_of(first), words_of(own));
    let mut marked = String::with_capacity(own.len() + 16);
    for operation in similar::capture_diff_slices(similar::Algorithm::Myers, &before, &after) {
        let (tag, _, new) = operation.as_tag_tuple();
        let text = after[new].concat();
        match tag {
            similar::DiffTag::Equal => marked.push_str(&text),
            similar::DiffTag::Delete => {}
            similar::DiffTag::Insert | similar::DiffTag::Replace => {
                let _ = write!(marked, "⟦{text}⟧");
            }
        }
    }
    marked
}

/// Identifiers and what stands between them.
fn words_of(text: &str) -> Vec<&str> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let end =
            if is_word(first) { rest.find(|c| !is_word(c)).unwrap_or(rest.len()) } else { first.len_utf8() };
        let (word, after) = rest.split_at(end);
        words.push(word);
        rest = after;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_marked_word_by_word() {
        let marked = mark_difference("send(user: str) -> bool", "send(user: int, now: bool) -> bool");
        assert_eq!(marked, "send(user: ⟦int, now: bool⟧) -> bool");
        assert_eq!(mark_difference("stop()", "stop()"), "stop()");
    }
}
