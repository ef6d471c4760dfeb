//! Exclusive access of a device to a page of ordinary memory (section O): how it is got, and how the page is
//! given back. What fork, reclaim and the others do with a DEVEXCL entry stands with them (O9, N17).

use std::ops::Range;

use mm_ops::{
    DevExclusiveMode, Device, EntryFlags, Errno, EventKind, FolioFlags, Pid, Token, VmaFlags, Vpn,
};

use super::DevMap;
use crate::coverage::rule;
use crate::fault::Fault;
use crate::state::{Circumstance, FolioId, Holding, Mapped, PmdKind, Pte, Reference};

/// make_device_exclusive.
impl Reference {
    /// `dev_exclusive` (O1, O2).
    pub(super) fn dev_exclusive(
        &mut self,
        device: Device,
        pid: Pid,
        vpn: u32,
        token: Token,
    ) -> Result<(), Errno> {
        self.free_token(token)?;
        let mode = self.config.dev_exclusive;
        rule!(self.coverage, O1, mode as u8);
        if matches!(self.pte(pid, vpn), Pte::DevExclusive(_)) {
            rule!(self.coverage, O12);
        }
        let (folio, page) = self.find_for_device(pid, vpn)?;
        if self.locked(folio) {
            rule!(self.coverage, O1, 3);
            let waits = mode == DevExclusiveMode::Current;
            return Err(if waits { Errno::EINTR } else { Errno::EBUSY });
        }
        if mode == DevExclusiveMode::Walk {
            self.convert_by_walk(device, (pid, vpn), folio)?;
        } else {
            rule!(self.coverage, O2);
            self.notify_others(EventKind::Exclusive, pid, vpn..vpn + 1, device);
            self.between_steps();
            self.convert(pid, vpn);
            if self.folio(folio).large() {
                rule!(self.coverage, O5);
            }
        }
        if self.pins(folio) > 0 {
            rule!(self.coverage, O4, 3);
        }
        let held = Circumstance { holding: Holding::DevExclusive, folio: Some(folio) };
        self.tokens[token.index()] = Some(held);
        let map = DevMap { folio, page, write: true };
        self.devices.maps.insert((device, pid, vpn), map);
        Ok(())
    }

    /// O3: a present entry becomes a DEVEXCL one. What the hardware noted in it goes to the folio.
    fn convert(&mut self, pid: Pid, vpn: u32) {
        let Pte::Page(Mapped { folio, page, flags }) = self.pte(pid, vpn) else { return };
        if flags.has(EntryFlags::DIRTY) {
            rule!(self.coverage, O3, 0);
            self.mark_folio_dirty(folio);
        }
        // A writable entry has no uwp; one that is not is converted only by the walk (O15).
        let kept = EntryFlags::WRITE.with(EntryFlags::SOFT_DIRTY).with(EntryFlags::UFFD_WP);
        let flags = EntryFlags(flags.0 & kept.0);
        self.set_pte(pid, vpn, Pte::DevExclusive(Mapped { folio, page, flags }));
        if self.exclusive_entries_map() {
            rule!(self.coverage, O3, 1);
            rule!(self.coverage, O10);
        } else {
            // The mapping is given up, its reference stays (O13).
            rule!(self.coverage, O3, 2);
            rule!(self.coverage, O13);
            self.ptes_removed(folio, pid, page..page + 1);
        }
    }

    /// O4, DX-WALK: every entry of the folio is converted, VMA by VMA, until something is in the way.
    /// What was converted stays converted.
    fn convert_by_walk(
        &mut self,
        device: Device,
        wanted: (Pid, u32),
        folio: FolioId,
    ) -> Result<(), Errno> {
        let mut valid = false;
        for (pid, part) in self.walked_parts(folio) {
            if self.mapcount(folio) == 0 {
                break;
            }
            let vma_end = self.vma(pid, Vpn(part.start)).map_or(part.end, |vma| vma.end);
            let end = vma_end.min(part.start + self.folio(folio).nr_pages());
            self.notify_others(EventKind::Exclusive, pid, part.start..end, device);
            match self.convert_part(folio, pid, part, wanted) {
                Some(found) => valid |= found,
                None => {
                    rule!(self.coverage, O4, 2);
                    return Err(Errno::EBUSY);
                }
            }
        }
        let taken = valid && self.mapcount(folio) == 0;
        rule!(self.coverage, O4, u8::from(taken));
        if taken { Ok(()) } else { Err(Errno::EBUSY) }
    }

    /// Whether the page wanted was among them, writable; none: an entry was in the way.
    fn convert_part(
        &mut self,
        folio: FolioId,
        pid: Pid,
        part: Range<u32>,
        wanted: (Pid, u32),
    ) -> Option<bool> {
        let mut valid = false;
        for vpn in part {
            if matches!(self.pmd(pid, vpn), PmdKind::Leaf(leaf) if leaf.folio == folio) {
                // A kernel stop: a page in a leaf is mapped by a PTE first (O1).
                return None;
            }
            match self.pte(pid, vpn) {
                Pte::Page(mapped) if mapped.folio == folio => {
                    self.between_steps();
                    self.convert(pid, vpn);
                    let written = mapped.flags.has(EntryFlags::WRITE);
                    if !written {
                        rule!(self.coverage, O15, 0);
                    }
                    valid |= written && (pid, vpn) == wanted;
                }
                Pte::DevExclusive(entry) if entry.folio == folio => return None,
                _ => {}
            }
        }
        Some(valid)
    }
}

/// Giving back.
impl Reference {
    /// O7: a CPU, or GUP, wants the page.
    pub(crate) fn device_exclusive_fault(&mut self, pid: Pid, vpn: u32) -> Result<(), Fault> {
        let Pte::DevExclusive(Mapped { folio, .. }) = self.pte(pid, vpn) else { return Ok(()) };
        if self.locked(folio) {
            rule!(self.coverage, O7, 0);
            return Err(Fault::Blocked);
        }
        rule!(self.coverage, O7, 1);
        self.notify(EventKind::Clear, pid, vpn..vpn + 1);
        self.between_steps();
        self.restore_exclusive(pid, vpn);
        Ok(())
    }

    /// O8: the entry maps the page again, old.
    pub(crate) fn restore_exclusive(&mut self, pid: Pid, vpn: u32) {
        let Pte::DevExclusive(Mapped { folio, page, flags: entry }) = self.pte(pid, vpn) else {
            return;
        };
        let vma = self.vma(pid, Vpn(vpn)).expect("an entry lies inside a VMA");
        let (prot, vma_flags) = (self.vma_prot(vma), vma.flags);
        let kept = EntryFlags::SOFT_DIRTY.with(EntryFlags::UFFD_WP);
        let flags = prot.without(EntryFlags::YOUNG).with(EntryFlags(entry.0 & kept.0));
        let flags = if self.exclusive_entries_map() {
            self.restored(vma_flags, flags, (folio, page))
        } else {
            self.mappings_to_add(folio, pid, 1);
            self.restored_as_it_was(vma_flags, flags, entry)
        };
        self.set_pte(pid, vpn, Pte::Page(Mapped { folio, page, flags }));
    }

    /// O8, DX-618: writable if it may be without a fault (H3).
    fn restored(
        &mut self,
        vma: VmaFlags,
        flags: EntryFlags,
        (folio, page): (FolioId, u32),
    ) -> EntryFlags {
        let exclusive = self.page(folio, page).exclusive;
        let writable = self.can_be_writable(vma, flags, exclusive);
        rule!(self.coverage, O8, u8::from(writable));
        if !writable {
            return flags;
        }
        let dirty = self.folio(folio).flags.has(FolioFlags::DIRTY);
        let flags = if dirty { self.dirtied(flags) } else { flags };
        flags.with(EntryFlags::WRITE)
    }

    /// O8, the older modes: the kind of the entry decides.
    fn restored_as_it_was(
        &mut self,
        vma: VmaFlags,
        flags: EntryFlags,
        entry: EntryFlags,
    ) -> EntryFlags {
        let writable = entry.has(EntryFlags::WRITE) && !entry.has(EntryFlags::UFFD_WP);
        rule!(self.coverage, O8, if writable { 3 } else { 2 });
        if !writable {
            return flags;
        }
        self.dirtied(flags).with_if(EntryFlags::WRITE, vma.has(VmaFlags::WRITE))
    }

    /// O15: a change of protection over a DEVEXCL entry. The newest kernels have one kind only, which stays.
    pub(crate) fn changed_exclusive(&mut self, flags: EntryFlags) -> EntryFlags {
        if self.exclusive_entries_map() {
            return flags;
        }
        rule!(self.coverage, O15, 1);
        flags.without(EntryFlags::WRITE)
    }
}
