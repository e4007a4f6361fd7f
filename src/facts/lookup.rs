//! Finding one's way in the tables of one file: names by scope, scopes and guards outwards.

use super::{
    ALWAYS, Base, Binding, ChainId, FileFacts, FunctionFact, Guard, GuardId, MODULE_SCOPE, Name, Parameter,
    Run, ScopeId, ScopeKind, Step, TypeFact,
};

impl FileFacts {
    /// The bindings of `name` in `scope`, in the order of the source.
    #[must_use]
    pub fn bindings_of(&self, scope: ScopeId, name: Name) -> &[Binding] {
        let bindings = self.bindings_in(scope);
        let start = bindings.partition_point(|b| b.name.address() < name.address());
        let rest = &bindings[start..];
        let len = rest.iter().take_while(|b| b.name == name).count();
        &rest[..len]
    }

    /// All bindings of `scope`, in no order that may be shown.
    #[must_use]
    pub fn bindings_in(&self, scope: ScopeId) -> &[Binding] {
        &self.bindings[self.scopes[scope.index()].bindings.range()]
    }

    /// Tells each scope where its bindings lie, once the table is sorted.
    pub fn index_bindings(&mut self) {
        for scope in &mut self.scopes {
            scope.bindings = Run::default();
        }
        let mut start = 0;
        for group in self.bindings.chunk_by(|a, b| a.scope == b.scope) {
            let len = group.len() as u32;
            self.scopes[group[0].scope.index()].bindings = Run { start, len };
            start += len;
        }
    }

    /// The qualified name of a definition called `name` in `scope` (PEP 3155).
    #[must_use]
    pub fn qualname(&self, scope: ScopeId, name: &str) -> String {
        match self.enclosing(scope) {
            ScopeKind::Module | ScopeKind::Expression | ScopeKind::TypeParameters => name.to_owned(),
            ScopeKind::Type(index) => format!("{}.{name}", self.types[index.index()].qualname),
            ScopeKind::Function(index) => {
                format!("{}.<locals>.{name}", self.function_qualname(&self.functions[index.index()]))
            }
        }
    }

    /// The qualified name of a function (PEP 3155).
    #[must_use]
    pub fn function_qualname(&self, function: &FunctionFact) -> String {
        self.qualname(function.scope, function.name.as_str())
    }

    /// The steps of a chain.
    #[must_use]
    pub fn steps_of(&self, chain: ChainId) -> &[Step] {
        &self.steps[self.chains[chain.index()].steps.range()]
    }

    /// The parameters of a function.
    #[must_use]
    pub fn parameters_of(&self, function: &FunctionFact) -> &[Parameter] {
        &self.parameters[function.parameters.range()]
    }

    /// The bases of a type as written.
    #[must_use]
    pub fn bases_of(&self, of: &TypeFact) -> &[Base] {
        &self.bases[of.bases.range()]
    }

    /// Whether `inner` is `outer` or stands under it.
    #[must_use]
    pub fn is_within(&self, inner: GuardId, outer: GuardId) -> bool {
        let mut at = inner;
        loop {
            if at == outer {
                return true;
            }
            if at == ALWAYS {
                return false;
            }
            at = self.guards[at.index()].parent;
        }
    }

    /// The guards from `guard` outwards, without the root.
    pub fn guards_of(&self, guard: GuardId) -> impl Iterator<Item = (GuardId, &Guard)> {
        std::iter::successors(Some(guard), |&at| Some(self.guards[at.index()].parent))
            .take_while(|&at| at != ALWAYS)
            .map(|at| (at, &self.guards[at.index()]))
    }

    /// The bindings of `name` that code in `from` sees, scope by scope outwards; scopes that do not bind
    /// it are left out.
    pub fn bindings_seen(&self, from: ScopeId, name: Name) -> impl Iterator<Item = (ScopeId, &[Binding])> {
        let outer = |at: &ScopeId| (*at != MODULE_SCOPE).then(|| self.scopes[at.index()].parent);
        std::iter::successors(Some(from), outer)
            .filter(move |&scope| self.sees(from, scope))
            .map(move |scope| (scope, self.bindings_of(scope, name)))
            .filter(|(_, bindings)| !bindings.is_empty())
    }

    /// Whether code in `from` sees the names of `scope`, which is itself or stands around it: those of
    /// a type's body are not seen from the functions within.
    fn sees(&self, from: ScopeId, scope: ScopeId) -> bool {
        let kind = |at: ScopeId| self.scopes[at.index()].kind;
        if !matches!(kind(scope), ScopeKind::Type(_)) {
            return true;
        }
        let mut at = from;
        while kind(at) == ScopeKind::TypeParameters {
            at = self.scopes[at.index()].parent;
        }
        at == scope
    }

    /// The innermost function or type around `scope`, itself included.
    #[must_use]
    pub fn enclosing(&self, scope: ScopeId) -> ScopeKind {
        let mut at = scope;
        loop {
            let here = self.scopes[at.index()];
            match here.kind {
                ScopeKind::Expression | ScopeKind::TypeParameters => at = here.parent,
                kind @ (ScopeKind::Module | ScopeKind::Type(_) | ScopeKind::Function(_)) => {
                    return kind;
                }
            }
        }
    }

    /// Whether code of `scope` runs when the module loads: no function stands around it.
    #[must_use]
    pub fn runs_at_load(&self, scope: ScopeId) -> bool {
        let mut at = scope;
        while at != MODULE_SCOPE {
            let here = self.scopes[at.index()];
            if matches!(here.kind, ScopeKind::Function(_)) {
                return false;
            }
            at = here.parent;
        }
        true
    }
}
