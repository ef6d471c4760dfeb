//! Memory failure (rulebook area Q): poisoning a page in use, taking it away from everybody who maps
//! it, and moving a page off memory that is about to fail. A poisoned small folio never goes back to the
//! allocator; the poison keeps one reference of it.

use crate::entry::{Entry, Pfn};
use crate::folio::{FolioId, lower};
use crate::gup::ZERO_FRAME;
use crate::model::{Model, answer};
use crate::race::Point;
use crate::rmap_walk::Want;
use crate::split::Caller;
use crate::table::Slot;
use mm_ops::{Errno, FolioFlags, Outcome, Pid, Vpn};

/// What became of a poisoned page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Handled {
    /// Recovered or delayed.
    Done,
    Failed,
}

impl Model {
    /// The operation `hwpoison` (Q1). The caller is the process named, so that the signal, where one
    /// is sent, is its SIGBUS.
    pub(crate) fn hwpoison(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        let frame = match self.grab_for_read(pid, vpn) {
            Ok(ZERO_FRAME) => return Outcome::Err(self.poison_of_zeros(pid, vpn)),
            Ok(frame) => frame,
            Err(errno) => return Outcome::Err(errno),
        };
        let id = self.folios.of(frame);
        if self.folios.poisoned.get(frame) {
            self.put_grabbed(frame);
            return Outcome::Bus;
        }
        self.folios.poison(frame);
        if self.would_wait_for(id) {
            self.put_grabbed(frame);
            return Outcome::Err(Errno::EINTR);
        }
        let page = frame - self.folios[id].head;
        if self.folios[id].is_large()
            && self.split_folio(id, 0, None, Caller::Holding(page)).is_err()
        {
            self.put_grabbed(frame);
            return Outcome::Bus;
        }
        self.take_from_everybody(pid, self.folios.of(frame))
    }

    /// The zero page is on no LRU, and the huge zero folio cannot be split (Q1).
    fn poison_of_zeros(&self, pid: Pid, vpn: Vpn) -> Errno {
        let huge = self.present_entry(pid, vpn).is_some_and(Entry::is_huge);
        if huge { Errno::EHWPOISON } else { Errno::EBUSY }
    }

    /// Whether the lock of a folio, or the write of a small one, would be waited for.
    fn would_wait_for(&self, id: FolioId) -> bool {
        let folio = &self.folios[id];
        let written = folio.flags.has(FolioFlags::WRITEBACK) && !folio.is_large();
        folio.flags.has(FolioFlags::LOCKED) || written
    }

    /// Q1 for a small poisoned folio: unmap it, tell the caller if data is lost, retire it.
    fn take_from_everybody(&mut self, caller: Pid, id: FolioId) -> Outcome {
        let mut signal = false;
        let mut handled = Handled::Done;
        let on_lru = self.folios[id].flags.has(FolioFlags::LRU);
        if on_lru && self.folios.mapcount_of(id) > 0 {
            let mapped = self.is_mapped_by(caller, id);
            if !self.unmap_poisoned(id) {
                handled = Handled::Failed;
            }
            let lost = self.folios[id].flags.has(FolioFlags::DIRTY) || handled == Handled::Failed;
            signal = mapped && lost;
        }
        if handled == Handled::Done {
            handled = self.retire(id);
        }
        match (signal, handled) {
            (true, _) => Outcome::Bus,
            (false, Handled::Done) => Outcome::Ok,
            (false, Handled::Failed) => Outcome::Err(Errno::EBUSY),
        }
    }

    fn is_mapped_by(&self, pid: Pid, id: FolioId) -> bool {
        let head = self.folios[id].head;
        self.rmap_ranges(id).iter().any(|range| {
            range.area.pid == pid && self.next_rmap_run(head, range, 0, Want::Mapped).is_some()
        })
    }

    /// unmap_poisoned_folio: HWPOISON entries, whatever is pinned or mlocked; for a folio in the swap
    /// cache SWAP entries, as long as no pin resists (Q1, Q4). Answers whether nothing maps it now.
    pub(crate) fn unmap_poisoned(&mut self, id: FolioId) -> bool {
        let head = self.folios[id].head;
        let cached = self.folios[id].flags.has(FolioFlags::SWAPCACHE);
        for range in self.rmap_ranges(id) {
            if self.folios.mapcount_of(id) == 0 {
                break; // L8, L17
            }
            self.notify_visit(id, &range);
            let mut done = 0;
            while let Some(run) = self.next_rmap_run(head, &range, done, Want::Mapped) {
                if !cached {
                    self.blink(run.slot, Point::PoisonCleared);
                    // A large folio comes here by a fault alone.
                    let pfn = head + run.page;
                    self.poison_ptes(range.area.pid, run.slot, pfn, run.len);
                    self.unmap_singly(id, pfn, run.len, range.area.pid);
                } else if !self.swap_out_pte(range.area, run.slot, id) {
                    return false;
                }
                if !fault!(self, HwpoisonNoFlush) {
                    self.flush_tlb_in(range.area.pid, id);
                }
                done = run.vpn + run.len - range.start;
            }
        }
        true
    }

    /// identify_page_state: the folio leaves the LRU and, if its content is still good on the device,
    /// the swap cache. Whoever else refers to it makes that a failure (Q4).
    fn retire(&mut self, id: FolioId) -> Handled {
        let flags = self.folios[id].flags;
        let mut cache_refs = 0;
        if flags.has(FolioFlags::SWAPCACHE.with(FolioFlags::DIRTY)) {
            // Kept for those who look for it (Q5).
            self.folios[id].set(FolioFlags::DIRTY, false);
            self.folios[id].set(FolioFlags::NOT_UPTODATE, true);
            cache_refs = 1;
        } else if flags.has(FolioFlags::SWAPCACHE) {
            self.uncache_folio(id);
        }
        if !flags.has(FolioFlags::LRU) {
            return Handled::Failed;
        }
        self.folios[id].set(FolioFlags::LRU, false);
        if self.folios[id].refs > 1 + cache_refs { Handled::Failed } else { Handled::Done }
    }

    /// PTEs of poisoned pages, from frame `pfn`, become HWPOISON entries (Q1, F3); the mapping counts
    /// are the caller's.
    pub(crate) fn poison_ptes(&mut self, pid: Pid, slot: Slot, pfn: Pfn, len: u32) {
        let run = self.tables.run_mut(slot, len as usize);
        let dirty = run.iter().any(|entry| entry.has(Entry::DIRTY));
        for (entry, pfn) in run.iter_mut().zip(pfn..) {
            *entry = Entry::hwpoison(pfn, 0);
        }
        if dirty {
            let id = self.folios.of(pfn);
            self.folios[id].set(FolioFlags::DIRTY, true);
        }
        lower(&mut self.mms[pid.index()].rss, len);
    }

    /// The operation `soft_offline` (Q6).
    pub(crate) fn soft_offline(&mut self, pid: Pid, vpn: Vpn) -> Outcome {
        answer(self.grab_for_read(pid, vpn).and_then(|frame| {
            if frame == ZERO_FRAME {
                return Err(Errno::EBUSY);
            }
            let prepared = self.isolate_for_offline(frame);
            self.put_grabbed(frame);
            if prepared? { self.move_off(frame, pid, vpn) } else { Ok(()) }
        }))
    }

    /// Makes the page a small folio and isolates it. Answers `false` if it is poisoned already.
    fn isolate_for_offline(&mut self, frame: Pfn) -> Result<bool, Errno> {
        let id = self.folios.of(frame);
        if self.folios.poisoned.get(frame) {
            return Ok(false);
        }
        if self.would_wait_for(id) {
            return Err(Errno::EINTR);
        }
        if !self.folios[id].flags.has(FolioFlags::LRU) {
            return Err(Errno::EBUSY);
        }
        let page = frame - self.folios[id].head;
        if self.folios[id].is_large()
            && self.split_folio(id, 0, None, Caller::Holding(page)).is_err()
        {
            return Err(Errno::EBUSY);
        }
        if self.isolate_folio(self.folios.of(frame)) { Ok(true) } else { Err(Errno::EBUSY) }
    }

    /// Migrates an isolated small folio away and retires its page.
    fn move_off(&mut self, frame: Pfn, pid: Pid, vpn: Vpn) -> Result<(), Errno> {
        let id = self.folios.of(frame);
        let unused = self.folios.mapcount_of(id) == 0 && self.folios[id].cache_refs() == 0;
        if unused && self.folios[id].refs == 1 {
            // The split left it to nobody (F9): there is nothing to move.
            self.folios.poison(frame);
            self.put_folio(id, 1);
            return Ok(());
        }
        let (source, to) = self.migrate_isolated(id, pid, vpn).map_err(|_| Errno::EBUSY)?;
        let copied = self.copy_and_switch(source, to);
        if copied.is_ok() {
            self.folios.poison(frame);
        }
        self.finish_migration(source, to, copied.is_ok());
        copied.map_err(|_| Errno::EBUSY)
    }
}
