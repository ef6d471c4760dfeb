//! GUP (rulebook area D): the slow walk with its faults, the fast walk without interference, the
//! handles that hold what was grabbed, and the accesses built on both (peek, poke, populate).

use crate::entry::{Entry, Pfn};
use crate::fault::{Access, FaultError};
use crate::folio::{PIN_BIAS, lower};
use crate::model::{Model, answer};
use crate::table::Slot;
use crate::vma::Area;
use mm_ops::{
    Errno, FolioFlags, GupFlags, HANDLES_MAX, Handle, Outcome, PageRange, Pid, Remote, Value,
    VmaFlags, Vpn,
};

/// Stands for the zero page (or the huge zero folio) among a handle's pages: not counted.
pub(crate) const ZERO_FRAME: Pfn = Pfn::MAX;

/// The pages one GUP call grabbed.
#[derive(Default)]
pub(crate) struct OpenHandle {
    open: bool,
    pin: bool,
    write: bool,
    pub(crate) pages: Vec<Pfn>,
}

impl OpenHandle {
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// Holds one page.
    pub(crate) fn open_with(&mut self, pin: bool, write: bool, pfn: Pfn) {
        (self.open, self.pin, self.write) = (true, pin, write);
        self.pages.clear();
        self.pages.push(pfn);
    }

    /// Forgets the pages, keeping the memory.
    pub(crate) fn close(&mut self) {
        self.open = false;
        self.pages.clear();
    }
}

/// What populating is for: it decides between read and write walks, and how errors are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Populate {
    /// MADV_POPULATE_READ (A13).
    Read,
    /// MADV_POPULATE_WRITE (A13).
    Write,
    /// mlock, and mprotect of a LOCKED VMA (Z2, H12).
    Mlock,
}

/// The flags of one walk (D1).
#[derive(Clone, Copy, Debug, Default)]
struct Walk {
    /// FOLL_GET or FOLL_PIN: pages are grabbed. Else the walk only faults in.
    grab: bool,
    pin: bool,
    write: bool,
    longterm: bool,
    force: bool,
    nofault: bool,
    split_pmd: bool,
    /// FOLL_TOUCH (D14).
    touch: bool,
    /// FOLL_HWPOISON: a poisoned page is told as `EHWPOISON` (D12).
    tell_poison: bool,
    /// Of one page in the anonmm scheme: COW is known to be done (M8).
    cow_done: bool,
}

/// What following one page comes to (D3 to D5).
enum Follow {
    Take(Slot, Entry),
    Fault(Access),
}

/// Most faults that one page can need; see D20 for the longest sequence.
const FAULTS_MAX: u32 = 8;

impl Model {
    /// The operations `pin` and `get`.
    pub(crate) fn gup(
        &mut self,
        pid: Pid,
        range: PageRange,
        handle: Handle,
        flags: GupFlags,
    ) -> Outcome {
        if handle.0 >= HANDLES_MAX {
            return Outcome::Err(Errno::EINVAL);
        }
        if self.handles[handle.index()].open {
            return Outcome::Err(Errno::EBUSY);
        }
        // D22.
        if (flags.longterm && !flags.pin) || (flags.fast && flags.split_pmd) {
            return Outcome::Err(Errno::EINVAL);
        }
        let walk = Walk {
            grab: true,
            pin: flags.pin,
            write: flags.write,
            longterm: flags.longterm,
            force: flags.force,
            nofault: flags.nofault,
            split_pmd: flags.split_pmd,
            touch: flags.fast || !flags.pin,
            ..Walk::default()
        };
        let mut pages = std::mem::take(&mut self.handles[handle.index()].pages);
        let result = if flags.fast {
            self.gup_fast(pid, range, walk, &mut pages)
        } else {
            self.gup_slow(pid, range, walk, &mut pages)
        };
        let count = pages.len() as u32;
        let open = count > 0;
        self.handles[handle.index()] =
            OpenHandle { open, pin: flags.pin, write: flags.write, pages };
        match result {
            Err(errno) if !open => Outcome::Err(errno),
            _ => Outcome::Count(count),
        }
    }

    /// The slow walk of a range (D3, D12). A range that leaves the address space ends there.
    fn gup_slow(
        &mut self,
        pid: Pid,
        range: PageRange,
        walk: Walk,
        pages: &mut Vec<Pfn>,
    ) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        if walk.pin {
            self.mms[pid.index()].has_pinned = true;
        }
        let (start, end) = self.clamped(range);
        self.walk_range(pid, start, end, walk, pages)?;
        if range.end() > u64::from(end) { Err(Errno::EFAULT) } else { Ok(()) }
    }

    /// The lockless walk (D15, D16, without interference), then the slow one for the rest (D21).
    fn gup_fast(
        &mut self,
        pid: Pid,
        range: PageRange,
        walk: Walk,
        pages: &mut Vec<Pfn>,
    ) -> Result<(), Errno> {
        if walk.pin {
            self.mms[pid.index()].has_pinned = true;
        }
        if range.is_empty() {
            return Ok(());
        }
        let (mut at, end) = self.within_space(range).ok_or(Errno::EFAULT)?;
        while at < end {
            let Some((_, entry)) = self.find_entry(pid, at) else {
                break;
            };
            let passes = entry.has_folio()
                && !entry.has(Entry::PROTNONE)
                && (entry.has(Entry::WRITE) || !(walk.write || self.must_unshare(walk, entry)));
            if !passes {
                break;
            }
            at += self.take(entry, at, end, walk, pages);
        }
        self.walk_range(pid, at, end, walk, pages)
    }

    /// Follows every page of `[start, end)`, faulting in what is missing; the first failing page
    /// ends it.
    fn walk_range(
        &mut self,
        pid: Pid,
        start: u32,
        end: u32,
        walk: Walk,
        pages: &mut Vec<Pfn>,
    ) -> Result<(), Errno> {
        let mut at = start;
        while at < end {
            let area = self.area_at(pid, at).ok_or(Errno::EFAULT)?;
            check_vma_flags(area, walk)?;
            let behind = area.end.min(end);
            while at < behind {
                at += self.walk_page(area, at, behind, walk, pages)?;
            }
        }
        Ok(())
    }

    /// Follows one page until it can be taken. Answers how many pages that took (D8).
    fn walk_page(
        &mut self,
        area: Area,
        vpn: u32,
        end: u32,
        mut walk: Walk,
        pages: &mut Vec<Pfn>,
    ) -> Result<u32, Errno> {
        for _ in 0..FAULTS_MAX {
            let mut access = match self.follow(area, vpn, walk) {
                Follow::Take(slot, entry) => {
                    self.touch(slot, entry, walk);
                    return Ok(self.take(entry, vpn, end, walk, pages));
                }
                Follow::Fault(access) => access,
            };
            if walk.nofault {
                return Err(Errno::EFAULT);
            }
            if fault!(self, DirtyCowRetry) && walk.force && access == Access::Write {
                walk.write = false;
                access = Access::Read;
            }
            self.handle_fault(area, vpn, access).map_err(|error| match error {
                FaultError::NoMemory => Errno::ENOMEM,
                FaultError::Poisoned if walk.tell_poison => Errno::EHWPOISON,
                FaultError::Segv | FaultError::Bus | FaultError::Poisoned => Errno::EFAULT,
                FaultError::Blocked => Errno::EINTR,
            })?;
            walk.cow_done = self.is_anonmm() && access == Access::Write;
        }
        debug_assert!(self.is_faulty(), "every fault makes progress");
        Err(Errno::EFAULT)
    }

    /// D3 to D5 for one page. SPLIT_PMD splits a leaf first (D8).
    fn follow(&mut self, area: Area, vpn: u32, walk: Walk) -> Follow {
        let normal = if walk.write { Access::Write } else { Access::Read };
        let Some((mut slot, mut entry)) = self.find_entry(area.pid, vpn) else {
            return Follow::Fault(normal);
        };
        if entry.is_huge() && entry.is_present() && walk.split_pmd {
            self.split_leaf(area, slot);
            slot = self.pte_slot_in(slot, vpn);
            entry = self.tables.get(slot);
        }
        if !entry.is_present() {
            return Follow::Fault(normal);
        }
        if !entry.has(Entry::WRITE) {
            if walk.write && !self.can_force_write(area, entry, walk) {
                return Follow::Fault(Access::Write);
            }
            if self.must_unshare(walk, entry) {
                return Follow::Fault(Access::Unshare);
            }
        }
        Follow::Take(slot, entry)
    }

    /// can_follow_write_pte without W (D4): FORCE, and COW is known to be done.
    fn can_force_write(&self, area: Area, entry: Entry, walk: Walk) -> bool {
        if fault!(self, HugeDirtyCowTouch) && walk.force && entry.is_huge() {
            return entry.has(Entry::DIRTY);
        }
        if self.is_anonmm() {
            return walk.force && walk.cow_done && !area.has(VmaFlags::WRITE);
        }
        walk.force
            && !area.has(VmaFlags::WRITE)
            && entry.has_folio()
            && self.folios.exclusive.get(entry.pfn())
            && !self.soft_dirty_wp(area, entry)
            && !Self::uffd_wp(area, entry)
    }

    /// gup_must_unshare of an entry without W (D5).
    fn must_unshare(&self, walk: Walk, entry: Entry) -> bool {
        if !walk.pin || walk.write || fault!(self, RoPinWithoutUnshare) {
            return false;
        }
        if entry.is_zero() {
            return walk.longterm;
        }
        !self.folios.exclusive.get(entry.pfn())
    }

    /// D14, D8: what TOUCH does to a followed entry.
    fn touch(&mut self, slot: Slot, entry: Entry, walk: Walk) {
        if fault!(self, HugeDirtyCowTouch) && entry.is_huge() {
            self.tables.set(slot, entry.with(Entry::YOUNG | Entry::DIRTY));
            return;
        }
        if !walk.touch {
            return;
        }
        if entry.is_huge() {
            let dirty = if walk.write { self.dirty_bits() } else { 0 };
            self.tables.set(slot, entry.with(Entry::YOUNG | dirty));
        } else if walk.write && entry.has_folio() && !entry.has(Entry::DIRTY) {
            let id = self.folios.of(entry.pfn());
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
    }

    /// Grabs the page, and of a leaf all further pages that are asked for (D7, D8).
    fn take(&mut self, entry: Entry, vpn: u32, end: u32, walk: Walk, pages: &mut Vec<Pfn>) -> u32 {
        let count = if entry.is_huge() { self.geometry.block_end(vpn).min(end) - vpn } else { 1 };
        if !walk.grab {
            return count;
        }
        if entry.is_zero() {
            pages.extend((0..count).map(|_| ZERO_FRAME));
            return count;
        }
        let first = self.frame_at(entry, vpn);
        pages.extend(first..first + count);
        let id = self.folios.of(first);
        let folio = &mut self.folios[id];
        folio.refs += count * grab_refs(folio.is_large(), walk.pin);
        if walk.pin && folio.is_large() {
            folio.pins += count;
        }
        count
    }

    /// Gives one grabbed page back (D13).
    pub(crate) fn put_page(&mut self, pfn: Pfn, pin: bool, dirty: bool) {
        if pfn == ZERO_FRAME {
            return;
        }
        let id = self.folios.of(pfn);
        let folio = &mut self.folios[id];
        if dirty {
            folio.set(FolioFlags::DIRTY, true);
        }
        let large = folio.is_large();
        if pin && large {
            lower(&mut folio.pins, 1);
        }
        self.put_folio(id, grab_refs(large, pin));
    }

    /// The operation `put`.
    pub(crate) fn put_handle(&mut self, handle: Handle, dirty: bool) -> Outcome {
        if handle.0 >= HANDLES_MAX {
            return Outcome::Err(Errno::EINVAL);
        }
        if !self.handles[handle.index()].open {
            return Outcome::Err(Errno::EBADF);
        }
        let mut held = std::mem::take(&mut self.handles[handle.index()]);
        for &pfn in &held.pages {
            self.put_page(pfn, held.pin, dirty);
        }
        held.close();
        self.handles[handle.index()] = held;
        Outcome::Ok
    }

    /// The page of an open handle.
    fn handle_page(&self, handle: Handle, index: u32) -> Result<Pfn, Errno> {
        let held = self.handles.get(handle.index()).ok_or(Errno::EINVAL)?;
        if !held.open {
            return Err(Errno::EBADF);
        }
        held.pages.get(index as usize).copied().ok_or(Errno::EINVAL)
    }

    /// The operation `dma_read`.
    pub(crate) fn dma_read(&mut self, handle: Handle, index: u32) -> Outcome {
        match self.handle_page(handle, index) {
            Ok(pfn) => Outcome::Value(self.load_frame(pfn)),
            Err(errno) => Outcome::Err(errno),
        }
    }

    /// The operation `dma_write`.
    pub(crate) fn dma_write(&mut self, handle: Handle, index: u32, value: Value) -> Outcome {
        answer(self.handle_page(handle, index).and_then(|pfn| {
            if !self.handles[handle.index()].write {
                return Err(Errno::EACCES);
            }
            self.store_frame(pfn, value);
            Ok(())
        }))
    }

    fn load_frame(&self, pfn: Pfn) -> Value {
        let entry = if pfn == ZERO_FRAME { Entry::zero_page(0) } else { Entry::page(pfn, 0) };
        self.load(entry, 0)
    }

    fn store_frame(&mut self, pfn: Pfn, value: Value) {
        let entry = if pfn == ZERO_FRAME { Entry::zero_page(0) } else { Entry::page(pfn, 0) };
        self.store(entry, 0, value);
    }

    /// get_user_pages_fast of one page for reading, as madvise does to poison it.
    pub(crate) fn grab_for_read(&mut self, pid: Pid, vpn: Vpn) -> Result<Pfn, Errno> {
        let walk = Walk { grab: true, touch: true, ..Walk::default() };
        let mut pages = Vec::new();
        self.gup_fast(pid, PageRange { start: vpn, len: 1 }, walk, &mut pages)?;
        Ok(pages[0])
    }

    /// get_user_pages_remote of one page that a device is to have for itself (O1).
    pub(crate) fn grab_for_device(&mut self, pid: Pid, vpn: Vpn) -> Result<Pfn, Errno> {
        let (grab, split_pmd, touch) = (true, true, true);
        let write = !fault!(self, DevexclSecondWalkSkipped);
        let walk = Walk { grab, write, split_pmd, touch, ..Walk::default() };
        let mut pages = Vec::new();
        self.gup_slow(pid, PageRange { start: vpn, len: 1 }, walk, &mut pages)?;
        Ok(pages[0])
    }

    /// Gives back what [`Model::grab_for_read`] or [`Model::grab_for_device`] grabbed.
    pub(crate) fn put_grabbed(&mut self, pfn: Pfn) {
        self.put_page(pfn, false, false);
    }

    /// The operations `peek`, `poke`, `vm_read`, `vm_write` (D19, D20).
    pub(crate) fn remote(&mut self, pid: Pid, vpn: Vpn, access: Remote) -> Outcome {
        let pin = matches!(access, Remote::VmRead | Remote::VmWrite(_));
        let store = match access {
            Remote::Poke(value) | Remote::VmWrite(value) => Some(value),
            Remote::Peek | Remote::VmRead => None,
        };
        let write = store.is_some();
        let walk = Walk { grab: true, pin, write, force: !pin, touch: true, ..Walk::default() };
        let mut pages = Vec::new();
        let range = PageRange { start: vpn, len: 1 };
        if let Err(errno) = self.gup_slow(pid, range, walk, &mut pages) {
            return Outcome::Err(errno);
        }
        let pfn = pages[0];
        let outcome = match store {
            Some(value) => {
                self.store_frame(pfn, value);
                Outcome::Ok
            }
            None => Outcome::Value(self.load_frame(pfn)),
        };
        self.put_page(pfn, pin, write);
        outcome
    }

    /// The operation `mlock` (Z2).
    pub(crate) fn mlock(&mut self, pid: Pid, range: PageRange) -> Outcome {
        if let Err(errno) = self.set_locked(pid, range, true) {
            return Outcome::Err(errno);
        }
        let (start, end) = self.clamped(range);
        let populated = self.populate(pid, start, end, Populate::Mlock);
        answer(populated.map_err(|errno| match errno {
            Errno::EFAULT => Errno::ENOMEM,
            Errno::ENOMEM => Errno::EAGAIN,
            other => other,
        }))
    }

    /// MADV_POPULATE_READ and MADV_POPULATE_WRITE (A13).
    pub(crate) fn madvise_populate(
        &mut self,
        pid: Pid,
        range: PageRange,
        populate: Populate,
    ) -> Result<(), Errno> {
        if range.is_empty() {
            return Ok(());
        }
        let (start, end) = self.clamped(range);
        self.populate(pid, start, end, populate)?;
        if range.end() > u64::from(end) { Err(Errno::ENOMEM) } else { Ok(()) }
    }

    /// Faults in every page of `[start, end)`, VMA by VMA; the first failing page ends it. What is new
    /// goes to the LRU then.
    pub(crate) fn populate(
        &mut self,
        pid: Pid,
        start: u32,
        end: u32,
        populate: Populate,
    ) -> Result<(), Errno> {
        let populated = self.populate_pages(pid, start, end, populate);
        if start < end {
            self.drain_lru();
        }
        populated
    }

    fn populate_pages(
        &mut self,
        pid: Pid,
        start: u32,
        end: u32,
        populate: Populate,
    ) -> Result<(), Errno> {
        let mut at = start;
        while at < end {
            let area = self.area_at(pid, at).ok_or(Errno::ENOMEM)?;
            let mut walk = Walk { touch: true, ..Walk::default() };
            match populate {
                Populate::Read | Populate::Write => {
                    walk.write = populate == Populate::Write;
                    walk.tell_poison = true;
                    check_vma_flags(area, walk).map_err(|_| Errno::EINVAL)?;
                }
                Populate::Mlock => {
                    walk.write = area.has(VmaFlags::WRITE);
                    walk.force = !walk.write;
                    if !area.accessible() {
                        return Err(Errno::EFAULT);
                    }
                }
            }
            let behind = area.end.min(end);
            self.walk_range(pid, at, behind, walk, &mut Vec::new())?;
            at = behind;
        }
        Ok(())
    }
}

/// References that grabbing one page takes (D7).
pub(crate) const fn grab_refs(large: bool, pin: bool) -> u32 {
    if pin && !large { PIN_BIAS } else { 1 }
}

/// D2; the MAY* rights are always there.
fn check_vma_flags(area: Area, walk: Walk) -> Result<(), Errno> {
    let right = if walk.write { VmaFlags::WRITE } else { VmaFlags::READ };
    if area.has(right) || walk.force { Ok(()) } else { Err(Errno::EFAULT) }
}

#[cfg(feature = "faults")]
impl Model {
    /// The references that open handles hold on small folios at these frames.
    pub(crate) fn handle_references(
        &self,
        frames: &std::ops::Range<Pfn>,
    ) -> impl Iterator<Item = (Pfn, u32)> {
        self.handles.iter().filter(|held| held.open).flat_map(|held| {
            let pages = held.pages.iter().filter(|pfn| frames.contains(pfn));
            pages.map(|pfn| (*pfn, grab_refs(false, held.pin)))
        })
    }
}
