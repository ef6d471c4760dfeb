//! fork (rulebook area C): VMAs, anon_vmas and page tables of the child, in the order of the
//! kernel's walk, with runs of a large folio shared in one go.

use crate::alloc::NoMemory;
use crate::entry::Entry;
use crate::model::Model;
use crate::race::Point;
use crate::table::Slot;
use crate::vma::{Area, Vma};
use mm_ops::{AllocKind, Errno, EventKind, NO_ANON_VMA, Outcome, Pid, VmaFlags};

/// A VMA of the parent and its copy.
#[derive(Clone, Copy)]
struct Pair {
    parent: Area,
    child: Area,
    /// Bits that the child's present entries lose (C4, C21).
    lost: u64,
}

/// Bits that may differ within a shared run: each entry keeps its own but for what fork clears
/// (BT15: any partition into runs gives the same result).
const RUN_IGNORES: u64 = Entry::YOUNG | Entry::WRITE | Entry::DIRTY | Entry::SOFT_DIRTY;

impl Model {
    /// The operation `fork`.
    pub(crate) fn fork(&mut self, parent: Pid, child: Pid) -> Outcome {
        if child.index() >= usize::from(self.config.procs) {
            return Outcome::Err(Errno::EAGAIN);
        }
        if self.live(child) {
            return Outcome::Err(Errno::EEXIST);
        }
        let allocated = self.allocate(AllocKind::Mm, child, 0).and_then(|()| {
            if self.is_anonmm() { self.allocate(AllocKind::Anonmm, child, 0) } else { Ok(()) }
        });
        if allocated.is_err() {
            return Outcome::Err(Errno::ENOMEM);
        }
        self.start_process(child);
        self.yield_point(Point::ForkStart);
        self.mms[parent.index()].write_protect_seq += 1;
        self.yield_point(Point::ForkBegun);
        let copied = (0..self.mms[parent.index()].vmas.len())
            .try_for_each(|index| self.fork_vma(parent, child, index));
        self.mms[parent.index()].write_protect_seq += 1;
        self.yield_point(Point::ForkCopied);
        if !fault!(self, ForkNoFlush) {
            self.flush_tlb(parent, 0, self.config.space_pages());
        }
        match copied {
            Ok(()) => Outcome::Ok,
            Err(NoMemory) => {
                // C18: what the child got is torn down; what the parent lost stays lost.
                #[cfg(feature = "faults")]
                if fault!(self, ForkErrorLeavesParentShared) {
                    self.forget_entries(child);
                }
                #[cfg(feature = "faults")]
                self.remember_half_made(child);
                if !fault!(self, ForkErrorExposesChild) {
                    self.teardown(child);
                }
                Outcome::Err(Errno::ENOMEM)
            }
        }
    }

    /// Copies one VMA (C2) and, where needed, what its page tables hold (C3).
    fn fork_vma(&mut self, parent: Pid, child: Pid, index: usize) -> Result<(), NoMemory> {
        let source = self.area(parent, index).expect("the parent's VMAs do not change");
        if source.has(VmaFlags::DONTFORK) {
            return Ok(());
        }
        self.allocate(AllocKind::Vma, child, source.start)?;
        let source_vma = self.vma(source).clone();
        let wiped = source.has(VmaFlags::WIPEONFORK);
        let (anon_vma, avcs) = if wiped {
            (NO_ANON_VMA, Default::default())
        } else {
            self.fork_anon_vma(&source_vma, child)?
        };
        let mut lost = VmaFlags::LOCKED;
        if !self.config.uffd_fork {
            lost = lost.with(VmaFlags::UFFD_MISSING).with(VmaFlags::UFFD_WP);
        }
        let flags = source.flags.without(lost);
        // C3; M1.
        let has_entries = self.is_anonmm()
            || source_vma.anon_vma != NO_ANON_VMA
            || source.has(VmaFlags::MAYBE_GUARD)
            || flags.has(VmaFlags::UFFD_WP);
        let vmas = &mut self.mms[child.index()].vmas;
        vmas.push(Vma { flags, anon_vma, avcs, ..source_vma });
        let index = vmas.len() - 1;
        if has_entries && !wiped {
            let child = self.area(child, index).expect("just pushed");
            let mut lost = Entry::WRITE | Entry::YOUNG | Self::lost_in_fork(child);
            if fault!(self, UffdForkBitsWrong) {
                lost &= !Entry::UFFD_WP;
            }
            let (start, end) = (source.start, source.end);
            self.notify(EventKind::ProtectionPage, parent, start, end);
            self.copy_tables(Pair { parent: source, child, lost })?;
        }
        Ok(())
    }

    /// Copies the page tables of a VMA, PMD table by PMD table.
    fn copy_tables(&mut self, pair: Pair) -> Result<(), NoMemory> {
        let (mut at, end) = (pair.parent.start, pair.parent.end);
        while at < end {
            let behind = self.geometry.span_end(at).min(end);
            if let Some(source) = self.pmd_slot(pair.parent.pid, at) {
                let target = self.pmd_slot_alloc(pair.child.pid, at)?;
                self.copy_pmds(pair, source, target, at, behind)?;
            }
            at = behind;
        }
        Ok(())
    }

    fn copy_pmds(
        &mut self,
        pair: Pair,
        source: Slot,
        target: Slot,
        start: u32,
        end: u32,
    ) -> Result<(), NoMemory> {
        let mut at = start;
        for offset in 0.. {
            if at >= end {
                break;
            }
            let behind = self.geometry.block_end(at).min(end);
            let (source, target) = (source + offset, target + offset);
            let entry = self.tables.get(source);
            let shared = entry.is_huge() && self.copy_leaf(pair, source, target, at)?;
            if !entry.is_none() && !shared {
                let child = self.pte_slot_alloc(pair.child.pid, target, at)?;
                let parent = self.pte_slot_in(source, at);
                self.copy_ptes(pair, parent, child, at, behind - at)?;
            }
            at = behind;
        }
        Ok(())
    }

    /// Shares a PMD leaf (C8, C9). Answers `false` when it may be pinned: the parent's is split,
    /// and the pages are copied one by one.
    fn copy_leaf(
        &mut self,
        pair: Pair,
        source: Slot,
        target: Slot,
        start: u32,
    ) -> Result<bool, NoMemory> {
        self.deposit(pair.child.pid, start)?;
        let entry = self.tables.get(source);
        if entry.is_migration() {
            self.copy_migration_leaf(pair.child, source, target);
            return Ok(true);
        }
        if entry.is_device_private() {
            self.copy_device_leaf(pair.child, source, target);
            return Ok(true);
        }
        if !entry.is_zero() {
            let id = self.folios.of(entry.pfn());
            let pinned = self.needs_copy_for_dma(pair.parent.pid, id)
                && !fault!(self, ForkPinnedThpNotSplit);
            if pinned && self.folios.exclusive.get(entry.pfn()) {
                let table = self.withdraw(pair.child.pid);
                self.tables.give(table);
                self.split_leaf(pair.parent, source);
                return Ok(false);
            }
            self.yield_point(Point::ForkPinsTested);
            if !fault!(self, ForkSkipPaeClear) {
                self.folios.exclusive.fill(entry.pfn(), 1, false);
            }
            self.yield_point(Point::ForkShared);
            self.folios[id].refs += 1;
            self.add_rmap_pmd(id, pair.child.pid);
            self.mms[pair.child.pid.index()].rss += self.geometry.ptes();
        }
        if !fault!(self, ForkSkipWrprotect) {
            self.tables.set(source, entry.without(Entry::WRITE));
        }
        self.yield_point(Point::ForkProtected);
        self.tables.set(target, entry.without(pair.lost));
        Ok(true)
    }

    /// Copies `len` PTEs of one table, ascending (C22).
    fn copy_ptes(
        &mut self,
        pair: Pair,
        source: Slot,
        target: Slot,
        start: u32,
        len: u32,
    ) -> Result<(), NoMemory> {
        let mut at = 0;
        while at < len {
            let (source, target) = (source + at as usize, target + at as usize);
            let entry = self.tables.get(source);
            if entry.has_folio() {
                at += self.copy_run(pair, source, target, start + at, len - at)?;
                continue;
            }
            if entry.is_present() {
                // C9: the zero page, uncounted.
                self.tables.set(target, entry.without(pair.lost));
            } else if entry.is_device_exclusive() && !fault!(self, DevexclForkNotRestored) {
                if !self.restore_for_fork(pair.parent, source) {
                    return Err(NoMemory);
                }
                // Mapped now: the same PTE again (C13).
                continue;
            } else if !entry.is_none() {
                self.copy_nonpresent(pair.child, source, target);
            }
            at += 1;
        }
        Ok(())
    }

    /// Shares the run that begins at a PTE, or copies its first page where it may be pinned (C4 to
    /// C7). Answers how many entries are done. Where the kernel's batch refuses a run that holds
    /// exclusive pages of a pinned folio and retries (C22), the run here ends before the first of
    /// them: the same entries, without an allocation in vain.
    fn copy_run(
        &mut self,
        pair: Pair,
        source: Slot,
        target: Slot,
        vpn: u32,
        room: u32,
    ) -> Result<u32, NoMemory> {
        let pfn = self.tables.get(source).pfn();
        let id = self.folios.of(pfn);
        let mut len = self.run_at(source, room, RUN_IGNORES);
        if self.needs_copy_for_dma(pair.parent.pid, id) {
            if fault!(self, BatchForkPartialDupFail) && self.folios.exclusive.any(pfn, len) {
                self.copy_page(pair, source, target, vpn)?;
                return Ok(len);
            }
            let (exclusive, equal) = self.folios.exclusive.equal_run(pfn, len);
            if exclusive {
                self.copy_page(pair, source, target, vpn)?;
                return Ok(1);
            }
            len = equal;
        }
        self.share_run(pair, source, target, len);
        Ok(if fault!(self, BatchUnderadvance) { 1 } else { len })
    }

    /// C4 for a run of one folio.
    fn share_run(&mut self, pair: Pair, source: Slot, target: Slot, len: u32) {
        let pfn = self.tables.get(source).pfn();
        let id = self.folios.of(pfn);
        self.yield_point(Point::ForkPinsTested);
        if !fault!(self, ForkSkipPaeClear) {
            self.folios.exclusive.fill(pfn, len, false);
        }
        self.yield_point(Point::ForkShared);
        self.folios[id].refs += len;
        self.add_rmap_ptes(id, pfn, len, pair.child.pid);
        self.mms[pair.child.pid.index()].rss += len;
        let protect = if fault!(self, ForkSkipWrprotect) { 0 } else { Entry::WRITE };
        if len == 1 {
            let entry = self.tables.get(source);
            self.tables.set(target, entry.without(pair.lost));
            self.tables.set(source, entry.without(protect));
            self.yield_point(Point::ForkProtected);
            return;
        }
        self.tables.change_pairs(source, target, len as usize, |parent, child| {
            *child = parent.without(pair.lost);
            *parent = parent.without(protect);
        });
        self.yield_point(Point::ForkProtected);
    }

    /// C6: the child gets a page of its own; the parent's entry is left alone.
    fn copy_page(
        &mut self,
        pair: Pair,
        source: Slot,
        target: Slot,
        vpn: u32,
    ) -> Result<(), NoMemory> {
        self.allocate_folio(0, pair.child.pid, vpn)?;
        let value = self.load(self.tables.get(source), vpn);
        let id = self.folios.create(0);
        let head = self.folios[id].head;
        self.folios.value[head as usize] = value;
        let uffd_wp = self.tables.get(source).0 & Entry::UFFD_WP & !pair.lost;
        let write = if uffd_wp == 0 { Self::write_bit(pair.child) } else { 0 };
        let bits = Self::protection(pair.child) | self.dirty_bits() | write | uffd_wp;
        self.map_fresh(pair.child, target, vpn, id, bits);
        Ok(())
    }

    /// folio_needs_cow_for_dma (C5).
    fn needs_copy_for_dma(&self, parent: Pid, id: u32) -> bool {
        self.mms[parent.index()].has_pinned
            && self.folios[id].maybe_pinned()
            && !fault!(self, ForkSharesPinned)
    }
}
