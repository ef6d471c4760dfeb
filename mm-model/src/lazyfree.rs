//! MADV_FREE (I6, I10) (reclaim itself is in `reclaim`): pages become clean and lazily freeable; a
//! large folio that the range covers only in part is split first.

use crate::entry::Entry;
use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use crate::rmap_walk::Want;
use crate::split::Caller;
use crate::table::Slot;
use crate::vma::Area;
use crate::walk::Block;
use mm_ops::{EventKind, FolioFlags, Pid, VmaFlags};

/// Bits that do not matter to a run (BT8).
const RUN_IGNORES: u64 = Entry::YOUNG | Entry::DIRTY | Entry::WRITE | Entry::SOFT_DIRTY;

impl Model {
    /// MADV_FREE in one VMA.
    pub(crate) fn madvise_free(&mut self, area: Area, start: u32, end: u32) {
        self.drain_lru();
        self.notify(EventKind::Clear, area.pid, start, end);
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            at = block.end;
            if self.tables.get(block.slot).is_huge() && self.free_leaf(block) {
                continue;
            }
            // A leaf that is still there is left alone.
            if self.tables.get(block.slot).is_table() {
                let first = self.pte_slot_in(block.slot, block.start);
                self.free_ptes(area.pid, first, block.end - block.start);
            }
        }
        // A CPU that goes on with a dirty translation would not mark its writes (R31).
        self.yield_point(Point::FreeCleaned);
        if !fault!(self, MadvFreeNoFlush) {
            self.flush_tlb(area.pid, start, end);
        }
    }

    /// I10. Answers whether the block is done; where the folio was split, its PTEs come next.
    fn free_leaf(&mut self, block: Block) -> bool {
        let entry = self.tables.get(block.slot);
        if !entry.has_folio() {
            return false;
        }
        let id = self.folios.of(entry.pfn());
        let shared = self.folios.maybe_shared(id) && !fault!(self, MadvFreeSharedPage);
        if shared || self.folios[id].flags.has(FolioFlags::LOCKED) {
            return false;
        }
        if !self.is_whole(block) {
            // Whether that could be done shows in the entry.
            let _ = self.split_folio(id, 0, None, Caller::HEAD);
            return false;
        }
        self.folios[id].set(FolioFlags::DIRTY, false);
        self.tables.set(block.slot, entry.without(Entry::YOUNG | Entry::DIRTY));
        self.mark_lazyfree(id);
        true
    }

    /// I6 for `len` PTEs of one table, ascending.
    fn free_ptes(&mut self, pid: Pid, first: Slot, len: u32) {
        let mut at = 0;
        while at < len {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            if !entry.has_folio() {
                let present = entry.is_none() || entry.is_present();
                at += if present { 1 } else { self.free_nonpresent(pid, slot, len - at) };
                continue;
            }
            let id = self.folios.of(entry.pfn());
            let run = self.folio_run(slot, len - at, RUN_IGNORES);
            if run < self.folios[id].pages() {
                let shared = self.folios.maybe_shared(id) && !fault!(self, MadvFreeSharedPage);
                if !shared && self.split_folio(id, 0, None, Caller::HEAD).is_ok() {
                    // The same PTE again: its page is a small folio now, or the zero page.
                    continue;
                }
            } else {
                self.free_run(slot, id, run);
            }
            at += run;
        }
    }

    /// I6 for a folio whose every page the run maps.
    fn free_run(&mut self, slot: Slot, id: FolioId, run: u32) {
        let folio = &self.folios[id];
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        if cached || folio.flags.has(FolioFlags::DIRTY) {
            let shared = self.folios.mapcount_of(id) != run && !fault!(self, MadvFreeSharedPage);
            if shared || folio.flags.has(FolioFlags::LOCKED) {
                return;
            }
            if cached && !self.free_swap(id) {
                return;
            }
            self.folios[id].set(FolioFlags::DIRTY, false);
        }
        for entry in self.tables.run_mut(slot, run as usize) {
            *entry = entry.without(Entry::YOUNG | Entry::DIRTY);
        }
        self.mark_lazyfree(id);
    }

    /// The folio may be dropped instead of swapped, if it is on the LRU and evictable.
    fn mark_lazyfree(&mut self, id: FolioId) {
        if self.may_become_lazyfree(id) {
            self.move_to_lazyfree(id);
        }
    }

    pub(crate) fn may_become_lazyfree(&self, id: FolioId) -> bool {
        let flags = self.folios[id].flags;
        let candidate = flags.has(FolioFlags::SWAPBACKED.with(FolioFlags::LRU));
        candidate && !flags.has(FolioFlags::SWAPCACHE) && !self.is_mlocked(id)
    }

    /// Whether some LOCKED VMA maps the whole folio.
    pub(crate) fn is_mlocked(&self, id: FolioId) -> bool {
        let any_locked = self
            .mms
            .iter()
            .any(|mm| mm.alive && mm.vmas.iter().any(|vma| vma.flags.has(VmaFlags::LOCKED)));
        if !any_locked {
            return false;
        }
        let (head, pages) = (self.folios[id].head, self.folios[id].pages());
        self.rmap_ranges(id).iter().any(|range| {
            range.area.has(VmaFlags::LOCKED) && self.pages_in(head, range, Want::Mapped) == pages
        })
    }
}
