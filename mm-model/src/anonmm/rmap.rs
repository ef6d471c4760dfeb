//! What a page notes, and finding its mappings by that (M13, M14, M16). Which entries change when is not
//! decided here, but for the young bits that a search clears.

use super::records::{RecordNr, Visits};
use crate::entry::{Entry, Pfn};
use crate::folio::FolioId;
use crate::model::Model;
use crate::table::Slot;
use mm_ops::{NO_ANON_VMA, Pid, PidSet};

impl Model {
    /// M13, for the first mapping: the page notes the process and the address.
    pub(crate) fn note_mapping(&mut self, id: FolioId, pid: Pid, vpn: u32) {
        let number = self.mms[pid.index()].anonmm;
        let folio = &mut self.folios[id];
        (folio.mapping, folio.index) = (number, vpn);
        self.anonmms.get(number);
    }

    /// M14, for the last mapping: the page notes nobody.
    pub(crate) fn forget_mapping(&mut self, id: FolioId) {
        let number = std::mem::replace(&mut self.folios[id].mapping, NO_ANON_VMA);
        if number != NO_ANON_VMA {
            self.put_record(number);
        }
    }

    /// M13: one more PTE of a process maps the page; what it noted stays if it was mapped before.
    pub(crate) fn add_noted_rmap(&mut self, id: FolioId, pid: Pid, vpn: u32) {
        if self.folios.mapcount_of(id) == 0 {
            self.note_mapping(id, pid, vpn);
        }
        let head = self.folios[id].head;
        self.add_rmap_ptes(id, head, 1, pid);
    }

    /// The processes in which a search looks for a page, in its order (M16).
    pub(crate) fn visits_of(&self, id: FolioId) -> Visits {
        self.anonmms.visits(self.folios[id].mapping, fault!(self, AnonmmWalkSkipsListHead))
    }

    /// The entry of a process that maps the page at the address it notes. A process that maps no page
    /// is not looked at.
    pub(crate) fn noted_entry(&self, id: FolioId, pid: Pid) -> Option<(Slot, Entry)> {
        if self.mms[pid.index()].rss == 0 {
            return None;
        }
        let folio = &self.folios[id];
        self.find_entry(pid, folio.index).filter(|(_, entry)| maps(*entry, folio.head))
    }

    /// page_referenced (M16): the entries that map the page become old. Answers in which processes.
    pub(crate) fn page_referenced(&mut self, id: FolioId) -> PidSet {
        let mut left = self.folios.mapcount_of(id);
        let mut found = PidSet::EMPTY;
        let mut first = None;
        for pid in self.visits_of(id) {
            if left == 0 {
                break;
            }
            if let Some((slot, entry)) = self.noted_entry(id, pid) {
                self.tables.set(slot, entry.without(Entry::YOUNG));
                found = found.with(pid);
                first.get_or_insert(pid);
                left -= 1;
            }
        }
        if left > 0 {
            self.anonmms.warnings += 1;
        } else if let Some(pid) = first {
            self.leave_dead_record(id, self.mms[pid.index()].anonmm);
        }
        found
    }

    /// M16: a page that was found everywhere notes a process that lives.
    fn leave_dead_record(&mut self, id: FolioId, living: RecordNr) {
        let noted = self.folios[id].mapping;
        if self.anonmms.is_dead(noted) {
            self.folios[id].mapping = living;
            self.anonmms.get(living);
            self.put_record(noted);
        }
    }
}

/// Whether an entry maps the page at this frame.
fn maps(entry: Entry, pfn: Pfn) -> bool {
    entry.has_folio() && entry.pfn() == pfn
}
