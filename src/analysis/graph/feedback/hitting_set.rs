//! The cheapest set of arcs that hits every one of some cycles: branch and bound.

use super::{Budget, OutOfSteps};

/// The cheapest hitting set of `rows`, by the cost of each column.
pub(super) fn minimum(rows: &[Vec<u32>], costs: &[u64], budget: &mut Budget) -> Result<Vec<u32>, OutOfSteps> {
    let mut chosen = Vec::new();
    let rows = reduced(rows, costs, budget)?;
    for part in independent_parts(rows) {
        let mut search = Search::new(&part, costs);
        search.start_greedily();
        search.branch(0, budget)?;
        chosen.extend(search.best.iter().map(|&column| search.columns[column as usize]));
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// Leaves out rows that hold another row, and columns that another one replaces at no greater cost.
fn reduced(rows: &[Vec<u32>], costs: &[u64], budget: &mut Budget) -> Result<Vec<Vec<u32>>, OutOfSteps> {
    let mut rows = rows.to_vec();
    loop {
        let before: usize = rows.iter().map(Vec::len).sum();
        drop_supersets(&mut rows, budget)?;
        drop_dominated_columns(&mut rows, costs, budget)?;
        if rows.iter().map(Vec::len).sum::<usize>() == before {
            return Ok(rows);
        }
    }
}

fn drop_supersets(rows: &mut Vec<Vec<u32>>, budget: &mut Budget) -> Result<(), OutOfSteps> {
    rows.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
    rows.dedup();
    let mut kept: Vec<Vec<u32>> = Vec::with_capacity(rows.len());
    // Kept rows by their first column: a subset's first column is in the superset.
    let mut by_first: Vec<Vec<u32>> = vec![Vec::new(); column_count(rows)];
    for row in rows.drain(..) {
        let mut is_superset = false;
        for &column in &row {
            for &other in &by_first[column as usize] {
                let other = &kept[other as usize];
                budget.spend(other.len() + 1)?;
                is_superset |= is_subset(other, &row);
            }
        }
        if !is_superset {
            by_first[row[0] as usize].push(kept.len() as u32);
            kept.push(row);
        }
    }
    *rows = kept;
    Ok(())
}

/// Both sorted.
fn is_subset(small: &[u32], large: &[u32]) -> bool {
    let mut rest = large.iter();
    small.iter().all(|wanted| rest.by_ref().find(|&at| at >= wanted) == Some(wanted))
}

fn column_count(rows: &[Vec<u32>]) -> usize {
    rows.iter().flatten().max().map_or(0, |&column| column as usize + 1)
}

fn drop_dominated_columns(
    rows: &mut [Vec<u32>],
    costs: &[u64],
    budget: &mut Budget,
) -> Result<(), OutOfSteps> {
    let mut rows_of: Vec<Vec<u32>> = vec![Vec::new(); column_count(rows)];
    for (position, row) in rows.iter().enumerate() {
        for &column in row {
            rows_of[column as usize].push(position as u32);
        }
    }
    let mut is_dropped = vec![false; rows_of.len()];
    for column in 0..rows_of.len() {
        let own = &rows_of[column];
        let Some(&first) = own.first() else { continue };
        // Whatever hits all of its rows hits the first of them.
        for &other in &rows[first as usize] {
            let other = other as usize;
            if other == column || is_dropped[other] || costs[other] > costs[column] {
                continue;
            }
            budget.spend(own.len() + 4)?;
            let is_twin = rows_of[other].len() == own.len() && costs[other] == costs[column];
            if is_subset(own, &rows_of[other]) && (!is_twin || other < column) {
                is_dropped[column] = true;
                break;
            }
        }
    }
    for row in rows {
        row.retain(|&column| !is_dropped[column as usize]);
    }
    Ok(())
}

/// Rows that share columns, directly or through others, belong together.
fn independent_parts(rows: Vec<Vec<u32>>) -> Vec<Vec<Vec<u32>>> {
    let mut leader: Vec<u32> = (0..column_count(&rows) as u32).collect();
    let find = |leader: &mut Vec<u32>, mut at: u32| {
        while leader[at as usize] != at {
            leader[at as usize] = leader[leader[at as usize] as usize];
            at = leader[at as usize];
        }
        at
    };
    for row in &rows {
        let first = find(&mut leader, row[0]);
        for &column in row {
            let other = find(&mut leader, column);
            leader[other as usize] = first;
        }
    }
    let mut parts: Vec<Vec<Vec<u32>>> = Vec::new();
    let mut part_of: Vec<Option<usize>> = vec![None; leader.len()];
    for row in rows {
        let part = &mut part_of[find(&mut leader, row[0]) as usize];
        let part = *part.get_or_insert_with(|| {
            parts.push(Vec::new());
            parts.len() - 1
        });
        parts[part].push(row);
    }
    parts
}

struct Search {
    /// Rows of positions in `columns`.
    rows: Vec<Vec<u32>>,
    rows_of: Vec<Vec<u32>>,
    columns: Vec<u32>,
    costs: Vec<u64>,
    /// How many chosen columns hit each row.
    hits: Vec<u32>,
    is_excluded: Vec<bool>,
    chosen: Vec<u32>,
    best: Vec<u32>,
    best_cost: u64,
    /// Marks columns of the rows that the bound has counted.
    stamps: Vec<u32>,
    stamp: u32,
}

impl Search {
    fn new(rows: &[Vec<u32>], costs: &[u64]) -> Self {
        let mut columns: Vec<u32> = rows.iter().flatten().copied().collect();
        columns.sort_unstable();
        columns.dedup();
        let position = |column: &u32| columns.binary_search(column).unwrap_or_default() as u32;
        let rows: Vec<Vec<u32>> = rows.iter().map(|row| row.iter().map(position).collect()).collect();
        let mut rows_of = vec![Vec::new(); columns.len()];
        for (at, row) in rows.iter().enumerate() {
            for &column in row {
                rows_of[column as usize].push(at as u32);
            }
        }
        Self {
            hits: vec![0; rows.len()],
            costs: columns.iter().map(|&column| costs[column as usize]).collect(),
            is_excluded: vec![false; columns.len()],
            stamps: vec![0; columns.len()],
            stamp: 0,
            chosen: Vec::new(),
            best: Vec::new(),
            best_cost: u64::MAX,
            rows,
            rows_of,
            columns,
        }
    }

    /// A first solution: the column that hits the most open rows, again and again.
    fn start_greedily(&mut self) {
        let mut cost = 0;
        while self.hits.contains(&0) {
            let candidates = 0..self.columns.len() as u32;
            let Some(column) = candidates.min_by_key(|&column| self.rank(column)) else { return };
            cost += self.costs[column as usize];
            self.choose(column);
        }
        self.best.clone_from(&self.chosen);
        self.best_cost = cost;
        while let Some(&column) = self.chosen.last() {
            self.release(column);
        }
    }

    /// Most open rows first, then the cheapest, then the first by name.
    fn rank(&self, column: u32) -> (std::cmp::Reverse<usize>, u64, u32) {
        let rows = self.rows_of[column as usize].iter();
        let open = rows.filter(|&&row| self.hits[row as usize] == 0).count();
        (std::cmp::Reverse(open), self.costs[column as usize], column)
    }

    fn choose(&mut self, column: u32) {
        for &row in &self.rows_of[column as usize] {
            self.hits[row as usize] += 1;
        }
        self.chosen.push(column);
    }

    fn release(&mut self, column: u32) {
        for &row in &self.rows_of[column as usize] {
            self.hits[row as usize] -= 1;
        }
        self.chosen.pop();
    }

    fn branch(&mut self, cost: u64, budget: &mut Budget) -> Result<(), OutOfSteps> {
        let mut open: Vec<(usize, u32)> = Vec::new();
        for (at, row) in self.rows.iter().enumerate() {
            if self.hits[at] == 0 {
                budget.spend(2 * row.len() + 8)?;
                open.push((
                    row.iter().filter(|&&column| !self.is_excluded[column as usize]).count(),
                    at as u32,
                ));
            }
        }
        budget.spend(self.rows.len() / 4)?;
        open.sort_unstable();
        let Some(&(free, narrowest)) = open.first() else {
            if cost < self.best_cost {
                self.best_cost = cost;
                self.best.clone_from(&self.chosen);
            }
            return Ok(());
        };
        if free == 0 || cost + self.bound(&open) >= self.best_cost {
            return Ok(());
        }
        let row = &self.rows[narrowest as usize];
        let mut columns: Vec<u32> =
            row.iter().copied().filter(|&column| !self.is_excluded[column as usize]).collect();
        columns.sort_by_cached_key(|&column| self.rank(column));
        for &column in &columns {
            self.choose(column);
            self.branch(cost + self.costs[column as usize], budget)?;
            self.release(column);
            // What follows need not try it again.
            self.is_excluded[column as usize] = true;
        }
        for &column in &columns {
            self.is_excluded[column as usize] = false;
        }
        Ok(())
    }

    /// Rows without a common column each need a column of their own.
    fn bound(&mut self, open: &[(usize, u32)]) -> u64 {
        self.stamp += 1;
        let mut bound = 0;
        for &(_, row) in open {
            let row = &self.rows[row as usize];
            let is_free = |column: &&u32| !self.is_excluded[**column as usize];
            if row.iter().filter(is_free).any(|&column| self.stamps[column as usize] == self.stamp) {
                continue;
            }
            bound += row.iter().filter(is_free).map(|&column| self.costs[column as usize]).min().unwrap_or(0);
            for &column in row {
                self.stamps[column as usize] = self.stamp;
            }
        }
        bound
    }
}
