//! Complete linkage: clusters in which every member is like every other (Sørensen, 1948).

use rustc_hash::FxHashMap;

use crate::analysis::similarity::UnitId;

/// Two units that are alike; `a` comes before `b`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub(super) a: UnitId,
    pub(super) b: UnitId,
    pub(super) score: f32,
}

/// Larger clusters are no finding that a person reads; what is over starts a new one.
const MOST: usize = 12;

/// Joins the nearest first, and two clusters only where all their members are alike.
pub(super) fn complete(
    mut edges: Vec<Edge>,
    mut is_alike: impl FnMut(UnitId, UnitId) -> bool,
) -> Vec<Vec<UnitId>> {
    edges.sort_by(|x, y| y.score.total_cmp(&x.score).then((x.a, x.b).cmp(&(y.a, y.b))));
    let mut cluster_of: FxHashMap<UnitId, usize> = FxHashMap::default();
    let mut clusters: Vec<Vec<UnitId>> = Vec::new();
    for Edge { a, b, .. } in edges {
        let mut place = |unit: UnitId| {
            *cluster_of.entry(unit).or_insert_with(|| {
                clusters.push(vec![unit]);
                clusters.len() - 1
            })
        };
        let (first, second) = (place(a), place(b));
        if first == second || clusters[first].len() + clusters[second].len() > MOST {
            continue;
        }
        let fits = clusters[first].iter().all(|&x| {
            clusters[second].iter().all(|&y| (x, y) == (a, b) || (y, x) == (a, b) || is_alike(x, y))
        });
        if fits {
            let moved = std::mem::take(&mut clusters[second]);
            for unit in &moved {
                cluster_of.insert(*unit, first);
            }
            clusters[first].extend(moved);
        }
    }
    clusters.retain(|cluster| cluster.len() > 1);
    clusters
}
