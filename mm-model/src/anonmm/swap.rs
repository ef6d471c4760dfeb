//! Reclaim and swapoff (M10, M17): a page is taken from every process at the one address it notes, and
//! brought back to where its entries are.

use crate::folio::FolioId;
use crate::model::Model;
use crate::race::Point;
use crate::reclaim::Verdict;
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{Errno, FolioFlags, Pid, Token, VmaFlags};

/// A SWAP entry: sorted by slot, then by process and address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Named {
    number: u32,
    pid: Pid,
    vpn: u32,
    slot: Slot,
}

impl Model {
    /// shrink_list for one page that is on the LRU and not locked: references do not keep it, they are
    /// only cleared.
    pub(crate) fn reclaim_noted(&mut self, id: FolioId, token: Option<Token>) -> Verdict {
        if self.folios[id].flags.has(FolioFlags::WRITEBACK) {
            return Verdict::Kept;
        }
        if self.folios.mapcount_of(id) > 0 {
            self.page_referenced(id);
        }
        if !self.folios[id].flags.has(FolioFlags::SWAPCACHE) {
            if !self.add_to_swap(id) {
                return Verdict::Kept;
            }
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        self.unmap_noted(id);
        self.yield_point(Point::SwapFlushed);
        if self.folios.mapcount_of(id) > 0 {
            return Verdict::Kept;
        }
        self.write_and_free(id, token)
    }

    /// try_to_unmap (M17): a process that does not map the page where it should is passed over; a LOCKED
    /// VMA ends it. What went before stays away.
    fn unmap_noted(&mut self, id: FolioId) {
        for pid in self.visits_of(id) {
            if self.folios.mapcount_of(id) == 0 {
                return;
            }
            let vpn = self.folios[id].index;
            let Some((slot, _)) = self.noted_entry(id, pid) else { continue };
            let Some(area) = self.area_at(pid, vpn) else { continue };
            if area.has(VmaFlags::LOCKED) && !fault!(self, AnonmmUnmapIgnoresLocked) {
                return;
            }
            if !self.swap_out_pte(area, slot, id) {
                return; // Only a fault makes a page look pinned here.
            }
            if !fault!(self, SwapoutNoFlush) {
                self.flush_tlb(pid, vpn, vpn + 1);
            }
        }
    }

    /// Empties the device (M10), slot by slot.
    pub(crate) fn bring_all_back_noted(&mut self) -> Result<(), Errno> {
        let mut entries = self.swapped_entries();
        entries.sort_unstable();
        let used: Vec<u32> = self.swap.used().map(|(number, _)| number).collect();
        let mut rest = &entries[..];
        for number in used {
            let (these, others) = rest.split_at(rest.partition_point(|e| e.number <= number));
            rest = others;
            self.bring_slot_back(number, these)?;
        }
        Ok(())
    }

    /// Every SWAP entry there is.
    fn swapped_entries(&self) -> Vec<Named> {
        let mut entries = Vec::new();
        for pid in (0..self.mms.len() as u8).map(Pid) {
            if !self.mms[pid.index()].alive || self.mms[pid.index()].swapents == 0 {
                continue;
            }
            let mut at = 0;
            while let Some(block) = self.next_block(pid, at, self.geometry.space()) {
                at = block.end;
                if !self.tables.get(block.slot).is_table() {
                    continue;
                }
                let first = self.pte_slot_in(block.slot, block.start);
                let places = (first..).zip(block.start..block.end);
                entries.extend(places.filter_map(|(slot, vpn)| {
                    let entry = self.tables.get(slot);
                    let number = entry.swap_slot();
                    entry.is_swap().then_some(Named { number, pid, vpn, slot })
                }));
            }
        }
        entries
    }

    /// M10 for one slot and the entries that name it. Swapoff has the page's lock meanwhile, and gives it
    /// up with the slot.
    fn bring_slot_back(&mut self, number: u32, entries: &[Named]) -> Result<(), Errno> {
        let id = match (self.swap[number].cache, entries.first()) {
            (Some(id), _) => {
                self.wait_for(id)?;
                self.folios[id].refs += 1;
                id
            }
            (None, Some(first)) => self.read_into_cache(first.pid, first.vpn, number)?,
            // Only a fault leaves a count without entries.
            (None, None) => return Ok(()),
        };
        self.folios[id].set(FolioFlags::LOCKED, true);
        let unused = entries.iter().try_for_each(|entry| self.unuse_noted(id, *entry));
        self.folios[id].set(FolioFlags::LOCKED, false);
        if unused.is_ok() {
            self.free_swap(id);
        }
        self.put_folio(id, 1);
        unused
    }

    /// unuse_process for one entry: the page comes back old, clean and read-only. Where it notes another
    /// address a write fault makes a copy, since the page is locked.
    fn unuse_noted(&mut self, id: FolioId, entry: Named) -> Result<(), Errno> {
        let Named { pid, vpn, slot, .. } = entry;
        let area: Area = self.area_at(pid, vpn).ok_or(Errno::EFAULT)?;
        self.folios[id].refs += 1;
        let bits = Self::protection(area) & !crate::entry::Entry::YOUNG;
        self.map_back_noted(area, (slot, vpn), id, bits);
        if self.folios[id].index == vpn || fault!(self, AnonmmSwapoffKeepsClash) {
            return Ok(());
        }
        self.break_cow(area, slot, vpn).map_err(|_| Errno::ENOMEM)
    }
}
