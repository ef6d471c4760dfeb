//! PMD leaves and large folios (rulebook areas A7, G): PMD faults, the split of a leaf into PTEs,
//! and the split of a folio into small ones.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::fault::{Access, FaultError};
use crate::folio::FolioId;
use crate::model::Model;
use crate::table::Slot;
use crate::vma::Area;
#[cfg(feature = "faults")]
use mm_ops::TokenKind;
use mm_ops::{AllocKind, FolioFlags, NO_ANON_VMA, Pid, VmaFlags};

impl Model {
    /// The PMD level of a fault (A14). Answers `false` when the fault goes on at the PTE level.
    pub(crate) fn fault_pmd(
        &mut self,
        area: Area,
        pmd: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<bool, FaultError> {
        let entry = self.tables.get(pmd);
        if entry.is_none() {
            return if self.wants_pmd_order(area.flags) {
                self.fault_pmd_none(area, pmd, vpn, access)
            } else {
                Ok(false)
            };
        }
        if !entry.is_huge() {
            return Ok(false);
        }
        if entry.is_migration() {
            return Err(FaultError::Blocked);
        }
        if entry.has(Entry::PROTNONE) && area.accessible() {
            self.tables.set(pmd, self.rebuilt(area, entry));
        } else if access != Access::Read && !entry.has(Entry::WRITE) {
            return self.wp_fault_pmd(area, pmd, vpn, access);
        } else {
            let dirty = if access == Access::Write { self.dirty_bits() } else { 0 };
            self.tables.set(pmd, entry.with(Entry::YOUNG | dirty));
        }
        Ok(true)
    }

    /// A fault on a NONE PMD where the PMD order is allowed (A7), in the order of its checks.
    fn fault_pmd_none(
        &mut self,
        area: Area,
        pmd: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<bool, FaultError> {
        let start = self.geometry.block_start(vpn);
        if start < area.start || start + self.geometry.ptes() > area.end {
            return Ok(false);
        }
        self.prepare_anon_vma(area.pid, area.index)?;
        if access != Access::Write && self.config.huge_zero {
            self.deposit(area.pid, start)?;
            self.tables.set(pmd, Entry::huge_zero(Self::protection(area)));
            return Ok(true);
        }
        if self.allocate_folio(self.geometry.shift as u8, area.pid, start).is_err() {
            return Ok(false);
        }
        self.deposit(area.pid, start)?;
        self.map_fresh_leaf(area, pmd, start);
        Ok(true)
    }

    /// Maps a fresh PMD folio, whose allocation succeeded, by a leaf (A7, B14).
    pub(crate) fn map_fresh_leaf(&mut self, area: Area, pmd: Slot, start: u32) {
        let id = self.folios.create(self.geometry.shift as u8);
        let head = self.folios[id].head;
        self.adopt_fresh(area, id, start);
        self.add_rmap_pmd(id, area.pid);
        if !fault!(self, FreshAnonNotExclusive) {
            self.folios.exclusive.fill(head, 1, true);
        }
        self.folios[id].set(FolioFlags::DEFERRED, true);
        self.mms[area.pid.index()].rss += self.geometry.ptes();
        let bits = Self::protection(area) | self.dirty_bits() | Self::write_bit(area);
        self.tables.set(pmd, Entry::leaf(head, bits));
    }

    /// Puts a table by for the split of a leaf (INV28).
    pub(crate) fn deposit(&mut self, pid: Pid, start: u32) -> Result<(), NoMemory> {
        self.allocate(AllocKind::Deposit, pid, start)?;
        let number = self.tables.take();
        self.mms[pid.index()].deposited.push(number);
        Ok(())
    }

    /// Takes a deposited table.
    pub(crate) fn withdraw(&mut self, pid: Pid) -> u32 {
        // Only a fault can lose a deposit; a new table then keeps the walk sound.
        self.mms[pid.index()].deposited.pop().unwrap_or_else(|| self.tables.take())
    }

    /// Splits the leaf that a new VMA boundary would cut (L11, G5).
    pub(crate) fn split_leaf_across(&mut self, pid: Pid, at: u32) {
        if self.geometry.pte_index(at) == 0 {
            return;
        }
        let Some(pmd) = self.pmd_slot(pid, at) else {
            return;
        };
        if self.tables.get(pmd).is_huge() {
            let area = self.area_at(pid, at).expect("a leaf lies in a VMA");
            self.split_leaf(area, pmd);
        }
    }

    /// Splits a PMD leaf into PTEs without freezing (G1, G2, G4). Needs no allocation (G23).
    pub(crate) fn split_leaf(&mut self, area: Area, pmd: Slot) {
        let leaf = self.tables.get(pmd);
        debug_assert!(leaf.is_huge(), "G23: only leaves are split");
        let table = self.withdraw(area.pid);
        self.tables.set(pmd, Entry::table(table));
        let first = self.tables.slot(table, 0);
        let pages = self.geometry.ptes();
        if leaf.is_migration() {
            // G1: nothing is mapped, so nothing is counted.
            let pte = leaf.split_migration();
            for (entry, page) in self.tables.run_mut(first, pages as usize).iter_mut().zip(0..) {
                *entry = pte.advanced(page);
            }
            return;
        }
        if leaf.is_zero() {
            let pte = Entry::zero_page(Self::protection(area) | leaf.0 & Entry::UFFD_WP);
            self.tables.run_mut(first, pages as usize).fill(pte);
            return;
        }
        let head = leaf.pfn();
        let mut bits = leaf.bits() & !Entry::PROTNONE | (Self::protection(area) & Entry::PROTNONE);
        if leaf.has(Entry::DIRTY) {
            // The PTEs are made dirty by software, which marks them soft-dirty, too (S18, G2).
            bits |= self.dirty_bits();
        }
        if fault!(self, SplitDirtyGrantsWrite) && leaf.has(Entry::DIRTY) {
            bits |= Self::write_bit(area);
        }
        for (entry, pfn) in self.tables.run_mut(first, pages as usize).iter_mut().zip(head..) {
            *entry = Entry::page(pfn, bits);
        }
        self.move_rmap_to_ptes(area.pid, leaf, pages);
    }

    /// The counts of a leaf's split (G2): all pages PTE-mapped first, then the PMD map goes.
    fn move_rmap_to_ptes(&mut self, pid: Pid, leaf: Entry, pages: u32) {
        let head = leaf.pfn();
        let id = self.folios.of(head);
        if leaf.has(Entry::DIRTY) {
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        if self.folios.exclusive.get(head) || fault!(self, SplitPaeForged) {
            self.folios.exclusive.fill(head, pages, true);
        }
        self.folios[id].refs += pages - 1;
        let mut done = 0;
        while done < pages {
            let len = self.run_max.min(pages - done);
            self.add_rmap_ptes(id, head + done, len, pid);
            done += len;
        }
        self.remove_rmap_pmd(id, pid);
    }

    /// Splits a large folio into small ones on behalf of MADV_FREE, which holds one reference
    /// (G7 to G10 in one step). Answers `false`, with nothing touched, if it may not be split.
    pub(crate) fn split_folio(&mut self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        let referenced = self.folios.mapcount_of(id) != folio.refs;
        let tolerated = fault!(self, FreezeSplitIgnoresFailedShare);
        if folio.flags.has(FolioFlags::LOCKED) || (referenced && !tolerated) {
            return false;
        }
        let mappings = self.mappings_of(id);
        self.prepare_pieces(id, &mappings);
        let pieces: Vec<FolioId> = self.folios.shatter(id).collect();
        for (page, piece) in (0..).zip(&pieces) {
            let folio = &mut self.folios[*piece];
            folio.index += page;
            folio.refs = 1;
            (folio.entire, folio.large_mapcount, folio.mapped_pages) = (0, 0, 0);
            folio.slots = Default::default();
            let queued = FolioFlags::DEFERRED.with(FolioFlags::PARTIALLY_MAPPED);
            folio.flags = folio.flags.without(queued.with(FolioFlags::MAYBE_SHARED));
        }
        let first = self.folios[pieces[0]].head as usize;
        self.folios.mapcount[first..first + pieces.len()].fill(0);
        self.restore_mappings(&pieces, &mappings);
        #[cfg(feature = "faults")]
        if referenced {
            self.hand_on_references(&pieces);
        }
        pieces.into_iter().for_each(|piece| self.put_folio(piece, 1));
        true
    }

    /// Unmaps the folio for a split: leaves become PTEs, and a dirty PTE makes the folio dirty
    /// before its flags are handed on (F3).
    fn prepare_pieces(&mut self, id: FolioId, mappings: &[Mapping]) {
        for mapping in mappings {
            let pmd = self.pmd_slot(mapping.area.pid, mapping.vpn).expect("the page is mapped");
            if self.tables.get(pmd).is_huge() {
                self.split_leaf(mapping.area, pmd);
            }
            let dirty = self.tables.get(self.pte_slot_in(pmd, mapping.vpn)).has(Entry::DIRTY);
            if dirty {
                self.folios[id].set(FolioFlags::DIRTY, true);
            }
        }
    }

    /// Maps the pieces of a split folio again (F8), or the zero page in their place (F9).
    fn restore_mappings(&mut self, pieces: &[FolioId], mappings: &[Mapping]) {
        let head = self.folios[pieces[0]].head;
        // PAE comes back through what the entries were (G9); an unmapped page has none (G10).
        let mut exclusive = vec![false; pieces.len()];
        let mut locked = vec![false; pieces.len()];
        for mapping in mappings {
            locked[mapping.page as usize] |= mapping.area.has(VmaFlags::LOCKED);
        }
        for mapping in mappings {
            let (pid, page) = (mapping.area.pid, mapping.page);
            let (piece, pfn) = (pieces[page as usize], head + page);
            let pmd = self.pmd_slot(pid, mapping.vpn).expect("the page is mapped");
            let slot = self.pte_slot_in(pmd, mapping.vpn);
            let old = self.tables.get(slot);
            let protection = Self::protection(mapping.area);
            if self.folios.value[pfn as usize].is_zero() && !locked[page as usize] {
                let kept = old.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP);
                self.tables.set(slot, Entry::zero_page(protection | kept));
                self.mms[pid.index()].rss -= 1;
                continue;
            }
            exclusive[page as usize] |= old.has(Entry::WRITE) || self.folios.exclusive.get(pfn);
            // Soft-dirty is restored as it was, whatever the dirty bit (F8).
            let bits = old.bits() & !Entry::PROTNONE | (protection & Entry::PROTNONE);
            self.tables.set(slot, Entry::page(pfn, bits));
            self.folios[piece].refs += 1;
            self.add_rmap_ptes(piece, pfn, 1, pid);
        }
        for (pfn, exclusive) in (head..).zip(exclusive) {
            self.folios.exclusive.fill(pfn, 1, exclusive);
        }
    }

    /// Every place where a page of the folio is mapped, found through its anon_vma (L7): a page
    /// that a leaf maps is listed like one that a PTE maps.
    pub(crate) fn mappings_of(&self, id: FolioId) -> Vec<Mapping> {
        let folio = &self.folios[id];
        let mut found = Vec::new();
        for pid in (0..self.mms.len() as u8).map(Pid) {
            let vmas = &self.mms[pid.index()].vmas;
            let linked = vmas.iter().enumerate().filter(|(_, vma)| {
                vma.anon_vma != NO_ANON_VMA && vma.avcs.contains(&folio.mapping)
            });
            for (index, vma) in linked {
                let first = vma.pgoff.max(folio.index);
                let behind = (vma.pgoff + (vma.end - vma.start)).min(folio.index + folio.pages());
                for linear in first..behind {
                    let (vpn, page) = (vma.start + linear - vma.pgoff, linear - folio.index);
                    let maps = self.find_entry(pid, vpn).is_some_and(|(_, entry)| {
                        entry.has_folio() && self.frame_at(entry, vpn) == folio.head + page
                    });
                    if maps {
                        let area = self.area(pid, index).expect("the VMA is there");
                        found.push(Mapping { area, vpn, page });
                    }
                }
            }
        }
        found
    }
}

/// One page of a folio mapped at one place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    pub(crate) area: Area,
    pub(crate) vpn: u32,
    /// Which page of the folio.
    pub(crate) page: u32,
}

#[cfg(feature = "faults")]
impl Model {
    /// A folio was split although it is referenced: each piece gets the references of its page, and
    /// comes back shared and read-only as if the share step had not failed.
    fn hand_on_references(&mut self, pieces: &[FolioId]) {
        let first = self.folios[pieces[0]].head;
        let frames = first..first + pieces.len() as u32;
        let held: Vec<(u32, u32)> = self.handle_references(&frames).collect();
        for (pfn, refs) in held {
            let id = pieces[(pfn - first) as usize];
            self.folios[id].refs += refs;
            self.folios[id].pins = 0;
            self.folios.exclusive.fill(pfn, 1, false);
        }
        for held in self.tokens.iter().flatten() {
            if held.kind == TokenKind::Isolation && held.folio == Some(pieces[0]) {
                self.folios[pieces[0]].refs += 1;
            }
        }
        for mapping in self.mappings_of(pieces[0]).into_iter().chain(
            pieces[1..].iter().flat_map(|piece| self.mappings_of(*piece)).collect::<Vec<_>>(),
        ) {
            if let Some((slot, entry)) = self.find_entry(mapping.area.pid, mapping.vpn)
                && !self.folios.exclusive.get(entry.pfn())
            {
                self.tables.set(slot, entry.without(Entry::WRITE));
            }
        }
    }
}
