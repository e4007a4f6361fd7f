//! Types as written → text with one spelling, and the chain of the type that receivers have.

use syn::{GenericArgument, Path, PathArguments, ReturnType, Type, TypeParamBound};

use super::{Lowering, name_of};
use crate::facts::{ChainId, Holder, Step, Usage};

/// What a generic type does with methods that are called on it.
enum Wrapper {
    /// It derefs to its last argument: `Arc<T>`.
    Pointer,
    /// It holds what its argument says: the first or the last one.
    Container(Holder, Position),
}

enum Position {
    First,
    Last,
}

fn wrapper(name: &str) -> Option<Wrapper> {
    use Position::{First, Last};
    Some(match name {
        "Arc" | "Box" | "Cow" | "Rc" => Wrapper::Container(Holder::Pointer, Last),
        "ManuallyDrop" | "MutexGuard" | "Pin" | "Ref" | "RefMut" | "RwLockReadGuard" | "RwLockWriteGuard"
        | "OwnedMutexGuard" | "LazyLock" | "Lazy" | "CachePadded" | "Guard" => Wrapper::Pointer,
        "Option" | "Poll" | "OnceCell" | "OnceLock" => Wrapper::Container(Holder::Optional, Last),
        "Result" => Wrapper::Container(Holder::Optional, First),
        "Mutex" | "RwLock" | "RefCell" | "Cell" | "ArcSwap" | "Weak" => {
            Wrapper::Container(Holder::Locked, Last)
        }
        "BTreeMap" | "BTreeSet" | "BinaryHeap" | "DashMap" | "FxHashMap" | "HashMap" | "HashSet"
        | "IndexMap" | "IndexSet" | "SmallVec" | "Vec" | "VecDeque" => Wrapper::Container(Holder::Many, Last),
        _ => return None,
    })
}

impl Lowering<'_> {
    /// Records the names in a type; gives the chain of the type whose methods a value of it has.
    pub(super) fn lower_type(&mut self, ty: &Type, usage: Usage) -> Option<ChainId> {
        match ty {
            Type::Path(path) => {
                if let Some(qualified) = &path.qself {
                    self.lower_type(&qualified.ty, Usage::Annotation);
                    self.path_chain(&path.path, usage);
                    return None;
                }
                self.lower_path_type(&path.path, usage)
            }
            Type::Reference(reference) => self.lower_type(&reference.elem, usage),
            Type::Paren(inner) => self.lower_type(&inner.elem, usage),
            Type::Group(inner) => self.lower_type(&inner.elem, usage),
            Type::Ptr(pointer) => {
                self.lower_type(&pointer.elem, usage);
                None
            }
            Type::TraitObject(object) => self.lower_bounds(object.bounds.iter(), usage),
            Type::ImplTrait(object) => self.lower_bounds(object.bounds.iter(), usage),
            Type::Array(array) => {
                let item = self.lower_type(&array.elem, usage);
                self.lower_expression(&array.len);
                self.held(item, Holder::Many)
            }
            Type::Slice(slice) => {
                let item = self.lower_type(&slice.elem, usage);
                self.held(item, Holder::Many)
            }
            Type::Tuple(tuple) => {
                for element in &tuple.elems {
                    self.lower_type(element, usage);
                }
                None
            }
            Type::FnPtr(function) => {
                for input in &function.inputs {
                    self.lower_type(&input.ty, usage);
                }
                self.lower_return(&function.output);
                None
            }
            _ => None,
        }
    }

    /// The type that a function gives.
    pub(super) fn lower_return(&mut self, output: &ReturnType) -> Option<ChainId> {
        match output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => self.lower_type(ty, Usage::Annotation),
        }
    }

    fn lower_path_type(&mut self, path: &Path, usage: Usage) -> Option<ChainId> {
        let own = self.path_only(path, usage);
        let arguments = self.lower_arguments(path);
        // Only what has arguments holds something.
        let last = path.segments.last().filter(|last| !last.arguments.is_empty());
        let Some(last) = last else { return own };
        match wrapper(self.name_of(&last.ident).as_str()) {
            Some(Wrapper::Pointer) => arguments.last().copied().unwrap_or(own),
            Some(Wrapper::Container(holder, position)) => {
                let item = match position {
                    Position::First => arguments.first(),
                    Position::Last => arguments.last(),
                };
                self.held(item.copied().flatten(), holder).or(own)
            }
            None => own,
        }
    }

    /// The generic arguments of a path, in order: what each leads to.
    fn lower_arguments(&mut self, path: &Path) -> Vec<Option<ChainId>> {
        let mut found = Vec::new();
        for segment in &path.segments {
            match &segment.arguments {
                PathArguments::None => {}
                PathArguments::AngleBracketed(arguments) => {
                    for argument in &arguments.args {
                        match argument {
                            GenericArgument::Type(ty) => found.push(self.lower_type(ty, Usage::Annotation)),
                            GenericArgument::AssocType(bound) => {
                                self.lower_type(&bound.ty, Usage::Annotation);
                            }
                            GenericArgument::Constraint(constraint) => {
                                self.lower_bounds(constraint.bounds.iter(), Usage::Bound);
                            }
                            GenericArgument::Const(value) => self.lower_expression(value),
                            GenericArgument::AssocConst(value) => self.lower_expression(&value.value),
                            _ => {}
                        }
                    }
                }
                PathArguments::Parenthesized(arguments) => {
                    for input in &arguments.inputs {
                        self.lower_type(&input.ty, Usage::Annotation);
                    }
                    self.lower_return(&arguments.output);
                }
            }
        }
        found
    }

    /// Records the traits of `impl A + B`, `dyn A + B`, `T: A + B`; gives the first one's chain, or for
    /// iterators and futures a container of what they give.
    pub(super) fn lower_bounds<'b>(
        &mut self,
        bounds: impl Iterator<Item = &'b TypeParamBound>,
        usage: Usage,
    ) -> Option<ChainId> {
        let mut first = None;
        for bound in bounds {
            let TypeParamBound::Trait(bound) = bound else { continue };
            let own = self.path_only(&bound.path, usage);
            let given = self.lower_given(&bound.path);
            self.lower_arguments(&bound.path);
            first = first.or(given).or(own);
        }
        first
    }

    /// The `T` of `Iterator<Item = T>` and `Future<Output = T>`.
    fn lower_given(&mut self, path: &Path) -> Option<ChainId> {
        let last = path.segments.last()?;
        let holder = match last.ident.to_string().as_str() {
            "Iterator" | "IntoIterator" | "DoubleEndedIterator" | "ExactSizeIterator" | "Stream" => {
                Holder::Many
            }
            "Future" | "IntoFuture" => Holder::Optional,
            _ => return None,
        };
        let PathArguments::AngleBracketed(arguments) = &last.arguments else { return None };
        let given = arguments.args.iter().find_map(|argument| match argument {
            GenericArgument::AssocType(bound) => Some(&bound.ty),
            _ => None,
        })?;
        let item = self.lower_type(given, Usage::Annotation);
        self.held(item, holder)
    }

    /// The chain of a container of what `item` leads to.
    fn held(&mut self, item: Option<ChainId>, holder: Holder) -> Option<ChainId> {
        let item = self.facts.chains[item?.index()];
        let start = self.steps_start();
        for position in item.steps.range() {
            let step = self.facts.steps[position];
            self.facts.steps.push(step);
        }
        self.facts.steps.push(Step::Held(holder));
        let root = self.facts.root_of(&item);
        Some(self.push_chain((root.name, item.at, root.is_path), start, item.usage))
    }

    /// A path with its generic arguments, as a chain.
    pub(super) fn path_chain(&mut self, path: &Path, usage: Usage) -> Option<ChainId> {
        self.lower_arguments(path);
        self.path_only(path, usage)
    }

    /// A path as a chain, without its generic arguments.
    fn path_only(&mut self, path: &Path, usage: Usage) -> Option<ChainId> {
        let head = self.path_start(path)?;
        let start = self.steps_start();
        self.push_path_steps(path);
        Some(self.push_chain(head, start, usage))
    }

    /// The first segment of a path, and where it stands.
    pub(super) fn path_start(&self, path: &Path) -> Option<super::Head> {
        let first = path.segments.first()?;
        let (name, at) = self.named(&first.ident);
        Some((name, at, path.segments.len() > 1))
    }

    /// The segments behind the first one.
    pub(super) fn push_path_steps(&mut self, path: &Path) {
        for segment in path.segments.iter().skip(1) {
            let (name, at) = self.named(&segment.ident);
            self.facts.steps.push(Step::Attribute(name, at));
        }
    }
}

/// The text of a type, in one spelling.
pub(super) fn text_of(ty: &Type) -> String {
    let mut out = String::new();
    write_type(&mut out, ty);
    out
}

fn write_type(out: &mut String, ty: &Type) {
    match ty {
        Type::Path(path) => {
            if let Some(qualified) = &path.qself {
                out.push('<');
                write_type(out, &qualified.ty);
                if qualified.position > 0 {
                    out.push_str(" as ");
                    write_segments(out, path.path.segments.iter().take(qualified.position));
                }
                out.push_str(">::");
                write_segments(out, path.path.segments.iter().skip(qualified.position));
            } else {
                write_path(out, &path.path);
            }
        }
        Type::Reference(reference) => {
            out.push('&');
            if let Some(lifetime) = &reference.lifetime {
                out.push_str(&format!("'{} ", lifetime.ident));
            }
            if reference.mutability.is_some() {
                out.push_str("mut ");
            }
            write_type(out, &reference.elem);
        }
        Type::Paren(inner) => write_type(out, &inner.elem),
        Type::Group(inner) => write_type(out, &inner.elem),
        Type::Ptr(pointer) => {
            out.push_str(if matches!(pointer.mutability, syn::PointerMutability::Mut(_)) {
                "*mut "
            } else {
                "*const "
            });
            write_type(out, &pointer.elem);
        }
        Type::TraitObject(object) => {
            out.push_str("dyn ");
            write_bounds(out, object.bounds.iter());
        }
        Type::ImplTrait(object) => {
            out.push_str("impl ");
            write_bounds(out, object.bounds.iter());
        }
        Type::Array(array) => {
            out.push('[');
            write_type(out, &array.elem);
            out.push_str("; ");
            write_constant(out, &array.len);
            out.push(']');
        }
        Type::Slice(slice) => {
            out.push('[');
            write_type(out, &slice.elem);
            out.push(']');
        }
        Type::Tuple(tuple) => {
            out.push('(');
            write_list(out, tuple.elems.iter());
            if tuple.elems.len() == 1 {
                out.push(',');
            }
            out.push(')');
        }
        Type::FnPtr(function) => {
            out.push_str("fn(");
            write_list(out, function.inputs.iter().map(|input| &input.ty));
            out.push(')');
            write_return(out, &function.output);
        }
        Type::Never(_) => out.push('!'),
        Type::Infer(_) => out.push('_'),
        _ => out.push('…'),
    }
}

fn write_list<'t>(out: &mut String, types: impl Iterator<Item = &'t Type>) {
    for (position, ty) in types.enumerate() {
        if position > 0 {
            out.push_str(", ");
        }
        write_type(out, ty);
    }
}

fn write_return(out: &mut String, output: &ReturnType) {
    if let ReturnType::Type(_, ty) = output {
        out.push_str(" -> ");
        write_type(out, ty);
    }
}

/// The text of a path, in one spelling.
pub(super) fn path_text(path: &Path) -> String {
    let mut out = String::new();
    write_path(&mut out, path);
    out
}

fn write_path(out: &mut String, path: &Path) {
    if path.leading_colon.is_some() {
        out.push_str("::");
    }
    write_segments(out, path.segments.iter());
}

fn write_segments<'p>(out: &mut String, segments: impl Iterator<Item = &'p syn::PathSegment>) {
    for (position, segment) in segments.enumerate() {
        if position > 0 {
            out.push_str("::");
        }
        out.push_str(name_of(&segment.ident).as_str());
        match &segment.arguments {
            PathArguments::None => {}
            PathArguments::AngleBracketed(arguments) => {
                out.push('<');
                for (position, argument) in arguments.args.iter().enumerate() {
                    if position > 0 {
                        out.push_str(", ");
                    }
                    write_argument(out, argument);
                }
                out.push('>');
            }
            PathArguments::Parenthesized(arguments) => {
                out.push('(');
                write_list(out, arguments.inputs.iter().map(|input| &input.ty));
                out.push(')');
                write_return(out, &arguments.output);
            }
        }
    }
}

fn write_argument(out: &mut String, argument: &GenericArgument) {
    match argument {
        GenericArgument::Lifetime(lifetime) => out.push_str(&format!("'{}", lifetime.ident)),
        GenericArgument::Type(ty) => write_type(out, ty),
        GenericArgument::Const(value) => write_constant(out, value),
        GenericArgument::AssocType(bound) => {
            out.push_str(&format!("{} = ", bound.ident));
            write_type(out, &bound.ty);
        }
        GenericArgument::AssocConst(bound) => {
            out.push_str(&format!("{} = ", bound.ident));
            write_constant(out, &bound.value);
        }
        GenericArgument::Constraint(constraint) => {
            out.push_str(&format!("{}: ", constraint.ident));
            write_bounds(out, constraint.bounds.iter());
        }
        _ => out.push('…'),
    }
}

fn write_bounds<'b>(out: &mut String, bounds: impl Iterator<Item = &'b TypeParamBound>) {
    for (position, bound) in bounds.enumerate() {
        if position > 0 {
            out.push_str(" + ");
        }
        match bound {
            TypeParamBound::Trait(bound) => {
                if bound.maybe.is_some() {
                    out.push('?');
                }
                write_path(out, &bound.path);
            }
            TypeParamBound::Lifetime(lifetime) => out.push_str(&format!("'{}", lifetime.ident)),
            _ => out.push('…'),
        }
    }
}

fn write_constant(out: &mut String, value: &syn::Expr) {
    match value {
        syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Int(number), .. }) => {
            out.push_str(number.base10_digits())
        }
        syn::Expr::Path(path) => write_path(out, &path.path),
        syn::Expr::Block(block) => match block.block.stmts.as_slice() {
            [syn::Stmt::Expr(value, None)] => write_constant(out, value),
            _ => out.push('…'),
        },
        _ => out.push('…'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(text_of(&syn::parse_str(text).expect(text)), expected);
    }

    #[test]
    fn types_have_one_spelling() {
        check("HashMap< String,Vec<u8 > >", "HashMap<String, Vec<u8>>");
        check("&'a mut dyn Fn(u32)->bool", "&'a mut dyn Fn(u32) -> bool");
        check(
            "Box<dyn Iterator<Item=(u8,)>+Send+'static>",
            "Box<dyn Iterator<Item = (u8,)> + Send + 'static>",
        );
        check("<T as Trait>::Item", "<T as Trait>::Item");
        check("[u8;N]", "[u8; N]");
        check("Option < fn ( i32 ) -> ! >", "Option<fn(i32) -> !>");
    }
}
