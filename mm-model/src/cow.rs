//! Copy-on-write and unshare faults (rulebook area B): reuse in place, or copy. PMD leaves are
//! handled here up to the decision to split them.

use crate::entry::{Entry, Pfn};
use crate::fault::{Access, FaultError};
use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{FolioFlags, Pid, UffdWpMode, Value};

impl Model {
    /// A write or unshare fault on a present PTE without W (B3).
    pub(crate) fn wp_fault(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        if self.is_anonmm() {
            return self.break_cow(area, slot, vpn);
        }
        let mut entry = self.tables.get(slot);
        if access == Access::Write && Self::uffd_wp(area, entry) {
            if self.config.uffd != UffdWpMode::Async {
                return Err(FaultError::Bus);
            }
            entry = entry.without(Entry::UFFD_WP);
            self.tables.set(slot, entry);
        }
        if entry.has_folio() && self.may_reuse(area, entry.pfn()) {
            if !fault!(self, ReuseSoleOwnerNoFlag) {
                self.folios.exclusive.fill(entry.pfn(), 1, true);
            }
            self.reuse(area, slot, access);
            return Ok(());
        }
        if fault!(self, ZeroPageWriteFaultInPlace) && entry.is_zero() {
            self.reuse(area, slot, access);
            return Ok(());
        }
        self.wp_copy(area, slot, vpn, access)
    }

    /// Whether the faulting mm owns the page alone: PAE says so, or the counts do (B3).
    fn may_reuse(&mut self, area: Area, pfn: Pfn) -> bool {
        let id = self.folios.of(pfn);
        let exclusive = self.folios.exclusive.get(pfn);
        if fault!(self, CowReuseMapcountOnly) {
            return exclusive || self.folios.mapcount_of(id) == 1;
        }
        if fault!(self, WpCopyBreaksOwnPin) {
            return self.folios[id].refs == 1;
        }
        if exclusive {
            return true;
        }
        if self.folios[id].is_large() {
            self.can_reuse_large(id)
        } else {
            self.can_reuse_small(area, id)
        }
    }

    /// B6, B11: nobody else refers to the small folio, which is no KSM page. It then moves to this
    /// VMA's anon_vma.
    fn can_reuse_small(&mut self, area: Area, id: FolioId) -> bool {
        let folio = &self.folios[id];
        if folio.refs <= 3 && !folio.flags.has(FolioFlags::LRU) && !folio.flags.has(FolioFlags::KSM)
        {
            self.drain_lru();
        }
        let folio = &self.folios[id];
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        let unusable = folio.flags.has(FolioFlags::LOCKED) || folio.flags.has(FolioFlags::KSM);
        if folio.refs > 1 + u32::from(cached) || unusable {
            return false;
        }
        if cached && !self.free_swap(id) {
            return false;
        }
        self.folios[id].mapping = self.vma(area).anon_vma;
        true
    }

    /// B7: every reference of the large folio is a mapping, and all mappings are this mm's.
    fn can_reuse_large(&mut self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        if fault!(self, ThpWpMapcountRace) && folio.entire > 0 {
            return true;
        }
        if folio.large_mapcount <= 1 || folio.flags.has(FolioFlags::MAYBE_SHARED) {
            return false;
        }
        if folio.flags.has(FolioFlags::SWAPCACHE) {
            if folio.flags.has(FolioFlags::LOCKED) {
                return false;
            }
            self.free_swap(id);
        }
        let folio = &self.folios[id];
        folio.large_mapcount == folio.refs
    }

    /// B4, B5, B15: a write makes the entry young, dirty and writable; an unshare leaves it alone.
    fn reuse(&mut self, area: Area, slot: Slot, access: Access) {
        if access == Access::Write {
            let bits = Entry::YOUNG | self.dirty_bits() | Self::write_bit(area);
            self.tables.set(slot, self.tables.get(slot).with(bits));
        }
    }

    /// B9, B10: a page of its own, with the old content, in place of the shared one.
    pub(crate) fn wp_copy(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        self.prepare_anon_vma(area.pid, area.index)?;
        self.allocate_folio(0, area.pid, vpn)?;
        let old = self.tables.get(slot);
        let value = if old.is_zero() { Value::ZERO } else { self.load(old, vpn) };
        let bits = match access {
            Access::Write => self.dirty_bits() | Self::write_bit(area),
            Access::Read | Access::Unshare => old.0 & (Entry::SOFT_DIRTY | Entry::UFFD_WP),
        };
        let id = self.folios.create(0);
        let head = self.folios[id].head;
        self.folios.value[head as usize] = value;
        self.yield_point(Point::CopyMade);
        self.blink(slot, Point::CopyCleared);
        self.flush_copied(area.pid, vpn, vpn + 1);
        self.map_fresh(area, slot, vpn, id, Self::protection(area) | bits);
        if old.has_folio() {
            let id = self.folios.of(old.pfn());
            self.mms[area.pid.index()].rss -= 1;
            let unmapped = self.remove_rmap_ptes(id, old.pfn(), 1, area.pid);
            self.note_partial_unmap(id, unmapped);
            self.put_unmapped(id, 1);
        }
        Ok(())
    }

    /// B9: nobody reads the old page through a translation once the new one stands.
    fn flush_copied(&mut self, pid: Pid, start: u32, end: u32) {
        if !fault!(self, CowNoFlush) {
            self.flush_tlb(pid, start, end);
        }
    }

    /// A write or unshare fault on a PMD leaf without W (B13, B14). Answers `false` when the leaf
    /// was split and the fault goes on at the PTE level.
    pub(crate) fn wp_fault_pmd(
        &mut self,
        area: Area,
        pmd: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<bool, FaultError> {
        let entry = self.tables.get(pmd);
        if access == Access::Write && Self::uffd_wp(area, entry) {
            if self.config.uffd != UffdWpMode::Async {
                return Err(FaultError::Bus);
            }
            self.split_leaf(area, pmd);
            return Ok(false);
        }
        let reusable = if entry.is_zero() {
            if self.wp_huge_zero(area, pmd, vpn) {
                return Ok(true);
            }
            false
        } else {
            self.may_reuse_pmd(area, entry.pfn())?
        };
        if reusable {
            self.reuse(area, pmd, access);
        } else {
            self.split_leaf(area, pmd);
        }
        Ok(reusable)
    }

    /// B13: the head page is exclusive, or the PMD's is the only reference. Waits for the lock.
    fn may_reuse_pmd(&mut self, area: Area, head: Pfn) -> Result<bool, FaultError> {
        let id = self.folios.of(head);
        if self.folios.exclusive.get(head) && !fault!(self, WpCopyBreaksOwnPin) {
            return Ok(true);
        }
        if self.folios[id].flags.has(FolioFlags::LOCKED) {
            return Err(FaultError::Blocked);
        }
        let folio = &self.folios[id];
        let cached = folio.flags.has(FolioFlags::SWAPCACHE);
        if folio.refs > 1 + if cached { folio.pages() } else { 0 } {
            return Ok(false);
        }
        if cached && !self.free_swap(id) {
            return Ok(false);
        }
        self.folios[id].mapping = self.vma(area).anon_vma;
        if !fault!(self, ReuseSoleOwnerNoFlag) {
            self.folios.exclusive.fill(head, 1, true);
        }
        Ok(true)
    }

    /// B14: the huge zero folio gives way to a fresh PMD folio, if one can be allocated.
    fn wp_huge_zero(&mut self, area: Area, pmd: Slot, vpn: u32) -> bool {
        let start = self.geometry.block_start(vpn);
        if self.allocate_folio(self.geometry.shift as u8, area.pid, start).is_err() {
            return false;
        }
        self.blink(pmd, Point::CopyCleared);
        self.flush_copied(area.pid, start, self.geometry.block_end(start));
        self.map_fresh_leaf(area, pmd, start);
        true
    }
}
