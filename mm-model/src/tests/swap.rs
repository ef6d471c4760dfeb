//! Swap: slots and the swap cache, reclaim, swap-in, swapoff (rulebook area E).

use super::support::*;
use mm_ops::{
    Advice, Config, EntryFlags, EntryKind, Errno, FolioFlags, NO_ANON_VMA, Op, Outcome, SlotSnap,
    SwapDevice,
};

fn on(swap_device: SwapDevice) -> Machine {
    Machine::with(Config { swap_device, ..Config::default() })
}

/// Pages 0 and 1 of p0 hold something.
fn written() -> Machine {
    Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 1, b'b')])
}

fn slot(machine: &Machine, number: u32) -> Option<SlotSnap> {
    machine.snapshot().slots.into_iter().find(|slot| slot.slot == number)
}

fn ok(machine: &mut Machine, op: Op) {
    assert_eq!(machine.apply(op), Outcome::Ok, "{op:?}");
}

#[test]
fn e4_an_exclusive_page_leaves_an_exclusive_swap_entry() {
    let mut m = written();
    ok(&mut m, swap_out(0, 0));
    let entry = m.entry(0, 0).expect("the slot is named");
    assert_eq!((entry.kind, entry.page), (EntryKind::Swap, 0));
    assert_eq!(entry.flags, EntryFlags::EXCLUSIVE);
    let slot = slot(&m, 0).expect("the slot is in use");
    assert_eq!((slot.count, slot.cache, slot.value.label), (1, None, b'a'));
    assert_eq!((m.rss(0), m.snapshot().mms[0].rss_swap), (1, 1));
}

#[test]
fn e4_a_shared_page_leaves_shared_swap_entries() {
    let mut m = written();
    m.all(&[fork(0, 1)]);
    ok(&mut m, swap_out(1, 0));
    assert!(m.kind(0, 0) == Some(EntryKind::Swap) && m.kind(1, 0) == Some(EntryKind::Swap));
    assert!(!m.has(0, 0, EntryFlags::EXCLUSIVE) && !m.has(1, 0, EntryFlags::EXCLUSIVE));
    assert_eq!(slot(&m, 0).map(|slot| slot.count), Some(2));
}

#[test]
fn e12_a_read_fault_brings_the_page_back_through_the_cache() {
    let mut m = written();
    ok(&mut m, swap_out(0, 0));
    assert_eq!(m.label(0, 0), b'a');
    let folio = m.folio(0, 0);
    assert!(folio.flags.has(FolioFlags::SWAPCACHE) && folio.refcount == 2);
    assert!(m.has(0, 0, EntryFlags::WRITE), "E15: exclusive, so writable at once");
    assert!(m.page(0, 0).exclusive && !m.has(0, 0, EntryFlags::DIRTY));
    assert_eq!(slot(&m, 0).map(|slot| slot.count), Some(0), "cached only");
}

#[test]
fn e14_a_write_fault_gives_the_slot_up() {
    let mut m = written();
    ok(&mut m, swap_out(0, 0));
    ok(&mut m, write(0, 0, b'c'));
    let folio = m.folio(0, 0);
    assert!(folio.refcount == 1 && folio.flags.has(FolioFlags::DIRTY));
    assert!(m.snapshot().slots.is_empty());
}

#[test]
fn e14_scarce_slots_are_given_up_by_a_read() {
    let mut m = Machine::with(Config { swap_slots: 3, ..Config::default() });
    m.all(&[mmap(0, 0, 4, RW), write(0, 0, b'a'), write(0, 1, b'b'), write(0, 2, b'c')]);
    m.all(&[swap_out(0, 0), swap_out(0, 1)]);
    assert_eq!(m.label(0, 0), b'a');
    assert!(!m.folio(0, 0).flags.has(FolioFlags::SWAPCACHE), "two of three slots were taken");
    assert_eq!(m.label(0, 1), b'b');
    assert!(m.folio(0, 1).flags.has(FolioFlags::SWAPCACHE));
}

#[test]
fn c10_a_fork_shares_the_slot_and_clears_the_exclusive_bit() {
    let mut m = written();
    m.all(&[swap_out(0, 0), fork(0, 1)]);
    assert!(!m.has(0, 0, EntryFlags::EXCLUSIVE) && !m.has(1, 0, EntryFlags::EXCLUSIVE));
    assert_eq!(slot(&m, 0).map(|slot| slot.count), Some(2));
    assert_eq!(m.label(0, 0), b'a');
    assert!(!m.page(0, 0).exclusive && !m.has(0, 0, EntryFlags::WRITE), "E13: the cache has a ref");
    ok(&mut m, write(0, 0, b'x'));
    assert_eq!(m.label(1, 0), b'a');
}

#[test]
fn e16_a_page_that_comes_back_shared_belongs_to_the_root() {
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 0, b'c'), swap_out(1, 0), fork(1, 2)]);
    assert_eq!(m.label(1, 0), b'c');
    let snapshot = m.snapshot();
    let mapping = m.folio(1, 0).mapping as usize;
    assert_eq!(snapshot.anon_vmas[mapping].root as usize, mapping);
}

#[test]
fn e13_a_sole_reference_is_exclusive_again() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), munmap(1, 0, 8)]);
    assert_eq!(slot(&m, 0).map(|slot| slot.count), Some(1));
    ok(&mut m, write(0, 0, b'c'));
    assert!(m.page(0, 0).exclusive && m.folio(0, 0).refcount == 1);
}

#[test]
fn e1_a_pinned_page_is_kept() {
    let mut m = written();
    m.all(&[pin_r(0, 0, 1, 0)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page));
    assert!(m.snapshot().slots.is_empty());
}

#[test]
fn e11_a_referenced_page_stays_in_the_cache_and_dirty() {
    let mut m = written();
    m.all(&[get_r(0, 0, 1, 0)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Swap));
    let cached = m.snapshot();
    let folio = cached.folios[cached.slots[0].cache.expect("still cached") as usize];
    assert!(folio.flags.has(FolioFlags::DIRTY) && folio.refcount == 2);
    m.all(&[put(0)]);
    ok(&mut m, swap_out(0, 0));
    assert!(m.snapshot().folios.len() == 1, "page 1 alone");
}

#[test]
fn e3_a_locked_vma_keeps_its_pages() {
    let mut m = written();
    m.all(&[mlock(0, 0, 1)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page));
}

#[test]
fn e1_an_mlocked_folio_is_not_even_tried() {
    let mut m = Machine::after(&[mmap(0, 0, 8, R), poke(0, 0, b'a'), fork(0, 1), mlock(1, 0, 8)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page));
    assert!(m.snapshot().slots.is_empty());
}

/// A large folio shared by p0 and p1, where p1 has locked a part of it.
fn partly_locked() -> Machine {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.all(&[mprotect(0, 0, 8, R), fork(0, 1), mlock(1, 0, 2)]);
    m
}

#[test]
fn e6_an_abort_leaves_what_was_unmapped_before() {
    let mut m = partly_locked();
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    for vpn in [0, 3] {
        assert_eq!(m.kind(0, vpn), Some(EntryKind::Swap), "p0 came first");
        assert_eq!(m.kind(1, vpn), Some(EntryKind::Page));
    }
    assert!(m.folio(1, 0).flags.has(FolioFlags::SWAPCACHE.with(FolioFlags::DIRTY)));
}

#[test]
fn l17_a_vma_whose_bounds_change_is_walked_behind_its_equals() {
    let mut m = partly_locked();
    m.all(&[mprotect(0, 4, 4, NONE)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.kind(0, 0), Some(EntryKind::Page), "p1 came first");
}

#[test]
fn e9_a_clean_lazyfree_page_is_dropped() {
    let mut m = written();
    m.all(&[madvise(0, 0, 2, Advice::Free), write(0, 1, b'c')]);
    ok(&mut m, swap_out(0, 0));
    assert_eq!(m.kind(0, 0), None);
    assert_eq!(m.apply(swap_out(0, 1)), err(Errno::EBUSY), "redirtied");
    assert!(m.folio(0, 1).flags.has(FolioFlags::SWAPBACKED.with(FolioFlags::DIRTY)));
    assert_eq!((m.label(0, 0), m.label(0, 1), m.rss(0)), (0, b'c', 1));
}

#[test]
fn e9_bt3_a_run_of_lazyfree_pages_is_dropped_or_kept_whole() {
    for dirty in [false, true] {
        for mut m in runs(Config::default()) {
            m.all(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 0, b'a'), write(0, 3, b'b')]);
            m.all(&[madvise(0, 0, 4, Advice::Free)]);
            if dirty {
                m.all(&[write(0, 2, b'c')]);
            }
            let outcome = m.apply(swap_out(0, 0));
            assert_eq!(outcome, if dirty { err(Errno::EBUSY) } else { Outcome::Ok });
            assert_eq!(m.kind(0, 0).is_some(), dirty, "no page goes before the dirty one");
            assert_eq!(m.has(0, 0, EntryFlags::DIRTY), dirty, "the bits are merged");
        }
    }
}

#[test]
fn e9_a_clean_lazyfree_leaf_is_dropped_with_its_table() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 0, b'a')]);
    m.all(&[madvise(0, 0, 8, Advice::Free)]);
    ok(&mut m, swap_out(0, 5));
    assert_eq!((m.kind(0, 0), m.rss(0), m.snapshot().mms[0].deposited), (None, 0, 0));
}

#[test]
fn e7_a_leaf_is_split_and_swapped_as_one_folio() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW), write(0, 2, b'a')]);
    ok(&mut m, swap_out(0, 2));
    let pages: Vec<u32> = (0..8).filter_map(|vpn| m.entry(0, vpn)).map(|e| e.page).collect();
    assert_eq!(pages, (0..8).collect::<Vec<u32>>());
    assert_eq!(m.label(0, 2), b'a');
    assert_eq!(m.folio(0, 2).order.0, 0, "the cache is filled by single pages");
}

#[test]
fn e1_a_large_folio_is_split_where_no_aligned_run_of_slots_is_free() {
    let mut m = Machine::with(Config { swap_slots: 3, ..Config::default() });
    m.all(&[thp(&[2]), mmap(0, 0, 8, RW)]);
    (0..4).for_each(|vpn| m.all(&[write(0, vpn, b'a')]));
    ok(&mut m, swap_out(0, 2));
    assert_eq!(m.kind(0, 2), Some(EntryKind::Swap), "the page named goes on");
    assert!(m.kind(0, 0) == Some(EntryKind::Page) && m.folio(0, 0).order.0 == 0);
}

#[test]
fn e1_the_page_that_goes_on_after_a_split_is_not_asked_again_whether_it_is_mlocked() {
    let mut m = Machine::with(Config { ptes: 4, ..Config::default() });
    m.all(&[thp(&[2]), mmap(0, 0, 4, RW), write(0, 3, b'a'), fork(0, 1)]);
    m.all(&[write(1, 1, b'b'), write(0, 1, b'b'), mlock(0, 3, 2)]);
    assert_eq!(m.apply(swap_out(0, 3)), err(Errno::EBUSY));
    assert_eq!(m.kind(1, 3), Some(EntryKind::Swap), "unmapped before the LOCKED VMA was met (E3)");
    assert_eq!(m.kind(0, 3), Some(EntryKind::Page));
}

#[test]
fn e25_the_pieces_of_a_split_folio_go_from_the_first_then_from_the_last_down() {
    let mut m = Machine::with(Config { swap_slots: 3, ..Config::default() });
    m.all(&[thp(&[2]), mmap(0, 0, 8, RW)]);
    (0..4).for_each(|vpn| m.all(&[write(0, vpn, b'a')]));
    ok(&mut m, madvise(0, 0, 4, Advice::PageOut));
    let slots: Vec<_> = (0..4).map(|vpn| m.entry(0, vpn)).map(|e| e.map(|e| e.page)).collect();
    assert_eq!(slots[0], Some(0));
    assert_eq!((slots[3], slots[2]), (Some(1), Some(2)));
    assert_eq!(m.kind(0, 1), Some(EntryKind::Page), "no slot was left");
}

#[test]
fn e11_zeros_are_recorded_without_io() {
    let mut m = Machine::after(&[mmap(0, 0, 8, RW), write(0, 0, 0)]);
    ok(&mut m, swap_out_slowly(0, 0, 0));
    assert!(m.snapshot().tokens.is_empty(), "no write is in flight");
    assert!(slot(&m, 0).is_some_and(|slot| slot.zero));
    m.all(&[bad_slot(0, 0)]);
    assert_eq!(m.label(0, 0), 0, "the device is not asked");
    m.all(&[madvise(0, 0, 1, Advice::PageOut)]);
    assert!(slot(&m, 0).is_some_and(|slot| slot.bad && slot.zero), "nor was it written");
}

#[test]
fn e11_a_write_in_flight_keeps_the_folio_in_the_cache() {
    let mut m = written();
    ok(&mut m, swap_out_slowly(0, 0, 3));
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY));
    assert_eq!(m.apply(drop_token(3)), err(Errno::EBADF));
    assert_eq!(slot(&m, 0).map(|slot| slot.value.label), Some(0), "not written yet");
    ok(&mut m, write(0, 0, b'z'));
    assert!(m.folio(0, 0).flags.has(FolioFlags::WRITEBACK), "mapped again, still written");
    ok(&mut m, write_done(3));
    assert_eq!(slot(&m, 0).map(|slot| slot.value.label), Some(b'a'), "what it held at first");
    assert_eq!(m.label(0, 0), b'z');
    ok(&mut m, swap_out(0, 0));
    assert_eq!(m.label(0, 0), b'z', "written anew");
}

#[test]
fn e11_a_failed_write_leaves_the_folio_dirty() {
    let mut m = written();
    m.all(&[swap_out_slowly(0, 0, 0), write_failed(0)]);
    let snapshot = m.snapshot();
    let folio = snapshot.folios[snapshot.slots[0].cache.expect("cached") as usize];
    assert!(folio.flags.has(FolioFlags::DIRTY) && !folio.flags.has(FolioFlags::WRITEBACK));
    assert_eq!(m.label(0, 0), b'a');
}

#[test]
fn e24_a_device_that_needs_stable_pages_gets_them() {
    let mut m = on(SwapDevice::Stable);
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), swap_out_slowly(0, 0, 0)]);
    assert_eq!(m.label(0, 0), b'a');
    assert!(!m.has(0, 0, EntryFlags::WRITE) && !m.page(0, 0).exclusive);
    ok(&mut m, write(0, 0, b'b'));
    assert!(!m.folio(0, 0).flags.has(FolioFlags::WRITEBACK), "the write copied (B6)");
}

#[test]
fn e12_a_bad_slot_is_sigbus_and_stays_in_the_cache() {
    let mut m = written();
    m.all(&[swap_out(0, 0), bad_slot(0, 0)]);
    assert_eq!(m.apply(read(0, 0)), Outcome::Bus);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Swap));
    let snapshot = m.snapshot();
    let folio = snapshot.folios[snapshot.slots[0].cache.expect("cached") as usize];
    assert!(folio.flags.has(FolioFlags::NOT_UPTODATE));
    assert_eq!(m.apply(pin_rw(0, 0, 1, 0)), err(Errno::EFAULT));
}

#[test]
fn e12_a_sync_device_is_read_past_the_cache() {
    let mut m = on(SwapDevice::Sync);
    m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), swap_out_slowly(0, 0, 0)]);
    assert!(m.snapshot().tokens.is_empty(), "the write ended at once");
    m.all(&[fork(0, 1), exit(1)]);
    assert!(!m.has(0, 0, EntryFlags::EXCLUSIVE));
    assert_eq!(m.label(0, 0), b'a');
    assert!(m.page(0, 0).exclusive && m.snapshot().slots.is_empty(), "E13: whatever the bit says");
    assert!(m.has(0, 0, EntryFlags::WRITE) && m.folio(0, 0).refcount == 1);
}

#[test]
fn e18_bt6_a_run_of_slots_comes_back_as_one_folio() {
    for mut m in runs(Config { swap_device: SwapDevice::Zram, ..Config::default() }) {
        m.all(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 1, b'a'), write(0, 3, b'b')]);
        m.all(&[swap_out(0, 0), write(0, 2, b'c')]);
        assert_eq!(m.folio(0, 0).order.0, 2);
        let all = EntryFlags::WRITE.with(EntryFlags::DIRTY).with(EntryFlags::YOUNG);
        assert!((0..4).all(|vpn| m.has(0, vpn, all) && m.page(0, vpn).exclusive), "E15");
        assert_eq!((m.label(0, 1), m.label(0, 2), m.label(0, 3)), (b'a', b'c', b'b'));
        assert_eq!((m.rss(0), m.snapshot().slots.len()), (4, 0));
    }
}

#[test]
fn e18_a_failed_allocation_tries_lower_orders() {
    let mut m =
        Machine::with(Config { ptes: 16, swap_device: SwapDevice::Sync, ..Config::default() });
    m.all(&[thp(&[2, 3]), mmap(0, 0, 16, RW), write(0, 1, b'a'), swap_out(0, 0), fail_alloc(1)]);
    assert_eq!(m.label(0, 5), 0);
    assert_eq!(m.folio(0, 5).order.0, 2);
    assert_eq!(m.kind(0, 1), Some(EntryKind::Swap));
}

#[test]
fn e12_no_memory_is_oom() {
    for device in [SwapDevice::Plain, SwapDevice::Sync] {
        let mut m = on(device);
        m.all(&[mmap(0, 0, 8, RW), write(0, 0, b'a'), swap_out(0, 0), fail_alloc(1)]);
        assert_eq!(m.apply(read(0, 0)), Outcome::Oom);
        assert_eq!(m.label(0, 0), b'a');
    }
}

#[test]
fn e19_a_cached_large_folio_is_mapped_whole_where_its_entries_are() {
    for mut m in runs(Config::default()) {
        m.all(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 1, b'a')]);
        m.all(&[swap_out_slowly(0, 0, 0)]);
        assert_eq!(m.label(0, 2), 0);
        assert!((0..4).all(|vpn| m.kind(0, vpn) == Some(EntryKind::Page)));
        assert_eq!(m.folio(0, 0).refcount, 8, "four mappings, four slots");
    }
}

#[test]
fn e19_else_the_page_alone_is_mapped() {
    let mut m = Machine::after(&[thp(&[2]), mmap(0, 0, 8, RW), write(0, 1, b'a')]);
    m.all(&[swap_out_slowly(0, 0, 0), munmap(0, 3, 1)]);
    assert_eq!(m.label(0, 1), b'a');
    assert_eq!((m.kind(0, 0), m.kind(0, 1)), (Some(EntryKind::Swap), Some(EntryKind::Page)));
}

#[test]
fn e21_bt7_zapped_entries_drop_counts_and_cached_folios() {
    for mut m in runs(Config::default()) {
        m.all(&[mmap(0, 0, 8, RW)]);
        (0..6).for_each(|vpn| m.all(&[write(0, vpn, b'a'), swap_out(0, vpn)]));
        m.all(&[fork(0, 1), madvise(0, 0, 8, Advice::WillNeed), munmap(0, 1, 4)]);
        let counts: Vec<u32> = m.snapshot().slots.iter().map(|slot| slot.count).collect();
        assert_eq!(counts, [2, 1, 1, 1, 1, 2]);
        m.all(&[exit(1)]);
        let used: Vec<u32> = m.snapshot().slots.iter().map(|slot| slot.slot).collect();
        assert_eq!(used, [0, 5], "what was cached for nobody is gone");
    }
}

#[test]
fn e21_a_locked_folio_stays_in_the_cache() {
    let mut m = written();
    m.all(&[swap_out(0, 0), madvise(0, 0, 1, Advice::WillNeed), lock(0, 0, 0), munmap(0, 0, 1)]);
    assert_eq!(slot(&m, 0).map(|slot| (slot.count, slot.cache.is_some())), Some((0, true)));
}

#[test]
fn b9_the_last_mapping_takes_the_slot_with_it() {
    let mut m = written();
    m.all(&[swap_out(0, 0), read(0, 0)]);
    assert_eq!(slot(&m, 0).map(|slot| slot.count), Some(0));
    m.all(&[munmap(0, 0, 1)]);
    assert!(m.snapshot().slots.is_empty());
}

#[test]
fn inv12_willneed_reads_into_the_cache_without_mapping() {
    let mut m = written();
    m.all(&[swap_out(0, 0), madvise(0, 0, 8, Advice::WillNeed)]);
    assert_eq!(m.kind(0, 0), Some(EntryKind::Swap));
    let snapshot = m.snapshot();
    let folio = snapshot.folios[snapshot.slots[0].cache.expect("cached") as usize];
    assert_eq!((folio.refcount, folio.mapping), (1, NO_ANON_VMA));
    m.all(&[fail_alloc(1)]);
    assert_eq!(m.label(0, 0), b'a', "nothing is allocated");
}

#[test]
fn i6_madv_free_drops_swap_entries() {
    for mut m in runs(Config::default()) {
        m.all(&[mmap(0, 0, 8, RW)]);
        (0..5).for_each(|vpn| m.all(&[write(0, vpn, b'a'), swap_out(0, vpn)]));
        m.all(&[madvise(0, 1, 3, Advice::Free)]);
        assert_eq!(m.snapshot().slots.len(), 2);
        assert_eq!((m.kind(0, 1), m.kind(0, 4)), (None, Some(EntryKind::Swap)));
    }
}

#[test]
fn i6_madv_free_gives_the_slot_of_a_cached_page_up() {
    let mut m = written();
    m.all(&[swap_out(0, 0), read(0, 0), madvise(0, 0, 1, Advice::Free)]);
    assert!(m.snapshot().slots.is_empty());
    assert!(!m.folio(0, 0).flags.has(FolioFlags::SWAPBACKED));
}

#[test]
fn i16_cold_entries_become_old() {
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 1, b'c'), write(0, 1, b'd')]);
    m.all(&[madvise(0, 0, 8, Advice::Cold)]);
    assert!(m.has(0, 0, EntryFlags::YOUNG), "shared");
    assert!(!m.has(0, 1, EntryFlags::YOUNG));
}

#[test]
fn i16_pageout_takes_what_is_not_shared() {
    let mut m = written();
    m.all(&[fork(0, 1), write(1, 1, b'c'), write(0, 1, b'd')]);
    ok(&mut m, madvise(0, 0, 8, Advice::PageOut));
    assert_eq!((m.kind(0, 0), m.kind(0, 1)), (Some(EntryKind::Page), Some(EntryKind::Swap)));
    m.all(&[mlock(0, 4, 1)]);
    assert_eq!(m.apply(madvise(0, 0, 8, Advice::PageOut)), err(Errno::EINVAL));
}

#[test]
fn i16_part_of_a_leaf_is_paged_out_after_a_split() {
    let mut m = Machine::after(&[thp(&[3]), mmap(0, 0, 8, RW)]);
    (0..8).for_each(|vpn| m.all(&[write(0, vpn, b'a' + vpn as u8)]));
    ok(&mut m, madvise(0, 0, 4, Advice::PageOut));
    let swapped = (0..8).filter(|vpn| m.kind(0, *vpn) == Some(EntryKind::Swap)).count();
    assert_eq!(swapped, 4);
    assert_eq!(m.label(0, 3), b'd');
}

#[test]
fn e17_swapoff_brings_everything_back_read_only_and_old() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), write(0, 1, b'c'), swap_out(0, 1)]);
    ok(&mut m, Op::Swapoff);
    assert!(m.snapshot().slots.is_empty());
    let bits = EntryFlags::WRITE.0 | EntryFlags::YOUNG.0 | EntryFlags::DIRTY.0;
    assert!((0..2).all(|vpn| m.entry(0, vpn).is_some_and(|e| e.flags.0 & bits == 0)));
    assert!(!m.page(0, 0).exclusive && m.page(0, 1).exclusive);
    assert_eq!((m.label(0, 0), m.label(0, 1), m.label(1, 1)), (b'a', b'c', b'b'));
    assert_eq!(m.apply(Op::Swapoff), err(Errno::EINVAL));
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EBUSY), "no slots");
    ok(&mut m, Op::Swapon);
    assert_eq!(m.apply(Op::Swapon), err(Errno::EBUSY));
    ok(&mut m, swap_out(0, 0));
}

#[test]
fn e17_what_cannot_be_read_becomes_a_poisoned_marker() {
    let mut m = written();
    m.all(&[swap_out(0, 0), bad_slot(0, 0)]);
    ok(&mut m, Op::Swapoff);
    assert_eq!(m.kind(0, 0), Some(EntryKind::PoisonMarker));
    assert_eq!(m.apply(read(0, 0)), Outcome::Bus);
    ok(&mut m, madvise(0, 0, 1, Advice::Free));
    assert_eq!(m.label(0, 0), 0);
}

#[test]
fn e17_swapoff_does_not_wait() {
    let mut m = written();
    m.all(&[swap_out(0, 0), swap_out_slowly(0, 1, 0)]);
    assert_eq!(m.apply(Op::Swapoff), err(Errno::EINTR));
    assert_eq!((m.kind(0, 0), m.kind(0, 1)), (Some(EntryKind::Page), Some(EntryKind::Swap)));
    m.all(&[write_done(0), fail_alloc(1)]);
    ok(&mut m, Op::Swapoff);
}

#[test]
fn a_locked_cached_folio_blocks_the_fault() {
    let mut m = written();
    m.all(&[swap_out(0, 0), madvise(0, 0, 1, Advice::WillNeed), lock(0, 0, 0)]);
    assert_eq!(m.apply(read(0, 0)), Outcome::Blocked);
    assert_eq!(m.apply(peek(0, 0)), err(Errno::EINTR));
    m.all(&[drop_token(0)]);
    assert_eq!(m.label(0, 0), b'a');
}

#[test]
fn errors_of_swap_out() {
    let mut m = written();
    m.all(&[read(0, 2)]);
    assert_eq!(m.apply(swap_out(0, 2)), err(Errno::EFAULT), "the zero page");
    assert_eq!(m.apply(swap_out(0, 3)), err(Errno::EFAULT));
    assert_eq!(m.apply(swap_out(0, 9_999_999)), err(Errno::EFAULT));
    assert_eq!(m.apply(swap_out_slowly(0, 0, 8)), err(Errno::EINVAL));
    m.all(&[lock(0, 0, 0), isolate(0, 1, 1)]);
    assert_eq!(m.apply(swap_out(0, 0)), err(Errno::EAGAIN));
    assert_eq!(m.apply(swap_out(0, 1)), err(Errno::EAGAIN));
    assert_eq!(m.apply(swap_out_slowly(0, 3, 0)), err(Errno::EBUSY));
    assert_eq!(m.apply(write_done(0)), err(Errno::EBADF));
    assert_eq!(m.apply(bad_slot(0, 0)), err(Errno::EFAULT));
}
