//! `mod` items: in place, in a file of their own, in one that `#[path]` names.

use syn::{Attribute, Expr, ExprLit, ItemMod, Lit, Meta};

use super::Lowering;
use super::attributes::conditional;
use super::uses::is_private;
use crate::facts::{Bound, ModuleFact, ModuleIdx, Name, ScopeId, ScopeKind};

impl Lowering<'_> {
    pub(super) fn lower_module(&mut self, item: &ItemMod) {
        let path = item.attrs.iter().find_map(|attribute| path_in(&attribute.meta));
        let Some((_, items)) = &item.content else {
            // `#[cfg_attr(unix, path = "unix.rs")] mod os;` is another file under each condition.
            if path.is_none() {
                for (condition, path) in item.attrs.iter().filter_map(conditional_path) {
                    let outer = self.guard;
                    self.guard = self.condition(&condition, self.start_of(item.mod_token.span));
                    self.push_module(item, Some(path), None);
                    self.guard = outer;
                }
            }
            self.push_module(item, path, None);
            return;
        };
        let body = self.push_scope(ScopeKind::Namespace(ModuleIdx::at(self.facts.modules.len())));
        self.push_module(item, path, Some(body));
        self.within(body, |this| this.lower_items(items));
    }

    fn push_module(&mut self, item: &ItemMod, path: Option<Name>, body: Option<ScopeId>) {
        let (name, at) = self.named(&item.ident);
        let index = ModuleIdx::at(self.facts.modules.len());
        let (scope, guard) = (self.scope, self.guard);
        self.facts.modules.push(ModuleFact { name, scope, body, path, guard, at });
        self.bind(name, at, is_private(&item.vis), Bound::Module(index));
    }
}

/// `path = "…"`
fn path_in(meta: &Meta) -> Option<Name> {
    match meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(Name::new(&text.value())),
            _ => None,
        },
        _ => None,
    }
}

/// `#[cfg_attr(condition, path = "…")]`
fn conditional_path(attribute: &Attribute) -> Option<(Meta, Name)> {
    let (condition, mut attributes) = conditional(&attribute.meta)?;
    Some((condition, attributes.find_map(|attribute| path_in(&attribute))?))
}
