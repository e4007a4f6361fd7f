//! Expressions → chains, string facts and nested scopes.

use ruff_python_ast::{
    Comprehension, Expr, ExprCall, ExprLambda, ExprStringLiteral, InterpolatedStringElement,
    InterpolatedStringElements,
};
use ruff_text_size::Ranged;

use super::statements::{Lowering, last_segment};
use crate::facts::{Bound, ChainId, Imported, Name, ScopeKind, Step, StringFact, Usage};

impl Lowering<'_> {
    /// Lowers `expr` as something that is assigned or returned: the chains that it may be, and
    /// whether those are all.
    pub(super) fn lower_value(&mut self, expr: &Expr) -> (Vec<ChainId>, bool) {
        let mut chains = Vec::new();
        let is_complete = self.collect_values(expr, &mut chains);
        (chains, is_complete)
    }

    fn collect_values(&mut self, expr: &Expr, chains: &mut Vec<ChainId>) -> bool {
        match expr {
            // `manager or WebSocketManager()`
            Expr::BoolOp(operation) => {
                let mut is_complete = true;
                for part in &operation.values {
                    is_complete &= self.collect_values(part, chains);
                }
                is_complete
            }
            Expr::If(conditional) => {
                self.lower_expression(&conditional.test, Usage::Value);
                let body = self.collect_values(&conditional.body, chains);
                self.collect_values(&conditional.orelse, chains) && body
            }
            Expr::Named(named) => {
                let start = chains.len();
                let is_complete = self.collect_values(&named.value, chains);
                let values = self.push_values(&chains[start..]);
                self.bind_walrus(&named.target, Bound::Value { values, annotation: None, is_complete });
                is_complete
            }
            // `x = None` at first is no value to follow, and no reason to doubt the others.
            Expr::NoneLiteral(_) => true,
            other => match self.lower_expression(other, Usage::Value) {
                Some(chain) => {
                    chains.push(chain);
                    true
                }
                None => false,
            },
        }
    }

    /// Lowers `expr`, and gives its chain where it is one.
    pub(super) fn lower_expression(&mut self, expr: &Expr, usage: Usage) -> Option<ChainId> {
        match expr {
            Expr::Name(name) => Some(self.push_name(&name.id, name.start().to_u32(), usage)),
            Expr::Attribute(_) | Expr::Call(_) | Expr::Subscript(_) | Expr::Await(_) => {
                self.lower_spine(expr, usage)
            }
            Expr::BoolOp(node) => self.lower_all(&node.values),
            Expr::Named(node) => {
                let (chains, is_complete) = self.lower_value(&node.value);
                let values = self.push_values(&chains);
                self.bind_walrus(&node.target, Bound::Value { values, annotation: None, is_complete });
                None
            }
            Expr::BinOp(node) => {
                // `A | B` in `isinstance(x, A | B)` and in annotations.
                self.lower_expression(&node.left, usage);
                self.lower_expression(&node.right, usage);
                None
            }
            Expr::UnaryOp(node) => {
                self.lower_expression(&node.operand, Usage::Value);
                None
            }
            Expr::Lambda(node) => self.lower_lambda(node),
            Expr::If(node) => {
                self.lower_expression(&node.test, Usage::Value);
                self.lower_expression(&node.body, usage);
                self.lower_expression(&node.orelse, usage);
                None
            }
            Expr::Dict(node) => {
                for item in node {
                    self.lower_optional(item.key.as_ref());
                    self.lower_expression(&item.value, Usage::Value);
                }
                None
            }
            Expr::Set(node) => self.lower_all(&node.elts),
            Expr::ListComp(node) => self.lower_comprehension(&[&node.elt], &node.generators),
            Expr::SetComp(node) => self.lower_comprehension(&[&node.elt], &node.generators),
            Expr::DictComp(node) => {
                let elements: Vec<&Expr> = node.key.as_deref().into_iter().chain([&*node.value]).collect();
                self.lower_comprehension(&elements, &node.generators)
            }
            Expr::Generator(node) => self.lower_comprehension(&[&node.elt], &node.generators),
            Expr::Yield(node) => {
                self.mark_generator();
                self.lower_optional(node.value.as_deref());
                None
            }
            Expr::YieldFrom(node) => {
                self.mark_generator();
                self.lower_expression(&node.value, Usage::Value);
                None
            }
            Expr::Compare(node) => {
                self.lower_expression(&node.left, Usage::Value);
                self.lower_all(&node.comparators)
            }
            Expr::FString(node) => {
                for part in &node.value {
                    match part {
                        ruff_python_ast::FStringPart::Literal(_) => {}
                        ruff_python_ast::FStringPart::FString(string) => {
                            self.lower_interpolations(&string.elements);
                        }
                    }
                }
                None
            }
            Expr::TString(node) => {
                for string in &node.value {
                    self.lower_interpolations(&string.elements);
                }
                None
            }
            Expr::StringLiteral(node) => {
                self.lower_string(node);
                None
            }
            Expr::BytesLiteral(_)
            | Expr::NumberLiteral(_)
            | Expr::BooleanLiteral(_)
            | Expr::NoneLiteral(_)
            | Expr::EllipsisLiteral(_)
            | Expr::IpyEscapeCommand(_) => None,
            Expr::Starred(node) => {
                self.lower_expression(&node.value, usage);
                None
            }
            Expr::List(node) => self.lower_each(&node.elts, usage),
            Expr::Tuple(node) => self.lower_each(&node.elts, usage),
            Expr::Slice(node) => {
                self.lower_optional(node.lower.as_deref());
                self.lower_optional(node.upper.as_deref());
                self.lower_optional(node.step.as_deref());
                None
            }
        }
    }

    fn lower_all(&mut self, expressions: &[Expr]) -> Option<ChainId> {
        self.lower_each(expressions, Usage::Value)
    }

    fn lower_each(&mut self, expressions: &[Expr], usage: Usage) -> Option<ChainId> {
        for expression in expressions {
            self.lower_expression(expression, usage);
        }
        None
    }

    /// Lowers `root.a(…).b[…]`: one chain where the root is a name, and what stands in the brackets.
    fn lower_spine(&mut self, expr: &Expr, usage: Usage) -> Option<ChainId> {
        let mut spine: Vec<&Expr> = Vec::with_capacity(4);
        let mut at = expr;
        let root = loop {
            let inner = match at {
                Expr::Attribute(node) => &*node.value,
                Expr::Call(node) => &*node.func,
                Expr::Subscript(node) => &*node.value,
                Expr::Await(node) => &*node.value,
                root => break root,
            };
            spine.push(at);
            at = inner;
        };
        let chain = match root {
            Expr::Name(name) if self.note_beyond(&name.id, spine.last().copied()) => None,
            Expr::Name(name) => {
                let start = self.facts.steps.len() as u32;
                for node in spine.iter().rev() {
                    let step = match node {
                        Expr::Attribute(node) => {
                            Step::Attribute(Name::new(&node.attr), node.attr.start().to_u32())
                        }
                        Expr::Call(_) => Step::Call,
                        Expr::Subscript(_) => Step::Index,
                        _ => Step::Await,
                    };
                    self.facts.steps.push(step);
                }
                let root = Name::new(&name.id);
                self.note_super_call(root, start);
                Some(self.push_chain(root, name.start().to_u32(), start, usage))
            }
            root => {
                self.lower_expression(root, Usage::Value);
                None
            }
        };
        for node in spine.iter().rev() {
            match node {
                Expr::Call(call) => self.lower_arguments(call),
                Expr::Subscript(subscript) => match type_form(&subscript.value) {
                    // Code that runs later needs no quotes; a string in its brackets is a key.
                    Some(form) if self.facts.runs_at_load(self.scope) => {
                        self.lower_type_arguments(form, &subscript.slice, usage);
                    }
                    Some(_) | None => {
                        self.lower_expression(&subscript.slice, usage);
                    }
                },
                _ => {}
            }
        }
        chain
    }

    /// Lowers the brackets of `Union[str, "Text"]` outside an annotation, in an alias or a base:
    /// strings in them name types that are defined later (PEP 484).
    fn lower_type_arguments(&mut self, form: &str, slice: &Expr, usage: Usage) {
        match slice {
            _ if form == "Literal" => {
                self.lower_expression(slice, usage);
            }
            Expr::StringLiteral(string) => {
                self.lower_string_annotation(string);
            }
            Expr::Tuple(tuple) if form == "Annotated" => {
                let mut elements = tuple.elts.iter();
                if let Some(first) = elements.next() {
                    self.lower_type_arguments("", first, usage);
                }
                for metadata in elements {
                    self.lower_expression(metadata, Usage::Value);
                }
            }
            Expr::Tuple(tuple) => {
                for element in &tuple.elts {
                    self.lower_type_arguments(form, element, usage);
                }
            }
            // `Callable[["Text"], None]`
            Expr::List(list) => {
                for element in &list.elts {
                    self.lower_type_arguments(form, element, usage);
                }
            }
            other => {
                self.lower_expression(other, usage);
            }
        }
    }

    /// `super(Other, self)`: where it leads depends on more than the class around it, so nobody follows it.
    fn note_beyond(&mut self, root: &str, call: Option<&Expr>) -> bool {
        let Some(Expr::Call(call)) = call.filter(|_| root == "super") else { return false };
        let Some(of) = call.arguments.args.first() else { return false };
        let owners = self.functions.iter().rev().map(|frame| self.facts.functions[frame.index.index()].owner);
        let around = owners.flatten().next().map(|owner| self.facts.types[owner.index()].name);
        let is_own = |name: Name| last_segment(of) == Some(name.as_str());
        if around.is_none_or(is_own) {
            return false;
        }
        for frame in &mut self.functions {
            frame.asks_beyond = true;
        }
        true
    }

    /// `super().name(…)` within a function of that name.
    fn note_super_call(&mut self, root: Name, start: u32) {
        let steps = &self.facts.steps[start as usize..];
        if let [Step::Call, Step::Attribute(name, _), Step::Call, ..] = steps
            && root.as_str() == "super"
            && let Some(frame) = self.functions.last_mut()
            && frame.name == *name
        {
            frame.calls_super = true;
        }
    }

    fn lower_arguments(&mut self, call: &ExprCall) {
        let function = last_segment(&call.func);
        let arguments = &call.arguments;
        match (function, &*arguments.args) {
            (Some("isinstance" | "issubclass"), [value, tested]) => {
                self.lower_expression(value, Usage::Value);
                self.lower_expression(tested, Usage::InstanceTest);
            }
            (Some("cast"), [to, value]) => {
                self.lower_annotation(to);
                self.lower_expression(value, Usage::Value);
            }
            (Some("import_module" | "__import__"), [Expr::StringLiteral(module), rest @ ..]) => {
                self.lower_dynamic_import(module, rest);
            }
            (Some("TypeVar" | "NewType"), [name, types @ ..]) => {
                self.lower_expression(name, Usage::Value);
                for expr in types {
                    self.lower_annotation(expr);
                }
            }
            (_, args) => {
                self.lower_all(args);
            }
        }
        for keyword in &arguments.keywords {
            let is_bound = function == Some("TypeVar")
                && keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "bound");
            if is_bound {
                self.lower_annotation(&keyword.value);
            } else {
                self.lower_expression(&keyword.value, Usage::Value);
            }
        }
    }

    /// `importlib.import_module("a.b")`; a leading dot is relative to a literal or `__name__` package.
    fn lower_dynamic_import(&mut self, module: &ExprStringLiteral, rest: &[Expr]) {
        let text = module.value.to_str();
        let name = text.trim_start_matches('.');
        let level = (text.len() - name.len()) as u32;
        if is_dotted(name) {
            let at = module.start().to_u32();
            self.push_import(Name::new(name), level, Imported::Dynamic, at);
        }
        self.lower_all(rest);
    }

    fn lower_lambda(&mut self, node: &ExprLambda) -> Option<ChainId> {
        let outer = self.scope;
        let inner = self.push_scope(ScopeKind::Expression);
        if let Some(parameters) = &node.parameters {
            for parameter in parameters.iter_non_variadic_params() {
                self.lower_optional(parameter.default.as_deref());
            }
            self.scope = inner;
            for parameter in parameters.iter() {
                let name = parameter.name();
                self.bind(Name::new(name), name.start().to_u32(), Bound::Opaque);
            }
        }
        self.scope = inner;
        self.lower_expression(&node.body, Usage::Value);
        self.scope = outer;
        None
    }

    fn lower_comprehension(&mut self, elements: &[&Expr], generators: &[Comprehension]) -> Option<ChainId> {
        let outer = self.scope;
        let inner = self.push_scope(ScopeKind::Expression);
        for (index, generator) in generators.iter().enumerate() {
            // The first iterable belongs to the scope around the comprehension.
            self.scope = if index == 0 { outer } else { inner };
            self.lower_expression(&generator.iter, Usage::Value);
            self.scope = inner;
            self.lower_target(&generator.target, Bound::Opaque);
            self.lower_all(&generator.ifs);
        }
        for element in elements {
            self.lower_expression(element, Usage::Value);
        }
        self.scope = outer;
        None
    }

    /// A walrus binds in the nearest scope that is no comprehension (PEP 572).
    fn bind_walrus(&mut self, target: &Expr, bound: Bound) {
        let outer = self.scope;
        while self.facts.scopes[self.scope.index()].kind == ScopeKind::Expression {
            self.scope = self.facts.scopes[self.scope.index()].parent;
        }
        self.lower_target(target, bound);
        self.scope = outer;
    }

    fn lower_interpolations(&mut self, elements: &InterpolatedStringElements) {
        for element in elements {
            match element {
                InterpolatedStringElement::Interpolation(element) => {
                    self.lower_expression(&element.expression, Usage::Value);
                    if let Some(spec) = &element.format_spec {
                        self.lower_interpolations(&spec.elements);
                    }
                }
                InterpolatedStringElement::Literal(_) => {}
            }
        }
    }

    fn mark_generator(&mut self) {
        if let Some(frame) = self.functions.last_mut() {
            frame.is_generator = true;
        }
    }

    /// Keeps a string that could be the dotted path of a symbol: `patch("pkg.mod.Class")`.
    pub(super) fn lower_string(&mut self, node: &ExprStringLiteral) {
        let text = node.value.to_str();
        if text.len() < 200 && text.contains(['.', ':']) && is_symbol_path(text) {
            let (text, at, scope) = (Name::new(text), node.start().to_u32(), self.scope);
            self.facts.strings.push(StringFact { text, at, scope });
        }
    }
}

/// The last name of what looks like a generic type: `typing.Union`, `list`, `Signal`. Constants
/// (`CONFIG["key"]`) and variables do not.
fn type_form(value: &Expr) -> Option<&str> {
    let name = last_segment(value)?;
    let is_builtin = matches!(name, "list" | "dict" | "tuple" | "set" | "frozenset" | "type" | "deque");
    let is_class_like =
        name.trim_start_matches('_').starts_with(char::is_uppercase) && name.contains(char::is_lowercase);
    (is_builtin || is_class_like).then_some(name)
}

/// `a.b.c`, each part an identifier.
pub(super) fn is_dotted(text: &str) -> bool {
    !text.is_empty() && text.split('.').all(is_identifier)
}

/// `a.b.c` or `a.b:c`, with at least two parts.
fn is_symbol_path(text: &str) -> bool {
    let mut parts = 0;
    text.split(['.', ':']).all(|part| {
        parts += 1;
        is_identifier(part)
    }) && parts > 1
}

fn is_identifier(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|c| c.is_alphabetic() || c == '_')
        && characters.all(|c| c.is_alphanumeric() || c == '_')
}
