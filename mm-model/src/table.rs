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

/// All page tables of all processes.
#[derive(Default)]
pub(crate) struct Tables {
    entries: Vec<Entry>,
    free: Vec<u32>,
    shift: u32,
}

impl Tables {
    /// Forgets every table; keeps the memory.
    pub(crate) fn reset(&mut self, shift: u32) {
        self.entries.clear();
        self.free.clear();
        self.shift = shift;
    }

    /// A table of NONE entries.
    pub(crate) fn take(&mut self) -> u32 {
        if let Some(number) = self.free.pop() {
            debug_assert!(self.is_empty(number), "a free table is all NONE");
            return number;
        }
        let number = self.entries.len() >> self.shift;
        self.entries.resize(self.entries.len() + (1 << self.shift), Entry::NONE);
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
        (self.entries.len() >> self.shift) - self.free.len()
    }

    /// Whether every entry is NONE.
    pub(crate) fn is_empty(&self, number: u32) -> bool {
        self.all(number).iter().all(|entry| entry.is_none())
    }

    /// The slot of entry `index` of a table.
    pub(crate) const fn slot(&self, number: u32, index: usize) -> Slot {
        ((number as usize) << self.shift) + index
    }

    pub(crate) fn get(&self, slot: Slot) -> Entry {
        self.entries[slot]
    }

    pub(crate) fn set(&mut self, slot: Slot, entry: Entry) {
        self.entries[slot] = entry;
    }

    /// All entries of a table.
    pub(crate) fn all(&self, number: u32) -> &[Entry] {
        &self.entries[(number as usize) << self.shift..][..1 << self.shift]
    }

    /// Some consecutive entries.
    pub(crate) fn run(&self, slot: Slot, len: usize) -> &[Entry] {
        &self.entries[slot..slot + len]
    }

    /// Some consecutive entries, to change.
    pub(crate) fn run_mut(&mut self, slot: Slot, len: usize) -> &mut [Entry] {
        &mut self.entries[slot..slot + len]
    }

    /// Two runs of the same length in different tables, to change.
    pub(crate) fn two_runs_mut(
        &mut self,
        first: Slot,
        second: Slot,
        len: usize,
    ) -> (&mut [Entry], &mut [Entry]) {
        debug_assert!(first.abs_diff(second) >= len, "the runs are disjoint");
        if first < second {
            let (low, high) = self.entries.split_at_mut(second);
            (&mut low[first..first + len], &mut high[..len])
        } else {
            let (low, high) = self.entries.split_at_mut(first);
            (&mut high[..len], &mut low[second..second + len])
        }
    }
}
