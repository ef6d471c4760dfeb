//! Invariants of the counters: what is kept incrementally equals what a count from scratch gives.

use super::{FolioTally, State};
use crate::finding::{Finding, Place};
use mm_ops::{FolioFlags, FolioSnap, Pid};

/// What a pin adds to the references of a small folio (S13).
const PIN_BIAS: u32 = 1024;
/// Most LRU batches that hold one folio at a time.
const LRU_BATCHES: u32 = 2;
/// Smallest order of a large anonymous folio.
const LARGE_ORDER_MIN: u8 = 2;

impl<'a> State<'a> {
    /// All folios with their sums.
    fn folios(&self) -> impl Iterator<Item = (u32, &'a FolioSnap, &'a FolioTally)> {
        let both = self.snapshot.folios.iter().zip(&self.tally.folios);
        both.enumerate().map(|(id, (folio, sums))| (id as u32, folio, sums))
    }
}

fn is_large(folio: &FolioSnap) -> bool {
    folio.order.0 > 0
}

fn require(
    state: &State<'_>,
    id: u32,
    field: &'static str,
    expected: u32,
    found: u32,
) -> Result<(), Finding> {
    if expected == found {
        return Ok(());
    }
    Err(Finding::new(Place::folio(state.snapshot, id), field, expected, found))
}

/// INV8: the mapcounts of a folio and of each of its pages are the number of entries that map them.
pub(super) fn mapcounts_add_up(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio, sums) in state.folios() {
        require(state, id, "mapcount", sums.maps(), folio.mapcount)?;
        require(state, id, "entire_mapcount", sums.pmd_maps, folio.entire_mapcount)?;
        for page in 0..folio.order.pages() {
            let at = (folio.first_page + page) as usize;
            let (expected, found) =
                (state.tally.pages[at].pte_maps, state.snapshot.pages[at].mapcount);
            if expected != found {
                let place = Place::folio_page(state.snapshot, id, page);
                return Err(Finding::new(place, "mapcount", expected, found));
            }
        }
    }
    Ok(())
}

/// INV9 (with S12, S13): references are mappings, handles, isolations and migrations, one for each
/// slot of the swap cache, drivers, and nothing else; pins of a large folio are counted apart, too. The LRU
/// batches (S14) and poison (Q1) may hold one more.
pub(super) fn references_add_up(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio, sums) in state.folios() {
        let per_pin = if is_large(folio) { 1 } else { PIN_BIAS };
        let holders = sums.gets + sums.isolations + sums.migrations + per_pin * sums.pins;
        let holders = holders + sums.drivers + sums.unmapped_exclusive;
        let expected = sums.maps() + sums.slots + holders;
        let slack = sums.poisoned.min(1) + u32::from(state.config.lru_batch) * LRU_BATCHES;
        let found = folio.refcount;
        if !(expected..=expected + slack).contains(&found) {
            require(state, id, "refcount", expected, found)?;
        }
        let pins = if is_large(folio) { sums.pins } else { 0 };
        require(state, id, "pincount", pins, folio.pincount)?;
    }
    Ok(())
}

/// INV10: rss counts the pages of folios that a process maps or that are under migration, and its
/// SWAP entries.
pub(super) fn rss_adds_up(state: &State<'_>) -> Result<(), Finding> {
    for mm in &state.snapshot.mms {
        let expected = state.tally.mms[mm.pid.index()].anon_pages;
        if expected != mm.rss_anon {
            return Err(Finding::new(Place::Mm(mm.pid), "rss_anon", expected, mm.rss_anon));
        }
        let expected = state.tally.mms[mm.pid.index()].swap_entries;
        if expected != mm.rss_swap {
            return Err(Finding::new(Place::Mm(mm.pid), "rss_swap", expected, mm.rss_swap));
        }
    }
    Ok(())
}

/// INV28: every PMD leaf has a deposited table, and there are no others.
pub(super) fn deposits_match_leaves(state: &State<'_>) -> Result<(), Finding> {
    for mm in &state.snapshot.mms {
        let expected = state.tally.mms[mm.pid.index()].leaves;
        if expected != mm.deposited {
            return Err(Finding::new(Place::Mm(mm.pid), "deposited", expected, mm.deposited));
        }
    }
    Ok(())
}

/// INV32: a partially mapped folio is large and on the deferred-split queue; the queue holds each
/// folio that says so, once.
pub(super) fn partially_mapped_is_queued(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio, _) in state.folios() {
        let large = folio.order.0 >= LARGE_ORDER_MIN;
        let queued = folio.flags.has(FolioFlags::DEFERRED);
        let places = state.snapshot.deferred.iter().filter(|queued| **queued == id).count() as u32;
        require(state, id, "deferred", u32::from(queued), places)?;
        if folio.flags.has(FolioFlags::PARTIALLY_MAPPED) && !(large && queued) {
            return Err(Finding::new(
                Place::folio(state.snapshot, id),
                "partially_mapped",
                "a large folio on the deferred-split queue",
                format_args!("order {}, {:?}", folio.order.0, folio.flags),
            ));
        }
    }
    Ok(())
}

/// INV19 (with S10): while the shared bit is clear, one process has all mappings; the slots name
/// distinct processes and never count more mappings than there are; an unmapped folio and a small
/// one use none.
pub(super) fn mm_slots_tell_the_truth(state: &State<'_>) -> Result<(), Finding> {
    for (id, folio, sums) in state.folios() {
        let shared = folio.flags.has(FolioFlags::MAYBE_SHARED);
        let wrong = if !is_large(folio) || sums.maps() == 0 {
            let used = shared || folio.mm_slots != [(Pid(0), 0); 2];
            used.then_some("no slot in use and not shared")
        } else if !shared && sums.processes() > 1 {
            Some("shared, because several processes map it")
        } else {
            slots_wrong(folio, sums)
        };
        if let Some(expected) = wrong {
            let maps = sums.maps_of;
            return Err(Finding::new(
                Place::folio(state.snapshot, id),
                "mm_slots",
                expected,
                format_args!("shared {shared}, slots {:?}, maps {maps:?}", folio.mm_slots),
            ));
        }
    }
    Ok(())
}

fn slots_wrong(folio: &FolioSnap, sums: &FolioTally) -> Option<&'static str> {
    let [first, second] = folio.mm_slots;
    let counts_too_many = |(pid, count): (Pid, u32)| count > sums.maps_of[pid.index()];
    let named_though_free = |(pid, count): (Pid, u32)| count == 0 && pid != Pid(0);
    if [first, second].into_iter().any(counts_too_many) {
        Some("no slot that counts more mappings than there are")
    } else if [first, second].into_iter().any(named_though_free) {
        Some("free slots without a process")
    } else if first.1 > 0 && second.1 > 0 && first.0 == second.0 {
        Some("slots of two processes")
    } else {
        None
    }
}
