//! What a page notes (M2, M13, M14), and the searches that rely on it (M16, M17). A page that somebody
//! maps notes a record and one address; in whichever process it is mapped, it is looked for there.

use mm_ops::{EntryFlags, Pid, PidSet, VmaFlags};

use super::records::Record;
use crate::coverage::rule;
use crate::state::{FolioId, Mapped, Pmd, Pte, Reference};

/// What a page notes.
impl Reference {
    /// M13, M9: a mapping is about to be added. The first one sets what the page notes.
    pub(crate) fn page_to_be_mapped(&mut self, folio: FolioId, pid: Pid, vpn: u32) {
        if self.mapcount(folio) > 0 {
            rule!(self.coverage, M13, 1);
            return;
        }
        rule!(self.coverage, M13, 0);
        rule!(self.coverage, M9);
        let record = self.record_of(pid);
        let of = self.folio_mut(folio);
        (of.mapping, of.index) = (Some(record), vpn);
    }

    /// M2, M13: a fork maps the page where the parent does; what it notes stays.
    pub(crate) fn page_to_be_shared(&mut self) {
        if self.has_anonmm() {
            rule!(self.coverage, M2, 1);
            rule!(self.coverage, M13, 2);
        }
    }

    /// M14: a mapping has been removed. With the last one the page notes nothing.
    pub(crate) fn page_unmapped(&mut self, folio: FolioId) {
        let last = self.mapcount(folio) == 0;
        rule!(self.coverage, M14, u8::from(last));
        if last {
            self.folio_mut(folio).mapping = None;
        }
    }

    /// M11: whether a mapping at this page would be where nobody looks for it.
    pub(super) fn clashes(&mut self, folio: FolioId, vpn: u32) -> bool {
        let clash = self.folio(folio).index != vpn;
        if clash {
            rule!(self.coverage, M11);
        }
        clash
    }
}

/// Searches.
impl Reference {
    /// M16, M17: whose tables are looked at, in this order: the noted record's, then those behind it in
    /// the list, round to its beginning. Who has ended has no tables, and who maps no page none that
    /// matter.
    fn visiting_order(&mut self, folio: FolioId) -> Vec<Record> {
        let noted = self.folio(folio).mapping;
        let place = noted.and_then(|id| self.place_of_record(id)).unwrap_or(0);
        let mut order = self.group.records.clone();
        order.rotate_left(place);
        order.retain(|record| record.pid.is_some_and(|pid| self.maps_any_page(pid)));
        order
    }

    /// Whether a process has any page mapped (rss).
    fn maps_any_page(&self, pid: Pid) -> bool {
        let mut tables = self.mm(pid).pmds.values().filter_map(|pmd| match pmd {
            Pmd::Table(table) => Some(table),
            _ => None,
        });
        tables.any(|table| table.iter().any(|pte| matches!(pte, Pte::Page(_))))
    }

    /// The flags of the entry of a process at the address that the page notes, if it maps the page.
    fn found_at_index(&self, folio: FolioId, pid: Pid) -> Option<EntryFlags> {
        match self.pte(pid, self.folio(folio).index) {
            Pte::Page(Mapped { folio: found, flags, .. }) if found == folio => Some(flags),
            _ => None,
        }
    }

    /// page_referenced (M16): every mapping that is found is made old. In whose tables one was found.
    pub(crate) fn page_referenced(&mut self, folio: FolioId) -> PidSet {
        let index = self.folio(folio).index;
        let mut left = self.mapcount(folio);
        let mut found: Vec<Record> = Vec::new();
        for record in self.visiting_order(folio) {
            let Some(pid) = record.pid else { continue };
            let Some(flags) = self.found_at_index(folio, pid) else { continue };
            self.set_pte_flags(pid, index, flags.without(EntryFlags::YOUNG));
            found.push(record);
            left -= 1;
            if left == 0 {
                break;
            }
        }
        if left > 0 {
            rule!(self.coverage, M16, 1);
            self.group.warnings += 1;
        } else {
            rule!(self.coverage, M16, 0);
            self.leave_dead_record(folio, found.first().copied());
        }
        found.iter().filter_map(|record| record.pid).collect()
    }

    /// M16: a page that was found everywhere does not go on noting a process that has ended, but the
    /// first that maps it.
    fn leave_dead_record(&mut self, folio: FolioId, first: Option<Record>) {
        let noted = self.folio(folio).mapping;
        let lives = |record: &Record| Some(record.id) == noted && record.pid.is_some();
        if let Some(first) = first.filter(|_| !self.group.records.iter().any(lives)) {
            rule!(self.coverage, M16, 2);
            self.folio_mut(folio).mapping = Some(first.id);
        }
    }

    /// try_to_unmap (M17): the folio is in the swap cache. Who is not where the page notes keeps it
    /// (AGAIN); a LOCKED or young mapping ends the search (FAIL). Whether all is unmapped is counted.
    pub(crate) fn unmap_group(&mut self, folio: FolioId) {
        // What the page notes goes with its last mapping.
        let index = self.folio(folio).index;
        for record in self.visiting_order(folio) {
            let Some(pid) = record.pid else { continue };
            let Some(flags) = self.found_at_index(folio, pid) else {
                rule!(self.coverage, M17, 0);
                continue;
            };
            self.between_steps();
            if self.vma_flags(pid, index).has(VmaFlags::LOCKED) {
                rule!(self.coverage, M17, 1);
                return;
            }
            if flags.has(EntryFlags::YOUNG) {
                rule!(self.coverage, M17, 2);
                self.set_pte_flags(pid, index, flags.without(EntryFlags::YOUNG));
                return;
            }
            rule!(self.coverage, M17, 3);
            self.swap_pte(pid, index);
            if self.mapcount(folio) == 0 {
                return;
            }
        }
    }
}
