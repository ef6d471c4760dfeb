//! Faults on pages that are not writable, or in swap (M7, M15): reuse by the counts, else a copy; and the
//! copy of a page that comes back where it cannot be found.

use crate::entry::Entry;
use crate::fault::{Access, FaultError};
use crate::folio::{FolioId, lower};
use crate::model::Model;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::FolioFlags;

impl Model {
    /// do_wp_page (M15): a write to a present entry without W, or what must end like one. The page is
    /// reused if its lock can be had and nobody else refers to it, else copied.
    pub(crate) fn break_cow(&mut self, area: Area, slot: Slot, vpn: u32) -> Result<(), FaultError> {
        let entry = self.tables.get(slot);
        if entry.has_folio() {
            let id = self.folios.of(entry.pfn());
            if !self.folios[id].flags.has(FolioFlags::LOCKED) && self.is_sole(id) {
                self.reuse_sole(area, slot, id, vpn);
                return Ok(());
            }
        }
        self.wp_copy(area, slot, vpn, Access::Write)
    }

    /// can_share_swap_page (M15): the one reference is the mapping, or the other one is the swap cache's,
    /// for nobody else.
    fn is_sole(&self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        match folio.refs {
            1 => true,
            2 => folio.flags.has(FolioFlags::SWAPCACHE) && !self.is_swapped(id),
            _ => false,
        }
    }

    /// The page stays, in the swap cache, too; it notes this address if only this entry maps it (M15, M19).
    fn reuse_sole(&mut self, area: Area, slot: Slot, id: FolioId, vpn: u32) {
        let bits = Entry::YOUNG | Entry::DIRTY | Self::write_bit(area);
        self.tables.set(slot, self.tables.get(slot).with(bits));
        if self.folios.mapcount_of(id) == 1 && !fault!(self, AnonmmReuseRace) {
            self.folios[id].index = vpn;
        }
    }

    /// do_swap_page (M7): the page comes back read-only; a write is satisfied in the same fault, and
    /// so is the need for a copy where the page has another address.
    #[cold]
    pub(crate) fn swap_fault_noted(
        &mut self,
        area: Area,
        slot: Slot,
        vpn: u32,
        access: Access,
    ) -> Result<(), FaultError> {
        let number = self.tables.get(slot).swap_slot();
        let id = match self.swap[number].cache {
            Some(id) if self.folios[id].flags.has(FolioFlags::LOCKED) => {
                return Err(FaultError::Blocked);
            }
            Some(id) => {
                self.folios[id].refs += 1;
                id
            }
            None => self.read_into_cache(area.pid, vpn, number)?,
        };
        self.map_back_noted(area, (slot, vpn), id, Self::protection(area));
        let write = access == Access::Write;
        if write && self.is_sole(id) {
            self.reuse_sole(area, slot, id, vpn);
            return Ok(());
        }
        let clash = self.folios[id].index != vpn && !fault!(self, SwapinMovedClashNotCopied);
        if write || clash { self.break_cow(area, slot, vpn) } else { Ok(()) }
    }

    /// The PTE of a cached page in place of a SWAP entry, with these bits (M7, M10, M13). It takes over
    /// a reference of the caller's.
    pub(crate) fn map_back_noted(
        &mut self,
        area: Area,
        (slot, vpn): (Slot, u32),
        id: FolioId,
        bits: u64,
    ) {
        let number = self.tables.get(slot).swap_slot();
        self.put_slots(number, 1);
        let mm = &mut self.mms[area.pid.index()];
        mm.rss += 1;
        lower(&mut mm.swapents, 1);
        self.tables.set(slot, Entry::page(self.folios[id].head, bits));
        self.add_noted_rmap(id, area.pid, vpn);
    }
}
