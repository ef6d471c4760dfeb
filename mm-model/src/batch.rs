//! Runs: finding consecutive entries that can be processed as one (rulebook, BATCHING
//! EQUIVALENCE). What is done with a run is decided by the operations.

use crate::entry::Entry;
use crate::model::Model;
use crate::table::Slot;

/// Entries compared at a time, in as many lanes.
const LANES: usize = 4;
/// Entries looked at in one step of the search, without a branch between them.
const STRIDE: usize = 4 * LANES;

/// How many entries from the first map consecutive pages and are otherwise equal but for the bits
/// to be ignored. The first one maps a page.
pub(crate) fn run_len(entries: &[Entry], ignore: u64) -> usize {
    let first = entries[0].0 & !ignore;
    let expected_at = |index: usize| first.wrapping_add(index as u64 * Entry::PFN_ONE);
    let (strides, rest) = entries.as_chunks::<STRIDE>();
    let mut lanes: [u64; LANES] = std::array::from_fn(expected_at);
    for (number, stride) in strides.iter().enumerate() {
        // Lanes without a branch or an overflow check: the compiler makes vectors of them.
        let mut difference = [0; LANES];
        for quad in stride.as_chunks::<LANES>().0 {
            for lane in 0..LANES {
                difference[lane] |= (quad[lane].0 & !ignore) ^ lanes[lane];
                lanes[lane] = lanes[lane].wrapping_add(LANES as u64 * Entry::PFN_ONE);
            }
        }
        if difference != [0; LANES] {
            let len = number * STRIDE;
            return len + equal_len(stride, expected_at(len), ignore);
        }
    }
    let len = strides.len() * STRIDE;
    len + equal_len(rest, expected_at(len), ignore)
}

/// How many entries are as expected, one by one.
fn equal_len(entries: &[Entry], mut expected: u64, ignore: u64) -> usize {
    let equal = entries.iter().take_while(|entry| {
        let equal = entry.0 & !ignore == expected;
        expected += Entry::PFN_ONE;
        equal
    });
    equal.count()
}

/// Whether an entry maps the page after the one that `last` maps, and is otherwise equal to it but
/// for the bits to be ignored.
pub(crate) fn continues(last: Entry, entry: Entry, ignore: u64) -> bool {
    entry.0 & !ignore == (last.0 & !ignore) + Entry::PFN_ONE
}

impl Model {
    /// The length of the run that begins at a PTE of a page: within `room` entries (the end of the
    /// range, VMA or table), within the folio, and within the run length of the configuration.
    #[inline]
    pub(crate) fn run_at(&self, slot: Slot, room: u32, ignore: u64) -> u32 {
        self.folio_run(slot, room.min(self.run_max), ignore)
    }

    /// The same whatever the configuration: for rules that are about the whole run (I6, G12).
    #[inline]
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
