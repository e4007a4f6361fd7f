//! Macros that stand where items would. They are not expanded; but one that is given whole items
//! (`cfg_if! { … }`, `cfg_rt! { pub mod runtime; }`, `thread_local! { … }`) passes them on, so they are read as if
//! they stood there, under the macro as a condition.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Item, Macro};

use super::Lowering;
use super::types::path_text;
use crate::facts::Name;

impl Lowering<'_> {
    pub(super) fn lower_item_macro(&mut self, call: &Macro) {
        let groups = match call.path.segments.last() {
            Some(last) if last.ident == "cfg_if" => branches_of(call.tokens.clone()),
            _ => vec![call.tokens.clone()],
        };
        let read: Vec<Vec<Item>> = groups.into_iter().filter_map(items_of).collect();
        let is_read = !read.is_empty();
        self.push_item_macro(&call.path, is_read);
        let Some((_, at, _)) = self.path_start(&call.path).filter(|_| is_read) else { return };
        for (position, items) in read.iter().enumerate() {
            // The branches of `cfg_if!` exclude each other, so each is a condition of its own.
            let condition = match position {
                0 => format!("{}!", path_text(&call.path)),
                _ => format!("{}! branch {}", path_text(&call.path), position + 1),
            };
            let outer = self.guard;
            self.guard = self.named_condition(Name::new(&condition), false, at);
            self.lower_items(items);
            self.guard = outer;
        }
    }
}

/// Whole items and nothing else.
fn items_of(tokens: TokenStream) -> Option<Vec<Item>> {
    if tokens.is_empty() {
        return None;
    }
    let file = syn::parse2::<syn::File>(tokens).ok()?;
    let is_plain = |item: &Item| !matches!(item, Item::Macro(_) | Item::Verbatim(_));
    file.items.iter().any(is_plain).then_some(file.items)
}

/// What stands in the braces of `if #[cfg(…)] { … } else if … { … } else { … }`.
fn branches_of(tokens: TokenStream) -> Vec<TokenStream> {
    let groups = tokens.into_iter().filter_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => Some(group.stream()),
        _ => None,
    });
    groups.collect()
}
