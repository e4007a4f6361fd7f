//! Macros that stand where items would. They are not expanded; but one that is given whole items
//! (`cfg_rt! { pub mod runtime; }`, `thread_local! { … }`) passes them on, so they are read as if they stood there,
//! under the macro as a condition; those of `cfg_if!` and `cfg_select!` stand under the conditions of their branches.
//! `include!("data.rs")` puts a whole file there, which is a part of the module around it.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Item, LitStr, Macro, Meta, Token};

use super::Lowering;
use super::types::path_text;
use crate::facts::{ItemMacro, Name};

/// Items that stand there under a condition.
struct Branch {
    /// None for what is left over, and where a macro has no branches.
    condition: Option<Meta>,
    tokens: TokenStream,
}

impl Lowering<'_> {
    pub(super) fn lower_item_macro(&mut self, call: &Macro) {
        let tokens = call.tokens.clone();
        let branches =
            if has_branches(call) { branches_of(tokens) } else { vec![Branch { condition: None, tokens }] };
        let items = |branch: Branch| Some((branch.condition, items_of(branch.tokens)?));
        let read: Vec<(Option<Meta>, Vec<Item>)> = branches.into_iter().filter_map(items).collect();
        let is_read = !read.is_empty();
        let Some(found) = self.item_macro(&call.path) else { return };
        self.facts.item_macros.push(ItemMacro { is_read, includes: included(call), ..found });
        if !is_read {
            return;
        }
        let at = found.at;
        for (condition, items) in &read {
            let outer = self.guard;
            self.guard = match condition {
                Some(condition) => self.condition(condition, at),
                None => self.named_condition(Name::new(&format!("{}!", path_text(&call.path))), false, at),
            };
            self.lower_items(items);
            self.guard = outer;
        }
    }
}

impl Lowering<'_> {
    /// `let table = include!("table.rs");`
    pub(super) fn lower_inclusion(&mut self, call: &Macro) {
        let Some(includes) = included(call) else { return };
        let found = self.item_macro(&call.path);
        let found = found.map(|found| ItemMacro { includes: Some(includes), in_body: true, ..found });
        self.facts.item_macros.extend(found);
    }
}

/// The path in `include!("data.rs")` and `include!(concat!("data/", "table.rs"))`.
fn included(call: &Macro) -> Option<Name> {
    let is_include = call.path.segments.last().is_some_and(|last| last.ident == "include");
    if !is_include {
        return None;
    }
    if let Ok(path) = call.parse_body::<LitStr>() {
        return Some(Name::new(&path.value()));
    }
    let joined = call.parse_body::<Macro>().ok().filter(|inner| inner.path.is_ident("concat"))?;
    let parts = joined.parse_body_with(Punctuated::<LitStr, Token![,]>::parse_terminated).ok()?;
    Some(Name::new(&parts.iter().map(LitStr::value).collect::<String>()))
}

/// Whole items and nothing else.
fn items_of(tokens: TokenStream) -> Option<Vec<Item>> {
    if tokens.is_empty() {
        return None;
    }
    let file = syn::parse2::<syn::File>(tokens).ok()?;
    let is_plain = |item: &Item| match item {
        Item::Macro(inner) => has_branches(&inner.mac),
        Item::Verbatim(_) => false,
        _ => true,
    };
    file.items.iter().any(is_plain).then_some(file.items)
}

/// `cfg_if!` and `cfg_select!`, which choose between lists of items.
fn has_branches(call: &Macro) -> bool {
    call.path.segments.last().is_some_and(|last| last.ident == "cfg_if" || last.ident == "cfg_select")
}

/// `if #[cfg(unix)] { … } else if #[cfg(…)] { … } else { … }`, and `unix => { … } any(…) => { … } _ => { … }`.
fn branches_of(tokens: TokenStream) -> Vec<Branch> {
    let mut branches = Vec::new();
    let mut head: Vec<TokenTree> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let condition = condition_in(std::mem::take(&mut head));
                branches.push(Branch { condition, tokens: group.stream() });
            }
            other => head.push(other),
        }
    }
    branches
}

/// The condition in what stands before a branch: `[cfg(unix)]`, or all in front of `=>`.
fn condition_in(head: Vec<TokenTree>) -> Option<Meta> {
    let attribute = head.iter().find_map(|token| match token {
        TokenTree::Group(group) if group.delimiter() == Delimiter::Bracket => Some(group.stream()),
        _ => None,
    });
    if let Some(attribute) = attribute {
        return syn::parse2::<Meta>(attribute).ok()?.require_list().ok()?.parse_args().ok();
    }
    let is_arrow = |token: &TokenTree| matches!(token, TokenTree::Punct(point) if point.as_char() == '=');
    // `name = "value"` has one too, so the last one is meant.
    let arrow = head.iter().rposition(is_arrow)?;
    syn::parse2(head.into_iter().take(arrow).collect()).ok()
}

#[cfg(test)]
mod tests {
    use crate::lang::{self, Target};
    use crate::source::Language;

    /// The modules that a text declares, with the innermost conditions that they stand under.
    fn modules(text: &str) -> Vec<(&str, Option<&str>)> {
        let facts = lang::facts(text, Language::Rust, Target::default());
        let found = facts.modules.iter().map(|fact| {
            let condition = facts.condition(fact.guard).map(|condition| condition.as_str());
            (fact.name.as_str(), condition)
        });
        found.collect()
    }

    #[test]
    fn branches_stand_under_their_conditions() {
        let text = "cfg_if::cfg_if! { if #[cfg(unix)] { mod a; } else if #[cfg(windows)] { \
                    cfg_if! { if #[cfg(test)] { mod b; } } } else { mod c; } }";
        assert_eq!(modules(text), [("a", Some("unix")), ("b", Some("test")), ("c", Some("cfg_if::cfg_if!"))]);
        let text = "cfg_select! { all(unix, target_os = \"linux\") => { mod a; } \
                    target_os = \"wasi\" => { mod b; } _ => { mod c; } }";
        let linux = "all(unix, target_os = \"linux\")";
        let expected = [("a", Some(linux)), ("b", Some("target_os = \"wasi\"")), ("c", Some("cfg_select!"))];
        assert_eq!(modules(text), expected);
    }

    #[test]
    fn what_is_given_to_other_macros_stands_under_them() {
        assert_eq!(modules("cfg_rt! { pub mod rt; }"), [("rt", Some("cfg_rt!"))]);
        assert_eq!(modules("make! { compile_error!(\"no\") }"), []);
    }
}
