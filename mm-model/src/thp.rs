//! PMD leaves (rulebook A7, A14, G1 to G6): PMD faults and the split of a leaf into PTEs. The split of a
//! folio is in `split`.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::fault::{Access, FaultError};
use crate::model::Model;
use crate::race::Point;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{AllocKind, FolioFlags, Pid, VmaFlags};

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
        if entry.is_device_private() {
            return self.device_leaf_fault(area, pmd, vpn);
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
        let missing = area.has(VmaFlags::UFFD_MISSING);
        if access != Access::Write && self.config.huge_zero {
            if missing {
                self.allocate(AllocKind::Deposit, area.pid, start)?;
                return Err(FaultError::Bus);
            }
            self.deposit(area.pid, start)?;
            self.tables.set(pmd, Entry::huge_zero(Self::protection(area)));
            return Ok(true);
        }
        if self.allocate_folio(self.geometry.shift as u8, area.pid, start).is_err() {
            return Ok(false);
        }
        if missing {
            self.allocate(AllocKind::Deposit, area.pid, start)?;
            return Err(FaultError::Bus);
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
        self.queue_deferred(id, false);
        self.mms[area.pid.index()].rss += self.geometry.ptes();
        let bits = Self::protection(area) | self.dirty_bits() | Self::write_bit(area);
        self.tables.set(pmd, Entry::leaf(head, bits));
        self.add_to_lru(id, area.has(VmaFlags::LOCKED));
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

    /// Splits the leaf that a new VMA boundary would cut (L11, G5). Its trees may have the new VMA already, and the mm may
    /// not, so no walker may come during it (L18); nobody looks between it and the new boundary.
    pub(crate) fn split_leaf_across(&mut self, pid: Pid, at: u32) {
        if self.geometry.pte_index(at) == 0 {
            return;
        }
        let Some(pmd) = self.pmd_slot(pid, at) else {
            return;
        };
        if self.tables.get(pmd).is_huge() {
            let area = self.area_at(pid, at).expect("a leaf lies in a VMA");
            self.lock_root(self.vma(area).anon_vma);
            self.split_leaf(area, pmd);
            self.unlock_roots();
        }
    }

    /// Splits a PMD leaf into PTEs without freezing (G1, G2, G4). Needs no allocation (G23).
    pub(crate) fn split_leaf(&mut self, area: Area, pmd: Slot) {
        let leaf = self.tables.get(pmd);
        debug_assert!(leaf.is_huge(), "G23: only leaves are split");
        if leaf.has_folio() {
            // G2: nobody has the whole and its parts in a TLB at a time.
            self.blink(pmd, Point::LeafInvalid);
            self.flush_tlb_in(area.pid, self.folios.of(leaf.pfn()));
        }
        let table = self.withdraw(area.pid);
        self.tables.set(pmd, Entry::table(table));
        let first = self.tables.slot(table, 0);
        let pages = self.geometry.ptes();
        if leaf.is_migration() {
            // G1: nothing is mapped, so nothing is counted.
            let pte = leaf.split_nonpresent();
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
        if leaf.is_device_private() {
            let pte = leaf.split_nonpresent();
            for (entry, page) in self.tables.run_mut(first, pages as usize).iter_mut().zip(0..) {
                *entry = pte.advanced(page);
            }
            self.move_rmap_to_ptes(area.pid, leaf, pages);
            return;
        }
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
}
