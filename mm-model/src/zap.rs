//! Taking mappings away (rulebook area I: munmap, DONTNEED, exit): entries are cleared in runs of
//! one folio, whose counts drop with the whole run (I1, I18), then page tables are freed.

use crate::batch;
use crate::entry::Entry;
use crate::folio::{FolioId, lower};
use crate::model::{Model, answer};
use crate::race::Point;
use crate::table::Slot;
use crate::vma::Area;
use crate::walk::Block;
use mm_ops::{Errno, EventKind, FolioFlags, Outcome, PageRange, Pid, VmaFlags};

/// Bits that a zap does not care about (I1).
const RUN_IGNORES: u64 = Entry::YOUNG | Entry::DIRTY | Entry::WRITE | Entry::SOFT_DIRTY;

/// Whether GUARD markers go, too (I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guards {
    Keep,
    Remove,
}

impl Model {
    /// The operation `munmap` (I1, I4, L11).
    pub(crate) fn munmap(&mut self, pid: Pid, range: PageRange) -> Outcome {
        answer(self.unmap_range(pid, range))
    }

    /// The same, for whoever needs the place.
    pub(crate) fn unmap_range(&mut self, pid: Pid, range: PageRange) -> Result<(), Errno> {
        let range = self.within_space(range).filter(|_| !range.is_empty());
        let (start, end) = range.ok_or(Errno::EINVAL)?;
        self.prepare_munmap(pid, start, end)?;
        self.notify(EventKind::Unmap, pid, start, end);
        for index in self.vmas_in(pid, start, end) {
            let area = self.area(pid, index).expect("the index is in range");
            self.zap_range(area, area.start, area.end, Guards::Remove);
        }
        self.remove_mappings(pid, start, end);
        Ok(())
    }

    /// The same where every entry is known to be NONE.
    pub(crate) fn unmap_empty(&mut self, pid: Pid, start: u32, end: u32) -> Result<(), Errno> {
        self.prepare_munmap(pid, start, end)?;
        self.remove_mappings(pid, start, end);
        Ok(())
    }

    /// The VMAs between two boundaries.
    fn vmas_in(&self, pid: Pid, start: u32, end: u32) -> std::ops::Range<usize> {
        let behind = self.mms[pid.index()].vmas.partition_point(|vma| vma.start < end);
        self.vma_from(pid, start)..behind
    }

    /// Takes away the VMAs between two boundaries, and tables that nobody needs then.
    fn remove_mappings(&mut self, pid: Pid, start: u32, end: u32) {
        self.remove_vmas(pid, self.vmas_in(pid, start, end));
        self.free_tables(pid, start, end);
    }

    /// Makes `start` and `end` boundaries of VMAs, unless a VMA between them is sealed. The kernel
    /// gathers the VMAs in ascending order, so a split in front of a sealed one stays.
    fn prepare_munmap(&mut self, pid: Pid, start: u32, end: u32) -> Result<(), Errno> {
        if let Some(area) = self.area_at(pid, start).filter(|area| area.start < start) {
            if area.has(VmaFlags::SEALED) {
                return Err(Errno::EPERM);
            }
            self.split_vma(pid, area.index, start)?;
        }
        let first = self.vma_from(pid, start);
        let touched = self.mms[pid.index()].vmas[first..].iter();
        let mut touched = touched.take_while(|vma| vma.start < end);
        if touched.any(|vma| vma.flags.has(VmaFlags::SEALED)) {
            return Err(Errno::EPERM);
        }
        if let Some(area) = self.area_at(pid, end).filter(|area| area.start < end) {
            self.split_vma(pid, area.index, end)?;
        }
        Ok(())
    }

    /// The operation `exit` (I13), and the end of a child whose fork failed (C18).
    pub(crate) fn teardown(&mut self, pid: Pid) {
        self.notify(EventKind::Release, pid, 0, self.geometry.space());
        self.lose_holes_of(pid);
        for index in 0..self.mms[pid.index()].vmas.len() {
            let area = self.area(pid, index).expect("the index is in range");
            self.zap_range(area, area.start, area.end, Guards::Remove);
        }
        let all = 0..self.mms[pid.index()].vmas.len();
        self.remove_vmas(pid, all);
        self.free_tables(pid, 0, self.geometry.space());
        let faulty = self.is_faulty();
        let mm = &mut self.mms[pid.index()];
        debug_assert!(
            faulty || (mm.rss == 0 && mm.swapents == 0 && mm.deposited.is_empty()),
            "INV10, INV28: an empty mm counts nothing"
        );
        mm.alive = false;
        let (top, record) = (mm.top, mm.anonmm);
        while let Some(table) = self.mms[pid.index()].deposited.pop() {
            self.tables.give(table);
        }
        self.tables.give(top);
        if self.is_anonmm() {
            self.anonmms.leave(record);
        }
    }

    /// Zaps `[start, end)` of a VMA, ascending.
    pub(crate) fn zap_range(&mut self, area: Area, start: u32, end: u32, guards: Guards) {
        let mut next = self.next_block(area.pid, start, end);
        while let Some(block) = next {
            self.zap_block(area, block, guards);
            next = self.block_behind(area.pid, block, end);
        }
    }

    /// Zaps what a range covers of one PMD block. Answers whether everything there is gone.
    pub(crate) fn zap_block(&mut self, area: Area, block: Block, guards: Guards) -> bool {
        if self.tables.get(block.slot).is_huge() {
            if self.is_whole(block) {
                self.zap_leaf(area.pid, block.slot);
                self.flush_zapped_range(area.pid, block);
                return true;
            }
            self.split_leaf(area, block.slot);
        }
        let slot = self.pte_slot_in(block.slot, block.start);
        let all_gone = self.zap_ptes(area.pid, slot, block.end - block.start, guards);
        self.flush_zapped_range(area.pid, block);
        all_gone
    }

    /// R17: what has no references to wait with, zero pages, is flushed with the rest.
    fn flush_zapped_range(&mut self, pid: Pid, block: Block) {
        if !fault!(self, ZapNoFlush) {
            self.flush_tlb(pid, block.start, block.end);
        }
    }

    /// I4: a whole PMD leaf goes, and its deposited table with it.
    pub(crate) fn zap_leaf(&mut self, pid: Pid, pmd: Slot) {
        let leaf = self.tables.get(pmd);
        self.tables.set(pmd, Entry::NONE);
        let table = self.withdraw(pid);
        self.tables.give(table);
        if leaf.has_folio() {
            let id = self.folios.of(leaf.pfn());
            self.flush_zapped(pid, id);
            lower(&mut self.mms[pid.index()].rss, self.geometry.ptes());
            self.remove_rmap_pmd(id, pid);
            self.put_unmapped(id, 1);
        } else if leaf.is_device_private() {
            let id = self.folios.of(leaf.pfn());
            lower(&mut self.mms[pid.index()].rss, self.geometry.ptes());
            self.remove_rmap_pmd(id, pid);
            self.put_folio(id, 1);
        } else if leaf.is_migration() {
            lower(&mut self.mms[pid.index()].rss, self.geometry.ptes());
        }
    }

    /// Zaps `len` PTEs of one table. Answers whether none was left.
    fn zap_ptes(&mut self, pid: Pid, first: Slot, len: u32, guards: Guards) -> bool {
        let mut all_gone = true;
        // Pages that lost their last PTE in the run so far: G12 is about whole runs, however long
        // the batches they are processed in (I18).
        let mut unmapped = 0;
        let mut at = 0;
        while at < len {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            if entry.has_folio() {
                at += self.zap_batch(pid, slot, len - at, &mut unmapped);
                continue;
            }
            if entry.is_present() {
                self.tables.set(slot, Entry::NONE);
            } else if !entry.is_none() {
                let gone = self.zap_nonpresent(pid, slot, len - at, guards);
                all_gone &= gone.is_some();
                at += gone.unwrap_or(1);
                continue;
            }
            at += 1;
        }
        all_gone
    }

    /// I1 for the batch that begins at a PTE; G12 once where the run ends. References drop last.
    /// Answers how many entries are done.
    #[inline]
    pub(crate) fn zap_batch(&mut self, pid: Pid, slot: Slot, room: u32, unmapped: &mut u32) -> u32 {
        let entry = self.tables.get(slot);
        let id = self.folios.of(entry.pfn());
        if self.folios[id].is_large() {
            let len = self.run_at(slot, room, RUN_IGNORES);
            let goes_on = len < room && self.run_goes_on(id, slot + len as usize);
            self.tables.run_mut(slot, len as usize).fill(Entry::NONE);
            self.flush_zapped(pid, id);
            lower(&mut self.mms[pid.index()].rss, len);
            *unmapped += self.remove_rmap_ptes(id, entry.pfn(), len, pid);
            if !goes_on {
                self.note_partial_unmap(id, std::mem::take(unmapped));
            }
            self.put_unmapped(id, len);
            return len;
        }
        self.tables.set(slot, Entry::NONE);
        self.flush_zapped(pid, id);
        lower(&mut self.mms[pid.index()].rss, 1);
        self.remove_rmap_ptes(id, entry.pfn(), 1, pid);
        self.put_unmapped(id, 1);
        1
    }

    /// I1: the references of zapped entries drop only when no TLB has their translations.
    #[inline]
    fn flush_zapped(&mut self, pid: Pid, id: FolioId) {
        self.yield_point(Point::ZapCleared);
        if !fault!(self, ZapNoFlush) {
            self.flush_tlb_in(pid, id);
        }
        self.yield_point(Point::ZapFlushed);
    }

    /// Whether a run of a folio goes on at this PTE, behind one that was as long as allowed.
    fn run_goes_on(&self, id: FolioId, slot: Slot) -> bool {
        let (last, next) = (self.tables.get(slot - 1), self.tables.get(slot));
        batch::continues(last, next, RUN_IGNORES) && self.folios.of(next.pfn()) == id
    }

    /// The references of mappings that went; the slots of a cached folio may go with the last one.
    #[inline]
    pub(crate) fn put_unmapped(&mut self, id: FolioId, refs: u32) {
        if self.folios[id].flags.has(FolioFlags::SWAPCACHE) {
            self.free_swap_if_unmapped(id);
        }
        self.put_folio(id, refs);
    }

    /// Frees the tables that overlap `[start, end)` and no VMA any more (I14, last sentence).
    pub(crate) fn free_tables(&mut self, pid: Pid, start: u32, end: u32) {
        let vmas = &self.mms[pid.index()].vmas;
        let next = self.vma_from(pid, start);
        let floor = next.checked_sub(1).map_or(0, |prev| vmas[prev].end);
        let ceiling = vmas.get(next).map_or(self.geometry.space(), |next| next.start);
        let mut at = self.geometry.block_start(start);
        while let Some(block) = self.next_block(pid, at, end) {
            let (low, high) =
                (self.geometry.block_start(block.start), self.geometry.block_end(block.start));
            if low >= floor && high <= ceiling {
                self.free_pte_table(block.slot);
            }
            at = high;
        }
        let mut at = self.geometry.span_start(start);
        while let Some((_, from)) = self.next_span(pid, at, end) {
            at = from;
            let high = self.geometry.span_end(at);
            if at >= floor && high <= ceiling {
                self.free_pmd_table(pid, at);
            }
            at = high;
        }
    }

    /// Frees an empty PTE table; its PMD entry becomes NONE.
    pub(crate) fn free_pte_table(&mut self, pmd: Slot) {
        let table = self.tables.get(pmd).table_number();
        self.tables.set(pmd, Entry::NONE);
        self.tables.give(table);
    }

    fn free_pmd_table(&mut self, pid: Pid, vpn: u32) {
        let top = self.tables.slot(self.mms[pid.index()].top, self.geometry.top_index(vpn));
        let entry = self.tables.get(top);
        if entry.is_table() {
            self.tables.set(top, Entry::NONE);
            self.tables.give(entry.table_number());
        }
    }

    /// MADV_DONTNEED and MADV_DONTNEED_LOCKED in one VMA (I5, I14).
    pub(crate) fn dontneed(&mut self, area: Area, start: u32, end: u32) {
        self.notify(EventKind::Clear, area.pid, start, end);
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            if fault!(self, DontneedSkipsNonpresent) && self.begins_with_migration(block) {
                at = block.end;
                continue;
            }
            let all_gone = self.zap_block(area, block, Guards::Keep);
            let table = self.tables.get(block.slot).is_table();
            if table && all_gone && self.config.pt_reclaim && self.is_whole(block) {
                self.free_pte_table(block.slot);
            }
            at = block.end;
        }
    }
}

impl Model {
    /// Whether the first entry of a block is under migration.
    fn begins_with_migration(&self, block: Block) -> bool {
        let pmd = self.tables.get(block.slot);
        let first = if pmd.is_table() {
            self.tables.get(self.pte_slot_in(block.slot, block.start))
        } else {
            pmd
        };
        first.is_migration()
    }
}
