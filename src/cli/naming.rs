//! Which type a user means: a dotted id, a tail of one, a re-export of it, or a place.

use super::inputs::{Loaded, Rooted};
use crate::facts::Name;
use crate::facts::names::{is_tail, last_segment};
use crate::link::modules::ModuleId;
use crate::link::resolve::{Entity, Resolver};
use crate::link::{ClassId, Index};
use crate::source::Language;

/// Reads the tree and finds the one type that `of` names.
pub(super) fn find_type(rooted: &Rooted, of: &str, quiet: bool) -> miette::Result<(Loaded, ClassId)> {
    let loaded = rooted.load(quiet)?;
    loaded.progress.finish();
    let class = resolve_type(&loaded, of)?;
    Ok((loaded, class))
}

/// The one type that `of` names.
pub(super) fn resolve_type(loaded: &Loaded, of: &str) -> miette::Result<ClassId> {
    let index = &loaded.tree.index;
    let matching: Vec<ClassId> =
        index.tree_classes().filter(|class| is_tail(index.class(*class).id.as_str(), of)).collect();
    let exact: Vec<ClassId> =
        matching.iter().copied().filter(|class| index.class(*class).id.as_str() == of).collect();
    let mut found = definitions(index, if exact.is_empty() { matching } else { exact });
    if found.is_empty() {
        found = definitions(index, at_place(index, of));
    }
    if found.is_empty() {
        found = behind_name(index, of);
    }
    match found[..] {
        [single] => Ok(single),
        [] => Err(miette::miette!(
            help = [nearest_names(loaded, of)]
                .into_iter()
                .chain(unread_files(index))
                .collect::<Vec<_>>()
                .join("\n"),
            "no type `{of}` in {}",
            loaded.tree.root.display()
        )),
        _ => {
            let list: Vec<String> = found
                .iter()
                .map(|class| {
                    let place = index.place_of(*class);
                    let place = place.map_or(String::new(), |(path, at)| format!(" ({path}:{})", at.line));
                    format!("  {}{place}", index.class(*class).id)
                })
                .collect();
            Err(miette::miette!(
                help = "give more of the dotted id, or the place, as in app/models.py:12",
                "`{of}` is ambiguous; it may be\n{}",
                list.join("\n")
            ))
        }
    }
}

/// Of several definitions of one id those that are meant: a branch that the target never takes, a stub beside
/// its source and the hidden base of `class P(namedtuple("P", "x y"))` are not.
fn definitions(index: &Index, mut found: Vec<ClassId>) -> Vec<ClassId> {
    let all = found.clone();
    let rank = |class: ClassId| {
        let Some((id, fact)) = index.source_of(class) else { return 0 };
        let file = index.file(id);
        let is_dead = file.facts.is_dead(fact.guard);
        let is_hidden = file
            .facts
            .bases
            .iter()
            .any(|base| base.made_in_place.is_some_and(|made| index.class_of(id, made) == class));
        let is_stub = file.language == Language::PythonStub;
        u8::from(is_dead) * 4 + u8::from(is_hidden) * 2 + u8::from(is_stub)
    };
    found.retain(|class| {
        let id = index.class(*class).id;
        let rivals = all.iter().filter(|other| index.class(**other).id == id);
        rivals.map(|other| rank(*other)).min() == Some(rank(*class))
    });
    found
}

/// The classes that are defined at `path:line`: on that line, or else around it, the innermost.
fn at_place(index: &Index, of: &str) -> Vec<ClassId> {
    let Some((path, line)) = of.rsplit_once(':') else { return Vec::new() };
    let Ok(line) = line.parse::<u32>() else { return Vec::new() };
    let wanted = path.trim_start_matches("./");
    let is_here = |class: &ClassId| {
        let found = index.place_of(*class).map(|(found, _)| found);
        found.is_some_and(|found| is_path_tail(found, wanted) || is_path_tail(wanted, found))
    };
    let here: Vec<ClassId> = index.tree_classes().filter(is_here).collect();
    let on_line = |class: &ClassId| index.place_of(*class).is_some_and(|(_, at)| at.line == line);
    let named: Vec<ClassId> = here.iter().copied().filter(on_line).collect();
    if !named.is_empty() {
        return named;
    }
    let span = |class: &ClassId| {
        let (file, fact) = index.source_of(*class)?;
        let lines = &index.file(file).facts.lines;
        let (first, last) = (lines.line(fact.at), lines.line(fact.end.saturating_sub(1)));
        (first..=last).contains(&line).then_some(last - first)
    };
    let innermost = here.iter().filter_map(&span).min();
    here.into_iter().filter(|class| innermost.is_some() && span(class) == innermost).collect()
}

/// Whether `tail` is `path` or its last folders and file.
fn is_path_tail(path: &str, tail: &str) -> bool {
    path.strip_suffix(tail).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// What a dotted name, or a tail of one, leads to through re-exports and aliases.
fn behind_name(index: &Index, of: &str) -> Vec<ClassId> {
    let resolver = Resolver::new(index);
    let class_of = |entity: Option<Entity>| match entity {
        Some(Entity::Class(class)) if index.is_in_tree(class) => Some(class),
        _ => None,
    };
    if let Some(class) = class_of(resolver.dotted(of)) {
        return vec![class];
    }
    let Some((module, name)) = of.rsplit_once(['.', ':']) else { return Vec::new() };
    let module = module.trim_end_matches(':');
    let modules = index.modules.all.iter().enumerate().filter(|(_, found)| found.is_in_tree);
    let modules = modules.filter(|(_, found)| is_tail(found.name.as_str(), module));
    let mut found: Vec<ClassId> = modules
        .filter_map(|(at, _)| class_of(Some(resolver.member(ModuleId(at as u32), Name::new(name), 0))))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// How many files with syntax errors are named.
const NAMED: usize = 3;

/// The files that a type may stand in unseen.
fn unread_files(index: &Index) -> Option<String> {
    let place = |file, at| format!("{}:{}", index.file(file).display, index.position(file, at).line);
    let errors: Vec<String> = index.broken_files().map(|(file, error)| place(file, error.at)).collect();
    let rest = if errors.len() > NAMED { ", …" } else { "" };
    let named = errors[..errors.len().min(NAMED)].join(", ");
    (!errors.is_empty())
        .then(|| format!("what stands in files with syntax errors may be missing: {named}{rest}"))
}

/// How alike two names must be for one to be suggested for the other, from 0 to 1 (Jaro-Winkler).
const ALIKE: f64 = 0.88;

/// Types whose simple name resembles the wanted one, the most alike first.
fn nearest_names(loaded: &Loaded, of: &str) -> String {
    let index = &loaded.tree.index;
    let wanted = last_segment(of).to_lowercase();
    if wanted.is_empty() {
        return "give a dotted id such as app.models.User, a tail of one, or path:line".to_owned();
    }
    let likeness = |class: ClassId| {
        let name = index.class(class).name.as_str().to_lowercase();
        if name.contains(&wanted) { 1.0 } else { strsim::jaro_winkler(&name, &wanted) }
    };
    let mut near: Vec<(f64, &str)> = index
        .tree_classes()
        .map(|class| (likeness(class), index.class(class).id.as_str()))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.dedup();
    near.truncate(5);
    if near.is_empty() {
        return "`ssot scan` lists all types; --root says where to look".to_owned();
    }
    let names: Vec<&str> = near.into_iter().map(|(_, id)| id).collect();
    format!("did you mean {}?", names.join(", "))
}
