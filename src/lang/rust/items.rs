//! Items: types, traits, `impl` blocks, functions, modules, constants.

use proc_macro2::Span;
use syn::{
    Fields, GenericParam, Generics, ImplItem, Item, ItemImpl, ItemTrait, Path, TraitItem, Type,
    TypeParamBound, Visibility, WherePredicate,
};

use super::Lowering;
use super::types::{path_text, text_of};
use super::uses::is_private;
use crate::facts::{
    Base, Bound, Field, ItemMacro, MadeBy, Name, Payload, Run, ScopeId, ScopeKind, TypeFact, TypeForm,
    TypeIdx, Usage,
};
use crate::text::Offset;

/// The parts of a type's definition that every kind of it has.
struct Definition<'a> {
    name: Name,
    name_at: Offset,
    form: TypeForm,
    /// The keyword, and where the definition ends.
    at: Offset,
    end: Offset,
    bases: Vec<Base>,
    attributes: &'a [syn::Attribute],
    /// Scope of the type parameters, which see the names around it.
    has_type_parameters: bool,
    is_empty: bool,
}

impl Lowering<'_> {
    pub(super) fn lower_items(&mut self, items: &[Item]) {
        for item in items {
            self.lower_item(item);
        }
    }

    pub(super) fn lower_item(&mut self, item: &Item) {
        match item {
            Item::Const(item) => self.under(&item.attrs, |this| {
                this.lower_constant(&item.ident, &item.vis, &item.ty, &item.expr);
            }),
            Item::Static(item) => self.under(&item.attrs, |this| {
                this.lower_constant(&item.ident, &item.vis, &item.ty, &item.expr);
            }),
            Item::Enum(item) => self.under(&item.attrs, |this| {
                let span = item.brace_token.span.close();
                let definition = this.definition(&item.ident, item.enum_token.span, span, TypeForm::Enum);
                let is_empty = item.variants.is_empty();
                let definition = Definition { attributes: &item.attrs, is_empty, ..definition };
                this.lower_type_item(definition, &item.vis, &item.generics, |this, own| {
                    for variant in &item.variants {
                        this.under(&variant.attrs, |this| this.lower_variant(own, variant));
                    }
                });
            }),
            Item::Struct(item) => self.under(&item.attrs, |this| {
                let end = match (&item.fields, &item.semi_token) {
                    (_, Some(semi)) => semi.span,
                    (Fields::Named(fields), None) => fields.brace_token.span.close(),
                    (Fields::Unnamed(_) | Fields::Unit, None) => item.ident.span(),
                };
                let definition = this.definition(&item.ident, item.struct_token.span, end, TypeForm::Struct);
                let is_empty = item.fields.is_empty();
                let definition = Definition { attributes: &item.attrs, is_empty, ..definition };
                this.lower_type_item(definition, &item.vis, &item.generics, |this, own| {
                    this.lower_fields(own, &item.fields);
                });
            }),
            Item::Union(item) => self.under(&item.attrs, |this| {
                let end = item.fields.brace_token.span.close();
                let definition = this.definition(&item.ident, item.union_token.span, end, TypeForm::Union);
                let definition = Definition { attributes: &item.attrs, ..definition };
                this.lower_type_item(definition, &item.vis, &item.generics, |this, own| {
                    for field in &item.fields.named {
                        this.lower_field(own, field.ident.as_ref(), 0, field);
                    }
                });
            }),
            Item::Trait(item) => self.under(&item.attrs, |this| this.lower_trait(item)),
            Item::Impl(item) => self.under(&item.attrs, |this| this.lower_impl(item)),
            Item::Fn(item) => self.under(&item.attrs, |this| {
                this.lower_function(&item.sig, Some(&item.block), &item.attrs, is_private(&item.vis));
            }),
            Item::Mod(item) => self.under(&item.attrs, |this| this.lower_module(item)),
            Item::Use(item) => self.under(&item.attrs, |this| this.lower_use(item)),
            Item::ExternCrate(item) => self.under(&item.attrs, |this| this.lower_extern_crate(item)),
            Item::Type(item) => self.under(&item.attrs, |this| {
                let scope = this.push_scope(ScopeKind::TypeParameters);
                let chain = this.within(scope, |this| {
                    this.lower_generics(&item.generics);
                    this.lower_type(&item.ty, Usage::Annotation)
                });
                let (name, at) = this.named(&item.ident);
                this.bind(name, at, is_private(&item.vis), Bound::TypeAlias(chain));
            }),
            Item::TraitAlias(item) => self.under(&item.attrs, |this| {
                let chain = this.lower_bounds(item.bounds.iter(), Usage::Bound);
                let (name, at) = this.named(&item.ident);
                this.bind(name, at, is_private(&item.vis), Bound::TypeAlias(chain));
            }),
            Item::Macro(item) => self.under(&item.attrs, |this| match &item.ident {
                // `macro_rules! name`: its body is a pattern, not code.
                Some(_) => {}
                None => this.lower_item_macro(&item.mac),
            }),
            Item::ForeignMod(item) => self.under(&item.attrs, |this| {
                for item in &item.items {
                    if let syn::ForeignItem::Fn(function) = item {
                        let (name, at) = this.named(&function.sig.ident);
                        this.bind(name, at, is_private(&function.vis), Bound::Opaque);
                    }
                }
            }),
            _ => {}
        }
    }

    /// Records a macro of which no more is known than that it stands here.
    fn push_item_macro(&mut self, path: &Path) {
        let found = self.item_macro(path);
        self.facts.item_macros.extend(found);
    }

    pub(super) fn item_macro(&mut self, path: &Path) -> Option<ItemMacro> {
        let (_, at, _) = self.path_start(path)?;
        let (name, scope, guard) = (Name::new(&path_text(path)), self.scope, self.guard);
        Some(ItemMacro { name, is_read: false, includes: None, in_body: false, scope, guard, at })
    }

    fn lower_constant(&mut self, ident: &syn::Ident, visibility: &Visibility, ty: &Type, value: &syn::Expr) {
        let annotation = self.lower_type(ty, Usage::Annotation);
        let chain = self.value(value);
        let values = self.push_values(chain);
        let target = Bound::Value { values, annotation, is_complete: false };
        if ident != "_" {
            // A constant holds wherever it stands, as items do, and not from its place on.
            self.bind(self.name_of(ident), 0, is_private(visibility), target);
        }
    }

    fn definition<'a>(&self, ident: &syn::Ident, start: Span, end: Span, form: TypeForm) -> Definition<'a> {
        let (name, name_at) = self.named(ident);
        Definition {
            name,
            name_at,
            form,
            at: self.start_of(start),
            end: self.end_of(end),
            bases: Vec::new(),
            attributes: &[],
            has_type_parameters: false,
            is_empty: false,
        }
    }

    /// Records a type and what it holds; `inner` runs in its body.
    fn lower_type_item(
        &mut self,
        mut definition: Definition<'_>,
        visibility: &Visibility,
        generics: &Generics,
        inner: impl FnOnce(&mut Self, TypeIdx),
    ) {
        let (name, at) = (definition.name, definition.name_at);
        definition.has_type_parameters = !generics.params.is_empty();
        let outer = self.scope;
        let parameters = self.generics_scope(generics);
        let index = self.within(parameters, |this| this.push_type(definition, outer, inner));
        self.bind(name, at, is_private(visibility), Bound::Type(index));
    }

    /// The scope that a definition's type parameters live in; the one at hand where there are none.
    pub(super) fn generics_scope(&mut self, generics: &Generics) -> ScopeId {
        if generics.params.is_empty() && generics.where_clause.is_none() {
            return self.scope;
        }
        let scope = self.push_scope(ScopeKind::TypeParameters);
        self.within(scope, |this| this.lower_generics(generics));
        scope
    }

    fn push_type(
        &mut self,
        definition: Definition<'_>,
        outer: ScopeId,
        inner: impl FnOnce(&mut Self, TypeIdx),
    ) -> TypeIdx {
        let decorators = self.lower_attributes(definition.attributes);
        let index = TypeIdx::at(self.facts.types.len());
        let body = self.push_scope(ScopeKind::Type(index));
        let start = self.facts.bases.len() as u32;
        let len = definition.bases.len() as u32;
        self.facts.bases.extend(definition.bases);
        let qualname = Name::new(&self.facts.qualname(outer, definition.name.as_str()));
        self.facts.types.push(TypeFact {
            name: definition.name,
            qualname,
            form: definition.form,
            scope: outer,
            body,
            guard: self.guard,
            at: definition.at,
            name_at: definition.name_at,
            end: definition.end,
            bases: Run { start, len },
            metaclass: None,
            decorators,
            has_type_parameters: definition.has_type_parameters,
            claimed_module: None,
            is_empty: definition.is_empty,
            is_frozen: false,
            made_by: MadeBy::Statement,
        });
        self.within(body, |this| inner(this, index));
        index
    }

    fn lower_variant(&mut self, own: TypeIdx, variant: &syn::Variant) {
        let (name, at) = self.named(&variant.ident);
        self.bind(name, at, false, Bound::Opaque);
        self.push_field(own, name, at, None, false);
        for (position, field) in variant.fields.iter().enumerate() {
            let Some(chain) = self.lower_type(&field.ty, Usage::Annotation) else { continue };
            let field = match &field.ident {
                Some(ident) => self.name_of(ident),
                None => Name::new(&position.to_string()),
            };
            self.facts.payloads.push(Payload { owner: own, variant: name, field, chain });
        }
        if let Some((_, value)) = &variant.discriminant {
            self.lower_expression(value);
        }
    }

    fn lower_fields(&mut self, own: TypeIdx, fields: &Fields) {
        for (position, field) in fields.iter().enumerate() {
            self.lower_field(own, field.ident.as_ref(), position, field);
        }
    }

    fn lower_field(&mut self, own: TypeIdx, ident: Option<&syn::Ident>, position: usize, field: &syn::Field) {
        self.under(&field.attrs, |this| {
            let (name, at) = match ident {
                Some(ident) => this.named(ident),
                None => {
                    let at = this.facts.types[own.index()].name_at + 1 + position as Offset;
                    (Name::new(&position.to_string()), at)
                }
            };
            this.push_field(own, name, at, Some(&field.ty), true);
        });
    }

    fn push_field(&mut self, owner: TypeIdx, name: Name, at: Offset, ty: Option<&Type>, is_instance: bool) {
        let annotation_chain = ty.and_then(|ty| self.lower_type(ty, Usage::Annotation));
        self.facts.fields.push(Field {
            owner,
            name,
            at,
            annotation: ty.map(|ty| Name::new(&text_of(ty))),
            annotation_chain,
            values: Run::default(),
            is_instance,
            has_value: false,
            literal: None,
        });
    }

    fn lower_trait(&mut self, item: &ItemTrait) {
        let end = item.brace_token.span.close();
        let definition = self.definition(&item.ident, item.trait_token.span, end, TypeForm::Trait);
        let outer = self.scope;
        let parameters = self.generics_scope(&item.generics);
        let index = self.within(parameters, |this| {
            let bases = this.supertraits(item.supertraits.iter());
            let has_type_parameters = !item.generics.params.is_empty();
            let is_empty = item.items.is_empty();
            let definition =
                Definition { bases, has_type_parameters, is_empty, attributes: &item.attrs, ..definition };
            this.push_type(definition, outer, |this, own| {
                for item in &item.items {
                    this.lower_trait_item(own, item);
                }
            })
        });
        let (name, at) = self.named(&item.ident);
        self.bind(name, at, is_private(&item.vis), Bound::Type(index));
    }

    fn supertraits<'b>(&mut self, bounds: impl Iterator<Item = &'b TypeParamBound>) -> Vec<Base> {
        let mut bases = Vec::new();
        for bound in bounds {
            if let TypeParamBound::Trait(bound) = bound
                && bound.maybe.is_none()
            {
                bases.extend(self.base(&bound.path));
            }
        }
        bases
    }

    fn base(&mut self, path: &Path) -> Option<Base> {
        let (_, at, _) = self.path_start(path)?;
        let chain = self.path_chain(path, Usage::Base);
        let is_subscripted = path.segments.last().is_some_and(|last| !last.arguments.is_empty());
        let text = Name::new(&path_text(path));
        Some(Base { text, chain, is_subscripted, is_starred: false, made_in_place: None, at })
    }

    fn lower_trait_item(&mut self, own: TypeIdx, item: &TraitItem) {
        match item {
            TraitItem::Fn(item) => self.under(&item.attrs, |this| {
                this.lower_function(&item.sig, item.default.as_ref(), &item.attrs, false);
            }),
            TraitItem::Const(item) => self.under(&item.attrs, |this| {
                let (name, at) = this.named(&item.ident);
                this.push_field(own, name, at, Some(&item.ty), false);
                if let Some((_, value)) = &item.default {
                    this.lower_expression(value);
                }
                this.bind(name, at, false, Bound::Opaque);
            }),
            TraitItem::Type(item) => self.under(&item.attrs, |this| {
                let bound = this.lower_bounds(item.bounds.iter(), Usage::Bound);
                let (name, at) = this.named(&item.ident);
                this.push_field(own, name, at, None, false);
                let target = if bound.is_some() { Bound::TypeAlias(bound) } else { Bound::TypeParameter };
                this.bind(name, at, false, target);
            }),
            TraitItem::Macro(item) => self.push_item_macro(&item.mac.path),
            _ => {}
        }
    }

    fn lower_impl(&mut self, item: &ItemImpl) {
        let outer = self.scope;
        let parameters = self.generics_scope(&item.generics);
        self.within(parameters, |this| {
            let of = this.lower_type_alone(&item.self_ty);
            let bases = match &item.trait_ {
                Some((path, _)) => this.base(path).into_iter().collect(),
                None => Vec::new(),
            };
            let is_blanket = match &*item.self_ty {
                Type::Path(path) if path.qself.is_none() => path.path.get_ident().is_some_and(|name| {
                    item.generics.type_params().any(|parameter| parameter.ident == *name)
                }),
                _ => false,
            };
            let is_negative = item.modifiers.polarity.is_some();
            let (name, name_at) = match bare(&item.self_ty) {
                Type::Path(path) => match path.path.segments.last() {
                    Some(last) => this.named(&last.ident),
                    None => (Name::new("_"), this.start_of(item.impl_token.span)),
                },
                other => (Name::new(&text_of(other)), this.start_of(item.impl_token.span)),
            };
            let definition = Definition {
                name,
                name_at,
                form: TypeForm::Extension { of, is_negative, is_blanket },
                at: this.start_of(item.impl_token.span),
                end: this.end_of(item.brace_token.span.close()),
                bases,
                attributes: &item.attrs,
                has_type_parameters: !item.generics.params.is_empty(),
                is_empty: item.items.is_empty(),
            };
            this.push_type(definition, outer, |this, _| {
                for member in &item.items {
                    this.lower_impl_item(member, item.trait_.is_some());
                }
            });
        });
    }

    /// The type of an `impl` block: the type itself, whatever it derefs to.
    fn lower_type_alone(&mut self, ty: &Type) -> Option<crate::facts::ChainId> {
        match bare(ty) {
            Type::Path(path) if path.qself.is_none() => self.path_chain(&path.path, Usage::Value),
            // The methods of `impl dyn Trait` are no methods of who implements it.
            other => {
                self.lower_type(other, Usage::Annotation);
                None
            }
        }
    }

    fn lower_impl_item(&mut self, item: &ImplItem, is_of_trait: bool) {
        match item {
            ImplItem::Fn(item) => self.under(&item.attrs, |this| {
                let is_private = !is_of_trait && is_private(&item.vis);
                this.lower_function(&item.sig, Some(&item.block), &item.attrs, is_private);
            }),
            ImplItem::Const(item) => self.under(&item.attrs, |this| {
                this.lower_constant(&item.ident, &item.vis, &item.ty, &item.expr);
            }),
            ImplItem::Type(item) => self.under(&item.attrs, |this| {
                let chain = this.lower_type(&item.ty, Usage::Annotation);
                let (name, at) = this.named(&item.ident);
                this.bind(name, at, false, Bound::TypeAlias(chain));
            }),
            ImplItem::Macro(item) => self.push_item_macro(&item.mac.path),
            _ => {}
        }
    }

    /// Binds type parameters in the scope at hand, and records what bounds them.
    fn lower_generics(&mut self, generics: &Generics) {
        for parameter in &generics.params {
            match parameter {
                GenericParam::Type(parameter) => {
                    let bound = self.lower_bounds(parameter.bounds.iter(), Usage::Bound);
                    let (name, at) = self.named(&parameter.ident);
                    // `T: Manager` has the methods of `Manager`.
                    let target = match bound.or_else(|| self.bound_of(generics, &parameter.ident)) {
                        Some(chain) => Bound::TypeAlias(Some(chain)),
                        None => Bound::TypeParameter,
                    };
                    self.bind(name, at, false, target);
                }
                GenericParam::Const(parameter) => {
                    let (name, at) = self.named(&parameter.ident);
                    self.bind(name, at, false, Bound::TypeParameter);
                }
                GenericParam::Lifetime(_) => {}
            }
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            if let WherePredicate::Type(predicate) = predicate {
                let names_parameter = matches!(&predicate.bounded_ty, Type::Path(path) if path.path.get_ident().is_some_and(
                    |name| generics.type_params().any(|parameter| parameter.ident == *name && parameter.bounds.is_empty())
                ));
                if !names_parameter {
                    self.lower_type(&predicate.bounded_ty, Usage::Annotation);
                    self.lower_bounds(predicate.bounds.iter(), Usage::Bound);
                }
            }
        }
    }

    /// The bound that the `where` clause gives a type parameter that has none of its own.
    fn bound_of(&mut self, generics: &Generics, name: &syn::Ident) -> Option<crate::facts::ChainId> {
        let predicates = generics.where_clause.as_ref()?.predicates.iter();
        let mut found = None;
        for predicate in predicates {
            if let WherePredicate::Type(predicate) = predicate
                && let Type::Path(path) = &predicate.bounded_ty
                && path.path.is_ident(name)
            {
                let bound = self.lower_bounds(predicate.bounds.iter(), Usage::Bound);
                found = found.or(bound);
            }
        }
        found
    }
}

/// A type without the parentheses around it.
fn bare(ty: &Type) -> &Type {
    match ty {
        Type::Paren(inner) => bare(&inner.elem),
        Type::Group(inner) => bare(&inner.elem),
        other => other,
    }
}
