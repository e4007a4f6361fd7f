//! What was read of each unit of a tree, and what of it holds for the next one.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::UnitId;
use super::features::Side;
use super::interfaces::Callers;
use super::reader::{Reader, Told};
use super::units::{Families, Unit};
use crate::link::changes::{Changes, Moved};
use crate::link::trace::Sources;
use crate::link::{FileId, Index};

/// A unit before rarity is known.
#[derive(Debug)]
pub(super) struct Raw {
    /// Keys and weights, by [`Side`].
    pub(super) sides: [Vec<(u32, f32)>; 5],
    pub(super) told: Arc<Told>,
}

impl Raw {
    /// None for a unit with too little content to be judged.
    fn of(reader: &mut Reader<'_>, unit: Unit, least: usize) -> Option<Self> {
        let mut sides: [Vec<(u32, f32)>; 5] = Default::default();
        let told = reader.read(unit, least, |found| {
            sides[found.feature.side() as usize].push((found.key, found.weight));
        })?;
        Some(Self { sides, told: Arc::new(told) })
    }

    pub(super) fn side(&self, side: Side) -> &[(u32, f32)] {
        &self.sides[side as usize]
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = u32> {
        self.sides.iter().flatten().map(|(key, _)| *key)
    }
}

/// What was read of one unit, and from what.
#[derive(Debug, Clone)]
struct Reading {
    raw: Option<Arc<Raw>>,
    sources: Sources,
    /// Who called it. References are no part of the sources.
    callers: Callers,
}

/// What was read of all units, those without content too.
#[derive(Debug, Default)]
pub(super) struct Readings(Vec<(Unit, Arc<Reading>)>);

/// A unit with content, and its position in the tree before where what was read there still holds.
pub(super) struct Read {
    pub(super) unit: Unit,
    pub(super) raw: Arc<Raw>,
    pub(super) before: Option<UnitId>,
}

impl Readings {
    /// Reads units, given in the order of the files, unless they were read before.
    pub(super) fn of<'a>(
        before: Option<(&Self, &Families)>,
        index: &Index,
        families: &Families,
        units: &[Unit],
        least: usize,
        reader: impl Fn() -> Reader<'a> + Sync,
    ) -> (Self, Vec<Read>) {
        let earlier = before
            .zip(index.changes.as_ref())
            .map(|((readings, were), changes)| readings.still(index, changes, were, families))
            .unwrap_or_default();
        let read = units.par_chunks(512).flat_map_iter(|units| {
            let mut reader = reader();
            let read: Vec<(Unit, Arc<Reading>, Option<UnitId>)> = units
                .iter()
                .map(|unit| {
                    let callers = if index.is_traced() { reader.callers(*unit) } else { Callers::new() };
                    match earlier.get(unit).filter(|(reading, _)| reading.callers == callers) {
                        Some((reading, at)) => (*unit, reading.clone(), *at),
                        None => {
                            let (raw, sources) = index.reading(|| Raw::of(&mut reader, *unit, least));
                            let reading = Reading { raw: raw.map(Arc::new), sources, callers };
                            (*unit, Arc::new(reading), None)
                        }
                    }
                })
                .collect();
            read.into_iter()
        });
        let read: Vec<(Unit, Arc<Reading>, Option<UnitId>)> = read.collect();
        let with_content = read.iter().filter_map(|(unit, reading, before)| {
            Some(Read { unit: *unit, raw: reading.raw.clone()?, before: *before })
        });
        let with_content = with_content.collect();
        (Self(read.into_iter().map(|(unit, reading, _)| (unit, reading)).collect()), with_content)
    }

    /// What still holds, in terms of the new ids, each with its position among the units with content.
    fn still(
        &self,
        index: &Index,
        changes: &Changes,
        were: &Families,
        are: &Families,
    ) -> FxHashMap<Unit, (Arc<Reading>, Option<UnitId>)> {
        let others: FxHashSet<FileId> = were.files_of_others(are, index, changes);
        let mut position = 0;
        let mut found = FxHashMap::default();
        for (unit, reading) in &self.0 {
            let at = reading.raw.is_some().then_some(UnitId(position));
            position += u32::from(at.is_some());
            let is_same = changes.keep(&reading.sources)
                && (others.is_empty() || !reading.sources.files().any(|file| others.contains(&file)));
            let moved = match unit {
                Unit::Class(class) => changes.class(*class).map(Unit::Class),
                Unit::Module(file) => changes.file(*file).map(Unit::Module),
            };
            let Some(moved) = moved.filter(|_| is_same) else { continue };
            let reading = if changes.are_ids_same() {
                Some(reading.clone())
            } else {
                reading.moved(changes).map(Arc::new)
            };
            found.extend(reading.map(|reading| (moved, (reading, at))));
        }
        found
    }
}

impl Moved for Reading {
    fn moved(&self, changes: &Changes) -> Option<Self> {
        let callers = self.callers.iter().map(|(file, function)| Some((changes.file(*file)?, *function)));
        let callers: Option<Callers> = callers.collect();
        Some(Self { raw: self.raw.clone(), sources: self.sources.moved(changes)?, callers: callers? })
    }
}
