//! Runs: finding consecutive entries that can be processed as one (rulebook, BATCHING
//! EQUIVALENCE). What is done with a run is decided by the operations.

use crate::entry::Entry;
use crate::model::Model;
use crate::table::Slot;

/// Entries looked at in one step of the search, without a branch between them.
const STRIDE: usize = 8;

/// How many entries from the first map consecutive pages and are otherwise equal but for the bits
/// to be ignored. The first one maps a page.
pub(crate) fn run_len(entries: &[Entry], ignore: u64) -> usize {
    let expected = entries[0].0 & !ignore;
    let differing = |(index, entry): (usize, &Entry)| {
        (entry.0 & !ignore) ^ expected.wrapping_add(index as u64 * Entry::PFN_ONE)
    };
    let mut len = 0;
    for stride in entries.chunks(STRIDE) {
        let difference = stride
            .iter()
            .enumerate()
            .fold(0, |all, (index, entry)| all | differing((len + index, entry)));
        if difference != 0 {
            let equal = stride
                .iter()
                .enumerate()
                .take_while(|(index, entry)| differing((len + index, entry)) == 0);
            return len + equal.count();
        }
        len += stride.len();
    }
    len
}

impl Model {
    /// The length of the run that begins at a PTE of a page: within `room` entries (the end of the
    /// range, VMA or table), within the folio, and within the run length of the configuration.
    pub(crate) fn run_at(&self, slot: Slot, room: u32, ignore: u64) -> u32 {
        self.folio_run(slot, room.min(self.run_max), ignore)
    }

    /// The same whatever the configuration: for rules that are about the whole run (I6, G12).
    pub(crate) fn folio_run(&self, slot: Slot, room: u32, ignore: u64) -> u32 {
        let pfn = self.tables.get(slot).pfn();
        let folio = &self.folios[self.folios.of(pfn)];
        if !folio.is_large() {
            return 1;
        }
        let mut room = room;
        if !fault!(self, BatchOverrunsFolio) {
            // Saturating, because a fault may leave an entry that names no page of its folio.
            room = room.min((folio.head + folio.pages()).saturating_sub(pfn));
        }
        if room <= 1 {
            return 1;
        }
        run_len(self.tables.run(slot, room as usize), ignore) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::run_len;
    use crate::entry::Entry;

    fn entries(len: u32) -> Vec<Entry> {
        (0..len).map(|page| Entry::page(64 + page, Entry::YOUNG)).collect()
    }

    #[test]
    fn a_run_ends_where_the_pages_are_not_consecutive() {
        for broken in 1..20 {
            let mut run = entries(20);
            run[broken] = Entry::page(7, Entry::YOUNG);
            assert_eq!(run_len(&run, 0), broken);
        }
        assert_eq!(run_len(&entries(20), 0), 20);
    }

    #[test]
    fn ignored_bits_do_not_end_a_run() {
        let mut run = entries(10);
        run[3] = run[3].without(Entry::YOUNG).with(Entry::WRITE);
        assert_eq!(run_len(&run, 0), 3);
        assert_eq!(run_len(&run, Entry::YOUNG | Entry::WRITE), 10);
    }

    #[test]
    fn a_hole_ends_a_run() {
        let mut run = entries(9);
        run[8] = Entry::NONE;
        assert_eq!(run_len(&run, u64::MAX >> 52), 8, "even when every flag bit is ignored");
    }
}
