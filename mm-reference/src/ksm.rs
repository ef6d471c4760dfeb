//! KSM (rulebook section P): pages of equal content become one, which nobody owns and everybody only
//! reads.

use std::ops::Range;

use mm_ops::{EntryFlags, Errno, FolioFlags, Outcome, Pid, VmaFlags, Vpn};

use crate::coverage::rule;
use crate::fault::{Access, Fault};
use crate::state::{FolioId, Leaf, Mapped, PmdKind, Pte, Reference};

/// A page of a process.
type Place = (Pid, u32);

/// Merging.
impl Reference {
    /// `ksm`.
    pub(crate) fn op_ksm(&mut self, first: (Pid, Vpn), second: (Pid, Vpn)) -> Outcome {
        if !self.alive(second.0) {
            return Outcome::Err(Errno::ESRCH);
        }
        match self.merge((first.0, first.1.0), (second.0, second.1.0)) {
            Ok(()) => Outcome::Ok,
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// `ksm_zero`: the zero page takes the place of a page of zeroes (P3). The dirty bit tells its
    /// entry from those of other zero pages.
    pub(crate) fn op_ksm_zero(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        let place = (pid, vpn.0);
        let (folio, page) = match self.candidate(place) {
            Ok(candidate) => candidate,
            Err(errno) => return Outcome::Err(errno),
        };
        if !self.page(folio, page).value.is_zero() {
            return Outcome::Err(Errno::EINVAL);
        }
        if self.is_ksm(folio) {
            // ksmd has it in its tree, and looks for nothing better.
            rule!(self.coverage, P3, 4);
            return Outcome::Err(Errno::EAGAIN);
        }
        let old = match self.write_protected(place) {
            Ok(old) => old,
            Err(errno) => return Outcome::Err(errno),
        };
        self.between_steps();
        if !self.page(old.folio, old.page).value.is_zero() {
            rule!(self.coverage, P3, 3);
            return Outcome::Err(Errno::EINVAL);
        }
        rule!(self.coverage, P3, 2);
        let vma = self.vma(pid, vpn).expect("the candidate lies in a VMA");
        let flags = self.dirtied(self.vma_prot(vma));
        self.replace(place, old.folio, Pte::Zero(flags));
        Outcome::Ok
    }

    /// P1 to P4 for two pages.
    fn merge(&mut self, first: Place, second: Place) -> Result<(), Errno> {
        let (a, b) = (self.candidate(first)?, self.candidate(second)?);
        if self.page(a.0, a.1).value != self.page(b.0, b.1).value {
            return Err(Errno::EINVAL);
        }
        if a == b {
            rule!(self.coverage, P1, 0);
            return Ok(());
        }
        match (self.is_ksm(a.0), self.is_ksm(b.0)) {
            (true, true) => Err(Errno::EINVAL),
            (true, false) => self.merge_into(second, a.0),
            (false, true) => self.merge_into(first, b.0),
            (false, false) => {
                let stable = self.make_ksm_page(first)?;
                let merged = self.merge_into(second, stable);
                if merged.is_err() {
                    // A KSM page that one entry maps is of no use; that nothing can be allocated
                    // to break it does not matter.
                    rule!(self.coverage, P4);
                    let _ = self.break_ksm(first);
                }
                merged
            }
        }
    }

    /// The page of a folio that is mapped in MERGEABLE memory.
    fn candidate(&mut self, (pid, vpn): Place) -> Result<(FolioId, u32), Errno> {
        let mergeable = self.vma_flags(pid, vpn).has(VmaFlags::MERGEABLE);
        match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
            (PmdKind::Leaf(Leaf { folio, .. }), _) if mergeable => {
                Ok((folio, vpn - self.block_start(vpn)))
            }
            (_, Pte::Page(Mapped { folio, page, .. })) if mergeable => Ok((folio, page)),
            _ => {
                rule!(self.coverage, P1, 4);
                Err(Errno::EFAULT)
            }
        }
    }

    pub(crate) fn is_ksm(&self, folio: FolioId) -> bool {
        self.folio(folio).flags.has(FolioFlags::KSM)
    }

    /// P1, P2: the page is small, and nobody writes to it any more.
    fn write_protected(&mut self, (pid, vpn): Place) -> Result<Mapped, Errno> {
        // It was a candidate. If it is none any more, the first page's split made it the zero page.
        let (folio, page) = self.candidate((pid, vpn)).map_err(|_| Errno::EAGAIN)?;
        if self.locked(folio) {
            rule!(self.coverage, P1, 1);
            return Err(Errno::EAGAIN);
        }
        if self.folio(folio).large() {
            let split = self.split_to_pages(folio, page).is_ok();
            rule!(self.coverage, P1, if split { 3 } else { 2 });
            if !split {
                return Err(Errno::EAGAIN);
            }
        }
        rule!(self.coverage, P1, 5);
        // A page of zeroes may have become the zero page by the split (F9).
        let Pte::Page(mapped) = self.pte(pid, vpn) else { return Err(Errno::EAGAIN) };
        let written = EntryFlags::WRITE.with(EntryFlags::DIRTY);
        let exclusive = self.page(mapped.folio, 0).exclusive;
        if mapped.flags.0 & written.0 == 0 && !exclusive {
            rule!(self.coverage, P2, 0);
            return Ok(mapped);
        }
        self.between_steps();
        let referenced = self.extra_references(mapped.folio) > 0;
        if referenced || exclusive && !self.share(mapped.folio, 0) {
            rule!(self.coverage, P2, 1);
            return Err(Errno::EAGAIN);
        }
        rule!(self.coverage, P2, 2);
        if mapped.flags.has(EntryFlags::DIRTY) {
            self.mark_folio_dirty(mapped.folio);
        }
        self.set_pte_flags(pid, vpn, mapped.flags.without(written));
        Ok(mapped)
    }

    /// P3: the page becomes a KSM page where it is.
    fn make_ksm_page(&mut self, place: Place) -> Result<FolioId, Errno> {
        let Mapped { folio, .. } = self.write_protected(place)?;
        rule!(self.coverage, P3, 0);
        let of = self.folio_mut(folio);
        of.flags = of.flags.with(FolioFlags::KSM).with(FolioFlags::DIRTY);
        of.mapping = None;
        of.index = 0;
        Ok(folio)
    }

    /// P3: a KSM page takes the place of a page of the same content.
    fn merge_into(&mut self, place: Place, stable: FolioId) -> Result<(), Errno> {
        let old = self.write_protected(place)?;
        self.between_steps();
        // Somebody may have written until the page was protected.
        if self.page(old.folio, old.page).value != self.page(stable, 0).value {
            rule!(self.coverage, P3, 3);
            return Err(Errno::EINVAL);
        }
        rule!(self.coverage, P3, 1);
        let vma = self.vma(place.0, Vpn(place.1)).expect("the candidate lies in a VMA");
        let flags = self.vma_prot(vma);
        self.replace(place, old.folio, Pte::Page(Mapped { folio: stable, page: 0, flags }));
        Ok(())
    }

    /// The old page loses this mapping, and its swap slot with the last one.
    fn replace(&mut self, (pid, vpn): Place, old: FolioId, new: Pte) {
        self.set_pte(pid, vpn, new);
        if self.mapcount(old) == 0 {
            self.free_swap(old);
        }
    }
}

/// Unmerging.
impl Reference {
    /// P6 for a range, page by page (MADV_UNMERGEABLE, J4).
    pub(crate) fn unmerge(&mut self, pid: Pid, range: Range<u32>) -> Result<(), Errno> {
        for vpn in range {
            self.break_ksm((pid, vpn))?;
        }
        Ok(())
    }

    /// P6: unshared until it is no KSM page any more.
    fn break_ksm(&mut self, (pid, vpn): Place) -> Result<(), Errno> {
        while self.maps_ksm(pid, vpn) {
            match self.fault(pid, vpn, Access::Unshare) {
                Ok(()) => rule!(self.coverage, P6, 0),
                Err(Fault::Oom) => {
                    rule!(self.coverage, P6, 1);
                    return Err(Errno::ENOMEM);
                }
                Err(Fault::Blocked) => {
                    rule!(self.coverage, P6, 2);
                    return Err(Errno::EINTR);
                }
                Err(Fault::Segv | Fault::Bus | Fault::Hwpoison) => return Ok(()),
            }
        }
        Ok(())
    }

    /// Whether the entry is KSM's: a KSM page, mapped or under migration, or a zero page placed by
    /// KSM.
    fn maps_ksm(&self, pid: Pid, vpn: u32) -> bool {
        match self.pte(pid, vpn) {
            Pte::Page(Mapped { folio, .. }) => self.is_ksm(folio),
            // The entry names the source to the end, and that the source was a KSM page the copy tells.
            Pte::Migration(Mapped { folio, .. }) => {
                self.is_ksm(self.copy_of(folio).unwrap_or(folio))
            }
            Pte::Zero(flags) => flags.has(EntryFlags::DIRTY),
            _ => false,
        }
    }
}
