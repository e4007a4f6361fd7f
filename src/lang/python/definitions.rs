//! Classes and functions → facts: bases, signatures, binding, decorators.

use ruff_python_ast::{
    Decorator, Expr, ExprCall, Parameters, Stmt, StmtClassDef, StmtFunctionDef, TypeParam, TypeParams,
};
use ruff_text_size::{Ranged, TextRange};

use super::actions::{ModuleNames, lower_actions};
use super::digest::digest_of;
use super::statements::{FunctionFrame, Lowering, last_segment};
use crate::facts::{
    Base, BindingKind, Bound, ChainId, FunctionFact, FunctionIdx, FunctionTraits, MadeBy, Name, Parameter,
    ParameterKind, Run, ScopeKind, TypeFact, TypeForm, TypeIdx, Usage,
};

/// Defaults longer than this many bytes are cut: they are shown, not compared.
const MAX_DEFAULT: usize = 40;

impl Lowering<'_> {
    pub(super) fn lower_class(&mut self, node: &StmtClassDef) {
        let decorators = self.lower_decorators(&node.decorator_list);
        let outer = self.scope;
        let name = Name::new(&node.name);
        let qualname = Name::new(&self.facts.qualname(self.scope, name.as_str()));
        if node.type_params.is_some() {
            self.scope = self.push_scope(ScopeKind::TypeParameters);
            self.lower_type_parameters(node.type_params.as_deref());
        }
        let (mut bases, mut metaclass) = (Vec::new(), None);
        if let Some(arguments) = &node.arguments {
            for base in &arguments.args {
                let base = self.lower_base(base);
                bases.push(base);
            }
            for keyword in &arguments.keywords {
                let chain = self.lower_expression(&keyword.value, Usage::Value);
                if keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "metaclass") {
                    metaclass = chain;
                    self.pinned.extend(chain);
                }
            }
        }
        let start = self.facts.bases.len() as u32;
        let len = bases.len() as u32;
        self.facts.bases.extend(bases);
        let index = TypeIdx::at(self.facts.types.len());
        let body = self.push_scope(ScopeKind::Type(index));
        self.facts.types.push(TypeFact {
            name,
            qualname,
            form: TypeForm::Class,
            scope: outer,
            body,
            guard: self.guard,
            at: node.start().to_u32(),
            name_at: node.name.start().to_u32(),
            end: node.end().to_u32(),
            bases: Run { start, len },
            metaclass,
            decorators,
            has_type_parameters: node.type_params.is_some(),
            claimed_module: None,
            is_empty: is_empty_body(&node.body),
            is_frozen: node.decorator_list.iter().any(freezes),
            made_by: MadeBy::Statement,
        });
        self.scope = body;
        self.lower_body(&node.body);
        self.scope = outer;
        self.bind(name, node.name.start().to_u32(), Bound::Type(index));
    }

    fn lower_base(&mut self, expr: &Expr) -> Base {
        let text = self.source_name(expr.range());
        let at = expr.start().to_u32();
        let (inner, is_starred) = match expr {
            Expr::Starred(starred) => (&*starred.value, true),
            other => (other, false),
        };
        let plain = Base { text, chain: None, is_subscripted: false, is_starred, made_in_place: None, at };
        if let Some(made) = self.lower_made_class(None, inner) {
            return Base { made_in_place: Some(made), ..plain };
        }
        // `Base[X]`: the subscript is not part of the chain, its names are uses in an annotation.
        if let Expr::Subscript(subscript) = inner {
            let chain = self.lower_expression(&subscript.value, Usage::Base);
            self.lower_annotation(&subscript.slice);
            self.pinned.extend(chain);
            return Base { chain, is_subscripted: true, ..plain };
        }
        let chain = self.lower_expression(inner, Usage::Base);
        self.pinned.extend(chain);
        Base { chain, ..plain }
    }

    /// A call that makes a class: `namedtuple("P", "x y")`, `NamedTuple("P", [...])`,
    /// `type("P", (A, B), {...})`, `Enum("Color", "RED")`.
    ///
    /// `bound_to` is the assigned name; without one the class is made in place, as a base.
    pub(super) fn lower_made_class(&mut self, bound_to: Option<&str>, value: &Expr) -> Option<TypeIdx> {
        let Expr::Call(call) = value else { return None };
        let maker = last_segment(&call.func)?;
        let Some(Expr::StringLiteral(first)) = call.arguments.args.first() else { return None };
        let (made_by_named_tuple, base_list): (bool, &[Expr]) = match (maker, &*call.arguments.args) {
            ("namedtuple" | "NamedTuple", _) => (true, &[]),
            ("type", [_, Expr::Tuple(bases), _]) => (false, &bases.elts),
            ("Enum" | "IntEnum" | "StrEnum" | "Flag" | "IntFlag", [_, _, ..]) => {
                (false, std::slice::from_ref(&*call.func))
            }
            ("TypedDict", _) => (false, std::slice::from_ref(&*call.func)),
            _ => return None,
        };
        let name = Name::new(first.value.to_str());
        let callee = self.lower_expression(&call.func, Usage::Value)?;
        self.pinned.push(callee);
        let bases: Vec<Base> = base_list.iter().map(|base| self.lower_base(base)).collect();
        self.lower_made_arguments(call);
        let start = self.facts.bases.len() as u32;
        let len = bases.len() as u32;
        self.facts.bases.extend(bases);
        let index = TypeIdx::at(self.facts.types.len());
        let body = self.push_scope(ScopeKind::Type(index));
        // The class is named by its first argument, whatever it is bound to; no `<locals>` in it.
        self.facts.types.push(TypeFact {
            name: bound_to.map_or(name, Name::new),
            qualname: name,
            form: TypeForm::Class,
            scope: self.scope,
            body,
            guard: self.guard,
            at: value.start().to_u32(),
            name_at: first.start().to_u32(),
            end: value.end().to_u32(),
            bases: Run { start, len },
            metaclass: None,
            decorators: Run::default(),
            has_type_parameters: false,
            claimed_module: None,
            is_empty: false,
            is_frozen: false,
            made_by: if made_by_named_tuple { MadeBy::NamedTuple(callee) } else { MadeBy::Call(callee) },
        });
        Some(index)
    }

    fn lower_made_arguments(&mut self, call: &ExprCall) {
        for argument in call.arguments.args.iter().skip(1) {
            // A tuple of bases was lowered as bases.
            if !matches!(argument, Expr::Tuple(_)) {
                self.lower_expression(argument, Usage::Value);
            }
        }
        for keyword in &call.arguments.keywords {
            self.lower_expression(&keyword.value, Usage::Value);
        }
    }

    pub(super) fn lower_function(&mut self, node: &StmtFunctionDef) {
        let decorators = self.lower_decorators(&node.decorator_list);
        let outer = self.scope;
        let owner = match self.facts.scopes[outer.index()].kind {
            ScopeKind::Type(owner) => Some(owner),
            ScopeKind::Module
            | ScopeKind::Function(_)
            | ScopeKind::Expression
            | ScopeKind::TypeParameters
            | ScopeKind::Namespace(_)
            | ScopeKind::Block => None,
        };
        let name = Name::new(&node.name);
        let (binding, mut traits) = classify(&node.decorator_list, owner.is_some(), name.as_str());
        traits.is_async = node.is_async;
        traits.is_stub = is_stub_body(&node.body);
        if node.type_params.is_some() {
            self.scope = self.push_scope(ScopeKind::TypeParameters);
            self.lower_type_parameters(node.type_params.as_deref());
        }
        for parameter in node.parameters.iter_non_variadic_params() {
            self.lower_optional(parameter.default.as_deref());
        }
        let parameters = self.lower_parameters(&node.parameters);
        let returns_chain = node.returns.as_deref().and_then(|returns| self.lower_annotation(returns));
        let index = FunctionIdx::at(self.facts.functions.len());
        let digest = match (node.body.first(), node.body.last()) {
            (Some(first), Some(last)) => {
                digest_of(self.text, self.tokens, TextRange::new(first.start(), last.end()))
            }
            _ => 0,
        };
        self.facts.functions.push(FunctionFact {
            name,
            scope: outer,
            guard: self.guard,
            owner,
            at: node.start().to_u32(),
            name_at: node.name.start().to_u32(),
            end: node.end().to_u32(),
            parameters,
            returns: node.returns.as_ref().map(|returns| self.source_name(returns.range())),
            returns_chain,
            returned: Run::default(),
            decorators,
            binding,
            traits,
            digest,
            actions: Run::default(),
        });
        self.scope = self.push_scope(ScopeKind::Function(index));
        let receiver = self.bind_parameters(&node.parameters, parameters, owner, binding);
        self.functions.push(FunctionFrame {
            index,
            name,
            receiver: receiver.or_else(|| self.inherited_receiver(&node.parameters, owner)),
            returned: Vec::new(),
            is_generator: false,
            calls_super: false,
            asks_beyond: false,
        });
        // Functions within functions are read with the outer one.
        if owner.is_some() || self.functions.len() == 1 {
            let receiver = receiver.map(|(name, ..)| name);
            let module = ModuleNames { values: &self.module_values, functions: &self.module_functions };
            self.facts.functions[index.index()].actions =
                lower_actions(&mut self.facts.actions, node, receiver, module);
        }
        self.lower_body(&node.body);
        if let Some(frame) = self.functions.pop() {
            let returned = self.push_values(&frame.returned);
            let fact = &mut self.facts.functions[frame.index.index()];
            fact.returned = returned;
            fact.traits.is_generator = frame.is_generator;
            fact.traits.calls_super = frame.calls_super;
            fact.traits.asks_beyond = frame.asks_beyond;
        }
        self.scope = outer;
        self.bind(name, node.name.start().to_u32(), Bound::Function(index));
    }

    /// A function within a method sees the method's `self`, unless it has a parameter of that name.
    fn inherited_receiver(
        &self,
        parameters: &Parameters,
        owner: Option<TypeIdx>,
    ) -> Option<(Name, TypeIdx, bool)> {
        let outer = self.functions.last().filter(|_| owner.is_none())?.receiver?;
        let is_hidden = parameters.iter().any(|p| p.name().as_str() == outer.0.as_str());
        (!is_hidden).then_some(outer)
    }

    fn lower_parameters(&mut self, parameters: &Parameters) -> Run {
        let mut lowered: Vec<Parameter> = Vec::with_capacity(parameters.len());
        let mut push = |this: &mut Self,
                        parameter: &ruff_python_ast::Parameter,
                        default: Option<&Expr>,
                        kind: ParameterKind| {
            let annotation_chain =
                parameter.annotation.as_deref().and_then(|annotation| this.lower_annotation(annotation));
            lowered.push(Parameter {
                name: Name::new(&parameter.name),
                kind,
                annotation: parameter.annotation.as_ref().map(|a| this.source_name(a.range())),
                annotation_chain,
                default: default.map(|default| this.default_text(default)),
            });
        };
        for p in &parameters.posonlyargs {
            push(self, &p.parameter, p.default.as_deref(), ParameterKind::PositionalOnly);
        }
        for p in &parameters.args {
            push(self, &p.parameter, p.default.as_deref(), ParameterKind::Standard);
        }
        if let Some(p) = &parameters.vararg {
            push(self, p, None, ParameterKind::Variadic);
        }
        for p in &parameters.kwonlyargs {
            push(self, &p.parameter, p.default.as_deref(), ParameterKind::KeywordOnly);
        }
        if let Some(p) = &parameters.kwarg {
            push(self, p, None, ParameterKind::KeywordVariadic);
        }
        let start = self.facts.parameters.len() as u32;
        let len = lowered.len() as u32;
        self.facts.parameters.extend(lowered);
        Run { start, len }
    }

    fn default_text(&self, default: &Expr) -> Name {
        let text = self.source_text(default.range());
        if text.len() <= MAX_DEFAULT {
            return Name::new(&text);
        }
        let cut = text.floor_char_boundary(MAX_DEFAULT);
        Name::new(&format!("{}…", &text[..cut]))
    }

    /// Binds the parameters in the function's scope; gives what the first one of a method is.
    fn bind_parameters(
        &mut self,
        parameters: &Parameters,
        run: Run,
        owner: Option<TypeIdx>,
        binding: BindingKind,
    ) -> Option<(Name, TypeIdx, bool)> {
        let is_class = match binding {
            BindingKind::Class => Some(true),
            BindingKind::Instance | BindingKind::Property | BindingKind::Accessor => Some(false),
            BindingKind::Free | BindingKind::Static => None,
        };
        let mut receiver = None;
        let positional = parameters.posonlyargs.len() + parameters.args.len();
        for offset in 0..run.len {
            let index = run.start + offset;
            let parameter = self.facts.parameters[index as usize];
            let bound = match (owner, is_class) {
                (Some(of), Some(is_class)) if offset == 0 && positional > 0 => {
                    receiver = Some((parameter.name, of, is_class));
                    Bound::Receiver { of, is_class }
                }
                _ => Bound::Parameter(index),
            };
            let at = parameters.iter().find(|p| p.name().as_str() == parameter.name.as_str());
            let at = at.map_or(0, |p| p.name().start().to_u32());
            self.bind(parameter.name, at, bound);
        }
        receiver
    }

    fn lower_decorators(&mut self, decorators: &[Decorator]) -> Run {
        let mut chains: Vec<ChainId> = Vec::with_capacity(decorators.len());
        for decorator in decorators {
            chains.extend(self.lower_expression(&decorator.expression, Usage::Decorator));
        }
        self.pinned.extend(&chains);
        let start = self.facts.decorators.len() as u32;
        let len = chains.len() as u32;
        self.facts.decorators.extend(chains);
        Run { start, len }
    }

    pub(super) fn lower_type_parameters(&mut self, parameters: Option<&TypeParams>) {
        for parameter in parameters.into_iter().flat_map(|p| &p.type_params) {
            let name = match parameter {
                TypeParam::TypeVar(node) => {
                    if let Some(bound) = &node.bound {
                        self.lower_annotation(bound);
                    }
                    if let Some(default) = &node.default {
                        self.lower_annotation(default);
                    }
                    &node.name
                }
                TypeParam::TypeVarTuple(node) => &node.name,
                TypeParam::ParamSpec(node) => &node.name,
            };
            self.bind(Name::new(name), name.start().to_u32(), Bound::TypeParameter);
        }
    }
}

/// How the decorators make a function bind, and what else they say.
fn classify(decorators: &[Decorator], is_method: bool, name: &str) -> (BindingKind, FunctionTraits) {
    let mut traits = FunctionTraits::default();
    let mut binding = match (is_method, name) {
        (false, _) => BindingKind::Free,
        // Static by definition of the data model, without a decorator.
        (true, "__new__") => BindingKind::Static,
        (true, "__init_subclass__" | "__class_getitem__") => BindingKind::Class,
        (true, _) => BindingKind::Instance,
    };
    for decorator in decorators {
        let callee = match &decorator.expression {
            Expr::Call(call) => &*call.func,
            other => other,
        };
        match last_segment(callee) {
            Some("staticmethod" | "abstractstaticmethod") if is_method => binding = BindingKind::Static,
            Some("classmethod" | "abstractclassmethod") if is_method => binding = BindingKind::Class,
            Some("property" | "cached_property" | "abstractproperty" | "computed_field") if is_method => {
                binding = BindingKind::Property;
            }
            Some("setter" | "deleter") if is_method => binding = BindingKind::Accessor,
            Some("getter") if is_method => binding = BindingKind::Property,
            Some("abstractmethod") => {}
            Some("overload") => traits.is_overload = true,
            Some("override") => traits.is_override = true,
            Some("final" | "wraps" | "lru_cache" | "cache" | "no_type_check" | "deprecated") => {}
            _ => traits.is_wrapped = true,
        }
        traits.is_abstract |= last_segment(callee).is_some_and(|name| name.starts_with("abstract"));
    }
    (binding, traits)
}

/// `@dataclass(frozen=True)`, `@attrs.frozen`, `@frozen(slots=True)`
fn freezes(decorator: &Decorator) -> bool {
    let (callee, keywords) = match &decorator.expression {
        Expr::Call(call) => (&*call.func, &*call.arguments.keywords),
        other => (other, &[][..]),
    };
    let is_told = keywords.iter().any(|keyword| {
        keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "frozen")
            && matches!(&keyword.value, Expr::BooleanLiteral(literal) if literal.value)
    });
    match last_segment(callee) {
        Some("frozen") => true,
        Some("dataclass" | "define" | "s" | "attrs" | "attributes") => is_told,
        _ => false,
    }
}

fn is_docstring(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(node) if node.value.is_string_literal_expr())
}

fn is_placeholder(statement: &Stmt) -> bool {
    match statement {
        Stmt::Pass(_) => true,
        Stmt::Expr(node) => node.value.is_ellipsis_literal_expr(),
        _ => false,
    }
}

fn is_empty_body(body: &[Stmt]) -> bool {
    body.iter().all(|statement| is_docstring(statement) || is_placeholder(statement))
}

/// A docstring, `pass`, `…` or `raise NotImplementedError`.
fn is_stub_body(body: &[Stmt]) -> bool {
    body.iter().all(|statement| {
        is_docstring(statement)
            || is_placeholder(statement)
            || match statement {
                Stmt::Raise(node) => match node.exc.as_deref() {
                    Some(Expr::Call(call)) => last_segment(&call.func) == Some("NotImplementedError"),
                    Some(other) => last_segment(other) == Some("NotImplementedError"),
                    None => false,
                },
                _ => false,
            }
    })
}
