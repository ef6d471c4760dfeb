//! Reclaim (E1 … E11, E25): how folios leave memory. `swap_out` does it to one folio, MADV_PAGEOUT
//! to all of a range (I9, I16); MADV_COLD only lets them age.

use std::ops::Range;

use mm_ops::{EntryFlags, Errno, FolioFlags, Outcome, Pid, Token, VmaFlags, Vpn};

use crate::counts::Mapping;
use crate::coverage::rule;
use crate::state::{
    Circumstance, FolioId, Holding, Leaf, Mapped, PmdKind, Pte, Reference, Swapped,
};

/// What became of a folio that was to be reclaimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reclaimed {
    Freed,
    /// Its write is in flight.
    Written,
    /// It stays; `activated` folios give up their swap slots where that helps (E1).
    Kept {
        activated: bool,
    },
}

const ACTIVATED: Reclaimed = Reclaimed::Kept { activated: true };
pub(crate) const KEPT: Reclaimed = Reclaimed::Kept { activated: false };

/// `swap_out`.
impl Reference {
    pub(crate) fn op_swap_out(&mut self, pid: Pid, vpn: Vpn, token: Option<Token>) -> Outcome {
        if let Some(token) = token {
            match self.tokens.get(token.index()) {
                None => return Outcome::Err(Errno::EINVAL),
                Some(Some(_)) => return Outcome::Err(Errno::EBUSY),
                Some(None) => {}
            }
        }
        let Some(folio) = self.folio_at(pid, vpn.0) else { return Outcome::Err(Errno::EFAULT) };
        self.drain();
        if !self.folio(folio).flags.has(FolioFlags::LRU) || self.locked(folio) {
            return Outcome::Err(Errno::EAGAIN);
        }
        let result = if self.has_anonmm() {
            self.reclaim_page(folio, token)
        } else {
            let page = self.page_at(pid, vpn.0);
            self.reclaim(folio, page, token, &mut Vec::new())
        };
        match result {
            Reclaimed::Freed | Reclaimed::Written => Outcome::Ok,
            Reclaimed::Kept { .. } => Outcome::Err(Errno::EBUSY),
        }
    }

    /// Which page of the folio is mapped at a page, or swapped out from there.
    pub(crate) fn page_at(&self, pid: Pid, vpn: u32) -> u32 {
        match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
            (_, Pte::Page(mapped) | Pte::DevPrivate(mapped) | Pte::DevExclusive(mapped)) => {
                mapped.page
            }
            (_, Pte::Swap(Swapped { slot, .. })) => {
                let cache = self.slots[slot as usize].cache;
                cache.map_or(0, |folio| slot - self.cached_slots(folio).start)
            }
            _ => vpn - self.block_start(vpn),
        }
    }
}

/// One folio.
impl Reference {
    /// shrink_folio_list for one folio (E1). Whoever calls it has taken the folio off the LRU, which
    /// means one more reference than is counted here, and has its lock. Where the folio is split on
    /// the way, it goes on with the piece of page `page`; the other pieces are added to `pieces`,
    /// highest first (E25).
    fn reclaim(
        &mut self,
        folio: FolioId,
        page: u32,
        token: Option<Token>,
        pieces: &mut Vec<FolioId>,
    ) -> Reclaimed {
        let mut folio = folio;
        let result = match self.ready_for_unmap(&mut folio, page, pieces) {
            Ok(()) => self.unmap_and_free(folio, token),
            Err(result) => result,
        };
        let may_leave = self.swap_nearly_full() || self.mlocked(folio);
        if result == ACTIVATED && may_leave && self.free_swap(folio) {
            rule!(self.coverage, E1, 7);
        }
        result
    }

    /// E1 up to the swap slots.
    fn ready_for_unmap(
        &mut self,
        folio: &mut FolioId,
        page: u32,
        pieces: &mut Vec<FolioId>,
    ) -> Result<(), Reclaimed> {
        if self.folio(*folio).pages.iter().any(|page| page.hwpoison) {
            // Q1: a small one is taken from everybody, and does not go back to the LRU.
            rule!(self.coverage, E1, 8);
            if !self.folio(*folio).large() {
                self.unmap_poisoned(*folio);
                self.remove_folio_flags(*folio, FolioFlags::LRU);
            }
            return Err(KEPT);
        }
        if self.mlocked(*folio) {
            rule!(self.coverage, E1, 0);
            return Err(ACTIVATED);
        }
        if self.under_writeback(*folio) {
            rule!(self.coverage, E1, 1);
            return Err(ACTIVATED);
        }
        let swapbacked = self.folio(*folio).flags.has(FolioFlags::SWAPBACKED);
        if !swapbacked || self.in_swap_cache(*folio) {
            rule!(self.coverage, E1, 2);
            return Ok(());
        }
        if self.maybe_pinned(*folio) {
            rule!(self.coverage, E1, 3);
            return Err(KEPT);
        }
        if self.folio(*folio).large() {
            if self.extra_references(*folio) > 0 {
                rule!(self.coverage, E1, 4);
                return Err(ACTIVATED);
            }
            if self.folio(*folio).flags.has(FolioFlags::PARTIALLY_MAPPED) {
                rule!(self.coverage, E1, 5);
                *folio = self.split_for_reclaim(*folio, page, pieces)?;
            }
        }
        if !self.enter_swap_cache(*folio) {
            if !self.folio(*folio).large() {
                rule!(self.coverage, E1, 8);
                return Err(ACTIVATED);
            }
            rule!(self.coverage, E1, 6);
            *folio = self.split_for_reclaim(*folio, page, pieces)?;
            if !self.enter_swap_cache(*folio) {
                return Err(ACTIVATED);
            }
        }
        self.add_folio_flags(*folio, FolioFlags::DIRTY);
        Ok(())
    }

    /// Splits a folio on its way out. The piece of page `page`; `Freed` if nothing maps that piece
    /// any more, because it was full of zeroes (G10).
    fn split_for_reclaim(
        &mut self,
        folio: FolioId,
        page: u32,
        pieces: &mut Vec<FolioId>,
    ) -> Result<FolioId, Reclaimed> {
        let places: Vec<Mapping> = self.mappings(folio).collect();
        let nr = self.folio(folio).nr_pages();
        let kept = self.split_to_pages(folio, page).map_err(|_| ACTIVATED)?;
        let piece_of = |page: u32| {
            places.iter().find_map(|place| {
                let first = if place.by_pmd { 0 } else { place.page };
                let pages = first..if place.by_pmd { nr } else { first + 1 };
                let at = place.vpn + page.checked_sub(pages.start)?;
                let mapped = self.pte(place.pid, at);
                let Mapped { folio, .. } = self.mapped_by(&mapped)?;
                pages.contains(&page).then_some(folio)
            })
        };
        let others = (0..nr).rev().filter(|other| *other != page);
        pieces.extend(others.filter_map(piece_of));
        if self.mapcount(kept) > 0 { Ok(kept) } else { Err(Reclaimed::Freed) }
    }

    /// E3 to E11: unmapped, then written and freed.
    fn unmap_and_free(&mut self, folio: FolioId, token: Option<Token>) -> Reclaimed {
        self.try_to_unmap(folio);
        self.between_steps();
        if self.mapcount(folio) > 0 {
            rule!(self.coverage, E6);
            return ACTIVATED;
        }
        if self.maybe_pinned(folio) {
            rule!(self.coverage, E11, 4);
            return ACTIVATED;
        }
        self.write_and_free(folio, token)
    }

    /// E11: nobody maps the folio. It is written if dirty, and freed if nobody has it.
    pub(crate) fn write_and_free(&mut self, folio: FolioId, token: Option<Token>) -> Reclaimed {
        // A lazyfree folio is in no cache: nothing but a reference of somebody's keeps it.
        let cache = self.cache_references(folio);
        if self.refcount(folio) != cache {
            rule!(self.coverage, E11, 5);
            return KEPT;
        }
        if cache > 0 && self.folio(folio).flags.has(FolioFlags::DIRTY) {
            let sync = self.config.swap_device.is_sync();
            match (self.begin_write(folio), token) {
                (None, _) => {}
                (Some(written), Some(token)) if !sync => {
                    let holding = Holding::Writeback(written);
                    let write = Circumstance { holding, folio: Some(folio) };
                    self.tokens[token.index()] = Some(write);
                    return Reclaimed::Written;
                }
                (Some(written), _) => self.end_write(folio, &written),
            }
        }
        rule!(self.coverage, E11, 6);
        self.leave_swap_cache(folio);
        Reclaimed::Freed
    }
}

/// Unmapping.
impl Reference {
    /// try_to_unmap (E3): VMA by VMA as the rmap walk finds them, until one refuses.
    fn try_to_unmap(&mut self, folio: FolioId) {
        self.note_walk(folio);
        for (pid, range) in self.parts_to_unmap(folio) {
            if self.mapcount(folio) == 0 {
                return;
            }
            self.notify_visit(pid, range.clone());
            if !self.unmap_in_vma(folio, pid, range) {
                return;
            }
        }
    }

    /// try_to_unmap_one; `false`: a mapping of this VMA stays, and the walk ends.
    fn unmap_in_vma(&mut self, folio: FolioId, pid: Pid, range: Range<u32>) -> bool {
        let vma = self.vma_flags(pid, range.start);
        let lazyfree = !self.folio(folio).flags.has(FolioFlags::SWAPBACKED);
        let mut vpn = range.start;
        while vpn < range.end {
            let by_pmd = matches!(self.pmd(pid, vpn), PmdKind::Leaf(leaf) if leaf.folio == folio);
            let mapped = self.mapped_by(&self.pte(pid, vpn));
            let by_pte = mapped.is_some_and(|mapped| mapped.folio == folio);
            if !by_pmd && !by_pte {
                vpn += 1;
                continue;
            }
            self.between_steps();
            if vma.has(VmaFlags::LOCKED) {
                rule!(self.coverage, E3, 0);
                return false;
            }
            if by_pmd && lazyfree {
                return self.discard_leaf(pid, vpn, vma);
            }
            if by_pmd {
                rule!(self.coverage, E7, 0);
                self.split_pmd(pid, vpn);
            }
            rule!(self.coverage, E3, 1);
            let done = if lazyfree {
                self.discard_run(pid, vpn, range.end)
            } else {
                self.swap_pte(pid, vpn)
            };
            let Some(done) = done else { return false };
            vpn += done;
        }
        true
    }

    /// E4: one entry becomes a SWAP entry; `None`: it stays as it was.
    pub(crate) fn swap_pte(&mut self, pid: Pid, vpn: u32) -> Option<u32> {
        let pte = self.pte(pid, vpn);
        let Mapped { folio, page, flags } = self.mapped_by(&pte)?;
        if let Pte::DevExclusive(_) = pte {
            rule!(self.coverage, E5, 0);
            rule!(self.coverage, N17, 1);
        }
        let slot = self.cached_at(folio)? + page;
        if flags.has(EntryFlags::DIRTY) {
            self.add_folio_flags(folio, FolioFlags::DIRTY);
        }
        let exclusive = self.page(folio, page).exclusive;
        if exclusive && self.maybe_pinned(folio) {
            rule!(self.coverage, E4, 2);
            return None;
        }
        rule!(self.coverage, E4, u8::from(exclusive));
        self.page_mut(folio, page).exclusive = false;
        let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
        let flags = EntryFlags(flags.0 & kept.0).with_if(EntryFlags::EXCLUSIVE, exclusive);
        self.set_pte(pid, vpn, Pte::Swap(Swapped { slot, flags }));
        self.ptes_removed(folio, pid, page..page + 1);
        Some(1)
    }

    /// E9: a run of entries of a lazyfree folio is dropped; the length of the run. If the folio turns
    /// out dirty, or somebody refers to it, the run stays (`None`), young and dirty as any of its
    /// entries was; a dirty folio is an ordinary one again.
    fn discard_run(&mut self, pid: Pid, vpn: u32, end: u32) -> Option<u32> {
        let Pte::Page(Mapped { folio, page, flags }) = self.pte(pid, vpn) else {
            return self.discard_exclusive(pid, vpn);
        };
        let respected = EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY);
        let run = self.run_length(pid, vpn, end, respected);
        let mut merged = flags;
        for at in vpn..vpn + run {
            if let Pte::Page(mapped) = self.pte(pid, at) {
                let ored = EntryFlags::YOUNG.with(EntryFlags::DIRTY);
                merged = merged.with(EntryFlags(mapped.flags.0 & ored.0));
            }
        }
        if merged.has(EntryFlags::DIRTY) {
            self.add_folio_flags(folio, FolioFlags::DIRTY);
        }
        if !self.discardable(folio, self.vma_flags(pid, vpn)) {
            for at in vpn..vpn + run {
                self.set_pte_flags(pid, at, merged);
            }
            return None;
        }
        rule!(self.coverage, E9, 2);
        for at in vpn..vpn + run {
            self.set_pte(pid, at, Pte::None);
        }
        self.ptes_removed(folio, pid, page..page + run);
        Some(run)
    }

    /// E5, E9: the same for a DEVEXCL entry, which is in no run: what was noted in it the folio knows already.
    fn discard_exclusive(&mut self, pid: Pid, vpn: u32) -> Option<u32> {
        let Mapped { folio, page, .. } = self.mapped_by(&self.pte(pid, vpn))?;
        let discardable = self.discardable(folio, self.vma_flags(pid, vpn));
        rule!(self.coverage, E5, if discardable { 1 } else { 2 });
        if !discardable {
            return None;
        }
        self.set_pte(pid, vpn, Pte::None);
        self.ptes_removed(folio, pid, page..page + 1);
        Some(1)
    }

    /// E7, E9: the same for a PMD leaf of a lazyfree folio; `true`: it is gone.
    fn discard_leaf(&mut self, pid: Pid, vpn: u32, vma: VmaFlags) -> bool {
        let PmdKind::Leaf(Leaf { folio, flags }) = self.pmd(pid, vpn) else { return false };
        if flags.has(EntryFlags::DIRTY) {
            self.add_folio_flags(folio, FolioFlags::DIRTY);
        }
        if !self.discardable(folio, vma) {
            return false;
        }
        rule!(self.coverage, E7, 1);
        self.clear_pmd(pid, vpn);
        self.pmd_removed(folio, pid);
        true
    }

    /// E9: whether a mapping of a lazyfree folio can be dropped. Found dirty, the folio is swapbacked
    /// again.
    fn discardable(&mut self, folio: FolioId, vma: VmaFlags) -> bool {
        if self.folio(folio).flags.has(FolioFlags::DIRTY) && !vma.has(VmaFlags::DROPPABLE) {
            rule!(self.coverage, E9, 0);
            self.add_folio_flags(folio, FolioFlags::SWAPBACKED);
            return false;
        }
        if self.extra_references(folio) > 0 {
            rule!(self.coverage, E9, 1);
            return false;
        }
        true
    }
}

/// MADV_COLD and MADV_PAGEOUT.
impl Reference {
    /// I9, I16, in one VMA that is not LOCKED.
    pub(crate) fn cold_or_pageout(
        &mut self,
        pid: Pid,
        range: Range<u32>,
        pageout: bool,
    ) -> Result<(), Errno> {
        for part in self.present_blocks(pid, range) {
            let mut isolated = Vec::new();
            match self.pmd(pid, part.start) {
                PmdKind::Leaf(leaf) => {
                    if self.age_leaf(pid, &part, leaf, pageout, &mut isolated)? {
                        self.age_ptes(pid, part, pageout, &mut isolated);
                    }
                }
                PmdKind::Table => self.age_ptes(pid, part, pageout, &mut isolated),
                PmdKind::None
                | PmdKind::HugeZero(_)
                | PmdKind::Migration(_)
                | PmdKind::DevPrivate(_) => {
                    rule!(self.coverage, I16, 0);
                }
            }
            self.reclaim_all(isolated);
        }
        Ok(())
    }

    /// A PMD leaf; `true`: the folio was split, go on at PTE level.
    fn age_leaf(
        &mut self,
        pid: Pid,
        part: &Range<u32>,
        Leaf { folio, flags }: Leaf,
        pageout: bool,
        isolated: &mut Vec<FolioId>,
    ) -> Result<bool, Errno> {
        if self.maybe_mapped_shared(folio) {
            rule!(self.coverage, I16, 1);
            return Ok(false);
        }
        if part.len() as u32 != self.ptes() {
            rule!(self.coverage, I16, 2);
            if self.locked(folio) {
                // It would sleep for good.
                return Err(Errno::EINTR);
            }
            return Ok(self.split_folio(folio));
        }
        rule!(self.coverage, I16, 3);
        if pageout {
            self.isolate_for_pageout(folio, isolated);
        } else {
            self.set_leaf_flags(pid, part.start, flags.without(EntryFlags::YOUNG));
        }
        Ok(false)
    }

    /// The entries of one page table.
    fn age_ptes(&mut self, pid: Pid, part: Range<u32>, pageout: bool, isolated: &mut Vec<FolioId>) {
        let mut vpn = part.start;
        while vpn < part.end {
            let Pte::Page(Mapped { folio, .. }) = self.pte(pid, vpn) else {
                vpn += 1;
                continue;
            };
            let run = self.run_length(pid, vpn, part.end, EntryFlags::NONE);
            let nr = self.folio(folio).nr_pages();
            if run < nr {
                if self.maybe_mapped_shared(folio) || self.locked(folio) {
                    rule!(self.coverage, I9, 0);
                } else if self.split_folio(folio) {
                    rule!(self.coverage, I9, 1);
                    continue; // The same entry again: it maps a small folio now.
                }
            } else if self.folio(folio).flags.has(FolioFlags::LRU) && self.mapcount(folio) == nr {
                rule!(self.coverage, I9, 2);
                if pageout {
                    self.isolate_for_pageout(folio, isolated);
                } else {
                    self.make_old(pid, vpn..vpn + run);
                }
            } else {
                rule!(self.coverage, I9, 3);
            }
            vpn += run;
        }
    }

    fn make_old(&mut self, pid: Pid, run: Range<u32>) {
        for vpn in run {
            if let Pte::Page(Mapped { flags, .. }) = self.pte(pid, vpn) {
                self.set_pte_flags(pid, vpn, flags.without(EntryFlags::YOUNG));
            }
        }
    }

    /// An unevictable folio is put back at once.
    fn isolate_for_pageout(&mut self, folio: FolioId, isolated: &mut Vec<FolioId>) {
        if self.folio(folio).flags.has(FolioFlags::LRU) && !self.mlocked(folio) {
            isolated.push(folio);
        }
    }

    /// E25: the folios of one page table, ascending; of one that is split the head goes on, then the
    /// other pieces come, highest first.
    fn reclaim_all(&mut self, isolated: Vec<FolioId>) {
        for folio in isolated {
            let mut pieces = Vec::new();
            if !self.locked(folio) {
                rule!(self.coverage, E25, 0);
                self.reclaim(folio, 0, None, &mut pieces);
            }
            for piece in pieces {
                rule!(self.coverage, E25, 1);
                self.reclaim(piece, 0, None, &mut Vec::new());
            }
        }
    }
}
