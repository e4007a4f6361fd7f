//! Functions: parameters, what they give, what they do.

use syn::{
    Attribute, Block, FnArg, GenericArgument, Pat, PatTupleStruct, PatType, PathArguments, ReceiverKind,
    ReturnType, Signature, Type,
};

use super::Lowering;
use super::bodies::{digest_of, is_stub};
use super::types::text_of;
use crate::facts::{
    BindingKind, Bound, FunctionFact, FunctionIdx, FunctionTraits, Name, Parameter, ParameterKind, Run,
    ScopeKind, Usage,
};

impl Lowering<'_> {
    pub(super) fn lower_function(
        &mut self,
        signature: &Signature,
        block: Option<&Block>,
        attributes: &[Attribute],
        is_private: bool,
    ) {
        let outer = self.scope;
        let owner = match self.facts.scopes[outer.index()].kind {
            ScopeKind::Type(owner) => Some(owner),
            _ => None,
        };
        let decorators = self.lower_attributes(attributes);
        let (name, name_at) = self.named(&signature.ident);
        let at = self.start_of(signature.fn_token.span);
        let end = match block {
            Some(block) => self.end_of(block.brace_token.span.close()),
            None => match &signature.output {
                ReturnType::Default => self.end_of(signature.paren_token.span.close()),
                ReturnType::Type(arrow, _) => self.end_of(arrow.spans[1]),
            },
        };
        let index = FunctionIdx::at(self.facts.functions.len());
        let receiver = signature.inputs.iter().any(|input| matches!(input, FnArg::Receiver(_)));
        let binding = match (owner, receiver) {
            (None, _) => BindingKind::Free,
            (Some(_), true) => BindingKind::Instance,
            (Some(_), false) => BindingKind::Static,
        };
        let traits = FunctionTraits {
            is_async: signature.asyncness.is_some(),
            is_abstract: block.is_none(),
            is_stub: block.is_none_or(is_stub),
            ..FunctionTraits::default()
        };
        let digest = block.map_or(0, |block| {
            let span = block.brace_token.span;
            digest_of(self.slice(self.end_of(span.open()), self.start_of(span.close())))
        });
        self.facts.functions.push(FunctionFact {
            name,
            scope: outer,
            guard: self.guard,
            owner,
            at,
            name_at,
            end,
            parameters: Run::default(),
            returns: None,
            returns_chain: None,
            returned: Run::default(),
            decorators,
            actions: Run::default(),
            binding,
            traits,
            digest,
        });
        self.bind(name, name_at, is_private, Bound::Function(index));
        let parameters = self.generics_scope(&signature.generics);
        let scope = self.within(parameters, |this| this.push_scope(ScopeKind::Function(index)));
        self.within(scope, |this| {
            this.lower_signature(index, signature);
            if let Some(block) = block {
                this.lower_block(block);
                let actions = this.lower_actions(signature, block);
                this.facts.functions[index.index()].actions = actions;
            }
        });
    }

    /// Parameters and return type, in the scope of the function.
    fn lower_signature(&mut self, index: FunctionIdx, signature: &Signature) {
        let mut lowered: Vec<Parameter> = Vec::with_capacity(signature.inputs.len());
        let owner = self.facts.functions[index.index()].owner;
        let start = self.facts.parameters.len() as u32;
        let mut patterns: Vec<(&PatType, u32)> = Vec::new();
        for input in &signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    let at = self.start_of(receiver.self_token.span);
                    if let Some(of) = owner {
                        self.bind(Name::new("self"), at, false, Bound::Receiver { of, is_class: false });
                    }
                    let written = match &receiver.kind {
                        ReceiverKind::Reference(_, _, Some(_)) => Some("&mut self".to_owned()),
                        ReceiverKind::Reference(_, _, None) => Some("&self".to_owned()),
                        ReceiverKind::Typed(_, ty) => {
                            self.lower_type(ty, Usage::Annotation);
                            Some(text_of(ty))
                        }
                        _ => None,
                    };
                    lowered.push(parameter(Name::new("self"), written.as_deref().map(Name::new), None));
                }
                FnArg::Typed(typed) => {
                    let chain = self.lower_type(&typed.ty, Usage::Annotation);
                    let name = match &*typed.pat {
                        Pat::Ident(pattern) => self.name_of(&pattern.ident),
                        _ => Name::new("_"),
                    };
                    patterns.push((typed, start + lowered.len() as u32));
                    lowered.push(parameter(name, Some(Name::new(&text_of(&typed.ty))), chain));
                }
            }
        }
        let run = Run { start, len: lowered.len() as u32 };
        self.facts.parameters.extend(lowered);
        for (typed, position) in patterns {
            match &*typed.pat {
                Pat::Ident(pattern) => {
                    let (name, at) = self.named(&pattern.ident);
                    self.bind(name, at, false, Bound::Parameter(position));
                }
                Pat::TupleStruct(pattern) if let Some(held) = wrapped_in(pattern, &typed.ty) => {
                    self.path_chain(&pattern.path, Usage::InstanceTest);
                    let annotation = self.lower_type(held, Usage::Annotation);
                    self.bind_typed(&pattern.elems[0], annotation, None, 0);
                }
                other => self.bind_pattern(other, None, 0),
            }
        }
        let returns_chain = self.lower_return(&signature.output);
        let function = &mut self.facts.functions[index.index()];
        function.parameters = run;
        function.returns_chain = returns_chain;
        function.returns = match &signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, ty) => Some(Name::new(&text_of(ty))),
        };
    }
}

/// The `Arc<Hub>` of `State(hub): State<Arc<Hub>>`.
fn wrapped_in<'t>(pattern: &PatTupleStruct, ty: &'t Type) -> Option<&'t Type> {
    let Type::Path(path) = ty else { return None };
    let (of, wrapper) = (pattern.path.segments.last()?, path.path.segments.last()?);
    let PathArguments::AngleBracketed(arguments) = &wrapper.arguments else { return None };
    let held = match arguments.args.first()? {
        GenericArgument::Type(held) => held,
        _ => return None,
    };
    let is_one = arguments.args.len() == 1 && pattern.elems.len() == 1;
    (is_one && of.ident == wrapper.ident).then_some(held)
}

/// Arguments go by position alone.
fn parameter(
    name: Name,
    annotation: Option<Name>,
    annotation_chain: Option<crate::facts::ChainId>,
) -> Parameter {
    Parameter { name, kind: ParameterKind::PositionalOnly, annotation, annotation_chain, default: None }
}
