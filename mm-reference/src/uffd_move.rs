//! UFFDIO_MOVE (rulebook section K): pages that one process has for itself move into places that are
//! watched, and empty.

use mm_ops::{EntryFlags, Errno, Outcome, PageRange, Pid, VmaFlags, Vpn};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::state::{FolioId, Leaf, Mapped, Pmd, PmdKind, Pte, Reference, Swapped};
use crate::uffd::armed;

/// What one step came to.
enum Step {
    /// This many pages are done.
    Pages(u32),
    /// Something was split: the same step again.
    Again,
}

/// Where a step moves from and to.
#[derive(Clone, Copy, Debug)]
struct Places {
    pid: Pid,
    from: u32,
    to: u32,
}

fn no_memory(NoMemory: NoMemory) -> Errno {
    Errno::ENOMEM
}

impl Reference {
    /// `uffd_move`.
    pub(crate) fn op_uffd_move(
        &mut self,
        pid: Pid,
        range: PageRange,
        to: Vpn,
        holes: bool,
    ) -> Outcome {
        if let Err(errno) = self.check_uffd_move(pid, range, to) {
            return Outcome::Err(errno);
        }
        let mut moved = 0;
        while moved < range.len {
            let places = Places { pid, from: range.start.0 + moved, to: to.0 + moved };
            self.between_steps();
            match self.uffd_move_step(places, range.len - moved, holes) {
                Ok(Step::Pages(pages)) => moved += pages,
                Ok(Step::Again) => {}
                Err(errno) if moved == 0 => {
                    rule!(self.coverage, K10, 1);
                    return Outcome::Err(errno);
                }
                Err(_) => {
                    rule!(self.coverage, K10, 2);
                    break;
                }
            }
        }
        rule!(self.coverage, K10, 0);
        Outcome::Count(moved)
    }

    /// K1, K2: the ranges, then the VMAs. The destination gets its anon_vma before anything else is
    /// looked at.
    fn check_uffd_move(&mut self, pid: Pid, range: PageRange, to: Vpn) -> Result<(), Errno> {
        let space = u64::from(self.config.space_pages());
        let target = PageRange { start: to, len: range.len };
        if range.is_empty() || target.end() > space || range.end() > space {
            rule!(self.coverage, K1, 0);
            return Err(Errno::EINVAL);
        }
        if self.vma(pid, to).is_none() {
            rule!(self.coverage, K1, 1);
            return Err(Errno::ENOENT);
        }
        self.prepare_anon_vma(pid, to.0).map_err(no_memory)?;
        let (Some(destination), Some(source)) = (self.vma(pid, to), self.vma(pid, range.start))
        else {
            rule!(self.coverage, K1, 2);
            return Err(Errno::ENOENT);
        };
        let alike = VmaFlags::READ.with(VmaFlags::WRITE).with(VmaFlags::LOCKED);
        let alike = |flags: VmaFlags| flags.0 & alike.0;
        let legal = range.end() <= u64::from(source.end)
            && target.end() <= u64::from(destination.end)
            && alike(source.flags) == alike(destination.flags)
            && source.has(VmaFlags::WRITE)
            && armed(destination.flags);
        rule!(self.coverage, K2, u8::from(legal));
        if legal { Ok(()) } else { Err(Errno::EINVAL) }
    }

    /// K3: one step: a block, or a page. `left` pages are still to be moved.
    fn uffd_move_step(&mut self, at: Places, left: u32, holes: bool) -> Result<Step, Errno> {
        let Places { pid, from, to } = at;
        let table = from / self.pmd_table_span();
        if !self.mm(pid).pmd_tables.contains(&table) {
            rule!(self.coverage, K3, 0);
            if !holes {
                return Err(Errno::ENOENT);
            }
            self.ensure_pmd_table(pid, from).map_err(no_memory)?;
        }
        self.ensure_pmd_table(pid, to).map_err(no_memory)?;
        let destination = self.pmd(pid, to);
        if matches!(destination, PmdKind::Leaf(_) | PmdKind::HugeZero(_)) {
            rule!(self.coverage, K3, 1);
            return Err(Errno::EEXIST);
        }
        let source = self.pmd(pid, from);
        if matches!(source, PmdKind::Leaf(_) | PmdKind::HugeZero(_) | PmdKind::Migration(_)) {
            let block = self.ptes();
            let aligned = from % block == 0 && to % block == 0 && left >= block;
            if aligned && destination == PmdKind::None {
                return self.uffd_move_leaf(at, source);
            }
            return self.split_to_move(at, source);
        }
        if source == PmdKind::None {
            rule!(self.coverage, K3, 2);
            if !holes {
                return Err(Errno::ENOENT);
            }
            self.ensure_pte_table(pid, from).map_err(no_memory)?;
        }
        self.ensure_pte_table(pid, to).map_err(no_memory)?;
        if let PmdKind::Migration(_) = self.pmd(pid, to) {
            // Until the migration ends there is no table to look into.
            rule!(self.coverage, K3, 3);
            return Err(Errno::EINTR);
        }
        self.uffd_move_entry(at, holes)
    }
}

/// Blocks.
impl Reference {
    /// K7: a leaf that cannot move whole is split; the same step then finds its PTEs.
    fn split_to_move(&mut self, at: Places, source: PmdKind) -> Result<Step, Errno> {
        if let PmdKind::Leaf(Leaf { folio, .. }) = source
            && !self.page(folio, 0).exclusive
        {
            rule!(self.coverage, K7, 0);
            return Err(Errno::EBUSY);
        }
        rule!(self.coverage, K7, 1);
        self.split_pmd(at.pid, at.from);
        Ok(Step::Again)
    }

    /// K7: a leaf moves whole, with its deposited table.
    fn uffd_move_leaf(&mut self, at: Places, source: PmdKind) -> Result<Step, Errno> {
        let Places { pid, from, to } = at;
        let pmd = match source {
            PmdKind::Leaf(Leaf { folio, .. }) => {
                self.may_move_folio(folio)?;
                rule!(self.coverage, K7, 2);
                self.give_folio(folio, pid, to);
                let (prot, vma) = self.destination_prot(at);
                Pmd::Leaf(Leaf { folio, flags: self.made_writable(prot, vma) })
            }
            PmdKind::HugeZero(flags) => {
                rule!(self.coverage, K7, 3);
                Pmd::HugeZero(flags.without(EntryFlags::UFFD_WP))
            }
            _ => {
                rule!(self.coverage, K7, 4);
                return Err(Errno::EINTR);
            }
        };
        self.clear_pmd(pid, from);
        self.set_pmd(pid, to, pmd);
        Ok(Step::Pages(self.ptes()))
    }

    /// K5, K7: whether the folio is the process's own: page 0 PAE, unlocked, not pinned. What must be
    /// waited for never comes.
    fn may_move_folio(&mut self, folio: FolioId) -> Result<(), Errno> {
        if !self.page(folio, 0).exclusive {
            rule!(self.coverage, K5, 0);
            return Err(Errno::EBUSY);
        }
        if self.locked(folio) {
            rule!(self.coverage, K5, 1);
            return Err(Errno::EINTR);
        }
        if self.maybe_pinned(folio) {
            rule!(self.coverage, K5, 2);
            return Err(Errno::EBUSY);
        }
        Ok(())
    }

    /// K12: the folio belongs to the anon_vma of its new place, at its new index. Its mappings stay as
    /// many as they are.
    fn give_folio(&mut self, folio: FolioId, pid: Pid, to: u32) {
        let old = self.folio(folio).mapping;
        self.move_to_own_anon_vma(folio, pid, to);
        rule!(self.coverage, K12, u8::from(old != self.folio(folio).mapping));
        let index = self.vma(pid, Vpn(to)).map_or(0, |vma| vma.index_of(to));
        self.folio_mut(folio).index = index;
    }

    /// What a new entry has at the destination: young, and nothing of the old one's.
    fn destination_prot(&self, at: Places) -> (EntryFlags, VmaFlags) {
        let vma = self.vma(at.pid, Vpn(at.to)).expect("the range lies in the VMA");
        (self.vma_prot(vma), vma.flags)
    }
}

/// Entries.
impl Reference {
    /// One PTE (K3 to K5, K8, K9).
    fn uffd_move_entry(&mut self, at: Places, holes: bool) -> Result<Step, Errno> {
        let Places { pid, from, to } = at;
        if self.pte(pid, to) != Pte::None {
            rule!(self.coverage, K3, 4);
            return Err(Errno::EEXIST);
        }
        match self.pte(pid, from) {
            Pte::None if holes => {
                rule!(self.coverage, K3, 5);
                Ok(Step::Pages(1))
            }
            Pte::None => {
                rule!(self.coverage, K3, 6);
                Err(Errno::ENOENT)
            }
            Pte::Zero(_) => {
                rule!(self.coverage, K4);
                let (prot, _) = self.destination_prot(at);
                Ok(self.replace_entry(at, Pte::Zero(prot)))
            }
            Pte::Page(mapped) => self.uffd_move_page(at, mapped),
            Pte::Swap(swapped) => self.uffd_move_swap(at, swapped),
            Pte::Migration(_) => {
                rule!(self.coverage, K9, 0);
                Err(Errno::EINTR)
            }
            Pte::Hwpoison(_) | Pte::Guard | Pte::Poisoned | Pte::UffdMarker => {
                rule!(self.coverage, K9, 1);
                Err(Errno::EFAULT)
            }
        }
    }

    /// K5: a page, in the end a small one: a large folio is split first. It is page 0 that is asked
    /// whether it is exclusive, whichever page is to be moved.
    fn uffd_move_page(&mut self, at: Places, mapped: Mapped) -> Result<Step, Errno> {
        let Mapped { folio, flags: old, .. } = mapped;
        if self.folio(folio).large() {
            return self.split_folio_to_move(folio);
        }
        self.may_move_folio(folio)?;
        rule!(self.coverage, K5, 3);
        self.give_folio(folio, at.pid, at.to);
        let (prot, vma) = self.destination_prot(at);
        let flags = prot
            .with_if(EntryFlags::DIRTY, old.has(EntryFlags::DIRTY))
            .with_if(EntryFlags::SOFT_DIRTY, self.config.soft_dirty)
            .with_if(EntryFlags::WRITE, vma.has(VmaFlags::WRITE));
        Ok(self.replace_entry(at, Pte::Page(Mapped { flags, ..mapped })))
    }

    /// K5: the folio of a page that is to be moved is split into pages.
    fn split_folio_to_move(&mut self, folio: FolioId) -> Result<Step, Errno> {
        if !self.page(folio, 0).exclusive {
            rule!(self.coverage, K5, 4);
            return Err(Errno::EBUSY);
        }
        if self.locked(folio) {
            rule!(self.coverage, K5, 5);
            return Err(Errno::EINTR);
        }
        match self.split_to_pages(folio, 0) {
            Ok(_) => {
                rule!(self.coverage, K5, 6);
                Ok(Step::Again)
            }
            // A pin, or a reference: it is not tried again.
            Err(Errno::EAGAIN) => {
                rule!(self.coverage, K5, 7);
                Err(Errno::EBUSY)
            }
            Err(errno) => Err(errno),
        }
    }

    /// K8: a SWAP entry moves as it is. A page of it that is in the swap cache goes with it.
    fn uffd_move_swap(&mut self, at: Places, swapped: Swapped) -> Result<Step, Errno> {
        if !swapped.flags.has(EntryFlags::EXCLUSIVE) {
            rule!(self.coverage, K8, 0);
            return Err(Errno::EBUSY);
        }
        if let Some(folio) = self.slots[swapped.slot as usize].cache {
            if self.folio(folio).large() {
                rule!(self.coverage, K8, 1);
                return Err(Errno::EBUSY);
            }
            if self.locked(folio) {
                rule!(self.coverage, K8, 2);
                return Err(Errno::EINTR);
            }
            rule!(self.coverage, K8, 3);
            self.give_folio(folio, at.pid, at.to);
        }
        rule!(self.coverage, K8, 4);
        let flags = swapped.flags.with_if(EntryFlags::SOFT_DIRTY, self.config.soft_dirty);
        Ok(self.replace_entry(at, Pte::Swap(Swapped { flags, ..swapped })))
    }

    /// The entry goes, and this one takes its place at the destination.
    fn replace_entry(&mut self, at: Places, new: Pte) -> Step {
        self.set_pte(at.pid, at.from, Pte::None);
        self.set_pte(at.pid, at.to, new);
        Step::Pages(1)
    }
}
