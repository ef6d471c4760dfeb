//! Copy-on-write: write and unshare faults on a present entry without W (rulebook section B).

use mm_ops::{AllocKind, EntryFlags, FolioFlags, Order, Pid, Value, Vpn};

use crate::coverage::rule;
use crate::fault::{Access, Fault, PmdFault};
use crate::state::{FolioId, Leaf, Mapped, Page, PmdKind, Pte, Reference};

/// PTE level.
impl Reference {
    /// do_wp_page (B1, B3): the entry is present and not W. In the anonmm scheme M15 replaces all of it.
    pub(crate) fn cow_fault(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        if self.has_anonmm() {
            return Ok(self.reuse_or_copy(pid, vpn)?);
        }
        rule!(self.coverage, B1, u8::from(access == Access::Unshare));
        let (vma, flags) = (self.vma_flags(pid, vpn), self.pte_flags(pid, vpn));
        if access == Access::Write && self.uffd_protected(vma, flags) {
            if !self.uffd_async() {
                rule!(self.coverage, B1, 2);
                return Err(Fault::Bus);
            }
            rule!(self.coverage, B1, 3);
            self.set_pte_flags(pid, vpn, flags.without(EntryFlags::UFFD_WP));
        }
        let Pte::Page(mapped) = self.pte(pid, vpn) else {
            rule!(self.coverage, B10, u8::from(access == Access::Unshare));
            return self.copy_page(pid, vpn, access);
        };
        if self.page(mapped.folio, mapped.page).exclusive {
            rule!(self.coverage, B3, 0);
        } else if self.reusable(mapped.folio, pid, vpn) {
            rule!(self.coverage, B3, 1);
            self.page_mut(mapped.folio, mapped.page).exclusive = true;
        } else {
            rule!(self.coverage, B3, 2);
            return self.copy_page(pid, vpn, access);
        }
        self.reuse_page(pid, vpn, mapped.flags, access);
        Ok(())
    }

    /// Whether nobody else can see the folio's pages.
    fn reusable(&mut self, folio: FolioId, pid: Pid, vpn: u32) -> bool {
        if self.folio(folio).large() {
            self.large_reusable(folio)
        } else {
            self.small_reusable(folio, pid, vpn)
        }
    }

    /// B6: a single reference besides the swap cache's, which is our mapping, the folio lock is
    /// free, and the folio can leave the swap cache.
    fn small_reusable(&mut self, folio: FolioId, pid: Pid, vpn: u32) -> bool {
        if self.folio(folio).flags.has(FolioFlags::KSM) {
            rule!(self.coverage, B11);
            return false;
        }
        if self.refcount(folio) <= 3 {
            self.drain_for(folio);
        }
        if self.refcount(folio) > 1 + self.cache_references(folio) {
            rule!(self.coverage, B6, 0);
            return false;
        }
        if self.locked(folio) {
            rule!(self.coverage, B6, 1);
            return false;
        }
        if self.in_swap_cache(folio) && !self.free_swap(folio) {
            rule!(self.coverage, B6, 3);
            return false;
        }
        rule!(self.coverage, B6, 2);
        self.move_to_own_anon_vma(folio, pid, vpn);
        true
    }

    /// B7, B8: several mappings, all in one mm, and no other reference. The anon_vma stays.
    fn large_reusable(&mut self, folio: FolioId) -> bool {
        let mapcount = self.mapcount(folio);
        if mapcount <= 1 {
            rule!(self.coverage, B7, 0);
            return false;
        }
        if self.maybe_mapped_shared(folio) {
            rule!(self.coverage, B7, 1);
            return false;
        }
        if self.in_swap_cache(folio) {
            if self.locked(folio) {
                rule!(self.coverage, B7, 3);
                return false;
            }
            rule!(self.coverage, B7, 4);
            self.free_swap(folio);
        }
        if mapcount != self.refcount(folio) {
            rule!(self.coverage, B8);
            return false;
        }
        rule!(self.coverage, B7, 2);
        true
    }

    /// B4, B5: the same page stays.
    fn reuse_page(&mut self, pid: Pid, vpn: u32, flags: EntryFlags, access: Access) {
        if access == Access::Unshare {
            rule!(self.coverage, B5);
            return;
        }
        rule!(self.coverage, B4);
        let vma = self.vma_flags(pid, vpn);
        self.set_pte_flags(pid, vpn, self.made_writable(flags, vma));
    }

    /// B9, B10: a page of its own, with the content of the old one.
    fn copy_page(&mut self, pid: Pid, vpn: u32, access: Access) -> Result<(), Fault> {
        // The copy is made without the table's lock.
        self.between_steps();
        self.prepare_anon_vma(pid, vpn)?;
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)?;
        rule!(self.coverage, B9, u8::from(access == Access::Unshare));
        let old = self.pte(pid, vpn);
        let (value, old_flags) = match old {
            Pte::Page(Mapped { folio, page, flags }) => (self.page(folio, page).value, flags),
            Pte::Zero(flags) => (Value::ZERO, flags),
            _ => unreachable!("only called for a present entry"),
        };
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let flags = if access == Access::Unshare {
            let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
            prot.with(EntryFlags(old_flags.0 & kept.0))
        } else {
            self.made_writable(prot, vma_flags)
        };
        let new = self.new_folio(Order(0), vma_flags);
        self.first_mapping(new, pid, vpn, 1);
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio: new, page: 0, flags }));
        *self.page_mut(new, 0) = Page { value, exclusive: true, ..Page::default() };
        if let Pte::Page(Mapped { folio, page, .. }) = old {
            // The old page keeps its state: PAE is never given to it from afar.
            rule!(self.coverage, B12);
            self.ptes_removed(folio, pid, page..page + 1);
            self.free_unmapped_swap_cache(folio);
        }
        Ok(())
    }
}

/// PMD level.
impl Reference {
    /// do_huge_pmd_wp_page (B13, B14): the leaf is not W.
    pub(crate) fn huge_cow_fault(
        &mut self,
        pid: Pid,
        vpn: u32,
        access: Access,
    ) -> Result<PmdFault, Fault> {
        let vma = self.vma_flags(pid, vpn);
        let watched = matches!(self.pmd(pid, vpn),
            PmdKind::Leaf(Leaf { flags, .. }) | PmdKind::HugeZero(flags)
                if self.uffd_protected(vma, flags));
        if access == Access::Write && watched {
            rule!(self.coverage, B13, if self.uffd_async() { 5 } else { 4 });
            if !self.uffd_async() {
                return Err(Fault::Bus);
            }
            self.split_pmd(pid, vpn);
            return Ok(PmdFault::Fallback);
        }
        let Leaf { folio, flags } = match self.pmd(pid, vpn) {
            PmdKind::Leaf(leaf) => leaf,
            _ => return Ok(self.huge_zero_cow_fault(pid, vpn)),
        };
        if self.page(folio, 0).exclusive {
            rule!(self.coverage, B13, 0);
        } else {
            if self.locked(folio) {
                rule!(self.coverage, B13, 1);
                return Err(Fault::Blocked);
            }
            let alone = self.refcount(folio) == 1 + self.cache_references(folio);
            if !alone || self.in_swap_cache(folio) && !self.free_swap(folio) {
                rule!(self.coverage, B13, 2);
                self.split_pmd(pid, vpn);
                return Ok(PmdFault::Fallback);
            }
            rule!(self.coverage, B13, 3);
            self.move_to_own_anon_vma(folio, pid, vpn);
            self.page_mut(folio, 0).exclusive = true;
        }
        rule!(self.coverage, B15, u8::from(access == Access::Unshare));
        if access == Access::Write {
            let vma = self.vma_flags(pid, vpn);
            self.set_leaf_flags(pid, vpn, self.made_writable(flags, vma));
        }
        Ok(PmdFault::Done)
    }

    /// B14: the huge zero folio is replaced by a fresh folio, else split. The deposited table stays.
    fn huge_zero_cow_fault(&mut self, pid: Pid, vpn: u32) -> PmdFault {
        let start = self.block_start(vpn);
        if !self.allocate(AllocKind::Folio(self.config.pmd_order()), pid, start) {
            rule!(self.coverage, B14, 1);
            self.split_pmd(pid, vpn);
            return PmdFault::Fallback;
        }
        rule!(self.coverage, B14, 0);
        let vma = self.vma(pid, Vpn(vpn)).expect("checked by the caller");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        self.map_fresh_leaf(pid, start, vma_flags, prot);
        PmdFault::Done
    }
}
