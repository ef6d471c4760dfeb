//! The write fault (M15), and the fault on a SWAP entry (M7). No page is ever called exclusive: whether it
//! can be written where it is follows from its references, each time anew.

use mm_ops::{AllocKind, Order, Pid, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::fault::{Access, Fault};
use crate::state::{FolioId, Mapped, Page, Pte, Reference};

impl Reference {
    /// do_wp_page (M15): the entry is present and not W.
    pub(crate) fn reuse_or_copy(&mut self, pid: Pid, vpn: u32) -> Result<(), NoMemory> {
        if let Pte::Page(Mapped { folio, .. }) = self.pte(pid, vpn)
            && !self.locked(folio)
            && self.only_ours(folio)
        {
            rule!(self.coverage, M15, 0);
            self.keep_page(pid, vpn, folio);
            return Ok(());
        }
        rule!(self.coverage, M15, 1);
        if let Some(old) = self.copy_for_writing(pid, vpn)? {
            self.free_unmapped_swap_cache(old);
        }
        Ok(())
    }

    /// M15: one reference, our mapping's; or two, the other one the swap cache's, and no SWAP entry from
    /// which somebody could come for the page.
    fn only_ours(&self, folio: FolioId) -> bool {
        match self.refcount(folio) {
            1 => true,
            2 => self.cached_at(folio).is_some_and(|slot| self.slot_count(slot) == 0),
            _ => false,
        }
    }

    /// M15: the same page stays, also in the swap cache. It notes where it is written (M19).
    fn keep_page(&mut self, pid: Pid, vpn: u32, folio: FolioId) {
        let (flags, vma) = (self.pte_flags(pid, vpn), self.vma_flags(pid, vpn));
        self.set_pte_flags(pid, vpn, self.made_writable(flags, vma));
        if self.mapcount(folio) == 1 {
            self.folio_mut(folio).index = vpn;
        }
    }

    /// M15: a page of its own, with the content of the old one; it notes this place (M13). The old page,
    /// unless that is the zero page.
    pub(super) fn copy_for_writing(
        &mut self,
        pid: Pid,
        vpn: u32,
    ) -> Result<Option<FolioId>, NoMemory> {
        // The copy is made without the table's lock.
        self.between_steps();
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        let old = match self.pte(pid, vpn) {
            Pte::Page(mapped) => Some(mapped.folio),
            _ => None,
        };
        let content = old.map(|old| self.page(old, 0).value).unwrap_or_default();
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let flags = self.made_writable(prot, vma_flags);
        let new = self.new_folio(Order(0), vma_flags);
        *self.page_mut(new, 0) = Page { value: content, ..Page::default() };
        self.first_mapping(new, pid, vpn, 1);
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio: new, page: 0, flags }));
        if let Some(old) = old {
            self.ptes_removed(old, pid, 0..1);
        }
        Ok(old)
    }
}

impl Reference {
    /// do_swap_page (M7): the page comes from the swap cache, through which every page goes, and stays
    /// there. It is mapped R/O; what a write needs beyond that, and a clash, are settled in the same
    /// fault (M8).
    pub(crate) fn map_swapped_page(
        &mut self,
        pid: Pid,
        vpn: u32,
        access: Access,
    ) -> Result<(), Fault> {
        let Pte::Swap(swapped) = self.pte(pid, vpn) else { return Ok(()) };
        let folio = match self.slots[swapped.slot as usize].cache {
            Some(folio) if self.locked(folio) => {
                rule!(self.coverage, M7, 0);
                return Err(Fault::Blocked);
            }
            Some(folio) => folio,
            None => self.read_into_cache(pid, vpn, swapped.slot)?,
        };
        let write = access == Access::Write;
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let flags = self.vma_prot(vma);
        self.page_to_be_mapped(folio, pid, vpn);
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio, page: 0, flags }));
        if write && self.only_ours(folio) {
            rule!(self.coverage, M7, 1);
            self.keep_page(pid, vpn, folio);
            return Ok(());
        }
        let clash = self.clashes(folio, vpn);
        if write || clash {
            rule!(self.coverage, M7, if clash { 3 } else { 2 });
            // Without memory the page stays where it is, even where nobody will find it.
            self.reuse_or_copy(pid, vpn)?;
        } else {
            rule!(self.coverage, M7, 4);
        }
        Ok(())
    }

    /// M8: whether a walk by force takes an entry that is not W: where the VMA is not writable, once its
    /// one write fault has made the page private.
    pub(crate) fn takes_by_force(&mut self, vma: VmaFlags, force: bool, faulted: bool) -> bool {
        let takes = force && faulted && !vma.has(VmaFlags::WRITE);
        rule!(self.coverage, M8, u8::from(takes));
        takes
    }
}
