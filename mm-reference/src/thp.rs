//! Splitting a PMD entry into PTEs (G1 … G6, G23): the folio stays whole.

use mm_ops::{EntryFlags, Pid, VmaFlags, Vpn};

use crate::coverage::rule;
use crate::migrate::migration_flags;
use crate::state::{Leaf, Mapped, PmdKind, Pte, Reference};

/// Splitting a PMD.
impl Reference {
    /// Splits the leaf of a page's block, if there is one (G5, G23): the folio stays whole. The
    /// deposited table becomes the page table, so this cannot fail.
    pub(crate) fn split_pmd(&mut self, pid: Pid, vpn: u32) {
        let start = self.block_start(vpn);
        match self.pmd(pid, vpn) {
            PmdKind::None | PmdKind::Table => rule!(self.coverage, G23),
            PmdKind::Migration(leaf) => {
                rule!(self.coverage, G1);
                rule!(self.coverage, G5, 2);
                self.fill_with_migration(pid, start, leaf);
            }
            PmdKind::DevPrivate(leaf) => {
                rule!(self.coverage, G5, 3);
                self.split_device_leaf(pid, start, leaf);
                self.between_steps();
            }
            PmdKind::HugeZero(old) => {
                rule!(self.coverage, G4);
                rule!(self.coverage, G5, 1);
                let vma = self.vma(pid, Vpn(vpn)).expect("a leaf lies inside a VMA");
                let watched = old.has(EntryFlags::UFFD_WP);
                let flags = self.vma_prot(vma).with_if(EntryFlags::UFFD_WP, watched);
                self.set_table(pid, vpn);
                for vpn in start..start + self.ptes() {
                    self.set_pte(pid, vpn, Pte::Zero(flags));
                }
            }
            PmdKind::Leaf(leaf) => {
                rule!(self.coverage, G5);
                self.split_leaf(pid, start, leaf);
                self.between_steps();
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
            self.mark_folio_dirty(folio);
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

    /// G3: the leaf becomes MIGRATION entries, for a folio that is split. `false`: the head cannot
    /// be shared, and nothing was done.
    pub(crate) fn freeze_leaf(&mut self, pid: Pid, start: u32, leaf: Leaf) -> bool {
        let Leaf { folio, flags } = leaf;
        let exclusive = self.page(folio, 0).exclusive;
        if exclusive && !self.share(folio, 0) {
            return false;
        }
        rule!(self.coverage, G3, u8::from(exclusive));
        if flags.has(EntryFlags::DIRTY) {
            self.mark_folio_dirty(folio);
        }
        let flags = migration_flags(flags, exclusive);
        self.fill_with_migration(pid, start, Leaf { folio, flags });
        self.pmd_removed(folio, pid);
        true
    }

    /// The deposited table becomes the page table, with a MIGRATION entry for each page.
    fn fill_with_migration(&mut self, pid: Pid, start: u32, Leaf { folio, flags }: Leaf) {
        self.set_table(pid, start);
        for page in 0..self.ptes() {
            self.set_pte(pid, start + page, Pte::Migration(Mapped { folio, page, flags }));
        }
    }

    /// The flags of a PTE remade from another entry: protection comes from the VMA, so a NUMA hint
    /// is lost; W, young, soft-dirty and uwp are carried over (G2, F8). Dirty is the caller's business.
    pub(crate) fn remade(&self, vma: VmaFlags, old: EntryFlags) -> EntryFlags {
        let accessible = vma.has(VmaFlags::READ) || vma.has(VmaFlags::WRITE);
        let carried = EntryFlags::WRITE
            .with(EntryFlags::YOUNG)
            .with(EntryFlags::SOFT_DIRTY)
            .with(EntryFlags::UFFD_WP);
        EntryFlags(old.0 & carried.0).with_if(EntryFlags::PROTNONE, !accessible)
    }
}
