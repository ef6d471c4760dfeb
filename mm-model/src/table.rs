//! Page tables: one arena of entries in which every table is a slice of equal length. A table on
//! the free list is all NONE, so that taking one costs nothing. Which tables exist, and when one is
//! freed, is decided elsewhere.

use crate::entry::Entry;

/// The place of one entry in the arena.
pub(crate) type Slot = usize;

/// The shape of an address space: three levels of tables with `1 << shift` entries each.
#[derive(Clone, Copy, Default)]
pub(crate) struct Geometry {
    /// log2 of the entries of a table; also the order of a PMD folio.
    pub(crate) shift: u32,
}

impl Geometry {
    /// Entries of a table, and pages of a PMD block.
    pub(crate) const fn ptes(self) -> u32 {
        1 << self.shift
    }

    /// Pages of an address space.
    pub(crate) const fn space(self) -> u32 {
        1 << (3 * self.shift)
    }

    /// First page of the PMD block.
    pub(crate) const fn block_start(self, vpn: u32) -> u32 {
        vpn >> self.shift << self.shift
    }

    /// First page behind the PMD block.
    pub(crate) const fn block_end(self, vpn: u32) -> u32 {
        self.block_start(vpn) + self.ptes()
    }

    /// First page of what one PMD table spans.
    pub(crate) const fn span_start(self, vpn: u32) -> u32 {
        vpn >> (2 * self.shift) << (2 * self.shift)
    }

    /// First page behind what one PMD table spans.
    pub(crate) const fn span_end(self, vpn: u32) -> u32 {
        self.span_start(vpn) + (1 << (2 * self.shift))
    }

    /// Index in the top table.
    pub(crate) const fn top_index(self, vpn: u32) -> usize {
        (vpn >> (2 * self.shift)) as usize
    }

    /// Index in a PMD table.
    pub(crate) const fn pmd_index(self, vpn: u32) -> usize {
        (vpn >> self.shift & (self.ptes() - 1)) as usize
    }

    /// Index in a PTE table; the page within its PMD block.
    pub(crate) const fn pte_index(self, vpn: u32) -> usize {
        (vpn & (self.ptes() - 1)) as usize
    }
}

/// Entries of one chunk of the arena: a whole number of tables in every geometry.
const CHUNK: usize = 1 << CHUNK_SHIFT;
const CHUNK_SHIFT: u32 = 12;

/// All page tables of all processes. The arena grows by chunks, so that growing moves nothing.
#[derive(Default)]
pub(crate) struct Tables {
    chunks: Vec<Box<[Entry]>>,
    /// Entries handed out so far, in table order.
    used: usize,
    free: Vec<u32>,
    shift: u32,
}

impl Tables {
    /// Forgets every table; keeps the memory.
    pub(crate) fn reset(&mut self, shift: u32) {
        let mut left = self.used;
        for chunk in &mut self.chunks {
            let dirty = left.min(CHUNK);
            chunk[..dirty].fill(Entry::NONE);
            left -= dirty;
        }
        self.used = 0;
        self.free.clear();
        self.shift = shift;
    }

    /// A table of NONE entries.
    pub(crate) fn take(&mut self) -> u32 {
        if let Some(number) = self.free.pop() {
            debug_assert!(self.is_empty(number), "a free table is all NONE");
            return number;
        }
        let number = self.used >> self.shift;
        if self.used == self.chunks.len() << CHUNK_SHIFT {
            self.chunks.push(vec![Entry::NONE; CHUNK].into_boxed_slice());
        }
        self.used += 1 << self.shift;
        number as u32
    }

    /// Gives a table back. It must be all NONE.
    pub(crate) fn give(&mut self, number: u32) {
        debug_assert!(self.is_empty(number), "a freed table is all NONE");
        self.free.push(number);
    }

    /// Number of tables in use.
    #[cfg(test)]
    pub(crate) fn in_use(&self) -> usize {
        (self.used >> self.shift) - self.free.len()
    }

    /// Whether every entry is NONE.
    pub(crate) fn is_empty(&self, number: u32) -> bool {
        self.all(number).iter().all(|entry| entry.is_none())
    }

    /// Behind the last slot.
    #[cfg(feature = "faults")]
    pub(crate) const fn end(&self) -> Slot {
        self.used
    }

    /// The slot of entry `index` of a table.
    pub(crate) const fn slot(&self, number: u32, index: usize) -> Slot {
        ((number as usize) << self.shift) + index
    }

    #[inline]
    pub(crate) fn get(&self, slot: Slot) -> Entry {
        self.chunks[slot >> CHUNK_SHIFT][slot % CHUNK]
    }

    #[inline]
    pub(crate) fn set(&mut self, slot: Slot, entry: Entry) {
        self.chunks[slot >> CHUNK_SHIFT][slot % CHUNK] = entry;
    }

    /// All entries of a table.
    pub(crate) fn all(&self, number: u32) -> &[Entry] {
        self.run(self.slot(number, 0), 1 << self.shift)
    }

    /// Some consecutive entries of a table.
    pub(crate) fn run(&self, slot: Slot, len: usize) -> &[Entry] {
        &self.chunks[slot >> CHUNK_SHIFT][slot % CHUNK..][..len]
    }

    /// Some consecutive entries of a table, to change.
    pub(crate) fn run_mut(&mut self, slot: Slot, len: usize) -> &mut [Entry] {
        &mut self.chunks[slot >> CHUNK_SHIFT][slot % CHUNK..][..len]
    }

    /// Moves a run of entries to a place outside of it; NONE is left.
    pub(crate) fn move_run(&mut self, from: Slot, to: Slot, len: usize) {
        let (a, b) = (from >> CHUNK_SHIFT, to >> CHUNK_SHIFT);
        if a == b {
            let (at, bt) = (from % CHUNK, to % CHUNK);
            let chunk = &mut self.chunks[a];
            chunk.copy_within(at..at + len, bt);
            chunk[at..at + len].fill(Entry::NONE);
            return;
        }
        let (low, high) = self.chunks.split_at_mut(a.max(b));
        let (low, high) = (&mut low[a.min(b)], &mut high[0]);
        let (source, target) = if a < b { (low, high) } else { (high, low) };
        let source = &mut source[from % CHUNK..][..len];
        target[to % CHUNK..][..len].copy_from_slice(source);
        source.fill(Entry::NONE);
    }

    /// Moves a run of entries within a table, whose other entries are NONE and stay so.
    pub(crate) fn shift_run(&mut self, from: Slot, to: Slot, len: usize) {
        let (base, ptes) = (from >> self.shift << self.shift, 1 << self.shift);
        let (start, target) = (from - base, to - base);
        let table = self.run_mut(base, ptes);
        table.copy_within(start..start + len, target);
        table[left_behind(start, target, len)].fill(Entry::NONE);
    }

    /// Makes the table of `from` what that of `to`, another one, will be when `len` entries are moved from the one
    /// place to the other, and the other way round: worth it where they are more than half of a table, and only
    /// then allowed, since they move in place. Entries in the way are NONE.
    pub(crate) fn move_by_exchange(&mut self, from: Slot, to: Slot, len: usize) {
        let ptes = 1 << self.shift;
        debug_assert!(
            2 * len > ptes,
            "else there may be entries that neither place covers between them"
        );
        let (start, target) = (from % ptes, to % ptes);
        let (old, new) = self.two_runs(from - start, to - target, ptes);
        for around in [0..start, start + len..ptes] {
            old[around.clone()].swap_with_slice(&mut new[around]);
        }
        old.copy_within(start..start + len, target);
        let behind = left_behind(start, target, len);
        old[behind.clone()].copy_from_slice(&new[behind.clone()]);
        new[behind].fill(Entry::NONE);
    }

    /// Two runs of the same length in different tables, to change: `change` sees each pair.
    pub(crate) fn change_pairs(
        &mut self,
        first: Slot,
        second: Slot,
        len: usize,
        change: impl Fn(&mut Entry, &mut Entry),
    ) {
        let (one, other) = self.two_runs(first, second, len);
        one.iter_mut().zip(other).for_each(|(one, other)| change(one, other));
    }

    /// Two runs of the same length in different tables.
    fn two_runs(&mut self, first: Slot, second: Slot, len: usize) -> (&mut [Entry], &mut [Entry]) {
        debug_assert!(first.abs_diff(second) >= len, "the runs are disjoint");
        let (a, b) = (first >> CHUNK_SHIFT, second >> CHUNK_SHIFT);
        let (at, bt) = (first % CHUNK, second % CHUNK);
        if a == b {
            let chunk = &mut self.chunks[a];
            let (low, high) = chunk.split_at_mut(at.max(bt));
            let (low, high) = (&mut low[at.min(bt)..][..len], &mut high[..len]);
            return if at < bt { (low, high) } else { (high, low) };
        }
        let (low, high) = self.chunks.split_at_mut(a.max(b));
        let (low, high) = (&mut low[a.min(b)], &mut high[0]);
        let (one, other) = if a < b { (low, high) } else { (high, low) };
        (&mut one[at..][..len], &mut other[bt..][..len])
    }
}

/// The places that a run of `len` entries at `start` leaves when it moves to `target`, in the same table or at the same
/// places of another one.
fn left_behind(start: usize, target: usize, len: usize) -> std::ops::Range<usize> {
    if target < start {
        start.max(target + len)..start + len
    } else {
        start..target.min(start + len)
    }
}

#[cfg(test)]
mod tests {
    use super::Tables;
    use crate::entry::Entry;

    #[test]
    fn pairs_are_changed_within_a_chunk_and_across_chunks() {
        let mut tables = Tables::default();
        tables.reset(9);
        let numbers: Vec<u32> = (0..20).map(|_| tables.take()).collect();
        for (from, to) in [(0, 1), (1, 0), (0, 19), (19, 0)] {
            let (from, to) = (tables.slot(numbers[from], 3), tables.slot(numbers[to], 3));
            tables.set(from, Entry::page(7, 0));
            tables.change_pairs(from, to, 5, |from, to| (*to, *from) = (*from, Entry::NONE));
            assert_eq!(tables.get(to).pfn(), 7);
            assert!(tables.get(from).is_none());
            tables.set(to, Entry::NONE);
        }
    }

    #[test]
    fn runs_move_within_a_chunk_and_across_chunks() {
        let mut tables = Tables::default();
        tables.reset(9);
        let numbers: Vec<u32> = (0..20).map(|_| tables.take()).collect();
        for (from, to) in [(0, 0), (0, 1), (1, 0), (0, 19), (19, 0)] {
            let (from, to) = (tables.slot(numbers[from], 3), tables.slot(numbers[to], 100));
            (0..50).for_each(|page| tables.set(from + page, Entry::page(page as u32, 0)));
            tables.move_run(from, to, 50);
            assert!((0..50).all(|page| tables.get(to + page).pfn() == page as u32));
            assert!(tables.run(from, 50).iter().all(|entry| entry.is_none()));
            tables.run_mut(to, 50).fill(Entry::NONE);
        }
    }

    #[test]
    fn an_exchange_moves_what_a_move_does() {
        let (shift, len) = (4, 10);
        for (start, target) in [(0, 6), (6, 0), (3, 3), (2, 5), (5, 2)] {
            let mut results = Vec::new();
            for by_exchange in [false, true] {
                let mut tables = Tables::default();
                tables.reset(shift);
                let (old, new) = (tables.take(), tables.take());
                let (from, to) = (tables.slot(old, start), tables.slot(new, target));
                for at in 0..16 {
                    tables.set(tables.slot(old, at), Entry::page(at as u32, 0));
                    if !(target..target + len).contains(&at) {
                        tables.set(tables.slot(new, at), Entry::page(100 + at as u32, 0));
                    }
                }
                let seen = |tables: &Tables, table| tables.all(table).iter().map(|e| e.0).collect();
                let result: [Vec<u64>; 2] = if by_exchange {
                    tables.move_by_exchange(from, to, len);
                    [seen(&tables, new), seen(&tables, old)]
                } else {
                    tables.move_run(from, to, len);
                    [seen(&tables, old), seen(&tables, new)]
                };
                results.push(result);
            }
            assert_eq!(results[0], results[1], "from {start} to {target}");
        }
    }

    #[test]
    fn a_shift_leaves_nothing_behind() {
        for (start, target, len) in [(0, 6, 10), (6, 0, 10), (0, 12, 4), (12, 0, 4), (3, 3, 5)] {
            let mut tables = Tables::default();
            tables.reset(4);
            let number = tables.take();
            let (from, to) = (tables.slot(number, start), tables.slot(number, target));
            (0..len).for_each(|page| tables.set(from + page, Entry::page(page as u32, 0)));
            tables.shift_run(from, to, len);
            for (at, entry) in tables.all(number).iter().enumerate() {
                let page = at.checked_sub(target).filter(|page| *page < len);
                let expected = page.map_or(Entry::NONE, |page| Entry::page(page as u32, 0));
                assert_eq!(entry.0, expected.0, "entry {at} of {start} to {target}");
            }
        }
    }

    #[test]
    fn tables_are_empty_after_a_reset_to_another_geometry() {
        let mut tables = Tables::default();
        tables.reset(9);
        for _ in 0..20 {
            let number = tables.take();
            let slot = tables.slot(number, 0);
            tables.run_mut(slot, 512).fill(Entry::GUARD);
        }
        tables.reset(2);
        let numbers: Vec<u32> = (0..5000).map(|_| tables.take()).collect();
        assert!(numbers.into_iter().all(|number| tables.is_empty(number)));
    }
}
