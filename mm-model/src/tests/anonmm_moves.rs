//! The anonmm scheme: early COW in mremap (M3 to M6), pages that come back from swap elsewhere (M7, M10),
//! and pages that are lost for lack of memory.

use super::anonmm::{ok, written};
use super::support::*;
use mm_ops::{
    AllocKind, Choice, EntryFlags, EntryKind, Errno, FolioFlags, NO_ANON_VMA, Op, Order, Outcome,
};

/// Where the operation's failing allocation was: kind and page.
fn failed(m: &Machine) -> Option<(AllocKind, u32)> {
    m.choices.iter().find_map(|choice| match choice {
        Choice::AllocFailed(site) => Some((site.kind, site.vpn.0)),
        _ => None,
    })
}

const FOLIO: AllocKind = AllocKind::Folio(Order(0));

/// Page 0 of p0 and p1 is in swap; p1's entry has moved to page 64.
fn moved_in_swap() -> Machine {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), move_to(1, 0, 8, 64)]);
    m
}

#[test]
fn m3_a_sole_page_takes_its_address_along() {
    let mut m = written();
    let (page, entry) = (m.folio(0, 0), m.entry(0, 0).expect("mapped"));
    assert_eq!(m.apply(move_to(0, 0, 8, 64)), at(64));
    let (now, moved) = (m.folio(0, 64), m.entry(0, 64).expect("mapped"));
    assert_eq!((now.index, now.mapping, now.refcount), (64, page.mapping, 1));
    assert_eq!((moved.flags, m.warnings()), (entry.flags, (0, 0)));
    assert_eq!(m.apply(rmap_walk(0, 65)), mapped_by(&[0]));
}

#[test]
fn m3_a_shared_page_is_copied_first() {
    let mut m = written();
    m.all(&[fork(0, 1)]);
    assert_eq!(m.apply(move_to(1, 0, 8, 64)), at(64));
    assert_eq!(m.warnings(), (2, 0));
    assert_eq!((m.noted(0, 0), m.noted(1, 64)), ((0, 0), (1, 64)));
    assert_eq!((m.label(0, 0), m.label(1, 64), m.label(1, 65)), (b'a', b'a', b'b'));
    assert_eq!(m.apply(rmap_walk(0, 0)), mapped_by(&[0]));
    m.apply(Op::Drain);
    assert_eq!(m.warnings(), (0, 0), "those of the last operation");
}

#[test]
fn m3_references_and_locks_do_not_matter() {
    let mut m = written();
    m.all(&[get_r(0, 0, 1, 0), lock(0, 0, 0), isolate(0, 1, 1)]);
    assert_eq!(m.apply(move_to(0, 0, 8, 64)), at(64));
    assert_eq!((m.noted(0, 64), m.warnings()), ((0, 64), (0, 0)));
}

#[test]
fn m6_rights_do_not_matter_for_an_early_copy() {
    for prot in [R, NONE] {
        let mut m = written();
        m.all(&[mprotect(0, 0, 8, prot), fork(0, 1)]);
        assert_eq!(m.apply(move_to(0, 0, 8, 64)), at(64));
        assert!(!m.has(0, 64, EntryFlags::WRITE) && m.has(0, 64, EntryFlags::DIRTY));
        assert_eq!((m.folio(0, 64).mapcount, m.warnings()), (1, (2, 0)));
    }
}

#[test]
fn m4_a_missing_table_moves_everything_back() {
    // The second page lies behind the end of a table at the destination: its table is asked for last.
    let mut m = written();
    let before = m.snapshot();
    // The VMA, the PMD table, the first PTE table, the second one.
    m.all(&[fail_alloc(4)]);
    assert_eq!(m.apply(move_to(0, 0, 8, 71)), err(Errno::ENOMEM));
    assert_eq!(failed(&m), Some((AllocKind::PteTable, 72)));
    assert_eq!((m.noted(0, 0), m.label(0, 0), m.vmas(0)), ((0, 0), b'a', vec![(0, 8)]));
    assert_eq!((m.snapshot().entries, m.snapshot().folios), (before.entries, before.folios));
}

#[test]
fn m4_a_failed_copy_moves_the_others_back() {
    let mut m = written();
    m.all(&[write(0, 2, b'c'), fork(0, 1), write(0, 0, b'd')]);
    // The VMA, two tables, the copy of page 1, the copy of page 2.
    m.all(&[fail_alloc(5)]);
    assert_eq!(m.apply(move_to(0, 0, 8, 64)), err(Errno::ENOMEM));
    assert_eq!((failed(&m), m.warnings()), (Some((FOLIO, 2)), (2, 0)));
    assert_eq!(m.folio(0, 1).mapcount, 1, "a copy made stays");
    let labels = [0, 1, 2].map(|vpn| m.label(0, vpn));
    assert_eq!((labels, m.vmas(0)), ([b'd', b'b', b'c'], vec![(0, 8)]));
    let indexes = [0, 1, 2].map(|vpn| m.noted(0, vpn).1);
    assert_eq!(indexes, [0, 1, 2]);
    assert_eq!(m.apply(move_to(0, 0, 8, 64)), at(64));
    assert_eq!(m.warnings(), (1, 0));
}

#[test]
fn m5_what_is_not_there_moves_unseen() {
    let mut m = Machine::anonmm();
    m.all(&[mmap(0, 0, 24, RW), read(0, 0), write(0, 1, b'b'), swap_out(0, 1), read(0, 1)]);
    m.all(&[fork(0, 1), swap_out(0, 1), read(1, 1)]);
    assert!(m.kind(0, 1) == Some(EntryKind::Swap) && m.noted(1, 1) == (1, 1));
    let cached = m.folio(1, 1);
    assert_eq!(m.apply(move_to(0, 0, 24, 64)), at(64));
    assert_eq!(m.kind(0, 64), Some(EntryKind::ZeroPage));
    assert_eq!((m.kind(0, 65), m.folio(1, 1)), (Some(EntryKind::Swap), cached));
    assert_eq!(m.warnings(), (0, 0));
    let tables: Vec<u32> = m.tables(0).iter().filter(|t| t.0 == 1).map(|t| t.1).collect();
    assert_eq!(tables, [64], "nothing is allocated for what is not there");
}

#[test]
fn m7_the_first_one_back_sets_the_address() {
    let mut m = moved_in_swap();
    assert_eq!(m.label(1, 64), b'a');
    assert_eq!((m.noted(1, 64), m.folio(1, 64).mapcount), ((1, 64), 1));
    // p0's is the clash now.
    assert_eq!(m.label(0, 0), b'a');
    assert_eq!((m.noted(0, 0), m.folio(0, 0).mapcount), ((0, 0), 1));
    assert_eq!(m.apply(rmap_walk(1, 64)), mapped_by(&[1]));
}

#[test]
fn m7_a_clash_is_copied_in_the_same_fault() {
    let mut m = moved_in_swap();
    m.all(&[read(0, 0)]);
    let cached = m.folio(0, 0);
    assert_eq!(m.label(1, 64), b'a');
    let bits = EntryFlags::WRITE.with(EntryFlags::DIRTY).with(EntryFlags::YOUNG);
    assert_eq!(m.entry(1, 64).map(|entry| entry.flags), Some(bits), "though it was read");
    assert_eq!((m.noted(1, 64), m.folio(0, 0)), ((1, 64), cached));
    assert!(m.folio(0, 0).flags.has(FolioFlags::SWAPCACHE), "no fault takes it from there");
}

#[test]
fn m7_a_write_is_done_with_one_fault() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0)]);
    // The page is read in, and copied.
    m.all(&[fail_alloc(2)]);
    assert_eq!(m.apply(write(0, 0, b'c')), Outcome::Oom);
    let kept = m.entry(0, 0).expect("mapped");
    assert_eq!((kept.kind, kept.flags), (EntryKind::Page, EntryFlags::YOUNG), "it stays mapped");
    ok(&mut m, write(0, 0, b'c'));
    assert_eq!(m.kind(1, 0), Some(EntryKind::Swap));
    m.all(&[fail_alloc(1)]);
    ok(&mut m, write(1, 0, b'd'));
    assert!(m.folio(1, 0).flags.has(FolioFlags::SWAPCACHE), "reused, cached for nobody else");
}

#[test]
fn m7_a_locked_page_is_waited_for() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 0), read(0, 0), lock(0, 0, 0)]);
    assert_eq!(m.apply(read(1, 0)), Outcome::Blocked);
    m.all(&[drop_token(0)]);
    assert_eq!(m.label(1, 0), b'a');
    assert_eq!(m.folio(0, 0).mapcount, 2);
}

/// A page of p0 and p1 that only p0's place finds.
fn lost() -> Machine {
    let mut m = moved_in_swap();
    m.all(&[read(0, 0), fail_alloc(1)]);
    assert_eq!(m.apply(read(1, 64)), Outcome::Oom);
    assert_eq!((m.noted(1, 64), m.folio(1, 64).mapcount), ((0, 0), 2));
    m
}

#[test]
fn m16_a_lost_mapping_is_warned_of() {
    let mut m = lost();
    assert_eq!(m.apply(rmap_walk(1, 64)), mapped_by(&[0]));
    assert_eq!(m.warnings(), (0, 1));
    assert_eq!(m.apply(swap_out(1, 64)), err(Errno::EBUSY));
    assert_eq!((m.warnings(), m.kind(0, 0)), ((0, 1), Some(EntryKind::Swap)), "M17: AGAIN");
    assert_eq!(m.apply(swap_out(1, 64)), err(Errno::EBUSY), "for ever");
}

#[test]
fn m16_a_dead_record_is_kept_by_what_is_not_found() {
    let mut m = lost();
    m.all(&[exit(0)]);
    assert_eq!(m.apply(rmap_walk(1, 64)), mapped_by(&[]));
    assert_eq!((m.warnings(), m.noted(1, 64)), ((0, 1), (0, 0)));
}

#[test]
fn m19_a_lost_page_is_found_again_when_it_is_reused() {
    let mut m = lost();
    m.all(&[munmap(0, 0, 1), fail_alloc(1)]);
    ok(&mut m, write(1, 64, b'c'));
    assert_eq!(m.noted(1, 64), (0, 64), "its record stays");
    assert_eq!((m.apply(rmap_walk(1, 64)), m.warnings()), (mapped_by(&[1]), (0, 0)));
    let mut m = lost();
    m.all(&[munmap(0, 0, 1), move_to(1, 64, 8, 128)]);
    assert_eq!(m.noted(1, 128), (0, 128), "M3 does it, too");
}

#[test]
fn m10_swapoff_makes_moved_pages_exclusive() {
    let mut m = moved_in_swap();
    ok(&mut m, Op::Swapoff);
    let old = m.entry(0, 0).expect("mapped");
    assert_eq!((old.kind, old.flags), (EntryKind::Page, EntryFlags::NONE), "old and clean");
    let bits = EntryFlags::WRITE.with(EntryFlags::DIRTY).with(EntryFlags::YOUNG);
    assert_eq!(m.entry(1, 64).map(|entry| entry.flags), Some(bits));
    assert_eq!((m.noted(0, 0), m.noted(1, 64)), ((0, 0), (1, 64)));
    let folio = m.folio(0, 0);
    assert!(folio.flags.has(FolioFlags::DIRTY) && !folio.flags.has(FolioFlags::SWAPCACHE));
    assert_eq!((folio.refcount, m.snapshot().slots.len()), (1, 0));
}

#[test]
fn m10_pages_at_one_address_stay_shared() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 1), mprotect(1, 0, 8, NONE), fail_alloc(2)]);
    ok(&mut m, Op::Swapoff);
    assert_eq!(m.folio(0, 1).mapcount, 2);
    assert!(m.has(1, 1, EntryFlags::PROTNONE) && !m.has(0, 1, EntryFlags::WRITE));
}

#[test]
fn m10_slots_come_back_in_their_order() {
    let mut m = written();
    m.all(&[fork(0, 1), swap_out(0, 1), swap_out(0, 0), move_to(1, 0, 8, 64)]);
    for (nth, vpn) in [(1, 1), (2, 65), (3, 0), (4, 64)] {
        m.all(&[fail_alloc(nth)]);
        assert_eq!(m.apply(Op::Swapoff), err(Errno::ENOMEM));
        assert_eq!(failed(&m), Some((FOLIO, vpn)));
        m = written();
        m.all(&[fork(0, 1), swap_out(0, 1), swap_out(0, 0), move_to(1, 0, 8, 64)]);
    }
    ok(&mut m, Op::Swapoff);
}

#[test]
fn m10_a_failed_copy_leaves_the_page_where_it_is() {
    let mut m = moved_in_swap();
    m.all(&[fork(0, 2), fail_alloc(2)]);
    assert_eq!(m.apply(Op::Swapoff), err(Errno::ENOMEM));
    assert_eq!((m.noted(0, 0), m.noted(1, 64)), ((0, 0), (0, 0)), "lost");
    assert!(m.folio(0, 0).flags.has(FolioFlags::SWAPCACHE) && m.folio(0, 0).mapcount == 2);
    assert_eq!(m.kind(2, 0), Some(EntryKind::Swap), "the rest stays");
    assert_eq!(m.apply(Op::Swapon), err(Errno::EBUSY), "the device is on");
}

#[test]
fn m10_locks_and_writes_are_not_waited_for() {
    let mut m = written();
    m.all(&[swap_out_slowly(0, 0, 0)]);
    assert_eq!(m.apply(Op::Swapoff), err(Errno::EINTR));
    m.all(&[write_done(0), read(0, 0), lock(0, 0, 1)]);
    assert_eq!(m.apply(Op::Swapoff), err(Errno::EINTR), "cached for nobody");
    m.all(&[drop_token(1)]);
    ok(&mut m, Op::Swapoff);
    assert_eq!(m.folio(0, 0).refcount, 1);
}

#[test]
fn m14_a_page_that_only_the_cache_has_notes_nothing() {
    let mut m = written();
    ok(&mut m, swap_out_slowly(0, 0, 0));
    let folio = m.folio_named_by_slot(0, 0);
    assert_eq!((folio.mapping, folio.index), (NO_ANON_VMA, 0));
    m.all(&[move_to(0, 0, 8, 64), read(0, 64)]);
    assert_eq!(m.noted(0, 64), (0, 64), "M9: no clash");
}
