//! Reclaim of one page (M17), and `swapoff` (M10).

use mm_ops::{Errno, FolioFlags, Pid, Token, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::reclaim::{KEPT, Reclaimed};
use crate::state::{FolioId, Mapped, Pmd, Pte, Reference, Swapped};

impl Reference {
    /// M16, M17, E11: `swap_out` of a page that is on the LRU and unlocked.
    pub(crate) fn reclaim_page(&mut self, folio: FolioId, token: Option<Token>) -> Reclaimed {
        if self.under_writeback(folio) {
            rule!(self.coverage, M17, 4);
            return KEPT;
        }
        if self.mapcount(folio) > 0 {
            // Who referred to the page does not matter; but none of its mappings is young after it.
            self.page_referenced(folio);
        }
        if !self.in_swap_cache(folio) {
            if !self.enter_swap_cache(folio) {
                return KEPT;
            }
            self.add_folio_flags(folio, FolioFlags::DIRTY);
        }
        if self.mapcount(folio) > 0 {
            self.unmap_group(folio);
        }
        self.between_steps();
        if self.mapcount(folio) > 0 {
            rule!(self.coverage, E6);
            return KEPT;
        }
        self.write_and_free(folio, token)
    }
}

/// `swapoff`.
impl Reference {
    /// M10: slot by slot.
    pub(crate) fn empty_swap(&mut self) -> Result<(), Errno> {
        for slot in 0..self.slots.len() as u32 {
            let entries = self.entries_naming(slot);
            let cached = self.slots[slot as usize].cache;
            if let Some(folio) = self.folio_of_slot(slot, cached, &entries)? {
                self.empty_slot(folio, &entries)?;
            }
        }
        Ok(())
    }

    /// The SWAP entries that name a slot, by process and address.
    fn entries_naming(&self, slot: u32) -> Vec<(Pid, u32)> {
        let mut entries = Vec::new();
        for (mm, pid) in self.mms.iter().zip((0u8..).map(Pid)) {
            for (block, pmd) in &mm.pmds {
                let Pmd::Table(table) = pmd else { continue };
                for (pte, vpn) in table.iter().zip(block * self.ptes()..) {
                    if matches!(pte, Pte::Swap(Swapped { slot: named, .. }) if *named == slot) {
                        entries.push((pid, vpn));
                    }
                }
            }
        }
        entries
    }

    /// The folio of a slot, read in if it is only named; `None` for a free slot.
    fn folio_of_slot(
        &mut self,
        slot: u32,
        cached: Option<FolioId>,
        entries: &[(Pid, u32)],
    ) -> Result<Option<FolioId>, Errno> {
        match (cached, entries.first()) {
            (Some(folio), _) => Ok(Some(folio)),
            (None, Some((pid, vpn))) => {
                let read = self.read_into_cache(*pid, *vpn, slot);
                read.map(Some).map_err(|NoMemory| Errno::ENOMEM)
            }
            (None, None) => Ok(None),
        }
    }

    /// Every entry becomes present, and then the folio leaves the cache.
    fn empty_slot(&mut self, folio: FolioId, entries: &[(Pid, u32)]) -> Result<(), Errno> {
        if self.locked(folio) || self.under_writeback(folio) {
            rule!(self.coverage, M10, 0);
            return Err(Errno::EINTR);
        }
        for (pid, vpn) in entries {
            self.unuse(*pid, *vpn, folio).map_err(|NoMemory| Errno::ENOMEM)?;
        }
        self.leave_swap_cache(folio);
        self.add_folio_flags(folio, FolioFlags::DIRTY);
        Ok(())
    }

    /// unuse_process (M10): the page is mapped old, R/O and clean. Where it is noted elsewhere the
    /// process gets a copy at once: swapoff has the page's lock, so nothing can be reused.
    fn unuse(&mut self, pid: Pid, vpn: u32, folio: FolioId) -> Result<(), NoMemory> {
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let flags = self.vma_prot(vma).without(mm_ops::EntryFlags::YOUNG);
        self.page_to_be_mapped(folio, pid, vpn);
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio, page: 0, flags }));
        let clash = self.clashes(folio, vpn);
        rule!(self.coverage, M10, if clash { 2 } else { 1 });
        if clash {
            self.copy_for_writing(pid, vpn)?;
        }
        Ok(())
    }
}
