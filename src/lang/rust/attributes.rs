//! Attributes: conditions (`cfg`), derives, and what may change what stands behind them.

use syn::punctuated::Punctuated;
use syn::{Attribute, Meta, Path, Token};

use super::Lowering;
use crate::facts::{ChainId, Guard, GuardId, GuardKind, Name, Run, Usage};
use crate::text::Offset;

impl Lowering<'_> {
    /// Lowers something under the conditions of its attributes.
    pub(super) fn under<T>(&mut self, attributes: &[Attribute], inner: impl FnOnce(&mut Self) -> T) -> T {
        let outer = self.guard;
        self.guard = self.guard_of(attributes);
        let result = inner(self);
        self.guard = outer;
        result
    }

    /// The guard of what bears these attributes here.
    pub(super) fn guard_of(&mut self, attributes: &[Attribute]) -> GuardId {
        let outer = self.guard;
        for attribute in attributes {
            if attribute.path().is_ident("cfg") {
                if let Ok(condition) = attribute.parse_args::<Meta>() {
                    self.guard = self.condition(&condition, self.start_of(attribute.pound_token.span));
                }
            } else if is_test(attribute.path()) {
                let at = self.start_of(attribute.pound_token.span);
                self.guard = self.named_condition(Name::new("test"), true, at);
            }
        }
        std::mem::replace(&mut self.guard, outer)
    }

    pub(super) fn condition(&mut self, condition: &Meta, at: Offset) -> GuardId {
        self.named_condition(Name::new(&written(condition)), demands_test(condition), at)
    }

    pub(super) fn named_condition(&mut self, condition: Name, is_test: bool, at: Offset) -> GuardId {
        let next = GuardId::at(self.facts.guards.len());
        let found = *self.conditions.entry((self.guard, condition)).or_insert(next);
        if found == next {
            let kind = GuardKind::Config { condition, is_test };
            self.facts.guards.push(Guard { parent: self.guard, kind, statement: at });
        }
        found
    }

    /// The derives and attribute macros of an item, as decorators.
    pub(super) fn lower_attributes(&mut self, attributes: &[Attribute]) -> Run {
        let mut chains = Vec::new();
        for attribute in attributes {
            let at = self.start_of(attribute.pound_token.span);
            self.attribute(&attribute.meta, at, &mut chains);
        }
        let start = self.facts.decorators.len() as u32;
        self.facts.decorators.extend(chains);
        Run { start, len: self.facts.decorators.len() as u32 - start }
    }

    fn attribute(&mut self, meta: &Meta, at: Offset, chains: &mut Vec<ChainId>) {
        let path = meta.path();
        if path.is_ident("derive") {
            let Meta::List(list) = meta else { return };
            let parser = Punctuated::<Path, Token![,]>::parse_terminated;
            let Ok(derives) = list.parse_args_with(parser) else { return };
            for derive in &derives {
                chains.extend(self.path_chain(derive, Usage::Decorator));
            }
        } else if path.is_ident("cfg_attr") {
            let Some((condition, attributes)) = conditional(meta) else { return };
            let outer = self.guard;
            self.guard = self.condition(&condition, at);
            for attribute in attributes {
                self.attribute(&attribute, at, chains);
            }
            self.guard = outer;
        } else if !is_built_in(path) {
            chains.extend(self.path_chain(path, Usage::Decorator));
        }
    }
}

/// The condition of `cfg_attr(condition, …)`, and the attributes that stand there under it.
pub(super) fn conditional(meta: &Meta) -> Option<(Meta, impl Iterator<Item = Meta> + use<>)> {
    let Meta::List(list) = meta else { return None };
    if !list.path.is_ident("cfg_attr") {
        return None;
    }
    let parts = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated).ok()?;
    let mut parts = parts.into_iter();
    Some((parts.next()?, parts))
}

/// `#[test]`, `#[tokio::test]`: run by the test harness.
fn is_test(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "test" || last.ident == "bench")
}

/// The condition as it would be written with single spaces.
fn written(condition: &Meta) -> String {
    let path = |path: &Path| {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        segments.join("::")
    };
    match condition {
        Meta::Path(name) => path(name),
        Meta::NameValue(pair) => {
            let value = match &pair.value {
                syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(text), .. }) => {
                    format!("{:?}", text.value())
                }
                _ => "…".to_owned(),
            };
            format!("{} = {value}", path(&pair.path))
        }
        Meta::List(list) => {
            let inner: Vec<String> = operands(list).iter().map(written).collect();
            format!("{}({})", path(&list.path), inner.join(", "))
        }
    }
}

/// Whether a condition can only hold where tests are compiled.
fn demands_test(condition: &Meta) -> bool {
    match condition {
        Meta::Path(path) => path.is_ident("test") || path.is_ident("doctest"),
        Meta::NameValue(_) => false,
        Meta::List(list) if list.path.is_ident("all") => operands(list).iter().any(demands_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let operands = operands(list);
            !operands.is_empty() && operands.iter().all(demands_test)
        }
        Meta::List(_) => false,
    }
}

fn operands(list: &syn::MetaList) -> Vec<Meta> {
    let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
    list.parse_args_with(parser).map(|operands| operands.into_iter().collect()).unwrap_or_default()
}

/// Attributes of the language and of its tools, which name nothing that could be followed
/// (Rust Reference, "Built-in attributes index").
fn is_built_in(path: &Path) -> bool {
    let Some(first) = path.segments.first() else { return true };
    let first = first.ident.to_string();
    const BUILT_IN: &[&str] = &[
        "allow",
        "automatically_derived",
        "bench",
        "cfg",
        "clippy",
        "cold",
        "crate_name",
        "crate_type",
        "deny",
        "deprecated",
        "diagnostic",
        "doc",
        "expect",
        "export_name",
        "feature",
        "forbid",
        "global_allocator",
        "ignore",
        "inline",
        "instruction_set",
        "link",
        "link_name",
        "link_ordinal",
        "link_section",
        "macro_export",
        "macro_use",
        "miri",
        "must_use",
        "no_builtins",
        "no_implicit_prelude",
        "no_main",
        "no_mangle",
        "no_std",
        "non_exhaustive",
        "panic_handler",
        "path",
        "proc_macro",
        "proc_macro_attribute",
        "proc_macro_derive",
        "recursion_limit",
        "repr",
        "rustfmt",
        "should_panic",
        "target_feature",
        "test",
        "track_caller",
        "type_length_limit",
        "unsafe",
        "used",
        "warn",
        "windows_subsystem",
    ];
    path.segments.len() <= 2 && BUILT_IN.binary_search(&first.as_str()).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: (&str, bool)) {
        let condition: Meta = syn::parse_str(text).expect(text);
        assert_eq!((written(&condition).as_str(), demands_test(&condition)), expected);
    }

    #[test]
    fn conditions_that_only_tests_fulfil_are_told_apart() {
        check("test", ("test", true));
        check("not( test )", ("not(test)", false));
        check("all(test, feature=\"full\")", ("all(test, feature = \"full\")", true));
        check("any(test, feature = \"full\")", ("any(test, feature = \"full\")", false));
        check("any(test,doctest)", ("any(test, doctest)", true));
    }
}
