//! userfaultfd: what is watched, write protection (H6, H7), and the calls that fill empty places (Z3,
//! Q7). How faults on watched places end stands with the faults (A2, B1, B13).

use mm_ops::{
    AllocKind, EntryFlags, Errno, Order, Outcome, PageRange, Pid, UffdCall, UffdFill, UffdWpMode,
    Value, VmaFlags, Vpn,
};

use crate::circumstances::NoMemory;
use crate::coverage::rule;
use crate::protect::Change;
use crate::state::{Mapped, Page, PmdKind, Pte, Reference};
use crate::vma::Piece;

/// The VMA flags of userfaultfd.
pub(crate) const UFFD: VmaFlags = VmaFlags::UFFD_MISSING.with(VmaFlags::UFFD_WP);

/// "uffd armed" (S21).
pub(crate) fn armed(vma: VmaFlags) -> bool {
    vma.has(VmaFlags::UFFD_MISSING) || vma.has(VmaFlags::UFFD_WP)
}

impl Reference {
    /// userfaultfd_pte_wp: whether a write to the entry is userfaultfd's.
    pub(crate) fn uffd_protected(&self, vma: VmaFlags, flags: EntryFlags) -> bool {
        vma.has(VmaFlags::UFFD_WP) && flags.has(EntryFlags::UFFD_WP)
    }

    /// Whether a write to a protected entry resolves the protection by itself (B1, B13).
    pub(crate) fn uffd_async(&self) -> bool {
        self.config.uffd == UffdWpMode::Async
    }

    /// Whether protecting an empty place leaves a marker there (H7).
    pub(crate) fn uffd_marks_empty(&self) -> bool {
        self.config.uffd != UffdWpMode::Sync
    }
}

/// Registering and protecting.
impl Reference {
    /// `uffd_register`, `uffd_unregister`, `uffd_wp`.
    pub(crate) fn op_uffd(&mut self, pid: Pid, range: PageRange, call: UffdCall) -> Outcome {
        if range.is_empty() || range.end() > u64::from(self.config.space_pages()) {
            return Outcome::Err(Errno::EINVAL);
        }
        let result = match call {
            UffdCall::Register { missing, wp } => {
                let wanted = VmaFlags::NONE
                    .with_if(VmaFlags::UFFD_MISSING, missing)
                    .with_if(VmaFlags::UFFD_WP, wp);
                self.uffd_watch(pid, range, wanted)
            }
            UffdCall::Unregister => self.uffd_watch(pid, range, VmaFlags::NONE),
            UffdCall::Protect(on) => self.uffd_protect(pid, range, on),
        };
        match result {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// Watches the range for this, or for nothing any more.
    fn uffd_watch(&mut self, pid: Pid, range: PageRange, wanted: VmaFlags) -> Result<(), Errno> {
        let (start, end, _) = self.cut(range);
        if self.next_piece(pid, start, end).is_none() {
            return Err(Errno::EINVAL);
        }
        let mut at = start;
        while let Some(piece) = self.next_piece(pid, at, end) {
            // MAP_DROPPABLE memory cannot be watched.
            if piece.flags.has(VmaFlags::DROPPABLE) {
                return Err(Errno::EINVAL);
            }
            self.between_steps();
            at = piece.end;
        }
        at = start;
        while let Some(piece) = self.next_piece(pid, at, end) {
            // What is watched for all of this already keeps what else it is watched for.
            let enough = wanted != VmaFlags::NONE && piece.flags.has(wanted);
            let flags = if enough { piece.flags } else { piece.flags.without(UFFD).with(wanted) };
            if flags != piece.flags {
                rule!(self.coverage, H7, if wanted == VmaFlags::NONE { 5 } else { 4 });
                self.uffd_change_flags(pid, piece, flags).map_err(|NoMemory| Errno::ENOMEM)?;
            }
            self.between_steps();
            at = piece.end;
        }
        Ok(())
    }

    /// Where nothing is watched any more, write protection is resolved first; and a VMA that need not
    /// be split for it does without the merge if there is no memory for that.
    fn uffd_change_flags(
        &mut self,
        pid: Pid,
        piece: Piece,
        flags: VmaFlags,
    ) -> Result<(), NoMemory> {
        let Piece { start, end, flags: old, .. } = piece;
        let unregisters = !armed(flags);
        if unregisters && old.has(VmaFlags::UFFD_WP) {
            self.change_entries(pid, start..end, Change::UffdResolve)?;
        }
        let index = self.vma_index(pid, start).expect("a piece lies in a VMA");
        let vma = &self.mm(pid).vmas[index];
        let whole = (vma.start, vma.end) == (start, end);
        match self.change_flags(pid, start, end, flags) {
            Err(NoMemory) if whole && unregisters => {
                self.mm_mut(pid).vmas[index].flags = flags;
                Ok(())
            }
            result => result,
        }
    }

    /// UFFDIO_WRITEPROTECT: VMA by VMA, up to the first one that is not watched for it. Holes are passed
    /// over, but there must be a VMA.
    fn uffd_protect(&mut self, pid: Pid, range: PageRange, on: bool) -> Result<(), Errno> {
        let change = if on { Change::UffdProtect } else { Change::UffdResolve };
        let (mut at, end, _) = self.cut(range);
        let mut result = Err(Errno::ENOENT);
        while let Some(piece) = self.next_piece(pid, at, end) {
            if !piece.flags.has(VmaFlags::UFFD_WP) {
                return Err(Errno::ENOENT);
            }
            self.change_entries(pid, piece.start..piece.end, change)
                .map_err(|NoMemory| Errno::ENOMEM)?;
            result = Ok(());
            self.between_steps();
            at = piece.end;
        }
        result
    }
}

/// Filling.
impl Reference {
    /// `uffd_copy`, `uffd_zero`, `uffd_poison` (Z3, Q7), in the kernel's order: the VMA has an
    /// anon_vma, and the page a table, before it is seen whether the call can succeed.
    pub(crate) fn op_uffd_fill(&mut self, pid: Pid, vpn: Vpn, fill: UffdFill) -> Outcome {
        match self.uffd_fill(pid, vpn.0, fill) {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    fn uffd_fill(&mut self, pid: Pid, vpn: u32, fill: UffdFill) -> Result<(), Errno> {
        let failed = |NoMemory| Errno::ENOMEM;
        if vpn >= self.config.space_pages() {
            return Err(Errno::EINVAL);
        }
        let vma = self.vma(pid, Vpn(vpn)).ok_or(Errno::ENOENT)?.flags;
        self.prepare_anon_vma(pid, vpn).map_err(failed)?;
        if !armed(vma) {
            return Err(Errno::ENOENT);
        }
        if matches!(fill, UffdFill::Copy { wp: true, .. }) && !vma.has(VmaFlags::UFFD_WP) {
            return Err(Errno::EINVAL);
        }
        self.ensure_pmd_table(pid, vpn).map_err(failed)?;
        self.ensure_pte_table(pid, vpn).map_err(failed)?;
        if self.pmd(pid, vpn) != PmdKind::Table {
            rule!(self.coverage, Z3, 3);
            return Err(Errno::EEXIST);
        }
        match fill {
            UffdFill::Copy { value, wp } => self.uffd_copy(pid, vpn, value, wp),
            UffdFill::Zero | UffdFill::Poison if self.pte(pid, vpn) != Pte::None => {
                rule!(self.coverage, Z3, 3);
                Err(Errno::EEXIST)
            }
            UffdFill::Zero => {
                rule!(self.coverage, Z3, 1);
                let vma = self.vma(pid, Vpn(vpn)).expect("found above");
                let flags = self.vma_prot(vma);
                self.set_pte(pid, vpn, Pte::Zero(flags));
                Ok(())
            }
            UffdFill::Poison => {
                rule!(self.coverage, Q7);
                self.set_pte(pid, vpn, Pte::Poisoned);
                Ok(())
            }
        }
    }

    /// Z3: a fresh page takes the place of nothing, or of a marker of any kind.
    fn uffd_copy(&mut self, pid: Pid, vpn: u32, value: Value, wp: bool) -> Result<(), Errno> {
        self.try_allocate(AllocKind::Folio(Order(0)), pid, vpn)
            .map_err(|NoMemory| Errno::ENOMEM)?;
        let empty = Pte::None == self.pte(pid, vpn);
        let marker = matches!(self.pte(pid, vpn), Pte::Guard | Pte::Poisoned | Pte::UffdMarker);
        if !empty && !marker {
            rule!(self.coverage, Z3, 3);
            return Err(Errno::EEXIST);
        }
        rule!(self.coverage, Z3, if wp { 2 } else { 0 });
        let vma = self.vma(pid, Vpn(vpn)).expect("found above");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let flags = self.made_writable(prot, vma_flags);
        let flags = if wp { write_protected(flags) } else { flags };
        let folio = self.new_folio(Order(0), vma_flags);
        self.first_mapping(folio, pid, vpn, 1);
        *self.page_mut(folio, 0) = Page { value, exclusive: true, ..Page::default() };
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio, page: 0, flags }));
        Ok(())
    }
}

/// An entry that gets uwp loses W (INV20).
pub(crate) fn write_protected(flags: EntryFlags) -> EntryFlags {
    flags.with(EntryFlags::UFFD_WP).without(EntryFlags::WRITE)
}
