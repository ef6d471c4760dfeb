//! fork (rulebook section C).

use std::ops::Range;

use crate::uffd::{UFFD, write_protected};
use mm_ops::{AllocKind, EntryFlags, Errno, EventKind, Order, Outcome, Pid, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{FolioId, Leaf, Mapped, Mm, Page, Pmd, PmdKind, Pte, Reference, Swapped, Vma};

/// Who forks whom.
#[derive(Clone, Copy, Debug)]
struct Family {
    parent: Pid,
    child: Pid,
    /// Whether the child's VMA at hand is watched for write protection (C21).
    uffd_wp: bool,
}

impl Family {
    /// C21: the flags an entry has in the child, as far as userfaultfd goes.
    fn copied(self, parents: EntryFlags) -> EntryFlags {
        if self.uffd_wp { parents } else { parents.without(EntryFlags::UFFD_WP) }
    }

    /// C4, C8, C9: the child's present entry is R/O and old; dirty and soft-dirty are copied.
    fn child_flags(self, parents: EntryFlags) -> EntryFlags {
        self.copied(parents).without(EntryFlags::WRITE.with(EntryFlags::YOUNG))
    }
}

impl Reference {
    /// `fork`.
    pub(crate) fn op_fork(&mut self, parent: Pid, child: Pid) -> Outcome {
        if child.0 >= self.config.procs {
            return Outcome::Err(Errno::EAGAIN);
        }
        if self.alive(child) {
            return Outcome::Err(Errno::EEXIST);
        }
        if !self.allocate(AllocKind::Mm, child, 0) || self.join_group(child).is_err() {
            return Outcome::Err(Errno::ENOMEM);
        }
        rule!(self.coverage, C1);
        rule!(self.coverage, S1);
        *self.mm_mut(child) = Mm { alive: true, ..Mm::default() };
        for index in 0..self.mm(parent).vmas.len() {
            let vma = self.mm(parent).vmas[index].clone();
            if self.fork_vma(Family { parent, child, uffd_wp: false }, &vma).is_err() {
                // The child's part is undone; what the parent lost it does not get back.
                rule!(self.coverage, C18);
                self.end_mm(child);
                return Outcome::Err(Errno::ENOMEM);
            }
        }
        Outcome::Ok
    }

    /// C2, C3: the child's copy of one VMA.
    fn fork_vma(&mut self, family: Family, vma: &Vma) -> Result<(), NoMemory> {
        if vma.has(VmaFlags::DONTFORK) {
            rule!(self.coverage, C2, 0);
            return Ok(());
        }
        self.try_allocate(AllocKind::Vma, family.child, vma.start)?;
        let dropped = if self.config.uffd_fork { VmaFlags::NONE } else { UFFD };
        let flags = vma.flags.without(VmaFlags::LOCKED).without(dropped);
        let family = Family { uffd_wp: flags.has(VmaFlags::UFFD_WP), ..family };
        let (start, end) = (vma.start, vma.end);
        let fresh = Vma { anon_vma: None, avcs: Vec::new(), linked: 0, ..*vma };
        let mut copy = Vma { flags, ..fresh };
        let wiped = vma.has(VmaFlags::WIPEONFORK);
        if wiped {
            rule!(self.coverage, C2, 1);
        } else {
            rule!(self.coverage, C2, 2);
            (copy.anon_vma, copy.avcs) = self.fork_anon_vma(family.child, vma)?;
        }
        self.mm_mut(family.child).vmas.push(copy);
        self.relink(family.child, self.mm(family.child).vmas.len() - 1);
        if wiped {
            return Ok(());
        }
        // In the anonmm scheme no VMA could tell that nothing was ever mapped there.
        if self.has_anonmm() {
            return self.copy_range(family, start..end);
        }
        if vma.anon_vma.is_none() && !family.uffd_wp {
            let guarded = vma.has(VmaFlags::MAYBE_GUARD);
            rule!(self.coverage, C3, u8::from(guarded));
            if !guarded {
                return Ok(());
            }
        }
        if vma.anon_vma.is_none() {
            rule!(self.coverage, C3, 1);
        }
        self.copy_range(family, start..end)
    }

    /// copy_page_range: tables exist in the child where they exist in the parent.
    fn copy_range(&mut self, family: Family, range: Range<u32>) -> Result<(), NoMemory> {
        self.notify(EventKind::ProtectionPage, family.parent, range.clone());
        let span = self.pmd_table_span();
        let numbers = range.start / span..range.end.div_ceil(span);
        let tables: Vec<u32> = self.mm(family.parent).pmd_tables.range(numbers).copied().collect();
        for table in tables {
            let start = table * span;
            self.ensure_pmd_table(family.child, start)?;
            let part = start.max(range.start)..(start + span).min(range.end);
            for part in self.present_blocks(family.parent, part) {
                self.copy_block(family, part)?;
            }
        }
        Ok(())
    }

    /// One PMD entry of the parent.
    fn copy_block(&mut self, family: Family, part: Range<u32>) -> Result<(), NoMemory> {
        let start = self.block_start(part.start);
        self.between_steps();
        match self.pmd(family.parent, start) {
            PmdKind::None => Ok(()),
            PmdKind::HugeZero(flags) => {
                self.try_allocate(AllocKind::Deposit, family.child, start)?;
                rule!(self.coverage, C9, 0);
                self.set_pmd(family.child, start, Pmd::HugeZero(family.child_flags(flags)));
                Ok(())
            }
            PmdKind::Leaf(leaf) => {
                self.between_steps();
                self.try_allocate(AllocKind::Deposit, family.child, start)?;
                if self.must_copy(family.parent, leaf.folio, 0) {
                    rule!(self.coverage, C8, 1);
                    self.split_pmd(family.parent, start);
                    self.copy_table(family, part)
                } else {
                    self.share_leaf(family, start, leaf);
                    Ok(())
                }
            }
            PmdKind::Migration(leaf) => {
                self.try_allocate(AllocKind::Deposit, family.child, start)?;
                rule!(self.coverage, C11, 1);
                let leaf = Leaf { flags: shared_migration(leaf.flags), ..leaf };
                self.set_leaf_flags(family.parent, start, leaf.flags);
                let leaf = Leaf { flags: family.copied(leaf.flags), ..leaf };
                self.set_pmd(family.child, start, Pmd::Migration(leaf));
                Ok(())
            }
            PmdKind::DevPrivate(leaf) => {
                self.try_allocate(AllocKind::Deposit, family.child, start)?;
                self.share_device_leaf(family, start, leaf);
                Ok(())
            }
            PmdKind::Table => self.copy_table(family, part),
        }
    }

    /// folio_needs_cow_for_dma on a PAE page (C5): sharing it would cut the tie between a pin and
    /// its owner.
    fn must_copy(&self, parent: Pid, folio: FolioId, page: u32) -> bool {
        self.mm(parent).has_pinned && self.page(folio, page).exclusive && self.maybe_pinned(folio)
    }

    /// C8: both processes map the leaf, neither may write.
    fn share_leaf(&mut self, family: Family, start: u32, Leaf { folio, flags }: Leaf) {
        rule!(self.coverage, C8, 0);
        rule!(self.coverage, C21, 1);
        self.page_mut(folio, 0).exclusive = false;
        self.mappings_to_add(folio, family.child, 1);
        self.set_leaf_flags(family.parent, start, flags.without(EntryFlags::WRITE));
        let leaf = Leaf { folio, flags: family.child_flags(flags) };
        self.set_pmd(family.child, start, Pmd::Leaf(leaf));
    }

    /// The entries of one page table, ascending (C22).
    fn copy_table(&mut self, family: Family, part: Range<u32>) -> Result<(), NoMemory> {
        self.ensure_pte_table(family.child, part.start)?;
        for vpn in part.clone() {
            if !matches!(self.pte(family.parent, vpn), Pte::None) {
                self.between_steps();
            }
            self.take_back_from_device(family, vpn)?;
            match self.pte(family.parent, vpn) {
                Pte::Swap(swapped) => self.share_slot(family, vpn, swapped),
                Pte::None => {}
                Pte::Migration(entry) => {
                    rule!(self.coverage, C11, 0);
                    let flags = shared_migration(entry.flags);
                    self.set_pte_flags(family.parent, vpn, flags);
                    let flags = family.copied(flags);
                    self.set_pte(family.child, vpn, Pte::Migration(Mapped { flags, ..entry }));
                }
                Pte::Hwpoison(entry) => {
                    rule!(self.coverage, C14);
                    let flags = family.copied(entry.flags);
                    self.set_pte(family.child, vpn, Pte::Hwpoison(Mapped { flags, ..entry }));
                }
                Pte::DevPrivate(mapped) => self.share_device_page(family, vpn, mapped),
                Pte::DevExclusive(_) => unreachable!("it was taken back just now"),
                marker @ (Pte::Guard | Pte::Poisoned) => {
                    rule!(self.coverage, C15, 0);
                    self.set_pte(family.child, vpn, marker);
                }
                Pte::UffdMarker => {
                    rule!(self.coverage, C15, if family.uffd_wp { 1 } else { 2 });
                    if family.uffd_wp {
                        self.set_pte(family.child, vpn, Pte::UffdMarker);
                    }
                }
                Pte::Zero(flags) => {
                    rule!(self.coverage, C9, 1);
                    rule!(self.coverage, C21, 2);
                    self.set_pte(family.child, vpn, Pte::Zero(family.child_flags(flags)));
                }
                Pte::Page(mapped) if self.must_copy(family.parent, mapped.folio, mapped.page) => {
                    self.copy_pinned(family, vpn, mapped)?;
                }
                Pte::Page(mapped) => {
                    self.spare_page_of_refused_run(family, vpn, part.end)?;
                    self.share_page(family, vpn, mapped);
                }
            }
        }
        Ok(())
    }

    /// C4: both processes map the page, neither may write.
    fn share_page(&mut self, family: Family, vpn: u32, Mapped { folio, page, flags }: Mapped) {
        rule!(self.coverage, C4, u8::from(self.page(folio, page).exclusive));
        if self.folio(folio).large() {
            // A subject may do this for a whole run; the result is the same (C17).
            rule!(self.coverage, C16);
        }
        if self.pins(folio) > 0 {
            // The page is not PAE, or the parent never pinned anything.
            rule!(self.coverage, C5, u8::from(self.mm(family.parent).has_pinned));
        }
        rule!(self.coverage, C21);
        self.page_mut(folio, page).exclusive = false;
        self.mappings_to_add(folio, family.child, 1);
        self.page_to_be_shared();
        self.set_pte_flags(family.parent, vpn, flags.without(EntryFlags::WRITE));
        let flags = family.child_flags(flags);
        self.set_pte(family.child, vpn, Pte::Page(Mapped { folio, page, flags }));
    }

    /// C13, O14: an entry that is exclusive to a device maps its page again before it is copied. If
    /// somebody has the folio's lock the fork fails; what was taken back before stays so.
    fn take_back_from_device(&mut self, family: Family, vpn: u32) -> Result<(), NoMemory> {
        let Pte::DevExclusive(Mapped { folio, .. }) = self.pte(family.parent, vpn) else {
            return Ok(());
        };
        let locked = self.locked(folio);
        rule!(self.coverage, C13, u8::from(locked));
        rule!(self.coverage, O9, 0);
        if locked {
            rule!(self.coverage, O14);
            return Err(NoMemory);
        }
        self.restore_exclusive(family.parent, vpn);
        // Copied only now, and until then an entry like any other: GUP-fast may take it for writing.
        self.between_steps();
        Ok(())
    }

    /// C12: both processes' entries are of kind READ. Nobody can have pinned the page.
    fn share_device_page(&mut self, family: Family, vpn: u32, mapped: Mapped) {
        rule!(self.coverage, C12, u8::from(mapped.flags.has(EntryFlags::WRITE)));
        rule!(self.coverage, N11);
        let Mapped { folio, page, flags } = mapped;
        self.page_mut(folio, page).exclusive = false;
        self.mappings_to_add(folio, family.child, 1);
        let flags = shared_device(flags);
        self.set_pte_flags(family.parent, vpn, flags);
        let flags = family.copied(flags);
        self.set_pte(family.child, vpn, Pte::DevPrivate(Mapped { folio, page, flags }));
    }

    /// The same for a whole block.
    fn share_device_leaf(&mut self, family: Family, start: u32, Leaf { folio, flags }: Leaf) {
        rule!(self.coverage, C12, 2);
        self.page_mut(folio, 0).exclusive = false;
        self.mappings_to_add(folio, family.child, 1);
        let flags = shared_device(flags);
        self.set_leaf_flags(family.parent, start, flags);
        let leaf = Leaf { folio, flags: family.copied(flags) };
        self.set_pmd(family.child, start, Pmd::DevPrivate(leaf));
    }

    /// C10: one more entry names the slot, and so neither is exclusive.
    fn share_slot(&mut self, family: Family, vpn: u32, Swapped { slot, flags }: Swapped) {
        rule!(self.coverage, C10, u8::from(flags.has(EntryFlags::EXCLUSIVE)));
        if self.config.swap_noexcl {
            rule!(self.coverage, E26, 1);
        }
        let flags = flags.without(EntryFlags::EXCLUSIVE);
        self.set_pte_flags(family.parent, vpn, flags);
        let flags = family.copied(flags);
        self.set_pte(family.child, vpn, Pte::Swap(Swapped { slot, flags }));
    }

    /// C6, C7: a PAE page of a pinned folio is copied for the child at once; the parent's entry
    /// stays as it is.
    fn copy_pinned(&mut self, family: Family, vpn: u32, mapped: Mapped) -> Result<(), NoMemory> {
        self.try_allocate(AllocKind::Folio(Order(0)), family.child, vpn)?;
        rule!(self.coverage, C6);
        if self.folio(mapped.folio).large() {
            rule!(self.coverage, C7);
            rule!(self.coverage, C16, 1);
            rule!(self.coverage, C22, 1);
        }
        let vma = self.vma(family.child, Vpn(vpn)).expect("the child has the VMA already");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let flags = self.made_writable(prot, vma_flags);
        let watched = family.uffd_wp && mapped.flags.has(EntryFlags::UFFD_WP);
        let flags = if watched { write_protected(flags) } else { flags };
        let value = self.page(mapped.folio, mapped.page).value;
        let folio = self.new_folio(Order(0), vma_flags);
        self.first_mapping(folio, family.child, vpn, 1);
        *self.page_mut(folio, 0) = Page { value, exclusive: true, ..Page::default() };
        self.set_pte(family.child, vpn, Pte::Page(Mapped { folio, page: 0, flags }));
        Ok(())
    }

    /// C22: a subject that copies runs allocates a page where a run is refused, even for an entry
    /// that then turns out shareable. Only the failure of that allocation can be noticed.
    fn spare_page_of_refused_run(
        &mut self,
        family: Family,
        vpn: u32,
        end: u32,
    ) -> Result<(), NoMemory> {
        let kind = AllocKind::Folio(Order(0));
        if self.failure_is_of(kind, family.child, vpn) && self.run_refused(family, vpn, end) {
            rule!(self.coverage, C22);
            return self.try_allocate(kind, family.child, vpn);
        }
        Ok(())
    }

    /// C16: whether the run from this entry on holds a page that must be copied.
    fn run_refused(&self, family: Family, vpn: u32, end: u32) -> bool {
        let tracked =
            self.config.soft_dirty && !self.vma_flags(family.parent, vpn).has(VmaFlags::SOFTDIRTY);
        let respected =
            EntryFlags::DIRTY.with(EntryFlags::PROTNONE).with_if(EntryFlags::SOFT_DIRTY, tracked);
        let run = self.run_length(family.parent, vpn, end, respected);
        (vpn..vpn + run).any(|vpn| {
            matches!(self.pte(family.parent, vpn), Pte::Page(mapped)
                if self.must_copy(family.parent, mapped.folio, mapped.page))
        })
    }
}

/// C12: a DEVPRIV entry loses kind WRITE, and with it the soft-dirty bit.
fn shared_device(parents: EntryFlags) -> EntryFlags {
    if parents.has(EntryFlags::WRITE) {
        parents.without(EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY))
    } else {
        parents
    }
}

/// C11: both processes' MIGRATION entries are of kind READ; all else is kept.
fn shared_migration(parents: EntryFlags) -> EntryFlags {
    parents.without(EntryFlags::WRITE.with(EntryFlags::EXCLUSIVE))
}
