//! Walking page tables: finding the entry of a page, making the tables that lead to it, and going
//! through a range block by block. Nothing here knows what an entry means.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::model::Model;
use crate::table::Slot;
use mm_ops::{AllocKind, Pid, Vpn};

/// One PMD entry that is not NONE, and the part of the range it covers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) slot: Slot,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Model {
    /// The PMD entry of a page, if its table exists.
    #[inline]
    pub(crate) fn pmd_slot(&self, pid: Pid, vpn: u32) -> Option<Slot> {
        let top = self.tables.slot(self.mms[pid.index()].top, self.geometry.top_index(vpn));
        let entry = self.tables.get(top);
        entry
            .is_table()
            .then(|| self.tables.slot(entry.table_number(), self.geometry.pmd_index(vpn)))
    }

    /// The PMD entry of a page; its table is made if missing.
    pub(crate) fn pmd_slot_alloc(&mut self, pid: Pid, vpn: u32) -> Result<Slot, NoMemory> {
        if let Some(slot) = self.pmd_slot(pid, vpn) {
            return Ok(slot);
        }
        self.allocate(AllocKind::PmdTable, pid, self.geometry.span_start(vpn))?;
        let number = self.tables.take();
        let top = self.tables.slot(self.mms[pid.index()].top, self.geometry.top_index(vpn));
        self.tables.set(top, Entry::table(number));
        Ok(self.tables.slot(number, self.geometry.pmd_index(vpn)))
    }

    /// The PTE of a page below a PMD entry that is a table or NONE; the table is made if missing.
    pub(crate) fn pte_slot_alloc(
        &mut self,
        pid: Pid,
        pmd: Slot,
        vpn: u32,
    ) -> Result<Slot, NoMemory> {
        if self.tables.get(pmd).is_none() {
            self.allocate(AllocKind::PteTable, pid, self.geometry.block_start(vpn))?;
            let number = self.tables.take();
            self.tables.set(pmd, Entry::table(number));
        }
        Ok(self.pte_slot_in(pmd, vpn))
    }

    /// The PTE of a page below a PMD entry that is a table.
    pub(crate) fn pte_slot_in(&self, pmd: Slot, vpn: u32) -> Slot {
        let entry = self.tables.get(pmd);
        debug_assert!(entry.is_table(), "only a table has PTEs");
        self.tables.slot(entry.table_number(), self.geometry.pte_index(vpn))
    }

    /// The entry that translates a page: its PTE, or the PMD entry that is a leaf or NONE. `None`
    /// where not even a PMD table is.
    #[inline]
    pub(crate) fn find_entry(&self, pid: Pid, vpn: u32) -> Option<(Slot, Entry)> {
        let pmd = self.pmd_slot(pid, vpn)?;
        let entry = self.tables.get(pmd);
        if !entry.is_table() {
            return Some((pmd, entry));
        }
        let pte = self.tables.slot(entry.table_number(), self.geometry.pte_index(vpn));
        Some((pte, self.tables.get(pte)))
    }

    /// The entry of any page a program can name.
    pub(crate) fn entry_at(&self, pid: Pid, vpn: Vpn) -> Option<Entry> {
        let inside = vpn.0 < self.geometry.space();
        inside.then(|| self.find_entry(pid, vpn.0)).flatten().map(|(_, entry)| entry)
    }

    /// The first PMD entry at or behind `at` and before `end` that is not NONE.
    pub(crate) fn next_block(&self, pid: Pid, mut at: u32, end: u32) -> Option<Block> {
        while let Some((slot, from)) = self.next_span(pid, at, end) {
            let behind = self.geometry.span_end(from).min(end);
            let first = self.geometry.block_start(from);
            let blocks = (behind - first).div_ceil(self.geometry.ptes());
            let entries = self.tables.run(slot, blocks as usize);
            if let Some(offset) = entries.iter().position(|entry| !entry.is_none()) {
                let start = (first + ((offset as u32) << self.geometry.shift)).max(from);
                let end = self.geometry.block_end(start).min(end);
                return Some(Block { slot: slot + offset, start, end });
            }
            at = behind;
        }
        None
    }

    /// What [`Self::next_block`] finds behind a block; without a walk from the top if it is the next entry of the table.
    #[inline]
    pub(crate) fn block_behind(&self, pid: Pid, block: Block, end: u32) -> Option<Block> {
        let (start, slot) = (block.end, block.slot + 1);
        let in_table = start < end && start != self.geometry.span_start(start);
        if in_table && !self.tables.get(slot).is_none() {
            return Some(Block { slot, start, end: self.geometry.block_end(start).min(end) });
        }
        self.next_block(pid, start, end)
    }

    /// The first page at or behind `at` and before `end` that has a PMD table, and its PMD entry.
    pub(crate) fn next_span(&self, pid: Pid, at: u32, end: u32) -> Option<(Slot, u32)> {
        if at >= end {
            return None;
        }
        if let Some(slot) = self.pmd_slot(pid, at) {
            return Some((slot, at));
        }
        let (first, last) = (self.geometry.top_index(at), self.geometry.top_index(end - 1));
        let tops = &self.tables.all(self.mms[pid.index()].top)[first..=last];
        let skip = tops.iter().position(|entry| entry.is_table())?;
        let from = ((first + skip) as u32) << (2 * self.geometry.shift);
        Some((self.tables.slot(tops[skip].table_number(), 0), from))
    }

    /// Whether the block is covered whole.
    pub(crate) fn is_whole(&self, block: Block) -> bool {
        block.end - block.start == self.geometry.ptes()
    }
}
