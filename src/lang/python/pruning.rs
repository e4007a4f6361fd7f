//! Facts of a whole file → those that can matter: chains and local names that lead nowhere go.

use crate::facts::{
    Binding, Bound, Chain, ChainId, FileFacts, Imported, Root, RootId, Run, ScopeId, ScopeKind,
};

/// Tells each root where its nearest bindings lie.
pub(super) fn find_roots(facts: &mut FileFacts) {
    let mut roots = std::mem::take(&mut facts.roots);
    for root in &mut roots {
        root.nearest = facts.nearest(root.scope, root.name);
    }
    facts.roots = roots;
}

/// Drops the chains that can lead nowhere: rooted in a local that holds nothing we follow, or in a
/// name that is bound nowhere in the file (a builtin).
pub(super) fn drop_local_chains(facts: &mut FileFacts, pinned: &[ChainId]) {
    let has_star = facts.imports.iter().any(|import| import.what == Imported::Star);
    let leads: Vec<bool> =
        facts.roots.iter().map(|root| root_leads_somewhere(facts, root, has_star)).collect();
    let mut is_kept: Vec<bool> = facts.chains.iter().map(|chain| leads[chain.root.index()]).collect();
    for chain in pinned {
        is_kept[chain.index()] = true;
    }
    drop_unused_roots(facts, &is_kept);
    // Steps lie in the order of their chains, so both tables close their gaps in place.
    let mut moved_to: Vec<u32> = Vec::with_capacity(facts.chains.len());
    let (mut kept_chains, mut kept_steps) = (0, 0);
    for (index, is_kept) in is_kept.iter().enumerate() {
        moved_to.push(kept_chains as u32);
        if *is_kept {
            let chain = facts.chains[index];
            let steps = Run { start: kept_steps as u32, len: chain.steps.len };
            facts.steps.copy_within(chain.steps.range(), kept_steps);
            facts.chains[kept_chains] = Chain { steps, ..chain };
            kept_chains += 1;
            kept_steps += chain.steps.len as usize;
        }
    }
    facts.chains.truncate(kept_chains);
    facts.steps.truncate(kept_steps);
    let is_super = |chain: &Chain| facts.roots[chain.root.index()].name.as_str() == "super";
    let supers = facts.chains.iter().enumerate().filter(|(_, chain)| is_super(chain));
    facts.supers.extend(supers.map(|(index, _)| ChainId::at(index)));
    let relocate =
        |chain: ChainId| is_kept[chain.index()].then(|| ChainId::at(moved_to[chain.index()] as usize));
    relocate_chains(facts, relocate);
}

/// Drops the roots that no chain of those kept starts from.
fn drop_unused_roots(facts: &mut FileFacts, is_kept: &[bool]) {
    let mut moved_to: Vec<Option<RootId>> = vec![None; facts.roots.len()];
    let mut kept = 0;
    for (chain, _) in facts.chains.iter_mut().zip(is_kept).filter(|(_, is_kept)| **is_kept) {
        let root = &mut moved_to[chain.root.index()];
        chain.root = *root.get_or_insert_with(|| {
            kept += 1;
            RootId::at(kept as usize - 1)
        });
    }
    let mut roots = vec![None; kept as usize];
    for (root, to) in facts.roots.iter().zip(&moved_to) {
        if let Some(to) = to {
            roots[to.index()] = Some(*root);
        }
    }
    facts.roots.clear();
    facts.roots.extend(roots.into_iter().flatten());
}

fn root_leads_somewhere(facts: &FileFacts, root: &Root, has_star: bool) -> bool {
    match &facts.bindings[root.nearest.range()] {
        [] => has_star || root.name.as_str() == "super",
        bindings => bindings.iter().any(|binding| leads_somewhere(facts, binding)),
    }
}

fn leads_somewhere(facts: &FileFacts, binding: &Binding) -> bool {
    match binding.target {
        Bound::Import(_) | Bound::Type(_) | Bound::Function(_) | Bound::Star(_) | Bound::Receiver { .. } => {
            true
        }
        Bound::TypeAlias(target) => target.is_some(),
        Bound::Parameter(index) => facts.parameters[index as usize].annotation_chain.is_some(),
        Bound::Value { values, annotation, .. } => values.len > 0 || annotation.is_some(),
        Bound::TypeParameter | Bound::Opaque | Bound::Deleted | Bound::Module(_) => false,
    }
}

/// Drops local names that lead nowhere and that no chain of those left starts at.
pub(super) fn drop_local_bindings(facts: &mut FileFacts) {
    let mut bindings = std::mem::take(&mut facts.bindings);
    // Where the first binding of each root goes.
    let mut moved_to: Vec<u32> = vec![0; bindings.len()];
    for root in facts.roots.iter().filter(|root| root.nearest.len > 0) {
        moved_to[root.nearest.start as usize] = 1;
    }
    let is_local = |scope: ScopeId| {
        matches!(
            facts.scopes[scope.index()].kind,
            ScopeKind::Function(_) | ScopeKind::Expression | ScopeKind::TypeParameters
        )
    };
    let (mut kept, mut start) = (0, 0);
    while let Some(&first) = bindings.get(start) {
        let same_name =
            bindings[start..].iter().take_while(|b| b.scope == first.scope && b.name == first.name);
        let group = start..start + same_name.count();
        let is_root = std::mem::replace(&mut moved_to[start], kept as u32) == 1;
        start = group.end;
        if is_root
            || !is_local(first.scope)
            || bindings[group.clone()].iter().any(|b| leads_somewhere(facts, b))
        {
            let len = group.len();
            bindings.copy_within(group, kept);
            kept += len;
        }
    }
    bindings.truncate(kept);
    facts.bindings = bindings;
    for root in &mut facts.roots {
        root.nearest.start = moved_to.get(root.nearest.start as usize).copied().unwrap_or_default();
    }
    facts.index_bindings();
}

/// Rewrites every index into the chain table.
fn relocate_chains(facts: &mut FileFacts, relocate: impl Fn(ChainId) -> Option<ChainId>) {
    // Value lists shrink; the runs into them are rewritten by position.
    let mut values = Vec::with_capacity(facts.values.len());
    let mut kept_before: Vec<u32> = Vec::with_capacity(facts.values.len() + 1);
    for &chain in &facts.values {
        kept_before.push(values.len() as u32);
        values.extend(relocate(chain));
    }
    kept_before.push(values.len() as u32);
    facts.values = values;
    let rerun = |run: Run| {
        let (start, end) = (kept_before[run.start as usize], kept_before[(run.start + run.len) as usize]);
        Run { start, len: end - start }
    };
    let moved = |chain: Option<ChainId>| chain.and_then(&relocate);
    for binding in &mut facts.bindings {
        match &mut binding.target {
            Bound::Value { values, annotation, is_complete } => {
                let before = values.len;
                *values = rerun(*values);
                *is_complete &= values.len == before;
                *annotation = moved(*annotation);
            }
            Bound::TypeAlias(target) => *target = moved(*target),
            Bound::Import(_)
            | Bound::Type(_)
            | Bound::Function(_)
            | Bound::Parameter(_)
            | Bound::Receiver { .. }
            | Bound::TypeParameter
            | Bound::Opaque
            | Bound::Deleted
            | Bound::Star(_)
            | Bound::Module(_) => {}
        }
    }
    for field in &mut facts.fields {
        field.values = rerun(field.values);
        field.annotation_chain = moved(field.annotation_chain);
    }
    for function in &mut facts.functions {
        function.returned = rerun(function.returned);
        function.returns_chain = moved(function.returns_chain);
    }
    for parameter in &mut facts.parameters {
        parameter.annotation_chain = moved(parameter.annotation_chain);
    }
    for base in &mut facts.bases {
        base.chain = moved(base.chain);
    }
    for fact in &mut facts.types {
        fact.metaclass = moved(fact.metaclass);
        fact.made_by = match fact.made_by {
            crate::facts::MadeBy::Statement => crate::facts::MadeBy::Statement,
            crate::facts::MadeBy::NamedTuple(chain) => {
                relocate(chain).map_or(fact.made_by, crate::facts::MadeBy::NamedTuple)
            }
            crate::facts::MadeBy::Call(chain) => {
                relocate(chain).map_or(fact.made_by, crate::facts::MadeBy::Call)
            }
        };
    }
    for decorator in &mut facts.decorators {
        if let Some(chain) = relocate(*decorator) {
            *decorator = chain;
        }
    }
}
