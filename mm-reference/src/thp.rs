//! Large folios: splitting a PMD leaf into PTEs (G1 … G6) and splitting a folio into small ones
//! (G7 … G10, with F9), as far as the operations of this vocabulary ask for it.

use mm_ops::{EntryFlags, FolioFlags, Order, Pid, VmaFlags, Vpn};

use crate::coverage::rule;
use crate::state::{FolioId, Leaf, Mapped, Page, PmdKind, Pte, Reference};

/// Splitting a PMD.
impl Reference {
    /// Splits the leaf of a page's block, if there is one (G5, G23): the folio stays whole. The
    /// deposited table becomes the page table, so this cannot fail.
    pub(crate) fn split_pmd(&mut self, pid: Pid, vpn: u32) {
        let start = self.block_start(vpn);
        match self.pmd(pid, vpn) {
            PmdKind::None | PmdKind::Table => rule!(self.coverage, G23),
            PmdKind::HugeZero(_) => {
                rule!(self.coverage, G4);
                rule!(self.coverage, G5, 1);
                let vma = self.vma(pid, Vpn(vpn)).expect("a leaf lies inside a VMA");
                let flags = self.vma_prot(vma);
                self.set_table(pid, vpn);
                for vpn in start..start + self.ptes() {
                    self.set_pte(pid, vpn, Pte::Zero(flags));
                }
            }
            PmdKind::Leaf(leaf) => {
                rule!(self.coverage, G5);
                self.split_leaf(pid, start, leaf);
            }
        }
    }

    /// G2.
    fn split_leaf(&mut self, pid: Pid, start: u32, Leaf { folio, flags: old }: Leaf) {
        let exclusive = self.page(folio, 0).exclusive;
        rule!(self.coverage, G2, u8::from(exclusive));
        let vma = self.vma(pid, Vpn(start)).expect("a leaf lies inside a VMA");
        let vma_flags = vma.flags;
        if old.has(EntryFlags::DIRTY) {
            rule!(self.coverage, G2, 2);
            let flags = &mut self.folio_mut(folio).flags;
            *flags = flags.with(FolioFlags::DIRTY);
        }
        let flags = self.remade(vma_flags, old);
        // Made dirty like any PTE, and so soft-dirty, too (S18).
        let flags = if old.has(EntryFlags::DIRTY) { self.dirtied(flags) } else { flags };
        let pages = self.ptes();
        self.mappings_to_add(folio, pid, pages);
        self.set_table(pid, start);
        for page in 0..pages {
            self.set_pte(pid, start + page, Pte::Page(Mapped { folio, page, flags }));
            self.page_mut(folio, page).exclusive |= exclusive;
        }
        self.pmd_removed(folio, pid);
    }

    /// The flags of a PTE remade from another entry: protection comes from the VMA, so a NUMA hint
    /// is lost; W, young and soft-dirty are carried over (G2, F8). Dirty is the caller's business.
    fn remade(&self, vma: VmaFlags, old: EntryFlags) -> EntryFlags {
        let accessible = vma.has(VmaFlags::READ) || vma.has(VmaFlags::WRITE);
        let carried = EntryFlags::WRITE.with(EntryFlags::YOUNG).with(EntryFlags::SOFT_DIRTY);
        EntryFlags(old.0 & carried.0).with_if(EntryFlags::PROTNONE, !accessible)
    }
}

/// Splitting a folio.
impl Reference {
    /// Splits a large folio into small ones; the caller holds its lock and one reference, and some
    /// entry maps it. `false`: somebody else refers to it, and nothing was touched (G7).
    pub(crate) fn split_folio(&mut self, folio: FolioId) -> bool {
        if self.extra_references(folio) > 0 {
            rule!(self.coverage, G7, 0);
            return false;
        }
        rule!(self.coverage, G7, 1);
        let leaves: Vec<_> = self.mappings(folio).filter(|mapping| mapping.by_pmd).collect();
        for leaf in leaves {
            rule!(self.coverage, G8);
            self.split_pmd(leaf.pid, leaf.vpn);
        }
        let entries: Vec<_> = self.mappings(folio).map(|m| (m.pid, m.vpn)).collect();
        // F3: the dirty bits of the entries go to the folio while it is unmapped.
        if entries.iter().any(|(pid, vpn)| self.pte_flags(*pid, *vpn).has(EntryFlags::DIRTY)) {
            rule!(self.coverage, F3);
            let flags = &mut self.folio_mut(folio).flags;
            *flags = flags.with(FolioFlags::DIRTY);
        }
        for (pid, vpn) in entries {
            self.remap_piece(folio, pid, vpn);
        }
        true
    }

    fn pte_flags(&self, pid: Pid, vpn: u32) -> EntryFlags {
        match self.pte(pid, vpn) {
            Pte::Page(Mapped { flags, .. }) | Pte::Zero(flags) => flags,
            Pte::None | Pte::Guard => EntryFlags::NONE,
        }
    }

    /// G9, G10: one entry of the old folio now maps a small folio of its own, or the zero page.
    fn remap_piece(&mut self, whole: FolioId, pid: Pid, vpn: u32) {
        let Pte::Page(Mapped { page, flags: old, .. }) = self.pte(pid, vpn) else { return };
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let Page { value, exclusive } = *self.page(whole, page);
        if value.is_zero() && !vma_flags.has(VmaFlags::LOCKED) {
            rule!(self.coverage, F9);
            let sd = old.has(EntryFlags::SOFT_DIRTY);
            self.set_pte(pid, vpn, Pte::Zero(prot.with_if(EntryFlags::SOFT_DIRTY, sd)));
            return;
        }
        rule!(self.coverage, F8, u8::from(exclusive));
        let folio_flags = self.folio(whole).flags;
        let dirty = old.has(EntryFlags::DIRTY) && folio_flags.has(FolioFlags::DIRTY);
        // Soft-dirty is as the entry had it, dirty or not.
        let flags = self.remade(vma_flags, old).with_if(EntryFlags::DIRTY, dirty);
        rule!(self.coverage, G9);
        let (mapping, index) = (self.folio(whole).mapping, self.folio(whole).index + page);
        let frame = self.folio(whole).frames[page as usize];
        let piece = self.new_folio(Order(0), vma_flags);
        let kept = FolioFlags::SWAPBACKED.with(FolioFlags::DIRTY).with(FolioFlags::LRU);
        let small = self.folio_mut(piece);
        small.flags = FolioFlags(folio_flags.0 & kept.0);
        small.mapping = mapping;
        small.index = index;
        small.pages[0] = Page { value, exclusive };
        small.frames[0] = frame;
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio: piece, page: 0, flags }));
    }
}
