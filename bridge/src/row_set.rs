//! Which physical rows of a file are wanted, in a form that stays small: all but some, or only
//! some.

use std::ops::Range;

use roaring::RoaringTreemap;

pub struct RowSet {
    named: RoaringTreemap,
    are_wanted: bool,
    physical_rows: u64,
}

impl RowSet {
    pub fn all_but(unwanted: RoaringTreemap, physical_rows: u64) -> Self {
        Self {
            named: unwanted,
            are_wanted: false,
            physical_rows,
        }
    }

    pub fn only(wanted: RoaringTreemap, physical_rows: u64) -> Self {
        Self {
            named: wanted,
            are_wanted: true,
            physical_rows,
        }
    }

    pub fn physical_rows(&self) -> u64 {
        self.physical_rows
    }

    pub fn len(&self) -> u64 {
        match self.are_wanted {
            true => self.named.len(),
            false => self.physical_rows - self.named.len(),
        }
    }

    /// Wanted rows among these physical rows.
    pub fn count(&self, rows: &Range<u64>) -> u64 {
        let named = self.named.range_cardinality(rows.clone());
        match self.are_wanted {
            true => named,
            false => rows.end - rows.start - named,
        }
    }

    /// Wanted rows before a physical row.
    pub fn count_before(&self, row: u64) -> u64 {
        let named = match row {
            0 => 0,
            _ => self.named.rank(row - 1),
        };
        match self.are_wanted {
            true => named,
            false => row - named,
        }
    }

    /// The smallest physical row before which exactly `wanted` rows are wanted.
    pub fn physical_row(&self, wanted: u64) -> u64 {
        let (mut low, mut high) = (0, self.physical_rows);
        while low < high {
            let middle = low + (high - low) / 2;
            match self.count_before(middle) < wanted {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        low
    }

    /// The wanted rows of the range. REQUIRES: made by `only`.
    pub fn wanted_in(&self, rows: &Range<u64>) -> impl Iterator<Item = u64> {
        self.named_in(rows).into_iter()
    }

    fn named_in(&self, rows: &Range<u64>) -> RoaringTreemap {
        let mut here = RoaringTreemap::new();
        here.insert_range(rows.clone());
        here &= &self.named;
        here
    }

    /// One flag per physical row of the range.
    pub fn mask(&self, rows: &Range<u64>) -> Vec<bool> {
        let mut mask = vec![!self.are_wanted; (rows.end - rows.start) as usize];
        for row in self.named_in(rows) {
            mask[(row - rows.start) as usize] = self.are_wanted;
        }
        mask
    }

    /// The wanted rows of the range as runs, when few of them are: reading only those pays then.
    pub fn sparse_runs(&self, rows: &Range<u64>) -> Option<Vec<Range<u64>>> {
        const SPARSE_ONE_IN: u64 = 8;
        if !self.are_wanted || self.count(rows) * SPARSE_ONE_IN > rows.end - rows.start {
            return None;
        }
        let mut runs: Vec<Range<u64>> = Vec::new();
        for row in self.named_in(rows) {
            match runs.last_mut() {
                Some(run) if run.end == row => run.end += 1,
                _ => runs.push(row..row + 1),
            }
        }
        Some(runs)
    }
}
