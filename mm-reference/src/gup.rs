//! get_user_pages and what is built on it (rulebook section D): handles, device accesses, the
//! remote accesses, populating.

use std::ops::Range;

use mm_ops::{
    EntryFlags, Errno, FolioFlags, GupFlags, Handle, Outcome, PageRange, Pid, Remote, Value,
    VmaFlags, Vpn,
};

use crate::coverage::rule;
use crate::fault::{Access, Fault};
use crate::state::{FolioId, Held, Leaf, Mapped, OpenHandle, PmdKind, Pte, Reference};
use crate::vma::Piece;

/// What becomes of the pages a walk finds (D1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grab {
    /// Nothing: the walk only faults in.
    Nothing,
    Get,
    Pin,
}

/// A slow walk: the FOLL flags that matter.
#[derive(Clone, Copy, Debug)]
struct Walk {
    grab: Grab,
    write: bool,
    force: bool,
    longterm: bool,
    nofault: bool,
    split_pmd: bool,
    touch: bool,
    /// FOLL_HWPOISON: a poisoned page is told from other failures.
    hwpoison: bool,
    /// The page that it has just made a write fault at (M8).
    faulted: Option<u32>,
}

impl Walk {
    /// A walk that grabs nothing, with FOLL_TOUCH.
    fn populating(write: bool, force: bool) -> Self {
        Self {
            grab: Grab::Nothing,
            write,
            force,
            longterm: false,
            nofault: false,
            split_pmd: false,
            touch: true,
            hwpoison: false,
            faulted: None,
        }
    }
}

/// What following the entry of one page came to.
enum Followed {
    /// This many pages from here on are done.
    Pages(u32),
    /// A fault is needed first.
    Fault(Access),
}

/// The slow walk.
impl Reference {
    /// __get_user_pages: pages are taken in ascending order, the first that fails ends it (D12,
    /// D21). The pages grabbed are in hand.
    fn walk(&mut self, pid: Pid, start: u32, len: u32, walk: Walk) -> Result<(), Errno> {
        if walk.grab == Grab::Pin && len > 0 {
            rule!(self.coverage, D10, 1);
            self.mm_mut(pid).has_pinned = true;
        }
        let end = u64::from(start) + u64::from(len);
        let space = u64::from(self.config.space_pages());
        let mut walk = walk;
        let mut vpn = u64::from(start);
        while vpn < end {
            if vpn >= space {
                return Err(Errno::EFAULT);
            }
            let page = vpn as u32;
            self.check_vma(pid, page, walk)?;
            let left = (end - vpn).min(space - vpn) as u32;
            match self.follow(pid, page, left, walk)? {
                Followed::Pages(done) => vpn += u64::from(done),
                Followed::Fault(_) if walk.nofault => {
                    rule!(self.coverage, D12, 1);
                    return Err(Errno::EFAULT);
                }
                Followed::Fault(access) => {
                    if let Err(fault) = self.fault(pid, page, access) {
                        rule!(self.coverage, D12, 0);
                        let poisoned = walk.hwpoison && fault == Fault::Hwpoison;
                        return Err(if poisoned { Errno::EHWPOISON } else { fault.errno() });
                    }
                    walk.faulted = (access == Access::Write).then_some(page);
                }
            }
        }
        Ok(())
    }

    /// D2.
    fn check_vma(&mut self, pid: Pid, vpn: u32, walk: Walk) -> Result<(), Errno> {
        let vma = self.vma(pid, Vpn(vpn)).ok_or(Errno::EFAULT)?;
        let permitted = vma.has(if walk.write { VmaFlags::WRITE } else { VmaFlags::READ });
        if !permitted {
            rule!(self.coverage, D2, u8::from(walk.force));
        }
        if permitted || walk.force { Ok(()) } else { Err(Errno::EFAULT) }
    }

    /// follow_page_mask (D3).
    fn follow(&mut self, pid: Pid, vpn: u32, left: u32, walk: Walk) -> Result<Followed, Errno> {
        match self.pmd(pid, vpn) {
            PmdKind::None | PmdKind::Migration(_) | PmdKind::DevPrivate(_) => {
                rule!(self.coverage, D3, 0);
                Ok(Followed::Fault(fault_access(walk)))
            }
            PmdKind::Leaf(_) | PmdKind::HugeZero(_) if walk.split_pmd => {
                rule!(self.coverage, D8, 0);
                self.split_pmd(pid, vpn);
                Ok(self.follow_pte(pid, vpn, walk))
            }
            PmdKind::Leaf(leaf) => Ok(self.follow_leaf(pid, vpn, left, walk, Some(leaf))),
            PmdKind::HugeZero(_) => Ok(self.follow_leaf(pid, vpn, left, walk, None)),
            PmdKind::Table => Ok(self.follow_pte(pid, vpn, walk)),
        }
    }

    /// follow_page_pte: a protnone entry is followed like any other (D3).
    fn follow_pte(&mut self, pid: Pid, vpn: u32, walk: Walk) -> Followed {
        let (page, flags) = match self.pte(pid, vpn) {
            Pte::Zero(flags) => (None, flags),
            Pte::Page(Mapped { folio, page, flags }) => (Some((folio, page)), flags),
            _ => {
                rule!(self.coverage, D3, 1);
                return Followed::Fault(fault_access(walk));
            }
        };
        let exclusive = page.is_some_and(|(folio, page)| self.page(folio, page).exclusive);
        if let Some(access) = self.fault_before_grab(pid, vpn, walk, flags, page, exclusive) {
            return Followed::Fault(access);
        }
        rule!(self.coverage, D3, if flags.has(EntryFlags::PROTNONE) { 3 } else { 2 });
        self.grab(page, walk.grab);
        if let (true, true, Some((folio, _))) = (walk.touch, walk.write, page)
            && !flags.has(EntryFlags::DIRTY)
        {
            rule!(self.coverage, D14, 0);
            self.mark_folio_dirty(folio);
        }
        Followed::Pages(1)
    }

    /// follow_huge_pmd (D8): one page, and then the further pages of the request in this PMD. The
    /// huge zero folio has no leaf.
    fn follow_leaf(
        &mut self,
        pid: Pid,
        vpn: u32,
        left: u32,
        walk: Walk,
        leaf: Option<Leaf>,
    ) -> Followed {
        let head = leaf.map(|leaf| (leaf.folio, 0));
        let flags = match self.pmd(pid, vpn) {
            PmdKind::Leaf(Leaf { flags, .. }) | PmdKind::HugeZero(flags) => flags,
            _ => unreachable!("only called for a leaf"),
        };
        let exclusive = leaf.is_some_and(|leaf| self.page(leaf.folio, 0).exclusive);
        if let Some(access) = self.fault_before_grab(pid, vpn, walk, flags, head, exclusive) {
            return Followed::Fault(access);
        }
        let count = left.min(self.block_start(vpn) + self.ptes() - vpn);
        rule!(self.coverage, D8, if count > 1 { 2 } else { 1 });
        let first = vpn - self.block_start(vpn);
        for page in first..first + count {
            self.grab(leaf.map(|leaf| (leaf.folio, page)), walk.grab);
        }
        if walk.touch {
            rule!(self.coverage, D8, 3);
            let flags = flags.with(EntryFlags::YOUNG);
            let flags = if walk.write { self.dirtied(flags) } else { flags };
            self.set_leaf_flags(pid, vpn, flags);
        }
        Followed::Pages(count)
    }

    /// The fault that has to come before the page can be taken, if any (D4, D5; M8).
    fn fault_before_grab(
        &mut self,
        pid: Pid,
        vpn: u32,
        walk: Walk,
        flags: EntryFlags,
        page: Option<(FolioId, u32)>,
        exclusive: bool,
    ) -> Option<Access> {
        if flags.has(EntryFlags::WRITE) {
            return None;
        }
        if walk.write {
            let vma = self.vma_flags(pid, vpn);
            if self.has_anonmm() {
                let faulted = walk.faulted == Some(vpn);
                let taken = self.takes_by_force(vma, walk.force, faulted);
                return if taken { None } else { Some(Access::Write) };
            }
            let forced = walk.force
                && !vma.has(VmaFlags::WRITE)
                && exclusive
                && !self.needs_soft_dirty_fault(vma, flags)
                && !self.uffd_protected(vma, flags);
            rule!(self.coverage, D4, u8::from(forced));
            if forced {
                rule!(self.coverage, D20);
            }
            return if forced { None } else { Some(Access::Write) };
        }
        // gup_must_unshare.
        let must_unshare =
            walk.grab == Grab::Pin && if page.is_some() { !exclusive } else { walk.longterm };
        if must_unshare {
            rule!(self.coverage, D5, u8::from(page.is_some()));
        }
        must_unshare.then_some(Access::Unshare)
    }

    /// try_grab_folio (D6, D7, D9): the page is held from here on, `None` for a zero page.
    fn grab(&mut self, page: Option<(FolioId, u32)>, grab: Grab) {
        match grab {
            Grab::Nothing => return,
            Grab::Get => rule!(self.coverage, D6),
            Grab::Pin => rule!(self.coverage, D7, u8::from(page.is_some())),
        }
        if grab == Grab::Pin && page.is_some() {
            rule!(self.coverage, D9);
        }
        self.in_hand.pin = grab == Grab::Pin;
        self.in_hand.pages.push(page);
    }

    pub(crate) fn mark_folio_dirty(&mut self, folio: FolioId) {
        let flags = &mut self.folio_mut(folio).flags;
        *flags = flags.with(FolioFlags::DIRTY);
    }
}

/// The fault of a walk that found nothing it can take.
fn fault_access(walk: Walk) -> Access {
    if walk.write { Access::Write } else { Access::Read }
}

/// An entry that the fast walk may take a reference for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FastEntry {
    pub(crate) folio: FolioId,
    pub(crate) page: u32,
    pub(crate) flags: EntryFlags,
    pub(crate) by_pmd: bool,
}

/// The fast walk.
impl Reference {
    /// GUP-fast without interference (D15, D16): takes what it can without a fault.
    pub(crate) fn walk_fast(&mut self, pid: Pid, start: u32, len: u32, flags: GupFlags) -> u32 {
        let mut done = 0;
        while done < len {
            match self.follow_fast(pid, start + done, len - done, flags) {
                Some(count) => done += count,
                None => break,
            }
        }
        done
    }

    /// One entry: the number of pages taken, or `None` to stop.
    fn follow_fast(&mut self, pid: Pid, vpn: u32, left: u32, gup: GupFlags) -> Option<u32> {
        let grab = if gup.pin { Grab::Pin } else { Grab::Get };
        let FastEntry { folio, page, flags, by_pmd } = self.fast_entry(pid, vpn, gup)?;
        let count = if by_pmd { left.min(self.ptes() - page) } else { 1 };
        let exclusive = self.page(folio, if by_pmd { 0 } else { page }).exclusive;
        if !flags.has(EntryFlags::WRITE) && gup.pin && !exclusive {
            rule!(self.coverage, D15, 1);
            return None;
        }
        if by_pmd {
            rule!(self.coverage, D16);
        } else {
            rule!(self.coverage, D15, 2);
        }
        for page in page..page + count {
            self.grab(Some((folio, page)), grab);
        }
        Some(count)
    }

    /// D15.F1, F2: what the fast walk finds, if it may have it.
    pub(crate) fn fast_entry(&mut self, pid: Pid, vpn: u32, gup: GupFlags) -> Option<FastEntry> {
        let (folio, page, flags) = match (self.pmd(pid, vpn), self.pte(pid, vpn)) {
            (PmdKind::Leaf(Leaf { folio, flags }), _) => {
                (folio, vpn - self.block_start(vpn), flags)
            }
            (PmdKind::Table, Pte::Page(Mapped { folio, page, flags })) => (folio, page, flags),
            // Nothing there, or special.
            _ => return None,
        };
        let by_pmd = self.pmd(pid, vpn) != PmdKind::Table;
        if flags.has(EntryFlags::PROTNONE) || gup.write && !flags.has(EntryFlags::WRITE) {
            rule!(self.coverage, D15, 0);
            return None;
        }
        Some(FastEntry { folio, page, flags, by_pmd })
    }
}

/// Handles.
impl Reference {
    /// `pin` and `get`.
    pub(crate) fn op_gup(
        &mut self,
        pid: Pid,
        range: PageRange,
        handle: Handle,
        flags: GupFlags,
    ) -> Outcome {
        let Some(slot) = self.handles.get(handle.index()) else {
            return Outcome::Err(Errno::EINVAL);
        };
        if slot.is_some() {
            return Outcome::Err(Errno::EBUSY);
        }
        let legal = (flags.pin || !flags.longterm) && !(flags.fast && flags.split_pmd);
        if !legal {
            rule!(self.coverage, D22);
            return Outcome::Err(Errno::EINVAL);
        }
        let result = if flags.fast {
            self.gup_fast(pid, range, flags)
        } else {
            // get_user_pages touches, pin_user_pages does not (D14).
            self.walk(pid, range.start.0, range.len, slow_walk(flags, !flags.pin))
        };
        let held = std::mem::take(&mut self.in_hand);
        let count = held.pages.len() as u32;
        if count > 0 {
            self.handles[handle.index()] = Some(OpenHandle { write: flags.write, held });
            return Outcome::Count(count);
        }
        match result {
            Ok(()) => Outcome::Count(0),
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// `*_user_pages_fast` (D21).
    pub(crate) fn gup_fast(
        &mut self,
        pid: Pid,
        range: PageRange,
        flags: GupFlags,
    ) -> Result<(), Errno> {
        if flags.pin {
            rule!(self.coverage, D10, 0);
            self.mm_mut(pid).has_pinned = true;
        }
        if range.is_empty() {
            return Ok(());
        }
        if range.end() > u64::from(self.config.space_pages()) {
            rule!(self.coverage, D21, 0);
            return Err(Errno::EFAULT);
        }
        let fast = self.walk_fast(pid, range.start.0, range.len, flags);
        if fast == range.len {
            rule!(self.coverage, D21, 1);
            return Ok(());
        }
        rule!(self.coverage, D21, 2);
        self.walk(pid, range.start.0 + fast, range.len - fast, slow_walk(flags, true))
    }

    /// `put` (D13).
    pub(crate) fn op_put(&mut self, handle: Handle, dirty: bool) -> Outcome {
        let Some(slot) = self.handles.get_mut(handle.index()) else {
            return Outcome::Err(Errno::EINVAL);
        };
        let Some(open) = slot.take() else { return Outcome::Err(Errno::EBADF) };
        rule!(self.coverage, D13, u8::from(dirty));
        if dirty {
            for (folio, _) in open.held.pages.iter().flatten() {
                self.mark_folio_dirty(*folio);
            }
        }
        Outcome::Ok
    }

    /// The page `index` of an open handle; `None` inside for a zero page.
    fn handle_page(
        &self,
        handle: Handle,
        index: u32,
        write: bool,
    ) -> Result<Option<(FolioId, u32)>, Errno> {
        let open = self.handles.get(handle.index()).ok_or(Errno::EINVAL)?;
        let open = open.as_ref().ok_or(Errno::EBADF)?;
        let page = *open.held.pages.get(index as usize).ok_or(Errno::EINVAL)?;
        if write && !open.write { Err(Errno::EACCES) } else { Ok(page) }
    }

    /// `dma_read`.
    pub(crate) fn op_dma_read(&self, handle: Handle, index: u32) -> Outcome {
        match self.handle_page(handle, index, false) {
            Ok(page) => Outcome::Value(self.content(page)),
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// `dma_write`.
    pub(crate) fn op_dma_write(&mut self, handle: Handle, index: u32, value: Value) -> Outcome {
        match self.handle_page(handle, index, true) {
            Ok(Some((folio, page))) => {
                self.page_mut(folio, page).value = value;
                Outcome::Ok
            }
            Ok(None) => unreachable!("a zero page is never grabbed for writing (D4)"),
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// What a grabbed page holds.
    fn content(&self, page: Option<(FolioId, u32)>) -> Value {
        page.map_or(Value::ZERO, |(folio, page)| self.page(folio, page).value)
    }
}

/// The slow walk of a GUP call.
fn slow_walk(flags: GupFlags, touch: bool) -> Walk {
    Walk {
        grab: if flags.pin { Grab::Pin } else { Grab::Get },
        write: flags.write,
        force: flags.force,
        longterm: flags.longterm,
        nofault: flags.nofault,
        split_pmd: flags.split_pmd,
        touch,
        hwpoison: false,
        faulted: None,
    }
}

/// What is built on GUP.
impl Reference {
    /// O1: the page of a driver's GUP call: one page, for writing, no leaf. The reference is the caller's from
    /// then on, and is not counted.
    pub(crate) fn find_for_device(&mut self, pid: Pid, vpn: u32) -> Result<(FolioId, u32), Errno> {
        let walk = Walk { grab: Grab::Get, split_pmd: true, ..Walk::populating(true, false) };
        let result = self.walk(pid, vpn, 1, walk);
        let Held { pages, .. } = std::mem::take(&mut self.in_hand);
        result?;
        // A zero page is never grabbed for writing (D4).
        pages.first().copied().flatten().ok_or(Errno::EFAULT)
    }

    /// `peek`, `poke`, `vm_read`, `vm_write` (D19): one page is grabbed, copied and released.
    pub(crate) fn op_remote(&mut self, pid: Pid, vpn: Vpn, access: Remote) -> Outcome {
        let (grab, write, force) = match access {
            Remote::Peek => (Grab::Get, None, true),
            Remote::Poke(value) => (Grab::Get, Some(value), true),
            Remote::VmRead => (Grab::Pin, None, false),
            Remote::VmWrite(value) => (Grab::Pin, Some(value), false),
        };
        rule!(self.coverage, D19, u8::from(grab == Grab::Pin));
        let walk = Walk { grab, ..Walk::populating(write.is_some(), force) };
        let result = self.walk(pid, vpn.0, 1, walk);
        let Held { pages, .. } = std::mem::take(&mut self.in_hand);
        match (result, pages.first(), write) {
            (Err(errno), ..) => Outcome::Err(errno),
            (Ok(()), Some(Some((folio, page))), Some(value)) => {
                self.page_mut(*folio, *page).value = value;
                self.mark_folio_dirty(*folio);
                Outcome::Ok
            }
            (Ok(()), page, _) => Outcome::Value(self.content(page.copied().flatten())),
        }
    }

    /// MADV_POPULATE_READ and _WRITE in one VMA (A13).
    pub(crate) fn populate_advised(
        &mut self,
        pid: Pid,
        piece: Piece,
        write: bool,
    ) -> Result<(), Errno> {
        rule!(self.coverage, A13, u8::from(write));
        let walk = Walk { hwpoison: true, ..Walk::populating(write, false) };
        self.check_vma(pid, piece.start, walk).map_err(|_| Errno::EINVAL)?;
        // One call populates the whole range and drains at its end, not for each VMA (S14).
        self.walk(pid, piece.start, piece.end - piece.start, walk)
    }

    /// The populate half of `mlock`, in one VMA (Z2).
    pub(crate) fn populate_locked(&mut self, pid: Pid, piece: Piece) -> Result<(), Errno> {
        let write = piece.flags.has(VmaFlags::WRITE);
        if !write && !piece.flags.has(VmaFlags::READ) {
            // An inaccessible VMA fails at its first page; the walk still ends as every one does.
            self.drain();
            return Err(Errno::EFAULT);
        }
        let walk = Walk::populating(write, true);
        self.populate(pid, piece.start..piece.end, walk)
    }

    /// Populating ends with drain() (S14).
    fn populate(&mut self, pid: Pid, range: Range<u32>, walk: Walk) -> Result<(), Errno> {
        let result = self.walk(pid, range.start, range.len() as u32, walk);
        self.drain();
        result
    }

    /// H12: a LOCKED range that becomes writable is write-populated; errors do not matter.
    pub(crate) fn populate_after_protect(&mut self, pid: Pid, range: Range<u32>) {
        let walk = Walk::populating(true, false);
        let _ = self.populate(pid, range, walk);
    }
}
