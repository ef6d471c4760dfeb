//! Taking mappings away: `munmap`, `madvise` and `exit` (rulebook section I).

use std::ops::Range;

use mm_ops::{
    Advice, EntryFlags, Errno, EventKind, FolioFlags, Outcome, PageRange, Pid, VmaFlags, Vpn,
};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{FolioId, Leaf, Mapped, PmdKind, Pte, Reference};
use crate::vma::Piece;

/// Whether a zap leaves GUARD markers (I3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Guards {
    Keep,
    Drop,
}

/// Zapping.
impl Reference {
    /// Removes the mappings of a range that lies in one VMA (I1 … I4).
    pub(crate) fn zap(&mut self, pid: Pid, range: Range<u32>, guards: Guards) {
        for part in self.present_blocks(pid, range) {
            let whole = part.len() as u32 == self.ptes();
            match self.pmd(pid, part.start) {
                PmdKind::None => {}
                PmdKind::Leaf(leaf) if whole => {
                    rule!(self.coverage, I4, 0);
                    self.clear_pmd(pid, part.start);
                    self.pmd_removed(leaf.folio, pid);
                    self.free_unmapped_swap_cache(leaf.folio);
                }
                PmdKind::DevPrivate(leaf) if whole => {
                    rule!(self.coverage, I4, 3);
                    self.clear_pmd(pid, part.start);
                    self.pmd_removed(leaf.folio, pid);
                }
                PmdKind::HugeZero(_) | PmdKind::Migration(_) if whole => {
                    rule!(self.coverage, I4, 1);
                    self.clear_pmd(pid, part.start);
                }
                PmdKind::Leaf(_)
                | PmdKind::HugeZero(_)
                | PmdKind::Migration(_)
                | PmdKind::DevPrivate(_) => {
                    rule!(self.coverage, I4, 2);
                    self.split_pmd(pid, part.start);
                    self.zap_ptes(pid, part, guards);
                }
                PmdKind::Table => self.zap_ptes(pid, part, guards),
            }
        }
    }

    /// Removes the entries of one page table (I1, I2, I3).
    fn zap_ptes(&mut self, pid: Pid, part: Range<u32>, guards: Guards) {
        let mut vpn = part.start;
        while vpn < part.end {
            match self.pte(pid, vpn) {
                Pte::None => vpn += 1,
                Pte::Guard => {
                    rule!(self.coverage, I3, u8::from(guards == Guards::Drop));
                    if guards == Guards::Drop {
                        self.set_pte(pid, vpn, Pte::None);
                    }
                    vpn += 1;
                }
                Pte::Zero(_)
                | Pte::Migration(_)
                | Pte::Hwpoison(_)
                | Pte::Poisoned
                | Pte::UffdMarker => {
                    rule!(self.coverage, I2);
                    self.set_pte(pid, vpn, Pte::None);
                    vpn += 1;
                }
                pte @ (Pte::DevPrivate(Mapped { folio, page, .. })
                | Pte::DevExclusive(Mapped { folio, page, .. })) => {
                    rule!(self.coverage, I2, if self.is_device_folio(folio) { 2 } else { 3 });
                    rule!(self.coverage, N17, 2);
                    self.set_pte(pid, vpn, Pte::None);
                    if self.mapped_by(&pte).is_some() {
                        self.ptes_removed(folio, pid, page..page + 1);
                    }
                    vpn += 1;
                }
                Pte::Swap(_) => {
                    rule!(self.coverage, I2, 1);
                    vpn += self.zap_swap_run(pid, vpn, part.end);
                }
                Pte::Page(Mapped { folio, page, .. }) => {
                    // What is decided about the folio is decided once a run (I18, BT16).
                    let run = self.run_length(pid, vpn, part.end, EntryFlags::NONE);
                    rule!(self.coverage, I1, u8::from(run > 1));
                    for vpn in vpn..vpn + run {
                        self.set_pte(pid, vpn, Pte::None);
                    }
                    rule!(self.coverage, I18);
                    self.ptes_removed(folio, pid, page..page + run);
                    self.free_unmapped_swap_cache(folio);
                    vpn += run;
                }
            }
        }
    }

    /// The number of entries from a page on that map consecutive pages of the same large folio and
    /// agree in the flags given, in protnone and in uffd-wp; 1 for a small folio (BATCHING, generic
    /// run).
    pub(crate) fn run_length(&self, pid: Pid, vpn: u32, end: u32, respected: EntryFlags) -> u32 {
        let Pte::Page(first) = self.pte(pid, vpn) else { return 1 };
        if !self.folio(first.folio).large() {
            return 1;
        }
        let respected = respected.with(EntryFlags::PROTNONE).with(EntryFlags::UFFD_WP);
        let respected = |flags: EntryFlags| flags.0 & respected.0;
        let continues = |vpn_next: &u32| {
            matches!(self.pte(pid, *vpn_next), Pte::Page(next)
                if next.folio == first.folio
                    && next.page == first.page + (vpn_next - vpn)
                    && respected(next.flags) == respected(first.flags))
        };
        (vpn..self.block_end(vpn, end)).take_while(continues).count() as u32
    }

    /// Frees the tables that overlap a range and that no VMA needs any more (I14, last sentence).
    fn free_tables(&mut self, pid: Pid, range: &Range<u32>) {
        let (ptes, span) = (self.ptes(), self.pmd_table_span());
        let mm = self.mm_mut(pid);
        let vmas = &mm.vmas;
        let needed = |start: u32, len: u32| {
            let at = vmas.partition_point(|vma| vma.end <= start);
            vmas.get(at).is_some_and(|vma| vma.start < start + len)
        };
        let blocks: Vec<u32> = mm
            .pmds
            .range(range.start / ptes..range.end.div_ceil(ptes))
            .map(|(block, _)| *block)
            .filter(|block| !needed(block * ptes, ptes))
            .collect();
        let tables: Vec<u32> = mm
            .pmd_tables
            .range(range.start / span..range.end.div_ceil(span))
            .copied()
            .filter(|table| !needed(table * span, span))
            .collect();
        for block in blocks {
            mm.pmds.remove(&block);
        }
        for table in tables {
            mm.pmd_tables.remove(&table);
        }
    }

    /// The blocks of a range that have a PMD entry, cut to the range, ascending.
    pub(crate) fn present_blocks(&self, pid: Pid, range: Range<u32>) -> Vec<Range<u32>> {
        let ptes = self.ptes();
        let blocks = range.start / ptes..range.end.div_ceil(ptes);
        let cut = |(block, _): (&u32, _)| {
            let start = block * ptes;
            start.max(range.start)..(start + ptes).min(range.end)
        };
        self.mm(pid).pmds.range(blocks).map(cut).collect()
    }
}

/// `munmap` and `exit`.
impl Reference {
    pub(crate) fn op_munmap(&mut self, pid: Pid, range: PageRange) -> Outcome {
        match self.unmap(pid, range) {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// I1: the same for whoever unmaps something on the way (J16).
    pub(crate) fn unmap(&mut self, pid: Pid, range: PageRange) -> Result<(), Errno> {
        let failed = |NoMemory| Errno::ENOMEM;
        if range.is_empty() || range.end() > u64::from(self.config.space_pages()) {
            return Err(Errno::EINVAL);
        }
        let (start, end) = (range.start.0, range.end() as u32);
        // The front is split before the seals of the VMAs behind are seen, and stays split.
        if let Some(vma) = self.vma(pid, Vpn(start)).filter(|vma| vma.start < start) {
            if vma.has(VmaFlags::SEALED) {
                return Err(Errno::EPERM);
            }
            self.split_vma(pid, start).map_err(failed)?;
        }
        let mut at = start;
        while let Some(piece) = self.next_piece(pid, at, end) {
            if piece.flags.has(VmaFlags::SEALED) {
                return Err(Errno::EPERM);
            }
            self.between_steps();
            at = piece.end;
        }
        if self.vma(pid, Vpn(end)).is_some_and(|vma| vma.start < end) {
            self.split_vma(pid, end).map_err(failed)?;
        }
        self.notify(EventKind::Unmap, pid, start..end);
        self.unmap_vmas(pid, start, end);
        Ok(())
    }

    /// Removes all VMAs between two VMA boundaries, with their mappings and tables (I1, L5).
    fn unmap_vmas(&mut self, pid: Pid, start: u32, end: u32) {
        let mut at = start;
        while let Some(piece) = self.next_piece(pid, at, end) {
            self.zap(pid, piece.start..piece.end, Guards::Drop);
            self.between_steps();
            at = piece.end;
        }
        if at > start {
            // An anon_vma goes with its last link: whether it has one is counted, not noted.
            rule!(self.coverage, L5);
            self.mm_mut(pid).vmas.retain(|vma| vma.end <= start || vma.start >= end);
            self.free_tables(pid, &(start..end));
        }
    }

    /// `exit` (I13), and the end of a child whose fork failed (C18).
    pub(crate) fn end_mm(&mut self, pid: Pid) {
        rule!(self.coverage, I13);
        self.notify(EventKind::Release, pid, 0..self.config.space_pages());
        self.forget_empty_places(pid);
        self.unmap_vmas(pid, 0, self.config.space_pages());
        self.mm_mut(pid).alive = false;
        self.leave_group(pid);
    }
}

/// `madvise`.
impl Reference {
    pub(crate) fn op_madvise(&mut self, pid: Pid, range: PageRange, advice: Advice) -> Outcome {
        if range.is_empty() {
            return Outcome::Ok;
        }
        let populates = matches!(advice, Advice::PopulateRead | Advice::PopulateWrite);
        let (mut at, end, beyond) = self.cut(range);
        let mut hole = false;
        if populates && at < end {
            // Whatever becomes of the walk, it ends with drain() (S14).
            let outcome = self.populate_pieces(pid, at..end, beyond, advice);
            self.drain();
            return outcome;
        }
        while let Some(piece) = self.next_piece(pid, at, end) {
            hole |= piece.after_hole;
            if let Err(errno) = self.advise_piece(pid, piece, advice) {
                return Outcome::Err(errno);
            }
            self.between_steps();
            at = piece.end;
        }
        if hole || at < end || beyond {
            rule!(self.coverage, I17, u8::from(populates));
            return Outcome::Err(Errno::ENOMEM);
        }
        Outcome::Ok
    }

    /// MADV_POPULATE_READ and _WRITE stop at the first hole (I17).
    fn populate_pieces(
        &mut self,
        pid: Pid,
        range: Range<u32>,
        beyond: bool,
        advice: Advice,
    ) -> Outcome {
        let mut at = range.start;
        while let Some(piece) = self.next_piece(pid, at, range.end) {
            if piece.after_hole {
                break;
            }
            if let Err(errno) = self.advise_piece(pid, piece, advice) {
                return Outcome::Err(errno);
            }
            self.between_steps();
            at = piece.end;
        }
        if at < range.end || beyond {
            rule!(self.coverage, I17, 1);
            return Outcome::Err(Errno::ENOMEM);
        }
        Outcome::Ok
    }

    /// madvise_vma_behavior.
    fn advise_piece(&mut self, pid: Pid, piece: Piece, advice: Advice) -> Result<(), Errno> {
        use Advice::*;
        let discards = matches!(
            advice,
            DontNeed | DontNeedLocked | Free | DontFork | WipeOnFork | GuardInstall
        );
        let flags = piece.flags;
        if discards && flags.has(VmaFlags::SEALED) && !flags.has(VmaFlags::WRITE) {
            return Err(Errno::EPERM);
        }
        let locked = flags.has(VmaFlags::LOCKED);
        let range = piece.start..piece.end;
        let new_flags = match advice {
            DontNeed | Free | GuardInstall | Cold | PageOut if locked => {
                rule!(self.coverage, I5, 2);
                return Err(Errno::EINVAL);
            }
            DontNeed | DontNeedLocked => {
                self.dont_need(pid, range);
                return Ok(());
            }
            Free => {
                self.drain();
                self.lazily_free(pid, range);
                return Ok(());
            }
            Cold => {
                self.drain();
                return self.cold_or_pageout(pid, range, false);
            }
            PageOut => {
                self.drain();
                return self.cold_or_pageout(pid, range, true);
            }
            WillNeed => {
                self.will_need(pid, range);
                self.drain();
                return Ok(());
            }
            PopulateRead => return self.populate_advised(pid, piece, false),
            PopulateWrite => return self.populate_advised(pid, piece, true),
            GuardInstall => return self.install_guards(pid, range),
            GuardRemove => {
                self.remove_guards(pid, range);
                return Ok(());
            }
            DontFork => flags.with(VmaFlags::DONTFORK),
            DoFork => flags.without(VmaFlags::DONTFORK),
            WipeOnFork => flags.with(VmaFlags::WIPEONFORK),
            KeepOnFork if flags.has(VmaFlags::DROPPABLE) => {
                rule!(self.coverage, I11, 1);
                return Err(Errno::EINVAL);
            }
            KeepOnFork => flags.without(VmaFlags::WIPEONFORK),
            HugePage => flags.without(VmaFlags::NOHUGEPAGE).with(VmaFlags::HUGEPAGE),
            NoHugePage => flags.without(VmaFlags::HUGEPAGE).with(VmaFlags::NOHUGEPAGE),
            Collapse => return self.collapse(pid, range),
            Mergeable if flags.has(VmaFlags::DROPPABLE) => return Ok(()),
            Mergeable => flags.with(VmaFlags::MERGEABLE),
            Unmergeable => {
                if flags.has(VmaFlags::MERGEABLE) {
                    // madvise says so of all advice that runs out of memory.
                    let failed = |errno| if errno == Errno::ENOMEM { Errno::EAGAIN } else { errno };
                    self.unmerge(pid, range.clone()).map_err(failed)?;
                }
                flags.without(VmaFlags::MERGEABLE)
            }
        };
        rule!(self.coverage, I11, 0);
        if new_flags != flags {
            // Of a failed flag change madvise says EAGAIN, not ENOMEM.
            self.change_flags(pid, range.start, range.end, new_flags)
                .map_err(|NoMemory| Errno::EAGAIN)?;
        }
        Ok(())
    }

    /// MADV_DONTNEED (I5), and the table that becomes empty by it (I14).
    fn dont_need(&mut self, pid: Pid, range: Range<u32>) {
        rule!(self.coverage, I5, 0);
        self.notify(EventKind::Clear, pid, range.clone());
        self.zap(pid, range.clone(), Guards::Keep);
        if !self.config.pt_reclaim {
            return;
        }
        for part in self.present_blocks(pid, range) {
            let whole = part.len() as u32 == self.ptes();
            let empty = part.clone().all(|vpn| self.pte(pid, vpn) == Pte::None);
            if whole && empty {
                rule!(self.coverage, I14);
                self.clear_pmd(pid, part.start);
            }
        }
    }

    /// MADV_GUARD_INSTALL (I12): tables everywhere, everything else zapped, then the markers.
    fn install_guards(&mut self, pid: Pid, range: Range<u32>) -> Result<(), Errno> {
        let failed = |NoMemory| Errno::ENOMEM;
        let index = self.vma_index(pid, range.start).expect("the caller found a VMA");
        let flags = &mut self.mm_mut(pid).vmas[index].flags;
        *flags = flags.with(VmaFlags::MAYBE_GUARD);
        rule!(self.coverage, I12, 2);
        self.prepare_anon_vma(pid, range.start).map_err(failed)?;
        let mut zapped = false;
        // The walk begins anew after the one zap; then it meets nothing but NONE and GUARD.
        let mut vpn = range.start;
        while vpn < range.end {
            self.ensure_pmd_table(pid, vpn).map_err(failed)?;
            self.ensure_pte_table(pid, vpn).map_err(failed)?;
            self.split_pmd_migration(pid, vpn);
            let is_table = self.pmd(pid, vpn) == PmdKind::Table;
            if is_table && matches!(self.pte(pid, vpn), Pte::None | Pte::Guard) {
                rule!(self.coverage, I12, 0);
                self.set_pte(pid, vpn, Pte::Guard);
                vpn += 1;
            } else {
                assert!(!zapped, "a zapped range holds nothing but GUARD markers");
                rule!(self.coverage, I12, 1);
                self.notify(EventKind::Clear, pid, range.clone());
                self.zap(pid, range.clone(), Guards::Keep);
                zapped = true;
                vpn = range.start;
            }
        }
        Ok(())
    }

    /// A walk for guard regions looks into tables: a PMD MIGRATION or DEVPRIV entry becomes one (G5).
    fn split_pmd_migration(&mut self, pid: Pid, vpn: u32) {
        if let PmdKind::Migration(_) | PmdKind::DevPrivate(_) = self.pmd(pid, vpn) {
            self.split_pmd(pid, vpn);
        }
    }

    /// MADV_GUARD_REMOVE (I3).
    fn remove_guards(&mut self, pid: Pid, range: Range<u32>) {
        for part in self.present_blocks(pid, range) {
            self.split_pmd_migration(pid, part.start);
            for vpn in part {
                if self.pte(pid, vpn) == Pte::Guard {
                    rule!(self.coverage, I3, 2);
                    self.set_pte(pid, vpn, Pte::None);
                }
            }
        }
    }
}

/// MADV_FREE.
impl Reference {
    /// I6, I10.
    fn lazily_free(&mut self, pid: Pid, range: Range<u32>) {
        self.notify(EventKind::Clear, pid, range.clone());
        for part in self.present_blocks(pid, range) {
            match self.pmd(pid, part.start) {
                PmdKind::Leaf(leaf) => {
                    if self.lazily_free_leaf(pid, part.clone(), leaf) {
                        self.lazily_free_ptes(pid, part);
                    }
                }
                PmdKind::HugeZero(_) | PmdKind::Migration(_) | PmdKind::DevPrivate(_) => {
                    rule!(self.coverage, I10, 0);
                }
                PmdKind::Table => self.lazily_free_ptes(pid, part),
                PmdKind::None => {}
            }
        }
    }

    /// I10; `true`: go on at PTE level.
    fn lazily_free_leaf(&mut self, pid: Pid, part: Range<u32>, leaf: Leaf) -> bool {
        let Leaf { folio, flags } = leaf;
        if self.maybe_mapped_shared(folio) || self.locked(folio) {
            rule!(self.coverage, I10, 1);
            return false;
        }
        if part.len() as u32 != self.ptes() {
            rule!(self.coverage, I10, 2);
            return self.split_folio(folio);
        }
        rule!(self.coverage, I10, 3);
        self.clear_folio_dirty(folio);
        self.set_leaf_flags(pid, part.start, aged(flags));
        self.mark_lazyfree(folio);
        false
    }

    /// I6 for the entries of one page table.
    fn lazily_free_ptes(&mut self, pid: Pid, part: Range<u32>) {
        let mut vpn = part.start;
        while vpn < part.end {
            let Pte::Page(Mapped { folio, .. }) = self.pte(pid, vpn) else {
                vpn += self.lazily_free_non_present(pid, vpn, part.end);
                continue;
            };
            let run = self.run_length(pid, vpn, part.end, EntryFlags::NONE);
            if run < self.folio(folio).nr_pages() {
                if self.maybe_mapped_shared(folio) || self.locked(folio) {
                    rule!(self.coverage, I6, 0);
                } else if self.split_folio(folio) {
                    rule!(self.coverage, I6, 1);
                    continue; // The same entry again: it maps a small folio now.
                } else {
                    rule!(self.coverage, I6, 2);
                }
            } else {
                self.lazily_free_run(pid, vpn..vpn + run, folio);
            }
            vpn += run;
        }
    }

    /// I6 for an entry that maps nothing: what is swapped out or lost is forgotten. The number of
    /// entries that is.
    fn lazily_free_non_present(&mut self, pid: Pid, vpn: u32, end: u32) -> u32 {
        match self.pte(pid, vpn) {
            Pte::Swap(_) => {
                rule!(self.coverage, I6, 7);
                self.zap_swap_run(pid, vpn, end)
            }
            Pte::Hwpoison(_) | Pte::Poisoned => {
                rule!(self.coverage, I6, 8);
                self.set_pte(pid, vpn, Pte::None);
                1
            }
            _ => 1,
        }
    }

    /// A small folio, or a large one that lies wholly in the range.
    fn lazily_free_run(&mut self, pid: Pid, run: Range<u32>, folio: FolioId) {
        let cached = self.in_swap_cache(folio);
        if cached || self.folio(folio).flags.has(FolioFlags::DIRTY) {
            if self.locked(folio) {
                rule!(self.coverage, I6, 3);
                return;
            }
            if self.mapcount(folio) != self.folio(folio).nr_pages() {
                rule!(self.coverage, I6, 4);
                return;
            }
            if cached && !self.free_swap(folio) {
                rule!(self.coverage, I6, 9);
                return;
            }
            self.clear_folio_dirty(folio);
        } else if self.mapcount(folio) > self.folio(folio).nr_pages() {
            rule!(self.coverage, I7);
        }
        rule!(self.coverage, I6, 5);
        for vpn in run {
            if let Pte::Page(Mapped { flags, .. }) = self.pte(pid, vpn) {
                self.set_pte_flags(pid, vpn, aged(flags));
            }
        }
        self.mark_lazyfree(folio);
    }

    fn clear_folio_dirty(&mut self, folio: FolioId) {
        let flags = &mut self.folio_mut(folio).flags;
        *flags = flags.without(FolioFlags::DIRTY);
    }

    /// Whether a LOCKED VMA maps the whole folio (Z2).
    pub(crate) fn mlocked(&self, folio: FolioId) -> bool {
        let pages = self.folio(folio).nr_pages();
        let vmas = self.mms.iter().zip((0u8..).map(Pid)).flat_map(|(mm, pid)| {
            mm.vmas.iter().filter(|vma| vma.has(VmaFlags::LOCKED)).map(move |vma| (pid, vma))
        });
        vmas.into_iter().any(|(pid, vma)| {
            let inside = self
                .mappings(folio)
                .filter(|m| m.pid == pid && vma.start <= m.vpn && m.vpn < vma.end);
            let covered: u32 = inside.map(|m| if m.by_pmd { pages } else { 1 }).sum();
            covered >= pages
        })
    }
}

/// An entry after MADV_FREE: neither young nor dirty.
fn aged(flags: EntryFlags) -> EntryFlags {
    flags.without(EntryFlags::YOUNG.with(EntryFlags::DIRTY))
}
