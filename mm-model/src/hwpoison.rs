//! Memory failure (rulebook area Q).

use crate::entry::{Entry, Pfn};
use crate::folio::lower;
use crate::model::Model;
use crate::table::Slot;
use mm_ops::{FolioFlags, Pid};

impl Model {
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
}
