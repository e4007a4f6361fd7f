//! Finding one's way in the tables of one file: names by scope, scopes and guards outwards.

use super::{
    ALWAYS, Base, Binding, Bound, Chain, ChainId, FileFacts, FunctionFact, Guard, GuardId, GuardKind,
    MODULE_SCOPE, Name, Parameter, Root, Run, ScopeId, ScopeKind, Separator, Step, TypeFact,
};

impl FileFacts {
    /// The bindings of `name` in `scope`, in the order of the source.
    #[must_use]
    pub fn bindings_of(&self, scope: ScopeId, name: Name) -> &[Binding] {
        &self.bindings[self.run_of(scope, name).range()]
    }

    /// The binding of `name` that stands once `scope` has run: the last that the target does not rule out.
    #[must_use]
    pub fn last_alive(&self, scope: ScopeId, name: Name) -> Option<&Binding> {
        self.bindings_of(scope, name).iter().rev().find(|binding| !self.is_dead(binding.guard))
    }

    /// Where the bindings of `name` in `scope` lie.
    fn run_of(&self, scope: ScopeId, name: Name) -> Run {
        // Most scopes that are asked do not bind the name.
        if !self.sketch.may_hold(self.scopes[scope.index()].bindings, name) {
            return Run::default();
        }
        let bindings = self.bindings_in(scope);
        let before = bindings.partition_point(|b| b.name.address() < name.address());
        let len = bindings[before..].iter().take_while(|b| b.name == name).count();
        Run { start: self.scopes[scope.index()].bindings.start + before as u32, len: len as u32 }
    }

    /// Where the nearest bindings of `name` lie that code in `scope` sees; empty where there are none.
    #[must_use]
    pub fn nearest(&self, scope: ScopeId, name: Name) -> Run {
        std::iter::successors(Some(scope), |&at| self.outside_of(at))
            .filter(|&at| self.sees(scope, at))
            .map(|at| self.run_of(at, name))
            .find(|run| run.len > 0)
            .unwrap_or_default()
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
        self.stars.clear();
        let mut start = 0;
        for group in self.bindings.chunk_by(|a, b| a.scope == b.scope) {
            let len = group.len() as u32;
            self.scopes[group[0].scope.index()].bindings = Run { start, len };
            start += len;
        }
        self.sketch_names();
        let all = self.bindings.iter().enumerate();
        for (at, binding) in all.filter(|(_, binding)| matches!(binding.target, Bound::Star(_))) {
            match self.stars.last_mut() {
                Some((scope, run)) if *scope == binding.scope => run.len += 1,
                _ => self.stars.push((binding.scope, Run { start: at as u32, len: 1 })),
            }
        }
    }

    /// Puts the bindings in the order of this process's addresses, after another process has written them in its own.
    pub(super) fn sort_by_address(&mut self) {
        let mut groups: Vec<Run> = Vec::new();
        let mut start = 0;
        for group in self.bindings.chunk_by(|a, b| (a.scope, a.name) == (b.scope, b.name)) {
            let len = group.len() as u32;
            groups.push(Run { start, len });
            start += len;
        }
        let first = |run: &Run| self.bindings[run.start as usize];
        groups.sort_by_key(|run| (first(run).scope, first(run).name.address()));
        let mut moved = vec![0; self.bindings.len()];
        let mut sorted = Vec::with_capacity(self.bindings.len());
        for run in groups {
            moved[run.start as usize] = sorted.len() as u32;
            sorted.extend_from_slice(&self.bindings[run.range()]);
        }
        self.bindings = sorted;
        for root in self.roots.iter_mut().filter(|root| root.nearest.len > 0) {
            if let Some(start) = moved.get(root.nearest.start as usize) {
                root.nearest.start = *start;
            }
        }
        for (_, run) in &mut self.stars {
            if let Some(start) = moved.get(run.start as usize) {
                run.start = *start;
            }
        }
        self.sketch_names();
    }

    fn sketch_names(&mut self) {
        self.sketch.clear();
        for scope in &self.scopes {
            let names = self.bindings[scope.bindings.range()].iter().map(|binding| binding.name);
            self.sketch.add(scope.bindings, names);
        }
    }

    /// The star imports of the module, in the order of the source.
    #[must_use]
    pub fn star_bindings(&self) -> &[Binding] {
        self.stars_of(MODULE_SCOPE)
    }

    /// The star imports of a scope, in the order of the source.
    #[must_use]
    pub fn stars_of(&self, scope: ScopeId) -> &[Binding] {
        match self.stars.binary_search_by_key(&scope, |(of, _)| *of) {
            Ok(found) => &self.bindings[self.stars[found].1.range()],
            Err(_) => &[],
        }
    }

    /// The qualified name of a definition called `name` in `scope` (PEP 3155).
    #[must_use]
    pub fn qualname(&self, scope: ScopeId, name: &str) -> String {
        let between = self.separator.as_str();
        match self.enclosing(scope) {
            ScopeKind::Module | ScopeKind::Expression | ScopeKind::TypeParameters | ScopeKind::Block => {
                name.to_owned()
            }
            ScopeKind::Namespace(index) => {
                let module = self.modules[index.index()];
                format!("{}{between}{name}", self.qualname(module.scope, module.name.as_str()))
            }
            ScopeKind::Type(index) => format!("{}{between}{name}", self.types[index.index()].qualname),
            ScopeKind::Function(index) => {
                let function = self.function_qualname(&self.functions[index.index()]);
                match self.separator {
                    Separator::Dot => format!("{function}.<locals>.{name}"),
                    Separator::Colons => format!("{function}::{name}"),
                }
            }
        }
    }

    /// The qualified name of a function (PEP 3155).
    #[must_use]
    pub fn function_qualname(&self, function: &FunctionFact) -> String {
        self.qualname(function.scope, function.name.as_str())
    }

    /// What a chain starts from.
    #[must_use]
    pub fn root_of(&self, chain: &Chain) -> Root {
        self.roots[chain.root.index()]
    }

    /// The steps of a chain.
    #[must_use]
    pub fn steps_of(&self, chain: ChainId) -> &[Step] {
        &self.steps[self.chains[chain.index()].steps.range()]
    }

    /// The name that a chain ends with: its own, or that of its last attribute; none where something
    /// else is done last.
    #[must_use]
    pub fn last_name(&self, chain: ChainId) -> Option<Name> {
        match self.steps_of(chain).last() {
            None => Some(self.root_of(&self.chains[chain.index()]).name),
            Some(step) => step.attribute(),
        }
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

    /// Whether what stands under a guard never runs on the target.
    #[must_use]
    pub fn is_dead(&self, guard: GuardId) -> bool {
        self.guards_of(guard).any(|(_, guard)| guard.kind == GuardKind::Known(false))
    }

    /// The bindings of `name` that code in `from` sees, scope by scope outwards; scopes that do not bind
    /// it are left out.
    pub fn bindings_seen(&self, from: ScopeId, name: Name) -> impl Iterator<Item = (ScopeId, &[Binding])> {
        self.bindings_beyond(Some(from), from, name)
    }

    /// The same for a root, whose nearest bindings are known.
    pub fn bindings_of_root(&self, root: Root) -> impl Iterator<Item = (ScopeId, &[Binding])> {
        let nearest = &self.bindings[root.nearest.range()];
        let first = nearest.first().map(|binding| (binding.scope, nearest));
        let beyond = first.and_then(|(scope, _)| self.outside_of(scope));
        first.into_iter().chain(self.bindings_beyond(beyond, root.scope, root.name))
    }

    /// The bindings of `name` that code in `from` sees in `start` and the scopes around it.
    fn bindings_beyond(
        &self,
        start: Option<ScopeId>,
        from: ScopeId,
        name: Name,
    ) -> impl Iterator<Item = (ScopeId, &[Binding])> {
        std::iter::successors(start, |&at| self.outside_of(at))
            .filter(move |&scope| self.sees(from, scope))
            .map(move |scope| (scope, self.bindings_of(scope, name)))
            .filter(|(_, bindings)| !bindings.is_empty())
    }

    /// The scope whose names code of a scope sees beside its own: none around a module.
    fn outside_of(&self, scope: ScopeId) -> Option<ScopeId> {
        let here = self.scopes[scope.index()];
        let is_module = scope == MODULE_SCOPE || matches!(here.kind, ScopeKind::Namespace(_));
        (!is_module).then_some(here.parent)
    }

    /// The scopes whose names code of a scope sees, from itself outwards.
    pub fn scopes_seen(&self, from: ScopeId) -> impl Iterator<Item = ScopeId> {
        std::iter::successors(Some(from), |&at| self.outside_of(at)).filter(move |&at| self.sees(from, at))
    }

    /// The scope of the module that holds a scope: the file's own, or a module in place.
    #[must_use]
    pub fn module_scope(&self, scope: ScopeId) -> ScopeId {
        let mut at = scope;
        while let Some(outside) = self.outside_of(at) {
            at = outside;
        }
        at
    }

    /// The guard of the definition that holds a scope, or of the module.
    #[must_use]
    pub fn guard_around(&self, scope: ScopeId) -> GuardId {
        let mut at = scope;
        loop {
            let here = self.scopes[at.index()];
            match here.kind {
                ScopeKind::Function(index) => return self.functions[index.index()].guard,
                ScopeKind::Type(index) => return self.types[index.index()].guard,
                ScopeKind::Namespace(index) => return self.modules[index.index()].guard,
                ScopeKind::Module => return ALWAYS,
                ScopeKind::Expression | ScopeKind::TypeParameters | ScopeKind::Block => at = here.parent,
            }
        }
    }

    /// Whether what stands in a scope is compiled for tests alone.
    #[must_use]
    pub fn is_for_tests(&self, scope: ScopeId) -> bool {
        self.is_guarded_for_tests(self.guard_around(scope))
    }

    /// The innermost condition of compilation of a guard.
    #[must_use]
    pub fn condition(&self, guard: GuardId) -> Option<Name> {
        self.guards_of(guard).find_map(|(_, guard)| match guard.kind {
            GuardKind::Config { condition, .. } => Some(condition),
            _ => None,
        })
    }

    /// Whether a guard holds for tests alone.
    #[must_use]
    pub fn is_guarded_for_tests(&self, guard: GuardId) -> bool {
        self.guards_of(guard).any(|(_, guard)| matches!(guard.kind, GuardKind::Config { is_test: true, .. }))
    }

    /// Whether code in `from` sees the names of `scope`, which is itself or stands around it: those of
    /// a type's body are not seen from the functions within, and in Rust by no bare name at all.
    fn sees(&self, from: ScopeId, scope: ScopeId) -> bool {
        let kind = |at: ScopeId| self.scopes[at.index()].kind;
        if !matches!(kind(scope), ScopeKind::Type(_)) {
            return true;
        }
        if self.separator == Separator::Colons {
            return false;
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
                ScopeKind::Expression | ScopeKind::TypeParameters | ScopeKind::Block => at = here.parent,
                kind @ (ScopeKind::Module
                | ScopeKind::Type(_)
                | ScopeKind::Function(_)
                | ScopeKind::Namespace(_)) => {
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
