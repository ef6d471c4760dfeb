//! Reclaim (rulebook area E, E1 to E11, E25): a folio is unmapped everywhere, written to swap and
//! freed, or just dropped if it is lazily free. Only lazily free pages are unmapped in runs (BT3,
//! E10). Called for one folio, and for those of a range (MADV_PAGEOUT, MADV_COLD).

use crate::circumstances::{Circumstance, Held};
use crate::entry::{Entry, Pfn};
use crate::folio::{FolioId, lower};
use crate::model::Model;
use crate::race::Point;
use crate::rmap_walk::{RmapRange, Want};
use crate::split::Caller;
use crate::table::Slot;
use crate::vma::Area;
use crate::walk::Block;
use mm_ops::{Errno, FolioFlags, Outcome, Pid, TOKENS_MAX, Token, Value, VmaFlags, Vpn};

/// Bits that may differ within a run that is dropped (E9).
const DROP_IGNORES: u64 = Entry::YOUNG | Entry::DIRTY;
/// Bits that may differ within a run of MADV_COLD and MADV_PAGEOUT (BT8).
const COLD_IGNORES: u64 = Entry::YOUNG | Entry::DIRTY | Entry::WRITE | Entry::SOFT_DIRTY;

/// What became of a folio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It was freed.
    Freed,
    /// Its write is in flight.
    InFlight,
    /// It was kept.
    Kept,
    /// Nothing was done: it must be split first (E1).
    MustSplit,
}

/// Where a pass begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pass {
    /// At the first test.
    Whole,
    /// Behind the split of the folio that this was a part of: it is not asked again whether it is
    /// evictable.
    GoesOn,
}

/// Which of the two advices about cold pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cold {
    /// MADV_COLD: the entries become old.
    Age,
    /// MADV_PAGEOUT: the folios are reclaimed.
    PageOut,
}

impl Model {
    /// The operation `swap_out`.
    pub(crate) fn swap_out(&mut self, pid: Pid, vpn: Vpn, token: Option<Token>) -> Outcome {
        if token.is_some_and(|token| token.0 >= TOKENS_MAX) {
            return Outcome::Err(Errno::EINVAL);
        }
        if token.is_some_and(|token| self.tokens[token.index()].is_some()) {
            return Outcome::Err(Errno::EBUSY);
        }
        let Some((id, pfn)) = self.folio_at(pid, vpn) else {
            return Outcome::Err(Errno::EFAULT);
        };
        self.drain_lru();
        let flags = self.folios[id].flags;
        if !flags.has(FolioFlags::LRU) || flags.has(FolioFlags::LOCKED) {
            return Outcome::Err(Errno::EAGAIN);
        }
        let mut verdict = self.reclaim(id, token, Pass::Whole);
        if verdict == Verdict::MustSplit {
            verdict = if self.split_folio(id, 0, None, Caller::HEAD).is_err() {
                Verdict::Kept
            } else if self.is_live_page(pfn) {
                self.reclaim(self.folios.of(pfn), token, Pass::GoesOn)
            } else {
                Verdict::Freed
            };
        }
        match verdict {
            Verdict::Freed | Verdict::InFlight => Outcome::Ok,
            Verdict::Kept | Verdict::MustSplit => Outcome::Err(Errno::EBUSY),
        }
    }

    /// Whether a page of a folio just split is still there.
    fn is_live_page(&self, pfn: Pfn) -> bool {
        let folio = &self.folios[self.folios.of(pfn)];
        folio.refs > 0 && folio.head == pfn
    }

    /// shrink_folio_list for one folio that is on the LRU and not locked (E1 to E11).
    fn reclaim(&mut self, id: FolioId, token: Option<Token>, pass: Pass) -> Verdict {
        // The isolation reference.
        self.folios[id].refs += 1;
        let verdict = self.reclaim_isolated(id, token, pass);
        let folio = &self.folios[id];
        // A poisoned page does not become free with its last reference (Q2).
        let freed = folio.refs == 1 && !self.folios.poisoned.any(folio.head, folio.pages());
        self.put_folio(id, 1);
        if freed { Verdict::Freed } else { verdict }
    }

    fn reclaim_isolated(&mut self, id: FolioId, token: Option<Token>, pass: Pass) -> Verdict {
        if self.is_anonmm() {
            return self.reclaim_noted(id, token);
        }
        let folio = &self.folios[id];
        let poisoned = self.folios.poisoned.any(folio.head, folio.pages());
        if poisoned && !fault!(self, HwpoisonSwapcacheReclaimed) {
            // E8: a small one is taken from everybody, and not put back on the LRU.
            let forgets = folio.entire == 0 && fault!(self, HwpoisonLargeReclaim);
            if !folio.is_large() || forgets {
                self.unmap_poisoned(id);
                self.folios[id].set(FolioFlags::LRU, false);
            }
            return Verdict::Kept;
        }
        if pass == Pass::Whole && self.is_mlocked(id) {
            return self.activate(id);
        }
        let flags = self.folios[id].flags;
        if flags.has(FolioFlags::WRITEBACK) {
            return Verdict::Kept;
        }
        if flags.has(FolioFlags::SWAPBACKED)
            && !flags.has(FolioFlags::SWAPCACHE)
            && let Some(verdict) = self.find_slots(id)
        {
            return verdict;
        }
        self.unmap(id);
        self.yield_point(Point::SwapUnmapped);
        if !fault!(self, SwapoutNoFlush) {
            self.flush_tlb_of(id);
        }
        self.yield_point(Point::SwapFlushed);
        if self.folios.mapcount_of(id) > 0 {
            return self.activate(id);
        }
        if self.folios[id].maybe_pinned() || !self.folios[id].flags.has(FolioFlags::SWAPCACHE) {
            // Not in the swap cache: lazily free, and gone with the isolation if nobody has it.
            return Verdict::Kept;
        }
        self.write_and_free(id, token)
    }

    /// E1 for a folio that has no slots yet. Answers what ends the pass here, if anything does.
    fn find_slots(&mut self, id: FolioId) -> Option<Verdict> {
        let folio = &self.folios[id];
        if folio.maybe_pinned() && !fault!(self, ReclaimUnmapsPinned) {
            return Some(Verdict::Kept);
        }
        let large = folio.is_large();
        if large && self.folios.mapcount_of(id) != folio.refs - 1 {
            return Some(Verdict::Kept);
        }
        let queued = FolioFlags::DEFERRED.with(FolioFlags::PARTIALLY_MAPPED);
        if large && folio.flags.has(queued) {
            return Some(Verdict::MustSplit);
        }
        if !self.add_to_swap(id) {
            return Some(if large { Verdict::MustSplit } else { Verdict::Kept });
        }
        self.folios[id].set(FolioFlags::DIRTY, true);
        None
    }

    /// The folio is kept as active: its slots are given up if they are scarce, or if it can never
    /// be swapped.
    fn activate(&mut self, id: FolioId) -> Verdict {
        let cached = self.folios[id].flags.has(FolioFlags::SWAPCACHE);
        if cached && (self.swap.is_nearly_full() || self.is_mlocked(id)) {
            self.free_swap(id);
        }
        Verdict::Kept
    }

    /// try_to_unmap (E3 to E9): VMA by VMA in the order of the rmap walk, until nothing maps the
    /// folio or an entry resists.
    fn unmap(&mut self, id: FolioId) {
        for range in self.rmap_ranges(id) {
            if self.folios.mapcount_of(id) == 0 {
                return; // L8, L17
            }
            self.notify_visit(id, &range);
            if !self.unmap_in_vma(id, &range) {
                return;
            }
        }
    }

    /// Answers `false` if an entry could not be taken away; what went before stays away (E6).
    fn unmap_in_vma(&mut self, id: FolioId, range: &RmapRange) -> bool {
        let lazyfree = !self.folios[id].flags.has(FolioFlags::SWAPBACKED);
        let (area, head) = (range.area, self.folios[id].head);
        let mut done = 0;
        while let Some(run) = self.next_rmap_run(head, range, done, Want::Mapped) {
            if area.has(VmaFlags::LOCKED) {
                return false; // E3
            }
            if run.leaf {
                if lazyfree {
                    return self.drop_leaf(area, run.slot, id);
                }
                // Its PTEs are found next.
                self.split_leaf(area, run.slot);
                continue;
            }
            let len = if lazyfree {
                self.drop_run(area, run.slot, run.vpn, id)
            } else {
                let mut slots = run.slot..run.slot + run.len as usize;
                slots.all(|slot| self.swap_out_pte(area, slot, id)).then_some(run.len)
            };
            let Some(len) = len else {
                return false;
            };
            done = run.vpn + len - range.start;
        }
        true
    }

    /// E4 for one PTE (E10): it becomes a SWAP entry. Answers `false` if its page may be pinned.
    pub(crate) fn swap_out_pte(&mut self, area: Area, slot: Slot, id: FolioId) -> bool {
        let entry = self.tables.get(slot);
        let pfn = entry.pfn();
        let late = fault!(self, RaceIiiSwapoutGupfast);
        if !late {
            self.hide_entry(slot, Point::SwapCleared);
        }
        if entry.has(Entry::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        let exclusive = self.folios.exclusive.get(pfn) && !fault!(self, ReclaimUnmapsPinned);
        if exclusive && self.folios[id].maybe_pinned() {
            self.unhide_entry();
            if fault!(self, UnmapErrorLeaksSlot) {
                self.duplicate_slot(self.folios[id].swap + (pfn - self.folios[id].head));
            }
            return false; // D17
        }
        if late {
            self.yield_point(Point::SwapCleared);
        }
        if !fault!(self, SwapoutKeepsPae) {
            self.folios.exclusive.fill(pfn, 1, false);
        }
        self.yield_point(Point::SwapShared);
        let number = self.folios[id].swap + (pfn - self.folios[id].head);
        self.duplicate_slot(number);
        let kept = entry.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
        // E26: without the bit for it the entry forgets that the page was exclusive.
        let kept_exclusive = exclusive && !self.config.swap_noexcl;
        let bits = if kept_exclusive { kept | Entry::EXCLUSIVE } else { kept };
        self.tables.set(slot, Entry::swap(number, bits));
        self.hidden = None;
        self.yield_point(Point::SwapReplaced);
        #[cfg(feature = "faults")]
        {
            self.remembered.inherited_swap[area.pid.index()] = false;
        }
        let mm = &mut self.mms[area.pid.index()];
        lower(&mut mm.rss, 1);
        mm.swapents += 1;
        let unmapped = self.remove_rmap_ptes(id, pfn, 1, area.pid);
        self.note_partial_unmap(id, unmapped);
        self.put_folio(id, 1);
        true
    }

    /// Whether lazily free pages may be dropped (E9): still clean, and nobody refers to them but the
    /// mappings and the isolation.
    fn may_drop(&mut self, area: Area, id: FolioId, dirty: bool) -> bool {
        if dirty {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        let folio = &self.folios[id];
        if folio.flags.has(FolioFlags::DIRTY) && !area.has(VmaFlags::DROPPABLE) {
            self.folios[id].set(FolioFlags::SWAPBACKED, true);
            return false;
        }
        folio.refs == 1 + self.folios.mapcount_of(id) || fault!(self, MadvfreeVsDirectIo)
    }

    /// E9 for the run of lazily free PTEs that begins here (BT3): it is decided for the whole run, and
    /// where it stays every entry has the access bits of all. Answers its length if it went.
    fn drop_run(&mut self, area: Area, slot: Slot, vpn: u32, id: FolioId) -> Option<u32> {
        let room = area.end.min(self.geometry.block_end(vpn)) - vpn;
        // A DEVEXCL entry is a run of its own.
        let room = if self.tables.get(slot).is_present() { room } else { 1 };
        let len = self.folio_run(slot, room, DROP_IGNORES);
        let run = self.tables.run(slot, len as usize);
        let merged = run.iter().fold(0, |all, entry| all | entry.0) & DROP_IGNORES;
        let dropped = self.hide_run(slot, len, Point::LazyCleared);
        let may_drop = self.may_drop(area, id, merged & Entry::DIRTY != 0);
        self.unhide_run(slot, dropped);
        if !may_drop {
            for entry in self.tables.run_mut(slot, len as usize) {
                *entry = entry.with(merged);
            }
            return None;
        }
        let pfn = self.tables.get(slot).pfn();
        let (mut done, mut unmapped) = (0, 0);
        while done < len {
            let step = self.run_max.min(len - done);
            self.tables.run_mut(slot + done as usize, step as usize).fill(Entry::NONE);
            lower(&mut self.mms[area.pid.index()].rss, step);
            unmapped += self.remove_rmap_ptes(id, pfn + done, step, area.pid);
            self.put_folio(id, step);
            done += step;
        }
        self.note_partial_unmap(id, unmapped);
        #[cfg(feature = "faults")]
        if fault!(self, BatchUnmapPastTable) {
            self.clear_behind(id, slot, pfn, len);
        }
        Some(len)
    }

    /// E9 for a PMD leaf.
    fn drop_leaf(&mut self, area: Area, pmd: Slot, id: FolioId) -> bool {
        let dirty = self.tables.get(pmd).has(Entry::DIRTY);
        let may_drop = self.may_drop(area, id, dirty);
        if may_drop {
            self.zap_leaf(area.pid, pmd);
        }
        may_drop
    }

    /// E11 for a cached folio that nothing maps: written if dirty, and freed once it is clean and
    /// nobody else refers to it.
    pub(crate) fn write_and_free(&mut self, id: FolioId, token: Option<Token>) -> Verdict {
        let folio = &self.folios[id];
        if folio.refs != 1 + folio.pages() {
            return Verdict::Kept;
        }
        if folio.flags.has(FolioFlags::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, false);
            if self.start_write(id, token) {
                return Verdict::InFlight;
            }
        }
        self.uncache_folio(id);
        Verdict::Kept
    }

    /// Writes a folio to its slots. Answers whether the write goes on after this.
    fn start_write(&mut self, id: FolioId, token: Option<Token>) -> bool {
        let folio = &self.folios[id];
        let (slot, pages) = (folio.swap, folio.pages());
        let values: Vec<Value> = self.folios.value[folio.head as usize..][..pages as usize].into();
        let zero = values.iter().all(|value| value.is_zero());
        for slot in slot..slot + pages {
            self.swap[slot].zero = zero;
            if zero {
                self.swap[slot].value = Value::ZERO;
            }
        }
        if zero {
            return false;
        }
        if let Some(token) = token
            && !self.config.swap_device.is_sync()
        {
            self.folios[id].set(FolioFlags::WRITEBACK, true);
            let held = Held::Writeback(values);
            self.tokens[token.index()] = Some(Circumstance { held, folio: Some(id) });
            return true;
        }
        self.write_slots(id, &values);
        false
    }

    /// MADV_COLD and MADV_PAGEOUT in one VMA (I9, I16), one block after the other (E25).
    pub(crate) fn madvise_cold(
        &mut self,
        area: Area,
        start: u32,
        end: u32,
        cold: Cold,
    ) -> Result<(), Errno> {
        self.drain_lru();
        let mut at = start;
        while let Some(block) = self.next_block(area.pid, at, end) {
            at = block.end;
            let mut folios = Vec::new();
            if self.tables.get(block.slot).is_huge() && self.cold_leaf(block, cold, &mut folios)? {
                self.page_out(&folios);
                continue;
            }
            let first = self.pte_slot_in(block.slot, block.start);
            self.cold_ptes(first, block.end - block.start, cold, &mut folios);
            self.page_out(&folios);
        }
        Ok(())
    }

    /// I16 for a PMD entry that covers the block. Answers whether the block is done; where the folio
    /// was split, its PTEs come next.
    fn cold_leaf(
        &mut self,
        block: Block,
        cold: Cold,
        folios: &mut Vec<FolioId>,
    ) -> Result<bool, Errno> {
        let entry = self.tables.get(block.slot);
        if !entry.has_folio() {
            return Ok(true);
        }
        let id = self.folios.of(entry.pfn());
        if self.folios.maybe_shared(id) {
            return Ok(true);
        }
        if !self.is_whole(block) {
            if self.folios[id].flags.has(FolioFlags::LOCKED) {
                return Err(Errno::EINTR);
            }
            return Ok(self.split_folio(id, 0, None, Caller::HEAD).is_err());
        }
        match cold {
            Cold::Age => self.tables.set(block.slot, entry.without(Entry::YOUNG)),
            Cold::PageOut => folios.push(id),
        }
        Ok(true)
    }

    /// I16 for `len` PTEs of one table, ascending.
    fn cold_ptes(&mut self, first: Slot, len: u32, cold: Cold, folios: &mut Vec<FolioId>) {
        let mut at = 0;
        while at < len {
            let slot = first + at as usize;
            let entry = self.tables.get(slot);
            if !entry.has_folio() {
                at += 1;
                continue;
            }
            let id = self.folios.of(entry.pfn());
            let run = self.folio_run(slot, len - at, COLD_IGNORES);
            let pages = self.folios[id].pages();
            if run < pages {
                let shared = self.folios.maybe_shared(id);
                if !shared && self.split_folio(id, 0, None, Caller::HEAD).is_ok() {
                    // The same PTE again: its page is a small folio now, or the zero page.
                    continue;
                }
            } else if self.folios.mapcount_of(id) == pages
                && self.folios[id].flags.has(FolioFlags::LRU)
            {
                match cold {
                    Cold::Age => {
                        for entry in self.tables.run_mut(slot, run as usize) {
                            *entry = entry.without(Entry::YOUNG);
                        }
                    }
                    Cold::PageOut => folios.push(id),
                }
            }
            at += run;
        }
    }

    /// Reclaims folios in this order; when one is split, its first page goes on first, then the
    /// others from the last one down (E25).
    fn page_out(&mut self, folios: &[FolioId]) {
        for &id in folios {
            let flags = self.folios[id].flags;
            if !flags.has(FolioFlags::LRU) || flags.has(FolioFlags::LOCKED) {
                continue;
            }
            let (head, pages) = (self.folios[id].head, self.folios[id].pages());
            let must_split = self.reclaim(id, None, Pass::Whole) == Verdict::MustSplit;
            if !must_split || self.split_folio(id, 0, None, Caller::HEAD).is_err() {
                continue;
            }
            for pfn in std::iter::once(head).chain((head + 1..head + pages).rev()) {
                if self.is_live_page(pfn) {
                    let pass = if pfn == head { Pass::GoesOn } else { Pass::Whole };
                    self.reclaim(self.folios.of(pfn), None, pass);
                }
            }
        }
    }
}
